//! Ready-made frames as fast as HTTP takes them, and an open ear: what `cargo xtask bench` measures clients against.
//!
//! `firehose FOLDER COUNT START [echo|stamped|far]`: to every call it sends the file `prologue`; once it has heard `START`
//! frames, `COUNT` times `repeat`; at the end of the input `epilogue`. With `echo` it sends one more `repeat` for each frame
//! behind those, with `stamped` one every 2 ms, with the time in its text; with `far` a connection takes its time, as over a long
//! link. Nothing is checked and nothing is decoded, so that the client is
//! what is measured. It prints the line that `bedrock serve --json` prints, and for each line on its input how long no
//! speech came at the longest.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod frames;
mod http1;
mod http2;
mod script;
mod silence;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use script::Script;
use silence::Silence;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(arguments.first().ok_or("no FOLDER")?);
    let script = Arc::new(Script::read(
        folder,
        arguments.get(1..).unwrap_or_default(),
    )?);
    let silence = Silence::default();
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
    silence.report();
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
        let silence = silence.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(socket, acceptor, script, silence).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    script: Arc<Script>,
    silence: Silence,
) -> Outcome {
    socket.set_nodelay(true)?;
    tokio::time::sleep(script.distance).await;
    let stream = acceptor.accept(socket).await?;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => http2::serve(stream, script, silence).await,
        _ => http1::serve(stream, &script).await,
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
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
