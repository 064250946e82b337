//! A simulated BambooHR company: people with effective-dated history, read and written over real HTTP, telling its
//! webhooks. Nothing here is shared with the product; whatever the vendor is not known to do is in [`Switches`].

mod changed;
mod company;
mod crowd;
mod directory;
mod edits;
mod employee;
mod fields;
mod http;
mod leave;
mod list;
mod locations;
mod meta;
mod payload;
mod person;
mod read;
mod record;
mod recording;
mod report;
mod switches;
mod tables;
mod webhook_calls;
mod webhooks;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::http::Method;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use self::leave::Leave;
pub use self::locations::Location;
pub use self::person::Person;
pub use self::switches::{Access, Empty, EmptyChanged, EmptyLatest, FutureHireStatus, Stamp, Switches};
pub use self::webhooks::{Attempt, Delivery, NewWebhook, SIGNATURE_HEADER, Subscription, TIMESTAMP_HEADER, sign};

use self::company::Company;
use self::edits::parse_date;
use self::leave::Holiday;
use crate::clock::Clock;
use crate::server::{Fault, Server, Traffic, Trouble, post};

/// How long a subscriber may take; the vendor's own limit is not published.
const DELIVERY_TIME_OUT: Duration = Duration::from_secs(10);

/// A simulated BambooHR company. Clones are the same company; its server stops when the last one is dropped.
///
/// The mutating functions panic on an unknown employee or a malformed date, since that is a mistake in the story.
#[derive(Clone, Debug)]
pub struct BambooHr {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    company: Arc<Mutex<Company>>,
    traffic: Arc<Traffic>,
    client: reqwest::Client,
    server: Server,
}

/// A value to set: text, or `None` for empty.
pub trait FieldValue {
    /// As the company keeps it.
    fn into_value(self) -> Option<String>;
}

impl FieldValue for &str {
    fn into_value(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl FieldValue for &String {
    fn into_value(self) -> Option<String> {
        Some(self.clone())
    }
}

impl FieldValue for String {
    fn into_value(self) -> Option<String> {
        Some(self)
    }
}

impl FieldValue for Option<&str> {
    fn into_value(self) -> Option<String> {
        self.map(ToOwned::to_owned)
    }
}

/// What became of one delivery.
#[derive(Clone, Debug)]
pub struct DeliveryResult {
    /// What was sent.
    pub delivery: Delivery,
    /// The answer's status; `None` for none within the time-out.
    pub status: Option<u16>,
    /// When it will be tried again; `None` if it arrived or was given up. A 4xx is given up at once.
    pub next_attempt: Option<Timestamp>,
}

/// How a rate-limited answer spells `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// In seconds.
    Seconds(u32),
    /// As an HTTP date so many seconds from now, by the simulated clock.
    Date(u32),
    /// Not at all.
    Missing,
}

impl BambooHr {
    /// Starts an empty company on a loopback port. `time_zone` (IANA) is the company's: dates begin and end there,
    /// wherever a person works.
    pub async fn start(clock: Clock, company: &str, time_zone: &str) -> BambooHr {
        let zone = TimeZone::get(time_zone).expect("an IANA time zone");
        let state = Arc::new(Mutex::new(Company::new(clock, company, zone, new_key(company))));
        let traffic = Arc::new(Traffic::default());
        let server = Server::start(http::router(state.clone()), traffic.clone()).await;
        let client = reqwest::Client::builder()
            .timeout(DELIVERY_TIME_OUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without special wishes");
        BambooHr { inner: Arc::new(Inner { name: company.to_owned(), company: state, traffic, client, server }) }
    }

    /// `http://127.0.0.1:PORT`; `/api/v1/...` and `/api/gateway.php/{company}/v1/...` follow.
    pub fn url(&self) -> String {
        self.inner.server.url()
    }

    /// The company's sub-domain.
    pub fn company(&self) -> &str {
        &self.inner.name
    }

    /// The key: 160 bits in hex, the user name of HTTP Basic.
    pub fn api_key(&self) -> String {
        self.inside().api_key.clone()
    }

    /// Makes the old key unknown, as when somebody revokes it; returns the new one.
    pub fn rotate_key(&self) -> String {
        let mut company = self.inside();
        company.api_key = new_key(&company.api_key);
        company.api_key.clone()
    }

    /// Call counts, latency, injected faults, remembered exchanges.
    pub fn traffic(&self) -> &Traffic {
        &self.inner.traffic
    }

    /// Changes permissions, and behaviours that nobody could confirm. `change` must not call the company itself.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.inside().switches);
    }

