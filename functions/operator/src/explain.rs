//! `hirewire explain`: why one person is as they are, and what would be done now. Writes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mapping::desired::{Desired, group_answers};
use mapping::employee::{Employee, Reading};
use mapping::plan::Plan;
use serde::Serialize;
use state::{AuditKind, AuditRow, Record};
use workflow::Explained;

use crate::arguments::{Format, One};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::{output, words};

#[derive(Serialize)]
struct Document<'a> {
    employee: String,
    name: Option<String>,
    in_hr: bool,
    hr: BTreeMap<String, Value>,
    standing: Option<String>,
    scope: Option<String>,
    groups: Vec<Group>,
    plan: Option<&'a Plan>,
    record: Option<&'a Record>,
    next_change: Option<String>,
    /// The same by the clock on the wall there.
    next_change_there: Option<String>,
    /// What happens then.
    next_change_why: Option<String>,
    #[serde(skip)]
    mode: Option<String>,
    history: Vec<Past>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Empty,
    Hidden { hidden: bool },
}

#[derive(Serialize)]
struct Group {
    group: String,
    when: String,
    answer: String,
}

#[derive(Serialize)]
struct Past {
    at: String,
    trigger: &'static str,
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<serde_json::Value>,
}

/// Explains.
pub async fn run(home: &Home, whom: &One, format: Format) -> Result<Exit, Failure> {
    let key = home.desk.person(&whom.employee)?;
    let explained = home.workflow.explain(&key, home.desk.clock.now()).await?;
    let groups = match (&explained.employee, home.workflow.sites.get(&key.connection)) {
        (Some(employee), Some(site)) => group_answers(employee, &site.rules),
        (None, _) | (_, None) => Vec::new(),
    };
    let groups = groups.into_iter().map(|g| Group {
        group: g.group,
        when: g.when,
        answer: match g.answer {
            Ok(true) => "yes".to_owned(),
            Ok(false) => "no".to_owned(),
            Err(note) => note.to_string(),
        },
    });
    let Explained { employee, desired, plan, record, history, .. } = &explained;
    let next = next(explained.desired.as_ref(), explained.record.as_ref());
    let rules = home.workflow.sites.get(&key.connection).map(|site| &site.rules);
    let document = Document {
        employee: key.to_string(),
        name: desired.as_ref().map(|d| d.label.clone()).or_else(|| record.as_ref().map(|r| r.label.clone())),
        in_hr: employee.is_some(),
        hr: employee.as_ref().map(hr_values).unwrap_or_default(),
        standing: desired.as_ref().map(|d| words::standing(d.standing)),
        scope: desired.as_ref().map(|d| d.scope.as_ref().err().map_or("in scope".to_owned(), ToString::to_string)),
        groups: groups.collect(),
        plan: plan.as_ref(),
        record: record.as_ref(),
        next_change: next.as_ref().map(|(moment, ..)| moment.to_string()),
        next_change_there: next.as_ref().map(|(moment, zone, _)| words::moment(*moment, zone.as_deref())),
        next_change_why: next.map(|(_, _, why)| why),
        mode: rules.and_then(|rules| words::mode(rules)),
        history: history.iter().map(past).collect(),
    };
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&document),
    }
    Ok(if document.in_hr || document.record.is_some() { Exit::Done } else { Exit::Some })
}

/// When something happens next, whose hours count then, and what it is.
fn next(desired: Option<&Desired>, record: Option<&Record>) -> Option<(Timestamp, Option<Box<str>>, String)> {
    let by_hr = desired.and_then(|d| Some((d.next_change?, d.zone.clone(), d.turn?.to_string())));
    let kept = || record.and_then(|r| Some((r.next_change?, r.life.zone.clone(), words::why(r))));
    by_hr.or_else(kept)
}

fn hr_values(employee: &Employee) -> BTreeMap<String, Value> {
    let shown = |(name, value): (&str, Reading<&str>)| {
        let value = match value {
            Reading::Is(text) => Value::Text(text.to_owned()),
            Reading::Empty => Value::Empty,
            Reading::Hidden => Value::Hidden { hidden: true },
        };
        (name.to_owned(), value)
    };
    employee.fields.iter().map(shown).collect()
}

fn past(row: &AuditRow) -> Past {
    let plan = row.plan.as_deref().and_then(|plan| serde_json::from_str(plan).ok());
    let kind = match row.kind {
        AuditKind::Intent => "intended",
        AuditKind::Done => "done",
        AuditKind::Failed => "failed",
    };
    Past { at: row.at.to_string(), trigger: row.trigger.word(), kind, text: row.text.clone(), plan }
}

fn print(document: &Document<'_>) {
    match &document.name {
        Some(name) => output::text_line(&format!("Employee {}, {name}", document.employee)),
        None => output::text_line(&format!("Employee {}", document.employee)),
    }
    if let Some(mode) = &document.mode {
        output::text_line(&format!("  ! {mode}"));
    }
    if document.in_hr {
        print_hr(document);
    } else {
        output::text_line("  HR has no such record.");
    }
    output::text_line("\nWhat is kept");
    match document.record {
        None => output::text_line("  nothing yet: never synced"),
        Some(record) => {
            let account = match (&record.account, &record.username) {
                (Some(account), Some(name)) => format!("{} (user name {name})", account.as_str()),
                (Some(account), None) => account.as_str().to_owned(),
                (None, _) => "none".to_owned(),
            };
            let reason = record.status.reason();
            let status = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            output::text_line(&format!("  status       {}{status}", record.status.word()));
            output::text_line(&format!("  account      {account}"));
            output::text_line(&format!("  last sync    {} by {}", record.last_sync, record.trigger.word()));
            for note in &record.notes {
                output::text_line(&format!("  ! {note}"));
            }
        }
    }
    if let Some(plan) = document.plan {
        output::text_line("\nWhat would be done now");
        plan.to_string().lines().for_each(|line| output::text_line(&format!("  {line}")));
    }
    if !document.history.is_empty() {
        output::text_line("\nWhat was done, newest first");
    }
    for Past { at, trigger, kind, text, .. } in &document.history {
        let mut lines = text.lines();
        output::text_line(&format!("  {at} {kind} ({trigger}): {}", lines.next().unwrap_or_default()));
        for line in lines {
            output::text_line(&format!("  {line}"));
        }
    }
}

fn print_hr(document: &Document<'_>) {
    output::text_line("\nWhat HR says");
    let widest = document.hr.keys().map(String::len).max().unwrap_or_default();
    for (name, value) in &document.hr {
        let value = match value {
            Value::Text(text) => text.as_str(),
            Value::Empty => "(empty)",
            Value::Hidden { .. } => "(hidden from our key)",
        };
        output::text_line(&format!("  {name:<widest$}  {value}"));
    }
    output::text_line("\nWhat that means");
    output::text_line(&format!("  standing     {}", document.standing.as_deref().unwrap_or("unknown")));
    output::text_line(&format!("  scope        {}", document.scope.as_deref().unwrap_or("unknown")));
    let next = document.next_change_there.as_ref().zip(document.next_change_why.as_ref());
    let next = next.map_or("none foreseen".to_owned(), |(when, why)| format!("{when}: {why}"));
    output::text_line(&format!("  next change  {next}"));
    if !document.groups.is_empty() {
        output::text_line("\nGroup rules");
    }
    for Group { group, when, answer } in &document.groups {
        output::text_line(&format!("  {answer:<4} {group}  ({when})"));
    }
}
