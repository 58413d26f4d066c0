//! docs/interop.md: who was run against whom, and how it went.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::fs;
use std::path::PathBuf;

use super::clients;
use super::finding::{Finding, Verdict};
use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// The file.
pub(super) fn path() -> PathBuf {
    workspace::root().join("docs/interop.md")
}

/// Writes the table of a whole run. The middle boxes' section follows (`boxes/golden.rs`).
///
/// # Errors
/// When the file cannot be written.
pub(super) fn save(findings: &[Finding]) -> Outcome {
    let path = path();
    let versions: Result<Vec<_>, _> = clients::ALL
        .iter()
        .map(|client| Ok((client.name, client.version()?)))
        .collect();
    let table = Table {
        findings,
        versions: versions?,
    };
    fs::write(&path, table.to_string()).map_err(|e| Failure::at(&path, "write", e))
}

struct Table<'a> {
    findings: &'a [Finding],
    /// Of each client.
    versions: Vec<(&'static str, String)>,
}

const HEAD: &str = "\
<!-- Written by `cargo xtask interop --bless`; edit xtask/src/interop/table.rs instead. -->

# Interoperability

Official SDKs, unmodified and in the versions pinned under `xtask/peers/`, as clients of `bedrock serve`; and `bedrock sonic` as the client of
servers that others wrote. The SDKs play a whole spoken session (a question of 3.5 s, the reply, the orderly end), meet an exception in the
middle of a stream, and are refused with a wrong secret. `strands` and `pipecat` are voice frameworks: they hold a conversation with a tool call and an interruption
(`fixtures/scenarios/judges.json`), and meet the fault menu. `ai-sdk`, `langchain-aws`, `litellm` and `rig` stream a Converse answer with thoughts, text and a
tool call, and meet it too. `node-server` is Node's HTTP/2 with the `@smithy` event-stream codec and
`@smithy/signature-v4`; `python-server` is hyper-h2 with botocore's decoder, signatures re-computed with hashlib. Both re-compute the signature of the
request and of every event. `node-http2` and `hyper-h2` are the bare servers, which do as the path says: our transport sends them 1,000 events and
gets them back, is refused, reset and told to go away. `ai` is npm `ai` 3.4.33, whose `AWSBedrock*Stream` wrappers get the same bodies as our
text streams ([text-streams.md](text-streams.md)). `strands-events` is strands-agents' own conversion of Nova Sonic's events on the
sequences of `fixtures/nova-sonic`, whose outcome `nova_sonic::strands` is tested against. `cargo xtask interop` repeats it, and `.ci/run` does.

| peer | check | |
|---|---|---|
";

/// What the recordings show and no check asks.
const ENDINGS: &str = "
## How the voice frameworks end

Both end their session badly, as `fixtures/recordings` has it. pipecat sends `promptEnd` while its audio block is still open: it never sends
that block's `contentEnd`. Nova Sonic answers this with \"All contents must be closed before ending prompt\" (others have measured it), as the loopback does, and what should
have been an end in order is an exception. Of Strands the events that end a session do not arrive at all: its `stop` makes them, and then the call is reset
before they are sent.
";

/// What `cargo xtask netns` does; it prints its own figures.
const BAD_LINK: &str = "
## A bad link

`cargo xtask netns` puts our client and the loopback into two network namespaces, and between them a TUN relay of ours with 80 ms each way, 2 % loss,
1 Mbit/s and a router's queue. A voice session sends 1,000 events and gets 1,000 as fast as the link takes them, and in its middle nothing
passes for ten seconds: all of it must come, the session must be complete, and the stall must be seen in the call's figures (25 s in all, 18 s of them
stalled, on a loaded machine with two cores). Then the same link goes down for good: PING after 3 s of silence finds it within 3 s more, and the session
fails with that.
";

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for finding in self.findings {
            let verdict = match &finding.verdict {
                Verdict::Passed(_) => "passed".to_owned(),
                Verdict::Failed(words) => format!("**failed**: {words}"),
                Verdict::Known(words) => format!("fails: {words}"),
                Verdict::Skipped(words) => format!("not run: {words}"),
            };
            writeln!(f, "| {} | {} | {verdict} |", finding.peer, finding.check)?;
        }
        let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in self
            .findings
            .iter()
            .filter(|f| matches!(f.verdict, Verdict::Passed(_)))
        {
            *passed.entry(finding.peer).or_default() += 1;
        }
        let passed: Vec<String> = passed
            .iter()
            .map(|(peer, n)| format!("{peer} {n}"))
            .collect();
        writeln!(f, "\nPassed: {}.", passed.join(", "))?;
        f.write_str("\nVersions: ")?;
        for (at, (name, version)) in self.versions.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name} is {version}")?;
        }
        f.write_str(".\n")?;
        f.write_str(ENDINGS)?;
        f.write_str(BAD_LINK)
    }
}
