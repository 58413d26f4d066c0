//! A signed request's head, looked at from the server's side: verified, or explained.

use std::borrow::Cow;

use hmac::Mac;
use hmac::digest::CtOutput;
use sha2::{Digest, Sha256};

use crate::authorization::Authorization;
use crate::canonical::{self, CanonicalRequest};
use crate::credentials::Credentials;
use crate::explain::HeadExplanation;
use crate::fault::HeadFault;
use crate::hash::sha256;
use crate::hex;
use crate::key::{HmacSha256, RootKey};
use crate::part::Part;
use crate::scope::Scope;
use crate::signature::Signature;

pub(crate) const SIGNED_EVENTS: &str = "STREAMING-AWS4-HMAC-SHA256-EVENTS";

/// The head of a signed request as it came over the wire.
///
/// ```
/// use eventstream_sigv4::{Credentials, RequestHead, Scope};
///
/// # fn serve(headers: Vec<(&str, &str)>) -> Result<(), eventstream_sigv4::HeadFault> {
/// let head = RequestHead::new("POST", "/model/m/invoke-with-bidirectional-stream", "localhost:8443", headers);
/// let key_id = head.authorization()?.access_key_id().to_owned();
/// # let secret_of = |_: &str| "secret".to_owned();
/// let credentials = Credentials::new(key_id.clone(), secret_of(&key_id));
/// let seed = head.verify(&credentials, &Scope::new("us-east-1", "bedrock"), b"")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RequestHead<'a> {
    method: &'a str,
    target: &'a str,
    authority: &'a str,
    /// The authority without the scheme's own port.
    host: &'a str,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> RequestHead<'a> {
    /// A head with `target` (path and query) and header values as on the wire, header names in lower case.
    ///
    /// `authority` is what `:authority` or the `host` header says; a port of 443 is taken for the default one.
    #[must_use]
    pub fn new(
        method: &'a str,
        target: &'a str,
        authority: &'a str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self {
            method,
            target,
            authority,
            host: authority.strip_suffix(":443").unwrap_or(authority),
            headers: headers.into_iter().collect(),
        }
    }

    /// The same with another host: a scheme other than HTTPS has another port of its own.
    #[cfg(feature = "aws-sigv4")]
    pub(crate) const fn with_host(mut self, host: &'a str) -> Self {
        self.host = host;
        self
    }

    /// What the request's `authorization` header says.
    ///
    /// # Errors
    /// `NoAuthorization`, `MalformedAuthorization`.
    pub fn authorization(&self) -> Result<Authorization<'a>, HeadFault> {
        let value = self
            .header("authorization")
            .ok_or(HeadFault::NoAuthorization)?;
        Authorization::parse(value)
    }

    /// Checks the signature, in constant time, and gives it: it is the seed of the request's events.
    ///
    /// `body` is empty for a stream of events. Whether the signature is too old is for the caller to say, who has a
    /// clock.
    ///
    /// # Errors
    /// The first part of the request that is wrong.
    pub fn verify(
        &self,
        credentials: &Credentials,
        scope: &Scope,
        body: &[u8],
    ) -> Result<Signature, HeadFault> {
        let authorization = self.authorization()?;
        if authorization.access_key_id() != credentials.access_key_id() {
            return Err(HeadFault::AccessKey);
        }
        if let Some(token) = credentials.session_token() {
            let sent = self.header("x-amz-security-token").unwrap_or_default();
            if digest_of(sent.as_bytes()) != digest_of(token.as_bytes()) {
                return Err(HeadFault::SessionToken);
            }
        }
        let date = self.date()?;
        check_scope(&authorization, scope, date)?;
        for names in [&["x-amz-date"][..], &["host", ":authority"]] {
            if !authorization
                .signed_headers()
                .any(|name| names.contains(&name))
            {
                let name = names.first().copied().unwrap_or_default();
                return Err(HeadFault::UnsignedHeader { name });
            }
        }
        let canonical = self.canonical(&authorization, body)?;
        let day = date.first_chunk().copied().unwrap_or_default();
        let key = RootKey::new(credentials).derive(day, scope);
        let signed = |canonical: &CanonicalRequest<'_>| {
            let mut mac = key.clone();
            string_to_sign(&authorization, date, canonical, |text| mac.update(text));
            let signature = authorization.signature();
            mac.verify_slice(signature.as_bytes()).is_ok()
        };
        if signed(&canonical) {
            return Ok(authorization.signature());
        }
        let suspects = self.suspects(&canonical, body);
        let differs = suspects.iter().find(|(_, suspect)| signed(suspect));
        Err(HeadFault::Signature {
            differs: differs.map(|(part, _)| *part),
        })
    }

    /// The canonical request and the string to sign, session token cut out. It takes no secret and checks nothing.
    ///
    /// # Errors
    /// Where a part that the signature covers is missing.
    pub fn explain(&self, body: &[u8]) -> Result<HeadExplanation, HeadFault> {
        let authorization = self.authorization()?;
        let canonical = self.canonical(&authorization, body)?;
        let mut text = Vec::new();
        string_to_sign(&authorization, self.date()?, &canonical, |piece| {
            text.extend_from_slice(piece);
        });
        Ok(HeadExplanation {
            canonical_request: canonical.redacted(),
            string_to_sign: String::from_utf8_lossy(&text).into_owned(),
        })
    }

    /// The canonical request that the `authorization` header claims to be of.
    fn canonical(
        &self,
        authorization: &Authorization<'a>,
        body: &[u8],
    ) -> Result<CanonicalRequest<'a>, HeadFault> {
        let headers: Result<Vec<_>, _> = authorization
            .signed_headers()
            .map(|name| match self.signed_value(name) {
                Some(value) => Ok((name, value)),
                None => Err(HeadFault::MissingHeader {
                    name: name.to_owned(),
                }),
            })
            .collect();
        let hash = hash_text(body);
        let payload_hash = match self.header("x-amz-content-sha256") {
            Some(SIGNED_EVENTS) => Cow::Borrowed(SIGNED_EVENTS),
            Some(claimed) if claimed != hash => return Err(HeadFault::Payload),
            _ => Cow::Owned(hash),
        };
        Ok(CanonicalRequest {
            method: self.method,
            path: canonical::path(self.target),
            query: canonical::query(self.target),
            headers: headers?,
            payload_hash,
        })
    }

    /// The same request as a client signs it that gets one part wrong.
    fn suspects(
        &self,
        right: &CanonicalRequest<'a>,
        body: &[u8],
    ) -> Vec<(Part, CanonicalRequest<'a>)> {
        let mut suspects = Vec::new();
        let mut suspect = |part, change: &dyn Fn(&mut CanonicalRequest<'a>)| {
            let mut wrong = right.clone();
            change(&mut wrong);
            suspects.push((part, wrong));
        };
        for hash in [
            hash_text(body),
            hash_text(b""),
            SIGNED_EVENTS.to_owned(),
            "UNSIGNED-PAYLOAD".to_owned(),
        ] {
            suspect(Part::Payload, &|wrong| {
                wrong.payload_hash = Cow::Owned(hash.clone());
            });
        }
        suspect(Part::Path, &|wrong| {
            wrong.path = canonical::plain_path(self.target);
        });
        suspect(Part::Path, &|wrong| {
            wrong.path = canonical::path(&canonical::path(self.target));
        });
        let without_port = self.authority.split(':').next().unwrap_or_default();
        for host in [self.authority, without_port] {
            suspect(Part::Host, &|wrong| {
                for (_, value) in wrong.headers.iter_mut().filter(|(name, _)| *name == "host") {
                    *value = Cow::Borrowed(host);
                }
            });
        }
        suspects
    }

    /// The first header with this name.
    fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    }

    /// The values of all headers with this name, as they are signed.
    fn signed_value(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.headers.iter().filter(|(other, _)| *other == name);
        let Some((_, first)) = values.next() else {
            return match name {
                ":authority" => Some(Cow::Borrowed(self.authority)),
                "host" => Some(Cow::Borrowed(self.host)),
                _ => None,
            };
        };
        let first = canonical::header_value(first);
        Some(values.fold(first, |joined, (_, next)| {
            Cow::Owned(format!("{joined},{}", canonical::header_value(next)))
        }))
    }

    /// `x-amz-date`.
    fn date(&self) -> Result<&'a [u8; 16], HeadFault> {
        let text = self.header("x-amz-date").ok_or(HeadFault::Date)?;
        let date: &[u8; 16] = text.as_bytes().try_into().map_err(|_| HeadFault::Date)?;
        let well_formed = date.iter().enumerate().all(|(index, byte)| match index {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
        if well_formed {
            Ok(date)
        } else {
            Err(HeadFault::Date)
        }
    }
}

