//! `bedrock sonic`: a spoken conversation.

pub(crate) mod answers;
mod conversation;
pub(crate) mod live;
mod reply;
mod screen;
mod sink;
mod source;
pub(crate) mod tool_command;
mod transcript;
mod wav;

use std::path::PathBuf;
use std::time::Duration;

use bedrock_stream::{Client, SonicBuilder, Voice};
use nova_sonic::{Renewal, SampleRate};

use crate::connect::ConnectArgs;
use crate::exit::{Exit, Stop};
use crate::signals::EndSignals;
use answers::AnswerArgs;
use conversation::{Call, Conversation, Part};
use live::{Keys, LiveArgs};
use screen::Screen;
use sink::Sink;
use source::Source;
use tool_command::ToolArgs;

/// Hold a spoken conversation: a voice in, the model's voice out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Args {
    /// The user's voice: a WAV file (mono PCM16 at 8, 16 or 24 kHz), or `-` for raw PCM16 on stdin
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,
    /// Where the model's voice goes: a WAV file, or `-` for raw PCM16 on stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Send the file as fast as the service takes it, not at the pace of speech
    #[arg(long)]
    fast: bool,
    /// The rate of raw PCM16 on stdin, in Hz: 8000, 16000 or 24000
    #[arg(long, value_name = "HZ", default_value_t = 16_000)]
    input_rate: u32,
    /// The rate of the model's voice, in Hz: 8000, 16000 or 24000
    #[arg(long, value_name = "HZ", default_value_t = 24_000)]
    output_rate: u32,
    /// Who speaks
    #[arg(long, value_name = "NAME", default_value = "matthew")]
    voice: String,
    /// Have the model speak first, by this instruction: "Greet the caller in one sentence."
    #[arg(long, value_name = "TEXT")]
    greet: Option<String>,
    /// Say this in text, before the voice; may be given more than once, and each waits for the answer to the one before
    #[arg(long, value_name = "TEXT")]
    text: Vec<String>,
    /// What was said before: a file of --save-transcript, or a JSON list of {"role", "text"}
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Where the transcript goes, as JSON, when the conversation is over
    #[arg(long, value_name = "FILE")]
    save_transcript: Option<PathBuf>,
    #[command(flatten)]
    tools: ToolArgs,
    /// End with the connection, after eight minutes at the latest, instead of going on with another
    #[arg(long, conflicts_with = "renew_after")]
    no_renew: bool,
    /// Go on with another connection after this time (360 s unless set), at the first quiet moment; a quarter later in any case
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=LONGEST_LEG))]
    renew_after: Option<u64>,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Print each event as a JSON object on a line of stdout
    #[arg(long)]
    json: bool,
    /// Say more on stderr
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// With a quarter more it is less than the service's eight minutes.
const LONGEST_LEG: u64 = 380;

const EXAMPLES: &str = "\
Examples:
  bedrock sonic --loopback question.wav --out reply.wav
  bedrock sonic --live --voice tiffany
  arecord -q -t raw -f S16_LE -r 16000 -c 1 | bedrock sonic - --out - | aplay -q -t raw -f S16_LE -r 24000 -c 1";

/// Runs the conversation.
pub(crate) async fn run(args: &Args) -> Result<Exit, Stop> {
    if args.live.list_devices {
        for device in live::list()? {
            println!("{device}");
        }
        return Ok(Exit::Complete);
    }
    let mut prepared = prepare(args).map_err(Stop::usage)?;
    let mut screen = Screen::new(args.json, args.verbose);
    // Open until the end.
    let (_devices, loudspeaker) = if args.is_call() {
        pick_up(args, &mut prepared)?
    } else {
        (None, None)
    };
    let (client, server) = args.connect.connect().await?;
    let mut sink = match loudspeaker {
        Some(loudspeaker) => Sink::Loudspeaker(Box::new(loudspeaker)),
        None => Sink::open(args.out.as_deref(), prepared.output_rate.hz()).map_err(Stop::usage)?,
    };
    screen.connecting(&client.origin(), &args.answers.model);
    if prepared.part.call.is_some() {
        screen.call();
    }
    let exit = hold(args, &client, prepared, &mut sink, &mut screen).await;
    sink.flush()?;
    if let Some(server) = server {
        server.shutdown().await;
    }
    Ok(exit?)
}

/// Opens microphone and loudspeaker.
fn pick_up(
    args: &Args,
    prepared: &mut Prepared,
) -> Result<(Option<live::Devices>, Option<live::Loudspeaker>), String> {
    let rate = prepared.output_rate.hz();
    let (devices, microphone, loudspeaker) = live::open(&args.live, rate)?;
    prepared.part.call = Some(Call {
        keys: Keys::listen(),
        level: microphone.level(),
    });
    prepared.part.voice = Some(Source::microphone(microphone));
    Ok((Some(devices), Some(loudspeaker)))
}

