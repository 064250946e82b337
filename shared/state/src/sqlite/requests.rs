//! The queue: ready, parked, delayed and leased requests, and dead letters.
//!
//! A request that may not be taken is kept out of the way of those that may: a delayed one is made ready when its time
//! has come, one that wishes to come after somebody is parked when its turn comes too early and made ready when that
//! somebody's request is done. So the next ready one is found by one look-up, however many wait. The chains of parked
//! requests end at one that is not parked, always: a request that would close a circle is not parked.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::{SyncRequest, Trigger, waiting_stays};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Fault;
use super::columns::{all, count, first, json, limit, micros, moment, moment_if_any, person, unreadable, word};
use crate::error::StateError;
use crate::queue::{DeadLetter, Depth, Lease, LeaseId};

/// How far a chain of wishes ("after my manager, who is after ...") is followed. No company is this deep; a longer one
/// is not worth the time, and a wish is no promise.
const CHAIN_LIMIT: usize = 100;

const WAITING: &str =
    "SELECT place, asked_at, observed_at, body FROM request WHERE person = ?1 AND (state = 'leased') = 0";
const INSERT: &str = "INSERT INTO request (person, state, asked_at, observed_at, after_person, body) \
    VALUES (?1, 'ready', ?2, ?3, ?4, ?5)";
const REPLACE: &str = "UPDATE request SET state = 'ready', due = 0, attempts = 0, error = NULL, asked_at = ?2, \
    observed_at = ?3, after_person = ?4, body = ?5 WHERE place = ?1";
const RETELL: &str = "UPDATE request SET body = ?2 WHERE place = ?1";
const EXPIRED: &str = "SELECT place, person FROM request WHERE state = 'leased' AND due <= ?1";
const AWAKE: &str = "UPDATE request SET state = 'ready', due = 0 WHERE state = 'delayed' AND due <= ?1";
const NEXT: &str = "SELECT place, person, after_person FROM request \
    WHERE state = 'ready' AND due = 0 AND place > ?1 ORDER BY place";
const IN_FLIGHT: &str = "SELECT 1 FROM request WHERE person = ?1 AND (state = 'leased') = 1";
const COMING: &str = "SELECT 1 FROM request WHERE person = ?1 AND state <> 'delayed' LIMIT 1";
const PARKED_AFTER: &str = "SELECT after_person FROM request \
    WHERE person = ?1 AND (state = 'leased') = 0 AND state = 'parked'";
const PARK: &str = "UPDATE request SET state = 'parked' WHERE place = ?1";
const UNPARK: &str = "UPDATE request SET state = 'ready' WHERE state = 'parked' AND after_person = ?1";
const TAKE: &str = "UPDATE request SET state = 'leased', due = ?2, turn = turn + 1, attempts = attempts + 1 \
    WHERE place = ?1 RETURNING turn, attempts, asked_at, body";
const HELD: &str = "SELECT person, attempts FROM request WHERE place = ?1 AND turn = ?2 AND state = 'leased'";
const STAMP: &str = "SELECT asked_at, observed_at FROM request WHERE place = ?1";
const DELETE: &str = "DELETE FROM request WHERE place = ?1";
const MOVE: &str = "UPDATE request SET (asked_at, observed_at, after_person, body, attempts, error) = \
    (SELECT asked_at, observed_at, after_person, body, 0, NULL FROM request AS newer WHERE newer.place = ?2) \
    WHERE place = ?1";
const RETURN: &str = "UPDATE request SET state = ?2, due = ?3, attempts = attempts - ?4, error = coalesce(?5, error) \
    WHERE place = ?1";
const BURY: &str = "INSERT INTO dead (person, cause, attempts, error, at) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT DO UPDATE SET cause = excluded.cause, attempts = excluded.attempts, error = excluded.error, \
    at = excluded.at";
const DEAD: &str = "SELECT * FROM dead ORDER BY at DESC LIMIT ?1";
const DEAD_PEOPLE: &str = "SELECT person FROM dead ORDER BY at";
const EXHUME: &str = "DELETE FROM dead WHERE person = ?1";
// All that is there is counted by pages; what is neither in flight nor delayed waits.
const DEPTH: &str = "SELECT (SELECT count(*) FROM request) AS every, \
    (SELECT count(*) FROM request WHERE state = 'leased' AND due > ?1) AS in_flight, \
    (SELECT count(*) FROM request WHERE state = 'delayed' AND due > ?1) AS delayed, \
    (SELECT min(due) FROM request WHERE state = 'delayed' AND due > ?1) AS next_due, \
    (SELECT count(*) FROM dead) AS dead";
