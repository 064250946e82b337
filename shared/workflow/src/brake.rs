//! Limits a day on what can hardly be undone.

use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use mapping::request::{SyncRequest, Trigger};
use mapping::status::{Brake, Hold, Status};
use state::Record;

use crate::{Site, Trouble, Workflow};

/// How long one use of a limit counts.
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Workflow {
    /// What keeps `plan` from being carried out now: as many people as the rules allow a day have met with the same.
    ///
    /// Each use takes one of so many places for a day, and a place can be taken once only, in either home: whoever works
    /// beside us cannot spend the same one. The same person keeps theirs when the work is tried again.
    pub(crate) async fn brake(&self, site: &Site, plan: &Plan, now: Timestamp) -> Result<Option<Hold>, Trouble> {
        let Some(brake) = plan.brake else { return Ok(None) };
        let limit = limit(site, brake);
        let until = now.checked_add(DAY).unwrap_or(Timestamp::MAX);
        let own = place(&plan.key, brake, plan.key.id.as_str());
        if self.store.is_claimed(&own, now).await? {
            return Ok(None);
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

/// How many a day the rules allow.
pub(crate) fn limit(site: &Site, brake: Brake) -> u16 {
    let limits = &site.rules.brakes;
    match brake {
        Brake::LeaveScope => limits.leave_scope,
        Brake::Delete => limits.delete,
        Brake::Offboard => limits.offboard,
    }
}

/// What one use is called: `what` is the person's own, or one of so many.
pub(crate) fn place(key: &EmployeeKey, brake: Brake, what: &str) -> String {
    format!("brake {} {} {what}", key.connection, brake.word())
}
