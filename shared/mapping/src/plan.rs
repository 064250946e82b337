//! The difference between what should be and what is, as a value.
//!
//! Printed, it is the dry run; reviewed, it is the permission; applied, it is the change; stored, it is the audit row.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId, AccountState, GroupName, LINK_ATTRIBUTE};
use crate::attribute::Attribute;
use crate::desired::{Desired, WantedManager};
use crate::employee::{EmployeeId, EmployeeKey, Employment, Reading};
use crate::lifecycle::Standing;
use crate::matching::{Candidates, Found, find};
use crate::rules::{DeletedAccount, FirstState, ManualSuspension};
use crate::status::{Hold, Note, Skip, Status};

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

/// Everything observed of JumpCloud for one decision.
pub struct Seen<'a> {
    /// Accounts that could be this person's.
    pub candidates: Candidates<'a>,
    /// Whether the account's present suspension is our own doing.
    pub suspended_by_us: bool,
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

/// The state's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// Before.
    pub from: AccountState,
    /// After.
    pub to: AccountState,
    /// Why.
    pub because: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Make an account.
    Create {
        /// Its name, for good.
        username: String,
        /// Its first state.
        state: AccountState,
        /// Why that state.
        because: String,
        /// What it holds.
        values: Vec<Change>,
        /// Who its manager is.
        manager: Option<AccountId>,
    },
    /// Change an account.
    Update {
        /// Which.
        account: AccountId,
        /// Its state, where that changes.
        state: Option<StateChange>,
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
}

/// Whether a plan may go ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is something to do, or nothing left to do.
    Proceed,
    /// The person takes no part.
    Skip(Skip),
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
            Action::Leave { .. } => true,
            Action::Update { state, .. } => state.as_ref().is_some_and(|s| s.to == AccountState::Suspended),
        })
    }

    /// Whether it gives an existing account an e-mail or an identifier, of which the organisation has each only once.
    pub fn changes_identity(&self) -> bool {
        let unique = |change: &Change| matches!(change.attribute, Attribute::Email | Attribute::EmployeeIdentifier);
        self.actions.iter().any(|action| match action {
            Action::Update { changes, .. } => changes.iter().any(unique),
            Action::Create { .. } | Action::Join { .. } | Action::Leave { .. } => false,
        })
    }

    /// How things are with the person once this is done.
    pub fn status(&self) -> Status {
        match &self.verdict {
            Verdict::Proceed => Status::Synced,
            Verdict::Skip(why) => Status::Skipped { why: why.clone() },
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
            waits_for: None,
            notes: desired.notes.clone(),
        }
    }
}

/// What to do so that what is becomes what should be. Planning again after it is done plans nothing.
pub fn plan(desired: &Desired, seen: &Seen<'_>) -> Plan {
    let leaver = matches!(desired.standing, Standing::Left { .. });
    match (find(desired, &seen.candidates), &desired.scope, leaver) {
        // A leaver's linked account is dealt with even if HR has blanked the e-mail or moved them out of scope.
        (Found::Theirs(account), _, true) => update(desired, seen, account),
        (Found::Matched(account), Ok(()) | Err(Skip::NoEmail | Skip::BadEmail | Skip::EmailHidden), true)
            if desired.email.as_deref() != Some(&*account.email) =>
        {
            adopt_leaver(desired, seen, account)
        }
        (Found::Theirs(account) | Found::Matched(account), Ok(()), _) => update(desired, seen, account),
        (Found::Theirs(account) | Found::Matched(account), Err(why), _) => {
            stop(desired, seen, Some(account), Verdict::Skip(why.clone()))
        }
        (Found::Nothing | Found::Gone(_), _, true) => stop(desired, seen, None, Verdict::Skip(Skip::Inactive)),
        (Found::Nothing | Found::Gone(_) | Found::Doubt(_), Err(why), false) => {
            stop(desired, seen, None, Verdict::Skip(why.clone()))
        }
        (Found::Doubt(hold), _, _) => stop(desired, seen, None, Verdict::Hold(hold)),
        (Found::Gone(account), Ok(()), false) if desired.policy.deleted_account == DeletedAccount::Leave => {
            stop(desired, seen, None, Verdict::Hold(Hold::Deleted { account }))
        }
        (Found::Nothing | Found::Gone(_), Ok(()), false) => match (desired.standing, desired.create_from) {
            (Standing::Unknown, _) => stop(desired, seen, None, Verdict::Skip(Skip::StartHidden)),
            (_, Some(from)) => stop(desired, seen, None, Verdict::NotYet(from)),
            (_, None) => create(desired, seen),
        },
    }
}

