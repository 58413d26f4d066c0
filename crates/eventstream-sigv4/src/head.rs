//! The opening request, signed by the aws-sigv4 crate; its signature is the stream's seed.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use eventstream_codec::Timestamp;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, header};

use crate::credentials::Credentials;
use crate::request::{RequestHead, SIGNED_EVENTS};
use crate::scope::Scope;
use crate::signature::Signature;

/// What stands for the body in the signature of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// The literal `STREAMING-AWS4-HMAC-SHA256-EVENTS`, sent as `x-amz-content-sha256` too: a stream of signed events
    /// as AWS documents it and its JavaScript and Python SDKs open it.
    #[default]
    SignedEvents,
    /// The hash of no bytes, without a header: as AWS's Rust SDK opens a stream of signed events.
    Empty,
    /// The hash of this body, without a header: a one-way call.
    Body(&'a [u8]),
}

/// The headers that sign a request, and the seed for its events.
#[derive(Clone, Debug)]
#[must_use = "the headers must be put on the request"]
pub struct SignedHead {
    /// `authorization`, `x-amz-date` and, as the case may be, `x-amz-security-token` and `x-amz-content-sha256`.
    /// Those that carry a secret are marked sensitive.
    pub headers: HeaderMap,
    /// The request's signature.
    pub seed: Signature,
}

impl SignedHead {
    /// Puts the headers on the request that was signed, in place of those of an earlier signature, and gives the seed.
    #[must_use = "the seed begins the chain of event signatures"]
    pub fn apply(self, request: &mut HeaderMap) -> Signature {
        for name in SIGNING_HEADERS {
            request.remove(name);
        }
        request.extend(self.headers);
        self.seed
    }
}

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
/// What signing adds. Left out of the input, so that a request can be signed again.
const SIGNING_HEADERS: [HeaderName; 4] = [
    AUTHORIZATION,
    X_AMZ_DATE,
    X_AMZ_SECURITY_TOKEN,
    X_AMZ_CONTENT_SHA256,
];

/// Signs a request with SigV4 in its headers.
///
/// The URI is given as it goes on the wire, its path encoded once (`:` in a model id as `%3A`); the signature covers
/// it encoded once more, as all services but S3 want it. All headers of the request are signed except `user-agent`,
/// `authorization`, `transfer-encoding` and `x-amzn-trace-id`: leave out what a proxy or a retry changes. `host` is
/// taken from the URI, with the port unless it is the scheme's own, where the request has no such header.
///
/// # Errors
/// Where the request has no host, a header is not text, or `now` lies before 1970 or after 9999.
pub fn sign_head(
    request: &Parts,
    payload: Payload<'_>,
    credentials: &Credentials,
    scope: &Scope,
    now: Timestamp,
) -> Result<SignedHead, SignHeadError> {
    if request.uri.host().is_none_or(str::is_empty) && !request.headers.contains_key(header::HOST) {
        return Err(SignHeadError::NoHost);
    }
    let time = u64::try_from(now.as_millis())
        .ok()
        .filter(|_| crate::date::AmzDate::new(now).is_some())
        .map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .ok_or(SignHeadError::DateOutOfRange { at: now })?;

    let mut settings = SigningSettings::default();
    let body = match payload {
        Payload::SignedEvents => {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            SignableBody::Precomputed(SIGNED_EVENTS.to_owned())
        }
        Payload::Empty => SignableBody::Bytes(&[]),
        Payload::Body(bytes) => SignableBody::Bytes(bytes),
    };
    let identity = AwsCredentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        credentials.session_token().map(ToOwned::to_owned),
        None,
        "eventstream-sigv4",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region())
        .name(scope.service())
        .time(time)
        .settings(settings)
        .build()
        .map_err(|_| SignHeadError::Incomplete)?
        .into();
    let headers = signable_headers(&request.headers)?;
    let signable = SignableRequest::new(
        request.method.as_str(),
        request.uri.to_string(),
        headers.into_iter(),
        body,
    )
    .map_err(RefusedRequest::of)?;
    let (instructions, signature) = sign(signable, &params)
        .map_err(RefusedRequest::of)?
        .into_parts();

    let mut headers = HeaderMap::new();
    for header in instructions.into_parts().0 {
        let mut value =
            HeaderValue::from_str(header.value()).map_err(|_| SignHeadError::HeaderNotText {
                name: HeaderName::from_static(header.name()),
            })?;
        value.set_sensitive(header.sensitive() || header.name() == "authorization");
        headers.insert(header.name(), value);
    }
    let seed = signature.parse().map_err(|_| SignHeadError::Incomplete)?;
    Ok(SignedHead { headers, seed })
}

impl<'a> TryFrom<&'a Parts> for RequestHead<'a> {
    type Error = SignHeadError;

    /// A request as it is sent, to be explained, or verified in a test.
    fn try_from(request: &'a Parts) -> Result<Self, SignHeadError> {
        let uri = &request.uri;
        let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let authority = uri.authority().map_or("", Authority::as_str);
        let default_port = if uri.scheme_str() == Some("http") {
            ":80"
        } else {
            ":443"
        };
        let host = authority.strip_suffix(default_port).unwrap_or(authority);
        let headers: Result<Vec<_>, _> = request.headers.iter().map(text).collect();
        Ok(Self::new(request.method.as_str(), target, authority, headers?).with_host(host))
    }
}

fn signable_headers(headers: &HeaderMap) -> Result<Vec<(&str, &str)>, SignHeadError> {
    headers
        .iter()
        .filter(|(name, _)| !SIGNING_HEADERS.contains(name))
        .map(text)
        .collect()
}

fn text<'a>(
    (name, value): (&'a HeaderName, &'a HeaderValue),
) -> Result<(&'a str, &'a str), SignHeadError> {
    match value.to_str() {
        Ok(value) => Ok((name.as_str(), value)),
        Err(_) => Err(SignHeadError::HeaderNotText { name: name.clone() }),
    }
}

/// What the aws-sigv4 crate said against a request, in its own words: `Display` and `source()`.
#[derive(Debug)]
pub struct RefusedRequest(SigningError);

impl RefusedRequest {
    fn of(error: SigningError) -> SignHeadError {
        SignHeadError::Refused(Self(error))
    }
}

impl fmt::Display for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for RefusedRequest {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Why a request cannot be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignHeadError {
    /// Neither the URI nor a `host` header names a host.
    NoHost,
    /// A header's value (or, for `x-amz-security-token`, the session token) is not visible ASCII.
    HeaderNotText {
        /// The header.
        name: HeaderName,
    },
    /// A moment before 1970 or after 9999.
    DateOutOfRange {
        /// The moment.
        at: Timestamp,
    },
    /// The aws-sigv4 crate refused the request.
    Refused(RefusedRequest),
    /// The aws-sigv4 crate's answer was not what its documentation promises.
    Incomplete,
}

impl fmt::Display for SignHeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost => f.write_str("a request is signed for a host, and this one names none"),
            Self::HeaderNotText { name } => {
                write!(f, "the value of header {name} is not visible ASCII")
            }
            Self::DateOutOfRange { at } => write!(
                f,
                "{} ms since 1970 is outside of the years 1970 to 9999",
                at.as_millis()
            ),
            Self::Refused(_) => f.write_str("the request cannot be signed"),
            Self::Incomplete => f.write_str("aws-sigv4 gave no whole signature"),
        }
    }
}

impl std::error::Error for SignHeadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}
