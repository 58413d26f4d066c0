//! `--proxy` and `--connect-to`, run as a program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use bedrock_loopback::Loopback;

/// A server in this process that is called `localhost`.
struct Served {
    _runtime: tokio::runtime::Runtime,
    server: Loopback,
    ca_file: String,
}

impl Served {
    fn start(name: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Loopback::builder().start()).unwrap();
        let ca_file = format!("{}/{name}.pem", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&ca_file, server.ca_pem()).unwrap();
        Self {
            _runtime: runtime,
            server,
            ca_file,
        }
    }

    fn address(&self) -> SocketAddr {
        let url = self.server.url().replace("localhost", "127.0.0.1");
        url.trim_start_matches("https://").parse().unwrap()
    }

    /// Asks `url`, which nobody answers.
    fn converse(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bedrock"))
            .args(["converse", "hello", "--region", "us-east-1"])
            .args(["--endpoint-url", "https://localhost:1"])
            .args(args)
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CA_BUNDLE", &self.ca_file)
            .env("AWS_ACCESS_KEY_ID", self.server.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.server.secret_access_key())
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// A CONNECT proxy that leads one client to `target`, and says what it was asked for.
fn proxy(target: SocketAddr) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, asking) = mpsc::channel();
    thread::spawn(move || {
        let (mut near, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            near.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        asked.send(String::from_utf8(request).unwrap()).unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut far = TcpStream::connect(target).unwrap();
        let (mut back_far, mut back_near) = (far.try_clone().unwrap(), near.try_clone().unwrap());
        // Either side may close as it likes.
        thread::spawn(move || std::io::copy(&mut back_far, &mut back_near));
        drop(std::io::copy(&mut near, &mut far));
    });
    (url, asking)
}

fn assert_echoed(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.stdout, b"hello\n", "{stderr}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_way_leads_elsewhere_and_the_name_stays() {
    let served = Served::start("connect-to");
    let target = served.address().to_string();
    assert_echoed(&served.converse(&["--connect-to", &target], &[]));
}

#[test]
fn a_proxy_is_named_or_found_in_the_environment() {
    let served = Served::start("proxy");
    let (url, asked) = proxy(served.address());
    assert_echoed(&served.converse(&["--proxy", &url], &[]));
    let asked = asked.recv().unwrap();
    assert!(asked.starts_with("CONNECT localhost:1 HTTP/1.1"), "{asked}");

    let (url, asked) = proxy(served.address());
    assert_echoed(&served.converse(&["--proxy", "env"], &[("HTTPS_PROXY", &url)]));
    asked.recv().unwrap();

    let (url, asked) = proxy(served.address());
    let output = served.converse(&[], &[("HTTPS_PROXY", &url)]);
    assert_eq!(output.status.code(), Some(1), "nobody asked for the proxy");
    assert!(asked.try_recv().is_err());
    let output = served.converse(&["--proxy", "ftp://nowhere"], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("--proxy: "), "{stderr}");
}
