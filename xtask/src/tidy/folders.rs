//! Every folder of fixtures says where its files come from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Violation;

const ORIGINS: &str = "SOURCES.md";

/// Fails a folder under `fixtures/` (or a crate's) that holds files but no SOURCES.md in itself or above.
pub(super) fn check(paths: &[PathBuf]) -> Vec<Violation> {
    let folders: BTreeSet<&Path> = paths
        .iter()
        .filter(|path| path.file_name().is_some_and(|name| name != ORIGINS))
        .filter_map(|path| path.parent())
        .filter(|folder| folder.components().any(|c| c.as_os_str() == "fixtures"))
        .collect();
    folders
        .into_iter()
        .filter(|folder| !described(folder, paths))
        .map(|folder| Violation::new(folder.display().to_string(), format!("no {ORIGINS} here")))
        .collect()
}

/// Whether the folder, or one between it and `fixtures/` itself, has the file.
fn described(folder: &Path, paths: &[PathBuf]) -> bool {
    folder
        .ancestors()
        .take_while(|above| above.file_name().is_some_and(|name| name != "fixtures"))
        .any(|above| paths.contains(&above.join(ORIGINS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn a_folder_without_origins_fails() {
        let found = check(&paths(&[
            "fixtures/audio/a.wav",
            "fixtures/eventstream/one.bin",
        ]));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_folder_is_described_by_itself_or_from_above() {
        let fine = [
            "fixtures/a/SOURCES.md",
            "fixtures/a/x.bin",
            "fixtures/a/b/y.bin",
            "src/lib.rs",
        ];
        assert_eq!(check(&paths(&fine)), []);
    }

    #[test]
    fn a_file_right_under_fixtures_belongs_to_no_one() {
        assert_eq!(
            check(&paths(&["fixtures/SOURCES.md", "fixtures/a.bin"])).len(),
            1
        );
    }
}
