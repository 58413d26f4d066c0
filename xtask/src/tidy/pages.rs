//! The docs' code is code: each block is compiled or run by something.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::facts::Source;
use crate::guides::{Block, blocks, is_page};

/// What a block may be. `console` is run by `cargo xtask guides`; `js` and `python` by `cargo xtask interop`; the rest is data.
const KINDS: &[&str] = &[
    "rust",
    "rust,no_run",
    "rust,compile_fail",
    "console",
    "js",
    "python",
    "toml",
    "json",
    "text",
];

/// Where programs are copied from by people who read them as they stand.
const GUIDES: &str = "docs/guides/";

/// Fails blocks that nothing compiles or runs, and programs that are not the example that they are said to be, or that use
/// a crate which no `toml` block of the page names.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let files: BTreeMap<String, &str> = sources
        .iter()
        .map(|s| (s.path.display().to_string(), s.text.as_str()))
        .collect();
    let mut violations = Vec::new();
    for page in sources.iter().filter(|s| is_page(&s.path)) {
        let path = page.path.display().to_string();
        let compiled = is_doc_test(&path, sources);
        let blocks = blocks(&page.text);
        let given = dependencies(&blocks);
        for block in &blocks {
            let place = format!("{path}:{}", block.line);
            if !KINDS.contains(&block.info.as_str()) {
                violations.push(Violation::new(
                    &place,
                    format!(
                        "a block of kind `{}`: nothing compiles or runs it (commands are `console`)",
                        block.info
                    ),
                ));
            }
            if block.info.starts_with("rust") && !compiled {
                violations.push(Violation::new(
                    &place,
                    "Rust that is compiled by nothing: include the page as a doc test of a crate",
                ));
            }
            if path.starts_with(GUIDES) && block.info.starts_with("rust") {
                violations.extend(cannot_be_copied(&place, &block.text, &given));
            }
            let Some(source) = &block.source else {
                continue;
            };
            if files.get(source).map(|text| program(text)) != Some(block.text.as_str()) {
                violations.push(Violation::new(&place, format!("this is not {source}")));
            }
        }
    }
    violations
}

/// What the `toml` blocks of a page name, as Rust writes it.
fn dependencies(blocks: &[Block]) -> BTreeSet<String> {
    let tables = blocks.iter().filter(|block| block.info == "toml");
    let lines = tables.flat_map(|block| block.text.lines());
    lines
        .filter_map(|line| Some(line.split_once('=')?.0.trim().replace('-', "_")))
        .collect()
}

/// Why a block does not compile in a project that somebody makes of the page.
fn cannot_be_copied(place: &str, program: &str, given: &BTreeSet<String>) -> Vec<Violation> {
    let mut why = Vec::new();
    if program.lines().any(|line| line.starts_with("# ")) {
        why.push("lines that only rustdoc hides: write the whole program".to_owned());
    }
    let used: BTreeSet<&str> = program
        .lines()
        .filter_map(|line| line.strip_prefix("use ")?.split("::").next())
        .filter(|name| !["std", "core", "alloc", "super", "crate"].contains(name))
        .collect();
    for name in used {
        if !given.contains(name) {
            why.push(format!(
                "a program uses {name}, and no `toml` block names it"
            ));
        }
    }
    why.into_iter()
        .map(|why| Violation::new(place, why))
        .collect()
}

/// Whether some crate has this page for a doc test.
fn is_doc_test(path: &str, sources: &[Source]) -> bool {
    let include = format!("include_str!(\"../../../{path}\")");
    sources
        .iter()
        .any(|s| s.path.ends_with("src/lib.rs") && s.text.contains(&include))
}

/// A program without the lines that say what it is: those stand in the page's own words.
fn program(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with("//!") || rest.starts_with('\n') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn found(page: &str, example: &str) -> usize {
        let source = |path: &str, text: &str| Source {
            path: PathBuf::from(path),
            text: text.to_owned(),
        };
        check(&[
            source("docs/a.md", page),
            source("crates/x/examples/y.rs", example),
            source(
                "crates/x/src/lib.rs",
                "#[doc = include_str!(\"../../../docs/a.md\")]",
            ),
        ])
        .len()
    }

    #[test]
    fn what_nothing_runs_is_found() {
        assert_eq!(found("```rust,ignore\nx\n```\n", ""), 1);
        assert_eq!(found("```sh\nx\n```\n", ""), 1);
        assert_eq!(found("```rust\nx\n```\n```console\n$ x\n```\n", ""), 0);
        let elsewhere = Source {
            path: PathBuf::from("docs/b.md"),
            text: "```rust\nx\n```\n".to_owned(),
        };
        assert_eq!(check(&[elsewhere]).len(), 1);
    }

    #[test]
    fn a_program_is_the_example_that_it_is_said_to_be() {
        let page = "<!-- crates/x/examples/y.rs -->\n```rust,no_run\nfn main() {}\n```\n";
        assert_eq!(found(page, "//! What.\n//! More.\n\nfn main() {}\n"), 0);
        assert_eq!(found(page, "//! What.\n\nfn main() { }\n"), 1);
    }

    #[test]
    fn a_guide_names_what_its_programs_need_and_hides_nothing() {
        let given = dependencies(&blocks("```toml\n[dependencies]\na-b = \"1\"\n```\n"));
        let found = |program: &str| cannot_be_copied("docs/guides/x.md:1", program, &given).len();
        assert_eq!(found("use std::io;\nuse a_b::C;\n"), 0);
        assert_eq!(found("use a_b::C;\nuse d::E;\nuse d::F;\n"), 1);
        assert_eq!(found("# fn main() {\nuse a_b::C;\n# }\n"), 1);
    }
}
