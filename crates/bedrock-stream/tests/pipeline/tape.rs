//! A transport that keeps a copy of what it receives.

use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2_duplex::{Connection, Duplex, Error, ReceiveHalf};

/// The bytes that a call received.
#[derive(Clone, Default)]
pub(crate) struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes::from(self.0.lock().unwrap().clone())
    }
}

/// A connection whose calls are taped.
pub(crate) struct Taped {
    pub(crate) connection: Connection,
    pub(crate) tape: Tape,
}

/// A receiving half that is taped.
pub(crate) struct TapedReceiver {
    half: h2_duplex::Receiver,
    tape: Tape,
}

impl Duplex for Taped {
    type Send = h2_duplex::Sender;
    type Receive = TapedReceiver;

    fn open(
        &mut self,
        head: http::Request<()>,
    ) -> impl Future<Output = Result<(h2_duplex::Sender, TapedReceiver), Error>> + Send {
        let tape = self.tape.clone();
        let open = self.connection.open(head);
        async move {
            let (send, half) = open.await?;
            Ok((send, TapedReceiver { half, tape }))
        }
    }
}

impl ReceiveHalf for TapedReceiver {
    fn head(&mut self) -> impl Future<Output = Result<&http::response::Parts, Error>> + Send {
        self.half.head()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.half.next().await?;
        if let Some(chunk) = &chunk {
            self.tape.0.lock().unwrap().extend_from_slice(chunk);
        }
        Ok(chunk)
    }
}
