//! The application/vnd.amazon.eventstream framing: bounded, zero-copy, no_std.
