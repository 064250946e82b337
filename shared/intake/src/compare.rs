//! Who changed, where HR keeps no list of changes: everyone as they are, compared with what they were like before.

use jiff::Timestamp;
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::{Evidence, Observation, SyncRequest, Trigger};
use mapping::roster::Roster;
use state::{Digests, Queue, Store};

use crate::poll::{PollError, Polled};

/// The store's cursor that holds the size of the last roster that a survey proved complete.
const ROSTER_SIZE: &str = "roster_size";

/// Queues everyone who is not as they were, with what HR says of them: nobody has to ask again.
pub(crate) async fn compare(
    connection: &ConnectionName,
    store: &Store,
    queue: &Queue,
    roster: Roster,
    now: Timestamp,
) -> Result<Polled, PollError> {
    let last = store.cursor(connection, ROSTER_SIZE).await?.and_then(|size| size.parse().ok());
    let evidence = match roster.prove(last) {
        Ok(_) => Evidence::CompleteList,
        Err(doubts) => {
            tracing::warn!(%connection, doubts = doubts.len(), "the list of everyone is not proven complete");
            Evidence::Unproven
        }
    };
    // Before the first time a survey takes everyone.
    let known = store.digests(connection).await?;
    let first = known.is_none();
    let before = known.unwrap_or_default();
    let mut after: Digests = roster.employees.iter().map(|one| (one.key.id.clone(), one.digest())).collect();
    let mut requests = Vec::new();
    for employee in roster.employees {
        if !first && before.get(&employee.key.id) != after.get(&employee.key.id) {
            let key = employee.key.clone();
            let observation = Some(Observation { employee, evidence });
            requests.push(SyncRequest { observation, ..SyncRequest::hint(key, Trigger::Poll, now) });
        }
    }
    for (id, digest) in before {
        if after.contains_key(&id) {
            continue;
        }
        // A list with holes says nothing of those whom it lacks. A complete one does, and their own records say what.
        match evidence {
            Evidence::CompleteList => {
                let key = EmployeeKey { connection: connection.clone(), id };
                requests.push(SyncRequest::hint(key, Trigger::Poll, now));
            }
            Evidence::Unproven | Evidence::OwnRecord => drop(after.insert(id, digest)),
        }
    }
    queue.push(&requests).await?;
    metrics::counter!("queued", "trigger" => Trigger::Poll.word()).increment(requests.len() as u64);
    // Only now: a crash in between finds the same people changed again, which is harmless.
    if first || !requests.is_empty() {
        store.set_digests(connection, &after).await?;
    }
    Ok(Polled { changed: requests.len() })
}
