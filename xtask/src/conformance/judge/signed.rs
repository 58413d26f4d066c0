//! Signatures of events, and the frames that carry them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::amz_date;
use super::super::case::{SignedEvent, SignedFrame};
use super::super::hex::{from_hex, hex};
use super::super::implementation::{
    Chunks, Event, FrameView, Header, Implementation, Profile, SigningInput,
};
use super::super::input::Input;
use super::{Findings, bytes_fault, headers_fault};
use crate::failure::Failure;

/// An encoded `:date` header up to its value.
const DATE_HEADER: &[u8] = b"\x05:date\x08";

/// A `signed` case: each event gets its signature, and where the whole frame is given, it carries that.
pub(super) fn chain(
    key: &SigningInput,
    events: &[SignedEvent],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let unsigned: Vec<Event> = events.iter().map(|e| e.event.clone()).collect();
    let answer = of.sign(key, &unsigned)?;
    let signed = match findings.needed(answer) {
        Some(Err(fault)) => {
            findings.check("signed", Some(format!("error: {}", fault.message)));
            None
        }
        given => given.and_then(Result::ok),
    };
    if let Some(signed) = signed {
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

/// A `signed-stream` case: every signature of a recorded request, from the seed to the end frame.
pub(super) fn stream(
    key: &SigningInput,
    seed: &str,
    body: &[u8],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let answer = of.decode(Profile::Bounded, &Input::Bytes(body.to_vec()), Chunks(&[]))?;
    let Some(decoded) = findings.given(answer) else {
        return Ok(());
    };
    let fault = decoded
        .error
        .map(|error| format!("error: {}", error.message));
    findings.check("decoded", fault);
    let last = decoded
        .frames
        .last()
        .is_some_and(|frame| frame.payload.is_empty());
    findings.check(
        "end frame",
        (!last).then(|| "the last frame has a payload".to_owned()),
    );
    let mut prior = seed.to_owned();
    let mut events = Vec::new();
    for (index, frame) in decoded.frames.iter().enumerate() {
        let Some((date, signature)) = dated_and_signed(frame) else {
            findings.check(
                &format!("frame {index}"),
                Some("no :date or signature".to_owned()),
            );
            return Ok(());
        };
        let event = Event {
            timestamp: amz_date::format(date.div_euclid(1000)),
            prior_signature: std::mem::replace(&mut prior, signature.clone()),
            hashed_headers_hex: hex(&[DATE_HEADER, &date.to_be_bytes()].concat()),
            payload_hex: hex(&frame.payload),
        };
        events.push(SignedEvent {
            event,
            signature,
            outer_frame_hex: None,
        });
    }
    chain(key, &events, of, findings)
}

/// The `:date` in milliseconds and the signature in hex that an outer frame carries.
fn dated_and_signed(frame: &FrameView) -> Option<(i64, String)> {
    let value = |name: &str| {
        frame
            .headers
            .iter()
            .find(|h| h.name == name)
            .map(|h| &h.value)
    };
    let signature = STANDARD.decode(value(":chunk-signature")?.as_str()?).ok()?;
    Some((value(":date")?.as_i64()?, hex(&signature)))
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
