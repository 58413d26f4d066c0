//! Operations in any order: what our client lets through, the loopback's own grammar, at its strictest, finds in order.

use std::sync::{Arc, Mutex};

use bedrock_loopback::{Notice, Scenario};
use bedrock_stream::{ErrorKind, SonicReceiver, SonicSender};
use nova_sonic::{History, HistoryLimits, HistoryRole, ToolResult};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::stage::{START_SECS, client, connect, server, server_clock};

const SESSIONS: usize = 100;

#[derive(Clone, Debug)]
enum Op {
    Audio(usize),
    Text(usize),
    /// Of the calls that the scenario makes, or of one that it does not.
    Result(u8),
    Listen,
    /// An event of the caller's, from a few that are right here and there.
    Raw(usize),
    Close,
}

const RAW: [&str; 6] = [
    r#"{"event":{"sessionStart":{}}}"#,
    r#"{"event":{"sessionEnd":{}}}"#,
    r#"{"event":{"contentStart":{"promptName":"p","contentName":"c","type":"TEXT","role":"SYSTEM","interactive":false}}}"#,
    r#"{"event":{"contentEnd":{"promptName":"p","contentName":"c"}}}"#,
    r#"{"event":{"promptStart":{"promptName":"p"}}}"#,
    r#"{"event":{"connectionEnd":{}}}"#,
];

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0usize..200).prop_map(Op::Audio),
        3 => (0usize..2500).prop_map(Op::Text),
        4 => (0u8..4).prop_map(Op::Result),
        3 => Just(Op::Listen),
        2 => (0..RAW.len()).prop_map(Op::Raw),
        1 => Just(Op::Close),
    ]
}

/// A session: who said what before, then operations.
fn session() -> impl Strategy<Value = (Vec<bool>, Vec<Op>)> {
    let history = proptest::collection::vec(any::<bool>(), 0..5);
    (history, proptest::collection::vec(op(), 0..20))
}

fn history(roles: &[bool]) -> History {
    let role = |user: &bool| {
        if *user {
            HistoryRole::User
        } else {
            HistoryRole::Assistant
        }
    };
    History::normalize(
        roles.iter().map(|user| (role(user), "said")),
        &HistoryLimits::default(),
    )
    .0
}

/// Whether an operation was let through; another failure than a refusal is the end of the test.
async fn perform(
    op: &Op,
    voice: &mut SonicSender<h2_duplex::Sender>,
    events: &mut SonicReceiver<h2_duplex::Receiver>,
) -> bool {
    let done = match op {
        Op::Audio(len) => voice.audio(&vec![0; *len]).await,
        Op::Text(len) => voice.text(&"word ".repeat(len / 5)).await,
        Op::Result(id) => {
            voice
                .tool_result(&format!("t{id}"), &ToolResult::text("done"))
                .await
        }
        Op::Raw(at) => voice.raw(RAW[*at]).await,
        Op::Close => voice.close().await,
        Op::Listen => {
            while let Ok(Some(_)) = listen(events).await {}
            Ok(())
        }
    };
    match done {
        Ok(()) => true,
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::Refused(_)),
                "{op:?}: {error}"
            );
            false
        }
    }
}

/// The next event, where one comes soon.
async fn listen(
    events: &mut SonicReceiver<h2_duplex::Receiver>,
) -> Result<Option<nova_sonic::ServerEvent>, bedrock_stream::Error> {
    let soon = std::time::Duration::from_millis(100);
    tokio::time::timeout(soon, events.next())
        .await
        .unwrap_or(Ok(None))
}

#[tokio::test(start_paused = true)]
async fn no_order_of_operations_is_an_illegal_sequence() {
    let scenario = r#"{"sonic": [{"when": "audio-start", "send": [
        {"tool": {"name": "a", "id": "t0", "input": {}}}, {"tool": {"name": "b", "id": "t1", "input": {}}}]}]}"#;
    let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&complaints);
    let server = server()
        .strict(true)
        .seed(1)
        .scenario(Scenario::from_json(scenario, ".").unwrap())
        .clock(server_clock(START_SECS))
        .observe(move |notice| {
            if let Notice::Failed { .. } | Notice::Warning { .. } | Notice::Refused { .. } = notice
            {
                heard.lock().unwrap().push(notice.to_string());
            }
        })
        .build()
        .unwrap();
    let client = client(&server, server.secret_access_key());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut let_through, mut refused) = (0, 0);
    for _ in 0..SESSIONS {
        let (roles, ops) = session().new_tree(&mut runner).unwrap().current();
        let mut connection = connect(&server).await;
        let opened = client
            .sonic("amazon.nova-2-5-sonic")
            .history(history(&roles));
        let (mut voice, mut events) = opened.open_on(&mut connection).await.unwrap();
        for op in &ops {
            if perform(op, &mut voice, &mut events).await {
                let_through += 1;
            } else {
                refused += 1;
            }
        }
        voice.close().await.unwrap();
        while events
            .next()
            .await
            .unwrap_or_else(|error| panic!("{ops:?}: {error}"))
            .is_some()
        {}
        assert!(events.outcome().unwrap().is_complete(), "{ops:?}");
        assert_eq!(*complaints.lock().unwrap(), [""; 0], "{roles:?} {ops:?}");
    }
    // Both happen often, or the test says nothing.
    assert!(
        let_through > 400 && refused > 100,
        "{let_through} let through, {refused} refused"
    );
}
