//! What is known, wherever it is kept.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mapping::account::{AccountId, GroupName};
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::SyncRequest;

use crate::audit::AuditRow;
use crate::error::StateError;
use crate::queue::Lease;
use crate::record::{KnownGroup, Record};
use crate::sqlite::{self, keepsakes, ledger, people, requests};

/// What is known. Cheap to clone: all clones are the same store.
#[derive(Clone)]
pub enum Store {
    /// A file of this machine.
    Sqlite(sqlite::Database),
}

/// Every method fails with `Unavailable` when the home cannot be used and with `Corrupt` when it holds nonsense;
/// those that write records also with `Conflict`.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
impl Store {
    /// One person's record.
    pub async fn record(&self, key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::get(c, key)),
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
        }
    }

    /// Writes a record if nobody has since the one it was made from was read: its version tells. The stored version is
    /// one more.
    pub async fn put(&self, record: &Record) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| people::put(c, record)),
        }
    }

    /// The same for many, all or none.
    pub async fn put_all(&self, records: &[Record]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| records.iter().try_for_each(|record| people::put(c, record))),
        }
    }

    /// Ends one person's run, all or nothing: the record, its audit rows, the requests that follow from it, and the
    /// lease.
    pub async fn settle(
        &self,
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
        }
    }

    /// Whose account this is by our records. Of several (a link was moved by hand) the one looked at last.
    pub async fn owner_of(&self, account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::owner_of(c, account)),
        }
    }

    /// The same for every account that is anybody's.
    pub async fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(people::owners),
        }
    }

    /// Who waits for this manager to get an account.
    pub async fn waiting_for(&self, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::waiting_for(c, manager)),
        }
    }

    /// Up to `limit` people whose next change has come, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::due(c, now, limit)),
        }
    }

    /// Up to `limit` records whose next change comes by `until`, the soonest first; overdue ones are among them.
    pub async fn forecast(&self, until: Timestamp, limit: usize) -> Result<Vec<Record>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| people::forecast(c, until, limit)),
        }
    }

    /// Forgets a next change that lies at or before `moment`: its request is on the queue. A later one stays. The
    /// version stays too, so that a run in flight, which decides the next change anew, is not refused.
    pub async fn clear_due(&self, key: &EmployeeKey, moment: Timestamp) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| people::clear_due(c, key, moment)),
        }
    }

    /// Where a reading of HR was left off.
    pub async fn cursor(&self, connection: &ConnectionName, name: &str) -> Result<Option<String>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| keepsakes::cursor(c, connection, name)),
        }
    }

    /// Leaves it off there. Call it once what was read is on the queue.
    pub async fn set_cursor(&self, connection: &ConnectionName, name: &str, value: &str) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::set_cursor(c, connection, name, value)),
        }
    }

    /// Every group that our rules name or have named.
    pub async fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(keepsakes::groups),
        }
    }

    /// Adds groups, or replaces what was known of them.
    pub async fn put_groups(&self, groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::put_groups(c, groups)),
        }
    }

    /// Whether somebody holds a claim on `what` ([`Store::claim`]).
    pub async fn is_claimed(&self, what: &str, now: Timestamp) -> Result<bool, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| keepsakes::is_claimed(c, what, now)),
        }
    }

    /// Claims `what` until a moment: `true` for the first to say so, of all processes with this store. For things that
    /// must happen once: a webhook's delivery taken, a group made.
    pub async fn claim(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| keepsakes::claim(c, what, until, now)),
        }
    }

    /// Adds audit rows, all or none. A row whose id is there already is left as it is.
    pub async fn audit(&self, rows: &[AuditRow]) -> Result<(), StateError> {
        match self {
            Store::Sqlite(database) => database.write(|c| rows.iter().try_for_each(|row| ledger::append(c, row))),
        }
    }

    /// Up to `limit` audit rows of one person, the newest first.
    pub async fn audit_of(&self, key: &EmployeeKey, limit: usize) -> Result<Vec<AuditRow>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| ledger::of(c, key, limit)),
        }
    }

    /// One person's intents without an outcome, the oldest first: a run was cut off.
    pub async fn unfinished(&self, key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        match self {
            Store::Sqlite(database) => database.read(|c| ledger::unfinished(c, key)),
        }
    }
}
