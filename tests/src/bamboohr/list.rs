//! `GET /employees`: the newer list with cursors, its own names for fields, and `_restrictedFields`.

use std::cmp::Ordering;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::company::Company;
use super::fields::Source;
use super::http::{Call, access_refused, coded, json_value};
use super::read::Cell;
use super::record::{Moment, Record};

const DEFAULT: [&str; 7] =
    ["employeeId", "firstName", "lastName", "preferredName", "photoUrl", "jobTitleName", "status"];
const OPTIONAL: [&str; 27] = [
    "workEmail",
    "homeEmail",
    "bestEmail",
    "middleName",
    "workPhone",
    "workPhoneExtension",
    "mobilePhone",
    "homePhone",
    "skypeUsername",
    "linkedinUrl",
    "facebookUrl",
    "instagramUrl",
    "twitterUrl",
    "pinterestUrl",
    "birthDate",
    "hireDate",
    "divisionName",
    "divisionId",
    "departmentName",
    "departmentId",
    "locationName",
    "locationId",
    "jobTitleId",
    "employmentStatusName",
    "employmentStatusId",
    "reportsToName",
    "reportsToId",
];
const SORTABLE: [&str; 6] = ["employeeId", "firstName", "lastName", "preferredName", "jobTitleName", "status"];

/// The classic alias behind a name of this endpoint; `None` where there is no other.
pub(super) fn alias_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "employeeId" => "id",
        "jobTitleName" | "jobTitleId" => "jobTitle",
        "birthDate" => "dateOfBirth",
        "divisionName" | "divisionId" => "division",
        "departmentName" | "departmentId" => "department",
        "locationName" | "locationId" => "location",
        "employmentStatusName" | "employmentStatusId" => "employmentHistoryStatus",
        "reportsToName" => "supervisor",
        "reportsToId" => "supervisorEId",
        "linkedinUrl" => "linkedIn",
        _ => return None,
    })
}

/// One page. The cursor names the boundary employee, and breaks when that one is gone or no longer fits.
pub(super) fn list(company: &Company, call: &Call) -> Response {
    if let Some(refusal) = access_refused(company.switches.list_access) {
        return refusal;
    }
    let query = match Query::parse(company, call) {
        Ok(query) => query,
        Err(message) => return coded(400, "BadRequest", message),
    };
    let moment = company.moment();
    let mut fitting: Vec<&Record> = Vec::new();
    for record in company.people.values() {
        if !company.is_hidden_employee(record.id) && query.fits(company, record, &moment) {
            fitting.push(record);
        }
    }
    query.sort(company, &mut fitting, &moment);
    let place = |cursor: &str, kind: &str| {
        let id = read_cursor(cursor, kind)?;
        fitting.iter().position(|record| record.id == id)
    };
    let (from, to) = match (call.query("page[after]"), call.query("page[before]")) {
        (Some(_), Some(_)) => return coded(400, "BadRequest", "Only one of after and before may be given."),
        (Some(after), None) => match place(after, "after") {
            Some(place) => (place + 1, fitting.len().min(place + 1 + query.limit)),
            None => return coded(400, "BadPage", "The page cursor is no longer valid."),
        },
        (None, Some(before)) => match place(before, "before") {
            Some(place) => (place.saturating_sub(query.limit), place),
            None => return coded(400, "BadPage", "The page cursor is no longer valid."),
        },
        (None, None) => (0, fitting.len().min(query.limit)),
    };
    let page = &fitting[from..to];
    let next = page.last().filter(|_| to < fitting.len()).map(|record| write_cursor(record.id, "after"));
    let previous = page.first().filter(|_| from > 0).map(|record| write_cursor(record.id, "before"));
    let data: Vec<Value> = page.iter().map(|record| query.shown(company, record, &moment)).collect();
    let here = format!("{}/employees?page%5Blimit%5D={}", call.base, query.limit);
    let mut links = json!({ "self": { "href": here } });
    if let Some(next) = &next {
        links["next"] = json!({ "href": format!("{here}&page%5Bafter%5D={}", next.replace('=', "%3D")) });
    }
    json_value(
        200,
        &json!({
            "data": data,
            "meta": { "total": fitting.len(),
                "page": { "limit": query.limit, "nextCursor": next, "prevCursor": previous } },
            "_links": links,
        }),
    )
}

