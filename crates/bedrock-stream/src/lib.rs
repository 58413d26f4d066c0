//! A client for the streaming operations of Amazon Bedrock, made of small parts.
