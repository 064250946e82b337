//! The company's locations: the only place where a work address and a site's time zone are found.

use axum::response::Response;
use serde_json::{Value, json};

use super::company::Company;
use super::http::{Call, json_value, problem};
use super::switches::Access;

/// A place of work. Records carry its label only, so a renamed label breaks whoever joined on it.
#[derive(Clone, Debug, Default)]
pub struct Location {
    /// Its number; given by the company where empty.
    pub id: String,
    /// Its name, as employees' `location` has it.
    pub label: String,
    /// Left out of the answer unless asked for.
    pub archived: bool,
    /// Street.
    pub address1: Option<String>,
    /// More of it.
    pub address2: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// The state's or province's name.
    pub state: Option<String>,
    /// Its short form.
    pub state_code: Option<String>,
    /// Postal code.
    pub zipcode: Option<String>,
    /// The country's name.
    pub country: Option<String>,
    /// Its two letters.
    pub country_code: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// No place at all: every part of the address may be null.
    pub remote: bool,
}

impl Location {
    /// A location with this label and zone, and no address yet.
    pub fn new(label: &str, time_zone: &str) -> Location {
        Location { label: label.to_owned(), time_zone: Some(time_zone.to_owned()), ..Location::default() }
    }

    /// With street, town, state with its short form, postal code, country with its two letters.
    pub fn at(
        mut self,
        street: &str,
        city: &str,
        state: (&str, &str),
        zipcode: &str,
        country: (&str, &str),
    ) -> Location {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        self.address1 = some(street);
        self.city = some(city);
        (self.state, self.state_code) = (some(state.0), some(state.1));
        self.zipcode = some(zipcode);
        (self.country, self.country_code) = (some(country.0), some(country.1));
        self
    }

    fn shown(&self, expand: &str) -> Value {
        // Ids of states and countries are made up from their short forms, so that equal ones are equal.
        let number = |code: &Option<String>, base: u32| {
            code.as_ref().map(|code| (base + code.bytes().fold(0, |sum, b| sum * 31 % 9000 + u32::from(b))).to_string())
        };
        let (state_id, country_id) = (number(&self.state_code, 4000), number(&self.country_code, 100));
        let mut address = json!({
            "address1": self.address1, "address2": self.address2, "city": self.city, "stateId": state_id,
            "zipcode": self.zipcode, "countryId": country_id, "timezone": self.time_zone,
            "remoteLocation": self.remote,
        });
        let wanted = |what: &str| expand.split(',').any(|one| one.trim() == what);
        if wanted("state") && state_id.is_some() {
            address["state"] = json!({ "id": state_id, "name": self.state, "abbreviation": self.state_code });
        }
        if wanted("country") && country_id.is_some() {
            address["country"] = json!({ "id": country_id, "name": self.country, "isoCode": self.country_code });
        }
        json!({
            "id": self.id, "label": self.label, "archived": self.archived, "manageable": true, "address": address,
            "createdAt": "2020-01-01T00:00:00Z",
            "archivedAt": self.archived.then_some("2024-01-01T00:00:00Z"),
        })
    }
}

impl Company {
    pub(super) fn add_location(&mut self, mut location: Location) -> String {
        if location.id.is_empty() {
            location.id = (18 + self.locations.len()).to_string();
        }
        let label = location.label.clone();
        self.option("location", &label);
        let id = location.id.clone();
        self.locations.push(location);
        id
    }
}

/// `GET /hris/org/locations`. Pages count from 1, whatever the documentation says; page 0 is a 422.
pub(super) fn list(company: &Company, call: &Call) -> Response {
    if let Some(refusal) = refused(company) {
        return refusal;
    }
    let number = |name: &str, default: usize| match call.query(name) {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0),
    };
    let (Some(page), Some(size)) = (number("page", 1), number("pageSize", 500)) else {
        return problem(422, "INVALID_PAGE", "page and pageSize must be at least 1");
    };
    let archived = match call.query("filter").map(str::trim) {
        None | Some("") | Some("archived eq false") => false,
        Some("archived eq true") => true,
        Some(_) => return problem(422, "INVALID_FILTER", "the simulator filters by archived only"),
    };
    let fitting: Vec<&Location> = company.locations.iter().filter(|one| one.archived == archived).collect();
    let expand = call.query("expand").unwrap_or("");
    let from = (page - 1).saturating_mul(size);
    let data: Vec<Value> = fitting.iter().skip(from).take(size).map(|one| one.shown(expand)).collect();
    // Past the end the live answer claims that there are no pages at all.
    let pages = if data.is_empty() { 0 } else { fitting.len().div_ceil(size) };
    json_value(
        200,
        &json!({
            "data": data,
            "meta": { "page": page, "pageSize": size, "totalPages": pages, "totalItems": fitting.len() },
            "_links": null,
        }),
    )
}

/// `GET /hris/org/locations/{id}`
pub(super) fn one(company: &Company, call: &Call, id: &str) -> Response {
    if let Some(refusal) = refused(company) {
        return refusal;
    }
    match company.locations.iter().find(|one| one.id == id) {
        Some(location) => json_value(200, &location.shown(call.query("expand").unwrap_or(""))),
        None => problem(404, "NOT_FOUND", "no such location"),
    }
}

fn refused(company: &Company) -> Option<Response> {
    match company.switches.location_access {
        Access::Open => None,
        Access::Unauthorized => Some(problem(401, "UNAUTHORIZED", "this endpoint takes OAuth tokens only")),
        Access::Forbidden => Some(problem(403, "FORBIDDEN", "the key lacks the scope field")),
    }
}
