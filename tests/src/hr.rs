//! What both HR systems can do, in words that belong to neither: so that one story can be told of each.

mod words;

use jiff::Timestamp;
use jiff::civil::Date;

pub use self::words::{Leaving, NewHire, TERMINATION_TYPE, What};

use crate::bamboohr::{BambooHr, Location, RetryAfter};
use crate::bob::{self, Absence, Bob, Ending};
use crate::server::Traffic;

/// Which HR system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HrKind {
    /// BambooHR.
    BambooHr,
    /// HiBob.
    Bob,
}

impl HrKind {
    /// Both.
    pub const ALL: [HrKind; 2] = [HrKind::BambooHr, HrKind::Bob];

    /// `source` of a connection.
    pub fn source(self) -> &'static str {
        match self {
            HrKind::BambooHr => "bamboohr",
            HrKind::Bob => "bob",
        }
    }
}

/// A running HR system.
#[derive(Clone, Debug)]
pub enum Hr {
    /// BambooHR.
    BambooHr(BambooHr),
    /// HiBob.
    Bob(Bob),
}

/// What somebody is in BambooHR unless a story says otherwise.
const USUAL_STATUS: &str = "Full-Time";

/// What became of one message to a webhook.
#[derive(Clone, Debug)]
pub struct Told {
    /// The event.
    pub event: String,
    /// About whom.
    pub people: Vec<String>,
    /// The answer's status; `None` for none.
    pub status: Option<u16>,
    /// When it will be tried again.
    pub next_attempt: Option<Timestamp>,
}

