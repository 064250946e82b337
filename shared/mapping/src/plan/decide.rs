//! The decision: one table of whose account it is and what is to become of it, and what follows for each part of it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::groups::groups;
use super::{Action, Change, ManagerChange, ManagerSeen, Plan, Seen, StateChange, Verdict};
use crate::account::{Account, AccountId, AccountState, LINK_ATTRIBUTE, Mail};
use crate::attribute::Attribute;
use crate::desired::{Desired, Wanted, WantedManager};
use crate::employee::{Employment, Reading};
use crate::lifecycle::Standing;
use crate::matching::{Found, earlier_self, find};
use crate::rules::{DeletedAccount, FirstState, InactivePeople, ManualChanges, ManualSuspension, Mode, ScopeExit};
use crate::status::{Brake, Hold, Note, Skip};

/// What to do so that what is becomes what should be. Planning again after it is done plans nothing.
pub fn plan(desired: &Desired, seen: &Seen<'_>) -> Plan {
    let leaver = matches!(desired.standing, Standing::Left { .. });
    let found = find(desired, &seen.candidates);
    if desired.policy.mode == Mode::Release {
        return match found {
            Found::Theirs(account) => release(desired, seen, account),
            Found::Matched(_) | Found::Nothing | Found::Gone(_) | Found::Doubt(_) => {
                stop(desired, seen, None, Verdict::Skip(Skip::Released))
            }
        };
    }
    if let Standing::Leaving { ends } = desired.standing {
        return match found {
            Found::Theirs(account) | Found::Matched(account)
                if seen.past.left_since.is_none() && account.state != AccountState::Suspended =>
            {
                // Nothing is given on the last day, and nothing taken before it is over.
                stop(desired, seen, Some(account), Verdict::Proceed)
            }
            // Whoever has lost access already does not get it back for the last hours.
            Found::Theirs(_) | Found::Matched(_) | Found::Nothing | Found::Gone(_) | Found::Doubt(_) => {
                plan(&Desired { standing: Standing::Left { ended: Some(ends) }, ..desired.clone() }, seen)
            }
        };
    }
    match (found, &desired.scope, leaver) {
        // A leaver's linked account is dealt with even if HR has blanked the e-mail or moved them out of scope.
        (Found::Theirs(account), _, true) => update(desired, seen, account),
        (Found::Matched(account), Ok(()) | Err(Skip::NoEmail | Skip::BadEmail | Skip::EmailHidden), true)
            if desired.email.as_deref() != Some(&*account.email) =>
        {
            adopt_leaver(desired, seen, account)
        }
        (Found::Theirs(account) | Found::Matched(account), Ok(()), _) => update(desired, seen, account),
        (Found::Theirs(account), Err(why), false) if leaves_scope(desired, why) => {
            leave_scope(desired, seen, account, why)
        }
        (Found::Theirs(account) | Found::Matched(account), Err(why), _) => {
            stop(desired, seen, Some(account), Verdict::Skip(why.clone()))
        }
        (Found::Nothing, Ok(()), true) if desired.policy.inactive_people == InactivePeople::Suspended => {
            create(desired, seen)
        }
        (Found::Nothing | Found::Gone(_), _, true) => stop(desired, seen, None, Verdict::Skip(Skip::Inactive)),
        // Somebody else has the account by now, or the same person under a new number.
        (Found::Doubt(Hold::Claimed { .. }), _, true) => stop(desired, seen, None, Verdict::Skip(Skip::Inactive)),
        (Found::Nothing | Found::Gone(_) | Found::Doubt(_), Err(why), false) => {
            stop(desired, seen, None, Verdict::Skip(why.clone()))
        }
        (Found::Doubt(hold), _, _) => stop(desired, seen, None, Verdict::Hold(hold)),
        (Found::Gone(account), Ok(()), false) if desired.policy.deleted_account == DeletedAccount::Leave => {
            stop(desired, seen, None, Verdict::Hold(Hold::Deleted { account }))
        }
        (Found::Nothing | Found::Gone(_), Ok(()), false) => match (desired.standing, desired.create_from) {
            (Standing::Unknown, _) => stop(desired, seen, None, Verdict::Skip(Skip::StartHidden)),
            (Standing::Away { .. }, _)
                if is_inactive(desired) && desired.policy.inactive_people == InactivePeople::Never =>
            {
                stop(desired, seen, None, Verdict::Skip(Skip::Inactive))
            }
            (_, Some(from)) => stop(desired, seen, None, Verdict::NotYet(from)),
            (_, None) => create(desired, seen),
        },
    }
}

/// A plan without anything to do, and why.
fn stop(desired: &Desired, seen: &Seen<'_>, account: Option<&Account>, verdict: Verdict) -> Plan {
    let mut plan = Plan::without_actions(desired, account, verdict);
    // Once somebody has set the account to active, a later suspension is not ours any more.
    plan.suspended_by_us = seen.past.suspended_by_us && account.is_none_or(|a| a.state == AccountState::Suspended);
    plan.groups = seen.groups.clone();
    plan.before_leave = seen.past.before_leave.clone();
    plan
}

