//! A batch, worked: several people at once, each by themselves, so that whatever befalls one befalls nobody else.

use std::sync::Arc;
use std::time::Duration;

use lambda::{Failure, Home, NotReady, Parts, Refusals, Warm};
use mapping::configuration::SecretRef;
use mapping::request::Trigger;
use mapping::secret::Secret;
use mapping::status::Status;
use serde_json::Value;
use state::sqs::leases;
use state::{Clock, Lease, LeaseId, SecretError, Secrets};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;
use workflow::{OpenError, Role, Worked, Workflow};

use crate::batch::{NotDone, batch};

/// How long refused keys are not tried again unless one of them is changed: the vendors lock out a caller that goes on.
const PAUSE: Duration = Duration::from_secs(60);

/// What a process keeps between batches.
pub struct Provisioner {
    warm: Warm<Ready>,
    refusals: Refusals,
}

/// What a batch is worked with.
struct Ready {
    workflow: Workflow,
    clock: Clock,
    /// Where all its keys are kept.
    keys: Vec<SecretRef>,
    /// What they were when it was made, or a moment before.
    made_with: Vec<Secret>,
    /// Not more people at once than the rules allow.
    places: Arc<Semaphore>,
}

/// What became of one person's request.
#[derive(Debug)]
enum Ended {
    /// Nothing is left to do; its messages may be deleted.
    Done,
    /// It comes back: its messages are reported.
    NotDone(Lease),
    /// A key was refused. It is given back, and may be tried once more if the keys were changed.
    Stopped(Lease),
}

impl Provisioner {
    /// Nothing is read yet.
    pub fn new(home: Home) -> Provisioner {
        Provisioner { warm: Warm::new(home), refusals: Refusals::new(PAUSE) }
    }

    /// Works a batch and says what is not done. After `time` the rest is left for another try.
    ///
    /// # Errors
    /// The event is no batch, or there is nothing to work with; all its messages come back then.
    pub async fn work(&self, event: Value, time: Duration) -> Result<NotDone, Failure> {
        let until = Instant::now() + time;
        let batch = batch(event)?;
        let mut not_done = batch.unreadable;
        if batch.deliveries.is_empty() && not_done.is_empty() {
            return Ok(NotDone::default());
        }
        let (ready, rest) = self.ready().await?;
        let (leases, unreadable) = leases(batch.deliveries, ready.clock.now());
        not_done.extend(unreadable);
        worked("unreadable", not_done.len());
        if rest {
            tracing::warn!("keys were refused a moment ago, and are still the same; nobody is asked");
            metrics::counter!("keys_refused").increment(1);
            self.give_back(&leases).await;
            not_done.extend(leases.iter().flat_map(messages));
            return Ok(NotDone::of(not_done));
        }
        let (mut came_back, stopped) = self.all(&ready, leases, until).await;
        if !stopped.is_empty() {
            came_back.extend(self.again(stopped, until).await);
        }
        not_done.extend(came_back.iter().flat_map(messages));
        Ok(NotDone::of(not_done))
    }

    /// What to work with, and whether to leave it alone: its keys were refused and have not been changed.
    async fn ready(&self) -> Result<(Arc<Ready>, bool), NotReady> {
        let ready = self.warm.get(compose).await?;
        if !self.refusals.hold_any(std::time::Instant::now()) {
            return Ok((ready, false));
        }
        let keys = self.keys(&ready).await?;
        if self.refusals.hold(&keys, std::time::Instant::now()) {
            return Ok((ready, true));
        }
        Ok((self.made_with(&keys, &ready).await?.unwrap_or(ready), false))
    }

    /// The same made with these keys; `None` where it already is.
    async fn made_with(&self, keys: &[Secret], ready: &Ready) -> Result<Option<Arc<Ready>>, NotReady> {
        if keys == ready.made_with.as_slice() {
            return Ok(None);
        }
        // However short a while ago the old ones were read: they must not be tried again.
        self.warm.anew_now(compose).await.map(Some)
    }

    /// All keys, as they are now.
    async fn keys(&self, ready: &Ready) -> Result<Vec<Secret>, NotReady> {
        read(self.warm.secrets(), &ready.keys).await.map_err(|error| NotReady::Make(error.to_string()))
    }

