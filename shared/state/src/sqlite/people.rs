//! What is known of each person.

use std::collections::HashMap;

use jiff::Timestamp;
use mapping::account::AccountId;
use mapping::employee::{ConnectionName, EmployeeKey};
use rusqlite::{Connection, Row, named_params, params};

use super::Fault;
use super::columns::id;
use super::columns::{all, first, id_if_any, json, key, limit, micros, moment, moment_if_any, part, part_if_any, word};
use crate::error::StateError;
use crate::record::{Life, Record};

const GET: &str = "SELECT * FROM person WHERE connection = ?1 AND size = ?2 AND id = ?3";
const LIST: &str = "SELECT * FROM person WHERE (connection, size, id) > (?1, ?2, ?3) \
    ORDER BY connection, size, id LIMIT ?4";
const LIST_ONE: &str = "SELECT * FROM person WHERE connection = ?1 AND (size, id) > (?2, ?3) \
    ORDER BY size, id LIMIT ?4";
const INSERT: &str = "INSERT INTO person (connection, size, id, version, label, account, username, status, notes, \
    suspended_by_us, group_names, life, waits_for, fingerprint, observed_at, next_change, last_sync, cause) \
    VALUES (:connection, :size, :id, :version + 1, :label, :account, :username, :status, :notes, \
    :suspended_by_us, :group_names, :life, :waits_for, :fingerprint, :observed_at, :next_change, :last_sync, :cause) \
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE person SET version = version + 1, label = :label, account = :account, \
    username = :username, status = :status, notes = :notes, suspended_by_us = :suspended_by_us, \
    group_names = :group_names, life = :life, waits_for = :waits_for, fingerprint = :fingerprint, \
    observed_at = :observed_at, \
    next_change = :next_change, last_sync = :last_sync, cause = :cause \
    WHERE connection = :connection AND size = :size AND id = :id AND version = :version";
const OWNER: &str = "SELECT connection, id FROM person WHERE account = ?1 ORDER BY last_sync DESC LIMIT 1";
const OWNERS: &str = "SELECT account, connection, id FROM person WHERE account IS NOT NULL ORDER BY account, last_sync";
const WAITING: &str = "SELECT connection, id FROM person WHERE connection = ?1 AND waits_for = ?2";
const DUE: &str = "SELECT connection, id FROM person WHERE next_change <= ?1 ORDER BY next_change LIMIT ?2";
const CLEAR_DUE: &str = "UPDATE person SET next_change = NULL \
    WHERE connection = ?1 AND size = ?2 AND id = ?3 AND next_change <= ?4";
/// Held by a test to be look-ups, by these columns.
#[cfg(test)]
pub(crate) const LOOK_UPS: &[(&str, &str)] = &[
    (GET, "(connection=? AND size=? AND id=?)"),
    (LIST, "((connection,size,id)>(?,?,?))"),
    (LIST_ONE, "(connection=? AND (size,id)>(?,?))"),
    (UPDATE, "(connection=? AND size=? AND id=?)"),
    (OWNER, "(account=?)"),
    (WAITING, "(connection=? AND waits_for=?)"),
    (DUE, "(next_change<?)"),
    (CLEAR_DUE, "(connection=? AND size=? AND id=?)"),
];

/// The length of the id, by which people are ordered first.
fn size(key: &EmployeeKey) -> i64 {
    limit(key.order().0)
}

fn read(row: &Row<'_>) -> Result<Record, Fault> {
    let version: i64 = row.get("version")?;
    let fingerprint: Option<i64> = row.get("fingerprint")?;
    Ok(Record {
        key: key(row)?,
        label: row.get("label")?,
        account: id_if_any(row, "account")?,
        username: row.get("username")?,
        status: part(row, "status")?,
        notes: part(row, "notes")?,
        suspended_by_us: row.get("suspended_by_us")?,
        groups: part(row, "group_names")?,
        life: part_if_any(row, "life")?,
        waits_for: id_if_any(row, "waits_for")?,
        fingerprint: fingerprint.map(i64::cast_unsigned),
        observed_at: moment_if_any(row, "observed_at")?,
        next_change: moment_if_any(row, "next_change")?,
        last_sync: moment(row, "last_sync")?,
        trigger: word(row, "cause")?,
        version: version.cast_unsigned(),
    })
}

