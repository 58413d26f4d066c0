//! Links between the pages lead somewhere: the file is there, and the heading in it.

use std::path::{Component, Path, PathBuf};

use super::Violation;
use super::facts::Source;
use crate::guides::is_page;

/// Fails links of README and docs/ to files and headings that are not there; those that lead out of the repository are not followed.
pub(super) fn check(sources: &[Source], paths: &[PathBuf]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for page in sources.iter().filter(|s| is_page(&s.path)) {
        for (line, target) in links(&page.text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                beside(&page.path, file)
            };
            let text = sources.iter().find(|s| s.path == path).map(|s| &s.text);
            let there = paths.iter().any(|p| p.starts_with(&path));
            let has_heading = heading.is_empty()
                || text.is_some_and(|text| headings(text).any(|found| found == heading));
            if !there || !has_heading {
                let place = format!("{}:{line}", page.path.display());
                violations.push(Violation::new(place, format!("`{target}` leads nowhere")));
            }
        }
    }
    violations
}

/// The targets of relative links, with their lines; code is passed over.
fn links(page: &str) -> impl Iterator<Item = (usize, &str)> {
    outside_code(page).flat_map(|(line, text)| {
        let targets = text.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
        targets
            .filter(|target| !target.contains("://"))
            .map(move |target| (line, target))
    })
}

fn outside_code(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// The headings as a forge makes anchors of them.
fn headings(page: &str) -> impl Iterator<Item = String> {
    outside_code(page).filter_map(|(_, line)| {
        let heading = line.trim_start_matches('#');
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        (heading.len() < line.len()).then(|| {
            let heading = heading.trim().to_lowercase();
            heading
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
    })
}

/// `file` as seen from the folder of `page`.
fn beside(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let page = |path: &str, text: &str| Source {
            path: PathBuf::from(path),
            text: text.to_owned(),
        };
        let sources = [
            page("docs/guides/a.md", text),
            page("docs/b.md", "# B\n\n## What it `checks`\n"),
        ];
        let paths = [
            PathBuf::from("docs/guides/a.md"),
            PathBuf::from("docs/b.md"),
            PathBuf::from("fixtures/errors/x.txt"),
        ];
        check(&sources, &paths).len()
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        assert_eq!(
            found("[b](../b.md#what-it-checks), [x](../../fixtures/errors)"),
            0
        );
        assert_eq!(found("[b](../c.md) [b](../b.md#else) [a](#none)"), 3);
        assert_eq!(
            found("[o](https://example.org/x.md)\n```text\n[b](c.md)\n```\n"),
            0
        );
    }
}
