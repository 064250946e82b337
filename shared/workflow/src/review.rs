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

/// What a review came to.
#[derive(Clone, Debug)]
pub enum Review {
    /// Go ahead.
    Permitted(Reviewed),
    /// It takes something away on the word of a list that proves nothing: read the person's own record, plan again.
    NeedsOwnRecord,
}

/// Whether `plan`, made from an observation of this evidence, may be applied.
pub fn review(plan: Plan, evidence: Evidence) -> Review {
    match (evidence, plan.takes_away()) {
        (Evidence::OwnRecord | Evidence::CompleteList, _) | (Evidence::Unproven, false) => {
            Review::Permitted(Reviewed(plan))
        }
        (Evidence::Unproven, true) => Review::NeedsOwnRecord,
    }
}
