//! Checks signatures as the service would, slowly and obviously: hmac, sha2 and the text of the SigV4 documents.
//! Nothing here is shared with `eventstream-sigv4`; AWS's own signer is the oracle of its tests.

mod authorization;
mod canonical;
mod chain;
pub(crate) mod hash;
mod head;
mod refusal;

pub(crate) use chain::{Chain, Opened};
pub(crate) use head::{Authenticated, Body, Head, Policy, check_head};
pub use refusal::{Part, Refusal};

#[cfg(test)]
#[path = "../tests/suite/signer.rs"]
mod signer;
#[cfg(test)]
mod tests;
