//! InvokeModel: a family's own JSON, in `chunk` events or as the one body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::converse::padding;
use super::echo::Reply;
use super::family::{self, Family};
use crate::answer::event_frame;
use crate::ids::Ids;
use crate::service_error::ServiceError;

/// What a model says to a body in its own format.
pub(super) fn reply(
    model_id: &str,
    body: &Value,
) -> Result<(&'static dyn Family, Reply), ServiceError> {
    let family = family::of(model_id, body)
        .ok_or_else(|| ServiceError::validation("The provided model identifier is invalid."))?;
    let (text, max_tokens) = family.read(body).ok_or_else(|| {
        let name = family.name();
        ServiceError::validation(format!(
            "Malformed input request for a model of the family {name}."
        ))
    })?;
    let reply = Reply::saying(&text, max_tokens, body.to_string().len());
    Ok((family, reply))
}

/// A family's chunk as `{"bytes": …, "p": …}`.
pub(super) fn chunk(chunk: &Value, ids: &mut Ids) -> Bytes {
    let part = json!({ "bytes": STANDARD.encode(chunk.to_string()), "p": padding(ids) });
    event_frame("chunk", part.to_string().as_bytes())
}

/// Headers that only the one-shot answer has.
pub(super) fn counts(reply: &Reply) -> [(&'static str, String); 3] {
    [
        (
            "x-amzn-bedrock-input-token-count",
            reply.input_tokens.to_string(),
        ),
        (
            "x-amzn-bedrock-output-token-count",
            reply.output_tokens().to_string(),
        ),
        ("x-amzn-bedrock-invocation-latency", "1".to_owned()),
    ]
}
