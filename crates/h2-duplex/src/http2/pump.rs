//! Moves what h2 received for one call into the call.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::call::Call;
use super::fault;
use super::state::State;
use crate::ErrorKind;

/// Holds h2's receiving handles of one call and goes with the end of the response: a handle kept
/// longer would keep h2's connection.
pub(super) struct Pump {
    pub(super) call: Arc<Call>,
    source: Source,
}

enum Source {
    Head(h2::client::ResponseFuture),
    Body(h2::RecvStream),
}

impl Pump {
    pub(super) fn new(call: Arc<Call>, response: h2::client::ResponseFuture) -> Self {
        Self {
            call,
            source: Source::Head(response),
        }
    }

    /// Ready when the response is over.
    pub(super) fn drain(&mut self) -> Poll<()> {
        if self.call.is_over() {
            return Poll::Ready(());
        }
        let waker = Waker::from(Arc::clone(&self.call.flag));
        let mut cx = Context::from_waker(&waker);
        let source = &mut self.source;
        let call = &self.call;
        call.change(|state| {
            match ready!(source.drain(state, &mut cx)) {
                Ok(()) => state.ended(),
                Err(error) => {
                    let error = fault::of_call(&error, state.has_head());
                    if matches!(error.kind(), ErrorKind::Reset(_)) {
                        call.connection.count_reset();
                    }
                    state.fail(call.proven(call.connection.explain(error)));
                }
            }
            Poll::Ready(())
        })
    }
}

impl Source {
    fn drain(&mut self, state: &mut State, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        if let Self::Head(response) = self {
            let (head, mut body) = ready!(Pin::new(response).poll(cx))?.into_parts();
            state.headed(head, body.flow_control().clone());
            *self = Self::Body(body);
        }
        if let Self::Body(body) = self {
            while let Some(chunk) = ready!(body.poll_data(cx)) {
                state.received(chunk?);
            }
            state.trailers = ready!(body.poll_trailers(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}
