//! What outlives a run: what is known of each person, who is to be looked at next, and where the keys are kept.
//!
//! [`Store`] and [`Queue`] are enums of homes, and every home answers the same few questions. They are listed here
//! because a home without indexes over everything (DynamoDB) must be laid out for exactly these:
//!
//! | question | asked by | found through | on AWS |
//! |---|---|---|---|
//! | one person's record | every run of that person | connection and id | key `person#<connection>`, place |
//! | several people's records | surveys | connection and id | the same keys, a hundred at a time |
//! | records in the order of people, from a place on | listings, surveys, forecasts | connection, length of the id, id | `person#<connection>`, from a place on; the connections by key `connections` |
//! | whose is this account | matching | account | index `account`, then the records |
//! | whose is every account | surveys | account | `person#<connection>`, whole |
//! | who waits for this manager | the manager's first account | connection and manager | key `waits#<connection>#<manager>`, then the records |
//! | who is due | poller | next change | index `due` |
//! | a cursor | poller | connection and name | key `cursor#<connection>`, name |
//! | the managed groups, all | every run | few: read whole | key `groups`, whole |
//! | is this claimed: a delivery seen, a group being made | webhook, provisioner | what is claimed; swept by age | key `claim#<what>`; swept by `expires` |
//! | the rules that count, and those before | every function | kept in a file, not here | key `rules`: `current`, and one place for each version |
//! | one person's audit rows, newest first | explain | person and time | log table: key of the person, backwards |
//! | one person's intents without outcome | every run that changed something | person and kind; the intent's id | log table: the person's newest sixty |
//! | the oldest request that may be taken now | provisioner | state and place in the order | SQS |
//! | one person's requests | push, lease | person: at most one waiting and one in flight | SQS: a message group |
//! | the requests parked behind a person | finish | that person | nobody is parked |
//! | dead letters, newest first | a human | time | SQS: a queue of their own |
//!
//! Each is one query, or as many as it has pages. What belongs together is one transaction, on AWS of at most a hundred
//! items; a write says which version it has read and is refused with [`StateError::Conflict`] when somebody wrote in
//! between. Moments are kept to the microsecond. The indexes on AWS lag behind by a moment; all else is read as it is.

mod audit;
mod aws;
mod clock;
mod digests;
mod dynamodb;
mod error;
mod queue;
mod record;
mod rules;
mod secret;
mod secrets;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod sqs;
mod store;

use mapping::configuration::HomeRef;

pub use crate::audit::{AuditKind, AuditRow};
pub use crate::clock::{CLOCK_VARIABLE, Clock};
pub use crate::digests::Digests;
pub use crate::error::StateError;
pub use crate::queue::{DeadLetter, Depth, Lease, LeaseId, Queue};
pub use crate::record::{KnownGroup, Life, Record};
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
        #[cfg(not(feature = "sqlite"))]
        HomeRef::Machine(_) => {
            Err(StateError::Unavailable("this program knows no other home than AWS: name tables and queues".to_owned()))
        }
        #[cfg(feature = "sqlite")]
        HomeRef::Machine(path) => {
            let database = sqlite::Database::open(path.as_ref())?;
            Ok((Store::Sqlite(database.clone()), Queue::Sqlite(database)))
        }
        HomeRef::Aws { tables, queue } => Ok(open_aws(aws::config().await, tables, queue)),
    }
}

/// The home on AWS and where keys are looked up, for a function: AWS Lambda tells it by variables where it is and who it
/// is, so nothing else is looked for. Files with keys are named in full. Nobody is asked yet.
pub fn open_in_function(tables: &str, queue: &str) -> (Store, Queue, Secrets) {
    let tables = dynamodb::Tables::new(&aws::function_config("DYNAMODB"), tables);
    let queues = sqs::Queues::new(&aws::function_config("SQS"), queue);
    let secrets = Secrets::with("".as_ref(), &aws::function_config("SECRETS_MANAGER"));
    (Store::DynamoDb(tables), Queue::Sqs(queues), secrets)
}

/// The home on AWS, reached as `config` says. [`open`] takes it from the environment.
pub fn open_aws(config: &aws_config::SdkConfig, tables: &str, queue: &str) -> (Store, Queue) {
    (Store::DynamoDb(dynamodb::Tables::new(config, tables)), Queue::Sqs(sqs::Queues::new(config, queue)))
}
