//! The `bedrock` command, run as a program.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod command;
mod connect;
mod converse;
#[cfg(unix)]
mod converse_terminal;
mod doctor;
mod frames;
mod frames_as;
mod frames_as_sonic;
mod frames_verify;
mod invoke;
#[cfg(unix)]
mod replay;
mod service;
#[cfg(unix)]
mod sonic;
#[cfg(unix)]
mod sonic_options;
#[cfg(unix)]
mod sonic_renewal;
#[cfg(unix)]
mod talk;
