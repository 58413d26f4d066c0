//! The models and the two dialects they speak.

/// `amazon.nova-2-5-sonic`, the default.
pub const NOVA_2_5_SONIC: &str = "amazon.nova-2-5-sonic";
/// `amazon.nova-2-sonic-v1:0`.
pub const NOVA_2_SONIC: &str = "amazon.nova-2-sonic-v1:0";
/// `amazon.nova-sonic-v1:0`; its end of life was 2026-09-14.
pub const NOVA_SONIC_V1: &str = "amazon.nova-sonic-v1:0";

/// What a model understands. Model ids are opaque; only the first generation differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `amazon.nova-sonic-v1:0`: no turn detection settings, no text turns, no `SYSTEM_SPEECH`.
    V1,
    /// Nova 2 Sonic, 2.5 and what comes after.
    #[default]
    V2,
}

impl Dialect {
    /// The dialect of a model id, an inference profile id or an ARN.
    #[must_use]
    pub fn of_model(id: &str) -> Self {
        if id.contains("nova-sonic-v1") {
            Self::V1
        } else {
            Self::V2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_generation_differs() {
        assert_eq!(Dialect::of_model(NOVA_SONIC_V1), Dialect::V1);
        assert_eq!(Dialect::of_model("us.amazon.nova-sonic-v1:0"), Dialect::V1);
        assert_eq!(Dialect::of_model(NOVA_2_SONIC), Dialect::V2);
        assert_eq!(Dialect::of_model(NOVA_2_5_SONIC), Dialect::V2);
        assert_eq!(Dialect::of_model("anything"), Dialect::V2);
    }
}
