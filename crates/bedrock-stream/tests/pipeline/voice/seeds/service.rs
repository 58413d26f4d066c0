//! The services of a conversation: a loopback for each leg, each with a fate of its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bedrock_loopback::{Fault, FaultKind, Limits, Notice, Server, Traffic};
use bedrock_stream::{Credentials, CredentialsFuture, ProvideCredentials};
use eventstream_codec::Timestamp;
use tokio::time::Instant;

use super::heard::Heard;
use super::rng::Rng;
use crate::stage::{START_SECS, server, server_clock};

/// The life of a leg: the service's eight minutes, about 34 times as fast, for the loopback's pauses are those of the service.
pub(super) const LIFE: Duration = Duration::from_secs(14);
/// Without input, and without speech in it.
const INPUT_GAP: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_secs(9);

/// All legs of a conversation.
#[derive(Clone)]
pub(super) struct Services(Arc<Mutex<State>>);

struct State {
    rng: Rng,
    begun: Instant,
    opens: Opens,
    /// Of a hundred legs so many have a fault.
    faulty: u64,
    /// A conversation of one leg that is replaced for its credentials.
    long: bool,
    legs: Vec<Service>,
    /// When the credentials expire that were given last.
    expires: Option<Instant>,
}

/// The service of one leg.
pub(super) struct Service {
    pub(super) server: Server,
    pub(super) fate: String,
    pub(super) heard: Arc<Mutex<Heard>>,
    pub(super) notices: Arc<Mutex<Vec<Notice>>>,
    pub(super) expires: Option<Instant>,
}

/// What goes wrong with the opening of legs after the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    Well,
    /// The next so many fail.
    Fail(u64),
    /// From this leg on none succeeds.
    Never(usize),
}

impl Services {
    pub(super) fn new(mut rng: Rng, long: bool) -> Self {
        let opens = match rng.between(0, 100) {
            0..70 => Opens::Well,
            70..92 => Opens::Fail(rng.between(1, 4)),
            _ => Opens::Never(usize::try_from(rng.between(1, 4)).unwrap()),
        };
        let faulty = [0, 40, 70][usize::try_from(rng.between(0, 3)).unwrap()];
        Self(Arc::new(Mutex::new(State {
            rng,
            begun: Instant::now(),
            opens: if long { Opens::Well } else { opens },
            faulty: if long { 0 } else { faulty },
            long,
            legs: Vec::new(),
            expires: None,
        })))
    }

    /// A server for the next leg.
    pub(super) fn open(&self) -> Server {
        let mut state = self.0.lock().unwrap();
        let service = state.open();
        let server = service.server.clone();
        state.legs.push(service);
        server
    }

    /// No leg can be opened any more from some time on.
    pub(super) fn is_doomed(&self) -> bool {
        matches!(self.0.lock().unwrap().opens, Opens::Never(_))
    }

    pub(super) fn legs(&self) -> impl std::ops::Deref<Target = [Service]> + '_ {
        struct Legs<'a>(MutexGuard<'a, State>);
        impl std::ops::Deref for Legs<'_> {
            type Target = [Service];
            fn deref(&self) -> &[Service] {
                &self.0.legs
            }
        }
        Legs(self.0.lock().unwrap())
    }
}

impl State {
    fn open(&mut self) -> Service {
        let fails = match &mut self.opens {
            Opens::Fail(left) if !self.legs.is_empty() && *left > 0 => {
                *left -= 1;
                true
            }
            Opens::Never(from) => self.legs.len() >= *from,
            Opens::Well | Opens::Fail(_) => false,
        };
        let mut limits = Limits::default();
        limits.session = if self.long { LIFE * 8 } else { LIFE };
        limits.input_gap = INPUT_GAP;
        limits.user_silence = if self.long { LIFE * 8 } else { SILENCE };
        let rng = &mut self.rng;
        let fault = if fails {
            Some(refusal(rng))
        } else if rng.percent(self.faulty) {
            fault(rng, &mut limits)
        } else {
            None
        };
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let (ear, log) = (Arc::clone(&heard), Arc::clone(&notices));
        let elapsed = self.begun.elapsed().as_secs();
        let mut builder = server()
            .seed(rng.next())
            .strict(true)
            .clock(server_clock(START_SECS + elapsed))
            .tap(move |_, traffic| {
                if let Traffic::RequestBytes(bytes) = traffic {
                    ear.lock().unwrap().take(bytes);
                }
            })
            .observe(move |notice| log.lock().unwrap().push(notice.clone()));
        let limited = limits.input_gap != INPUT_GAP || limits.user_silence < SILENCE;
        let fate = match fault {
            Some(fault) => fault.to_string(),
            None if limited => format!("{limits:?}"),
            None => String::new(),
        };
        builder = builder.limits(limits);
        if let Some(fault) = fault {
            builder = builder.fault(fault);
        }
        if !fails && rng.percent(20) {
            builder = builder.fault(FaultKind::ToolFirst);
        }
        Service {
            server: builder.build().unwrap(),
            fate,
            heard,
            notices,
            expires: self.expires,
        }
    }
}

/// What keeps a leg from being opened.
fn refusal(rng: &mut Rng) -> Fault {
    match rng.between(0, 3) {
        0 => Fault::new(FaultKind::HttpError).at(429),
        1 => Fault::new(FaultKind::HttpError).at(503),
        _ => Fault::new(FaultKind::ResetRefused),
    }
}

/// What goes wrong with a leg that was opened; `None` where it is a limit that comes early.
fn fault(rng: &mut Rng, limits: &mut Limits) -> Option<Fault> {
    let second = rng.between(1, 12);
    let frame = rng.between(3, 90);
    let at_frame = |kind| Some(Fault::new(kind).at(frame));
    match rng.between(0, 14) {
        0 => Some(Fault::new(FaultKind::Instability).at(second)),
        // 531 and 532.
        1 => {
            limits.user_silence = Duration::from_millis(rng.between(2_500, 5_000));
            None
        }
        2 => {
            limits.input_gap = Duration::from_millis(700);
            None
        }
        3 => at_frame(FaultKind::Cut),
        4 => at_frame(FaultKind::CutMidFrame),
        5 => at_frame(FaultKind::EndEarly),
        6 => at_frame(FaultKind::GoAwayAbove),
        7 => at_frame(FaultKind::GoAwaySilence),
        8 => at_frame(FaultKind::ResetInternal),
        9 => at_frame(FaultKind::ExceptionThrottling),
        10 => Some(Fault::new(FaultKind::ExpireAt).at(rng.between(20, 300))),
        11 => Some(FaultKind::HeadNever.into()),
        12 => Some(FaultKind::Deaf.into()),
        _ => Some(Fault::new(FaultKind::ModelTimeout).at(second)),
    }
}

/// Gives each leg a key of its own life.
impl ProvideCredentials for Services {
    fn provide(&self) -> CredentialsFuture<'_> {
        let mut state = self.0.lock().unwrap();
        let key = Credentials::new(
            bedrock_loopback::EXAMPLE_ACCESS_KEY_ID,
            bedrock_loopback::EXAMPLE_SECRET_ACCESS_KEY,
        );
        if !state.long {
            return Box::pin(std::future::ready(Ok(key)));
        }
        // Below a minute it would not be taken.
        let life = Duration::from_millis(state.rng.between(62_000, 75_000));
        state.expires = Some(Instant::now() + life);
        let at = Duration::from_secs(START_SECS) + state.begun.elapsed() + life;
        let at = Timestamp::from_millis(i64::try_from(at.as_millis()).unwrap());
        Box::pin(std::future::ready(Ok(key.with_expiry(at))))
    }
}