/// Held by a test to be look-ups, by these columns.
#[cfg(test)]
pub(crate) const LOOK_UPS: &[(&str, &str)] = &[
    (WAITING, "(person=? AND <expr>=?)"),
    (REPLACE, "(rowid=?)"),
    (RETELL, "(rowid=?)"),
    (EXPIRED, "(state=? AND due<?)"),
    (AWAKE, "(state=? AND due<?)"),
    (NEXT, "(state=? AND due=? AND rowid>?)"),
    (IN_FLIGHT, "(person=? AND <expr>=?)"),
    (COMING, "(person=?)"),
    (PARKED_AFTER, "(person=? AND <expr>=?)"),
    (PARK, "(rowid=?)"),
    (UNPARK, "(after_person=?)"),
    (TAKE, "(rowid=?)"),
    (HELD, "(rowid=?)"),
    (STAMP, "(rowid=?)"),
    (DELETE, "(rowid=?)"),
    (MOVE, "(rowid=?)"),
    (RETURN, "(rowid=?)"),
    (EXHUME, "(person=?)"),
];

/// What the merge of two requests of one person is decided by.
#[derive(Clone, Copy)]
struct Stamp {
    asked_at: i64,
    observed_at: Option<i64>,
}

impl Stamp {
    fn of(request: &SyncRequest) -> Stamp {
        Stamp {
            asked_at: micros(request.asked_at),
            observed_at: request.observation.as_ref().map(|o| micros(o.employee.observed_at)),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Stamp> {
        Ok(Stamp { asked_at: row.get("asked_at")?, observed_at: row.get("observed_at")? })
    }

    /// Whether the waiting one of two stays.
    fn stays_before(self, new: Stamp) -> bool {
        waiting_stays((self.asked_at, self.observed_at), (new.asked_at, new.observed_at))
    }
}

/// Adds one request, or merges it into the one that waits.
pub(crate) fn push(connection: &Connection, request: &SyncRequest) -> Result<(), Fault> {
    let person = request.key.to_string();
    let stamp = Stamp::of(request);
    let after = request.after.as_ref().map(EmployeeKey::to_string);
    match waiting(connection, &person)? {
        None => {
            let body = json(request)?;
            let row = params![person, stamp.asked_at, stamp.observed_at, after, body];
            connection.prepare_cached(INSERT)?.execute(row)?;
        }
        Some((place, waiting, body)) if waiting.stays_before(stamp) => {
            if let Some(waiting) = read(&body).filter(|w| request.trigger.after(w.trigger) != w.trigger) {
                let body = json(&SyncRequest { trigger: request.trigger.after(waiting.trigger), ..waiting })?;
                connection.prepare_cached(RETELL)?.execute(params![place, body])?;
            }
        }
        Some((place, _, body)) => {
            let trigger = read(&body).map_or(request.trigger, |waiting| request.trigger.after(waiting.trigger));
            let body = json(&SyncRequest { trigger, ..request.clone() })?;
            let row = params![place, stamp.asked_at, stamp.observed_at, after, body];
            connection.prepare_cached(REPLACE)?.execute(row)?;
        }
    }
    Ok(())
}

fn waiting(connection: &Connection, person: &str) -> Result<Option<(i64, Stamp, String)>, Fault> {
    let mut statement = connection.prepare_cached(WAITING)?;
    Ok(statement.query_row([person], |row| Ok((row.get("place")?, Stamp::read(row)?, row.get("body")?))).optional()?)
}

/// A request as it was stored; `None` for another version's words.
fn read(body: &str) -> Option<SyncRequest> {
    serde_json::from_str(body).ok()
}

/// Takes the oldest that may be taken.
pub(crate) fn lease(
    connection: &Connection,
    resting: &BTreeSet<ConnectionName>,
    now: Timestamp,
    until: Timestamp,
    rows: usize,
) -> Result<Vec<Lease>, Fault> {
    let expired: Vec<(i64, String)> = connection
        .prepare_cached(EXPIRED)?
        .query_map([micros(now)], |row| Ok((row.get("place")?, row.get("person")?)))?
        .collect::<Result<_, _>>()?;
    for (place, person) in expired {
        send_back(connection, place, &person, Return::RunOut)?;
    }
    connection.prepare_cached(AWAKE)?.execute([micros(now)])?;
    let mut taken = Vec::new();
    let mut place = 0;
    while taken.len() < rows {
        let Some((at, person, after)) = next(connection, resting, place)? else { break };
        place = at;
        if connection.prepare_cached(IN_FLIGHT)?.exists([&person])? {
            // Stays where it is: as many of these as are in flight, at most, are passed over.
            continue;
        }
        let too_early = match after {
            Some(after) => must_wait(connection, &person, after)?,
            None => false,
        };
        if too_early {
            connection.prepare_cached(PARK)?.execute([place])?;
        } else {
            taken.push(take(connection, place, &person, until)?);
        }
    }
    Ok(taken)
}

/// The first of those that are ready and come after `place`: where, whose, and after whom they wish to come. The people
/// of a connection that rests are passed over, a step of the index each.
fn next(
    connection: &Connection,
    resting: &BTreeSet<ConnectionName>,
    place: i64,
) -> Result<Option<(i64, String, Option<String>)>, Fault> {
    let mut statement = connection.prepare_cached(NEXT)?;
    let mut rows = statement.query([place])?;
    while let Some(row) = rows.next()? {
        let person = row.get_ref("person")?.as_str().map_err(|_| unreadable("person"))?;
        let rests = |(name, _): (&str, &str)| resting.iter().any(|one| one.as_str() == name);
        if !person.split_once(':').is_some_and(rests) {
            return Ok(Some((row.get("place")?, person.to_owned(), row.get("after_person")?)));
        }
    }
    Ok(None)
}

/// Whether a person's request has to wait for one of `after`, and may: not in a circle. Somebody whose work failed and
/// is backing off holds nobody up: one bad record must not keep a whole department waiting.
fn must_wait(connection: &Connection, person: &str, mut after: String) -> Result<bool, Fault> {
    if !connection.prepare_cached(COMING)?.exists([&after])? {
        return Ok(false);
    }
    let mut parked = connection.prepare_cached(PARKED_AFTER)?;
    for _ in 0..CHAIN_LIMIT {
        if after == person {
            return Ok(false);
        }
        match parked.query_row([&after], |row| row.get(0)).optional()? {
            Some(next) => after = next,
            None => return Ok(true),
        }
    }
    Ok(false)
}

fn take(connection: &Connection, place: i64, person: &str, until: Timestamp) -> Result<Lease, Fault> {
    let mut statement = connection.prepare_cached(TAKE)?;
    let (turn, attempt, asked_at, body): (i64, u32, i64, String) =
        statement.query_row([place, micros(until)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let request = match serde_json::from_str(&body) {
        Ok(request) => request,
        // Another version's words. A message is a hint: who is enough, and one bad row must not stop the queue.
        Err(_) => {
            let key = EmployeeKey::parse(person).ok_or_else(|| unreadable("person"))?;
            let asked_at = Timestamp::from_microsecond(asked_at).map_err(|_| unreadable("asked_at"))?;
            SyncRequest::hint(key, Trigger::Replay, asked_at)
        }
    };
    Ok(Lease { id: LeaseId::Sqlite { place, turn }, request, attempt })
}

struct Held {
    place: i64,
    person: String,
    attempts: u32,
}

/// What a lease holds, if it still does; another home's holds nothing here.
fn held(connection: &Connection, lease: &Lease) -> Result<Held, Fault> {
    let LeaseId::Sqlite { place, turn } = lease.id else { return Err(StateError::Conflict.into()) };
    let mut statement = connection.prepare_cached(HELD)?;
    let held = statement
        .query_row([place, turn], |row| Ok(Held { place, person: row.get("person")?, attempts: row.get("attempts")? }));
    held.optional()?.ok_or_else(|| StateError::Conflict.into())
}

/// Takes a request off for good, and makes ready who wished to come after it.
fn remove(connection: &Connection, place: i64, person: &str) -> Result<(), Fault> {
    connection.prepare_cached(DELETE)?.execute([place])?;
    connection.prepare_cached(UNPARK)?.execute([person])?;
    Ok(())
}

pub(crate) fn finish(connection: &Connection, lease: &Lease) -> Result<(), Fault> {
    let held = held(connection, lease)?;
    remove(connection, held.place, &held.person)
}

/// Why a leased request goes back.
enum Return<'a> {
    Failed { due: Timestamp, error: &'a str },
    Untried,
    RunOut,
}

pub(crate) fn retry(connection: &Connection, lease: &Lease, due: Timestamp, error: &str) -> Result<(), Fault> {
    let held = held(connection, lease)?;
    send_back(connection, held.place, &held.person, Return::Failed { due, error })
}

pub(crate) fn give_back(connection: &Connection, lease: &Lease) -> Result<(), Fault> {
    let held = held(connection, lease)?;
    send_back(connection, held.place, &held.person, Return::Untried)
}

/// Puts a leased request back to its place. If a newer one waits, the two are merged as in [`push`].
fn send_back(connection: &Connection, place: i64, person: &str, why: Return<'_>) -> Result<(), Fault> {
    let (mut state, mut due, mut uncounted, mut error) = match why {
        Return::Failed { due, error } => ("delayed", micros(due), 0, Some(error)),
        Return::Untried => ("ready", 0, 1, None),
        Return::RunOut => ("ready", 0, 0, None),
    };
    if let Some((newer, new, _)) = waiting(connection, person)? {
        let mut statement = connection.prepare_cached(STAMP)?;
        if !statement.query_row([place], Stamp::read)?.stays_before(new) {
            connection.prepare_cached(MOVE)?.execute([place, newer])?;
            (state, due, uncounted, error) = ("ready", 0, 0, None);
        }
        connection.prepare_cached(DELETE)?.execute([newer])?;
    }
    connection.prepare_cached(RETURN)?.execute(params![place, state, due, uncounted, error])?;
    if state == "delayed" {
        connection.prepare_cached(UNPARK)?.execute([person])?;
    }
    Ok(())
}

pub(crate) fn bury(connection: &Connection, lease: &Lease, now: Timestamp, error: &str) -> Result<(), Fault> {
    let held = held(connection, lease)?;
    let trigger = lease.request.trigger.word();
    connection.prepare_cached(BURY)?.execute(params![held.person, trigger, held.attempts, error, micros(now)])?;
    remove(connection, held.place, &held.person)
}

pub(crate) fn dead(connection: &Connection, rows: usize) -> Result<Vec<DeadLetter>, Fault> {
    all(connection.prepare_cached(DEAD)?.query([limit(rows)])?, |row| {
        Ok(DeadLetter {
            key: person(row)?,
            trigger: word(row, "cause")?,
            attempts: row.get("attempts")?,
            error: row.get("error")?,
            at: moment(row, "at")?,
        })
    })
}

pub(crate) fn replay(connection: &Connection, key: Option<&EmployeeKey>, now: Timestamp) -> Result<usize, Fault> {
    let people = match key {
        Some(key) => vec![key.clone()],
        None => all(connection.prepare_cached(DEAD_PEOPLE)?.query([])?, person)?,
    };
    let mut replayed = 0;
    for key in people {
        if connection.prepare_cached(EXHUME)?.execute([key.to_string()])? == 1 {
            push(connection, &SyncRequest::hint(key, Trigger::Replay, now))?;
            replayed += 1;
        }
    }
    Ok(replayed)
}

pub(crate) fn depth(connection: &Connection, now: Timestamp) -> Result<Depth, Fault> {
    let mut statement = connection.prepare_cached(DEPTH)?;
    let counted = first(statement.query([micros(now)])?, |row| {
        let (every, in_flight, delayed) = (count(row, "every")?, count(row, "in_flight")?, count(row, "delayed")?);
        let waiting = every.saturating_sub(in_flight + delayed);
        let next_due = moment_if_any(row, "next_due")?;
        Ok(Depth { waiting, in_flight, delayed, dead: count(row, "dead")?, next_due })
    })?;
    Ok(counted.unwrap_or_default())
}
