//! The schedule's door: who changed since the cursor, and whose moment has come.

use std::collections::BTreeSet;

use hris::{ChangeKind, Fault, Source};
use jiff::Timestamp;
use mapping::employee::{EmployeeId, EmployeeKey};
use mapping::request::{Evidence, Observation, SyncRequest, Trigger};
use state::{Queue, StateError, Store};

/// The cursor's name in the store.
const CURSOR: &str = "changed";
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
    let connection = source.connection();
    let cursor = store.cursor(connection, CURSOR).await?;
    let changes = source.changed(cursor.as_deref(), now).await?;
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
    // Only now: a crash in between asks for the same changes again, which is harmless.
    if cursor.as_deref() != Some(&changes.cursor) {
        store.set_cursor(connection, CURSOR, &changes.cursor).await?;
    }
    Ok(Polled { changed: requests.len() })
}

/// Queues everyone whose foreseen moment (a start, an end) has come.
///
/// # Errors
/// Our store's; run again.
pub async fn wake_due(store: &Store, queue: &Queue, now: Timestamp) -> Result<usize, StateError> {
    let keys = store.due(now, DUE_AT_ONCE).await?;
    let requests: Vec<SyncRequest> = keys.iter().map(|key| SyncRequest::hint(key.clone(), Trigger::Due, now)).collect();
    queue.push(&requests).await?;
    for key in &keys {
        store.clear_due(key, now).await?;
    }
    Ok(keys.len())
}
