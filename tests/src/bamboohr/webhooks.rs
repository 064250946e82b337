//! Webhooks: who listens to what, what is waiting to be sent, and the signature.

use std::collections::VecDeque;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::company::Company;
use super::payload::{Entry, Message};
use super::read::stamp;

/// How many attempts the delivery log keeps.
const LOG_LENGTH: usize = 200;
/// The header that carries the Unix time of sending.
pub const TIMESTAMP_HEADER: &str = "X-BambooHR-Timestamp";
/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "X-BambooHR-Signature";

/// What happened to an employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    fn event(self) -> &'static str {
        match self {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Deleted => "deleted",
        }
    }

    pub(super) fn action(self) -> &'static str {
        match self {
            Change::Created => "Created",
            Change::Updated => "Updated",
            Change::Deleted => "Deleted",
        }
    }
}

/// What a new webhook shall be.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// A name for the human eye.
    pub name: String,
    /// Where to send.
    pub url: String,
    /// Bodies as forms instead of JSON.
    pub form_encoded: bool,
    /// Changes of these fields (alias or id) count; `None` for a webhook without `*.updated`. A field computed from
    /// others (`displayName`, `bestEmail`, ...) never fires, only what it is computed from.
    pub monitor_fields: Option<Vec<String>>,
    /// Fields that old-style events carry, and the names they carry them under.
    pub post_fields: Vec<(String, String)>,
    /// Whether the header `company-domain` goes along.
    pub include_company_domain: bool,
    /// `employee.created` and so on (new style) or `employee_with_fields.created` and so on (old style).
    pub events: Vec<String>,
}

impl NewWebhook {
    /// A new-style webhook on what a directory sync watches. `terminationDate` is not among it: the vendor refuses to
    /// monitor it.
    pub fn to(url: &str) -> NewWebhook {
        let monitored = [
            "firstName",
            "lastName",
            "middleName",
            "preferredName",
            "workEmail",
            "homeEmail",
            "employeeNumber",
            "jobTitle",
            "department",
            "division",
            "location",
            "supervisorEId",
            "status",
            "employmentHistoryStatus",
            "hireDate",
            "workPhone",
            "mobilePhone",
        ];
        NewWebhook {
            name: "simulated".to_owned(),
            url: url.to_owned(),
            form_encoded: false,
            monitor_fields: Some(monitored.map(ToOwned::to_owned).to_vec()),
            post_fields: Vec::new(),
            include_company_domain: true,
            events: NEW_STYLE.map(ToOwned::to_owned).to_vec(),
        }
    }
}

/// The new, event-based events.
pub(super) const NEW_STYLE: [&str; 3] = ["employee.created", "employee.updated", "employee.deleted"];
/// The old, field-based events; what a webhook without `events` gets.
pub(super) const OLD_STYLE: [&str; 3] =
    ["employee_with_fields.created", "employee_with_fields.updated", "employee_with_fields.deleted"];

/// One subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its number.
    pub id: u64,
    /// What it was asked to be.
    pub is: NewWebhook,
    /// What its bodies are signed with; the vendor tells it once, at creation.
    pub private_key: String,
    /// When it was made.
    pub created: Timestamp,
    /// When anything was last sent.
    pub last_sent: Option<Timestamp>,
    /// The attempts so far, newest last.
    pub log: VecDeque<Attempt>,
}

/// One attempt at a delivery, as the log keeps it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// The answer's status; `None` for none.
    pub status: Option<u16>,
    /// About whom.
    pub employees: Vec<String>,
}

/// One message that waits to be sent.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The subscription's number.
    pub webhook: u64,
    /// Where it goes.
    pub url: String,
    /// The event, such as `employee.updated`.
    pub event: String,
    /// About whom; more than one only with batched old-style events.
    pub employees: Vec<String>,
    /// The body as sent.
    pub body: String,
    /// The headers as sent; time stamp and signature are those of the moment of sending.
    pub headers: Vec<(String, String)>,
    /// How many attempts have failed.
    pub retries: usize,
    /// Not before this moment.
    pub due: Timestamp,
    /// Old-style entries, kept for batching.
    pub(super) entries: Vec<Entry>,
}

