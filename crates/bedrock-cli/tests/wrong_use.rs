//! What each subcommand says to wrong use: one clear line, the right exit code, no panic.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const SUBCOMMANDS: [&str; 9] = [
    "sonic",
    "frames",
    "converse",
    "invoke",
    "serve",
    "doctor",
    "completions",
    "man",
    "replay",
];

fn bedrock(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock"));
    command
        .args(args)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Files to be wrong with, in a folder of the test's own.
struct Files(PathBuf);

impl Files {
    fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wrong-use-{test}"));
        std::fs::create_dir_all(folder.join("folder")).unwrap();
        std::fs::write(folder.join("empty"), "").unwrap();
        std::fs::write(folder.join("text"), "no frames, no JSON, no WAV\n").unwrap();
        Self(folder)
    }

    /// The argument with the names of these files made whole: `@empty`, `@text`, `@folder`, `@missing`.
    fn named(&self, arg: &str) -> String {
        match arg.split_once('@') {
            Some((before, name)) => format!("{before}{}", self.0.join(name).display()),
            None => arg.to_owned(),
        }
    }

    fn run(&self, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
        let args: Vec<String> = args.iter().map(|arg| self.named(arg)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = bedrock(&args);
        if !stdin.is_empty() {
            command.stdin(File::open(self.named(stdin)).unwrap());
        }
        run(&mut command)
    }
}

#[test]
fn every_subcommand_explains_itself_and_its_exit_codes() {
    for name in SUBCOMMANDS {
        let (code, stdout, stderr) = run(&mut bedrock(&[name, "--help"]));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{name}");
        for part in [
            "Usage: bedrock",
            "Example",
            "130  ended by Ctrl-C",
            "BEDROCK_",
        ] {
            assert!(stdout.contains(part), "{name} lacks {part}: {stdout}");
        }
    }
    let (code, stdout, _) = run(&mut bedrock(&["--help"]));
    assert!(code == Some(0) && stdout.contains("AWS_BEARER_TOKEN_BEDROCK"));
}

#[test]
fn an_unknown_option_is_wrong_usage_for_people_and_for_machines() {
    for name in SUBCOMMANDS {
        let (code, stdout, stderr) = run(&mut bedrock(&[name, "--no-such-option", "--json"]));
        assert_eq!(code, Some(2), "{name}");
        assert!(stderr.starts_with("error: unexpected argument"), "{stderr}");
        let line: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(line["outcome"], "failed");
        let error = line["error"].as_str().unwrap();
        assert!(error.starts_with("unexpected argument"), "{error}");
    }
}

/// Arguments, what stdin is (nothing where empty), the exit code, and a part of the one line.
type Case = (&'static [&'static str], &'static str, i32, &'static str);