impl Args {
    /// Whether the user talks by microphone: asked for, or with nothing else to say.
    fn is_call(&self) -> bool {
        self.live.is_wanted()
            || (self.input.is_none() && self.text.is_empty() && self.greet.is_none())
    }
}

/// What is read before anything is connected.
struct Prepared {
    part: Part,
    input_rate: SampleRate,
    output_rate: SampleRate,
    history: nova_sonic::History,
    tools: Vec<nova_sonic::ToolSpec>,
}

/// What can be wrong before anything is connected: exit code 2.
fn prepare(args: &Args) -> Result<Prepared, String> {
    if let Some(missing) = live::MISSING.filter(|_| args.is_call()) {
        return Err(missing.to_owned());
    }
    let is_stdio = |path: &PathBuf| path.as_os_str() == "-";
    if args.json && args.out.as_ref().is_some_and(is_stdio) {
        return Err("--json and --out - both want stdout".into());
    }
    let rate = |hz: u32| SampleRate::try_from(hz).map_err(|error| error.to_string());
    let output_rate = rate(args.output_rate)?;
    let (voice, input_rate) = match &args.input {
        None => (None, SampleRate::Hz16000),
        Some(path) if is_stdio(path) => {
            let input_rate = rate(args.input_rate)?;
            (Some(Source::stdin(input_rate.hz())), input_rate)
        }
        Some(path) => {
            let speech = wav::read(path)?;
            let source = Source::file(speech.pcm, speech.rate, args.fast);
            (Some(source), rate(speech.rate)?)
        }
    };
    let said = match &args.history {
        Some(path) => transcript::read(path)?,
        None => Vec::new(),
    };
    let (history, cut) = transcript::history(said);
    if let Some(cut) = cut {
        screen::say(&cut);
    }
    Ok(Prepared {
        part: Part {
            greet: args.greet.clone(),
            texts: args.text.iter().cloned().collect(),
            voice,
            call: None,
        },
        input_rate,
        output_rate,
        history,
        tools: args.tools.specs()?,
    })
}

async fn hold(
    args: &Args,
    client: &Client,
    prepared: Prepared,
    sink: &mut Sink,
    screen: &mut Screen,
) -> Result<Exit, String> {
    let mut ends = EndSignals::listen()?;
    let part = prepared.part;
    let session = client
        .sonic(&args.answers.model)
        .system(&args.answers.system)
        .voice(&args.voice)
        .input_rate(prepared.input_rate)
        .output_rate(prepared.output_rate)
        .history(prepared.history)
        .tools(prepared.tools);
    let session = with_renewal(session, args);
    let (voice, events) = tokio::select! {
        started = session.start() => started.map_err(|error| error.to_string())?,
        () = ends.asked() => return Ok(Exit::Interrupted),
    };
    let conversation = (voice.clone(), events);
    let exit = Conversation::new(conversation, args.tools.commands().to_vec(), sink, screen)
        .hold(part, ends)
        .await;
    save(args, &voice)?;
    exit
}

fn with_renewal(session: SonicBuilder, args: &Args) -> SonicBuilder {
    // A command that sleeps is no reason to leave the model without an answer; this is long for a tool.
    let session = session.tool_timeout(Some(Duration::from_mins(2)));
    session.renewal((!args.no_renew).then(|| renewal(args.renew_after)))
}

/// Legs that are replaced after so many seconds; the ratio of the two times is that of the defaults.
fn renewal(after: Option<u64>) -> Renewal {
    let mut renewal = Renewal::default();
    if let Some(seconds) = after {
        renewal.after = Duration::from_secs(seconds);
        renewal.force_after = renewal.after * 5 / 4;
    }
    renewal
}

fn save(args: &Args, voice: &Voice) -> Result<(), String> {
    match &args.save_transcript {
        Some(path) => transcript::save(path, &voice.transcript()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_that_is_replaced_sooner_is_forced_sooner_too() {
        for after in [1, 5, 360, LONGEST_LEG] {
            let renewal = renewal(Some(after));
            assert_eq!(renewal.after, Duration::from_secs(after));
            assert!(renewal.force_after > renewal.after);
            assert!(renewal.force_after < Duration::from_mins(8));
        }
        let (usual, same) = (Renewal::default(), renewal(Some(360)));
        assert_eq!(same.force_after, usual.force_after);
    }
}
