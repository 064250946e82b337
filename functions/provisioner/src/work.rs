//! A batch, worked: several people at once, each by themselves, so that whatever befalls one befalls nobody else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lambda::{Failure, Home, NotReady, Parts, Refusals, Warm};
use mapping::configuration::SecretRef;
use mapping::employee::ConnectionName;
use mapping::secret::Secret;
use serde_json::Value;
use state::sqs::leases;
use state::{Clock, Lease, LeaseId};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;
use workflow::{OpenError, Role, Workflow};

use crate::batch::{NotDone, batch};
use crate::one::{Ended, one, worked};

/// How long JumpCloud's refused key is not tried again unless it is changed.
const PAUSE: Duration = Duration::from_secs(60);
/// The same for an HR system's: both lock out a caller that goes on, everybody behind the address.
const HR_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What a process keeps between batches.
pub struct Provisioner {
    warm: Warm<Ready>,
    refusals: Refusals,
}

/// What a batch is worked with.
pub(crate) struct Ready {
    /// The work.
    pub workflow: Workflow,
    /// What time it is.
    pub clock: Clock,
    /// Where JumpCloud's key is kept.
    key: SecretRef,
    /// What it was when this was made, or a moment before.
    made_with: Secret,
    /// Not more people at once than the rules allow.
    pub places: Arc<Semaphore>,
}

/// What of several requests is not done.
#[derive(Default)]
struct Left {
    /// They come back.
    come_back: Vec<Lease>,
    /// JumpCloud's key stopped them.
    stopped: Vec<Lease>,
    /// Their connection rests: its HR system refused the key.
    resting: Vec<Lease>,
}

impl Left {
    fn add(&mut self, more: Left) {
        self.come_back.extend(more.come_back);
        self.stopped.extend(more.stopped);
        self.resting.extend(more.resting);
    }