const CASES: &[Case] = &[
    (&["frames", "@missing"], "", 2, "missing: "),
    (&["frames", "@folder"], "", 2, "folder: is a directory"),
    (&["frames", "@text"], "", 1, "PreludeCrcMismatch"),
    (
        &["frames", "--as", "converse", "@text"],
        "",
        1,
        "PreludeCrcMismatch",
    ),
    (
        &["frames", "--as", "converse", "@empty"],
        "",
        3,
        "messageStop",
    ),
    (&["frames", "--call", "1", "@text"], "", 2, "text: "),
    (&["frames", "-"], "@text", 1, "PreludeCrcMismatch"),
    (&["frames", "encode", "@missing"], "", 2, "missing: "),
    (
        &["frames", "encode", "@folder"],
        "",
        2,
        "folder: is a directory",
    ),
    (
        &["frames", "encode"],
        "@text",
        1,
        "standard input, line 1: no JSON",
    ),
    (&["sonic", "--loopback", "@missing"], "", 2, "missing: "),
    (&["sonic", "--loopback", "@folder"], "", 2, "folder"),
    (&["sonic", "--loopback", "@empty"], "", 2, "empty: "),
    (&["sonic", "--loopback", "@text"], "", 2, "text: "),
    (
        &["sonic", "--loopback", "--text", "hi", "--out", "@folder"],
        "",
        2,
        "folder: ",
    ),
    (
        &[
            "sonic",
            "--loopback",
            "--text",
            "hi",
            "--out",
            "@missing/a.wav",
        ],
        "",
        2,
        "a.wav: ",
    ),
    (
        &["sonic", "--loopback", "--text", "hi", "--history", "@text"],
        "",
        2,
        "text: ",
    ),
    (
        &[
            "sonic",
            "--loopback",
            "--text",
            "hi",
            "--input-rate",
            "1",
            "-",
        ],
        "",
        2,
        "8000",
    ),
    (
        &[
            "sonic",
            "--loopback",
            "--text",
            "hi",
            "--json",
            "--out",
            "-",
        ],
        "",
        2,
        "stdout",
    ),
    (
        &["converse", "--loopback", ""],
        "",
        2,
        "the prompt is empty",
    ),
    (&["converse", "--loopback"], "", 2, "nothing was asked"),
    (
        &["converse", "--loopback", "--image", "@missing", "hi"],
        "",
        2,
        "missing: ",
    ),
    (
        &["converse", "--loopback", "--image", "@text", "hi"],
        "",
        2,
        "not a PNG",
    ),
    (
        &["converse", "--loopback", "--document", "@text", "hi"],
        "",
        2,
        "must end in",
    ),
    (
        &["converse", "--loopback", "--image", "@empty", "hi"],
        "",
        2,
        "the file is empty",
    ),
    (
        &["converse", "--loopback", "--tool-spec", "@text", "hi"],
        "",
        2,
        "text: ",
    ),
    (
        &["converse", "--loopback", "--record", "@folder", "hi"],
        "",
        2,
        "--record ",
    ),
    (
        &["converse", "--ca-file", "@missing", "hi"],
        "",
        2,
        "missing: ",
    ),
    (
        &["converse", "--proxy", "ftp://nowhere", "hi"],
        "",
        2,
        "--proxy: ",
    ),
    (
        &["converse", "--region", "us-east-1", "hi"],
        "",
        1,
        "no AWS credentials",
    ),
    (&["converse", "hi"], "", 1, "without an account: --loopback"),
    (
        &["invoke", "--loopback", "--body", "@missing"],
        "",
        2,
        "missing: ",
    ),
    (
        &["invoke", "--loopback", "--body", "@folder"],
        "",
        2,
        "folder: ",
    ),
    (
        &["invoke", "--loopback", "--body", "-"],
        "@text",
        2,
        "standard input: ",
    ),
    (
        &["invoke", "--loopback", "--model", "who", "hi"],
        "",
        2,
        "which family",
    ),
    (
        &["invoke", "--loopback", "--body", "@empty"],
        "",
        2,
        "empty: ",
    ),
    (&["serve", "--listen", "192.0.2.1:0"], "", 2, "loopback"),
    (&["serve", "--scenario", "@missing"], "", 2, "missing"),
    (&["serve", "--scenario", "@text"], "", 2, "text"),
    (&["serve", "--tls-dir", "@text"], "", 2, "text"),
    (&["serve", "--record", "@folder"], "", 2, "--record "),
    (&["replay", "@missing"], "", 2, "missing: "),
    (&["replay", "@folder"], "", 2, "folder: "),
    (&["replay", "@empty"], "", 2, "empty: "),
    (&["replay", "@text"], "", 2, "text: "),
    (&["man", "nothing"], "", 2, "no such subcommand"),
    (&["man", "--folder", "@text"], "", 2, "text: "),
];

#[test]
fn wrong_use_is_told_in_one_line_for_people_and_in_one_object_for_machines() {
    let files = Files::new("cases");
    for (args, stdin, expected, part) in CASES {
        let (code, stdout, stderr) = files.run(args, stdin);
        let told = format!("{args:?}: {stdout}{stderr}");
        assert_eq!(code, Some(*expected), "{told}");
        assert!(stderr.starts_with("bedrock: "), "{told}");
        assert_eq!(stderr.lines().count(), 1, "{told}");
        assert!(stderr.contains(part), "{told}");

        let takes_json = !matches!(
            args,
            ["man" | "frames", "nothing" | "--folder" | "encode", ..]
        );
        if takes_json && !args.contains(&"--json") {
            let [command, rest @ ..] = args else { continue };
            let args: Vec<&str> = [*command, "--json"]
                .into_iter()
                .chain(rest.iter().copied())
                .collect();
            let (code, stdout, _) = files.run(&args, stdin);
            assert_eq!(code, Some(*expected), "{told}");
            let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
            assert!(
                last["error"].is_string()
                    || last["error"].is_object()
                    || last["missing"].is_string(),
                "{last}"
            );
        }
    }
}

#[test]
fn a_folder_as_standard_input_is_an_error_and_no_panic() {
    let files = Files::new("stdin");
    for args in [
        &["frames", "-"][..],
        &["frames", "--as", "sonic", "-"],
        &["frames", "encode", "-"],
        &["invoke", "--loopback", "--body", "-"],
        &["converse", "--loopback"],
    ] {
        let (code, _, stderr) = files.run(args, "@folder");
        assert!(matches!(code, Some(1 | 2)), "{args:?}: {code:?} {stderr}");
        assert!(
            stderr.starts_with("bedrock: ") && stderr.contains("irectory"),
            "{args:?}: {stderr}"
        );
    }
}

