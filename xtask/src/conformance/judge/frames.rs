//! Frames: decoded whole, in pieces, cut off and damaged, and encoded again.

use std::collections::BTreeSet;

use super::super::case::{Bytes, Expect, ExpectedFrame};
use super::super::implementation::{Chunks, Decoded, FrameView, Header, Implementation, Profile};
use super::super::input::Input;
use super::{Findings, bytes_fault, headers_fault};
use crate::failure::Failure;

/// Piece sizes that every case is decoded with: all at once, byte by byte, and sizes that straddle prelude, headers and CRC.
const CHUNKINGS: &[&[usize]] = &[&[], &[1], &[2], &[7], &[12], &[13, 1], &[64], &[1, 0]];
/// Piece sizes for what is megabytes long.
const BIG_CHUNKINGS: &[&[usize]] = &[&[], &[65_536]];
/// The most headers of a frame, and the most bytes of a value, by the specification.
const MOST_HEADERS: usize = 1024;
const LONGEST_VALUE: usize = 32_767;
/// Cuts and damages tried on one case; longer ones are sampled evenly.
const MOST_OFFSETS: usize = 400;

/// A `message` case.
pub(super) fn message(
    case: &Bytes<ExpectedFrame>,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    match &case.expect {
        Expect::Decoded(frame) => {
            decodes(case, std::slice::from_ref(frame), of, findings)?;
        }
        Expect::Error { kinds, before } => refuses(case, kinds, before, of, findings)?,
    }
    Ok(())
}

/// A `stream` case.
pub(super) fn stream(
    case: &Bytes<Vec<ExpectedFrame>>,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    match &case.expect {
        Expect::Decoded(frames) => {
            let decoded = decodes(case, frames, of, findings)?;
            for (frame, expected) in decoded.iter().zip(frames) {
                if let Some(nested) = &expected.nested {
                    let input = Input::Bytes(frame.payload.clone());
                    let answer = of.decode(case.profile, &input, Chunks(&[]))?;
                    let Some(decoded) = findings.given(answer) else {
                        break;
                    };
                    findings.check(
                        "nested",
                        clean_fault(&decoded, std::slice::from_ref(nested)),
                    );
                }
            }
        }
        Expect::Error { kinds, before } => refuses(case, kinds, before, of, findings)?,
    }
    Ok(())
}

/// A recorded stream: it decodes to its end, in any pieces, and gives the same bytes when encoded.
pub(super) fn recorded(
    bytes: &[u8],
    frames: Option<usize>,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let input = Input::Bytes(bytes.to_vec());
    let answer = of.decode(Profile::Bounded, &input, Chunks(&[]))?;
    let Some(whole) = findings.given(answer) else {
        return Ok(());
    };
    findings.check("whole", fault_of(whole.error.as_ref().map(|e| &*e.message)));
    let count = frames.filter(|n| *n != whole.frames.len());
    findings.check(
        "whole",
        count.map(|n| format!("{} frames, not {n}", whole.frames.len())),
    );
    for sizes in CHUNKINGS.iter().skip(1) {
        let answer = of.decode(Profile::Bounded, &input, Chunks(sizes))?;
        let Some(again) = findings.given(answer) else {
            break;
        };
        let fault = (again != whole).then(|| "not the same as in one piece".to_owned());
        findings.check(&format!("in pieces of {sizes:?}"), fault);
    }
    if whole.error.is_none() {
        damages(bytes, Profile::Bounded, &whole.frames, of, findings)?;
        let headers: Vec<&[Header]> = whole.frames.iter().map(|f| &*f.headers).collect();
        encodes(bytes, &headers, of, findings)?;
    }
    Ok(())
}

