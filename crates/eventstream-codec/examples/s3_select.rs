//! S3 Select: records are bytes that frames cut anywhere, statistics are XML, and `End` says that all of it came.
//!
//! `cargo run -p eventstream-codec --example s3_select`. The answer is made here; a real one is the body of
//! `POST /KEY?select&select-type=2`.

use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, FrameWriter, HeaderValue, MessageKind};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let csv = select(&answer()?)?;
    print!("{}", String::from_utf8(csv)?);
    Ok(())
}

/// The records of an answer; an error where the service says so, and where the answer is cut.
fn select(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new();
    let (mut records, mut ended) = (Vec::new(), false);
    for chunk in body.chunks(100) {
        decoder.feed(Bytes::copy_from_slice(chunk));
        while let Some(frame) = decoder.next_frame()? {
            match frame.kind() {
                MessageKind::Event { event_type } => match event_type {
                    "Records" => records.extend_from_slice(frame.payload()),
                    "Stats" | "Progress" => {
                        eprintln!("{event_type}: {}", String::from_utf8_lossy(frame.payload()));
                    }
                    "End" => ended = true,
                    // `Cont` keeps the connection alive; what is new says nothing to this program.
                    _ => {}
                },
                MessageKind::Error { code, message } => {
                    return Err(format!("{code}: {message}").into());
                }
                other => return Err(format!("not expected: {other:?}").into()),
            }
        }
    }
    decoder.finish()?;
    // The frames are whole; whether the result is, only `End` can say.
    if ended {
        Ok(records)
    } else {
        Err("the answer has no End".into())
    }
}

/// What the service sends: `:message-type` first, and no `:content-type` with `End`.
fn answer() -> Result<BytesMut, Error> {
    let mut body = BytesMut::new();
    event(
        &mut body,
        "Records",
        Some("application/octet-stream"),
        b"1,Ada\n2,Gr",
    )?;
    event(&mut body, "Cont", None, b"")?;
    event(
        &mut body,
        "Records",
        Some("application/octet-stream"),
        b"ace\n",
    )?;
    let stats = b"<Stats><BytesScanned>64</BytesScanned></Stats>";
    event(&mut body, "Stats", Some("text/xml"), stats)?;
    event(&mut body, "End", None, b"")?;
    Ok(body)
}

fn event(
    body: &mut BytesMut,
    event_type: &str,
    content_type: Option<&str>,
    payload: &[u8],
) -> Result<(), Error> {
    let mut frame = FrameWriter::begin(body);
    frame.header(":message-type", HeaderValue::String("event"))?;
    frame.header(":event-type", HeaderValue::String(event_type))?;
    if let Some(text) = content_type {
        frame.header(":content-type", HeaderValue::String(text))?;
    }
    let mut writer = frame.payload();
    writer.put_slice(payload);
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_joined_and_an_answer_without_its_end_is_refused() {
        let body = answer().unwrap();
        assert_eq!(select(&body).unwrap(), b"1,Ada\n2,Grace\n");
        for cut in 0..body.len() {
            assert!(select(&body[..cut]).is_err(), "cut at {cut}");
        }
    }
}
