//! What to do about an error: the answer of a service in, one line and an advice out.
//!
//! `cargo run -p bedrock-wire --example advice`.

use bedrock_wire::{Advice, AdviceRule, AdviceTable, ServiceError, ServiceErrorKind};

fn main() {
    let throttled = answer(
        429,
        "ThrottlingException",
        r#"{"message":"Too many requests"}"#,
    );
    let denied = answer(
        403,
        "AccessDeniedException",
        r#"{"Message":"No access to this model."}"#,
    );
    let page = answer(502, "", "<html><body>Bad Gateway</body></html>");
    for error in [&throttled, &denied, &page] {
        println!("{error}");
        println!("  {:?}: {}", error.kind(), what_to_do(error.advice()));
    }

    // A rule of your own before those of the table: this program never waits.
    let impatient = AdviceTable::REQUESTS.overridden_by([AdviceRule::kind(
        ServiceErrorKind::Throttling,
        Advice::Never,
    )]);
    println!("an impatient program: {:?}", impatient.advise(&throttled));
}

fn answer(status: u16, code: &str, body: &str) -> ServiceError {
    let headers = [("x-amzn-errortype", code), ("x-amzn-requestid", "7f5a")];
    let header = |name: &str| {
        let found = headers
            .iter()
            .find(|(n, value)| *n == name && !value.is_empty());
        found.map(|(_, value)| *value)
    };
    ServiceError::from_http(status, header, body.as_bytes())
}

fn what_to_do(advice: Advice) -> String {
    match advice {
        Advice::Never => "change the request, the settings or the credentials".into(),
        Advice::Now => "send it again".into(),
        Advice::After(wait) => format!("send it again in {wait:?}, then back off"),
        Advice::NewSession => "open a new session with the history".into(),
        other => format!("{other:?}"),
    }
}
