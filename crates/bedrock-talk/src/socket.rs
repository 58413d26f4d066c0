//! The byte stream under a WebSocket, whoever made it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::limits::Limits;

/// A stream whose kind does not matter: a session outlives its connection, and the next may be of another kind.
pub(crate) type Stream = Box<dyn ByteStream>;

pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Audio comes in pieces of a kilobyte or two.
const BUFFER: usize = 8 * 1024;

/// The server's end, once the upgrade was agreed on.
pub(crate) async fn accept(stream: Stream, limits: &Limits) -> WebSocketStream<Stream> {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(limits.unread_bytes.saturating_add(1024 * 1024))
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes));
    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await
}
