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
    Delay,
}

/// A bench.
pub(super) struct Bench {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What is aimed for, in words.
    pub(super) goal: &'static str,
    pub(super) unit: Unit,
    pub(super) script: Script,
    /// Ours first: the others are compared with it.
    pub(super) contenders: &'static [Contender],
}

const fn contender(
    name: &'static str,
    program: Program,
    bench: &'static str,
    calls: usize,
    events: usize,
) -> Contender {
    Contender {
        name,
        program,
        bench,
        calls,
        events,
    }
}

use Program::{Bridge, JsSdk, Ours, PythonSdk, RustSdk};

/// Every bench.
pub(super) const ALL: &[Bench] = &[
    Bench {
        name: "audio-up",
        title: "Speech up: 1 KiB of PCM an event, one call",
        goal: "0.4 × the Rust SDK, 0.1 × JS, 0.04 × Python; else 1.15 × the floor",
        unit: Unit::CpuPerEvent,
        script: Script::Listen,
        contenders: &[
            contender("ours", Ours, "audio-up", 1, 20_000),
            contender(
                "floor: a frame at a time",
                Ours,
                "audio-up-floor",
                1,
                20_000,
            ),
            contender(
                "floor: seven frames at a time",
                Ours,
                "audio-up-floor-coalesced",
                1,
                20_000,
            ),
            contender("Rust SDK", RustSdk, "audio-up", 1, 20_000),
            contender("JS SDK", JsSdk, "audio-up", 1, 5_000),
            contender("Python SDK", PythonSdk, "audio-up", 1, 2_000),
        ],
    },
    Bench {
        name: "audio-up-50",
        title: "Speech up: 50 calls on one connection",
        goal: "0.4 × the Rust SDK",
        unit: Unit::CpuPerEvent,
        script: Script::Listen,
        contenders: &[
            contender("ours", Ours, "audio-up", 50, 800),
            contender("floor: a frame at a time", Ours, "audio-up-floor", 50, 800),
            contender("Rust SDK", RustSdk, "audio-up", 50, 800),
        ],
    },
    Bench {
        name: "loopback",
        title: "Speech up into `bedrock serve --no-verify`",
        goal: "the server is not what limits a client: less CPU than the official Rust SDK takes",
        unit: Unit::CpuPerEvent,
        script: Script::Loopback,
        contenders: &[
            contender("ours", Ours, "audio-up", 1, 20_000),
            contender("Rust SDK", RustSdk, "audio-up", 1, 20_000),
        ],
    },
    Bench {
        name: "audio-down",
        title: "Speech down: 1.5 KiB of PCM an event, one call",
        goal: "0.45 × the Rust SDK; else 1.15 × the floor",
        unit: Unit::CpuPerEvent,
        script: Script::Speak,
        contenders: &[
            contender("ours", Ours, "audio-down", 1, 20_000),
            contender(
                "floor: bytes thrown away",
                Ours,
                "audio-down-floor",
                1,
                20_000,
            ),
            contender("Rust SDK", RustSdk, "audio-down", 1, 20_000),
            contender("JS SDK", JsSdk, "audio-down", 1, 5_000),
            contender("Python SDK", PythonSdk, "audio-down", 1, 2_000),
        ],
    },
    Bench {
        name: "converse",
        title: "ConverseStream: a reply of 20,000 deltas",
        goal: "0.5 × the Rust SDK",
        unit: Unit::CpuPerEvent,
        script: Script::Reply,
        contenders: &[
            contender("ours", Ours, "converse", 1, 20_000),
            contender(
                "floor: bytes thrown away",
                Ours,
                "converse-floor",
                1,
                20_000,
            ),
            contender("Rust SDK", RustSdk, "converse", 1, 20_000),
            contender("JS SDK", JsSdk, "converse", 1, 5_000),
            contender("Python SDK", PythonSdk, "converse", 1, 2_000),
        ],
    },
    Bench {
        name: "paced-1",
        title: "At the pace of speech: 32 ms up, its echo down, one session",
        goal: "p99 no worse than the Rust SDK's",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        contenders: &[
            contender("ours", Ours, "paced", 1, 150),
            contender("Rust SDK", RustSdk, "paced", 1, 150),
        ],
    },
    Bench {
        name: "paced-50",
        title: "At the pace of speech, 50 sessions",
        goal: "p99 no worse than the Rust SDK's",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        contenders: &[
            contender("ours", Ours, "paced", 50, 150),
            contender("Rust SDK", RustSdk, "paced", 50, 150),
        ],
    },
    Bench {
        name: "paced-200",
        title: "At the pace of speech, 200 sessions",
        goal: "0.8 × the Rust SDK, p99 no worse",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        contenders: &[
            contender("ours", Ours, "paced", 200, 150),
            contender("Rust SDK", RustSdk, "paced", 200, 150),
        ],
    },
    Bench {
        name: "talk",
        title: "Through the bridge: 100 WebSocket clients at the pace of speech",
        goal: "100 sessions on one core, 5 ms of delay added at p99",
        unit: Unit::CpuPerSecond,
        script: Script::Echo,
        contenders: &[
            contender("ours, through the bridge", Bridge, "talk", 100, 300),
            contender("ours, without it", Ours, "paced", 100, 300),
        ],
    },
    Bench {
        name: "idle-50",
        title: "Memory of an idle session, 50 of them",
        goal: "5 KiB on a shared connection",
        unit: Unit::MemoryPerCall,
        script: Script::Listen,
        contenders: &[
            contender("ours, one connection", Ours, "idle", 50, 0),
            contender(
                "ours, a connection each",
                Ours,
                "idle-own-connections",
                50,
                0,
            ),
            contender("Rust SDK, one connection", RustSdk, "idle", 50, 0),
        ],
    },
    Bench {
        name: "idle-200",
        title: "Memory of an idle session, 200 of them",
        goal: "5 KiB on a shared connection",
        unit: Unit::MemoryPerCall,
        script: Script::Listen,
        contenders: &[
            contender("ours, one connection", Ours, "idle", 200, 0),
            contender(
                "ours, a connection each",
                Ours,
                "idle-own-connections",
                200,
                0,
            ),
            contender("Rust SDK, one connection", RustSdk, "idle", 200, 0),
        ],
    },
    Bench {
        name: "idle-900",
        title: "Memory of an idle session, 900 of them",
        goal: "5 KiB on a shared connection",
        unit: Unit::MemoryPerCall,
        script: Script::Listen,
        contenders: &[
            contender("ours, one connection", Ours, "idle", 900, 0),
            contender(
                "ours, a connection each",
                Ours,
                "idle-own-connections",
                900,
                0,
            ),
            contender("Rust SDK, one connection", RustSdk, "idle", 900, 0),
        ],
    },
    Bench {
        name: "open",
        title: "From the wish for a session to its first event",
        goal: "cold no slower than the Rust SDK, warm half of cold",
        unit: Unit::Delay,
        script: Script::Listen,
        contenders: &[
            contender("ours, cold", Ours, "open", 1, 40),
            contender(
                "ours, on a connection that stands",
                Ours,
                "open-warm",
                1,
                40,
            ),
            contender("Rust SDK, cold", RustSdk, "open", 1, 40),
        ],
    },
];