/// Everything that good bytes must stand.
fn decodes<T>(
    case: &Bytes<T>,
    frames: &[ExpectedFrame],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<Vec<FrameView>, Failure> {
    let mut whole = Vec::new();
    for sizes in chunkings(case) {
        let answer = of.decode(case.profile, &case.input, Chunks(sizes))?;
        let Some(decoded) = findings.given(answer) else {
            return Ok(whole);
        };
        findings.check(
            &format!("in pieces of {sizes:?}"),
            clean_fault(&decoded, frames),
        );
        if sizes.is_empty() && decoded.error.is_none() {
            whole = decoded.frames;
        }
    }
    if let Some(bytes) = case.input.small().filter(|_| whole.len() == frames.len()) {
        findings.check("lengths", lengths_fault(bytes, frames));
        damages(bytes, case.profile, &whole, of, findings)?;
        let headers: Vec<&[Header]> = frames.iter().map(|f| &*f.headers).collect();
        encodes(bytes, &headers, of, findings)?;
    }
    Ok(whole)
}

/// Everything that bad bytes must meet.
fn refuses<T>(
    case: &Bytes<T>,
    kinds: &[String],
    before: &[ExpectedFrame],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    for sizes in chunkings(case) {
        let answer = of.decode(case.profile, &case.input, Chunks(sizes))?;
        let Some(decoded) = findings.given(answer) else {
            return Ok(());
        };
        let what = format!("in pieces of {sizes:?}");
        findings.check(&what, refusal_fault(&decoded, kinds, before));
    }
    if let Some(bytes) = case.input.small() {
        for end in offsets(bytes.len()) {
            let cut = Input::Bytes(bytes.get(..end).unwrap_or(bytes).to_vec());
            let answer = of.decode(case.profile, &cut, Chunks(&[]))?;
            let Some(decoded) = findings.given(answer) else {
                return Ok(());
            };
            let fault = (decoded.frames.len() > before.len())
                .then(|| "a frame that the whole input does not have".to_owned());
            findings.check(&format!("cut at {end}"), fault);
        }
    }
    Ok(())
}

/// Good bytes cut off at an offset must say so; with one bit flipped they must not pass.
fn damages(
    bytes: &[u8],
    profile: Profile,
    frames: &[FrameView],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let ends = frame_ends(bytes);
    for at in offsets(bytes.len()) {
        let cut = Input::Bytes(bytes.get(..at).unwrap_or(bytes).to_vec());
        let answer = of.decode(profile, &cut, Chunks(&[]))?;
        let Some(decoded) = findings.given(answer) else {
            return Ok(());
        };
        let whole = ends.iter().filter(|end| **end <= at).count();
        let clean = at == 0 || ends.contains(&at);
        findings.check(
            &format!("cut at {at}"),
            cut_fault(&decoded, frames, whole, clean),
        );

        let mut damaged = bytes.to_vec();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 1 << (at % 8);
        }
        let answer = of.decode(profile, &Input::Bytes(damaged), Chunks(&[]))?;
        let Some(decoded) = findings.given(answer) else {
            return Ok(());
        };
        findings.check(
            &format!("bit flipped at {at}"),
            flip_fault(&decoded, frames, whole),
        );
    }
    Ok(())
}

/// Headers and payload of each frame must give the bytes they came from.
fn encodes(
    bytes: &[u8],
    frames: &[&[Header]],
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let mut start = 0;
    for (index, (headers, end)) in frames.iter().zip(frame_ends(bytes)).enumerate() {
        let original = bytes.get(start..end).unwrap_or_default();
        start = end;
        let Some(payload) = payload_of(original).filter(|_| may_be_written(headers)) else {
            continue;
        };
        let what = format!("frame {index} encoded");
        let answer = of.encode(headers, payload)?;
        let Some(encoded) = findings.done(&what, answer) else {
            return Ok(());
        };
        findings.check(&what, bytes_fault(&encoded, original));
    }
    Ok(())
}

/// The payload of a frame, by the lengths in it.
fn payload_of(frame: &[u8]) -> Option<&[u8]> {
    let headers = frame.get(4..8)?.first_chunk::<4>()?;
    let start = 12 + u32::from_be_bytes(*headers) as usize;
    frame.get(start..frame.len().checked_sub(4)?)
}

