//! tinyproxy, asked by CONNECT.

use std::fs;
use std::process::Command;

use super::{MiddleBox, Place, Setup};
use crate::failure::Failure;

pub(super) const BOX: MiddleBox = MiddleBox {
    name: "tinyproxy",
    program: "tinyproxy",
    package: "tinyproxy-bin",
    version: "-v",
    place: Place::Proxy("http"),
    command,
};

fn command(setup: &Setup<'_>) -> Result<Command, Failure> {
    let config = setup.folder.join("tinyproxy.conf");
    // Without `ConnectPort` lines every port is allowed.
    let text = format!(
        "Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nMaxClients 20\n",
        setup.port
    );
    fs::write(&config, text).map_err(|e| Failure::at(&config, "write", e))?;
    let mut tinyproxy = Command::new(setup.program);
    tinyproxy.arg("-d").arg("-c").arg(&config);
    Ok(tinyproxy)
}
