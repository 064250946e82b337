//! A simulated Bob company: people with a lifecycle and dated rows at sites in several time zones, read over real HTTP,
//! telling its webhooks. Nothing here is shared with the product; whatever the vendor is not known to do is in
//! [`Switches`]. Writing is by the functions here only: no client of ours writes to Bob.

mod calls;
mod company;
mod crowd;
mod edits;
mod fields;
mod http;
mod lists;
mod meta;
mod payload;
mod people;
mod person;
mod read;
mod record;
mod switches;
mod tables;
mod webhooks;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

pub use self::person::Person;
pub use self::switches::{FieldUpdates, HiddenOne, ReadableDates, Switches};
pub use self::webhooks::{Delivery, PINGS, SIGNATURE_HEADER, Subscription, Version, sign};

use self::company::Company;
use self::edits::parse_date;
use crate::clock::Clock;
use crate::server::{Fault, Server, Traffic, Trouble, post};

/// The site that every company begins with, in the company's zone.
pub const FIRST_SITE: &str = "Main office";
/// How long a subscriber may take; known for partners only.
const DELIVERY_TIME_OUT: Duration = Duration::from_secs(10);
/// The company's number.
const COMPANY_ID: u64 = 636_192;
/// Whoever changes things in Bob's own pages.
const ADMIN: &str = "3332883804594373380";

/// A simulated Bob company. Clones are the same company; its server stops when the last one is dropped.
///
/// The mutating functions panic on an unknown person, site or field and on a malformed date, since that is a mistake in
/// the story.
#[derive(Clone, Debug)]
pub struct Bob {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    company: Arc<Mutex<Company>>,
    traffic: Arc<Traffic>,
    client: reqwest::Client,
    server: Server,
}

/// How an employment ends.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The last day of work, `YYYY-MM-DD`. From the day after it is garden leave, if the end is later.
    pub last_day: String,
    /// The termination date. At its midnight, in the zone of the site, the person is terminated.
    pub termination_date: String,
    /// An item of the list `terminationreason`.
    pub reason: Option<String>,
    /// An item of the list `lifecycleReasonType`, such as `Involuntary`.
    pub kind: Option<String>,
}

impl Ending {
    /// An end with both dates on one day.
    pub fn on(day: impl ToString) -> Ending {
        Ending { last_day: day.to_string(), termination_date: day.to_string(), ..Ending::default() }
    }
}

/// A leave that somebody comes back from.
#[derive(Clone, Debug, Default)]
pub struct Absence {
    /// An item of the list `lifecycleStatus`; `Leave` and `Parental leave` are built in, any other is added.
    pub word: String,
    /// Whether the person stays Active.
    pub keeps_access: bool,
    /// The first day; today where `None`.
    pub from: Option<String>,
    /// The last day, where it is known.
    pub until: Option<String>,
}

/// What became of one delivery.
#[derive(Clone, Debug)]
pub struct DeliveryResult {
    /// What was sent.
    pub delivery: Delivery,
    /// The answer's status; `None` for none within the time-out, or where it was lost on the way.
    pub status: Option<u16>,
    /// When it will be tried again; `None` if it was taken or given up.
    pub next_attempt: Option<Timestamp>,
}

impl Bob {
    /// Starts a company without people on a loopback port, with one site in `time_zone` (IANA).
    pub async fn start(clock: Clock, time_zone: &str) -> Bob {
        let zone = zone(time_zone);
        let mut company = Company::new(clock, zone.clone(), new_token("bob"));
        company.lists.add_site(FIRST_SITE, zone);
        let company = Arc::new(Mutex::new(company));
        let traffic = Arc::new(Traffic::default());
        let server = Server::start(http::router(company.clone()), traffic.clone()).await;
        let client = reqwest::Client::builder()
            .timeout(DELIVERY_TIME_OUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without special wishes");
        Bob { inner: Arc::new(Inner { company, traffic, client, server }) }
    }

    /// `http://127.0.0.1:PORT`; `/v1/...` follows.
    pub fn url(&self) -> String {
        self.inner.server.url()
    }

    /// The service user's id, the user name of HTTP Basic.
    pub fn service_user(&self) -> String {
        self.inside().service_user.clone()
    }

    /// The service user's token, the password.
    pub fn token(&self) -> String {
        self.inside().token.clone()
    }

    /// Makes the old token unknown; returns the new one.
    pub fn rotate_token(&self) -> String {
        let mut company = self.inside();
        company.token = new_token(&company.token);
        company.token.clone()
    }

    /// Call counts, latency, injected faults, remembered exchanges.
    pub fn traffic(&self) -> &Traffic {
        &self.inner.traffic
    }

    /// Changes permissions, and behaviours that nobody could confirm. `change` must not call the company itself.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.inside().switches);
    }

