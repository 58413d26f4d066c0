//! Whether the way to the service stands HTTP/2 PING: what `keep_alive` may be set to.

use std::time::Duration;

use bedrock_stream::{Client, Error, ErrorKind, KeepAlive};
use h2_duplex::{ErrorCode, ErrorKind as TransportKind};
use nova_sonic::NOVA_2_5_SONIC;

use super::Args;
use super::finding::Finding;

const EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a voice call, says nothing, which costs nothing, and lets the connection be pinged each second.
pub(super) async fn check(args: &Args, seconds: u16) -> Finding {
    let set = |builder: bedrock_stream::ClientBuilder| {
        builder.keep_alive(KeepAlive::new(EVERY, PATIENCE))
    };
    let (client, server) = match args.connect.connect_with(set).await {
        Ok(connected) => connected,
        Err(stop) => return Finding::failed("ping", stop.why.unwrap_or_default(), ""),
    };
    let model = args.model.as_deref();
    let model = model.filter(|model| model.contains("sonic"));
    let watched = Duration::from_secs(seconds.into());
    let held = hold(&client, model.unwrap_or(NOVA_2_5_SONIC), watched).await;
    if let Some(server) = server {
        server.shutdown().await;
    }
    match held {
        Ok(()) => Finding::ok(
            "ping",
            format!("one each second was tolerated for {seconds} s"),
        ),
        Err(error) => judge(&error),
    }
}

/// Ends with an error, or when it has been watched for long enough.
async fn hold(client: &Client, model: &str, watched: Duration) -> Result<(), Error> {
    let (voice, mut events) = client.sonic(model).open().await?;
    let quiet = async {
        while events.next().await?.is_some() {}
        Ok(())
    };
    let ended = tokio::time::timeout(watched, quiet).await;
    drop(voice);
    ended.unwrap_or(Ok(()))
}

fn judge(error: &Error) -> Finding {
    let refused = ErrorCode::ENHANCE_YOUR_CALM;
    match error.kind() {
        ErrorKind::Transport(broken) => match broken.kind() {
            TransportKind::Unresponsive => Finding::warning(
                "ping",
                error.to_string(),
                "a box on the way swallows PING: leave `keep_alive` off, and rely on the deadlines",
            ),
            TransportKind::GoAway(code) | TransportKind::Reset(code) if code == refused => {
                Finding::warning(
                    "ping",
                    error.to_string(),
                    "too many for this endpoint: ping less often, or leave `keep_alive` off",
                )
            }
            _ => Finding::warning(
                "ping",
                error.to_string(),
                "try again without --ping: does the call live longer?",
            ),
        },
        _ => Finding::skipped("ping", &error.to_string()),
    }
}
