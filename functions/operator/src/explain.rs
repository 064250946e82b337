//! `hirewire explain`: why one person is as they are, and what would be done now. Writes nothing.

use std::collections::BTreeMap;

use mapping::desired::group_answers;
use mapping::employee::{Employee, Reading};
use mapping::plan::Plan;
use serde::Serialize;
use state::{AuditKind, AuditRow, Record};
use workflow::Explained;

use crate::arguments::{Format, One};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::output;

#[derive(Serialize)]
struct Document<'a> {
    employee: String,
    in_hr: bool,
    hr: BTreeMap<String, Value>,
    standing: Option<String>,
    scope: Option<String>,
    groups: Vec<Group>,
    plan: Option<&'a Plan>,
    record: Option<&'a Record>,
    next_change: Option<String>,
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
    let key = home.person(&whom.employee)?;
    let explained = home.workflow.explain(&key, home.clock.now()).await?;
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
    let next = desired.as_ref().and_then(|d| d.next_change).or_else(|| record.as_ref().and_then(|r| r.next_change));
    let document = Document {
        employee: key.to_string(),
        in_hr: employee.is_some(),
        hr: employee.as_ref().map(hr_values).unwrap_or_default(),
        standing: desired.as_ref().map(|d| format!("{:?}", d.standing)),
        scope: desired.as_ref().map(|d| d.scope.as_ref().err().map_or("in scope".to_owned(), ToString::to_string)),
        groups: groups.collect(),
        plan: plan.as_ref(),
        record: record.as_ref(),
        next_change: next.map(|moment| moment.to_string()),
        history: history.iter().map(past).collect(),
    };
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&document),
    }
    Ok(if document.in_hr || document.record.is_some() { Exit::Done } else { Exit::Some })
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
    output::text_line(&format!("Employee {}", document.employee));
    if !document.in_hr {
        output::text_line("  HR has no such record.");
    }
    output::text_line("\nWhat HR says");
    for (name, value) in &document.hr {
        let value = match value {
            Value::Text(text) => text.as_str(),
            Value::Empty => "(empty)",
            Value::Hidden { .. } => "(hidden from our key)",
        };
        output::text_line(&format!("  {name:<26} {value}"));
    }
    output::text_line("\nWhat that means");
    output::text_line(&format!("  standing    {}", document.standing.as_deref().unwrap_or("unknown")));
    output::text_line(&format!("  scope       {}", document.scope.as_deref().unwrap_or("unknown")));
    output::text_line(&format!("  next change {}", document.next_change.as_deref().unwrap_or("none foreseen")));
    if !document.groups.is_empty() {
        output::text_line("\nGroup rules");
    }
    for Group { group, when, answer } in &document.groups {
        output::text_line(&format!("  {answer:<4} {group}  (when {when})"));
    }
    output::text_line("\nWhat is kept");
    match document.record {
        None => output::text_line("  nothing yet: never synced"),
        Some(record) => {
            let account = record.account.as_ref().map_or("none", |a| a.as_str());
            let username = record.username.as_deref().unwrap_or("none");
            output::text_line(&format!("  status      {} {}", record.status.word(), record.status.reason()));
            output::text_line(&format!("  account     {account} (user name {username})"));
            output::text_line(&format!("  last sync   {} by {}", record.last_sync, record.trigger.word()));
        }
    }
    output::text_line("\nWhat would be done now");
    if let Some(plan) = document.plan {
        for line in plan.to_string().lines() {
            output::text_line(&format!("  {line}"));
        }
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
