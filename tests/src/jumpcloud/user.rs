//! One user: only what differs from the defaults is kept, so that a hundred thousand fit in memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::fields::{self, FIELDS};
use super::id::Id;
use super::switches::UserState;

/// Values by field; `null` clears.
pub(super) type Patch = BTreeMap<&'static str, Value>;

#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: Id,
    pub(super) groups: BTreeSet<Id>,
    fields: BTreeMap<&'static str, Value>,
}

impl User {
    pub(super) fn new(id: Id) -> User {
        let fields = BTreeMap::from([("_id", Value::String(id.to_string()))]);
        User { id, groups: BTreeSet::new(), fields }
    }

    /// A field as an answer shows it; null where it is missing.
    pub(super) fn get(&self, name: &str) -> &Value {
        let name = if name == "id" { "_id" } else { name };
        let default = || fields::find(name).and_then(fields::Field::default).unwrap_or(fields::null());
        self.fields.get(name).unwrap_or_else(default)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_default()
    }

    pub(super) fn state(&self) -> UserState {
        UserState::parse(self.text("state")).expect("every user has a state")
    }

    pub(super) fn manager(&self) -> Option<Id> {
        Id::parse(self.text("manager"))
    }

    /// Writes `patch` and names the fields that changed by it.
    pub(super) fn apply(&mut self, patch: Patch) -> Vec<&'static str> {
        let mut changed = Vec::new();
        for (name, value) in patch {
            if *self.get(name) == value {
                continue;
            }
            changed.push(name);
            let default = fields::find(name).and_then(fields::Field::default);
            if value.is_null() || Some(&value) == default {
                self.fields.remove(name);
            } else {
                self.fields.insert(name, value);
            }
        }
        changed
    }

    /// The record as JumpCloud answers it; only `wanted` fields (and the ids) unless that is empty.
    pub(super) fn shown<'a>(&'a self, wanted: &'a [String]) -> Shown<'a> {
        Shown { user: self, wanted }
    }

    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self.shown(&[])).expect("a user can be written")
    }
}

/// A user on the way out: every field with its default, `_id` and `id` both.
pub(super) struct Shown<'a> {
    user: &'a User,
    wanted: &'a [String],
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in FIELDS {
            let asked = self.wanted.is_empty() || field.name == "_id" || self.wanted.iter().any(|w| w == field.name);
            if let Some(value) = self.user.fields.get(field.name).or(field.default()).filter(|_| asked) {
                map.serialize_entry(field.name, value)?;
            }
        }
        map.serialize_entry("id", &self.user.id)?;
        map.end()
    }
}
