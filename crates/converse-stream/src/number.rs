//! Integers that a guardrail may have rewritten as floats (`28.0`).

use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// The integer that the JSON text `raw` is, also where it is written with a fraction of zeros or an exponent.
pub(crate) fn integer(raw: &str) -> Option<u64> {
    raw.parse()
        .ok()
        .or_else(|| raw.parse().ok().and_then(exact))
}

/// For `deserialize_with`: an integer that may be written as a float, or null.
pub(crate) fn integral<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    Option::<Number>::deserialize(deserializer)?
        .map(|number| {
            number
                .as_u64()
                .or_else(|| number.as_f64().and_then(exact))
                .ok_or_else(|| serde::de::Error::custom("not an integer"))
        })
        .transpose()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be integral and within what f64 holds exactly"
)]
fn exact(float: f64) -> Option<u64> {
    const LAST_EXACT: f64 = 9_007_199_254_740_992.0;
    (float.fract() == 0.0 && (0.0..=LAST_EXACT).contains(&float)).then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_be_written_as_floats() {
        for (raw, value) in [
            ("0", Some(0)),
            ("28.0", Some(28)),
            ("1.5e1", Some(15)),
            ("18446744073709551615", Some(u64::MAX)),
            ("1.5", None),
            ("-1", None),
            ("-1.0", None),
            ("1e300", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            assert_eq!(integer(raw), value, "{raw}");
        }
    }
}
