//! The core: decides, never does. No async, no clock, no network, no environment.
//!
//! [`employee::Employee`] (what HR says) and [`rules::Rules`] give [`desired::Desired`]; that and [`plan::Seen`] (what
//! JumpCloud says) give a [`plan::Plan`].

pub mod account;
pub mod attribute;
pub mod carried;
pub mod configuration;
pub mod desired;
mod digest;
pub mod employee;
pub mod expression;
pub mod foresee;
mod leave;
pub mod lifecycle;
pub mod matching;
pub mod naming;
pub mod plan;
pub mod request;
pub mod roster;
pub mod rules;
pub mod schedule;
pub mod secret;
pub mod status;
pub mod turn;
pub mod username;
