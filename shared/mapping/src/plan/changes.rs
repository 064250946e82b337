//! What an account holds, changed, and its manager.

use std::sync::Arc;

use super::{Change, ManagerSeen, Plan, Seen};
use crate::account::{Account, AccountId};
use crate::attribute::Attribute;
use crate::desired::{Desired, Wanted, WantedManager};
use crate::digest::digest;
use crate::rules::ManualChanges;
use crate::status::Note;

pub(super) fn changes(desired: &Desired, seen: &Seen<'_>, account: &Account, notes: &mut Vec<Note>) -> Vec<Change> {
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
    // Nothing and an empty text are one.
    let says = digest(wanted.value.as_deref().unwrap_or_default());
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
pub(super) fn wanted_manager(desired: &Desired, seen: &Seen<'_>, plan: &mut Plan) -> Option<Option<AccountId>> {
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
