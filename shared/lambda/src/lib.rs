//! What every function does the same: logs, metrics, the clock, and keeping its work ready between invocations.
//!
//! A function's `main` says [`start`], opens its [`Home`], and hands each event to [`invocation()`]. What it works with
//! comes from a [`Warm`].
//!
//! # Metrics
//!
//! Namespace `Hirewire` (`HIREWIRE_METRICS`); each has the dimensions `service` (the function's name) and `stage`
//! (`HIREWIRE_STAGE`), and those in brackets. Counts are sent when they are not zero, so an alarm takes missing data as
//! good, or as bad where silence is what it looks for.
//!
//! | metric | said by | what |
//! |---|---|---|
//! | `webhooks{outcome}` | webhook | deliveries: queued, replayed, refused, unknown (no such door), failed (ours) |
//! | `polls_complete` | poller | invocations in which every connection was asked, or need not be |
//! | `polls_complete{connection}`, `polls_failed{connection}` | poller | connections asked |
//! | `queued{trigger}` | webhook, poller | people put on the queue |
//! | `worked{outcome}` | provisioner | requests: done, failed (for good), again (comes back), refused (a key), broken (panic, time), unreadable |
//! | `actions`, `held` | provisioner | actions carried out; people found to wait for a decision |
//! | `change_to_access_seconds` | provisioner | from webhook or poll to the write |
//! | `people{connection,status}`, `held` | reconciler | gauges, as of the last survey; held: of all connections |
//! | `survey_seconds`, `doubts`, `surveys_failed` | reconciler | surveys |
//! | `keys_refused` | all but webhook | invocations that a refused key has stopped |
//! | `calls{vendor,answer}` | all but webhook | attempts to call a vendor: 2xx, 3xx, 4xx, 401, 403, 429, 5xx, none |
//! | `rules_unreadable` | all | looks that found rules which this version cannot read |

mod home;
mod invocation;
mod log;
mod meter;
mod refusals;
mod warm;

pub use home::Home;
pub use invocation::{Failure, invocation, time_left};
pub use refusals::Refusals;
pub use warm::{NotReady, Parts, Warm};

/// Starts logs and metrics of the function that is called `service`. To be said once, first of all.
pub fn start(service: &'static str) {
    log::start();
    meter::start(service);
}
