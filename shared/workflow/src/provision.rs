//! One person: observe, decide, review, apply, record.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jumpcloud::Fault;
use mapping::desired::Desired;
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use mapping::request::{Evidence, SyncRequest, Trigger};
use mapping::rules::Mode;
use mapping::status::{Skip, Status};
use state::Lease;

use crate::apply::End;
use crate::intents::outcome;
use crate::keep::{Facts, TAKEN_ELSEWHERE, after, gone_from_hr, nothing_new, unchanged};
use crate::observe::{HrSays, Look, past};
use crate::review::{NeedsOwnRecord, is_proven, review};
use crate::{Site, Trouble, Workflow};

/// How often one request looks again when what it saw is no longer so, before it goes back to the queue.
const LOOKS: usize = 3;

/// What was done for one person.
#[derive(Debug)]
pub struct Done {
    /// Who.
    pub key: EmployeeKey,
    /// Why they were looked at.
    pub trigger: Trigger,
    /// The plan; `None` when nothing had to be decided.
    pub plan: Option<Plan>,
    /// Actions carried out.
    pub actions: usize,
    /// How things are now.
    pub status: Status,
    /// What stopped it, if the work is to be tried again.
    pub again: Option<Trouble>,
}

impl Done {
    /// Nothing could be decided.
    pub(crate) fn failed(request: &SyncRequest, error: String) -> Done {
        let (key, status) = (request.key.clone(), Status::Failed { error });
        Done { key, trigger: request.trigger, plan: None, actions: 0, status, again: None }
    }
}

