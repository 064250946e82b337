//! A plan in a few words, for tables.

use super::{Action, Change, ManagerChange, Plan, StateChange, UsernameChange, Verdict};
use crate::account::{AccountState, LINK_ATTRIBUTE};
use crate::attribute::Attribute;

/// A plan in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// What happens, one thing each.
    pub what: Vec<String>,
    /// Why.
    pub why: String,
}

impl Plan {
    /// In a few words: what happens, and the reason that matters most.
    pub fn in_short(&self) -> Short {
        if let Verdict::Hold(why) = &self.verdict {
            return Short { what: vec!["held".to_owned()], why: why.to_string() };
        }
        let mut what = Vec::new();
        let (mut joins, mut leaves) = (Vec::new(), Vec::new());
        // The reason of a new state says it all; groups have one each.
        let (mut first, mut others): (Option<String>, Vec<String>) = (None, Vec::new());
        for action in &self.actions {
            match action {
                Action::Create { username, state, because, .. } => {
                    what.push(format!("new account {username}, {}", word(*state)));
                    first = Some(because.clone());
                }
                Action::Update { state, username, changes, manager, .. } => {
                    if let Some(StateChange { to, because, .. }) = state {
                        what.push(word(*to).to_owned());
                        first = Some(because.clone());
                    }
                    if let Some(UsernameChange { to, because, .. }) = username {
                        what.push(format!("user name {to}"));
                        others.push(because.to_string());
                    }
                    change(changes, &mut what, &mut others);
                    if let Some(ManagerChange { to, manager, .. }) = manager {
                        what.push(if to.is_some() { "manager set" } else { "manager cleared" }.to_owned());
                        others.extend(manager.as_ref().map(|id| format!("HR: manager is {id}")));
                    }
                }
                Action::Join { group, because, .. } => {
                    joins.push(group.to_string());
                    others.push(because.to_string());
                }
                Action::Leave { group, because } => {
                    leaves.push(group.to_string());
                    others.push(because.clone());
                }
                Action::Unbind { devices, because } => {
                    what.push(format!("off {} device{}", devices.len(), if devices.len() == 1 { "" } else { "s" }));
                    others.push(because.clone());
                }
                Action::Delete { because, .. } => {
                    what.push("account deleted".to_owned());
                    first = Some(because.clone());
                }
            }
        }
        for (verb, groups) in [("joins", joins), ("leaves", leaves)] {
            if !groups.is_empty() {
                what.push(format!("{verb} {}", groups.join(", ")));
            }
        }
        let mut said = Vec::new();
        others.retain(|reason| {
            !said.contains(reason) && {
                said.push(reason.clone());
                true
            }
        });
        Short { what, why: first.unwrap_or_else(|| others.join("; ")) }
    }
}

fn word(state: AccountState) -> &'static str {
    match state {
        AccountState::Staged => "staged",
        AccountState::Activated => "active",
        AccountState::Suspended => "suspended",
    }
}

/// Which slots change; our own mark is no news of anybody's.
fn change(changes: &[Change], what: &mut Vec<String>, why: &mut Vec<String>) {
    let link = Attribute::Custom(LINK_ATTRIBUTE.into());
    let (marks, slots): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.attribute == link);
    if !slots.is_empty() {
        let names: Vec<String> = slots.iter().map(|change| change.attribute.to_string()).collect();
        what.push(format!("changes {}", names.join(", ")));
        why.push("HR says so".to_owned());
    }
    if let Some(mark) = marks.first() {
        what.push(if mark.to.is_some() { "linked" } else { "let go" }.to_owned());
        why.push(mark.because.to_string());
    }
}
