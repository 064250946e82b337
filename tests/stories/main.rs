//! One integration binary: every story of Hirewire, told through the real binary, real HTTP and a real store.

mod accounts;
mod arrows;
mod cast;
mod connections;
mod contract;
mod crash;
mod faults;
mod groups;
mod input;
mod lifecycle;
mod links;
mod managers;
mod recordings;
mod results;
mod safety;
mod world;
mod worlds;
