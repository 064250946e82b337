//! What time it is.

use std::path::PathBuf;

use jiff::Timestamp;

/// The name of the variable that puts a simulated world's clock in place of the real one.
pub const CLOCK_VARIABLE: &str = "HIREWIRE_CLOCK";

/// A clock: the machine's, or a simulated world's.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    Real,
    /// A file that holds the moment as RFC 3339; simulators move it. Only ever allowed where every vendor is on
    /// loopback: a wrong clock against real tenants would let people in early.
    File(PathBuf),
}

impl Clock {
    /// Now. A simulated clock that cannot be read is the real one; the simulators write it whole.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => Timestamp::now(),
            Clock::File(path) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                text.trim().parse().unwrap_or_else(|_| Timestamp::now())
            }
        }
    }
}
