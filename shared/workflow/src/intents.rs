//! The audit: what is about to be done is written down before, and what became of it after.

use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use mapping::plan::Plan;
use state::{AuditKind, AuditRow, Lease};

use crate::apply::{Applied, End};
use crate::review::Reviewed;
use crate::{Trouble, Workflow};

impl Workflow {
    /// Writes down what is about to be done, before it is done.
    pub(crate) async fn intend(
        &self,
        lease: &Lease,
        reviewed: &Reviewed,
        now: Timestamp,
    ) -> Result<Option<AuditRow>, Trouble> {
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
    pub(crate) async fn outcomes(
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

    /// Whether somebody's account was about to be suspended by us when the work was cut off: then that is ours, though no
    /// record says so.
    pub(crate) async fn has_begun_to_suspend(&self, key: &EmployeeKey) -> Result<bool, Trouble> {
        let open = self.store.unfinished(key).await?;
        let plan = |row: &AuditRow| serde_json::from_str::<Plan>(row.plan.as_deref()?).ok();
        Ok(open.iter().filter_map(plan).any(|plan| plan.suspends()))
    }

    /// Whether somebody's work was cut off, and nothing has been written down of how far it came.
    pub(crate) async fn is_cut_off(&self, key: &EmployeeKey) -> Result<bool, Trouble> {
        Ok(!self.store.unfinished(key).await?.is_empty())
    }

    /// Outcomes of what an interrupted try left open, where a later one has nothing to do: a survey in between has seen
    /// what became of it. Only who comes for a second time is asked about.
    pub(crate) async fn interrupted(&self, lease: &Lease, now: Timestamp) -> Result<Vec<AuditRow>, Trouble> {
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
}

pub(crate) fn outcome(intent: &AuditRow, applied: &Applied, now: Timestamp) -> AuditRow {
    let (kind, text) = match &applied.end {
        End::Done => {
            let refused = applied.username_refused.as_ref();
            let but = refused.map(|name| format!(", but JumpCloud did not take {} ({})", name.username, name.says));
            (AuditKind::Done, format!("{} done{}", applied.actions, but.unwrap_or_default()))
        }
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
