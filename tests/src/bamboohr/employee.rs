//! One employee over HTTP: read, add, update, delete.

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::company::Company;
use super::http::{Call, escaped, json_bytes, no_employee, refused, typed};
use super::person::Person;
use super::read::{Cell, write_text};
use super::record::{Moment, Record};

/// More fields than this in one call are a 400.
pub(super) const FIELDS_MOST: usize = 400;

/// A field that was asked for, under the name it was asked by.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) field: usize,
}

impl Company {
    /// The asked fields that exist and that the key may see, each once; the others vanish without a word.
    pub(super) fn visible<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for name in names {
            let known = self.catalogue.find(name).or_else(|| self.by_list_name(name));
            let Some(field) = known.filter(|field| !self.is_hidden(*field)) else { continue };
            if asked.iter().all(|one| one.name != name) {
                asked.push(Asked { name: name.to_owned(), field });
            }
        }
        asked
    }

    fn by_list_name(&self, name: &str) -> Option<usize> {
        let alias = super::list::alias_of(name)?;
        if self.switches.list_names_on_record { self.catalogue.find(alias) } else { None }
    }

    /// Appends `{"id":...,"firstName":...}`, the keys in the order they were asked for.
    pub(super) fn write_record(&self, out: &mut Vec<u8>, record: &Record, asked: &[Asked], moment: &Moment) {
        out.extend_from_slice(b"{\"id\":");
        self.write(out, &Cell::Id(record.id));
        // `id` leads every record anyway.
        for one in asked.iter().filter(|one| one.name != "id") {
            out.push(b',');
            write_text(out, &one.name);
            out.push(b':');
            self.write(out, &self.read(record, one.field, moment));
        }
        out.push(b'}');
    }

    /// The record a path means, or why not.
    pub(super) fn person(&self, id: &str) -> Result<u64, Box<Response>> {
        let id = if id == "0" { self.switches.key_employee.as_deref().unwrap_or("0") } else { id };
        let record = id.parse().ok().and_then(|id: u64| self.people.get(&id)).ok_or_else(|| Box::new(no_employee()))?;
        if self.is_hidden_employee(record.id) {
            return Err(Box::new(refused(403, "Insufficient Permissions to view this employee")));
        }
        Ok(record.id)
    }

    /// Whether somebody else has this work or home e-mail.
    fn email_taken(&self, fields: &Map<String, Value>, except: Option<u64>) -> bool {
        let keys = ["workEmail", "homeEmail"];
        let emails: Vec<&str> = keys.iter().filter_map(|key| fields.get(*key)?.as_str()).collect();
        if emails.iter().all(|email| email.is_empty()) {
            return false;
        }
        let places: Vec<usize> = keys.iter().filter_map(|key| self.catalogue.find(key)).collect();
        self.people.values().filter(|record| Some(record.id) != except).any(|record| {
            let mut kept = places.iter().filter_map(|place| record.stored.get(place));
            kept.any(|kept| emails.iter().any(|email| email.eq_ignore_ascii_case(kept)))
        })
    }
}

/// `GET /employees/{id}`; id 0 is the employee tied to the key, or answers `{"id":"0"}` where there is none.
pub(super) fn get(company: &Company, call: &Call, id: &str) -> Response {
    let fields = match call.query("fields") {
        Some(fields) => fields,
        None if company.switches.names_by_default => "firstName,lastName",
        None => "",
    };
    let names: Vec<&str> = fields.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.len() > FIELDS_MOST {
        return refused(400, "Too many fields requested");
    }
    if id == "0" && company.switches.key_employee.is_none() {
        return json_bytes(200, br#"{"id":"0"}"#.to_vec());
    }
    let record = match company.person(id) {
        Ok(id) => &company.people[&id],
        Err(refusal) => return *refusal,
    };
    let asked = company.visible(names.into_iter());
    let moment = company.moment().only_current(call.only_current());
    if call.wants_json() {
        let mut out = Vec::new();
        company.write_record(&mut out, record, &asked, &moment);
        return json_bytes(200, out);
    }
    let mut xml = format!("<?xml version=\"1.0\"?>\n<employee id=\"{}\">", record.id);
    for one in &asked {
        let text = company.read(record, one.field, &moment).into_text().unwrap_or_default();
        xml.push_str(&format!("<field id=\"{}\">{}</field>", escaped(&one.name), escaped(&text)));
    }
    xml.push_str("</employee>");
    typed(200, "text/xml; charset=UTF-8", xml.into_bytes())
}

/// `POST /employees`: first and last name are required; 201 with an empty body, the id at the end of `Location`.
pub(super) fn add(company: &mut Company, call: &Call) -> Response {
    let Some(Value::Object(fields)) = call.json() else {
        return refused(400, "Malformed JSON");
    };
    let has = |key: &str| fields.get(key).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    if !has("firstName") || !has("lastName") {
        return refused(400, "First and last name are required");
    }
    if company.email_taken(&fields, None) {
        return refused(409, "Duplicate email");
    }
    let mut person = Person::default();
    for (key, value) in &fields {
        if company.catalogue.find(key).is_some() {
            person.fields.insert(key.clone(), text_of(value));
        }
    }
    if let Some(Some(status)) = person.fields.remove("employmentHistoryStatus") {
        person.employment_status = status;
    }
    match company.hire(person) {
        Ok(id) => {
            let mut response = typed(201, "text/html; charset=UTF-8", Vec::new());
            let location = format!("{}/employees/{id}", call.base);
            response.headers_mut().insert("location", location.parse().expect("an address fits a header"));
            response
        }
        Err(refusal) => refused(409, &refusal),
    }
}

/// `POST /employees/{id}`; unknown names are ignored.
pub(super) fn update(company: &mut Company, call: &Call, id: &str) -> Response {
    let id = match company.person(id) {
        Ok(id) => id,
        Err(refusal) => return *refusal,
    };
    let Some(Value::Object(fields)) = call.json() else {
        return refused(400, "Malformed JSON");
    };
    if company.email_taken(&fields, Some(id)) {
        return refused(409, "Duplicate email");
    }
    let known = fields.iter().filter_map(|(key, value)| Some((company.catalogue.find(key)?, text_of(value))));
    let values: Vec<(usize, Option<String>)> = known.collect();
    if values.iter().any(|(field, _)| company.is_hidden(*field)) {
        return refused(403, "Insufficient Permissions to edit this field");
    }
    if let Err(refusal) = company.set(id, &values, None) {
        return refused(409, &refusal);
    }
    typed(200, "text/html; charset=UTF-8", Vec::new())
}

/// `DELETE /employees/{id}`
pub(super) fn delete(company: &mut Company, id: &str) -> Response {
    match company.person(id) {
        Ok(id) => {
            company.delete(id);
            typed(200, "text/html; charset=UTF-8", Vec::new())
        }
        Err(refusal) => *refusal,
    }
}

/// A value of a write: text, or what can be read as one.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// ISO 8601 with `Z` or an offset.
pub(super) fn parse_since(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
