//! The audit rows.

use mapping::employee::EmployeeKey;
use rusqlite::{Connection, Row, params};

use super::Fault;
use super::columns::{all, count, limit, micros, moment, person, word};
use crate::audit::AuditRow;

const APPEND: &str = "INSERT INTO audit (id, person, at, cause, kind, answers, plan, text, rules, actions) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING";
const OF: &str = "SELECT * FROM audit WHERE person = ?1 ORDER BY at DESC, place DESC LIMIT ?2";
const UNFINISHED: &str = "SELECT * FROM audit AS intent WHERE person = ?1 AND kind = 'intent' \
    AND NOT EXISTS (SELECT 1 FROM audit AS outcome WHERE outcome.answers = intent.id) ORDER BY at, place";
/// Held by a test to be look-ups, by these columns.
#[cfg(test)]
pub(crate) const LOOK_UPS: &[(&str, &str)] =
    &[(OF, "(person=?)"), (UNFINISHED, "audit_intents (person=?)"), (UNFINISHED, "(answers=?)")];

fn read(row: &Row<'_>) -> Result<AuditRow, Fault> {
    Ok(AuditRow {
        id: row.get("id")?,
        key: person(row)?,
        at: moment(row, "at")?,
        trigger: word(row, "cause")?,
        kind: word(row, "kind")?,
        answers: row.get("answers")?,
        plan: row.get("plan")?,
        text: row.get("text")?,
        rules: row.get("rules")?,
        actions: count(row, "actions")?,
    })
}

pub(crate) fn append(connection: &Connection, row: &AuditRow) -> Result<(), Fault> {
    connection.prepare_cached(APPEND)?.execute(params![
        row.id,
        row.key.to_string(),
        micros(row.at),
        row.trigger.word(),
        row.kind.word(),
        row.answers,
        row.plan,
        row.text,
        row.rules,
        limit(row.actions)
    ])?;
    Ok(())
}

pub(crate) fn of(connection: &Connection, key: &EmployeeKey, rows: usize) -> Result<Vec<AuditRow>, Fault> {
    all(connection.prepare_cached(OF)?.query(params![key.to_string(), limit(rows)])?, read)
}

pub(crate) fn unfinished(connection: &Connection, key: &EmployeeKey) -> Result<Vec<AuditRow>, Fault> {
    all(connection.prepare_cached(UNFINISHED)?.query([key.to_string()])?, read)
}
