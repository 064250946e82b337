//! `hirewire check`: whether key, permissions and locations are as the rules need them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::employee::EmployeeId;
use mapping::rules::status_word;
use transport::Fault;

use super::answer::{About, VENDOR};
use super::asked::{ALWAYS, Asked};
use super::locations::Places;
use super::requests::{FIELDS_LIMIT, Rows};
use super::{BambooHr, LIST, SMALL, kinds, time_off};
use crate::Finding;
use crate::cell::{Slip, record_id};
use crate::words::Flaw;

const MYSELF: &str = "GET /employees/0";
const KNOWN_FIELDS: &str = "GET /meta/fields";

/// Everything that can be found out by reading, in half a dozen calls.
pub(super) async fn check(bamboo: &BambooHr, now: Timestamp) -> Result<Vec<Finding>, Fault> {
    let inner = &bamboo.inner;
    let mut findings = Vec::new();
    let myself = match myself(bamboo).await {
        Ok(id) => id,
        // Nothing more with a key that is refused: each further call would count towards a lock-out.
        Err(fault) => return Err(fault),
    };
    findings.push(Finding::Good(match &myself {
        Some(id) => format!("BambooHR accepts the key; it acts as employee {id}"),
        None => "BambooHR accepts the key; its user is no employee".to_owned(),
    }));
    findings.extend(fields(bamboo, myself).await?);
    findings.push(match bamboo.changed_since(now).await {
        Ok(_) => Finding::Good("the list of changes can be read".to_owned()),
        Err(fault) => finding(fault)?,
    });
    findings.extend(time_off(bamboo, now).await?);
    findings.push(match bamboo.all_locations().await {
        Ok(places) => sites(&places),
        Err(fault) => no_sites(fault, inner.asked.uses_sites())?,
    });
    Ok(findings)
}

/// Whether time off can be read, and has the kinds that the rules name; nothing where they name none.
async fn time_off(bamboo: &BambooHr, now: Timestamp) -> Result<Vec<Finding>, Fault> {
    let wanted = &bamboo.inner.rules.leave.time_off_types;
    let no = |fault: Fault| match fault {
        Fault::Rejected { .. } => Ok(bad(
            fault.to_string(),
            "switch time off on in BambooHR and let the key's user see everyone's, or take `time_off_types` out",
        )),
        fault => finding(fault),
    };
    match time_off::ask(bamboo, None, now).await {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(_)) => {}
        Err(fault) => return Ok(vec![no(fault)?]),
    }
    let known = match kinds::known(bamboo).await {
        Ok(known) => known,
        Err(fault) => return Ok(vec![no(fault)?]),
    };
    let words: BTreeSet<String> = known.iter().map(|kind| status_word(&kind.name)).collect();
    let names: Vec<&str> = known.iter().map(|kind| kind.name.as_str()).collect();
    let missing: Vec<&str> = wanted.difference(&words).map(String::as_str).collect();
    Ok(vec![if missing.is_empty() {
        Finding::Good("time off can be read, and has every kind that the rules count as leave".to_owned())
    } else {
        bad(
            format!("BambooHR has no kind of time off called `{}`", missing.join("`, `")),
            format!("write `time_off_types` as BambooHR has them: {}", names.join(", ")),
        )
    }])
}

