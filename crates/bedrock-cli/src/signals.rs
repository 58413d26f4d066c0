//! The signals that ask a command to end.

/// Hears, from its making on, that the user or the system asks for the end: Ctrl-C, or SIGTERM where there is such a thing.
///
/// A signal that comes between two waits is not lost.
pub(crate) struct EndSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl EndSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where the system refuses.
    pub(crate) fn listen() -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("signals: {error}");
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
                terminate: signal(SignalKind::terminate()).map_err(failed)?,
            })
        }
        #[cfg(windows)]
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c().map_err(failed)?,
        })
    }

    /// Waits for one.
    ///
    /// # Cancel safety
    /// None is lost.
    pub(crate) async fn asked(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}
