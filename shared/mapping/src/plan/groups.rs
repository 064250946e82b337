//! Groups entered and left.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Action, GroupSeen, Plan, Seen};
use crate::account::GroupName;
use crate::desired::Desired;
use crate::status::Note;

/// Adds what is to be entered, then what is to be left because of `because`: never a moment without either.
pub(super) fn groups(
    desired: &Desired,
    seen: &Seen<'_>,
    current: &BTreeSet<GroupName>,
    because: &str,
    plan: &mut Plan,
) {
    let left = because;
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
        let because = match seen.past.before_leave.contains(group) {
            true => format!("held before the leave, and still by {because}").into(),
            false => Arc::clone(because),
        };
        plan.actions.push(Action::Join { group: group.clone(), because, create });
    }
    // Whoever was away meanwhile keeps what everybody else keeps of whose department no rule knows.
    for (group, note) in desired.kept.iter().filter(|(group, _)| seen.past.before_leave.contains(*group)) {
        if (seen.group)(group) == GroupSeen::Static && plan.groups.insert(group.clone()) {
            plan.notes.push(note.clone());
            let because = Arc::from("held before the leave");
            plan.actions.push(Action::Join { group: group.clone(), because, create: false });
        }
    }
    if !desired.groups_decided {
        return;
    }
    for group in current.iter().filter(|g| !desired.groups.contains_key(*g)) {
        if let Some(note) = desired.kept.get(group) {
            plan.notes.push(note.clone());
            continue;
        }
        // A group that was deleted meanwhile has no members; one that became dynamic is JumpCloud's.
        if (seen.group)(group) == GroupSeen::Static {
            plan.actions.push(Action::Leave { group: group.clone(), because: left.to_owned() });
        }
        plan.groups.remove(group);
    }
}
