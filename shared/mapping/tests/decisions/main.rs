//! The core as its callers see it: tables to read, and properties over a small world that applies plans.

mod by_hand;
mod configuration;
mod deletion;
mod display;
mod expressions;
mod foresight;
mod leave;
mod lifecycles;
mod matching;
mod people;
mod properties;
mod rehire;
mod rename;
mod scope_exit;
mod speed;
mod stages;
mod states;
mod unknown_values;
mod walks;
mod world;
mod zones;
