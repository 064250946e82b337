//! BambooHR.
//!
//! `requests` builds what is sent, `answer` says what a status means, `record` and `report` read people, `locations`
//! their sites, `time_off` and `kinds` their time off, `changed` the list of changes, `webhook` what BambooHR sends by itself; all of them pure. `subscribe`
//! manages webhooks. This file sends, and keeps the locations for a while.

mod answer;
mod asked;
mod changed;
mod check;
#[cfg(test)]
pub(crate) mod fixture;
mod kinds;
mod locations;
mod record;
mod report;
mod requests;
mod subscribe;
mod time_off;
pub(crate) mod webhook;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use mapping::configuration::Connection;
use mapping::employee::{ConnectionName, Employee, EmployeeId};
use mapping::expression::normalise;
use mapping::roster::Roster;
use mapping::rules::Rules;
use mapping::secret::Secret;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use transport::{Fault, Limits, Request, Response, Safety, Transport};

pub(crate) use self::answer::VENDOR;
use self::answer::{About, Answers};
use self::asked::Asked;
use self::locations::{Page, Places, Shelf};
use self::record::Person;
use self::report::People;
use self::requests::{Door, Rows};
use self::time_off::{TIME_OFF, TimeOff};
use crate::cell::record_id;
use crate::reading::{aside, each_once, named};
use crate::words::Flaw;
use crate::{Changed, Finding, Subscribed, Subscription, Tended};

/// One small answer. A person is a few kilobytes; 400 fields of 64 KB would be more, and no record of ours.
const SMALL: Limits =
    Limits { body: 4 << 20, deadline: Duration::from_secs(120), attempts: 5, each: Duration::from_secs(30) };
/// A list of ids or of locations: some hundred bytes for each of 100,000.
const LIST: Limits =
    Limits { body: 64 << 20, deadline: Duration::from_secs(180), attempts: 5, each: Duration::from_secs(60) };
/// Everyone: 100,000 people with 100 fields are some 400 MB, and the vendor takes minutes to write them.
const EVERYONE: Limits =
    Limits { body: 1 << 30, deadline: Duration::from_secs(840), attempts: 3, each: Duration::from_secs(420) };

/// How many people one report is asked for. More would make one slow answer out of several quick ones.
const CHUNK: usize = 500;

/// How many calls are under way at once. After a few refused ones in a row (nobody says how many) the vendor locks
/// everybody out, and those under way when a key is taken away are all refused.
const AT_ONCE: usize = 4;

// What faults call the calls.
const EMPLOYEE: &str = "GET /employees/{id}";
const REPORT: &str = "POST /reports/custom";
const CHANGED: &str = "GET /employees/changed";
const LOCATIONS: &str = "GET /hris/org/locations";

/// A BambooHR company, ready to be read.
#[derive(Clone)]
pub struct BambooHr {
    inner: Arc<Inner>,
}

struct Inner {
    connection: ConnectionName,
    rules: Arc<Rules>,
    asked: Arc<Asked>,
    door: Door,
    answers: Answers,
    transport: Transport,
    shelf: Mutex<Shelf>,
    /// Of the kinds of time off that count.
    numbers: Mutex<kinds::Numbers>,
    turns: Semaphore,
    refused: OnceLock<Fault>,
}

/// A few people, and those who came twice or cannot be read.
#[derive(Default)]
struct Few {
    people: Vec<Person>,
    doubtful: BTreeSet<EmployeeId>,
}

/// Why somebody's record does not count although it can be read.
const UNSURE: &str = "a request for time off of theirs cannot be read";

/// With the time off that counts, where rules ask for it. Whoever is doubtful was left out before.
fn with_absences(employee: Employee, time_off: &mut Option<TimeOff>) -> Employee {
    let absences = time_off.as_mut().and_then(|time_off| time_off.take(&employee.key.id)).unwrap_or_default();
    Employee { absences, ..employee }
}

impl fmt::Debug for BambooHr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BambooHr({})", self.inner.connection)
    }
}

