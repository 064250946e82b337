//! Webhooks of our own: found by their name, made, kept in step with the rules, removed. Nobody else's is touched.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::StatusCode;
use mapping::secret::Secret;
use serde_json::Value;
use transport::{Fault, Limits, Response, Safety};

use super::answer::{About, VENDOR};
use super::requests::Wanted;
use super::{BambooHr, LIST, SMALL};
use crate::words::Flaw;
use crate::{Subscribed, Subscription, Tended};

/// The newer family, which names employees and nothing else of them. The older one carries values.
const EVENTS: [&str; 3] = ["employee.created", "employee.updated", "employee.deleted"];
/// The vendor refuses to watch it; `status` and `employmentHistoryStatus` change on the day itself.
const NEVER_WATCHED: &str = "terminationDate";
/// The manager's id is computed from these in some companies, and only they can be watched there.
const STAND_INS: (&str, [&str; 3]) = ("supervisorEId", ["supervisorId", "supervisor", "reportsTo"]);
/// How often a webhook is offered with fewer fields: the vendor names all that it refuses at once.
const OFFERS: usize = 3;

const LISTED: &str = "GET /webhooks";
const WATCHABLE: &str = "GET /webhooks/monitor_fields";
const ONE: &str = "GET /webhooks/{id}";
const MADE: &str = "POST /webhooks";
const CHANGED: &str = "PUT /webhooks/{id}";
const DELIVERIES: &str = "GET /webhooks/{id}/log";
const REMOVED: &str = "DELETE /webhooks/{id}";

/// A field that a webhook may watch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Watchable {
    id: String,
    alias: Option<String>,
}

/// What is to be watched, and what cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Watch {
    fields: Vec<String>,
    left_out: Vec<String>,
    /// By which an id and an alias are known to be one field.
    known: Vec<Watchable>,
}

fn name(bamboo: &BambooHr) -> String {
    format!("Hirewire {}", bamboo.inner.connection)
}

pub(super) async fn ours(bamboo: &BambooHr) -> Result<Vec<Subscription>, Fault> {
    let body = read(bamboo, bamboo.inner.door.webhooks(), LISTED, &LIST).await?;
    listed(&body, &name(bamboo)).map_err(|flaw| flaw.of(VENDOR, LISTED))
}

pub(super) async fn subscribe(bamboo: &BambooHr, url: &str) -> Result<Subscribed, Fault> {
    let watch = watch(bamboo).await?;
    let (answer, watch) = offer(bamboo, None, url, watch).await?;
    let made = document(&answer).map_err(|flaw| flaw.of(VENDOR, MADE))?;
    let id = text(&made["id"]).ok_or_else(|| Flaw("it has no id".to_owned()).of(VENDOR, MADE))?;
    match text(&made["privateKey"]) {
        Some(key) => Ok(Subscribed { id, private_key: Secret::new(&key), left_out: watch.left_out }),
        None => {
            // Of no use to anybody: nothing that it sends could be proven.
            unsubscribe(bamboo, &id).await?;
            Err(Flaw("it has no private key; the webhook is removed again".to_owned()).of(VENDOR, MADE))
        }
    }
}

pub(super) async fn tend(bamboo: &BambooHr, id: &str, url: &str) -> Result<Tended, Fault> {
    let body = read(bamboo, bamboo.inner.door.webhook(id), ONE, &SMALL).await?;
    let now = document(&body).map_err(|flaw| flaw.of(VENDOR, ONE))?;
    let watch = watch(bamboo).await?;
    // The log is no more than a hint: where it cannot be read, nothing is said.
    let log = read(bamboo, bamboo.inner.door.deliveries(id), DELIVERIES, &LIST).await;
    let refused = log.is_ok_and(|log| is_refused(&log));
    if watch.is_so(&now, url) {
        return Ok(Tended { changed: false, refused, left_out: watch.left_out });
    }
    let (_, watch) = offer(bamboo, Some(id), url, watch).await?;
    // What the vendor lists and refuses all the same is offered again each time, and changes nothing.
    Ok(Tended { changed: !watch.is_so(&now, url), refused, left_out: watch.left_out })
}

