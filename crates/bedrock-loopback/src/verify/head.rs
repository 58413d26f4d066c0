//! The request's signature: every form that the official SDKs send.
//!
//! Forms and their sources: `host` or a header literally named `:authority` is signed (JS); a bare `?` may end the path and
//! is not signed (Python); the payload hash of an event stream is that of the empty string or the literal
//! `STREAMING-AWS4-HMAC-SHA256-EVENTS`; the canonical path is the wire path encoded once more; a default port is left out.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::authorization::Authorization;
use super::canonical::{Canonical, header};
use super::hash::sha256_hex;
use super::refusal::{Part, Refusal};
use crate::credentials::AccessKey;
use crate::date::Utc;

pub(super) const SERVICE: &str = "bedrock";
const STREAMING: &str = "STREAMING-AWS4-HMAC-SHA256-EVENTS";
pub(super) const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
     Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// A request head as it came over the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a str,
    /// `:path`, with its query.
    pub(crate) target: &'a str,
    /// `:authority`, or the `host` header where a middle box put it there.
    pub(crate) authority: &'a str,
    pub(crate) tls: bool,
    pub(crate) headers: &'a HeaderMap,
}

/// What the payload hash is taken of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    Events,
    Whole(&'a [u8]),
}

/// What a request is checked against.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) keys: Vec<AccessKey>,
    pub(crate) region: String,
    pub(crate) bearer_keys: Vec<String>,
    pub(crate) max_skew: Option<Duration>,
    pub(crate) expired: bool,
}

/// Who sent a request, and the signature that its first event follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authenticated {
    Key { key: AccessKey, seed: String },
    Bearer,
}

/// Checks a request's head, part by part, and names the first that is wrong.
pub(crate) fn check_head(
    head: Head<'_>,
    body: Body<'_>,
    policy: &Policy,
    now: SystemTime,
) -> Result<Authenticated, Refusal> {
    let authorization = header(head.headers, "authorization").ok_or_else(|| {
        let says = (
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
        Refusal::new(
            says,
            Part::AuthorizationMissing,
            "AWS4-HMAC-SHA256 …",
            "nothing",
        )
    })?;
    if let Some(key) = authorization.strip_prefix("Bearer ") {
        return check_bearer(key, body, policy);
    }
    let given = Authorization::parse(&authorization)?;
    let key = check_key(&given, head.headers, policy)?;
    let date = check_scope(&given, head.headers, policy)?;
    check_skew(date, policy, now)?;
    check_signed_headers(&given, head.headers)?;
    let payload_hash = check_payload_hash(head.headers, body)?;
    let request = Canonical::of(head, &given, payload_hash);
    check_signature(&request, &given, key, date, body)?;
    Ok(Authenticated::Key {
        key: key.clone(),
        seed: given.signature,
    })
}

fn check_bearer(key: &str, body: Body<'_>, policy: &Policy) -> Result<Authenticated, Refusal> {
    let invalid = (
        403,
        "AccessDeniedException",
        "Authentication failed: Please make sure your API Key is valid.",
    );
    if matches!(body, Body::Events) {
        let received = "Authorization: Bearer";
        return Err(Refusal::new(
            invalid,
            Part::BearerKey,
            "SigV4, the one scheme of this operation",
            received,
        ));
    }
    if policy.bearer_keys.iter().any(|known| known == key) {
        return Ok(Authenticated::Bearer);
    }
    let known = format!("one of {} keys known here", policy.bearer_keys.len());
    Err(Refusal::new(invalid, Part::BearerKey, known, "another"))
}

fn check_key<'p>(
    given: &Authorization,
    headers: &HeaderMap,
    policy: &'p Policy,
) -> Result<&'p AccessKey, Refusal> {
    let invalid = (
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    let key = policy.keys.iter().find(|key| key.id == given.access_key_id);
    let key = key.ok_or_else(|| {
        let ids: Vec<_> = policy.keys.iter().map(|key| key.id.as_str()).collect();
        Refusal::new(
            invalid,
            Part::AccessKey,
            ids.join(" or "),
            &given.access_key_id,
        )
    })?;
    let shown = |token: Option<&str>| {
        token
            .map_or("no token", |_| "a token (not shown)")
            .to_owned()
    };
    let token = header(headers, "x-amz-security-token");
    if token != key.session_token {
        let (expected, received) = (shown(key.session_token.as_deref()), shown(token.as_deref()));
        let received = if expected == received {
            "another token".to_owned()
        } else {
            received
        };
        return Err(Refusal::new(
            invalid,
            Part::SessionToken,
            expected,
            received,
        ));
    }
    if policy.expired {
        let expired = (
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        );
        return Err(Refusal::new(
            expired,
            Part::Expired,
            "valid credentials",
            "expired ones",
        ));
    }
    Ok(key)
}

fn check_scope(
    given: &Authorization,
    headers: &HeaderMap,
    policy: &Policy,
) -> Result<Utc, Refusal> {
    const CODE: &str = "InvalidSignatureException";
    let sent = header(headers, "x-amz-date").unwrap_or_else(|| "nothing".to_owned());
    let date = Utc::parse_basic(&sent).ok_or_else(|| {
        let says = (
            400,
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'.",
        );
        Refusal::new(says, Part::RequestDate, "YYYYMMDDTHHMMSSZ", &sent)
    })?;
    let wants = |part, says: String, expected: &str, received: &str| {
        if expected == received {
            return Ok(());
        }
        Err(Refusal::new((403, CODE, says), part, expected, received))
    };
    let day = date.scope_date();
    let says = format!(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{sent}'.",
        given.date
    );
    wants(Part::ScopeDate, says, &day, &given.date)?;
    let says = "Credential should be scoped to a valid region. ".to_owned();
    wants(Part::Region, says, &policy.region, &given.region)?;
    let says = format!("Credential should be scoped to correct service: '{SERVICE}'. ");
    wants(Part::Service, says, SERVICE, &given.service)?;
    let says = "Credential should be scoped with a valid terminator: 'aws4_request'. ".to_owned();
    wants(Part::ScopeEnd, says, "aws4_request", &given.terminator)?;
    Ok(date)
}

