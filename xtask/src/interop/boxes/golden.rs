//! What each box makes of each ending, as it was when somebody read it: xtask/peers/boxes.json, and its table in the docs.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::finding::Verdict;
use super::super::probe::Answer;
use super::super::table;
use super::endings::ALL as ENDINGS;
use super::{ALL as BOXES, NONE};
use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// What was seen of each box.
type Rows = BTreeMap<String, Row>;

/// One box.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Row {
    /// Which one it was: another may behave otherwise. Empty where it does not say.
    version: String,
    /// Check, and what came of it.
    endings: BTreeMap<String, String>,
}

/// The rows that were read, and those of this run.
pub(crate) struct Golden {
    blessed: Rows,
    seen: Rows,
    /// Whether what comes is right by definition.
    blessing: bool,
}

impl Golden {
    /// Reads the file. With `blessing`, this run becomes it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn load(blessing: bool) -> Result<Self, Failure> {
        let path = path();
        let text = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
        Ok(Self {
            blessed: serde_json::from_str(&text).map_err(|e| Failure::at(&path, "read", e))?,
            seen: Rows::new(),
            blessing,
        })
    }

    /// Notes the version of a box that is about to be run.
    pub(super) fn begin(&mut self, name: &str, version: String) {
        self.seen.entry(name.to_owned()).or_default().version = version;
    }

    /// Whether it came as written down.
    pub(super) fn compare(&mut self, name: &str, check: &str, answer: &Answer) -> Verdict {
        let came = cell(answer);
        let row = self.seen.entry(name.to_owned()).or_default();
        row.endings.insert(check.to_owned(), came.clone());
        let blessed = self.blessed.get(name);
        let due = blessed.and_then(|row| Some((row.endings.get(check)?, &row.version)));
        match due {
            _ if self.blessing => Verdict::Passed(came),
            Some((due, _)) if *due == came => Verdict::Passed(came),
            Some((due, version)) => Verdict::Failed(format!(
                "{came}, was {due} with version {version:?}, this is {:?} ({})",
                row.version, answer.detail
            )),
            None => Verdict::Failed(format!(
                "{came}, and nothing is written down of it; see --bless"
            )),
        }
    }

    /// Takes this run as the new truth, and writes its table into the docs. What is written of a box that was not run stays.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn save(&self) -> Outcome {
        let path = path();
        let mut rows = self.blessed.clone();
        rows.extend(self.seen.clone());
        let text = serde_json::to_string_pretty(&rows).map_err(|e| Failure::new(e.to_string()))?;
        fs::write(&path, text + "\n").map_err(|e| Failure::at(&path, "write", e))?;
        let docs = table::path();
        let old = fs::read_to_string(&docs).map_err(|e| Failure::at(&docs, "read", e))?;
        let above = old.split(HEADING).next().unwrap_or_default();
        fs::write(&docs, format!("{above}{}", Table(&rows)))
            .map_err(|e| Failure::at(&docs, "write", e))
    }
}

/// The section of docs/interop.md: a row for each ending, a column for each box.
struct Table<'a>(&'a Rows);

const HEADING: &str = "\n## Middle boxes\n";

const HEAD: &str = "
The whole client (TLS, ALPN h2, every event signed) through programs of others in front of the loopback: haproxy, nghttpx and nginx (with
`grpc_pass`) speak HTTP/2 on both sides, tinyproxy is asked by CONNECT and microsocks by SOCKS5. A row is what the server does, after the third frame
of its answer where it breaks something; a cell is how the call then ends for our transport, and what the client makes of it. `converse` is
ConverseStream, all others are voice sessions; `early 403` is answered while the upload is open, and ends it. In the first row each direction waits for the
other every hundred events, so a box that keeps either to the end would show. The cells are kept in `xtask/peers/boxes.json`, and a change
in either direction fails.

A box that speaks HTTP/2 may hide a reset or a cut (haproxy makes all of them END_STREAM) or a GOAWAY (haproxy again: the call then falls silent, and a
deadline ends it). No broken call is taken for complete: where the transport sees a clean end, the layers above miss the
protocol's own. What no client can see is a cut behind all that the protocol asks for: after `messageStop`, or after we have
closed a session in order.

";

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = || [NONE].into_iter().chain(BOXES.iter().map(|b| b.name));
        let heads = columns().map(|name| match self.0.get(name) {
            Some(row) if !row.version.is_empty() => format!("{name} {}", row.version),
            _ => name.to_owned(),
        });
        f.write_str(HEADING)?;
        f.write_str(HEAD)?;
        let heads = heads.collect::<Vec<_>>().join(" | ");
        writeln!(f, "| the server | {heads} |")?;
        writeln!(f, "|---|{}", "---|".repeat(columns().count()))?;
        for play in ENDINGS.iter().flat_map(|ending| ending.plays) {
            let mut line = format!("| {} |", play.name);
            for column in columns() {
                let cell = self
                    .0
                    .get(column)
                    .and_then(|row| row.endings.get(play.name));
                write!(line, " {} |", cell.map_or("not run", String::as_str))?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// `END_STREAM, incomplete`; a status that says no stands before it.
fn cell(answer: &Answer) -> String {
    let status = answer.status.filter(|status| *status != 200);
    let status = status.map(|status| status.to_string());
    let parts = [
        status.as_deref(),
        answer.transport.as_deref(),
        answer.outcome.as_deref(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

fn path() -> PathBuf {
    workspace::root().join("xtask/peers/boxes.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(transport: &str) -> Answer {
        Answer {
            ok: false,
            detail: String::new(),
            status: Some(200),
            transport: Some(transport.to_owned()),
            outcome: Some("incomplete".to_owned()),
            stalled_ms: None,
            took_ms: None,
        }
    }

    #[test]
    fn the_table_in_the_docs_is_that_of_the_rows() {
        let docs = fs::read_to_string(table::path()).unwrap();
        let rows = Golden::load(false).unwrap().blessed;
        assert!(docs.ends_with(&Table(&rows).to_string()));
    }

    #[test]
    fn a_change_in_either_direction_fails() {
        let endings = [("reset".to_owned(), "END_STREAM, incomplete".to_owned())];
        let row = Row {
            version: "2.6".to_owned(),
            endings: BTreeMap::from(endings),
        };
        let mut golden = Golden {
            blessed: Rows::from([("haproxy".to_owned(), row)]),
            seen: Rows::new(),
            blessing: false,
        };
        let mut verdict = |check, transport| golden.compare("haproxy", check, &answer(transport));
        assert!(matches!(verdict("reset", "END_STREAM"), Verdict::Passed(_)));
        assert!(matches!(
            verdict("reset", "RST_STREAM(NO_ERROR)"),
            Verdict::Failed(_)
        ));
        assert!(matches!(
            verdict("another", "END_STREAM"),
            Verdict::Failed(_)
        ));
    }
}
