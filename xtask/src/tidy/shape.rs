//! The shape of a Rust file: it says what it is, and it is short.

use std::path::Path;

use super::Violation;
use super::facts::Source;

/// Lines of code that one file may have; tests, comments and blank lines are free.
const MOST_LINES: usize = 500;

/// Fails a file that does not open with `//!`, or that is too long.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources
        .iter()
        .filter(|s| s.path.extension().is_some_and(|e| e == "rs"))
    {
        let place = source.path.display().to_string();
        if !source.text.starts_with("//!") {
            violations.push(Violation::new(
                &place,
                "the first line must say, after `//!`, what this file is",
            ));
        }
        let lines = code_lines(&source.text);
        if lines > MOST_LINES && !is_test(&source.path) {
            let message =
                format!("{lines} lines of code, the most is {MOST_LINES}: split it by role");
            violations.push(Violation::new(&place, message));
        }
    }
    violations
}

/// Whether a file holds nothing but tests.
pub(super) fn is_test(path: &Path) -> bool {
    path.components()
        .any(|c| c.as_os_str() == "tests" || c.as_os_str() == "benches")
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

/// Lines up to the inline test module that are neither blank nor a comment.
fn code_lines(text: &str) -> usize {
    before_tests(text)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// The part of a file in front of its inline test module.
fn before_tests(text: &str) -> &str {
    let end = text
        .match_indices("#[cfg(test)]\n")
        .find(|(at, mark)| {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            rest.lines()
                .find(|l| !l.starts_with("#["))
                .is_some_and(|l| l.starts_with("mod ") && l.ends_with('{'))
        })
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(path: &str, text: String) -> Source {
        Source {
            path: PathBuf::from(path),
            text,
        }
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_fails() {
        let found = check(&[source("crates/a/src/lib.rs", "use std::fmt;\n".to_owned())]);
        assert_eq!(found.len(), 1);
        assert_eq!(check(&[source("README.md", "# Title".to_owned())]), []);
    }

    #[test]
    fn a_long_file_fails_and_its_tests_are_free() {
        let code = |lines| format!("//! What.\n{}", "let x = 1;\n\n// why\n".repeat(lines));
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "let x = 1;\n".repeat(900)
        );
        let check_text = |text| check(&[source("crates/a/src/lib.rs", text)]);
        assert_eq!(check_text(code(500)), []);
        assert_eq!(check_text(code(501)).len(), 1);
        assert_eq!(check_text(code(500) + &tests), []);
        assert_eq!(check(&[source("crates/a/tests/all.rs", code(900))]), []);
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_hides_nothing() {
        let text = format!(
            "//! What.\n#[cfg(test)]\nmod tests;\n{}",
            "let x = 1;\n".repeat(600)
        );
        assert_eq!(check(&[source("crates/a/src/lib.rs", text)]).len(), 1);
    }
}
