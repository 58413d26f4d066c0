//! What each family brings: how to read one chunk.

use super::fields::Fields;
use super::telling::Telling;
use crate::error::StreamError;
use crate::event::Event;

/// Reads the chunks of one stream, in order, and tells what they say.
pub(super) trait Adapter {
    /// Reads the members of a chunk; those that Bedrock adds have been taken out. What is not known must be handed on
    /// ([`Telling::rest`]).
    fn read<S: FnMut(Event)>(
        &mut self,
        chunk: Fields<'_>,
        to: &mut Telling<'_, S>,
    ) -> Result<(), StreamError>;

    /// The chunk `"[DONE]"`. False where it means nothing to the family.
    fn done<S: FnMut(Event)>(&mut self, _to: &mut Telling<'_, S>) -> Result<bool, StreamError> {
        Ok(false)
    }

    /// The stream is over before the message was: tells what was held back.
    fn cut<S: FnMut(Event)>(&mut self, _to: &mut Telling<'_, S>) -> Result<(), StreamError> {
        Ok(())
    }
}
