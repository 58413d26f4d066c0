//! The one place that draws random bytes.

use crate::error::Error;

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::config(format!("no random numbers from the system: {error}")))?;
    Ok(bytes)
}
