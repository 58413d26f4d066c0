//! `bedrock frames encode`: JSON lines back to the bytes that they were printed from.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use eventstream_codec::{Header, encode_frame};
use serde_json::Value;

use crate::exit::{Exit, Stop};
use crate::frames::json::OwnedHeader;
use crate::frames::{name, open};

/// Reads one JSON object a line: `headers` as `--json` prints them, and `payload_base64` or `payload_text`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  bedrock frames --json a.bin | jq -c . | bedrock frames encode > b.bin"
)]
pub(super) struct Args {
    /// A file with JSON lines, or `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// Encodes line by line; a bad line ends it, and what was encoded before stands.
pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let lines = BufReader::new(open(&args.file).map_err(Stop::usage)?).lines();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut wire = BytesMut::new();
    for (number, line) in (1..).zip(lines) {
        let failed = |why: String| format!("{}, line {number}: {why}", name(&args.file));
        let line = line.map_err(|error| failed(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        wire.clear();
        if let Err(why) = encode(&line, &mut wire) {
            written(out.flush())?;
            return Err(failed(why).into());
        }
        written(out.write_all(&wire))?;
    }
    written(out.flush())?;
    Ok(Exit::Complete)
}

fn written(outcome: io::Result<()>) -> Result<(), Stop> {
    outcome.map_err(|error| Stop::stdout(&error))
}

/// Appends the frame that a line describes.
fn encode(line: &str, wire: &mut BytesMut) -> Result<(), String> {
    let json: Value = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
    if let Some(error) = json.get("error") {
        let message = error.get("message").and_then(Value::as_str);
        return Err(format!(
            "no frame but an error: {}",
            message.unwrap_or_default()
        ));
    }
    let headers = json.get("headers").and_then(Value::as_array);
    let headers = headers
        .ok_or("no list `headers`")?
        .iter()
        .map(OwnedHeader::read);
    let headers = headers.collect::<Result<Vec<_>, _>>()?;
    let headers: Vec<Header<'_>> = headers.iter().map(OwnedHeader::borrow).collect();
    let payload = payload(&json)?;
    encode_frame(&headers, &payload, wire).map_err(|error| error.to_string())
}

fn payload(json: &Value) -> Result<Vec<u8>, String> {
    let text = |member| json.get(member).and_then(Value::as_str);
    match (text("payload_base64"), text("payload_text")) {
        (Some(base64), _) => BASE64_STANDARD
            .decode(base64)
            .map_err(|error| format!("`payload_base64`: {error}")),
        (None, Some(text)) => Ok(text.as_bytes().to_vec()),
        (None, None) => Err("neither `payload_base64` nor `payload_text`".to_owned()),
    }
}
