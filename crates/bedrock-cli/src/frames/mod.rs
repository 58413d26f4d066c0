//! `bedrock frames`: the frames of any AWS service's event stream, or what they say, as text or as JSON lines; and back
//! to bytes.

mod encode;
mod events;
pub(crate) mod json;
mod payload;
mod print;
mod recorded;
mod verify;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, StdoutLock, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use converse_stream::family::Family;
use eventstream_codec::{Decoder, FrameReader, Limits, Message, MessageKind, ReadError};
use eventstream_sigv4::EventVerifier;

use crate::exit::{Exit, Stop};
use events::{Protocol, Teller};
use payload::Style;
use print::Printer;

use crate::terminal;

/// Prints the frames of an event stream of any AWS service.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// A file with a stream of frames, a recording, or `-` for standard input, read as it arrives
    #[arg(required = true)]
    file: Option<PathBuf>,

    /// One JSON object a frame, on a line of its own
    #[arg(long)]
    json: bool,

    /// Print what the frames say instead of them, and last how the stream ended: exit code 0 only if it is complete
    #[arg(long = "as", value_enum, value_name = "PROTOCOL", conflicts_with_all = ["decode_bytes", "payload", "event_types", "verify"])]
    protocol: Option<Protocol>,

    /// With --as invoke: whose chunks they are (`anthropic-messages`, `nova`, …); otherwise the chunks say it
    #[arg(long, value_name = "NAME", requires = "protocol", value_parser = crate::family::named)]
    family: Option<Family>,

    /// What to accept
    #[arg(long, value_enum, default_value_t)]
    limits: Profile,

    /// Also show the frames inside signed frames; with --as, read those
    #[arg(long)]
    unwrap: bool,

    /// Also show what JSON payloads carry in a base64 member `bytes`, as those of Bedrock do
    #[arg(long)]
    decode_bytes: bool,

    /// How to show payloads as text
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    payload: Style,

    /// Only frames of this event type, exception type or error code; may be given more than once
    #[arg(long = "event-type", value_name = "NAME")]
    event_types: Vec<String>,

    #[command(flatten)]
    recorded: recorded::RecordedArgs,

    #[command(flatten)]
    verify: verify::VerifyArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock frames answer.bin
  bedrock frames --json answer.bin | bedrock frames encode > same.bin
  bedrock frames --as converse answer.bin
  curl -sN ... | bedrock frames --decode-bytes -
  bedrock frames --verify --seed 6f2c... --region us-east-1 sent.bin";

#[derive(Debug, Subcommand)]
enum Command {
    /// Turn the lines that `--json` prints back into bytes, on standard output
    Encode(encode::Args),
}

/// Named limits; the README of `eventstream-codec` has the numbers.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Profile {
    /// The specification's sizes, otherwise as tolerant as AWS's clients
    #[default]
    Bounded,
    /// All that the specification demands
    Strict,
    /// No limits, for trusted input only
    Unlimited,
}