/// The employee whose key this is.
async fn myself(bamboo: &BambooHr) -> Result<Option<EmployeeId>, Fault> {
    let body = match bamboo.call(bamboo.inner.door.myself(), MYSELF, About::Person, &SMALL).await {
        Ok(body) => body,
        // The key was taken; its user has no record, or may not see it.
        Err(Fault::NotFound { .. } | Fault::Rejected { status: 403, .. }) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let record: Slip<'_> =
        serde_json::from_slice(&body).map_err(|error| Flaw::new(&body, &error).of(VENDOR, MYSELF))?;
    // Id 0, as it was asked for, is nobody.
    record.get("id").text().map(record_id).ok_or_else(|| Flaw("it has no id".to_owned()).of(VENDOR, MYSELF))
}

async fn fields(bamboo: &BambooHr, myself: Option<EmployeeId>) -> Result<Vec<Finding>, Fault> {
    let asked = &bamboo.inner.asked;
    if asked.columns.len() > FIELDS_LIMIT {
        let what = format!("the rules need {} fields; BambooHR gives {FIELDS_LIMIT} at most", asked.columns.len());
        return Ok(vec![bad(what, "map fewer fields")]);
    }
    // The list of fields comes with a report of nobody too.
    let one: Vec<EmployeeId> = myself.or_else(|| record_id("1")).into_iter().collect();
    let people = match bamboo.report(Rows::Current, Some(&one), None).await {
        Ok(people) => people,
        Err(fault) => return Ok(vec![finding(fault)?]),
    };
    let missing: Vec<usize> = (0..asked.columns.len()).filter(|column| !people.listed[*column]).collect();
    if missing.is_empty() {
        return Ok(vec![Finding::Good(format!("BambooHR returns all {} fields that are needed", asked.columns.len()))]);
    }
    let known = match known_fields(bamboo).await {
        Ok(known) => Some(known),
        Err(fault) => {
            finding(fault)?;
            None
        }
    };
    Ok(missing.into_iter().map(|column| missing_field(asked, column, known.as_ref())).collect())
}

/// Ids and aliases of the fields that BambooHR knows.
async fn known_fields(bamboo: &BambooHr) -> Result<BTreeSet<String>, Fault> {
    let body = bamboo.call(bamboo.inner.door.known_fields(), KNOWN_FIELDS, About::Everyone, &LIST).await?;
    let fields: Vec<Slip<'_>> =
        serde_json::from_slice(&body).map_err(|error| Flaw::new(&body, &error).of(VENDOR, KNOWN_FIELDS))?;
    let names = fields.iter().flat_map(|field| [field.get("id"), field.get("alias")]);
    Ok(names.filter_map(|name| name.text().map(str::to_owned)).collect())
}

fn missing_field(asked: &Asked, column: usize, known: Option<&BTreeSet<String>>) -> Finding {
    let theirs = &*asked.columns[column];
    let ours: Vec<&str> = asked.ours(column).into_iter().filter(|ours| *ours != theirs).collect();
    let called = if ours.is_empty() { String::new() } else { format!(" (`{}` in the rules)", ours.join("`, `")) };
    let exists = ALWAYS.contains(&theirs) || known.is_some_and(|known| known.contains(theirs));
    match (exists, known) {
        (true, _) => bad(
            format!("BambooHR hides `{theirs}`{called} from the key"),
            "give the key's user view access to this field for everyone (Settings > Access Levels), then check again",
        ),
        (false, Some(_)) => bad(
            format!("BambooHR has no field `{theirs}`{called} that the key may see"),
            "correct the name in the rules, or give the key's user view access to the field (Settings > Access Levels)",
        ),
        (false, None) => bad(
            format!("BambooHR does not return `{theirs}`{called}"),
            "correct the name in the rules, or give the key's user view access to the field (Settings > Access Levels)",
        ),
    }
}

fn sites(places: &Places) -> Finding {
    let (count, without) = (places.count(), places.without_zone());
    if without == 0 {
        return Finding::Good(format!("{count} locations can be read, each with its time zone"));
    }
    bad(
        format!("{without} of {count} locations have no time zone of their own, or share their name with another"),
        "set the time zone in BambooHR (Settings > Locations); until then the connection's `time_zone` counts there",
    )
}

fn no_sites(fault: Fault, needed: bool) -> Result<Finding, Fault> {
    let said = match fault {
        Fault::KeyRefused { detail, .. } => detail,
        Fault::Rejected { message, .. } => message,
        Fault::NotFound { .. } => "no such endpoint".to_owned(),
        Fault::Malformed { detail, .. } => detail,
        Fault::RateLimited { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } => return Err(fault),
    };
    let lost = if needed { "work addresses are left alone, and " } else { "" };
    Ok(bad(
        format!("locations cannot be read ({said}): {lost}the connection's `time_zone` counts for everyone"),
        "give the key's user access to the company's locations, or leave it so",
    ))
}

/// What a fault means for whoever sets this up; what passes by itself is no finding.
fn finding(fault: Fault) -> Result<Finding, Fault> {
    let todo = match &fault {
        Fault::RateLimited { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } => return Err(fault),
        Fault::KeyRefused { .. } => {
            "make a new key in BambooHR as a user who may see everyone, put it in its place, wait a few minutes"
        }
        Fault::Rejected { .. } | Fault::NotFound { .. } | Fault::Malformed { .. } => {
            "check `company` and `base_url`, and that the key's user may see everyone"
        }
    };
    Ok(bad(fault.to_string(), todo))
}

fn bad(what: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding::Fault { what: what.into(), todo: todo.into() }
}
