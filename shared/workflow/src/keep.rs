//! What is kept of a person once they were looked at.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::account::GroupName;
use mapping::desired::{Desired, WantedManager};
use mapping::lifecycle::Standing;
use mapping::plan::{Plan, Verdict};
use mapping::request::SyncRequest;
use mapping::status::{Hold, Note, Skip, Status};
use state::{Life, Record};

use crate::apply::{Applied, End};

/// What to tell a person when JumpCloud refuses every new account and shows none that is in the way.
pub(crate) const TAKEN_ELSEWHERE: &str = "it says that such an account exists, and shows none: the e-mail may be in use in \
    another organisation, or the identifier by a user that our key does not see; free it there, then sync this person";

/// Nothing that decides has changed since the person was last brought into step. A person at the command line, and a
/// survey that looked at JumpCloud, want the real thing.
pub(crate) fn nothing_new(desired: &Desired, fingerprint: u64, record: Option<&Record>, request: &SyncRequest) -> bool {
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

pub(crate) fn unchanged(
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
    let known = record.as_ref().map(|r| &r.life);
    let mut life = life(known, facts.desired, plan, &applied.end, now);
    if let (Some(refused), Some(wanted)) = (&applied.username_refused, facts.desired.usernames.first()) {
        notes.push(Note::UsernameRefused { wanted: wanted.clone(), says: refused.says.clone() });
        // They are still to have it: once HR says something new, or somebody asks.
        life.named = known.and_then(|known| known.named);
    }
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
        // A new name that did not get there is still wished for.
        named: if matches!(end, End::Done) { plan.named } else { kept.named },
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
    match (left, &plan.verdict) {
        (_, Verdict::Hold(_)) => known,
        // Whoever had left long before the last day has left since then; whoever had not, has not yet.
        (false, _) if matches!(desired.standing, Standing::Leaving { .. }) => {
            Life { before_leave: plan.before_leave.clone(), ..known }
        }
        (true, _) => Life {
            // Whoever was let in again in between has left anew.
            left_since: if plan.suspends() { Some(now) } else { known.left_since.or(Some(now)) },
            before_leave: BTreeSet::new(),
            devices_unbound: desired.policy.unbind_devices,
            ..Life::default()
        },
        (false, _) => Life { before_leave: plan.before_leave.clone(), ..Life::default() },
    }
}

/// HR has no such record. That is not a leaver's status: the account, if there is one, stays as it is.
pub(crate) fn gone_from_hr(record: Record, request: &SyncRequest, now: Timestamp) -> Record {
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
