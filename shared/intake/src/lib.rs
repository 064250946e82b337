//! Changes in: the webhook, HR's list of changes, and moments that were foreseen. All of them end as requests on the
//! queue. Nothing here can reach JumpCloud.

mod poll;
mod receive;

pub use poll::{PollError, Polled, poll, wake_due};
pub use receive::{Receipt, ReceiveError, receive};
