//! The official Rust SDK against a local Bedrock: one JSON line a check (docs/interop.md).

mod bench;
mod duplex;
mod one_way;

use peer_aws_sdk::{Arguments, Finding};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    if !arguments.bench.is_empty() {
        return bench::run(&arguments).await.expect("a bench");
    }
    arguments
        .report(async |check| run(check, &arguments).await)
        .await;
}

async fn run(check: &str, arguments: &Arguments) -> Finding {
    match check {
        "spoken session" => duplex::spoken_session(arguments).await,
        "spoken session, reset" | "spoken session, cut" | "spoken session, closed" => {
            duplex::broken_session(arguments).await
        }
        "exception in the stream" => duplex::exception(arguments).await,
        "wrong secret" => duplex::wrong_secret(arguments).await,
        "converse" => one_way::converse(arguments).await,
        "converse stream" => one_way::converse_stream(arguments).await,
        "converse stream, exception" => one_way::converse_exception(arguments).await,
        "converse, HTTP 400" => one_way::refused(arguments).await,
        "converse, HTTP 503 once" => one_way::converse(arguments).await,
        "invoke" => one_way::invoke(arguments).await,
        "invoke stream" => one_way::invoke_stream(arguments).await,
        other => Err(format!("this client has no check {other:?}")),
    }
}
