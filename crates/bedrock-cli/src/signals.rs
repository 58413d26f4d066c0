//! The signals that ask a command to end.

/// Waits until the user or the system asks for the end: Ctrl-C, or SIGTERM where there is such a thing.
pub(crate) async fn end_asked() -> Result<(), String> {
    let failed = |error: std::io::Error| format!("signals: {error}");
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}
