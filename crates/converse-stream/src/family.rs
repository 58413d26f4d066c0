//! Streams of InvokeModelWithResponseStream: every family's own chunks, told as the events of [`Event`].
//!
//! A family is one file in this folder and one row of the table below: its name, the model ids that begin so, what one of
//! its chunks looks like, what marks the end of its
//! stream, who reads it, and who writes a request for it. docs/model-families.md tells how to add one.

mod adapter;
pub(crate) mod anthropic_body;
mod anthropic_citation;
mod anthropic_messages;
mod anthropic_text;
pub(crate) mod body;
mod cohere_body;
mod cohere_chat;
mod cohere_command;
mod fields;
mod lanes;
mod llama;
mod mapper;
mod minted;
mod mistral_text;
mod model_id;
mod nova;
mod openai;
mod openai_body;
mod reasoning_tag;
mod siblings;
mod telling;
mod titan;

pub use body::BodyError;
pub use mapper::InvokeMapper;

use adapter::Adapter;
use fields::Fields;
use telling::Telling;

use crate::error::StreamError;
use crate::event::Event;
use crate::json::Members;
use crate::request::ConverseRequest;

/// One row a family. Where a chunk fits several, the first row has it.
macro_rules! families {
    ($($(#[$doc:meta])* $family:ident $name:literal ids $ids:tt mark $mark:literal fits $fits:path, read $reader:path, body $body:path;)+) => {
        /// Models that speak the same format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Family {
            $($(#[$doc])* $family,)+
        }

        const TABLE: &[Row] = &[$(Row {
            family: Family::$family,
            name: $name,
            ids: &$ids,
            mark: $mark,
            fits: $fits,
            body: $body,
        },)+];

        /// Who reads a family's chunks.
        #[derive(Clone, Debug)]
        enum Reader {
            $($family($reader),)+
        }

        impl Reader {
            fn of(family: Family) -> Self {
                match family {
                    $(Family::$family => Self::$family(Default::default()),)+
                }
            }

            fn read<S: FnMut(Event)>(
                &mut self,
                chunk: Fields<'_>,
                to: &mut Telling<'_, S>,
            ) -> Result<(), StreamError> {
                match self {
                    $(Self::$family(reader) => reader.read(chunk, to),)+
                }
            }

            fn done<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<bool, StreamError> {
                match self {
                    $(Self::$family(reader) => reader.done(to),)+
                }
            }

            fn cut<S: FnMut(Event)>(&mut self, to: &mut Telling<'_, S>) -> Result<(), StreamError> {
                match self {
                    $(Self::$family(reader) => reader.cut(to),)+
                }
            }
        }
    };
}

families! {
    /// Amazon Nova, messages-v1.
    Nova "nova"
        ids ["amazon.nova"] mark "messageStop"
        fits nova::fits, read nova::Nova, body nova::body;
    /// Anthropic's Claude with the Messages format (`anthropic_version`).
    AnthropicMessages "anthropic-messages"
        ids ["anthropic."] mark "message_stop"
        fits anthropic_messages::fits, read anthropic_messages::AnthropicMessages, body anthropic_body::body;
    /// Anthropic's Claude with text completions: Claude 1, 2 and Instant.
    AnthropicText "anthropic-text"
        ids ["anthropic.claude-v1"] mark "stop_reason"
        fits anthropic_text::fits, read anthropic_text::AnthropicText, body anthropic_text::body;
    /// Amazon Titan Text.
    Titan "titan"
        ids ["amazon.titan-text", "amazon.titan-tg1"] mark "completionReason"
        fits titan::fits, read titan::Titan, body titan::body;
    /// Meta Llama 2, 3 and 4.
    Llama "llama"
        ids ["meta.llama"] mark "stop_reason"
        fits llama::fits, read llama::Llama, body llama::body;
    /// Mistral 7B, Mixtral and others with text completions.
    MistralText "mistral-text"
        ids ["mistral.mistral-7b", "mistral.mixtral"] mark "stop_reason"
        fits mistral_text::fits, read mistral_text::MistralText, body mistral_text::body;
    /// Cohere Command R and R+.
    CohereChat "cohere-chat"
        ids ["cohere.command-r"] mark "stream-end"
        fits cohere_chat::fits, read cohere_chat::CohereChat, body cohere_body::chat;
    /// Cohere Command and Command Light.
    CohereCommand "cohere-command"
        ids ["cohere.command"] mark "is_finished"
        fits cohere_command::fits, read cohere_command::CohereCommand, body cohere_body::command;
    /// Writer Palmyra.
    Writer "writer"
        ids ["writer."] mark "[DONE]"
        fits openai::fits_text_completion, read openai::OpenAiUntilDone, body openai_body::body;
    /// Mistral Large and Pixtral with chat messages.
    MistralChat "mistral-chat"
        ids ["mistral."] mark "stop_reason"
        fits openai::fits_message, read openai::OpenAi, body openai_body::mistral_body;
    /// DeepSeek R1 with text completions.
    DeepSeek "deepseek"
        ids ["deepseek.r1"] mark "stop_reason"
        fits openai::fits_text, read openai::OpenAi, body openai_body::deepseek_body;
    /// OpenAI's gpt-oss, Qwen, and others whose chunks are those of OpenAI's chat completions.
    OpenAi "openai"
        ids ["openai.", "qwen.", "deepseek.", "moonshot.", "moonshotai.", "zai.", "minimax.", "google.gemma", "nvidia."]
        mark "finish_reason"
        fits openai::fits, read openai::OpenAi, body openai_body::body;
    /// AI21 Jamba; by its chunks alone it is taken for [`OpenAi`](Self::OpenAi).
    Jamba "jamba"
        ids ["ai21.jamba"] mark "finish_reason"
        fits openai::fits, read openai::OpenAi, body openai_body::body;
}

struct Row {
    family: Family,
    name: &'static str,
    /// What model ids begin with; of several rows the longest counts.
    ids: &'static [&'static str],
    mark: &'static str,
    fits: fn(&Fields<'_>) -> bool,
    body: fn(&str, &ConverseRequest) -> Result<Members, BodyError>,
}

impl Family {
    /// All families.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.family)
    }

    /// Its name in commands and cases: `anthropic-messages`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The family of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.name == name)?;
        Some(row.family)
    }

    /// What ends its streams, as the wire calls it: without it no stream of the family is complete. What a guardrail has
    /// blocked ends with the guardrail's word instead.
    #[must_use]
    pub fn mark(self) -> &'static str {
        self.row().map_or("", |row| row.mark)
    }

    /// The family that a model id or ARN names, behind a geo prefix too; `None` where it names none (application inference
    /// profiles, provisioned throughput, imported models).
    ///
    /// ```
    /// use converse_stream::family::Family;
    ///
    /// let family = Family::of_model("us.anthropic.claude-sonnet-4-20250514-v1:0");
    /// assert_eq!(family, Some(Family::AnthropicMessages));
    /// let profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
    /// assert_eq!(Family::of_model(profile), None);
    /// ```
    #[must_use]
    pub fn of_model(id: &str) -> Option<Self> {
        model_id::family(id)
    }

    /// The family that a chunk looks like.
    fn of_chunk(chunk: &Fields<'_>) -> Option<Self> {
        let row = TABLE.iter().find(|row| (row.fits)(chunk))?;
        Some(row.family)
    }

    /// Whether a chunk looks like one of the family.
    fn fits(self, chunk: &Fields<'_>) -> bool {
        self.row().is_some_and(|row| (row.fits)(chunk))
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.family == self)
    }
}

impl core::fmt::Display for Family {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