    fn all(self) -> impl Iterator<Item = Lease> {
        self.come_back.into_iter().chain(self.stopped).chain(self.resting)
    }
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
            tracing::warn!("JumpCloud's key was refused a moment ago, and is still the same; nobody is asked");
            metrics::counter!("keys_refused").increment(1);
            self.give_back(&leases).await;
            not_done.extend(leases.iter().flat_map(messages));
            return Ok(NotDone::of(not_done));
        }
        let mut left = self.who_may(&ready, leases, until).await;
        if !left.resting.is_empty() {
            // The key may have been changed just now.
            let resting = std::mem::take(&mut left.resting);
            left.add(self.who_may(&ready, resting, until).await);
        }
        if !left.resting.is_empty() {
            metrics::counter!("keys_refused").increment(1);
        }
        let stopped = std::mem::take(&mut left.stopped);
        if !stopped.is_empty() {
            left.come_back.extend(self.again(stopped, until).await);
        }
        not_done.extend(left.all().flat_map(|lease| messages(&lease)));
        Ok(NotDone::of(not_done))
    }

    /// Works the requests of those whose connection does not rest; the others are given back. Where another key was put
    /// in the refused one's place, one person goes first and alone.
    async fn who_may(&self, ready: &Arc<Ready>, leases: Vec<Lease>, until: Instant) -> Left {
        let named: BTreeSet<ConnectionName> = leases.iter().map(|lease| lease.request.key.connection.clone()).collect();
        let (mut first, mut others) = (Vec::new(), leases);
        for name in &named {
            let Some(site) = ready.workflow.sites.get(name) else { continue };
            match site.look_for_another_key(self.warm.secrets(), Some(HR_PAUSE)).await {
                Ok(true) => {
                    tracing::info!(connection = name.as_str(), "another key, or the same after a while; work goes on");
                    let at = others.iter().position(|lease| lease.request.key.connection == *name);
                    first.extend(at.map(|at| others.remove(at)));
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(connection = name.as_str(), %error, "whether a refused key was changed is not known");
                }
            }
        }
        let mut left = self.all(ready, first, until).await;
        let resting = ready.workflow.resting();
        let (rest, others): (Vec<Lease>, Vec<Lease>) =
            others.into_iter().partition(|lease| resting.contains(&lease.request.key.connection));
        for name in named.intersection(&resting) {
            tracing::warn!(connection = name.as_str(), "its key was refused, and is still the same; nobody is asked");
        }
        self.give_back(&rest).await;
        left.resting.extend(rest);
        left.add(self.all(ready, others, until).await);
        left
    }

    /// What to work with, and whether to leave it alone: JumpCloud's key was refused and has not been changed.
    async fn ready(&self) -> Result<(Arc<Ready>, bool), NotReady> {
        let ready = self.warm.get(compose).await?;
        if !self.refusals.hold_any(std::time::Instant::now()) {
            return Ok((ready, false));
        }
        let key = self.key(&ready).await?;
        if self.refusals.hold(std::slice::from_ref(&key), std::time::Instant::now()) {
            return Ok((ready, true));
        }
        Ok((self.made_with(&key, &ready).await?.unwrap_or(ready), false))
    }

    /// The same made with this key; `None` where it already is.
    async fn made_with(&self, key: &Secret, ready: &Ready) -> Result<Option<Arc<Ready>>, NotReady> {
        if *key == ready.made_with {
            return Ok(None);
        }
        // However short a while ago the old one was read: it must not be tried again.
        self.warm.anew_now(compose).await.map(Some)
    }

    /// JumpCloud's key, as it is now.
    async fn key(&self, ready: &Ready) -> Result<Secret, NotReady> {
        let key = self.warm.secrets().get(&ready.key).await;
        key.map_err(|error| NotReady::Make(error.to_string()))
    }

    /// A second try for those whom JumpCloud's refused key has stopped: one of them alone, and the others once that one
    /// worked. What is not done then is given back already.
    async fn again(&self, mut stopped: Vec<Lease>, until: Instant) -> Vec<Lease> {
        let fresh = match self.with_a_changed_key().await {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::warn!(%error, "whether the refused key was changed cannot be known now");
                None
            }
        };
        if let Some(fresh) = fresh {
            let others = stopped.split_off(1);
            let mut left = self.all(&fresh, stopped, until).await;
            if left.stopped.is_empty() {
                left.add(self.all(&fresh, others, until).await);
                if left.stopped.is_empty() {
                    return left.all().collect();
                }
            } else {
                left.stopped.extend(others);
            }
            stopped = left.all().collect();
        }
        self.refused().await;
        stopped
    }

    /// What to work with where the key was changed since it was read; `None` is: it is the same.
    async fn with_a_changed_key(&self) -> Result<Option<Arc<Ready>>, NotReady> {
        let ready = self.warm.get(compose).await?;
        let key = self.key(&ready).await?;
        self.made_with(&key, &ready).await
    }

    /// The key is refused for good: nobody tries it again for a while. That which was used, that is: another may have
    /// been put in its place by now.
    async fn refused(&self) {
        metrics::counter!("keys_refused").increment(1);
        match self.warm.get(compose).await {
            Ok(ready) => self.refusals.remember(vec![ready.made_with.clone()], std::time::Instant::now()),
            Err(error) => tracing::warn!(%error, "which key was refused cannot be kept"),
        }
    }

    /// Works requests side by side.
    async fn all(&self, ready: &Arc<Ready>, leases: Vec<Lease>, until: Instant) -> Left {
        let start = |lease: Lease| {
            let task = tokio::spawn(one(Arc::clone(ready), lease.clone()).in_current_span());
            (lease, task)
        };
        let tasks: Vec<(Lease, JoinHandle<Ended>)> = leases.into_iter().map(start).collect();
        let mut left = Left::default();
        for (lease, mut task) in tasks {
            match tokio::time::timeout_at(until, &mut task).await {
                Ok(Ok(Ended::Done)) => {}
                Ok(Ok(Ended::NotDone(lease))) => left.come_back.push(lease),
                Ok(Ok(Ended::Stopped(lease))) => left.stopped.push(lease),
                Ok(Ok(Ended::Resting(lease))) => left.resting.push(lease),
                // A panic, which is logged where it happened, or too slow. The messages come back by themselves.
                Ok(Err(_)) => {
                    tracing::error!(person = %lease.request.key, "broke off");
                    worked("broken", 1);
                    left.come_back.push(lease);
                }
                Err(_) => {
                    task.abort();
                    tracing::warn!(person = %lease.request.key, "not done in time; left for another try");
                    worked("broken", 1);
                    left.come_back.push(lease);
                }
            }
        }
        left
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

async fn compose(parts: Parts) -> Result<Ready, OpenError> {
    let Parts { configuration, rules, secrets, home, clock } = parts;
    let key = configuration.jumpcloud.api_key.clone();
    // Before it is read for use: should it be changed in between, the older one is taken for refused, not the newer.
    let made_with = secrets.get(&key).await?;
    let workflow = Workflow::open(&configuration, rules, Role::Writer, &secrets, home.store, home.queue).await?;
    let places = Arc::new(Semaphore::new(configuration.in_flight));
    Ok(Ready { workflow, clock, key, made_with, places })
}

/// The messages that a lease is made of.
fn messages(lease: &Lease) -> Vec<String> {
    match &lease.id {
        LeaseId::Sqs(receipts) => receipts.iter().map(|receipt| receipt.message.clone()).collect(),
        LeaseId::Sqlite { .. } => Vec::new(),
    }
}
