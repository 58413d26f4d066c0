//! No secret and no session token reaches a log, an error or a `Debug`.
#![cfg(feature = "aws-sigv4")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use eventstream_codec::{Seal, Timestamp, encode_frame};
use eventstream_sigv4::{
    Credentials, EventSigner, EventVerifier, Payload, RequestHead, Scope, SigningKey, sign_head,
};
use http::Request;
use tracing_subscriber::fmt::MakeWriter;

const SECRET: &str = "the-secret-access-key";
const TOKEN: &str = "the-session-token";
const NOW: Timestamp = Timestamp::from_millis(1_798_761_599_123);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Signs a request and a stream, wrongly too, and writes down all that can be shown.
fn show_everything() -> String {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET)
        .with_session_token(TOKEN)
        .with_expiry(NOW);
    let scope = Scope::new("us-east-1", "bedrock");
    let request = Request::post("https://localhost/model/m/x")
        .body(())
        .unwrap();
    let mut parts = request.into_parts().0;
    let head = sign_head(&parts, Payload::SignedEvents, &credentials, &scope, NOW).unwrap();
    let mut shown = format!("{credentials:?} {head:?} ");
    let seed = head.apply(&mut parts.headers);

    let received = RequestHead::try_from(&parts).unwrap();
    let explained = received.explain(b"").unwrap();
    let other = Credentials::new("AKIDEXAMPLE", SECRET).with_session_token("another");
    let fault = received.verify(&other, &scope, b"").unwrap_err();
    let wrong_key = Credentials::new("AKIDEXAMPLE", "another").with_session_token(TOKEN);
    let mismatch = received.verify(&wrong_key, &scope, b"").unwrap_err();
    write!(
        shown,
        "{received:?} {explained} {explained:?} {fault} {fault:?} {mismatch} {mismatch:?} "
    )
    .unwrap();

    let key = SigningKey::derive(&credentials, &scope, NOW).unwrap();
    let mut signer = EventSigner::new(seed, &credentials, scope.clone());
    let mut wire = BytesMut::new();
    wire.resize(signer.headroom(), 0);
    encode_frame(&[], b"", &mut wire).unwrap();
    signer.seal(NOW, &mut wire, 0).unwrap();
    let error = signer.seal(NOW, &mut BytesMut::new(), 0).unwrap_err();
    let verifier = EventVerifier::new(seed, &credentials, scope);
    let fault = verifier.finish().unwrap_err();
    write!(
        shown,
        "{key:?} {signer:?} {error} {error:?} {verifier:?} {fault} {fault:?}"
    )
    .unwrap();

    let broken = Credentials::new("AKIDEXAMPLE", SECRET).with_session_token(format!("{TOKEN}\n"));
    let error = sign_head(&parts, Payload::Empty, &broken, &Scope::new("r", "s"), NOW).unwrap_err();
    let source = std::error::Error::source(&error);
    write!(shown, "{error} {error:?} {source:?}").unwrap();
    shown
}

#[test]
fn nothing_shown_or_logged_holds_a_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let shown = tracing::subscriber::with_default(subscriber, show_everything);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();

    assert!(
        logged.contains("AKIDEXAMPLE"),
        "aws-sigv4 logs at TRACE, and it is caught"
    );
    assert!(shown.contains("AKIDEXAMPLE"));
    for secret in [SECRET, TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!logged.contains(secret), "{logged}");
    }
}
