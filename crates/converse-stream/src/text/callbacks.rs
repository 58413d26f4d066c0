//! What a caller is told while the text passes by.

/// Callbacks, in the order in which they come: one start; a token and a text for every piece; and only where the stream is
/// complete one completion and one final. None after an error, none after the stream is dropped.
///
/// They are called from within the stream's `poll_next`, so they must not block; who has to wait sends into a channel.
/// `()` listens to nothing.
pub trait TextCallbacks {
    /// The stream is polled for the first time.
    fn on_start(&mut self) {}

    /// A piece of text, which may be empty. Of the original's pieces all are tokens and texts alike.
    fn on_token(&mut self, token: &str) {
        let _ = token;
    }

    /// The same piece.
    fn on_text(&mut self, text: &str) {
        let _ = text;
    }

    /// All of the text.
    fn on_completion(&mut self, completion: &str) {
        let _ = completion;
    }

    /// All of the text, once more.
    fn on_final(&mut self, completion: &str) {
        let _ = completion;
    }
}

impl TextCallbacks for () {}

impl<C: TextCallbacks + ?Sized> TextCallbacks for &mut C {
    fn on_start(&mut self) {
        (**self).on_start();
    }

    fn on_token(&mut self, token: &str) {
        (**self).on_token(token);
    }

    fn on_text(&mut self, text: &str) {
        (**self).on_text(text);
    }

    fn on_completion(&mut self, completion: &str) {
        (**self).on_completion(completion);
    }

    fn on_final(&mut self, completion: &str) {
        (**self).on_final(completion);
    }
}
