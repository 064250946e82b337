//! What happens to a person when things change by themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::employee::Employee;
use crate::lifecycle::{Lifecycle, Standing, lifecycle};
use crate::rules::Rules;

/// What happens when things change by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The account may be made.
    Creation,
    /// First day.
    Start,
    /// Leave begins.
    Leave,
    /// Back from leave.
    Return,
    /// Access ends.
    End,
    /// HR's dates and its status have contradicted each other for long enough.
    Look,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Turn::Creation => "account is made",
            Turn::Start => "first day",
            Turn::Leave => "leave begins",
            Turn::Return => "back from leave",
            Turn::End => "access ends",
            Turn::Look => "HR's status is asked again",
        })
    }
}

/// What happens at the next change of this answer, if one is foreseen: told by the answer of that moment.
pub fn turn(employee: &Employee, rules: &Rules, now: &Lifecycle) -> Option<Turn> {
    let then = lifecycle(employee, rules, now.next_change?).standing;
    let ends = matches!(then, Standing::Left { .. } | Standing::Leaving { .. });
    Some(match now.standing {
        Standing::Upcoming { .. } if matches!(then, Standing::Upcoming { .. }) => Turn::Creation,
        Standing::Upcoming { .. } => Turn::Start,
        Standing::Leaving { .. } => Turn::End,
        Standing::Here | Standing::Away { .. } if ends => Turn::End,
        Standing::Away { .. } => Turn::Return,
        Standing::Here if matches!(then, Standing::Away { .. }) => Turn::Leave,
        Standing::Here | Standing::Left { .. } | Standing::Unknown => Turn::Look,
    })
}