pub(super) async fn unsubscribe(bamboo: &BambooHr, id: &str) -> Result<(), Fault> {
    match read(bamboo, bamboo.inner.door.unsubscribe(id), REMOVED, &SMALL).await {
        Ok(_) | Err(Fault::NotFound { .. }) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// The fields that may be watched, and what of them the rules read.
async fn watch(bamboo: &BambooHr) -> Result<Watch, Fault> {
    let known = match read(bamboo, bamboo.inner.door.monitor_fields(), WATCHABLE, &LIST).await {
        Ok(body) => Some(watchable(&body).map_err(|flaw| flaw.of(VENDOR, WATCHABLE))?),
        // Then it is tried: whatever may not be watched is named in the refusal.
        Err(Fault::Rejected { .. } | Fault::NotFound { .. }) => None,
        Err(fault) => return Err(fault),
    };
    Ok(chosen(&bamboo.inner.asked.columns, known))
}

/// Makes a webhook, or makes `id` anew, with all of these fields or as many as are not refused.
async fn offer(bamboo: &BambooHr, id: Option<&str>, url: &str, mut watch: Watch) -> Result<(Bytes, Watch), Fault> {
    let (door, name) = (&bamboo.inner.door, name(bamboo));
    let mut offers = 1;
    loop {
        let wanted = Wanted { name: &name, url, format: "json", monitor_fields: &watch.fields, events: &EVENTS };
        let (request, call, safety) = match id {
            Some(id) => (door.resubscribe(id, &wanted), CHANGED, Safety::Repeatable),
            None => (door.subscribe(&wanted), MADE, Safety::Once),
        };
        let response = {
            let _turn = bamboo.turn().await?;
            bamboo.send(request, call, safety, &SMALL).await?
        };
        let refused = refused_fields(&response);
        let fewer = watch.without(&refused);
        if fewer.fields.len() == watch.fields.len() || fewer.fields.is_empty() || offers == OFFERS {
            return Ok((bamboo.inner.answers.body(response, About::Webhooks)?, watch));
        }
        watch = fewer;
        offers += 1;
    }
}

async fn read(
    bamboo: &BambooHr,
    request: http::Result<transport::Request>,
    call: &'static str,
    limits: &Limits,
) -> Result<Bytes, Fault> {
    bamboo.call(request, call, About::Webhooks, limits).await
}

fn document(body: &[u8]) -> Result<Value, Flaw> {
    serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))
}

/// Text, or a number as text; ids of this vendor are either.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Those called `name`.
fn listed(body: &[u8], name: &str) -> Result<Vec<Subscription>, Flaw> {
    let document = document(body)?;
    let all = document["webhooks"].as_array().ok_or_else(|| Flaw("it has no list of webhooks".to_owned()))?;
    let ours = all.iter().filter(|webhook| webhook["name"].as_str() == Some(name));
    ours.map(|webhook| {
        let (id, url) = (text(&webhook["id"]), text(&webhook["url"]));
        let one = id.zip(url).map(|(id, url)| Subscription { id, url });
        one.ok_or_else(|| Flaw("a webhook has no id or no url".to_owned()))
    })
    .collect()
}

fn watchable(body: &[u8]) -> Result<Vec<Watchable>, Flaw> {
    let document = document(body)?;
    let all = document["fields"].as_array().ok_or_else(|| Flaw("it has no list of fields".to_owned()))?;
    let fields =
        all.iter().filter_map(|field| Some(Watchable { id: text(&field["id"])?, alias: text(&field["alias"]) }));
    Ok(fields.collect())
}

/// What the rules read, under the names that may be watched. Where those are not known, everything is tried.
fn chosen(columns: &[Box<str>], known: Option<Vec<Watchable>>) -> Watch {
    let is_known = |name: &str| known.as_ref().is_none_or(|known| known.iter().any(|field| field.is_called(name)));
    let (mut fields, mut left_out) = (BTreeSet::new(), Vec::new());
    for column in columns.iter().map(|column| &**column) {
        let stand_in = || STAND_INS.1.into_iter().find(|name| column == STAND_INS.0 && is_known(name));
        match Some(column).filter(|column| is_known(column)).or_else(stand_in) {
            Some(name) if column != NEVER_WATCHED => drop(fields.insert(name.to_owned())),
            Some(_) | None => left_out.push(column.to_owned()),
        }
    }
    Watch { fields: fields.into_iter().collect(), left_out, known: known.unwrap_or_default() }
}

