//! Kinesis enhanced fan-out: an `initial-response`, then events of up to megabytes, of which no byte is copied twice.
//!
//! `cargo run -p eventstream-codec --example kinesis_subscribe_to_shard`. The answer is made here; a real one is the
//! body of `SubscribeToShard` over HTTP/2, which ends after five minutes and is then asked for again from
//! `ContinuationSequenceNumber`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, FrameWriter, Message, MessageKind};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut shard = Shard::default();
    for chunk in answer()?.chunks(16 * 1024) {
        for record in shard.feed(Bytes::copy_from_slice(chunk))? {
            println!("a record of {} bytes", record.len());
        }
    }
    println!("go on from {}", shard.finish()?);
    Ok(())
}

/// A subscription, fed with the chunks of the response.
#[derive(Default)]
struct Shard {
    decoder: Decoder,
    initial_response: Option<Message>,
    continuation: String,
}

impl Shard {
    /// The records in the frames that a chunk makes whole.
    fn feed(&mut self, chunk: Bytes) -> Result<Vec<Vec<u8>>, Error> {
        self.decoder.feed(chunk);
        let mut records = Vec::new();
        while let Some(message) = self.decoder.next_message()? {
            match message.frame().kind() {
                // An RPC protocol: the operation's own output is the first frame, and must be.
                MessageKind::Event {
                    event_type: "initial-response",
                } => {
                    self.initial_response = Some(message);
                }
                _ if self.initial_response.is_none() => {
                    return Err("an event before the initial response".into());
                }
                MessageKind::Event {
                    event_type: "SubscribeToShardEvent",
                } => {
                    let event: Value = serde_json::from_slice(message.frame().payload())?;
                    for record in event
                        .get("Records")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                    {
                        records.push(
                            BASE64_STANDARD.decode(
                                record
                                    .get("Data")
                                    .and_then(Value::as_str)
                                    .unwrap_or_default(),
                            )?,
                        );
                    }
                    let next = event
                        .get("ContinuationSequenceNumber")
                        .and_then(Value::as_str);
                    next.unwrap_or_default().clone_into(&mut self.continuation);
                }
                MessageKind::Exception { exception_type } => return Err(exception_type.into()),
                other => return Err(format!("not expected: {other:?}").into()),
            }
        }
        Ok(records)
    }

    /// Where to go on; an error where the response was cut inside a frame.
    fn finish(self) -> Result<String, Error> {
        self.decoder.finish()?;
        Ok(self.continuation)
    }
}

fn answer() -> Result<BytesMut, Error> {
    let mut body = BytesMut::new();
    let json_1_1 = Some("application/x-amz-json-1.1");
    finish(
        FrameWriter::initial_response(&mut body, json_1_1)?,
        &json!({}),
    )?;
    for (number, len) in [(1, 10), (2, 100_000)] {
        let event = json!({
            "ContinuationSequenceNumber": format!("4960{number}"),
            "MillisBehindLatest": 0,
            "Records": [{"Data": BASE64_STANDARD.encode(vec![b'x'; len]), "PartitionKey": "p"}],
        });
        finish(
            FrameWriter::event(&mut body, "SubscribeToShardEvent", json_1_1)?,
            &event,
        )?;
    }
    Ok(body)
}

/// Writes JSON straight into the frame.
fn finish(frame: FrameWriter<'_>, json: &Value) -> Result<(), Error> {
    let mut payload = frame.payload();
    serde_json::to_writer(&mut payload, json)?;
    Ok(payload.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_of_any_chunks_and_events_need_the_initial_response() {
        let body = answer().unwrap().freeze();
        for size in [7, 1000, 1 << 20] {
            let mut shard = Shard::default();
            let mut lens = Vec::new();
            for chunk in body.chunks(size) {
                let records = shard.feed(Bytes::copy_from_slice(chunk)).unwrap();
                lens.extend(records.iter().map(Vec::len));
            }
            assert_eq!(lens, [10, 100_000]);
            assert_eq!(shard.finish().unwrap(), "49602");
        }
        let mut without = BytesMut::new();
        let frame = FrameWriter::event(&mut without, "SubscribeToShardEvent", None).unwrap();
        finish(frame, &json!({})).unwrap();
        assert!(Shard::default().feed(without.freeze()).is_err());
    }
}
