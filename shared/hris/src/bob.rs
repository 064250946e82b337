//! HiBob.
//!
//! `names` are its fields, `requests` builds what is sent, `answer` says what a status means, `record` and `people` read
//! people, `lists` the names of what they have, `webhook` what HiBob sends by itself; all of them pure. `check` looks
//! whether everything needed comes back. This file sends, and keeps the lists for a while.

mod answer;
mod asked;
mod check;
#[cfg(test)]
pub(crate) mod fixture;
mod lists;
mod names;
mod people;
mod record;
mod requests;
#[cfg(test)]
mod tests;
mod value;
pub(crate) mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use mapping::configuration::Connection;
use mapping::employee::{ConnectionName, Employee, EmployeeId};
use mapping::roster::Roster;
use mapping::secret::Secret;
use tokio::sync::{Mutex, Semaphore};
use transport::{Fault, Limits, Request, Safety, Transport};

pub(crate) use self::answer::VENDOR;
use self::answer::{About, Answers};
use self::asked::Asked;
use self::lists::{Catalogue, Items, Lists, Shelf};
use self::people::{One, People};
use self::requests::{Door, FIELDS_LIMIT};
use crate::cell::record_id;
use crate::reading::{aside, each_once, named};
use crate::words::Flaw;
use crate::{Finding, Subscribed, Subscription, Tended};

/// One small answer: a person, whose every value comes three times, or a list.
const SMALL: Limits =
    Limits { body: 16 << 20, deadline: Duration::from_secs(120), attempts: 5, each: Duration::from_secs(30) };
/// Everyone: there are no pages. 100,000 people with 100 fields are some 1 GB, and take minutes to be written.
const EVERYONE: Limits =
    Limits { body: 2 << 30, deadline: Duration::from_secs(840), attempts: 3, each: Duration::from_secs(420) };

/// How many people one search is asked for, as HiBob advises.
const CHUNK: usize = 200;

/// How many calls are under way at once. After fifty refused ones in ten seconds HiBob blocks the address, and those
/// under way when a token is taken away are all refused.
const AT_ONCE: usize = 4;

/// After so many people in a row whom the service user may not see, it may see nobody: far from the fifty after which
/// HiBob blocks the caller.
const FORBIDDEN_LIMIT: usize = 10;

// What faults call the calls.
const SEARCH: &str = "POST /people/search";
const EMPLOYEE: &str = "POST /people/{id}";
const KNOWN_FIELDS: &str = "GET /company/people/fields";
const LIST: &str = "GET /company/named-lists/{list}";

/// A HiBob company, ready to be read.
#[derive(Clone)]
pub struct Bob {
    inner: Arc<Inner>,
}

struct Inner {
    connection: ConnectionName,
    tenant: String,
    asked: Arc<Asked>,
    door: Door,
    answers: Answers,
    transport: Transport,
    shelf: Mutex<Shelf>,
    turns: Semaphore,
    refused: OnceLock<Fault>,
    /// How many people in a row may not be seen.
    forbidden: AtomicUsize,
}

impl fmt::Debug for Bob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bob({})", self.inner.connection)
    }
}

impl Bob {
    pub(crate) fn new(connection: &Connection, token: &Secret) -> Bob {
        let inner = Inner {
            connection: connection.name.clone(),
            tenant: connection.tenant.clone(),
            asked: Arc::new(Asked::by(&connection.rules)),
            door: Door::new(connection, token),
            answers: Answers::new(token),
            transport: Transport::new(VENDOR),
            shelf: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            refused: OnceLock::new(),
            forbidden: AtomicUsize::new(0),
        };
        Bob { inner: Arc::new(inner) }
    }

    pub(crate) fn connection(&self) -> &ConnectionName {
        &self.inner.connection
    }

