//! Cases as files: `NAME.json`, and `NAME.bin` where they have bytes.

use std::fs;
use std::path::{Path, PathBuf};

use aws_smithy_types::event_stream::Message;
use serde_json::{Value, json};

use crate::frames::{decoded, encoded};

pub const BY_AWS: &str = "aws-smithy-eventstream 0.61.6 encoded it";
pub const BY_HAND: &str =
    "by hand: no encoder writes it; CRCs as the bytes want them unless the case says otherwise";

/// Where a group of cases is written.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: &Path) -> Self {
        fs::create_dir_all(path).expect("a folder");
        Self(path.to_path_buf())
    }

    pub fn write(&self, name: &str, bytes: Option<&[u8]>, mut case: Value) {
        case["name"] = json!(name);
        if let Some(bytes) = bytes {
            fs::write(self.0.join(format!("{name}.bin")), bytes).expect("written");
            case["bin"] = json!(format!("{name}.bin"));
            case["len"] = json!(bytes.len());
        }
        let text = serde_json::to_string_pretty(&case).expect("JSON") + "\n";
        fs::write(self.0.join(format!("{name}.json")), text).expect("written");
    }

    pub fn message(&self, name: &str, message: &Message) {
        let bytes = encoded(message);
        let case = json!({"kind": "message", "expect": "ok", "source": BY_AWS, "decoded": decoded(message, &bytes)});
        self.write(name, Some(&bytes), case);
    }

    pub fn bad_message(&self, name: &str, bytes: &[u8], error: &str, note: &str) {
        let case = json!({"kind": "message", "expect": "error", "strict_error": error, "note": note, "source": BY_HAND});
        self.write(name, Some(bytes), case);
    }

    /// Bytes that the tolerant profile takes and the strict one refuses.
    pub fn profiles(&self, name: &str, bytes: &[u8], frame: Value, error: &str) {
        let ok = json!({"kind": "message", "expect": "ok", "source": BY_HAND, "decoded": frame});
        self.write(name, Some(bytes), ok);
        let error = json!({"kind": "message", "expect": "error", "profile": "strict", "strict_error": error, "source": BY_HAND});
        self.write(&format!("{name}_strict"), Some(bytes), error);
    }
}
