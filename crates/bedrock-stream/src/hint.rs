//! What a person can do about an error that no program can mend.

use bedrock_wire::{ServiceError, ServiceErrorKind};

use crate::error::ErrorKind;

/// A few words to put behind the error's line; `None` where the line says it already, or nobody knows.
pub(crate) fn hint(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Service(error) => of_service(error),
        ErrorKind::Transport(error) => of_transport(error),
        _ => None,
    }
}

fn of_service(error: &ServiceError) -> Option<&'static str> {
    let says = |text| error.message().contains(text);
    if says("security token included in the request is expired") {
        return Some("renew the credentials and open again");
    }
    if says("Timed out waiting for audio bytes") {
        return Some("send audio all the time, silence while nobody speaks");
    }
    match error.kind() {
        ServiceErrorKind::ExpiredCredentials => Some("renew the credentials and open again"),
        ServiceErrorKind::Authentication if error.code() == "UnrecognizedClientException" => Some(
            "the access key is unknown here: revoked, of another partition, or temporary without its session token",
        ),
        ServiceErrorKind::AccessDenied => Some(
            "the identity needs bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on this model, and the \
             account access to it in this region",
        ),
        ServiceErrorKind::ResourceNotFound => Some("is the model offered in this region?"),
        _ => None,
    }
}

fn of_transport(error: &h2_duplex::Error) -> Option<&'static str> {
    match error.kind() {
        h2_duplex::ErrorKind::Alpn => Some(
            "a voice session needs HTTP/2 all the way: a proxy or load balancer that ends TLS must offer it",
        ),
        h2_duplex::ErrorKind::Tls => {
            Some("where a company's proxy looks into TLS, name its certificate with AWS_CA_BUNDLE")
        }
        _ => None,
    }
}
