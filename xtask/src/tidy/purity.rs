//! Who may know of a runtime, of HTTP/2, of TLS and of AWS's own crates.

use super::Violation;
use super::facts::{EdgeKind, Features, Graph, Member};

/// The only members that may touch a runtime or a socket.
const WITH_IO: &[&str] = &[
    "h2-duplex",
    "bedrock-stream",
    "bedrock-loopback",
    "bedrock-talk",
    "bedrock-cli",
    // Nobody's dependency: it examines the others.
    "probe",
];

const IO_CRATES: &[&str] = &[
    "tokio",
    "tokio-util",
    "tokio-rustls",
    "h2",
    "hyper",
    "hyper-util",
    "rustls",
    "mio",
    "reqwest",
    "async-std",
    "smol",
    "native-tls",
    "openssl",
];

/// `(member, dependency)`: optional, and off unless the caller asks.
const OPTIONAL_EXCEPTIONS: &[(&str, &str)] = &[("eventstream-codec", "tokio-util")];

/// The members whose default graph is free of AWS's crates.
const WITHOUT_AWS: &[&str] = &[
    "eventstream-codec",
    "eventstream-sigv4",
    "bedrock-wire",
    "converse-stream",
    "nova-sonic",
    "h2-duplex",
];

/// Fails a runtime, h2 or rustls in the dependency table of a member that may not have it, also behind a feature.
pub(super) fn check_direct(members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members
        .iter()
        .filter(|m| !WITH_IO.contains(&m.name.as_str()))
    {
        for edge in &member.dependencies {
            let pair = (member.name.as_str(), edge.to.as_str());
            let excepted = edge.optional && OPTIONAL_EXCEPTIONS.contains(&pair);
            if edge.kind != EdgeKind::Development && IO_CRATES.contains(&pair.1) && !excepted {
                let place = format!("{} -> {}", pair.0, pair.1);
                violations.push(Violation::new(
                    place,
                    "only the five crates with I/O may have it",
                ));
            }
        }
    }
    violations
}

/// Fails what comes in through others: I/O crates outside the five, and AWS's crates in the low ones.
pub(super) fn check_graphs(graphs: &[Graph]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for graph in graphs {
        let member = graph.member.as_str();
        let bare = graph.features == Features::Only("");
        for package in &graph.packages {
            let name = package.name.as_str();
            if IO_CRATES.contains(&name) && (!WITH_IO.contains(&member) || bare) {
                let which = if bare {
                    "graph without features"
                } else {
                    "default graph"
                };
                violations.push(Violation::new(member, format!("its {which} holds {name}")));
            }
            if name.starts_with("aws-") && WITHOUT_AWS.contains(&member) {
                violations.push(Violation::new(
                    member,
                    format!("its default graph holds {name}"),
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Edge, Package};
    use super::*;

    fn member(name: &str, to: &str, kind: EdgeKind, optional: bool) -> Member {
        let dependencies = vec![Edge {
            to: to.to_owned(),
            kind,
            optional,
        }];
        Member {
            name: name.to_owned(),
            rust_version: None,
            dependencies,
        }
    }

    fn graph(member: &str, features: Features, package: &str) -> Graph {
        let packages = vec![Package {
            name: package.to_owned(),
            version: "1.0.0".to_owned(),
            rust_version: None,
        }];
        Graph {
            member: member.to_owned(),
            features,
            packages,
        }
    }

    #[test]
    fn a_runtime_in_a_protocol_crate_fails_even_behind_a_feature() {
        let found = check_direct(&[member("nova-sonic", "tokio", EdgeKind::Normal, true)]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_runtime_in_tests_or_in_the_client_passes() {
        let members = [
            member("nova-sonic", "tokio", EdgeKind::Development, false),
            member("bedrock-stream", "tokio", EdgeKind::Normal, false),
        ];
        assert_eq!(check_direct(&members), []);
    }

    #[test]
    fn the_codec_may_offer_tokio_util_but_not_impose_it() {
        let offered = member("eventstream-codec", "tokio-util", EdgeKind::Normal, true);
        let imposed = member("eventstream-codec", "tokio-util", EdgeKind::Normal, false);
        assert_eq!(check_direct(&[offered]), []);
        assert_eq!(check_direct(&[imposed]).len(), 1);
    }

    #[test]
    fn a_runtime_that_comes_in_through_others_fails() {
        assert_eq!(
            check_graphs(&[graph("bedrock-wire", Features::Default, "tokio")]).len(),
            1
        );
        assert_eq!(
            check_graphs(&[graph("h2-duplex", Features::Default, "tokio")]),
            []
        );
        assert_eq!(
            check_graphs(&[graph("h2-duplex", Features::Only(""), "tokio")]).len(),
            1
        );
    }

    #[test]
    fn an_aws_crate_in_a_low_default_graph_fails() {
        assert_eq!(
            check_graphs(&[graph("eventstream-sigv4", Features::Default, "aws-sigv4")]).len(),
            1
        );
        assert_eq!(
            check_graphs(&[graph("bedrock-stream", Features::Default, "aws-config")]),
            []
        );
    }
}
