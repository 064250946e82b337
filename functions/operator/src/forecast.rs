//! `hirewire forecast`: who will change, when, what and why. Writes nothing.

use std::collections::BTreeSet;

use comfy_table::ColumnConstraint;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeKey;
use mapping::plan::{Plan, Short};
use mapping::status::Status;
use serde::Serialize;
use workflow::{Braked, Coming, Forecast, Outlook, OutlookOf, Selection};

use crate::arguments::{ForecastArguments, Format};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::output;
use crate::progress::Bar;

#[derive(Serialize)]
struct Document<'a> {
    from: Timestamp,
    until: Timestamp,
    connections: Vec<Connection>,
    changes: Vec<Change<'a>>,
    brakes: Vec<BrakedDay>,
}

#[derive(Serialize)]
struct Connection {
    connection: String,
    outlook: &'static str,
    people: usize,
    complete: bool,
    doubts: Vec<String>,
    missing: Vec<String>,
    unreadable: Vec<String>,
}

#[derive(Serialize)]
struct Change<'a> {
    at: Timestamp,
    local: String,
    zone: String,
    now: bool,
    employee: String,
    name: &'a str,
    status: &'static str,
    what: Vec<String>,
    why: String,
    plan: &'a Plan,
}

#[derive(Serialize)]
struct BrakedDay {
    connection: String,
    day: String,
    brake: &'static str,
    limit: u16,
    people: usize,
    held: usize,
}

/// Foresees.
pub async fn run(home: &Home, what: &ForecastArguments, format: Format) -> Result<Exit, Failure> {
    let only = home.desk.people(&what.employees)?;
    let connections = home.desk.connections(what.connection.as_deref())?;
    let selection = Selection { connections, only, until: None };
    let now = home.desk.clock.now();
    let until = now + SignedDuration::from_hours(24 * i64::from(what.days));
    let forecast = {
        let bar = Bar::new();
        let follow = |progress| bar.follow(progress);
        let in_flight = home.desk.configuration.in_flight;
        home.workflow.forecast(&selection, in_flight, now, until, &follow).await?
    };
    let document = document(&forecast);
    if let Some(path) = &what.csv {
        let header = ["utc", "local", "zone", "employee", "name", "status", "what", "why"];
        let row = |change: &Change<'_>| {
            let Change { at, local, zone, employee, name, status, what, why, .. } = change;
            let (at, name, status) = (at.to_string(), (*name).to_owned(), (*status).to_owned());
            vec![at, local.clone(), zone.clone(), employee.clone(), name, status, what.join("; "), why.clone()]
        };
        output::csv(path, &header, document.changes.iter().map(row))?;
    }
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&forecast, &document, what.days),
    }
    match Failure::of_refusals(&home.workflow.refusals()) {
        Some(failure) => Err(failure),
        None => Ok(if needs_somebody(&forecast) { Exit::Some } else { Exit::Done }),
    }
}

/// As a plan does: somebody is held now, or HR's list is doubtful.
fn needs_somebody(forecast: &Forecast) -> bool {
    let held = |coming: &Coming| coming.now && matches!(coming.plan.status(), Status::Held { .. });
    let doubtful = |one: &OutlookOf| match &one.outlook {
        Outlook::Foreseen { doubts, unreadable, .. } => !doubts.is_empty() || !unreadable.is_empty(),
        Outlook::Paused | Outlook::Removed | Outlook::Refused => false,
    };
    forecast.changes.iter().any(held) || forecast.connections.iter().any(doubtful)
}

fn document(forecast: &Forecast) -> Document<'_> {
    let braked = |one: &Braked| BrakedDay {
        connection: one.connection.to_string(),
        day: one.day.to_string(),
        brake: one.brake.word(),
        limit: one.limit,
        people: one.people,
        held: one.held,
    };
    Document {
        from: forecast.from,
        until: forecast.until,
        connections: forecast.connections.iter().map(connection).collect(),
        changes: forecast.changes.iter().map(change).collect(),
        brakes: forecast.braked.iter().map(braked).collect(),
    }
}

