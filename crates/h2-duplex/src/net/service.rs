//! Byte streams made by a caller's `tower::Service`.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::io::Io;

type BoxError = Box<dyn StdError + Send + Sync>;
type Dialling = Pin<Box<dyn Future<Output = Result<Io, BoxError>> + Send>>;

/// A service of any type, as a function.
#[derive(Clone)]
pub(super) struct Dialer(Arc<dyn Fn(Uri) -> Dialling + Send + Sync>);

impl Dialer {
    pub(super) fn new<S, T>(service: S) -> Self
    where
        S: Service<Uri, Response = T> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // Services need not be `Sync`; the lock is held for the clone only.
        let service = Mutex::new(service);
        Self(Arc::new(move |uri| {
            let mut service = service
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            Box::pin(async move {
                poll_fn(|cx| service.poll_ready(cx))
                    .await
                    .map_err(Into::into)?;
                service.call(uri).await.map(Io::new).map_err(Into::into)
            })
        }))
    }

    pub(super) async fn dial(&self, uri: Uri) -> Result<Io, BoxError> {
        (self.0)(uri).await
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}
