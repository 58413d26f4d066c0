//! `bedrock sonic`: a spoken conversation.

mod conversation;
mod reply;
mod screen;
mod sink;
mod source;
mod wav;

use std::path::PathBuf;

use bedrock_stream::Client;
use nova_sonic::{NOVA_2_5_SONIC, SampleRate};

use crate::connect::ConnectArgs;
use crate::exit::Exit;
use conversation::Conversation;
use screen::Screen;
use sink::Sink;
use source::Source;

/// Hold a spoken conversation: a voice in, the model's voice out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The user's voice: a WAV file (mono PCM16 at 8, 16 or 24 kHz), or `-` for raw PCM16 on stdin
    #[arg(value_name = "INPUT")]
    input: PathBuf,
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
    /// What the model should be and do
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "You are a friendly assistant. Answer in a few short sentences."
    )]
    system: String,
    /// The model
    #[arg(long, value_name = "ID", default_value = NOVA_2_5_SONIC)]
    model: String,
    /// Print each event as a JSON object on a line of stdout
    #[arg(long)]
    json: bool,
    /// Say more on stderr
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

const EXAMPLES: &str = "\
Examples:
  bedrock sonic --loopback question.wav --out reply.wav
  arecord -q -t raw -f S16_LE -r 16000 -c 1 | bedrock sonic - --out - | aplay -q -t raw -f S16_LE -r 24000 -c 1";

/// Runs the conversation.
pub(crate) async fn run(args: &Args) -> Result<Exit, String> {
    let (source, input_rate, output_rate) = match prepare(args) {
        Ok(prepared) => prepared,
        Err(text) => {
            eprintln!("bedrock: {text}");
            return Ok(Exit::Usage);
        }
    };
    let mut screen = Screen::new(args.json, args.verbose);
    let (client, server) = args.connect.connect().await?;
    let mut sink = Sink::open(args.out.as_deref(), output_rate.hz())?;
    screen.connecting(&client.origin(), &args.model);
    let exit = hold(
        args,
        &client,
        input_rate,
        output_rate,
        source,
        &mut sink,
        &mut screen,
    )
    .await;
    sink.flush()?;
    if let Some(server) = server {
        server.shutdown().await;
    }
    exit
}

/// What can be wrong before anything is connected: exit code 2.
fn prepare(args: &Args) -> Result<(Source, SampleRate, SampleRate), String> {
    if args.json
        && args
            .out
            .as_ref()
            .is_some_and(|path| path.as_os_str() == "-")
    {
        return Err("--json and --out - both want stdout".into());
    }
    let rate = |hz: u32| SampleRate::try_from(hz).map_err(|error| error.to_string());
    let output_rate = rate(args.output_rate)?;
    if args.input.as_os_str() == "-" {
        let input_rate = rate(args.input_rate)?;
        return Ok((Source::stdin(input_rate.hz()), input_rate, output_rate));
    }
    let speech = wav::read(&args.input)?;
    let input_rate = rate(speech.rate)?;
    Ok((
        Source::file(speech.pcm, speech.rate, args.fast),
        input_rate,
        output_rate,
    ))
}

async fn hold(
    args: &Args,
    client: &Client,
    input_rate: SampleRate,
    output_rate: SampleRate,
    source: Source,
    sink: &mut Sink,
    screen: &mut Screen,
) -> Result<Exit, String> {
    let session = client
        .sonic(&args.model)
        .system(&args.system)
        .voice(&args.voice)
        .input_rate(input_rate)
        .output_rate(output_rate)
        .open();
    let (sender, receiver) = tokio::select! {
        opened = session => opened.map_err(|error| error.to_string())?,
        asked = crate::signals::end_asked() => return asked.map(|()| Exit::Interrupted),
    };
    Conversation::new(receiver, sink, screen)
        .hold(sender, source)
        .await
}
