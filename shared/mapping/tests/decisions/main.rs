//! The core as its callers see it: tables to read, and properties over a small world that applies plans.

mod configuration;
mod display;
mod expressions;
mod foresight;
mod lifecycles;
mod matching;
mod people;
mod properties;
mod speed;
mod states;
mod world;
