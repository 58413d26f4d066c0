//! A reply over ConverseStream through the whole client.

use converse_stream::{ConverseRequest, Message};

use crate::report::Report;
use crate::target::{Target, say};
use crate::watched::Watched;

/// Its `:` must reach the server encoded just once.
const MODEL: &str = "us.amazon.nova-micro-v1:0";

pub(crate) async fn ask(target: &Target) -> Result<Report, String> {
    let request =
        ConverseRequest::new().with_message(Message::user("Say these words back to me, please."));
    let client = target.client()?;
    let mut connection = Watched::new(target.connect().await?);
    let (outcome, cause) = match client
        .converse(MODEL, &request)
        .send_on(&mut connection)
        .await
    {
        Err(error) => ("failed", Some(say(error))),
        Ok(mut reply) => {
            let cause = loop {
                match reply.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(say(error)),
                }
            };
            (
                reply
                    .outcome()
                    .map_or("no outcome", |outcome| outcome.name()),
                cause,
            )
        }
    };
    Ok(connection.complete(Report::judged(cause, "a whole reply"), outcome))
}
