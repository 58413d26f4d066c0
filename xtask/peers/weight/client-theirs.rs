//! The calls of `aws-calls.rs` by the SDK as it is published: with the TLS of its default features.

#[path = "aws-calls.rs"]
mod aws_calls;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    aws_calls::make(aws_calls::config()).await
}
