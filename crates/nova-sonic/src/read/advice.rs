//! What to do about the errors of a Nova Sonic session.

use std::time::Duration;

use bedrock_wire::{Advice, AdviceRule, AdviceTable, ServiceErrorKind as Kind};

const SOON: Advice = Advice::After(Duration::from_secs(1));

/// The table for Nova Sonic, edition of 2026-11-21, from what users and other clients report; `NewSession` means that
/// a new session with the history goes on where this one ended.
///
/// Most come as `ValidationException`, so the texts come before the kinds.
pub const SONIC_ADVICE: AdviceTable = AdviceTable::from_static(&[
    // The connection's eight minutes, silence of the user, no input for 55 s, a drop by the service.
    AdviceRule::text("Model has timed out in processing", Advice::NewSession),
    AdviceRule::text("InternalErrorCode=531", Advice::NewSession),
    AdviceRule::text("InternalErrorCode=532", Advice::NewSession),
    AdviceRule::text("Timed out waiting for", Advice::NewSession),
    AdviceRule::text("System instability detected", Advice::NewSession),
    AdviceRule::text(
        "encountered an unexpected error during processing",
        Advice::NewSession,
    ),
    // Faults in what was sent; a session without them works.
    AdviceRule::text("Chat history should be sent completely", Advice::NewSession),
    AdviceRule::text("Chat history is over max limit", Advice::NewSession),
    AdviceRule::text("Tool Response parsing error", Advice::NewSession),
    // The credentials that the session was opened with ran out; the next is signed with fresh ones.
    AdviceRule::text(
        "security token included in the request is expired",
        Advice::NewSession,
    ),
    AdviceRule::kind(Kind::ExpiredCredentials, Advice::NewSession),
    AdviceRule::kind(Kind::ModelTimeout, Advice::NewSession),
    AdviceRule::kind(Kind::ModelStreamError, Advice::NewSession),
    AdviceRule::kind(Kind::Throttling, SOON),
    AdviceRule::kind(Kind::ModelNotReady, SOON),
    AdviceRule::kind(Kind::ModelError, SOON),
    AdviceRule::kind(Kind::ServiceUnavailable, SOON),
    AdviceRule::kind(Kind::InternalServer, SOON),
]);

#[cfg(test)]
mod tests {
    use bedrock_wire::ServiceError;

    use super::*;

    fn advice(code: &str, message: &str) -> Advice {
        ServiceError::new(code, message)
            .advised_by(&SONIC_ADVICE)
            .advice()
    }

    #[test]
    fn transient_faults_in_disguise_are_seen_through() {
        for message in [
            "InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR",
            "InternalErrorCode=532::Timed out waiting for audio bytes or interactive content.",
            "System instability detected. Please retry your request.",
            "RequestId=abc : Timed out waiting for input events",
            "The security token included in the request is expired",
            "The system encountered an unexpected error during processing. Try your request again.",
        ] {
            assert_eq!(
                advice("validationException", message),
                Advice::NewSession,
                "{message}"
            );
        }
    }

    #[test]
    fn faults_of_the_request_are_not_retried() {
        for message in [
            "Invalid input request, please fix your input and try again.",
            "Unable to parse input chunk",
            "Received invalid voiceId",
            "Duplicate SYSTEM content. SYSTEM content can only be provided once per prompt",
            "The request has been blocked by our content filters.",
        ] {
            assert_eq!(
                advice("validationException", message),
                Advice::Never,
                "{message}"
            );
        }
        assert_eq!(advice("AccessDeniedException", ""), Advice::Never);
    }

    #[test]
    fn kinds_decide_where_texts_do_not() {
        assert_eq!(advice("modelTimeoutException", ""), Advice::NewSession);
        assert_eq!(advice("throttlingException", "slow down"), SOON);
        assert_eq!(advice("serviceUnavailableException", ""), SOON);
    }
}
