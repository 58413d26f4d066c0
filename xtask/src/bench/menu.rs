//! The benches, and who takes part in each.

use super::contender::{Contender, Program};
use super::script::Script;

/// What a bench is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// CPU time of the client for each event.
    CpuPerEvent,
    /// CPU time of the client for each second of a session, and the delay of an echo.
    CpuPerSecond,
    /// Memory of the client for each session.
    MemoryPerCall,
    /// Time from the wish to the first event.
    Opening,
    /// Time from the server's writing to the caller's hand.
    Delay,
    /// What a change of connection costs and what is heard of it.
    Renewal,
    /// What an hour leaves behind.
    Leaks,
}

/// A bench.
pub(super) struct Bench {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What is aimed for, in words.
    pub(super) goal: &'static str,
    pub(super) unit: Unit,
    pub(super) script: Script,
    /// Beyond this even a short run on a busy machine is wrong: the figure beside the Rust SDK's, or the figure alone where
    /// no SDK takes part.
    pub(super) bound: f64,
    pub(super) steps: &'static [Step],
    /// Ours first: the others are compared with it.
    pub(super) contenders: &'static [Contender],
}

/// A size at which all contenders of a bench are measured.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// Said of it in the table.
    pub(super) label: &'static str,
    pub(super) calls: usize,
    /// Events of each call.
    pub(super) events: usize,
    /// Bytes of PCM in an event.
    pub(super) pcm: usize,
    /// Turns of history that a session begins with.
    pub(super) history: usize,
    /// Client and server share a core, so that neither sleeps until the other has done something: what work costs without
    /// what waking costs.
    pub(super) one_core: bool,
}

const fn step(label: &'static str, calls: usize, events: usize) -> Step {
    Step {
        label,
        calls,
        events,
        pcm: 1024,
        history: 0,
        one_core: false,
    }
}

const fn one_core(label: &'static str, calls: usize, events: usize) -> Step {
    Step {
        one_core: true,
        ..step(label, calls, events)
    }
}

const fn pcm(label: &'static str, pcm: usize, events: usize) -> Step {
    Step {
        pcm,
        ..step(label, 1, events)
    }
}

const fn history(label: &'static str, history: usize) -> Step {
    Step {
        history,
        ..step(label, 1, 40)
    }
}

const fn of(name: &'static str, program: Program, bench: &'static str) -> Contender {
    Contender {
        name,
        program,
        bench,
        share: 1,
        every_step: true,
    }
}

/// One that is slow: with fewer events, and at the first step only.
const fn slow(
    name: &'static str,
    program: Program,
    bench: &'static str,
    share: usize,
) -> Contender {
    Contender {
        share,
        every_step: false,
        ..of(name, program, bench)
    }
}

use Program::{Boto3, Bridge, Hour, JsSdk, Ours, PythonSdk, RustSdk};

