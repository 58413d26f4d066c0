//! Sessions that are opened: what one holds while it is idle, and how long it takes.

use std::time::Instant;

use serde_json::json;

use super::call::{drain, open};
use super::{Outcome, done, percentiles, ready};
use peer_aws_sdk::{Arguments, client};

/// Holds `calls` sessions open, of one client or each of its own: a client of its own has a connection of its own.
pub(super) async fn idle(arguments: &Arguments, share: bool) -> Outcome {
    let one = client(arguments, &arguments.secret_access_key);
    let mut calls = Vec::with_capacity(arguments.calls + 1);
    calls.push((open(&one, arguments, 1, None).await?, one.clone()));
    let begun = ready()?;
    while calls.len() <= arguments.calls {
        let client = if share {
            one.clone()
        } else {
            client(arguments, &arguments.secret_access_key)
        };
        calls.push((open(&client, arguments, 1, None).await?, client));
    }
    done(begun, &json!({}))
}

/// From the wish for a session to its first event, on the connection of the session before or on one of its own.
pub(super) async fn again(arguments: &Arguments, warm: bool) -> Outcome {
    let mut client = client(arguments, &arguments.secret_access_key);
    let mut delays = Vec::new();
    let mut begun = None;
    // The first opens the connection that the others have.
    for _ in 0..=arguments.events {
        if !warm {
            // The certificates are read before the clock starts.
            client = peer_aws_sdk::client(arguments, &arguments.secret_access_key);
        }
        let from = Instant::now();
        let (mut output, go, over) = open(&client, arguments, 1, None).await?;
        output.body.recv().await.map_err(|e| format!("{e:?}"))?;
        if begun.is_some() {
            delays.push(from.elapsed());
        }
        go.notify_one();
        over.notify_one();
        drain(output).await?;
        if begun.is_none() {
            begun = Some(ready()?);
        }
    }
    done(begun.ok_or("no session")?, &percentiles(delays))
}
