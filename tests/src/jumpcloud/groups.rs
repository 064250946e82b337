//! User groups: members, associations, and dynamic groups that follow the users' attributes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::answer::{Refusal, refuse};
use super::dynamic::rule;
use super::filter::Test;
use super::id::Id;
use super::insights::{By, Event};
use super::org::Org;
use super::user::User;

/// `membershipMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    NotSet,
    Static,
    ReviewRequired,
    Automated,
}

impl Method {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Method::NotSet => "NOTSET",
            Method::Static => "STATIC",
            Method::ReviewRequired => "DYNAMIC_REVIEW_REQUIRED",
            Method::Automated => "DYNAMIC_AUTOMATED",
        }
    }

    fn parse(text: &str) -> Option<Method> {
        let all = [Method::NotSet, Method::Static, Method::ReviewRequired, Method::Automated];
        all.into_iter().find(|method| method.as_str() == text)
    }
}

/// One user group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: Id,
    pub(super) name: String,
    email: String,
    description: String,
    pub(super) attributes: Value,
    pub(super) method: Method,
    query: Value,
    pub(super) rule: Option<Test>,
    exempt: Value,
    notify: bool,
    /// In the order of their ids.
    pub(super) members: Vec<Id>,
    /// Who was added to or taken from a dynamic group by hand since its last recompute.
    pub(super) strays: BTreeSet<Id>,
}

/// A direct edge from a user or a group to something else, say a system.
#[derive(Clone, Debug)]
pub(super) struct Association {
    pub(super) kind: String,
    pub(super) id: Id,
    pub(super) attributes: Value,
}

const KEYS: &[&str] = &[
    "name",
    "description",
    "email",
    "attributes",
    "membershipMethod",
    "memberQuery",
    "memberQueryExemptions",
    "memberSuggestionsNotify",
];

impl Group {
    fn new(id: Id, name: &str, method: Method) -> Group {
        Group {
            id,
            name: name.to_owned(),
            email: String::new(),
            description: String::new(),
            attributes: Value::Null,
            method,
            query: Value::Null,
            rule: None,
            exempt: json!([]),
            notify: false,
            members: Vec::new(),
            strays: BTreeSet::new(),
        }
    }

    pub(super) fn holds(&self, user: Id) -> bool {
        self.members.binary_search(&user).is_ok()
    }

    fn write(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(refuse(400, format!("{name} must be a string"))),
        };
        match text("name")? {
            Some(name) if !name.is_empty() => self.name = name,
            _ => return Err(refuse(400, "name is required")),
        }
        self.email = text("email")?.unwrap_or(std::mem::take(&mut self.email));
        self.description = text("description")?.unwrap_or(std::mem::take(&mut self.description));
        if let Some(attributes) = body.get("attributes") {
            self.attributes = attributes.clone();
        }
        if let Some(method) = text("membershipMethod")? {
            self.method = Method::parse(&method).ok_or_else(|| refuse(400, "invalid membershipMethod"))?;
        }
        if let Some(query) = body.get("memberQuery") {
            self.rule = if query.is_null() { None } else { Some(rule(query)?) };
            self.query = query.clone();
        }
        if let Some(exempt) = body.get("memberQueryExemptions") {
            self.exempt = exempt.clone();
        }
        self.notify = body.get("memberSuggestionsNotify").and_then(Value::as_bool).unwrap_or(self.notify);
        Ok(())
    }

    pub(super) fn exempts(&self, user: Id) -> bool {
        let id = user.to_string();
        self.exempt.as_array().is_some_and(|all| all.iter().any(|object| object["id"] == *id))
    }
}

impl Org {
    /// A fresh organisation already owns this group.
    pub(super) fn seed_all_users(&mut self) {
        let id = self.new_id();
        self.groups.insert(id, Group::new(id, "All Users", Method::NotSet));
    }

