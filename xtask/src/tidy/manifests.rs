//! Manifests: every version stands once, in the root; nothing of others stands there that no member takes; lints are everybody's.

use super::Violation;
use super::facts::{Package, Source};

/// Crates of which a second version would be a second protocol stack, runtime or hash.
const ONE_OF_EACH: &[&str] = &["h2", "hyper", "http", "rustls", "tokio", "sha2"];

/// Fails what the workspace's manifests should not say.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let root = sources.iter().find(|s| s.path.as_os_str() == "Cargo.toml");
    let members: Vec<&Source> = sources.iter().filter(|s| is_member(s)).collect();
    let mut violations: Vec<Violation> = members.iter().flat_map(|m| check_member(m)).collect();
    for name in root.map(shared_dependencies).unwrap_or_default() {
        let taken = members
            .iter()
            .any(|m| dependencies(m).any(|line| line.name == name));
        if !taken {
            violations.push(Violation::new(
                "Cargo.toml",
                format!("no member takes {name}"),
            ));
        }
    }
    violations
}

/// Fails a second version of a crate that there must be only one of, tests included.
pub(super) fn check_versions(packages: &[Package]) -> Vec<Violation> {
    ONE_OF_EACH
        .iter()
        .filter_map(|name| {
            let versions: Vec<&str> = packages
                .iter()
                .filter(|p| p.name == *name)
                .map(|p| p.version.as_str())
                .collect();
            (versions.len() > 1)
                .then(|| Violation::new("Cargo.lock", format!("{name} {}", versions.join(" and "))))
        })
        .collect()
}

fn is_member(source: &Source) -> bool {
    let path = source.path.to_string_lossy();
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts[..],
        ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"] | ["xtask", "probe", "Cargo.toml"]
    )
}

fn check_member(manifest: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for line in dependencies(manifest).filter(|line| !line.shared) {
        let place = format!("{}:{}", manifest.path.display(), line.number);
        let message = format!(
            "{}: its version belongs into [workspace.dependencies]",
            line.name
        );
        violations.push(Violation::new(place, message));
    }
    if !manifest.text.contains("[lints]\nworkspace = true") {
        violations.push(Violation::new(
            manifest.path.display().to_string(),
            "lints are the workspace's",
        ));
    }
    violations
}

/// One line of a dependency table.
struct Line<'a> {
    number: usize,
    name: &'a str,
    /// Whether it takes the workspace's entry.
    shared: bool,
    /// Whether it is a member of this workspace.
    ours: bool,
}

fn dependencies(manifest: &Source) -> impl Iterator<Item = Line<'_>> {
    entries(&manifest.text, |section| section.ends_with("dependencies"))
}

fn shared_dependencies(root: &Source) -> Vec<&str> {
    entries(&root.text, |section| section == "workspace.dependencies")
        .filter(|line| !line.ours)
        .map(|line| line.name)
        .collect()
}

/// The `name = …` lines of the sections that are wanted.
fn entries(text: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Line<'_>> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|l| l.trim_end().strip_suffix(']'))
        {
            inside = wanted(section);
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let (name, shorthand) = match key.trim().split_once('.') {
            Some((name, rest)) => (name, rest == "workspace"),
            None => (key.trim(), false),
        };
        let named = name.chars().next().is_some_and(char::is_alphanumeric);
        (inside && named).then(|| Line {
            number: index + 1,
            name,
            shared: shorthand || value.contains("workspace = true"),
            ours: value.contains("path = "),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: PathBuf::from(path),
            text: text.to_owned(),
        }
    }

    const ROOT: &str =
        "[workspace.dependencies]\n# Bytes.\nbytes = \"1\"\nserde = { version = \"1\" }\n";
    const LINTS: &str = "\n[lints]\nworkspace = true\n";

    fn member(dependencies: &str) -> Source {
        source(
            "crates/a/Cargo.toml",
            &format!("[package]\nname = \"a\"\n\n{dependencies}{LINTS}"),
        )
    }

    #[test]
    fn shared_versions_pass() {
        let taken = "[dependencies]\nbytes.workspace = true\n[dev-dependencies]\nserde = { workspace = true, features = [\"derive\"] }\n";
        assert_eq!(check(&[source("Cargo.toml", ROOT), member(taken)]), []);
    }

    #[test]
    fn a_version_of_its_own_fails() {
        let own = "[dependencies]\nbytes.workspace = true\nserde = { version = \"1\", features = [\"derive\"] }\n";
        let found = check(&[source("Cargo.toml", ROOT), member(own)]);
        assert_eq!(
            found.iter().map(|v| v.place.as_str()).collect::<Vec<_>>(),
            ["crates/a/Cargo.toml:6"]
        );
    }

    #[test]
    fn an_entry_that_nobody_takes_fails() {
        let found = check(&[
            source("Cargo.toml", ROOT),
            member("[dependencies]\nbytes.workspace = true\n"),
        ]);
        assert_eq!(
            found,
            [Violation::new("Cargo.toml", "no member takes serde")]
        );
    }

    #[test]
    fn a_member_with_lints_of_its_own_fails() {
        assert_eq!(
            check(&[source("crates/a/Cargo.toml", "[package]\nname = \"a\"\n")]).len(),
            1
        );
    }

    #[test]
    fn a_second_stack_fails() {
        let package = |version: &str| Package {
            name: "h2".to_owned(),
            version: version.to_owned(),
            rust_version: None,
        };
        assert_eq!(check_versions(&[package("0.4.20")]), []);
        assert_eq!(
            check_versions(&[package("0.3.27"), package("0.4.20")]).len(),
            1
        );
    }
}
