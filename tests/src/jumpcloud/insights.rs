//! Directory Insights: every write leaves an event, and `POST /insights/directory/v1/events` finds them.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{self, Refusal, object, refuse, reply};
use super::clock_text;
use super::door::Shared;
use super::org::Org;
use super::writes::moment;

/// The default number of events in an answer, and the largest.
const DEFAULT_LIMIT: u64 = 1000;
const MOST: u64 = 10_000;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A request with a key: what Hirewire does.
    Key,
    /// A person in the console.
    Hand,
    /// JumpCloud itself: a schedule, a dynamic group.
    System,
}

/// One event of Directory Insights. Which fields are on which event is not known; values are never shown in clear.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// `user_create`, `association_change`, ...
    pub event_type: &'static str,
    /// Who did it.
    pub by: By,
    /// The id of the user or group it happened to.
    pub resource: String,
    /// `user` or `user_group`.
    pub kind: &'static str,
    /// Its username or name.
    pub name: String,
    /// The fields that changed.
    pub changes: Vec<&'static str>,
    /// For a change of membership: `add` or `remove`, and the user.
    pub member: Option<(&'static str, String)>,
}

impl Event {
    fn to_json(&self, number: usize, organization: &str) -> Value {
        let (who, email) = match self.by {
            By::Key => ("admin", "hirewire@example.test"),
            By::Hand => ("admin", "console@example.test"),
            By::System => ("system", ""),
        };
        let named = if self.kind == "user" { "username" } else { "name" };
        let changes: Vec<Value> = self.changes.iter().map(|field| json!({ "field": field })).collect();
        let mut event = json!({
            "id": format!("00000000-0000-4000-8000-{number:012x}"), "timestamp": clock_text(self.at, 0),
            "event_type": self.event_type, "service": "directory", "organization": organization, "success": true,
            "initiated_by": { "type": who, "email": email },
            "resource": { "id": self.resource, "type": self.kind, named: self.name }, "changes": changes,
        });
        if let Some((op, user)) = &self.member {
            let to = json!({ "type": "user", "id": user });
            event["association"] = json!({ "op": op, "connection": { "from": event["resource"], "to": to } });
        }
        event
    }
}

pub(super) async fn events(State(world): State<Shared>, body: Bytes) -> Response {
    let org = world.read();
    reply(found(&org, &body), org.switches.v2_errors)
}

fn found(org: &Org, body: &[u8]) -> Result<Response, Refusal> {
    let body = object(body)?;
    let time = |name: &str| match body.get(name).map(|v| v.as_str().and_then(moment)) {
        Some(None) => Err(refuse(400, format!("invalid {name}"))),
        Some(found) => Ok(found),
        None => Ok(None),
    };
    let from = time("start_time")?.ok_or_else(|| refuse(400, "start_time is required"))?;
    let until = time("end_time")?;
    let limit = body.get("limit").and_then(Value::as_u64).unwrap_or(DEFAULT_LIMIT).min(MOST);
    let after = body.get("search_after").and_then(|v| v[0].as_u64()).map(|n| n as usize);
    let term = body.get("search_term").unwrap_or(&Value::Null);
    let organization = org.id.to_string();
    let wanted = |event: &Event| event.at >= from && until.is_none_or(|until| event.at < until);
    let mut all: Vec<(usize, Value)> = org
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| wanted(event))
        .map(|(n, event)| (n, event.to_json(n, &organization)))
        .collect();
    all.retain(|(_, event)| meets(event, term));
    if body.get("sort").and_then(Value::as_str) != Some("ASC") {
        all.reverse();
    }
    if let Some(after) = after {
        let seen = all.iter().position(|(n, _)| *n == after).map_or(0, |at| at + 1);
        all.drain(..seen);
    }
    all.truncate(limit as usize);
    let events: Vec<&Value> = all.iter().map(|(_, event)| event).collect();
    let mut response = answer::json(200, &events);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-result-count"), HeaderValue::from(all.len()));
    headers.insert(HeaderName::from_static("x-limit"), HeaderValue::from(limit));
    if let Some((last, _)) = all.last() {
        let after = HeaderValue::from_str(&format!("[{last}]")).expect("digits");
        headers.insert(HeaderName::from_static("x-search_after"), after);
    }
    Ok(response)
}

/// `{"and":[{"event_type":"user_update"}]}`, also `or`, `not`, and dotted names.
fn meets(event: &Value, term: &Value) -> bool {
    let Some(parts) = term.as_object() else { return true };
    parts.iter().all(|(name, wanted)| match (name.as_str(), wanted.as_array()) {
        ("and", Some(items)) => items.iter().all(|item| meets(event, item)),
        ("or", Some(items)) => items.iter().any(|item| meets(event, item)),
        ("not", Some(items)) => !items.iter().any(|item| meets(event, item)),
        (_, several) => {
            let found = name.split('.').fold(event, |value, part| &value[part]);
            several.map_or(found == wanted, |all| all.contains(found))
        }
    })
}
