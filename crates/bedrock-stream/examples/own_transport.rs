//! A transport of your own under the client: any byte stream. Here a TCP connection that counts what goes over it.
//!
//! `cargo run -p bedrock-stream --example own_transport`. Offline. A tunnel, a Unix socket or a middle box's CONNECT goes the same way.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bedrock_loopback::Loopback;
use bedrock_stream::{Client, Credentials};
use h2_duplex::{Connector, Settings, Tls};
use nova_sonic::{NOVA_2_5_SONIC, ServerEvent, StopReason};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bedrock = Loopback::builder().start().await?;
    let uri: http::Uri = bedrock.url().parse()?;
    let counts = Arc::new(Counts::default());

    // Yours: however the bytes travel.
    let tcp = TcpStream::connect(uri.authority().ok_or("no host")?.as_str()).await?;
    let stream = Counted {
        tcp,
        counts: Arc::clone(&counts),
    };
    // TLS and HTTP/2 over it, checked as always.
    let tls = Tls::builder()
        .roots_pem(bedrock.ca_pem().as_bytes())?
        .build()?;
    let connector = Connector::new(tls, Settings::default());
    let (mut connection, driver) = connector.connect_over(stream, &uri).await?;
    let driving = tokio::spawn(driver);

    // The client signs and speaks over it; the endpoint is what the signatures name.
    let client = Client::builder()
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(Credentials::new(
            bedrock.access_key_id(),
            bedrock.secret_access_key(),
        ))
        .build()?;
    let (mut voice, mut events) = client
        .sonic(NOVA_2_5_SONIC)
        .open_on(&mut connection)
        .await?;
    voice.text("Good morning!").await?;
    while let Some(event) = events.next().await? {
        match event {
            // What it is about to say, then what it has said.
            ServerEvent::TextOutput(text) => println!("{}", text.content),
            ServerEvent::ContentEnd(end) if end.stop_reason == Some(StopReason::EndTurn) => {
                voice.close().await?;
            }
            _ => {}
        }
    }
    println!(
        "up {} bytes, down {} bytes",
        counts.up.load(Ordering::Relaxed),
        counts.down.load(Ordering::Relaxed)
    );
    drop((voice, events, connection));
    driving.await??;
    bedrock.shutdown().await;
    Ok(())
}

#[derive(Default)]
struct Counts {
    up: AtomicUsize,
    down: AtomicUsize,
}

struct Counted {
    tcp: TcpStream,
    counts: Arc<Counts>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        self.counts
            .down
            .fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, bytes))?;
        self.counts.up.fetch_add(written, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
