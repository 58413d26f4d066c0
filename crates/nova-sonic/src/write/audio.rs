//! Audio events without a JSON tree: a prepared frame of text around the base64.

use base64_simd::AsOut;

use crate::SampleRate;

/// The open audio block.
#[derive(Debug)]
pub(super) struct AudioBlock {
    pub(super) name: String,
    pub(super) rate: SampleRate,
    /// All of an `audioInput` up to the base64.
    prefix: Vec<u8>,
}

impl AudioBlock {
    pub(super) fn new(prompt: &str, name: String, rate: SampleRate) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let prefix = format!(
            r#"{{"event":{{"audioInput":{{"promptName":{},"contentName":{},"content":""#,
            quoted(prompt),
            quoted(&name)
        );
        Self {
            name,
            rate,
            prefix: prefix.into_bytes(),
        }
    }

    /// Writes the event to `json`, in place of what stands there.
    pub(super) fn event(&self, pcm: &[u8], json: &mut Vec<u8>) {
        const SUFFIX: &[u8] = br#""}}}"#;
        let base64 = base64_simd::STANDARD;
        json.clear();
        json.extend_from_slice(&self.prefix);
        let at = json.len();
        json.resize(at + base64.encoded_length(pcm.len()), 0);
        let _ = base64.encode(pcm, json.get_mut(at..).unwrap_or_default().as_out());
        json.extend_from_slice(SUFFIX);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_is_the_event_that_a_json_library_writes() {
        let block = AudioBlock::new("p\"q", "c".into(), SampleRate::Hz16000);
        let mut out = b"old".to_vec();
        block.event(&[1, 2, 3, 4], &mut out);
        let event: Value = serde_json::from_slice(&out).unwrap();
        let data = json!({"promptName": "p\"q", "contentName": "c", "content": "AQIDBA=="});
        assert_eq!(event, json!({"event": {"audioInput": data}}));
    }
}
