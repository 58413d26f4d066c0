//! Each error that users can meet has a row in the guide that is sorted by their text.

use super::Violation;
use super::facts::Source;

const GUIDE: &str = "docs/troubleshooting.md";

/// Fails each line of `fixtures/errors` that no row of the guide fits.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let guide = sources.iter().find(|s| s.path.ends_with(GUIDE));
    let rows = guide.map_or(Vec::new(), |s| texts(&s.text));
    let mut violations = Vec::new();
    for golden in sources.iter().filter(|s| {
        s.path.starts_with("fixtures/errors") && s.path.extension().is_some_and(|e| e == "txt")
    }) {
        for (index, line) in golden.text.lines().enumerate() {
            let fits = |row: &Vec<String>| row.iter().all(|part| line.contains(part.as_str()));
            if !line.ends_with(": complete") && !rows.iter().any(fits) {
                let place = format!("{}:{}", golden.path.display(), index + 1);
                violations.push(Violation::new(
                    place,
                    format!("no row of {GUIDE} has this text"),
                ));
            }
        }
    }
    violations
}

/// The quoted texts of the tables' first cells, each in the parts between its `…`. The table before the first heading is of
/// the advice, which every error has.
fn texts(guide: &str) -> Vec<Vec<String>> {
    let cells = guide
        .lines()
        .skip_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(quoted).collect()
}

/// What stands between single backticks, or between double ones with a backtick in it.
fn quoted(cell: &str) -> Vec<Vec<String>> {
    let fence = if cell.contains("``") { "``" } else { "`" };
    cell.split(fence)
        .skip(1)
        .step_by(2)
        .map(|text| text.split('…').map(|part| part.trim().to_owned()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn found(guide: &str, golden: &str) -> usize {
        let source = |path: &str, text: &str| Source {
            path: PathBuf::from(path),
            text: text.to_owned(),
        };
        check(&[
            source(GUIDE, guide),
            source("fixtures/errors/sonic.txt", golden),
        ])
        .len()
    }

    #[test]
    fn an_error_without_a_row_is_found() {
        let guide = "| advice | means |\n| `retry` | x |\n## On the way\n| text | cause |\n|---|---|\n| `is lost`, `A … B` | x |\n| ``without `stop` `` | y |\n";
        assert_eq!(
            found(guide, "cut: the link is lost (advice)\nx: A and B\n"),
            0
        );
        assert_eq!(found(guide, "end: ended without `stop` here\n"), 0);
        assert_eq!(found(guide, "fine: complete\n"), 0);
        assert_eq!(found(guide, "new: something else\nx: only A\n"), 2);
        assert_eq!(found(guide, "new: something else (advice: retry)\n"), 1);
    }
}
