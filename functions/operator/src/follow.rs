//! What the functions on AWS make of the requests that somebody put on the queue here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use state::{AuditKind, AuditRow, Record};

use crate::exit::Failure;
use crate::home::Desk;
use crate::progress::Bar;

/// How often one looks: at first soon, for one person takes less than a second; then slower.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(1);
/// How many of those who are left are looked at each time.
const LOOKED_AT: usize = 300;
/// So many times in a row the queue must be said to be empty: SQS counts approximately.
const EMPTY_IN_A_ROW: usize = 3;
/// When everybody was worked on and the queue does not change for so long, what is left on it backs off.
const SETTLED: Duration = Duration::from_secs(3);
/// When nothing moves for so long, nothing will soon.
const STANDSTILL: Duration = Duration::from_secs(120);
/// How many people's results are read side by side.
const READERS: usize = 16;
/// So many rows of the log are surely enough for the last run: each look has two.
const ROWS: usize = 12;

/// What became of one person.
pub struct Followed {
    /// How things are now.
    pub record: Record,
    /// What was to be done in the last run, if anything was.
    pub intent: Option<AuditRow>,
    /// Actions carried out in it.
    pub actions: usize,
    /// Actions carried out since the requests were queued, by the clocks of both machines.
    pub since: usize,
}

/// What became of everybody.
pub struct Outcome {
    /// Those who were worked on.
    pub people: Vec<Followed>,
    /// Those of whom nothing was heard.
    pub left: Vec<EmployeeKey>,
    /// Whether the queue is empty: then nothing will be heard of them, because nothing is known of them.
    pub empty: bool,
}

/// Waits until everybody of `queued` was worked on: until their record has another version than was known before; for
/// `everyone`, until the queue is empty too or stands still, for people may follow from people. Ends early when the queue
/// is empty, or nothing moves any more; the requests stay on the queue then.
pub async fn follow(desk: &Desk, queued: &[(EmployeeKey, u64)], everyone: bool, bar: &Bar) -> Result<Outcome, Failure> {
    let started = desk.clock.now();
    let mut left: BTreeMap<EmployeeKey, u64> = queued.iter().cloned().collect();
    let total = left.len();
    bar.expect(total);
    let (mut moved, mut waiting, mut empty, mut pause) = (Instant::now(), 0, 0, SOON);
    // What others put on the queue is waited for as well, as on one machine, where it would be worked.
    let busy = everyone && (total > 0 || on_queue(desk).await? > 0);
    let goes_on = |left: usize, still: Duration| match (left, busy) {
        (0, false) => false,
        (0, true) => still < SETTLED,
        (_, _) => still < STANDSTILL,
    };
    while empty < EMPTY_IN_A_ROW && goes_on(left.len(), moved.elapsed()) {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LATER);
        let some: Vec<EmployeeKey> = left.keys().take(LOOKED_AT).cloned().collect();
        let before = (left.len(), waiting);
        for (key, record) in desk.store.records_of(&some).await? {
            if left.get(&key).is_some_and(|known| record.version != *known) {
                left.remove(&key);
            }
        }
        waiting = on_queue(desk).await?;
        if (left.len(), waiting) != before {
            (moved, pause) = (Instant::now(), SOON);
        }
        empty = if waiting == 0 { empty + 1 } else { 0 };
        bar.reached(total - left.len());
    }
    let keys: Vec<EmployeeKey> =
        queued.iter().map(|(key, _)| key.clone()).filter(|key| !left.contains_key(key)).collect();
    let mut people = Vec::with_capacity(keys.len());
    for some in keys.chunks(LOOKED_AT) {
        let records = desk.store.records_of(some).await?;
        let read = iter(records.into_values()).map(|record| result(desk, record, started)).buffer_unordered(READERS);
        people.extend(read.try_collect::<Vec<_>>().await?);
    }
    Ok(Outcome { people, left: left.into_keys().collect(), empty: empty == EMPTY_IN_A_ROW })
}

async fn on_queue(desk: &Desk) -> Result<usize, Failure> {
    let depth = desk.queue.depth(desk.clock.now()).await?;
    Ok(depth.waiting + depth.in_flight + depth.delayed)
}

/// The rows of a run carry the moment that its record carries.
async fn result(desk: &Desk, record: Record, started: Timestamp) -> Result<Followed, Failure> {
    let rows = desk.store.audit_of(&record.key, ROWS).await?;
    let since = rows.iter().filter(|row| row.at >= started).map(|row| row.actions).sum();
    let of_the_run = |row: &&AuditRow| row.at == record.last_sync;
    let outcome = rows.iter().filter(of_the_run).find(|row| row.kind != AuditKind::Intent);
    let (answers, actions) = outcome.map_or((None, 0), |row| (row.answers.clone(), row.actions));
    let intent = rows.into_iter().find(|row| answers.as_deref() == Some(&row.id));
    Ok(Followed { record, intent, actions, since })
}
