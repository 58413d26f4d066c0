//! The canonical request of SigV4.

use http::HeaderMap;

use super::authorization::{ALGORITHM, Authorization};
use super::hash::{hex, hmac_sha256, sha256_hex, signing_key};
use super::head::{Head, SERVICE};
use crate::credentials::AccessKey;
use crate::date::Utc;

/// A canonical request in its parts.
#[derive(Debug, Clone)]
pub(super) struct Canonical {
    pub(super) method: String,
    pub(super) wire_path: String,
    pub(super) path: String,
    pub(super) authority: String,
    pub(super) tls: bool,
    pub(super) headers: Vec<(String, String)>,
    pub(super) payload_hash: String,
}

impl Canonical {
    pub(super) fn of(head: Head<'_>, given: &Authorization, payload_hash: String) -> Self {
        let wire_path = head.target.split('?').next().unwrap_or_default().to_owned();
        let headers = given
            .signed
            .iter()
            .map(|name| {
                let value = match name.as_str() {
                    "host" | ":authority" => head.authority.to_owned(),
                    name => header(head.headers, name).unwrap_or_default(),
                };
                (name.clone(), value)
            })
            .collect();
        Self {
            method: head.method.to_owned(),
            path: encode_again(&wire_path),
            wire_path,
            authority: head.authority.to_owned(),
            tls: head.tls,
            headers,
            payload_hash,
        }
    }

    /// The same request with another host.
    pub(super) fn with_host(&self, host: &str) -> Self {
        let mut other = self.clone();
        for (name, value) in &mut other.headers {
            if name == "host" || name == ":authority" {
                host.clone_into(value);
            }
        }
        other
    }

    fn text(&self) -> String {
        let mut headers = String::new();
        for (name, value) in &self.headers {
            headers.extend([name.as_str(), ":", value, "\n"]);
        }
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        format!(
            "{}\n{}\n\n{headers}\n{}\n{}",
            self.method,
            self.path,
            names.join(";"),
            self.payload_hash
        )
    }

    /// The canonical request for a message: no session token.
    pub(super) fn shown(&self) -> String {
        let mut shown = self.clone();
        for (name, value) in &mut shown.headers {
            if name == "x-amz-security-token" {
                "(not shown)".clone_into(value);
            }
        }
        shown.text()
    }

    fn string_to_sign(&self, date: Utc, scope: &str) -> String {
        let hash = sha256_hex(self.text().as_bytes());
        format!("{ALGORITHM}\n{}\n{scope}\n{hash}", date.basic())
    }

    pub(super) fn signature(&self, key: &AccessKey, date: Utc, given: &Authorization) -> String {
        self.signature_for(key, date, given, SERVICE)
    }

    pub(super) fn signature_for(
        &self,
        key: &AccessKey,
        date: Utc,
        given: &Authorization,
        service: &str,
    ) -> String {
        let scope = format!("{}/{}/{service}/aws4_request", given.date, given.region);
        let text = self.string_to_sign(date, &scope);
        let key = signing_key(&key.secret, &given.date, &given.region, service);
        hex(&hmac_sha256(&key, text.as_bytes()))
    }

    /// The authority without its port where that is the scheme's default.
    pub(super) fn host_without_default_port(&self) -> Option<&str> {
        let port = if self.tls { ":443" } else { ":80" };
        self.authority.strip_suffix(port)
    }
}

/// Encodes a path once more: only unreserved characters and slashes stay.
fn encode_again(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// A header's values, trimmed, inner runs of spaces made one, joined by commas.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split(' ')
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    if values.is_empty() {
        None
    } else {
        Some(values.join(","))
    }
}
