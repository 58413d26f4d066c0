//! The checks: each looks at one thing and says what to do about it.

use bedrock_stream::{Client, Error, Phase};
use bedrock_wire::ServiceErrorKind;
use converse_stream::{ConverseRequest, Message};

use super::finding::Finding;
use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};
use crate::sonic::live;

/// A model that no region has: a call to it is judged by everything that stands before models, and costs nothing.
const NO_MODEL: &str = "bedrock-doctor.no-such-model-v1:0";
/// From here on signatures are refused.
const MAX_SKEW_MS: u64 = 5 * 60 * 1000;

/// Why there is no client. A file that the command line names says by itself what to do.
pub(super) fn settings(stop: Stop) -> Finding {
    let todo = match stop.exit {
        Exit::Usage => "",
        _ => "set AWS_REGION or --region; `aws configure` or `aws sso login` for credentials",
    };
    Finding::failed("settings", stop.why.unwrap_or_default(), todo)
}

/// Microphone and loudspeaker, where the command was built with them.
pub(super) fn audio() -> Finding {
    if cfg!(not(feature = "live")) {
        return Finding::skipped(
            "audio",
            "built without live audio: WAV files and raw PCM on stdin and stdout",
        );
    }
    let todo = "`bedrock sonic --live` needs a microphone and a loudspeaker";
    match live::list() {
        Ok(devices) if devices.is_empty() => Finding::warning("audio", "no device", todo),
        Ok(devices) => Finding::ok("audio", devices.join(", ")),
        Err(why) => Finding::warning("audio", why, todo),
    }
}

/// What the environment says of proxies, and whether it counts.
pub(super) fn proxy(connect: &ConnectArgs) -> Finding {
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    match (connect.proxy(), named) {
        (Some("env"), Some(name)) => Finding::ok("proxy", format!("as {name} says")),
        (Some("env"), None) => Finding::warning(
            "proxy",
            "the environment names none",
            "set HTTPS_PROXY, or leave --proxy env out",
        ),
        (Some(_), _) => Finding::ok("proxy", "the one that --proxy names"),
        (None, Some(name)) => Finding::warning(
            "proxy",
            format!("{name} is set and not used"),
            "give --proxy env where the endpoint is reached only that way",
        ),
        (None, None) => Finding::ok("proxy", "none"),
    }
}

/// Makes a call to a model that does not exist: connection, TLS, HTTP/2, clock, credentials.
pub(super) async fn call(client: &Client) -> Vec<Finding> {
    let request = ConverseRequest::new().with_message(Message::user("ping"));
    let answer = client.converse(NO_MODEL, &request).send().await;
    let Err(error) = answer else {
        return vec![
            Finding::ok("connection", "TLS and HTTP/2"),
            clock(client),
            Finding::ok("credentials", "accepted"),
        ];
    };
    match error.phase() {
        Phase::Setup => vec![
            Finding::skipped("connection", "nothing was sent"),
            Finding::failed("credentials", error.to_string(), ""),
        ],
        Phase::Connect => vec![Finding::failed(
            "connection",
            error.to_string(),
            "is the region's name right, and may this machine reach port 443 of that host? try --proxy env or --connect-to",
        )],
        // Its line ends with what to do.
        Phase::Tls => vec![Finding::failed("connection", error.to_string(), "")],
        _ if error.status().is_none() => vec![Finding::failed("connection", error.to_string(), "")],
        _ => vec![
            Finding::ok("connection", "TLS and HTTP/2"),
            clock(client),
            credentials(&error),
        ],
    }
}

/// By the `date` of the service's answer; the client tells differences of four minutes and more.
fn clock(client: &Client) -> Finding {
    let offset = client.clock().offset_millis();
    let seconds = offset.unsigned_abs() / 1000;
    let side = if offset > 0 { "behind" } else { "ahead" };
    match offset.unsigned_abs() {
        0 => Finding::ok("clock", "agrees with the service's"),
        1..MAX_SKEW_MS => Finding::warning(
            "clock",
            format!("{seconds} s {side}"),
            "set it: from five minutes on, other programs' signatures are refused",
        ),
        _ => Finding::warning(
            "clock",
            format!("{seconds} s {side}"),
            "set it: other programs fail; this one dates by the service's clock after its first refusal",
        ),
    }
}

/// What the answer says of who we are: any error about the model means that the signature was accepted.
fn credentials(error: &Error) -> Finding {
    match error.service().map(bedrock_wire::ServiceError::kind) {
        Some(ServiceErrorKind::Authentication | ServiceErrorKind::ExpiredCredentials) => {
            Finding::failed("credentials", error.to_string(), "")
        }
        Some(ServiceErrorKind::AccessDenied) => {
            Finding::warning("credentials", accepted(), &error.to_string())
        }
        Some(
            ServiceErrorKind::Validation
            | ServiceErrorKind::ResourceNotFound
            | ServiceErrorKind::Throttling,
        ) => Finding::ok("credentials", accepted()),
        _ => Finding::failed("connection", error.to_string(), ""),
    }
}

/// Accepted, and where they may come from: what the environment names comes first in AWS's chain.
fn accepted() -> String {
    let sources = [
        ("AWS_ACCESS_KEY_ID", ""),
        (
            "AWS_BEARER_TOKEN_BEDROCK",
            ", an API key: for text, not for voice sessions",
        ),
        ("AWS_PROFILE", ""),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", ""),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
    ];
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let named: Vec<String> = sources
        .into_iter()
        .filter(|(name, _)| set(name))
        .map(|(name, of_it)| format!("{name}{of_it}"))
        .collect();
    if named.is_empty() {
        return "accepted".to_owned();
    }
    format!("accepted; the environment has {}", named.join(", "))
}

/// Asks the model for as little as it gives.
pub(super) async fn model(client: &Client, model: &str) -> Finding {
    let asked = if model.contains("sonic") {
        speak(client, model).await
    } else {
        ask(client, model).await
    };
    match asked {
        Ok(()) => Finding::ok("model", format!("{model} answers")),
        Err(error) => Finding::failed("model", error.to_string(), ""),
    }
}

async fn ask(client: &Client, model: &str) -> Result<(), Error> {
    let request = ConverseRequest::new()
        .with_message(Message::user("ping"))
        .with_max_tokens(1);
    let mut reply = client.converse(model, &request).send().await?;
    while reply.next().await?.is_some() {}
    Ok(())
}

/// Opens a voice session, waits until the service has accepted it, and closes it.
async fn speak(client: &Client, model: &str) -> Result<(), Error> {
    let (mut voice, mut events) = client.sonic(model).system("Be brief.").open().await?;
    let silence = async {
        voice.audio(&[0; 3200]).await?; // 100 ms, the least that opens the audio
        voice.close().await
    };
    let answer = async {
        events.ready().await?;
        while events.next().await?.is_some() {}
        Ok(())
    };
    tokio::try_join!(silence, answer).map(|_| ())
}
