//! The `Authorization` header of SigV4, in its parts.

use super::refusal::{Part, Refusal};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The three parts of an `Authorization` header.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) terminator: String,
    pub(super) signed: Vec<String>,
    pub(super) signature: String,
}

impl Authorization {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let wanted = "AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/bedrock/aws4_request, SignedHeaders=a;b, Signature=64 hex digits";
        let bad = |says: &str| {
            let says = (400, "IncompleteSignatureException", says);
            Refusal::new(says, Part::AuthorizationFormat, wanted, redacted(text))
        };
        let fields = text
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| bad("Unsupported AWS 'algorithm'."))?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| {
                    bad(&format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        let credential = field("Credential")?;
        let signed = field("SignedHeaders")?;
        let signature = field("Signature")?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if signature.len() != 64 || !signature.bytes().all(is_hex) {
            return Err(bad("'Signature' must be 64 lower-case hex digits."));
        }
        // The key id may itself hold slashes; the other four words never do.
        let mut words = credential.rsplitn(5, '/').map(str::to_owned);
        let mut word = || {
            words
                .next()
                .ok_or_else(|| bad("Credential must have exactly 5 slash-delimited elements"))
        };
        let terminator = word()?;
        let service = word()?;
        let region = word()?;
        let date = word()?;
        let access_key_id = word()?;
        Ok(Self {
            access_key_id,
            date,
            region,
            service,
            terminator,
            signed: signed.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        })
    }
}

/// An `Authorization` header for a message: its scheme and its length.
fn redacted(authorization: &str) -> String {
    let scheme = authorization.split(' ').next().unwrap_or_default();
    let scheme: String = scheme.chars().take(24).collect();
    format!("{scheme} … ({} bytes)", authorization.len())
}