/// Whether the specification lets an encoder write such headers; decoders take more than that.
fn may_be_written(headers: &[Header]) -> bool {
    let names: BTreeSet<&str> = headers.iter().map(|h| h.name.as_str()).collect();
    names.len() == headers.len()
        && !names.contains("")
        && headers.len() <= MOST_HEADERS
        && headers.iter().all(|h| value_len(h) <= LONGEST_VALUE)
}

/// Bytes of a value of variable length.
fn value_len(header: &Header) -> usize {
    let text = header.value.as_str().unwrap_or_default();
    match header.wire_type {
        Some(6) => text.trim_end_matches('=').len() * 3 / 4,
        _ => text.len(),
    }
}

fn chunkings<T>(case: &Bytes<T>) -> Vec<&[usize]> {
    let common = if case.input.small().is_some() {
        CHUNKINGS
    } else {
        BIG_CHUNKINGS
    };
    common
        .iter()
        .copied()
        .chain(case.chunks.as_deref())
        .collect()
}

/// Every offset within `len` bytes, or as many as are tried, evenly spread.
fn offsets(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(len.div_ceil(MOST_OFFSETS).max(1))
}

/// Where each frame ends, by the lengths that the bytes claim.
fn frame_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(length) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) {
        at += u32::from_be_bytes(*length) as usize;
        ends.push(at);
    }
    ends
}

fn fault_of(message: Option<&str>) -> Option<String> {
    message.map(|m| format!("error: {m}"))
}

/// What keeps a result from being just these frames and a clean end.
fn clean_fault(decoded: &Decoded, frames: &[ExpectedFrame]) -> Option<String> {
    fault_of(decoded.error.as_ref().map(|e| &*e.message)).or_else(|| prefix_fault(decoded, frames))
}

fn prefix_fault(decoded: &Decoded, frames: &[ExpectedFrame]) -> Option<String> {
    if decoded.frames.len() != frames.len() {
        return Some(format!(
            "{} frames, not {}",
            decoded.frames.len(),
            frames.len()
        ));
    }
    decoded
        .frames
        .iter()
        .zip(frames)
        .enumerate()
        .find_map(|(index, (got, expected))| {
            let fault = headers_fault(&got.headers, &expected.headers)
                .or_else(|| expected.payload_fault(&got.payload))?;
            Some(format!("frame {index}: {fault}"))
        })
}

/// What keeps a result from being these frames and one of these errors.
fn refusal_fault(decoded: &Decoded, kinds: &[String], before: &[ExpectedFrame]) -> Option<String> {
    let fault = match &decoded.error {
        // No bytes at all are a clean end for a stream; for a message they are missing.
        None if decoded.frames.is_empty() && kinds.iter().any(|k| k == "Incomplete") => None,
        None => Some(format!("no error, where {} is due", kinds.join(" or "))),
        Some(error) => error.kind.as_ref().and_then(|got| {
            // A message that is not whole is, as a stream, one that ended too early.
            let fits =
                |kind: &String| kind == got || (kind == "Incomplete" && got == "IncompleteAtEof");
            (!kinds.iter().any(fits)).then(|| format!("{got}, not {}", kinds.join(" or ")))
        }),
    };
    fault.or_else(|| prefix_fault(decoded, before))
}

fn cut_fault(decoded: &Decoded, frames: &[FrameView], whole: usize, clean: bool) -> Option<String> {
    if decoded.frames.get(..) != frames.get(..whole) {
        return Some("not the frames before the cut".to_owned());
    }
    match &decoded.error {
        None if clean => None,
        None => Some("ends as complete".to_owned()),
        Some(error) if clean => Some(format!("error at a frame boundary: {}", error.message)),
        Some(error) => error
            .kind
            .as_ref()
            .filter(|kind| *kind != "IncompleteAtEof")
            .map(|kind| format!("{kind}, not IncompleteAtEof")),
    }
}

fn flip_fault(decoded: &Decoded, frames: &[FrameView], whole: usize) -> Option<String> {
    if decoded.error.is_none() {
        return Some("no error".to_owned());
    }
    (decoded.frames.get(..) != frames.get(..whole))
        .then(|| "not the frames before the damage".to_owned())
}

