//! The fact sheet's checklist, each point by a client that meets it.

mod lifecycle;
mod lists;
mod people;
mod webhooks;
mod wire;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{Bob, Person};
pub(super) use crate::bamboohr::tests::{Answer, Ear, moment, send};
use crate::clock::Clock;

/// Noon in Utah.
pub(super) const NOON: &str = "2026-03-02T19:00:00Z";

/// A company in Utah, its clock, and nobody in it.
pub(super) async fn town() -> (Bob, Clock) {
    let clock = Clock::at(moment(NOON));
    (Bob::start(clock.clone(), "America/Denver").await, clock)
}

/// Somebody in the company's zone, employed since 2020, of whom nobody was told.
pub(super) fn ada() -> Person {
    Person { quiet: true, ..Person::new("Ada", "Byron").email("ada@acme.example").starts("2020-01-06") }
}

/// A request with the key.
pub(super) fn request(bob: &Bob, method: &str, path: &str) -> RequestBuilder {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1{path}", bob.url());
    let method = method.parse().expect("a method");
    client.request(method, url).basic_auth(bob.service_user(), Some(bob.token())).header("accept", "application/json")
}

pub(super) async fn get(bob: &Bob, path: &str) -> Answer {
    send(request(bob, "GET", path)).await
}

pub(super) async fn post(bob: &Bob, path: &str, body: &Value) -> Answer {
    send(request(bob, "POST", path).header("content-type", "application/json").body(body.to_string())).await
}

/// Everybody's values of some fields, inactive people too.
pub(super) async fn search(bob: &Bob, fields: &[&str]) -> Vec<Value> {
    let body = json!({ "fields": fields, "showInactive": true });
    let answer = post(bob, "/people/search", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["employees"].as_array().expect("people").clone()
}

/// One person's lifecycle and access status.
pub(super) async fn standing(bob: &Bob, id: &str) -> (String, String) {
    let body = json!({ "fields": ["internal.lifecycleStatus", "internal.status"] });
    let answer = post(bob, &format!("/people/{id}"), &body).await.json();
    let text = |key: &str| answer["internal"][key].as_str().expect("a status").to_owned();
    (text("lifecycleStatus"), text("status"))
}

/// The events that wait, by name.
pub(super) fn waiting(bob: &Bob) -> Vec<String> {
    bob.pending_webhooks().into_iter().map(|delivery| delivery.event).collect()
}

/// The flat key of a field in an answer: slashes for dots, and one before it.
pub(super) fn flat(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}
