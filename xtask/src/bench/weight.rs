//! `cargo xtask bench weight`: what taking one of our crates costs a program, beside AWS's for the same job.
//!
//! Each program is a package of its own that is built from nothing with Cargo's own release profile; its versions are those
//! of our lock file or the peers'. The caps that must hold are `cargo xtask tidy`'s.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{machine, table};
use crate::failure::Failure;
use crate::{Outcome, peers, workspace};

/// A program of `xtask/peers/weight`, and what it takes: names of crates with TOML behind them. `CRATES` is our folder.
struct Program {
    name: &'static str,
    title: &'static str,
    takes: &'static [(&'static str, &'static str)],
}

const BYTES: (&str, &str) = ("bytes", "\"1\"");
const TOKIO: (&str, &str) = (
    "tokio",
    "{ version = \"1\", features = [\"macros\", \"rt\"] }",
);
const CODEC: (&str, &str) = (
    "eventstream-codec",
    "{ path = \"CRATES/eventstream-codec\" }",
);

const FUTURES: (&str, &str) = (
    "futures-util",
    "{ version = \"0.3\", default-features = false }",
);

/// Programs for the same job: ours first, then those that it is compared with.
const GROUPS: &[&[Program]] = &[
    &[
        Program {
            name: "codec-ours",
            title: "eventstream-codec",
            takes: &[BYTES, CODEC],
        },
        Program {
            name: "codec-theirs",
            title: "aws-smithy-eventstream",
            takes: &[BYTES, ("aws-smithy-eventstream", "\"0.61\"")],
        },
    ],
    &[
        Program {
            name: "signer-ours",
            title: "eventstream-codec + eventstream-sigv4",
            takes: &[
                BYTES,
                CODEC,
                (
                    "eventstream-sigv4",
                    "{ path = \"CRATES/eventstream-sigv4\" }",
                ),
            ],
        },
        Program {
            name: "signer-theirs",
            title: "aws-smithy-eventstream + aws-sigv4",
            takes: &[
                ("aws-smithy-eventstream", "\"0.61\""),
                (
                    "aws-sigv4",
                    "{ version = \"1\", features = [\"sign-eventstream\"] }",
                ),
                (
                    "aws-credential-types",
                    "{ version = \"1\", features = [\"hardcoded-credentials\"] }",
                ),
                ("aws-smithy-runtime-api", "\"1\""),
                ("aws-smithy-types", "\"1\""),
            ],
        },
    ],
    &[
        Program {
            name: "client-ours",
            title: "bedrock-stream without aws-config",
            takes: &[
                TOKIO,
                ("converse-stream", "{ path = \"CRATES/converse-stream\" }"),
                (
                    "bedrock-stream",
                    "{ path = \"CRATES/bedrock-stream\", default-features = false, features = [\"ring\", \"native-roots\"] }",
                ),
            ],
        },
        Program {
            name: "client-theirs",
            title: "aws-sdk-bedrockruntime as published",
            takes: &[
                TOKIO,
                FUTURES,
                (
                    "aws-sdk-bedrockruntime",
                    "{ version = \"1\", features = [\"behavior-version-latest\"] }",
                ),
            ],
        },
        Program {
            name: "client-theirs-ring",
            title: "aws-sdk-bedrockruntime on ring",
            takes: &[
                TOKIO,
                FUTURES,
                (
                    "aws-sdk-bedrockruntime",
                    "{ version = \"1\", default-features = false, features = [\"behavior-version-latest\", \"rt-tokio\"] }",
                ),
                (
                    "aws-smithy-http-client",
                    "{ version = \"1\", features = [\"rustls-ring\"] }",
                ),
            ],
        },
    ],
];

/// What a program weighs.
struct Weight {
    packages: usize,
    wall: f64,
    cpu: f64,
    /// Bytes of the stripped binary.
    size: u64,
}

