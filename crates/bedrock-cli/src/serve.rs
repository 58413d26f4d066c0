//! `bedrock serve`: a Bedrock on this machine until Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bedrock_loopback::{BuildError, Fault, FaultKind, Loopback, Notice, Scenario};
use serde_json::json;

use crate::exit::{Exit, Stop};
use crate::record::{self, RecordArgs};
use crate::signals::EndSignals;

/// Run a Bedrock on this machine, for tests and demos.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Args {
    /// Where to listen; only loopback addresses are taken, port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Print one JSON object when ready; with --list-faults, one for each fault
    #[arg(long)]
    json: bool,
    /// The region that requests must be signed for
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// The access key that is accepted; keys that look real are refused
    #[arg(long, value_name = "ID", requires = "secret_access_key")]
    access_key_id: Option<String>,
    /// Its secret
    #[arg(long, value_name = "SECRET", requires = "access_key_id")]
    secret_access_key: Option<String>,
    /// Where the certificate authority is written, as `ca.pem`; a folder of its own under the temporary one otherwise
    #[arg(long, value_name = "FOLDER")]
    tls_dir: Option<PathBuf>,
    /// Serve HTTP/2 in plain text, for tools that cannot trust a certificate
    #[arg(long)]
    plaintext: bool,
    /// Check no signatures, to measure clients
    #[arg(long)]
    no_verify: bool,
    /// Refuse also what the service is not known to refuse
    #[arg(long)]
    strict: bool,
    /// A Bedrock API key that the one-way calls accept; may be given more than once
    #[arg(long, value_name = "KEY")]
    bearer_key: Vec<String>,
    /// Answer as this file says (docs/scenarios.md)
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Do this wrong, `cut-mid-frame@3` for example; may be given more than once
    #[arg(long, value_name = "NAME[@WHERE][*TIMES]")]
    fault: Vec<Fault>,
    /// Print the faults and end
    #[arg(long)]
    list_faults: bool,
    /// Make what is random repeatable
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Say nothing of the calls on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    record: RecordArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock serve
  bedrock serve --json --fault cut-mid-frame@3
  bedrock serve --scenario weather.json --record calls.jsonl";

/// Serves until Ctrl-C.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    if args.list_faults {
        return list_faults(args.json).map_err(|error| Stop::stdout(&error));
    }
    let mut builder = Loopback::builder()
        .listen(args.listen)
        .region(&args.region)
        .plaintext(args.plaintext)
        .verify(!args.no_verify)
        .strict(args.strict);
    if let (Some(id), Some(secret)) = (&args.access_key_id, &args.secret_access_key) {
        builder = builder.credentials(id, secret);
    }
    for key in &args.bearer_key {
        builder = builder.bearer_key(key);
    }
    if let Some(file) = &args.scenario {
        builder = builder.scenario(Scenario::from_file(file).map_err(Stop::usage)?);
    }
    for fault in &args.fault {
        builder = builder.fault(*fault);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    if !args.quiet {
        builder = builder.observe(|notice: &Notice| eprintln!("{notice}"));
    }
    if let Some(recording) = args.record.start().map_err(Stop::usage)? {
        let record = record::tap(recording);
        builder = builder.tap(move |call, traffic| record(call, &traffic));
    }
    let server = builder.start().await.map_err(|error| match error {
        BuildError::Listen(why) => Stop::from(format!("cannot listen on {}: {why}", args.listen)),
        error => error.into(),
    })?;
    let ca_file = write_ca(args.tls_dir.as_deref(), server.ca_pem()).map_err(Stop::usage)?;
    // Before anybody knows of it: whoever reads the line may ask for the end at once.
    let mut signals = EndSignals::listen()?;
    announce(args.json, &server, &ca_file).map_err(|error| Stop::stdout(&error))?;
    signals.asked().await;
    server.shutdown().await;
    if args.tls_dir.is_none() {
        // Ours alone; a folder that somebody named stays.
        let _ = ca_file.parent().map(std::fs::remove_dir_all);
    }
    Ok(Exit::Complete)
}

fn list_faults(json: bool) -> std::io::Result<Exit> {
    let mut out = std::io::stdout().lock();
    for kind in FaultKind::all() {
        if json {
            let fault = json!({"name": kind.name(), "about": kind.about()});
            writeln!(out, "{fault}")?;
        } else {
            writeln!(out, "{:<28} {}", kind.name(), kind.about())?;
        }
    }
    Ok(Exit::Complete)
}

/// Tells what a client needs. Machines wait for this line, so it is flushed.
pub(crate) fn announce(json: bool, server: &Loopback, ca_file: &Path) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let ready = json!({
            "url": server.url(),
            "ca_file": ca_file,
            "region": server.region(),
            "access_key_id": server.access_key_id(),
            "secret_access_key": server.secret_access_key(),
        });
        writeln!(out, "{ready}")?;
    } else {
        writeln!(out, "Bedrock listens on {}", server.url())?;
        writeln!(out)?;
        writeln!(
            out,
            "export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}",
            server.url()
        )?;
        writeln!(out, "export AWS_CA_BUNDLE={}", shell_word(ca_file))?;
        writeln!(out, "export AWS_REGION={}", server.region())?;
        writeln!(out, "export AWS_ACCESS_KEY_ID={}", server.access_key_id())?;
        writeln!(
            out,
            "export AWS_SECRET_ACCESS_KEY={}",
            server.secret_access_key()
        )?;
        writeln!(out)?;
        writeln!(
            out,
            "With these in another terminal: bedrock converse 'Good morning!'"
        )?;
        writeln!(out, "Ctrl-C stops it.")?;
    }
    out.flush()
}

/// A path as a shell reads it back.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Writes the authority's certificate. The path is absolute: who reads it may stand in another folder.
pub(crate) fn write_ca(folder: Option<&Path>, pem: &str) -> Result<PathBuf, String> {
    let folder = folder.map_or_else(
        || std::env::temp_dir().join(format!("bedrock-serve-{}", std::process::id())),
        Path::to_path_buf,
    );
    let file = folder.join("ca.pem");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, pem))
        .and_then(|()| std::path::absolute(&file))
        .map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_printed_as_a_shell_reads_it() {
        for (path, word) in [
            ("/tmp/ca/ca.pem", "/tmp/ca/ca.pem"),
            ("/my files/ca.pem", "'/my files/ca.pem'"),
            ("/it's/$HOME", r"'/it'\''s/$HOME'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
