//! Who they are, and what each of them is known to do wrong.

use super::SdkClient;
use crate::interop::checks::{ANSWER, CONVERSATION, DUPLEX, ONE_WAY};
use crate::peers::{self, Environment};

/// A check that fails, by a fault of the peer's.
pub(super) struct Known {
    pub(super) check: &'static str,
    reason: &'static str,
    /// Where it is reported, if it is.
    issue: Option<&'static str>,
    /// Whether it fails each time; else it is a matter of timing.
    pub(super) always: bool,
}

impl Known {
    const fn always(check: &'static str, reason: &'static str) -> Self {
        Self {
            check,
            reason,
            issue: None,
            always: true,
        }
    }

    const fn sometimes(check: &'static str, reason: &'static str) -> Self {
        Self {
            always: false,
            ..Self::always(check, reason)
        }
    }

    const fn reported(self, issue: &'static str) -> Self {
        Self {
            issue: Some(issue),
            ..self
        }
    }

    pub(super) fn words(&self) -> String {
        match self.issue {
            Some(issue) => format!("{} (<{issue}>)", self.reason),
            None => format!("{} (no upstream issue known)", self.reason),
        }
    }
}

const CLOSED_IS_END: &str =
    "takes a connection that is closed between two frames for the end of the stream";

const STRANDS_STOPS_NOT: &str = "reports the error, and then its `stop` does not return";
const PIPECAT_RACES: &str = "sends audio and a tool's result from two tasks: where they meet, events are not sent in the order in which they were signed";

/// Every one.
pub(in crate::interop) const ALL: &[SdkClient] = &[
    SdkClient {
        name: "rust-sdk",
        pinned: ("Cargo.toml", "aws-sdk-bedrockruntime"),
        program: || peers::rust("peer-aws-sdk"),
        checks: &[DUPLEX, ONE_WAY],
        known: &[],
    },
    SdkClient {
        name: "js-sdk",
        pinned: ("js/package.json", "@aws-sdk/client-bedrock-runtime"),
        program: || peers::node("sdk-client.mjs"),
        checks: &[DUPLEX, ONE_WAY],
        // Node destroys the streams of a closed connection with CANCEL, and reports that code as no error.
        known: &[Known::sometimes("spoken session, closed", CLOSED_IS_END)
            .reported("https://github.com/nodejs/node/issues/56627")],
    },
    SdkClient {
        name: "python-sdk",
        pinned: ("python/requirements-sdk.txt", "aws-sdk-bedrock-runtime"),
        program: || peers::python(Environment::Sdk, "sdk_client.py"),
        checks: &[DUPLEX, ONE_WAY],
        known: &[
            Known::sometimes(
                "spoken session, reset",
                "takes RST_STREAM of any code for the end of the stream, or hangs",
            ),
            Known::sometimes("spoken session, closed", CLOSED_IS_END),
            Known::sometimes(
                "spoken session, cut",
                "takes the end for one in order if the cut frame's bytes came too late",
            ),
            Known::always(
                "converse, HTTP 503 once",
                "repeats no request after HTTP 503",
            ),
        ],
    },
    SdkClient {
        name: "boto3",
        pinned: ("python/requirements-boto3.txt", "boto3"),
        program: || peers::python(Environment::Boto3, "boto3_client.py"),
        checks: &[ONE_WAY],
        known: &[],
    },
    SdkClient {
        name: "strands",
        pinned: ("python/requirements-strands.txt", "strands-agents"),
        program: || peers::python(Environment::Strands, "strands_client.py"),
        checks: &[CONVERSATION],
        known: &[
            Known::always("conversation, wrong secret", STRANDS_STOPS_NOT),
            Known::always("conversation, exception", STRANDS_STOPS_NOT),
            Known::always("conversation, cut", STRANDS_STOPS_NOT),
            Known::always(
                "conversation, reset",
                "says nothing of the end: `receive` waits for ever, and then `stop`",
            ),
            Known::always(
                "conversation, early end",
                "says nothing of the end: `receive` waits for ever, and then `stop`",
            ),
            Known::always(
                "conversation, unknown event",
                "ends with an AttributeError at an event that it does not know",
            ),
        ],
    },
    SdkClient {
        name: "pipecat",
        pinned: ("python/requirements-pipecat.txt", "pipecat-ai"),
        program: || peers::python(Environment::Pipecat, "pipecat_client.py"),
        checks: &[CONVERSATION],
        known: &[
            Known::sometimes("conversation", PIPECAT_RACES),
            Known::always(
                "conversation, unknown event",
                "drops the session and begins a new one at an event that it does not know",
            ),
        ],
    },
    SdkClient {
        name: "ai-sdk",
        pinned: ("js/package.json", "@ai-sdk/amazon-bedrock"),
        program: || peers::node("ai-sdk-client.mjs"),
        checks: &[ANSWER],
        known: &[
            Known::always(
                "answer, early end",
                "finishes with the reason `other` and no error where messageStop never came",
            ),
            Known::always(
                "answer, HTTP 503 once",
                "repeats nothing: that is left to the `ai` package above it",
            ),
        ],
    },
    SdkClient {
        name: "langchain-aws",
        pinned: ("python/requirements-langchain.txt", "langchain-aws"),
        program: || peers::python(Environment::LangChain, "langchain_client.py"),
        checks: &[ANSWER],
        known: &[],
    },
    SdkClient {
        name: "litellm",
        pinned: ("python/requirements-litellm.txt", "litellm"),
        program: || peers::python(Environment::LiteLlm, "litellm_client.py"),
        checks: &[ANSWER],
        known: &[
            Known::always(
                "answer, early end",
                "takes an answer without messageStop for a whole one, and counts its tokens itself",
            ),
            Known::always(
                "answer, HTTP 503 once",
                "repeats nothing unless asked to, which needs a package that it does not ask for",
            ),
        ],
    },
    SdkClient {
        name: "rig",
        pinned: ("Cargo.toml", "rig-bedrock"),
        program: || peers::rust("peer-rig-client"),
        checks: &[ANSWER],
        known: &[],
    },
];
