//! The keys that the server knows, and the refusal of keys that could be somebody's own.

use std::fmt;

/// AWS's documentation access key id.
pub const EXAMPLE_ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
/// AWS's documentation secret key.
pub const EXAMPLE_SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// One access key that the server accepts. Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
}

impl AccessKey {
    pub(crate) fn example() -> Self {
        Self {
            id: EXAMPLE_ACCESS_KEY_ID.to_owned(),
            secret: EXAMPLE_SECRET_ACCESS_KEY.to_owned(),
            session_token: None,
        }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// True where an access key id has the form of one that AWS issued: `AKIA` or `ASIA`, sixteen more characters, no `EXAMPLE`.
pub(crate) fn looks_real(access_key_id: &str) -> bool {
    let issued = access_key_id.starts_with("AKIA") || access_key_id.starts_with("ASIA");
    issued
        && access_key_id.len() == 20
        && access_key_id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !access_key_id.contains("EXAMPLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_issued_forms_look_real() {
        let issued = ["AKIA", "ABCDEFGHIJ234567"].concat();
        assert!(looks_real(&issued));
        assert!(looks_real(&issued.replace("AKIA", "ASIA")));
        assert!(!looks_real("AKIAIOSFODNN7EXAMPLE"));
        assert!(!looks_real(EXAMPLE_ACCESS_KEY_ID));
        assert!(!looks_real("AKIASHORT"));
    }

    #[test]
    fn debug_keeps_the_secret() {
        let shown = format!("{:?}", AccessKey::example());
        assert!(shown.contains(EXAMPLE_ACCESS_KEY_ID));
        assert!(!shown.contains("wJalr"));
    }
}
