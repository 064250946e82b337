//! One person: observe, decide, review, apply, record.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jumpcloud::Fault;
use mapping::account::{AccountId, AccountState, GroupName};
use mapping::desired::{Desired, WantedManager};
use mapping::employee::EmployeeKey;
use mapping::lifecycle::Standing;
use mapping::plan::{Action, ManagerSeen, Plan, Verdict};
use mapping::request::{Evidence, SyncRequest, Trigger};
use mapping::rules::Mode;
use mapping::status::{Hold, Note, Skip, Status};
use state::{AuditKind, AuditRow, Lease, Life, Record};

use crate::apply::{Applied, End};
use crate::observe::{HrSays, Look, manager_seen, past};
use crate::review::{NeedsOwnRecord, Reviewed, is_proven, review};
use crate::{Site, Trouble, Workflow};

/// How often one request looks again when what it saw is no longer so, before it goes back to the queue.
const LOOKS: usize = 3;

/// What to tell a person when JumpCloud refuses every new account and shows none that is in the way.
const TAKEN_ELSEWHERE: &str = "it says that such an account exists, and shows none: the e-mail may be in use in \
    another organisation, or the identifier by a user that our key does not see; free it there, then sync this person";

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
            let past = past(record.as_ref(), fingerprint);
            let mut plan = observed.plan(&desired, &past, self);
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
            return Ok(done(Some(plan.clone()), applied.actions, status, again));
        }
        let detail = format!("its answers changed {LOOKS} times while one person was looked at");
        Err(Fault::Unavailable { vendor: "JumpCloud", detail }.into())
    }

    pub(crate) fn site(&self, key: &EmployeeKey) -> Result<&Site, Trouble> {
        self.sites.get(&key.connection).ok_or_else(|| Trouble::NoConnection(key.connection.clone()))
    }

    /// Writes down what is about to be done, before it is done.
    async fn intend(&self, lease: &Lease, reviewed: &Reviewed, now: Timestamp) -> Result<Option<AuditRow>, Trouble> {
        let plan = reviewed.plan();
        if plan.is_empty() {
            return Ok(None);
        }
        let row = AuditRow {
            id: row_id(&plan.key, now),
            key: plan.key.clone(),
            at: now,
            trigger: lease.request.trigger,
            kind: AuditKind::Intent,
            answers: None,
            plan: serde_json::to_string(plan).ok(),
            text: plan.to_string(),
            rules: self.rules.clone(),
            actions: 0,
        };
        self.store.audit(std::slice::from_ref(&row)).await?;
        Ok(Some(row))
    }

    /// The outcome of this intent, and of any that an earlier, interrupted try left open.
    async fn outcomes(
        &self,
        lease: &Lease,
        intent: Option<AuditRow>,
        applied: &Applied,
        now: Timestamp,
    ) -> Result<Vec<AuditRow>, Trouble> {
        let mut rows: Vec<AuditRow> = intent.iter().map(|intent| outcome(intent, applied, now)).collect();
        // Also at a first attempt: a survey after the crash queues a request of its own.
        for open in self.store.unfinished(&lease.request.key).await? {
            if intent.as_ref().is_none_or(|intent| intent.id != open.id) {
                let text = "interrupted; taken up again by a later try".to_owned();
                rows.push(AuditRow { text, rules: self.rules.clone(), ..outcome(&open, applied, now) });
            }
        }
        Ok(rows)
    }

    /// Outcomes of what an interrupted try left open, where a later one has nothing to do: a survey in between has seen
    /// what became of it. Only who comes for a second time is asked about.
    async fn interrupted(&self, lease: &Lease, now: Timestamp) -> Result<Vec<AuditRow>, Trouble> {
        if lease.attempt == 1 {
            return Ok(Vec::new());
        }
        let open = self.store.unfinished(&lease.request.key).await?;
        let row = |intent: AuditRow| AuditRow {
            id: row_id(&intent.key, now),
            at: now,
            kind: AuditKind::Done,
            answers: Some(intent.id),
            plan: None,
            text: "interrupted; nothing was left to do when it was taken up again".to_owned(),
            rules: self.rules.clone(),
            actions: 0,
            ..intent
        };
        Ok(open.into_iter().map(row).collect())
    }

    /// The account of somebody who left is the same person's under a new number now.
    async fn hand_over(&self, earlier: &EmployeeKey, now: Timestamp) -> Result<(), Trouble> {
        if let Some(record) = self.store.record(earlier).await? {
            self.store.put(&handed_over(record, now)).await?;
        }
        Ok(())
    }

    /// Whoever waited for this person's account to name it as their manager.
    async fn followers(&self, record: &Record, now: Timestamp) -> Result<Vec<SyncRequest>, Trouble> {
        let ManagerSeen::Account(_) = manager_seen(Some(record)) else { return Ok(Vec::new()) };
        let waiting = self.store.waiting_for(&record.key).await?;
        Ok(waiting.into_iter().map(|key| SyncRequest::hint(key, Trigger::Manager, now)).collect())
    }

    /// Those whose manager's account was deleted: looked at once more, they wait for the manager to have one again.
    async fn led(&self, reports: &[AccountId], now: Timestamp) -> Result<Vec<SyncRequest>, Trouble> {
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
    async fn meet(&self, record: &Record, told: &[SyncRequest], now: Timestamp) -> Result<(), Trouble> {
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

impl Trouble {
    /// Whether the same request may work later.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        match self {
            Trouble::Vendor(fault) => fault.passes() || matches!(fault, Fault::KeyRefused { .. }),
            Trouble::State(_) => true,
            Trouble::NoConnection(_) => false,
        }
    }
}

