//! Lambda `InvokeWithResponseStream`, both sides: a function's output in frames, and the one frame that says how it went.
//!
//! `cargo run -p eventstream-codec --example lambda_response_stream`.

use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, FrameWriter, MessageKind};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut body = BytesMut::new();
    for part in ["Once ", "upon ", "a time\n"] {
        write_part(&mut body, part.as_bytes())?;
    }
    write_end(&mut body, None)?;
    let output = read(&body)?;
    print!("{}", String::from_utf8_lossy(&output));
    Ok(())
}

/// The service's side, as an emulator has it: raw bytes, without a copy of them where they go out vectored.
fn write_part(body: &mut BytesMut, part: &[u8]) -> Result<(), Error> {
    let octets = Some("application/octet-stream");
    let crc = FrameWriter::event(body, "PayloadChunk", octets)?.around(part)?;
    body.extend_from_slice(part);
    body.extend_from_slice(&crc);
    Ok(())
}

fn write_end(body: &mut BytesMut, error: Option<&str>) -> Result<(), Error> {
    let frame = FrameWriter::event(body, "InvokeComplete", Some("application/json"))?;
    let mut payload = frame.payload();
    serde_json::to_writer(
        &mut payload,
        &json!({"ErrorCode": error, "LogResult": null}),
    )?;
    Ok(payload.finish()?)
}

/// The caller's side: all that the function gave out, if it came to its end and that was a good one.
fn read(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new();
    decoder.feed(Bytes::copy_from_slice(body));
    let (mut output, mut complete) = (Vec::new(), false);
    while let Some(frame) = decoder.next_frame()? {
        match frame.kind() {
            MessageKind::Event {
                event_type: "PayloadChunk",
            } => {
                output.extend_from_slice(frame.payload());
            }
            MessageKind::Event {
                event_type: "InvokeComplete",
            } => {
                let end: Value = serde_json::from_slice(frame.payload())?;
                if let Some(code) = end.get("ErrorCode").and_then(Value::as_str) {
                    return Err(format!("the function failed: {code}").into());
                }
                complete = true;
            }
            other => return Err(format!("not expected: {other:?}").into()),
        }
    }
    decoder.finish()?;
    if complete {
        Ok(output)
    } else {
        Err("no InvokeComplete".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_whole_only_with_its_end() {
        let mut body = BytesMut::new();
        write_part(&mut body, b"part").unwrap();
        assert!(read(&body).is_err());
        let mut failed = body.clone();
        write_end(&mut body, None).unwrap();
        assert_eq!(read(&body).unwrap(), b"part");
        write_end(&mut failed, Some("Unhandled")).unwrap();
        assert!(read(&failed).unwrap_err().to_string().contains("Unhandled"));
    }
}
