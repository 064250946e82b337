//! Reads the body of a user create or update: known keys, types, lengths, names.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, refuse};
use super::fields::{self, Field, Kind, RESTRICTABLE, Writable};
use super::id::{Id, Ids};
use super::switches::{Switches, UserState};
use super::user::Patch;

/// How a body came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    Post,
    Put,
    /// A person in the console; read-only fields may be set too, to build any history.
    Hand,
}

/// What reading needs besides the body.
pub(super) struct Reader<'a> {
    pub(super) via: Via,
    pub(super) switches: Switches,
    pub(super) now: Timestamp,
    pub(super) ids: &'a mut Ids,
    /// Keys that no client should have sent, as `POST systemusers.colour`.
    pub(super) unknown: &'a mut BTreeSet<String>,
}

impl Reader<'_> {
    /// The body as values to write; `null` clears.
    pub(super) fn read(&mut self, body: &Map<String, Value>) -> Result<Patch, Refusal> {
        let mut patch = Patch::new();
        for (name, value) in body {
            let Some(field) = fields::find(name).filter(|field| self.may_write(field)) else {
                self.stranger(name)?;
                continue;
            };
            if field.kind == Kind::Password {
                let Some(_) = value.as_str().filter(|p| !p.is_empty()) else { return Err(wrong(name, "a password")) };
                // Setting a password completes the registration; it is never kept nor shown.
                patch.insert("activated", Value::Bool(true));
                patch.insert("password_date", Value::String(self.now.to_string()));
                patch.insert("password_expired", Value::Bool(false));
            } else {
                patch.insert(field.name, self.value(field, value)?);
            }
        }
        if patch.get("externally_managed") == Some(&Value::Bool(true)) {
            let owned = |field: &&str| json!({ "field": field, "type": "federated_identity_provider" });
            patch.insert("restrictedFields", RESTRICTABLE.iter().map(owned).collect());
        }
        Ok(patch)
    }

    fn may_write(&self, field: &Field) -> bool {
        match (self.via, field.writable) {
            (Via::Hand, _) => field.name != "_id",
            (_, Writable::Both) | (Via::Post, Writable::Post) | (Via::Put, Writable::Put) => true,
            (_, Writable::Post | Writable::Put | Writable::No) => false,
        }
    }

    fn stranger(&mut self, name: &str) -> Result<(), Refusal> {
        let via = if self.via == Via::Post { "POST" } else { "PUT" };
        self.unknown.insert(format!("{via} systemusers.{name}"));
        if self.switches.unknown_keys_refused { Err(refuse(400, format!("\"{name}\" is not allowed"))) } else { Ok(()) }
    }

    fn value(&mut self, field: &Field, value: &Value) -> Result<Value, Refusal> {
        let name = field.name;
        let is_text = matches!(field.kind, Kind::Text(_) | Kind::Manager);
        match value {
            Value::Null if matches!(name, "username" | "email") => return Err(wrong(name, "a string")),
            Value::Null if matches!(name, "employeeIdentifier" | "manager" | "delegatedAuthority") => {
                return Ok(Value::Null);
            }
            Value::Null if is_text && self.switches.null_clears => return Ok(cleared(field)),
            Value::String(text) if is_text && text.is_empty() => {
                let kept = matches!(name, "username" | "email");
                return if kept || !(self.switches.empty_clears || self.via == Via::Post) {
                    Err(refuse(400, format!("\"{name}\" is not allowed to be empty")))
                } else {
                    Ok(cleared(field))
                };
            }
            _ => {}
        }
        match (field.kind, value) {
            (Kind::Text(limit), Value::String(text)) => {
                if text.chars().count() > limit {
                    return Err(too_long(name, limit));
                }
                if name == "username" { self.username(text) } else { Ok(value.clone()) }
            }
            (Kind::Flag, Value::Bool(_)) => Ok(value.clone()),
            (Kind::Number, Value::Number(n)) if n.as_u64().is_some_and(|n| n >= 1) => Ok(value.clone()),
            (Kind::Manager, Value::String(text)) if Id::parse(text).is_some() => Ok(json!(text.to_lowercase())),
            (Kind::State, Value::String(text)) => match UserState::parse(text) {
                Some(UserState::Staged) if self.via == Via::Put => Err(wrong(name, "one of ACTIVATED, SUSPENDED")),
                Some(_) => Ok(value.clone()),
                None => Err(wrong(name, "one of STAGED, ACTIVATED, SUSPENDED")),
            },
            (Kind::Mfa, Value::Object(given)) => Ok(self.mfa(given)),
            (Kind::RecoveryEmail, Value::Object(given)) => {
                let address = given.get("address").and_then(Value::as_str).ok_or_else(|| wrong(name, "an address"))?;
                Ok(json!({ "address": address, "verified": false }))
            }
            (Kind::Object, Value::Object(_)) => Ok(value.clone()),
            (Kind::Phones, Value::Array(items)) => self.entries(name, items, &["type", "number"], Some("id")),
            (Kind::Addresses, Value::Array(items)) => self.entries(name, items, ADDRESS, Some("id")),
            (Kind::Attributes, Value::Array(items)) => {
                attribute_names(items)?;
                self.entries(name, items, &["name", "value"], Some("_id"))
            }
            (Kind::SshKeys, Value::Array(items)) => self.entries(name, items, &["name", "public_key"], Some("_id")),
            (Kind::Relationships, Value::Array(items)) => self.entries(name, items, &["type", "value"], None),
            (Kind::Restricted, Value::Array(items)) => self.entries(name, items, &["field", "type", "id"], None),
            (kind, _) => Err(wrong(name, expected(kind))),
        }
    }

    /// Starts with a letter; letters, digits, dot, underscore, hyphen.
    fn username(&self, text: &str) -> Result<Value, Refusal> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let well_formed = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(allowed);
        let limit = self.switches.username_limit;
        match self.via {
            Via::Hand => {}
            _ if !self.switches.username_rules => {}
            _ if !well_formed => return Err(refuse(400, format!("Username {text:?} has characters it must not have"))),
            _ if text.len() > limit => return Err(too_long("username", limit)),
            _ => {}
        }
        Ok(Value::String(text.to_owned()))
    }

    fn mfa(&mut self, given: &Map<String, Value>) -> Value {
        let mut mfa = json!({ "exclusion": false, "configured": false });
        for (key, value) in given {
            if ["configured", "exclusion", "exclusionDays", "exclusionUntil"].contains(&key.as_str()) {
                mfa[key] = value.clone();
            } else {
                self.unknown.insert(format!("systemusers.mfa.{key}"));
            }
        }
        mfa
    }

    /// The entries of an array, which replaces the one before it whole: each entry gets a new id under `key`,
    /// whatever id was sent along.
    fn entries(&mut self, name: &str, items: &[Value], keys: &[&str], key: Option<&str>) -> Result<Value, Refusal> {
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let given = item.as_object().ok_or_else(|| wrong(name, "an array of objects"))?;
            let mut entry = Map::new();
            for (part, value) in given {
                let known = keys.contains(&part.as_str());
                if !known && key != Some(part.as_str()) {
                    self.unknown.insert(format!("systemusers.{name}[].{part}"));
                }
                if known {
                    let text = value.as_str().ok_or_else(|| wrong(&format!("{name}.{part}"), "a string"))?;
                    let limit = if part == "public_key" { 4096 } else { 1024 };
                    if text.chars().count() > limit {
                        return Err(too_long(&format!("{name}.{part}"), limit));
                    }
                    entry.insert(part.clone(), value.clone());
                }
            }
            if let Some(key) = key {
                entry.insert(key.to_owned(), Value::String(self.ids.next(self.now).to_string()));
            }
            all.push(Value::Object(entry));
        }
        Ok(Value::Array(all))
    }
}

