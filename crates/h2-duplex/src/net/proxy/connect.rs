//! HTTP CONNECT (RFC 9110 §9.3.6).

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{failed, unknown_here};
use crate::Error;
use crate::net::origin::Origin;

/// How long an answer's head may be, in bytes.
const MAX_HEAD: usize = 16 * 1024;

pub(super) async fn ask<T>(
    mut io: T,
    target: &Origin,
    authorization: Option<&HeaderValue>,
) -> Result<T, Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
    if let Some(value) = authorization {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await.map_err(failed)?;
    let head = read_head(&mut io).await?;
    match status(&head) {
        Some(200..=299) => Ok(io),
        Some(407) => Err(unknown_here("it answered 407")),
        Some(status) => Err(failed(format!("it answered {status}"))),
        None => Err(failed("it does not speak HTTP/1")),
    }
}

/// Byte by byte: what follows the head is the tunnel's.
async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(failed("its answer has too long a head"));
        }
        head.push(io.read_u8().await.map_err(failed)?);
    }
    Ok(head)
}

/// The code of `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next()?.strip_prefix("HTTP/1.")?;
    words.next().filter(|code| code.len() == 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    async fn answered(answer: &[u8]) -> (Result<Vec<u8>, Error>, String) {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(answer).await.unwrap();
        let target = Origin {
            host: "example.org".into(),
            port: 443,
            tls: true,
        };
        let authorization = HeaderValue::from_static("Basic xyz");
        let asked = ask(near, &target, Some(&authorization)).await;
        let mut rest = Vec::new();
        let result = match asked {
            Ok(mut near) => {
                far.shutdown().await.unwrap();
                near.read_to_end(&mut rest).await.unwrap();
                Ok(rest)
            }
            Err(error) => Err(error),
        };
        let mut request = String::new();
        far.read_to_string(&mut request).await.unwrap();
        (result, request)
    }

    #[tokio::test]
    async fn the_tunnel_begins_right_behind_the_head() {
        let (rest, request) =
            answered(b"HTTP/1.0 200 Connection established\r\nx: y\r\n\r\nfirst").await;
        assert_eq!(rest.unwrap(), b"first");
        assert_eq!(
            request,
            "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\
             proxy-authorization: Basic xyz\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn refusals_say_why() {
        for (answer, words) in [
            (&b"HTTP/1.1 503 Busy\r\n\r\n"[..], "answered 503"),
            (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP/1"),
            (b"HTTP/1.1 2000 What\r\n\r\n", "does not speak HTTP/1"),
            ("x".repeat(MAX_HEAD + 1).as_bytes(), "too long"),
        ] {
            let error = answered(answer).await.0.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Proxy);
            assert!(error.to_string().contains(words), "{error}");
        }
        let unknown = answered(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        let error = unknown.await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProxyCredentials);
    }
}
