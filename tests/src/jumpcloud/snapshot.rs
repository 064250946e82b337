//! The organisation as text, for comparing end states.

use std::fmt::Write;

use serde_json::Value;

use super::fields::{FIELDS, Kind};
use super::org::Org;
use super::user::User;

/// What differs between two runs that did the same.
const PASSING: &[&str] = &["_id", "unix_uid", "unix_guid", "created", "password_date", "creationSource"];

pub(super) fn text(org: &Org) -> String {
    let mut users: Vec<&User> = org.users.values().collect();
    users.sort_by_cached_key(|user| user.text("email").to_lowercase());
    let mut text = String::new();
    for user in users {
        add(&mut text, org, user).expect("a string can be written to");
    }
    text
}

/// The names of a user's groups, sorted.
pub(super) fn group_names(org: &Org, user: &User) -> Vec<String> {
    let mut names: Vec<String> = user.groups.iter().map(|id| org.groups[id].name.clone()).collect();
    names.sort();
    names
}

fn add(text: &mut String, org: &Org, user: &User) -> std::fmt::Result {
    let (email, username) = (user.text("email").to_lowercase(), user.text("username"));
    writeln!(text, "{email} {username} {}", user.state().as_str())?;
    for field in FIELDS {
        let value = user.get(field.name);
        let shown_above = matches!(field.name, "email" | "username" | "state" | "suspended");
        if shown_above || PASSING.contains(&field.name) || Some(value) == field.default() || value.is_null() {
            continue;
        }
        match (field.kind, value) {
            (Kind::Manager, _) => {
                let manager = user.manager().and_then(|id| org.users.get(&id));
                writeln!(text, "  manager: {}", manager.map_or("(nobody)", |manager| manager.text("username")))?;
            }
            (_, Value::Array(items)) => {
                let mut lines: Vec<String> = items.iter().map(|item| entry(field.name, item)).collect();
                lines.sort();
                lines.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
            }
            (_, Value::String(plain)) => writeln!(text, "  {}: {plain}", field.name)?,
            (_, other) => writeln!(text, "  {}: {other}", field.name)?,
        }
    }
    let groups = group_names(org, user);
    if groups.is_empty() { Ok(()) } else { writeln!(text, "  groups: {}", groups.join(", ")) }
}

/// `attributes hirewireId: bamboo:1`, `phoneNumbers work: +49 30 1`, `addresses work: country=DE locality=Berlin`.
fn entry(field: &str, item: &Value) -> String {
    let Some(parts) = item.as_object() else { return format!("{field}: {item}") };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let name = item.get("name").or(item.get("type")).map(plain).unwrap_or_default();
    let rest = parts.iter().filter(|(key, _)| !matches!(key.as_str(), "id" | "_id" | "name" | "type"));
    let rest: Vec<String> = match rest.clone().count() {
        1 => rest.map(|(_, value)| plain(value)).collect(),
        _ => rest.map(|(key, value)| format!("{key}={}", plain(value))).collect(),
    };
    format!("{field} {name}: {}", rest.join(" "))
}
