//! The wire: one door for both URL forms, the key, and the three families of errors.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::company::Company;
use super::switches::Access;
use super::{changed, directory, employee, leave, list, locations, meta, report, tables, webhook_calls};

/// The largest body taken, in bytes; the list of ids of a big report's filter is the largest there is.
const BODY_LIMIT: usize = 16 << 20;

/// One request, taken apart.
pub(super) struct Call {
    pub(super) method: Method,
    /// `v1`, `v1_1`, ...
    pub(super) version: String,
    /// What follows the version.
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Scheme and host as the caller wrote them, with the prefix up to the version.
    pub(super) base: String,
}

impl Call {
    /// The first query value of this name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All query values of this name.
    pub(super) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `onlyCurrent`, true by default.
    pub(super) fn only_current(&self) -> bool {
        !matches!(self.query("onlyCurrent"), Some("false" | "0" | "no"))
    }

    /// Whether the caller asked for JSON; `*/*` is not asking.
    pub(super) fn wants_json(&self) -> bool {
        let accept = self.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("application/json"))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The whole service. One door, since the two URL forms and the versions differ in nothing else.
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
    let Some(call) = take_apart(&company.name, method, &uri, headers, body) else {
        return refused(404, "Not found");
    };
    if let Some(refusal) = check_key(&mut company, &call.headers) {
        return refusal;
    }
    answer(&mut company, &call)
}

fn take_apart(company: &str, method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Option<Call> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut path: Vec<String> = uri.path().split('/').skip(1).map(decode).collect();
    let prefix = match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["api", "gateway.php", domain, _, ..] if domain == company => 3,
        ["api", _, ..] => 1,
        _ => return None,
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let base = format!("http://{host}/{}", path[..=prefix].join("/"));
    let version = path[prefix].clone();
    path.drain(..=prefix);
    if path.last().is_some_and(String::is_empty) {
        path.pop();
    }
    let pairs = uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // As in a form: a `+` that was not encoded is a space, which spoils time stamps.
        (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
    });
    Some(Call { method, version, path, query: query.collect(), headers, body, base })
}

/// 401 for a missing or unknown key; after several of those, 403 for everybody for a while.
fn check_key(company: &mut Company, headers: &HeaderMap) -> Option<Response> {
    let now = company.clock.now();
    if company.locked_until.is_some_and(|until| now < until) {
        return Some(refused(403, "Too many failed authentication attempts"));
    }
    company.locked_until = None;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let encoded = given.and_then(|value| value.strip_prefix("Basic "));
    let decoded = encoded.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let key = decoded.as_deref().and_then(|pair| pair.split_once(':')).map(|(user, _)| user);
    if key == Some(company.api_key.as_str()) {
        company.unknown_keys = 0;
        return None;
    }
    if key.is_some() {
        company.unknown_keys += 1;
        if company.unknown_keys == company.switches.lock_out_after {
            company.locked_until = Some(now + SignedDuration::from_secs(company.switches.lock_out_seconds));
            company.unknown_keys = 0;
        }
    }
    let mut response = refused(401, "API key not provided or invalid");
    let realm = format!("Basic realm=\"https://api.bamboohr.com/{}\"", company.name);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm.parse().expect("a company name fits a header"));
    Some(response)
}

