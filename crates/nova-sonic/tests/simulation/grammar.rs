//! The order of the protocol as the service sees it: a second, plain reading of the rules.

use std::collections::HashSet;

use serde_json::Value;

/// What a leg has been sent so far. Panics where a rule is broken.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub(crate) struct Order {
    started: bool,
    prompt: Option<String>,
    system: bool,
    block: Option<(String, Kind, bool)>,
    audio: Option<String>,
    audio_opened: bool,
    audio_fed: bool,
    last_history: Option<String>,
    names: HashSet<String>,
    pub(crate) tools: HashSet<String>,
    ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Tool,
}

impl Order {
    pub(crate) fn check(&mut self, name: &str, body: &Value) {
        assert!(!self.ended, "{name} after sessionEnd");
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        if name != "sessionStart" && name != "sessionEnd" && name != "promptStart" {
            assert_eq!(self.prompt.as_deref(), Some(&*text("promptName")), "{name}");
        }
        let content = text("contentName");
        match name {
            "sessionStart" => assert!(!std::mem::replace(&mut self.started, true)),
            "promptStart" => {
                assert!(self.started && self.prompt.is_none());
                self.prompt = Some(text("promptName"));
            }
            "contentStart" => self.start(body, content),
            "textInput" | "toolResult" => {
                let (open, kind, filled) = self.block.as_mut().expect("no block is open");
                assert_eq!(*open, content);
                assert_eq!(*kind == Kind::Tool, name == "toolResult");
                let given = text("content");
                assert!(name == "toolResult" || given.len() <= 1024);
                *filled = true;
            }
            "audioInput" => {
                assert_eq!(self.audio.as_deref(), Some(&*content), "audio block");
                assert!(self.block.is_none(), "audio inside a block");
                self.audio_fed = true;
            }
            "contentEnd" => {
                if let Some((open, _, filled)) = self.block.take() {
                    assert!(open == content && filled, "another or an empty block");
                } else {
                    assert_eq!(self.audio.take().as_deref(), Some(&*content));
                    assert!(self.audio_fed, "an empty audio block");
                }
            }
            "promptEnd" => {
                assert!(self.block.is_none() && self.audio.is_none() && self.audio_opened);
                self.prompt = None;
            }
            "sessionEnd" => {
                assert!(self.prompt.is_none());
                self.ended = true;
            }
            other => panic!("{other} is no input event"),
        }
    }

    fn start(&mut self, body: &Value, content: String) {
        assert!(self.block.is_none(), "a block inside a block");
        assert!(self.names.insert(content.clone()), "a name was used again");
        let role = body["role"].as_str().unwrap_or_default();
        let interactive = body["interactive"].as_bool().unwrap();
        assert!(self.system || role == "SYSTEM", "{role} before SYSTEM");
        let kind = match body["type"].as_str().unwrap() {
            "AUDIO" => {
                assert!(
                    !std::mem::replace(&mut self.audio_opened, true),
                    "audio twice"
                );
                self.audio = Some(content);
                return;
            }
            "TOOL" => {
                let id = body["toolResultInputConfiguration"]["toolUseId"].as_str();
                assert!(
                    self.tools.remove(id.unwrap()),
                    "an unknown tool use, or a second result"
                );
                Kind::Tool
            }
            _ => Kind::Text,
        };
        match (role, interactive) {
            ("SYSTEM", false) => assert!(!std::mem::replace(&mut self.system, true)),
            ("USER" | "ASSISTANT", false) if !self.audio_opened => {
                let before = self.last_history.replace(role.to_owned());
                assert_eq!(before.as_deref() == Some("USER"), role == "ASSISTANT");
            }
            ("USER", true) => assert!(self.audio_fed, "text before audio"),
            ("USER" | "TOOL", false) => {}
            other => panic!("{other:?} here"),
        }
        self.block = Some((content, kind, false));
    }

    pub(crate) const fn has_audio(&self) -> bool {
        self.audio_opened
    }

    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }
}
