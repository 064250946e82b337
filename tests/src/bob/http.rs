//! The wire: one door, the key, the limits, and what unknown paths answer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::calls::{Allowance, Endpoint};
use super::company::Company;
use super::{meta, people, tables};

/// The largest body taken, in bytes.
const BODY_LIMIT: usize = 16 << 20;
/// What the web application answers for any page it does not know.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Bob</title></head><body><div id=\"app\"></div></body></html>";

/// One request, taken apart.
pub(super) struct Call {
    pub(super) method: Method,
    /// What follows the version.
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    /// The first query value of this name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok().filter(Value::is_object)
    }

    fn credentials(&self) -> &str {
        self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The whole service.
pub(super) fn router(company: Arc<Mutex<Company>>) -> Router {
    Router::new().fallback(door).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(company)
}

async fn door(
    State(company): State<Arc<Mutex<Company>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut company = company.lock().expect("no panic inside the company");
    company.tick();
    let Some(call) = take_apart(method, &uri, headers, body) else {
        return page(404);
    };
    let credentials = call.credentials().to_owned();
    if company.switches.firewall && company.calls.is_blocked(&credentials) {
        return typed(403, "text/html", "<html><body>Request blocked</body></html>".to_owned());
    }
    let (endpoint, answer) = endpoint(&call);
    let company = &mut *company;
    let allowance = company.calls.count(endpoint, &company.switches);
    let mut response = match (refused(company, &call), allowance.exceeded) {
        (Some(refusal), _) => refusal,
        (None, true) => too_many(company, &allowance),
        (None, false) => answer(company, &call),
    };
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", allowance.limit.into());
    headers.insert("x-ratelimit-remaining", allowance.remaining.into());
    headers.insert("x-ratelimit-reset", allowance.reset.into());
    company.calls.note(response.status().as_u16(), &credentials);
    response
}

fn take_apart(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Option<Call> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let path = uri.path().strip_prefix("/v1/")?;
    let path = path.trim_end_matches('/').split('/').map(decode).collect();
    let pairs = uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    Some(Call { method, path, query: query.collect(), headers, body })
}

/// 401 without a body where there are no credentials, with one where they are wrong.
fn refused(company: &Company, call: &Call) -> Option<Response> {
    let given = call.credentials().strip_prefix("Basic ");
    let Some(encoded) = given else { return Some(empty(401)) };
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if decoded == Some(format!("{}:{}", company.service_user, company.token)) {
        return None;
    }
    Some(typed(401, "application/json", company.switches.wrong_token_body.clone()))
}

fn too_many(company: &Company, allowance: &Allowance) -> Response {
    let mut response = empty(429);
    if company.switches.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, allowance.wait.into());
    }
    response
}

type Answer = fn(&mut Company, &Call) -> Response;

/// Every endpoint there is.
fn endpoint(call: &Call) -> (Endpoint, Answer) {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), &path[..]) {
        ("POST", ["people", "search"]) => (Endpoint::Search, people::search),
        ("POST", ["people", _]) => (Endpoint::One, people::one),
        ("GET", ["company", "people", "fields"]) => (Endpoint::Fields, meta::fields),
        ("GET", ["company", "named-lists"]) => (Endpoint::Lists, meta::lists),
        ("GET", ["company", "named-lists", _]) => (Endpoint::Lists, meta::list),
        ("GET", ["people", _, "work" | "employment" | "lifecycle"]) => (Endpoint::Tables, tables::rows),
        ("GET", ["bulk", "people", "work" | "employment" | "lifecycle"]) => (Endpoint::Tables, tables::bulk),
        ("GET", ["bulk", "people", ..]) => (Endpoint::Other, |_, _| empty(404)),
        ("GET", _) => (Endpoint::Other, |_, _| page(200)),
        _ => (Endpoint::Other, |_, _| page(404)),
    }
}

/// The web application's page, which stands in for a 404.
pub(super) fn page(status: u16) -> Response {
    typed(status, "text/html", PAGE.to_owned())
}

/// A status and nothing else.
pub(super) fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

/// JSON.
pub(super) fn json_value(status: u16, value: &Value) -> Response {
    typed(status, "application/json", value.to_string())
}

/// An error of the documented shape.
pub(super) fn problem(status: u16, key: &str, error: &str) -> Response {
    json_value(status, &serde_json::json!({ "key": key, "error": error }))
}

fn typed(status: u16, kind: &'static str, body: String) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a content type"));
    response
}
