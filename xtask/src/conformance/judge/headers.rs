//! Header blocks that stand alone.

use super::super::case::{Bytes, Expect};
use super::super::implementation::{Header, Implementation};
use super::{Findings, bytes_fault, headers_fault};
use crate::failure::Failure;

/// Bytes of a frame around its header block when the payload is empty: the prelude, and the CRC behind.
const BEFORE: usize = 12;
const BEHIND: usize = 4;

/// A `headers` case.
pub(super) fn block(
    case: &Bytes<Vec<Header>>,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let answer = of.decode_headers(case.profile, &case.input)?;
    let decoded = findings.needed(answer);
    match &case.expect {
        Expect::Decoded(expected) => {
            if let Some(decoded) = decoded {
                let fault = decoded.error.map(|e| format!("error: {}", e.message));
                findings.check(
                    "decoded",
                    fault.or_else(|| headers_fault(&decoded.headers, expected)),
                );
            }
            let answer = of.encode(expected, &[])?;
            if let (Some(frame), Some(block)) =
                (findings.done("encoded", answer), case.input.small())
            {
                let got = frame
                    .get(BEFORE..frame.len().saturating_sub(BEHIND))
                    .unwrap_or_default();
                findings.check("encoded", bytes_fault(got, block));
            }
        }
        Expect::Error { kinds, .. } => {
            if let Some(decoded) = decoded {
                let fault = match decoded.error {
                    None => Some(format!("no error, where {} is due", kinds.join(" or "))),
                    Some(error) => error
                        .kind
                        .filter(|kind| !kinds.contains(kind))
                        .map(|kind| format!("{kind}, not {}", kinds.join(" or "))),
                };
                findings.check("decoded", fault);
            }
        }
    }
    Ok(())
}
