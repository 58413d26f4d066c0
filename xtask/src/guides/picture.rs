//! The README's picture of a terminal: real commands, run now, each line at the time at which it came.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::steps::now;
use crate::{Outcome, workspace};

const FILE: &str = "docs/pictures/terminal.svg";
const COMMANDS: &[&str] = &[
    "bedrock sonic --loopback fixtures/audio/question.wav --out reply.wav",
    "bedrock converse --loopback 'What is the capital of Peru?'",
    "head -c 100 fixtures/eventstream/converse_delta.bin | bedrock frames - ; echo exit code $?",
    "bedrock frames fixtures/eventstream/converse_delta.bin",
];
/// Widest line, in characters; longer ones are cut.
const COLUMNS: usize = 100;
const LINE_HEIGHT: usize = 18;
/// Seconds for which a command stands alone before it runs, as if it had been typed.
const TYPING: f64 = 0.8;

/// A line, and the second at which it is there.
struct Line {
    at: f64,
    text: String,
    command: bool,
}

/// Runs the commands and writes the picture.
///
/// # Errors
/// A command that does not start, or a file that cannot be written.
pub(super) fn draw() -> Outcome {
    let mut lines = Vec::new();
    let mut clock = 0.0;
    for command in COMMANDS {
        clock += 0.4;
        lines.push(Line {
            at: clock,
            text: format!("$ {command}"),
            command: true,
        });
        clock += TYPING;
        clock = record(command, clock, &mut lines)?;
    }
    let path = workspace::root().join(FILE);
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder).map_err(|e| Failure::at(folder, "making", e))?;
    std::fs::write(&path, svg(&lines)).map_err(|e| Failure::at(&path, "writing", e))?;
    println!("{FILE}: {} lines, {clock:.1} s", lines.len());
    Ok(())
}

/// Adds what a command prints on both of its outputs; the second at which it was over.
fn record(command: &str, began: f64, lines: &mut Vec<Line>) -> Result<f64, Failure> {
    let fault = |e: std::io::Error| Failure::new(format!("`{command}`: {e}"));
    let start = now();
    let elapsed = || began + now().saturating_duration_since(start).as_secs_f64();
    let mut shell = Command::new("bash")
        .args([
            "-c",
            &format!("PATH=$PWD/target/debug:$PATH; {{ {command}; }} 2>&1"),
        ])
        .current_dir(workspace::root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(fault)?;
    let output = shell.stdout.take().map(BufReader::new);
    for text in output.into_iter().flat_map(BufReader::lines) {
        lines.push(Line {
            at: elapsed(),
            text: text.map_err(fault)?,
            command: false,
        });
    }
    shell.wait().map_err(fault)?;
    Ok(elapsed())
}

/// A dark window whose lines appear one by one; all of them at once for those who want no motion.
fn svg(lines: &[Line]) -> String {
    let (width, height) = (COLUMNS * 8 + 32, (lines.len() + 2) * LINE_HEIGHT + 28);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>bedrock in a terminal: a voice session, a chat, an error, frames</title>
<!-- Drawn by xtask/src/guides/picture.rs. -->
<style>
text {{ font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d6deeb; white-space: pre; }}
.command {{ fill: #a5e844; font-weight: bold; }}
@media (prefers-reduced-motion: no-preference) {{
text {{ opacity: 0; animation: appear 0.01s forwards; }}
}}
@keyframes appear {{ to {{ opacity: 1; }} }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#0d1522"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
"##
    );
    for (index, line) in lines.iter().enumerate() {
        let y = 46 + index * LINE_HEIGHT;
        let class = if line.command {
            r#" class="command""#
        } else {
            ""
        };
        let shown = escaped(&line.text);
        let at = line.at;
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            r#"<text x="16" y="{y}"{class} style="animation-delay:{at:.2}s">{shown}</text>"#
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    let mut cut: String = text.chars().take(COLUMNS).collect();
    if text.chars().count() > COLUMNS {
        cut.pop();
        cut.push('…');
    }
    cut.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_escaped_and_cut() {
        let line = |text: &str| Line {
            at: 1.0,
            text: text.to_owned(),
            command: false,
        };
        let drawn = svg(&[line("a <b> & c"), line(&"x".repeat(200))]);
        assert!(drawn.contains(">a &lt;b> &amp; c</text>"));
        assert!(drawn.contains(&format!(">{}…</text>", "x".repeat(COLUMNS - 1))));
        assert!(drawn.contains("animation-delay:1.00s"));
        assert_eq!(
            drawn.matches("--").count(),
            2,
            "a comment in XML has none within"
        );
    }
}
