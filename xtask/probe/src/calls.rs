//! Calls by the transport alone, to servers that do as the path says.

use bytes::Bytes;
use h2_duplex::{
    Connection, Duplex as _, Error, ErrorCode, ErrorKind, ReceiveHalf as _, Receiver,
    SendHalf as _, Sender,
};
use http::StatusCode;

use crate::ending;
use crate::report::Report;
use crate::target::{Target, say};
use crate::upload::{EVENTS, Pacer, compare, event, progress};

/// How many events go up in a call that does not live long.
const FEW: usize = 10;

/// `/echo`: every byte comes back while the upload is open, and the end after its end.
pub(crate) async fn echo(target: &Target) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let call = Call::make(&mut connection, target, "/echo", EVENTS, true).await?;
    let mut report = call.judge_whole(EVENTS);
    report.transport = Some(ending::name(&call.received));
    Ok(report)
}

/// `/late`: all of it comes back, but only after the end of the upload.
pub(crate) async fn half_close(target: &Target) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let call = Call::make(&mut connection, target, "/late", EVENTS, false).await?;
    Ok(call.judge_whole(EVENTS))
}

/// A path that is refused at once: the whole answer must come, and the upload must end with that very status.
pub(crate) async fn early_answer(target: &Target, path: &str) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let (mut send, mut receive) = connection.open(target.post(path)?).await.map_err(say)?;
    let upload = async {
        for at in 0.. {
            if let Err(error) = send.send(event(at % EVENTS)).await {
                return error.kind();
            }
            // Others must run, too: a socket that always takes more never waits.
            tokio::task::yield_now().await;
        }
        ErrorKind::SendFinished
    };
    let download = async {
        let status = receive.head().await?.status;
        let (end, body) = read(receive, drop).await;
        end.map(|()| (status, body))
    };
    let (sender, answer) = tokio::join!(upload, download);
    let (status, body) = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return Ok(Report {
                transport: Some(ending::name(&Err(error.clone()))),
                ..Report::failed(format!("no whole answer: {error}; the sender: {sender}"))
            });
        }
    };
    let wrong = if status != StatusCode::FORBIDDEN {
        Some(format!("answered {status}"))
    } else if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
        Some(format!(
            "{} bytes of body are not the JSON that was sent",
            body.len()
        ))
    } else if sender != ErrorKind::AnsweredEarly(status) {
        Some(format!("the sender was told: {sender}"))
    } else {
        None
    };
    let mut report = Report::judged(
        wrong,
        format!(
            "{status}, {} bytes of body, and the sender knows it",
            body.len()
        ),
    );
    report.status = Some(status.as_u16());
    report.transport = Some(ending::name(&Ok(())));
    Ok(report)
}

/// `/reset/CODE`: what was sent before it comes back, then both halves fail with that code.
pub(crate) async fn reset(target: &Target, code: u32) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let path = format!("/reset/{code}");
    let call = Call::make(&mut connection, target, &path, EVENTS, true).await?;
    let due = ErrorKind::Reset(ErrorCode(code));
    Ok(call.judge_cut(due, true))
}

/// `/goaway/above`: the call goes on to its end; the next one is refused here and may go elsewhere.
pub(crate) async fn go_away_above(target: &Target) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let call = Call::make(&mut connection, target, "/goaway/above", EVENTS, true).await?;
    let report = call.judge_whole(EVENTS);
    if !report.ok {
        return Ok(report);
    }
    let wrong = match connection.open(target.post("/echo")?).await {
        Ok(_) => Some("another call was opened on a connection that goes away".to_owned()),
        Err(error) if error.was_processed() => {
            Some(format!("the next call may have been processed: {error}"))
        }
        Err(_) => None,
    };
    Ok(Report::judged(
        wrong,
        format!("{}; no further call on that connection", report.detail),
    ))
}

/// `/goaway/below`: the call fails, and it is certain that it was not processed. One that was opened before it goes on.
pub(crate) async fn go_away_below(target: &Target) -> Result<Report, String> {
    let mut connection = target.connect().await?;
    let elder = connection.open(target.post("/late")?);
    let (mut upload, download) = elder.await.map_err(say)?;
    let call = Call::make(&mut connection, target, "/goaway/below", FEW, false).await?;
    let report = call.judge_cut(ErrorKind::GoAway(ErrorCode::NO_ERROR), false);
    if !report.ok {
        return Ok(report);
    }
    let sent = async {
        upload.send(event(0)).await?;
        upload.finish().await
    };
    let body = read(download, drop);
    let wrong = match tokio::join!(sent, body) {
        (Ok(()), (Ok(()), body)) => compare(&body, 1),
        (sent, (received, _)) => Some(format!("the elder call: {sent:?}, {received:?}")),
    };
    Ok(Report::judged(
        wrong,
        format!("{}; the elder call went on", report.detail),
    ))
}

/// What became of a call.
struct Call {
    sent: Result<(), Error>,
    received: Result<(), Error>,
    body: Vec<u8>,
}

impl Call {
    /// Sends `events`, paced by what comes back where it is `in_step`, and receives to the end.
    async fn make(
        connection: &mut Connection,
        target: &Target,
        path: &str,
        events: usize,
        in_step: bool,
    ) -> Result<Self, String> {
        let (sender, download) = connection.open(target.post(path)?).await.map_err(say)?;
        let (came, seen) = progress();
        let uploaded = upload(sender, events, in_step.then_some(seen));
        let downloaded = async move {
            read(download, |bytes| {
                // Nobody looks where the upload has ended.
                let _ = came.send(bytes);
            })
            .await
        };
        let (sent, (received, body)) = tokio::join!(uploaded, downloaded);
        Ok(Self {
            sent,
            received,
            body,
        })
    }

    /// All came back, and both halves ended well.
    fn judge_whole(&self, events: usize) -> Report {
        let wrong = match (&self.received, &self.sent) {
            (Err(error), _) => Some(format!("{error}, after {} bytes", self.body.len())),
            (_, Err(error)) => Some(format!("the sender: {error}")),
            _ => compare(&self.body, events),
        };
        Report::judged(wrong, format!("{events} events up and down"))
    }

    /// Both halves failed as they should.
    fn judge_cut(&self, due: ErrorKind, processed: bool) -> Report {
        let wrong = match (&self.received, &self.sent) {
            (Ok(()), _) => Some(format!("taken for an end, after {} bytes", self.body.len())),
            (Err(error), _) if error.kind() != due || error.was_processed() != processed => {
                Some(format!("{error}; processed: {}", error.was_processed()))
            }
            (_, Err(error)) if error.kind() != due => Some(format!("the sender was told: {error}")),
            // A short upload may have ended before.
            _ => None,
        };
        let mut report = Report::judged(wrong, format!("{due}, on both halves"));
        report.transport = Some(ending::name(&self.received));
        report
    }
}

/// Receives to the end, and says each time how many bytes have come.
async fn read(mut receive: Receiver, mut came: impl FnMut(usize)) -> (Result<(), Error>, Vec<u8>) {
    let mut body = Vec::new();
    loop {
        match receive.next().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (Ok(()), body),
            Err(error) => return (Err(error), body),
        }
        came(body.len());
    }
}

/// Sends, until all is sent or nothing comes back any more; then the sender must know why.
async fn upload(mut send: Sender, events: usize, mut pacer: Option<Pacer>) -> Result<(), Error> {
    for at in 0..events {
        if let Some(pacer) = &mut pacer
            && !pacer.may_send(at).await
        {
            return send.send(Bytes::from_static(b"?")).await;
        }
        send.send(event(at)).await?;
    }
    send.finish().await
}