/// Nothing that decides has changed since the person was last brought into step. A person at the command line, and a
/// survey that looked at JumpCloud, want the real thing.
fn nothing_new(desired: &Desired, fingerprint: u64, record: Option<&Record>, request: &SyncRequest) -> bool {
    let Some(record) = record else { return false };
    let settled = record.waits_for.is_none() && !matches!(record.status, Status::Failed { .. } | Status::Held { .. });
    let waiting = matches!(record.status, Status::Pending { .. }) && desired.next_change != record.next_change;
    // A leaver's account whose time has come.
    let deletion = record.life.left_since.and_then(|since| desired.policy.deletes_at(since));
    let deletes = record.account.is_some() && deletion.is_some_and(|moment| moment <= desired.at);
    !request.trigger.looks_anyway()
        && !deletes
        && settled
        && !waiting
        && request.survey.is_none()
        && record.fingerprint == Some(fingerprint)
}

/// What was decided, and from when.
pub(crate) struct Facts<'a> {
    pub(crate) desired: &'a Desired,
    pub(crate) fingerprint: u64,
    /// When HR was asked; `None` where it was not.
    pub(crate) observed_at: Option<Timestamp>,
}

/// What is left of somebody's record whose account went with them to a new number.
pub(crate) fn handed_over(record: Record, now: Timestamp) -> Record {
    let status = Status::Skipped { why: Skip::Inactive };
    let (life, groups) = (Life::default(), BTreeSet::new());
    Record { account: None, status, life, groups, next_change: None, last_sync: now, ..record }
}

fn unchanged(
    record: Option<Record>,
    desired: &Desired,
    request: &SyncRequest,
    observed_at: Option<Timestamp>,
    now: Timestamp,
) -> Record {
    let record = record.unwrap_or_else(|| blank(request, now));
    Record {
        label: desired.label.clone(),
        observed_at,
        next_change: next_change(desired, record.account.is_some(), &record.life),
        last_sync: now,
        trigger: request.trigger,
        ..record
    }
}

/// What is known of a person after a plan was carried out, as far as it was.
pub(crate) fn after(
    record: Option<Record>,
    facts: &Facts<'_>,
    plan: &Plan,
    applied: &Applied,
    request: &SyncRequest,
    now: Timestamp,
) -> Record {
    let version = record.as_ref().map_or(0, |r| r.version);
    let kept = record.as_ref().and_then(|r| r.account.clone());
    let (status, fingerprint, suspended_by_us) = match &applied.end {
        End::Done => (plan.status(), Some(facts.fingerprint), plan.suspended_by_us),
        End::Stopped(trouble) => {
            // A suspension that may have gone through is ours, whatever happened after it.
            let ours = plan.suspended_by_us || record.as_ref().is_some_and(|r| r.suspended_by_us);
            (Status::Failed { error: trouble.to_string() }, None, ours)
        }
        End::LookAgain(why) => (Status::Failed { error: why.clone() }, None, plan.suspended_by_us),
        End::AlreadyThere { .. } => (Status::Failed { error: TAKEN_ELSEWHERE.to_owned() }, None, plan.suspended_by_us),
    };
    let mut notes = plan.notes.clone();
    if let (true, WantedManager::Person(manager)) = (applied.manager_refused, &facts.desired.manager) {
        notes.push(Note::ManagerWithoutAccount { manager: manager.clone() });
    }
    let life = life(record.as_ref().map(|r| &r.life), facts.desired, plan, &applied.end, now);
    let gone = matches!(applied.end, End::Done) && (plan.deletes() || plan.status() == RELEASED);
    // A held person keeps the link that was known: it is evidence for whoever decides.
    let account = if gone { None } else { applied.account.clone().or(kept) };
    Record {
        key: request.key.clone(),
        label: facts.desired.label.clone(),
        next_change: next_change(facts.desired, account.is_some(), &life),
        life,
        account,
        username: applied.username.clone().or_else(|| record.as_ref().and_then(|r| r.username.clone())),
        status,
        notes,
        suspended_by_us,
        groups: applied.groups.clone(),
        waits_for: plan.waits_for.clone(),
        fingerprint,
        observed_at: facts.observed_at,
        last_sync: now,
        trigger: request.trigger,
        version,
    }
}

const RELEASED: Status = Status::Skipped { why: Skip::Released };

