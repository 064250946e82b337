//! The tables, and how an older file gets the newest ones.

use rusqlite::{Connection, TransactionBehavior};

use super::Fault;
use crate::error::StateError;

/// Each step leads to the version of its place, counted from 1. Steps that were released are never changed.
const STEPS: [&str; 2] = [include_str!("schema_1.sql"), include_str!("schema_2.sql")];
/// What SQLite keeps in the file's head to tell whose it is: "HIRE".
const APPLICATION: i64 = 0x4849_5245;

/// Whether this file is ours to use: empty, or written by this Hirewire or an older one. Returns its version.
pub(crate) fn check(connection: &Connection) -> Result<usize, Fault> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let known = STEPS.len() as u32;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION, version) if version > known => Err(StateError::TooNew { found: version, known }.into()),
        (APPLICATION, version) => Ok(version as usize),
        _ => Err(StateError::Corrupt("another program's file".to_owned()).into()),
    }
}

/// Takes every step that the file lacks, each whole or not at all.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    loop {
        // Asked again inside each transaction: another process may be at it too.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = check(&transaction)?;
        let Some(step) = STEPS.get(version) else { return Ok(()) };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", version as u32 + 1)?;
        transaction.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{keepsakes, ledger, people, requests};

    #[test]
    fn every_question_is_a_look_up() {
        let mut connection = Connection::open_in_memory().expect("opens");
        migrate(&mut connection).expect("migrates");
        let sets = [people::LOOK_UPS, requests::LOOK_UPS, ledger::LOOK_UPS, keepsakes::LOOK_UPS];
        for (sql, columns) in sets.into_iter().flatten() {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
            let parameters = vec![rusqlite::types::Null; statement.parameter_count()];
            let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get("detail"));
            let steps: Vec<String> = steps.and_then(Iterator::collect).expect(sql);
            let slow = |step: &String| step.contains("SCAN") || step.contains("TEMP B-TREE");
            assert!(!steps.iter().any(slow) && steps.iter().any(|s| s.ends_with(columns)), "{steps:?} for\n{sql}");
        }
    }
}
