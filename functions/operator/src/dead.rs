//! `hirewire dead` and `hirewire replay`: requests that were given up on.

use serde::Serialize;

use crate::arguments::{Format, Replayed};
use crate::exit::{Exit, Failure};
use crate::home::Desk;
use crate::output;

/// How many are shown.
const SHOWN: usize = 1000;

#[derive(Serialize)]
struct Letter {
    employee: String,
    trigger: &'static str,
    attempts: u32,
    error: String,
    at: String,
}

/// Shows them.
pub async fn list(desk: &Desk, format: Format) -> Result<Exit, Failure> {
    let dead = desk.queue.dead(SHOWN).await?;
    let letters: Vec<Letter> = dead
        .into_iter()
        .map(|d| Letter {
            employee: d.key.to_string(),
            trigger: d.trigger.word(),
            attempts: d.attempts,
            error: d.error,
            at: d.at.to_string(),
        })
        .collect();
    match format {
        Format::Json => output::json(&letters)?,
        Format::Text if letters.is_empty() => output::text_line("Nothing was given up on."),
        Format::Text => {
            let mut table = output::table(&["employee", "trigger", "attempts", "error", "at"]);
            for l in &letters {
                table.add_row([&l.employee, l.trigger, &l.attempts.to_string(), &l.error, &l.at]);
            }
            output::text_line(&table.to_string());
            output::text_line(&format!("{} given up on; `hirewire replay` puts them back", letters.len()));
        }
    }
    Ok(if letters.is_empty() { Exit::Done } else { Exit::Some })
}

#[derive(Serialize)]
struct Put {
    replayed: usize,
}

/// Puts them back.
pub async fn replay(desk: &Desk, whom: &Replayed, format: Format) -> Result<Exit, Failure> {
    let key = whom.employee.as_deref().map(|name| desk.person(name)).transpose()?;
    let replayed = desk.queue.replay(key.as_ref(), desk.clock.now()).await?;
    match format {
        Format::Json => output::json(&Put { replayed })?,
        Format::Text if replayed == 0 => output::text_line("There was nothing to put back."),
        Format::Text => {
            output::text_line(&format!("{replayed} put back on the queue; `serve` or `hirewire sync` works them"));
        }
    }
    Ok(Exit::Done)
}
