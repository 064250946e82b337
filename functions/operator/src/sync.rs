//! `hirewire sync`: brings JumpCloud into step, everyone or the people named.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::plan::Plan;
use mapping::request::{SyncRequest, Trigger};
use mapping::status::{Skip, Status};
use serde::Serialize;
use workflow::{Done, Drained, Mode, Selection, Stops, Until};

use crate::arguments::{Format, SyncArguments};
use crate::exit::{Exit, Failure};
use crate::follow::{Followed, Outcome, follow};
use crate::home::Home;
use crate::plan::Summary;
use crate::progress::Bar;
use crate::{output, words};

#[derive(Serialize)]
struct Document {
    connections: Vec<Summary>,
    /// Connections that do not simply work.
    modes: Vec<String>,
    people: Vec<Person>,
    changed: usize,
    actions: usize,
    failed: usize,
    held: usize,
    waiting: usize,
    dead: usize,
    /// Why all work stopped early.
    stopped: Option<String>,
    /// Connections that are left out: their HR system refused the key.
    refused: Vec<String>,
}

/// One person's result.
#[derive(Clone, Serialize)]
struct Person {
    employee: String,
    name: String,
    trigger: &'static str,
    status: &'static str,
    reason: String,
    actions: usize,
    plan: String,
    #[serde(skip)]
    unknown: bool,
}

impl Person {
    fn new(key: &EmployeeKey, trigger: Trigger, status: &Status, plan: Option<&Plan>, actions: usize) -> Person {
        Person {
            employee: key.to_string(),
            name: plan.map(|p| p.label.clone()).unwrap_or_default(),
            trigger: trigger.word(),
            status: status.word(),
            reason: status.reason(),
            actions,
            plan: plan.map(|p| p.to_string().trim_end().to_owned()).unwrap_or_default(),
            unknown: matches!(status, Status::Skipped { why: Skip::NoRecord }),
        }
    }
}

/// Everybody's result, once each, in the order in which people are taken.
#[derive(Default)]
struct People(BTreeMap<(String, usize, String), Person>);

impl People {
    fn put(&mut self, key: &EmployeeKey, person: Person) {
        let (size, id) = key.order();
        self.0.insert((key.connection.to_string(), size, id.to_owned()), person);
    }
}

/// Syncs.
pub async fn run(home: &Home, what: &SyncArguments, format: Format) -> Result<Exit, Failure> {
    let only = home.desk.people(&what.selected.employees)?;
    let named = !only.is_empty();
    let chosen: Vec<ConnectionName> = match named {
        true => only.iter().map(|key| key.connection.clone()).collect(),
        false => home.desk.connections(what.selected.connection.as_deref())?,
    };
    let every = what.selected.all || named || what.csv.is_some() || matches!(format, Format::Json);
    let mut unheard = None;
    let (connections, people, drained) = {
        let bar = Bar::new();
        let Asked { connections, people, queued } = ask(home, what, only, every, &bar).await?;
        let people = Mutex::new(people);
        let tell = |done: &Done| {
            let person = Person::new(&done.key, done.trigger, &done.status, done.plan.as_ref(), done.actions);
            people.lock().expect("no panic while results are kept").put(&done.key, person);
        };
        let drained = if home.desk.is_aws() {
            let Outcome { people: followed, mut left, empty } = follow(&home.desk, &queued, !named, &bar).await?;
            let known = if empty { home.desk.store.records_of(&left).await? } else { HashMap::new() };
            let mut people = people.lock().expect("no panic while results are kept");
            if empty {
                // Of whom neither HR nor we know anything no record is kept.
                let status = Status::Skipped { why: Skip::NoRecord };
                for key in left.drain(..).filter(|key| !known.contains_key(key)) {
                    people.put(&key, Person::new(&key, Trigger::Manual, &status, None, 0));
                }
            }
            // What others have on the queue is no matter of whoever named people.
            unheard = named.then_some(left.len());
            count(&followed, &mut people)
        } else {
            bar.expect(home.desk.queue.depth(home.desk.clock.now()).await?.waiting);
            let in_flight = home.desk.configuration.in_flight;
            let now = || home.desk.clock.now();
            let follow = |progress| bar.follow(progress);
            home.workflow.drain(in_flight, Until::Empty, &now, &tell, &follow).await?
        };
        (connections, people.into_inner().expect("no panic while results are kept"), drained)
    };
    let depth = home.desk.queue.depth(home.desk.clock.now()).await?;
    let Drained { changed, actions, failed, stopped, .. } = drained;
    let people: Vec<Person> = people.0.into_values().collect();
    if let Some(path) = &what.csv {
        let header = ["employee", "name", "trigger", "status", "reason", "actions", "plan"];
        let row = |p: &Person| {
            let Person { employee, name, trigger, status, reason, actions, plan, .. } = p.clone();
            vec![employee, name, trigger.to_owned(), status.to_owned(), reason, actions.to_string(), plan]
        };
        output::csv(path, &header, people.iter().map(row))?;
    }
    let held = people.iter().filter(|person| person.status == "held").count();
    let unknown = named && people.iter().any(|person| person.unknown);
    let on_queue = depth.waiting + depth.delayed + if home.desk.is_aws() { depth.in_flight } else { 0 };
    let waiting = unheard.unwrap_or(on_queue);
    let attention = failed > 0 || held > 0 || unknown || depth.dead > 0 || waiting > 0;
    let attention = attention || connections.iter().any(Summary::needs_somebody);
    let stopped_why = stopped.as_ref().map(ToString::to_string);
    let refusals = home.workflow.refusals();
    let modes = words::modes(&home.desk, &chosen);
    let document = Document {
        connections,
        modes,
        people,
        changed,
        actions,
        failed,
        held,
        waiting,
        dead: depth.dead,
        stopped: stopped_why,
        refused: refusals.iter().map(ToString::to_string).collect(),
    };
    match format {
        Format::Json => output::json(&document)?,
        Format::Text => print(&document, what.selected.all || named, home.desk.is_aws()),
    }
    // An HR system's no is among the refusals.
    let stopped = stopped.filter(|trouble| matches!(trouble.stops(), Stops::Everything | Stops::Nothing));
    match (stopped, Failure::of_refusals(&refusals)) {
        (Some(trouble), _) => Err(trouble.into()),
        (None, Some(failure)) => Err(failure),
        (None, None) if attention => Ok(Exit::Some),
        (None, None) => Ok(Exit::Done),
    }
}

