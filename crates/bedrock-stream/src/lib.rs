//! A client for the streaming operations of Amazon Bedrock, made of small parts.

#[cfg(feature = "aws-credential-types")]
mod aws;
mod cause;
mod client;
mod clock;
mod credentials;
mod endpoint;
mod error;
mod receiver;
mod sender;

#[cfg(feature = "aws-credential-types")]
pub use aws::AwsCredentials;
pub use client::{Client, ClientBuilder};
pub use clock::Clock;
pub use credentials::{CredentialsError, CredentialsFuture, ProvideCredentials};
pub use error::{Error, ErrorKind, Phase};
pub use eventstream_sigv4::Credentials;
pub use h2_duplex::Deadlines;