    /// Forgets the windows of the rate limits and whom the firewall blocks, as if minutes had passed.
    pub fn forget_limits(&self) {
        self.inside().calls.forget();
    }

    /// The next `times` requests are refused with a 429 whose headers say that the window ends in so many seconds of real
    /// time.
    pub fn limit_rate(&self, reset_in: u64, times: usize) {
        let reset = Timestamp::now().as_second() + i64::try_from(reset_in).expect("a short while");
        let headers = vec![
            ("x-ratelimit-limit", "50".to_owned()),
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-reset", reset.to_string()),
        ];
        let trouble = Trouble::Answer { status: 429, headers, body: String::new() };
        self.traffic().fail(Fault { method: None, path: String::new(), after: 0, times, trouble });
    }

    /// Adds a site with an IANA zone, the company's where `None`. The API never tells it.
    pub fn add_site(&self, name: &str, time_zone: Option<&str>) -> u64 {
        let mut company = self.inside();
        let zone = time_zone.map_or_else(|| company.zone.clone(), zone);
        company.lists.add_site(name, zone)
    }

    /// Whether there is such a site.
    pub fn has_site(&self, name: &str) -> bool {
        self.inside().lists.site_named(name).is_some()
    }

    /// Writes a part of a site's address: `siteCity`, `siteCountry`, ...
    pub fn set_site_address(&self, site: &str, part: &str, text: &str) {
        let mut company = self.inside();
        let site = company.lists.sites.iter_mut().find(|known| known.name == site).expect("a site that was added");
        site.address.insert(part.to_owned(), text.to_owned());
    }

    /// Adds an item to a named list; its id is of digits.
    pub fn add_item(&self, list: &str, name: &str) -> String {
        self.inside().lists.find_or_add(list, name)
    }

    /// Gives an item another name; whoever has it reads the new one, and nobody hears of it.
    pub fn rename_item(&self, list: &str, old: &str, new: &str) {
        let mut company = self.inside();
        let id = company.lists.find(list, old).expect("an item of the list").to_owned();
        company.lists.item(list, &id).expect("an item that was found").name = new.to_owned();
    }

    /// Archives an item: lists leave it out unless asked.
    pub fn archive_item(&self, list: &str, name: &str) {
        let mut company = self.inside();
        let id = company.lists.find(list, name).expect("an item of the list").to_owned();
        company.lists.item(list, &id).expect("an item that was found").archived = true;
    }

    /// Adds a custom field to a category, such as `work` and `1644932887286`; returns its id.
    pub fn add_field(&self, category: &str, number: &str, kind: &str) -> String {
        self.inside().catalogue.add_custom(category, number, kind)
    }

    /// Hires a person; returns the id.
    pub fn hire(&self, person: Person) -> String {
        self.inside().hire(person).to_string()
    }

    /// Adds `n` plausible people, the same for the same seed and clock, with managers and unique work e-mails, at the sites
    /// there are; nobody is told.
    pub fn seed_crowd(&self, n: usize, seed: u64) {
        self.inside().seed_crowd(n, seed);
    }

