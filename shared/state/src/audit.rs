//! Who was changed, when, why and how it ended.

use std::fmt;

use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use mapping::request::Trigger;
use serde::{Deserialize, Serialize};

/// What a row of the audit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// This is about to be done. Without an outcome after it, the run was cut off: finish it.
    Intent,
    /// It was done.
    Done,
    /// It failed.
    Failed,
}

impl AuditKind {
    /// One word for tables and the store.
    pub fn word(self) -> &'static str {
        match self {
            AuditKind::Intent => "intent",
            AuditKind::Done => "done",
            AuditKind::Failed => "failed",
        }
    }
}

/// One row of the audit. Rows are never changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Made by the caller, unique. The same row again is the same row: writing it twice leaves one.
    pub id: String,
    /// Who was changed.
    pub key: EmployeeKey,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub trigger: Trigger,
    /// What this row says.
    pub kind: AuditKind,
    /// An outcome: the id of its intent.
    pub answers: Option<String>,
    /// The plan, as JSON.
    pub plan: Option<String>,
    /// The plan or the outcome in words.
    pub text: String,
    /// Which rules it was decided by: their version on AWS, their file's digest on one machine.
    pub rules: String,
    /// An outcome: how many actions were carried out.
    pub actions: usize,
}

/// Personal values stay out of logs.
impl fmt::Debug for AuditRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("AuditRow");
        fields.field("id", &self.id).field("key", &self.key).field("kind", &self.kind).field("answers", &self.answers);
        fields.finish_non_exhaustive()
    }
}