/// What the functions on AWS did, as results of this command.
fn count(followed: &[Followed], people: &mut People) -> Drained {
    let mut drained = Drained::default();
    for Followed { record, intent, actions, since } in followed {
        let failed = matches!(record.status, Status::Failed { .. });
        drained.people += 1;
        drained.changed += usize::from(*since > 0);
        drained.actions += since;
        drained.failed += usize::from(failed);
        drained.held += usize::from(matches!(record.status, Status::Held { .. }));
        let plan = intent.as_ref().map(|intent| intent.text.trim_end().to_owned()).unwrap_or_default();
        let person = Person::new(&record.key, record.trigger, &record.status, None, *actions);
        people.put(&record.key, Person { name: record.label.clone(), plan, ..person });
    }
    drained
}

/// Who was put on the queue, and what is known before anybody is worked on.
struct Asked {
    connections: Vec<Summary>,
    people: People,
    queued: Vec<(EmployeeKey, u64)>,
}

/// Puts the people on the queue: by a survey, or, for people named once everyone was surveyed, by name. `every` is
/// whether people for whom there is nothing to do are results too; those who wait for somebody always are.
async fn ask(
    home: &Home,
    what: &SyncArguments,
    only: BTreeSet<EmployeeKey>,
    every: bool,
    bar: &Bar,
) -> Result<Asked, Failure> {
    let connections = home.desk.connections(what.selected.connection.as_deref())?;
    let workflow = &home.workflow;
    let mut surveyed_before = !only.is_empty();
    for key in &only {
        surveyed_before &= workflow.was_surveyed(&key.connection).await?;
    }
    let now = home.desk.clock.now();
    if surveyed_before {
        let keys: Vec<EmployeeKey> = only.into_iter().collect();
        let known = workflow.store.records_of(&keys).await?;
        let version = |key: &EmployeeKey| known.get(key).map_or(0, |record| record.version);
        let queued = keys.iter().map(|key| (key.clone(), version(key))).collect();
        let hints: Vec<SyncRequest> =
            keys.into_iter().map(|key| SyncRequest::hint(key, Trigger::Manual, now)).collect();
        workflow.queue.push(&hints).await?;
        return Ok(Asked { connections: Vec::new(), people: People::default(), queued });
    }
    let mut people = People::default();
    let mut missing = only.clone();
    let mut keep = |plan: &Plan| {
        missing.remove(&plan.key);
        let status = plan.status();
        if every || matches!(status, Status::Held { .. }) {
            people.put(&plan.key, Person::new(&plan.key, Trigger::Survey, &status, Some(plan), 0));
        }
    };
    let selection = Selection { connections, only, until: None };
    let follow = |progress| bar.follow(progress);
    let in_flight = home.desk.configuration.in_flight;
    let surveyed = workflow.survey(&selection, Mode::Queue, in_flight, now, &mut keep, &follow).await?;
    let status = Status::Skipped { why: Skip::NoRecord };
    for key in missing.iter().filter(|key| home.is_looked_at(&key.connection)) {
        people.put(key, Person::new(key, Trigger::Survey, &status, None, 0));
    }
    let connections = surveyed.iter().map(Summary::of).collect();
    Ok(Asked { connections, people, queued: surveyed.into_iter().flat_map(|one| one.queued).collect() })
}

fn print(document: &Document, all: bool, on_aws: bool) {
    for person in &document.people {
        let Person { employee, status, reason, plan, .. } = person;
        if person.actions > 0 || matches!(*status, "failed" | "held") || all {
            match (plan.as_str(), *status) {
                ("", "failed") => output::text_line(&format!("! {employee}: failed: {reason}")),
                ("", "synced") => output::text_line(&format!("= {employee}: nothing to do")),
                ("", "held") => output::text_line(&format!("! {employee}: {reason}")),
                ("", _) => output::text_line(&format!(". {employee}: {reason}")),
                (plan, "failed") => output::text_line(&format!("{plan}\n    ! failed: {reason}")),
                (plan, _) => output::text_line(plan),
            }
        }
    }
    for summary in &document.connections {
        summary.print();
    }
    document.modes.iter().for_each(|line| output::text_line(line));
    let Document { changed, actions, failed, held, waiting, dead, .. } = document;
    let (changed, actions) = (output::people(*changed), output::count(*actions, "action"));
    output::text_line(&format!("{changed} changed by {actions}; {failed} failed, {held} held"));
    if *waiting > 0 {
        let whom = if on_aws { "the functions" } else { "`serve`" };
        output::text_line(&format!("{waiting} still on the queue: run `hirewire sync` again, or leave it to {whom}"));
    }
    if *dead > 0 {
        output::text_line(&format!("{dead} given up on: see `hirewire dead`, then `hirewire replay`"));
    }
}
