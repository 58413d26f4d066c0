//! Live audio: a microphone in, a loudspeaker out, and what is between their callbacks and the conversation.
//!
//! All but `device` is free of any audio system, so that it is tested without one. No echo is cancelled: headphones, or the
//! model hears itself.

#[cfg_attr(not(feature = "live"), path = "no_device.rs")]
mod device;
#[cfg(test)]
mod in_memory;
mod keys;
#[cfg_attr(
    not(any(feature = "live", test)),
    expect(dead_code, reason = "only a device makes one")
)]
mod loudspeaker;
#[cfg_attr(
    not(any(feature = "live", test)),
    expect(dead_code, reason = "only a device makes one")
)]
mod microphone;
mod status;

pub(crate) use device::list;
pub(super) use device::{Devices, MISSING, open};
pub(super) use keys::{Key, Keys};
pub(super) use loudspeaker::Loudspeaker;
pub(super) use microphone::{Level, Microphone};
pub(super) use status::Status;

/// Talk to it: a microphone in, a loudspeaker out.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live audio (builds with the feature `live`)")]
pub(crate) struct LiveArgs {
    /// Talk by microphone and loudspeaker, as it is without INPUT, --text and --greet; wear headphones. `m` and Enter mutes,
    /// Ctrl-C ends
    #[arg(long, conflicts_with_all = ["input", "fast", "out"])]
    pub(super) live: bool,
    /// The microphone, by a part of its name
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    pub(super) input_device: Option<String>,
    /// The loudspeaker, by a part of its name
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    pub(super) output_device: Option<String>,
    /// Print the names of microphones and loudspeakers and end
    #[arg(long)]
    pub(super) list_devices: bool,
}

impl LiveArgs {
    /// Whether somebody asked for it.
    pub(super) fn is_wanted(&self) -> bool {
        self.live || self.input_device.is_some() || self.output_device.is_some()
    }
}
