//! What is typed during a call: `m` mutes and unmutes, `q` ends.

use std::io::{BufRead, IsTerminal as _};

use tokio::sync::mpsc;

/// A wish of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sonic) enum Key {
    Mute,
    Quit,
}

/// Hears what is typed on a terminal, line by line, so that no terminal has to be set up and restored.
pub(in crate::sonic) struct Keys(mpsc::Receiver<Key>);

impl Keys {
    /// Listens on stdin where that is a terminal.
    pub(in crate::sonic) fn listen() -> Self {
        let (sender, keys) = mpsc::channel(8);
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            // A thread of its own: a read of stdin cannot be cancelled.
            std::thread::spawn(move || read(stdin.lock(), &sender));
        }
        Self(keys)
    }

    /// The next; never, where nobody types.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(in crate::sonic) async fn next(&mut self) -> Key {
        match self.0.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

fn read(input: impl BufRead, keys: &mpsc::Sender<Key>) {
    for line in input.lines().map_while(Result::ok) {
        let key = match line.trim() {
            "m" | "M" => Key::Mute,
            "q" | "Q" => Key::Quit,
            _ => continue,
        };
        if keys.blocking_send(key).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_keys_and_others_are_none() {
        let (sender, mut keys) = mpsc::channel(8);
        read(&b"m\nhello\n q \n"[..], &sender);
        assert_eq!(keys.try_recv(), Ok(Key::Mute));
        assert_eq!(keys.try_recv(), Ok(Key::Quit));
        assert!(keys.try_recv().is_err());
    }
}