impl Workflow {
    /// Looks at one person and brings their account to what HR says. Everything known afterwards is stored, also when
    /// only half of it worked; running it again goes on from wherever it stopped.
    ///
    /// # Errors
    /// Only what leaves nothing to record: HR or the store out of reach, a refused key.
    pub(crate) async fn provision(&self, lease: &Lease, now: Timestamp) -> Result<Done, Trouble> {
        let request = &lease.request;
        let site = self.site(&request.key)?;
        let record = self.store.record(&request.key).await?;
        let done = |plan, actions, status, again| Done {
            key: request.key.clone(),
            trigger: request.trigger,
            plan,
            actions,
            status,
            again,
        };
        let nowhere = BTreeSet::new();
        self.directory.keep_up(&self.store, record.as_ref().map_or(&nowhere, |r| &r.groups)).await?;
        if site.rules.mode == Mode::Paused {
            // A survey takes everybody when it goes on.
            self.queue.finish(lease).await?;
            let status = record.map_or(Status::Synced, |r| r.status);
            return Ok(done(None, 0, status, None));
        }
        let mut hr = self.hr_says(site, request, record.as_ref(), now).await?;
        let closely = request.survey.is_some() || request.trigger == Trigger::Manual;
        let mut look = Look { survey: request.survey.as_ref(), keep: true, wide: false, closely };
        let mut refused = BTreeSet::new();
        for left in (0..LOOKS).rev() {
            let (desired, observed_at, evidence) = match &hr {
                HrSays::Record { employee, evidence } => {
                    (Desired::of(employee, &site.rules, now), Some(employee.observed_at), *evidence)
                }
                HrSays::NotAsked => {
                    let label = record.as_ref().map_or_else(|| request.key.to_string(), |r| r.label.clone());
                    // The whole connection goes by somebody's word, which is in the rules.
                    let desired = Desired::of_removed(request.key.clone(), label, &site.rules, now);
                    (desired, None, Evidence::OwnRecord)
                }
                HrSays::Stale => {
                    let rows = self.interrupted(lease, now).await?;
                    if !rows.is_empty() {
                        self.store.audit(&rows).await?;
                    }
                    self.queue.finish(lease).await?;
                    let status = record.map_or(Status::Synced, |r| r.status);
                    return Ok(done(None, 0, status, None));
                }
                HrSays::Gone => {
                    let Some(record) = record else {
                        // Nobody was ever known by this id: nothing to keep.
                        self.queue.finish(lease).await?;
                        return Ok(done(None, 0, Status::Skipped { why: Skip::NoRecord }, None));
                    };
                    let record = gone_from_hr(record, request, now);
                    self.store.settle(&self.queue, lease, &record, &[], &[]).await?;
                    return Ok(done(None, 0, record.status, None));
                }
            };
            let fingerprint = desired.fingerprint();
            if nothing_new(&desired, fingerprint, record.as_ref(), request) {
                let record = unchanged(record, &desired, request, observed_at, now);
                let status = record.status.clone();
                // An earlier turn may have been cut off between storing the record and asking for those who waited, or
                // before its outcome was written down.
                let then = if lease.attempt > 1 { self.followers(&record, now).await? } else { Vec::new() };
                let rows = self.interrupted(lease, now).await?;
                self.store.settle(&self.queue, lease, &record, &rows, &then).await?;
                return Ok(done(None, 0, status, None));
            }
            let mut observed = match self.jumpcloud_says(&desired, record.as_ref(), look, now).await {
                // What the survey saw was deleted since.
                Err(Trouble::Vendor(Fault::NotFound { .. })) if look.survey.is_some() => {
                    look.survey = None;
                    continue;
                }
                observed => observed?,
            };
            observed.refuse_usernames(&refused);
            let past = past(record.as_ref(), fingerprint, request.trigger == Trigger::Manual);
            let mut plan = observed.plan(&desired, &past, self);
            if plan.renames().is_some() && !observed.knows_usernames() {
                // Only who gets a new name needs to know whose the name is.
                self.search(&desired, &mut observed).await?;
                look.wide = true;
                plan = observed.plan(&desired, &past, self);
            }
            if is_proven(&plan, evidence)
                && let Some(hold) = self.brake(site, &plan, record.as_ref(), now).await?
            {
                plan = plan.held(hold, &past, observed.groups());
            }
            let reviewed = match review(plan, evidence) {
                Ok(reviewed) => reviewed,
                Err(NeedsOwnRecord) => {
                    hr = self.hr_says_now(site, &request.key, now).await?;
                    continue;
                }
            };
            let plan = reviewed.plan();
            let intent = self.intend(lease, &reviewed, now).await?;
            let mut applied =
                self.apply(site, &reviewed, observed.account(&desired), observed.groups().clone(), now).await;
            if !look.wide && plan.changes_identity() && applied.was_rejected() {
                // Another account may have the e-mail or the identifier: then only that slot has to wait.
                applied.end = End::LookAgain("JumpCloud refused the change".to_owned());
                look.wide = true;
            }
            if let (Some(name), End::Done) = (&applied.username_refused, &applied.end)
                && name.taken
                && left > 0
                && refused.insert(name.username.clone())
            {
                // Somebody has it whom nobody sees, and the next name may do.
                applied.end = End::LookAgain("JumpCloud refused the user name".to_owned());
            }
            if let End::AlreadyThere { username } = &applied.end {
                refused.insert(username.clone());
                if left == 0 {
                    let message = TAKEN_ELSEWHERE.to_owned();
                    applied.end = End::Stopped(Fault::Rejected { vendor: "JumpCloud", status: 409, message }.into());
                }
            }
            if let End::LookAgain(_) | End::AlreadyThere { .. } = applied.end {
                tracing::info!(person = %request.key, "what was seen is no longer so; looking again");
                look.survey = None;
                look.closely = true;
                if let Some(intent) = intent {
                    self.store.audit(&[outcome(&intent, &applied, now)]).await?;
                }
                continue;
            }
            if let (Some(earlier), End::Done) = (&plan.takes_over, &applied.end) {
                self.hand_over(earlier, now).await?;
            }
            let facts = Facts { desired: &desired, fingerprint, observed_at };
            let record = after(record, &facts, plan, &applied, request, now);
            let mut then = self.followers(&record, now).await?;
            then.extend(self.led(&applied.reports, now).await?);
            let rows = self.outcomes(lease, intent, &applied, now).await?;
            let status = record.status.clone();
            let again = match applied.end {
                End::Stopped(trouble) => Some(trouble),
                End::Done | End::LookAgain(_) | End::AlreadyThere { .. } => None,
            };
            if again.as_ref().is_some_and(Trouble::is_worth_retrying) {
                // The queue keeps the request; what is known so far is kept as well.
                self.store.put(&record).await?;
                self.store.audit(&rows).await?;
                self.queue.push(&then).await?;
            } else {
                self.store.settle(&self.queue, lease, &record, &rows, &then).await?;
            }
            self.meet(&record, &then, now).await?;
            // Whoever reads the plan is told what JumpCloud did not take of it.
            let plan = Plan { notes: record.notes, ..plan.clone() };
            return Ok(done(Some(plan), applied.actions, status, again));
        }
        let detail = format!("its answers changed {LOOKS} times while one person was looked at");
        Err(Fault::Unavailable { vendor: "JumpCloud", detail }.into())
    }

    pub(crate) fn site(&self, key: &EmployeeKey) -> Result<&Site, Trouble> {
        self.sites.get(&key.connection).ok_or_else(|| Trouble::NoConnection(key.connection.clone()))
    }
}

impl Trouble {
    /// Whether the same request may work later.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        match self {
            Trouble::Vendor(fault) => fault.passes() || matches!(fault, Fault::KeyRefused { .. }),
            Trouble::HrKeyRefused { .. } | Trouble::State(_) => true,
            Trouble::NoConnection(_) => false,
        }
    }
}
