//! The schedule's door: who changed since the cursor, and whose moment has come.

use std::collections::BTreeSet;

use hris::{ChangeKind, Changed, Changes, Fault, Source};
use jiff::Timestamp;
use mapping::configuration::Connection;
use mapping::employee::{EmployeeId, EmployeeKey};
use mapping::request::{Evidence, Observation, SyncRequest, Trigger};
use mapping::rules::Mode;
use state::{Queue, StateError, Store};

use crate::compare::compare;

/// The cursor's name in the store.
const CURSOR: &str = "changed";
/// The name of the cursor that holds when HR was last asked, for connections with a schedule of their own.
const POLLED_AT: &str = "polled_at";
/// From so many changed people on, their records are asked for together: one call instead of one each.
const TOGETHER_FROM: usize = 4;
/// How many moments are woken in one go; the rest follow in the next.
const DUE_AT_ONCE: usize = 1000;

/// Why a poll did not work. The cursor stays where it was.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// HR.
    #[error(transparent)]
    Hr(#[from] Fault),
    /// Our store.
    #[error(transparent)]
    State(#[from] StateError),
}

impl PollError {
    /// Whether the key is not accepted: asking again with it gets it locked out.
    pub fn key_refused(&self) -> bool {
        matches!(self, PollError::Hr(Fault::KeyRefused { .. }))
    }

    /// The same for a log: without a vendor's own words, which may name somebody.
    pub fn for_log(&self) -> String {
        match self {
            PollError::Hr(Fault::Rejected { vendor, status, .. }) => format!("{vendor} refused (HTTP {status})"),
            PollError::Hr(_) | PollError::State(_) => self.to_string(),
        }
    }
}

/// What a poll found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// People queued because HR changed them.
    pub changed: usize,
}

/// Queues everyone whom HR changed since the last time. One call to HR when nobody was.
///
/// # Errors
/// See [`PollError`]; run again.
pub async fn poll(source: &Source, store: &Store, queue: &Queue, now: Timestamp) -> Result<Polled, PollError> {
    let cursor = store.cursor(source.connection(), CURSOR).await?;
    match source.changes(cursor.as_deref(), now).await? {
        Changes::Listed(changes) => take_list(source, store, queue, cursor.as_deref(), changes, now).await,
        Changes::Everyone(roster) => compare(source.connection(), store, queue, roster, now).await,
    }
}

/// Queues those whom HR's own list names.
async fn take_list(
    source: &Source,
    store: &Store,
    queue: &Queue,
    cursor: Option<&str>,
    changes: Changed,
    now: Timestamp,
) -> Result<Polled, PollError> {
    let connection = source.connection();
    let changed: Vec<EmployeeId> =
        changes.ids.iter().filter(|(_, kind)| *kind == ChangeKind::Changed).map(|(id, _)| id.clone()).collect();
    let mut requests = Vec::with_capacity(changes.ids.len());
    let mut observed = BTreeSet::new();
    if changed.len() >= TOGETHER_FROM {
        for employee in source.employees(&changed, now).await? {
            observed.insert(employee.key.id.clone());
            let key = employee.key.clone();
            // A filtered list is not the person's own record: good for changes, not for taking access away.
            let observation = Some(Observation { employee, evidence: Evidence::Unproven });
            requests.push(SyncRequest { observation, ..SyncRequest::hint(key, Trigger::Poll, now) });
        }
    }
    for (id, _) in changes.ids {
        if !observed.contains(&id) {
            let key = EmployeeKey { connection: connection.clone(), id };
            requests.push(SyncRequest::hint(key, Trigger::Poll, now));
        }
    }
    queue.push(&requests).await?;
    metrics::counter!("queued", "trigger" => Trigger::Poll.word()).increment(requests.len() as u64);
    // Only now: a crash in between asks for the same changes again, which is harmless.
    if cursor != Some(&changes.cursor) {
        store.set_cursor(connection, CURSOR, &changes.cursor).await?;
    }
    Ok(Polled { changed: requests.len() })
}

/// Whether a connection's schedule wants it polled now. Each minute where it has none; the caller comes each minute.
///
/// # Errors
/// Our store's.
pub async fn is_due(connection: &Connection, store: &Store, now: Timestamp) -> Result<bool, StateError> {
    if connection.rules.mode != Mode::On {
        return Ok(false);
    }
    let Some(schedule) = &connection.poll else { return Ok(true) };
    let last = store.cursor(&connection.name, POLLED_AT).await?;
    Ok(schedule.is_due(last.and_then(|text| text.parse().ok()), now))
}

/// Notes that a connection was polled, for [`is_due`].
///
/// # Errors
/// Our store's.
pub async fn note_polled(connection: &Connection, store: &Store, now: Timestamp) -> Result<(), StateError> {
    match &connection.poll {
        Some(_) => store.set_cursor(&connection.name, POLLED_AT, &now.to_string()).await,
        None => Ok(()),
    }
}

/// Queues everyone whose foreseen moment (a start, an end) has come.
///
/// # Errors
/// Our store's; run again.
pub async fn wake_due(store: &Store, queue: &Queue, now: Timestamp) -> Result<usize, StateError> {
    let keys = store.due(now, DUE_AT_ONCE).await?;
    let requests: Vec<SyncRequest> = keys.iter().map(|key| SyncRequest::hint(key.clone(), Trigger::Due, now)).collect();
    queue.push(&requests).await?;
    metrics::counter!("queued", "trigger" => Trigger::Due.word()).increment(requests.len() as u64);
    for key in &keys {
        store.clear_due(key, now).await?;
    }
    Ok(keys.len())
}
