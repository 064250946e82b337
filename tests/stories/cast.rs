//! Who the stories are about, and what a person would look up about them.

use serde_json::{Value, json};
use tests::bamboohr::Person;

use crate::world::World;

/// Monday morning in the company's zone.
pub const MONDAY: &str = "2026-03-02T09:00[America/Denver]";
/// Ada's work e-mail.
pub const ADA: &str = "ada.byron@acme.example";
/// Grace's work e-mail.
pub const GRACE: &str = "grace.hopper@acme.example";

/// Employee 7, number 1007, an engineer since 2020.
pub fn ada() -> Person {
    person("7", "Ada", "Byron").with("employeeNumber", "1007").with("department", "Engineering")
}

/// Employee 8, number 1008, in Sales since 2020.
pub fn grace() -> Person {
    person("8", "Grace", "Hopper").with("employeeNumber", "1008").with("department", "Sales")
}

/// Somebody hired in 2020 as `first.last@acme.example`.
pub fn person(id: &str, first: &str, last: &str) -> Person {
    let email = format!("{first}.{last}@acme.example").to_lowercase();
    Person::new(first, last).id(id).email(&email).hired("2020-01-06")
}

/// Rules that make accounts active, and then these lines.
pub fn active(lines: &str) -> String {
    format!("first_state = \"active\"\n{lines}")
}

impl World {
    /// These people begin.
    pub fn hire(&self, people: impl IntoIterator<Item = Person>) {
        people.into_iter().for_each(|person| drop(self.town.bamboohr.hire(person)));
    }

    /// These people's last day.
    pub fn end(&self, ids: impl IntoIterator<Item = &'static str>, day: &str) {
        ids.into_iter().for_each(|id| self.town.bamboohr.terminate(id, day));
    }

    /// These people come back.
    pub fn rehire(&self, ids: impl IntoIterator<Item = &'static str>, day: &str) {
        ids.into_iter().for_each(|id| self.town.bamboohr.rehire(id, day));
    }

    /// Syncs everyone, which must end well, and gives what was printed.
    pub async fn sync(&self) -> String {
        self.hirewire(&["sync"]).await.expect(0).out
    }

    /// An account's custom attribute, phone or part of an address, by the name that rules use; `""` where empty.
    pub fn slot(&self, who: &str, name: &str) -> String {
        let account = self.town.jumpcloud.user(who).unwrap_or_else(|| panic!("no account {who}"));
        let entry = |list: &str, key: &str, kind: &str| -> Value {
            let all = account[list].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|entry| entry[key] == kind).unwrap_or_else(|| json!({}))
        };
        let value = match *name.split('.').collect::<Vec<_>>() {
            ["phone", kind] => entry("phoneNumbers", "type", kind)["number"].clone(),
            ["address", kind, part] => entry("addresses", "type", kind)[part].clone(),
            ["custom", custom] => entry("attributes", "name", custom)["value"].clone(),
            _ => account[name].clone(),
        };
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The user name of an account's manager; `""` for nobody.
    pub fn manager(&self, who: &str) -> String {
        let id = self.slot(who, "manager");
        self.town.jumpcloud.user(&id).map(|boss| boss["username"].as_str().unwrap_or_default().to_owned()).unwrap_or(id)
    }

    /// What `hirewire records` shows of one employee: the line of its table.
    pub async fn shown(&self, id: &str) -> String {
        let run = self.hirewire(&["records"]).await.expect(0);
        let line = run.out.lines().find(|line| line.split_whitespace().next() == Some(id));
        line.unwrap_or_else(|| panic!("no employee {id} in\n{}", run.out)).to_owned()
    }

    /// How many accounts were made since the calls were last forgotten.
    pub fn creations(&self) -> u64 {
        self.count("POST /api/systemusers")
    }

    /// Calls of this kind to JumpCloud since they were last forgotten.
    pub fn count(&self, call: &str) -> u64 {
        self.town.jumpcloud.traffic().calls().get(call).copied().unwrap_or(0)
    }
}