/// Every bench.
pub(super) const ALL: &[Bench] = &[
    Bench {
        name: "audio-up",
        title: "Speech up: 1 KiB of PCM an event, over TLS",
        goal: "0.4 × the Rust SDK, 0.1 × JS, 0.04 × Python; else 1.15 × the floor",
        unit: Unit::CpuPerEvent,
        script: Script::Listen,
        bound: 0.9,
        steps: &[step("1 call", 1, 20_000), step("50 calls", 50, 400)],
        contenders: &[
            of("ours", Ours, "audio-up"),
            of("floor: a frame at a time", Ours, "audio-up-floor"),
            of(
                "floor: seven frames at a time",
                Ours,
                "audio-up-floor-coalesced",
            ),
            of("Rust SDK", RustSdk, "audio-up"),
            slow("JS SDK", JsSdk, "audio-up", 4),
            slow("Python SDK", PythonSdk, "audio-up", 10),
        ],
    },
    Bench {
        name: "loopback",
        title: "Speech up into `bedrock serve --no-verify`",
        goal: "the server is not what limits a client: less CPU than the official Rust SDK takes",
        unit: Unit::CpuPerEvent,
        script: Script::Loopback,
        bound: 0.9,
        steps: &[step("", 1, 20_000)],
        contenders: &[
            of("ours", Ours, "audio-up"),
            of("Rust SDK", RustSdk, "audio-up"),
        ],
    },
    Bench {
        name: "audio-down",
        title: "Speech down: 1.5 KiB of PCM an event, over TLS",
        goal: "0.45 × the Rust SDK; else 1.15 × the floor",
        unit: Unit::CpuPerEvent,
        script: Script::Speak,
        bound: 1.2,
        steps: &[
            step("a core each", 1, 20_000),
            one_core("one core", 1, 20_000),
        ],
        contenders: &[
            of("ours", Ours, "audio-down"),
            of("floor: bytes thrown away", Ours, "audio-down-floor"),
            of("Rust SDK", RustSdk, "audio-down"),
            slow("JS SDK", JsSdk, "audio-down", 4),
            slow("Python SDK", PythonSdk, "audio-down", 10),
        ],
    },
    Bench {
        name: "paced",
        title: "At the pace of speech: 32 ms up, its echo down",
        goal: "0.8 × the Rust SDK at 200 sessions, p99 no worse",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        bound: 1.5,
        steps: &[
            step("1 session", 1, 150),
            step("50 sessions", 50, 150),
            step("200 sessions", 200, 150),
        ],
        contenders: &[
            of("ours", Ours, "paced"),
            of("floor: ready-made frames", Ours, "paced-floor"),
            of("Rust SDK", RustSdk, "paced"),
        ],
    },
    Bench {
        name: "talk",
        title: "Through the bridge: 100 WebSocket clients at the pace of speech",
        goal: "100 sessions on one core, 5 ms of delay added at p99",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        bound: 1.5,
        steps: &[step("", 100, 300)],
        contenders: &[
            of("ours, through the bridge", Bridge, "talk"),
            of("ours, without it", Ours, "paced"),
        ],
    },
    Bench {
        name: "idle",
        title: "Memory of an idle session",
        goal: "5 KiB on a shared connection",
        unit: Unit::MemoryPerCall,
        script: Script::Listen,
        bound: 4.0,
        steps: &[step("50", 50, 0), step("200", 200, 0), step("900", 900, 0)],
        contenders: &[
            of("ours, one connection", Ours, "idle"),
            of("floor: bare calls, one connection", Ours, "idle-floor"),
            of("Rust SDK, one connection", RustSdk, "idle"),
            of("ours, a connection each", Ours, "idle-own-connections"),
            of(
                "Rust SDK, a connection each",
                RustSdk,
                "idle-own-connections",
            ),
        ],
    },
    Bench {
        name: "open",
        title: "From the wish for a session to its first event",
        goal: "no slower than the Rust SDK",
        unit: Unit::Opening,
        script: Script::Listen,
        bound: 2.0,
        steps: &[step("", 1, 60)],
        contenders: &[
            of("ours, cold", Ours, "open"),
            of("floor: TLS and a bare call, cold", Ours, "open-floor"),
            of("Rust SDK, cold", RustSdk, "open"),
        ],
    },
    Bench {
        name: "open-warm",
        title: "The same on a connection that stands",
        goal: "half of our own cold",
        unit: Unit::Opening,
        script: Script::Listen,
        bound: 2.0,
        steps: &[step("", 1, 60)],
        contenders: &[
            of("ours", Ours, "open-warm"),
            of("Rust SDK", RustSdk, "open-warm"),
        ],
    },
    Bench {
        name: "converse",
        title: "ConverseStream: CPU for a reply of 20,000 deltas",
        goal: "0.5 × the Rust SDK",
        unit: Unit::CpuPerEvent,
        script: Script::Reply,
        bound: 0.9,
        steps: &[step("", 1, 20_000)],
        contenders: &[
            of("ours", Ours, "converse"),
            of("floor: bytes thrown away", Ours, "converse-floor"),
            of("Rust SDK", RustSdk, "converse"),
            slow("JS SDK", JsSdk, "converse", 4),
            slow("Python SDK", PythonSdk, "converse", 10),
            slow("boto3, HTTP/1.1", Boto3, "converse", 10),
        ],
    },
    Bench {
        name: "delta",
        title: "ConverseStream: from the server's writing a delta to the caller's hand, one every 2 ms",
        goal: "p99 no worse than the Rust SDK's",
        unit: Unit::Delay,
        script: Script::Stamped,
        bound: 2.0,
        steps: &[step("", 1, 1_500)],
        contenders: &[
            of("ours", Ours, "delta"),
            of("floor: bytes in hand", Ours, "delta-floor"),
            of("Rust SDK", RustSdk, "delta"),
            of("JS SDK", JsSdk, "delta"),
            of("Python SDK", PythonSdk, "delta"),
            of("boto3, HTTP/1.1", Boto3, "delta"),
        ],
    },
    Bench {
        name: "renewal",
        title: "A change of connection in half a second of speech, where one takes 100 ms to be made",
        goal: "no gap: no silence beyond the pace of 32 ms",
        unit: Unit::Renewal,
        script: Script::Renewal,
        bound: 8.0,
        steps: &[step("", 1, 20)],
        contenders: &[
            of("ours, renewed", Ours, "renewal"),
            of("ours, not renewed", Ours, "renewal-never"),
            of(
                "Rust SDK, opened anew on its connection",
                RustSdk,
                "renewal",
            ),
        ],
    },
    Bench {
        name: "hour",
        title: "An hour of conversation in compressed time: what is left behind",
        goal: "nothing but the transcript",
        unit: Unit::Leaks,
        script: Script::Listen,
        bound: 4_096.0,
        steps: &[step("", 1, 450)],
        contenders: &[of("ours, client and loopback in one process", Hour, "hour")],
    },
    Bench {
        name: "sessions",
        title: "How cost grows with sessions: speech up, 20,000 events in all",
        goal: "the same for each event",
        unit: Unit::CpuPerEvent,
        script: Script::Listen,
        bound: 0.9,
        steps: &[
            step("1", 1, 20_000),
            step("10", 10, 2_000),
            step("50", 50, 400),
            step("200", 200, 100),
        ],
        contenders: &[
            of("ours", Ours, "audio-up"),
            of("Rust SDK", RustSdk, "audio-up"),
        ],
    },
    Bench {
        name: "frame-size",
        title: "How cost grows with the size of an event: speech up",
        goal: "no faster than the bytes",
        unit: Unit::CpuPerEvent,
        script: Script::Listen,
        bound: 1.3,
        steps: &[
            pcm("256 B", 256, 20_000),
            pcm("1 KiB", 1024, 20_000),
            pcm("4 KiB", 4096, 5_000),
            pcm("16 KiB", 16_384, 2_000),
        ],
        contenders: &[
            of("ours", Ours, "audio-up"),
            of("floor: a frame at a time", Ours, "audio-up-floor"),
            of("Rust SDK", RustSdk, "audio-up"),
        ],
    },
    Bench {
        name: "history",
        title: "How cost grows with history: a session on a connection that stands, turns of 1,000 bytes",
        goal: "no faster than the bytes",
        unit: Unit::Opening,
        script: Script::Listen,
        bound: 2.0,
        steps: &[
            history("no turns", 0),
            history("10 turns", 10),
            history("40 turns", 40),
        ],
        contenders: &[
            of("ours", Ours, "open-warm"),
            of("Rust SDK", RustSdk, "open-warm"),
        ],
    },
];
