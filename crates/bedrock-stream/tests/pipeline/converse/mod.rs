//! Requests and their replies by ConverseStream.

mod endings;
mod errors;
mod replies;
mod retries;
mod script;
