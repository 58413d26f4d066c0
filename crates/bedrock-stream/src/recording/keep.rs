//! What of a conversation comes into a recording.

use std::fmt;

/// What is kept of what was said. Credentials and signatures never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    pub(super) audio: bool,
    pub(super) text: bool,
}

impl Keep {
    /// No speech and no text: silence of the same length, and letters `x`.
    pub const NOTHING: Self = Self {
        audio: false,
        text: false,
    };

    /// All that was said.
    pub const EVERYTHING: Self = Self {
        audio: true,
        text: true,
    };

    /// Whether speech is kept.
    #[must_use]
    pub const fn audio(self, yes: bool) -> Self {
        Self { audio: yes, ..self }
    }

    /// Whether all else that people and models said is kept: text, documents, pictures, tools and their input.
    #[must_use]
    pub const fn text(self, yes: bool) -> Self {
        Self { text: yes, ..self }
    }

    /// Whether speech is kept.
    #[must_use]
    pub const fn keeps_audio(self) -> bool {
        self.audio
    }

    /// Whether text is kept.
    #[must_use]
    pub const fn keeps_text(self) -> bool {
        self.text
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.audio, self.text) {
            (true, true) => "with speech and text",
            (true, false) => "with speech, without text",
            (false, true) => "with text, without speech",
            (false, false) => "without speech and text",
        })
    }
}
