//! A Bedrock on 127.0.0.1 that says what it is told, for a program in any language; it ends with its standard input.
//!
//! `cargo run -p bedrock-loopback --example scripted`, then point your program at what it prints. `bedrock serve` is the same with options.

use std::io::Read as _;

use bedrock_loopback::{FaultKind, Loopback, Notice, Scenario};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let answers = json!({"converse": [{"contains": "weather", "events": [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Sunny."}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}}
    ]}]});
    let bedrock = Loopback::builder()
        .scenario(Scenario::from_json(&answers.to_string(), ".")?)
        .fault(
            bedrock_loopback::Fault::new(FaultKind::HttpError)
                .at(503)
                .times(1),
        ) // the first call fails
        .observe(|notice| match notice {
            Notice::Opened { operation, .. } => eprintln!("{}", operation.name()),
            Notice::Refused { refusal, .. } => eprintln!("refused: {refusal}"),
            _ => {}
        })
        .start()
        .await?;
    let ca = std::env::temp_dir().join("scripted-ca.pem");
    std::fs::write(&ca, bedrock.ca_pem())?;
    println!("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", bedrock.url());
    println!(
        "export AWS_CA_BUNDLE={} AWS_REGION={}",
        ca.display(),
        bedrock.region()
    );
    println!("export AWS_ACCESS_KEY_ID={}", bedrock.access_key_id());
    println!(
        "export AWS_SECRET_ACCESS_KEY={}",
        bedrock.secret_access_key()
    );
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    bedrock.shutdown().await;
    Ok(())
}
