//! JumpCloud as it is, against what the oracle says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tests::jumpcloud::JumpCloud;

use super::oracle::{Account, Oracle};
use super::people::Person;

/// How many wrong states are told in full.
const TOLD: usize = 12;

/// One account that is not as it should be.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Number of the person.
    pub who: usize,
    /// When it was seen.
    pub at: Timestamp,
    /// What should be, and what is, where they differ.
    pub difference: String,
}

/// Compares.
#[derive(Default)]
pub struct Judge {
    /// The first wrong states.
    pub wrong: Vec<Wrong>,
    /// People and minutes at which something was wrong.
    pub count: u64,
    /// Whoever is wrong now.
    now: BTreeSet<usize>,
    /// Events of JumpCloud that were read.
    events: usize,
    /// Account to link, and back.
    links: BTreeMap<String, String>,
    accounts: BTreeMap<String, String>,
    /// Link to person.
    people: BTreeMap<String, usize>,
}

impl Judge {
    /// Looks at everybody who should be otherwise than before, and at every account that was touched; with `all`, at
    /// everybody. Nobody else can be otherwise than at the last look.
    pub fn look(
        &mut self,
        it: &JumpCloud,
        oracle: &Oracle,
        people: &[Person],
        whom: &BTreeSet<usize>,
        all: bool,
        at: Timestamp,
    ) {
        for (who, person) in people.iter().enumerate().skip(self.people.len()) {
            self.people.insert(link(person), who);
        }
        let touched = self.touched(it);
        if whom.is_empty() && touched.is_empty() && self.now.is_empty() && !all {
            return;
        }
        let mut whom: BTreeSet<usize> = if all { (0..people.len()).collect() } else { whom | &touched };
        whom.append(&mut self.now.clone());
        for who in whom {
            match self.difference(it, oracle, people, who) {
                None => drop(self.now.remove(&who)),
                Some(difference) => {
                    self.count += 1;
                    if self.now.insert(who) && self.wrong.len() < TOLD {
                        self.wrong.push(Wrong { who, at, difference });
                    }
                }
            }
        }
        if all && self.now.is_empty() && it.users().len() != oracle.accounts.len() {
            self.count += 1;
            let difference = format!("{} accounts, not {}", it.users().len(), oracle.accounts.len());
            self.wrong.push(Wrong { who: 0, at, difference });
        }
    }

    /// The account of a person, by its id.
    pub fn account(&self, person: &Person) -> Option<&str> {
        self.accounts.get(&link(person)).map(String::as_str)
    }

    /// Whose accounts were written to since the last time.
    fn touched(&mut self, it: &JumpCloud) -> BTreeSet<usize> {
        let events = it.events_after(self.events);
        self.events += events.len();
        let ids: BTreeSet<String> = events
            .into_iter()
            .flat_map(|event| {
                let user = (event.kind == "user").then_some(event.resource);
                user.into_iter().chain(event.member.map(|(_, user)| user))
            })
            .collect();
        let mut touched = BTreeSet::new();
        for id in ids {
            let old = self.links.remove(&id);
            let new = it.user(&id).and_then(|user| hirewire_id(&user));
            if let Some(old) = &old {
                touched.extend(self.people.get(old));
                if self.accounts.get(old) == Some(&id) {
                    self.accounts.remove(old);
                }
            }
            if let Some(new) = new {
                touched.extend(self.people.get(&new));
                self.accounts.insert(new.clone(), id.clone());
                self.links.insert(id, new);
            }
        }
        touched
    }

    fn difference(&self, it: &JumpCloud, oracle: &Oracle, people: &[Person], who: usize) -> Option<String> {
        let found = self.accounts.get(&link(&people[who])).and_then(|id| Some((id, it.user(id)?)));
        let found = found.map(|(id, user)| self.found(it, id, &user));
        let expected = oracle.accounts.get(&who).map(|account| Account { left_since: None, ..account.clone() });
        match (expected, found) {
            (None, None) => None,
            (Some(expected), None) => Some(format!("should have an account ({}), and has none", expected.state)),
            (None, Some(found)) => Some(format!("has an account ({}), and should have none", found.state)),
            (Some(expected), Some(found)) if expected == found => None,
            (Some(expected), Some(found)) => {
                let mut parts = Vec::new();
                let mut part = |what: &str, expected: String, found: String| {
                    if expected != found {
                        parts.push(format!("{what} should be {expected} and is {found}"));
                    }
                };
                part("state", expected.state.to_owned(), found.state.to_owned());
                part("groups", format!("{:?}", expected.groups), format!("{:?}", found.groups));
                part("attributes", format!("{:?}", expected.attributes), format!("{:?}", found.attributes));
                part("manager", format!("{:?}", expected.manager), format!("{:?}", found.manager));
                part("devices", format!("{:?}", expected.devices), format!("{:?}", found.devices));
                Some(parts.join("; "))
            }
        }
    }

    fn found(&self, it: &JumpCloud, id: &str, user: &Value) -> Account {
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        let state = ["ACTIVATED", "SUSPENDED", "STAGED"].into_iter().find(|state| user["state"] == **state);
        let manager = self.links.get(&text("manager")).and_then(|link| self.people.get(link)).copied();
        let unknown = usize::MAX;
        let mut groups = it.groups_of(id);
        groups.retain(|group| group != "All Users");
        groups.sort();
        Account {
            state: state.unwrap_or("of no known state"),
            groups,
            attributes: [
                "department",
                "displayname",
                "email",
                "employeeIdentifier",
                "firstname",
                "jobTitle",
                "lastname",
            ]
            .map(|field| (field, text(field)))
            .to_vec(),
            manager: manager.or((!text("manager").is_empty()).then_some(unknown)),
            devices: it.devices(id).into_iter().collect(),
            left_since: None,
        }
    }
}

/// The account's own word whose it is.
fn hirewire_id(user: &Value) -> Option<String> {
    let attributes = user["attributes"].as_array()?;
    let link = attributes.iter().find(|attribute| attribute["name"] == "hirewireId")?;
    link["value"].as_str().map(ToOwned::to_owned)
}

fn link(person: &Person) -> String {
    format!("{}:{}", person.house.name(), person.id)
}
