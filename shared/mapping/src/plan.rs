//! The difference between what should be and what is, as a value.
//!
//! Printed, it is the dry run; reviewed, it is the permission; applied, it is the change; stored, it is the audit row.
//!
//! Here is what a plan is. `decide` makes one, with `access`, `changes`, `rename` and `groups` for its parts; `words`
//! prints it, `short` says it in a line.

mod access;
mod changes;
mod decide;
mod groups;
mod rename;
mod short;
mod words;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId, AccountState, DeviceId, GroupName, Mail};
use crate::attribute::Attribute;
use crate::desired::Desired;
use crate::employee::{EmployeeId, EmployeeKey};
use crate::matching::Candidates;
use crate::naming::NamedFrom;
use crate::status::{Brake, Hold, Note, Skip, Status};

pub use self::decide::plan;
pub use self::short::Short;

/// What is known of the manager's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ManagerSeen {
    /// This one.
    Account(AccountId),
    /// The manager takes no part and has none.
    NoAccount,
    /// Nothing is known of the manager yet.
    #[default]
    Unknown,
}

/// What is known of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupSeen {
    /// There, and its members are set by hand or by us.
    Static,
    /// There, and filled by JumpCloud itself: never written.
    Dynamic,
    /// Not there.
    Missing,
}

/// What is kept of a person from earlier runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether the account's present suspension is our own doing.
    pub suspended_by_us: bool,
    /// Since when they are known to have left.
    pub left_since: Option<Timestamp>,
    /// The groups that they were in when they went on leave.
    pub before_leave: BTreeSet<GroupName>,
    /// What HR says is what was last made so: any difference was made by hand.
    pub settled: bool,
    /// The last plan was carried out to its end, whatever was to be done.
    pub completed: bool,
    /// What was noted last.
    pub notes: Vec<Note>,
    /// What the account's name was computed from when it was last looked at.
    pub named: Option<NamedFrom>,
    /// Somebody asks for this very person: what JumpCloud refused before is tried once more.
    pub asked: bool,
}

/// Everything observed of JumpCloud for one decision, and what is kept from earlier ones.
pub struct Seen<'a> {
    /// Accounts that could be this person's.
    pub candidates: Candidates<'a>,
    /// What is kept.
    pub past: &'a Past,
    /// The devices bound to the account directly, where that was looked at.
    pub devices: &'a [DeviceId],
    /// The manager's account.
    pub manager: ManagerSeen,
    /// The groups the account is in, of those that rules name or have named, and of no others.
    pub groups: &'a BTreeSet<GroupName>,
    /// What is known of a group.
    pub group: &'a dyn Fn(&GroupName) -> GroupSeen,
    /// Whether a user name is known to be taken.
    pub taken: &'a dyn Fn(&str) -> bool,
}

/// One slot's change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The slot.
    pub attribute: Attribute,
    /// What it holds.
    pub from: Option<String>,
    /// What it shall hold.
    pub to: Option<String>,
    /// The rule that says so.
    pub because: Arc<str>,
}

/// Personal values stay out of logs.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({})", self.attribute)
    }
}

/// The manager's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerChange {
    /// The account now named.
    pub from: Option<AccountId>,
    /// The account to name.
    pub to: Option<AccountId>,
    /// The manager in HR.
    pub manager: Option<EmployeeId>,
}

/// The user name's change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsernameChange {
    /// The name it has.
    pub from: String,
    /// The name it shall have.
    pub to: String,
    /// The rule that says so.
    pub because: Arc<str>,
}

/// Personal values stay out of logs.
impl fmt::Debug for UsernameChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsernameChange(…)")
    }
}

/// The state's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// Before.
    pub from: AccountState,
    /// After.
    pub to: AccountState,
    /// Why.
    pub because: String,
    /// JumpCloud's mail about it, which only a staged account that becomes active can have.
    #[serde(default)]
    pub mail: Mail,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Make an account.
    Create {
        /// Its name.
        username: String,
        /// Its first state.
        state: AccountState,
        /// Why that state.
        because: String,
        /// What it holds.
        values: Vec<Change>,
        /// Who its manager is.
        manager: Option<AccountId>,
        /// JumpCloud's mail about it; `None` leaves that to JumpCloud.
        #[serde(default)]
        mail: Option<Mail>,
        /// Whether it has the rules' password from the start.
        #[serde(default)]
        password: bool,
    },
    /// Change an account.
    Update {
        /// Which.
        account: AccountId,
        /// Its state, where that changes.
        state: Option<StateChange>,
        /// Its user name, where that changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<UsernameChange>,
        /// Its slots that change.
        changes: Vec<Change>,
        /// Its manager, where that changes.
        manager: Option<ManagerChange>,
    },
    /// Enter a group.
    Join {
        /// Which.
        group: GroupName,
        /// The rule that says so.
        because: Arc<str>,
        /// Whether it must be made first.
        create: bool,
    },
    /// Leave a group.
    Leave {
        /// Which.
        group: GroupName,
        /// Why.
        because: String,
    },
    /// Take the account off devices.
    Unbind {
        /// Which.
        devices: Vec<DeviceId>,
        /// Why.
        because: String,
    },
    /// Delete the account; nobody is its reports' manager then.
    Delete {
        /// Which.
        account: AccountId,
        /// Why.
        because: String,
    },
}

