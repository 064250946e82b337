//! The queue on AWS: SQS FIFO, each person a message group, and a second queue for what was given up.

use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use mapping::request::SyncRequest;

use crate::error::StateError;
use crate::queue::{DeadLetter, Depth, Lease};

/// Both queues. Cheap to clone.
#[derive(Clone)]
pub struct Queues {}

/// A message in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Its id.
    pub message: String,
    /// What SQS wants to see for it.
    pub handle: String,
    /// Whether AWS Lambda took it, which then also deletes it.
    pub by_lambda: bool,
}

/// A message as AWS Lambda hands it over.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub message: String,
    /// What SQS wants to see for it.
    pub handle: String,
    /// Its group: the person.
    pub group: String,
    /// What it says.
    pub body: String,
    /// How often it was taken, this time too.
    pub attempt: u32,
}

/// Messages as leases, one for each person: several of one person, in their order, are merged into what remains of
/// them. Then the ids of messages that name nobody.
pub fn leases(_deliveries: Vec<Delivery>) -> (Vec<Lease>, Vec<String>) {
    unimplemented!()
}

impl Queues {
    pub(crate) fn new(_config: &aws_config::SdkConfig, _name: &str) -> Queues {
        unimplemented!()
    }
    pub(crate) async fn push(&self, _requests: &[SyncRequest]) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn lease(&self, _now: Timestamp, _until: Timestamp, _limit: usize) -> Result<Vec<Lease>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn finish(&self, _lease: &Lease) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn retry(&self, _lease: &Lease, _now: Timestamp, _due: Timestamp) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn give_back(&self, _lease: &Lease) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn bury(&self, _lease: &Lease, _now: Timestamp, _error: &str) -> Result<(), StateError> {
        unimplemented!()
    }
    pub(crate) async fn dead(&self, _limit: usize) -> Result<Vec<DeadLetter>, StateError> {
        unimplemented!()
    }
    pub(crate) async fn replay(&self, _key: Option<&EmployeeKey>, _now: Timestamp) -> Result<usize, StateError> {
        unimplemented!()
    }
    pub(crate) async fn depth(&self) -> Result<Depth, StateError> {
        unimplemented!()
    }
}
