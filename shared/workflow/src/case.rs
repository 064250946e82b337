//! One person's request in hand, and the ways in which it ends: each stores what is known then, and finishes the request.

use jiff::Timestamp;
use mapping::desired::Desired;
use mapping::plan::Plan;
use mapping::status::{Skip, Status};
use state::{AuditRow, Lease, Record};

use crate::apply::{Applied, End};
use crate::keep::{Facts, after, gone_from_hr, unchanged};
use crate::provision::Done;
use crate::{Site, Trouble, Workflow};

/// Somebody who is looked at now.
pub(crate) struct Case<'a> {
    pub(crate) workflow: &'a Workflow,
    pub(crate) site: &'a Site,
    pub(crate) lease: &'a Lease,
    /// What was known of them before.
    pub(crate) record: Option<Record>,
    pub(crate) now: Timestamp,
}

impl Case<'_> {
    /// What is to become of somebody whose connection is being removed.
    pub(crate) fn desired_of_removed(&self) -> Desired {
        let key = &self.lease.request.key;
        let label = self.record.as_ref().map_or_else(|| key.to_string(), |record| record.label.clone());
        Desired::of_removed(key.clone(), label, &self.site.rules, self.now)
    }

    /// Nothing is done now.
    pub(crate) async fn leave(self) -> Result<Done, Trouble> {
        self.workflow.queue.finish(self.lease).await?;
        let status = self.record.as_ref().map_or(Status::Synced, |record| record.status.clone());
        Ok(self.done(None, 0, status, None))
    }

    /// Somebody has done it since, by what HR said later.
    pub(crate) async fn stale(self) -> Result<Done, Trouble> {
        let rows = self.workflow.interrupted(self.lease, self.now).await?;
        if !rows.is_empty() {
            self.workflow.store.audit(&rows).await?;
        }
        self.leave().await
    }

    /// HR has nobody of this id.
    pub(crate) async fn gone(mut self) -> Result<Done, Trouble> {
        let Some(record) = self.record.take() else {
            // Nobody was ever known by it: nothing to keep.
            self.workflow.queue.finish(self.lease).await?;
            return Ok(self.done(None, 0, Status::Skipped { why: Skip::NoRecord }, None));
        };
        let record = gone_from_hr(record, &self.lease.request, self.now);
        self.workflow.store.settle(&self.workflow.queue, self.lease, &record, &[], &[]).await?;
        Ok(self.done(None, 0, record.status, None))
    }

    /// Nothing that decides has changed.
    pub(crate) async fn nothing_new(mut self, facts: &Facts<'_>) -> Result<Done, Trouble> {
        let Case { workflow, lease, now, .. } = self;
        let record = unchanged(self.record.take(), facts.desired, &lease.request, facts.observed_at, now);
        // An earlier turn may have been cut off between storing the record and asking for those who waited.
        let then = if lease.attempt > 1 { workflow.followers(&record, now).await? } else { Vec::new() };
        workflow.store.settle(&workflow.queue, lease, &record, &[], &then).await?;
        Ok(self.done(None, 0, record.status, None))
    }

    /// The plan was carried out, as far as it was.
    pub(crate) async fn settle(
        mut self,
        facts: &Facts<'_>,
        plan: &Plan,
        applied: Applied,
        intent: Option<AuditRow>,
    ) -> Result<Done, Trouble> {
        let Case { workflow, lease, now, .. } = self;
        if let (Some(earlier), End::Done) = (&plan.takes_over, &applied.end) {
            workflow.hand_over(earlier, now).await?;
        }
        let record = after(self.record.take(), facts, plan, &applied, &lease.request, now);
        let mut then = workflow.followers(&record, now).await?;
        then.extend(workflow.led(&applied.reports, now).await?);
        let rows = workflow.outcomes(lease, intent, &applied, now).await?;
        let again = match applied.end {
            End::Stopped(trouble) => Some(trouble),
            End::Done | End::LookAgain(_) | End::AlreadyThere { .. } => None,
        };
        if again.as_ref().is_some_and(Trouble::is_worth_retrying) {
            // The queue keeps the request; what is known so far is kept as well.
            workflow.store.put(&record).await?;
            workflow.store.audit(&rows).await?;
            workflow.queue.push(&then).await?;
        } else {
            workflow.store.settle(&workflow.queue, lease, &record, &rows, &then).await?;
        }
        workflow.meet(&record, &then, now).await?;
        // Whoever reads the plan is told what JumpCloud did not take of it.
        let plan = Plan { notes: record.notes, ..plan.clone() };
        Ok(self.done(Some(plan), applied.actions, record.status, again))
    }

    fn done(self, plan: Option<Plan>, actions: usize, status: Status, again: Option<Trouble>) -> Done {
        let request = &self.lease.request;
        Done { key: request.key.clone(), trigger: request.trigger, plan, actions, status, again }
    }
}
