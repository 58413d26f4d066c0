//! Ready-made frames as fast as HTTP/2 takes them, and an open ear: what `cargo xtask bench` measures clients against.
//!
//! `firehose FOLDER COUNT START [echo]`: to every call it sends the file `prologue`; once it has heard `START` frames,
//! `COUNT` times `repeat`, and with `echo` one for each frame behind those; at the end of the input `epilogue`. Nothing is checked and nothing is decoded, so that
//! the client is what is measured. It prints the line that `bedrock serve --json` prints.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// What every call is answered with.
struct Script {
    prologue: Bytes,
    repeat: Bytes,
    epilogue: Bytes,
    count: usize,
    start: usize,
    echo: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: firehose FOLDER COUNT START [echo]")?;
    let folder = Path::new(&folder);
    let read = |name| std::fs::read(folder.join(name)).map(Bytes::from);
    let script = Arc::new(Script {
        prologue: read("prologue")?,
        repeat: read("repeat")?,
        epilogue: read("epilogue")?,
        count: arguments.next().ok_or("no COUNT")?.parse()?,
        start: arguments.next().ok_or("no START")?.parse()?,
        echo: arguments.next().is_some(),
    });
    let acceptor = TlsAcceptor::from(Arc::new(tls(&folder.join("ca.pem"))?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let ready = serde_json::json!({
        "url": format!("https://{}", listener.local_addr()?),
        "ca_file": folder.join("ca.pem"),
        "region": "us-east-1",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "example",
    });
    println!("{ready}");
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
        tokio::spawn(async move {
            if let Err(error) = serve(socket, acceptor, script).await {
                eprintln!("{error}");
            }
        });
    }
}

/// A certificate that vouches for itself.
fn tls(file: &Path) -> Outcome<ServerConfig> {
    let key = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let certificate = CertificateParams::new(names)?.self_signed(&key)?;
    std::fs::write(file, certificate.pem())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, script: Arc<Script>) -> Outcome {
    socket.set_nodelay(true)?;
    let stream = acceptor.accept(socket).await?;
    let mut connection = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(16 << 20)
        .max_concurrent_streams(1000)
        .handshake(stream)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let script = Arc::clone(&script);
        tokio::spawn(async move {
            // The client says itself how the call ended for it.
            let _ = answer(request.into_body(), respond, &script).await;
        });
    }
    Ok(())
}

async fn answer(
    mut body: RecvStream,
    mut respond: SendResponse<Bytes>,
    script: &Script,
) -> Outcome {
    let mut frames = Frames::default();
    let first = body.data().await.ok_or("no input")??;
    body.flow_control().release_capacity(first.len())?;
    let early = frames.count(&first);
    let head = http::Response::builder()
        .header("content-type", "application/vnd.amazon.eventstream")
        .body(())?;
    let mut out = respond.send_response(head, false)?;
    let (report, heard_frames) = unbounded_channel();
    let listen = async {
        report.send(early)?;
        while let Some(bytes) = body.data().await {
            let bytes = bytes?;
            body.flow_control().release_capacity(bytes.len())?;
            report.send(frames.count(&bytes))?;
        }
        drop(report);
        Ok(())
    };
    tokio::try_join!(listen, speak(&mut out, script, heard_frames))?;
    out.send_data(Bytes::new(), true)?;
    Ok(())
}

async fn speak(
    out: &mut SendStream<Bytes>,
    script: &Script,
    mut heard_frames: UnboundedReceiver<usize>,
) -> Outcome {
    send(out, script.prologue.clone()).await?;
    let (mut heard, mut begun) = (0_usize, false);
    while let Some(frames) = heard_frames.recv().await {
        let before = heard;
        heard += frames;
        let mut due = 0;
        if heard >= script.start && !std::mem::replace(&mut begun, heard >= script.start) {
            due += script.count;
        }
        if script.echo {
            due += heard.saturating_sub(before.max(script.start));
        }
        for _ in 0..due {
            send(out, script.repeat.clone()).await?;
        }
    }
    send(out, script.epilogue.clone()).await
}

async fn send(out: &mut SendStream<Bytes>, mut bytes: Bytes) -> Outcome {
    while !bytes.is_empty() {
        out.reserve_capacity(bytes.len());
        while out.capacity() == 0 {
            let capacity = std::future::poll_fn(|cx| out.poll_capacity(cx)).await;
            capacity.ok_or("the call is over")??;
        }
        let piece = bytes.split_to(bytes.len().min(out.capacity()));
        out.send_data(piece, false)?;
    }
    Ok(())
}

/// Counts whole frames, by their lengths alone.
#[derive(Default)]
struct Frames {
    length: Vec<u8>,
    left: usize,
}

impl Frames {
    fn count(&mut self, mut bytes: &[u8]) -> usize {
        let mut whole = 0;
        while let Some((byte, rest)) = bytes.split_first() {
            if self.left == 0 {
                self.length.push(*byte);
                bytes = rest;
                if let [a, b, c, d] = self.length.as_slice() {
                    self.left = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_sub(4);
                    self.length.clear();
                }
                continue;
            }
            let taken = self.left.min(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.left -= taken;
            whole += usize::from(self.left == 0);
        }
        whole
    }
}
