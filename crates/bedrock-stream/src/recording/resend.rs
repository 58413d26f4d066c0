//! The client's side of a recorded call, sent again.

use std::future::pending;
use std::time::Duration;

use bytes::BytesMut;
use eventstream_codec::{Limits, Parsed, parse};
use h2_duplex::{Duplex, ReceiveHalf, SendHalf};
use http::header::HeaderMap;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::compare::marks_of;
use super::headers;
use super::line::{Direction, End};
use super::replay::Pace;
use super::track::{Carries, Track, unwrapped};
use super::transcript::{Entry, RecordedCall, What};
use crate::client::Client;
use crate::error::Error;
use crate::link::Link;
use crate::sender::FrameSender;

/// How long an event waits for a service that is behind the recorded one.
const PATIENCE: Duration = Duration::from_secs(10);
/// Headers that are Bedrock's own: they change what is answered.
const OF_BEDROCK: &str = "x-amzn-bedrock-";

impl RecordedCall {
    /// Sends what the recorded client sent, on a connection of `client`'s, with its signatures and the dates of now. Gives the
    /// call as it went this time: what came down stands in it as in a recording, and so does how it ended.
    ///
    /// Events go out when they are due at this pace, and none before the service has sent as many events (audio aside) as it had
    /// when the event was recorded, unless it takes more than 10 s over it. Where the recorded client left before the service
    /// had ended the call, this one leaves too.
    ///
    /// What was not kept is sent as it was recorded: silence, and letters `x`.
    ///
    /// # Errors
    /// Credentials, or the connection. What goes wrong later is the end of the call that is given.
    ///
    /// # Cancel safety
    /// Dropping the future resets the call.
    pub async fn send_again(&self, client: &Client, pace: Pace) -> Result<Self, Error> {
        // Boxed: the futures of both transports are large, and callers would hold them.
        if self.sends_events() {
            let mut connection = client.recorded(client.connect().await?);
            Box::pin(self.send_again_on(client, pace, &mut connection)).await
        } else {
            let mut connections = client.one_way();
            Box::pin(self.send_again_on(client, pace, &mut connections)).await
        }
    }

    /// As [`send_again`](Self::send_again), on a connection of the caller's.
    ///
    /// # Errors
    /// As [`send_again`](Self::send_again).
    ///
    /// # Cancel safety
    /// As [`send_again`](Self::send_again).
    pub async fn send_again_on<D: Duplex>(
        &self,
        client: &Client,
        pace: Pace,
        connection: &mut D,
    ) -> Result<Self, Error> {
        let url = client.url_of_path(self.request().uri().path())?;
        let (opened, mut up, mut down) = (Instant::now(), Vec::new(), Vec::new());
        let (tell, marks) = watch::channel(0);
        let head;
        if self.sends_events() {
            let call = client.sign_duplex(url).await?;
            head = plain(&call.head);
            let (send, receive) = connection.open(call.head).await.map_err(Error::transport)?;
            let clock = client.clock().clone();
            let frames = FrameSender::new(send, call.signer, clock, Link::default());
            tokio::select! {
                () = self.say(frames, marks, opened, pace, &mut up) => {}
                () = listen(receive, tell, opened, &mut down) => {}
            }
        } else {
            let body = self.bytes(Direction::Up);
            let headers = of_bedrock(self.request().headers());
            let signed = client.one_way_head(url, &headers, &body, None).await?;
            head = plain(&signed);
            let (mut send, receive) = connection.open(signed).await.map_err(Error::transport)?;
            let ask = async {
                // The receiving half says what goes wrong.
                if send.send(body.clone()).await.is_ok() && send.finish().await.is_ok() {
                    note(&mut up, Direction::Up, opened, What::Body(body));
                    note(&mut up, Direction::Up, opened, What::End(End::Clean));
                }
                self.leave(marks).await;
            };
            tokio::select! {
                () = ask => {}
                () = listen(receive, tell, opened, &mut down) => {}
            }
        }
        for (entries, direction) in [(&mut up, Direction::Up), (&mut down, Direction::Down)] {
            if !matches!(entries.last(), Some(entry) if matches!(entry.what, What::End(_))) {
                note(entries, direction, opened, What::End(End::Dropped));
            }
        }
        up.append(&mut down);
        up.sort_by_key(|entry| entry.at);
        Ok(self.again(head, up))
    }

