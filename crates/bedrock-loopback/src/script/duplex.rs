//! A scripted answer to a duplex call: each step waits for its time and for what the client must have sent before.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use serde_json::Value;
use tokio::time::Instant;

use super::{ScriptStep, ScriptedCall, ScriptedPart};
use crate::call::Call;
use crate::duplex_call::{Ended, MAX_FRAME, close, open_event};
use crate::flow::{Outflow, Outlet};
use crate::frame::FrameReader;
use crate::notice::Notice;
use crate::tap::{Tap, Traffic};
use crate::verify::{Authenticated, Chain};

/// How long a step waits for a client that is behind.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays the answer to a call whose head has been accepted.
pub(crate) async fn play(
    call: Call,
    scripted: ScriptedCall,
    authenticated: Option<Authenticated>,
    mut body: RecvStream,
    outlet: Outlet,
) {
    call.opened();
    let opened = Instant::now();
    let chain = Chain::of(authenticated, &call.state.policy);
    let player = Player {
        reader: FrameReader::new(MAX_FRAME),
        chain,
        steps: scripted.steps.into(),
        tap: outlet.tap.clone(),
        out: Outflow::new(outlet, call.frame_size()),
        opened,
        ready_since: opened,
        marks: 0,
        input_ended: false,
        call,
    };
    player.run(&mut body).await;
}

struct Player {
    call: Call,
    reader: FrameReader,
    chain: Option<Chain>,
    steps: VecDeque<ScriptStep>,
    out: Outflow,
    tap: Tap,
    opened: Instant,
    /// Since when the step in front is the one in front.
    ready_since: Instant,
    marks: usize,
    input_ended: bool,
}

impl Player {
    async fn run(mut self, body: &mut RecvStream) {
        let ended = self.answer(body).await;
        close(&mut self.call, &mut self.out, ended).await;
    }

    async fn answer(&mut self, body: &mut RecvStream) -> Result<(), Ended> {
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                drained = self.out.drained() => return drained.map_err(Ended::Aborted),
                chunk = body.data(), if !self.input_ended => match chunk {
                    Some(Ok(bytes)) => {
                        // Only a stream that is gone refuses, and then `data` says so next.
                        let _ = body.flow_control().release_capacity(bytes.len());
                        self.on_bytes(&bytes)?;
                    }
                    Some(Err(error)) => return Err(Ended::Aborted(error.to_string())),
                    None => self.on_end_stream()?,
                },
                () = tokio::time::sleep_until(due.unwrap_or(self.opened)), if due.is_some() => {
                    self.step()?;
                }
            }
        }
    }

    /// When the step in front is taken.
    fn due(&self) -> Option<Instant> {
        let step = self.steps.front()?;
        let due = self.opened + step.after;
        if self.marks >= step.marks {
            return Some(due);
        }
        Some(due.max(self.ready_since) + PATIENCE)
    }

    fn step(&mut self) -> Result<(), Ended> {
        let Some(step) = self.steps.pop_front() else {
            return Ok(());
        };
        self.ready_since = Instant::now();
        if self.marks < step.marks {
            let what = format!(
                "the script goes on without the client, which has sent {} of {} events and the end",
                self.marks, step.marks
            );
            let request_id = self.call.request_id.clone();
            self.call
                .state
                .notice(&Notice::Warning { request_id, what });
        }
        match step.what {
            ScriptedPart::Head(head) => self
                .out
                .start(head)
                .map_err(|error| Ended::Aborted(error.to_string())),
            what => {
                self.out.push(what.into_item());
                Ok(())
            }
        }
    }

    fn on_bytes(&mut self, bytes: &Bytes) -> Result<(), Ended> {
        self.tap.tell(Traffic::RequestBytes(bytes));
        self.reader.feed(bytes);
        while let Some(frame) = self.reader.next_frame()? {
            let event = open_event(&mut self.chain, &frame, self.call.state.clock.now())?;
            self.marks += usize::from(event.is_some_and(|event| !is_audio(&event)));
        }
        Ok(())
    }

    fn on_end_stream(&mut self) -> Result<(), Ended> {
        self.tap.tell(Traffic::RequestEnd);
        self.input_ended = true;
        self.out.input_ended();
        self.reader.finish()?;
        if let Some(chain) = &self.chain {
            chain.finish()?;
        }
        self.marks += 1;
        Ok(())
    }
}

fn is_audio(event: &[u8]) -> bool {
    let json: Value = serde_json::from_slice(event).unwrap_or(Value::Null);
    json.pointer("/event/audioInput").is_some()
}