impl Profile {
    const fn limits(self) -> Limits {
        match self {
            Self::Bounded => Limits::bounded(),
            Self::Strict => Limits::strict(),
            Self::Unlimited => Limits::unlimited(),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the input cannot be read or the output not written, in a line for people.
pub(crate) fn run(args: &Args) -> Result<Exit, Stop> {
    if let Some(Command::Encode(args)) = &args.command {
        return encode::run(args);
    }
    let file = args
        .file
        .as_deref()
        .ok_or_else(|| Stop::usage("which file?"))?;
    let decoder = Decoder::with_limits(args.limits.limits());
    let reader = FrameReader::with_decoder(args.recorded.open(file).map_err(Stop::usage)?, decoder);
    let mut verifier = args.verify.verifier().map_err(Stop::usage)?;
    let mut out = Output::new(is_stdin(file));
    let printed = match args.protocol {
        Some(protocol) => protocol.tell(&args.teller(), reader, &mut out),
        None => print_all(args, reader, verifier.as_mut(), &mut out),
    };
    match printed {
        Ok(exit) => Ok(exit),
        Err(Failure::Output(error)) => Err(Stop::stdout(&error)),
        Err(Failure::Input(error)) => Err(format!("{}: {error}", name(file)).into()),
    }
}

fn print_all(
    args: &Args,
    mut reader: FrameReader<Box<dyn Read>>,
    mut verifier: Option<&mut EventVerifier>,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let printer = Printer {
        json: args.json,
        unwrap: args.unwrap,
        decode_bytes: args.decode_bytes,
        payload: args.payload,
        limits: args.limits.limits(),
    };
    loop {
        let (index, offset) = (reader.decoder().frames(), reader.decoder().offset());
        let error = match reader.next_message() {
            Ok(Some(message)) => {
                let signed = match &mut verifier {
                    Some(verifier) => verify::check(verifier, &message, offset),
                    None => Ok(()),
                };
                let shown = if args.shows(&message) {
                    printer.frame(&message, index, offset, out)?
                } else {
                    Ok(())
                };
                match signed.and(shown) {
                    Ok(()) => {
                        out.frame_done()?;
                        continue;
                    }
                    Err(fault) => fault,
                }
            }
            Ok(None) => match verifier
                .as_ref()
                .map_or(Ok(()), |v| verify::finish(v, offset))
            {
                Ok(()) => {
                    out.flush()?;
                    return Ok(Exit::Complete);
                }
                Err(fault) => fault,
            },
            Err(ReadError::Decode(error)) => print::Fault::of(&error),
            Err(ReadError::Io(error)) => {
                out.flush()?;
                return Err(Failure::Input(error));
            }
            Err(other) => {
                out.flush()?;
                return Err(Failure::Input(io::Error::other(other)));
            }
        };
        printer.fault(&error, out)?;
        out.flush()?;
        return Ok(Exit::Failed);
    }
}

impl Args {
    fn teller(&self) -> Teller {
        Teller {
            json: self.json,
            unwrap: self.unwrap,
            limits: self.limits.limits(),
            family: self.family,
        }
    }

    /// Whether a frame, or the one inside it under `--unwrap`, is of a type that was asked for.
    fn shows(&self, message: &Message) -> bool {
        if self.event_types.is_empty() {
            return true;
        }
        let is_asked_for = |message: &Message| {
            let name = match message.frame().kind() {
                MessageKind::Event { event_type } => event_type,
                MessageKind::Exception { exception_type } => exception_type,
                MessageKind::Error { code, .. } => code,
                _ => return false,
            };
            self.event_types.iter().any(|asked| asked == name)
        };
        let inner = || Message::from_bytes(&message.payload(), &self.limits.limits());
        is_asked_for(message)
            || (self.unwrap && message.frame().signed().is_some())
                && inner().is_ok_and(|inner| is_asked_for(&inner))
    }
}

/// Why the command broke off.
enum Failure {
    Input(io::Error),
    Output(io::Error),
}

impl From<io::Error> for Failure {
    /// All of `?` is about output: what is read is matched on.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Standard output; where the input arrives bit by bit, each frame is shown as soon as it is there.
struct Output {
    out: io::BufWriter<StdoutLock<'static>>,
    live: bool,
}

impl Output {
    fn new(live: bool) -> Self {
        let out = io::BufWriter::new(io::stdout().lock());
        Self { out, live }
    }

    fn frame_done(&mut self) -> io::Result<()> {
        if self.live { self.out.flush() } else { Ok(()) }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// The input: a file, or standard input for `-`.
fn open(file: &Path) -> Result<Box<dyn Read>, String> {
    if is_stdin(file) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let failed = |error: io::Error| format!("{}: {error}", file.display());
    let opened = File::open(file).map_err(failed)?;
    let about = opened.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(terminal::watched(opened, about.len()))
}

/// The input as people call it.
fn name(file: &Path) -> Cow<'_, str> {
    if is_stdin(file) {
        "standard input".into()
    } else {
        file.to_string_lossy()
    }
}
