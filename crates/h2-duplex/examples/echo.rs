//! A call that answers while it is spoken to, without a network: both ends of an in-memory pipe.
//!
//! `cargo run -p h2-duplex --example echo`. What talks over a real connection is the same code: only `pipe` becomes a `Connector`.

use bytes::Bytes;
use h2_duplex::{Duplex, Error, ReceiveHalf, SendHalf, pipe};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut connection, mut acceptor) = pipe(1024);
    let peer = tokio::spawn(async move {
        let mut calls = 0;
        while let Some(call) = acceptor.accept().await {
            calls += 1;
            let (mut input, mut answer) = (call.receive, call.send);
            // Some services send no head before they have had input. `open` does not wait for it.
            let first = input.next().await?;
            answer.head(http::Response::new(()));
            answer.send(first.unwrap_or_default()).await?;
            while let Some(chunk) = input.next().await? {
                answer.send(chunk).await?;
            }
            if calls == 1 {
                answer.finish();
            } else {
                answer.cut(); // looks much like an end, and is none
            }
        }
        Ok::<_, Error>(())
    });
    for _ in 0..2 {
        match talk(&mut connection).await {
            Ok(received) => println!("complete: {received:?}"),
            Err(error) => println!("not complete: {error}"),
        }
    }
    drop(connection);
    peer.await??;
    Ok(())
}

async fn talk(connection: &mut impl Duplex) -> Result<String, Error> {
    let request = http::Request::post("https://example.org/echo");
    let (mut send, mut receive) = connection
        .open(request.body(()).unwrap_or_default())
        .await?;
    let speak = async {
        for word in ["one ", "two ", "three"] {
            send.send(Bytes::from_static(word.as_bytes())).await?;
        }
        send.finish().await
    };
    let listen = async {
        let mut received = Vec::new();
        while let Some(chunk) = receive.next().await? {
            received.extend_from_slice(&chunk);
        }
        Ok(received) // only END_STREAM leads here
    };
    let (spoken, heard) = tokio::join!(speak, listen);
    let heard = heard?; // the receiver first: it knows why
    spoken?;
    Ok(String::from_utf8_lossy(&heard).into_owned())
}
