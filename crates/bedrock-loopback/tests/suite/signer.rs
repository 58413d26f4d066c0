//! AWS's own signer: the oracle of the verifier. The crate's unit tests include this file too.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::event_stream::{sign_empty_message, sign_message};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::Message;
use bytes::Bytes;

/// AWS's signer with one key.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Signer {
    pub(crate) fn example(region: &str) -> Self {
        Self {
            credentials: Credentials::new(
                "AKIDEXAMPLE",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                None,
                None,
                "test",
            ),
            region: region.to_owned(),
            service: "bedrock".to_owned(),
        }
    }

    /// A signed request head and its signature.
    pub(crate) fn head(
        &self,
        path: &str,
        authority: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        now: SystemTime,
    ) -> (http::Request<()>, String) {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let uri = format!("https://{authority}{path}");
        let signable = SignableRequest::new(
            "POST",
            &uri,
            headers.iter().copied(),
            SignableBody::Bytes(body),
        )
        .unwrap();
        let (instructions, signature) = sign(signable, &params.into()).unwrap().into_parts();
        let mut request = http::Request::post(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        (request, signature)
    }

    /// A signed frame around an inner one, and its signature; `None` for the end.
    pub(crate) fn frame(
        &self,
        inner: Option<&Message>,
        prior: &str,
        now: SystemTime,
    ) -> (Bytes, String) {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(())
            .build()
            .unwrap();
        let signed = match inner {
            Some(inner) => sign_message(inner, prior, &params),
            None => sign_empty_message(prior, &params),
        };
        let (message, signature) = signed.unwrap().into_parts();
        (encode(&message), signature)
    }
}

pub(crate) fn encode(message: &Message) -> Bytes {
    let mut bytes = Vec::new();
    write_message_to(message, &mut bytes).unwrap();
    bytes.into()
}
