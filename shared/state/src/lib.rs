//! What outlives a run: what is known of each person, who is to be looked at next, and where the keys are kept.
//!
//! [`Store`] and [`Queue`] are enums of homes, and every home answers the same few questions. They are listed here
//! because a home without indexes over everything (DynamoDB) must be laid out for exactly these:
//!
//! | question | asked by | found through |
//! |---|---|---|
//! | one person's record | every run of that person | connection and id |
//! | records in the order of people, from a place on | listings, surveys | connection, length of the id, id |
//! | whose is this account | matching | account |
//! | who waits for this manager | the manager's first account | connection and manager |
//! | who is due, and who will be | poller, forecast | next change |
//! | a cursor | poller | connection and name |
//! | the managed groups, all | every run | few: read whole |
//! | was this delivery seen before | webhook | connection and token; swept by age |
//! | one person's audit rows, newest first | explain | person and time |
//! | one person's intents without outcome | the run after a crash | person and kind; the intent's id |
//! | the oldest request that may be taken now | provisioner | state and place in the order |
//! | one person's requests | push, lease | person: at most one waiting and one in flight |
//! | the requests parked behind a person | finish | that person |
//! | dead letters, newest first | a human | time |
//!
//! Each is one query. What belongs together is one transaction; a write says which version it has read and is refused
//! with [`StateError::Conflict`] when somebody wrote in between. Moments are kept to the microsecond.

mod audit;
mod aws;
mod dynamodb;
mod error;
mod queue;
mod record;
mod rules;
mod secret;
mod secrets;
pub mod sqlite;
pub mod sqs;
mod store;

use mapping::configuration::HomeRef;

pub use crate::audit::{AuditKind, AuditRow};
pub use crate::error::StateError;
pub use crate::queue::{DeadLetter, Depth, Lease, LeaseId, Queue};
pub use crate::record::{KnownGroup, Record};
pub use crate::rules::{RULES_LIMIT, RulesText};
pub use crate::secret::SecretError;
pub use crate::secrets::Secrets;
pub use crate::store::Store;

/// Opens a home. The file of one machine is made when it is not there yet: for its owner only, its folder, its tables.
/// On AWS nothing is made, and nobody asked yet: `infra/template.yaml` makes what is needed.
///
/// # Errors
/// When it cannot be reached, or is not ours, or is a newer Hirewire's.
pub async fn open(home: &HomeRef) -> Result<(Store, Queue), StateError> {
    match home {
        HomeRef::Machine(path) => {
            let database = sqlite::Database::open(path.as_ref())?;
            Ok((Store::Sqlite(database.clone()), Queue::Sqlite(database)))
        }
        HomeRef::Aws { tables, queue } => {
            Ok(open_aws(aws::config().await, tables, queue))
        }
    }
}

/// The home on AWS, reached as `config` says. [`open`] takes it from the environment.
pub fn open_aws(config: &aws_config::SdkConfig, tables: &str, queue: &str) -> (Store, Queue) {
    (Store::DynamoDb(dynamodb::Tables::new(config, tables)), Queue::Sqs(sqs::Queues::new(config, queue)))
}
