//! A server of its own for the bridge: HTTP/1.1, without TLS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::talk::Talk;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);

/// A server that listens. Dropped, it takes no more connections; sessions go on.
#[derive(Debug)]
pub struct Server {
    talk: Talk,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Talk {
    /// Listens on an address; port 0 takes a free one. There is no TLS here: beyond this machine put a server in front that has.
    ///
    /// # Errors
    /// Where the address cannot be had, or is not one of this machine alone and no [token](crate::TalkBuilder::token) was set.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Server> {
        if !address.ip().is_loopback() && self.shared.access.token.is_none() {
            let text = "an address that others can reach needs a token";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Server {
            talk: self.clone(),
            address,
            accepting: tokio::spawn(accept(self.clone(), listener)),
        })
    }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and ends all sessions in order. Gives whether all were over in time.
    pub async fn shutdown(self, deadline: Duration) -> bool {
        self.accepting.abort();
        self.talk.close(deadline).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(talk: Talk, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(talk.clone(), stream));
            }
            // Out of file descriptors, say; those in use will be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(talk: Talk, stream: TcpStream) {
    // Speech goes out in small pieces that should not wait for each other.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let talk = talk.clone();
        async move { Ok::<_, std::convert::Infallible>(talk.respond(request)) }
    });
    // A connection that breaks is no concern of others.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades()
        .await;
}
