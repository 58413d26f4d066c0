//! Signatures of events, and the frames that carry them.

use super::super::case::{SignedEvent, SignedFrame};
use super::super::hex::{from_hex, hex};
use super::super::implementation::{Chunks, Event, Header, Implementation, Profile, SigningInput};
use super::super::input::Input;
use super::{Findings, bytes_fault, headers_fault};
use crate::failure::Failure;

/// A `signed` case: each event gets its signature, and where the whole frame is given, it carries that.
pub(super) fn chain(
    key: &SigningInput,
    events: &[SignedEvent],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let unsigned: Vec<Event> = events.iter().map(|e| e.event.clone()).collect();
    let answer = of.sign(key, &unsigned)?;
    if let Some(signed) = findings.done("signed", answer) {
        let count = (signed.signatures.len() != events.len()).then(|| {
            format!(
                "{} signatures, not {}",
                signed.signatures.len(),
                events.len()
            )
        });
        findings.check("signed", count);
        for (index, (got, expected)) in signed.signatures.iter().zip(events).enumerate() {
            let differs = *got != expected.signature;
            let fault = differs.then(|| format!("{got}, not {}", expected.signature));
            findings.check(&format!("signature {index}"), fault);
        }
        for (index, (got, expected)) in signed.frames_hex.iter().zip(events).enumerate() {
            let differs = expected
                .outer_frame_hex
                .as_ref()
                .is_some_and(|frame| frame != got);
            let fault = differs.then(|| "not the expected bytes".to_owned());
            findings.check(&format!("signed frame {index}"), fault);
        }
    }
    for (index, event) in events.iter().enumerate() {
        if let Some(frame) = &event.outer_frame_hex {
            outer(index, event, frame, of, findings)?;
        }
    }
    Ok(())
}

/// The outer frame holds the signature, the hashed `:date` and the signed payload.
fn outer(
    index: usize,
    event: &SignedEvent,
    frame: &str,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let bytes = from_hex(frame).map_err(|e| Failure::new(e.to_string()))?;
    let answer = of.decode(Profile::Strict, &Input::Bytes(bytes.clone()), Chunks(&[]))?;
    let Some(decoded) = findings.given(answer) else {
        return Ok(());
    };
    let what = format!("outer frame {index}");
    let [frame] = &decoded.frames[..] else {
        findings.check(
            &what,
            Some(format!("{} frames, not 1", decoded.frames.len())),
        );
        return Ok(());
    };
    let payload = (hex(&frame.payload) != event.event.payload_hex)
        .then(|| "its payload is not what was signed".to_owned());
    findings.check(&what, payload);
    let answer = of.encode(&frame.headers, &frame.payload)?;
    if let Some(encoded) = findings.done(&what, answer) {
        findings.check(&format!("{what} encoded"), bytes_fault(&encoded, &bytes));
        let signature = from_hex(&event.signature).map_err(|e| Failure::new(e.to_string()))?;
        let carried = bytes.windows(signature.len()).any(|part| part == signature);
        findings.check(
            &what,
            (!carried).then(|| "it does not carry the signature".to_owned()),
        );
    }
    Ok(())
}

/// A `signed-frame` case: the inner frame to the byte, and the outer one there and back.
pub(super) fn frame(
    case: &SignedFrame,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let answer = of.encode(&case.headers, &case.payload)?;
    if let Some(inner) = findings.done("inner frame", answer) {
        findings.check("inner frame", bytes_fault(&inner, &case.inner));
    }
    let answer = of.encode(&case.outer_headers, &case.inner)?;
    let Some(outer) = findings.done("outer frame", answer) else {
        return Ok(());
    };
    let answer = of.decode(Profile::Strict, &Input::Bytes(outer), Chunks(&[]))?;
    let Some(decoded) = findings.given(answer) else {
        return Ok(());
    };
    let fault = match &decoded.frames[..] {
        [frame] => there_and_back(&frame.headers, &frame.payload, case),
        frames => Some(format!("{} frames, not 1", frames.len())),
    };
    findings.check("outer frame", fault);
    Ok(())
}

fn there_and_back(headers: &[Header], payload: &[u8], case: &SignedFrame) -> Option<String> {
    headers_fault(headers, &case.outer_headers).or_else(|| bytes_fault(payload, &case.inner))
}
