//! A captured answer, damaged: it never passes for a whole one, and the error names the frame and the fault.

use bedrock_stream::{Error, ErrorKind};
use bytes::Bytes;
use eventstream_codec::{Decoder, Inbound as _, TransportEnd};
use nova_sonic::{Reader, SampleRate};

use crate::stage::{client, open, say, server};

/// How the bytes end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// `END_STREAM`.
    InOrder,
    /// The connection is lost.
    Lost,
}

/// What the service sent in a short session, byte for byte, and where its frames begin.
async fn capture() -> (Bytes, Vec<usize>) {
    let stage = open(server().seed(3), |session| {
        session.output_rate(SampleRate::Hz8000)
    })
    .await;
    let tape = stage.tape.clone();
    // Half a second of a loud tone.
    let tone: Vec<u8> = (0..8_000_u32)
        .flat_map(|n| if n / 20 % 2 == 0 { 9_000_i16 } else { -9_000 }.to_le_bytes())
        .collect();
    let (_, received) = say(stage, tone.chunks(1024).map(<[u8]>::to_vec).collect()).await;
    received.expect("complete");
    let body = tape.bytes();
    let mut decoder = Decoder::new();
    decoder.feed(body.clone());
    let mut starts = vec![0];
    while let Some(frame) = decoder.next_frame().unwrap() {
        starts.push(starts.last().unwrap() + frame.total_len());
    }
    assert_eq!(starts.pop(), Some(body.len()));
    assert!(starts.len() > 10, "{} frames", starts.len());
    (body, starts)
}

/// What a session makes of an answer of these bytes, after it has closed in order.
async fn receive(body: Bytes, end: End) -> (usize, Result<(), Error>) {
    let server = server().build().unwrap();
    let (mut connection, mut peer) = h2_duplex::pipe(64 * 1024);
    let session = client(&server, "secret").sonic("amazon.nova-2-5-sonic");
    let (mut voice, mut events) = session.open_on(&mut connection).await.unwrap();
    let mut call = peer.accept().await.unwrap();
    call.send.head(http::Response::new(()));
    let answer = async {
        while call.receive.next().await.unwrap().is_some() {}
        call.send.send(body).await.unwrap();
        match end {
            End::InOrder => call.send.finish(),
            End::Lost => call.send.cut(),
        }
    };
    let speak = async {
        voice.audio(&[0; 1024]).await.unwrap();
        voice.close().await.unwrap();
    };
    let listen = async {
        let mut count = 0;
        loop {
            match events.next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => return (count, Ok(())),
                Err(error) => return (count, Err(error)),
            }
        }
    };
    let ((), (), (count, result)) = tokio::join!(speak, answer, listen);
    assert_eq!(events.outcome().unwrap().is_complete(), result.is_ok());
    (count, result)
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_at_any_byte_is_never_complete_and_keeps_what_came() {
    let (body, starts) = capture().await;
    let edges = starts
        .iter()
        .flat_map(|start| [start.saturating_sub(1), *start, start + 1]);
    for cut in edges
        .chain((0..body.len()).step_by(101))
        .chain([body.len()])
    {
        let (count, result) = receive(body.slice(..cut), End::Lost).await;
        let whole = starts
            .iter()
            .skip(1)
            .chain([&body.len()])
            .filter(|end| **end <= cut)
            .count();
        assert!(result.is_err(), "cut at {cut}");
        assert_eq!(count, whole, "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_inside_a_frame_is_never_complete() {
    let (body, starts) = capture().await;
    for start in starts {
        for cut in [start + 1, start + 12, start + 13] {
            let (_, result) = receive(body.slice(..cut), End::InOrder).await;
            let error = result.expect_err("cut inside a frame");
            assert!(
                matches!(error.kind(), ErrorKind::Decode(e) if e.kind().name() == "IncompleteAtEof"),
                "{error}"
            );
        }
    }
    let (_, whole) = receive(body, End::InOrder).await;
    whole.expect("complete");
}

#[tokio::test(start_paused = true)]
async fn a_flipped_bit_names_the_frame_and_the_fault() {
    let (body, starts) = capture().await;
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(body.len());
        for at in [
            *start,
            start + 9,
            start + 20,
            usize::midpoint(*start, end),
            end - 1,
        ] {
            let mut damaged = body.to_vec();
            damaged[at] ^= 1 << (at % 8);
            let (count, result) = receive(damaged.into(), End::InOrder).await;
            let error = result.expect_err("damaged");
            let ErrorKind::Decode(fault) = error.kind() else {
                panic!("{error}")
            };
            assert_eq!(fault.frame_index(), index as u64, "{error}");
            assert!(fault.kind().name().ends_with("CrcMismatch"), "{error}");
            assert_eq!(count, index, "events before the damage are handed on");
            assert!(
                error.to_string().contains(&format!("frame {index}")),
                "{error}"
            );
        }
    }
}

/// The same below the client, where every byte and every bit can be tried.
#[tokio::test(start_paused = true)]
async fn no_cut_and_no_flip_of_the_bytes_is_complete() {
    let (body, _) = capture().await;
    let verdict = |bytes: &[u8]| {
        let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
        reader.closing();
        decoder.feed(Bytes::copy_from_slice(bytes));
        let mut good = true;
        while let Ok(Some(frame)) = decoder.next_frame() {
            good &= reader.read(frame, &mut drop).is_ok();
        }
        good &= decoder.finish().is_ok();
        let end = if good {
            TransportEnd::Clean
        } else {
            TransportEnd::Cut
        };
        reader.finish(end, &mut drop).is_complete()
    };
    assert!(verdict(&body));
    let head = &body[..body.len().min(2_000)];
    let mut decoder = Decoder::new();
    decoder.feed(Bytes::copy_from_slice(head));
    while let Ok(Some(_)) = decoder.next_frame() {}
    let whole = usize::try_from(decoder.offset()).unwrap();
    let head = &head[..whole];
    let mut damaged = head.to_vec();
    for bit in 0..head.len() * 8 {
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(!verdict(&damaged), "bit {bit}");
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
    // One pass, byte by byte, that asks at each whether the stream may end there.
    let mut decoder = Decoder::new();
    let mut edges = 0;
    for at in 0..body.len() {
        let frames = decoder.frames();
        decoder.feed(body.slice(at..=at));
        while let Ok(Some(_)) = decoder.next_frame() {}
        let edge = decoder.frames() > frames;
        edges += usize::from(edge);
        assert_eq!(decoder.finish().is_ok(), edge, "cut behind byte {at}");
    }
    assert!(edges > 10);
}
