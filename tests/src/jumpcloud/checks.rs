//! Checks of the simulator against what is known of the real JumpCloud.

mod door;
mod groups;
mod later;
mod lists;
mod replay;
mod users;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::JumpCloud;
use crate::clock::Clock;

/// An answer, read.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    fn total(&self) -> u64 {
        self.json()["totalCount"].as_u64().expect("a v1 list")
    }

    /// One field of each item of a v1 list.
    fn column(&self, name: &str) -> Vec<String> {
        let answer = self.json();
        let items = answer["results"].as_array().expect("a v1 list");
        items.iter().map(|item| item[name].as_str().unwrap_or("-").to_owned()).collect()
    }
}

fn clock() -> Clock {
    Clock::at("2026-03-01T09:00:00Z".parse().expect("a moment"))
}

async fn town() -> JumpCloud {
    JumpCloud::start(clock()).await
}

async fn send(url: String, method: Method, headers: &[(&str, &str)], body: Option<String>) -> Answer {
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body.unwrap_or_default()).send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("text") }
}

/// Sends with the administrator's key.
async fn call(jc: &JumpCloud, method: Method, path: &str, body: Value) -> Answer {
    let key = jc.api_key();
    let body = if body.is_null() { None } else { Some(body.to_string()) };
    send(format!("{}{path}", jc.url()), method, &[("x-api-key", &key)], body).await
}

async fn get(jc: &JumpCloud, path: &str) -> Answer {
    call(jc, Method::GET, path, Value::Null).await
}

async fn post(jc: &JumpCloud, path: &str, body: Value) -> Answer {
    call(jc, Method::POST, path, body).await
}

async fn put(jc: &JumpCloud, path: &str, body: Value) -> Answer {
    call(jc, Method::PUT, path, body).await
}

async fn delete(jc: &JumpCloud, path: &str) -> Answer {
    call(jc, Method::DELETE, path, Value::Null).await
}

fn ada() -> Value {
    json!({ "username": "ada.byron", "email": "ada@example.test", "firstname": "Ada", "lastname": "Byron" })
}

/// `n` users called u000, u001, ...
fn crowd(jc: &JumpCloud, n: usize) -> Vec<String> {
    jc.seed_crowd(n, |i| json!({ "email": format!("u{i:03}@example.test"), "department": format!("D{}", i % 3) }))
}
