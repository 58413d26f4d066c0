//! One-way calls for clients that speak HTTP/1.1.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio::time::interval;
use tokio_rustls::server::TlsStream;

use crate::Outcome;
use crate::script::{STAMPED_PACE, Script};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n";

type Stream = BufStream<TlsStream<TcpStream>>;

/// Answers the calls of a connection, one after the other.
pub(crate) async fn serve(stream: TlsStream<TcpStream>, script: &Script) -> Outcome {
    let mut stream = BufStream::with_capacity(16 * 1024, 16 * 1024, stream);
    while let Some(length) = head(&mut stream).await? {
        stream.read_exact(&mut vec![0; length]).await?;
        stream.write_all(HEAD).await?;
        chunk(&mut stream, &script.prologue).await?;
        let mut pace = interval(STAMPED_PACE);
        for _ in 0..script.count {
            if script.stamped {
                stream.flush().await?;
                pace.tick().await;
            }
            chunk(&mut stream, &script.repeat()).await?;
        }
        chunk(&mut stream, &script.epilogue).await?;
        stream.write_all(b"0\r\n\r\n").await?;
        stream.flush().await?;
    }
    Ok(())
}

/// Reads a request's head; gives the length of its body, or `None` at the end of the connection.
async fn head(stream: &mut Stream) -> Outcome<Option<usize>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some(length));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
}

async fn chunk(stream: &mut Stream, bytes: &[u8]) -> Outcome {
    stream
        .write_all(format!("{:x}\r\n", bytes.len()).as_bytes())
        .await?;
    stream.write_all(bytes).await?;
    Ok(stream.write_all(b"\r\n").await?)
}
