//! The traps of the fact sheet, each by a client that walks into it.

mod lifecycle;
mod lists;
mod recording;
mod webhooks;
mod wire;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use super::BambooHr;
use crate::clock::Clock;
use crate::server::{Server, Traffic};

/// Noon in Utah.
pub(super) const NOON: &str = "2026-03-02T19:00:00Z";

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// A company in Utah, its clock, and nobody in it.
pub(super) async fn town() -> (BambooHr, Clock) {
    let clock = Clock::at(moment(NOON));
    (BambooHr::start(clock.clone(), "acme", "America/Denver").await, clock)
}

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON answer")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("printable"))
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the simulator answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("a text") }
}

/// A request with the key, asking for JSON.
pub(super) fn request(bamboo: &BambooHr, method: &str, path: &str) -> RequestBuilder {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/v1{path}", bamboo.url());
    let method = method.parse().expect("a method");
    client.request(method, url).basic_auth(bamboo.api_key(), Some("x")).header("accept", "application/json")
}

pub(super) async fn get(bamboo: &BambooHr, path: &str) -> Answer {
    send(request(bamboo, "GET", path)).await
}

pub(super) async fn post_json(bamboo: &BambooHr, path: &str, body: &Value) -> Answer {
    let request = request(bamboo, "POST", path).header("content-type", "application/json");
    send(request.body(body.to_string())).await
}

/// A subscriber that answers with the next of some statuses, the last one for ever, and keeps what it got.
pub(crate) struct Ear {
    pub(crate) server: Server,
    pub(crate) heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

type Heard = (Arc<Mutex<Vec<u16>>>, Arc<Mutex<Vec<(HeaderMap, String)>>>);

impl Ear {
    pub(crate) async fn answering(statuses: &[u16]) -> Ear {
        let heard = Arc::default();
        let state: Heard = (Arc::new(Mutex::new(statuses.to_vec())), Arc::clone(&heard));
        let router = Router::new().route("/hook", post(hear)).with_state(state);
        Ear { server: Server::start(router, Arc::new(Traffic::default())).await, heard }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/hook", self.server.url())
    }
}

async fn hear(State((statuses, heard)): State<Heard>, headers: HeaderMap, body: String) -> StatusCode {
    heard.lock().expect("no panic in here").push((headers, body));
    let mut statuses = statuses.lock().expect("no panic in here");
    let status = if statuses.len() > 1 { statuses.remove(0) } else { statuses[0] };
    StatusCode::from_u16(status).expect("a status")
}
