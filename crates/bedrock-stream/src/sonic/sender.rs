//! The user's side of a voice session.

use std::time::Duration;

use eventstream_codec::Seal;
use eventstream_sigv4::EventSigner;
use h2_duplex::SendHalf;
use nova_sonic::{History, Refusal, SampleRate, Setup, ToolResult, Writer};

use crate::error::Error;
use crate::link::Link;
use crate::sender::FrameSender;

/// Sends the user's side of a voice session: audio, text, tool results, and the close.
///
/// Operations that the protocol does not allow are refused before anything is sent, with the rule that they break. A
/// session that is dropped without [`close`](Self::close) is reset, and the service is told so.
pub struct SonicSender<H = crate::ClientSend, S = EventSigner> {
    frames: FrameSender<H, S>,
    writer: Writer,
    link: Link,
    input_rate: SampleRate,
    head_patience: Duration,
}

impl<H: SendHalf, S: Seal> SonicSender<H, S> {
    pub(super) fn new(
        frames: FrameSender<H, S>,
        writer: Writer,
        link: Link,
        input_rate: SampleRate,
        head_patience: Duration,
    ) -> Self {
        Self {
            frames,
            writer,
            link,
            input_rate,
            head_patience,
        }
    }

    pub(super) async fn open(&mut self, setup: &Setup, history: &History) -> Result<(), Error> {
        let writer = &mut self.writer;
        self.frames
            .send_frames(|out| {
                writer.open(setup, out)?;
                writer.history(history, out)
            })
            .await
    }

    /// Sends audio of the user: little-endian PCM16, mono, at the session's input rate; about 32 ms at a time.
    ///
    /// The first call waits for the service to accept the session (2 s at most unless set otherwise) and opens the
    /// audio block. The [receiver](super::SonicReceiver) must be polled meanwhile.
    ///
    /// # Errors
    /// Half a sample, more than 700,000 bytes, a closed session, or the end of the stream: then what the service said.
    ///
    /// # Cancel safety
    /// A chunk is sent whole or not at all; what a dropped call had begun goes out with the next one.
    pub async fn audio(&mut self, pcm: &[u8]) -> Result<(), Error> {
        self.open_audio().await?;
        if pcm.is_empty() {
            return Ok(());
        }
        let writer = &mut self.writer;
        self.frames.send_frame(|out| writer.audio(pcm, out)).await
    }

    /// Sends a text turn of the user, which the model answers in speech.
    ///
    /// # Errors
    /// A model of the first generation, a closed session, or the end of the stream.
    ///
    /// # Cancel safety
    /// As [`audio`](Self::audio): all parts of the text block, or none.
    pub async fn text(&mut self, text: &str) -> Result<(), Error> {
        self.open_audio().await?;
        let writer = &mut self.writer;
        self.frames.send_frames(|out| writer.text(text, out)).await
    }

    /// Sends the one result of a tool use that the receiver has given.
    ///
    /// # Errors
    /// An id that the model has not called by, a second result, a closed session, or the end of the stream.
    ///
    /// # Cancel safety
    /// As [`audio`](Self::audio): all parts of the block, or none.
    pub async fn tool_result(
        &mut self,
        tool_use_id: &str,
        result: &ToolResult,
    ) -> Result<(), Error> {
        self.check_open()?;
        let writer = &mut self.writer;
        for id in self.link.take_tools() {
            writer.tool_called(&id);
        }
        self.frames
            .send_frames(|out| writer.tool_result(tool_use_id, result, out))
            .await
    }

    /// Sends an event that the caller made, `{"event": {"<name>": {…}}}`, under the same rules.
    ///
    /// # Errors
    /// Where it is no such event, breaks a rule, or the stream has ended.
    ///
    /// # Cancel safety
    /// As [`audio`](Self::audio).
    pub async fn raw(&mut self, json: &str) -> Result<(), Error> {
        self.check_open()?;
        let writer = &mut self.writer;
        self.frames.send_frame(|out| writer.raw(json, out)).await
    }

    /// Closes the session in the protocol's order: audio block, prompt, session, signed end, `END_STREAM`. The receiver
    /// then gives what is still to come (late text, usage) and ends.
    ///
    /// Output that the model has not begun is suppressed by this, so wait for the end of the turn first.
    ///
    /// # Errors
    /// The end of the stream, where the service ended it first.
    ///
    /// # Cancel safety
    /// May be called again; what is done stays done.
    pub async fn close(&mut self) -> Result<(), Error> {
        if !self.writer.is_closed() {
            self.link.close();
            let writer = &mut self.writer;
            self.frames.send_frames(|out| writer.close(out)).await?;
        }
        self.frames.finish().await
    }

    /// The rate that [`audio`](Self::audio) must have.
    #[must_use]
    pub fn input_rate(&self) -> SampleRate {
        self.input_rate
    }

    /// Nothing goes out after the close: a wait for room would say so less clearly.
    fn check_open(&self) -> Result<(), Refusal> {
        if self.writer.is_closed() {
            return Err(Refusal::SessionClosed);
        }
        Ok(())
    }

    async fn open_audio(&mut self) -> Result<(), Error> {
        self.check_open()?;
        if self.writer.input_rate().is_some() {
            return Ok(());
        }
        // Under load the service mixes up history and audio that came before its answer.
        self.link.accepted(self.head_patience).await;
        let (writer, rate) = (&mut self.writer, self.input_rate);
        self.frames
            .send_frames(|out| writer.open_audio(rate, out))
            .await
    }
}

impl<H, S> std::fmt::Debug for SonicSender<H, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SonicSender")
            .field("input_rate", &self.input_rate)
            .field("closed", &self.writer.is_closed())
            .finish_non_exhaustive()
    }
}
