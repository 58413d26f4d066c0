//! An Amazon Bedrock on 127.0.0.1 for tests and demos: TLS, HTTP/2, every signature checked.
