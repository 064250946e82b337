//! Time off: the vendor has no leave flag, only requests and a list of who is out.

use axum::response::Response;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::company::Company;
use super::edits::parse_date;
use super::http::{Call, refused, shaped};

/// A request for time off.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Its number; given by the company where 0. May be the same as a holiday's.
    pub id: u64,
    /// Whose.
    pub employee: String,
    /// What it is called, such as `Vacation`.
    pub kind: String,
    /// First day, `YYYY-MM-DD`.
    pub start: String,
    /// Last day.
    pub end: String,
    /// `approved`, `denied`, `superceded` (sic), `requested`, `canceled`.
    pub status: String,
}

/// A company holiday.
#[derive(Clone, Debug)]
pub(super) struct Holiday {
    pub(super) name: String,
    pub(super) start: String,
    pub(super) end: String,
}

const KINDS: [&str; 4] = ["Vacation", "Sick", "Parental Leave", "Sabbatical"];

/// `GET /time_off/whos_out`: approved requests and holidays that overlap the window, ids as numbers. A holiday and a
/// request can have the same id.
pub(super) fn whos_out(company: &Company, call: &Call) -> Response {
    if !company.switches.time_off_on {
        return refused(403, "Time off is not enabled for this account");
    }
    let today = company.moment().today;
    let day = |name: &str, days: i32| match call.query(name) {
        Some(text) => parse_date(text),
        None => Ok(today.saturating_add(jiff::Span::new().days(days))),
    };
    let (Ok(start), Ok(end)) = (day("start", 0), day("end", 14)) else {
        return refused(400, "Invalid date");
    };
    let mut out = Vec::new();
    for leave in company.leaves.iter().filter(|leave| leave.status == "approved") {
        let person = leave.employee.parse().ok().and_then(|id: u64| company.people.get(&id));
        let Some(person) = person.filter(|person| !company.is_hidden_employee(person.id)) else { continue };
        if overlaps(&leave.start, &leave.end, start, end) {
            let name = company.full_name(person, 1);
            out.push(json!({ "id": leave.id, "type": "timeOff", "employeeId": person.id, "name": name,
                "start": leave.start, "end": leave.end }));
        }
    }
    for (number, holiday) in company.holidays.iter().enumerate() {
        if overlaps(&holiday.start, &holiday.end, start, end) {
            out.push(json!({ "id": number + 1, "type": "holiday", "name": holiday.name, "start": holiday.start,
                "end": holiday.end }));
        }
    }
    shaped(call, &Value::from(out))
}

/// `GET /time_off/requests`: ids and amounts as strings (ids as numbers by switch), empty `notes` as `[]`.
pub(super) fn requests(company: &Company, call: &Call) -> Response {
    if !company.switches.time_off_on {
        return refused(403, "Time off is not enabled for this account");
    }
    let day = |name: &str| call.query(name).and_then(|text| parse_date(text).ok());
    let (Some(start), Some(end)) = (day("start"), day("end")) else {
        return refused(400, "start and end are required");
    };
    let filtered = company.switches.time_off_filtered;
    let among = |name: &str, value: &str| {
        call.query(name).filter(|_| filtered).is_none_or(|list| list.split(',').any(|one| one == value))
    };
    let number = |id: &str| match id.parse::<u64>() {
        Ok(id) if company.switches.ids_as_numbers => json!(id),
        _ => json!(id),
    };
    let mut out = Vec::new();
    for leave in &company.leaves {
        let person = leave.employee.parse().ok().and_then(|id: u64| company.people.get(&id));
        let Some(person) = person.filter(|person| !company.is_hidden_employee(person.id)) else { continue };
        let kind = kind_id(&leave.kind);
        if !overlaps(&leave.start, &leave.end, start, end)
            || !among("status", &leave.status)
            || !among("employeeId", &leave.employee)
            || !among("type", &kind)
        {
            continue;
        }
        out.push(json!({
            "id": number(&leave.id.to_string()), "employeeId": number(&leave.employee),
            "status": { "lastChanged": leave.start, "lastChangedByUserId": "1", "status": leave.status },
            "name": company.full_name(person, 1), "start": leave.start, "end": leave.end, "created": leave.start,
            "type": { "id": kind, "name": leave.kind, "icon": "time-off-luggage" },
            "amount": { "unit": "days", "amount": days_of(leave).to_string() },
            "actions": { "view": true, "edit": true, "cancel": false, "approve": false, "deny": false,
                "bypass": false },
            "dates": { leave.start.clone(): "1" }, "notes": [],
        }));
    }
    shaped(call, &Value::from(out))
}

/// `GET /meta/time_off/types`
pub(super) fn types(company: &Company, call: &Call) -> Response {
    let mut names: Vec<&str> = KINDS.to_vec();
    for leave in &company.leaves {
        if !names.contains(&leave.kind.as_str()) {
            names.push(&leave.kind);
        }
    }
    let types = names.iter().map(|name| {
        json!({ "id": kind_id(name), "name": name, "units": "days", "color": "ffe0b2", "icon": "time-off-luggage",
            "source": "internal" })
    });
    shaped(call, &json!({ "timeOffTypes": types.collect::<Vec<_>>(), "defaultHours": [] }))
}

fn kind_id(name: &str) -> String {
    match KINDS.iter().position(|kind| *kind == name) {
        Some(at) => (70 + at).to_string(),
        // Any other kind's number comes from its name.
        None => (1000 + name.bytes().fold(0_u32, |sum, b| (sum * 31 + u32::from(b)) % 9000)).to_string(),
    }
}

fn days_of(leave: &Leave) -> i64 {
    match (parse_date(&leave.start), parse_date(&leave.end)) {
        (Ok(start), Ok(end)) => (end.duration_since(start).as_hours() / 24) + 1,
        _ => 0,
    }
}

fn overlaps(start: &str, end: &str, from: Date, to: Date) -> bool {
    match (parse_date(start), parse_date(end)) {
        (Ok(start), Ok(end)) => start <= to && end >= from,
        _ => false,
    }
}