/// Whether this is somebody who left the scope, and the rules do something about that. Whoever cannot be judged now, or
/// has no address, has not left it.
fn leaves_scope(desired: &Desired, why: &Skip) -> bool {
    match why {
        Skip::OutOfScope { .. } | Skip::OtherDomain | Skip::NotChosen => {
            desired.policy.on_leaving_scope != ScopeExit::Keep
        }
        Skip::NoEmail
        | Skip::BadEmail
        | Skip::EmailHidden
        | Skip::StatusHidden
        | Skip::StartHidden
        | Skip::ScopeUnknown { .. }
        | Skip::Inactive
        | Skip::NoRecord
        | Skip::Released => false,
    }
}

/// Still of the company, no longer of those whom the rules are about: a change of its own kind, and never a leaver's.
fn leave_scope(desired: &Desired, seen: &Seen<'_>, account: &Account, why: &Skip) -> Plan {
    let mut plan = Plan::without_actions(desired, Some(account), Verdict::Withdraw(why.clone()));
    let because = why.to_string();
    let suspend = desired.policy.on_leaving_scope == ScopeExit::Suspend && account.state == AccountState::Activated;
    if suspend {
        let state = StateChange {
            from: account.state,
            to: AccountState::Suspended,
            because: because.clone(),
            mail: Mail::Withheld,
        };
        let (account, changes) = (account.id.clone(), Vec::new());
        plan.actions.push(Action::Update { account, state: Some(state), changes, manager: None });
    }
    plan.suspended_by_us = suspend || (seen.past.suspended_by_us && account.state == AccountState::Suspended);
    let nowhere =
        Desired { groups: Default::default(), groups_decided: true, kept: Default::default(), ..desired.clone() };
    groups(&nowhere, seen, seen.groups, &because, &mut plan);
    plan.brake = plan.takes_away().then_some(Brake::LeaveScope);
    plan
}

