//! CloudWatch Logs live tail: awsJson, so the operation's output comes first, as an `initial-response`.
//!
//! `cargo run -p eventstream-codec --example cloudwatch_live_tail`. The answer is made here; a real one is the body of
//! `StartLiveTail` at `streaming-logs.REGION.amazonaws.com`.

use bytes::BytesMut;
use eventstream_codec::{FrameReader, FrameWriter, MessageKind};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    for line in tail(&answer()?[..])? {
        println!("{line}");
    }
    Ok(())
}

/// The log lines of an answer that is read from anything.
fn tail(body: impl std::io::Read) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for message in FrameReader::new(body) {
        let message = message?;
        let frame = message.frame();
        match frame.kind() {
            MessageKind::Event {
                event_type: "initial-response",
            } => {}
            MessageKind::Event {
                event_type: "sessionStart",
            } => {
                let start: Value = serde_json::from_slice(frame.payload())?;
                eprintln!("session {}", start.get("sessionId").unwrap_or(&Value::Null));
            }
            MessageKind::Event {
                event_type: "sessionUpdate",
            } => {
                let update: Value = serde_json::from_slice(frame.payload())?;
                let results = update
                    .get("sessionResults")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten();
                let texts =
                    results.filter_map(|result| result.get("message").and_then(Value::as_str));
                lines.extend(texts.map(str::to_owned));
            }
            MessageKind::Exception { exception_type } => {
                let body = String::from_utf8_lossy(frame.payload());
                return Err(format!("{exception_type}: {body}").into());
            }
            other => eprintln!("left out: {other:?}"),
        }
    }
    Ok(lines)
}

fn answer() -> Result<BytesMut, Error> {
    let mut body = BytesMut::new();
    let json_1_1 = Some("application/x-amz-json-1.1");
    finish(
        FrameWriter::initial_response(&mut body, json_1_1)?,
        &json!({}),
    )?;
    let start = json!({"sessionId": "b8e5", "logGroupIdentifiers": ["demo"]});
    finish(
        FrameWriter::event(&mut body, "sessionStart", json_1_1)?,
        &start,
    )?;
    for text in ["started", "listening on 127.0.0.1"] {
        let update = json!({"sessionResults": [{"message": text, "logStreamName": "demo"}]});
        finish(
            FrameWriter::event(&mut body, "sessionUpdate", json_1_1)?,
            &update,
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
    fn lines_come_out_and_an_exception_ends_the_tail() {
        let mut body = answer().unwrap();
        assert_eq!(
            tail(&body[..]).unwrap(),
            ["started", "listening on 127.0.0.1"]
        );
        let frame = FrameWriter::exception(&mut body, "SessionTimeoutException", None).unwrap();
        finish(frame, &json!({"message": "3 hours"})).unwrap();
        let error = tail(&body[..]).unwrap_err().to_string();
        assert!(error.starts_with("SessionTimeoutException"), "{error}");
    }
}
