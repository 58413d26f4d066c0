//! A conversation machine that is driven by hand, and what it has done.

use std::time::{Duration, Instant};

use bedrock_wire::{ChunkWriter, ServiceError};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, Header, HeaderValue, encode_frame};
use nova_sonic::{
    Action, Conversation, ConversationConfig, ConversationEvent, Leg, LegFault, Transmit,
};
use serde_json::{Value, json};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const FIRST: Leg = Leg::FIRST;
pub(crate) const SECOND_LEG: Leg = Leg(1);

/// A machine with its clock and all that it has sent.
pub(crate) struct Talk {
    pub(crate) machine: Conversation,
    pub(crate) now: Instant,
    pub(crate) actions: Vec<Action>,
    pub(crate) events: Vec<ConversationEvent>,
    pub(crate) sent: Vec<(Leg, Value)>,
    pub(crate) ended: Vec<Leg>,
    /// Legs that may have more to send.
    open: Vec<Leg>,
}

impl Talk {
    pub(crate) fn new(change: impl FnOnce(&mut ConversationConfig)) -> Self {
        let mut config = ConversationConfig::default();
        change(&mut config);
        let now = start();
        let mut talk = Self {
            machine: Conversation::new(config, [7; 16], now).unwrap(),
            now,
            actions: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            ended: Vec::new(),
            open: Vec::new(),
        };
        talk.settle();
        talk
    }

    /// A conversation whose first leg takes audio.
    pub(crate) fn live(change: impl FnOnce(&mut ConversationConfig)) -> Self {
        let mut talk = Self::new(change);
        talk.accept(FIRST);
        talk
    }

