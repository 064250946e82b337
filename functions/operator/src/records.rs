//! `hirewire records`: how things are with everyone.

use std::collections::BTreeMap;

use mapping::account::GroupName;
use mapping::lifecycle::Standing;
use state::Record;

use crate::arguments::{Format, RecordsArguments};
use crate::exit::{Exit, Failure};
use crate::home::Desk;
use crate::{output, words};

/// How many records are read at once.
const PAGE: usize = 1000;

/// Shows records.
pub async fn run(desk: &Desk, which: &RecordsArguments, format: Format) -> Result<Exit, Failure> {
    let connections = desk.connections(which.connection.as_deref())?;
    let mut records = all(desk, connections.first()).await?;
    if let Some(status) = &which.status {
        records.retain(|record| record.status.word() == status);
    }
    if let Some(path) = &which.csv {
        let header = ["employee", "name", "username", "status", "reason", "groups", "last_sync", "next_change"];
        output::csv(path, &header, records.iter().map(cells))?;
    }
    match format {
        Format::Json => output::json(&records)?,
        Format::Text => {
            print(&records);
            words::modes(desk, &connections).iter().for_each(|line| output::text_line(line));
        }
    }
    Ok(Exit::Done)
}

/// Every record, page by page.
pub async fn all(desk: &Desk, connection: Option<&mapping::employee::ConnectionName>) -> Result<Vec<Record>, Failure> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let last = records.last().map(|record| record.key.clone());
        let page = desk.store.records(connection, last.as_ref(), PAGE).await?;
        if page.is_empty() {
            return Ok(records);
        }
        records.extend(page);
    }
}

fn cells(record: &Record) -> Vec<String> {
    let groups: Vec<&str> = record.groups.iter().map(GroupName::as_str).collect();
    vec![
        record.key.to_string(),
        record.label.clone(),
        record.username.clone().unwrap_or_default(),
        record.status.word().to_owned(),
        reason(record),
        groups.join("; "),
        record.last_sync.to_string(),
        record.next_change.map(|moment| moment.to_string()).unwrap_or_default(),
    ]
}

/// The status's reason, and what else a person should know.
fn reason(record: &Record) -> String {
    let notes = record.notes.iter().map(ToString::to_string);
    let first = [record.status.reason(), stands(record)].into_iter().filter(|r| !r.is_empty());
    let all: Vec<String> = first.chain(notes).collect();
    all.join("; ")
}

/// Where somebody stands, unless they are simply employed, are to come, or were never let in.
fn stands(record: &Record) -> String {
    let told = record.life.standing.filter(|standing| match standing {
        Standing::Away { .. } | Standing::Leaving { .. } => true,
        Standing::Left { .. } => record.account.is_some(),
        Standing::Upcoming { .. } | Standing::Here | Standing::Unknown => false,
    });
    told.map(words::standing).unwrap_or_default()
}

/// The table.
pub fn print(records: &[Record]) {
    if records.is_empty() {
        return output::text_line("No records. `hirewire sync` makes one for everybody it looks at.");
    }
    let several = records.iter().any(|record| record.key.connection != records[0].key.connection);
    let mut table = output::table(&["employee", "name", "user name", "status", "what to know", "next change"]);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        *counts.entry(record.status.word()).or_default() += 1;
        table.add_row([
            if several { record.key.to_string() } else { record.key.id.to_string() },
            record.label.clone(),
            record.username.clone().unwrap_or_default(),
            record.status.word().to_owned(),
            reason(record),
            words::next_change(record),
        ]);
    }
    output::text_line(&table.to_string());
    let counts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    output::text_line(&format!("{}: {}", output::people(records.len()), counts.join(", ")));
}