impl BambooHr {
    pub(crate) fn new(connection: &Connection, api_key: &Secret) -> BambooHr {
        let inner = Inner {
            connection: connection.name.clone(),
            rules: Arc::clone(&connection.rules),
            asked: Arc::new(Asked::by(&connection.rules)),
            door: Door::new(connection, api_key),
            answers: Answers::new(api_key),
            transport: Transport::new(VENDOR),
            shelf: Mutex::default(),
            numbers: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            refused: OnceLock::new(),
        };
        BambooHr { inner: Arc::new(inner) }
    }

    pub(crate) fn connection(&self) -> &ConnectionName {
        &self.inner.connection
    }

    pub(crate) async fn employee(&self, id: &EmployeeId, now: Timestamp) -> Result<Option<Employee>, Fault> {
        // Ids here are numbers; asking for anything else could only reach another endpoint.
        if record_id(id.as_str()).is_none() {
            return Ok(None);
        }
        let Some(mut person) = self.person(id, Rows::Current).await? else { return Ok(None) };
        let today = self.today(now);
        if person.is_beginning(today) {
            // Job, site and manager of somebody who has not begun are in rows of the future.
            let Some(later) = self.person(id, Rows::Last).await? else { return Ok(None) };
            person.take_over(later, &self.inner.asked, today);
        }
        let absences = match time_off::ask(self, Some(id), now).await? {
            Some(mut time_off) => time_off.take(id).ok_or_else(|| Flaw(UNSURE.to_owned()).of(VENDOR, TIME_OFF))?,
            None => Vec::new(),
        };
        let places = self.places([&person], now).await?;
        Ok(Some(Employee { absences, ..person.employee(&places, &self.inner.asked, now) }))
    }

