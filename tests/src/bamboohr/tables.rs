//! Tables of an employee: the one place where a coming start, move or end shows as what it is.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::company::Company;
use super::edits::parse_date;
use super::employee::{parse_since, text_of};
use super::fields::Source;
use super::http::{Call, json_value, refused, shaped, typed};
use super::record::{JobRow, Record, StatusRow, TERMINATED};

const TERMINATION_IDS: [&str; 3] = ["terminationTypeId", "terminationReasonId", "terminationRehireId"];

/// `GET /employees/{id}/tables/{table}`, `id` may be `all`. Rows come in the order they were saved, not by date.
pub(super) fn rows(company: &Company, call: &Call, id: &str, table: &str) -> Response {
    if !is_known(company, table) {
        return refused(404, "Table not found");
    }
    let mut out = Vec::new();
    if id == "all" {
        for record in company.people.values().filter(|record| !company.is_hidden_employee(record.id)) {
            out.extend(rows_of(company, record, table));
        }
    } else {
        match company.person(id) {
            Ok(id) => out = rows_of(company, &company.people[&id], table),
            Err(refusal) => return *refusal,
        }
    }
    shaped(call, &Value::from(out))
}

/// `GET /employees/changed/tables/{table}`: any change of an employee brings all their rows. Stamps end in `Z` here.
pub(super) fn changed(company: &Company, call: &Call, table: &str) -> Response {
    let Some(since) = call.query("since").and_then(parse_since) else {
        return refused(400, "Missing or invalid since parameter");
    };
    if !is_known(company, table) {
        return refused(404, "Table not found");
    }
    let inclusive = company.switches.since_inclusive;
    let mut employees = Map::new();
    for record in company.people.values().filter(|record| !company.is_hidden_employee(record.id)) {
        let at = record.tables_changed;
        if at > since || (inclusive && at == since) {
            let rows = rows_of(company, record, table);
            employees.insert(record.id.to_string(), json!({ "lastChanged": at.to_string(), "rows": rows }));
        }
    }
    let employees = match employees.is_empty() && company.switches.empty_changed == super::switches::EmptyChanged::Array
    {
        true => json!([]),
        false => Value::Object(employees),
    };
    shaped(call, &json!({ "table": table, "employees": employees }))
}

fn is_known(company: &Company, table: &str) -> bool {
    let standard = ["jobInfo", "employmentStatus", "compensation"].contains(&table);
    standard || company.people.values().any(|record| record.other_tables.contains_key(table))
}

fn rows_of(company: &Company, record: &Record, table: &str) -> Vec<Value> {
    let rows: Vec<Map<String, Value>> = match table {
        "jobInfo" => record.jobs.iter().map(|row| job_columns(company, row)).collect(),
        "employmentStatus" => record.employment.iter().map(status_columns).collect(),
        _ => {
            let rows = record.other_tables.get(table).into_iter().flatten();
            let columns = |row: &(u64, BTreeMap<String, String>)| {
                let mut columns: Map<String, Value> =
                    row.1.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                columns.insert("id".to_owned(), json!(row.0.to_string()));
                columns
            };
            rows.map(columns).collect()
        }
    };
    let hidden = |column: &str| {
        let field = company.catalogue.find(match column {
            "employmentStatus" => "employmentHistoryStatus",
            "reportsTo" => "supervisor",
            other => other,
        });
        column != "id" && field.is_some_and(|field| company.is_hidden(field))
    };
    let finish = |mut row: Map<String, Value>| {
        row.insert("employeeId".to_owned(), json!(record.id.to_string()));
        row.retain(|column, _| !hidden(column));
        if company.switches.ids_as_numbers {
            for key in ["id", "employeeId"] {
                let number: Option<u64> = row[key].as_str().and_then(|text| text.parse().ok());
                row.insert(key.to_owned(), json!(number));
            }
        }
        Value::Object(row)
    };
    rows.into_iter().map(finish).collect()
}