    /// The next `times` requests are rate-limited: 429 since autumn 2026, 503 before.
    pub fn limit_rate(&self, status: u16, retry_after: RetryAfter, times: usize) {
        let headers = match retry_after {
            RetryAfter::Seconds(seconds) => vec![("retry-after", seconds.to_string())],
            RetryAfter::Date(seconds) => {
                let at = self.inside().clock.now() + SignedDuration::from_secs(seconds.into());
                vec![("retry-after", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())]
            }
            RetryAfter::Missing => Vec::new(),
        };
        let trouble = Trouble::Answer { status, headers, body: String::new() };
        self.traffic().fail(Fault { method: None::<Method>, path: String::new(), after: 0, times, trouble });
    }

    /// Hires a person; webhooks hear `created` and then `updated`. Returns the employee id.
    pub fn hire(&self, person: Person) -> String {
        self.inside().hire(person).expect("a person whose fields can be written").to_string()
    }

    /// Sets a field, effective now: `lastChanged` moves, a webhook is queued if the value differs. A history field
    /// gets a row dated today, or has its first row changed if the person has not started yet. `status` is set by
    /// hand, apart from any employment status row.
    pub fn set(&self, id: &str, field: &str, value: impl FieldValue) {
        self.put(id, field, value.into_value(), None);
    }

    /// Sets a history field (`jobTitle`, `department`, `division`, `location`, `supervisorEId`,
    /// `employmentHistoryStatus`, or `status`, which becomes a row Terminated or Full-Time) from `date` on.
    /// `lastChanged` moves now; the value, and its webhook, come on the date.
    pub fn set_from(&self, id: &str, field: &str, value: impl FieldValue, date: impl ToString) {
        self.put(id, field, value.into_value(), Some(date.to_string()));
    }

    fn put(&self, id: &str, field: &str, value: Option<String>, from: Option<String>) {
        let mut company = self.inside();
        let id = known(&company, id);
        let field = company.catalogue.find_or_add(field);
        let from = from.map(|date| parse_date(&date).expect("a date as YYYY-MM-DD"));
        company.set(id, &[(field, value)], from).expect("a field that can be written");
    }

    /// Sets some fields at once, effective now: one change, one webhook.
    pub fn set_all(&self, id: &str, values: &[(&str, Option<&str>)]) {
        let mut company = self.inside();
        let id = known(&company, id);
        let values: Vec<(usize, Option<String>)> = values
            .iter()
            .map(|(field, value)| (company.catalogue.find_or_add(field), value.map(ToOwned::to_owned)))
            .collect();
        company.set(id, &values, None).expect("fields that can be written");
    }

    /// Moves `lastChanged` and nothing else.
    pub fn touch(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.change(id, &[], |_| {});
    }

    /// Ends the employment: `terminationDate` shows at once, `status` is Inactive from 23:59 of the company's zone on
    /// that date, or at once for an end today or earlier. Replaces an end that is still to come.
    pub fn terminate(&self, id: &str, date: impl ToString) {
        let mut company = self.inside();
        let id = known(&company, id);
        let date = parse_date(&date.to_string()).expect("a date as YYYY-MM-DD");
        company.terminate(id, Some(date));
    }

    /// Takes an end that is still to come back.
    pub fn cancel_termination(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.terminate(id, None);
    }

    /// Somebody is back from a leave today, with this status, whatever day it was to end.
    pub fn back(&self, id: &str, status: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.back(id, status);
    }

    /// Hires the same record again, Full-Time: the id stays, `hireDate` moves at once, `originalHireDate` keeps the
    /// first one.
    pub fn rehire(&self, id: &str, date: impl ToString) {
        let mut company = self.inside();
        let id = known(&company, id);
        let date = parse_date(&date.to_string()).expect("a date as YYYY-MM-DD");
        company.rehire(id, date, "Full-Time");
    }

    /// Deletes the record: 404 from now on, `Deleted` in the changed list.
    pub fn delete(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.delete(id);
    }

    /// Adds a row to a table other than `jobInfo` and `employmentStatus`; `lastChanged` does not move for it.
    pub fn add_row(&self, id: &str, table: &str, columns: &[(&str, &str)]) -> String {
        let mut company = self.inside();
        let id = known(&company, id);
        let columns: BTreeMap<String, String> =
            columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        company.add_other_row(id, table, columns).to_string()
    }

    /// Renames an option of `jobTitle`, `department`, `division`, `location` or `employmentHistoryStatus` for
    /// everybody who has it; by default without moving their `lastChanged`.
    pub fn rename_option(&self, list: &str, old: &str, new: &str) {
        assert!(self.inside().rename_option(list, old, new), "a list option that is in use");
    }

    /// Loads a recorded custom report (the whole recording, or its body) and returns how many people it had. The
    /// status of a report made with `onlyCurrent=false` is the last one, so whoever is Inactive by a date to come is
    /// Active until then.
    pub fn load_report(&self, recording: &Value) -> usize {
        self.inside().load_report(recording)
    }

    /// Adds `n` plausible people, the same for the same seed and clock, with sites, managers and unique work e-mails;
    /// no webhooks.
    pub fn seed_crowd(&self, n: usize, seed: u64) {
        self.inside().seed_crowd(n, seed);
    }