impl std::fmt::Debug for RequestHead<'_> {
    /// Values may be secrets; names are not.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("authority", &self.authority)
            .field("headers", &names)
            .finish()
    }
}

fn check_scope(
    authorization: &Authorization<'_>,
    scope: &Scope,
    date: &[u8; 16],
) -> Result<(), HeadFault> {
    let actual = (
        authorization.date(),
        authorization.region(),
        authorization.service(),
    );
    let day = date.first_chunk::<8>().copied().unwrap_or_default();
    let day = str::from_utf8(&day).unwrap_or_default();
    if actual == (day, scope.region(), scope.service()) {
        return Ok(());
    }
    Err(HeadFault::Scope {
        expected: format!("{day}/{}/{}", scope.region(), scope.service()),
        actual: format!("{}/{}/{}", actual.0, actual.1, actual.2),
    })
}

fn string_to_sign(
    authorization: &Authorization<'_>,
    date: &[u8; 16],
    canonical: &CanonicalRequest<'_>,
    mut out: impl FnMut(&[u8]),
) {
    out(b"AWS4-HMAC-SHA256\n");
    out(date);
    out(b"\n");
    for part in [
        authorization.date(),
        authorization.region(),
        authorization.service(),
    ] {
        out(part.as_bytes());
        out(b"/");
    }
    out(b"aws4_request\n");
    out(&canonical.hash());
}

fn hash_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&hex::encode(&sha256(bytes))).into_owned()
}

/// Compared in constant time; by digest, so that lengths may differ.
fn digest_of(bytes: &[u8]) -> CtOutput<HmacSha256> {
    CtOutput::new(Sha256::digest(bytes))
}
