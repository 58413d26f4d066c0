//! `--verify`: the chain of signatures of a signed stream.

use eventstream_codec::Message;
use eventstream_sigv4::{Credentials, EventFault, EventFaultKind, EventVerifier, Scope, Signature};

use super::print::Fault;

/// What a chain of signatures is checked against. The secret comes from `AWS_SECRET_ACCESS_KEY`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signatures")]
pub(super) struct VerifyArgs {
    /// Check the signature of every frame, with the secret in `AWS_SECRET_ACCESS_KEY`
    #[arg(long, requires = "seed", requires = "region")]
    verify: bool,

    /// The signature of the request that opened the stream: 64 hexadecimal digits
    #[arg(long, value_name = "HEX", requires = "verify")]
    seed: Option<Signature>,

    /// The region in the credential scope
    #[arg(long, value_name = "NAME", requires = "verify")]
    region: Option<String>,

    /// The service in the credential scope
    #[arg(
        long,
        value_name = "NAME",
        requires = "verify",
        default_value = "bedrock"
    )]
    service: String,
}

impl VerifyArgs {
    /// The verifier that was asked for.
    ///
    /// # Errors
    /// Where the secret is not in the environment.
    pub(super) fn verifier(&self) -> Result<Option<EventVerifier>, String> {
        let (Some(seed), Some(region)) = (self.seed, &self.region) else {
            return Ok(None);
        };
        let secret = std::env::var("AWS_SECRET_ACCESS_KEY")
            .map_err(|_| "--verify needs the secret in AWS_SECRET_ACCESS_KEY")?;
        // The key's id plays no part in the signatures of events.
        let credentials = Credentials::new("", secret);
        let scope = Scope::new(region.as_str(), self.service.as_str());
        Ok(Some(EventVerifier::new(seed, &credentials, scope)))
    }
}

/// Checks one frame, which begins at `offset`.
pub(super) fn check(
    verifier: &mut EventVerifier,
    message: &Message,
    offset: u64,
) -> Result<(), Fault> {
    verifier
        .verify(message.frame())
        .map(drop)
        .map_err(|fault| of(&fault, offset))
}

/// Checks that the stream, which ended at `offset`, had its signed end.
pub(super) fn finish(verifier: &EventVerifier, offset: u64) -> Result<(), Fault> {
    verifier.finish().map_err(|fault| of(&fault, offset))
}

fn of(fault: &EventFault, offset: u64) -> Fault {
    let kind = match fault.kind() {
        EventFaultKind::Date => "EventDate",
        EventFaultKind::NoSignature => "EventSignatureMissing",
        EventFaultKind::UnsignedHeader => "EventHeaderUnsigned",
        EventFaultKind::Signature { .. } => "EventSignatureMismatch",
        EventFaultKind::AfterEnd => "EventAfterEnd",
        EventFaultKind::NoEnd => "EventEndMissing",
        _ => "EventFault",
    };
    Fault {
        kind,
        offset,
        message: fault.to_string(),
    }
}
