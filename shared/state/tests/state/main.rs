//! The store and the queue, by their contract: what every home must do, and what this one does besides.

mod contract;
mod door;
mod dynamodb;
mod dynamodb_trouble;
mod file;
mod keys;
mod schedule;
mod sqs;
mod sqs_dead;
mod sqs_trouble;
mod town;
