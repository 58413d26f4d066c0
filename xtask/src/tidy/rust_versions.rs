//! What a member promises about the compiler must hold for all that it brings along.

use super::Violation;
use super::facts::{Features, Graph, Member};

/// Fails every package in a member's default graph that declares a newer Rust than the member does.
pub(super) fn check(members: &[Member], graphs: &[Graph]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let Some(promised) = &member.rust_version else {
            violations.push(Violation::new(&member.name, "declares no rust-version"));
            continue;
        };
        let default = |g: &&Graph| g.member == member.name && g.features == Features::Default;
        for package in graphs.iter().filter(default).flat_map(|g| &g.packages) {
            if let Some(needed) = package
                .rust_version
                .as_ref()
                .filter(|needed| *needed > promised)
            {
                let message = format!(
                    "promises Rust {promised}, but {} {} needs {needed}",
                    package.name, package.version
                );
                violations.push(Violation::new(&member.name, message));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use cargo_metadata::semver::Version;

    use super::super::facts::Package;
    use super::*;

    fn member(rust_version: Option<Version>) -> Member {
        Member {
            name: "codec".to_owned(),
            rust_version,
            dependencies: vec![],
        }
    }

    fn graph(features: Features, rust_version: Option<Version>) -> Graph {
        let packages = vec![Package {
            name: "sha2".to_owned(),
            version: "0.11.0".to_owned(),
            rust_version,
        }];
        Graph {
            member: "codec".to_owned(),
            features,
            packages,
        }
    }

    #[test]
    fn a_dependency_that_needs_more_fails() {
        let promise = [member(Some(Version::new(1, 85, 0)))];
        let needs = |minor| [graph(Features::Default, Some(Version::new(1, minor, 0)))];
        assert_eq!(check(&promise, &needs(85)), []);
        let [violation] = &check(&promise, &needs(88))[..] else {
            panic!("one violation")
        };
        assert_eq!(
            violation.message,
            "promises Rust 1.85.0, but sha2 0.11.0 needs 1.88.0"
        );
    }

    #[test]
    fn only_default_features_are_promised() {
        let promise = [member(Some(Version::new(1, 85, 0)))];
        assert_eq!(
            check(
                &promise,
                &[graph(Features::Only("x"), Some(Version::new(1, 94, 1)))]
            ),
            []
        );
    }

    #[test]
    fn a_member_without_a_promise_fails() {
        assert_eq!(check(&[member(None)], &[]).len(), 1);
    }
}
