//! What the streaming operations of Amazon Bedrock share: payload parts, exceptions, service errors, outcomes.