/// The connection is being removed: only our own mark is taken off.
fn release(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Plan {
    let mut plan = stop(desired, seen, Some(account), Verdict::Withdraw(Skip::Released));
    let link = Attribute::Custom(LINK_ATTRIBUTE.into());
    if let Some(from) = account.get(&link).map(str::to_owned) {
        let because = Arc::from("mode = \"release\"");
        let changes = vec![Change { attribute: link, from: Some(from), to: None, because }];
        plan.actions.push(Action::Update { account: account.id.clone(), state: None, changes, manager: None });
    }
    plan.notes.clear();
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
    let mail = desired.policy.mail.clone().filter(|_| state == AccountState::Activated);
    let password = desired.policy.default_password;
    plan.actions.push(Action::Create { username, state, because, values, manager, mail, password });
    // Nothing is known of a new account's groups but that it has none.
    groups(desired, seen, &BTreeSet::new(), NO_RULE, &mut plan);
    plan
}

/// Why a group is left that no rule gives any more.
const NO_RULE: &str = "no rule names it for this person";

fn update(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Plan {
    let mut plan = Plan::without_actions(desired, Some(account), Verdict::Proceed);
    let leaver = matches!(desired.standing, Standing::Left { .. });
    if let Some(because) = deletion(desired, seen, account) {
        plan.verdict = Verdict::Withdraw(Skip::Inactive);
        plan.actions.push(Action::Delete { account: account.id.clone(), because });
        plan.brake = Some(Brake::Delete);
        return plan;
    }
    let earlier = earlier_self(desired, &seen.candidates, account);
    plan.takes_over = earlier.map(|claim| claim.by.clone());
    let ours = seen.past.suspended_by_us || earlier.is_some_and(|claim| claim.suspended_by_us);
    let state = state(desired, account, ours, &mut plan.notes);
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
    plan.suspended_by_us = ends_suspended && (ours || wants_suspended(desired));
    if state.is_some() || !changes.is_empty() || manager.is_some() {
        plan.actions.push(Action::Update { account: account.id.clone(), state, changes, manager });
    }
    let because = match desired.standing {
        Standing::Left { .. } | Standing::Away { leave_groups: true, .. } => standing_in_words(desired),
        Standing::Away { leave_groups: false, .. }
        | Standing::Upcoming { .. }
        | Standing::Here
        | Standing::Leaving { .. }
        | Standing::Unknown => NO_RULE.to_owned(),
    };
    groups(desired, seen, seen.groups, &because, &mut plan);
    if leaver && desired.policy.unbind_devices && !seen.devices.is_empty() {
        plan.actions.push(Action::Unbind { devices: seen.devices.to_vec(), because });
    }
    if matches!(desired.standing, Standing::Away { leave_groups: true, .. }) {
        plan.before_leave = seen.past.before_leave.union(seen.groups).cloned().collect();
    }
    if desired.policy.mode == Mode::Offboard && plan.takes_away() {
        plan.brake = Some(Brake::Offboard);
    }
    plan
}

/// Why the account is deleted, if it is: a leaver's, suspended by us for as long as the rules say, and still so.
fn deletion(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Option<String> {
    let Standing::Left { .. } = desired.standing else { return None };
    let due = desired.policy.deletes_at(seen.past.left_since?)?;
    let ours = account.state == AccountState::Suspended && seen.past.suspended_by_us;
    let days = desired.policy.delete_after_days?;
    (ours && due <= desired.at).then(|| format!("{}, and {days} days have passed", standing_in_words(desired)))
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
        if let Some(hr) = changed_by_hand(desired, seen, wanted, from) {
            notes.push(Note::ChangedByHand { what: wanted.attribute.to_string(), hr });
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

/// A digest of what HR says, if somebody changed this slot by hand and the rules respect that: HR says nothing new since
/// all was as it says, or since the change was noted.
fn changed_by_hand(desired: &Desired, seen: &Seen<'_>, wanted: &Wanted, from: Option<&str>) -> Option<u64> {
    if desired.policy.manual_changes == ManualChanges::Override || from.is_none() && wanted.value.is_none() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    wanted.value.hash(&mut hasher);
    let says = hasher.finish();
    let noted = seen.past.notes.iter().any(|note| match note {
        Note::ChangedByHand { what, hr } => *what == wanted.attribute.to_string() && *hr == says,
        _ => false,
    });
    (seen.past.settled || noted).then_some(says)
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

fn is_inactive(desired: &Desired) -> bool {
    desired.employment == Reading::Is(Employment::Inactive)
}

/// Whether, by rules and HR, the account ought to be suspended now.
fn wants_suspended(desired: &Desired) -> bool {
    let hr_inactive = is_inactive(desired);
    match (desired.policy.first_state, desired.standing) {
        (FirstState::AlwaysSuspended, _) => true,
        (FirstState::AlwaysActive, _) => false,
        (FirstState::SuspendedUntilStart, Standing::Upcoming { .. }) => true,
        (FirstState::AsHrSays, Standing::Upcoming { .. }) => hr_inactive,
        (_, Standing::Left { .. }) => desired.policy.suspend_leavers,
        (FirstState::AsHrSays, Standing::Away { suspend, .. }) => suspend || hr_inactive,
        (_, Standing::Away { suspend, .. }) => suspend,
        (_, Standing::Upcoming { .. } | Standing::Here | Standing::Leaving { .. } | Standing::Unknown) => false,
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

pub(super) fn standing_in_words(desired: &Desired) -> String {
    if desired.policy.mode == Mode::Offboard {
        return "mode = \"offboard\"".to_owned();
    }
    match desired.standing {
        Standing::Away { returns, .. } => {
            let word = desired.leave.as_deref().filter(|word| !word.is_empty()).unwrap_or("HR gives no access");
            match returns {
                Some(day) => format!("on leave ({word}), back {day}"),
                None => format!("on leave ({word})"),
            }
        }
        Standing::Upcoming { starts } => format!("starts {starts}"),
        Standing::Here => "HR says Active".to_owned(),
        Standing::Left { ended: Some(ended) } | Standing::Leaving { ends: ended } => format!("last day {ended}"),
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
        // Nothing is taken from a staged account, and what is staged once never is again.
        (AccountState::Staged, true, Standing::Away { .. }) => None,
        (AccountState::Activated | AccountState::Staged, true, _) => Some(AccountState::Suspended),
        // Before the start a leaver's account (a rehire to come) stays as it is.
        (AccountState::Suspended, false, Standing::Upcoming { .. })
            if !matches!(desired.policy.first_state, FirstState::AlwaysActive | FirstState::AsHrSays) =>
        {
            None
        }
        (AccountState::Suspended, false, Standing::Left { .. } | Standing::Leaving { .. } | Standing::Unknown) => None,
        (AccountState::Suspended, false, Standing::Here | Standing::Upcoming { .. } | Standing::Away { .. })
            if ours || !respects =>
        {
            Some(AccountState::Activated)
        }
        (AccountState::Suspended, false, Standing::Here | Standing::Upcoming { .. } | Standing::Away { .. }) => {
            notes.push(Note::SuspendedByHand);
            None
        }
        (AccountState::Staged, false, Standing::Here | Standing::Away { .. })
            if desired.policy.first_state != FirstState::Staged =>
        {
            Some(AccountState::Activated)
        }
        (AccountState::Staged | AccountState::Activated, false, _) => None,
    };
    let activates = account.state == AccountState::Staged && to == Some(AccountState::Activated);
    let mail = desired.policy.mail.clone().filter(|_| activates).unwrap_or_default();
    to.map(|to| StateChange { from: account.state, to, because: standing_in_words(desired), mail })
}