    fn sends_events(&self) -> bool {
        Track::of(self.request().headers()) == Carries::Frames
    }

    /// Says what the recorded client said. Ends only where that left.
    async fn say<H: SendHalf>(
        &self,
        mut frames: FrameSender<H, eventstream_sigv4::EventSigner>,
        mut marks: watch::Receiver<usize>,
        opened: Instant,
        pace: Pace,
        sent: &mut Vec<Entry>,
    ) {
        for (at, wanted, what) in self.told(Direction::Up) {
            sleep_until(opened + pace.due(at)).await;
            // Late, it goes all the same.
            let _ = timeout(PATIENCE, marks.wait_for(|heard| *heard >= wanted)).await;
            let result = match what {
                // Behind the signed end, which is signed with the end.
                What::Frame(frame) => match unwrapped(frame) {
                    Some(inner) => {
                        let write = |wire: &mut BytesMut| {
                            wire.extend_from_slice(inner.as_bytes());
                            Ok::<_, Error>(())
                        };
                        frames.send_frame(write).await
                    }
                    None => continue,
                },
                What::End(End::Clean) => frames.finish().await,
                _ => break,
            };
            // The receiving half says what goes wrong.
            if result.is_err() {
                break;
            }
            note(sent, Direction::Up, opened, what.clone());
        }
        self.leave(marks).await;
    }

    /// Waits until the recorded client left, which may be for ever.
    async fn leave(&self, mut marks: watch::Receiver<usize>) {
        if !matches!(self.end(Direction::Down), None | Some(End::Dropped)) {
            pending::<()>().await;
        }
        let down = self.entries().iter();
        let down = down.filter(|entry| entry.direction == Direction::Down);
        let wanted = down.map(|entry| marks_of(&entry.what)).sum::<usize>();
        // A service that says less is left all the same.
        let _ = timeout(PATIENCE, marks.wait_for(|heard| *heard >= wanted)).await;
    }
}

/// Hears the service out, and tells how many events (audio aside) have come.
async fn listen(
    mut half: impl ReceiveHalf,
    marks: watch::Sender<usize>,
    opened: Instant,
    entries: &mut Vec<Entry>,
) {
    let mut carries = Carries::Body;
    let mut held = BytesMut::new();
    let answered = half.head().await.map(|head| {
        if head.status.is_success() {
            carries = Track::of(&head.headers);
        }
        let mut response = http::Response::new(());
        *response.status_mut() = head.status;
        *response.headers_mut() = without_secrets(&head.headers);
        response
    });
    let mut end = match answered {
        Ok(response) => {
            note(entries, Direction::Down, opened, What::Head(response));
            None
        }
        Err(error) => Some(End::of(&error)),
    };
    while end.is_none() {
        match half.next().await {
            Ok(Some(chunk)) => held.extend_from_slice(&chunk),
            Ok(None) => end = Some(End::Clean),
            Err(error) => end = Some(End::of(&error)),
        }
        while carries == Carries::Frames {
            let len = match parse(&held, &Limits::bounded()) {
                Ok(Parsed::Frame(frame)) => frame.total_len(),
                Ok(Parsed::Need(_)) => break,
                Err(_) => {
                    carries = Carries::Anything;
                    break;
                }
            };
            let what = What::Frame(held.split_to(len).freeze());
            let counts = marks_of(&what);
            note(entries, Direction::Down, opened, what);
            marks.send_modify(|marks| *marks += counts);
        }
    }
    if !held.is_empty() {
        note(entries, Direction::Down, opened, What::Body(held.freeze()));
    }
    if let Some(end) = end {
        note(entries, Direction::Down, opened, What::End(end));
    }
}

fn note(entries: &mut Vec<Entry>, direction: Direction, opened: Instant, what: What) {
    entries.push(Entry {
        at: opened.elapsed(),
        direction,
        what,
    });
}

/// A request head without its signature.
fn plain(head: &http::Request<()>) -> http::Request<()> {
    let mut plain = http::Request::new(());
    *plain.method_mut() = head.method().clone();
    *plain.uri_mut() = head.uri().path().parse().unwrap_or_default();
    *plain.headers_mut() = without_secrets(head.headers());
    plain
}

fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    headers::from_json(&headers::to_json(headers)).unwrap_or_default()
}

fn of_bedrock(headers: &HeaderMap) -> HeaderMap {
    let of_bedrock = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with(OF_BEDROCK));
    of_bedrock
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
