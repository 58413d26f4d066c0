//! `cargo xtask guides`: the docs' commands and every example, run as they stand, offline.
//!
//! A `console` block of README or docs/ is a shell script; what it shows must be what comes. A block that cannot run here says so to its
//! reader: its first line is `# needs …`. Rust blocks are doc tests of a crate; `cargo xtask tidy` sees to that.

mod block;
mod console;
mod picture;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::failure::Failure;
use crate::{Outcome, workspace};
pub(crate) use block::{Block, blocks};
use console::Console;

/// How a block's script begins.
const PRELUDE: &str = include_str!("shell.sh");
/// Seconds that one block or example may take.
const CAP: &str = "120";
/// Measured by `cargo xtask bench`, which gives them what they need.
const BENCHED: &[&str] = &["bench_client", "bench_hour", "bench_talk", "firehose"];
/// Examples that talk to a peer of the user's.
const NEED_A_PEER: &[&str] = &["talk"];

/// What to do with the docs.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Draw the README's picture of a terminal anew, from the commands themselves.
    #[arg(long)]
    picture: bool,
    /// Run the blocks of these pages alone (`docs/loopback.md`), and no example.
    #[arg(value_name = "PAGE", conflicts_with = "picture")]
    pages: Vec<PathBuf>,
}

/// # Errors
/// Those of [`run_all`], or of the picture's commands.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    if arguments.picture {
        build()?;
        return picture::draw();
    }
    run_pages(&arguments.pages)
}

fn build() -> Outcome {
    let mut build = workspace::cargo();
    build.args(["build", "--workspace", "--bins", "--examples"]);
    build.args(["--features", &crate::test::FEATURES.join(",")]);
    workspace::capture(&mut build)?;
    Ok(())
}

/// Builds the command and the examples, and runs all of it.
///
/// # Errors
/// An example that fails or prints nothing, a block that fails or prints something else than it shows.
pub(crate) fn run_all() -> Outcome {
    run_pages(&[])
}

/// Runs the blocks of these pages; without any, all that there is.
fn run_pages(pages: &[PathBuf]) -> Outcome {
    let wanted = |path: &Path| pages.is_empty() || pages.iter().any(|page| page == path);
    let blocks = all_blocks()?;
    for page in pages {
        if !blocks.iter().any(|(path, _)| path == page) {
            return Err(Failure::new(format!(
                "guides: {} is no page with blocks; pages are named as from the root: docs/loopback.md",
                page.display()
            )));
        }
    }
    build()?;
    let folder = workspace::root().join("target/guides");
    prepare(&folder)?;
    let (examples, mut broken) = match pages {
        [] => run_examples(&folder)?,
        _ => (0, 0),
    };
    let mut tally = Tally::default();
    for (path, block) in blocks {
        if block.info != "console" || !wanted(&path) {
            continue;
        }
        if let Err(why) = run_block(&block, &folder, &mut tally) {
            println!("FAILED {}:{}: {why}", path.display(), block.line);
            broken += 1;
        }
    }
    println!(
        "{examples} examples and {} blocks run; {} need something that is not here: {}",
        tally.run,
        tally.needs.len(),
        tally.needs.join("; ")
    );
    if broken == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("guides: {broken} failed")))
    }
}

/// README and docs/, the pages with blocks that are held to be true.
pub(crate) fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "md")
        && (path == Path::new("README.md") || path.starts_with("docs"))
}

/// The blocks of all pages, each with its page.
///
/// # Errors
/// A page that cannot be read, or git.
pub(crate) fn all_blocks() -> Result<Vec<(PathBuf, Block)>, Failure> {
    let mut all = Vec::new();
    for path in workspace::files()?.into_iter().filter(|path| is_page(path)) {
        let page = std::fs::read_to_string(workspace::root().join(&path))
            .map_err(|e| Failure::at(&path, "reading", e))?;
        all.extend(blocks(&page).into_iter().map(|b| (path.clone(), b)));
    }
    Ok(all)
}

/// A folder that looks like the repository to those who read it, and takes what they write.
fn prepare(folder: &Path) -> Outcome {
    let fault = |e| Failure::at(folder, "preparing", e);
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(fault)?;
    for name in ["fixtures", "docs", "scripts", "crates"] {
        let original = workspace::root().join(name);
        #[cfg(unix)]
        std::os::unix::fs::symlink(original, folder.join(name)).map_err(fault)?;
        #[cfg(windows)]
        std::os::windows::fs::symlink_dir(original, folder.join(name)).map_err(fault)?;
    }
    Ok(())
}

/// How many were run, and how many of them failed.
fn run_examples(folder: &Path) -> Result<(usize, usize), Failure> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(workspace::root())
        .no_deps()
        .exec()
        .map_err(|e| Failure::new(format!("cargo metadata: {e}")))?;
    let targets = metadata.packages.iter().flat_map(|p| &p.targets);
    let examples = targets.filter(|t| t.is_example()).map(|t| t.name.as_str());
    let (mut run, mut failed) = (0, 0);
    for name in examples.filter(|n| !BENCHED.contains(n) && !NEED_A_PEER.contains(n)) {
        let script = format!("\"$ROOT/target/debug/examples/{name}\"\n");
        run += 1;
        let why = match execute(&script, folder)? {
            (true, output) if !output.trim().is_empty() => continue,
            (true, _) => "it prints nothing".to_owned(),
            (false, output) => output,
        };
        println!("FAILED example {name}: {why}");
        failed += 1;
    }
    Ok((run, failed))
}

#[derive(Default)]
struct Tally {
    run: usize,
    needs: Vec<String>,
}

fn run_block(block: &Block, folder: &Path, tally: &mut Tally) -> Result<(), String> {
    let (script, shown) = match console::read(block)? {
        Console::Needs(what) => {
            if !tally.needs.contains(&what) {
                tally.needs.push(what);
            }
            return Ok(());
        }
        Console::Run { script, shown } => (script, shown),
    };
    tally.run += 1;
    let (good, output) = execute(&script, folder).map_err(|e| e.to_string())?;
    if !good {
        return Err(format!("\n{script}{output}"));
    }
    match console::missing(&shown, &output) {
        None => Ok(()),
        Some(line) => Err(format!(
            "\n{script}does not print (in this order)\n{line}\nbut\n{output}"
        )),
    }
}

/// Runs a script with nothing on its standard input; whether it was good, and what it printed on both of its outputs.
fn execute(script: &str, folder: &Path) -> Result<(bool, String), Failure> {
    let fault = |e| Failure::at(folder, "running a script in", e);
    let output = folder.join("output");
    let file = File::create(&output).map_err(fault)?;
    let status = Command::new("timeout")
        .args(["--kill-after=5", CAP, "bash", "-c"])
        .arg(format!("{PRELUDE}{script}"))
        .current_dir(folder)
        .env("ROOT", workspace::root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(file.try_clone().map_err(fault)?)
        .stderr(file)
        .status()
        .map_err(fault)?;
    let printed = std::fs::read(&output).map_err(fault)?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let capped = if status.code() == Some(124) {
        format!("{printed}\n(not over after {CAP} s)\n")
    } else {
        printed
    };
    Ok((status.success(), capped))
}
