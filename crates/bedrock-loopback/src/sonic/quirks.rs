//! What a session does wrong because it was asked to.

use std::time::Duration;

use crate::fault::{FaultKind, Plan};

/// Faults of the session itself; those of frames and connections act elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(crate) struct Quirks {
    pub(super) times_out_after: Option<Duration>,
    pub(super) unstable_after: Option<Duration>,
    pub(super) interrupts_after: Option<u64>,
    pub(super) empty_transcript: bool,
    pub(super) deaf: bool,
    pub(super) tool_speech_tool: bool,
    pub(super) tool_first: bool,
}

impl Quirks {
    pub(crate) fn of(plan: &Plan) -> Self {
        let seconds = |kind| plan.place_of(kind).map(Duration::from_secs);
        Self {
            times_out_after: seconds(FaultKind::ModelTimeout),
            unstable_after: seconds(FaultKind::Instability),
            interrupts_after: plan.place_of(FaultKind::InterruptAudio),
            empty_transcript: plan.has(FaultKind::EmptyTranscript),
            deaf: plan.has(FaultKind::Deaf),
            tool_speech_tool: plan.has(FaultKind::ToolSpeechTool),
            tool_first: plan.has(FaultKind::ToolFirst),
        }
    }
}
