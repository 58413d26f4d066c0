//! `--proxy` and `--connect-to`, run as a program.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Output;
use std::sync::mpsc;
use std::thread;

use bedrock_loopback::Loopback;

use crate::service::Served;

/// Asks `url`, which nobody answers.
fn converse(served: &Served, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = served.bedrock();
    command
        .args(["converse", "hello", "--endpoint-url", "https://localhost:1"])
        .args(args)
        .envs(env.iter().copied())
        .output()
        .unwrap()
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
    let served = Served::start("connect-to", Loopback::builder());
    let target = served.address().to_string();
    assert_echoed(&converse(&served, &["--connect-to", &target], &[]));
}

#[test]
fn a_proxy_is_named_or_found_in_the_environment() {
    let served = Served::start("proxy", Loopback::builder());
    let (url, asked) = proxy(served.address());
    assert_echoed(&converse(&served, &["--proxy", &url], &[]));
    let asked = asked.recv().unwrap();
    assert!(asked.starts_with("CONNECT localhost:1 HTTP/1.1"), "{asked}");

    let (url, asked) = proxy(served.address());
    assert_echoed(&converse(
        &served,
        &["--proxy", "env"],
        &[("HTTPS_PROXY", &url)],
    ));
    asked.recv().unwrap();

    let (url, asked) = proxy(served.address());
    let output = converse(&served, &[], &[("HTTPS_PROXY", &url)]);
    assert_eq!(output.status.code(), Some(1), "nobody asked for the proxy");
    assert!(asked.try_recv().is_err());
    let output = converse(&served, &["--proxy", "ftp://nowhere"], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("--proxy: "), "{stderr}");
}
