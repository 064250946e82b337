//! What can go wrong with a call, named by what its reader does next.

use std::time::Duration;

/// Why a call to a vendor did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too many calls; every attempt was answered so. Wait, then go on.
    #[error("{vendor} is rate limiting; the work is kept and goes on by itself")]
    RateLimited {
        /// Whose limit.
        vendor: &'static str,
        /// How long the vendor asked us to wait, where it said so.
        wait: Option<Duration>,
    },
    /// The key is not accepted. Stop at once: both HR vendors lock out a caller that goes on trying.
    #[error("{vendor} refuses the key ({detail}); check the key, its region and its owner's role, then run again")]
    KeyRefused {
        /// Who refuses.
        vendor: &'static str,
        /// What was said, without bodies.
        detail: String,
    },
    /// The vendor says no to this very request; sending it again changes nothing.
    #[error("{vendor} refused: {message} (HTTP {status})")]
    Rejected {
        /// Who refused.
        vendor: &'static str,
        /// HTTP status.
        status: u16,
        /// The vendor's own words, cut short.
        message: String,
    },
    /// No such thing there.
    #[error("{vendor} has no {what}")]
    NotFound {
        /// Whose.
        vendor: &'static str,
        /// What kind of thing.
        what: &'static str,
    },
    /// Out of reach or broken. Try later.
    #[error("{vendor} cannot be reached: {detail}; the work is kept and tried again")]
    Unavailable {
        /// Who.
        vendor: &'static str,
        /// What happened.
        detail: String,
    },
    /// The request may or may not have taken effect: look before sending it again.
    #[error("{vendor} gave no answer to a change: {detail}; it is looked up before it is sent again")]
    Unsure {
        /// Who.
        vendor: &'static str,
        /// What happened.
        detail: String,
    },
    /// An answer that cannot be read: HTML, cut JSON, wrong types, too large.
    #[error("{vendor}'s answer to {call} cannot be read: {detail}")]
    Malformed {
        /// Whose.
        vendor: &'static str,
        /// Which call, without ids or values.
        call: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl Fault {
    /// Whether the same work may succeed later without anybody doing anything.
    pub fn passes(&self) -> bool {
        match self {
            Fault::RateLimited { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } | Fault::Malformed { .. } => {
                true
            }
            Fault::KeyRefused { .. } | Fault::Rejected { .. } | Fault::NotFound { .. } => false,
        }
    }
}
