//! Reading people: everybody in one answer, and one of them.

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::company::Company;
use super::fields::Field;
use super::http::{Call, empty, json_value, problem};
use super::read::Readable;
use super::record::{EMPLOYED, Record};
use super::switches::HiddenOne;

/// The most fields of one request.
const FIELDS_LIMIT: usize = 400;
/// What is answered where no fields are named.
const DEFAULT_CATEGORIES: [&str; 4] = ["root", "about", "employment", "work"];

/// What a request may be refused for.
type Refusal = Box<Response>;

fn bad(error: &str) -> Refusal {
    Box::new(problem(400, "exception.bad.request", error))
}

impl Company {
    /// Whether the service user may know of this person.
    fn may_see(&self, record: &Record, now: Timestamp) -> bool {
        let in_audience = !self.switches.audience_employed_only || self.standing(record, now).status == EMPLOYED;
        in_audience && !self.switches.hidden_people.contains(&record.id.to_string())
    }

    /// Whether the service user may not see this field.
    pub(super) fn is_hidden(&self, field: &Field) -> bool {
        let hidden = &self.switches.hidden_fields;
        hidden.contains(&field.id) || hidden.contains(&field.category)
    }

    /// The fields asked for that are there and may be seen; custom ones only by name.
    fn asked(&self, body: &Value) -> Result<Vec<&Field>, Refusal> {
        let named = match &body["fields"] {
            Value::Null => None,
            Value::Array(named) if named.is_empty() => None,
            Value::Array(named) if named.len() > FIELDS_LIMIT => return Err(bad("Too many fields")),
            Value::Array(named) => Some(named),
            _ => return Err(bad("fields is a list")),
        };
        let is_default =
            |field: &&Field| DEFAULT_CATEGORIES.contains(&field.category.as_str()) && !field.id.contains(".custom.");
        let fields: Vec<&Field> = match named {
            Some(named) => named.iter().filter_map(|id| self.catalogue.find(id.as_str()?)).collect(),
            None => self.catalogue.all().filter(is_default).collect(),
        };
        Ok(fields.into_iter().filter(|field| !self.is_hidden(field)).collect())
    }
}

/// One filter: these values of one of two fields.
fn filter(body: &Value) -> Result<Option<(&str, Vec<&str>)>, Refusal> {
    let filters = match body.get("filters") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(filters)) => filters,
        Some(_) => return Err(bad("filters is a list")),
    };
    let [filter] = &filters[..] else { return Err(bad("exactly one filter")) };
    let values: Vec<&str> = filter["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match (filter["fieldPath"].as_str(), filter["operator"].as_str()) {
        (Some(path @ ("root.id" | "root.email")), Some("equals")) if !values.is_empty() => Ok(Some((path, values))),
        _ => Err(bad("unsupported filter")),
    }
}

/// `POST /people/search`
pub(super) fn search(company: &mut Company, call: &Call) -> Response {
    found(company, call).unwrap_or_else(|refusal| *refusal)
}

fn found(company: &Company, call: &Call) -> Result<Response, Refusal> {
    let now = company.clock.now();
    let body = call.object().ok_or_else(|| bad("the body is no JSON object"))?;
    let (fields, filter) = (company.asked(&body)?, filter(&body)?);
    let show_inactive = body["showInactive"] == json!(true);
    let readable = Readable::parse(&body["humanReadable"]);
    let wanted = |record: &&Record| match &filter {
        None => true,
        Some(("root.id", ids)) => ids.contains(&record.id.to_string().as_str()),
        Some((_, emails)) => record.text("root.email").is_some_and(|email| emails.contains(&email)),
    };
    let people = company.visible().into_iter().filter(wanted);
    let people = people.filter(|record| show_inactive || company.is_active(record, now));
    let people = people.filter(|record| company.may_see(record, now));
    let mut people: Vec<Value> = people.map(|record| company.shape(record, &fields, readable, now)).collect();
    if company.switches.newest_first {
        people.reverse();
    }
    Ok(json_value(200, &json!({ "employees": people })))
}

/// `POST /people/{id or e-mail}`; inactive people too.
pub(super) fn one(company: &mut Company, call: &Call) -> Response {
    let (company, who) = (&*company, call.path[1].as_str());
    let now = company.clock.now();
    let is_meant = |record: &&Record| {
        record.id.to_string() == who || record.text("root.email").is_some_and(|email| email.eq_ignore_ascii_case(who))
    };
    let record = match who.parse() {
        Ok(id) => company.visible_one(id),
        Err(_) => company.visible().into_iter().find(is_meant),
    };
    let Some(record) = record else { return empty(404) };
    if !company.may_see(record, now) {
        return match company.switches.hidden_one {
            HiddenOne::NotFound => empty(404),
            HiddenOne::Forbidden => problem(403, "exception.no.permission", "No permission"),
            HiddenOne::Nothing => json_value(200, &json!({})),
        };
    }
    let body = if call.body.is_empty() { Some(json!({})) } else { call.object() };
    let Some(body) = body else { return *bad("the body is no JSON object") };
    let fields = match company.asked(&body) {
        Ok(fields) => fields,
        Err(refusal) => return *refusal,
    };
    let shape = company.shape(record, &fields, Readable::parse(&body["humanReadable"]), now);
    match company.switches.one_wrapped {
        true => json_value(200, &json!({ "employees": [shape] })),
        false => json_value(200, &shape),
    }
}
