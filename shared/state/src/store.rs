//! What is known, wherever it is kept.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mapping::account::{AccountId, GroupName};
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::SyncRequest;

use crate::audit::AuditRow;
use crate::dynamodb;
use crate::error::StateError;
use crate::queue::{Lease, Queue};
use crate::record::{KnownGroup, Record};
use crate::rules::RulesText;
use crate::sqlite::{self, keepsakes, ledger, people, requests};

/// What is known. Cheap to clone: all clones are the same store.
#[derive(Clone)]
pub enum Store {
    /// A file of this machine.
    Sqlite(sqlite::Database),
    /// Two tables on AWS.
    DynamoDb(dynamodb::Tables),
}

/// Every method fails with `Unavailable` when the home cannot be used and with `Corrupt` when it holds nonsense;
/// those that write records also with `Conflict`.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
impl Store {
    /// One person's record.
    pub async fn record(&self, key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::get(c, key)),
            Store::DynamoDb(tables) => tables.record(key).await,
        }
    }

    /// Several people's records; whoever has none is not among them.
    pub async fn records_of(&self, keys: &[EmployeeKey]) -> Result<HashMap<EmployeeKey, Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| {
                let found = keys.iter().filter_map(|key| people::get(c, key).transpose());
                found.map(|record| record.map(|record| (record.key.clone(), record))).collect()
            }),
            Store::DynamoDb(tables) => tables.records_of(keys).await,
        }
    }

    /// Up to `limit` records, ordered by connection, then as [`EmployeeKey::order`] says, from right after `after` on.
    pub async fn records(
        &self,
        connection: Option<&ConnectionName>,
        after: Option<&EmployeeKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::list(c, connection, after, limit)),
            Store::DynamoDb(tables) => tables.records(connection, after, limit).await,
        }
    }

    /// Writes a record if nobody has since the one it was made from was read: its version tells. The stored version is
    /// one more.
    pub async fn put(&self, record: &Record) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| people::put(c, record)),
            Store::DynamoDb(tables) => tables.put(record).await,
        }
    }

    /// The same for many, all or none; on AWS all or none of every hundred or so.
    pub async fn put_all(&self, records: &[Record]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| records.iter().try_for_each(|record| people::put(c, record))),
            Store::DynamoDb(tables) => tables.put_all(records).await,
        }
    }

    /// Ends one person's run: the record, its audit rows, the requests that follow from it, and the lease. On one machine
    /// all or nothing. On AWS record and rows are, then come the requests, then the lease: a crash in between brings the
    /// request back, and whoever takes it for a second time asks for those that follow once more.
    pub async fn settle(
        &self,
        queue: &Queue,
        lease: &Lease,
        record: &Record,
        rows: &[AuditRow],
        then: &[SyncRequest],
    ) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| {
                // The lease first: a follow-up for the same person then stands alone instead of behind the finished one.
                requests::finish(c, lease)?;
                people::put(c, record)?;
                rows.iter().try_for_each(|row| ledger::append(c, row))?;
                then.iter().try_for_each(|request| requests::push(c, request))
            }),
            Store::DynamoDb(tables) => {
                tables.settle(record, rows).await?;
                queue.push(then).await?;
                queue.finish(lease).await
            }
        }
    }

    /// Whose account this is by our records. Of several (a link was moved by hand) the one looked at last.
    pub async fn owner_of(&self, account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::owner_of(c, account)),
            Store::DynamoDb(tables) => tables.owner_of(account).await,
        }
    }

    /// The same for every account that is anybody's.
    pub async fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(people::owners),
            Store::DynamoDb(tables) => tables.owners().await,
        }
    }

    /// Who waits for this manager to get an account.
    pub async fn waiting_for(&self, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::waiting_for(c, manager)),
            Store::DynamoDb(tables) => tables.waiting_for(manager).await,
        }
    }

    /// Up to `limit` people whose next change has come, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::due(c, now, limit)),
            Store::DynamoDb(tables) => tables.due(now, limit).await,
        }
    }

    /// Up to `limit` records whose next change comes by `until`, the soonest first; overdue ones are among them.
    pub async fn forecast(&self, until: Timestamp, limit: usize) -> Result<Vec<Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::forecast(c, until, limit)),
            Store::DynamoDb(tables) => tables.forecast(until, limit).await,
        }
    }

    /// Forgets a next change that lies at or before `moment`: its request is on the queue. A later one stays. The
    /// version stays too, so that a run in flight, which decides the next change anew, is not refused.
    pub async fn clear_due(&self, key: &EmployeeKey, moment: Timestamp) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| people::clear_due(c, key, moment)),
            Store::DynamoDb(tables) => tables.clear_due(key, moment).await,
        }
    }

    /// Where a reading of HR was left off.
    pub async fn cursor(&self, connection: &ConnectionName, name: &str) -> Result<Option<String>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| keepsakes::cursor(c, connection, name)),
            Store::DynamoDb(tables) => tables.cursor(connection, name).await,
        }
    }

    /// Leaves it off there. Call it once what was read is on the queue.
    pub async fn set_cursor(&self, connection: &ConnectionName, name: &str, value: &str) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::set_cursor(c, connection, name, value)),
            Store::DynamoDb(tables) => tables.set_cursor(connection, name, value).await,
        }
    }

    /// Every group that our rules name or have named.
    pub async fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(keepsakes::groups),
            Store::DynamoDb(tables) => tables.groups().await,
        }
    }

    /// Adds groups, or replaces what was known of them.
    pub async fn put_groups(&self, groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::put_groups(c, groups)),
            Store::DynamoDb(tables) => tables.put_groups(groups).await,
        }
    }

    /// Whether somebody holds a claim on `what` ([`Store::claim`]).
    pub async fn is_claimed(&self, what: &str, now: Timestamp) -> Result<bool, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| keepsakes::is_claimed(c, what, now)),
            Store::DynamoDb(tables) => tables.is_claimed(what, now).await,
        }
    }

    /// Claims `what` until a moment: `true` for the first to say so, of all processes with this store. For things that
    /// must happen once: a webhook's delivery taken, a group made.
    pub async fn claim(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::claim(c, what, until, now)),
            Store::DynamoDb(tables) => tables.claim(what, until, now).await,
        }
    }

    /// Adds audit rows, all or none; on AWS all or none of every hundred. A row whose id is there already is left as
    /// it is.
    pub async fn audit(&self, rows: &[AuditRow]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| rows.iter().try_for_each(|row| ledger::append(c, row))),
            Store::DynamoDb(tables) => tables.audit(rows).await,
        }
    }

    /// Up to `limit` audit rows of one person, the newest first.
    pub async fn audit_of(&self, key: &EmployeeKey, limit: usize) -> Result<Vec<AuditRow>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| ledger::of(c, key, limit)),
            Store::DynamoDb(tables) => tables.audit_of(key, limit).await,
        }
    }

    /// One person's intents without an outcome, the oldest first: a run was cut off.
    pub async fn unfinished(&self, key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| ledger::unfinished(c, key)),
            Store::DynamoDb(tables) => tables.unfinished(key).await,
        }
    }

    /// The rules that count now. On one machine their file does, and there are none here.
    pub async fn rules(&self) -> Result<Option<RulesText>, StateError> {
        match self {
            Store::Sqlite(_) => Ok(None),
            Store::DynamoDb(tables) => tables.rules().await,
        }
    }

    /// Up to `limit` versions of the rules, the newest first.
    pub async fn rules_history(&self, limit: usize) -> Result<Vec<RulesText>, StateError> {
        match self {
            Store::Sqlite(_) => Ok(Vec::new()),
            Store::DynamoDb(tables) => tables.rules_history(limit).await,
        }
    }

    /// Puts new rules in place of version `over` (0: there were none) and says which version they are. `Conflict` where
    /// somebody else has pushed in between.
    pub async fn push_rules(&self, text: &str, by: &str, over: u64, now: Timestamp) -> Result<u64, StateError> {
        match self {
            Store::Sqlite(_) => {
                Err(StateError::Unavailable("on one machine the rules are in their file, and nowhere else".to_owned()))
            }
            Store::DynamoDb(tables) => tables.push_rules(text, by, over, now).await,
        }
    }
}
