//! haproxy, HTTP/2 on both sides.

use std::fs;
use std::process::Command;

use super::{MiddleBox, Place, Setup};
use crate::failure::Failure;

pub(super) const BOX: MiddleBox = MiddleBox {
    name: "haproxy",
    program: "haproxy",
    package: "haproxy",
    version: "-v",
    place: Place::Front,
    command,
};

fn command(setup: &Setup<'_>) -> Result<Command, Failure> {
    // It takes chain and key from one file.
    let both = setup.folder.join("server.pem");
    let read = |path| fs::read_to_string(path).map_err(|e| Failure::at(path, "read", e));
    let pem = read(&setup.tls.chain)? + &read(&setup.tls.key)?;
    fs::write(&both, pem).map_err(|e| Failure::at(&both, "write", e))?;
    let config = setup.folder.join("haproxy.cfg");
    let text = format!(
        "\
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend client
  bind 127.0.0.1:{port} ssl crt {both} alpn h2
  default_backend bedrock
backend bedrock
  server loopback 127.0.0.1:{upstream} ssl ca-file {ca} verify required verifyhost localhost sni str(localhost) alpn h2
",
        port = setup.port,
        both = both.display(),
        upstream = setup.upstream,
        ca = setup.upstream_ca.display(),
    );
    fs::write(&config, text).map_err(|e| Failure::at(&config, "write", e))?;
    let mut haproxy = Command::new(setup.program);
    // In the foreground, as one process.
    haproxy.arg("-db").arg("-f").arg(&config);
    Ok(haproxy)
}