fn change(coming: &Coming) -> Change<'_> {
    let Short { what, why } = coming.plan.in_short();
    let local = coming.at.to_zoned(coming.zone.clone());
    Change {
        at: coming.at,
        local: local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        zone: coming.zone.iana_name().unwrap_or("UTC").to_owned(),
        now: coming.now,
        employee: coming.plan.key.to_string(),
        name: &coming.plan.label,
        status: coming.plan.status().word(),
        what,
        why,
        plan: &coming.plan,
    }
}

fn connection(one: &OutlookOf) -> Connection {
    let connection = one.connection.to_string();
    let nothing = |outlook| Connection {
        connection: connection.clone(),
        outlook,
        people: 0,
        complete: true,
        doubts: Vec::new(),
        missing: Vec::new(),
        unreadable: Vec::new(),
    };
    match &one.outlook {
        Outlook::Paused => nothing("paused"),
        Outlook::Removed => nothing("removed"),
        Outlook::Refused => nothing("refused"),
        Outlook::Foreseen { people, doubts, unreadable, missing } => Connection {
            people: *people,
            complete: doubts.is_empty(),
            doubts: doubts.iter().map(ToString::to_string).collect(),
            missing: missing.iter().map(EmployeeKey::to_string).collect(),
            unreadable: unreadable.iter().map(|(which, why)| format!("{which}: {why}")).collect(),
            ..nothing("foreseen")
        },
    }
}

fn print(forecast: &Forecast, document: &Document<'_>, days: u16) {
    let several = document.connections.len() > 1;
    if !document.changes.is_empty() {
        let mut table = output::table(&["local time", "UTC", "who", "what", "why"]);
        for column in table.column_iter_mut().take(2) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        for (change, coming) in document.changes.iter().zip(&forecast.changes) {
            let (local, utc) = match change.now {
                true => ("now".to_owned(), "now".to_owned()),
                // The local time has the year.
                false => (clock(change.at, &coming.zone), clock(change.at, &TimeZone::UTC)[5..].to_owned()),
            };
            let who = if several { change.employee.as_str() } else { coming.plan.key.id.as_str() };
            let who = format!("{} ({who})", change.name);
            table.add_row([local, utc, who, change.what.join("; "), change.why.clone()]);
        }
        output::text_line(&table.to_string());
    }
    for one in &document.connections {
        outlook(one);
    }
    for BrakedDay { connection, day, brake, limit, people, held } in &document.brakes {
        let people = output::people(*people);
        output::text_line(&format!(
            "  ! {connection}, {day}: {people} meet brakes.{brake} = {limit}: {held} held until somebody releases them"
        ));
    }
    let (now, later): (Vec<&Change<'_>>, Vec<&Change<'_>>) = document.changes.iter().partition(|change| change.now);
    let whom: BTreeSet<&str> = later.iter().map(|change| change.employee.as_str()).collect();
    let (now, count) = (output::people(now.len()), output::count(later.len(), "change"));
    let days = output::count(days.into(), "day");
    output::text_line(&format!(
        "{now} to change now; {count} for {} in {days}, until {}. Nothing was written.",
        output::people(whom.len()),
        clock(forecast.until, &TimeZone::UTC),
    ));
}

fn outlook(one: &Connection) {
    let Connection { connection, outlook, people, doubts, missing, unreadable, .. } = one;
    match *outlook {
        "paused" => return output::text_line(&format!("{connection}: paused; nothing happens until it goes on")),
        "refused" => return output::text_line(&format!("{connection}: not looked at, for its key is refused")),
        "removed" => {
            let words = "is being removed; `hirewire plan` shows what is left to do, and nothing comes after that";
            return output::text_line(&format!("{connection}: {words}"));
        }
        _ => output::text_line(&format!("{connection}: {} in HR", output::people(*people))),
    }
    for doubt in doubts {
        output::text_line(&format!("  ! {doubt}: what is taken away waits for each person's own record"));
    }
    for missing in missing {
        output::text_line(&format!("  ! {missing} has an account but is not on HR's list; left as it is"));
    }
    for unreadable in unreadable {
        output::text_line(&format!("  ! record {unreadable}; left as it is"));
    }
}

/// A moment as somebody there reads it: seconds only where there are any, and how far it is from UTC.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let time = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    if *zone == TimeZone::UTC {
        return local.strftime(&format!("{time}Z")).to_string();
    }
    let offset = local.strftime("%:z").to_string();
    format!("{} {}", local.strftime(time), offset.trim_end_matches(":00"))
}