fn job_columns(company: &Company, row: &JobRow) -> Map<String, Value> {
    let manager = row.reports_to.and_then(|id| company.people.get(&id));
    // `First Last` here, `Last, First` in reports, and never an id.
    let manager = manager.map(|manager| company.full_name(manager, 1)).or_else(|| row.reports_to_name.clone());
    let columns = [
        ("id", json!(row.id.to_string())),
        ("date", json!(row.date.to_string())),
        ("location", json!(row.location)),
        ("division", json!(row.division)),
        ("department", json!(row.department)),
        ("jobTitle", json!(row.title)),
        ("reportsTo", json!(manager)),
    ];
    columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn status_columns(row: &StatusRow) -> Map<String, Value> {
    let mut columns = Map::new();
    columns.insert("id".to_owned(), json!(row.id.to_string()));
    columns.insert("date".to_owned(), json!(row.date.to_string()));
    columns.insert("employmentStatus".to_owned(), json!(row.status));
    columns.insert("comment".to_owned(), json!(row.rest.get("comment")));
    for name in TERMINATION_IDS {
        // Empty text, where every other empty column is null.
        columns.insert(name.to_owned(), json!(row.rest.get(name).map_or("", String::as_str)));
    }
    for name in ["acaStatus", "benetracStatus", "gusto"] {
        columns.insert(name.to_owned(), json!(row.rest.get(name)));
    }
    columns
}

/// `POST /employees/{id}/tables/{table}` and `.../{row}`. In v1_1 a rehire row moves the hire date, and an end needs
/// its type, reason and rehire ids.
pub(super) fn save(company: &mut Company, call: &Call, id: &str, table: &str, row: Option<&str>) -> Response {
    let id = match company.person(id) {
        Ok(id) => id,
        Err(refusal) => return *refusal,
    };
    let Some(Value::Object(columns)) = call.json() else {
        return refused(400, "Malformed JSON");
    };
    let columns: BTreeMap<String, String> =
        columns.iter().filter_map(|(name, value)| Some((name.clone(), text_of(value)?))).collect();
    let row = match row.map(str::parse::<u64>) {
        None => None,
        Some(Ok(row)) if has_row(&company.people[&id], table, row) => Some(row),
        Some(_) => return refused(404, "Row not found"),
    };
    let saved = match table {
        "jobInfo" => save_job(company, id, row, &columns),
        "employmentStatus" => save_status(company, id, row, columns, call.version == "v1_1"),
        _ => {
            remove_row(company, id, table, row);
            company.add_other_row(id, table, columns);
            Ok(())
        }
    };
    match saved {
        Ok(()) => typed(200, "text/html; charset=UTF-8", Vec::new()),
        Err((status, message)) => refused(status, message),
    }
}

fn save_job(
    company: &mut Company,
    id: u64,
    row: Option<u64>,
    columns: &BTreeMap<String, String>,
) -> Result<(), (u16, &'static str)> {
    let old = row.and_then(|row| company.people[&id].jobs.iter().find(|one| one.id == row).cloned());
    let date = match columns.get("date") {
        Some(text) => parse_date(text).map_err(|_| (400, "Invalid date"))?,
        None => old.as_ref().ok_or((400, "A date is required"))?.date,
    };
    let fresh = company.next_row_id();
    let mut new = old.unwrap_or_else(|| JobRow::new(fresh, date));
    new.date = date;
    for (list, slot) in [
        ("jobTitle", &mut new.title),
        ("department", &mut new.department),
        ("division", &mut new.division),
        ("location", &mut new.location),
    ] {
        if let Some(text) = columns.get(list) {
            *slot = Some(company.option(list, text));
        }
    }
    if let Some(manager) = columns.get("reportsTo") {
        let named = |record: &&Record| company.full_name(record, 1) == *manager || record.id.to_string() == *manager;
        new.reports_to = company.people.values().find(named).map(|record| record.id);
        new.reports_to_name = Some(manager.clone());
    }
    company.change(id, &[], |record| {
        record.jobs.retain(|one| one.id != new.id);
        record.jobs.push(new);
    });
    Ok(())
}

fn save_status(
    company: &mut Company,
    id: u64,
    row: Option<u64>,
    mut columns: BTreeMap<String, String>,
    v1_1: bool,
) -> Result<(), (u16, &'static str)> {
    let old = row.and_then(|row| company.people[&id].employment.iter().find(|one| one.id == row).cloned());
    let date = match columns.remove("date") {
        Some(text) => parse_date(&text).map_err(|_| (400, "Invalid date"))?,
        None => old.as_ref().ok_or((400, "A date is required"))?.date,
    };
    let status = match columns.remove("employmentStatus") {
        Some(text) => company.option("employmentHistoryStatus", &text),
        None => old.as_ref().ok_or((400, "An employment status is required"))?.status.clone(),
    };
    let ends = &*status == TERMINATED;
    if v1_1 && ends && TERMINATION_IDS.iter().any(|name| !columns.contains_key(*name)) {
        return Err((409, "Terminated needs terminationTypeId, terminationReasonId and terminationRehireId"));
    }
    let was_ended = company.people[&id].employment.iter().max_by_key(|row| (row.date, row.id));
    if v1_1 && !ends && old.is_none() && was_ended.is_some_and(|row| row.is_end() && row.date <= date) {
        company.rehire(id, date, &status);
        return Ok(());
    }
    let number = company.next_row_id();
    let mut rest = old.as_ref().map(|row| row.rest.clone()).unwrap_or_default();
    rest.extend(columns);
    let saved_on = company.moment().today;
    company.save_status_row(id, StatusRow { id: old.map_or(number, |row| row.id), date, status, saved_on, rest });
    Ok(())
}

/// `DELETE /employees/{id}/tables/{table}/{row}`: also how a planned end is taken back.
pub(super) fn remove(company: &mut Company, id: &str, table: &str, row: &str) -> Response {
    let id = match company.person(id) {
        Ok(id) => id,
        Err(refusal) => return *refusal,
    };
    match row.parse() {
        Ok(row) if has_row(&company.people[&id], table, row) => {
            remove_row(company, id, table, Some(row));
            json_value(200, &json!({}))
        }
        _ => refused(404, "Row not found"),
    }
}

fn has_row(record: &Record, table: &str, row: u64) -> bool {
    match table {
        "jobInfo" => record.jobs.iter().any(|one| one.id == row),
        "employmentStatus" => record.employment.iter().any(|one| one.id == row),
        _ => record.other_tables.get(table).is_some_and(|rows| rows.iter().any(|one| one.0 == row)),
    }
}

fn remove_row(company: &mut Company, id: u64, table: &str, row: Option<u64>) {
    let Some(row) = row else { return };
    let ends = |one: &StatusRow| one.id == row && one.is_end();
    let plain = match company.people[&id].employment.iter().any(ends) && table == "employmentStatus" {
        true => vec![company.catalogue.of(Source::TerminationDate)],
        false => Vec::new(),
    };
    match table {
        "jobInfo" => company.change(id, &plain, |record| record.jobs.retain(|one| one.id != row)),
        "employmentStatus" => company.change(id, &plain, |record| record.employment.retain(|one| one.id != row)),
        _ => {
            let rows = company.people.get_mut(&id).and_then(|record| record.other_tables.get_mut(table));
            rows.into_iter().for_each(|rows| rows.retain(|one| one.0 != row));
        }
    }
}
