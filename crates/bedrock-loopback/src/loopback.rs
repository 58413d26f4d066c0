//! A server that listens on a loopback address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::builder::Builder;
use crate::server::Server;

/// Connections at the same time; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 1024;
/// How long calls in flight may go on once the server is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A running server. Dropped, it stops at once; [`shutdown`](Self::shutdown) lets calls end.
#[derive(Debug)]
pub struct Loopback {
    server: Server,
    address: SocketAddr,
    plaintext: bool,
    closing: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Settings, all with defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The endpoint to point a client at, such as `https://127.0.0.1:34567`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.plaintext { "http" } else { "https" };
        format!("{scheme}://{}", self.address)
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority that clients must trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.server.ca_pem()
    }

    /// The region that requests must be signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        self.server.region()
    }

    /// The access key id that is accepted.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.server.access_key_id()
    }

    /// Its secret.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        self.server.secret_access_key()
    }

    /// Stops accepting, tells every connection with GOAWAY, and gives the calls in flight two seconds to end.
    pub async fn shutdown(mut self) {
        self.closing.send_replace(true);
        if let Some(task) = self.task.take() {
            // The task cannot panic, and is aborted by nobody else.
            let _ = task.await;
        }
    }

    pub(crate) async fn listen(
        server: Server,
        address: SocketAddr,
        plaintext: bool,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (closing, watching) = watch::channel(false);
        let task = tokio::spawn(accept(listener, server.clone(), plaintext, watching));
        Ok(Self {
            server,
            address,
            plaintext,
            closing,
            task: Some(task),
        })
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn accept(
    listener: TcpListener,
    server: Server,
    plaintext: bool,
    mut closing: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let watched = closing.clone();
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => break,
            (permit, accepted) = accepted => {
                // Out of file descriptors, for one: the next connection may do better.
                let Ok((stream, _)) = accepted else { continue };
                let (server, closing) = (server.clone(), watched.clone());
                connections.spawn(async move {
                    let _permit = permit;
                    serve(server, stream, plaintext, closing).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // Calls that go on past the grace are dropped with their connections.
    let _ = tokio::time::timeout(GRACE, drained).await;
}

/// Serves one connection. How it failed is the client's to know: its own end of the connection says it.
async fn serve(server: Server, stream: TcpStream, plaintext: bool, closing: watch::Receiver<bool>) {
    // Nagle's algorithm would only make small events late; a socket that refuses still works.
    let _ = stream.set_nodelay(true);
    let _ = if plaintext {
        server.plain_until(stream, closing).await
    } else {
        server.tls_until(stream, closing).await
    };
}
