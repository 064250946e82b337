//! What a field of a record reads as, and how it is spelt in an answer.

use std::borrow::Cow;

use jiff::Timestamp;

use super::company::Company;
use super::fields::Source;
use super::record::{Moment, Record};
use super::switches::Empty;

/// A value in an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    /// An employee's id, which some clients meet as a number.
    Id(u64),
    NoDate,
    Nothing,
}

impl<'a> Cell<'a> {
    fn some(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Nothing, |text| Cell::Text(text.into()))
    }

    fn date(date: Option<jiff::civil::Date>) -> Cell<'a> {
        date.map_or(Cell::NoDate, |date| Cell::Text(date.to_string().into()))
    }

    /// The value as text, `None` where empty.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Cell::Text(text) => Some(text.into_owned()),
            Cell::Bool(value) => Some(value.to_string()),
            Cell::Id(id) => Some(id.to_string()),
            Cell::NoDate | Cell::Nothing => None,
        }
    }
}

/// `2019-02-26T20:46:32+00:00`
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

impl Company {
    /// What this field of this record reads as at `moment`.
    pub(super) fn read<'r>(&'r self, record: &'r Record, field: usize, moment: &Moment) -> Cell<'r> {
        let stored = |alias: &str| {
            let at = self.catalogue.find(alias).expect("a standard field");
            record.stored.get(&at).map(String::as_str)
        };
        let manager = |record: &'r Record| {
            let job = record.job(moment)?;
            job.reports_to.and_then(|id| self.people.get(&id))
        };
        let info = self.catalogue.get(field);
        match info.source {
            Source::Stored => match record.stored.get(&field) {
                Some(text) => Cell::Text(text.into()),
                None if info.kind == "date" => Cell::NoDate,
                None => Cell::Nothing,
            },
            Source::Id => Cell::Id(record.id),
            Source::DisplayName => match record.stored.get(&field) {
                Some(text) => Cell::Text(text.into()),
                None => Cell::Text(self.full_name(record, 1).into()),
            },
            Source::FullName(form) => Cell::Text(self.full_name(record, form).into()),
            Source::BestEmail => Cell::some(stored("workEmail").or_else(|| stored("homeEmail"))),
            Source::PhoneWithExtension => match (stored("workPhone"), stored("workPhoneExtension")) {
                (Some(phone), Some(extension)) => Cell::Text(format!("{phone} x{extension}").into()),
                (phone, _) => Cell::some(phone),
            },
            Source::HireDate => Cell::date(record.hire_date),
            Source::OriginalHireDate => Cell::date(record.original_hire_date),
            Source::TerminationDate => Cell::date(record.termination_date(moment)),
            Source::Status => Cell::Text(if record.is_active(moment) { "Active" } else { "Inactive" }.into()),
            Source::EmploymentStatus => Cell::some(record.employment(moment).map(|row| &*row.status)),
            Source::EmploymentStatusDate => Cell::date(record.employment(moment).map(|row| row.date)),
            Source::JobTitle => Cell::some(record.job(moment).and_then(|row| row.title.as_deref())),
            Source::Department => Cell::some(record.job(moment).and_then(|row| row.department.as_deref())),
            Source::Division => Cell::some(record.job(moment).and_then(|row| row.division.as_deref())),
            Source::Location => Cell::some(record.job(moment).and_then(|row| row.location.as_deref())),
            Source::SupervisorName => match manager(record) {
                // A manager's new name shows here without the report's own `lastChanged` moving.
                Some(manager) => Cell::Text(self.full_name(manager, 2).into()),
                None => Cell::some(record.job(moment).and_then(|row| row.reports_to_name.as_deref())),
            },
            Source::SupervisorId => match record.job(moment).and_then(|row| row.reports_to) {
                Some(id) if self.people.contains_key(&id) => Cell::Id(id),
                _ => Cell::Nothing,
            },
            Source::SupervisorNumber => self.stored_of(manager(record), "employeeNumber"),
            Source::SupervisorEmail => self.stored_of(manager(record), "workEmail"),
            Source::LastChanged => record.last_changed.map_or(Cell::Nothing, |at| Cell::Text(stamp(at).into())),
            Source::Photo => Cell::Bool(record.photo),
            Source::PhotoText => Cell::Text(if record.photo { "true" } else { "false" }.into()),
        }
    }

    fn stored_of<'r>(&'r self, record: Option<&'r Record>, alias: &str) -> Cell<'r> {
        let at = self.catalogue.find(alias).expect("a standard field");
        Cell::some(record.and_then(|record| record.stored.get(&at)).map(String::as_str))
    }

    /// The documented name formats: 1 is `First Last`, 2 `Last, First`, 3 `Last, First Middle (Preferred)`, 4 the same
    /// without the preferred name, 5 `First Middle Last`.
    pub(super) fn full_name(&self, record: &Record, form: u8) -> String {
        let text = |alias: &str| {
            let at = self.catalogue.find(alias).expect("a standard field");
            record.stored.get(&at).map_or("", String::as_str)
        };
        let (first, last) = (text("firstName"), text("lastName"));
        let middle = text("middleName");
        let name = match form {
            1 => format!("{first} {last}"),
            2 => format!("{last}, {first}"),
            3 if !text("preferredName").is_empty() => {
                format!("{last}, {first} {middle} ({})", text("preferredName"))
            }
            3 | 4 => format!("{last}, {first} {middle}"),
            _ => format!("{first} {middle} {last}"),
        };
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Appends a value as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>, cell: &Cell<'_>) {
        match cell {
            Cell::Text(text) => write_text(out, text),
            Cell::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Cell::Id(id) if self.switches.ids_as_numbers => out.extend_from_slice(id.to_string().as_bytes()),
            Cell::Id(id) => write_text(out, &id.to_string()),
            Cell::NoDate => write_empty(out, self.switches.empty_date),
            Cell::Nothing => write_empty(out, self.switches.empty_text),
        }
    }
}

/// Appends a JSON string.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("memory takes everything");
}

fn write_empty(out: &mut Vec<u8>, empty: Empty) {
    let spelt: &[u8] = match empty {
        Empty::Zeroes => br#""0000-00-00""#,
        Empty::Null => b"null",
        Empty::Text => br#""""#,
    };
    out.extend_from_slice(spelt);
}
