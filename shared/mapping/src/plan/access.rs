//! Who may work: an account's first state, and the one table of how it changes.

use super::{Seen, StateChange};
use crate::account::{Account, AccountState};
use crate::desired::Desired;
use crate::employee::{Employment, Reading};
use crate::lifecycle::Standing;
use crate::rules::{FirstState, ManualSuspension, Mode};
use crate::status::Note;

pub(super) fn is_inactive(desired: &Desired) -> bool {
    desired.employment == Reading::Is(Employment::Inactive)
}

/// Whether, by rules and HR, the account ought to be suspended now.
pub(super) fn wants_suspended(desired: &Desired) -> bool {
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

pub(super) fn first_state(desired: &Desired) -> (AccountState, String) {
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
pub(super) fn state(desired: &Desired, account: &Account, ours: bool, notes: &mut Vec<Note>) -> Option<StateChange> {
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
    to.map(|to| state_change(desired, account, to))
}

pub(super) fn state_change(desired: &Desired, account: &Account, to: AccountState) -> StateChange {
    let activates = account.state == AccountState::Staged && to == AccountState::Activated;
    let mail = desired.policy.mail.clone().filter(|_| activates).unwrap_or_default();
    StateChange { from: account.state, to, because: standing_in_words(desired), mail }
}

/// Whether this is an account of our own making that is still to become active: with an activation mail an account is
/// made staged and then activated, and something happened in between. One that an administrator staged and that was
/// linked later comes from a run that was completed.
pub(super) fn half_made(desired: &Desired, seen: &Seen<'_>, account: &Account) -> bool {
    let ours = account.link().as_ref() == Some(&desired.key) && !seen.past.completed;
    let in_two_steps = desired.policy.mail.is_some() && first_state(desired).0 == AccountState::Activated;
    let stands = matches!(desired.standing, Standing::Upcoming { .. } | Standing::Here | Standing::Away { .. });
    account.state == AccountState::Staged && ours && in_two_steps && stands
}
