//! `cargo xtask sbom`: the bill of materials of each published crate, and whether it is whole.
//!
//! cargo-cyclonedx writes it; what it says is then held against `cargo tree` and the lock file. A step of `.ci/run`, since the
//! tool has to be there: `cargo install --locked cargo-cyclonedx@0.5.9`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use serde_json::Value;

use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// cargo-cyclonedx puts a file of this name beside the manifest of every member.
const FILE: &str = "bill-of-materials.cdx";

/// Name and version.
type Package = (String, String);

/// Writes `target/sbom/NAME.cdx.json` for each published crate, all platforms in one.
///
/// # Errors
/// A cargo-cyclonedx that is missing, and a normal dependency that a bill lacks, or has without licence or checksum.
pub(crate) fn run() -> Outcome {
    let metadata = MetadataCommand::new()
        .current_dir(workspace::root())
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .map_err(|e| Failure::new(format!("cargo metadata: {e}")))?;
    let lock = workspace::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).map_err(|e| Failure::at(&lock, "reading", e))?;
    let checksums = checksums(&lock);
    let out = workspace::root().join("target/sbom");
    std::fs::create_dir_all(&out).map_err(|e| Failure::at(&out, "making", e))?;
    write_all()?;
    let mut faults = Vec::new();
    for member in metadata.workspace_packages() {
        let folder = member.manifest_path.parent().map(PathBuf::from);
        let bill = take(&folder.unwrap_or_default())?;
        // `publish = false` is an empty list of registries.
        if member.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let name = member.name.as_str();
        let path = out.join(format!("{name}.cdx.json"));
        std::fs::write(&path, &bill).map_err(|e| Failure::at(&path, "writing", e))?;
        let bill: Value =
            serde_json::from_str(&bill).map_err(|e| Failure::at(&path, "reading", e))?;
        let needed = dependencies(name)?;
        let found = lacks(&bill, &needed, &checksums);
        println!(
            "target/sbom/{name}.cdx.json: {} components, {} normal dependencies, {} faults",
            components(&bill).count(),
            needed.len(),
            found.len()
        );
        faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} faults", faults.len())))
}

/// The same commit gives the same bills: they are dated by it.
fn write_all() -> Outcome {
    let mut git = std::process::Command::new("git");
    git.current_dir(workspace::root())
        .args(["log", "-1", "--format=%ct"]);
    let date = workspace::capture(&mut git)?;
    let mut cyclonedx = workspace::cargo();
    cyclonedx
        .args(["cyclonedx", "--format", "json", "--spec-version", "1.5"])
        .args(["--target", "all", "--override-filename", FILE, "-q"])
        .env("SOURCE_DATE_EPOCH", date.trim());
    workspace::capture(&mut cyclonedx).map(drop)
}

/// The bill beside a manifest, which is taken away; paths of this machine are cut to those of the repository.
fn take(folder: &Path) -> Result<String, Failure> {
    let path = folder.join(format!("{FILE}.json"));
    let text = std::fs::read_to_string(&path).map_err(|e| Failure::at(&path, "reading", e))?;
    std::fs::remove_file(&path).map_err(|e| Failure::at(&path, "removing", e))?;
    let root = format!("file://{}", workspace::root().display());
    Ok(text.replace(&root, "file://"))
}

/// What a crate takes in with its default features, on any platform.
fn dependencies(member: &str) -> Result<Vec<Package>, Failure> {
    let mut tree = workspace::cargo();
    tree.args(["tree", "--locked", "--edges", "normal", "--target", "all"])
        .args(["--prefix", "none", "--format", "{p}", "--package", member]);
    let listing = workspace::capture(&mut tree)?;
    let mut packages: Vec<Package> = listing.lines().filter_map(package).collect();
    packages.sort();
    packages.dedup();
    packages.retain(|(name, _)| name != member);
    Ok(packages)
}

/// A line of `cargo tree`: `h2 v0.4.20`, and where it comes from.
fn package(line: &str) -> Option<Package> {
    let (name, rest) = line.split_once(" v")?;
    let version = rest.split_whitespace().next()?;
    Some((name.to_owned(), version.to_owned()))
}

/// The SHA-256 of every package of a lock file that has one; ours have none.
fn checksums(lock: &str) -> BTreeMap<Package, String> {
    let value = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let blocks = lock.split("[[package]]");
    let packages = blocks.filter_map(|block| {
        let package = (value(block, "name")?, value(block, "version")?);
        Some((package, value(block, "checksum")?))
    });
    packages.collect()
}

fn components(bill: &Value) -> impl Iterator<Item = &Value> {
    bill.get("components")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The needed packages that a bill lacks, or has without licence or with another checksum than the lock file.
fn lacks(bill: &Value, needed: &[Package], checksums: &BTreeMap<Package, String>) -> Vec<String> {
    let text = |component: &Value, member: &str| {
        component
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let listed: BTreeMap<Package, &Value> = components(bill)
        .map(|component| {
            (
                (text(component, "name"), text(component, "version")),
                component,
            )
        })
        .collect();
    let fault = |package: &Package| {
        let Some(component) = listed.get(package) else {
            return Some("is not listed");
        };
        let licences = component.get("licenses").and_then(Value::as_array);
        if licences.is_none_or(Vec::is_empty) {
            return Some("has no licence");
        }
        let hash = component
            .pointer("/hashes/0/content")
            .and_then(Value::as_str);
        let expected = checksums.get(package).map(String::as_str);
        (hash != expected).then_some("has another checksum than in Cargo.lock, or none")
    };
    needed
        .iter()
        .filter_map(|package| {
            fault(package).map(|what| format!("{} {} {what}", package.0, package.1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"h2\"\nversion = \"0.4.20\"\nsource = \"registry\"\n\
                        checksum = \"abc\"\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";

    fn pair(name: &str, version: &str) -> Package {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_whole_bill_passes_and_each_gap_is_told() {
        let checksums = checksums(LOCK);
        assert_eq!(checksums.len(), 1);
        let needed = [pair("h2", "0.4.20"), pair("ours", "0.1.0")];
        let licence = json!([{"expression": "MIT"}]);
        let ours = json!({"name": "ours", "version": "0.1.0", "licenses": licence});
        let bill = |h2: Value| json!({"components": [ours, h2]});
        let whole = json!({"name": "h2", "version": "0.4.20", "licenses": licence, "hashes": [{"content": "abc"}]});
        assert_eq!(lacks(&bill(whole), &needed, &checksums), [""; 0]);
        for (h2, fault) in [
            (json!({"name": "h2", "version": "0.4.19"}), "is not listed"),
            (json!({"name": "h2", "version": "0.4.20"}), "has no licence"),
            (
                json!({"name": "h2", "version": "0.4.20", "licenses": licence}),
                "has another checksum than in Cargo.lock, or none",
            ),
        ] {
            let found = lacks(&bill(h2), &needed, &checksums);
            assert_eq!(found, [format!("h2 0.4.20 {fault}")]);
        }
    }

    #[test]
    fn lines_of_the_tree_are_read() {
        assert_eq!(package("h2 v0.4.20"), Some(pair("h2", "0.4.20")));
        let ours = "bedrock-wire v0.1.0 (/somewhere/crates/bedrock-wire)";
        assert_eq!(package(ours), Some(pair("bedrock-wire", "0.1.0")));
        assert_eq!(package(""), None);
    }
}
