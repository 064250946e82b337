//! `POST /reports/custom`: everybody in one answer, Active and Inactive.

use axum::http::header;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::company::Company;
use super::employee::{FIELDS_MOST, parse_since};
use super::http::{Call, json_bytes, refused};

/// The content type must be exactly `application/json`; with anything behind it the body is read as XML and refused.
pub(super) fn custom(company: &Company, call: &Call) -> Response {
    let format = call.query("format").map(str::to_ascii_lowercase);
    match format.as_deref() {
        Some("json") => {}
        None if call.wants_json() => {}
        _ => return refused(404, "Report format not found"),
    }
    if call.headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes()) != Some(b"application/json") {
        return refused(400, "Malformed XML");
    }
    let Some(Value::Object(body)) = call.json() else {
        return refused(400, "Malformed JSON");
    };
    let names: Vec<&str> =
        body.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if names.len() > FIELDS_MOST {
        return refused(400, "Too many fields requested");
    }
    let filters = body.get("filters").cloned().unwrap_or_default();
    let since = match filters["lastChanged"]["value"].as_str().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => match parse_since(text) {
            Some(since) => Some(since),
            None => return refused(400, "Invalid lastChanged filter"),
        },
    };
    let wanted = Wanted {
        since,
        with_unknown: filters["lastChanged"]["includeNull"].as_str() != Some("no"),
        ids: ids_of(&filters["employeeIds"]).filter(|_| company.switches.report_honours_employee_ids),
        raw_rows: company.switches.raw_rows_repeat_people
            && body.get("filterDuplicates").and_then(Value::as_str) == Some("no"),
    };
    let title = body.get("title").and_then(Value::as_str).unwrap_or("");
    json_bytes(200, write(company, call.only_current(), title, &names, &wanted))
}

/// Who shall be in it.
struct Wanted {
    since: Option<Timestamp>,
    with_unknown: bool,
    ids: Option<Vec<u64>>,
    raw_rows: bool,
}

fn ids_of(value: &Value) -> Option<Vec<u64>> {
    let list = value.as_array()?;
    let number = |id: &Value| id.as_u64().or_else(|| id.as_str()?.parse().ok());
    Some(list.iter().filter_map(number).collect())
}

/// Straight into bytes: a hundred thousand people make some sixty megabytes.
fn write(company: &Company, only_current: bool, title: &str, names: &[&str], wanted: &Wanted) -> Vec<u8> {
    let asked = company.visible(names.iter().copied());
    let fields = asked.iter().map(|one| {
        let field = company.catalogue.get(one.field);
        json!({ "id": one.name, "type": field.kind, "name": field.name })
    });
    let fields: Vec<Value> = fields.collect();
    let mut out =
        format!("{{\"title\":{},\"fields\":{},\"employees\":[", Value::from(title), json!(fields)).into_bytes();
    let current = company.moment();
    let moment = current.clone().only_current(only_current);
    let without_future = only_current && !company.switches.report_has_future_hires;
    let records: Box<dyn Iterator<Item = _>> = match &wanted.ids {
        Some(ids) => Box::new(ids.iter().filter_map(|id| company.people.get(id))),
        None => Box::new(company.people.values()),
    };
    let mut first = true;
    for record in records {
        let changed = match (wanted.since, record.last_changed) {
            (None, _) => true,
            (Some(since), Some(at)) => at >= since,
            (Some(_), None) => wanted.with_unknown,
        };
        if !changed || company.is_hidden_employee(record.id) || (without_future && record.is_future_hire(&current)) {
            continue;
        }
        let times = if wanted.raw_rows { record.jobs.len().max(1) } else { 1 };
        for _ in 0..times {
            if !first {
                out.push(b',');
            }
            first = false;
            company.write_record(&mut out, record, &asked, &moment);
        }
    }
    out.extend_from_slice(b"]}");
    out
}
