//! What the rules judge: members and their edges, dependency graphs, source files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::semver::Version;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::failure::Failure;
use crate::workspace;

/// Everything that the rules look at.
pub(super) struct Facts {
    pub(super) members: Vec<Member>,
    pub(super) graphs: Vec<Graph>,
    /// Every package of the lock file that some member takes on some platform, tests included.
    pub(super) packages: Vec<Package>,
    pub(super) sources: Vec<Source>,
    /// All files of the repository, relative to its root.
    pub(super) paths: Vec<PathBuf>,
}

/// A crate of the workspace.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) rust_version: Option<Version>,
    pub(super) dependencies: Vec<Edge>,
}

/// One line of a member's dependency tables.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) to: String,
    pub(super) kind: EdgeKind,
    pub(super) optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EdgeKind {
    Normal,
    Development,
    Build,
}

/// The packages that one member brings with it (normal dependencies, host platform, itself counted).
pub(super) struct Graph {
    pub(super) member: String,
    pub(super) features: Features,
    pub(super) packages: Vec<Package>,
}

/// With which features a graph was resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Features {
    Default,
    /// No default features, and just these.
    Only(&'static str),
}

pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) rust_version: Option<Version>,
}

/// A text file of the repository.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The graphs beside the default ones that a rule wants.
const SPECIAL_GRAPHS: &[(&str, &str)] = &[
    // The traits and the in-memory pipe must cost nothing.
    ("h2-duplex", ""),
    // The client of somebody who has credentials of his own.
    ("bedrock-stream", "ring,native-roots"),
];

impl Facts {
    /// Asks cargo and git.
    ///
    /// # Errors
    /// When one of them cannot answer, or a file cannot be read.
    pub(super) fn gather() -> Result<Self, Failure> {
        let metadata = MetadataCommand::new()
            .current_dir(workspace::root())
            .other_options(vec!["--locked".to_owned()])
            .exec()
            .map_err(|e| Failure::new(format!("cargo metadata: {e}")))?;
        let members = members(&metadata);
        let rust_versions = metadata
            .packages
            .iter()
            .map(|p| {
                (
                    (p.name.to_string(), p.version.to_string()),
                    p.rust_version.clone(),
                )
            })
            .collect();
        let default = members.iter().map(|m| (m.name.as_str(), Features::Default));
        let special = SPECIAL_GRAPHS
            .iter()
            .filter(|(name, _)| members.iter().any(|m| m.name == *name))
            .map(|(name, features)| (*name, Features::Only(features)));
        let graphs = default
            .chain(special)
            .map(|(member, features)| graph(member, features, &rust_versions))
            .collect::<Result<_, _>>()?;
        let packages = metadata
            .packages
            .iter()
            .map(|p| Package {
                name: p.name.to_string(),
                version: p.version.to_string(),
                rust_version: p.rust_version.clone(),
            })
            .collect();
        let paths = workspace::files()?;
        let sources = paths
            .iter()
            .filter_map(|path| source(path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            members,
            graphs,
            packages,
            sources,
            paths,
        })
    }
}

fn members(metadata: &Metadata) -> Vec<Member> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| Member {
            name: package.name.to_string(),
            rust_version: package.rust_version.clone(),
            dependencies: package
                .dependencies
                .iter()
                .map(|d| Edge {
                    to: d.name.clone(),
                    kind: match d.kind {
                        DependencyKind::Development => EdgeKind::Development,
                        DependencyKind::Build => EdgeKind::Build,
                        _ => EdgeKind::Normal,
                    },
                    optional: d.optional,
                })
                .collect(),
        })
        .collect()
}

/// `cargo tree` resolves features for the asked member alone; `cargo metadata` unifies them over the workspace.
fn graph(
    member: &str,
    features: Features,
    rust_versions: &BTreeMap<(String, String), Option<Version>>,
) -> Result<Graph, Failure> {
    let mut tree = workspace::cargo();
    tree.args([
        "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}",
    ]);
    tree.args(["--package", member]);
    if let Features::Only(list) = features {
        tree.args(["--no-default-features", "--features", list]);
    }
    let listing = workspace::capture(&mut tree)?;
    let mut packages: BTreeMap<(String, String), Package> = BTreeMap::new();
    for line in listing.lines() {
        let Some((name, version)) = tree_line(line) else {
            continue;
        };
        let key = (name.to_owned(), version.to_owned());
        let rust_version = rust_versions.get(&key).cloned().flatten();
        packages.entry(key).or_insert_with(|| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            rust_version,
        });
    }
    Ok(Graph {
        member: member.to_owned(),
        features,
        packages: packages.into_values().collect(),
    })
}

/// Splits `name v1.2.3 (path) (*)`.
fn tree_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name, version))
}

/// Reads a file if it is text; what holds a NUL or is not UTF-8 is none.
fn source(path: &Path) -> Option<Result<Source, Failure>> {
    match std::fs::read(workspace::root().join(path)) {
        Ok(bytes) if bytes.contains(&0) => None,
        Ok(bytes) => {
            let text = String::from_utf8(bytes).ok()?;
            Some(Ok(Source {
                path: path.to_path_buf(),
                text,
            }))
        }
        Err(e) => Some(Err(Failure::at(path, "read", e))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargo_tree_is_split() {
        assert_eq!(tree_line("bytes v1.12.1"), Some(("bytes", "1.12.1")));
        assert_eq!(
            tree_line("own v0.1.0 (/somewhere/own) (*)"),
            Some(("own", "0.1.0"))
        );
        assert_eq!(tree_line(""), None);
    }
}
