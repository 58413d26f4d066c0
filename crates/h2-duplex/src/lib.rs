//! Full-duplex HTTP/2 calls over TLS that never hang and never report a cut stream as finished.
