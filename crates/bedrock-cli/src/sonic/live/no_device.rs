//! A build without live audio says how to get one with it.

use super::{LiveArgs, Loudspeaker, Microphone};

/// Why there are none.
pub(in crate::sonic) const MISSING: Option<&str> = Some(
    "this build has no live audio: give a WAV file, `-`, --text or --greet, or build one in the repository with \
     `cargo install --locked --path crates/bedrock-cli --features live` (on Linux with the packages libasound2-dev and pkg-config)",
);

/// What keeps devices open.
pub(in crate::sonic) enum Devices {}

/// There are none.
///
/// # Errors
/// Always.
pub(in crate::sonic) fn open(
    _: &LiveArgs,
    _: u32,
) -> Result<(Devices, Microphone, Loudspeaker), String> {
    Err(MISSING.unwrap_or_default().to_owned())
}

/// There are none.
///
/// # Errors
/// Always.
pub(crate) fn list() -> Result<Vec<String>, String> {
    Err(MISSING.unwrap_or_default().to_owned())
}
