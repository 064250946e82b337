//! Limits a day on what can hardly be undone.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use mapping::request::{SyncRequest, Trigger};
use mapping::status::{Brake, Hold, Status};
use state::{AuditKind, AuditRow, Queue, Record, StateError, Store};

use crate::intents::row_id;
use crate::{Site, Trouble, Workflow};

/// How long one use of a limit counts.
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

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
        let limit = limit(site, brake);
        let until = now.checked_add(DAY).unwrap_or(Timestamp::MAX);
        let own = place(&plan.key, brake, plan.key.id.as_str());
        if self.store.is_claimed(&own, now).await? {
            return Ok(None);
        }
        if is_held_still(record, brake, limit) {
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

    /// The same for a dry run, which takes no place. `spent` is where its own people have got to in each limit.
    pub(crate) async fn foresee_brake(
        &self,
        site: &Site,
        plan: &Plan,
        record: Option<&Record>,
        spent: &mut Spent,
        now: Timestamp,
    ) -> Result<Option<Hold>, StateError> {
        let Some(brake) = plan.brake else { return Ok(None) };
        if self.store.is_claimed(&place(&plan.key, brake, plan.key.id.as_str()), now).await? {
            return Ok(None);
        }
        let limit = limit(site, brake);
        if is_held_still(record, brake, limit) {
            return Ok(Some(Hold::Braked { brake, limit }));
        }
        let next = spent.entry(brake).or_default();
        while *next < limit {
            *next += 1;
            if !self.store.is_claimed(&place(&plan.key, brake, &format!("#{}", *next - 1)), now).await? {
                return Ok(None);
            }
        }
        Ok(Some(Hold::Braked { brake, limit }))
    }
}

/// Whether this brake held the person already, and allows no more than then.
pub(crate) fn is_held_still(record: Option<&Record>, brake: Brake, limit: u16) -> bool {
    record.is_some_and(|record| match &record.status {
        Status::Held { why: Hold::Braked { brake: by, limit: then } } => *by == brake && limit <= *then,
        Status::Held { .. }
        | Status::Synced
        | Status::Skipped { .. }
        | Status::Pending { .. }
        | Status::Failed { .. } => false,
    })
}

/// How many places of each limit a dry run has gone through.
pub(crate) type Spent = HashMap<Brake, u16>;

/// Who lets somebody go ahead, for the audit.
#[derive(Clone, Copy, Debug)]
pub struct Releasing<'a> {
    /// The login of whoever does it.
    pub by: &'a str,
    /// Which rules count.
    pub rules: &'a str,
}

/// Lets a person go ahead whom a limit a day holds: for a day, and with the limit as it is. `false` for anybody else.
///
/// It needs no key: whoever works the queue does the rest.
///
/// # Errors
/// The store's.
pub async fn release(
    store: &Store,
    queue: &Queue,
    record: &Record,
    who: Releasing<'_>,
    now: Timestamp,
) -> Result<bool, StateError> {
    let Status::Held { why: Hold::Braked { brake, limit } } = record.status else { return Ok(false) };
    let row = AuditRow {
        id: row_id(&record.key, now),
        key: record.key.clone(),
        at: now,
        trigger: Trigger::Manual,
        kind: AuditKind::Done,
        answers: None,
        plan: None,
        text: format!("released by {} from brakes.{} = {limit}", who.by, brake.word()),
        rules: who.rules.to_owned(),
        actions: 0,
    };
    // Before anything comes of it.
    store.audit(&[row]).await?;
    let until = now.checked_add(DAY).unwrap_or(Timestamp::MAX);
    store.claim(&place(&record.key, brake, record.key.id.as_str()), until, now).await?;
    queue.push(&[SyncRequest::hint(record.key.clone(), Trigger::Manual, now)]).await?;
    Ok(true)
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
