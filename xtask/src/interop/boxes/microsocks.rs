//! microsocks, asked by SOCKS5; names are resolved there.

use std::process::Command;

use super::{MiddleBox, Place, Setup};
use crate::failure::Failure;

pub(super) const BOX: MiddleBox = MiddleBox {
    name: "microsocks",
    program: "microsocks",
    package: "microsocks",
    version: "",
    place: Place::Proxy("socks5h"),
    command,
};

#[expect(clippy::unnecessary_wraps, reason = "others write files")]
fn command(setup: &Setup<'_>) -> Result<Command, Failure> {
    let mut microsocks = Command::new(setup.program);
    microsocks.args(["-i", "127.0.0.1", "-p"]);
    microsocks.arg(setup.port.to_string());
    Ok(microsocks)
}
