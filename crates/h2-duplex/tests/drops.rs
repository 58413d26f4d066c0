//! Thousands of calls opened and dropped anywhere leave no task, no stream and no memory behind.
#![expect(clippy::unwrap_used, reason = "tests")]

mod server;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Connection, Duplex, ReceiveHalf, SendHalf, Settings};
use server::{Pair, post};
use tokio::runtime::{Builder, Handle, Runtime};

/// A small linear congruential generator (Knuth's MMIX): reproducible, and random enough.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Answers with what comes, until one side has enough.
async fn serve(mut server: server::Server) {
    while let Some((request, mut respond)) = server.next().await {
        tokio::spawn(async move {
            let mut body = request.into_body();
            let Ok(mut answer) = respond.send_response(http::Response::new(()), false) else {
                return;
            };
            while let Some(Ok(chunk)) = body.data().await {
                let _reset = body.flow_control().release_capacity(chunk.len());
                // Of empty frames h2's client takes a hundred in a connection's life.
                if !chunk.is_empty() && answer.send_data(chunk, false).is_err() {
                    return;
                }
            }
            let _reset = answer.send_data(Bytes::new(), true);
        });
    }
}

/// Polls `future` some times, as if something else won a `select!` each time.
async fn interrupted<F: Future>(future: F, polls: u64) {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)))
            .await
            .is_ready()
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// One call that stops anywhere.
async fn one(mut client: Connection, mut random: Random) {
    let Ok((mut send, mut receive)) = client.open(post()).await else {
        return;
    };
    for _ in 0..random.below(12) {
        let polls = random.below(4);
        let chunk = Bytes::from(vec![0; usize::try_from(random.below(40_000)).unwrap()]);
        match random.below(7) {
            0 => interrupted(send.send(chunk), polls).await,
            1 => interrupted(send.ready(), polls).await,
            2 => interrupted(receive.next(), polls).await,
            3 => interrupted(receive.head(), polls).await,
            4 => interrupted(send.reserve(chunk.len()), polls).await,
            5 => drop(send.try_send(chunk)),
            _ => interrupted(send.finish(), polls).await,
        }
    }
    if random.below(2) == 0 {
        drop(send);
        tokio::task::yield_now().await;
        drop(receive);
    } else {
        drop(receive);
        tokio::task::yield_now().await;
        drop(send);
    }
}

async fn many(client: &Connection, seed: u64, count: u64) {
    let mut running = tokio::task::JoinSet::new();
    for at in 0..count {
        running.spawn(one(client.clone(), Random(seed + at)));
        if running.len() >= 20 {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    while client.calls() > 0 {
        tokio::task::yield_now().await;
    }
    // h2 remembers streams that it has reset for a while.
    tokio::time::sleep(Duration::from_secs(60)).await;
    drop(client.clone().open(post()).await.unwrap());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

fn single_threaded() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn two_thousand_dropped_calls_leave_nothing() {
    let runtime = single_threaded();
    runtime.block_on(async {
        let Pair {
            client,
            driver,
            server,
        } = Pair::new(Settings::default().max_calls(32)).await;
        let serving = tokio::spawn(serve(server));
        many(&client, 1, 2_000).await;
        // The two drivers and the server's loop.
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 3);
        assert_eq!(client.calls(), 0);
        drop(client);
        driver.await.unwrap().unwrap();
        serving.await.unwrap();
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn memory_does_not_grow_with_dropped_calls() {
    let runtime = single_threaded();
    let (client, _driver, _serving) = runtime.block_on(async {
        let Pair {
            client,
            driver,
            server,
        } = Pair::new(Settings::default().max_calls(32)).await;
        (client, driver, tokio::spawn(serve(server)))
    });
    runtime.block_on(many(&client, 1, 500));
    let grown = allocation_counter::measure(|| runtime.block_on(many(&client, 10_000, 1_000)));
    assert!(
        grown.bytes_current.abs() < 32 * 1024,
        "{} bytes",
        grown.bytes_current
    );
    assert!(grown.bytes_total > 1_000_000, "the measure sees the calls");
}

#[test]
fn many_threads_lose_no_wakeup() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let whole = async {
        let Pair {
            client,
            driver,
            server,
        } = Pair::new(Settings::default().max_calls(32)).await;
        let serving = tokio::spawn(serve(server));
        let mut running = tokio::task::JoinSet::new();
        for round in 0..400_u32 {
            let mut client = client.clone();
            running.spawn(async move {
                let (mut send, mut receive) = client.open(post()).await.unwrap();
                let sending = tokio::spawn(async move {
                    for _ in 0..20 {
                        send.send(Bytes::from(vec![1; 3_000])).await.unwrap();
                    }
                    send.finish().await.unwrap();
                });
                let got = server::collect(&mut receive).await.unwrap().len();
                sending.await.unwrap();
                assert_eq!(got, 60_000, "{round}");
            });
            if running.len() >= 16 {
                running.join_next().await.unwrap().unwrap();
            }
        }
        running.join_all().await;
        drop(client);
        driver.await.unwrap().unwrap();
        serving.await.unwrap();
    };
    // A lost wakeup is a hang: half a minute is hundreds of times what it takes.
    let limit = Duration::from_secs(30);
    runtime.block_on(async { tokio::time::timeout(limit, whole).await.unwrap() });
}
