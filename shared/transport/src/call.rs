//! One call as values: what is sent, what comes back, and how far it may go.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// What is sent. Building one is pure.
pub type Request = http::Request<Bytes>;

/// What came back: any final answer that is not worth repeating, good or bad.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Personal values stay out of logs.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status.as_u16(), self.body.len())
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Sent twice, it does the same as sent once.
    Repeatable,
    /// Sent twice, it may do something twice: after a doubtful failure it is looked up instead.
    Once,
}

/// How far one call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body that is read, in bytes.
    pub body: usize,
    /// The whole call: all attempts, and the waiting between them.
    pub deadline: Duration,
    /// How often it is sent at most.
    pub attempts: u32,
    /// One attempt, from the first byte sent to the last one read.
    pub each: Duration,
}
