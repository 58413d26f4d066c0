//! What arrived at a leg's service: audio, history, text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_wire::read_part;
use bytes::Bytes;
use eventstream_codec::Decoder;
use serde_json::Value;
use tokio::time::Instant;

use super::sound::{Tick, ticks};

/// What arrived at one leg.
#[derive(Default)]
pub(super) struct Heard {
    decoder: Decoder,
    pub(super) ticks: Vec<Tick>,
    /// Role and text of each block that is not to be answered, SYSTEM left out.
    pub(super) history: Vec<(String, String)>,
    open: Option<(String, String)>,
    /// When the last of it came.
    pub(super) last: Option<Instant>,
    /// It was closed in the protocol's order.
    pub(super) closed: bool,
}

impl Heard {
    /// Takes what came in of the call's body: signed frames, cut anywhere.
    pub(super) fn take(&mut self, bytes: &Bytes) {
        self.last = Some(Instant::now());
        self.decoder.feed(bytes.clone());
        while let Some(frame) = self.decoder.next_frame().expect("a signed frame") {
            let signed = Bytes::copy_from_slice(frame.payload());
            if signed.is_empty() {
                continue; // The signed end.
            }
            let mut inner = Decoder::new();
            inner.feed(signed);
            let inner = inner.next_frame().expect("a frame").expect("a whole one");
            let json = read_part(inner.payload()).expect("a part");
            let event: Value = serde_json::from_slice(&json).expect("JSON");
            let (name, body) = event["event"].as_object().unwrap().iter().next().unwrap();
            let text = |key: &str| body[key].as_str().unwrap_or_default();
            match name.as_str() {
                "audioInput" => {
                    let pcm = STANDARD.decode(text("content")).expect("base64");
                    self.ticks.extend(ticks(&pcm));
                }
                "contentStart" if text("type") == "TEXT" && body["interactive"] == false => {
                    self.open = Some((text("role").to_owned(), String::new()));
                }
                "textInput" => {
                    if let Some((_, so_far)) = &mut self.open {
                        so_far.push_str(text("content"));
                    }
                }
                "contentEnd" => {
                    let told = self.open.take().filter(|(role, _)| role != "SYSTEM");
                    self.history.extend(told);
                }
                "sessionEnd" => self.closed = true,
                _ => {}
            }
        }
    }
}
