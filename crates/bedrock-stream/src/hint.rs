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
    if says("InternalErrorCode=531") {
        return Some("the service dropped the session: a new one goes on with its history");
    }
    match error.kind() {
        ServiceErrorKind::ExpiredCredentials => Some("renew the credentials and open again"),
        ServiceErrorKind::Authentication if error.code() == "UnrecognizedClientException" => Some(
            "the access key is unknown here: revoked, of another partition, or temporary without its session token",
        ),
        ServiceErrorKind::AccessDenied if says("API Key") => Some(
            "the Bedrock API key (AWS_BEARER_TOKEN_BEDROCK) is unknown here, mistyped or expired",
        ),
        ServiceErrorKind::AccessDenied => Some(
            "the identity needs bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on this model, and the \
             account access to it in this region",
        ),
        ServiceErrorKind::Throttling => Some(
            "the account's quota for this model is used up: ask less often, or for a higher quota",
        ),
        ServiceErrorKind::ResourceNotFound => Some("is the model offered in this region?"),
        _ => None,
    }
}

fn of_transport(error: &h2_duplex::Error) -> Option<&'static str> {
    match error.kind() {
        h2_duplex::ErrorKind::Alpn => Some(
            "a proxy or load balancer on the way that ends TLS must offer HTTP/2: voice sessions cannot do without it, \
             one-way calls can with the feature `http1`",
        ),
        h2_duplex::ErrorKind::Deadline(h2_duplex::Deadline::Connect) => Some(
            "may this machine reach that host? A firewall that drops packets looks like this, and so does a proxy that \
             nobody named",
        ),
        h2_duplex::ErrorKind::Deadline(
            h2_duplex::Deadline::ResponseHead | h2_duplex::Deadline::FirstByte,
        ) => Some("the service did not answer, or something on the way keeps the answer back"),
        h2_duplex::ErrorKind::Deadline(h2_duplex::Deadline::BetweenBytes) => Some(
            "the service fell silent, or the link died unnoticed: `keep_alive` tells the two apart",
        ),
        h2_duplex::ErrorKind::ProxyCredentials => {
            Some("name both in the proxy's URL: http://user:password@host:port")
        }
        h2_duplex::ErrorKind::Tls => {
            Some("where a company's proxy looks into TLS, name its certificate with AWS_CA_BUNDLE")
        }
        _ => None,
    }
}
