//! What every home must do. Each story knows a store and a queue and nothing of the home, so that the next home runs
//! the same ones.

mod queue;
mod store;
