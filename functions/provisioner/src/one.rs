//! One person's request, worked in a task of its own: what befalls it befalls nobody else.

use std::sync::Arc;

use mapping::request::Trigger;
use mapping::status::Status;
use state::Lease;
use workflow::{Stops, Worked};

use crate::work::Ready;

/// What became of one person's request.
#[derive(Debug)]
pub enum Ended {
    /// Nothing is left to do; its messages may be deleted.
    Done,
    /// It comes back: its messages are reported.
    NotDone(Lease),
    /// JumpCloud's key was refused. It is given back, and may be tried once more if the key was changed.
    Stopped(Lease),
    /// The same, but it was the key of this connection's HR system.
    Resting(Lease),
}

/// One person, in a task of their own.
pub async fn one(ready: Arc<Ready>, lease: Lease) -> Ended {
    let place = Arc::clone(&ready.places).acquire_owned().await;
    let clock = ready.clock.clone();
    let result = ready.workflow.work(lease.clone(), &move || clock.now()).await;
    drop(place);
    match result {
        Ok(Worked::Done { done, failed, comes_back }) => {
            metrics::counter!("actions").increment(done.actions as u64);
            metrics::counter!("held").increment(u64::from(matches!(done.status, Status::Held { .. })));
            if done.actions > 0 && is_news(lease.request.trigger) {
                let time = ready.clock.now().duration_since(lease.request.asked_at);
                metrics::histogram!("change_to_access_seconds").record(time.as_secs_f64().max(0.0));
            }
            match (failed, comes_back) {
                (_, true) => {
                    worked("again", 1);
                    Ended::NotDone(lease)
                }
                (failed, false) => {
                    worked(if failed { "failed" } else { "done" }, 1);
                    Ended::Done
                }
            }
        }
        Ok(Worked::Stopped(trouble)) => {
            worked("refused", 1);
            match trouble.stops() {
                Stops::Connection(name) => {
                    tracing::error!(connection = name.as_str(), error = trouble.for_log(), "this connection rests");
                    Ended::Resting(lease)
                }
                Stops::Everything | Stops::Nothing => {
                    tracing::error!(error = trouble.for_log(), "all work stops");
                    Ended::Stopped(lease)
                }
            }
        }
        Err(error) => {
            tracing::warn!(person = %lease.request.key, %error, "not done; it comes back");
            worked("again", 1);
            Ended::NotDone(lease)
        }
    }
}

/// Whether somebody waits for it to arrive: a change that HR told of just now.
fn is_news(trigger: Trigger) -> bool {
    match trigger {
        Trigger::Webhook | Trigger::Poll => true,
        Trigger::Due | Trigger::Survey | Trigger::Manual | Trigger::Manager | Trigger::Replay => false,
    }
}

/// Counts what became of requests.
pub fn worked(outcome: &'static str, count: usize) {
    metrics::counter!("worked", "outcome" => outcome).increment(count as u64);
}
