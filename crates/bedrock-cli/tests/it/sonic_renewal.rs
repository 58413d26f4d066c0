//! `bedrock sonic` with connections that are replaced, over real sockets; and without the live audio that it was not built with.

use serde_json::{Value, json};

use crate::command::{Folder, bedrock, code, json_lines, shown, text};
use crate::service::Server;

fn of_type<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// A second of noise that no other number gives, at 16 kHz.
fn noise(number: u32) -> Vec<i16> {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let sample = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::try_from(state >> 19).unwrap() - 4_096
    };
    (0..16_000).map(sample).collect()
}

fn write_wav(path: &std::path::Path, samples: impl Iterator<Item = i16>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        file.write_sample(sample).unwrap();
    }
    file.finalize().unwrap();
}

/// 20 s of speech and pauses over real sockets, in real time, with a Bedrock that ends each session after five.
#[test]
fn a_voice_outlives_its_connections_and_keeps_every_sample() {
    let folder = Folder::new("renewal");
    let (question, reply) = (folder.file("question.wav"), folder.file("reply.wav"));
    let utterances: Vec<_> = (1..=5).map(noise).collect();
    let pause = std::iter::repeat_n(0, 16_000 * 31 / 10);
    let speech = utterances
        .iter()
        .flat_map(|said| said.iter().copied().chain(pause.clone()));
    write_wav(&question, speech);
    let server = Server::start(
        bedrock()
            .args(["serve", "--json", "--quiet", "--strict"])
            .args(["--fault", "model-timeout@5"]),
    );
    let output = server
        .client("sonic")
        .args(["--json", "--output-rate", "16000", "--renew-after", "3"])
        .args(["--out", &shown(&reply), &shown(&question)])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let lines = json_lines(&output);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["outcome"], &last["dropped_ms"]),
        (&json!("complete"), &json!(0))
    );
    assert!(last["legs"].as_u64().unwrap() >= 5, "{last}");
    assert!(of_type(&lines, "renewed").len() >= 4);
    // The loopback says back what it heard, sample by sample.
    let heard = hound::WavReader::open(&reply).unwrap();
    let heard: Vec<i16> = heard.into_samples().map(Result::unwrap).collect();
    for (number, said) in utterances.iter().enumerate() {
        let found = heard
            .windows(said.len())
            .filter(|window| window == said)
            .count();
        assert_eq!(found, 1, "utterance {number} was heard {found} times");
    }
}

#[test]
fn live_audio_says_what_it_needs() {
    let cases: [&[&str]; 3] = [
        &["sonic"],
        &["sonic", "--loopback", "--live"],
        &["sonic", "--list-devices"],
    ];
    for case in cases {
        let output = bedrock()
            .args(case)
            .env("ALSA_CONFIG_PATH", "/dev/null")
            .output()
            .unwrap();
        let said = text(&output.stderr);
        if cfg!(feature = "live") {
            // No audio system at all.
            assert!(
                case[1..] == ["--list-devices"] || code(&output) == 1,
                "{case:?}: {said}"
            );
        } else {
            assert_ne!(code(&output), 0);
            assert!(said.contains("--features live"), "{case:?}: {said}");
        }
    }
    let wrong = bedrock()
        .args(["sonic", "--renew-after", "5", "--no-renew", "x.wav"])
        .output()
        .unwrap();
    assert_eq!(code(&wrong), 2);
}
