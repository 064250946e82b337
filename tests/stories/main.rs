//! One integration binary: every story of Hirewire, told through the real binary, real HTTP and a real store.

mod accounts;
mod arrows;
mod aws_faults;
mod both_hr;
mod cast;
mod connections;
mod contract;
mod contract_bob;
mod crash;
mod deployed;
mod faults;
mod function;
mod groups;
mod house;
mod input;
mod lifecycle;
mod links;
mod managers;
mod recordings;
mod results;
mod runtime;
mod safety;
mod setup;
mod template;
mod world;
mod worlds;
