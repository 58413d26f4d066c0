//! A run of named steps: a heading before each, its time after it, a stop at the first that fails.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// The steps taken so far in one run.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Runs a command as the step `name`, its output going straight through.
    ///
    /// # Errors
    /// When it cannot start or does not exit with zero.
    pub(crate) fn command(&mut self, name: &'static str, command: &mut Command) -> Outcome {
        self.step(name, || {
            let shown = workspace::show(command);
            println!("$ {shown}");
            match command.status() {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(Failure::new(format!("`{shown}`: {status}"))),
                Err(e) => Err(Failure::new(format!("`{shown}` did not start: {e}"))),
            }
        })
    }

    /// Runs `work` as the step `name`.
    ///
    /// # Errors
    /// The failure of `work`, with the step's name in front.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Outcome) -> Outcome {
        println!("== {name}");
        let start = now();
        let outcome = work();
        let took = now().saturating_duration_since(start);
        println!("-- {name}: {:.1} s\n", took.as_secs_f64());
        self.done.push((name, took));
        outcome.map_err(|failure| {
            Failure::new(format!(
                "step \"{name}\" failed ({} before it passed): {failure}",
                self.done.len() - 1
            ))
        })
    }

    /// One line that says how long each step took.
    pub(crate) fn summary(&self) -> String {
        let each = self
            .done
            .iter()
            .map(|(name, took)| format!("{name} {:.0} s", took.as_secs_f64()));
        each.collect::<Vec<_>>().join(", ")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a check may say how long it took"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_named() {
        let mut steps = Steps::default();
        steps.step("first", || Ok(())).unwrap();
        let failure = steps
            .step("second", || Err(Failure::new("no")))
            .unwrap_err();
        assert_eq!(
            failure.to_string(),
            "step \"second\" failed (1 before it passed): no"
        );
    }

    #[test]
    fn a_command_that_exits_with_one_fails() {
        let mut steps = Steps::default();
        let failure = steps
            .command("false", &mut Command::new("false"))
            .unwrap_err();
        assert!(failure.to_string().contains("exit status: 1"), "{failure}");
    }
}
