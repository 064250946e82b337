//! `hirewire release`: lets people go ahead whom a limit a day holds. Whoever works the queue does the rest.

use mapping::status::{Hold, Status};
use serde::Serialize;
use state::Record;
use workflow::Releasing;

use crate::arguments::{Format, ReleaseArguments};
use crate::exit::{Exit, Failure};
use crate::home::{self, Desk};
use crate::{output, records};

#[derive(Serialize)]
struct Document {
    dry_run: bool,
    by: String,
    released: Vec<Person>,
    not_held: Vec<Person>,
}

#[derive(Serialize)]
struct Person {
    employee: String,
    name: String,
    why: String,
}

impl Person {
    fn of(record: &Record) -> Person {
        let why = match &record.status {
            Status::Held { why: Hold::Braked { brake, limit } } => {
                format!("held by brakes.{} = {limit}", brake.word())
            }
            other @ (Status::Synced
            | Status::Skipped { .. }
            | Status::Pending { .. }
            | Status::Held { .. }
            | Status::Failed { .. }) => {
                let reason = other.reason();
                format!("{}{}{reason}", other.word(), if reason.is_empty() { "" } else { ": " })
            }
        };
        Person { employee: record.key.to_string(), name: record.label.clone(), why }
    }
}

/// Lets them go, or shows whom it would.
pub async fn run(desk: &Desk, whom: &ReleaseArguments, format: Format) -> Result<Exit, Failure> {
    let (found, mut not_held) = find(desk, whom).await?;
    let by = home::login();
    let mut released = Vec::new();
    for record in &found {
        let who = Releasing { by: &by, rules: &desk.rules };
        let is_held = matches!(record.status, Status::Held { why: Hold::Braked { .. } });
        let goes = match whom.dry_run {
            true => is_held,
            false => workflow::release(&desk.store, &desk.queue, record, who, desk.clock.now()).await?,
        };
        if goes { &mut released } else { &mut not_held }.push(Person::of(record));
    }
    let document = Document { dry_run: whom.dry_run, by, released, not_held };
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&document, desk.is_aws()),
    }
    Ok(if document.not_held.is_empty() { Exit::Done } else { Exit::Some })
}

/// The records asked for, and those of whom nothing is known.
async fn find(desk: &Desk, whom: &ReleaseArguments) -> Result<(Vec<Record>, Vec<Person>), Failure> {
    if let Some(name) = whom.connection.as_deref() {
        let connection = desk.connections(Some(name))?;
        let mut all = records::all(desk, connection.first()).await?;
        all.retain(|record| matches!(record.status, Status::Held { why: Hold::Braked { .. } }));
        return Ok((all, Vec::new()));
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for key in desk.people(&whom.employees)? {
        match desk.store.record(&key).await? {
            Some(record) => found.push(record),
            None => {
                let why = "nothing is known of this person yet".to_owned();
                unknown.push(Person { employee: key.to_string(), name: String::new(), why });
            }
        }
    }
    Ok((found, unknown))
}

fn print(document: &Document, on_aws: bool) {
    let Document { dry_run, by, released, not_held } = document;
    for Person { employee, name, why } in released {
        let does = if *dry_run { "would be released" } else { "released" };
        output::text_line(&format!("+ {name} ({employee}): {does}; {why}"));
    }
    for Person { employee, name, why } in not_held {
        let named = if name.is_empty() { employee.clone() } else { format!("{name} ({employee})") };
        output::text_line(&format!(". {named}: no brake holds this person; {why}"));
    }
    let people = output::people(released.len());
    match (released.is_empty(), *dry_run, on_aws) {
        (true, _, _) if not_held.is_empty() => output::text_line("No brake holds anybody there."),
        (true, _, _) => {}
        (false, true, _) => output::text_line("Nothing was written."),
        (false, false, true) => {
            output::text_line(&format!("{people} released by {by}, for a day; the functions go on with them"));
        }
        (false, false, false) => output::text_line(&format!(
            "{people} released by {by}, for a day; `serve` or `hirewire sync` goes on with them"
        )),
    }
}