const ADDRESS: &[&str] =
    &["type", "streetAddress", "extendedAddress", "poBox", "locality", "region", "postalCode", "country"];

/// Custom attributes: letters and digits only, under 32 characters, each name once, a value that is text.
fn attribute_names(items: &[Value]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for item in items {
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        let well_formed = (1..=31).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if !well_formed {
            return Err(refuse(400, format!("Attribute name {name:?} must be 1 to 31 letters and digits")));
        }
        if !seen.insert(name) {
            return Err(refuse(400, format!("Attribute name {name:?} is not unique")));
        }
        if !item.get("value").is_some_and(Value::is_string) {
            return Err(wrong("attributes.value", "a string"));
        }
    }
    Ok(())
}

/// What a cleared text becomes: its default, or nothing.
fn cleared(field: &Field) -> Value {
    field.default().cloned().unwrap_or(Value::Null)
}

fn wrong(name: &str, expected: &str) -> Refusal {
    refuse(400, format!("\"{name}\" must be {expected}"))
}

fn too_long(name: &str, limit: usize) -> Refusal {
    refuse(400, format!("\"{name}\" length must be less than or equal to {limit} characters long"))
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text(_) | Kind::State | Kind::Password => "a string",
        Kind::Flag => "a boolean",
        Kind::Number => "a number from 1",
        Kind::Manager => "an object id",
        Kind::Mfa | Kind::RecoveryEmail | Kind::Object => "an object",
        Kind::Phones | Kind::Addresses | Kind::Attributes | Kind::SshKeys | Kind::Relationships | Kind::Restricted => {
            "an array"
        }
    }
}
