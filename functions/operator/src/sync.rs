//! `hirewire sync`: brings JumpCloud into step, everyone or the people named.

use std::sync::Mutex;

use mapping::request::{SyncRequest, Trigger};
use serde::Serialize;
use workflow::{Done, Drained, Mode, Selection, Until};

use crate::arguments::{Format, SyncArguments};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::output;
use crate::plan::Summary;
use crate::progress::Bar;

#[derive(Serialize)]
struct Document {
    connections: Vec<Summary>,
    people: Vec<Person>,
    changed: usize,
    actions: usize,
    failed: usize,
    held: usize,
    waiting: usize,
    dead: usize,
    stopped: Option<String>,
}

#[derive(Clone, Serialize)]
struct Person {
    employee: String,
    name: String,
    trigger: &'static str,
    status: &'static str,
    reason: String,
    actions: usize,
    plan: String,
}

impl Person {
    fn of(done: &Done) -> Person {
        let plan = done.plan.as_ref();
        Person {
            employee: done.key.to_string(),
            name: plan.map(|p| p.label.clone()).unwrap_or_default(),
            trigger: done.trigger.word(),
            status: done.status.word(),
            reason: done.status.reason(),
            actions: done.actions,
            plan: plan.map(|p| p.to_string().trim_end().to_owned()).unwrap_or_default(),
        }
    }
}

/// Syncs.
pub async fn run(home: &Home, what: &SyncArguments, format: Format) -> Result<Exit, Failure> {
    let people = Mutex::new(Vec::new());
    let (connections, drained) = {
        let bar = Bar::new();
        let connections = queue(home, what, &bar).await?;
        let depth = home.workflow.queue.depth(home.clock.now()).await?;
        bar.expect(depth.waiting);
        let tell = |done: &Done| people.lock().expect("no panic while results are kept").push(Person::of(done));
        let follow = |progress| bar.follow(progress);
        let now = || home.clock.now();
        let in_flight = home.configuration.in_flight;
        (connections, home.workflow.drain(in_flight, Until::Empty, &now, &tell, &follow).await?)
    };
    let depth = home.workflow.queue.depth(home.clock.now()).await?;
    let Drained { changed, actions, failed, held, stopped, .. } = drained;
    let mut people = people.into_inner().expect("no panic while results are kept");
    people.sort_by(|a, b| (a.employee.len(), &a.employee).cmp(&(b.employee.len(), &b.employee)));
    if let Some(path) = &what.csv {
        let header = ["employee", "name", "trigger", "status", "reason", "actions", "plan"];
        let row = |p: &Person| {
            let Person { employee, name, trigger, status, reason, actions, plan } = p.clone();
            vec![employee, name, trigger.to_owned(), status.to_owned(), reason, actions.to_string(), plan]
        };
        output::csv(path, &header, people.iter().map(row))?;
    }
    let attention = failed > 0 || held > 0 || depth.dead > 0 || connections.iter().any(Summary::needs_somebody);
    let document = Document {
        connections,
        people,
        changed,
        actions,
        failed,
        held,
        waiting: depth.waiting + depth.delayed,
        dead: depth.dead,
        stopped: stopped.as_ref().map(ToString::to_string),
    };
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&document, what.selected.all),
    }
    match stopped {
        Some(trouble) => Err(trouble.into()),
        None if attention || document.waiting > 0 => Ok(Exit::Some),
        None => Ok(Exit::Done),
    }
}

/// Puts the people on the queue: by a survey, or, for people named once everyone was surveyed, by name.
async fn queue(home: &Home, what: &SyncArguments, bar: &Bar) -> Result<Vec<Summary>, Failure> {
    let only = home.people(&what.selected.employees)?;
    let connections = home.connections(what.selected.connection.as_deref())?;
    let workflow = &home.workflow;
    let mut surveyed_before = !only.is_empty();
    for key in &only {
        surveyed_before &= workflow.was_surveyed(&key.connection).await?;
    }
    if surveyed_before {
        let now = home.clock.now();
        let hints: Vec<SyncRequest> =
            only.into_iter().map(|key| SyncRequest::hint(key, Trigger::Manual, now)).collect();
        workflow.queue.push(&hints).await?;
        return Ok(Vec::new());
    }
    let selection = Selection { connections, only };
    let follow = |progress| bar.follow(progress);
    let in_flight = home.configuration.in_flight;
    let surveyed = workflow.survey(&selection, Mode::Queue, in_flight, home.clock.now(), &mut |_| {}, &follow).await?;
    Ok(surveyed.iter().map(Summary::of).collect())
}

fn print(document: &Document, all: bool) {
    for person in &document.people {
        if person.actions > 0 || person.status == "failed" || person.status == "held" || all {
            if person.plan.is_empty() {
                output::text_line(&format!(". {} {}", person.employee, person.reason));
            } else {
                output::text_line(&person.plan);
            }
            if person.status == "failed" {
                output::text_line(&format!("    ! failed: {}", person.reason));
            }
        }
    }
    for summary in &document.connections {
        summary.print();
    }
    let Document { changed, actions, failed, held, waiting, dead, .. } = document;
    let changed = output::people(*changed);
    output::text_line(&format!("{changed} changed by {actions} actions; {failed} failed, {held} held"));
    if *waiting > 0 {
        output::text_line(&format!("{waiting} still on the queue: run `hirewire sync` again, or leave it to `serve`"));
    }
    if *dead > 0 {
        output::text_line(&format!("{dead} given up on: see `hirewire dead`, then `hirewire replay`"));
    }
}
