//! The bridge to be measured: `cargo xtask bench talk` starts it, and takes its CPU time between two of its lines.
//!
//! Its clients are a process of their own, so that only the bridge is counted. The one argument is the file that
//! `bench_client` of bedrock-stream reads too; with an address behind it, this is the clients.

mod guests;

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use bedrock_stream::{Client, Credentials};
use bedrock_talk::{Limits, Talk};
use serde::Deserialize;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Clone, Deserialize)]
struct Task {
    url: String,
    ca_file: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    model: String,
    calls: usize,
    events: usize,
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("one argument")?;
    let task: Task = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    if let Some(address) = arguments.next() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(guests::visit(&address, &task));
    }
    // One thread: what is found is what a core carries.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let server = runtime.block_on(serve(&task))?;
    let mut guests = Command::new(std::env::current_exe()?)
        .arg(&file)
        .arg(server.address().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut to_guests = guests.stdin.take().ok_or("no input")?;
    let from_guests = BufReader::new(guests.stdout.take().ok_or("no output")?);
    // A line of theirs, a line for them.
    for line in from_guests.lines() {
        println!("{}", line?);
        std::io::stdin().read_line(&mut String::new())?;
        writeln!(to_guests)?;
        to_guests.flush()?;
    }
    guests.wait()?;
    Ok(())
}

async fn serve(task: &Task) -> Outcome<bedrock_talk::Server> {
    let key = Credentials::new(&*task.access_key_id, &*task.secret_access_key);
    let client = Client::builder()
        .endpoint_url(&task.url)
        .trust_pem(std::fs::read(&task.ca_file)?)
        .region(&task.region)
        .credentials(key)
        .build()?;
    let session = client.sonic(&task.model).system("Answer briefly.");
    let mut limits = Limits::default();
    limits.sessions = task.calls;
    let bridge = Talk::builder(move |_| Some(session.clone()))
        .limits(limits)
        .build();
    Ok(bridge.listen(([127, 0, 0, 1], 0).into()).await?)
}
