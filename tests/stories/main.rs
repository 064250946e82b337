//! One integration binary: every story of Hirewire, told through the real binary, real HTTP and a real store.

mod lifecycle;
mod world;
