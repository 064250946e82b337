//! The user name of an account that is there: it follows a rename in HR where the rules say so, and nothing else.

use std::sync::Arc;

use super::{Past, Plan, Seen, UsernameChange};
use crate::account::Account;
use crate::desired::Desired;
use crate::lifecycle::Standing;
use crate::matching::Link;
use crate::naming::{NamedFrom, Naming};
use crate::rules::OnRename;
use crate::status::Note;

/// What to tell somebody all of whose names are other people's.
const ALL_TAKEN: &str = "it is another account's, and so is each variant of it";

/// What stays known of where the name came from while nobody looks at it. Under `keep` nothing does: whoever is renamed
/// then is not renamed later, when the rules say otherwise.
pub(super) fn kept(desired: &Desired, past: &Past) -> Option<NamedFrom> {
    match desired.policy.on_rename {
        OnRename::Keep => None,
        OnRename::Follow => past.named,
    }
}

/// The account's new name, if HR has renamed the person since the name was last looked at. What is not done now stays
/// wished for: what is known of the earlier name is kept until the account has the new one.
pub(super) fn rename(desired: &Desired, seen: &Seen<'_>, account: &Account, plan: &mut Plan) -> Option<UsernameChange> {
    plan.named = kept(desired, seen.past);
    let now = match desired.standing {
        // A leaver's account stays as it was, the name too.
        Standing::Left { .. } => None,
        Standing::Upcoming { .. }
        | Standing::Here
        | Standing::Away { .. }
        | Standing::Leaving { .. }
        | Standing::Unknown => desired.named.as_ref(),
    };
    // Not by these rules either, or nobody can say now.
    let Naming { from: now, because } = now?;
    let renamed = plan.named.is_some_and(|then| now.is_renamed_since(&then));
    let fits = desired.usernames.iter().any(|name| name.eq_ignore_ascii_case(&account.username));
    if !renamed || fits || !is_linked(desired, seen, account) {
        plan.named = Some(*now);
        return None;
    }
    let wanted = desired.usernames.first()?;
    let refused = seen.past.notes.iter().find(|note| match note {
        Note::UsernameRefused { wanted: then, .. } => then == wanted,
        _ => false,
    });
    if let (Some(refused), false) = (refused, seen.past.asked) {
        plan.notes.push(refused.clone());
        return None;
    }
    match desired.usernames.iter().find(|name| !(seen.taken)(name)) {
        Some(to) => {
            plan.named = Some(*now);
            let (from, because) = (account.username.to_string(), Arc::clone(because));
            Some(UsernameChange { from, to: to.clone(), because })
        }
        None => {
            plan.notes.push(Note::UsernameRefused { wanted: wanted.clone(), says: ALL_TAKEN.to_owned() });
            None
        }
    }
}

/// Whether the account was known to be theirs before: one that is only now found to be keeps the name that it came with.
fn is_linked(desired: &Desired, seen: &Seen<'_>, account: &Account) -> bool {
    match seen.candidates.link {
        Link::Account(linked) if linked.id == account.id => true,
        Link::Account(_) | Link::Gone(_) | Link::None => account.link().as_ref() == Some(&desired.key),
    }
}
