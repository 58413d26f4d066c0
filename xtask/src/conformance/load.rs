//! Cases from files: `NAME.json` with `NAME.bin` beside it, files of many cases, listings of recorded streams, and lone
//! `.bin` files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::case::{Case, CaseError, Kind};
use super::converse;
use super::fields::Fields;
use crate::failure::Failure;

/// Loads every case under `folder`, sorted by name.
///
/// # Errors
/// When the folder or a case cannot be read, or a case makes no sense.
pub(crate) fn load(folder: &Path) -> Result<Vec<Case>, Failure> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    files.sort();
    let mut claimed = BTreeSet::new();
    let mut cases = Vec::new();
    for json in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
    {
        let text = fs::read_to_string(json).map_err(|e| Failure::at(json, "read", e))?;
        let value: Value = serde_json::from_str(&text).map_err(|e| Failure::at(json, "read", e))?;
        let loaded = if value.is_array() {
            listing(json, &value, &mut claimed)
        } else if let Some(many) = value.get("cases").and_then(Value::as_array) {
            // The cases of model families are run by the tests of converse-stream.
            many.iter()
                .filter(|case| case.get("kind").is_none_or(|kind| kind != "invoke"))
                .map(|case| converse::case(json, case))
                .collect()
        } else {
            single(json, &value, &mut claimed).map(|case| case.into_iter().collect())
        };
        cases.extend(loaded.map_err(|e| Failure::at(json, "case", e))?);
    }
    for bin in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "bin"))
    {
        if !claimed.contains(bin) {
            let bytes = read(bin).map_err(|e| Failure::at(bin, "read", e))?;
            cases.push(Case::at(
                bin,
                Kind::Recorded {
                    bytes,
                    frames: None,
                },
            ));
        }
    }
    Ok(cases)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|e| Failure::at(folder, "read", e))?;
    for entry in entries {
        let path = entry.map_err(|e| Failure::at(folder, "read", e))?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CaseError> {
    fs::read(path).map_err(|e| CaseError::new(format!("{}: {e}", path.display())))
}

/// `[{"file", "frames", …}]`: recorded streams in a folder beside the listing.
fn listing(
    json: &Path,
    value: &Value,
    claimed: &mut BTreeSet<PathBuf>,
) -> Result<Vec<Case>, CaseError> {
    #[derive(Deserialize)]
    struct Entry {
        file: PathBuf,
        frames: usize,
        bytes: usize,
    }
    let entries: Vec<Entry> = Vec::deserialize(value).map_err(|e| CaseError::new(e.to_string()))?;
    let folder = json.parent().unwrap_or(json);
    entries
        .into_iter()
        .map(|entry| {
            let path = folder.join(&entry.file);
            let bytes = read(&path)?;
            if bytes.len() != entry.bytes {
                return Err(CaseError::new(format!(
                    "{} is not as long as listed",
                    path.display()
                )));
            }
            let case = Case::at(
                &path,
                Kind::Recorded {
                    bytes,
                    frames: Some(entry.frames),
                },
            );
            claimed.insert(path);
            Ok(case)
        })
        .collect()
}

/// `{"kind", …}`: one case. A file without `kind` is none of ours.
fn single(
    json: &Path,
    value: &Value,
    claimed: &mut BTreeSet<PathBuf>,
) -> Result<Option<Case>, CaseError> {
    if value.get("kind").is_none() {
        return Ok(None);
    }
    let fields = Fields::deserialize(value).map_err(|e| CaseError::new(e.to_string()))?;
    claimed.extend(fields.bin(json));
    Ok(Some(Case::at(json, fields.kind(json)?)))
}
