//! The verifier against AWS's signer: it accepts what that wrote, and refuses it once one thing is changed, by name.

mod chains;
mod heads;
mod recorded;
