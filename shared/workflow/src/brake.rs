//! Limits a day on what can hardly be undone.

use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use mapping::request::{SyncRequest, Trigger};
use mapping::status::{Brake, Hold, Status};
use state::Record;

use crate::{Site, Trouble, Workflow};

/// How long one use of a limit counts.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Workflow {
    /// What keeps `plan` from being carried out now: as many people as the rules allow a day have met with the same.
    ///
    /// Each use takes one of so many places for a day, and a place can be taken once only, in either home: whoever works
    /// beside us cannot spend the same one. The same person keeps theirs when the work is tried again. Whoever is held
    /// stays so until somebody releases them, or allows more: time alone opens no brake.
    pub(crate) async fn brake(
        &self,
        site: &Site,
        plan: &Plan,
        record: Option<&Record>,
        now: Timestamp,
    ) -> Result<Option<Hold>, Trouble> {
        let Some(brake) = plan.brake else { return Ok(None) };
        let limits = &site.rules.brakes;
        let limit = match brake {
            Brake::LeaveScope => limits.leave_scope,
            Brake::Delete => limits.delete,
            Brake::Offboard => limits.offboard,
        };
        let until = now.checked_add(DAY).unwrap_or(Timestamp::MAX);
        let own = place(&plan.key, brake, plan.key.id.as_str());
        if self.store.is_claimed(&own, now).await? {
            return Ok(None);
        }
        let held = |status: &Status| match status {
            Status::Held { why: Hold::Braked { brake: by, limit: then } } => *by == brake && limit <= *then,
            Status::Held { .. }
            | Status::Synced
            | Status::Skipped { .. }
            | Status::Pending { .. }
            | Status::Failed { .. } => false,
        };
        if record.is_some_and(|record| held(&record.status)) {
            return Ok(Some(Hold::Braked { brake, limit }));
        }
        for number in 0..limit {
            if self.store.claim(&place(&plan.key, brake, &format!("#{number}")), until, now).await? {
                self.store.claim(&own, until, now).await?;
                return Ok(None);
            }
        }
        Ok(Some(Hold::Braked { brake, limit }))
    }

    /// Lets a person go ahead whom a limit a day holds: for a day, and with the limit as it is. `false` for anybody else.
    ///
    /// # Errors
    /// The store's.
    pub async fn release(&self, record: &Record, now: Timestamp) -> Result<bool, Trouble> {
        let Status::Held { why: Hold::Braked { brake, .. } } = record.status else { return Ok(false) };
        let until = now.checked_add(DAY).unwrap_or(Timestamp::MAX);
        self.store.claim(&place(&record.key, brake, record.key.id.as_str()), until, now).await?;
        self.queue.push(&[SyncRequest::hint(record.key.clone(), Trigger::Manual, now)]).await?;
        Ok(true)
    }
}

fn place(key: &EmployeeKey, brake: Brake, what: &str) -> String {
    format!("brake {} {} {what}", key.connection, brake.word())
}
