//! The page, and under which rules browsers may run it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};

/// Nothing but our own files and the connection to where they came from; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// `(name, type, text)`.
const FILES: &[(&str, &str, &str)] = &[
    ("", HTML, include_str!("../page/index.html")),
    ("talk.css", CSS, include_str!("../page/talk.css")),
    ("talk.js", JAVASCRIPT, include_str!("../page/talk.js")),
    ("session.js", JAVASCRIPT, include_str!("../page/session.js")),
    ("sound.js", JAVASCRIPT, include_str!("../page/sound.js")),
    (
        "transcript.js",
        JAVASCRIPT,
        include_str!("../page/transcript.js"),
    ),
    ("capture.js", JAVASCRIPT, include_str!("../page/capture.js")),
    (
        "playback.js",
        JAVASCRIPT,
        include_str!("../page/playback.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../page/icon.svg"),
    ),
];

/// What we answer with: a text that is at hand.
#[derive(Debug, Default)]
pub struct Body(Option<Bytes>);

/// The file of this name, relative to the page.
pub(crate) fn file(name: &str) -> Option<Response<Body>> {
    let (_, kind, text) = FILES.iter().find(|(known, ..)| *known == name)?;
    Some(with(
        StatusCode::OK,
        kind,
        Bytes::from_static(text.as_bytes()),
    ))
}

/// A line of text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let text = Bytes::from_static(text.as_bytes());
    with(status, "text/plain; charset=utf-8", text)
}

/// Nothing, under this status.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body(None));
    *response.status_mut() = status;
    response
}

fn with(status: StatusCode, kind: &'static str, text: Bytes) -> Response<Body> {
    let mut response = Response::new(Body(Some(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(CONTENT_TYPE, kind);
    set(CACHE_CONTROL, "no-cache");
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(HeaderName::from_static("x-content-type-options"), "nosniff");
    set(HeaderName::from_static("referrer-policy"), "no-referrer");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "microphone=(self), camera=(), geolocation=()",
    );
    response
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |text| text.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_nothing_that_is_not_ours() {
        for (name, _, text) in FILES {
            // A namespace is no address that anybody goes to.
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for foreign in [
                "http://",
                "https://",
                "//cdn",
                "@import",
                "eval(",
                "innerHTML",
                "style=\"",
                " onclick=",
            ] {
                assert!(!text.contains(foreign), "{name} holds {foreign}");
            }
        }
    }

    #[test]
    fn every_file_that_the_page_names_is_there() {
        let page = FILES[0].2;
        for named in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
            let name = named.split('"').next().unwrap();
            if !name.contains('<') && !name.starts_with('#') {
                assert!(file(name).is_some(), "{name}");
            }
        }
        assert!(file("../Cargo.toml").is_none());
        let response = file("").unwrap();
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY);
    }
}
