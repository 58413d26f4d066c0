//! Many sessions on all cores: which fail and why, and what renewals cost the user.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use nova_sonic::Conversation;

use crate::start;
use crate::world::World;

/// How many sessions lie between two words of progress.
const PROGRESS: u64 = 1_000;

/// What so many sessions came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    sessions: u64,
    turns: u64,
    /// Conversations that could not go on, and were not expected to.
    lost: u64,
    /// `gap_ms` of renewals that were prepared beside the leg in use.
    planned: Vec<u64>,
    /// `gap_ms` of renewals after a leg was lost.
    reactive: Vec<u64>,
    /// Seeds that break it, and how.
    pub(crate) broken: Vec<(u64, String)>,
}

/// Runs the seeds from 0 to below `sessions`, each with its machine prepared by `prepare`.
pub(crate) fn run(sessions: u64, prepare: impl Fn(&mut Conversation) + Sync) -> Report {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut report = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= sessions {
                return report;
            }
            if seed > 0 && seed % PROGRESS == 0 {
                // Not by a macro: the test harness would keep it to itself.
                let _ = writeln!(std::io::stderr(), "{seed} of {sessions} sessions");
            }
            report.add(seed, once(seed, &prepare));
        }
    };
    let mut report = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let reports = workers.into_iter().map(|worker| worker.join().unwrap());
        reports.fold(Report::default(), Report::with)
    });
    report.planned.sort_unstable();
    report.reactive.sort_unstable();
    report.broken.sort_unstable();
    report
}

/// Runs one session in silence; gives what is wrong with it.
pub(crate) fn once(seed: u64, prepare: impl FnOnce(&mut Conversation)) -> Result<World, String> {
    thread_local!(static SAID: RefCell<Option<String>> = const { RefCell::new(None) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let quiet = SAID.with_borrow_mut(|said| {
                let place = panic.location().map(ToString::to_string);
                let what = words(panic.payload());
                said.as_mut()
                    .map(|said| *said = format!("{what} ({})", place.unwrap_or_default()))
            });
            if quiet.is_none() {
                usual(panic);
            }
        }));
    });
    SAID.set(Some(String::new()));
    let session = AssertUnwindSafe(|| {
        let mut world = World::new(seed, start());
        prepare(&mut world.machine);
        world.run(false)
    });
    let result = catch_unwind(session);
    let said = SAID.take();
    result.map_err(|_| said.unwrap_or_default())
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    let borrowed = payload.downcast_ref::<&str>().copied();
    owned.or(borrowed).unwrap_or("something else")
}

impl Report {
    fn add(&mut self, seed: u64, result: Result<World, String>) {
        self.sessions += 1;
        match result {
            Err(why) => self.broken.push((seed, why)),
            Ok(world) => {
                self.turns += world.user.asked.len() as u64;
                self.lost += u64::from(world.outcome_name() != "complete");
                self.planned.extend(&world.gaps.planned);
                self.reactive.extend(&world.gaps.reactive);
            }
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.sessions += other.sessions;
        self.turns += other.turns;
        self.lost += other.lost;
        self.planned.extend(other.planned);
        self.reactive.extend(other.reactive);
        self.broken.extend(other.broken);
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sessions,
            turns,
            lost,
            ..
        } = self;
        writeln!(
            f,
            "{sessions} sessions, {turns} turns, {lost} conversations that could not go on"
        )?;
        for (kind, gaps) in [("planned", &self.planned), ("reactive", &self.reactive)] {
            let Some(most) = gaps.last() else { continue };
            let (median, p99) = (gaps[gaps.len() / 2], gaps[gaps.len() * 99 / 100]);
            writeln!(
                f,
                "{} {kind} renewals: gap_ms median {median}, p99 {p99}, most {most}",
                gaps.len()
            )?;
        }
        for (seed, why) in &self.broken {
            let line = why.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(f, "SONIC_SEED={seed}: {line}")?;
        }
        write!(f, "{} seeds break it", self.broken.len())
    }
}
