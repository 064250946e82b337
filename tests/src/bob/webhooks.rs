//! Webhooks: who hears what, the signature, the pings, and how often a delivery is tried.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use sha2::Sha512;

use super::company::Company;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "Bob-Signature";
/// What a new webhook is sent first, and what if that is not taken.
pub const PINGS: [&str; 2] = ["Ping test", r#"{"text":"Ping test"}"#];
/// A delivery is given up after so long.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Which of the two kinds of webhook it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The old one, with values; none has been made since April 2025, but they keep running.
    One,
    /// The new one.
    Two,
}

/// A webhook, as an administrator made it in Bob's own pages.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its number.
    pub id: u64,
    /// Where it leads.
    pub url: String,
    /// The key of its signatures.
    pub secret: String,
    /// Old or new.
    pub version: Version,
    /// Which events; all where `None`.
    pub events: Option<Vec<String>>,
    /// Whether the pings are still to be sent.
    pub unpinged: bool,
    /// How the pings were answered.
    pub pings: Vec<Option<u16>>,
    /// An old one is switched off when its deliveries failed for long.
    pub active: bool,
}

/// One message that waits to be sent.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The webhook's number.
    pub webhook: u64,
    /// Where it goes.
    pub url: String,
    /// The event, such as `employee.updated`; empty for a ping.
    pub event: String,
    /// About whom; empty for a ping.
    pub person: String,
    /// The body as sent.
    pub body: String,
    /// The headers as sent.
    pub headers: Vec<(String, String)>,
    /// How many attempts have failed.
    pub retries: usize,
    /// When it was first due.
    pub made: Timestamp,
    /// Not before this moment.
    pub due: Timestamp,
}

impl Delivery {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Signs it again, after the body was changed or with another key.
    pub fn sign(&mut self, secret: &str) {
        self.headers.retain(|(name, _)| name != SIGNATURE_HEADER);
        self.headers.push((SIGNATURE_HEADER.to_owned(), sign(secret, self.body.as_bytes())));
    }
}

/// `base64(HMAC-SHA512(key = the secret's text, the raw body))`; no moment is in it.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// What webhooks hear of.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Created,
    /// These fields.
    Updated(Vec<String>),
    Deleted,
    /// A row of this table, from this day on.
    Row(&'static str, Date),
    /// A lifecycle event by its name.
    Lifecycle(&'static str),
}

impl Happening {
    pub(super) fn event(&self) -> &'static str {
        match self {
            Happening::Created => "employee.created",
            Happening::Updated(_) => "employee.updated",
            Happening::Deleted => "employee.deleted",
            Happening::Row(..) => "table.entry.created",
            Happening::Lifecycle(event) => event,
        }
    }
}

/// Who brought it about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Admin,
    /// Time.
    System,
}

impl Company {
    /// Makes a webhook.
    pub(super) fn subscribe(&mut self, url: &str, version: Version, events: Option<Vec<String>>) -> Subscription {
        let id = self.webhooks.len() as u64 + 1;
        let mut rng = fastrand::Rng::with_seed(id);
        let secret: String = std::iter::repeat_with(|| rng.alphanumeric()).take(40).collect();
        let url = url.to_owned();
        let subscription =
            Subscription { id, url, secret, version, events, unpinged: true, pings: Vec::new(), active: true };
        self.webhooks.push(subscription.clone());
        subscription
    }

    /// Queues what the webhooks shall hear.
    pub(super) fn announce(&mut self, happening: Happening, id: u64, by: By, at: Timestamp) {
        self.events += 1;
        let event = happening.event();
        for place in 0..self.webhooks.len() {
            let webhook = &self.webhooks[place];
            let hears = webhook.events.as_ref().is_none_or(|events| events.iter().any(|known| known == event));
            if !hears || !webhook.active {
                continue;
            }
            let body = match webhook.version {
                Version::One => self.old_body(&happening, id, by, at),
                Version::Two => self.new_body(&happening, id, by, at),
            };
            let delivery = Delivery {
                webhook: webhook.id,
                url: webhook.url.clone(),
                event: event.to_owned(),
                person: id.to_string(),
                body,
                headers: json_headers(),
                retries: 0,
                made: at,
                due: at,
            };
            self.queue.push(delivery);
        }
    }

