//! One person: observe, decide, review, apply, record.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jumpcloud::Fault;
use mapping::desired::Desired;
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use mapping::request::{Evidence, SyncRequest, Trigger};
use mapping::rules::Mode;
use mapping::status::{Note, Status};
use state::Lease;

use crate::apply::{Applied, End};
use crate::case::Case;
use crate::intents::outcome;
use crate::keep::{Facts, TAKEN_ELSEWHERE, nothing_new};
use crate::observe::{HrSays, Look, Observed, past};
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
        let nowhere = BTreeSet::new();
        self.directory.keep_up(&self.store, record.as_ref().map_or(&nowhere, |r| &r.groups)).await?;
        let case = Case { workflow: self, site, lease, record, now };
        if site.rules.mode == Mode::Paused {
            // A survey takes everybody when it goes on.
            return case.leave().await;
        }
        let mut hr = self.hr_says(site, request, lease.attempt, case.record.as_ref(), now).await?;
        let closely = request.survey.is_some() || request.trigger == Trigger::Manual;
        // What a survey saw was so before the first attempt, which may have been cut off in the middle.
        let survey = request.survey.as_ref().filter(|_| lease.attempt <= 1);
        let mut look = Look { survey, keep: true, wide: false, closely };
        let mut refused = BTreeSet::new();
        for left in (0..LOOKS).rev() {
            let (desired, observed_at, evidence) = match &hr {
                HrSays::Record { employee, evidence } => {
                    (Desired::of(employee, &site.rules, now), Some(employee.observed_at), *evidence)
                }
                // The whole connection goes by somebody's word, which is in the rules.
                HrSays::NotAsked => (case.desired_of_removed(), None, Evidence::OwnRecord),
                HrSays::Stale => return case.stale().await,
                HrSays::Gone => return case.gone().await,
            };
            let fingerprint = desired.fingerprint();
            let facts = Facts { desired: &desired, fingerprint, observed_at };
            let nothing_new = nothing_new(&desired, fingerprint, case.record.as_ref(), request);
            // What a try that was cut off had begun is in no record: that wants a look at JumpCloud.
            if nothing_new && !(lease.attempt > 1 && self.is_cut_off(&request.key).await?) {
                return case.nothing_new(&facts).await;
            }
            let (observed, plan) = match case.decide(&facts, evidence, &mut look, &refused).await {
                // What the survey saw was deleted since.
                Err(Trouble::Vendor(Fault::NotFound { .. })) if look.survey.is_some() => {
                    look.survey = None;
                    continue;
                }
                decided => decided?,
            };
            let reviewed = match review(plan, evidence) {
                Ok(reviewed) => reviewed,
                Err(NeedsOwnRecord) => {
                    hr = self.hr_says_now(site, &request.key, now).await?;
                    continue;
                }
            };
            let intent = self.intend(lease, &reviewed, now).await?;
            let mut applied =
                self.apply(site, &reviewed, observed.account(&desired), observed.groups().clone(), now).await;
            look_again(&mut applied, reviewed.plan(), &mut look, &mut refused, left);
            if let End::LookAgain(_) | End::AlreadyThere { .. } = applied.end {
                tracing::info!(person = %request.key, "what was seen is no longer so; looking again");
                look.survey = None;
                look.closely = true;
                if let Some(intent) = intent {
                    self.store.audit(&[outcome(&intent, &applied, now)]).await?;
                }
                continue;
            }
            return case.settle(&facts, reviewed.plan(), applied, intent).await;
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

impl Case<'_> {
    /// What JumpCloud says, and what is to be done about it.
    async fn decide(
        &self,
        facts: &Facts<'_>,
        evidence: Evidence,
        look: &mut Look<'_>,
        refused: &BTreeSet<String>,
    ) -> Result<(Observed, Plan), Trouble> {
        let (workflow, record, desired) = (self.workflow, self.record.as_ref(), facts.desired);
        let mut observed = workflow.jumpcloud_says(desired, record, *look, self.now).await?;
        observed.refuse_usernames(refused);
        let mut past = past(record, facts.fingerprint, self.lease.request.trigger == Trigger::Manual);
        let mut plan = observed.plan(desired, &past, workflow);
        if plan.notes.contains(&Note::SuspendedByHand) && workflow.has_begun_to_suspend(&desired.key).await? {
            past.suspended_by_us = true;
            plan = observed.plan(desired, &past, workflow);
        }
        if plan.renames().is_some() && !observed.knows_usernames() {
            // Only who gets a new name needs to know whose the name is.
            workflow.search(desired, &mut observed).await?;
            look.wide = true;
            plan = observed.plan(desired, &past, workflow);
        }
        if is_proven(&plan, evidence)
            && let Some(hold) = workflow.brake(self.site, &plan, record, self.now).await?
        {
            plan = plan.held(hold, &past, observed.groups());
        }
        Ok((observed, plan))
    }
}

/// Whether what JumpCloud answered is a reason to look once more, and how; `left` looks are left.
fn look_again(applied: &mut Applied, plan: &Plan, look: &mut Look<'_>, refused: &mut BTreeSet<String>, left: usize) {
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
}