    pub(super) fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.name == name)
    }

    pub(super) fn group_json(&self, group: &Group) -> Value {
        let mut shown = json!({
            "attributes": group.attributes, "id": group.id, "name": group.name, "type": "user_group",
            "email": group.email, "description": group.description,
        });
        if self.switches.newer_group_fields {
            let suggested = self.suggestions(group);
            let adds = suggested.iter().filter(|(_, op)| *op == "add").count();
            let newer = json!({
                "membershipMethod": group.method.as_str(), "memberQuery": group.query,
                "memberQueryExemptions": group.exempt, "memberSuggestionsNotify": group.notify,
                "suggestionCounts": { "add": adds, "remove": suggested.len() - adds, "total": suggested.len() },
                "organizationObjectId": self.id, "memberQueryErrorFlags": [],
            });
            let (Value::Object(shown), Value::Object(newer)) = (&mut shown, newer) else { unreachable!("two objects") };
            // A group without a query has no such key: the specification's is an object, and never null.
            shown.extend(newer.into_iter().filter(|(key, value)| key != "memberQuery" || !value.is_null()));
        }
        shown
    }

    pub(super) fn create_group(&mut self, body: &Map<String, Value>, by: By) -> Result<Id, Refusal> {
        self.check_keys("POST usergroups", body, KEYS);
        let mut group = Group::new(self.new_id(), "", Method::Static);
        group.write(body)?;
        self.check_group_name(&group)?;
        let id = group.id;
        self.groups.insert(id, group);
        self.log_group("group_create", id, by);
        self.recompute_group(id);
        Ok(id)
    }

    /// A full update: what the body leaves out may be reset.
    pub(super) fn update_group(&mut self, id: Id, body: &Map<String, Value>, by: By) -> Result<(), Refusal> {
        self.check_keys("PUT usergroups", body, KEYS);
        let old = self.groups.get(&id).ok_or_else(unknown_group)?;
        let mut group = old.clone();
        if self.switches.group_put_resets {
            group = Group { members: group.members, ..Group::new(id, "", Method::Static) };
        }
        group.write(body)?;
        self.check_group_name(&group)?;
        self.groups.insert(id, group);
        self.log_group("group_update", id, by);
        self.recompute_group(id);
        Ok(())
    }

    pub(super) fn delete_group(&mut self, id: Id, by: By) -> Result<Value, Refusal> {
        let group = self.groups.get(&id).ok_or_else(unknown_group)?;
        let shown = self.group_json(group);
        for user in group.members.clone() {
            if let Some(user) = self.users.get_mut(&user) {
                user.groups.remove(&id);
            }
        }
        self.log_group("group_delete", id, by);
        self.groups.remove(&id);
        self.associations.remove(&id);
        Ok(shown)
    }

    /// `op` on one member; what the answer's status is when nothing had to be done is a switch.
    pub(super) fn change_member(&mut self, group: Id, user: Id, op: &str, by: By) -> Result<(), Refusal> {
        let found = self.groups.get_mut(&group).ok_or_else(unknown_group)?;
        if !self.users.contains_key(&user) {
            return Err(refuse(404, "User not found"));
        }
        if found.method == Method::Automated {
            if self.switches.dynamic_add_refused {
                return Err(refuse(400, "Members of a dynamic group cannot be changed"));
            }
            found.strays.insert(user);
        }
        match (op, found.holds(user)) {
            ("add", true) if self.switches.duplicate_member == 204 => Ok(()),
            ("add", true) => Err(refuse(self.switches.duplicate_member, "Already Exists")),
            ("remove" | "update", false) if op == "remove" && self.switches.missing_member == 204 => Ok(()),
            ("remove" | "update", false) => Err(refuse(404, "Not Found")),
            ("add", false) => {
                self.set_member(group, user, true);
                self.log_member("add", group, user, by);
                Ok(())
            }
            ("remove", true) => {
                self.set_member(group, user, false);
                self.log_member("remove", group, user, by);
                Ok(())
            }
            ("update", true) => Ok(()),
            _ => Err(refuse(400, "op must be one of add, remove, update")),
        }
    }

    pub(super) fn join_all_users(&mut self, user: Id) {
        if self.switches.all_users_fills_itself
            && let Some(group) = self.group_named("All Users").map(|group| group.id)
        {
            self.set_member(group, user, true);
        }
    }

    /// Takes a deleted user out of everything.
    pub(super) fn forget_member(&mut self, user: &User) {
        for group in &user.groups {
            let group = self.groups.get_mut(group).expect("a user's groups exist");
            group.strays.remove(&user.id);
            if let Ok(at) = group.members.binary_search(&user.id) {
                group.members.remove(at);
            }
        }
        self.associations.remove(&user.id);
    }

    pub(super) fn set_member(&mut self, group: Id, user: Id, member: bool) {
        let members = &mut self.groups.get_mut(&group).expect("a known group").members;
        let groups = &mut self.users.get_mut(&user).expect("a known user").groups;
        match (members.binary_search(&user), member) {
            (Err(at), true) => {
                members.insert(at, user);
                groups.insert(group);
            }
            (Ok(at), false) => {
                members.remove(at);
                groups.remove(&group);
            }
            (Ok(_), true) | (Err(_), false) => {}
        }
    }

    /// Notes keys that no client should have sent.
    pub(super) fn check_keys(&mut self, place: &str, body: &Map<String, Value>, known: &[&str]) {
        let strange = body.keys().filter(|key| !known.contains(&key.as_str()));
        self.unknown_keys.extend(strange.map(|key| format!("{place}.{key}")));
    }

    fn check_group_name(&self, group: &Group) -> Result<(), Refusal> {
        let taken = self.groups.values().any(|other| other.id != group.id && other.name == group.name);
        if taken && self.switches.duplicate_group_refused {
            return Err(refuse(409, "Group already exists"));
        }
        Ok(())
    }

    fn log_group(&mut self, event_type: &'static str, id: Id, by: By) {
        let (at, resource, name) = (self.now(), id.to_string(), self.groups[&id].name.clone());
        let (kind, changes) = ("user_group", Vec::new());
        self.events.push(Event { at, event_type, by, resource, kind, name, changes, member: None });
    }

    pub(super) fn log_member(&mut self, op: &'static str, group: Id, user: Id, by: By) {
        let (at, resource, name) = (self.now(), group.to_string(), self.groups[&group].name.clone());
        let (event_type, kind, changes) = ("association_change", "user_group", Vec::new());
        let member = Some((op, user.to_string()));
        self.events.push(Event { at, event_type, by, resource, kind, name, changes, member });
    }
}

pub(super) fn unknown_group() -> Refusal {
    refuse(404, "Not Found")
}
