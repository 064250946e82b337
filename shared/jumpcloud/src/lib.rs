//! JumpCloud: requests as values, wire types, client.
//!
//! v1 (`/api`) and v2 (`/api/v2`) are two APIs side by side, not versions: users live in v1, groups in v2. Building a
//! request (`request`, `body`) and reading an answer (`answer`, `wire`) are pure; [`JumpCloud`] joins them.

mod account;
mod answer;
mod body;
mod client;
mod device;
mod group;
mod pages;
mod request;
mod wire;

pub use account::{Accounts, Created, NewAccount, Reports};
pub use answer::is_taken;
pub use client::{JumpCloud, Organisation};
pub use group::Group;
/// Why a call did not do it. Here as well, so that whoever calls JumpCloud need not be able to send by themselves.
pub use transport::Fault;

/// The name that faults and logs show.
const VENDOR: &str = "JumpCloud";