    pub(crate) fn settle(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Open(leg) => self.open.push(leg),
                Action::Abandon(leg) => self.open.retain(|open| *open != leg),
            }
            self.actions.push(action);
        }
        for leg in self.open.clone() {
            let mut wire = BytesMut::new();
            while let Some(transmit) = self.machine.poll_transmit(self.now, leg, 79, &mut wire) {
                if transmit == Transmit::End {
                    self.open.retain(|open| *open != leg);
                    self.ended.push(leg);
                    continue;
                }
                let frame = wire.split().split_off(79);
                let mut decoder = Decoder::new();
                decoder.feed(frame.freeze());
                let frame = decoder.next_frame().unwrap().unwrap();
                let json = bedrock_wire::read_part(frame.payload()).unwrap();
                let event: Value = serde_json::from_slice(&json).unwrap();
                self.sent.push((leg, event["event"].clone()));
            }
        }
        while let Some(event) = self.machine.poll_event() {
            self.events.push(event);
        }
    }

    /// Lets go of what was noted.
    pub(crate) fn forget(&mut self) {
        (self.actions, self.events) = (Vec::new(), Vec::new());
        (self.sent, self.ended) = (Vec::new(), Vec::new());
    }

    pub(crate) fn accept(&mut self, leg: Leg) {
        self.machine.leg_accepted(self.now, leg);
        self.settle();
    }

    /// Lets time pass, with a timeout at each deadline on the way.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.machine.next_deadline().filter(|at| *at <= until) {
            assert!(at > self.now, "a deadline in the past");
            self.now = at;
            self.machine.handle_timeout(at);
            self.settle();
        }
        self.now = until;
    }

    pub(crate) fn audio(&mut self, sample: i16, samples: usize) {
        let pcm: Bytes = sample.to_le_bytes().repeat(samples).into();
        self.machine.audio(self.now, pcm).unwrap();
        self.settle();
    }

    pub(crate) fn receive(&mut self, leg: Leg, name: &str, body: &Value) {
        let mut wire = BytesMut::new();
        let json = json!({"event": {name: body}}).to_string();
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
        let mut decoder = Decoder::new();
        decoder.feed(wire.freeze());
        let frame = decoder.next_frame().unwrap().unwrap();
        self.machine.leg_frame(self.now, leg, frame);
        self.settle();
    }

    /// The service ends a leg with this exception.
    pub(crate) fn fail(&mut self, leg: Leg, message: &str) {
        let header = |name, value| Header {
            name,
            value: HeaderValue::String(value),
        };
        let headers = [
            header(":message-type", "exception"),
            header(":exception-type", "validationException"),
        ];
        let payload = json!({"message": message}).to_string();
        let mut wire = BytesMut::new();
        encode_frame(&headers, payload.as_bytes(), &mut wire).unwrap();
        let mut decoder = Decoder::new();
        decoder.feed(wire.freeze());
        let frame = decoder.next_frame().unwrap().unwrap();
        self.machine.leg_frame(self.now, leg, frame);
        self.settle();
    }

    /// The user's turn as the service hears it, from 1 s of the input on.
    pub(crate) fn user(&mut self, leg: Leg, text: &str) {
        self.receive(leg, "userSpeechStart", &json!({"inputAudioOffsetMs": 1000}));
        self.receive(leg, "userSpeechEnd", &json!({"inputAudioOffsetMs": 1500}));
        self.block(leg, "USER", "FINAL", text);
    }

    pub(crate) fn block(&mut self, leg: Leg, role: &str, stage: &str, text: &str) {
        let id = format!("{}", self.events.len());
        let fields = json!({"generationStage": stage}).to_string();
        let start =
            json!({"contentId": id, "type": "TEXT", "role": role, "additionalModelFields": fields});
        self.receive(leg, "contentStart", &start);
        let text = json!({"contentId": id, "role": role, "content": text});
        self.receive(leg, "textOutput", &text);
        let end = json!({"contentId": id, "type": "TEXT", "stopReason": "PARTIAL_TURN"});
        self.receive(leg, "contentEnd", &end);
    }

    pub(crate) fn answer(&mut self, leg: Leg, text: &str) {
        self.begin_answer(leg, text);
        let end = json!({"contentId": "a", "type": "AUDIO", "stopReason": "END_TURN"});
        self.receive(leg, "contentEnd", &end);
    }

    pub(crate) fn begin_answer(&mut self, leg: Leg, text: &str) {
        self.block(leg, "ASSISTANT", "SPECULATIVE", text);
        let start = json!({"contentId": "a", "type": "AUDIO", "role": "ASSISTANT"});
        self.receive(leg, "contentStart", &start);
        let audio = json!({"contentId": "a", "content": "AQIDBA=="});
        self.receive(leg, "audioOutput", &audio);
    }

    pub(crate) fn tool(&mut self, leg: Leg, id: &str) {
        let call =
            json!({"contentId": "t", "toolUseId": id, "toolName": "weather", "content": "{}"});
        self.receive(leg, "toolUse", &call);
    }

    /// The names of what a leg was sent.
    pub(crate) fn names(&self, leg: Leg) -> Vec<&str> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        of_leg
            .map(|(_, event)| event.as_object().unwrap().keys().next().unwrap().as_str())
            .collect()
    }

    /// The texts that a leg was sent, interactive or not, the SYSTEM block's left out.
    pub(crate) fn texts(&self, leg: Leg) -> Vec<&str> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        let texts = of_leg.filter_map(|(_, event)| event["textInput"]["content"].as_str());
        texts.skip(1).collect()
    }

    /// Samples of sound that a leg was sent.
    pub(crate) fn sound(&self, leg: Leg) -> Vec<i16> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        let pcm = of_leg.filter_map(|(_, event)| event["audioInput"]["content"].as_str());
        let bytes = pcm.flat_map(|text| {
            base64_simd::STANDARD
                .decode_to_vec(text.as_bytes())
                .unwrap()
        });
        let bytes: Vec<_> = bytes.collect();
        let samples = bytes
            .chunks(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
        samples.filter(|sample| *sample != 0).collect()
    }

    pub(crate) fn told(&self, is: impl Fn(&ConversationEvent) -> bool) -> bool {
        self.events.iter().any(is)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a first moment must come from somewhere"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// A second of each of these samples.
pub(crate) fn seconds(of: &[i16]) -> Vec<i16> {
    of.iter().flat_map(|sample| vec![*sample; 16_000]).collect()
}

pub(crate) fn exception(message: &str) -> LegFault {
    ServiceError::new("validationException", message).into()
}