/// Every endpoint there is.
fn answer(company: &mut Company, call: &Call) -> Response {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.version.as_str(), call.method.as_str(), &path[..]) {
        ("v1", "GET", ["employees"]) => list::list(company, call),
        ("v1", "POST", ["employees"]) => employee::add(company, call),
        ("v1", "GET", ["employees", "directory"]) => directory::directory(company, call),
        ("v1", "GET", ["employees", "changed"]) => changed::changed(company, call),
        ("v1", "GET", ["employees", "changed", "tables", table]) => tables::changed(company, call, table),
        ("v1", "GET", ["employees", id]) => employee::get(company, call, id),
        ("v1", "POST", ["employees", id]) => employee::update(company, call, id),
        ("v1", "DELETE", ["employees", id]) => employee::delete(company, id),
        ("v1", "GET", ["employees", id, "tables", table]) => tables::rows(company, call, id, table),
        ("v1" | "v1_1", "POST", ["employees", id, "tables", table]) => tables::save(company, call, id, table, None),
        ("v1" | "v1_1", "POST", ["employees", id, "tables", table, row]) => {
            tables::save(company, call, id, table, Some(row))
        }
        ("v1", "DELETE", ["employees", id, "tables", table, row]) => tables::remove(company, id, table, row),
        ("v1", "POST", ["reports", "custom"]) => report::custom(company, call),
        ("v1", "GET", ["meta", "fields"]) => meta::fields(company, call),
        ("v1", "GET", ["meta", "lists"]) => meta::lists(company, call),
        ("v1", "PUT", ["meta", "lists", list]) => meta::change_list(company, call, list),
        ("v1", "GET", ["meta", "tables"]) => meta::tables(company, call),
        ("v1", "GET", ["meta", "users"]) => meta::users(company, call),
        ("v1", "GET", ["meta", "timezones"]) => meta::time_zones(company, call),
        ("v1", "GET", ["meta", "countries", "options"]) => meta::countries(company),
        ("v1", "GET", ["meta", "time_off", "types"]) => leave::types(company, call),
        ("v1", "GET", ["company_information"]) => meta::company_information(company, call),
        ("v1", "GET", ["hris", "org", "locations"]) => locations::list(company, call),
        ("v1", "GET", ["hris", "org", "locations", id]) => locations::one(company, call, id),
        ("v1", "GET", ["time_off", "whos_out"]) => leave::whos_out(company, call),
        ("v1", "GET", ["time_off", "requests"]) => leave::requests(company, call),
        ("v1", method, ["webhooks", rest @ ..]) => webhook_calls::answer(company, call, method, rest),
        _ => refused(404, "Not found"),
    }
}

/// An error of the old endpoints: the cause in a header, the body empty and called HTML. A 404 has the header twice,
/// once misspelt, as recorded.
pub(super) fn refused(status: u16, message: &str) -> Response {
    let mut response = StatusCode::from_u16(status).expect("a status").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, "text/html; charset=UTF-8".parse().expect("a content type"));
    // A header holds no line breaks and no Unicode; the messages have neither, except for what the caller sent.
    let message = message.replace(|c: char| !c.is_ascii() || c.is_ascii_control(), "?");
    headers.insert("x-bamboohr-error-message", message.parse().expect("printable ASCII"));
    if status == 404 {
        headers.insert("x-bamboohr-error-messsage", message.parse().expect("printable ASCII"));
    }
    response
}

/// The 404 of an employee that is not there, as recorded.
pub(super) fn no_employee() -> Response {
    refused(404, "Employee not found, Employee not found")
}

/// An RFC 7807 problem, as the newer endpoints have them.
pub(super) fn problem(status: u16, code: &str, detail: &str) -> Response {
    let code_of = StatusCode::from_u16(status).expect("a status");
    let body = json!({
        "type": "about:blank", "title": code_of.canonical_reason(), "status": status, "detail": detail,
        "instance": "", "code": code,
    });
    typed(status, "application/problem+json", body.to_string().into_bytes())
}

/// `{"error":{"code":...,"message":...}}`, as the employee list has them.
pub(super) fn coded(status: u16, code: &str, message: &str) -> Response {
    json_value(status, &json!({ "error": { "code": code, "message": message } }))
}

/// JSON from bytes.
pub(super) fn json_bytes(status: u16, body: Vec<u8>) -> Response {
    let mut response = typed(status, "application/json", body);
    response.headers_mut().insert("x-content-type-options", "nosniff".parse().expect("a header value"));
    response
}

/// JSON from a value.
pub(super) fn json_value(status: u16, value: &Value) -> Response {
    json_bytes(status, value.to_string().into_bytes())
}

/// JSON or, for a caller who did not ask for it, XML.
pub(super) fn shaped(call: &Call, value: &Value) -> Response {
    if call.wants_json() {
        return json_value(200, value);
    }
    let mut xml = String::from("<?xml version=\"1.0\"?>\n");
    write_xml(&mut xml, "result", value);
    typed(200, "text/xml; charset=UTF-8", xml.into_bytes())
}

pub(super) fn typed(status: u16, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a content type"));
    response
}

/// 401 or 403 where the key may not use an endpoint.
pub(super) fn access_refused(access: Access) -> Option<Response> {
    match access {
        Access::Open => None,
        Access::Unauthorized => Some(refused(401, "API key not provided or invalid")),
        Access::Forbidden => Some(refused(403, "Insufficient Permissions")),
    }
}

/// XML that is only good for noticing that one forgot to ask for JSON.
fn write_xml(out: &mut String, name: &str, value: &Value) {
    let name = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { "item" };
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| write_xml(out, key, value)),
        Value::Array(list) => list.iter().for_each(|value| write_xml(out, "item", value)),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

/// Text for XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