    /// Adds a place of work; returns its id.
    pub fn add_location(&self, location: Location) -> String {
        self.inside().add_location(location)
    }

    /// Adds a request for time off; returns its id.
    pub fn add_leave(&self, mut leave: Leave) -> String {
        let mut company = self.inside();
        if leave.id == 0 {
            leave.id = company.leaves.len() as u64 + 1;
        }
        let id = leave.id.to_string();
        company.leaves.push(leave);
        id
    }

    /// Changes a request for time off: approves it, cancels it, moves it.
    pub fn edit_leave(&self, id: &str, edit: impl FnOnce(&mut Leave)) {
        let mut company = self.inside();
        let leave = company.leaves.iter_mut().find(|leave| leave.id.to_string() == id);
        edit(leave.unwrap_or_else(|| panic!("there is no request {id}")));
    }

    /// Adds a company holiday.
    pub fn add_holiday(&self, name: &str, start: impl ToString, end: impl ToString) {
        let holiday = Holiday { name: name.to_owned(), start: start.to_string(), end: end.to_string() };
        self.inside().holidays.push(holiday);
    }

    /// What a field reads as now, permissions aside; `None` where empty, or where there is no such field or person.
    pub fn get(&self, id: &str, field: &str) -> Option<String> {
        self.read(id, field, true)
    }

    /// The same with `onlyCurrent=false`: history fields as their last rows.
    pub fn get_last(&self, id: &str, field: &str) -> Option<String> {
        self.read(id, field, false)
    }

    fn read(&self, id: &str, field: &str, only_current: bool) -> Option<String> {
        let company = self.inside();
        let record = company.people.get(&id.parse().ok()?)?;
        let field = company.catalogue.find(field)?;
        company.read(record, field, &company.moment().only_current(only_current)).into_text()
    }

    /// Which day it is for the company.
    pub fn today(&self) -> Date {
        self.inside().moment().today
    }

    /// Everybody's employee id, in order.
    pub fn ids(&self) -> Vec<String> {
        self.inside().people.keys().map(ToString::to_string).collect()
    }

    /// Lets rows take effect whose moment has come, and queues their webhooks. Every call does this first, so it
    /// only matters to somebody who waits without asking.
    pub fn tick(&self) {
        drop(self.inside());
    }

    /// The subscriptions, with keys and logs.
    pub fn webhooks(&self) -> Vec<Subscription> {
        self.inside().webhooks.clone()
    }

    /// Subscribes an address to new-style events on what a directory sync watches; returns the private key.
    pub fn subscribe(&self, url: &str) -> String {
        self.subscribe_to(NewWebhook::to(url)).private_key
    }

    /// Subscribes without the vendor's checks; `POST /webhooks` is the way with them.
    pub fn subscribe_to(&self, webhook: NewWebhook) -> Subscription {
        self.inside().subscribe(webhook)
    }

    /// What would be sent now, in order, signed as of now.
    pub fn pending_webhooks(&self) -> Vec<Delivery> {
        self.inside().due()
    }

    /// Duplicates, reorders or drops what waits, those not yet due included. Signatures are made at sending;
    /// `edit` must not call the company itself.
    ///
    /// `bamboo.edit_pending(|waiting| waiting.reverse());`
    pub fn edit_pending(&self, edit: impl FnOnce(&mut Vec<Delivery>)) {
        edit(&mut self.inside().queue);
    }

    /// Sends what is due, one after the other. A 5xx or no answer is tried again 5, 10, 20, 40 and 80 minutes of the
    /// simulated clock after the failure before; a 4xx never.
    pub async fn deliver_webhooks(&self) -> Vec<DeliveryResult> {
        let due = self.inside().take_due();
        let mut results = Vec::new();
        for delivery in due {
            let status = self.send(&delivery).await;
            let next_attempt = self.inside().settle(&delivery, status);
            results.push(DeliveryResult { delivery, status, next_attempt });
        }
        results
    }

    /// Sends one delivery exactly as it is, forged or replayed ones too, and keeps no record of it. The answer is the
    /// status, `None` for no answer.
    pub async fn send(&self, delivery: &Delivery) -> Option<u16> {
        post(&self.inner.client, &delivery.url, &delivery.headers, &delivery.body).await
    }

    /// The company as it is now: whatever came due has happened.
    fn inside(&self) -> MutexGuard<'_, Company> {
        let mut company = self.inner.company.lock().expect("no panic inside the company");
        company.tick();
        company
    }
}

fn known(company: &Company, id: &str) -> u64 {
    let id = id.parse().ok().filter(|id| company.people.contains_key(id));
    id.expect("the id of an employee who is there")
}

/// 40 hex digits, from anything.
fn new_key(from: &str) -> String {
    let seed = from.bytes().fold(0xB4, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut rng = fastrand::Rng::with_seed(seed);
    format!("{:032x}{:08x}", rng.u128(..), rng.u32(..))
}