/// Builds the programs one after the other and prints the table.
///
/// # Errors
/// When one does not build.
pub(super) fn run(bless: bool) -> Outcome {
    let nothing = Program {
        name: "empty",
        title: "nothing",
        takes: &[],
    };
    let base = nothing.weigh()?;
    let mut text = format!(
        "Built from nothing, in Cargo's own release profile; {}.\n\n\
         | program with | packages | CPU s to build | s to build | binary KiB over an empty one | ours is |\n\
         |---|---|---|---|---|---|\n",
        machine::taken()?
    );
    for group in GROUPS {
        let weights = group
            .iter()
            .map(Program::weigh)
            .collect::<Result<Vec<_>, _>>()?;
        let ours = weights.first().map_or(0.0, |ours| ours.cpu);
        for (program, weight) in group.iter().zip(weights) {
            let size = weight.size.saturating_sub(base.size) / 1024;
            let row = format!(
                "| {} | {} | {:.1} | {:.1} | {size} | {:.2} × |\n",
                program.title,
                weight.packages,
                weight.cpu,
                weight.wall,
                ours / weight.cpu,
            );
            text.push_str(&row);
        }
    }
    println!("\n{text}");
    if bless {
        table::save("weight", &text)?;
    }
    Ok(())
}

impl Program {
    fn weigh(&self) -> Result<Weight, Failure> {
        let folder = peers::folder().join("weight").join(self.name);
        self.write(&folder)?;
        eprintln!("building {}", self.name);
        // What a slow network adds is not the crate's.
        workspace::capture(
            workspace::cargo()
                .current_dir(&folder)
                .args(["fetch", "--quiet"]),
        )?;
        let (wall, cpu) = build(&folder)?;
        let binary = folder.join("target/release").join(self.name);
        let size = fs::metadata(&binary).map_err(|e| Failure::at(&binary, "measure", e))?;
        Ok(Weight {
            packages: packages(&folder)?,
            wall,
            cpu,
            size: size.len(),
        })
    }

    /// Makes the package anew, so that nothing of an earlier build is left.
    fn write(&self, folder: &Path) -> Outcome {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|e| Failure::at(folder, "empty", e))?;
        }
        peers::create(folder)?;
        let crates = workspace::root().join("crates");
        let mut manifest = format!(
            "[package]\nname = \"{}\"\nedition = \"2024\"\n\n[[bin]]\nname = \"{}\"\npath = \"{}\"\n\n\
             [profile.release]\nstrip = true\n\n[workspace]\n\n[dependencies]\n",
            self.name,
            self.name,
            self.source().display(),
        );
        for (name, toml) in self.takes {
            let toml = toml.replace("CRATES", &crates.to_string_lossy());
            manifest.extend([*name, " = ", &toml, "\n"]);
        }
        let path = folder.join("Cargo.toml");
        fs::write(&path, manifest).map_err(|e| Failure::at(&path, "write", e))?;
        let lock = if self.name.contains("theirs") {
            peers::sources()
        } else {
            workspace::root()
        };
        let (from, to) = (lock.join("Cargo.lock"), folder.join("Cargo.lock"));
        fs::copy(&from, &to).map_err(|e| Failure::at(&from, "copy", e))?;
        Ok(())
    }

    fn source(&self) -> PathBuf {
        peers::sources()
            .join("weight")
            .join(format!("{}.rs", self.name))
    }
}

/// Unique packages of `cargo tree --edges normal`, without the program itself.
fn packages(folder: &Path) -> Result<usize, Failure> {
    let mut tree = workspace::cargo();
    tree.current_dir(folder);
    tree.args([
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
    ]);
    let listing = workspace::capture(&mut tree)?;
    let packages: BTreeSet<_> = listing
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(packages.len().saturating_sub(1))
}

/// Builds a package; gives the seconds that it took and those of CPU.
fn build(folder: &Path) -> Result<(f64, f64), Failure> {
    let cargo = workspace::cargo();
    let mut timed = Command::new("bash");
    timed
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .args(["-c", "TIMEFORMAT='%R %U %S'; { time \"$@\" >&2; } 2>times || { cat times >&2; exit 1; }; tail -n 1 times", "bash"])
        .arg(cargo.get_program())
        .args(["build", "--release", "--quiet"]);
    let printed = workspace::capture(&mut timed)?;
    let numbers: Vec<f64> = printed.split_whitespace().flat_map(str::parse).collect();
    match numbers.as_slice() {
        [wall, user, system] => Ok((*wall, user + system)),
        _ => Err(Failure::new(format!("bash timed a build as {printed:?}"))),
    }
}
