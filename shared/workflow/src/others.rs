//! Whom else it concerns that somebody was looked at: reports whose manager has an account now or none any more, and who
//! they were under an earlier number.

use jiff::Timestamp;
use mapping::account::AccountId;
use mapping::employee::EmployeeKey;
use mapping::plan::ManagerSeen;
use mapping::request::{SyncRequest, Trigger};
use state::Record;

use crate::keep::handed_over;
use crate::observe::manager_seen;
use crate::{Trouble, Workflow};

impl Workflow {
    /// The account of somebody who left is the same person's under a new number now.
    pub(crate) async fn hand_over(&self, earlier: &EmployeeKey, now: Timestamp) -> Result<(), Trouble> {
        if let Some(record) = self.store.record(earlier).await? {
            self.store.put(&handed_over(record, now)).await?;
        }
        Ok(())
    }

    /// Whoever waited for this person's account to name it as their manager.
    pub(crate) async fn followers(&self, record: &Record, now: Timestamp) -> Result<Vec<SyncRequest>, Trouble> {
        let ManagerSeen::Account(_) = manager_seen(Some(record)) else { return Ok(Vec::new()) };
        let waiting = self.store.waiting_for(&record.key).await?;
        Ok(waiting.into_iter().map(|key| SyncRequest::hint(key, Trigger::Manager, now)).collect())
    }

    /// Those whose manager's account was deleted: looked at once more, they wait for the manager to have one again.
    pub(crate) async fn led(&self, reports: &[AccountId], now: Timestamp) -> Result<Vec<SyncRequest>, Trouble> {
        let mut requests = Vec::with_capacity(reports.len());
        for account in reports {
            if let Some(key) = self.store.owner_of(account).await? {
                requests.push(SyncRequest::hint(key, Trigger::Manager, now));
            }
        }
        Ok(requests)
    }

    /// A manager and somebody of theirs who were worked on at the same time: each looks for the other once its own
    /// record is stored, so that whoever comes last finds the first.
    pub(crate) async fn meet(&self, record: &Record, told: &[SyncRequest], now: Timestamp) -> Result<(), Trouble> {
        let mut late = self.followers(record, now).await?;
        late.retain(|request| told.iter().all(|told| told.key != request.key));
        if let Some(id) = &record.waits_for {
            let manager = EmployeeKey { connection: record.key.connection.clone(), id: id.clone() };
            if let ManagerSeen::Account(_) = manager_seen(self.store.record(&manager).await?.as_ref()) {
                late.push(SyncRequest::hint(record.key.clone(), Trigger::Manager, now));
            }
        }
        Ok(self.queue.push(&late).await?)
    }
}