impl Watchable {
    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.alias.as_deref() == Some(name)
    }
}

impl Watch {
    /// The field's id, where it is known.
    fn id<'n>(&'n self, name: &'n str) -> &'n str {
        self.known.iter().find(|field| field.is_called(name)).map_or(name, |field| &field.id)
    }

    fn without(&self, refused: &BTreeSet<String>) -> Watch {
        let is_refused = |field: &String| refused.contains(field) || refused.contains(self.id(field));
        let (out, fields): (Vec<String>, Vec<String>) = self.fields.iter().cloned().partition(is_refused);
        Watch { fields, left_out: self.left_out.iter().cloned().chain(out).collect(), known: self.known.clone() }
    }

    /// Whether a webhook is as we would make it.
    fn is_so(&self, now: &Value, url: &str) -> bool {
        let texts = |value: &Value| -> BTreeSet<String> {
            value.as_array().into_iter().flatten().filter_map(text).map(|name| self.id(&name).to_owned()).collect()
        };
        let wanted: BTreeSet<String> = self.fields.iter().map(|name| self.id(name).to_owned()).collect();
        texts(&now["monitorFields"]) == wanted
            && texts(&now["events"]) == EVENTS.map(str::to_owned).into()
            && now["url"].as_str() == Some(url)
            && now["format"].as_str() == Some("json")
    }
}

/// Whether the last delivery in a log was answered 401. Over its rate limit the log is an error with HTTP 200, and
/// stamps may be words: neither says anything.
fn is_refused(log: &[u8]) -> bool {
    let log: Value = serde_json::from_slice(log).unwrap_or_default();
    let attempts = log.as_array().into_iter().flatten();
    let attempts = attempts.filter_map(|one| Some((one["lastAttempted"].as_str()?, text(&one["statusCode"])?)));
    let last = attempts.filter(|(at, _)| at.starts_with(|c: char| c.is_ascii_digit())).max_by_key(|(at, _)| *at);
    last.is_some_and(|(_, status)| status == "401")
}

