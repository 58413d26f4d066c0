//! SigV4 signatures for event streams: seed, chained frames in place, signed end.
