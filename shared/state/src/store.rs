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
#[cfg(feature = "sqlite")]
use crate::sqlite;

/// What is known. Cheap to clone: all clones are the same store.
#[derive(Clone)]
pub enum Store {
    /// A file of this machine.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Database),
    /// Two tables on AWS.
    DynamoDb(dynamodb::Tables),
}

/// Asks whichever home this is: `ask!(self.record(key))`. Homes answer to the same names.
macro_rules! ask {
    ($store:ident.$question:ident($($about:expr),*)) => {
        match $store {
            #[cfg(feature = "sqlite")]
            Store::Sqlite(database) => database.$question($($about),*),
            Store::DynamoDb(tables) => tables.$question($($about),*).await,
        }
    };
}

/// Every method fails with `Unavailable` when the home cannot be used and with `Corrupt` when it holds nonsense;
/// those that write records also with `Conflict`.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
impl Store {
    /// One person's record.
    pub async fn record(&self, key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        ask!(self.record(key))
    }

    /// Several people's records; whoever has none is not among them.
    pub async fn records_of(&self, keys: &[EmployeeKey]) -> Result<HashMap<EmployeeKey, Record>, StateError> {
        ask!(self.records_of(keys))
    }

    /// Up to `limit` records, ordered by connection, then as [`EmployeeKey::order`] says, from right after `after` on.
    pub async fn records(
        &self,
        connection: Option<&ConnectionName>,
        after: Option<&EmployeeKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StateError> {
        ask!(self.records(connection, after, limit))
    }

    /// Writes a record if nobody has since the one it was made from was read: its version tells. The stored version is
    /// one more.
    pub async fn put(&self, record: &Record) -> Result<(), StateError> {
        ask!(self.put(record))
    }

    /// The same for many, all or none; on AWS all or none of every hundred or so.
    pub async fn put_all(&self, records: &[Record]) -> Result<(), StateError> {
        ask!(self.put_all(records))
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
            #[cfg(feature = "sqlite")]
            Store::Sqlite(database) => database.settle(lease, record, rows, then),
            Store::DynamoDb(tables) => {
                tables.settle(record, rows).await?;
                queue.push(then).await?;
                queue.finish(lease).await
            }
        }
    }

    /// Whose account this is by our records. Of several (a link was moved by hand) the one looked at last.
    pub async fn owner_of(&self, account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        ask!(self.owner_of(account))
    }

    /// The same for every account that is anybody's.
    pub async fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        ask!(self.owners())
    }

    /// Who waits for this manager to get an account.
    pub async fn waiting_for(&self, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        ask!(self.waiting_for(manager))
    }

    /// Up to `limit` people whose next change has come, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        ask!(self.due(now, limit))
    }

    /// Forgets a next change that lies at or before `moment`: its request is on the queue. A later one stays. The
    /// version stays too, so that a run in flight, which decides the next change anew, is not refused.
    pub async fn clear_due(&self, key: &EmployeeKey, moment: Timestamp) -> Result<(), StateError> {
        ask!(self.clear_due(key, moment))
    }

    /// Where a reading of HR was left off.
    pub async fn cursor(&self, connection: &ConnectionName, name: &str) -> Result<Option<String>, StateError> {
        ask!(self.cursor(connection, name))
    }

    /// Leaves it off there. Call it once what was read is on the queue.
    pub async fn set_cursor(&self, connection: &ConnectionName, name: &str, value: &str) -> Result<(), StateError> {
        ask!(self.set_cursor(connection, name, value))
    }

    /// Every group that our rules name or have named.
    pub async fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        ask!(self.groups())
    }

    /// Adds groups, or replaces what was known of them.
    pub async fn put_groups(&self, groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        ask!(self.put_groups(groups))
    }

    /// Whether somebody holds a claim on `what` ([`Store::claim`]).
    pub async fn is_claimed(&self, what: &str, now: Timestamp) -> Result<bool, StateError> {
        ask!(self.is_claimed(what, now))
    }

    /// Claims `what` until a moment: `true` for the first to say so, of all processes with this store. For things that
    /// must happen once: a webhook's delivery taken, a group made.
    pub async fn claim(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, StateError> {
        ask!(self.claim(what, until, now))
    }

    /// Adds audit rows, all or none; on AWS all or none of every hundred. A row whose id is there already is left as
    /// it is.
    pub async fn audit(&self, rows: &[AuditRow]) -> Result<(), StateError> {
        ask!(self.audit(rows))
    }

    /// Up to `limit` audit rows of one person, the newest first.
    pub async fn audit_of(&self, key: &EmployeeKey, limit: usize) -> Result<Vec<AuditRow>, StateError> {
        ask!(self.audit_of(key, limit))
    }

    /// One person's intents without an outcome, the oldest first: a run was cut off.
    pub async fn unfinished(&self, key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        ask!(self.unfinished(key))
    }

    /// The rules that count now. On one machine their file does, and there are none here.
    pub async fn rules(&self) -> Result<Option<RulesText>, StateError> {
        ask!(self.rules())
    }

    /// Up to `limit` versions of the rules, the newest first.
    pub async fn rules_history(&self, limit: usize) -> Result<Vec<RulesText>, StateError> {
        ask!(self.rules_history(limit))
    }

    /// Puts new rules in place of version `over` (0: there were none) and says which version they are. `Conflict` where
    /// somebody else has pushed in between.
    pub async fn push_rules(&self, text: &str, by: &str, over: u64, now: Timestamp) -> Result<u64, StateError> {
        ask!(self.push_rules(text, by, over, now))
    }
}
