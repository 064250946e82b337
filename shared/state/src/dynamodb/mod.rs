//! The store on AWS: a table of what is known, and a table of what was done.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mapping::account::{AccountId, GroupName};
use mapping::employee::{ConnectionName, EmployeeKey};

use crate::audit::AuditRow;
use crate::error::StateError;
use crate::record::{KnownGroup, Record};
use crate::rules::RulesText;

/// Both tables. Cheap to clone.
#[derive(Clone)]
pub struct Tables {}

impl Tables {
    pub(crate) fn new(_config: &aws_config::SdkConfig, _name: &str) -> Tables {
        unimplemented!()
    }
    pub(crate) async fn record(&self, _key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn records_of(&self, _keys: &[EmployeeKey]) -> Result<HashMap<EmployeeKey, Record>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn records(&self, _connection: Option<&ConnectionName>, _after: Option<&EmployeeKey>, _limit: usize) -> Result<Vec<Record>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn put(&self, _record: &Record) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn put_all(&self, _records: &[Record]) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn settle(&self, _record: &Record, _rows: &[AuditRow]) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn owner_of(&self, _account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn waiting_for(&self, _manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn due(&self, _now: Timestamp, _limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn forecast(&self, _until: Timestamp, _limit: usize) -> Result<Vec<Record>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn clear_due(&self, _key: &EmployeeKey, _moment: Timestamp) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn cursor(&self, _connection: &ConnectionName, _name: &str) -> Result<Option<String>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn set_cursor(&self, _connection: &ConnectionName, _name: &str, _value: &str) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn put_groups(&self, _groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn is_claimed(&self, _what: &str, _now: Timestamp) -> Result<bool, StateError> {
        unimplemented!()
    }
    pub(crate) async fn claim(&self, _what: &str, _until: Timestamp, _now: Timestamp) -> Result<bool, StateError> {
        unimplemented!()
    }
    pub(crate) async fn audit(&self, _rows: &[AuditRow]) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn audit_of(&self, _key: &EmployeeKey, _limit: usize) -> Result<Vec<AuditRow>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn unfinished(&self, _key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn rules(&self) -> Result<Option<RulesText>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn rules_history(&self, _limit: usize) -> Result<Vec<RulesText>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn push_rules(&self, _text: &str, _by: &str, _over: u64, _now: Timestamp) -> Result<u64, StateError> {
        unimplemented!()
    }
}
