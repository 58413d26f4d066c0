//! Microphones and loudspeakers of this machine, by `cpal`: ALSA, `CoreAudio` or WASAPI.

use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{
    Device, ErrorKind, FromSample, Host, Sample, SampleFormat, SizedSample, Stream, StreamConfig,
};

use super::loudspeaker::{self, Outlet};
use super::microphone::{self, Intake};
use super::{LiveArgs, Loudspeaker, Microphone};

/// Why there are none: no reason in this build.
pub(in crate::sonic) const MISSING: Option<&str> = None;

/// Keeps the devices open.
pub(in crate::sonic) struct Devices {
    _streams: [Stream; 2],
}

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

impl Direction {
    const fn name(self) -> &'static str {
        match self {
            Self::In => "microphone",
            Self::Out => "loudspeaker",
        }
    }

    const fn option(self) -> &'static str {
        match self {
            Self::In => "--input-device",
            Self::Out => "--output-device",
        }
    }
}

/// Opens the devices that were asked for, or the system's own; the model's voice has `rate`.
///
/// # Errors
/// One line that says what is missing and what to do.
pub(in crate::sonic) fn open(
    args: &LiveArgs,
    rate: u32,
) -> Result<(Devices, Microphone, Loudspeaker), String> {
    let host = cpal::default_host();
    let input = find(&host, Direction::In, args.input_device.as_deref())?;
    let output = find(&host, Direction::Out, args.output_device.as_deref())?;
    let (capture, microphone) = record(&input)?;
    let (playback, loudspeaker) = play(&output, rate)?;
    let devices = Devices {
        _streams: [capture, playback],
    };
    Ok((devices, microphone, loudspeaker))
}

/// A line for each device.
///
/// # Errors
/// Where the system's audio cannot be asked.
pub(crate) fn list() -> Result<Vec<String>, String> {
    let host = cpal::default_host();
    let mut lines = Vec::new();
    for direction in [Direction::In, Direction::Out] {
        let default = default(&host, direction).and_then(|device| device.id().ok());
        for device in devices(&host, direction)? {
            let is_default = device.id().ok() == default;
            let mark = if is_default { " (default)" } else { "" };
            lines.push(format!("{:<12} {}{mark}", direction.name(), name(&device)));
        }
    }
    Ok(lines)
}

fn devices(host: &Host, direction: Direction) -> Result<Vec<Device>, String> {
    let failed = |error: cpal::Error| format!("the audio system: {error}");
    Ok(match direction {
        Direction::In => host.input_devices().map_err(failed)?.collect(),
        Direction::Out => host.output_devices().map_err(failed)?.collect(),
    })
}

fn default(host: &Host, direction: Direction) -> Option<Device> {
    match direction {
        Direction::In => host.default_input_device(),
        Direction::Out => host.default_output_device(),
    }
}

/// What people know it by, and what tells it from others.
fn name(device: &Device) -> String {
    match device.id() {
        Ok(id) => format!("{device} [{id}]"),
        Err(_) => device.to_string(),
    }
}

fn find(host: &Host, direction: Direction, wanted: Option<&str>) -> Result<Device, String> {
    let what = direction.name();
    let Some(wanted) = wanted else {
        return default(host, direction).ok_or_else(|| {
            format!(
                "there is no {what}: plug one in, see --list-devices, or talk by files: `bedrock sonic question.wav --out \
                 reply.wav`"
            )
        });
    };
    let known = devices(host, direction)?;
    let named = |device: &&Device| name(device).to_lowercase().contains(&wanted.to_lowercase());
    known.iter().find(named).cloned().ok_or_else(|| {
        let all: Vec<_> = known.iter().map(name).collect();
        format!("{} {wanted:?}: there are {all:?}", direction.option())
    })
}

fn record(device: &Device) -> Result<(Stream, Microphone), String> {
    let failed = |error: cpal::Error| explain(Direction::In, device, &error);
    let supported = device.default_input_config().map_err(failed)?;
    let config = supported.config();
    let (intake, microphone) = microphone::new(config.sample_rate, config.channels.into())?;
    let stream = match supported.sample_format() {
        SampleFormat::F32 => capture::<f32>(device, config, intake),
        SampleFormat::I16 => capture::<i16>(device, config, intake),
        SampleFormat::U16 => capture::<u16>(device, config, intake),
        SampleFormat::I32 => capture::<i32>(device, config, intake),
        other => return Err(unknown(Direction::In, device, other)),
    };
    let stream = stream.map_err(failed)?;
    stream.play().map_err(failed)?;
    Ok((stream, microphone))
}

fn play(device: &Device, rate: u32) -> Result<(Stream, Loudspeaker), String> {
    let failed = |error: cpal::Error| explain(Direction::Out, device, &error);
    let supported = device.default_output_config().map_err(failed)?;
    let config = supported.config();
    let (outlet, loudspeaker) = loudspeaker::new(rate, config.sample_rate, config.channels.into())?;
    let stream = match supported.sample_format() {
        SampleFormat::F32 => playback::<f32>(device, config, outlet),
        SampleFormat::I16 => playback::<i16>(device, config, outlet),
        SampleFormat::U16 => playback::<u16>(device, config, outlet),
        SampleFormat::I32 => playback::<i32>(device, config, outlet),
        other => return Err(unknown(Direction::Out, device, other)),
    };
    let stream = stream.map_err(failed)?;
    stream.play().map_err(failed)?;
    Ok((stream, loudspeaker))
}

fn capture<T>(device: &Device, config: StreamConfig, intake: Intake) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let errors = intake.clone();
    device.build_input_stream(
        config,
        move |samples: &[T], _: &_| {
            intake.push(samples.iter().map(|sample| f32::from_sample(*sample)));
        },
        move |error| {
            if is_end(&error) {
                errors.fail(error.to_string());
            }
        },
        None,
    )
}

fn playback<T>(device: &Device, config: StreamConfig, outlet: Outlet) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let errors = outlet.clone();
    device.build_output_stream(
        config,
        move |out: &mut [T], _: &_| {
            outlet.fill(out, |sample| T::from_sample(sample));
        },
        move |error| {
            if is_end(&error) {
                errors.fail(error.to_string());
            }
        },
        None,
    )
}

/// Whether the device gives or takes nothing more. A crackle, or another default device, is no end.
fn is_end(error: &cpal::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied
    )
}

fn explain(direction: Direction, device: &Device, error: &cpal::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => {
            "; allow this terminal to use it (macOS: Privacy & Security, Microphone; Linux: the group audio)"
        }
        ErrorKind::DeviceBusy => "; another program uses it",
        _ => "; see --list-devices for others",
    };
    format!("the {} {:?}: {error}{hint}", direction.name(), name(device))
}

fn unknown(direction: Direction, device: &Device, format: SampleFormat) -> String {
    format!(
        "the {} {:?} has samples of the form {format}, which is not known here; see --list-devices for others",
        direction.name(),
        name(device)
    )
}
