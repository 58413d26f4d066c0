//! Credentials of your own: from a vault, a broker, a test. Asked once for each stream.
//!
//! `cargo run -p bedrock-stream --example own_credentials`. Offline.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bedrock_loopback::Loopback;
use bedrock_stream::{
    Client, Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
};
use converse_stream::{ConverseRequest, Message};

/// A vault that hands out short-lived keys; at its third question it is sealed.
struct Vault {
    key: Credentials,
    asked: Arc<AtomicU32>,
}

impl ProvideCredentials for Vault {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(async move {
            // A real one asks over the network here. Temporary keys: `.with_session_token(…)`, `.with_expiry(…)`.
            match self.asked.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Ok(self.key.clone()),
                _ => Err(CredentialsError::new(
                    "the vault is sealed: `vault unseal`, then try again",
                )),
            }
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bedrock = Loopback::builder().start().await?;
    let asked = Arc::new(AtomicU32::new(0));
    let client = Client::builder()
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(Vault {
            key: Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key()),
            asked: Arc::clone(&asked),
        })
        .build()?;
    for question in ["One.", "Two.", "Three."] {
        let request = ConverseRequest::new().with_message(Message::user(question));
        match client
            .converse("us.amazon.nova-micro-v1:0", &request)
            .send()
            .await
        {
            Ok(answer) => println!("answer: {}", answer.collect().await?.text()),
            Err(error) => println!("error:  {error}"),
        }
    }
    println!("asked {} times", asked.load(Ordering::Relaxed));
    bedrock.shutdown().await;
    Ok(())
}