/// Whether a plan may go ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is something to do, or nothing left to do.
    Proceed,
    /// The person takes no part.
    Skip(Skip),
    /// The person takes no part any more, and this is what is done about it.
    Withdraw(Skip),
    /// Too early.
    NotYet(Timestamp),
    /// Somebody must decide.
    Hold(Hold),
}

/// What to do for one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Who.
    pub key: EmployeeKey,
    /// A name that people recognise.
    pub label: String,
    /// The account, where there is one already.
    pub account: Option<AccountId>,
    /// Its user name, where there is one already.
    pub username: Option<String>,
    /// Whether it may go ahead.
    pub verdict: Verdict,
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// Once done: whether the account's suspension is our own.
    pub suspended_by_us: bool,
    /// Once done: the managed groups the account is in.
    pub groups: BTreeSet<GroupName>,
    /// Once done: the groups that the person was in when they went on leave.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub before_leave: BTreeSet<GroupName>,
    /// Once done: what the account's name was computed from, where the rules say that it follows HR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<NamedFrom>,
    /// The same person under an earlier number, whose account this takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_over: Option<EmployeeKey>,
    /// The limit a day that it comes under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake: Option<Brake>,
    /// The manager whose account this waits for.
    pub waits_for: Option<EmployeeId>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// Personal values stay out of logs.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({}, {} actions, {:?})", self.key, self.actions.len(), self.verdict)
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether it takes something away from somebody: access, or a group.
    pub fn takes_away(&self) -> bool {
        self.actions.iter().any(|action| match action {
            Action::Create { .. } | Action::Join { .. } => false,
            Action::Leave { .. } | Action::Unbind { .. } | Action::Delete { .. } => true,
            Action::Update { state, .. } => state.as_ref().is_some_and(|s| s.to == AccountState::Suspended),
        })
    }

    /// Whether it suspends an account that is there.
    pub fn suspends(&self) -> bool {
        self.actions.iter().any(|action| match action {
            Action::Update { state, .. } => state.as_ref().is_some_and(|s| s.to == AccountState::Suspended),
            Action::Create { .. }
            | Action::Join { .. }
            | Action::Leave { .. }
            | Action::Unbind { .. }
            | Action::Delete { .. } => false,
        })
    }

    /// Whether it gives an existing account an e-mail or an identifier, of which the organisation has each only once.
    pub fn changes_identity(&self) -> bool {
        let unique = |change: &Change| matches!(change.attribute, Attribute::Email | Attribute::EmployeeIdentifier);
        self.actions.iter().any(|action| match action {
            Action::Update { changes, .. } => changes.iter().any(unique),
            Action::Create { .. }
            | Action::Join { .. }
            | Action::Leave { .. }
            | Action::Unbind { .. }
            | Action::Delete { .. } => false,
        })
    }

    /// The user name that it gives an account that is there.
    pub fn renames(&self) -> Option<&UsernameChange> {
        self.actions.iter().find_map(|action| match action {
            Action::Update { username, .. } => username.as_ref(),
            Action::Create { .. }
            | Action::Join { .. }
            | Action::Leave { .. }
            | Action::Unbind { .. }
            | Action::Delete { .. } => None,
        })
    }

    /// Whether the account is gone once this is done.
    pub fn deletes(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Delete { .. }))
    }

    /// The same without anything to do: somebody must decide first.
    pub fn held(self, why: Hold, past: &Past, groups: &BTreeSet<GroupName>) -> Plan {
        Plan {
            verdict: Verdict::Hold(why),
            actions: Vec::new(),
            suspended_by_us: past.suspended_by_us,
            groups: groups.clone(),
            before_leave: past.before_leave.clone(),
            named: past.named,
            takes_over: None,
            ..self
        }
    }

    /// How things are with the person once this is done.
    pub fn status(&self) -> Status {
        match &self.verdict {
            Verdict::Proceed => Status::Synced,
            Verdict::Skip(why) | Verdict::Withdraw(why) => Status::Skipped { why: why.clone() },
            Verdict::NotYet(until) => Status::Pending { until: *until },
            Verdict::Hold(why) => Status::Held { why: why.clone() },
        }
    }

    fn without_actions(desired: &Desired, account: Option<&Account>, verdict: Verdict) -> Plan {
        Plan {
            key: desired.key.clone(),
            label: desired.label.clone(),
            account: account.map(|a| a.id.clone()),
            username: account.map(|a| a.username.to_string()),
            verdict,
            actions: Vec::new(),
            suspended_by_us: false,
            groups: BTreeSet::new(),
            before_leave: BTreeSet::new(),
            named: None,
            takes_over: None,
            brake: None,
            waits_for: None,
            notes: desired.notes.clone(),
        }
    }
}
