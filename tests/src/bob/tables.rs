//! Dated tables with all their rows, those to come included.

use axum::response::Response;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use super::ADMIN;
use super::company::Company;
use super::fields::Table;
use super::http::{Call, empty, json_value, page, problem};
use super::record::Record;

/// The most people of one bulk answer, and how many where nobody says.
const BULK_MOST: usize = 200;
const BULK_USUAL: usize = 50;

/// Columns of the two tables that are answered with every row.
const WORK: [&str; 5] = ["title", "department", "siteId", "reportsTo", "workChangeType"];
const EMPLOYMENT: [&str; 6] = ["contract", "type", "salaryPayType", "flsaCode", "fte", "weeklyHours"];

/// `GET /people/{id}/{table}`
pub(super) fn rows(company: &mut Company, call: &Call) -> Response {
    let (company, id, table) = (&*company, call.path[1].as_str(), call.path[2].as_str());
    // A parameter that is not understood is answered by the web application.
    let readable = match call.query("includeHumanReadable") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return page(200),
    };
    if is_closed(company, table) || company.switches.hidden_people.contains(id) {
        return problem(403, "exception.no.permission", "No permission to view histories");
    }
    let Some(record) = id.parse().ok().and_then(|id| company.visible_one(id)) else { return empty(404) };
    json_value(200, &json!({ "values": all(company, record, table, readable) }))
}

/// `GET /bulk/people/{table}`
pub(super) fn bulk(company: &mut Company, call: &Call) -> Response {
    let (company, table) = (&*company, call.path[2].as_str());
    let limit = call.query("limit").map_or(Ok(BULK_USUAL), str::parse);
    let Some(limit) = limit.ok().filter(|limit| (1..=BULK_MOST).contains(limit)) else {
        return problem(400, "exception.bad.request", "limit is 1 to 200");
    };
    if is_closed(company, table) {
        return problem(403, "exception.no.permission", "No permission to view histories");
    }
    let wanted: Option<Vec<&str>> = call.query("employeeIds").map(|ids| ids.split(',').collect());
    let after: u64 = call.query("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
    let mut people = company.visible();
    people.retain(|record| {
        let id = record.id.to_string();
        record.id > after
            && wanted.as_ref().is_none_or(|wanted| wanted.contains(&id.as_str()))
            && !company.switches.hidden_people.contains(&id)
    });
    let next = people.get(limit).map(|_| people[limit - 1].id.to_string());
    let results: Vec<Value> = people
        .into_iter()
        .take(limit)
        .map(|record| json!({ "employeeId": record.id.to_string(), "values": all(company, record, table, false) }))
        .collect();
    json_value(200, &json!({ "results": results, "response_metadata": { "next_cursor": next }, "errors": [] }))
}

fn is_closed(company: &Company, table: &str) -> bool {
    !company.switches.histories || company.switches.hidden_fields.contains(table)
}

fn all(company: &Company, record: &Record, table: &str, readable: bool) -> Vec<Value> {
    let now = company.clock.now();
    match table {
        "work" => dated(company, record, Table::Work, &WORK, readable, now),
        "employment" => dated(company, record, Table::Employment, &EMPLOYMENT, readable, now),
        _ => lifecycle(company, record, readable, now),
    }
}

fn dated(
    company: &Company,
    record: &Record,
    table: Table,
    columns: &[&str],
    readable: bool,
    now: Timestamp,
) -> Vec<Value> {
    let rows = record.rows(table);
    let current = company.row(record, table, now).map(|row| row.date);
    let prefix = if table == Table::Work { "work" } else { "payroll.employment" };
    let shaped = rows.iter().enumerate().map(|(at, row)| {
        let mut shape = common(row.date, row.saved, rows.get(at + 1).map(|next| next.date), current);
        let mut human = Map::new();
        for column in columns {
            let id = format!("{prefix}.{column}");
            let mut value = row.values.get(&id).cloned().unwrap_or_default();
            if *column == "reportsTo" {
                let manager = value.as_str().and_then(|id| id.parse().ok()).and_then(|id: u64| company.people.get(&id));
                value = manager.map_or(Value::Null, |manager| company.reference(manager));
            }
            if *column == "siteId" {
                let site = value.as_u64().and_then(|id| company.lists.site(id));
                shape.insert("site".to_owned(), site.map_or(Value::Null, |site| site.name.as_str().into()));
            }
            let field = company.catalogue.find(&id).expect("a standard field");
            if let Some(text) = company.readable(field, &value) {
                human.insert((*column).to_owned(), text.into());
            }
            shape.insert((*column).to_owned(), value);
        }
        if readable {
            shape.insert("humanReadable".to_owned(), human.into());
        }
        shape.into()
    });
    shaped.collect()
}

fn lifecycle(company: &Company, record: &Record, readable: bool, now: Timestamp) -> Vec<Value> {
    let rows = &record.lifecycle;
    let current = company.status_row(record, now).map(|row| row.date);
    let shaped = rows.iter().enumerate().map(|(at, row)| {
        let mut shape = common(row.date, row.saved, rows.get(at + 1).map(|next| next.date), current);
        shape.insert("status".to_owned(), row.status.as_str().into());
        shape.insert("employeeStatus".to_owned(), if row.active { "Active" } else { "Inactive" }.into());
        shape.insert("reasonType".to_owned(), row.reason.as_deref().into());
        shape.insert("leaveReason".to_owned(), Value::Null);
        shape.insert("workChangeType".to_owned(), Value::Null);
        if readable {
            let name = company.lists.name("lifecycleStatus", &row.status);
            shape.insert("humanReadable".to_owned(), json!({ "status": name }));
        }
        shape.into()
    });
    shaped.collect()
}

/// What every row has.
fn common(date: Date, saved: Timestamp, next: Option<Date>, current: Option<Date>) -> Map<String, Value> {
    let id: u64 = format!("10000{}", date.strftime("%Y%m%d")).parse().expect("digits");
    let end = next.map(|next| next.saturating_sub(Span::new().days(1)).to_string());
    let saved = saved.strftime("%Y-%m-%d").to_string();
    let row = json!({
        "id": id, "effectiveDate": date.to_string(), "activeEffectiveDate": date.to_string(), "endEffectiveDate": end,
        "isCurrent": current == Some(date), "canBeDeleted": false, "creationDate": null, "modificationDate": saved,
        "change": { "reason": null, "changedBy": null, "changedById": ADMIN }, "customColumns": {},
    });
    match row {
        Value::Object(row) => row,
        _ => unreachable!("it was written as an object"),
    }
}
