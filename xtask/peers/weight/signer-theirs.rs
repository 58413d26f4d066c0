//! The input as a signed frame.

use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::sign_message;
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    let identity: Identity =
        Credentials::new("AKIDEXAMPLE", "example", None, None, "weight").into();
    let kind = Header::new(":message-type", HeaderValue::String("event".into()));
    let message = Message::new(input).add_header(kind);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("bedrock")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_700_000))
        .settings(())
        .build()
        .expect("all that it takes");
    let (signed, _) = sign_message(&message, &"07".repeat(32), &params)
        .expect("a signed frame")
        .into_parts();
    let mut wire = Vec::new();
    write_message_to(&signed, &mut wire).expect("a frame");
    std::io::stdout().write_all(&wire).expect("output");
}
