//! The calls of `aws-calls.rs` by the SDK on ring, as our client is by default.

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

#[path = "aws-calls.rs"]
mod aws_calls;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_calls::make(aws_calls::config().http_client(http)).await
}
