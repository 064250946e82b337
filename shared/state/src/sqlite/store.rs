//! What [`crate::Store`] asks, each answered in one transaction.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mapping::account::{AccountId, GroupName};
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::SyncRequest;

use super::{Database, keepsakes, ledger, people, requests};
use crate::audit::AuditRow;
use crate::error::StateError;
use crate::queue::Lease;
use crate::record::{KnownGroup, Record};
use crate::rules::RulesText;

impl Database {
    pub(crate) fn record(&self, key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        self.read(|c| people::get(c, key))
    }

    pub(crate) fn records_of(&self, keys: &[EmployeeKey]) -> Result<HashMap<EmployeeKey, Record>, StateError> {
        self.read(|c| {
            let found = keys.iter().filter_map(|key| people::get(c, key).transpose());
            found.map(|record| record.map(|record| (record.key.clone(), record))).collect()
        })
    }

    pub(crate) fn records(
        &self,
        connection: Option<&ConnectionName>,
        after: Option<&EmployeeKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StateError> {
        self.read(|c| people::list(c, connection, after, limit))
    }

    pub(crate) fn put(&self, record: &Record) -> Result<(), StateError> {
        self.write(|c| people::put(c, record))
    }

    pub(crate) fn put_all(&self, records: &[Record]) -> Result<(), StateError> {
        self.write(|c| records.iter().try_for_each(|record| people::put(c, record)))
    }

    pub(crate) fn settle(
        &self,
        lease: &Lease,
        record: &Record,
        rows: &[AuditRow],
        then: &[SyncRequest],
    ) -> Result<(), StateError> {
        self.write(|c| {
            // The lease first: a follow-up for the same person then stands alone instead of behind the finished one.
            requests::finish(c, lease)?;
            people::put(c, record)?;
            rows.iter().try_for_each(|row| ledger::append(c, row))?;
            then.iter().try_for_each(|request| requests::push(c, request))
        })
    }

    pub(crate) fn owner_of(&self, account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        self.read(|c| people::owner_of(c, account))
    }

    pub(crate) fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        self.read(people::owners)
    }

    pub(crate) fn waiting_for(&self, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        self.read(|c| people::waiting_for(c, manager))
    }

    pub(crate) fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        self.read(|c| people::due(c, now, limit))
    }

    pub(crate) fn clear_due(&self, key: &EmployeeKey, moment: Timestamp) -> Result<(), StateError> {
        self.write(|c| people::clear_due(c, key, moment))
    }

    pub(crate) fn cursor(&self, connection: &ConnectionName, name: &str) -> Result<Option<String>, StateError> {
        self.read(|c| keepsakes::cursor(c, connection, name))
    }

    pub(crate) fn set_cursor(&self, connection: &ConnectionName, name: &str, value: &str) -> Result<(), StateError> {
        self.write(|c| keepsakes::set_cursor(c, connection, name, value))
    }

    pub(crate) fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        self.read(keepsakes::groups)
    }

    pub(crate) fn put_groups(&self, groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        self.write(|c| keepsakes::put_groups(c, groups))
    }

    pub(crate) fn is_claimed(&self, what: &str, now: Timestamp) -> Result<bool, StateError> {
        self.read(|c| keepsakes::is_claimed(c, what, now))
    }

    pub(crate) fn claim(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, StateError> {
        self.write(|c| keepsakes::claim(c, what, until, now))
    }

    pub(crate) fn audit(&self, rows: &[AuditRow]) -> Result<(), StateError> {
        self.write(|c| rows.iter().try_for_each(|row| ledger::append(c, row)))
    }

    pub(crate) fn audit_of(&self, key: &EmployeeKey, limit: usize) -> Result<Vec<AuditRow>, StateError> {
        self.read(|c| ledger::of(c, key, limit))
    }

    pub(crate) fn unfinished(&self, key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        self.read(|c| ledger::unfinished(c, key))
    }

    /// None: the rules are in a file of their own.
    pub(crate) fn rules(&self) -> Result<Option<RulesText>, StateError> {
        Ok(None)
    }

    pub(crate) fn rules_history(&self, _limit: usize) -> Result<Vec<RulesText>, StateError> {
        Ok(Vec::new())
    }

    pub(crate) fn push_rules(&self, _text: &str, _by: &str, _over: u64, _now: Timestamp) -> Result<u64, StateError> {
        Err(StateError::Unavailable("on one machine the rules are in their file, and nowhere else".to_owned()))
    }
}
