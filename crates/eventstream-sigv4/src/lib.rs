//! SigV4 signatures for event streams: from the seed, frame by frame, to the signed empty end.
//!
//! Bedrock, Transcribe, Lex, Polly and Q Business sign each event that a client sends. An event, whole frame as it is,
//! becomes the payload of an outer frame whose two headers carry a date and a signature; each signature covers the one
//! before it, and the first covers the *seed*: the signature of the HTTP request that opened the stream.
//!
//! [`EventSigner`] does that in place, behind 79 bytes of headroom, through the codec's trait `Seal`:
//!
//! ```
//! use bytes::BytesMut;
//! use eventstream_codec::{Seal, Timestamp, encode_frame};
//! use eventstream_sigv4::{Credentials, EventSigner, Scope, Signature};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
//! let scope = Scope::new("us-east-1", "bedrock");
//! let seed: Signature = "9d9ab996c81f32c9d4e6fc166c92584f3741d1cb5ce325cd11a77d1f962c8de2".parse()?;
//! let now = Timestamp::from_millis(1_548_628_674_123);
//!
//! let mut signer = EventSigner::new(seed, &credentials, scope);
//! let mut wire = BytesMut::new();
//! wire.resize(signer.headroom(), 0);
//! encode_frame(&[], b"an event", &mut wire)?;
//! signer.seal(now, &mut wire, 0)?; // one signed frame
//! signer.seal_end(now, &mut wire)?; // and the one that ends the stream
//! # assert_eq!(wire.len(), 79 + 24 + 4 + 83);
//! # Ok(())
//! # }
//! ```
//!
//! [`EventVerifier`] is the other end of the chain, and [`RequestHead::verify`] that of the opening request; both name
//! the part that a client got wrong. [`EventSigner::explain`] and [`RequestHead::explain`] show what is signed.
//!
//! The seed may come from any SigV4 signer; with the feature `aws-sigv4`, `sign_head` makes it with the aws-sigv4 crate.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authorization;
mod canonical;
mod credentials;
mod daily;
mod date;
mod diagnose;
mod envelope;
mod error;
mod event;
mod explain;
mod fault;
mod hash;
#[cfg(feature = "aws-sigv4")]
mod head;
mod hex;
mod key;
mod part;
mod request;
mod scope;
mod signature;
mod signer;
mod verifier;

pub use authorization::Authorization;
pub use credentials::Credentials;
pub use envelope::HeaderOrder;
pub use error::{BadSignature, SignError};
pub use explain::{EventStringToSign, HeadExplanation};
pub use fault::{EventFault, EventFaultKind, HeadFault};
#[cfg(feature = "aws-sigv4")]
pub use head::{Payload, RefusedRequest, SignHeadError, SignedHead, sign_head};
pub use key::SigningKey;
pub use part::Part;
pub use request::RequestHead;
pub use scope::Scope;
pub use signature::Signature;
pub use signer::{DatePrecision, EventSigner};
pub use verifier::{EventVerifier, VerifiedEvent};

/// The guide's code, compiled and run with the doc tests.
#[cfg(all(doctest, feature = "aws-sigv4"))]
#[doc = include_str!("../../../docs/eventstream-sigv4.md")]
struct Guide;