    /// A second try for those whom a refused key has stopped: one of them alone, and the others once that one worked.
    /// What is not done then is given back already.
    async fn again(&self, mut stopped: Vec<Lease>, until: Instant) -> Vec<Lease> {
        let fresh = match self.with_changed_keys().await {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::warn!(%error, "whether refused keys were changed cannot be known now");
                None
            }
        };
        if let Some(fresh) = fresh {
            let others = stopped.split_off(1);
            let (mut came_back, refused) = self.all(&fresh, stopped, until).await;
            if refused.is_empty() {
                let (more, refused) = self.all(&fresh, others, until).await;
                came_back.extend(more);
                if refused.is_empty() {
                    return came_back;
                }
                came_back.extend(refused);
            } else {
                came_back.extend(refused);
                came_back.extend(others);
            }
            stopped = came_back;
        }
        self.refused().await;
        stopped
    }

    /// What to work with where a key was changed since it was read; `None` is: they are the same.
    async fn with_changed_keys(&self) -> Result<Option<Arc<Ready>>, NotReady> {
        let ready = self.warm.get(compose).await?;
        let keys = self.keys(&ready).await?;
        self.made_with(&keys, &ready).await
    }

    /// Keys are refused for good: nobody tries them again for a while. Those that were used, that is: others may have
    /// been put in their place by now.
    async fn refused(&self) {
        metrics::counter!("keys_refused").increment(1);
        match self.warm.get(compose).await {
            Ok(ready) => self.refusals.remember(ready.made_with.clone(), std::time::Instant::now()),
            Err(error) => tracing::warn!(%error, "which keys were refused cannot be kept"),
        }
    }

    /// Works requests side by side. Returns what comes back, and what a refused key has stopped.
    async fn all(&self, ready: &Arc<Ready>, leases: Vec<Lease>, until: Instant) -> (Vec<Lease>, Vec<Lease>) {
        let start = |lease: Lease| {
            let task = tokio::spawn(one(Arc::clone(ready), lease.clone()).in_current_span());
            (lease, task)
        };
        let tasks: Vec<(Lease, JoinHandle<Ended>)> = leases.into_iter().map(start).collect();
        let (mut come_back, mut stopped) = (Vec::new(), Vec::new());
        for (lease, mut task) in tasks {
            match tokio::time::timeout_at(until, &mut task).await {
                Ok(Ok(Ended::Done)) => {}
                Ok(Ok(Ended::NotDone(lease))) => come_back.push(lease),
                Ok(Ok(Ended::Stopped(lease))) => stopped.push(lease),
                // A panic, which is logged where it happened, or too slow. The messages come back by themselves.
                Ok(Err(_)) => {
                    tracing::error!(person = %lease.request.key, "broke off");
                    worked("broken", 1);
                    come_back.push(lease);
                }
                Err(_) => {
                    task.abort();
                    tracing::warn!(person = %lease.request.key, "not done in time; left for another try");
                    worked("broken", 1);
                    come_back.push(lease);
                }
            }
        }
        (come_back, stopped)
    }

    /// Nobody tried these: they come back later, and the try does not count where that can be helped.
    async fn give_back(&self, leases: &[Lease]) {
        for lease in leases {
            if let Err(error) = self.warm.home().queue.give_back(lease).await {
                tracing::warn!(person = %lease.request.key, %error, "not given back; it comes back by itself");
            }
        }
    }
}

/// These keys, as they are now.
async fn read(secrets: &Secrets, references: &[SecretRef]) -> Result<Vec<Secret>, SecretError> {
    let mut keys = Vec::with_capacity(references.len());
    for reference in references {
        keys.push(secrets.get(reference).await?);
    }
    Ok(keys)
}

async fn compose(parts: Parts) -> Result<Ready, OpenError> {
    let Parts { configuration, rules, secrets, home, clock } = parts;
    let hr = configuration.connections.iter().map(|connection| connection.api_key.clone());
    let keys: Vec<SecretRef> = hr.chain([configuration.jumpcloud.api_key.clone()]).collect();
    // Before they are read for use: should one be changed in between, the older one is taken for refused, not the newer.
    let made_with = read(&secrets, &keys).await?;
    let workflow = Workflow::open(&configuration, rules, Role::Writer, &secrets, home.store, home.queue).await?;
    let places = Arc::new(Semaphore::new(configuration.in_flight));
    Ok(Ready { workflow, clock, keys, made_with, places })
}

/// One person, in a task of their own.
async fn one(ready: Arc<Ready>, lease: Lease) -> Ended {
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
            tracing::error!(error = trouble.for_log(), "all work stops");
            Ended::Stopped(lease)
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

fn worked(outcome: &'static str, count: usize) {
    metrics::counter!("worked", "outcome" => outcome).increment(count as u64);
}

/// The messages that a lease is made of.
fn messages(lease: &Lease) -> Vec<String> {
    match &lease.id {
        LeaseId::Sqs(receipts) => receipts.iter().map(|receipt| receipt.message.clone()).collect(),
        LeaseId::Sqlite { .. } => Vec::new(),
    }
}
