//! SOCKS5 (RFC 1928), with names and passwords (RFC 1929).

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::lookup_host;

use super::{failed, unknown_here};
use crate::Error;
use crate::net::origin::Origin;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

pub(super) async fn ask<T>(
    mut io: T,
    target: &Origin,
    login: Option<(&str, &str)>,
    resolve_here: bool,
) -> Result<T, Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let methods: &[u8] = if login.is_some() {
        &[NO_AUTHENTICATION, PASSWORD]
    } else {
        &[NO_AUTHENTICATION]
    };
    let greeting = [&[VERSION], prefixed(methods)?.as_slice()].concat();
    io.write_all(&greeting).await.map_err(failed)?;
    let [version, method] = read(&mut io).await?;
    match (version, method, login) {
        (VERSION, NO_AUTHENTICATION, _) => {}
        (VERSION, PASSWORD, Some((name, password))) => log_in(&mut io, name, password).await?,
        (VERSION, ..) => return Err(unknown_here("it takes no such login")),
        _ => return Err(failed("it does not speak SOCKS5")),
    }
    let mut request = vec![VERSION, CONNECT, 0];
    request.extend(address(target, resolve_here).await?);
    request.extend(target.port.to_be_bytes());
    io.write_all(&request).await.map_err(failed)?;
    let [version, reply, _reserved, kind] = read(&mut io).await?;
    if version != VERSION {
        return Err(failed("it does not speak SOCKS5"));
    }
    if reply != 0 {
        return Err(failed(reason(reply)));
    }
    let bound = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(io.read_u8().await.map_err(failed)?),
        _ => return Err(failed("it answered with an unknown kind of address")),
    };
    // The address that it connects from, and the port: of no use here.
    io.read_exact(&mut vec![0; bound + 2])
        .await
        .map_err(failed)?;
    Ok(io)
}

async fn log_in<T>(io: &mut T, name: &str, password: &str) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![1];
    request.extend(prefixed(name.as_bytes())?);
    request.extend(prefixed(password.as_bytes())?);
    io.write_all(&request).await.map_err(failed)?;
    match read(io).await? {
        [_version, 0] => Ok(()),
        _ => Err(unknown_here("it refused the user or the password")),
    }
}

async fn address(target: &Origin, resolve_here: bool) -> Result<Vec<u8>, Error> {
    let literal = target.host.parse::<IpAddr>().ok();
    let ip = match literal {
        None if resolve_here => {
            let mut found = lookup_host((target.host.as_str(), target.port))
                .await
                .map_err(failed)?;
            Some(
                found
                    .next()
                    .ok_or_else(|| failed("the name has no address"))?
                    .ip(),
            )
        }
        literal => literal,
    };
    Ok(match ip {
        Some(IpAddr::V4(ip)) => [&[IPV4], ip.octets().as_slice()].concat(),
        Some(IpAddr::V6(ip)) => [&[IPV6], ip.octets().as_slice()].concat(),
        None => [&[NAME], prefixed(target.host.as_bytes())?.as_slice()].concat(),
    })
}

/// A field behind its length in one byte.
fn prefixed(field: &[u8]) -> Result<Vec<u8>, Error> {
    let len = u8::try_from(field.len())
        .map_err(|_| failed("a name or password is longer than 255 bytes"))?;
    Ok([&[len], field].concat())
}

async fn read<const N: usize>(io: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes).await.map_err(failed)?;
    Ok(bytes)
}

/// RFC 1928 §6.
fn reason(reply: u8) -> String {
    let known = match reply {
        1 => "it failed",
        2 => "its rules forbid the connection",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "the connection timed out",
        7 => "it knows no CONNECT",
        8 => "it knows no such kind of address",
        _ => return format!("it answered with the unknown code {reply}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn target() -> Origin {
        Origin {
            host: "example.org".into(),
            port: 443,
            tls: true,
        }
    }

    /// What the client has sent, and how it ended, against a proxy that says `answer`.
    async fn answered(answer: &[u8], login: Option<(&str, &str)>) -> (Result<(), Error>, Vec<u8>) {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let result = ask(near, &target(), login, false).await.map(drop);
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).await.unwrap();
        (result, sent)
    }

    #[tokio::test]
    async fn a_name_is_left_to_the_proxy() {
        let answer = [5, 0, 5, 0, 0, 1, 1, 2, 3, 4, 0, 80];
        let (result, sent) = answered(&answer, None).await;
        result.unwrap();
        assert_eq!(sent, b"\x05\x01\x00\x05\x01\x00\x03\x0bexample.org\x01\xbb");
    }

    #[tokio::test]
    async fn a_password_is_sent_where_the_proxy_wants_one() {
        let answer = [5, 2, 1, 0, 5, 0, 0, 3, 1, b'x', 0, 80];
        let (result, sent) = answered(&answer, Some(("me", "secret"))).await;
        result.unwrap();
        assert!(sent.starts_with(b"\x05\x02\x00\x02\x01\x02me\x06secret\x05\x01\x00\x03"));
        let error = answered(&[5, 2, 1, 1], Some(("me", "secret")))
            .await
            .0
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProxyCredentials);
        let words = "refused the user or the password";
        assert!(error.to_string().ends_with(words), "{error}");
    }

    #[tokio::test]
    async fn refusals_say_why() {
        use ErrorKind::{Proxy, ProxyCredentials};
        for (answer, kind, words) in [
            (&[5, 255][..], ProxyCredentials, "no such login"),
            (&[5, 2], ProxyCredentials, "no such login"),
            (b"HTTP/1.1", Proxy, "does not speak SOCKS5"),
            (&[5, 0, 5, 5, 0, 1], Proxy, "refused"),
            (&[5, 0, 5, 99, 0, 1], Proxy, "unknown code 99"),
            (&[5, 0, 5], Proxy, "eof"),
        ] {
            let error = answered(answer, None).await.0.unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