    /// The ping that a webhook still has to be sent; the second where the first was not taken.
    pub(super) fn next_ping(&self, webhook: &Subscription) -> Option<Delivery> {
        let (text, kind) = match webhook.pings.len() {
            _ if !webhook.unpinged => return None,
            0 => (PINGS[0], "text/plain"),
            _ => (PINGS[1], "application/json"),
        };
        let now = self.clock.now();
        let mut ping = Delivery {
            webhook: webhook.id,
            url: webhook.url.clone(),
            event: String::new(),
            person: String::new(),
            body: text.to_owned(),
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            retries: 0,
            made: now,
            due: now,
        };
        if self.switches.ping_signed {
            ping.sign(&webhook.secret);
        }
        Some(ping)
    }

    /// Notes how a ping was answered. There are no more than two.
    pub(super) fn pinged(&mut self, webhook: u64, status: Option<u16>) {
        let taken = self.is_taken(status);
        if let Some(webhook) = self.webhooks.iter_mut().find(|known| known.id == webhook) {
            webhook.pings.push(status);
            webhook.unpinged = !taken && webhook.pings.len() < PINGS.len();
        }
    }

    fn is_taken(&self, status: Option<u16>) -> bool {
        match status {
            Some(200) => true,
            Some(other) => self.switches.any_success_will_do && (200..300).contains(&other),
            None => false,
        }
    }

    /// What would be sent now, in order, signed.
    pub(super) fn due(&self) -> Vec<Delivery> {
        let mut held = Vec::new();
        let mut due = Vec::new();
        for waiting in &self.queue {
            if held.contains(&waiting.webhook) {
                continue;
            }
            if waiting.due <= self.clock.now() {
                due.extend(self.signed(waiting));
            } else if self.switches.in_order {
                held.push(waiting.webhook);
            }
        }
        due
    }

    fn signed(&self, delivery: &Delivery) -> Option<Delivery> {
        let webhook = self.webhooks.iter().find(|webhook| webhook.id == delivery.webhook)?;
        let mut delivery = delivery.clone();
        delivery.sign(&webhook.secret);
        Some(delivery)
    }

    /// Takes one webhook's deliveries that are due out of the queue.
    pub(super) fn take_due(&mut self, webhook: u64) -> Vec<Delivery> {
        let due: Vec<Delivery> = self.due().into_iter().filter(|delivery| delivery.webhook == webhook).collect();
        let mut left = due.len();
        let now = self.clock.now();
        self.queue.retain(|waiting| {
            let taken = left > 0 && waiting.webhook == webhook && waiting.due <= now;
            left -= usize::from(taken);
            !taken
        });
        due
    }

    /// Puts what was not tried back in front.
    pub(super) fn put_back(&mut self, rest: Vec<Delivery>) {
        self.queue.splice(0..0, rest);
    }

    /// Puts a failed delivery back: tried again with longer and longer waits, up to three days. The answer is the moment
    /// of the next attempt; `None` where it was taken or given up. Giving up switches an old webhook off.
    pub(super) fn settle(&mut self, delivery: &Delivery, status: Option<u16>) -> Option<Timestamp> {
        if self.is_taken(status) {
            return None;
        }
        let wait = self.switches.retry_minutes.get(delivery.retries).copied();
        let due = wait.map(|minutes| self.clock.now() + SignedDuration::from_mins(minutes));
        let Some(due) = due.filter(|due| due.duration_since(delivery.made) <= LONGEST_RETRY) else {
            let webhook = self.webhooks.iter_mut().find(|webhook| webhook.id == delivery.webhook);
            if let Some(webhook) = webhook.filter(|webhook| webhook.version == Version::One) {
                webhook.active = false;
            }
            return None;
        };
        let again = Delivery { retries: delivery.retries + 1, due, ..delivery.clone() };
        match self.switches.in_order {
            true => self.queue.insert(0, again),
            false => self.queue.push(again),
        }
        Some(due)
    }
}

fn json_headers() -> Vec<(String, String)> {
    vec![("Content-Type".to_owned(), "application/json".to_owned())]
}
