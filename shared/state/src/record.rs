//! What is known of one person, and of one group.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use mapping::account::{AccountId, GroupId, GroupName};
use mapping::employee::{EmployeeId, EmployeeKey};
use mapping::request::Trigger;
use mapping::status::{Note, Status};
use serde::{Deserialize, Serialize};

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
