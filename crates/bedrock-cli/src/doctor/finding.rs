//! What a check found, and what to do about it.

use std::io::{self, Write};

use clap::builder::styling::Style;
use serde::Serialize;

use crate::terminal::{BAD, DOUBTFUL, GOOD};

/// One line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) detail: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) todo: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Works, and may surprise.
    Warning,
    /// Streams will fail.
    Failed,
    /// Could not be looked at, since an earlier check failed, or was not asked for.
    Skipped,
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, State::Ok, detail.into(), None)
    }

    pub(super) fn warning(check: &'static str, detail: impl Into<String>, todo: &str) -> Self {
        Self::new(check, State::Warning, detail.into(), Some(todo.to_owned()))
    }

    pub(super) fn failed(check: &'static str, detail: impl Into<String>, todo: &str) -> Self {
        let todo = (!todo.is_empty()).then(|| todo.to_owned());
        Self::new(check, State::Failed, detail.into(), todo)
    }

    pub(super) fn skipped(check: &'static str, why: &str) -> Self {
        Self::new(check, State::Skipped, why.to_owned(), None)
    }

    fn new(check: &'static str, state: State, detail: String, todo: Option<String>) -> Self {
        Self {
            check,
            state,
            detail,
            todo,
        }
    }

    /// For people: a mark, the check, what was found, and what to do on a line of its own.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let (mark, style) = match self.state {
            State::Ok => ("ok", GOOD),
            State::Warning => ("warning", DOUBTFUL),
            State::Failed => ("FAILED", BAD),
            State::Skipped => ("-", Style::new()),
        };
        writeln!(
            out,
            "{:<12}{style}{mark:<9}{style:#}{}",
            self.check, self.detail
        )?;
        if let Some(todo) = &self.todo {
            writeln!(out, "{:<21}{todo}", "")?;
        }
        Ok(())
    }
}
