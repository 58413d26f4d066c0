//! What a connection promises and demands: windows, buffers, deadlines.

use std::time::Duration;

use super::liveness::KeepAlive;

/// Settings of a connection. The defaults suit a call that lasts minutes and carries speech.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) receive_window: u32,
    pub(crate) send_buffer: usize,
    pub(crate) max_header_list: u32,
    pub(crate) max_calls: u32,
    pub(crate) deadlines: Deadlines,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) idle_timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            receive_window: 2 * 1024 * 1024,
            send_buffer: 64 * 1024,
            max_header_list: 64 * 1024,
            max_calls: 1,
            deadlines: Deadlines::default(),
            keep_alive: None,
            idle_timeout: None,
        }
    }
}

impl Settings {
    /// How many body bytes of one call may lie unread: its flow-control window, and the bound
    /// of its receive buffer. At least 1, at most 2³¹−1; 2 MiB by default.
    #[must_use]
    pub fn receive_window(mut self, bytes: u32) -> Self {
        self.receive_window = bytes.clamp(1, MAX_WINDOW);
        self
    }

    /// How many body bytes of one call may wait for the socket. Small, so that a frame is signed
    /// shortly before it leaves; large enough to keep the socket busy. At least 1; 64 KiB by
    /// default.
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = bytes.max(1);
        self
    }

    /// How large a response head may be, in bytes as HTTP/2 counts them; 64 KiB by default.
    #[must_use]
    pub fn max_header_list(mut self, bytes: u32) -> Self {
        self.max_header_list = bytes;
        self
    }

    /// How many calls share one connection, at most; 1 by default. The peer's own limit
    /// (`SETTINGS_MAX_CONCURRENT_STREAMS`) is kept as well.
    #[must_use]
    pub fn max_calls(mut self, calls: u32) -> Self {
        self.max_calls = calls.max(1);
        self
    }

    /// The deadlines of the connection, and of every call whose request head carries none in its
    /// extensions.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sends PING while a call is open and the peer silent; off by default.
    #[must_use]
    pub fn keep_alive(mut self, when: KeepAlive) -> Self {
        self.keep_alive = Some(when);
        self
    }

    /// Closes a connection that has carried no call for so long; never by default.
    #[must_use]
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = Some(limit);
        self
    }

    /// The connection's window: every call may fill its own without starving another.
    pub(crate) fn connection_window(&self) -> u32 {
        self.receive_window
            .saturating_mul(self.max_calls)
            .clamp(DEFAULT_WINDOW, MAX_WINDOW)
    }
}

/// The largest window that HTTP/2 knows (RFC 9113 §6.9.1), in bytes.
const MAX_WINDOW: u32 = (1 << 31) - 1;
/// The window that every connection starts with and that cannot be made smaller (§6.9.2).
const DEFAULT_WINDOW: u32 = 65_535;

/// Six deadlines, each with its own [error kind](crate::Deadline). `None` never passes. None counts
/// bytes per second: a slow stream is not a dead one.
///
/// A call takes those of its connection's [`Settings`], unless its request head has a `Deadlines`
/// among its [extensions](http::Request::extensions_mut). They need a runtime with tokio's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From the start until the TCP connection stands, proxy included; 10 s by default.
    pub connect: Option<Duration>,
    /// The TLS handshake with ALPN; 10 s by default.
    pub tls: Option<Duration>,
    /// From opening the call until the response head; 60 s by default. Some services send it only
    /// after the first input.
    pub response_head: Option<Duration>,
    /// From the response head until the first byte of the body; 60 s by default.
    pub first_byte: Option<Duration>,
    /// Between two arrivals of body bytes; 300 s by default. The clock stands while bytes lie
    /// unread: then it is not the peer who is slow.
    pub between_bytes: Option<Duration>,
    /// The whole call; none by default.
    pub call: Option<Duration>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            tls: Some(Duration::from_secs(10)),
            response_head: Some(Duration::from_secs(60)),
            first_byte: Some(Duration::from_secs(60)),
            between_bytes: Some(Duration::from_secs(300)),
            call: None,
        }
    }
}

impl Deadlines {
    /// No deadline at all.
    pub const NONE: Self = Self {
        connect: None,
        tls: None,
        response_head: None,
        first_byte: None,
        between_bytes: None,
        call: None,
    };
}
