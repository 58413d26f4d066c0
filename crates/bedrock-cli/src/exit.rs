//! How commands end: the exit codes, and what is said where one ends before its time.

use std::fmt;
use std::io;
use std::process::ExitCode;

use bedrock_loopback::BuildError;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All of it, to its proper end.
    Complete,
    /// Failed; the reason is on stderr.
    Failed,
    /// The command line was wrong, or a file that it names cannot be used.
    Usage,
    /// Something is missing; what arrived was kept.
    Incomplete,
    /// Ended by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command ended before its time; made of a text, it has failed.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    /// A line for people; `None` where nobody is left to read it.
    pub(crate) why: Option<String>,
}

impl Stop {
    /// The command line was wrong, or a file that it names cannot be used.
    pub(crate) fn usage(why: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Usage,
            why: Some(why.to_string()),
        }
    }

    /// Standard output cannot be written. Whoever read it may have seen enough: then there is nothing to say.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        let is_gone = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            exit: Exit::Failed,
            why: (!is_gone).then(|| format!("standard output: {error}")),
        }
    }
}

impl From<BuildError> for Stop {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::RealAccessKey | BuildError::NotLoopback(_) => Self::usage(error),
            _ => error.to_string().into(),
        }
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self {
            exit: Exit::Failed,
            why: Some(why),
        }
    }
}
