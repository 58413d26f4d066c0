//! `bedrock doctor`, run as a program.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use bedrock_loopback::{FaultKind, Loopback};
use serde_json::Value;

/// The findings, by their check, and the exit code.
fn examine(
    fault: Option<FaultKind>,
    secret: Option<&str>,
    args: &[&str],
) -> (Vec<(String, String)>, i32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut builder = Loopback::builder();
    if let Some(fault) = fault {
        builder = builder.fault(fault);
    }
    let server = runtime.block_on(builder.start()).unwrap();
    let name = fault.map_or("none", FaultKind::name);
    let ca_file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("doctor-{name}-{}.pem", secret.is_some()));
    std::fs::write(&ca_file, server.ca_pem()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bedrock"))
        .args(["doctor", "--json"])
        .args(args)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url())
        .env("AWS_CA_BUNDLE", ca_file)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", server.access_key_id())
        .env(
            "AWS_SECRET_ACCESS_KEY",
            secret.unwrap_or(server.secret_access_key()),
        )
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (findings(&output), output.status.code().unwrap())
}

fn findings(output: &Output) -> Vec<(String, String)> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let finding = |line| {
        let finding: Value = serde_json::from_str(line).unwrap();
        let part = |name: &str| finding[name].as_str().unwrap().to_owned();
        (part("check"), part("state"))
    };
    text.lines().map(finding).collect()
}

fn has(findings: &[(String, String)], check: &str, state: &str) -> bool {
    findings.iter().any(|(c, s)| c == check && s == state)
}

#[test]
fn a_healthy_machine_passes() {
    let (found, code) = examine(
        None,
        None,
        &["--ping=2", "--model", "amazon.nova-2-5-sonic"],
    );
    for check in [
        "proxy",
        "settings",
        "connection",
        "clock",
        "credentials",
        "model",
        "ping",
    ] {
        assert!(has(&found, check, "ok"), "{check}: {found:?}");
    }
    assert!(has(&found, "audio", "skipped"), "{found:?}");
    assert_eq!(code, 0);
}

/// The service takes the signature, and then refuses the one model that was asked for.
#[test]
fn a_model_that_is_refused_is_found() {
    let (found, code) = examine(
        Some(FaultKind::ExceptionValidation),
        None,
        &["--model", "amazon.nova-lite-v1:0"],
    );
    assert!(has(&found, "credentials", "ok"), "{found:?}");
    assert!(has(&found, "model", "failed"), "{found:?}");
    assert_eq!(code, 1);
}

#[test]
fn a_wrong_secret_is_found_and_no_model_is_asked() {
    let (found, code) = examine(None, Some("wrong"), &["--model", "amazon.nova-lite-v1:0"]);
    assert!(has(&found, "connection", "ok"), "{found:?}");
    assert!(has(&found, "credentials", "failed"), "{found:?}");
    assert!(has(&found, "model", "skipped"), "{found:?}");
    assert_eq!(code, 1);
}

#[test]
fn a_way_without_http2_is_found() {
    let (found, code) = examine(Some(FaultKind::AlpnNone), None, &[]);
    assert!(has(&found, "connection", "failed"), "{found:?}");
    assert_eq!(code, 1);
}

#[test]
fn a_wrong_clock_is_found() {
    let (found, _) = examine(Some(FaultKind::ClockAhead), None, &[]);
    assert!(has(&found, "clock", "warning"), "{found:?}");
}

#[test]
fn settings_that_are_missing_are_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_bedrock"))
        .arg("doctor")
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("settings    FAILED") && text.contains("AWS_REGION"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn shells_and_man_are_served() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_bedrock"))
            .args(args)
            .output()
            .unwrap();
        (
            String::from_utf8(output.stdout).unwrap(),
            output.status.code(),
        )
    };
    let (script, code) = run(&["completions", "bash"]);
    assert!(script.contains("--out") && code == Some(0));
    let (page, code) = run(&["man", "sonic"]);
    assert!(page.contains(".TH") && page.contains("loopback") && code == Some(0));
    assert_eq!(run(&["man", "nothing"]).1, Some(2));
}