impl Delivery {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Signs it again, after the body was changed or as if it were sent at another moment.
    pub fn sign(&mut self, private_key: &str, at: Timestamp) {
        let timestamp = at.as_second().to_string();
        let signature = sign(private_key, self.body.as_bytes(), &timestamp);
        self.headers.retain(|(name, _)| name != TIMESTAMP_HEADER && name != SIGNATURE_HEADER);
        self.headers.push((TIMESTAMP_HEADER.to_owned(), timestamp));
        self.headers.push((SIGNATURE_HEADER.to_owned(), signature));
    }
}

/// `hex(HMAC-SHA256(key = the private key's text, body followed by the time stamp's text))`, with nothing between.
pub fn sign(private_key: &str, body: &[u8], timestamp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(private_key.as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    mac.update(timestamp.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

impl Company {
    /// Adds a subscription; the caller has checked it.
    pub(super) fn subscribe(&mut self, webhook: NewWebhook) -> Subscription {
        self.next_webhook += 1;
        let id = self.next_webhook;
        let mut rng = fastrand::Rng::with_seed(id);
        let private_key = format!("{:032x}", rng.u128(..));
        let created = self.clock.now();
        let subscription =
            Subscription { id, is: webhook, private_key, created, last_sent: None, log: VecDeque::new() };
        self.webhooks.push(subscription.clone());
        subscription
    }

    /// Queues what the subscribers shall hear of a change.
    pub(super) fn announce(&mut self, change: Change, id: u64, changed: &[usize], at: Timestamp) {
        for place in 0..self.webhooks.len() {
            let webhook = self.webhooks[place].is.clone();
            let old_style = webhook.events.iter().any(|event| OLD_STYLE.contains(&event.as_str()));
            let family = if old_style { "employee_with_fields" } else { "employee" };
            let event = format!("{family}.{}", change.event());
            if !webhook.events.contains(&event) {
                continue;
            }
            for group in self.groups(change, id, &webhook, changed) {
                let message = Message { webhook: self.webhooks[place].id, event: &event, change, id, at };
                self.queue_event(&message, &webhook, &group, old_style);
            }
        }
    }

    /// The monitored fields among the changed ones, in as many events as they make; none for an update nobody
    /// monitors, or whose fields the webhook's maker may not see.
    fn groups(&self, change: Change, id: u64, webhook: &NewWebhook, changed: &[usize]) -> Vec<Vec<usize>> {
        if change != Change::Updated {
            return vec![Vec::new()];
        }
        let fields = webhook.monitor_fields.iter().flatten();
        let monitored: Vec<usize> = fields.filter_map(|key| self.catalogue.find(key)).collect();
        let seen = |field: &&usize| monitored.contains(field) && !self.is_hidden(**field);
        let heard: Vec<usize> = changed.iter().filter(seen).copied().collect();
        if heard.is_empty() || self.is_hidden_employee(id) {
            return Vec::new();
        }
        if self.switches.custom_fields_apart {
            let (custom, standard): (Vec<usize>, Vec<usize>) =
                heard.into_iter().partition(|field| self.catalogue.get(*field).custom);
            return [standard, custom].into_iter().filter(|group| !group.is_empty()).collect();
        }
        vec![heard]
    }

    fn queue_event(&mut self, message: &Message<'_>, webhook: &NewWebhook, changed: &[usize], old_style: bool) {
        let entry = if old_style { Some(self.entry(message, webhook, changed)) } else { None };
        if let Some(entry) = &entry
            && self.switches.webhook_batches
            && let Some(place) =
                self.queue.iter().position(|waiting| waiting.webhook == message.webhook && waiting.retries == 0)
        {
            let mut entries = std::mem::take(&mut self.queue[place].entries);
            entries.push(entry.clone());
            self.queue[place].body = self.old_body(&entries, webhook.form_encoded);
            self.queue[place].employees.push(message.id.to_string());
            self.queue[place].entries = entries;
            return;
        }
        let entries: Vec<Entry> = entry.into_iter().collect();
        let body = match old_style {
            true => self.old_body(&entries, webhook.form_encoded),
            false => self.new_body(message, changed, webhook.form_encoded),
        };
        let kind = if webhook.form_encoded { "application/x-www-form-urlencoded" } else { "application/json" };
        let mut headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        if webhook.include_company_domain {
            headers.push(("company-domain".to_owned(), self.name.clone()));
        }
        self.queue.push(Delivery {
            webhook: message.webhook,
            url: webhook.url.clone(),
            event: message.event.to_owned(),
            employees: vec![message.id.to_string()],
            body,
            headers,
            retries: 0,
            due: message.at,
            entries,
        });
    }

    /// What is due, in order, signed as of now.
    pub(super) fn due(&self) -> Vec<Delivery> {
        let now = self.clock.now();
        let due = self.queue.iter().filter(|waiting| waiting.due <= now);
        due.filter_map(|waiting| self.signed(waiting, now)).collect()
    }

    /// Takes what is due out of the queue.
    pub(super) fn take_due(&mut self) -> Vec<Delivery> {
        let due = self.due();
        let now = self.clock.now();
        // What has no subscriber any more is not sent, and does not wait either.
        self.queue.retain(|waiting| waiting.due > now);
        due
    }

    fn signed(&self, delivery: &Delivery, now: Timestamp) -> Option<Delivery> {
        let subscription = self.webhooks.iter().find(|webhook| webhook.id == delivery.webhook)?;
        let mut delivery = delivery.clone();
        delivery.sign(&subscription.private_key, now);
        Some(delivery)
    }

    /// Writes an attempt into the log, and puts a failed delivery back: a 4xx is never tried again, anything else but
    /// a 2xx up to as many times as there are waits. The answer is the moment of the next attempt.
    pub(super) fn settle(&mut self, delivery: &Delivery, status: Option<u16>) -> Option<Timestamp> {
        let now = self.clock.now();
        if let Some(webhook) = self.webhooks.iter_mut().find(|webhook| webhook.id == delivery.webhook) {
            webhook.last_sent = Some(now);
            webhook.log.push_back(Attempt { at: now, status, employees: delivery.employees.clone() });
            if webhook.log.len() > LOG_LENGTH {
                webhook.log.pop_front();
            }
        }
        if status.is_some_and(|status| (200..300).contains(&status) || (400..500).contains(&status)) {
            return None;
        }
        let minutes = *self.switches.webhook_retry_minutes.get(delivery.retries)?;
        let due = now + SignedDuration::from_mins(minutes);
        self.queue.push(Delivery { retries: delivery.retries + 1, due, ..delivery.clone() });
        Some(due)
    }

    /// The log as the vendor answers it.
    pub(super) fn log_of(&self, webhook: &Subscription) -> Value {
        let spelt = |at: Timestamp| stamp(at)[..19].replace('T', " ");
        let oldest = self.clock.now() - SignedDuration::from_hours(14 * 24);
        let recent = webhook.log.iter().rev().filter(|attempt| attempt.at >= oldest);
        let entries = recent.map(|attempt| {
            let success = attempt.status.is_some_and(|status| (200..300).contains(&status));
            json!({
                "webhookId": webhook.id.to_string(),
                "url": webhook.is.url,
                "lastAttempted": spelt(attempt.at),
                "lastSuccess": if success { spelt(attempt.at) } else { "Webhook Not Found".to_owned() },
                "statusCode": attempt.status.unwrap_or(0).to_string(),
                "format": if webhook.is.form_encoded { "form-encoded" } else { "json" },
                "employeeIds": attempt.employees,
            })
        });
        entries.collect()
    }
}
