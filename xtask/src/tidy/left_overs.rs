//! What must not stay behind in the tree: unfinished code, switched-off and sleeping tests, machine paths, registries.

use super::Violation;
use super::facts::Source;
use super::shape;

/// Words that no file of a kind may hold.
struct Banned {
    /// Each in two parts, so that this file does not break its own rule.
    words: &'static [(&'static str, &'static str)],
    /// Only files that end so; empty for all.
    extension: &'static str,
    message: &'static str,
}

const BANNED: &[Banned] = &[
    Banned {
        words: &[("#[ign", "ore")],
        extension: ".rs",
        message: "a test that does not run proves nothing",
    },
    Banned {
        words: &[("tod", "o!("), ("unimple", "mented!(")],
        extension: ".rs",
        message: "unfinished code",
    },
    Banned {
        words: &[("FIX", "ME")],
        extension: "",
        message: "unfinished work: do it, or open an issue",
    },
    Banned {
        words: &[("thread::sl", "eep(")],
        extension: ".rs",
        message: "nothing here sleeps",
    },
    Banned {
        words: &[
            ("index-", "url"),
            ("registry = \"", "http"),
            ("registry = \"", "sparse"),
        ],
        extension: "",
        message: "the address of a registry",
    },
];

/// Roots of somebody's machine, in two parts each.
const MACHINE_PATHS: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/wo", "rk/"),
    ("/fa", "rm/"),
    ("/Us", "ers/"),
];

/// The one registry that a lock file may name.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Fails each line that holds something of the kind.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    sources.iter().flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Violation> {
    let path = source.path.display().to_string();
    let mut violations = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let place = || format!("{path}:{}", index + 1);
        for banned in BANNED {
            let mut words = banned.words.iter().map(|(a, b)| [*a, *b].concat());
            let found = words.find(|word| line.contains(word));
            if let Some(word) = found.filter(|_| path.ends_with(banned.extension)) {
                let message = format!("`{word}`: {}", banned.message);
                violations.push(Violation::new(place(), message));
            }
        }
        if let Some(machine_path) = machine_path(line) {
            violations.push(Violation::new(
                place(),
                format!("`{machine_path}` is a path of one machine"),
            ));
        }
        if path.ends_with("Cargo.lock") && line.contains("source = \"") && !line.contains(CRATES_IO)
        {
            violations.push(Violation::new(
                place(),
                "a package that is not from crates.io",
            ));
        }
        if path.ends_with("package-lock.json") && line.contains("\"resolved\":") {
            violations.push(Violation::new(place(), "the address of a registry"));
        }
        if sleeps_in_real_time(source, line) {
            violations.push(Violation::new(
                place(),
                "a test that sleeps: use the paused clock",
            ));
        }
    }
    violations
}

/// Finds an absolute path under a root that only a machine has; `~/.ssh/` or `example.com/home/` is none.
fn machine_path(line: &str) -> Option<String> {
    MACHINE_PATHS
        .iter()
        .map(|(a, b)| [*a, *b].concat())
        .find(|root| {
            line.match_indices(root.as_str()).any(|(at, _)| {
                let before = line.get(..at).and_then(|l| l.chars().next_back());
                before.is_none_or(|c| {
                    !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-' | '/' | '}')
                })
            })
        })
}

/// Under tokio's paused clock a sleep costs no time; anywhere else in a test it is a race.
fn sleeps_in_real_time(source: &Source, line: &str) -> bool {
    let sleep = ["time::sl", "eep("].concat();
    let paused = [
        "start_paused = true",
        "time::pause()",
        ".start_paused(true)",
    ];
    shape::is_test(&source.path)
        && line.contains(&sleep)
        && !paused.iter().any(|mark| source.text.contains(mark))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&[Source {
            path: PathBuf::from(path),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn every_banned_word_is_found_in_its_files() {
        for (a, b) in BANNED.iter().flat_map(|banned| banned.words) {
            let line = format!("    {a}{b}x\n");
            assert_eq!(found("crates/a/src/lib.rs", &line), 1, "{line}");
        }
        assert_eq!(found("README.md", &["#[ign", "ore]"].concat()), 0);
    }

    #[test]
    fn a_machine_path_is_found_and_a_url_is_not_one() {
        for (a, b) in MACHINE_PATHS {
            assert_eq!(found("docs/a.md", &format!("see {a}{b}me/x")), 1);
        }
        assert_eq!(
            found(
                "docs/a.md",
                &["https://example.com/ho", "me/x and ./wo", "rk/"].concat()
            ),
            0
        );
    }

    #[test]
    fn a_test_may_only_sleep_on_the_paused_clock() {
        let sleep = ["tokio::time::sl", "eep(d).await;"].concat();
        assert_eq!(found("crates/a/tests/t.rs", &sleep), 1);
        assert_eq!(found("crates/a/src/lib.rs", &sleep), 0);
        assert_eq!(
            found(
                "crates/a/tests/t.rs",
                &format!("#[tokio::test(start_paused = true)]\n{sleep}")
            ),
            0
        );
    }

    #[test]
    fn a_lock_file_names_the_public_registry_only() {
        let public = format!("source = \"{CRATES_IO}\"\n");
        assert_eq!(found("Cargo.lock", &public), 0);
        assert_eq!(
            found("Cargo.lock", "source = \"git+https://example.com/x\"\n"),
            1
        );
        assert_eq!(
            found(
                "xtask/peers/js/package-lock.json",
                "\"resolved\": \"https://a/b.tgz\""
            ),
            1
        );
    }
}
