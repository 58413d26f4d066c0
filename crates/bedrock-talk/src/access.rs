//! Who may come in: by Host, by Origin, by token.

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;

use crate::notice::Refusal;

/// Who may come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// Names of this server, beside addresses and `localhost`.
    pub(crate) hosts: Vec<String>,
    /// Origins of pages elsewhere that may talk to this server, as browsers write them.
    pub(crate) origins: Vec<String>,
    pub(crate) token: Option<Token>,
}

/// What a client must know. Its `Debug` hides it.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Access {
    /// The host must be one of ours: a page of somebody whose name was made to point here is then no way in.
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = authority(headers, &HOST).ok_or(Refusal::Host)?;
        let name = host.host();
        let known = self
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        if known || is_local_name(name) || is_address(name) {
            return Ok(());
        }
        Err(Refusal::Host)
    }

    /// A page of this server, or one that was named. What sends no origin is no browser.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(ORIGIN) else {
            return Ok(());
        };
        let origin = origin.to_str().map_err(|_| Refusal::Origin)?;
        if self
            .origins
            .iter()
            .any(|known| known.eq_ignore_ascii_case(origin))
        {
            return Ok(());
        }
        let host = authority(headers, &HOST).ok_or(Refusal::Origin)?;
        let of_page = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        match of_page {
            Some(page) if page.eq_ignore_ascii_case(host.as_str()) => Ok(()),
            _ => Err(Refusal::Origin),
        }
    }

    pub(crate) fn check_token(&self, given: Option<&str>) -> Result<(), Refusal> {
        match &self.token {
            Some(token) if !given.is_some_and(|given| token.is(given)) => Err(Refusal::Token),
            _ => Ok(()),
        }
    }
}

impl Token {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Takes as long for a token that is nearly right as for one that is not.
    fn is(&self, given: &str) -> bool {
        let (ours, given) = (self.0.as_bytes(), given.as_bytes());
        let differing = ours.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
        ours.len() == given.len() && std::hint::black_box(differing) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

fn authority(headers: &HeaderMap, name: &HeaderName) -> Option<Authority> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn is_local_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// An address cannot be made to point elsewhere.
fn is_address(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    bare.unwrap_or(name).parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        headers
    }

    #[test]
    fn a_name_that_is_not_ours_is_no_host() {
        let access = Access {
            hosts: vec!["talk.example".into()],
            ..Access::default()
        };
        for fine in [
            "localhost:80",
            "127.0.0.1:9",
            "[::1]:9",
            "a.localhost",
            "TALK.example:443",
        ] {
            assert_eq!(access.check_host(&headers(fine, None)), Ok(()), "{fine}");
        }
        for wrong in [
            "evil.example",
            "localhost.evil.example",
            "talk.example.evil",
            "1.2.3.4.evil",
        ] {
            assert_eq!(
                access.check_host(&headers(wrong, None)),
                Err(Refusal::Host),
                "{wrong}"
            );
        }
        assert_eq!(access.check_host(&HeaderMap::new()), Err(Refusal::Host));
    }

    #[test]
    fn a_page_of_another_origin_is_refused_unless_it_was_named() {
        let access = Access {
            origins: vec!["https://shop.example".into()],
            ..Access::default()
        };
        let check = |origin| access.check_origin(&headers("127.0.0.1:8080", origin));
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some("http://127.0.0.1:8080")), Ok(()));
        assert_eq!(check(Some("https://127.0.0.1:8080")), Ok(()));
        assert_eq!(check(Some("https://shop.example")), Ok(()));
        for wrong in [
            "http://127.0.0.1:8081",
            "http://127.0.0.1",
            "http://localhost:8080",
            "https://evil.example",
            "https://shop.example.evil",
            "null",
            "file://",
        ] {
            assert_eq!(check(Some(wrong)), Err(Refusal::Origin), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_wanted_whole() {
        let open = Access::default();
        assert_eq!(open.check_token(None), Ok(()));
        let access = Access {
            token: Some(Token::new("secret".into())),
            ..Access::default()
        };
        assert_eq!(access.check_token(Some("secret")), Ok(()));
        for wrong in [
            None,
            Some(""),
            Some("secre"),
            Some("secret!"),
            Some("Secret"),
        ] {
            assert_eq!(access.check_token(wrong), Err(Refusal::Token), "{wrong:?}");
        }
        assert_eq!(format!("{access:?}").matches("secret").count(), 0);
    }
}
