//! What is known of one person, and of one group.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use mapping::account::{AccountId, GroupId, GroupName};
use mapping::employee::{EmployeeId, EmployeeKey};
use mapping::lifecycle::Standing;
use mapping::naming::NamedFrom;
use mapping::request::Trigger;
use mapping::status::{Note, Status};
use mapping::turn::Turn;
use serde::{Deserialize, Serialize};

/// What is kept of a working life beyond how things are now: without it nobody could be brought back as they were, or
/// be deleted when their time has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// Since when they are known to have left and to have lost access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_since: Option<Timestamp>,
    /// The groups that they were in when they went on leave, while they are on leave.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub before_leave: BTreeSet<GroupName>,
    /// Whether the leaver's devices were looked at and unbound.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub devices_unbound: bool,
    /// What the account's user name was computed from, while the rules say that names follow HR. Of people known from
    /// before nothing is: they are not renamed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<NamedFrom>,
    /// Where they stood when somebody last looked; `None` for whoever is simply employed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// What happens when things change by themselves. A leaver's account is deleted then where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// Whose hours count then, by the zone's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Box<str>>,
}

/// What is known of one person after the last run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Who.
    pub key: EmployeeKey,
    /// A name that people recognise.
    pub label: String,
    /// The link: this person's account.
    pub account: Option<AccountId>,
    /// The account's user name.
    pub username: Option<String>,
    /// How things are.
    pub status: Status,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Whether the account's suspension is our own doing.
    pub suspended_by_us: bool,
    /// The managed groups the account is in.
    pub groups: BTreeSet<GroupName>,
    /// What is kept of their working life.
    #[serde(default)]
    pub life: Life,
    /// The manager, of the same connection, whose account this waits for.
    pub waits_for: Option<EmployeeId>,
    /// Of what was last made so; the same again needs no work.
    pub fingerprint: Option<u64>,
    /// When the observation of HR was made that was applied last; an older one is not applied any more.
    pub observed_at: Option<Timestamp>,
    /// When things change by themselves.
    pub next_change: Option<Timestamp>,
    /// When somebody last looked.
    pub last_sync: Timestamp,
    /// Why.
    pub trigger: Trigger,
    /// What was read: 0 is never stored, every successful put adds 1.
    pub version: u64,
}

/// Names stay out of logs.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Record");
        fields.field("key", &self.key).field("status", &self.status.word()).field("version", &self.version);
        fields.finish_non_exhaustive()
    }
}

/// What is known of a group that our rules name or have named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownGroup {
    /// Its id; `None` is: not there yet.
    pub id: Option<GroupId>,
    /// Filled by JumpCloud itself: never written.
    pub dynamic: bool,
}
