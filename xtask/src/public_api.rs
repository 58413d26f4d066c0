//! `cargo xtask public-api`: the public surface of each crate, as committed in its `public-api.txt`.
//!
//! Needs cargo-public-api, which reads rustdoc's JSON; so it is a step of `.ci/run` and not of `cargo xtask test`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// A crate whose surface is a promise.
struct Surface {
    package: &'static str,
    /// Crates whose types may stand in it, besides [`EVERYWHERE`]: each behind a feature, or there is no other name for it.
    also: &'static [&'static str],
}

/// The libraries that everybody's surface may show.
const EVERYWHERE: &[&str] = &[
    "alloc",
    "bytes",
    "core",
    "futures_core",
    "http",
    "serde_core",
    "serde_json",
    "std",
];

const SURFACES: &[Surface] = &[
    Surface {
        package: "eventstream-codec",
        also: &["http_body", "tokio_util"],
    },
    Surface {
        package: "eventstream-sigv4",
        also: &[],
    },
    Surface {
        package: "bedrock-wire",
        also: &[],
    },
    Surface {
        package: "converse-stream",
        also: &["http_body"],
    },
    Surface {
        package: "nova-sonic",
        also: &[],
    },
    Surface {
        package: "h2-duplex",
        also: &["tokio", "tower_service"],
    },
    Surface {
        package: "bedrock-stream",
        also: &["aws_credential_types", "tokio", "tower_service"],
    },
    Surface {
        package: "bedrock-loopback",
        also: &["tokio"],
    },
    Surface {
        package: "bedrock-talk",
        also: &["http_body", "tokio", "tower_service"],
    },
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write the surfaces as they are now; the diff shows what changed, and whether the version must.
    #[arg(long)]
    bless: bool,
}

/// Compares the surface of every crate with the committed one.
///
/// # Errors
/// A surface that differs, one that shows a foreign type, or a cargo-public-api that is missing.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let ours: BTreeSet<String> = SURFACES
        .iter()
        .map(|s| s.package.replace('-', "_"))
        .collect();
    let mut faults = Vec::new();
    for surface in SURFACES {
        let now = surface.read()?;
        println!("{}: {} items", surface.package, now.lines().count());
        for name in foreign(&now) {
            let allowed =
                EVERYWHERE.contains(&name) || surface.also.contains(&name) || ours.contains(name);
            if !allowed {
                faults.push(format!("{} shows a type of `{name}`", surface.package));
            }
        }
        let path = surface.path();
        if arguments.bless {
            std::fs::write(&path, &now).map_err(|e| Failure::at(&path, "writing", e))?;
            continue;
        }
        let committed =
            std::fs::read_to_string(&path).map_err(|e| Failure::at(&path, "reading", e))?;
        faults.extend(differences(surface.package, &committed, &now));
    }
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &faults {
        println!("{fault}");
    }
    Err(Failure::new(format!(
        "{} differences; where they are meant: `cargo xtask public-api --bless`, and a line in CHANGELOG.md",
        faults.len()
    )))
}

impl Surface {
    fn path(&self) -> PathBuf {
        workspace::root()
            .join("crates")
            .join(self.package)
            .join("public-api.txt")
    }

    /// The surface with all features, blanket, automatic and derived impls left out.
    fn read(&self) -> Result<String, Failure> {
        let mut command = workspace::cargo();
        command
            .args([
                "public-api",
                "--package",
                self.package,
                "--all-features",
                "-sss",
            ])
            // rustdoc gives JSON only to those who ask for unstable things; the toolchain stays the stable one.
            .env("RUSTC_BOOTSTRAP", "1");
        workspace::capture(&mut command)
    }
}

/// The crates whose paths stand in `surface`.
fn foreign(surface: &str) -> BTreeSet<&str> {
    let of_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    surface
        .split(|c: char| !of_path(c))
        .filter_map(|path| path.split_once("::"))
        .map(|(root, _)| root)
        .filter(|root| root.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

/// Items that one side has and the other has not, as `+` and `-` lines.
fn differences(package: &str, committed: &str, now: &str) -> Vec<String> {
    let before: BTreeSet<&str> = committed.lines().collect();
    let after: BTreeSet<&str> = now.lines().collect();
    let gone = before
        .difference(&after)
        .map(|item| format!("{package}: - {item}"));
    let new = after
        .difference(&before)
        .map(|item| format!("{package}: + {item}"));
    gone.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_in_a_surface_are_found() {
        let surface = "pub fn a::B<c>::d(&self, e: &mut dyn futures_core::stream::Stream<Item = bytes::Bytes>) -> Self::Out";
        let found: Vec<_> = foreign(surface).into_iter().collect();
        assert_eq!(found, ["a", "bytes", "futures_core"]);
    }

    #[test]
    fn differences_go_both_ways() {
        let found = differences(
            "x",
            "pub fn x::a()\npub fn x::b()\n",
            "pub fn x::b()\npub fn x::c()\n",
        );
        assert_eq!(found, ["x: - pub fn x::a()", "x: + pub fn x::c()"]);
    }
}
