//! Sends standard input to a URI line by line, and prints what comes back while it does.
//!
//! ```sh
//! cargo run -p h2-duplex --example talk -- https://localhost:8443/echo ca.pem
//! ```

use std::error::Error;

use bytes::Bytes;
use h2_duplex::{Connector, Duplex, ReceiveHalf, SendHalf, Settings, Tls};
use http::{Request, Uri};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let uri: Uri = arguments
        .next()
        .ok_or("usage: talk URI [CA-FILE]")?
        .parse()?;
    let tls = match arguments.next() {
        Some(file) => Tls::builder().roots_pem(&std::fs::read(file)?)?.build()?,
        None => Tls::native()?,
    };
    let connector = Connector::new(tls, Settings::default());
    let mut connection = connector.connect_and_spawn(&uri).await?;
    let (mut send, mut receive) = connection.open(Request::post(uri).body(())?).await?;
    let monitor = send.monitor();

    let speak = async move {
        let mut lines = BufReader::new(stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            send.send(Bytes::from(line + "\n")).await?;
        }
        send.finish().await
    };
    let listen = async move {
        let mut out = stdout();
        eprintln!("{}", receive.head().await?.status);
        while let Some(chunk) = receive.next().await? {
            // A closed standard output is the reader's wish to hear no more.
            if out.write_all(&chunk).await.is_err() || out.flush().await.is_err() {
                break;
            }
        }
        Ok(())
    };
    // Not `try_join`: where the peer refuses, the sender fails first, and the receiver has the reason.
    let (spoken, heard): (Result<_, h2_duplex::Error>, Result<_, h2_duplex::Error>) =
        tokio::join!(speak, listen);
    eprintln!("{:?}", monitor.stats());
    Ok(heard.and(spoken)?)
}
