//! Sends one `http::Request`: deadline, retry, pacing. Knows nothing of ours.
//!
//! [`Transport::send`] is the only way out. Whether and when to send again is decided by `retry`, how fast by `pace`
//! and `quota`; all of them are pure. What a status means is the vendor crate's business.

mod call;
mod fault;
mod pace;
mod quota;
mod retry;
mod retry_after;
mod transport;

pub use call::{Limits, Request, Response, Safety};
pub use fault::Fault;
pub use transport::Transport;
