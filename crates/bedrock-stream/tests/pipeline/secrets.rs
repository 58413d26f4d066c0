//! Nothing of the user's and no secret reaches a log, an error or a `Debug`.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use crate::stage::{ask, open, question, server, try_open};

const PROMPT: &str = "the-text-of-a-prompt";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// All that was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_conversation_at_trace_level_tells_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let stage = open(server(), |session| session.system(PROMPT)).await;
    let shown = format!("{:?} {:?}", stage.voice, stage.events);
    let (_, received) = ask(stage).await;
    received.expect("complete");
    let refused = try_open(server(), "another-secret-key", |session| {
        session.system(PROMPT)
    })
    .await;
    let Err(error) = refused else {
        panic!("opened with a wrong secret")
    };

    let logged = log.text();
    assert!(logged.contains("TRACE"), "the log is not empty");
    let shown = format!("{shown} {error} {error:?}");
    let audio = &question()[20];
    let in_base64 = base64_simd::STANDARD.encode_to_string(audio);
    let of_prompt = base64_simd::STANDARD.encode_to_string(PROMPT);
    for secret in [
        SECRET,
        "another-secret-key",
        PROMPT,
        &in_base64[..64],
        &of_prompt[..20],
    ] {
        assert!(!logged.contains(secret), "logged: {secret}");
        assert!(!shown.contains(secret), "shown: {secret}");
    }
    // As bytes, in the `Debug` of a buffer.
    let bytes = format!("{:?}", &audio[..16]);
    assert!(!logged.contains(bytes.trim_matches(['[', ']'])));
}
