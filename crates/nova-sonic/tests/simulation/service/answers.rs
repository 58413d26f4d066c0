//! What a leg says to what it was asked: speech or a tool call, and what an interruption makes of it.

use serde_json::json;

use super::{Down, Service};

#[derive(Debug)]
pub(super) struct Answer {
    /// The audio block that is open.
    pub(super) audio: Option<String>,
    /// When its first speech goes out, and its last.
    pub(super) audible: u64,
    pub(super) until: u64,
    pub(super) asked: Vec<String>,
}

/// One in six utterances needs a tool.
fn calls_tool(text: &str) -> bool {
    let id = text
        .strip_prefix('u')
        .and_then(|text| text.split('.').next());
    id.and_then(|id| id.parse::<u64>().ok())
        .is_some_and(|id| id % 6 == 3)
}

impl Service {
    /// Something is to be answered: together with what waits, unless an answer is on its way.
    pub(super) fn ask(&mut self, now: u64, text: String) {
        self.asked.push(text);
        let think = self.rng.between(30, 200);
        self.reply(now + think);
    }

    pub(super) fn reply(&mut self, at: u64) {
        if self.answer.as_ref().is_some_and(|answer| answer.until > at) || self.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut self.asked);
        let of = Some(self.generation);
        let single = asked.first().filter(|_| asked.len() == 1);
        if let Some(text) = single.filter(|text| calls_tool(text)) {
            let id = format!("{}-{}", self.leg, text.split('.').next().unwrap());
            if self.order.tools.insert(id.clone()) {
                self.tools.insert(id.clone());
                let content = self.content();
                let call = json!({"contentId": content, "toolUseId": id, "toolName": "look", "content": json!({"of": text}).to_string()});
                self.later(at, None, Down::Event(json!({"toolUse": call})));
                return;
            }
        }
        let words = asked.join(" & ");
        let mut time = at;
        let blocks = self.rng.between(1, 3);
        let (mut audio, mut audible) = (None, u64::MAX);
        for block in 0..blocks {
            let text = format!("answer {block} to {words}");
            self.text_block(time, of, "ASSISTANT", "SPECULATIVE", &text, "PARTIAL_TURN");
            let content = self.content();
            let start = json!({"contentStart": {"contentId": content, "type": "AUDIO", "role": "ASSISTANT"}});
            self.later(time, of, Down::Event(start));
            for _ in 0..self.rng.between(2, 6) {
                time += self.rng.between(5, 60);
                audible = audible.min(time);
                let pcm = base64_simd::STANDARD.encode_to_string([1; 160]);
                let output = json!({"audioOutput": {"contentId": content, "content": pcm}});
                self.later(time, of, Down::Event(output));
            }
            let stop = if block + 1 == blocks {
                "END_TURN"
            } else {
                "PARTIAL_TURN"
            };
            let end =
                json!({"contentEnd": {"contentId": content, "type": "AUDIO", "stopReason": stop}});
            self.later(time, of, Down::Event(end));
            audio = Some(content);
        }
        let usage = json!({"usageEvent": {"details": {"delta": {"input": {"speechTokens": 1}, "output": {"speechTokens": 1}}}}});
        self.later(time, None, Down::Event(usage));
        for block in 0..blocks {
            let told = time + self.rng.between(100, 800);
            let text = format!("answer {block} to {words}");
            self.text_block(told, of, "ASSISTANT", "FINAL", &text, "PARTIAL_TURN");
        }
        self.answer = Some(Answer {
            audio,
            audible,
            until: time,
            asked,
        });
    }

    pub(super) fn interrupt(&mut self, now: u64, at: u64) {
        let Some(answer) = self.answer.take().filter(|answer| answer.until > now) else {
            return;
        };
        self.generation += 1;
        if answer.audible > now {
            // Nobody has heard of it: it is answered together with what is said now.
            self.asked.splice(0..0, answer.asked);
        } else if let Some(content) = answer.audio {
            let end = json!({"contentEnd": {"contentId": content, "type": "AUDIO", "stopReason": "END_TURN"}});
            self.later(at, None, Down::Event(end));
        }
        self.text_block(
            at + 20,
            None,
            "ASSISTANT",
            "FINAL",
            "{ \"interrupted\" : true }",
            "INTERRUPTED",
        );
    }
}
