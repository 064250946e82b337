//! What the company's fields and lists are.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::company::Company;
use super::http::{Call, empty, json_value};

/// `GET /company/people/fields`; no permission is needed for it.
pub(super) fn fields(company: &mut Company, _: &Call) -> Response {
    let fields: Vec<Value> = company.catalogue.all().map(|field| field.described()).collect();
    match company.switches.fields_wrapped {
        true => json_value(200, &json!({ "fields": fields })),
        false => json_value(200, &fields.into()),
    }
}

fn archived(call: &Call) -> bool {
    call.query("includeArchived") == Some("true")
}

/// `GET /company/named-lists`
pub(super) fn lists(company: &mut Company, call: &Call) -> Response {
    let documented = company.switches.lists_documented;
    let word = if documented { "items" } else { "values" };
    let all = company.lists.names().filter_map(|name| {
        let list = company.lists.described(name, archived(call), word)?;
        Some((name.to_owned(), list))
    });
    let all: Map<String, Value> = all.collect();
    match documented {
        true => json_value(200, &all.into_iter().map(|(_, list)| list).collect()),
        false => json_value(200, &all.into()),
    }
}

/// `GET /company/named-lists/{listName}`
pub(super) fn list(company: &mut Company, call: &Call) -> Response {
    let word = if company.switches.lists_documented { "items" } else { "values" };
    let list = company.lists.described(&call.path[2], archived(call), word);
    list.map_or_else(|| empty(404), |list| json_value(200, &list))
}