/// What was asked for.
struct Query {
    names: Vec<&'static str>,
    texts: Vec<(&'static str, String)>,
    active: Option<bool>,
    ids: Option<Vec<u64>>,
    sort: Vec<(&'static str, bool)>,
    limit: usize,
}

impl Query {
    fn parse(company: &Company, call: &Call) -> Result<Query, &'static str> {
        let mut names = DEFAULT.to_vec();
        let asked: Vec<&str> = call.query("fields").unwrap_or("").split(',').map(str::trim).collect();
        // Names that it does not know are ignored.
        names.extend(OPTIONAL.iter().filter(|name| asked.contains(name)));
        let mut texts = Vec::new();
        for (parameter, name) in [
            ("filter[firstName]", "firstName"),
            ("filter[lastName]", "lastName"),
            ("filter[jobTitleName]", "jobTitleName"),
        ] {
            if let Some(text) = call.query(parameter) {
                texts.push((name, text.to_lowercase()));
            }
        }
        let active = match call.query("filter[status]") {
            None => None,
            Some("active") => Some(true),
            Some("inactive") => Some(false),
            Some(_) => return Err("filter[status] is active or inactive."),
        };
        let mut ids: Option<Vec<u64>> = None;
        for list in call.queries("filter[ids]").chain(call.queries("filter[ids][]")) {
            for id in list.split(',').map(str::trim) {
                ids.get_or_insert_default().push(id.parse().map_err(|_| "filter[ids] holds numbers.")?);
            }
        }
        let mut sort = Vec::new();
        for key in call.query("sort").unwrap_or("").split(',').filter(|key| !key.is_empty()) {
            let (name, down) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
            let name = SORTABLE.iter().find(|known| **known == name).ok_or("Unknown sort field.")?;
            sort.push((*name, down));
        }
        let limit = match call.query("page[limit]") {
            None => company.switches.list_page,
            Some(text) => match text.parse::<usize>() {
                Ok(limit) if limit > 0 => limit.min(company.switches.list_page_most),
                _ => return Err("page[limit] is a positive number."),
            },
        };
        Ok(Query { names, texts, active, ids, sort, limit })
    }

    /// A filter or an order by a field that the key may not see drops everybody.
    fn fits(&self, company: &Company, record: &Record, moment: &Moment) -> bool {
        let filtered = self.texts.iter().map(|(name, _)| *name).chain(self.sort.iter().map(|(name, _)| *name));
        let filtered = filtered.chain(self.active.map(|_| "status"));
        if !company.switches.hidden_fields.is_empty() && filtered.into_iter().any(|name| is_restricted(company, name)) {
            return false;
        }
        let text_fits = |(name, part): &(&str, String)| {
            text(company, record, name, moment).is_some_and(|text| text.to_lowercase().contains(part))
        };
        self.ids.as_ref().is_none_or(|ids| ids.contains(&record.id))
            && self.active.is_none_or(|active| record.is_active(moment) == active)
            && self.texts.iter().all(text_fits)
    }

    /// Empty values first when ascending.
    fn sort(&self, company: &Company, records: &mut [&Record], moment: &Moment) {
        if self.sort.is_empty() {
            return;
        }
        records.sort_by_cached_key(|record| {
            let keys = self.sort.iter().map(|(name, down)| {
                let key = match *name {
                    "employeeId" => Some(format!("{:020}", record.id)),
                    name => text(company, record, name, moment).map(|text| text.to_lowercase()),
                };
                Directed { key, down: *down }
            });
            (keys.collect::<Vec<_>>(), record.id)
        });
    }

    fn shown(&self, company: &Company, record: &Record, moment: &Moment) -> Value {
        let mut restricted = Vec::new();
        let mut shown = Map::new();
        for name in &self.names {
            let value = match is_restricted(company, name) {
                true => {
                    restricted.push(*name);
                    Value::Null
                }
                false if *name == "employeeId" && company.switches.ids_as_numbers => json!(record.id),
                false => json!(text(company, record, name, moment)),
            };
            shown.insert((*name).to_owned(), value);
        }
        shown.insert("_restrictedFields".to_owned(), json!(restricted));
        Value::Object(shown)
    }
}

/// A sort key that may go downwards.
#[derive(PartialEq, Eq)]
struct Directed {
    key: Option<String>,
    down: bool,
}

impl Ord for Directed {
    fn cmp(&self, other: &Directed) -> Ordering {
        let order = self.key.cmp(&other.key);
        if self.down { order.reverse() } else { order }
    }
}

impl PartialOrd for Directed {
    fn partial_cmp(&self, other: &Directed) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn field_of(company: &Company, name: &str) -> Option<usize> {
    company.catalogue.find(alias_of(name).unwrap_or(name))
}

fn is_restricted(company: &Company, name: &str) -> bool {
    company.switches.hidden_fields.contains(name)
        || field_of(company, name).is_some_and(|field| company.is_hidden(field))
}

/// The value under a name of this endpoint; ids of list options by the option's text.
fn text(company: &Company, record: &Record, name: &str, moment: &Moment) -> Option<String> {
    let field = field_of(company, name)?;
    let cell = company.read(record, field, moment);
    let info = company.catalogue.get(field);
    if name.ends_with("Id") && info.kind == "list" {
        let Cell::Text(text) = cell else { return None };
        let option = company.lists.get(info.key())?.get(&*text)?;
        return Some(option.to_string());
    }
    if info.source == Source::Id {
        return Some(record.id.to_string());
    }
    cell.into_text()
}

/// Opaque, though the documentation's schema says integer.
fn write_cursor(id: u64, kind: &str) -> String {
    STANDARD.encode(format!("{{\"cursor\": \"{kind}-{id}\"}}"))
}

fn read_cursor(cursor: &str, kind: &str) -> Option<u64> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value["cursor"].as_str()?.strip_prefix(kind)?.strip_prefix('-')?.parse().ok()
}
