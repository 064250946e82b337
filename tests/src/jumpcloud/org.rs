//! The organisation itself: users with their indexes, groups, keys, and what is logged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::Mail;
use super::bulk::{Job, Scheduled};
use super::clock_text;
use super::drift::Drift;
use super::filter::{Op, Test};
use super::groups::{Association, Group};
use super::id::{Id, Ids};
use super::insights::{By, Event};
use super::keys::Keys;
use super::switches::Switches;
use super::user::User;
use crate::clock::Clock;

/// Everything one simulated organisation knows.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) clock: Clock,
    pub(super) switches: Switches,
    pub(super) id: Id,
    pub(super) created: String,
    pub(super) keys: Keys,
    pub(super) ids: Ids,
    pub(super) users: HashMap<Id, User>,
    /// All users by id, which is the order of every list that asks for no other.
    pub(super) order: Vec<Id>,
    pub(super) by_username: Index,
    pub(super) by_email: Index,
    pub(super) by_identifier: Index,
    pub(super) by_local_name: Index,
    pub(super) reports: HashMap<Id, BTreeSet<Id>>,
    pub(super) next_uid: u64,
    /// Grows with every change of a user; remembered answers are of one version.
    pub(super) version: u64,
    pub(super) groups: BTreeMap<Id, Group>,
    pub(super) associations: HashMap<Id, Vec<Association>>,
    /// E-mail addresses, in lower case, that accounts of other organisations hold.
    pub(super) elsewhere: HashSet<String>,
    /// When the next job or schedule is due, at the earliest.
    pub(super) next_due: Option<Timestamp>,
    pub(super) jobs: BTreeMap<Id, Job>,
    pub(super) scheduled: BTreeMap<Id, Scheduled>,
    /// Users whose dynamic groups wait for the next tick.
    pub(super) stale: BTreeSet<Id>,
    pub(super) drifts: Vec<(usize, Drift)>,
    pub(super) mails: Vec<Mail>,
    pub(super) events: Vec<Event>,
    pub(super) unknown_keys: BTreeSet<String>,
}

impl Org {
    pub(super) fn new(clock: Clock) -> Org {
        let now = clock.now();
        let mut ids = Ids::default();
        let (id, created) = (ids.next(now), clock_text(now, ids.milliseconds()));
        let mut org = Org {
            clock,
            switches: Switches::default(),
            id,
            created,
            keys: Keys::default(),
            ids,
            users: HashMap::new(),
            order: Vec::new(),
            by_username: Index::default(),
            by_email: Index::default(),
            by_identifier: Index::default(),
            by_local_name: Index::default(),
            reports: HashMap::new(),
            next_uid: 5001,
            version: 0,
            groups: BTreeMap::new(),
            associations: HashMap::new(),
            elsewhere: HashSet::new(),
            next_due: None,
            jobs: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            stale: BTreeSet::new(),
            drifts: Vec::new(),
            mails: Vec::new(),
            events: Vec::new(),
            unknown_keys: BTreeSet::new(),
        };
        org.seed_all_users();
        org
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn new_id(&mut self) -> Id {
        self.ids.next(self.clock.now())
    }

    /// Notes what happened to a user.
    pub(super) fn log_user(&mut self, event_type: &'static str, by: By, user: &User, changes: Vec<&'static str>) {
        let (id, name) = (user.id.to_string(), user.text("username").to_owned());
        let at = self.now();
        self.events.push(Event { at, event_type, by, resource: id, kind: "user", name, changes, member: None });
    }

    /// Puts a new user into every index.
    pub(super) fn keep(&mut self, user: User) {
        let at = self.order.partition_point(|id| *id < user.id);
        self.order.insert(at, user.id);
        self.index(&user);
        self.users.insert(user.id, user);
    }

    pub(super) fn index(&mut self, user: &User) {
        self.version += 1;
        self.by_username.add(user.text("username"), user.id);
        self.by_email.add(user.text("email"), user.id);
        self.by_identifier.add(user.text("employeeIdentifier"), user.id);
        self.by_local_name.add(user.text("systemUsername"), user.id);
        if let Some(manager) = user.manager() {
            self.reports.entry(manager).or_default().insert(user.id);
        }
    }

    pub(super) fn unindex(&mut self, user: &User) {
        self.by_username.remove(user.text("username"), user.id);
        self.by_email.remove(user.text("email"), user.id);
        self.by_identifier.remove(user.text("employeeIdentifier"), user.id);
        self.by_local_name.remove(user.text("systemUsername"), user.id);
        if let Some(reports) = user.manager().and_then(|manager| self.reports.get_mut(&manager)) {
            reports.remove(&user.id);
        }
    }

    /// By id, e-mail or username.
    pub(super) fn find(&self, who: &str) -> Option<&User> {
        let by_name = || self.by_email.get(who).first().or(self.by_username.get(who).first()).copied();
        self.users.get(&Id::parse(who).filter(|id| self.users.contains_key(id)).or_else(by_name)?)
    }

    /// The users among whom all that meet `test` are, where an index can tell.
    pub(super) fn candidates(&self, test: &Test) -> Option<Vec<Id>> {
        match test {
            Test::All(all) => all.iter().find_map(|test| self.candidates(test)),
            Test::Any(any) => {
                let lists: Option<Vec<Vec<Id>>> = any.iter().map(|test| self.candidates(test)).collect();
                Some(lists?.concat())
            }
            Test::Field(path, op) => {
                let index = match path.as_str() {
                    "username" => &self.by_username,
                    "email" => &self.by_email,
                    "employeeIdentifier" => &self.by_identifier,
                    "_id" | "id" => return self.by_id(op),
                    _ => return None,
                };
                let of = |text: &str| index.get(text).to_vec();
                match op {
                    Op::Is(value) => value.as_str().map(of),
                    Op::In(values) => Some(values.iter().filter_map(|v| v.as_str()).flat_map(of).collect()),
                    Op::Matches(pattern) => pattern.only_text().map(|text| of(&text)),
                    _ => None,
                }
            }
        }
    }

    fn by_id(&self, op: &Op) -> Option<Vec<Id>> {
        let wanted = match op {
            Op::Is(value) => std::slice::from_ref(value),
            Op::In(values) => values.as_slice(),
            _ => return None,
        };
        let known = |id: &Id| self.users.contains_key(id);
        Some(wanted.iter().filter_map(|v| v.as_str().and_then(Id::parse)).filter(known).collect())
    }
}

/// Users by a text of theirs, whatever its case; empty texts are not kept.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<String, Vec<Id>>);

impl Index {
    pub(super) fn get(&self, text: &str) -> &[Id] {
        self.0.get(&text.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, text: &str, id: Id) {
        if !text.is_empty() {
            self.0.entry(text.to_lowercase()).or_default().push(id);
        }
    }

    fn remove(&mut self, text: &str, id: Id) {
        let key = text.to_lowercase();
        if let Some(ids) = self.0.get_mut(&key) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.0.remove(&key);
            }
        }
    }
}
