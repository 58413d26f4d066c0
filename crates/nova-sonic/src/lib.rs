//! The Amazon Nova Sonic speech-to-speech protocol without I/O: commands, events, order.
