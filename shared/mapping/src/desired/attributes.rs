//! What an account holds, and what it is called.

use super::{Wanted, WantedManager};
use crate::attribute::Attribute;
use crate::employee::{Employee, Reading};
use crate::expression::Outcome;
use crate::naming::{NamedFrom, Naming};
use crate::rules::{OnRename, Rules, UsernameSource};
use crate::status::{Note, Skip};
use crate::username::{sanitise, with_digest, with_suffix};

/// The longest e-mail address, in characters (RFC 5321).
const EMAIL_LIMIT: usize = 254;

/// Control characters have no place in a directory; everything else is the person's own name.
pub(super) fn clean(text: String) -> String {
    if text.trim().len() == text.len() && !text.contains(char::is_control) {
        return text;
    }
    text.replace(char::is_control, " ").trim().to_owned()
}

fn longer_than(text: &str, limit: usize) -> bool {
    text.len() > limit && text.chars().nth(limit).is_some()
}

pub(super) fn wanted(employee: &Employee, rules: &Rules, notes: &mut Vec<Note>) -> (Vec<Wanted>, Vec<Attribute>) {
    let (mut wanted, mut unclear) = (Vec::with_capacity(rules.attributes.len()), Vec::new());
    for (attribute, expression) in &rules.attributes {
        let text = match expression.text(&employee.fields, &rules.language) {
            Outcome::Is(text) => clean(text),
            other => {
                notes.push(undecided(attribute.to_string(), other));
                unclear.push(attribute.clone());
                continue;
            }
        };
        let limit = attribute.limit();
        if longer_than(&text, limit) {
            notes.push(Note::TooLong { what: attribute.to_string(), limit });
            unclear.push(attribute.clone());
            continue;
        }
        let text = if *attribute == Attribute::Email { text.to_lowercase() } else { text };
        let value = (!text.is_empty()).then_some(text);
        wanted.push(Wanted { attribute: attribute.clone(), value, because: expression.source() });
    }
    (wanted, unclear)
}

pub(super) fn undecided<T>(what: String, outcome: Outcome<T>) -> Note {
    match outcome {
        Outcome::Is(_) => unreachable!("a value is decided"),
        Outcome::Hidden(field) => Note::Hidden { what, field },
        Outcome::Unmapped { table, value } => Note::Unmapped { what, table, value: clean(value) },
        Outcome::Failed(message) => Note::Failed { what, message },
    }
}

pub(super) fn email(wanted: &[Wanted]) -> Result<String, Skip> {
    let slot = wanted.iter().find(|w| w.attribute == Attribute::Email).ok_or(Skip::EmailHidden)?;
    let email = slot.value.as_deref().ok_or(Skip::NoEmail)?;
    let valid = email.split_once('@').is_some_and(|(local, domain)| {
        let labels = domain.split('.').all(|label| !label.is_empty());
        !local.is_empty() && labels && domain.contains('.') && !domain.contains('@')
    });
    let plain = !email.chars().any(char::is_whitespace) && !longer_than(email, EMAIL_LIMIT);
    if valid && plain { Ok(email.to_owned()) } else { Err(Skip::BadEmail) }
}

pub(super) fn label(wanted: &[Wanted], employee: &Employee) -> String {
    let value = |attribute| wanted.iter().find(|w| w.attribute == attribute).and_then(|w| w.value.clone());
    let full = || {
        let parts = [value(Attribute::FirstName), value(Attribute::LastName)];
        let name: Vec<String> = parts.into_iter().flatten().collect();
        (!name.is_empty()).then(|| name.join(" "))
    };
    let label = value(Attribute::DisplayName).or_else(full).or_else(|| value(Attribute::Email));
    label.unwrap_or_else(|| employee.key.to_string())
}

/// Names for the account, best first, and what the first of them is computed from.
pub(super) fn usernames(
    employee: &Employee,
    rules: &Rules,
    wanted: &[Wanted],
    undecided: &[Attribute],
    email: Option<&str>,
) -> (Vec<String>, Option<Naming>) {
    let limit = rules.username.max_length;
    let expression = |attribute| rules.attributes.iter().find(|(a, _)| *a == attribute).map(|(_, e)| e);
    let local = email.and_then(|email| email.rsplit_once('@')).map(|(local, _)| local.to_owned());
    // The text, and the expression that it is HR's word by: none where it only stands in for what nobody can say now.
    let (source, rule) = match &rules.username.source {
        UsernameSource::Email => (local, expression(Attribute::Email)),
        UsernameSource::DisplayName => {
            let shown = wanted.iter().find(|w| w.attribute == Attribute::DisplayName).and_then(|w| w.value.clone());
            match shown {
                Some(shown) => (Some(shown), expression(Attribute::DisplayName)),
                None if undecided.contains(&Attribute::DisplayName) => (local, None),
                None => (local, expression(Attribute::Email)),
            }
        }
        UsernameSource::Computed(computed) => match computed.text(&employee.fields, &rules.language) {
            Outcome::Is(text) => (Some(text), Some(computed)),
            Outcome::Hidden(_) | Outcome::Unmapped { .. } | Outcome::Failed(_) => (local, None),
        },
    };
    let found = source.and_then(|text| sanitise(&text, limit));
    let naming = match (rules.username.on_rename, rule, &found) {
        (OnRename::Follow, Some(rule), Some(name)) => Some(Naming {
            from: NamedFrom::new(rule, limit, &employee.fields, name),
            because: format!("username.from: {}, renamed in HR", rules.username.source).into(),
        }),
        (OnRename::Keep, _, _) | (OnRename::Follow, None, _) | (OnRename::Follow, _, None) => None,
    };
    let name = found.as_deref().unwrap_or("user");
    let second = with_suffix(name, &employee.key.id, limit);
    let third = with_digest(name, &employee.key, limit);
    (found.into_iter().chain([second, third]).collect(), naming)
}

pub(super) fn manager(employee: &Employee, rules: &Rules, notes: &mut Vec<Note>) -> WantedManager {
    if !rules.manager {
        return WantedManager::NotOurs;
    }
    match &employee.manager {
        Reading::Hidden => {
            notes.push(Note::Hidden { what: "manager".to_owned(), field: "manager".to_owned() });
            WantedManager::NotOurs
        }
        Reading::Empty => WantedManager::Nobody,
        Reading::Is(id) if *id == employee.key.id => {
            notes.push(Note::OwnManager);
            WantedManager::NotOurs
        }
        Reading::Is(id) => WantedManager::Person(id.clone()),
    }
}
