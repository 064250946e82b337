//! The groups that the rules give somebody.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attributes::{clean, undecided};
use crate::account::GroupName;
use crate::employee::{Employee, Fields};
use crate::expression::{Expression, Outcome};
use crate::rules::{GroupNaming, GroupRule, Rules};
use crate::status::Note;

pub(super) fn groups(
    employee: &Employee,
    rules: &Rules,
    kept: &mut BTreeMap<GroupName, Note>,
    notes: &mut Vec<Note>,
) -> (BTreeMap<GroupName, Arc<str>>, bool) {
    let mut groups = BTreeMap::new();
    let mut decided = true;
    for rule in &rules.groups {
        match group(employee, rules, &rule.name, rule.when.as_ref()) {
            Ok(Some((name, because))) => {
                groups.entry(name).or_insert(because);
            }
            Ok(None) => kept.extend(kept_of_unknown(employee, rules, rule)),
            Err(note) => {
                decided = false;
                notes.push(note);
            }
        }
    }
    (groups, decided)
}

/// The group of a rule that says no to somebody only because HR has a value that no rule knows: a department that was
/// given a new name, most often.
fn kept_of_unknown(employee: &Employee, rules: &Rules, rule: &GroupRule) -> Option<(GroupName, Note)> {
    let (GroupNaming::Fixed(name), Some(when), true) = (&rule.name, &rule.when, rules.keep_groups_of_unknown) else {
        return None;
    };
    let unknown = |field: &str| {
        let value = *employee.fields.get(field).value()?;
        let note = Note::UnknownValue { field: field.to_owned(), value: clean(value.to_owned()) };
        (!rules.known_values.get(field)?.contains(value)).then_some(note)
    };
    let fields: Vec<(&str, Note)> =
        when.fields().into_iter().filter_map(|field| Some((field, unknown(field)?))).collect();
    let (_, note) = fields.first()?;
    let names: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
    might_hold(when, &names, &employee.fields, rules).then(|| (name.clone(), note.clone()))
}

/// Whether a condition would hold if these fields had some values that the rules know. Who moved from Sales to Care has
/// left the group of Sales in Leeds, whatever the new name of the site is.
fn might_hold(when: &Expression, unknown: &[&str], fields: &Fields, rules: &Rules) -> bool {
    let Some((field, rest)) = unknown.split_first() else {
        return when.holds(fields, &rules.language) == Outcome::Is(true);
    };
    rules.known_values[*field].iter().any(|value| might_hold(when, rest, &fields.with(field, value), rules))
}

fn group(
    employee: &Employee,
    rules: &Rules,
    naming: &GroupNaming,
    when: Option<&Expression>,
) -> Result<Option<(GroupName, Arc<str>)>, Note> {
    let what = || match naming {
        GroupNaming::Fixed(name) => format!("group {name}"),
        GroupNaming::Computed(expression) => format!("group {}", expression.source()),
    };
    let because = match when {
        None => match naming {
            GroupNaming::Fixed(_) => Arc::from("everyone in scope"),
            GroupNaming::Computed(expression) => expression.source(),
        },
        Some(when) => match when.holds(&employee.fields, &rules.language) {
            Outcome::Is(true) => when.source(),
            Outcome::Is(false) => return Ok(None),
            other => return Err(undecided(what(), other)),
        },
    };
    match naming {
        GroupNaming::Fixed(name) => Ok(Some((name.clone(), because))),
        GroupNaming::Computed(expression) => match expression.text(&employee.fields, &rules.language) {
            Outcome::Is(text) if text.trim().is_empty() => Ok(None),
            Outcome::Is(text) => match GroupName::parse(text.trim()) {
                Ok(name) => Ok(Some((name, because))),
                Err(error) => Err(Note::Failed { what: what(), message: error.to_string() }),
            },
            other => Err(undecided(what(), other)),
        },
    }
}

/// The groups with computed names that the rules give this person.
pub fn computed_groups(employee: &Employee, rules: &Rules) -> Vec<GroupName> {
    let computed = rules.groups.iter().filter(|rule| matches!(rule.name, GroupNaming::Computed(_)));
    let given = computed.filter_map(|rule| group(employee, rules, &rule.name, rule.when.as_ref()).ok().flatten());
    given.map(|(name, _)| name).collect()
}

/// What one group rule says of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAnswer {
    /// The group, or the expression of its name.
    pub group: String,
    /// The rule's condition.
    pub when: String,
    /// Yes or no, or why neither.
    pub answer: Result<bool, Note>,
}

/// What every group rule says of this person, whether or not it gives a group.
pub fn group_answers(employee: &Employee, rules: &Rules) -> Vec<GroupAnswer> {
    let answer = |rule: &GroupRule| {
        let given = group(employee, rules, &rule.name, rule.when.as_ref());
        let named = match &rule.name {
            GroupNaming::Fixed(name) => name.to_string(),
            GroupNaming::Computed(expression) => expression.source().to_string(),
        };
        GroupAnswer {
            group: given.as_ref().ok().and_then(|g| g.as_ref()).map_or(named, |(name, _)| name.to_string()),
            when: rule.when.as_ref().map_or("everyone in scope".to_owned(), |when| when.source().to_string()),
            answer: given.map(|group| group.is_some()),
        }
    };
    rules.groups.iter().map(answer).collect()
}
