//! One request, whichever HTTP it came by: what it is for, who sent it, what goes wrong with it.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::answer;
use crate::fault::{FaultKind, Item, Plan, injected};
use crate::ids::Ids;
use crate::notice::Notice;
use crate::oneway::{Extras, OneWay};
use crate::operation::{Operation, route};
use crate::script::ScriptedCall;
use crate::server::State;
use crate::service_error::{ErrorKind, ServiceError};
use crate::tap::{Tap, Traffic};
use crate::verify::{Authenticated, Body, Head, Refusal, check_head};

/// Bytes of each piece of an error's body that comes in pieces.
const PIECE: usize = 16;

/// A request for an operation that the server knows.
pub(crate) struct Call {
    pub(crate) state: Arc<State>,
    pub(crate) request_id: String,
    pub(crate) operation: Operation,
    pub(crate) model_id: String,
    pub(crate) ids: Ids,
    pub(crate) plan: Plan,
}

/// A whole answer in steps.
pub(crate) type Answer = (Response<()>, Vec<Item>);

impl Call {
    /// Finds out what a request is for.
    pub(crate) fn route(state: &Arc<State>, parts: &Parts) -> Result<Self, Box<Answer>> {
        let mut ids = state.ids_for_call();
        let request_id = ids.uuid();
        let Some((operation, model_id)) = route(parts.method.as_str(), target(parts)) else {
            let (code, date) = ("UnknownOperationException", state.http_date());
            let (head, body) = answer::error(404, code, "", &request_id, &date);
            return Err(Box::new((head, vec![Item::Bytes(body), Item::End])));
        };
        Ok(Self {
            plan: state.plan_for_call(Ids::seeded(ids.next_u64())),
            state: state.clone(),
            request_id,
            operation,
            model_id,
            ids,
        })
    }

    /// Checks the request's signature; `None` where signatures are not checked.
    pub(crate) fn authenticate(
        &self,
        parts: &Parts,
        tls: bool,
        body: Body<'_>,
    ) -> Result<Option<Authenticated>, Refusal> {
        if !self.state.verify {
            return Ok(None);
        }
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok());
        let head = Head {
            method: parts.method.as_str(),
            target: target(parts),
            authority: authority.or(host).unwrap_or_default(),
            tls,
            headers: &parts.headers,
        };
        let mut policy = self.state.policy.clone();
        policy.expired |= self.plan.has(FaultKind::ExpiredCredentials);
        check_head(head, body, &policy, self.state.clock.now()).map(Some)
    }

    /// The error that was asked for in place of an answer.
    pub(crate) fn asked_error(&self) -> Option<Answer> {
        let date = self.state.http_date();
        if let Some(status) = self.plan.place_of(FaultKind::HttpError) {
            let status = u16::try_from(status).unwrap_or(500);
            let kind = ErrorKind::of_status(status);
            let error = injected(kind);
            self.failed(&error);
            let (name, says) = (kind.name(), error.message);
            let (head, body) = answer::error(status, name, &says, &self.request_id, &date);
            return Some((head, in_pieces(&body)));
        }
        let status = self.plan.place_of(FaultKind::HttpHtml)?;
        let status = u16::try_from(status).unwrap_or(502);
        let head = answer::head(status, "text/html", &self.request_id, &date);
        let body = format!("<html><body><h1>{status} Something went wrong</h1></body></html>");
        Some((head, in_pieces(&Bytes::from(body))))
    }

    /// The next answer of the script; an error where it has none for this operation, none where there is no script.
    pub(crate) fn scripted(&self, tap: &Tap) -> Option<Result<ScriptedCall, ServiceError>> {
        let Some((number, scripted)) = self.state.script.as_ref()?.next(self.operation) else {
            let says = format!("The script has no {}.", self.operation.name());
            return Some(Err(ServiceError::validation(says)));
        };
        tap.tell(Traffic::Scripted(number));
        Some(Ok(scripted))
    }

    /// Answers a request that has come whole.
    pub(crate) fn answer(&mut self, parts: &Parts, tls: bool, body: &[u8], tap: &Tap) -> Answer {
        if let Err(refusal) = self.authenticate(parts, tls, Body::Whole(body)) {
            return self.refused(refusal);
        }
        self.opened();
        if let Some(scripted) = self.scripted(tap) {
            let no_head = || ServiceError::validation("The script has no head for this answer.");
            let answer = scripted.and_then(|scripted| scripted.answer().ok_or_else(no_head));
            return answer.unwrap_or_else(|error| self.refused_by_service(&error));
        }
        let request = OneWay {
            operation: self.operation,
            model_id: &self.model_id,
            request_id: &self.request_id,
            date: &self.state.http_date(),
            body,
            extras: Extras::of(&self.plan),
            scenario: self.state.sonic.scenario.as_ref(),
        };
        let answered = request.answer(&mut self.ids);
        match answered.error {
            Some(error) => self.failed(&error),
            None => self.state.notice(&Notice::Completed {
                request_id: self.request_id.clone(),
            }),
        }
        let is_stream = answered
            .head
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes() == answer::EVENT_STREAM.as_bytes());
        let mut items = Vec::new();
        for frame in answered.frames {
            items.extend(if is_stream {
                self.plan.frame(frame)
            } else {
                self.plan.body(frame)
            });
        }
        items.extend(self.plan.end());
        (answered.head, items)
    }

    /// The answer to a wrong signature: 403 and the part that differs.
    pub(crate) fn refused(&self, refusal: Refusal) -> Answer {
        let (status, code, says) = (refusal.status(), refusal.code(), refusal.to_string());
        let date = self.state.http_date();
        let (head, body) = answer::error(status, code, &says, &self.request_id, &date);
        let request_id = self.request_id.clone();
        self.state.notice(&Notice::Refused {
            request_id,
            refusal,
        });
        (head, vec![Item::Bytes(body), Item::End])
    }

    /// The answer to a call that cannot go on, before its stream has begun.
    pub(crate) fn refused_by_service(&self, error: &ServiceError) -> Answer {
        self.failed(error);
        let (status, code) = (error.kind.status(), error.kind.name());
        let date = self.state.http_date();
        let (head, body) = answer::error(status, code, &error.message, &self.request_id, &date);
        (head, vec![Item::Bytes(body), Item::End])
    }

    /// The longest DATA frame of the answer.
    pub(crate) fn frame_size(&self) -> usize {
        let one_byte = self.plan.has(FaultKind::OneByteChunks);
        if one_byte {
            1
        } else {
            self.state.http2.data_frame_size
        }
    }

    pub(crate) fn opened(&self) {
        self.state.notice(&Notice::Opened {
            request_id: self.request_id.clone(),
            operation: self.operation,
            model_id: self.model_id.clone(),
        });
    }

    fn failed(&self, error: &ServiceError) {
        self.state.notice(&Notice::Failed {
            request_id: self.request_id.clone(),
            error: error.clone(),
        });
    }
}

/// The path and query as they came.
fn target(parts: &Parts) -> &str {
    parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str)
}

fn in_pieces(body: &Bytes) -> Vec<Item> {
    let pieces = body
        .chunks(PIECE)
        .map(|piece| Item::Bytes(body.slice_ref(piece)));
    pieces.chain([Item::End]).collect()
}
