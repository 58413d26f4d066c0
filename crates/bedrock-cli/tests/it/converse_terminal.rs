//! `bedrock converse` with a person at a terminal: prompts, the end of input, Ctrl-C, a question asked again.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use bedrock_loopback::{Fault, FaultKind, Loopback};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::command::{bedrock, interrupt};
use crate::service::Served;

/// The command with a terminal as its input, and pipes where a person would look.
struct Session {
    keyboard: File,
    child: Child,
    answers: ChildStdout,
    prompts: ChildStderr,
}

impl Session {
    fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let mut child = command
            .stdin(terminal)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            keyboard: master.into(),
            answers: child.stdout.take().unwrap(),
            prompts: child.stderr.take().unwrap(),
            child,
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Ctrl-C is for the terminal's foreground group, which the command of a test is not in.
    fn presses_ctrl_c(&self) {
        interrupt(&self.child);
    }

    /// The exit code, and what else came on both pipes.
    fn ends(mut self) -> (i32, String, String) {
        let (mut answers, mut prompts) = (String::new(), String::new());
        self.answers.read_to_string(&mut answers).unwrap();
        self.prompts.read_to_string(&mut prompts).unwrap();
        (self.child.wait().unwrap().code().unwrap(), answers, prompts)
    }
}

/// Reads until `text` has come, and gives all up to its end.
fn until(pipe: &mut impl Read, text: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(text.as_bytes()) {
        let mut byte = [0];
        assert_eq!(pipe.read(&mut byte).unwrap(), 1, "ended before {text:?}");
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

fn chat() -> Command {
    let mut command = bedrock();
    command.args(["converse", "--loopback"]);
    command
}

fn chat_with(served: &Served) -> Command {
    let mut command = served.bedrock();
    command.arg("converse");
    command
}

#[test]
fn a_chat_prompts_answers_and_ends_with_its_input() {
    let mut session = Session::start(chat());
    for question in ["good morning", "good night"] {
        assert_eq!(until(&mut session.prompts, "> "), "> ");
        session.types(&format!("{question}\n"));
        assert_eq!(until(&mut session.answers, "\n"), format!("{question}\n"));
    }
    until(&mut session.prompts, "> ");
    session.types("\u{4}");
    assert_eq!(session.ends(), (0, String::new(), String::new()));
}

#[test]
fn ctrl_c_at_the_prompt_is_130() {
    let mut session = Session::start(chat());
    until(&mut session.prompts, "> ");
    session.presses_ctrl_c();
    assert_eq!(session.ends(), (130, String::new(), String::new()));
}

#[test]
fn ctrl_c_in_an_answer_keeps_what_had_come_and_is_130() {
    let silence = Fault::new(FaultKind::Silence).at(2);
    let served = Served::start("terminal-silence", Loopback::builder().fault(silence));
    let mut session = Session::start(chat_with(&served));
    until(&mut session.prompts, "> ");
    session.types("good morning\n");
    until(&mut session.answers, "good ");
    session.presses_ctrl_c();
    let (code, answers, prompts) = session.ends();
    assert_eq!((code, answers.as_str()), (130, "\n"), "the line is ended");
    assert_eq!(prompts, "bedrock: interrupted\n");
}

#[test]
fn a_question_that_failed_can_be_asked_again() {
    let once = format!("{}*1", Fault::new(FaultKind::ExceptionThrottling).at(3));
    let once: Fault = once.parse().unwrap();
    let served = Served::start("terminal-again", Loopback::builder().fault(once));
    let mut session = Session::start(chat_with(&served));
    until(&mut session.prompts, "> ");
    session.types("good morning\n");
    assert_eq!(until(&mut session.answers, "\n"), "good \n");
    let why = until(&mut session.prompts, "> ");
    assert!(
        why.starts_with("bedrock: ") && why.contains("ThrottlingException"),
        "{why}"
    );
    session.types("good night\n");
    assert_eq!(until(&mut session.answers, "\n"), "good night\n");
    until(&mut session.prompts, "> ");
    session.types("\u{4}");
    assert_eq!(session.ends().0, 0);
}
