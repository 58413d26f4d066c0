//! Which member may depend on which: the diagram of docs/ARCHITECTURE.md as a table.

use super::Violation;
use super::facts::{EdgeKind, Member};

/// Every normal edge that the design has.
const ALLOWED: &[(&str, &[&str])] = &[
    ("eventstream-codec", &[]),
    ("h2-duplex", &[]),
    ("eventstream-sigv4", &["eventstream-codec"]),
    ("bedrock-wire", &["eventstream-codec"]),
    ("converse-stream", &["eventstream-codec", "bedrock-wire"]),
    ("nova-sonic", &["eventstream-codec", "bedrock-wire"]),
    (
        "bedrock-stream",
        &[
            "eventstream-codec",
            "eventstream-sigv4",
            "bedrock-wire",
            "converse-stream",
            "nova-sonic",
            "h2-duplex",
        ],
    ),
    // Between a conversation and those who cannot hold one themselves: browsers, telephones.
    ("bedrock-talk", &["nova-sonic", "bedrock-stream"]),
    // The oracle shares no code with what it judges; our codec only frames its answers.
    ("bedrock-loopback", &["eventstream-codec"]),
    (
        "bedrock-cli",
        &[
            "eventstream-codec",
            "eventstream-sigv4",
            "bedrock-wire",
            "converse-stream",
            "nova-sonic",
            "h2-duplex",
            "bedrock-stream",
            "bedrock-loopback",
            "bedrock-talk",
        ],
    ),
    (
        "xtask",
        &[
            "eventstream-codec",
            "eventstream-sigv4",
            "bedrock-wire",
            "converse-stream",
        ],
    ),
    (
        "probe",
        &[
            "bedrock-stream",
            "converse-stream",
            "h2-duplex",
            "nova-sonic",
        ],
    ),
];

/// The edges that tests may have on top.
const ALLOWED_IN_TESTS: &[(&str, &[&str])] = &[
    ("bedrock-stream", &["bedrock-loopback"]),
    (
        "bedrock-talk",
        &["bedrock-loopback", "eventstream-codec", "h2-duplex"],
    ),
];

/// Fails every edge between members that the design does not have.
pub(super) fn check(members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let Some(allowed) = targets(ALLOWED, &member.name) else {
            violations.push(Violation::new(
                &member.name,
                "a new member: draw it in docs/ARCHITECTURE.md, then enter it in xtask/src/tidy/direction.rs",
            ));
            continue;
        };
        let in_tests = targets(ALLOWED_IN_TESTS, &member.name).unwrap_or_default();
        for edge in &member.dependencies {
            if !members.iter().any(|m| m.name == edge.to) {
                continue;
            }
            let to = edge.to.as_str();
            let fine = allowed.contains(&to)
                || (edge.kind == EdgeKind::Development && in_tests.contains(&to));
            if !fine {
                let place = format!("{} -> {to}", member.name);
                violations.push(Violation::new(place, "the design has no such edge"));
            }
        }
    }
    violations
}

fn targets<'a>(table: &[(&str, &'a [&'a str])], from: &str) -> Option<&'a [&'a str]> {
    table
        .iter()
        .find(|(name, _)| *name == from)
        .map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::super::facts::Edge;
    use super::*;

    fn member(name: &str, edges: &[(&str, EdgeKind)]) -> Member {
        let dependencies = edges
            .iter()
            .map(|(to, kind)| Edge {
                to: (*to).to_owned(),
                kind: *kind,
                optional: false,
            })
            .collect();
        Member {
            name: name.to_owned(),
            rust_version: None,
            dependencies,
        }
    }

    #[test]
    fn the_drawn_edges_pass() {
        let members = [
            member("eventstream-codec", &[]),
            member(
                "nova-sonic",
                &[
                    ("eventstream-codec", EdgeKind::Normal),
                    ("serde", EdgeKind::Normal),
                ],
            ),
        ];
        assert_eq!(check(&members), []);
    }

    #[test]
    fn an_edge_between_two_protocols_fails() {
        let members = [
            member("eventstream-sigv4", &[]),
            member("nova-sonic", &[("eventstream-sigv4", EdgeKind::Normal)]),
        ];
        let [violation] = &check(&members)[..] else {
            panic!("one violation")
        };
        assert_eq!(violation.place, "nova-sonic -> eventstream-sigv4");
    }

    #[test]
    fn the_loopback_is_for_tests_of_the_client_only() {
        let loopback = || member("bedrock-loopback", &[]);
        let in_tests = member(
            "bedrock-stream",
            &[("bedrock-loopback", EdgeKind::Development)],
        );
        assert_eq!(check(&[loopback(), in_tests]), []);
        let always = member("bedrock-stream", &[("bedrock-loopback", EdgeKind::Normal)]);
        assert_eq!(check(&[loopback(), always]).len(), 1);
        let elsewhere = member("h2-duplex", &[("bedrock-loopback", EdgeKind::Development)]);
        assert_eq!(check(&[loopback(), elsewhere]).len(), 1);
    }

    #[test]
    fn a_member_that_nobody_drew_fails() {
        assert_eq!(check(&[member("helpers", &[])]).len(), 1);
    }
}
