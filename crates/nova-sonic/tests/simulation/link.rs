//! The network between the machine and the service of a leg.

use std::collections::VecDeque;

use bedrock_wire::read_part;
use bytes::BytesMut;
use eventstream_codec::Decoder;
use serde_json::Value;

use crate::service::Down;
use crate::sound::{Tick, ticks};

/// What travels to the service.
pub(crate) enum Up {
    Event(Value),
    Audio(Value, Vec<Tick>),
    End,
}

pub(crate) struct Link {
    pub(crate) service: usize,
    pub(crate) connected: Option<u64>,
    pub(crate) up: VecDeque<(u64, Up)>,
    pub(crate) down: VecDeque<(u64, Down)>,
    pub(crate) fails: bool,
    pub(crate) delay: u64,
}

/// What has come to the end of its way by now.
pub(crate) fn arrived<T>(queue: &mut VecDeque<(u64, T)>, now: u64) -> Option<T> {
    queue.front().filter(|(at, _)| *at <= now)?;
    queue.pop_front().map(|(_, what)| what)
}

/// Reads a frame as the service does.
pub(crate) fn unpack(frame: BytesMut) -> Up {
    let mut decoder = Decoder::new();
    decoder.feed(frame.freeze());
    let frame = decoder.next_frame().unwrap().unwrap();
    let json = read_part(frame.payload()).unwrap();
    let mut event: Value = serde_json::from_slice(&json).unwrap();
    let mut event = event["event"].take();
    let Some(audio) = event.get_mut("audioInput") else {
        return Up::Event(event);
    };
    let content = audio["content"].take();
    let pcm = base64_simd::STANDARD.decode_to_vec(content.as_str().unwrap().as_bytes());
    Up::Audio(event, ticks(&pcm.unwrap()))
}
