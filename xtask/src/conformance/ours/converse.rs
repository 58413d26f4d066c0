//! converse-stream as an implementation: a body to the verdict and all that came.

use bedrock_wire::{ErrorSource, Missing, Outcome};
use bytes::Bytes;
use converse_stream::{Reader, StreamError};
use eventstream_codec::TransportEnd;
use serde_json::{Map, Value, json};

use super::super::implementation::{Heard, Verdict};
use crate::failure::Failure;

/// Reads a body that arrives in these pieces.
pub(super) fn hear(pieces: &[&[u8]], cut: bool) -> Result<Heard, Failure> {
    let mut reader = Reader::new();
    for piece in pieces {
        reader.feed(Bytes::copy_from_slice(piece));
        while let Ok(Some(_)) = reader.next_event() {}
    }
    let end = if cut {
        TransportEnd::Cut
    } else {
        TransportEnd::Clean
    };
    let outcome = reader.finish(end, &mut |_| {});
    let reply = serde_json::to_value(outcome.received());
    let reply = reply.map_err(|e| Failure::new(format!("a reply as JSON: {e}")))?;
    let mut members = Map::from_iter([("reply".to_owned(), reply)]);
    let outcome = match outcome {
        Outcome::Complete(_) => Verdict::Complete,
        Outcome::Incomplete { missing, .. } => {
            let name = match missing {
                Missing::CleanEnd => "cleanEnd".to_owned(),
                Missing::Event(name) => name.to_owned(),
                other => other.to_string(),
            };
            members.insert("missing".to_owned(), name.into());
            Verdict::Incomplete
        }
        Outcome::Failed { error, .. } => {
            members.insert("error".to_owned(), of_error(&error));
            Verdict::Failed
        }
    };
    Ok(Heard { outcome, members })
}

fn of_error(error: &StreamError) -> Value {
    let service = match error {
        StreamError::Service(service) => service,
        StreamError::Decode(error) => {
            return json!({"kind": "decode", "name": error.kind().name()});
        }
        StreamError::Payload { .. } => return json!({"kind": "payload"}),
        StreamError::Order { .. } => return json!({"kind": "order"}),
        other => return json!({"kind": other.to_string()}),
    };
    let kind = match service.reported_in() {
        ErrorSource::Exception => "exception",
        _ => "error",
    };
    let given = [
        ("kind", Some(kind.into())),
        ("code", Some(service.code().into())),
        ("message", Some(service.message().into())),
        ("originalStatus", service.original_status().map(Value::from)),
        (
            "originalMessage",
            service.original_message().map(Value::from),
        ),
    ];
    let members = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect())
}