fn check_skew(date: Utc, policy: &Policy, now: SystemTime) -> Result<(), Refusal> {
    let Some(max) = policy.max_skew else {
        return Ok(());
    };
    let now = Utc::from_system(now);
    let max_millis = i64::try_from(max.as_millis()).unwrap_or(i64::MAX);
    let early = now.millis() - date.millis() > max_millis;
    let late = date.millis() - now.millis() > max_millis;
    if !early && !late {
        return Ok(());
    }
    let (what, compared) = if early {
        ("Signature expired", "earlier")
    } else {
        ("Signature not yet current", "later")
    };
    let edge = if early {
        now.millis() - max_millis
    } else {
        now.millis() + max_millis
    };
    let says = format!(
        "{what}: {} is now {compared} than {} ({} {} {} min.)",
        date.basic(),
        Utc::from_millis(edge).basic(),
        now.basic(),
        if early { '-' } else { '+' },
        max.as_secs() / 60
    );
    let expected = format!("{} ± {} s", now.basic(), max.as_secs());
    Err(Refusal::new(
        (403, "InvalidSignatureException", says),
        Part::RequestSkew,
        expected,
        date.basic(),
    ))
}

fn check_signed_headers(given: &Authorization, headers: &HeaderMap) -> Result<(), Refusal> {
    let signed = given.signed.join(";");
    let bad = |expected: String| {
        let says = (403, "InvalidSignatureException", MISMATCH);
        Err(Refusal::new(says, Part::SignedHeaders, expected, &signed))
    };
    if !given.signed.is_sorted() {
        return bad("names in order".to_owned());
    }
    let has = |name: &str| given.signed.iter().any(|signed| signed == name);
    if !has("host") && !has(":authority") {
        return bad("host (or :authority) among them".to_owned());
    }
    for name in headers.keys().map(http::HeaderName::as_str) {
        if name.starts_with("x-amz-") && !has(name) {
            return bad(format!("{name} among them, since it is sent"));
        }
    }
    for name in &given.signed {
        let pseudo = name == "host" || name == ":authority";
        if !pseudo && !headers.contains_key(name.as_str()) {
            return bad(format!("only headers that are sent, which {name} is not"));
        }
    }
    Ok(())
}

/// The payload hash of the canonical request.
fn check_payload_hash(headers: &HeaderMap, body: Body<'_>) -> Result<String, Refusal> {
    let sent = header(headers, "x-amz-content-sha256");
    let computed = match body {
        Body::Events => sha256_hex(b""),
        Body::Whole(body) => sha256_hex(body),
    };
    match (sent, body) {
        (None, _) => Ok(computed),
        (Some(sent), _) if sent == computed => Ok(computed),
        (Some(sent), Body::Events) if sent == STREAMING => Ok(sent),
        (Some(sent), _) => {
            let says =
                "The provided 'x-amz-content-sha256' header does not match what was computed.";
            let says = (403, "InvalidSignatureException", says);
            Err(Refusal::new(says, Part::PayloadHash, computed, sent))
        }
    }
}

fn check_signature(
    request: &Canonical,
    given: &Authorization,
    key: &AccessKey,
    date: Utc,
    body: Body<'_>,
) -> Result<(), Refusal> {
    let matches = |request: &Canonical| request.signature(key, date, given) == given.signature;
    if matches(request) {
        return Ok(());
    }
    if let Some(host) = request.host_without_default_port()
        && matches(&request.with_host(host))
    {
        return Ok(());
    }
    Err(diagnose(request, given, key, date, body))
}

/// Tries the known mistakes and names the one that gives the signature that was sent.
fn diagnose(
    request: &Canonical,
    given: &Authorization,
    key: &AccessKey,
    date: Utc,
    body: Body<'_>,
) -> Refusal {
    let matches = |request: &Canonical| request.signature(key, date, given) == given.signature;
    let mismatch = (403, "InvalidSignatureException", MISMATCH);
    let once = Canonical {
        path: request.wire_path.clone(),
        ..request.clone()
    };
    if matches(&once) {
        return Refusal::new(mismatch, Part::CanonicalPath, &request.path, &once.path);
    }
    let hashes = [
        sha256_hex(b""),
        STREAMING.to_owned(),
        "UNSIGNED-PAYLOAD".to_owned(),
        match body {
            Body::Events => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned(),
            Body::Whole(body) => sha256_hex(body),
        },
    ];
    for payload_hash in hashes {
        let other = Canonical {
            payload_hash,
            ..request.clone()
        };
        if matches(&other) {
            let (expected, received) = (&request.payload_hash, &other.payload_hash);
            return Refusal::new(mismatch, Part::PayloadHash, expected, received);
        }
    }
    let bare = request
        .authority
        .rsplit_once(':')
        .map_or("", |(host, _)| host);
    for host in [bare, "localhost", "127.0.0.1"] {
        if matches(&request.with_host(host)) {
            return Refusal::new(mismatch, Part::Host, &request.authority, host);
        }
    }
    for service in ["bedrock-runtime", "bedrock-agent-runtime"] {
        if request.signature_for(key, date, given, service) == given.signature {
            return Refusal::new(mismatch, Part::Service, SERVICE, service);
        }
    }
    let expected = format!(
        "{} from the canonical request {:?}",
        request.signature(key, date, given),
        request.shown()
    );
    Refusal::new(mismatch, Part::Signature, expected, &given.signature)
}