/// When things change by themselves: by HR's dates, or because a leaver's account is to be deleted.
pub(crate) fn next_change(desired: &Desired, has_account: bool, life: &Life) -> Option<Timestamp> {
    let deletion = life.left_since.filter(|_| has_account).and_then(|since| desired.policy.deletes_at(since));
    // What is past has been tried: it is held, or somebody has set the account to active.
    desired.next_change.into_iter().chain(deletion.filter(|moment| *moment > desired.at)).min()
}

/// What is kept of a working life once a plan was carried out.
pub(crate) fn life(known: Option<&Life>, desired: &Desired, plan: &Plan, end: &End, now: Timestamp) -> Life {
    let kept = kept(known, desired, plan, end, now);
    let next = next_change(desired, plan.account.is_some(), &kept);
    Life {
        standing: Some(desired.standing).filter(|standing| *standing != Standing::Here),
        turn: desired.turn.filter(|_| next == desired.next_change),
        zone: desired.zone.clone().filter(|_| next.is_some()),
        ..kept
    }
}

/// The same of what must not be forgotten.
fn kept(known: Option<&Life>, desired: &Desired, plan: &Plan, end: &End, now: Timestamp) -> Life {
    let known = known.cloned().unwrap_or_default();
    if !matches!(end, End::Done) {
        // The groups that were left already are to come back all the same.
        let before_leave = known.before_leave.union(&plan.before_leave).cloned().collect();
        return Life { before_leave, ..known };
    }
    let left = matches!(desired.standing, Standing::Left { .. }) && plan.account.is_some() && !plan.deletes();
    let suspends = plan.actions.iter().any(|action| match action {
        Action::Update { state: Some(change), .. } => change.to == AccountState::Suspended,
        Action::Create { .. }
        | Action::Update { state: None, .. }
        | Action::Join { .. }
        | Action::Leave { .. }
        | Action::Unbind { .. }
        | Action::Delete { .. } => false,
    });
    match (left, &plan.verdict) {
        (_, Verdict::Hold(_)) => known,
        // Whoever had left long before the last day has left since then; whoever had not, has not yet.
        (false, _) if matches!(desired.standing, Standing::Leaving { .. }) => {
            Life { before_leave: plan.before_leave.clone(), ..known }
        }
        (true, _) => Life {
            // Whoever was let in again in between has left anew.
            left_since: if suspends { Some(now) } else { known.left_since.or(Some(now)) },
            before_leave: BTreeSet::new(),
            devices_unbound: desired.policy.unbind_devices,
            ..Life::default()
        },
        (false, _) => Life { before_leave: plan.before_leave.clone(), ..Life::default() },
    }
}

/// HR has no such record. That is not a leaver's status: the account, if there is one, stays as it is.
fn gone_from_hr(record: Record, request: &SyncRequest, now: Timestamp) -> Record {
    let status = match record.account {
        Some(_) => Status::Held { why: Hold::GoneFromHr },
        None => Status::Skipped { why: Skip::NoRecord },
    };
    Record { status, fingerprint: None, next_change: None, last_sync: now, trigger: request.trigger, ..record }
}

/// What is known of somebody never looked at.
pub(crate) fn blank(request: &SyncRequest, now: Timestamp) -> Record {
    Record {
        key: request.key.clone(),
        label: request.key.to_string(),
        account: None,
        username: None,
        status: Status::Synced,
        notes: Vec::new(),
        suspended_by_us: false,
        groups: BTreeSet::<GroupName>::new(),
        life: Life::default(),
        waits_for: None,
        fingerprint: None,
        observed_at: None,
        next_change: None,
        last_sync: now,
        trigger: request.trigger,
        version: 0,
    }
}

fn outcome(intent: &AuditRow, applied: &Applied, now: Timestamp) -> AuditRow {
    let (kind, text) = match &applied.end {
        End::Done => (AuditKind::Done, format!("{} done", applied.actions)),
        End::LookAgain(why) => (AuditKind::Failed, format!("{} done, then looked again: {why}", applied.actions)),
        End::AlreadyThere { .. } => {
            (AuditKind::Failed, format!("{} done, then: such an account exists; looked again", applied.actions))
        }
        End::Stopped(trouble) => (AuditKind::Failed, format!("{} done, then: {trouble}", applied.actions)),
    };
    AuditRow {
        id: row_id(&intent.key, now),
        key: intent.key.clone(),
        at: now,
        trigger: intent.trigger,
        kind,
        answers: Some(intent.id.clone()),
        plan: None,
        text,
        rules: intent.rules.clone(),
        actions: applied.actions,
    }
}

/// Unique and in order of time for one person, also where a simulated clock stands still; random as well, because the
/// machine's may step back.
pub(crate) fn row_id(key: &EmployeeKey, now: Timestamp) -> String {
    let (at, really) = (now.as_microsecond(), Timestamp::now().as_microsecond());
    format!("{key}/{at:020}/{really:016x}{:04x}", fastrand::u16(..))
}
