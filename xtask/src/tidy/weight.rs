//! How many packages a user of one crate takes in: `cargo tree --edges normal`, unique, our own counted. And that none of
//! them needs more than Rust and a C compiler.

use super::Violation;
use super::facts::{Features, Graph};

struct Cap {
    member: &'static str,
    features: Features,
    packages: usize,
    /// What the same job costs elsewhere.
    beside: &'static str,
}

const CAPS: &[Cap] = &[
    Cap {
        member: "eventstream-codec",
        features: Features::Default,
        packages: 4,
        beside: "aws-smithy-eventstream: 24",
    },
    Cap {
        member: "eventstream-sigv4",
        features: Features::Default,
        packages: 20,
        beside: "aws-smithy-eventstream with aws-sigv4: 57",
    },
    Cap {
        member: "bedrock-stream",
        features: Features::Only("ring,native-roots"),
        packages: 110,
        beside: "aws-sdk-bedrockruntime: 119",
    },
    Cap {
        member: "bedrock-stream",
        features: Features::Default,
        packages: 162,
        beside: "aws-sdk-bedrockruntime with aws-config: 162",
    },
];

/// What needs cmake, nasm or a library of the system to be built.
const HARD_TO_BUILD: &[&str] = &["aws-lc-sys", "cmake", "native-tls", "openssl-sys"];

/// Fails every graph that has grown over its cap, a cap that no graph answers to, and what is hard to build.
pub(super) fn check(graphs: &[Graph]) -> Vec<Violation> {
    let over = CAPS.iter().filter_map(|cap| over(cap, graphs));
    over.chain(graphs.iter().flat_map(hard_to_build)).collect()
}

fn hard_to_build(graph: &Graph) -> impl Iterator<Item = Violation> {
    let packages = graph.packages.iter().map(|package| package.name.as_str());
    let hard = packages.filter(|name| HARD_TO_BUILD.contains(name));
    hard.map(|name| {
        let features = graph.features;
        Violation::new(
            &*graph.member,
            format!("{features:?} features bring {name}"),
        )
    })
}

fn over(cap: &Cap, graphs: &[Graph]) -> Option<Violation> {
    let of_cap = |g: &&Graph| g.member == cap.member && g.features == cap.features;
    let Some(graph) = graphs.iter().find(of_cap) else {
        return Some(Violation::new(
            cap.member,
            format!("no graph of {:?} features", cap.features),
        ));
    };
    let count = graph.packages.len();
    (count > cap.packages).then(|| {
        let message = format!(
            "{:?} features bring {count} packages, the cap is {} ({})",
            cap.features, cap.packages, cap.beside
        );
        Violation::new(cap.member, message)
    })
}

#[cfg(test)]
mod tests {
    use super::super::facts::Package;
    use super::*;

    fn codec(packages: usize) -> Graph {
        let packages = (0..packages)
            .map(|i| Package {
                name: format!("p{i}"),
                version: "1.0.0".to_owned(),
                rust_version: None,
            })
            .collect();
        Graph {
            member: "eventstream-codec".to_owned(),
            features: Features::Default,
            packages,
        }
    }

    #[test]
    fn one_package_over_the_cap_fails() {
        let [cap, ..] = CAPS else {
            panic!("the codec comes first")
        };
        assert_eq!(over(cap, &[codec(4)]), None);
        assert!(over(cap, &[codec(5)]).is_some());
    }

    #[test]
    fn what_is_hard_to_build_fails() {
        let mut graph = codec(3);
        assert_eq!(hard_to_build(&graph).count(), 0);
        for package in &mut graph.packages {
            package.name = "aws-lc-sys".to_owned();
        }
        assert_eq!(hard_to_build(&graph).count(), 3);
    }

    #[test]
    fn a_cap_on_nothing_fails() {
        assert_eq!(check(&[]).len(), CAPS.len());
    }
}
