//! Managing webhooks over HTTP, with the vendor's own rules about what may be monitored.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::company::Company;
use super::fields::{Field, Source};
use super::http::{Call, json_value, refused, typed};
use super::read::stamp;
use super::webhooks::{NEW_STYLE, NewWebhook, OLD_STYLE, Subscription};

/// Events that are not about employees; taken, and never fired.
const COMPANY_EVENTS: [&str; 3] = ["company.updated", "company.deleted", "company-integrations.updated"];

/// Everything under `/webhooks`.
pub(super) fn answer(company: &mut Company, call: &Call, method: &str, path: &[&str]) -> Response {
    match (method, path) {
        ("POST", []) => create(company, call),
        ("GET", []) => list(company),
        ("GET", ["monitor_fields"]) => monitor_fields(company),
        ("GET", ["post-fields"]) => post_fields(company),
        ("GET", [id]) => match find(company, id) {
            Some(at) => json_value(200, &shown(&company.webhooks[at])),
            None => missing(id),
        },
        ("PUT", [id]) => match find(company, id) {
            Some(at) => replace(company, call, at),
            None => missing(id),
        },
        ("DELETE", [id]) => match find(company, id) {
            Some(at) => {
                company.webhooks.remove(at);
                typed(200, "text/plain; charset=UTF-8", b"Web hook has been deleted.".to_vec())
            }
            None => missing(id),
        },
        ("GET", [id, "log"]) => match find(company, id) {
            // Over the limit it is still a 200.
            Some(_) if company.switches.webhook_log_limited => {
                let message = "Over rate limit, please try again in 60 seconds";
                json_value(200, &json!({ "error": { "code": 429, "message": message } }))
            }
            Some(at) => json_value(200, &company.log_of(&company.webhooks[at])),
            None => missing(id),
        },
        _ => refused(404, "Not found"),
    }
}

fn find(company: &Company, id: &str) -> Option<usize> {
    company.webhooks.iter().position(|webhook| webhook.id.to_string() == id)
}

fn missing(id: &str) -> Response {
    json_value(404, &json!({ "errors": [{ "error": format!("No webhook was found with ID: {id}.") }] }))
}

fn spelt(at: jiff::Timestamp) -> String {
    stamp(at)[..19].replace('T', " ")
}

/// A webhook as answered; without its key.
fn shown(webhook: &Subscription) -> Value {
    let posted = webhook.is.post_fields.iter().map(|(field, name)| (field.clone(), json!(name)));
    json!({
        "id": webhook.id.to_string(), "name": webhook.is.name, "created": spelt(webhook.created),
        "lastSent": webhook.last_sent.map(spelt), "monitorFields": webhook.is.monitor_fields,
        "postFields": posted.collect::<Map<_, _>>(), "url": webhook.is.url,
        "format": if webhook.is.form_encoded { "form-encoded" } else { "json" },
        "includeCompanyDomain": webhook.is.include_company_domain, "events": webhook.is.events,
    })
}

fn create(company: &mut Company, call: &Call) -> Response {
    match checked(company, call) {
        Ok(webhook) => {
            let webhook = company.subscribe(webhook);
            let mut answer = shown(&webhook);
            // Here and never again.
            answer["privateKey"] = json!(webhook.private_key);
            json_value(201, &answer)
        }
        Err(refusal) => *refusal,
    }
}

/// A full replacement; the key stays.
fn replace(company: &mut Company, call: &Call, at: usize) -> Response {
    match checked(company, call) {
        Ok(webhook) => {
            company.webhooks[at].is = webhook;
            json_value(200, &shown(&company.webhooks[at]))
        }
        Err(refusal) => *refusal,
    }
}

fn list(company: &Company) -> Response {
    let webhooks = company.webhooks.iter().map(|webhook| {
        json!({ "id": webhook.id.to_string(), "name": webhook.is.name, "created": spelt(webhook.created),
            "lastSent": webhook.last_sent.map(spelt), "url": webhook.is.url })
    });
    json_value(200, &json!({ "webhooks": webhooks.collect::<Vec<_>>() }))
}

/// A field that a webhook may monitor; `terminationDate` is refused, and so is what is computed from nothing else.
fn may_monitor(field: &Field) -> bool {
    !matches!(field.source, Source::Id | Source::TerminationDate | Source::LastChanged)
}

fn monitor_fields(company: &Company) -> Response {
    let fields = company.catalogue.all().filter(|(at, field)| may_monitor(field) && !company.is_hidden(*at));
    let fields = fields.map(|(_, field)| json!({ "id": field.id, "name": field.name, "alias": field.alias }));
    json_value(200, &json!({ "fields": fields.collect::<Vec<_>>() }))
}

