//! `bedrock talk`, run as a program; what its page does is for `cargo xtask browser`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::command::{bedrock, interrupt};

struct Talk {
    child: Child,
    lines: BufReader<ChildStdout>,
    url: String,
}

impl Talk {
    fn start(args: &[&str]) -> Self {
        let mut child = bedrock()
            .args(["talk", "--loopback", "--json"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut talk = Self {
            lines: BufReader::new(child.stdout.take().unwrap()),
            child,
            url: String::new(),
        };
        let address = talk.line();
        talk.url = address["url"].as_str().map(str::to_owned).unwrap();
        talk
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn authority(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    /// The head of the answer to a request with these header lines.
    fn ask(&self, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.authority()).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn interrupt(mut self) -> i32 {
        interrupt(&self.child);
        self.child.wait().unwrap().code().unwrap()
    }
}

#[test]
fn the_page_is_served_until_ctrl_c() {
    let mut talk = Talk::start(&["--listen", "127.0.0.1:0"]);
    assert!(
        talk.url.starts_with("http://127.0.0.1:") && talk.url.ends_with('/'),
        "{}",
        talk.url
    );
    let host = format!("host: {}\r\n", talk.authority());
    let page = talk.ask("/", &host);
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("Start talking"),
        "{page}"
    );
    let rebound = talk.ask("/", "host: evil.example\r\n");
    assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
    assert_eq!(talk.line()["why"], "host");
    assert_eq!(talk.interrupt(), 0);
}

#[test]
fn an_address_that_others_reach_gets_a_token() {
    let talk = Talk::start(&["--listen", "0.0.0.0:0"]);
    let (_, token) = talk.url.split_once("/#token=").unwrap();
    assert_eq!(token.len(), 32, "{token}");
    assert_eq!(talk.interrupt(), 0);
    let talk = Talk::start(&["--listen", "127.0.0.1:0", "--token", "mine"]);
    assert!(talk.url.ends_with("/#token=mine"), "{}", talk.url);
    assert_eq!(talk.interrupt(), 0);
}