/// What keeps the lengths in `decoded` from being those of the bytes.
fn lengths_fault(bytes: &[u8], frames: &[ExpectedFrame]) -> Option<String> {
    let mut start = 0;
    for (frame, end) in frames.iter().zip(frame_ends(bytes)) {
        let headers = bytes
            .get(start + 4..)
            .and_then(<[u8]>::first_chunk::<4>)
            .copied();
        let headers = headers.map(|h| u32::from_be_bytes(h) as usize);
        if frame.total_length.is_some_and(|total| total != end - start) {
            return Some("`total_length` is not that of the file".to_owned());
        }
        if frame.headers_length.is_some() && frame.headers_length != headers {
            return Some("`headers_length` is not that of the file".to_owned());
        }
        start = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::implementation::Fault;
    use super::*;

    fn frame(payload: &[u8]) -> FrameView {
        FrameView {
            headers: vec![],
            payload: payload.to_vec(),
        }
    }

    fn decoded(frames: &[FrameView], kind: Option<&str>) -> Decoded {
        let error = kind.map(|kind| Fault {
            kind: Some(kind.to_owned()),
            message: "why".to_owned(),
        });
        Decoded {
            frames: frames.to_vec(),
            error,
        }
    }

    #[test]
    fn a_cut_that_ends_as_complete_is_found() {
        let frames = [frame(b"a"), frame(b"b")];
        let one = frames.get(..1).unwrap();
        assert!(cut_fault(&decoded(one, None), &frames, 1, false).is_some());
        assert_eq!(
            cut_fault(&decoded(one, Some("IncompleteAtEof")), &frames, 1, false),
            None
        );
        assert_eq!(cut_fault(&decoded(one, None), &frames, 1, true), None);
        assert!(cut_fault(&decoded(one, Some("PayloadTooLong")), &frames, 1, false).is_some());
    }

    #[test]
    fn a_frame_lost_before_a_cut_is_found() {
        let frames = [frame(b"a"), frame(b"b")];
        assert!(cut_fault(&decoded(&[], Some("IncompleteAtEof")), &frames, 1, false).is_some());
    }

    #[test]
    fn damage_that_passes_is_found() {
        let frames = [frame(b"a")];
        assert!(flip_fault(&decoded(&frames, None), &frames, 0).is_some());
        assert!(flip_fault(&decoded(&frames, Some("MessageCrcMismatch")), &frames, 0).is_some());
        assert_eq!(
            flip_fault(&decoded(&[], Some("MessageCrcMismatch")), &frames, 0),
            None
        );
    }

    #[test]
    fn another_kind_of_error_is_found() {
        let kinds = ["PreludeCrcMismatch".to_owned()];
        assert!(refusal_fault(&decoded(&[], Some("MessageCrcMismatch")), &kinds, &[]).is_some());
        assert!(refusal_fault(&decoded(&[], None), &kinds, &[]).is_some());
        assert_eq!(
            refusal_fault(&decoded(&[], Some("PreludeCrcMismatch")), &kinds, &[]),
            None
        );
        assert!(
            refusal_fault(
                &decoded(&[frame(b"a")], Some("PreludeCrcMismatch")),
                &kinds,
                &[]
            )
            .is_some()
        );
    }

    #[test]
    fn a_message_that_is_not_whole_may_be_an_empty_stream() {
        let kinds = ["Incomplete".to_owned()];
        assert_eq!(refusal_fault(&decoded(&[], None), &kinds, &[]), None);
        assert_eq!(
            refusal_fault(&decoded(&[], Some("IncompleteAtEof")), &kinds, &[]),
            None
        );
        assert!(refusal_fault(&decoded(&[frame(b"a")], None), &kinds, &[]).is_some());
    }

    #[test]
    fn frame_ends_follow_the_lengths() {
        let two = [0, 0, 0, 5, 9, 0, 0, 0, 6, 9, 9];
        assert_eq!(frame_ends(&two), [5, 11]);
    }
}
