//! The decision: one table of whose account it is and what is to become of it, and what follows for each part of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use super::access::{first_state, half_made, is_inactive, standing_in_words, state, state_change, wants_suspended};
use super::changes::{changes, wanted_manager};
use super::groups::groups;
use super::rename::{kept, rename};
use super::{Action, Change, ManagerChange, Plan, Seen, StateChange, Verdict};
use crate::account::{Account, AccountState, LINK_ATTRIBUTE, Mail};
use crate::attribute::Attribute;
use crate::desired::{Desired, WantedManager};
use crate::lifecycle::Standing;
use crate::matching::{Found, earlier_self, find};
use crate::rules::{DeletedAccount, InactivePeople, Mode, ScopeExit};
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
        return leaving(desired, seen, found, ends);
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

/// Nothing is given on the last day, and nothing taken before it is over.
fn leaving(desired: &Desired, seen: &Seen<'_>, found: Found<'_>, ends: Date) -> Plan {
    let waits = |account: &Account| seen.past.left_since.is_none() && account.state != AccountState::Suspended;
    // An account that nobody linked is not linked on the last day if it would not be on another: once it is, it is dealt
    // with as theirs.
    let by_email = |account: &Account| desired.email.as_deref() == Some(&*account.email);
    match found {
        Found::Theirs(account) if waits(account) => stop(desired, seen, Some(account), Verdict::Proceed),
        Found::Matched(account) if waits(account) && desired.scope.is_ok() && by_email(account) => {
            stop(desired, seen, Some(account), Verdict::Proceed)
        }
        // Whoever has lost access already does not get it back for the last hours.
        Found::Theirs(_) | Found::Matched(_) | Found::Nothing | Found::Gone(_) | Found::Doubt(_) => {
            plan(&Desired { standing: Standing::Left { ended: Some(ends) }, ..desired.clone() }, seen)
        }
    }
}

/// A plan without anything to do, and why.
fn stop(desired: &Desired, seen: &Seen<'_>, account: Option<&Account>, verdict: Verdict) -> Plan {
    let mut plan = Plan::without_actions(desired, account, verdict);
    // Once somebody has set the account to active, a later suspension is not ours any more.
    plan.suspended_by_us = seen.past.suspended_by_us && account.is_none_or(|a| a.state == AccountState::Suspended);
    plan.groups = seen.groups.clone();
    plan.before_leave = seen.past.before_leave.clone();
    plan.named = kept(desired, seen.past);
    // What was changed by hand is not looked at now, and is not forgotten either.
    plan.notes.extend(seen.past.notes.iter().filter(|note| matches!(note, Note::ChangedByHand { .. })).cloned());
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
        plan.actions.push(Action::Update { account, state: Some(state), username: None, changes, manager: None });
    }
    plan.named = kept(desired, seen.past);
    plan.suspended_by_us = suspend || (seen.past.suspended_by_us && account.state == AccountState::Suspended);
    let nowhere =
        Desired { groups: Default::default(), groups_decided: true, kept: Default::default(), ..desired.clone() };
    groups(&nowhere, seen, seen.groups, &because, &mut plan);
    if matches!(desired.standing, Standing::Away { .. }) {
        plan.before_leave = seen.past.before_leave.clone();
    }
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
        let account = account.id.clone();
        plan.actions.push(Action::Update { account, state: None, username: None, changes, manager: None });
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
    plan.named = desired.named.as_ref().map(|naming| naming.from);
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
    let state = match half_made(desired, seen, account) {
        true => Some(state_change(desired, account, AccountState::Activated)),
        false => state(desired, account, ours, &mut plan.notes),
    };
    // A leaver's attributes stay as they were: the record is often blanked in HR, and is evidence here.
    let mut changes = if leaver { Vec::new() } else { changes(desired, seen, account, &mut plan.notes) };
    let username = rename(desired, seen, account, &mut plan);
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
    // A suspension that an administrator was known to have made before the leave is there after it too.
    let away = matches!(desired.standing, Standing::Away { .. });
    let by_hand = away && !ours && ends_suspended && seen.past.notes.contains(&Note::SuspendedByHand);
    if by_hand && !plan.notes.contains(&Note::SuspendedByHand) {
        plan.notes.push(Note::SuspendedByHand);
    }
    plan.suspended_by_us = ends_suspended && (ours || (wants_suspended(desired) && !by_hand));
    if state.is_some() || username.is_some() || !changes.is_empty() || manager.is_some() {
        plan.actions.push(Action::Update { account: account.id.clone(), state, username, changes, manager });
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

/// Why the account is deleted, if it is: a leaver's, suspended by us for as long as the rules say, and still so. A date
/// alone takes access and gives it back if HR still says Active two days later; a deletion nobody takes back.
fn deletion(desired: &Desired, seen: &Seen<'_>, account: &Account) -> Option<String> {
    let Standing::Left { .. } = desired.standing else { return None };
    if !is_inactive(desired) && desired.policy.mode != Mode::Offboard {
        return None;
    }
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
