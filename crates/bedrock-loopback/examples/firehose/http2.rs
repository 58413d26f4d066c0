//! Calls over HTTP/2: frames out, and an ear for what comes in.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::interval;
use tokio_rustls::server::TlsStream;

use crate::Outcome;
use crate::frames::Frames;
use crate::script::{STAMPED_PACE, Script};
use crate::silence::Silence;

/// Answers the calls of a connection.
pub(crate) async fn serve(
    stream: TlsStream<TcpStream>,
    script: Arc<Script>,
    silence: Silence,
) -> Outcome {
    let mut connection = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(16 << 20)
        .max_concurrent_streams(1000)
        .handshake(stream)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let (script, silence) = (Arc::clone(&script), silence.clone());
        tokio::spawn(async move {
            // The client says itself how the call ended for it.
            let _ = answer(request.into_body(), respond, &script, &silence).await;
        });
    }
    Ok(())
}

async fn answer(
    mut body: RecvStream,
    mut respond: SendResponse<Bytes>,
    script: &Script,
    silence: &Silence,
) -> Outcome {
    let mut frames = Frames::default();
    let mut frames_of = |bytes: &[u8]| {
        let mut count = 0;
        frames.take(bytes, |length| {
            silence.heard(length);
            count += 1;
        });
        count
    };
    let first = body.data().await.ok_or("no input")??;
    body.flow_control().release_capacity(first.len())?;
    let head = http::Response::builder()
        .header("content-type", "application/vnd.amazon.eventstream")
        .body(())?;
    let mut out = respond.send_response(head, false)?;
    let (report, heard_frames) = unbounded_channel();
    let listen = async {
        report.send(frames_of(&first))?;
        while let Some(bytes) = body.data().await {
            let bytes = bytes?;
            body.flow_control().release_capacity(bytes.len())?;
            report.send(frames_of(&bytes))?;
        }
        drop(report);
        Ok(())
    };
    tokio::try_join!(listen, speak(&mut out, script, heard_frames))?;
    out.send_data(Bytes::new(), true)?;
    Ok(())
}

async fn speak(
    out: &mut SendStream<Bytes>,
    script: &Script,
    mut heard_frames: UnboundedReceiver<usize>,
) -> Outcome {
    send(out, script.prologue.clone()).await?;
    let mut pace = interval(STAMPED_PACE);
    let (mut heard, mut begun) = (0_usize, false);
    while let Some(frames) = heard_frames.recv().await {
        let before = heard;
        heard += frames;
        let mut due = 0;
        if heard >= script.start && !std::mem::replace(&mut begun, heard >= script.start) {
            due += script.count;
        }
        if script.echo {
            due += heard.saturating_sub(before.max(script.start));
        }
        for _ in 0..due {
            if script.stamped {
                pace.tick().await;
            }
            send(out, script.repeat()).await?;
        }
    }
    send(out, script.epilogue.clone()).await
}

async fn send(out: &mut SendStream<Bytes>, mut bytes: Bytes) -> Outcome {
    while !bytes.is_empty() {
        out.reserve_capacity(bytes.len());
        while out.capacity() == 0 {
            let capacity = std::future::poll_fn(|cx| out.poll_capacity(cx)).await;
            capacity.ok_or("the call is over")??;
        }
        let piece = bytes.split_to(bytes.len().min(out.capacity()));
        out.send_data(piece, false)?;
    }
    Ok(())
}
