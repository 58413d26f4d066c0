//! A spoken conversation: one value to talk to it, one to listen to it, one future that drives it.
//!
//! [`SonicBuilder::start`](crate::SonicBuilder::start) gives the first two and spawns the third. Beneath is
//! [`nova_sonic::Conversation`], which knows what to send when and replaces connections before they die; here are the
//! connections, the clock and the tasks.
//!
//! ```no_run
//! use std::time::Duration;
//! use bedrock_stream::{Client, Error, VoiceEvent};
//! use nova_sonic::{NOVA_2_5_SONIC, SessionEvent, ToolResult, ToolSpec, Tools};
//! use serde_json::json;
//!
//! # async fn microphone() -> Option<Vec<u8>> { None }
//! # fn play(_: nova_sonic::TurnId, _: bytes::Bytes) {}
//! # fn stop_playing() {}
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let mut tools = Tools::new();
//! let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
//! tools.add(ToolSpec::new("weather", "The weather in a city", schema)?, |arguments| async move {
//!     ToolResult::json(json!({"city": arguments["city"], "sky": "clear"}))
//! });
//! let (voice, mut events) = client
//!     .sonic(NOVA_2_5_SONIC)
//!     .system("You are a friendly assistant.")
//!     .functions(tools)
//!     .start()
//!     .await?;
//! voice.greet("Greet the caller in one sentence.")?;
//!
//! let speak = async {
//!     while let Some(chunk) = microphone().await {
//!         voice.audio(chunk)?; // 32 ms of PCM16 at 16 kHz
//!     }
//!     voice.close(Duration::from_secs(5)).await
//! };
//! let listen = async {
//!     while let Some(event) = events.next().await? {
//!         match event {
//!             VoiceEvent::Session(SessionEvent::Audio { turn, pcm }) => play(turn, pcm),
//!             VoiceEvent::Session(SessionEvent::Interrupted { .. }) => stop_playing(),
//!             VoiceEvent::ToolCall(call) => call.fail("not today")?, // one that is no function of ours
//!             _ => {}
//!         }
//!     }
//!     Ok::<_, Error>(()) // only a conversation that was closed in order leads here
//! };
//! tokio::try_join!(speak, listen)?;
//! # Ok(()) }
//! ```

mod dial;
mod driver;
mod event;
mod events;
mod handle;
mod leg;
mod metrics;
mod queue;
mod settings;
mod shared;
mod tool_call;
mod trace;

pub use driver::VoiceDriver;
pub use event::VoiceEvent;
pub use events::VoiceEvents;
pub use handle::Voice;
pub use metrics::{Latency, VoiceMetrics};
pub(crate) use settings::Settings;
pub use tool_call::ToolCall;
