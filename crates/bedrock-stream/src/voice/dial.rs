//! Where the connections of a conversation come from.

use std::pin::Pin;
use std::sync::Arc;

use h2_duplex::Connection;

use crate::error::Error;

type Dialing = Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send>>;

/// Makes a connection for each leg.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn() -> Dialing + Send + Sync>);

impl Dial {
    pub(crate) fn new<F, R>(dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Connection, Error>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(dial())))
    }

    pub(super) fn dial(&self) -> Dialing {
        (self.0)()
    }
}
