//! What a conversation tells the `tracing` crate, under the `gen_ai.*` names of OpenTelemetry where there are such. Figures and ids only.

#[cfg(feature = "tracing")]
mod on {
    use std::time::Duration;

    use bedrock_wire::Outcome;
    use nova_sonic::{ConversationEvent, Summary};
    use nova_sonic::{Leg, SessionEvent};
    use tracing::{debug, info, warn};

    use crate::error::Error;
    use crate::voice::metrics::VoiceMetrics;

    const PROVIDER: &str = "aws.bedrock";

    /// The service has accepted a leg.
    pub(in crate::voice) fn accepted(
        leg: Leg,
        took: Duration,
        request_id: Option<&str>,
        model: &str,
    ) {
        info!(
            gen_ai.provider.name = PROVIDER,
            gen_ai.request.model = model,
            gen_ai.response.id = request_id,
            leg = leg.0,
            open_to_head_ms = ms(took),
            "leg accepted"
        );
    }

    /// What figures have changed by an event.
    pub(in crate::voice) fn event(event: &ConversationEvent, metrics: &VoiceMetrics, model: &str) {
        match event {
            ConversationEvent::Session(SessionEvent::TurnEnded { turn }) => info!(
                gen_ai.provider.name = PROVIDER,
                gen_ai.request.model = model,
                turn = turn.number(),
                speech_to_audio_ms = metrics.speech_to_audio.last.map(ms),
                "turn ended"
            ),
            ConversationEvent::Session(SessionEvent::Interrupted { turn }) => {
                debug!(turn = turn.number(), "interrupted");
            }
            ConversationEvent::Session(SessionEvent::ToolCall { call, .. }) => debug!(
                gen_ai.tool.name = call.tool_name,
                gen_ai.tool.call.id = &*call.tool_use_id,
                "tool called"
            ),
            ConversationEvent::Session(SessionEvent::Usage { delta, .. }) => debug!(
                gen_ai.usage.input_tokens = delta.input.total(),
                gen_ai.usage.output_tokens = delta.output.total(),
                input_speech_tokens = delta.input.speech,
                output_speech_tokens = delta.output.speech,
                "tokens used"
            ),
            ConversationEvent::AudioDropped { ms, total_ms } => {
                warn!(ms, total_ms, "audio dropped");
            }
            ConversationEvent::Renewing { reason } => debug!(?reason, "renewing"),
            ConversationEvent::Renewed { leg, gap_ms, .. } => info!(leg = leg.0, gap_ms, "renewed"),
            ConversationEvent::RenewalFailed { fault, .. }
            | ConversationEvent::Recovering { fault, .. } => {
                warn!(error.message = %fault, "leg lost");
            }
            ConversationEvent::Unhealthy { symptom } => warn!(?symptom, "unhealthy"),
            _ => {}
        }
    }

    /// The conversation is over.
    pub(in crate::voice) fn over(
        outcome: Option<&Outcome<Summary, Error>>,
        metrics: &VoiceMetrics,
        model: &str,
    ) {
        let error = outcome.and_then(Outcome::error);
        info!(
            gen_ai.provider.name = PROVIDER,
            gen_ai.request.model = model,
            gen_ai.usage.input_tokens = metrics.usage.input.total(),
            gen_ai.usage.output_tokens = metrics.usage.output.total(),
            input_speech_tokens = metrics.usage.input.speech,
            output_speech_tokens = metrics.usage.output.speech,
            turns = metrics.turns,
            interruptions = metrics.interruptions,
            legs = metrics.legs,
            outcome = outcome.map(Outcome::name),
            error.message = error.map(tracing::field::display),
            "conversation over"
        );
    }

    fn ms(time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::time::Duration;

    use bedrock_wire::Outcome;
    use nova_sonic::Leg;
    use nova_sonic::{ConversationEvent, Summary};

    use crate::error::Error;
    use crate::voice::metrics::VoiceMetrics;

    pub(in crate::voice) fn accepted(_: Leg, _: Duration, _: Option<&str>, _: &str) {}

    pub(in crate::voice) fn event(_: &ConversationEvent, _: &VoiceMetrics, _: &str) {}

    pub(in crate::voice) fn over(_: Option<&Outcome<Summary, Error>>, _: &VoiceMetrics, _: &str) {}
}

#[cfg(not(feature = "tracing"))]
pub(super) use off::{accepted, event, over};
#[cfg(feature = "tracing")]
pub(super) use on::{accepted, event, over};
