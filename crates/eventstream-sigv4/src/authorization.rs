//! The `Authorization` header of SigV4, read.

use crate::fault::HeadFault;
use crate::signature::Signature;

/// What the `Authorization` header of a signed request says.
#[derive(Clone, Copy, Debug)]
pub struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: Signature,
}

impl<'a> Authorization<'a> {
    /// Reads a header's value.
    ///
    /// # Errors
    /// `MalformedAuthorization` where it is not `AWS4-HMAC-SHA256` with its three fields, each once.
    pub fn parse(value: &'a str) -> Result<Self, HeadFault> {
        Self::read(value).ok_or(HeadFault::MalformedAuthorization)
    }

    fn read(value: &'a str) -> Option<Self> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in value.strip_prefix("AWS4-HMAC-SHA256 ")?.split(',') {
            let (name, value) = field.trim().split_once('=')?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let mut scope = credential?.rsplitn(5, '/');
        if scope.next()? != "aws4_request" {
            return None;
        }
        let (service, region, date) = (scope.next()?, scope.next()?, scope.next()?);
        Some(Self {
            access_key_id: scope.next()?,
            date,
            region,
            service,
            signed_headers: signed_headers?,
            signature: signature?.parse().ok()?,
        })
    }

    /// Whose key signed: what to look credentials up by.
    #[must_use]
    pub const fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The scope's day, `YYYYMMDD` where the client is sane.
    #[must_use]
    pub const fn date(&self) -> &'a str {
        self.date
    }

    /// The scope's region.
    #[must_use]
    pub const fn region(&self) -> &'a str {
        self.region
    }

    /// The scope's service.
    #[must_use]
    pub const fn service(&self) -> &'a str {
        self.service
    }

    /// The names of the signed headers, in the order of the signature.
    pub fn signed_headers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.signed_headers.split(';')
    }

    /// The signature: unproven until [`RequestHead::verify`](crate::RequestHead::verify) gives it as the seed.
    #[must_use]
    pub const fn signature(&self) -> Signature {
        self.signature
    }
}