/// A plan without anything to do, and why.
fn stop(desired: &Desired, seen: &Seen<'_>, account: Option<&Account>, verdict: Verdict) -> Plan {
    let mut plan = Plan::without_actions(desired, account, verdict);
    // Once somebody has set the account to active, a later suspension is not ours any more.
    plan.suspended_by_us = seen.suspended_by_us && account.is_none_or(|a| a.state == AccountState::Suspended);
    plan.groups = seen.groups.clone();
    plan
}

/// An account found by the identifier alone may be a colleague's who was given the leaver's old number: nothing is
/// taken away on that.
fn adopt_leaver(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Plan {
    let plan = update(desired, seen, account);
    match &desired.scope {
        _ if plan.takes_away() => {
            let hold = Hold::LeaverByIdentifier { account: account.id.clone() };
            stop(desired, seen, Some(account), Verdict::Hold(hold))
        }
        Ok(()) => plan,
        Err(why) => stop(desired, seen, Some(account), Verdict::Skip(why.clone())),
    }
}

fn create(desired: &Desired, seen: &Seen<'_>) -> Plan {
    let Some(username) = desired.usernames.iter().find(|name| !(seen.taken)(name)).cloned() else {
        let hold = Hold::UsernamesTaken { names: desired.usernames.clone() };
        return stop(desired, seen, None, Verdict::Hold(hold));
    };
    let mut plan = Plan::without_actions(desired, None, Verdict::Proceed);
    let (state, because) = first_state(desired);
    let mut values: Vec<Change> = Vec::with_capacity(desired.wanted.len() + 1);
    for wanted in &desired.wanted {
        if let Some(value) = &wanted.value {
            let (attribute, because) = (wanted.attribute.clone(), Arc::clone(&wanted.because));
            values.push(Change { attribute, from: None, to: Some(value.clone()), because });
        }
    }
    values.push(stamp(desired, None));
    let manager = wanted_manager(desired, seen, &mut plan).flatten();
    plan.suspended_by_us = state == AccountState::Suspended;
    plan.actions.push(Action::Create { username, state, because, values, manager });
    // Nothing is known of a new account's groups but that it has none.
    groups(desired, seen, &BTreeSet::new(), &mut plan);
    plan
}

fn update(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Plan {
    let mut plan = Plan::without_actions(desired, Some(account), Verdict::Proceed);
    let leaver = matches!(desired.standing, Standing::Left { .. });
    let state = state(desired, account, seen.suspended_by_us, &mut plan.notes);
    // A leaver's attributes stay as they were: the record is often blanked in HR, and is evidence here.
    let mut changes = if leaver { Vec::new() } else { changes(desired, seen, account, &mut plan.notes) };
    if account.link().as_ref() != Some(&desired.key) {
        let from = account.get(&Attribute::Custom(LINK_ATTRIBUTE.into())).map(str::to_owned);
        changes.push(stamp(desired, from));
    }
    let manager = match wanted_manager(desired, seen, &mut plan) {
        Some(to) if to != account.manager => {
            let manager = match &desired.manager {
                WantedManager::Person(id) => Some(id.clone()),
                WantedManager::Nobody | WantedManager::NotOurs => None,
            };
            Some(ManagerChange { from: account.manager.clone(), to, manager })
        }
        Some(_) | None => None,
    };
    let ends_suspended = state.as_ref().map_or(account.state, |s| s.to) == AccountState::Suspended;
    plan.suspended_by_us = ends_suspended && (seen.suspended_by_us || wants_suspended(desired));
    if state.is_some() || !changes.is_empty() || manager.is_some() {
        plan.actions.push(Action::Update { account: account.id.clone(), state, changes, manager });
    }
    groups(desired, seen, seen.groups, &mut plan);
    plan
}

/// The account carries the link too: a lost store is rebuilt from it, and two installations notice each other.
fn stamp(desired: &Desired, from: Option<String>) -> Change {
    Change {
        attribute: Attribute::Custom(LINK_ATTRIBUTE.into()),
        from,
        to: Some(desired.key.to_string()),
        because: Arc::from("Hirewire's link"),
    }
}

fn changes(desired: &Desired, seen: &Seen<'_>, account: &Account, notes: &mut Vec<Note>) -> Vec<Change> {
    let mut changes = Vec::new();
    for wanted in &desired.wanted {
        let (from, to) = (account.get(&wanted.attribute), wanted.value.as_deref());
        // An e-mail can be changed but not cleared; without one the person is out of scope anyway.
        if from == to || (wanted.attribute == Attribute::Email && to.is_none()) {
            continue;
        }
        // JumpCloud would refuse the whole write for it, and with it what matters more.
        if let Some(holder) = other_holder(&wanted.attribute, seen, account) {
            notes.push(Note::Taken { what: wanted.attribute.to_string(), account: holder.id.clone() });
            continue;
        }
        changes.push(Change {
            attribute: wanted.attribute.clone(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            because: Arc::clone(&wanted.because),
        });
    }
    changes
}

/// Another account that has what this slot shall hold, where JumpCloud wants it unique.
fn other_holder<'a>(attribute: &Attribute, seen: &Seen<'a>, account: &Account) -> Option<&'a Account> {
    let holders = if *attribute == Attribute::Email {
        &seen.candidates.email[..]
    } else if *attribute == Attribute::EmployeeIdentifier {
        &seen.candidates.identifier[..]
    } else {
        &[]
    };
    holders.iter().copied().find(|holder| holder.id != account.id)
}

/// The account to name, `Some(None)` for nobody; `None` where that is not ours to say, or not now. Whoever has none yet
/// is waited for.
fn wanted_manager(desired: &Desired, seen: &Seen<'_>, plan: &mut Plan) -> Option<Option<AccountId>> {
    let id = match &desired.manager {
        WantedManager::NotOurs => return None,
        WantedManager::Nobody => return Some(None),
        WantedManager::Person(id) => id,
    };
    let (named, note) = match &seen.manager {
        ManagerSeen::Account(account) => return Some(Some(account.clone())),
        ManagerSeen::NoAccount => (Some(None), Note::ManagerWithoutAccount { manager: id.clone() }),
        ManagerSeen::Unknown => (None, Note::ManagerPending { manager: id.clone() }),
    };
    plan.waits_for = Some(id.clone());
    plan.notes.push(note);
    named
}

/// Whether, by rules and HR, the account ought to be suspended now.
fn wants_suspended(desired: &Desired) -> bool {
    let hr_inactive = desired.employment == Reading::Is(Employment::Inactive);
    match (desired.policy.first_state, desired.standing) {
        (FirstState::AlwaysSuspended, _) => true,
        (FirstState::AlwaysActive, _) => false,
        (FirstState::SuspendedUntilStart, Standing::Upcoming { .. }) => true,
        (FirstState::AsHrSays, Standing::Upcoming { .. }) => hr_inactive,
        (_, Standing::Left { .. }) => desired.policy.suspend_leavers,
        (_, Standing::Upcoming { .. } | Standing::Here | Standing::Unknown) => false,
    }
}

fn first_state(desired: &Desired) -> (AccountState, String) {
    let state = match (desired.policy.first_state, wants_suspended(desired)) {
        (_, true) => AccountState::Suspended,
        (FirstState::Staged, false) => AccountState::Staged,
        (FirstState::StagedUntilStart, false) if matches!(desired.standing, Standing::Upcoming { .. }) => {
            AccountState::Staged
        }
        (
            FirstState::Active
            | FirstState::AlwaysActive
            | FirstState::AlwaysSuspended
            | FirstState::SuspendedUntilStart
            | FirstState::StagedUntilStart
            | FirstState::AsHrSays,
            false,
        ) => AccountState::Activated,
    };
    (state, standing_in_words(desired))
}

fn standing_in_words(desired: &Desired) -> String {
    match desired.standing {
        Standing::Upcoming { starts } => format!("starts {starts}"),
        Standing::Here => "HR says Active".to_owned(),
        Standing::Left { ended: Some(ended) } => format!("last day {ended}"),
        Standing::Left { ended: None } => "HR says Inactive".to_owned(),
        Standing::Unknown => "HR hides the status or the first day".to_owned(),
    }
}

/// The one table of state changes of an existing account.
fn state(desired: &Desired, account: &Account, ours: bool, notes: &mut Vec<Note>) -> Option<StateChange> {
    let respects = desired.policy.manual_suspension == ManualSuspension::Respect;
    let to = match (account.state, wants_suspended(desired), desired.standing) {
        (AccountState::Suspended, true, _) => None,
        (AccountState::Activated, true, Standing::Upcoming { .. })
            if desired.policy.first_state == FirstState::SuspendedUntilStart =>
        {
            // A start that moved later takes nothing from somebody who already has access.
            None
        }
        (AccountState::Activated | AccountState::Staged, true, _) => Some(AccountState::Suspended),
        // Before the start a leaver's account (a rehire to come) stays as it is.
        (AccountState::Suspended, false, Standing::Upcoming { .. })
            if !matches!(desired.policy.first_state, FirstState::AlwaysActive | FirstState::AsHrSays) =>
        {
            None
        }
        (AccountState::Suspended, false, Standing::Left { .. } | Standing::Unknown) => None,
        (AccountState::Suspended, false, Standing::Here | Standing::Upcoming { .. }) if ours || !respects => {
            Some(AccountState::Activated)
        }
        (AccountState::Suspended, false, Standing::Here | Standing::Upcoming { .. }) => {
            notes.push(Note::SuspendedByHand);
            None
        }
        (AccountState::Staged, false, Standing::Here) if desired.policy.first_state != FirstState::Staged => {
            Some(AccountState::Activated)
        }
        (AccountState::Staged | AccountState::Activated, false, _) => None,
    };
    to.map(|to| StateChange { from: account.state, to, because: standing_in_words(desired) })
}

fn groups(desired: &Desired, seen: &Seen<'_>, current: &BTreeSet<GroupName>, plan: &mut Plan) {
    plan.groups = current.clone();
    for (group, because) in &desired.groups {
        if current.contains(group) {
            continue;
        }
        let create = match (seen.group)(group) {
            GroupSeen::Static => false,
            GroupSeen::Missing if desired.policy.create_groups => true,
            GroupSeen::Missing => {
                plan.notes.push(Note::MissingGroup { group: group.clone() });
                continue;
            }
            GroupSeen::Dynamic => {
                plan.notes.push(Note::DynamicGroup { group: group.clone() });
                continue;
            }
        };
        plan.groups.insert(group.clone());
        plan.actions.push(Action::Join { group: group.clone(), because: Arc::clone(because), create });
    }
    if !desired.groups_decided {
        return;
    }
    let because = match desired.standing {
        Standing::Left { .. } => standing_in_words(desired),
        Standing::Upcoming { .. } | Standing::Here | Standing::Unknown => "no rule names it for this person".to_owned(),
    };
    for group in current.iter().filter(|g| !desired.groups.contains_key(*g)) {
        // A group that was deleted meanwhile has no members; one that became dynamic is JumpCloud's.
        if (seen.group)(group) == GroupSeen::Static {
            plan.actions.push(Action::Leave { group: group.clone(), because: because.clone() });
        }
        plan.groups.remove(group);
    }
}

/// The plan in words: `+` what comes, `~` what changes, `-` what goes, `!` what waits for somebody, `=` nothing.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.username.as_deref().unwrap_or(&self.label);
        match &self.verdict {
            Verdict::Skip(why) => writeln!(f, ". {name} ({}): {why}", self.key)?,
            Verdict::NotYet(until) => writeln!(f, ". {name} ({}): not before {until}", self.key)?,
            Verdict::Hold(why) => writeln!(f, "! {name} ({}): {why}", self.key)?,
            Verdict::Proceed if self.actions.is_empty() => writeln!(f, "= {name} ({}): nothing to do", self.key)?,
            Verdict::Proceed => {
                let mut first = true;
                for action in &self.actions {
                    self.write_action(f, name, action, first)?;
                    first = false;
                }
            }
        }
        for note in &self.notes {
            writeln!(f, "    ! {note}")?;
        }
        Ok(())
    }
}

