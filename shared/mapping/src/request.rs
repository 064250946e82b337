//! What goes on the queue: who to look at and why, never what to do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, GroupName};
use crate::employee::{Employee, EmployeeKey};

/// Why somebody is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// HR's webhook.
    Webhook,
    /// HR's list of changes.
    Poll,
    /// A moment that was foreseen: a start, an end.
    Due,
    /// A survey of everyone.
    Survey,
    /// A person at the command line.
    Manual,
    /// The manager's account came to be.
    Manager,
    /// Taken from the dead letters by a person.
    Replay,
}

impl Trigger {
    /// One word for tables and logs.
    pub fn word(self) -> &'static str {
        match self {
            Trigger::Webhook => "webhook",
            Trigger::Poll => "poll",
            Trigger::Due => "due",
            Trigger::Survey => "survey",
            Trigger::Manual => "manual",
            Trigger::Manager => "manager",
            Trigger::Replay => "replay",
        }
    }

    /// Whether JumpCloud is looked at even if nothing has changed in HR.
    pub fn looks_anyway(self) -> bool {
        match self {
            Trigger::Webhook | Trigger::Poll | Trigger::Due => false,
            Trigger::Survey | Trigger::Manual | Trigger::Manager | Trigger::Replay => true,
        }
    }

    /// What remains of two reasons to look at one person: the later one, unless only the earlier looks anyway.
    pub fn after(self, earlier: Trigger) -> Trigger {
        if earlier.looks_anyway() && !self.looks_anyway() { earlier } else { self }
    }
}

/// How far an observation may be trusted with taking something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The person's own record, asked for by id.
    OwnRecord,
    /// A list proven complete.
    CompleteList,
    /// Anything else.
    Unproven,
}

/// What a producer already holds of HR, so that nobody is asked twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The person.
    pub employee: Employee,
    /// What it is good for.
    pub evidence: Evidence,
}

/// What a survey already holds of JumpCloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// When JumpCloud was asked.
    pub observed_at: Timestamp,
    /// The person's account; `None` is: looked for everywhere, not there.
    pub account: Option<Account>,
    /// The managed groups the account is in.
    pub groups: Vec<GroupName>,
    /// The name for a new account, or the new name of this one, chosen so that no two people of one survey get the same.
    pub username: Option<String>,
}

/// Look at this person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Who.
    pub key: EmployeeKey,
    /// Why.
    pub trigger: Trigger,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// What HR said, where the producer holds it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// What JumpCloud said, where the producer holds it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
    /// Better after this person (the manager, who is about to get an account); a wish, not a promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EmployeeKey>,
}

impl SyncRequest {
    /// What remains of this waiting request and a newer one of the same person.
    pub fn followed_by(self, newer: SyncRequest) -> SyncRequest {
        let trigger = newer.trigger.after(self.trigger);
        let stamp = |r: &SyncRequest| (r.asked_at, r.observation.as_ref().map(|o| o.employee.observed_at));
        let stays = waiting_stays(stamp(&self), stamp(&newer));
        SyncRequest { trigger, ..if stays { self } else { newer } }
    }

    /// A hint without anything observed.
    pub fn hint(key: EmployeeKey, trigger: Trigger, now: Timestamp) -> SyncRequest {
        SyncRequest { key, trigger, asked_at: now, observation: None, survey: None, after: None }
    }
}

/// Whether, of two requests of one person, the waiting one stays: only where the new one brings what is older than the
/// waiting one would see or brings itself. Everything else is a reason to look again. Each is given as when it was
/// asked for and when what it brings was observed.
pub fn waiting_stays<T: Ord>(waiting: (T, Option<T>), new: (T, Option<T>)) -> bool {
    match (waiting, new) {
        (_, (_, None)) => false,
        ((asked, None), (_, Some(new))) => new < asked,
        ((asked, Some(waiting)), (_, Some(new))) => new < asked && new < waiting,
    }
}
