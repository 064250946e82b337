//! Permission is a type: what takes something away needs proof first.

use mapping::plan::Plan;
use mapping::request::Evidence;

/// A plan that may be applied. Only [`review`] makes one.
#[derive(Clone, Debug)]
pub struct Reviewed(Plan);

impl Reviewed {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// The plan takes something away on the word of a list that proves nothing: read the person's own record, plan again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsOwnRecord;

/// Whether what was observed is proof enough for `plan`.
pub fn is_proven(plan: &Plan, evidence: Evidence) -> bool {
    match evidence {
        Evidence::OwnRecord | Evidence::CompleteList => true,
        Evidence::Unproven => !plan.takes_away(),
    }
}

/// The permission to apply `plan`, made from an observation of this evidence.
///
/// # Errors
/// [`NeedsOwnRecord`].
pub fn review(plan: Plan, evidence: Evidence) -> Result<Reviewed, NeedsOwnRecord> {
    if is_proven(&plan, evidence) { Ok(Reviewed(plan)) } else { Err(NeedsOwnRecord) }
}
