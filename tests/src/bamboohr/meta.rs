//! What the company says about itself: fields, lists, tables, users, zones.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::company::Company;
use super::employee::text_of;
use super::http::{Call, json_value, refused, shaped};

/// `GET /meta/fields`: the id is a number, or a dotted string for part of a field; alias only where there is one.
pub(super) fn fields(company: &Company, call: &Call) -> Response {
    let mut out = Vec::new();
    for (at, field) in company.catalogue.all() {
        if company.is_hidden(at) {
            continue;
        }
        let mut shown = json!({ "id": id_of(&field.id), "name": field.name, "type": field.kind });
        if let Some(alias) = &field.alias {
            shown["alias"] = json!(alias);
        }
        out.push(shown);
    }
    shaped(call, &Value::from(out))
}

fn id_of(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| json!(id), |number| json!(number))
}

/// `GET /meta/lists`
pub(super) fn lists(company: &Company, call: &Call) -> Response {
    let mut out = Vec::new();
    for (alias, options) in &company.lists {
        let at = company.catalogue.find(alias).expect("every list is a standard field");
        let field = company.catalogue.get(at);
        let mut options: Vec<_> = options.iter().map(|(text, id)| (*id, text.clone())).collect();
        options.sort();
        let options = options.into_iter().map(|(id, text)| {
            json!({ "id": id, "name": text, "archived": "no", "createdDate": "2020-01-01T00:00:00+00:00",
                "archivedDate": null })
        });
        out.push(json!({ "fieldId": field.id, "alias": alias, "name": field.name, "manageable": "yes",
            "multiple": "no", "options": options.collect::<Vec<_>>() }));
    }
    shaped(call, &Value::from(out))
}

/// `PUT /meta/lists/{fieldId}`: adds an option, or with an id renames it for everyone who has it.
pub(super) fn change_list(company: &mut Company, call: &Call, list: &str) -> Response {
    let named = company.catalogue.find(list).map(|at| company.catalogue.get(at).key().to_owned());
    let alias = company.lists.keys().find(|alias| named.as_deref() == Some(**alias)).copied();
    let Some(alias) = alias else { return refused(404, "List not found") };
    let body = call.json().unwrap_or_default();
    for option in body["options"].as_array().into_iter().flatten() {
        let Some(new) = option["value"].as_str() else { return refused(400, "An option needs a value") };
        let id: Option<u64> = text_of(&option["id"]).and_then(|id| id.parse().ok());
        let old = company.lists[alias].iter().find(|(_, number)| id == Some(**number)).map(|(text, _)| text.clone());
        match old {
            Some(old) if &*old != new => drop(company.rename_option(alias, &old, new)),
            _ => drop(company.option(alias, new)),
        }
    }
    lists(company, call)
}

/// `GET /meta/tables`
pub(super) fn tables(company: &Company, call: &Call) -> Response {
    let column =
        |id: u32, name: &str, alias: &str, kind: &str| json!({ "id": id, "name": name, "alias": alias, "type": kind });
    let mut out = vec![
        json!({ "alias": "jobInfo", "fields": [
            column(4028, "Job Information: Date", "date", "date"),
            column(18, "Location", "location", "list"),
            column(4, "Department", "department", "list"),
            column(1355, "Division", "division", "list"),
            column(17, "Job Title", "jobTitle", "list"),
            column(91, "Reporting to", "reportsTo", "employee"),
        ] }),
        json!({ "alias": "employmentStatus", "fields": [
            column(1935, "Employment Status: Date", "date", "date"),
            column(1936, "Employment Status", "employmentStatus", "list"),
            column(4046, "Termination Type", "terminationTypeId", "list"),
            column(4047, "Termination Reason", "terminationReasonId", "list"),
            column(4048, "Eligible For Re-hire", "terminationRehireId", "list"),
        ] }),
    ];
    let mut others: Vec<&String> = company.people.values().flat_map(|record| record.other_tables.keys()).collect();
    others.sort();
    others.dedup();
    out.extend(others.into_iter().map(|alias| json!({ "alias": alias, "fields": [] })));
    shaped(call, &Value::from(out))
}

/// `GET /meta/users`: an object by user id, not an array.
pub(super) fn users(company: &Company, call: &Call) -> Response {
    let mut users = Map::new();
    let key_user = company.switches.key_employee.as_deref().and_then(|id| id.parse::<u64>().ok());
    let person = key_user.and_then(|id| company.people.get(&id));
    let text = |alias: &str| {
        let at = company.catalogue.find(alias).expect("a standard field");
        person.and_then(|person| person.stored.get(&at)).map_or("API", String::as_str)
    };
    let asked = call.query("status").unwrap_or("enabled");
    if asked.split(',').any(|status| status.trim() == "enabled") {
        let user = json!({
            "id": 2370, "employeeId": person.map_or(0, |person| person.id), "firstName": text("firstName"),
            "lastName": text("lastName"), "email": "api@example.com", "status": "enabled",
            "lastLogin": "2021-08-18T22:14:17+00:00",
        });
        users.insert("2370".to_owned(), user);
    }
    shaped(call, &Value::Object(users))
}

/// `GET /meta/timezones`: `utcName` is the IANA name.
pub(super) fn time_zones(company: &Company, _call: &Call) -> Response {
    let mut names: Vec<&str> = vec!["America/Denver", "America/New_York", "Europe/London", "Asia/Tokyo", "UTC"];
    let used = company.locations.iter().filter_map(|location| location.time_zone.as_deref());
    names.extend(used.chain(company.zone.iana_name()));
    names.sort_unstable();
    names.dedup();
    let data = names.iter().enumerate().map(|(at, name)| {
        let city = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
        json!({ "id": (at + 1).to_string(), "gmtOffset": offset_of(company, name), "name": city, "utcName": name })
    });
    let data: Vec<Value> = data.collect();
    let meta = json!({ "page": 1, "pageSize": 500, "totalPages": 1, "totalItems": data.len() });
    json_value(200, &json!({ "data": data, "meta": meta, "_links": null }))
}

fn offset_of(company: &Company, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    // The standard offset, as the labels of a drop-down list have it.
    let winter = jiff::civil::date(company.moment().today.year(), 1, 1).to_zoned(zone);
    winter.map_or_else(|_| String::new(), |winter| format!("(GMT{})", winter.strftime("%:z")))
}

/// `GET /meta/countries/options`
pub(super) fn countries(company: &Company) -> Response {
    let mut known = vec![("United States", "US"), ("United Kingdom", "GB"), ("Canada", "CA"), ("Germany", "DE")];
    for location in &company.locations {
        if let (Some(name), Some(code)) = (&location.country, &location.country_code)
            && known.iter().all(|(_, other)| other != code)
        {
            known.push((name, code));
        }
    }
    let numbered = known.iter().enumerate();
    let options =
        numbered.map(|(at, (name, code))| json!({ "id": (at + 1).to_string(), "name": name, "isoCode": code }));
    json_value(200, &options.collect())
}

/// `GET /company_information`: no country, and no time zone, which is why that has to be a setting.
pub(super) fn company_information(company: &Company, call: &Call) -> Response {
    shaped(
        call,
        &json!({
            "legalName": format!("{} Inc.", company.name), "displayName": company.name,
            "address": { "line1": "335 S 560 W", "line2": null, "city": "Lindon", "state": "UT", "zip": "84042" },
            "phone": "+1 555 0100",
        }),
    )
}
