//! How far a call has come, for both its halves.

use std::sync::Arc;

use h2_duplex::{Error, ErrorKind, Phase};
use http::StatusCode;
use tokio::sync::watch;

#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) status: Option<StatusCode>,
    /// How the response ended, or why there is none.
    pub(super) end: Option<Result<(), Error>>,
}

/// Tells how far the call has come.
#[derive(Clone, Debug)]
pub(super) struct Teller(Arc<watch::Sender<Progress>>);

/// Is told.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    teller: Teller,
    progress: watch::Receiver<Progress>,
}

pub(super) fn channel() -> (Teller, Watch) {
    let (teller, progress) = watch::channel(Progress::default());
    let teller = Teller(Arc::new(teller));
    (teller.clone(), Watch { teller, progress })
}

impl Teller {
    pub(super) fn headed(&self, status: StatusCode) {
        self.0
            .send_modify(|progress| progress.status = Some(status));
    }

    /// The first end is the one that counts.
    pub(super) fn end(&self, end: Result<(), Error>) {
        self.0.send_if_modified(|progress| {
            let first = progress.end.is_none();
            if first {
                progress.end = Some(end);
            }
            first
        });
    }
}

impl Watch {
    /// We end the call ourselves.
    pub(super) fn cancel(&self, phase: Phase) {
        self.teller
            .end(Err(Error::new(ErrorKind::Cancelled, phase)));
    }

    pub(super) fn end(&self) -> Option<Result<(), Error>> {
        self.progress.borrow().end.clone()
    }

    /// Whether the service has refused the call.
    pub(super) fn is_refused(&self) -> bool {
        let status = self.progress.borrow().status;
        status.is_some_and(|status| !status.is_success())
    }

    /// Why nothing more may be sent, if so.
    pub(super) fn send_error(&self) -> Option<Error> {
        let progress = self.progress.borrow();
        match (&progress.end, progress.status) {
            (Some(Err(error)), _) => Some(error.clone()),
            (end, Some(status)) if end.is_some() || !status.is_success() => {
                Some(Error::new(ErrorKind::AnsweredEarly(status), Phase::Send))
            }
            _ => None,
        }
    }

    /// Waits until nothing more may be sent.
    pub(super) async fn stopped(&mut self) -> Error {
        loop {
            self.progress.borrow_and_update();
            if let Some(error) = self.send_error() {
                return error;
            }
            // The teller lives in here as well: it cannot be gone.
            if self.progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
