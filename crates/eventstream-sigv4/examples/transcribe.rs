//! Amazon Transcribe streaming without a network: signed audio one way, transcripts the other.
//!
//! `cargo run -p eventstream-sigv4 --example transcribe --features aws-sigv4`
//!
//! The client half is what a real client does up to its HTTP/2 library; the server half stands for the service and
//! checks every signature. What it answers is made up here.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    Decoder, FrameWriter, HeaderValue, Limits, MessageKind, Parsed, Seal, Timestamp, parse,
};
use eventstream_sigv4::{
    Credentials, EventSigner, EventVerifier, Payload, RequestHead, Scope, VerifiedEvent, sign_head,
};
use http::Request;
use http::request::Parts;

const URI: &str = "https://transcribestreaming.us-east-1.amazonaws.com/stream-transcription";
/// 100 ms of 16 kHz mono PCM16.
const CHUNK_LEN: usize = 3200;

fn main() -> Result<(), Box<dyn Error>> {
    // A real program takes both from its surroundings.
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let now = Timestamp::from_millis(1_798_761_599_000);
    let scope = Scope::new("us-east-1", "transcribe");

    let silence = vec![0; 8 * CHUNK_LEN];
    let (head, upload) = client_sends(&credentials, &scope, now, &silence)?;
    println!("client: {} bytes of signed audio events", upload.len());
    let answer = service_answers(&credentials, &scope, &head, &upload)?;
    for transcript in client_reads(answer)? {
        println!("client: transcript {transcript}");
    }
    Ok(())
}

/// The signed head of the request, and the body that would be streamed behind it.
fn client_sends(
    credentials: &Credentials,
    scope: &Scope,
    mut now: Timestamp,
    pcm: &[u8],
) -> Result<(Parts, BytesMut), Box<dyn Error>> {
    let request = Request::post(URI)
        .header("content-type", "application/vnd.amazon.eventstream")
        .header(
            "x-amz-target",
            "com.amazonaws.transcribe.Transcribe.StartStreamTranscription",
        )
        .header("x-amzn-transcribe-language-code", "en-US")
        .header("x-amzn-transcribe-media-encoding", "pcm")
        .header("x-amzn-transcribe-sample-rate", "16000");
    let (mut head, ()) = request.body(())?.into_parts();
    let seed =
        sign_head(&head, Payload::SignedEvents, credentials, scope, now)?.apply(&mut head.headers);

    let mut signer = EventSigner::new(seed, credentials, scope.clone());
    let mut body = BytesMut::new();
    for chunk in pcm.chunks(CHUNK_LEN) {
        let at = body.len();
        body.resize(at + signer.headroom(), 0);
        let mut frame = FrameWriter::begin(&mut body);
        frame.header(":message-type", HeaderValue::String("event"))?;
        frame.header(":event-type", HeaderValue::String("AudioEvent"))?;
        frame.header(
            ":content-type",
            HeaderValue::String("application/octet-stream"),
        )?;
        let mut payload = frame.payload();
        payload.put_slice(chunk);
        payload.finish()?;
        signer.seal(now, &mut body, at)?;
        now = Timestamp::from_millis(now.as_millis() + 100);
    }
    signer.seal_end(now, &mut body)?;
    Ok((head, body))
}

/// Checks the head and every event, and answers with the transcript that the audio is worth.
fn service_answers(
    credentials: &Credentials,
    scope: &Scope,
    head: &Parts,
    mut body: &[u8],
) -> Result<Bytes, Box<dyn Error>> {
    let received = RequestHead::try_from(head)?;
    let seed = received.verify(credentials, scope, b"")?;
    println!(
        "service: the request was signed\n{}\n",
        received.explain(b"")?
    );

    let mut verifier = EventVerifier::new(seed, credentials, scope.clone());
    let mut pcm_len = 0;
    while let Parsed::Frame(outer) = parse(body, &Limits::bounded())? {
        if let VerifiedEvent::Event { frame, .. } = verifier.verify(outer)?
            && let Parsed::Frame(event) = parse(frame, &Limits::bounded())?
        {
            pcm_len += event.payload().len();
        }
        body = body.get(outer.total_len()..).unwrap_or_default();
    }
    verifier.finish()?;
    println!(
        "service: {} events verified, {pcm_len} bytes of PCM",
        verifier.events()
    );

    let mut answer = BytesMut::new();
    let mut frame = FrameWriter::begin(&mut answer);
    frame.header(":message-type", HeaderValue::String("event"))?;
    frame.header(":event-type", HeaderValue::String("TranscriptEvent"))?;
    frame.header(":content-type", HeaderValue::String("application/json"))?;
    let mut payload = frame.payload();
    payload.put_slice(br#"{"Transcript":{"Results":[]}}"#);
    payload.finish()?;
    Ok(answer.freeze())
}

/// Reads what the service answers. Its events are not signed: TLS vouches for them.
fn client_reads(answer: Bytes) -> Result<Vec<String>, Box<dyn Error>> {
    let mut decoder = Decoder::new();
    decoder.feed(answer);
    let mut transcripts = Vec::new();
    while let Some(frame) = decoder.next_frame()? {
        match frame.kind() {
            MessageKind::Event {
                event_type: "TranscriptEvent",
            } => {
                transcripts.push(str::from_utf8(frame.payload())?.to_owned());
            }
            other => println!("client: {other:?}"),
        }
    }
    decoder.finish()?;
    Ok(transcripts)
}

#[test]
fn both_ways_work() -> Result<(), Box<dyn Error>> {
    main()
}