impl Hr {
    /// Which one it is.
    pub fn kind(&self) -> HrKind {
        match self {
            Hr::BambooHr(_) => HrKind::BambooHr,
            Hr::Bob(_) => HrKind::Bob,
        }
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Hr::BambooHr(_) => "BambooHR",
            Hr::Bob(_) => "Bob",
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.url(),
            Hr::Bob(bob) => bob.url(),
        }
    }

    /// The key that reads.
    pub fn key(&self) -> String {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.api_key(),
            Hr::Bob(bob) => bob.token(),
        }
    }

    /// Makes the old key unknown; returns the new one.
    pub fn rotate_key(&self) -> String {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.rotate_key(),
            Hr::Bob(bob) => bob.rotate_token(),
        }
    }

    /// The file that the configuration looks for that key in.
    pub fn key_file(&self) -> &'static str {
        match self {
            Hr::BambooHr(_) => "bamboohr.key",
            Hr::Bob(_) => "bob.key",
        }
    }

    /// Call counts, latency, injected faults, remembered exchanges.
    pub fn traffic(&self) -> &Traffic {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.traffic(),
            Hr::Bob(bob) => bob.traffic(),
        }
    }

    /// The next `times` requests are refused as too many; a second later they would not be.
    pub fn limit_rate(&self, times: usize) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.limit_rate(429, RetryAfter::Seconds(1), times),
            Hr::Bob(bob) => bob.limit_rate(1, times),
        }
    }

    /// Lets what falls due happen.
    pub fn tick(&self) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.tick(),
            Hr::Bob(bob) => bob.tick(),
        }
    }

    /// Adds a site; in the company's zone, or without one, where `None`.
    pub fn add_site(&self, name: &str, time_zone: Option<&str>) {
        match self {
            Hr::BambooHr(bamboohr) => {
                let time_zone = time_zone.map(ToOwned::to_owned);
                let location = Location { label: name.to_owned(), time_zone, ..Location::default() };
                drop(bamboohr.add_location(location));
            }
            Hr::Bob(bob) => drop(bob.add_site(name, time_zone).to_string()),
        }
    }

    /// Hires a person; returns the id. A site that Bob has not yet is added in the company's zone.
    pub fn hire(&self, hire: &NewHire) -> String {
        match self {
            Hr::BambooHr(bamboohr) => {
                let mut person = crate::bamboohr::Person { quiet: hire.quiet, ..Default::default() };
                for (what, value) in &hire.facts {
                    person = match what {
                        What::EmploymentType => person.employed_as(value),
                        other => person.with(other.in_bamboohr(), value),
                    };
                }
                person.hire_date = hire.starts.clone();
                bamboohr.hire(person)
            }
            Hr::Bob(bob) => {
                let mut person = bob::Person { quiet: hire.quiet, starts: hire.starts.clone(), ..Default::default() };
                let last = hire.facts.iter().find(|(what, _)| *what == What::LastName).map(|(_, last)| last.as_str());
                for (what, value) in &hire.facts {
                    match what {
                        What::Preferred => {
                            let display = format!("{value} {}", last.unwrap_or_default());
                            person = person.with(what.in_bob(), display.trim());
                        }
                        What::Site => {
                            if !bob.has_site(value) {
                                bob.add_site(value, None);
                            }
                            person = person.at(value);
                        }
                        other => person = person.with(other.in_bob(), value),
                    }
                }
                bob.hire(person)
            }
        }
    }

    /// Changes a fact, effective now; `None` empties it.
    pub fn set(&self, id: &str, what: What, value: Option<&str>) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.set(id, what.in_bamboohr(), value),
            Hr::Bob(bob) => match (what, value) {
                (What::Preferred, Some(name)) => {
                    let display = format!("{name} {}", bob.get(id, "root.surname").unwrap_or_default());
                    bob.set(id, what.in_bob(), Some(display.trim()));
                }
                (What::Site, Some(site)) => {
                    if !bob.has_site(site) {
                        bob.add_site(site, None);
                    }
                    bob.set(id, what.in_bob(), value);
                }
                _ => bob.set(id, what.in_bob(), value),
            },
        }
    }

    /// Changes department, title, site, manager or employment type from a day on.
    pub fn set_from(&self, id: &str, what: What, value: Option<&str>, date: impl ToString) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.set_from(id, what.in_bamboohr(), value, date),
            Hr::Bob(bob) => bob.set_from(id, what.in_bob(), value, date),
        }
    }

    /// What a fact reads as now; `None` where empty.
    pub fn get(&self, id: &str, what: What) -> Option<String> {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.get(id, what.in_bamboohr()),
            Hr::Bob(bob) => bob.get(id, what.in_bob()),
        }
    }

    /// Ends an employment. Without a termination date of its own, both of Bob's dates are the last day.
    pub fn terminate(&self, id: &str, leaving: &Leaving) {
        let end = leaving.termination_date.as_ref().unwrap_or(&leaving.last_day);
        match self {
            Hr::BambooHr(bamboohr) => {
                bamboohr.set(id, TERMINATION_TYPE, leaving.kind());
                bamboohr.terminate(id, end);
            }
            Hr::Bob(bob) => {
                let kind = Some(leaving.kind().to_owned());
                let last_day = leaving.last_day.clone();
                bob.terminate(id, &Ending { last_day, termination_date: end.clone(), reason: None, kind });
            }
        }
    }

    /// Takes an end that is still to come back.
    pub fn cancel_termination(&self, id: &str) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.cancel_termination(id),
            Hr::Bob(bob) => bob.cancel_termination(id),
        }
    }

    /// Access ends now: BambooHR gets a Terminated status row of today, Bob's access status becomes Inactive. BambooHR's
    /// row is an end of today too: whoever takes a last day to its end waits for that.
    pub fn revoke_now(&self, id: &str) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.terminate(id, bamboohr.today()),
            Hr::Bob(bob) => bob.revoke_access_now(id),
        }
    }

    /// Puts somebody on leave: a status of that word. BambooHR leaves the person Active whatever the word.
    pub fn leave(&self, id: &str, word: &str, from: Option<&str>, until: Option<&str>, keeps_access: bool) {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        match self {
            Hr::BambooHr(bamboohr) => {
                let before = bamboohr.get(id, "employmentHistoryStatus");
                match from {
                    Some(from) => bamboohr.set_from(id, "employmentHistoryStatus", word, from),
                    None => bamboohr.set(id, "employmentHistoryStatus", word),
                }
                if let Some(until) = until {
                    let until: Date = until.parse().expect("a date as YYYY-MM-DD");
                    let back = until.tomorrow().expect("a day within the calendar");
                    let before = before.unwrap_or_else(|| USUAL_STATUS.to_owned());
                    bamboohr.set_from(id, "employmentHistoryStatus", &before, back);
                }
            }
            Hr::Bob(bob) => {
                let (from, until) = (owned(from), owned(until));
                bob.leave(id, &Absence { word: word.to_owned(), keeps_access, from, until });
            }
        }
    }

    /// Somebody is back from leave today, whatever day it was to end.
    pub fn back(&self, id: &str) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.back(id, USUAL_STATUS),
            Hr::Bob(bob) => bob.back(id),
        }
    }

    /// Hires the same record again, under the same id.
    pub fn rehire(&self, id: &str, starts: impl ToString) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.rehire(id, starts),
            Hr::Bob(bob) => bob.rehire(id, starts),
        }
    }

    /// Gives somebody another last name and another work e-mail.
    pub fn rename(&self, id: &str, last: &str, email: &str) {
        match self {
            Hr::BambooHr(bamboohr) => {
                bamboohr.set_all(id, &[("lastName", Some(last)), ("workEmail", Some(email))]);
            }
            Hr::Bob(bob) => {
                bob.set(id, "root.surname", Some(last));
                bob.rename_email(id, email);
            }
        }
    }

    /// Deletes the record.
    pub fn delete(&self, id: &str) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.delete(id),
            Hr::Bob(bob) => bob.delete(id),
        }
    }

    /// The key may not see this person any more.
    pub fn hide(&self, id: &str) {
        match self {
            Hr::BambooHr(bamboohr) => {
                bamboohr.switch(|switches| switches.hidden_employees.extend([id.to_owned()]));
            }
            Hr::Bob(bob) => bob.hide(id),
        }
    }

    /// The key may not see this fact of anybody any more.
    pub fn hide_fact(&self, what: What) {
        match self {
            Hr::BambooHr(bamboohr) => {
                bamboohr.switch(|switches| switches.hidden_fields.extend([what.in_bamboohr().to_owned()]));
            }
            Hr::Bob(bob) => bob.switch(|switches| switches.hidden_fields.extend([what.in_bob().to_owned()])),
        }
    }

    /// The key may see everything and everybody.
    pub fn show_everything(&self) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.switch(|switches| {
                switches.hidden_employees.clear();
                switches.hidden_fields.clear();
            }),
            Hr::Bob(bob) => bob.switch(|switches| {
                switches.hidden_people.clear();
                switches.hidden_fields.clear();
            }),
        }
    }

    /// Everybody's id, in order.
    pub fn ids(&self) -> Vec<String> {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.ids(),
            Hr::Bob(bob) => bob.ids(),
        }
    }

    /// Makes a webhook; returns its secret.
    pub fn subscribe(&self, url: &str) -> String {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.subscribe(url),
            Hr::Bob(bob) => bob.subscribe(url),
        }
    }

    /// Sends what is due.
    pub async fn deliver_webhooks(&self) -> Vec<Told> {
        match self {
            Hr::BambooHr(bamboohr) => {
                let results = bamboohr.deliver_webhooks().await.into_iter();
                let told = results.map(|result| Told {
                    event: result.delivery.event,
                    people: result.delivery.employees,
                    status: result.status,
                    next_attempt: result.next_attempt,
                });
                told.collect()
            }
            Hr::Bob(bob) => {
                let results = bob.deliver_webhooks().await.into_iter();
                let told = results.map(|result| Told {
                    event: result.delivery.event,
                    people: vec![result.delivery.person],
                    status: result.status,
                    next_attempt: result.next_attempt,
                });
                told.collect()
            }
        }
    }

    /// What waits is lost.
    pub fn lose_webhooks(&self) {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.edit_pending(Vec::clear),
            Hr::Bob(bob) => bob.edit_pending(Vec::clear),
        }
    }

    /// How many messages would be sent now.
    pub fn waiting_webhooks(&self) -> usize {
        match self {
            Hr::BambooHr(bamboohr) => bamboohr.pending_webhooks().len(),
            Hr::Bob(bob) => bob.pending_webhooks().len(),
        }
    }
}
