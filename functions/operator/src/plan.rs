//! `hirewire plan`: what a sync would do. Writes nothing.

use std::collections::BTreeSet;

use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::plan::{Plan, Verdict};
use mapping::status::Skip;
use serde::Serialize;
use workflow::{Mode, Selection, Surveyed};

use crate::arguments::{Format, Selected};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::progress::Bar;
use crate::{output, words};

#[derive(Serialize)]
struct Document<'a> {
    connections: Vec<Summary>,
    /// Connections that do not simply work.
    modes: Vec<String>,
    /// Connections that are left out: their HR system refused the key.
    refused: Vec<String>,
    plans: &'a [Plan],
}

/// What a survey found, for people and scripts.
#[derive(Serialize)]
pub struct Summary {
    connection: String,
    people: usize,
    to_do: usize,
    held: usize,
    complete: bool,
    doubts: Vec<String>,
    missing: Vec<String>,
    unreadable: Vec<String>,
}

impl Summary {
    /// Of one connection.
    pub fn of(surveyed: &Surveyed) -> Summary {
        Summary {
            connection: surveyed.connection.to_string(),
            people: surveyed.people,
            to_do: surveyed.to_do,
            held: surveyed.held,
            complete: surveyed.doubts.is_empty(),
            doubts: surveyed.doubts.iter().map(ToString::to_string).collect(),
            missing: surveyed.missing.iter().map(EmployeeKey::to_string).collect(),
            unreadable: surveyed.unreadable.iter().map(|(which, why)| format!("{which}: {why}")).collect(),
        }
    }

    /// In a few lines.
    pub fn print(&self) {
        let Summary { connection, people, to_do, held, .. } = self;
        let people = output::people(*people);
        output::text_line(&format!("{connection}: {people} in HR, {to_do} to change, {held} held for a decision"));
        for doubt in &self.doubts {
            output::text_line(&format!("  ! {doubt}: nothing is taken away on this list's word"));
        }
        for missing in &self.missing {
            output::text_line(&format!("  ! {missing} has an account but is not on HR's list; left as it is"));
        }
        for unreadable in &self.unreadable {
            output::text_line(&format!("  ! record {unreadable}; left as it is"));
        }
    }

    /// Whether somebody should look.
    pub fn needs_somebody(&self) -> bool {
        self.held > 0 || !self.doubts.is_empty() || !self.unreadable.is_empty()
    }
}

/// Shows plans.
pub async fn run(home: &Home, who: &Selected, format: Format) -> Result<Exit, Failure> {
    let chosen = home.desk.people(&who.employees)?;
    let selection =
        Selection { connections: home.desk.connections(who.connection.as_deref())?, only: chosen, until: None };
    let mut plans = Vec::new();
    let surveyed = {
        let bar = Bar::new();
        let mut keep = |plan: &Plan| {
            let says_something = !plan.is_empty() || matches!(plan.verdict, Verdict::Hold(_));
            if says_something || who.all || !selection.only.is_empty() {
                plans.push(plan.clone());
            }
        };
        let follow = |progress| bar.follow(progress);
        let in_flight = home.desk.configuration.in_flight;
        home.workflow.survey(&selection, Mode::DryRun, in_flight, home.desk.clock.now(), &mut keep, &follow).await?
    };
    let connections: Vec<Summary> = surveyed.iter().map(Summary::of).collect();
    let found: BTreeSet<&EmployeeKey> = plans.iter().map(|plan| &plan.key).collect();
    let unknown: Vec<&EmployeeKey> =
        selection.only.iter().filter(|key| !found.contains(key) && home.is_looked_at(&key.connection)).collect();
    let named: Vec<ConnectionName> = selection.only.iter().map(|key| key.connection.clone()).collect();
    let modes = words::modes(&home.desk, if named.is_empty() { &selection.connections } else { &named });
    let attention = !unknown.is_empty() || connections.iter().any(Summary::needs_somebody);
    let refusals = home.workflow.refusals();
    let refused = refusals.iter().map(ToString::to_string).collect();
    match format {
        Format::Json => output::json(&Document { connections, modes, refused, plans: &plans })?,
        Format::Text => {
            for plan in &plans {
                output::text_line(plan.to_string().trim_end());
            }
            for key in unknown {
                output::text_line(&format!(". {key}: {}", Skip::NoRecord));
            }
            for summary in &connections {
                summary.print();
            }
            modes.iter().for_each(|line| output::text_line(line));
            output::text_line("Nothing was written.");
        }
    }
    match Failure::of_refusals(&refusals) {
        Some(failure) => Err(failure),
        None => Ok(if attention { Exit::Some } else { Exit::Done }),
    }
}
