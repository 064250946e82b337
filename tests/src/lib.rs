//! Stateful simulators of BambooHR, Bob and JumpCloud, speaking real HTTP on loopback; and what AWS is to our functions.
//!
//! Written from the vendors' documentation. Each behaviour that nobody could confirm is a switch. Used by the
//! stories of this crate, by the benchmark and by `hirewire demo`; nothing else may depend on it.

pub mod aws;
pub mod bamboohr;
pub mod bob;
pub mod clock;
pub mod company;
pub mod hr;
pub mod jumpcloud;
pub mod lambda;
pub mod server;
pub mod town;
