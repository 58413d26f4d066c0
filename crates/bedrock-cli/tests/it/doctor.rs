//! `bedrock doctor`, run as a program.

use std::process::Output;

use bedrock_loopback::{FaultKind, Loopback};
use serde_json::Value;

use crate::command::bedrock;
use crate::service::Served;

/// The findings, by their check, and the exit code.
fn examine(
    fault: Option<FaultKind>,
    secret: Option<&str>,
    args: &[&str],
) -> (Vec<(String, String)>, i32) {
    let mut builder = Loopback::builder();
    if let Some(fault) = fault {
        builder = builder.fault(fault);
    }
    let name = fault.map_or("none", FaultKind::name);
    let served = Served::start(&format!("doctor-{name}-{}", secret.is_some()), builder);
    let mut command = served.bedrock();
    command
        .args(["doctor", "--json"])
        .args(args)
        .envs(secret.map(|secret| ("AWS_SECRET_ACCESS_KEY", secret)));
    let output = command.output().unwrap();
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
    let output = bedrock().arg("doctor").output().unwrap();
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
        let output = bedrock().args(args).output().unwrap();
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
