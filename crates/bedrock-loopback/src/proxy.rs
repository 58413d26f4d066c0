//! The server as its own CONNECT proxy (RFC 9110 §9.3.6): whatever host is asked for, the tunnel ends right here. So a
//! client's way through a proxy can be tested, and what proxies do wrong.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::fault::FaultKind;
use crate::server::State;
use crate::tls::Tls;

/// How long a CONNECT's head may be, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// What is at the other end of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tunnel {
    /// The server.
    Straight,
    /// A box that ends TLS with a certificate that the client trusts, and does not know HTTP/2.
    Http1Only,
    /// A box that ends TLS with a certificate of its own.
    Untrusted,
}

impl Tunnel {
    /// The TLS side that the client meets, in place of the server's own.
    pub(crate) fn tls(self, own: Tls) -> Tls {
        match self {
            Self::Straight => own,
            Self::Http1Only => own.http1_only(),
            // It could be made when the server was, so it can be made now.
            Self::Untrusted => Tls::by_stranger().unwrap_or(own),
        }
    }
}

/// Reads the head of a CONNECT, byte by byte: what follows it is the tunnel's.
pub(crate) async fn read_connect(io: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(io::Error::other("a CONNECT whose head is too long"));
        }
        head.push(io.read_u8().await?);
    }
    if head.starts_with(b"CONNECT ") {
        return Ok(());
    }
    Err(io::Error::other("no CONNECT"))
}

/// Answers a CONNECT. `None` where the connection is to end, as a fault will have it.
pub(crate) async fn answer<T>(state: &State, io: &mut T) -> io::Result<Option<Tunnel>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut tunnel = Some(Tunnel::Straight);
    for fault in state.faults_of_connect() {
        match fault.kind() {
            FaultKind::ConnectRefused => {
                let head = refusal(fault.place());
                io.write_all(head.as_bytes()).await?;
                io.shutdown().await?;
                return Ok(None);
            }
            FaultKind::ConnectSilent => std::future::pending().await,
            FaultKind::ConnectDropped => return Ok(None),
            FaultKind::ConnectCut => tunnel = None,
            FaultKind::ConnectNoHttp2 => tunnel = tunnel.and(Some(Tunnel::Http1Only)),
            FaultKind::ConnectUntrusted => tunnel = tunnel.and(Some(Tunnel::Untrusted)),
            _ => {}
        }
    }
    io.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    io.flush().await?;
    Ok(tunnel)
}

fn refusal(status: u64) -> String {
    let challenge = match status {
        407 => "proxy-authenticate: Basic realm=\"bedrock-loopback\"\r\n",
        _ => "",
    };
    format!("HTTP/1.1 {status} Refused\r\n{challenge}content-length: 0\r\n\r\n")
}
