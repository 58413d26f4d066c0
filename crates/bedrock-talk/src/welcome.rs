//! From an open WebSocket to a session: who it is, and what is wanted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bedrock_stream::Error;
use futures_core::Stream as _;
use http::request;
use nova_sonic::SampleRate;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::notice::{Notice, Refusal};
use crate::protocol::{Hello, Reply, VERSION};
use crate::session::{Line, Newcomer, Parts, Session};
use crate::shared::Shared;
use crate::socket::{self, Stream};
use crate::wire::{Command, Phone, Start, Wire};

/// How long a client may take for its first message.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Browser,
    Phone,
}

/// A client that may come in.
struct Guest {
    wire: Wire,
    rates: (SampleRate, SampleRate),
    resume: Option<String>,
    levels: bool,
}

/// Hears what a client wants and gives it a session, or says why not.
pub(crate) async fn welcome(
    shared: Arc<Shared>,
    caller: Caller,
    stream: Stream,
    request: request::Parts,
) {
    let mut socket = socket::accept(stream, &shared.limits).await;
    let guest = match caller {
        Caller::Browser => meet_browser(&shared, &mut socket).await,
        Caller::Phone => meet_phone(&shared, &mut socket).await,
    };
    match guest {
        Ok(guest) => seat(shared, socket, guest, &request).await,
        Err(why) => refuse(
            &shared,
            Line::new(socket, wire_of(caller), 0, &shared.limits),
            (why, None),
        ),
    }
}

async fn meet_browser(
    shared: &Shared,
    socket: &mut WebSocketStream<Stream>,
) -> Result<Guest, Refusal> {
    let mut wire = Wire::Browser;
    let hello = first(socket, |message| match wire.read(message) {
        None => Ok(None),
        Some(Command::Hello(hello)) => Ok(Some(hello)),
        Some(_) => Err(()),
    });
    let Hello {
        version,
        token,
        resume,
        input_rate,
        levels,
    } = hello.await?;
    if version != VERSION {
        return Err(Refusal::Version);
    }
    shared.access.check_token(token.as_deref())?;
    let input = SampleRate::try_from(input_rate).map_err(|_| Refusal::Hello)?;
    Ok(Guest {
        wire,
        rates: (input, shared.output_rate),
        resume,
        levels,
    })
}

async fn meet_phone(
    shared: &Shared,
    socket: &mut WebSocketStream<Stream>,
) -> Result<Guest, Refusal> {
    let start = first(socket, |message| Start::read(&message)).await?;
    shared.access.check_token(start.token())?;
    Ok(Guest {
        wire: Wire::Phone(Phone::new(start)),
        rates: (SampleRate::Hz8000, SampleRate::Hz8000),
        resume: None,
        levels: false,
    })
}

/// The first message that counts.
async fn first<T>(
    socket: &mut WebSocketStream<Stream>,
    mut read: impl FnMut(Message) -> Result<Option<T>, ()>,
) -> Result<T, Refusal> {
    let read = async {
        loop {
            let message = poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await;
            let Some(Ok(message)) = message else {
                return Err(Refusal::Hello);
            };
            match read(message) {
                Ok(Some(first)) => return Ok(first),
                Ok(None) => {}
                Err(()) => return Err(Refusal::Hello),
            }
        }
    };
    timeout(PATIENCE, read).await.unwrap_or(Err(Refusal::Hello))
}

async fn seat(
    shared: Arc<Shared>,
    socket: WebSocketStream<Stream>,
    guest: Guest,
    request: &request::Parts,
) {
    let (input, output) = guest.rates;
    let line = Line::new(socket, guest.wire, input.bytes_in_ms(1000), &shared.limits);
    let newcomer = Newcomer {
        line,
        levels: guest.levels,
    };
    if let Some(token) = guest.resume {
        let door = shared.registry.find(&token);
        let refused = match door {
            Some(door) => door.send(newcomer).await.err().map(|refused| refused.0),
            None => Some(newcomer),
        };
        if let Some(Newcomer { line, .. }) = refused {
            refuse(&shared, line, (Refusal::UnknownSession, None));
        }
        return;
    }
    match begin(&shared, request, input, output).await {
        Ok(parts) => {
            let session = Session::new(Arc::clone(&shared), parts);
            tokio::spawn(session.hold(newcomer));
        }
        Err(why) => refuse(&shared, newcomer.line, why),
    }
}

async fn begin(
    shared: &Shared,
    request: &request::Parts,
    input: SampleRate,
    output: SampleRate,
) -> Result<Parts, (Refusal, Option<Error>)> {
    if shared.is_stopping() {
        return Err((Refusal::TooManySessions, None));
    }
    let (seat, newcomers) = shared.registry.sit().map_err(|why| (why, None))?;
    let session = (shared.begin)(request).ok_or((Refusal::Application, None))?;
    let session = session.input_rate(input).output_rate(output);
    let started = session.start().await;
    let (voice, events) = started.map_err(|error| (Refusal::Service, Some(error)))?;
    if let Some(greeting) = &shared.greeting {
        // A model that takes no text waits for the user to speak.
        let _ = voice.greet(greeting);
    }
    shared.observe(&Notice::Started {
        session: seat.number(),
    });
    Ok(Parts {
        seat,
        voice,
        events,
        newcomers,
        output_rate: output,
    })
}

/// Says why not, and hangs up.
fn refuse(shared: &Shared, mut line: Line, (why, error): (Refusal, Option<Error>)) {
    let (code, message) = why.told();
    let explained = error.as_ref().filter(|_| shared.explains);
    let explained = explained.map(ToString::to_string);
    let text = serde_json::to_string(&Reply::Error {
        code,
        message: explained.as_deref().unwrap_or(message),
    });
    line.say(text.unwrap_or_default());
    line.hang_up(why.close_code(), message);
    shared.observe(&Notice::Refused { why, error });
}
/// A caller that has not said who it is hears of its refusal by the close code at least.
fn wire_of(caller: Caller) -> Wire {
    match caller {
        Caller::Browser => Wire::Browser,
        Caller::Phone => Wire::Phone(Phone::unknown()),
    }
}
