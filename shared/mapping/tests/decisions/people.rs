//! People as HR states them, and the rules of a company, briefly written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::configuration::Configuration;
use mapping::employee::{Absence, ConnectionName, Employee, EmployeeId, EmployeeKey, Employment, Reading, Stage};
use mapping::rules::Rules;

/// Noon on Monday, 2 March 2026, in London.
pub fn now() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

pub fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

pub fn key(id: &str) -> EmployeeKey {
    EmployeeKey { connection: ConnectionName::parse("acme").expect("a name"), id: employee_id(id) }
}

pub fn employee_id(id: &str) -> EmployeeId {
    EmployeeId::parse(id).expect("an id")
}

/// A whole file: the smallest one with these lines in its connection.
pub fn file(lines: &str) -> String {
    format!(
        r#"store = "sqlite:hirewire.db"
[jumpcloud]
api_key = "env:JUMPCLOUD_KEY"
[[connection]]
name = "acme"
source = "bamboohr"
company = "acme"
api_key = "env:BAMBOOHR_KEY"
time_zone = "Europe/London"
{lines}"#
    )
}

/// The rules of a file with these lines in its connection.
pub fn rules(lines: &str) -> Rules {
    let mut configuration = match Configuration::parse(&file(lines)) {
        Ok(configuration) => configuration,
        Err(faults) => panic!("{faults:?}"),
    };
    let connection = configuration.connections.remove(0);
    std::sync::Arc::into_inner(connection.rules).expect("nobody else has the rules")
}

/// Somebody to be changed at will.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub employment: Reading<Employment>,
    pub starts: Reading<Date>,
    pub ends: Reading<Date>,
    pub last_day: Reading<Date>,
    pub stage: Stage,
    pub status: Reading<Box<str>>,
    pub absences: Vec<Absence>,
    pub manager: Reading<EmployeeId>,
    pub zone: Option<String>,
    pub fields: BTreeMap<String, Reading<String>>,
}

impl Person {
    /// Employed for years, with every default field there and the usual ones filled.
    pub fn new(id: &str, first: &str, last: &str) -> Person {
        static ALL: LazyLock<BTreeSet<String>> = LazyLock::new(|| rules("").fields());
        let mut person = Person {
            id: id.to_owned(),
            employment: Reading::Is(Employment::Active),
            starts: Reading::Is(date("2020-01-06")),
            ends: Reading::Empty,
            last_day: Reading::Empty,
            stage: Stage::Unsaid,
            status: Reading::Empty,
            absences: Vec::new(),
            manager: Reading::Empty,
            zone: None,
            fields: ALL.iter().map(|name| (name.clone(), Reading::Empty)).collect(),
        };
        let email = format!("{}.{}@acme.example", first.to_lowercase(), last.to_lowercase());
        for (name, value) in [("firstName", first), ("lastName", last), ("workEmail", &email), ("employeeNumber", id)] {
            person = person.with(name, value);
        }
        person
    }

    pub fn with(mut self, field: &str, value: &str) -> Person {
        self.fields.insert(field.to_owned(), Reading::Is(value.to_owned()));
        self
    }

    pub fn without(mut self, field: &str) -> Person {
        self.fields.insert(field.to_owned(), Reading::Empty);
        self
    }

    pub fn hiding(mut self, field: &str) -> Person {
        self.fields.insert(field.to_owned(), Reading::Hidden);
        self
    }

    pub fn employment(mut self, employment: Employment) -> Person {
        self.employment = Reading::Is(employment);
        self
    }

    pub fn starts(mut self, day: &str) -> Person {
        self.starts = Reading::Is(date(day));
        self
    }

    pub fn ends(mut self, day: &str) -> Person {
        self.ends = Reading::Is(date(day));
        self
    }

    pub fn last_day(mut self, day: &str) -> Person {
        self.last_day = Reading::Is(date(day));
        self
    }

    pub fn stage(mut self, stage: Stage, word: &str) -> Person {
        self.stage = stage;
        self.status = Reading::Is(word.into());
        self
    }

    pub fn away(mut self, kind: &str, from: &str, through: &str) -> Person {
        self.absences.push(Absence { kind: kind.into(), from: date(from), through: date(through) });
        self
    }

    pub fn managed_by(mut self, id: &str) -> Person {
        self.manager = Reading::Is(employee_id(id));
        self
    }

    pub fn zone(mut self, zone: &str) -> Person {
        self.zone = Some(zone.to_owned());
        self
    }

    pub fn employee(&self) -> Employee {
        Employee {
            key: key(&self.id),
            observed_at: now(),
            employment: self.employment,
            starts: self.starts,
            ends: self.ends,
            last_day: self.last_day,
            stage: self.stage,
            status: self.status.clone(),
            absences: self.absences.clone(),
            manager: self.manager.clone(),
            zone: self.zone.as_deref().map(Box::from),
            fields: self.fields.clone().into_iter().collect(),
        }
    }
}

pub fn ada() -> Person {
    Person::new("7", "Ada", "Byron").with("jobTitle", "Analyst").with("department", "Research")
}
