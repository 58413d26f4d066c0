//! A certificate authority and a certificate for localhost, made by openssl, for servers that are not ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// Files in PEM.
pub(super) struct TlsFiles {
    pub(super) authority: PathBuf,
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
}

/// Makes them in `folder`, good for two days.
///
/// # Errors
/// When openssl is missing or refuses.
pub(super) fn make(folder: &Path) -> Result<TlsFiles, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::at(folder, "create", e))?;
    let new_key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    openssl(
        folder,
        &[
            &["req", "-x509", "-days", "2", "-subj", "/CN=interop CA"],
            &new_key[..],
            &[
                "-addext",
                "keyUsage=critical,keyCertSign",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
            ],
        ]
        .concat(),
    )?;
    openssl(
        folder,
        &[
            &["req", "-x509", "-days", "2", "-subj", "/CN=localhost"],
            &new_key[..],
            &[
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-addext",
                "extendedKeyUsage=serverAuth",
                "-keyout",
                "server.key",
                "-out",
                "server.pem",
            ],
        ]
        .concat(),
    )?;
    Ok(TlsFiles {
        authority: folder.join("ca.pem"),
        chain: folder.join("server.pem"),
        key: folder.join("server.key"),
    })
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments);
    workspace::capture(&mut command).map(drop)
}
