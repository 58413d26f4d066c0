//! A `console` block: the commands that it shows, and what they are said to print.

use super::block::Block;

/// What such a block is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Console {
    /// Commands, as one shell script, and the lines that their output must have in this order.
    Run { script: String, shown: Vec<String> },
    /// The block begins with `# needs …`, for the reader to see.
    Needs(String),
}

/// Reads a block: `$ ` begins a command, `> ` continues it, all else is output.
///
/// # Errors
/// A block without a command.
pub(super) fn read(block: &Block) -> Result<Console, String> {
    if let Some(needs) = block.text.strip_prefix("# needs ") {
        return Ok(Console::Needs(
            needs.lines().next().unwrap_or_default().to_owned(),
        ));
    }
    let (mut script, mut shown) = (String::new(), Vec::new());
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> ")) {
            script.push_str(command);
            script.push('\n');
        } else if !line.trim().is_empty() {
            shown.push(line.to_owned());
        }
    }
    if script.is_empty() {
        return Err("a `console` block without a command; each begins with `$ `".to_owned());
    }
    Ok(Console::Run { script, shown })
}

/// The first of the `shown` lines that the output has not, in this order. Numbers may differ, and so may the width of spaces; `…` ends a line that goes on.
pub(super) fn missing<'a>(shown: &'a [String], output: &str) -> Option<&'a str> {
    let mut lines = output.lines().map(plain);
    shown.iter().map(String::as_str).find(|wanted| {
        let wanted = plain(wanted);
        match wanted.strip_suffix('…') {
            Some(start) => !lines.any(|line| line.starts_with(start)),
            None => !lines.any(|line| line == wanted),
        }
    })
}

/// A line with `#` for each number, and one space for many.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    for c in line.trim_end().chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        let repeats = plain.ends_with(c) && matches!(c, '#' | ' ');
        // 1.5 is a number like 15.
        let point = c == '#' && plain.ends_with("#.");
        if point {
            plain.pop();
        } else if !repeats {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(text: &str) -> Result<Console, String> {
        read(&Block {
            line: 1,
            info: "console".to_owned(),
            text: text.to_owned(),
            source: None,
        })
    }

    #[test]
    fn commands_and_output_are_told_apart() {
        let read = console("$ a \\\n>   b\nout\n\n$ c\n").unwrap();
        let Console::Run { script, shown } = read else {
            panic!("{read:?}")
        };
        assert_eq!(script, "a \\\n  b\nc\n");
        assert_eq!(shown, ["out"]);
        assert!(console("out\n").is_err());
        assert_eq!(
            console("# needs an account\n$ a\n").unwrap(),
            Console::Needs("an account".to_owned())
        );
    }

    #[test]
    fn output_may_differ_in_its_numbers_only() {
        let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let output = "at https://127.0.0.1:38699\nspoke 2.3 s\ncomplete\n";
        let good = shown(&["at https://127.0.0.1:7", "spoke  15 s", "comp…"]);
        assert_eq!(missing(&good, output), None);
        let wrong = shown(&["spoke 1 s", "at https://127.0.0.1:7"]);
        assert_eq!(missing(&wrong, output), Some("at https://127.0.0.1:7"));
        assert_eq!(missing(&shown(&["complet"]), output), Some("complet"));
    }
}
