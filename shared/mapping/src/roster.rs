//! Everyone of one connection, and the proof that it is everyone.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use crate::employee::Employee;

/// How much smaller than the last accepted roster a complete one may be, in percent.
pub const SHRINK_PERCENT: usize = 10;
/// In a small company a few people are more than that percentage.
pub const SHRINK_PEOPLE: usize = 5;

/// Everyone an HR system listed, and what was wrong with the list.
#[derive(Debug)]
pub struct Roster {
    /// The people, each once, in the order of their ids.
    pub employees: Vec<Employee>,
    /// When HR was asked.
    pub observed_at: Timestamp,
    /// Fields asked for and not returned for anybody.
    pub hidden: BTreeSet<String>,
    /// Records that could not be read: place in the list, or id, and why.
    pub unreadable: Vec<(String, String)>,
    /// Ids that came twice.
    pub duplicates: Vec<String>,
}

/// Why a roster proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody is on it.
    Empty,
    /// It is much shorter than the last.
    Short {
        /// People on it.
        people: usize,
        /// People on the last accepted one.
        last: usize,
    },
    /// Fields that decide about access are hidden.
    Hidden {
        /// Which.
        field: String,
    },
    /// Records could not be read.
    Unreadable {
        /// How many.
        records: usize,
    },
    /// Ids came twice.
    Duplicates {
        /// How many.
        ids: usize,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Empty => f.write_str("HR's list is empty"),
            Doubt::Short { people, last } => write!(f, "HR's list has {people} people where the last had {last}"),
            Doubt::Hidden { field } => write!(f, "HR hides `{field}` from our key"),
            Doubt::Unreadable { records } => write!(f, "{records} records of HR's list cannot be read"),
            Doubt::Duplicates { ids } => write!(f, "{ids} ids come twice in HR's list"),
        }
    }
}

/// A list that proves what it says: the only kind from which something may be taken away.
#[derive(Debug)]
pub struct CompleteRoster<'a>(&'a Roster);

impl CompleteRoster<'_> {
    /// How many people it has; the next one is measured against it.
    pub fn size(&self) -> usize {
        self.0.employees.len()
    }
}

impl Roster {
    /// The proof, or every doubt about it. `last` is the size of the last accepted roster.
    ///
    /// # Errors
    /// Every doubt; at least one.
    pub fn prove(&self, last: Option<usize>) -> Result<CompleteRoster<'_>, Vec<Doubt>> {
        let people = self.employees.len();
        let mut doubts = Vec::new();
        if people == 0 {
            doubts.push(Doubt::Empty);
        }
        if let Some(last) = last
            && people + (last * SHRINK_PERCENT / 100).max(SHRINK_PEOPLE) < last
        {
            doubts.push(Doubt::Short { people, last });
        }
        for field in &self.hidden {
            doubts.push(Doubt::Hidden { field: field.clone() });
        }
        if !self.unreadable.is_empty() {
            doubts.push(Doubt::Unreadable { records: self.unreadable.len() });
        }
        if !self.duplicates.is_empty() {
            doubts.push(Doubt::Duplicates { ids: self.duplicates.len() });
        }
        if doubts.is_empty() { Ok(CompleteRoster(self)) } else { Err(doubts) }
    }
}
