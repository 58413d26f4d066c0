//! Request bodies that are taken whole: each has a limit, and all of them together have one.

use bytes::{Bytes, BytesMut};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::service_error::{ErrorKind, ServiceError};

/// The longest request body: 25,000,000 bytes of `InvokeModel`'s blob, and JSON around it.
const MAX_BODY: usize = 26_000_000;
/// Bytes of all bodies at one time.
pub(crate) const MAX_BODIES: usize = 256 << 20;

/// A body as it comes in. Its room is given back when it is dropped.
pub(crate) struct Upload<'s> {
    room: &'s Semaphore,
    held: Option<SemaphorePermit<'s>>,
    bytes: BytesMut,
}

impl<'s> Upload<'s> {
    pub(crate) fn new(room: &'s Semaphore) -> Self {
        Self {
            room,
            held: None,
            bytes: BytesMut::new(),
        }
    }

    /// Takes more of the body, where there is room for it.
    pub(crate) fn add(&mut self, more: &[u8]) -> Result<(), ServiceError> {
        if self.bytes.len() + more.len() > MAX_BODY {
            return Err(ServiceError::validation("The request body is too long."));
        }
        let full = || {
            let says = "The loopback holds too many request bodies at once.";
            ServiceError::new(ErrorKind::ServiceUnavailable, says)
        };
        let len = u32::try_from(more.len()).map_err(|_| full())?;
        let permit = self.room.try_acquire_many(len).map_err(|_| full())?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    /// The whole body.
    pub(crate) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_body_and_all_bodies_have_a_limit() {
        let room = Semaphore::new(100);
        let mut first = Upload::new(&room);
        first.add(&[1; 60]).unwrap();
        let mut second = Upload::new(&room);
        assert_eq!(
            second.add(&[2; 60]).unwrap_err().kind,
            ErrorKind::ServiceUnavailable
        );
        assert_eq!(first.finish().len(), 60);
        second.add(&[2; 60]).unwrap();

        let room = Semaphore::new(MAX_BODIES);
        let mut long = Upload::new(&room);
        long.add(&vec![0; MAX_BODY]).unwrap();
        assert_eq!(long.add(&[0]).unwrap_err().kind, ErrorKind::Validation);
    }
}