/// Every name in a refusal of fields: ids, aliases and display names.
fn refused_fields(response: &Response) -> BTreeSet<String> {
    if response.status != StatusCode::FORBIDDEN {
        return BTreeSet::new();
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    // A list, or one alone.
    let error = body["errors"].get(0).unwrap_or(&body["errors"]);
    let named = ["monitorFields", "unknownFields"].into_iter().filter_map(|list| error[list].as_array()).flatten();
    let names = named.flat_map(|field| [text(field), text(&field["id"]), text(&field["alias"]), text(&field["name"])]);
    names.flatten().collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    fn columns(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|name| Box::from(*name)).collect()
    }

    fn known(fields: &[(&str, Option<&str>)]) -> Vec<Watchable> {
        let fields = fields.iter();
        fields.map(|(id, alias)| Watchable { id: (*id).to_owned(), alias: alias.map(str::to_owned) }).collect()
    }

    fn refusal(status: u16, body: &Value) -> Response {
        let status = StatusCode::from_u16(status).expect("a status");
        Response { status, headers: HeaderMap::new(), body: body.to_string().into() }
    }

    #[test]
    fn ours_are_told_by_their_name() {
        let body = br#"{"webhooks":[{"id":"1","name":"Hirewire acme","url":"https://a"},
            {"id":2,"name":"Hirewire acme","url":"https://b","lastSent":null},
            {"id":"3","name":"Hirewire acme 2","url":"https://a"},{"id":"4","name":null,"url":"https://a"}]}"#;
        let one = |id: &str, url: &str| Subscription { id: id.to_owned(), url: url.to_owned() };
        assert_eq!(listed(body, "Hirewire acme"), Ok(vec![one("1", "https://a"), one("2", "https://b")]));
        assert_eq!(listed(br#"{"webhooks":[]}"#, "Hirewire acme"), Ok(Vec::new()));
        assert!(listed(b"{}", "Hirewire acme").is_err());
        assert!(listed(br#"{"webhooks":[{"name":"Hirewire acme"}]}"#, "Hirewire acme").is_err());
    }

    #[test]
    fn what_the_rules_read_is_watched_as_far_as_it_may_be() {
        let asked = columns(&["4340.4", "customShoe", "status", "supervisorEId", "terminationDate"]);
        let fields = known(&[
            ("1", Some("status")),
            ("4340.4", None),
            ("91", Some("supervisor")),
            ("3", Some("terminationDate")),
            ("5", Some("payRate")),
        ]);
        let watch = chosen(&asked, Some(fields));
        assert_eq!(watch.fields, ["4340.4", "status", "supervisor"]);
        assert_eq!(watch.left_out, ["customShoe", "terminationDate"]);
        let untold = chosen(&asked, None);
        assert_eq!(untold.fields, ["4340.4", "customShoe", "status", "supervisorEId"]);
        assert_eq!(untold.left_out, ["terminationDate"]);
    }

    #[test]
    fn what_is_refused_is_left_out() {
        let watch = chosen(
            &columns(&["firstName", "status", "workEmail"]),
            Some(known(&[("1", Some("status")), ("2", Some("firstName")), ("6", Some("workEmail"))])),
        );
        for error in [
            json!({ "errors": [{ "monitorFields": [{ "id": "2", "name": "First Name" }], "unknownFields": ["6"] }] }),
            json!({ "errors": { "monitorFields": ["firstName", "workEmail"], "postFields": [] } }),
            json!({ "errors": { "monitorFields": [{ "id": 2 }, { "id": 6 }] } }),
        ] {
            let fewer = watch.without(&refused_fields(&refusal(403, &error)));
            assert_eq!(fewer.fields, ["status"], "{error}");
            assert_eq!(fewer.left_out, ["firstName", "workEmail"], "{error}");
            assert!(refused_fields(&refusal(400, &error)).is_empty());
        }
        assert!(refused_fields(&refusal(403, &json!("no"))).is_empty());
    }

    #[test]
    fn the_last_delivery_says_whether_the_key_fits() {
        let log = |attempts: &[(&str, Value)]| {
            let all = attempts.iter().map(|(at, status)| json!({ "lastAttempted": at, "statusCode": status }));
            is_refused(Value::from_iter(all).to_string().as_bytes())
        };
        let (first, second) = ("2026-03-02 16:00:00", "2026-03-02 16:00:01");
        assert!(log(&[(first, json!("401"))]) && log(&[(second, json!(401)), (first, json!("200"))]));
        assert!(log(&[(first, json!("200")), (second, json!("401")), ("Webhook Not Found", json!("200"))]));
        assert!(!log(&[(second, json!("200")), (first, json!("401"))]));
        assert!(!log(&[]) && !log(&[("Webhook Not Found", json!("401"))]));
        assert!(!is_refused(br#"{"error":{"code":429,"message":"Over rate limit"}}"#) && !is_refused(b"<html>"));
    }

    #[test]
    fn a_webhook_is_as_it_should_be_whatever_its_fields_are_called() {
        let fields = known(&[("1", Some("status")), ("2", Some("firstName"))]);
        let watch = chosen(&columns(&["firstName", "status"]), Some(fields));
        let now = |fields: Value, events: &[&str], url: &str, format: &str| {
            watch.is_so(&json!({"monitorFields": fields, "events": events, "url": url, "format": format}), "https://a")
        };
        assert!(now(json!(["status", "firstName"]), &EVENTS, "https://a", "json"));
        assert!(now(json!([2, "1"]), &EVENTS, "https://a", "json"));
        assert!(!now(json!(["status"]), &EVENTS, "https://a", "json"));
        assert!(!now(json!(["status", "firstName", "payRate"]), &EVENTS, "https://a", "json"));
        assert!(!now(json!(null), &EVENTS, "https://a", "json"));
        assert!(!now(json!([2, "1"]), &EVENTS[1..], "https://a", "json"));
        assert!(!now(json!([2, "1"]), &EVENTS, "https://b", "json"));
        assert!(!now(json!([2, "1"]), &EVENTS, "https://a", "form-encoded"));
    }
}