impl Plan {
    fn write_action(&self, f: &mut fmt::Formatter<'_>, name: &str, action: &Action, first: bool) -> fmt::Result {
        match action {
            Action::Create { username, state, because, values, manager } => {
                writeln!(f, "+ {username} ({}, {}): {state} ({because})", self.label, self.key)?;
                for Change { attribute, to, .. } in values {
                    writeln!(f, "    + {attribute}: {}", shown(to.as_deref()))?;
                }
                if let Some(manager) = manager {
                    writeln!(f, "    + manager: {manager}")?;
                }
                Ok(())
            }
            Action::Update { state, changes, manager, .. } => {
                match state {
                    Some(StateChange { from, to, because }) => {
                        writeln!(f, "~ {name} ({}): {from} -> {to} ({because})", self.key)?;
                    }
                    None => writeln!(f, "~ {name} ({})", self.key)?,
                }
                for Change { attribute, from, to, because } in changes {
                    let (from, to) = (shown(from.as_deref()), shown(to.as_deref()));
                    writeln!(f, "    ~ {attribute}: {from} -> {to} (by {because})")?;
                }
                if let Some(ManagerChange { from, to, manager }) = manager {
                    let who = manager.as_ref().map_or(String::new(), |id| format!(" (by HR: manager is {id})"));
                    let (from, to) = (from.as_ref().map(AccountId::as_str), to.as_ref().map(AccountId::as_str));
                    writeln!(f, "    ~ manager: {} -> {}{who}", shown(from), shown(to))?;
                }
                Ok(())
            }
            Action::Join { group, because, create } => {
                self.write_head(f, name, first)?;
                let made = if *create { ", which is made" } else { "" };
                writeln!(f, "    + group {group}{made} (by {because})")
            }
            Action::Leave { group, because } => {
                self.write_head(f, name, first)?;
                writeln!(f, "    - group {group} ({because})")
            }
        }
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>, name: &str, first: bool) -> fmt::Result {
        if first { writeln!(f, "~ {name} ({})", self.key) } else { Ok(()) }
    }
}

/// What others wrote into JumpCloud is not trusted with the reader's terminal.
fn shown(value: Option<&str>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed("(empty)"),
        Some(text) if text.contains(char::is_control) => text.replace(char::is_control, " ").into(),
        Some(text) => Cow::Borrowed(text),
    }
}