    async fn person(&self, id: &EmployeeId, rows: Rows) -> Result<Option<Person>, Fault> {
        let Inner { asked, connection, door, .. } = &*self.inner;
        let body = match self.call(door.employee(id, &asked.columns, rows), EMPLOYEE, About::Person, &SMALL).await {
            Ok(body) => body,
            Err(Fault::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let person = record::one(&body, asked, connection).map_err(|flaw| flaw.of(VENDOR, EMPLOYEE))?;
        if person.key.id != *id {
            return Err(Flaw("it is about somebody else".to_owned()).of(VENDOR, EMPLOYEE));
        }
        Ok(Some(person))
    }

    pub(crate) async fn employees(&self, ids: &[EmployeeId], now: Timestamp) -> Result<Vec<Employee>, Fault> {
        let Inner { asked, connection, .. } = &*self.inner;
        let today = self.today(now);
        let wanted: BTreeSet<EmployeeId> = ids.iter().filter(|id| record_id(id.as_str()).is_some()).cloned().collect();
        let Few { mut people, mut doubtful } = self.some(&wanted, Rows::Current).await?;
        // Whoever has not begun has blank fields there, or is not there at all.
        let begun = people.iter().filter(|person| !person.is_beginning(today));
        let settled: BTreeSet<&EmployeeId> = begun.map(|person| &person.key.id).chain(&doubtful).collect();
        let open = wanted.iter().filter(|id| !settled.contains(id)).cloned().collect();
        let mut later = self.some(&open, Rows::Last).await?;
        later.people.retain(|person| person.is_beginning(today));
        report::join(&mut people, later.people, asked, today);
        // A beginner whose later rows did not come would be blank: left to be read alone, as all doubtful ones are.
        people.retain(|person| person.has_later_rows || !person.is_beginning(today));
        doubtful.append(&mut later.doubtful);
        let mut time_off = if people.is_empty() { None } else { time_off::ask(self, None, now).await? };
        if let Some(time_off) = &time_off {
            people.retain(|person| !time_off.doubtful.contains(&person.key.id));
            doubtful.extend(time_off.doubtful.intersection(&wanted).cloned());
        }
        if !doubtful.is_empty() {
            tracing::warn!(%connection, records = doubtful.len(), "records of a short list left out");
        }
        let places = self.places(&people, now).await?;
        let employees = people.into_iter().map(|person| person.employee(&places, asked, now));
        Ok(employees.map(|employee| with_absences(employee, &mut time_off)).collect())
    }

    /// These people, each once and in order.
    async fn some(&self, wanted: &BTreeSet<EmployeeId>, rows: Rows) -> Result<Few, Fault> {
        let ids: Vec<EmployeeId> = wanted.iter().cloned().collect();
        let mut found = Few::default();
        for chunk in ids.chunks(CHUNK) {
            let People { mut people, unreadable, duplicates, .. } = self.report(rows, Some(chunk), None).await?;
            let named = unreadable.iter().map(|(who, _)| who).chain(&duplicates).filter_map(|who| record_id(who));
            found.doubtful.extend(named);
            let is_everyone = people.iter().any(|person| !wanted.contains(&person.key.id));
            people.retain(|person| wanted.contains(&person.key.id) && !found.doubtful.contains(&person.key.id));
            if is_everyone {
                // The vendor does not look at the filter: this answer has all of them, and so would each further one.
                found.people = people;
                break;
            }
            found.people.append(&mut people);
        }
        found.doubtful.retain(|id| wanted.contains(id));
        each_once(&mut found.people, |person| &person.key);
        Ok(found)
    }

    pub(crate) async fn roster(&self, now: Timestamp) -> Result<Roster, Fault> {
        let mut all = self.report(Rows::Current, None, None).await?;
        let today = self.today(now);
        let mut later = self.report(Rows::Last, None, Some(today)).await?;
        // Whoever cannot be read in the first is not known from the second alone.
        later.without(&all.unreadable);
        all.note(&mut later);
        report::join(&mut all.people, later.people, &self.inner.asked, today);
        let mut time_off = time_off::ask(self, None, now).await?;
        if let Some(time_off) = &time_off {
            let unsure = |id: &EmployeeId| (id.to_string(), UNSURE.to_owned());
            all.people.retain(|person| !time_off.doubtful.contains(&person.key.id));
            all.unreadable.extend(time_off.doubtful.iter().map(unsure));
        }
        let places = self.places(&all.people, now).await?;
        let employees = all.people.into_iter().map(|person| person.employee(&places, &self.inner.asked, now));
        Ok(Roster {
            employees: employees.map(|employee| with_absences(employee, &mut time_off)).collect(),
            observed_at: now,
            hidden: all.hidden,
            unreadable: all.unreadable,
            duplicates: all.duplicates,
        })
    }

    /// What a roster makes of these answers; without the report of rows to come.
    pub(crate) fn read(
        connection: &Connection,
        report: &[u8],
        locations: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Employee>, Fault> {
        let asked = Asked::by(&connection.rules);
        let all = report::people(report, &asked, &connection.name, None).map_err(|flaw| flaw.of(VENDOR, REPORT))?;
        let mut walk = locations::Walk::default();
        walk.take(locations::read(locations).map_err(|flaw| flaw.of(VENDOR, LOCATIONS))?);
        Ok(all.people.into_iter().map(|person| person.employee(&walk.places, &asked, now)).collect())
    }

    /// One report: of `ids` or of everyone, and of those only who begins on `beginning_from` or later, if given.
    async fn report(
        &self,
        rows: Rows,
        ids: Option<&[EmployeeId]>,
        beginning_from: Option<Date>,
    ) -> Result<People, Fault> {
        let Inner { asked, connection, door, .. } = &*self.inner;
        let body = self.call(door.report(&asked.columns, rows, ids), REPORT, About::Everyone, &EVERYONE).await?;
        let (asked, connection) = (Arc::clone(asked), connection.clone());
        aside(VENDOR, REPORT, move || report::people(&body, &asked, &connection, beginning_from)).await
    }

    pub(crate) async fn changed(&self, cursor: Option<&str>, now: Timestamp) -> Result<Changed, Fault> {
        let cursor = changed::Cursor::read(cursor, now);
        let mut list = self.changed_since(cursor.since()).await?;
        list.absent = time_off::ask(self, None, now).await?.map(|time_off| time_off.digests());
        if list.unreadable > 0 {
            let unreadable = list.unreadable;
            tracing::warn!(connection = %self.inner.connection, unreadable, "entries of the list of changes left out");
        }
        Ok(cursor.advance(list, now))
    }

    /// The vendor's own list.
    async fn changed_since(&self, since: Timestamp) -> Result<changed::List, Fault> {
        let body = self.call(self.inner.door.changed(since), CHANGED, About::Everyone, &LIST).await?;
        changed::read(&body).map_err(|flaw| flaw.of(VENDOR, CHANGED))
    }

    pub(crate) async fn check(&self, now: Timestamp) -> Result<Vec<Finding>, Fault> {
        check::check(self, now).await
    }

    pub(crate) async fn webhooks(&self) -> Result<Vec<Subscription>, Fault> {
        subscribe::ours(self).await
    }

    pub(crate) async fn subscribe(&self, url: &str) -> Result<Subscribed, Fault> {
        subscribe::subscribe(self, url).await
    }

    pub(crate) async fn tend(&self, id: &str, url: &str) -> Result<Tended, Fault> {
        subscribe::tend(self, id, url).await
    }

    pub(crate) async fn unsubscribe(&self, id: &str) -> Result<(), Fault> {
        subscribe::unsubscribe(self, id).await
    }

    /// The company's own calendar: dates of this vendor begin and end there.
    fn today(&self, now: Timestamp) -> Date {
        now.to_zoned(self.inner.rules.zone.clone()).date()
    }

    /// The locations that these people name, from the shelf where they are there.
    async fn places(&self, people: impl IntoIterator<Item = &Person>, now: Timestamp) -> Result<Arc<Places>, Fault> {
        let labels: BTreeSet<&str> =
            people.into_iter().filter_map(|person| person.location.value().map(|l| &**l)).collect();
        // Where the rules know each site's zone themselves and use nothing else of it, there is nothing to ask for.
        let knows_zone = |label: &&str| self.inner.rules.zones.contains_key(&normalise(label));
        if !self.inner.asked.uses_sites() && labels.iter().all(knows_zone) {
            return Ok(Arc::default());
        }
        // Held while asking: everybody else wants the same answer.
        let mut shelf = self.inner.shelf.lock().await;
        if let Some(kept) = shelf.take_for(&labels, now) {
            return Ok(kept);
        }
        let (places, readable) = match self.all_locations().await {
            Ok(places) => (places, true),
            Err(fault) if fault.passes() => return shelf.stale(now).ok_or(fault),
            // Not for this key. The newer endpoints are documented for OAuth only, and a 401 there says nothing of a
            // key that was just accepted for the people.
            Err(fault) => {
                tracing::warn!(connection = %self.inner.connection, %fault, "locations cannot be read");
                (Places::default(), false)
            }
        };
        Ok(shelf.put(places, readable, now))
    }

    async fn all_locations(&self) -> Result<Places, Fault> {
        let mut walk = locations::Walk::default();
        while let Some(page) = walk.next() {
            let page = match self.locations_page(page).await {
                Ok(page) => page,
                // Pages are said to count from 0 and seen to count from 1: only one of them can be right.
                Err(fault) if page == 0 && !fault.passes() => Page::default(),
                Err(fault) => return Err(fault),
            };
            walk.take(page);
        }
        Ok(walk.places)
    }

    async fn locations_page(&self, page: usize) -> Result<Page, Fault> {
        let body = self.call(self.inner.door.locations(page), LOCATIONS, About::Everyone, &LIST).await?;
        locations::read(&body).map_err(|flaw| flaw.of(VENDOR, LOCATIONS))
    }

    async fn call(
        &self,
        request: http::Result<Request>,
        call: &'static str,
        about: About,
        limits: &Limits,
    ) -> Result<Bytes, Fault> {
        let _turn = self.turn().await?;
        let response = self.send(request, call, Safety::Repeatable, limits).await?;
        let body = self.inner.answers.body(response, about);
        // What else a key may not see is no reason to give up the key.
        if let Err(fault @ Fault::KeyRefused { .. }) = &body
            && matches!(call, EMPLOYEE | REPORT | CHANGED)
        {
            self.give_up(fault.clone());
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

    /// Leave to call, unless the key was refused before.
    async fn turn(&self) -> Result<Option<SemaphorePermit<'_>>, Fault> {
        let turn = self.inner.turns.acquire().await;
        match self.inner.refused.get() {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(turn.ok()),
        }
    }

    async fn send(
        &self,
        request: http::Result<Request>,
        call: &'static str,
        safety: Safety,
        limits: &Limits,
    ) -> Result<Response, Fault> {
        let request = request.map_err(|_| Fault::Rejected {
            vendor: VENDOR,
            status: 400,
            message: "base_url and company make no address".to_owned(),
        })?;
        self.inner.transport.send(request, safety, limits).await.map_err(|fault| named(fault, call))
    }
}
