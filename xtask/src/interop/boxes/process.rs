//! A server of somebody's as a child process that listens on a port.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::super::line::killed_with_us;
use crate::failure::Failure;
use crate::{peers, workspace};

/// The process; it is killed when dropped. Each runs in the foreground as one process, so nothing is left behind.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts it and waits until it listens on 127.0.0.1. What it prints goes to a file under target/peers.
    ///
    /// # Errors
    /// When it does not start, ends, or does not listen in time.
    pub(super) fn start(name: &str, command: Command, port: u16) -> Result<Self, Failure> {
        let shown = workspace::show(&command);
        let log = peers::folder().join(format!("{name}.log"));
        let open = || File::create(&log).map_err(|e| Failure::at(&log, "create", e));
        let child = killed_with_us(command)
            .stdin(Stdio::null())
            .stdout(open()?)
            .stderr(open()?)
            .spawn()
            .map_err(|e| Failure::new(format!("`{shown}` did not start: {e}")))?;
        let mut started = Self { child };
        for _ in 0..TRIES {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(started);
            }
            if let Ok(Some(status)) = started.child.try_wait() {
                return Err(Failure::new(format!("`{shown}`: {status}\n{}", said(&log))));
            }
            // It does not say when it listens.
            std::thread::park_timeout(PAUSE);
        }
        Err(Failure::new(format!(
            "`{shown}` does not listen on port {port}\n{}",
            said(&log)
        )))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free at this moment.
///
/// # Errors
/// When there is none.
pub(super) fn free_port() -> Result<u16, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .as_ref()
        .map(SocketAddr::port)
        .map_err(|e| Failure::new(format!("no free port: {e}")))
}

/// Ten seconds of them.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

fn said(log: &PathBuf) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}
