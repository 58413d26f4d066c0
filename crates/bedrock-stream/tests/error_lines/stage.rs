//! A client whose connections lead to a server with one fault, in memory, on one virtual clock.

use std::convert::Infallible;
use std::future::Ready;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bedrock_loopback::{Fault, FaultKind, Loopback, Server};
use bedrock_stream::{Client, Clock, Credentials};
use eventstream_codec::Timestamp;
use tokio::io::DuplexStream;

/// 2026-11-21, an hour before midnight UTC.
const START_SECS: u64 = 1_795_302_000;

/// A client and the server that it does not know to be faulty.
pub(crate) struct Stage {
    pub(crate) client: Client,
}

impl Stage {
    pub(crate) fn with(fault: FaultKind) -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START_SECS);
        let server = Loopback::builder()
            .clock(bedrock_loopback::Clock::starting_at(start))
            .fault(Fault::new(fault))
            .seed(7)
            .build()
            .expect("settings that can be");
        let start = Timestamp::from_millis(i64::try_from(START_SECS).unwrap() * 1000);
        let client = Client::builder()
            .region(server.region())
            .endpoint_url("https://localhost")
            .trust_pem(server.ca_pem())
            .credentials(Credentials::new(
                server.access_key_id(),
                server.secret_access_key(),
            ))
            .clock(Clock::starting_at(start))
            .connector(Pipes(server))
            .build()
            .expect("settings that can be");
        Self { client }
    }
}

/// Makes pipes to the server in place of TCP connections.
#[derive(Clone)]
struct Pipes(Server);

impl tower_service::Service<http::Uri> for Pipes {
    type Response = DuplexStream;
    type Error = Infallible;
    type Future = Ready<Result<DuplexStream, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let server = self.0.clone();
        tokio::spawn(async move { server.serve_tls(far).await });
        std::future::ready(Ok(near))
    }
}