pub(crate) fn get(connection: &Connection, key: &EmployeeKey) -> Result<Option<Record>, Fault> {
    let mut statement = connection.prepare_cached(GET)?;
    first(statement.query(params![key.connection.as_str(), size(key), key.id.as_str()])?, read)
}

pub(crate) fn list(
    connection: &Connection,
    of: Option<&ConnectionName>,
    after: Option<&EmployeeKey>,
    rows: usize,
) -> Result<Vec<Record>, Fault> {
    let place = after.map_or(("", 0, ""), |key| (key.connection.as_str(), size(key), key.id.as_str()));
    let (sql, (name, size, id)) = match of.map(ConnectionName::as_str) {
        None => (LIST, place),
        Some(name) if name == place.0 => (LIST_ONE, place),
        Some(name) if name > place.0 => (LIST_ONE, (name, 0, "")),
        // The place lies behind this connection's last person.
        Some(_) => return Ok(Vec::new()),
    };
    all(connection.prepare_cached(sql)?.query(params![name, size, id, limit(rows)])?, read)
}

pub(crate) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(if record.version == 0 { INSERT } else { UPDATE })?;
    let written = statement.execute(named_params! {
        ":connection": record.key.connection.as_str(),
        ":size": size(&record.key),
        ":id": record.key.id.as_str(),
        ":version": record.version.cast_signed(),
        ":label": record.label,
        ":account": record.account.as_ref().map(AccountId::as_str),
        ":username": record.username,
        ":status": json(&record.status)?,
        ":notes": json(&record.notes)?,
        ":suspended_by_us": record.suspended_by_us,
        ":group_names": json(&record.groups)?,
        ":life": if record.life == Life::default() { None } else { Some(json(&record.life)?) },
        ":waits_for": record.waits_for.as_ref().map(|id| id.as_str()),
        ":fingerprint": record.fingerprint.map(u64::cast_signed),
        ":observed_at": record.observed_at.map(micros),
        ":next_change": record.next_change.map(micros),
        ":last_sync": micros(record.last_sync),
        ":cause": record.trigger.word(),
    })?;
    if written == 0 { Err(StateError::Conflict.into()) } else { Ok(()) }
}

pub(crate) fn owner_of(connection: &Connection, account: &AccountId) -> Result<Option<EmployeeKey>, Fault> {
    first(connection.prepare_cached(OWNER)?.query([account.as_str()])?, key)
}

pub(crate) fn owners(connection: &Connection) -> Result<HashMap<AccountId, EmployeeKey>, Fault> {
    let mut statement = connection.prepare_cached(OWNERS)?;
    let mut rows = statement.query([])?;
    let mut owners = HashMap::new();
    let mut shared: Option<ConnectionName> = None;
    while let Some(row) = rows.next()? {
        let mut owner = key(row)?;
        // A hundred thousand people of one connection need its name only once.
        match &shared {
            Some(name) if *name == owner.connection => owner.connection = name.clone(),
            Some(_) | None => shared = Some(owner.connection.clone()),
        }
        // Of several the one looked at last, as for a single account: it comes last.
        owners.insert(id(row, "account")?, owner);
    }
    Ok(owners)
}

pub(crate) fn waiting_for(connection: &Connection, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, Fault> {
    let mut statement = connection.prepare_cached(WAITING)?;
    all(statement.query([manager.connection.as_str(), manager.id.as_str()])?, key)
}

pub(crate) fn due(connection: &Connection, now: Timestamp, rows: usize) -> Result<Vec<EmployeeKey>, Fault> {
    all(connection.prepare_cached(DUE)?.query([micros(now), limit(rows)])?, key)
}

pub(crate) fn clear_due(connection: &Connection, key: &EmployeeKey, moment: Timestamp) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(CLEAR_DUE)?;
    statement.execute(params![key.connection.as_str(), size(key), key.id.as_str(), micros(moment)])?;
    Ok(())
}
