//! HiBob.

pub(crate) mod webhook;

use jiff::Timestamp;
use mapping::configuration::Connection;
use mapping::employee::{ConnectionName, Employee, EmployeeId};
use mapping::roster::Roster;
use mapping::secret::Secret;
use transport::Fault;

use crate::{Finding, Subscribed, Subscription, Tended};

/// A HiBob company, ready to be read.
#[derive(Clone, Debug)]
pub struct Bob {
    connection: ConnectionName,
}

#[allow(clippy::unused_async, reason = "replaced soon")]
impl Bob {
    pub(crate) fn new(connection: &Connection, _token: &Secret) -> Bob {
        Bob { connection: connection.name.clone() }
    }

    pub(crate) fn connection(&self) -> &ConnectionName {
        &self.connection
    }

    fn not_yet() -> Fault {
        Fault::Unavailable { vendor: "HiBob", detail: "not read yet".to_owned() }
    }

    pub(crate) async fn employee(&self, _id: &EmployeeId, _now: Timestamp) -> Result<Option<Employee>, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn employees(&self, _ids: &[EmployeeId], _now: Timestamp) -> Result<Vec<Employee>, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn roster(&self, _now: Timestamp) -> Result<Roster, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) fn read(_connection: &Connection, _people: &[u8], _now: Timestamp) -> Result<Vec<Employee>, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn check(&self, _now: Timestamp) -> Result<Vec<Finding>, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn webhooks(&self) -> Result<Vec<Subscription>, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn subscribe(&self, _url: &str) -> Result<Subscribed, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn tend(&self, _id: &str, _url: &str) -> Result<Tended, Fault> {
        Err(Bob::not_yet())
    }

    pub(crate) async fn unsubscribe(&self, _id: &str) -> Result<(), Fault> {
        Err(Bob::not_yet())
    }
}