    pub(crate) async fn employee(&self, id: &EmployeeId, now: Timestamp) -> Result<Option<Employee>, Fault> {
        // Ids here are numbers; asking for anything else could only reach another endpoint, the search above all.
        if record_id(id.as_str()).is_none() {
            return Ok(None);
        }
        let Inner { asked, connection, door, .. } = &*self.inner;
        self.few_enough_fields()?;
        let mut lists = self.lists(now).await?;
        let body = match self.call(door.employee(id, &asked.columns), EMPLOYEE, About::Person, &SMALL).await {
            Ok(body) => body,
            Err(Fault::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let read = |lists: &Lists| people::one(&body, asked, lists, connection, now);
        let (mut one, unnamed) = read(&lists).map_err(|flaw| flaw.of(VENDOR, EMPLOYEE))?;
        if !unnamed.is_empty() {
            lists = self.with_items(&unnamed, lists, now).await?;
            one = read(&lists).map_err(|flaw| flaw.of(VENDOR, EMPLOYEE))?.0;
        }
        match one {
            One::Nobody => Ok(None),
            One::Hidden => Err(answer::hidden(StatusCode::OK, "no field of theirs comes back")),
            One::Person(employee) if employee.key.id == *id => Ok(Some(*employee)),
            One::Person(_) => Err(Flaw("it is about somebody else".to_owned()).of(VENDOR, EMPLOYEE)),
        }
    }

    pub(crate) async fn employees(&self, ids: &[EmployeeId], now: Timestamp) -> Result<Vec<Employee>, Fault> {
        let wanted: BTreeSet<EmployeeId> = ids.iter().filter(|id| record_id(id.as_str()).is_some()).cloned().collect();
        let all: Vec<EmployeeId> = wanted.iter().cloned().collect();
        let (mut found, mut doubtful) = (Vec::new(), BTreeSet::new());
        for chunk in all.chunks(CHUNK) {
            let People { mut employees, unreadable, duplicates, .. } = self.people(Some(chunk), now).await?;
            doubtful.extend(unreadable.iter().map(|(who, _)| who).chain(&duplicates).filter_map(|who| record_id(who)));
            let is_everyone = employees.iter().any(|employee| !wanted.contains(&employee.key.id));
            employees.retain(|employee| wanted.contains(&employee.key.id));
            if is_everyone {
                // The filter is not looked at: this answer has all of them, and so would each further one.
                found = employees;
                break;
            }
            found.append(&mut employees);
        }
        found.retain(|employee| !doubtful.contains(&employee.key.id));
        doubtful.retain(|id| wanted.contains(id));
        if !doubtful.is_empty() {
            let connection = &self.inner.connection;
            tracing::warn!(%connection, records = doubtful.len(), "records of a short list left out");
        }
        each_once(&mut found, |employee| &employee.key);
        Ok(found)
    }

    pub(crate) async fn roster(&self, now: Timestamp) -> Result<Roster, Fault> {
        let People { employees, hidden, unreadable, duplicates, .. } = self.people(None, now).await?;
        Ok(Roster { employees, observed_at: now, hidden, unreadable, duplicates })
    }

    /// What a roster makes of this answer; items without a readable form stay as they are.
    pub(crate) fn read(connection: &Connection, people: &[u8], now: Timestamp) -> Result<Vec<Employee>, Fault> {
        let asked = Asked::by(&connection.rules);
        let found = people::people(people, &asked, &Lists::default(), &connection.name, now);
        Ok(found.map_err(|flaw| flaw.of(VENDOR, SEARCH))?.employees)
    }

    pub(crate) async fn check(&self, now: Timestamp) -> Result<Vec<Finding>, Fault> {
        check::check(self, now).await
    }

    /// None: nobody but an administrator in HiBob can see them.
    #[allow(clippy::unused_async, reason = "the other vendor is asked")]
    pub(crate) async fn webhooks(&self) -> Result<Vec<Subscription>, Fault> {
        Ok(Vec::new())
    }

    /// HiBob has no call that makes a webhook: says how an administrator does.
    #[allow(clippy::unused_async, reason = "the other vendor is asked")]
    pub(crate) async fn subscribe(&self, url: &str) -> Result<Subscribed, Fault> {
        Err(by_hand(&webhook::steps(url)))
    }

    #[allow(clippy::unused_async, reason = "the other vendor is asked")]
    pub(crate) async fn tend(&self, _id: &str, _url: &str) -> Result<Tended, Fault> {
        Err(by_hand("look at Settings > Integrations > Webhooks"))
    }

    #[allow(clippy::unused_async, reason = "the other vendor is asked")]
    pub(crate) async fn unsubscribe(&self, _id: &str) -> Result<(), Fault> {
        Err(by_hand("remove it at Settings > Integrations > Webhooks"))
    }

    /// One search: of `ids`, which are at least one, or of everyone.
    async fn people(&self, ids: Option<&[EmployeeId]>, now: Timestamp) -> Result<People, Fault> {
        self.few_enough_fields()?;
        let lists = self.lists(now).await?;
        let request = self.inner.door.search(&self.inner.asked.columns, ids);
        let body = self.call(request, SEARCH, About::Everyone, &EVERYONE).await?;
        let found = self.read_people(body.clone(), lists.clone(), now).await?;
        if found.unnamed.is_empty() {
            return Ok(found);
        }
        // A list item without a readable form is rare enough to read the answer twice for it.
        let lists = self.with_items(&found.unnamed, lists, now).await?;
        drop(found);
        self.read_people(body, lists, now).await
    }

    async fn read_people(&self, body: Bytes, lists: Lists, now: Timestamp) -> Result<People, Fault> {
        let (asked, connection) = (Arc::clone(&self.inner.asked), self.inner.connection.clone());
        aside(VENDOR, SEARCH, move || people::people(&body, &asked, &lists, &connection, now)).await
    }

    fn few_enough_fields(&self) -> Result<(), Fault> {
        let count = self.inner.asked.columns.len();
        if count <= FIELDS_LIMIT {
            return Ok(());
        }
        let message = format!("the rules need {count} fields; HiBob gives {FIELDS_LIMIT} at most");
        Err(Fault::Rejected { vendor: VENDOR, status: 400, message })
    }

    /// What is known of lists: with the company's own fields, where the rules use one.
    async fn lists(&self, now: Timestamp) -> Result<Lists, Fault> {
        // Held while asking: everybody else wants the same answer.
        let mut shelf = self.inner.shelf.lock().await;
        let catalogue = match (self.inner.asked.asks_kinds(), shelf.catalogue(now)) {
            (false, _) => Arc::default(),
            (true, Some(kept)) => kept,
            (true, None) => match self.known_fields().await {
                Ok(catalogue) => shelf.keep_catalogue(catalogue, now),
                // Without it a value might be a number today that was a name yesterday.
                Err(fault) => shelf.last_catalogue().filter(|_| fault.passes()).ok_or(fault)?,
            },
        };
        Ok(Lists::new(catalogue, shelf.named(now)))
    }

    /// With the items of these lists as well.
    async fn with_items(&self, wanted: &BTreeSet<Box<str>>, lists: Lists, now: Timestamp) -> Result<Lists, Fault> {
        let mut shelf = self.inner.shelf.lock().await;
        let mut named: BTreeMap<Box<str>, Arc<Items>> = shelf.named(now);
        for list in wanted {
            if named.contains_key(list) {
                continue;
            }
            let items = match self.items(list).await {
                Ok(items) => items,
                Err(fault) if fault.passes() => return Err(fault),
                // Not for this token, or gone: its items stay numbers.
                Err(fault) => {
                    tracing::warn!(connection = %self.inner.connection, %list, %fault, "a list cannot be read");
                    Items::new()
                }
            };
            shelf.keep_items(list, items, now);
            named = shelf.named(now);
        }
        Ok(lists.with(named))
    }

    /// The fields that HiBob knows.
    async fn known_fields(&self) -> Result<Catalogue, Fault> {
        let body = self.call(self.inner.door.known_fields(), KNOWN_FIELDS, About::Lists, &SMALL).await?;
        lists::catalogue(&body).map_err(|flaw| flaw.of(VENDOR, KNOWN_FIELDS))
    }

    async fn items(&self, list: &str) -> Result<Items, Fault> {
        let body = self.call(self.inner.door.list(list), LIST, About::Lists, &SMALL).await?;
        lists::items(&body).map_err(|flaw| flaw.of(VENDOR, LIST))
    }

    async fn call(
        &self,
        request: http::Result<Request>,
        call: &'static str,
        about: About,
        limits: &Limits,
    ) -> Result<Bytes, Fault> {
        let _turn = self.inner.turns.acquire().await;
        if let Some(refusal) = self.inner.refused.get() {
            return Err(refusal.clone());
        }
        let request = request.map_err(|_| Fault::Rejected {
            vendor: VENDOR,
            status: 400,
            message: "base_url makes no address".to_owned(),
        })?;
        // HiBob counts each kind of call by itself.
        let response = self.inner.transport.send_to(call, request, Safety::Repeatable, limits).await;
        let response = response.map_err(|fault| named(fault, call))?;
        let forbidden = about == About::Person && response.status == StatusCode::FORBIDDEN;
        let body = self.inner.answers.body(response, about);
        match (&body, about) {
            // What else a token may not see is no reason to give it up.
            (_, About::Lists) => {}
            (Ok(_), About::Person | About::Everyone) => self.inner.forbidden.store(0, Ordering::Relaxed),
            (Err(fault @ Fault::KeyRefused { .. }), About::Person | About::Everyone) => self.give_up(fault.clone()),
            (Err(_), About::Person | About::Everyone) if forbidden => {
                if self.inner.forbidden.fetch_add(1, Ordering::Relaxed) + 1 >= FORBIDDEN_LIMIT {
                    let detail = format!("HTTP 403 for {FORBIDDEN_LIMIT} people in a row");
                    self.give_up(Fault::KeyRefused { vendor: VENDOR, detail });
                }
            }
            (Err(_), About::Person | About::Everyone) => {}
        }
        body
    }

    /// No call after this one.
    pub(crate) fn give_up(&self, refusal: Fault) {
        let _ = self.inner.refused.set(refusal);
    }

    pub(crate) fn refused(&self) -> Option<&Fault> {
        self.inner.refused.get()
    }
}

/// What only a person can do, in HiBob.
fn by_hand(steps: &str) -> Fault {
    let message = format!("webhooks are made and removed by hand there: {steps}");
    Fault::Rejected { vendor: VENDOR, status: 405, message }
}
