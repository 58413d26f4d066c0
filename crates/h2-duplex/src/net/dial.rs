//! TCP by happy eyeballs (RFC 8305): addresses of both families race, the slower ones with a late
//! start.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::origin::Origin;
use crate::{Error, ErrorKind, Phase};

/// The head start of an address over the next one (RFC 8305 §8).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to `origin`.
pub(super) async fn dial(origin: &Origin) -> Result<TcpStream, Error> {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Connect, Phase::Connect)
            .with_detail(origin.to_string())
            .with_source(error)
    };
    let addresses = lookup_host((origin.host.as_str(), origin.port))
        .await
        .map_err(failed)?;
    let stream = race(interleaved(addresses), TcpStream::connect)
        .await
        .map_err(failed)?;
    // A frame of speech should not wait for an acknowledgement of the one before.
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

/// The first connection that stands; else the first error. Dropping the future ends all attempts.
async fn race<T, F>(
    mut addresses: VecDeque<SocketAddr>,
    attempt: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut attempts = JoinSet::new();
    let mut first_error = None;
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.spawn(attempt(address));
        } else if attempts.is_empty() {
            let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            return Err(first_error.unwrap_or_else(none));
        }
        let next_one = async {
            if addresses.is_empty() {
                std::future::pending::<()>().await;
            }
            sleep(HEAD_START).await;
        };
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended.unwrap_or_else(|panic| Err(panic.into())) {
                Ok(stream) => return Ok(stream),
                Err(error) => drop(first_error.get_or_insert(error)),
            },
            () = next_one => {}
        }
    }
}

/// Families take turns, beginning with that of the resolver's first address.
fn interleaved(addresses: impl Iterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.peekable();
    let first_is_v6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (mut preferred, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = VecDeque::new();
    while !(preferred.is_empty() && other.is_empty()) {
        mixed.extend(preferred.pop_front());
        mixed.extend(other.pop_front());
    }
    mixed
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn addresses(text: &[&str]) -> VecDeque<SocketAddr> {
        text.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let mixed =
            interleaved(addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]).into_iter());
        assert_eq!(
            mixed,
            addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_costs_a_head_start() {
        let start = Instant::now();
        let winner = race(addresses(&["[::1]:1", "1.1.1.1:1"]), |address| async move {
            sleep(Duration::from_secs(if address.is_ipv6() { 99 } else { 1 })).await;
            Ok(address)
        });
        assert!(winner.await.unwrap().is_ipv4());
        assert_eq!(start.elapsed().as_millis(), 1250);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_costs_nothing_and_the_first_error_is_told() {
        let start = Instant::now();
        let refuse = |address: SocketAddr| async move {
            Err::<(), _>(io::Error::other(address.to_string()))
        };
        let error = race(addresses(&["[::1]:1", "1.1.1.1:1"]), refuse)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "[::1]:1");
        assert_eq!(start.elapsed().as_millis(), 0);
        assert!(race(VecDeque::new(), refuse).await.is_err());
    }
}
