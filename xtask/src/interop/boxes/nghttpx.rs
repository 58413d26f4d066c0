//! nghttpx, the proxy of nghttp2.

use std::process::Command;

use super::{MiddleBox, Place, Setup};
use crate::failure::Failure;

pub(super) const BOX: MiddleBox = MiddleBox {
    name: "nghttpx",
    program: "nghttpx",
    package: "nghttp2-proxy",
    version: "--version",
    place: Place::Front,
    command,
};

#[expect(clippy::unnecessary_wraps, reason = "others write files")]
fn command(setup: &Setup<'_>) -> Result<Command, Failure> {
    let mut nghttpx = Command::new(setup.program);
    nghttpx.args(["--conf=/dev/null", "--single-process", "--workers=1"]);
    nghttpx.arg(format!("--frontend=127.0.0.1,{}", setup.port));
    nghttpx.arg(format!(
        "--backend=127.0.0.1,{};;tls;proto=h2;sni=localhost",
        setup.upstream
    ));
    nghttpx.arg(format!("--cacert={}", setup.upstream_ca.display()));
    nghttpx.args(["--accesslog-file=/dev/null", "--errorlog-file=/dev/stderr"]);
    nghttpx.arg(&setup.tls.key).arg(&setup.tls.chain);
    Ok(nghttpx)
}
