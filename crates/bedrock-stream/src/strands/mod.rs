//! Strands Agents' `BidiModel` (strands-agents 1.62) on our client: start, send, receive, stop.
//!
//! For programs that know Strands. [`BidiModel`] stands beside `BedrockNovaSonicModel`, and gives its events
//! ([`nova_sonic::strands::BidiEvent`]) under the same `type` names in JSON:
//!
//! | there | here |
//! |---|---|
//! | `BedrockNovaSonicModel(model_id=…, audio=…, voice=…, params=…)` | [`BidiModel::new`] with a [`Config`](nova_sonic::strands::Config), whose `merge` takes the same members |
//! | `await start(system_prompt, tools, messages)`; `RuntimeError` when started | [`BidiModel::start`] with a [`Start`]; [`BidiError::AlreadyStarted`] |
//! | `await send(AudioDelta \| BidiMessage)`; `RuntimeError` before `start`, `ValueError` for what Nova Sonic does not take | [`BidiModel::send`] with an [`Input`]; [`BidiError::NotStarted`], [`BidiError::Unsupported`] |
//! | `async for event in receive()` | [`BidiModel::receive`] until `None` |
//! | `ConnectionTimeoutError(message, **restart_config)` | [`BidiError::Timeout`], with the [`Start`] that goes on where it ended |
//! | `await restart(system_prompt, tools, messages)` | [`BidiModel::restart`] |
//! | `await stop()`; `RuntimeError` that lists what failed | [`BidiModel::stop`]; [`StopError`], step by step |
//! | a late tool result after a restart goes as text, once nobody speaks (30 s at most) | the same |
//!
//! What is done otherwise, on purpose, beside the differences of the events (see [`nova_sonic::strands`]):
//!
//! | there | here |
//! |---|---|
//! | history up to 200 KB, same roles side by side | merged, alternating, 40 KB: what the service's guide allows |
//! | audio opened at the first chunk, with nothing in it | opened when the service has answered, and primed |
//! | `connectionEnd`, no signed end | `sessionEnd`, then the signed end |
//! | `restart_config` is empty: history is the agent's to keep | the history is in the error: what was said, and heard |
//! | a tool result of one block `{"text": …}` that is no object ends nothing, but one of images is an exception | the same, as [`BidiError::Unsupported`] |

mod connection;
mod error;
mod input;
mod model;

pub use error::{BidiError, StopError, StopStep};
pub use input::{Block, Input, Start};
pub use model::BidiModel;
