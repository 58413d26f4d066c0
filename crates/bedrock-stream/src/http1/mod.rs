//! One-way calls over HTTP/1.1, for middle boxes that speak no HTTP/2: one connection a call.

mod exchange;
mod progress;
mod receive;
mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use h2_duplex::{Connector, Deadlines, Error};
use http::header::{HOST, HeaderValue};

pub(crate) use self::receive::Http1Receive;
pub(crate) use self::send::Http1Send;

/// Opens calls over HTTP/1.1, and remembers whether that is what is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Http1 {
    connector: Connector,
    spoken: Arc<AtomicBool>,
}

impl Http1 {
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            connector,
            spoken: Arc::default(),
        }
    }

    /// Whether the last call went over HTTP/1.1: HTTP/2 need not be tried then.
    pub(crate) fn is_spoken(&self) -> bool {
        self.spoken.load(Ordering::Relaxed)
    }

    pub(crate) async fn open(
        &self,
        head: http::Request<()>,
    ) -> Result<(Http1Send, Http1Receive), Error> {
        let connected = self.connector.connect_http1(head.uri()).await;
        // Where that fails the way may be another one by now: the next call begins anew.
        self.spoken.store(connected.is_ok(), Ordering::Relaxed);
        Ok(open_on(connected?, head))
    }
}

/// Opens a call on a connection that is for nothing else. Needs a tokio runtime.
fn open_on<T>(io: T, mut head: http::Request<()>) -> (Http1Send, Http1Receive)
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let deadlines = head.extensions_mut().remove().unwrap_or(Deadlines::NONE);
    let head = in_origin_form(head);
    let (progress, watch) = progress::channel();
    let (send, upload) = send::channel(watch.clone());
    let receive = Http1Receive::start(watch, |chunks| {
        exchange::run(io, head.map(|()| upload), deadlines, progress, chunks)
    });
    (send, receive)
}

/// HTTP/1.1 names the host in a header, and nothing but the path in its first line (RFC 9112 §3.2.1). The host is named as it was
/// signed: without the default port.
fn in_origin_form(head: http::Request<()>) -> http::Request<()> {
    let (mut parts, ()) = head.into_parts();
    let default_port = if parts.uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    let host = match (parts.uri.host(), parts.uri.port_u16()) {
        (Some(host), Some(port)) if port != default_port => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    // A host out of a URI can always stand in a header.
    if let Ok(host) = HeaderValue::try_from(host) {
        parts.headers.insert(HOST, host);
    }
    let path = parts.uri.path_and_query().cloned();
    parts.uri = path.map_or_else(|| http::Uri::from_static("/"), Into::into);
    parts.version = http::Version::HTTP_11;
    http::Request::from_parts(parts, ())
}

#[cfg(test)]
mod tests;