/// 64 MB of nothing are refused at their first bytes, and no input is an empty stream.
#[test]
fn input_of_any_size_ends() {
    let files = Files::new("sizes");
    let huge = files.0.join("huge");
    File::create(&huge).unwrap().set_len(64 << 20).unwrap();
    let (code, _, stderr) = files.run(&["frames", "@huge"], "");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("frame 0"), "{stderr}");
    let (code, _, stderr) = files.run(&["invoke", "--loopback", "--body", "@huge"], "");
    assert_eq!(code, Some(2), "{stderr}");
    let (code, stdout, stderr) = files.run(&["frames", "@empty"], "");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    std::fs::remove_file(huge).unwrap();
}

/// `bedrock … | head -1`, and a disk that is full.
#[cfg(unix)]
#[test]
fn an_output_that_takes_nothing_is_no_panic() {
    let frames = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/eventstream/converse_delta.bin"
    );
    for args in [
        &["--help"][..],
        &["man", "sonic"],
        &["completions", "bash"],
        &["serve", "--list-faults"],
        &["doctor", "--loopback"],
        &["doctor", "--loopback", "--json"],
        &["converse", "--loopback", "hi"],
        &["converse", "--loopback", "--json", "hi"],
        &["invoke", "--loopback", "hi"],
        &["frames", frames],
        &["frames", "--json", frames],
        &["frames", "--as", "converse", frames],
    ] {
        let (reader, gone) = std::io::pipe().unwrap();
        drop(reader);
        let both = gone.try_clone().unwrap();
        let status = bedrock(args).stdout(gone).stderr(both).status().unwrap();
        // A panic is 101, a signal no code at all.
        assert!(
            matches!(status.code(), Some(0 | 1 | 3)),
            "{args:?}: {status}"
        );

        let full = File::options().write(true).open("/dev/full");
        if let Ok(full) = full {
            let (code, _, stderr) = run(bedrock(args).stdout(full));
            assert!(matches!(code, Some(0 | 1 | 3)), "{args:?}: {code:?}");
            assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn an_option_may_stand_in_the_environment_and_the_command_line_wins() {
    let asked = |text: &str, set: &[(&str, &str)]| {
        let mut command = bedrock(&["converse", text]);
        run(command.envs(set.iter().copied()))
    };
    let (code, stdout, stderr) = asked("hi", &[("BEDROCK_CONVERSE_LOOPBACK", "1")]);
    assert_eq!((code, stdout.as_str()), (Some(0), "hi\n"), "{stderr}");
    let machine = [
        ("BEDROCK_CONVERSE_LOOPBACK", "yes"),
        ("BEDROCK_CONVERSE_JSON", "true"),
    ];
    let (_, stdout, _) = asked("hi", &machine);
    assert!(stdout.starts_with('{'), "{stdout}");
    let (code, _, stderr) = asked("hi", &[("BEDROCK_CONVERSE_MAX_TOKENS", "many")]);
    assert!(
        code == Some(2) && stderr.contains("--max-tokens"),
        "{stderr}"
    );
}

#[test]
fn colours_and_the_log_come_where_they_are_asked_for() {
    let doctor = |args: &[&str], set: &[(&str, &str)]| {
        let mut command = bedrock(&["doctor", "--loopback"]);
        run(command.args(args).envs(set.iter().copied()))
    };
    let (_, plain, silent) = doctor(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(
        !plain.contains('\x1b') && silent.is_empty(),
        "{plain}{silent}"
    );
    let (_, plain, _) = doctor(&[], &[]);
    assert!(!plain.contains('\x1b'), "{plain}");
    let (_, coloured, _) = doctor(&["--color", "always"], &[]);
    assert!(coloured.contains("\x1b[32mok"), "{coloured}");
    let (_, coloured, _) = doctor(&[], &[("CLICOLOR_FORCE", "1")]);
    assert!(coloured.contains("\x1b[32mok"), "{coloured}");

    let (_, _, log) = doctor(&["--log", "h2_duplex=debug"], &[]);
    assert!(
        log.contains("DEBUG") && log.contains("call opened"),
        "{log}"
    );
    let (_, _, log) = doctor(&[], &[("RUST_LOG", "h2_duplex=debug")]);
    assert!(
        log.contains("call opened") && !log.contains("h2::"),
        "{log}"
    );
    let (code, _, stderr) = doctor(&[], &[("RUST_LOG", "a=b=c=d")]);
    assert!(
        code == Some(0) && stderr.starts_with("bedrock: RUST_LOG"),
        "{stderr}"
    );
    assert_eq!(doctor(&["--log", "a=b=c=d"], &[]).0, Some(2));
}
