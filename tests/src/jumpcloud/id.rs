//! Object ids: 24 hexadecimal digits that grow with time.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A Mongo ObjectId, as JumpCloud gives to every user, group, job and array entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// Reads 24 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Id> {
        let well_formed = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if well_formed { u128::from_str_radix(text, 16).ok().map(Id) } else { None }
    }

    /// The id just before this one: another machine of theirs may make it in the same second.
    pub(super) fn before(self) -> Id {
        Id(self.0 - 1)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:024x}", self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Makes ids: the second, a fixed machine, a counter. The same story always makes the same ids.
#[derive(Debug, Default)]
pub(super) struct Ids {
    made: u32,
}

impl Ids {
    pub(super) fn next(&mut self, now: Timestamp) -> Id {
        self.made += 1;
        let seconds = u128::from(u32::try_from(now.as_second()).expect("a year between 1970 and 2105"));
        // The counter steps by sixteen to leave room for ids made "elsewhere" (see `before`).
        Id(seconds << 64 | 0x00c0_ffee_u128 << 36 | u128::from(self.made) << 4)
    }

    /// Milliseconds for a clock of whole seconds, so that `created` looks as recorded.
    pub(super) fn milliseconds(&self) -> u32 {
        self.made % 1000
    }
}
