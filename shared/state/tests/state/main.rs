//! The store and the queue, by their contract: what every home must do, and what this one does besides.

mod contract;
mod file;
mod schedule;
mod town;
