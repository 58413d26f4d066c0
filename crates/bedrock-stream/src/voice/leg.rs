//! One leg: its call is opened, its frames go out and come in, its end is told.

use std::sync::Arc;
use std::time::Duration;

use bedrock_wire::Outcome;
use eventstream_codec::{Frame, Inbound, TransportEnd};
use eventstream_sigv4::EventSigner;
use h2_duplex::Duplex;
use nova_sonic::Transmit;
use nova_sonic::{Leg, ReadError};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::dial::Dial;
use super::shared::Shared;
use super::trace;
use crate::client::{Client, ClientReceive, ClientSend};
use crate::error::Error;
use crate::link::Link;
use crate::receiver::FrameReceiver;
use crate::sender::FrameSender;

/// A call with its two halves.
struct Call {
    sending: FrameSender<ClientSend, EventSigner>,
    receiving: FrameReceiver<ClientReceive, ToMachine>,
    monitor: h2_duplex::Monitor,
    /// Tells that there is something to send.
    outgoing: Arc<Notify>,
    opened: Instant,
}

/// Runs a leg from its opening to its end.
pub(super) async fn run(leg: Leg, shared: Arc<Shared>, client: Client, dial: Dial) {
    let call = match open(leg, &shared, &client, &dial).await {
        Ok(call) => call,
        Err(error) => {
            shared.with(|state, now| {
                let fault = state.leg_failed(error);
                state.conversation.open_failed(now, leg, fault);
            });
            return;
        }
    };
    let Call {
        mut sending,
        mut receiving,
        monitor,
        outgoing,
        opened,
    } = call;
    let ended = tokio::select! {
        ended = receive(leg, &shared, &mut receiving, opened) => ended,
        // The transport's word where the service has none.
        error = send(leg, &shared, &mut sending, &outgoing) => Err(error),
        () = tell_going_away(leg, &shared, &monitor) => return,
    };
    let request_id = receiving.request_id().map(str::to_owned);
    shared.with(|state, now| {
        state.senders.retain(|(known, _)| *known != leg);
        state.request_id = request_id.or(state.request_id.take());
        let (end, fault) = match ended {
            Ok(()) => (TransportEnd::Clean, None),
            Err(error) => (TransportEnd::Cut, Some(state.leg_failed(error))),
        };
        state.conversation.leg_ended(now, leg, end, fault);
    });
}

async fn open(leg: Leg, shared: &Arc<Shared>, client: &Client, dial: &Dial) -> Result<Call, Error> {
    // Credentials first: without them nobody needs a connection.
    let call = client.sign_bidirectional(&shared.model).await?;
    let mut connection = client.recorded(dial.dial().await?);
    let clock = client.clock().clone();
    let (send, receive) = connection.open(call.head).await.map_err(Error::transport)?;
    let expires_in = call.expires_at.map(|at| {
        let millis = at.as_millis().saturating_sub(clock.now().as_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    });
    let outgoing = shared.with(|state, now| {
        if let Some(at) = expires_in.and_then(|left| now.checked_add(left)) {
            state.conversation.credentials_expire(now, leg, at);
        }
        state.leg_opened(leg)
    });
    let link = Link::default();
    let machine = ToMachine {
        shared: Arc::clone(shared),
        leg,
    };
    Ok(Call {
        monitor: send.inner().monitor(),
        sending: FrameSender::new(send, call.signer, clock.clone(), link.clone()),
        receiving: FrameReceiver::new(receive, machine, clock, link),
        outgoing,
        opened: Instant::now(),
    })
}

/// Receives until the service ends the call: `Ok` where it did so in order.
async fn receive(
    leg: Leg,
    shared: &Shared,
    frames: &mut FrameReceiver<ClientReceive, ToMachine>,
    opened: Instant,
) -> Result<(), Error> {
    frames.ready().await?;
    let took = opened.elapsed();
    trace::accepted(leg, took, frames.request_id(), &shared.model);
    shared.with(|state, now| {
        state.request_id = frames.request_id().map(str::to_owned);
        state.meter.accepted(took);
        state.conversation.leg_accepted(now, leg);
    });
    while frames.next().await?.is_some() {
        // An application that does not listen stops the service, not our memory.
        if shared.flags.borrow().full {
            shared.until(|flags| !flags.full).await;
        }
    }
    Ok(())
}

/// Sends what the machine has for this leg as the transport takes it. Ends only with an error.
async fn send(
    leg: Leg,
    shared: &Shared,
    frames: &mut FrameSender<ClientSend, EventSigner>,
    outgoing: &Notify,
) -> Error {
    loop {
        while shared.lock().conversation.wants_to_send(leg) {
            let next = |headroom: usize, out: &mut bytes::BytesMut| {
                shared.with(|state, now| state.conversation.poll_transmit(now, leg, headroom, out))
            };
            match frames.transmit(next).await {
                Ok(Some(Transmit::Frame)) => {}
                Ok(_) => break,
                Err(error) => return error,
            }
        }
        outgoing.notified().await;
    }
}

/// Tells the machine once, and then nothing.
async fn tell_going_away(leg: Leg, shared: &Shared, monitor: &h2_duplex::Monitor) {
    monitor.going_away().await;
    shared.with(|state, now| state.conversation.leg_going_away(now, leg));
    std::future::pending::<()>().await;
}

/// Hands frames to the machine, which reads them itself. An event stands for a frame that was handed on.
struct ToMachine {
    shared: Arc<Shared>,
    leg: Leg,
}

impl Inbound for ToMachine {
    type Event = ();
    type Error = ReadError;
    type Outcome = Outcome<(), ReadError>;

    fn read(&mut self, frame: Frame<'_>, sink: &mut impl FnMut(())) -> Result<(), ReadError> {
        let leg = self.leg;
        self.shared
            .with(|state, now| state.conversation.leg_frame(now, leg, frame));
        sink(());
        Ok(())
    }

    fn finish(&mut self, _end: TransportEnd, _sink: &mut impl FnMut(())) -> Self::Outcome {
        // The machine judges.
        Outcome::Complete(())
    }
}