fn post_fields(company: &Company) -> Response {
    let fields = company.catalogue.all().filter(|(at, _)| !company.is_hidden(*at));
    let fields = fields.map(|(_, field)| {
        let id: i64 = field.id.parse().unwrap_or(-1);
        json!({ "id": id, "name": field.name, "alias": field.alias, "type": field.kind, "pageId": 1, "tableId": null })
    });
    let fields: Vec<Value> = fields.collect();
    json_value(200, &json!({ "fields": fields, "tables": [], "pages": [{ "id": 1, "name": "Personal" }] }))
}

/// What the body asks for, or the vendor's refusal of it.
fn checked(company: &Company, call: &Call) -> Result<NewWebhook, Box<Response>> {
    let Some(Value::Object(body)) = call.json() else {
        return Err(invalid(&["the body is not a JSON object".to_owned()]));
    };
    let mut issues = Vec::new();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    for key in ["name", "url", "format"] {
        if text(key).is_empty() {
            issues.push(format!("{key} is required"));
        }
    }
    let (url, format) = (text("url"), text("format"));
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
    let allowed = url.starts_with("https://") || (loopback && company.switches.webhook_loopback_http);
    if !url.is_empty() && !allowed {
        issues.push("url must begin with https://".to_owned());
    }
    if !format.is_empty() && format != "json" && format != "form-encoded" {
        issues.push("format must be json or form-encoded".to_owned());
    }
    for key in ["frequency", "limit"] {
        if company.switches.webhook_refuses_schedule && body.contains_key(key) {
            issues.push(format!("{key} is not supported"));
        }
    }
    let events = events_of(&body, &mut issues);
    let monitored: Vec<String> =
        body.get("monitorFields").and_then(Value::as_array).into_iter().flatten().filter_map(field_name).collect();
    if monitored.is_empty() && events.iter().any(|event| event.ends_with("employee.updated") || event == OLD_STYLE[1]) {
        issues.push("monitorFields is required".to_owned());
    }
    if !issues.is_empty() {
        return Err(invalid(&issues));
    }
    let posted = body.get("postFields").and_then(Value::as_object).into_iter().flatten();
    let posted: Vec<(String, String)> =
        posted.map(|(field, name)| (field.clone(), name.as_str().unwrap_or(field).to_owned())).collect();
    check_fields(company, &monitored, &posted)?;
    Ok(NewWebhook {
        name: text("name"),
        url,
        form_encoded: format == "form-encoded",
        monitor_fields: Some(monitored).filter(|fields| !fields.is_empty()),
        post_fields: posted,
        include_company_domain: body.get("includeCompanyDomain").and_then(Value::as_bool).unwrap_or(false),
        events,
    })
}

fn field_name(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

fn events_of(body: &Map<String, Value>, issues: &mut Vec<String>) -> Vec<String> {
    let asked = body.get("events").and_then(Value::as_array).filter(|events| !events.is_empty());
    let Some(asked) = asked else { return OLD_STYLE.map(ToOwned::to_owned).to_vec() };
    let events: Vec<String> = asked.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    let is = |known: &[&str]| events.iter().any(|event| known.contains(&event.as_str()));
    if is(&NEW_STYLE) && is(&OLD_STYLE) {
        issues.push("employee and employee_with_fields events cannot be mixed".to_owned());
    }
    let known = [NEW_STYLE, OLD_STYLE, COMPANY_EVENTS].concat();
    let unknown = events.iter().filter(|event| !known.contains(&event.as_str()));
    issues.extend(unknown.map(|event| format!("unknown event {event}")));
    events
}

/// 403 with the names of the fields that are unknown, or that may not be monitored or posted.
fn check_fields(company: &Company, monitored: &[String], posted: &[(String, String)]) -> Result<(), Box<Response>> {
    let named = |key: &str| match company.catalogue.find(key) {
        Some(at) => json!({ "id": company.catalogue.get(at).id, "name": company.catalogue.get(at).name }),
        None => json!({ "id": key, "name": key }),
    };
    let names = || monitored.iter().chain(posted.iter().map(|(field, _)| field));
    let unknown: Vec<Value> =
        names().filter(|key| company.catalogue.find(key).is_none()).map(|key| named(key)).collect();
    let refused = |key: &&String, monitoring: bool| {
        let at = company.catalogue.find(key);
        at.is_some_and(|at| company.is_hidden(at) || (monitoring && !may_monitor(company.catalogue.get(at))))
    };
    let monitor: Vec<Value> = monitored.iter().filter(|key| refused(key, true)).map(|key| named(key)).collect();
    let post = posted.iter().map(|(field, _)| field).filter(|key| refused(key, false));
    let post: Vec<Value> = post.map(|key| named(key)).collect();
    if unknown.is_empty() && monitor.is_empty() && post.is_empty() {
        return Ok(());
    }
    let error = json!({ "error": "You do not have access to one or more of the fields", "monitorFields": monitor,
        "postFields": post, "unknownFields": unknown });
    Err(Box::new(json_value(403, &json!({ "errors": [error] }))))
}

fn invalid(issues: &[String]) -> Box<Response> {
    Box::new(json_value(400, &json!({ "errors": [{ "error": "Invalid request body", "issues": issues }] })))
}
