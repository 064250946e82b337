//! The small things that are kept: cursors, groups, claims.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mapping::account::{GroupId, GroupName};
use mapping::employee::ConnectionName;
use rusqlite::{Connection, params};

use super::Fault;
use super::columns::{first, id, id_if_any, micros};
use crate::record::KnownGroup;

const CURSOR: &str = "SELECT value FROM cursor WHERE connection = ?1 AND name = ?2";
const SET_CURSOR: &str = "INSERT INTO cursor (connection, name, value) VALUES (?1, ?2, ?3) \
    ON CONFLICT DO UPDATE SET value = excluded.value";
const GROUPS: &str = "SELECT name, id, dynamic FROM managed_group";
const PUT_GROUP: &str = "INSERT INTO managed_group (name, id, dynamic) VALUES (?1, ?2, ?3) \
    ON CONFLICT DO UPDATE SET id = excluded.id, dynamic = excluded.dynamic";
const SWEEP: &str = "DELETE FROM claim WHERE until <= ?1";
const CLAIM: &str = "INSERT INTO claim (what, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const CLAIMED: &str = "SELECT 1 FROM claim WHERE what = ?1 AND until > ?2";
/// Held by a test to be look-ups, by these columns.
#[cfg(test)]
pub(crate) const LOOK_UPS: &[(&str, &str)] =
    &[(CURSOR, "(connection=? AND name=?)"), (SWEEP, "(until<?)"), (CLAIMED, "(what=?)")];

pub(crate) fn cursor(connection: &Connection, of: &ConnectionName, name: &str) -> Result<Option<String>, Fault> {
    first(connection.prepare_cached(CURSOR)?.query([of.as_str(), name])?, |row| Ok(row.get(0)?))
}

pub(crate) fn set_cursor(connection: &Connection, of: &ConnectionName, name: &str, value: &str) -> Result<(), Fault> {
    connection.prepare_cached(SET_CURSOR)?.execute([of.as_str(), name, value])?;
    Ok(())
}

pub(crate) fn groups(connection: &Connection) -> Result<BTreeMap<GroupName, KnownGroup>, Fault> {
    let mut statement = connection.prepare_cached(GROUPS)?;
    let mut rows = statement.query([])?;
    let mut groups = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let group = KnownGroup { id: id_if_any(row, "id")?, dynamic: row.get("dynamic")? };
        groups.insert(id(row, "name")?, group);
    }
    Ok(groups)
}

pub(crate) fn put_groups(connection: &Connection, groups: &[(GroupName, KnownGroup)]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(PUT_GROUP)?;
    for (name, group) in groups {
        statement.execute(params![name.as_str(), group.id.as_ref().map(GroupId::as_str), group.dynamic])?;
    }
    Ok(())
}

pub(crate) fn is_claimed(connection: &Connection, what: &str, now: Timestamp) -> Result<bool, Fault> {
    Ok(connection.prepare_cached(CLAIMED)?.exists(params![what, micros(now)])?)
}

pub(crate) fn claim(connection: &Connection, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, Fault> {
    connection.prepare_cached(SWEEP)?.execute([micros(now)])?;
    Ok(connection.prepare_cached(CLAIM)?.execute(params![what, micros(until)])? == 1)
}
