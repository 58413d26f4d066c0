//! The fenced blocks of a page.

use std::path::Path;

/// One fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its opening fence, from 1.
    pub(crate) line: usize,
    /// What stands behind the fence: `rust`, `console`, ….
    pub(crate) info: String,
    pub(crate) text: String,
    /// The file that a comment right in front of it names: `<!-- crates/x/examples/y.rs -->`.
    pub(crate) source: Option<String>,
}

/// The blocks of a page, in their order. A list's indentation is taken off; a block without an end goes to the end of the page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut source = None;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let indented = line.len() - line.trim_start().len();
        let Some(info) = line.trim_start().strip_prefix("```") else {
            source = commented(line);
            continue;
        };
        let mut text = String::new();
        for (_, line) in lines.by_ref() {
            if line.trim_start() == "```" {
                break;
            }
            text.push_str(line.get(indented..).unwrap_or_default());
            text.push('\n');
        }
        blocks.push(Block {
            line: index + 1,
            info: info.to_owned(),
            text,
            source: source.take(),
        });
    }
    blocks
}

fn commented(line: &str) -> Option<String> {
    let path = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let is_rust = Path::new(path).extension().is_some_and(|e| e == "rs");
    is_rust.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_place_their_kind_and_their_source() {
        let page = "# T\n\n<!-- a/b.rs -->\n```rust\nfn f() {\n}\n```\n\n1. x\n\n   ```console\n   $ y\n   ```\n";
        let found = blocks(page);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 4);
        assert_eq!(found[0].source.as_deref(), Some("a/b.rs"));
        assert_eq!(found[0].text, "fn f() {\n}\n");
        assert_eq!(found[1].info, "console");
        assert_eq!(found[1].text, "$ y\n");
        assert_eq!(found[1].source, None);
    }
}
