//! `GET /employees/changed`: who changed since.

use axum::response::Response;
use jiff::Timestamp;

use super::company::Company;
use super::employee::parse_since;
use super::http::{Call, json_bytes, refused, typed};
use super::read::{stamp, write_text};
use super::switches::{EmptyChanged, EmptyLatest};

/// One entry per employee, the newest change only. A termination is an update; `Deleted` is a record that is gone.
pub(super) fn changed(company: &Company, call: &Call) -> Response {
    let Some(since) = call.query("since").and_then(parse_since) else {
        return refused(400, "Missing or invalid since parameter");
    };
    let wanted = match call.query("type").map(str::to_ascii_lowercase).as_deref() {
        None | Some("all" | "") => None,
        Some("inserted") => Some("Inserted"),
        Some("updated") => Some("Updated"),
        Some("deleted") => Some("Deleted"),
        Some(_) => return refused(400, "Invalid type parameter"),
    };
    let inclusive = company.switches.since_inclusive;
    let recent = |at: &Timestamp| if inclusive { *at >= since } else { *at > since };
    let living = company.people.values().filter(|record| !company.is_hidden_employee(record.id)).filter_map(|record| {
        let action = if record.updated { "Updated" } else { "Inserted" };
        Some((record.id, action, record.last_changed?))
    });
    let deleted = company.deleted.iter().map(|(id, at)| (*id, "Deleted", *at));
    let all = living.chain(deleted).filter(|(_, action, at)| wanted.is_none_or(|one| one == *action) && recent(at));
    let all: Vec<(u64, &str, Timestamp)> = all.collect();
    let latest = all.iter().map(|(_, _, at)| *at).max();
    if call.wants_json() { json(company, since, &all, latest) } else { xml(&all, latest) }
}

fn json(company: &Company, since: Timestamp, all: &[(u64, &str, Timestamp)], latest: Option<Timestamp>) -> Response {
    let mut out = b"{".to_vec();
    let latest = match latest {
        Some(at) => Some(format!("\"{}\"", stamp(at))),
        None => match company.switches.empty_latest {
            EmptyLatest::Since => Some(format!("\"{}\"", stamp(since))),
            EmptyLatest::Now => Some(format!("\"{}\"", stamp(company.clock.now()))),
            EmptyLatest::Null => Some("null".to_owned()),
            EmptyLatest::Text => Some("\"\"".to_owned()),
            EmptyLatest::Absent => None,
        },
    };
    if let Some(latest) = latest {
        out.extend_from_slice(b"\"latest\":");
        out.extend_from_slice(latest.as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(b"\"employees\":");
    match (all, company.switches.empty_changed) {
        ([], EmptyChanged::Array) => out.extend_from_slice(b"[]"),
        _ => {
            out.push(b'{');
            for (place, (id, action, at)) in all.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_text(&mut out, &id.to_string());
                out.extend_from_slice(b":{\"id\":");
                company.write(&mut out, &super::read::Cell::Id(*id));
                out.extend_from_slice(
                    format!(",\"action\":\"{action}\",\"lastChanged\":\"{}\"}}", stamp(*at)).as_bytes(),
                );
            }
            out.push(b'}');
        }
    }
    out.push(b'}');
    json_bytes(200, out)
}

fn xml(all: &[(u64, &str, Timestamp)], latest: Option<Timestamp>) -> Response {
    let latest = latest.map(stamp).unwrap_or_default();
    let mut out = format!("<?xml version=\"1.0\"?>\n<employees latest=\"{latest}\">");
    for (id, action, at) in all {
        out.push_str(&format!("<employee id=\"{id}\" action=\"{action}\" lastChanged=\"{}\"/>", stamp(*at)));
    }
    out.push_str("</employees>");
    typed(200, "text/xml; charset=UTF-8", out.into_bytes())
}
