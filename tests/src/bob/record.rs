//! One person's record: plain values, rows of dated tables, and the rows of the lifecycle.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::fields::Table;

/// The lifecycle statuses that mean something to the company itself; all others are leaves.
pub(super) const HIRED: &str = "hired";
pub(super) const EMPLOYED: &str = "employed";
pub(super) const GARDEN_LEAVE: &str = "garden leave";
pub(super) const TERMINATED: &str = "terminated";

/// A row of a dated table: the columns by field id.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) date: Date,
    pub(super) saved: Timestamp,
    pub(super) values: BTreeMap<String, Value>,
}

/// A row of the lifecycle.
#[derive(Clone, Debug)]
pub(super) struct StatusRow {
    pub(super) date: Date,
    pub(super) saved: Timestamp,
    /// The item's id in the list `lifecycleStatus`.
    pub(super) status: String,
    /// The access status that goes with it.
    pub(super) active: bool,
    pub(super) reason: Option<String>,
}

/// Where the lifecycle puts somebody at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: String,
    pub(super) active: bool,
}

impl Standing {
    /// Whether this is an end of work, as `employee.left` means it.
    pub(super) fn has_left(&self) -> bool {
        self.status == TERMINATED || self.status == GARDEN_LEAVE
    }

    /// Whether this is a leave that one comes back from.
    pub(super) fn is_away(&self) -> bool {
        ![HIRED, EMPLOYED, GARDEN_LEAVE, TERMINATED].contains(&self.status.as_str())
    }
}

/// One person.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) created: Timestamp,
    pub(super) starts: Date,
    pub(super) originally: Date,
    /// Plain values by field id, in machine form.
    pub(super) stored: BTreeMap<String, Value>,
    /// In the order of their dates, one for each date.
    pub(super) tables: BTreeMap<Table, Vec<Row>>,
    /// The same.
    pub(super) lifecycle: Vec<StatusRow>,
    /// Access was taken away at once, whatever the lifecycle says.
    pub(super) revoked: bool,
}

impl Record {
    pub(super) fn rows(&self, table: Table) -> &[Row] {
        self.tables.get(&table).map_or(&[], Vec::as_slice)
    }

    /// The row of this very date, made from the one before it where there is none.
    pub(super) fn row_on(&mut self, table: Table, date: Date, saved: Timestamp) -> &mut Row {
        let rows = self.tables.entry(table).or_default();
        let at = match rows.binary_search_by_key(&date, |row| row.date) {
            Ok(at) => at,
            Err(at) => {
                let values = at.checked_sub(1).map(|before| rows[before].values.clone()).unwrap_or_default();
                rows.insert(at, Row { date, saved, values });
                at
            }
        };
        rows[at].saved = saved;
        &mut rows[at]
    }

    /// Adds a row of the lifecycle in place of any other of that date.
    pub(super) fn add_status(&mut self, row: StatusRow) {
        self.lifecycle.retain(|old| old.date != row.date);
        self.lifecycle.push(row);
        self.lifecycle.sort_by_key(|row| row.date);
    }

    /// What began with the start begins with the new one.
    pub(super) fn move_start(&mut self, to: Date) {
        let from = std::mem::replace(&mut self.starts, to);
        if self.originally == from {
            self.originally = to;
        }
        for rows in self.tables.values_mut() {
            rows.iter_mut().filter(|row| row.date == from).for_each(|row| row.date = to);
            rows.sort_by_key(|row| row.date);
        }
        self.lifecycle.iter_mut().filter(|row| row.date == from).for_each(|row| row.date = to);
        self.lifecycle.sort_by_key(|row| row.date);
    }

    /// A stored text or date.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.stored.get(field).and_then(Value::as_str)
    }
}
