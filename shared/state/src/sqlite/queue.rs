//! What [`crate::Queue`] asks, each answered in one transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::SyncRequest;

use super::{Database, requests};
use crate::error::StateError;
use crate::queue::{DeadLetter, Depth, Lease};

impl Database {
    pub(crate) fn push(&self, requests: &[SyncRequest]) -> Result<(), StateError> {
        self.write(|c| requests.iter().try_for_each(|request| requests::push(c, request)))
    }

    pub(crate) fn lease(
        &self,
        resting: &BTreeSet<ConnectionName>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Lease>, StateError> {
        self.write(|c| requests::lease(c, resting, now, until, limit))
    }

    pub(crate) fn finish(&self, lease: &Lease) -> Result<(), StateError> {
        self.write(|c| requests::finish(c, lease))
    }

    pub(crate) fn retry(&self, lease: &Lease, _now: Timestamp, due: Timestamp, error: &str) -> Result<(), StateError> {
        self.write(|c| requests::retry(c, lease, due, error))
    }

    pub(crate) fn give_back(&self, lease: &Lease) -> Result<(), StateError> {
        self.write(|c| requests::give_back(c, lease))
    }

    pub(crate) fn bury(&self, lease: &Lease, now: Timestamp, error: &str) -> Result<(), StateError> {
        self.write(|c| requests::bury(c, lease, now, error))
    }

    pub(crate) fn dead(&self, limit: usize) -> Result<Vec<DeadLetter>, StateError> {
        self.read(|c| requests::dead(c, limit))
    }

    pub(crate) fn replay(&self, key: Option<&EmployeeKey>, now: Timestamp) -> Result<usize, StateError> {
        self.write(|c| requests::replay(c, key, now))
    }

    pub(crate) fn depth(&self, now: Timestamp) -> Result<Depth, StateError> {
        self.read(|c| requests::depth(c, now))
    }
}