    /// Sets a field (`root.email`, `work.department`, `work.custom.field_1`), effective now. A list's value may be an
    /// item's name or id. Somebody who has not started yet has their first row changed.
    pub fn set(&self, id: &str, field: &str, value: Option<&str>) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.set(id, field, value, None);
    }

    /// Sets a column of a dated table from `date` on.
    pub fn set_from(&self, id: &str, field: &str, value: Option<&str>, date: impl ToString) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.set(id, field, value, Some(parse_date(&date.to_string())));
    }

    /// What a field reads as now, permissions and lags aside: readable names of list items, machine form of everything
    /// else; `None` where empty.
    pub fn get(&self, id: &str, field: &str) -> Option<String> {
        let company = self.inside();
        let record = company.people.get(&id.parse().ok()?)?;
        let value = company.read(record, field, company.clock.now());
        let is_list = |kind: &str| kind == "list" || kind == "list_id";
        match (company.catalogue.find(field)?, value) {
            (_, Value::Null) => None,
            (field, value) if is_list(&field.kind) => company.readable(field, &value),
            (_, Value::String(text)) => Some(text),
            (_, Value::Object(map)) => map.get("id").and_then(Value::as_str).map(ToOwned::to_owned),
            (_, other) => Some(other.to_string()),
        }
    }

    /// Gives a person another work e-mail.
    pub fn rename_email(&self, id: &str, email: &str) {
        self.set(id, "root.email", Some(email));
    }

    /// Ends the employment; in place of any other end to come.
    pub fn terminate(&self, id: &str, ending: &Ending) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.terminate(id, ending);
    }

    /// Takes an end that is still to come back.
    pub fn cancel_termination(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.cancel_termination(id);
    }

    /// Takes access away at once: `internal.status` is Inactive, the lifecycle stays.
    pub fn revoke_access_now(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.revoke(id);
    }

    /// Puts somebody on leave.
    pub fn leave(&self, id: &str, absence: &Absence) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.leave(id, absence);
    }

    /// Somebody is employed again from today on: back from leave, or access given again.
    pub fn back(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.back(id);
    }

    /// Hires the same record again.
    pub fn rehire(&self, id: &str, starts: impl ToString) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.rehire(id, parse_date(&starts.to_string()));
    }

    /// Deletes the record: 404, and gone from searches.
    pub fn delete(&self, id: &str) {
        let mut company = self.inside();
        let id = known(&company, id);
        company.delete(id);
    }

    /// Takes a person out of the service user's audience.
    pub fn hide(&self, id: &str) {
        self.switch(|switches| switches.hidden_people.extend([id.to_owned()]));
    }

    /// Puts a person back into it.
    pub fn show(&self, id: &str) {
        self.switch(|switches| switches.hidden_people.retain(|hidden| hidden != id));
    }

    /// Everybody's id, in order.
    pub fn ids(&self) -> Vec<String> {
        self.inside().people.keys().map(ToString::to_string).collect()
    }

    /// Lets what falls due happen, and queues its webhooks. Every call does this first, so it only matters to somebody
    /// who waits without asking.
    pub fn tick(&self) {
        drop(self.inside());
    }

    /// The webhooks.
    pub fn webhooks(&self) -> Vec<Subscription> {
        self.inside().webhooks.clone()
    }

    /// Makes a webhook of the new kind for all events; returns its secret. The pings go out with the next deliveries.
    pub fn subscribe(&self, url: &str) -> String {
        self.subscribe_to(url, Version::Two, None).secret
    }

    /// Makes a webhook of either kind, for these events.
    pub fn subscribe_to(&self, url: &str, version: Version, events: Option<&[&str]>) -> Subscription {
        let events = events.map(|events| events.iter().map(|event| (*event).to_owned()).collect());
        self.inside().subscribe(url, version, events)
    }

    /// What would be sent now, in order, signed; pings are left out.
    pub fn pending_webhooks(&self) -> Vec<Delivery> {
        self.inside().due()
    }

    /// Duplicates, reorders or drops what waits, those not yet due included. Signatures are made at sending; `edit` must
    /// not call the company itself.
    pub fn edit_pending(&self, edit: impl FnOnce(&mut Vec<Delivery>)) {
        edit(&mut self.inside().queue);
    }

    /// Sends what is due, webhook by webhook, one after the other. What is not answered by 200 is tried again later, by
    /// the simulated clock, and holds up what comes behind it. Pings are sent first and are not among the results.
    pub async fn deliver_webhooks(&self) -> Vec<DeliveryResult> {
        self.ping_webhooks().await;
        let webhooks: Vec<u64> = self.inside().webhooks.iter().map(|webhook| webhook.id).collect();
        let mut results = Vec::new();
        for webhook in webhooks {
            let (mut due, switches) = {
                let mut company = self.inside();
                (company.take_due(webhook), company.switches.clone())
            };
            if switches.reversed {
                due.reverse();
            }
            let mut due = std::collections::VecDeque::from(due);
            while let Some(delivery) = due.pop_front() {
                let lost = switches.lose_every > 0 && (results.len() + 1).is_multiple_of(switches.lose_every);
                if lost {
                    results.push(DeliveryResult { delivery, status: None, next_attempt: None });
                    continue;
                }
                if switches.twice {
                    self.send(&delivery).await;
                }
                let status = self.send(&delivery).await;
                let next_attempt = match switches.in_order {
                    // What was not tried goes back first, so that this one is before it.
                    true => {
                        let mut company = self.inside();
                        let next = company.settle(&delivery, status);
                        if next.is_some() {
                            let rest: Vec<Delivery> = due.drain(..).collect();
                            let again = company.queue.remove(0);
                            company.put_back([vec![again], rest].concat());
                        }
                        next
                    }
                    false => self.inside().settle(&delivery, status),
                };
                results.push(DeliveryResult { delivery, status, next_attempt });
            }
        }
        results
    }

    /// Sends the pings that new webhooks still have to be sent.
    pub async fn ping_webhooks(&self) {
        loop {
            let ping = {
                let company = self.inside();
                company.webhooks.iter().find_map(|webhook| company.next_ping(webhook))
            };
            let Some(ping) = ping else { return };
            let status = self.send(&ping).await;
            self.inside().pinged(ping.webhook, status);
        }
    }

    /// Sends one delivery exactly as it is, forged or replayed ones too, and keeps no record of it. The answer is the
    /// status, or `None` if there was none in time.
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
    id.expect("the id of a person who is there")
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("an IANA time zone")
}

/// A token, from anything.
fn new_token(from: &str) -> String {
    let seed = from.bytes().fold(0xB0B, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut rng = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| rng.alphanumeric()).take(40).collect()
}
