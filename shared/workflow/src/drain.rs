//! Works the queue: several people at once, each one at a time.

use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use jumpcloud::Fault;
use mapping::status::Status;
use state::{Lease, StateError};
use tokio::sync::watch;

use crate::keep::blank;
use crate::provision::Done;
use crate::{Progress, Stops, Trouble, Watch, Workflow};

/// How long one person may take before the work is given up and tried again, whatever hangs.
const PERSON_DEADLINE: Duration = Duration::from_secs(120);
/// How long a lease holds: longer than the deadline, so that a crashed worker's people come back, and only theirs.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// How often a request is tried before it is put with the dead letters.
const ATTEMPTS: u32 = 6;
/// The longest wait between two tries of one person, in seconds.
const LONGEST_WAIT: i64 = 300;
/// How often an idle worker looks at the queue; `serve` polls by the minute, webhooks should be felt in a second.
const IDLE: Duration = Duration::from_millis(250);
/// So many people in a row to whom a vendor was away mean that it is away for everybody.
const AWAY_IN_A_ROW: usize = 8;

/// When to stop.
pub enum Until {
    /// Nothing is left that can be done now.
    Empty,
    /// Told to; people under way are finished first.
    Told(watch::Receiver<bool>),
}

/// What became of the queue.
#[derive(Debug, Default)]
pub struct Drained {
    /// People looked at.
    pub people: usize,
    /// People to whom something was done.
    pub changed: usize,
    /// Actions carried out.
    pub actions: usize,
    /// People whose work failed, now or for good.
    pub failed: usize,
    /// People who wait for somebody's decision.
    pub held: usize,
    /// Why it ended early, if it did.
    pub stopped: Option<Trouble>,
}

impl Drained {
    fn count(&mut self, done: &Done, failed: bool) {
        self.people += 1;
        self.failed += usize::from(failed);
        self.actions += done.actions;
        self.changed += usize::from(done.actions > 0);
        self.held += usize::from(matches!(done.status, Status::Held { .. }));
    }
}

/// What became of one request.
#[derive(Debug)]
pub enum Worked {
    /// It was looked at.
    Done {
        /// How it went.
        done: Box<Done>,
        /// Whether something failed.
        failed: bool,
        /// Whether the request is still on the queue, to be tried again.
        comes_back: bool,
    },
    /// A key was refused: everybody's work must stop, or that of this connection. The request is back on the queue.
    Stopped(Trouble),
}

impl Workflow {
    /// Works the queue with up to `in_flight` people at once. `tell` hears of everyone who is done; `now` is the clock.
    ///
    /// # Errors
    /// The store's. Vendors' faults are in the result: they never lose anybody's request.
    pub async fn drain(
        &self,
        in_flight: usize,
        mut until: Until,
        now: &(dyn Fn() -> Timestamp + Sync),
        tell: &(dyn Fn(&Done) + Sync),
        watch: Watch<'_>,
    ) -> Result<Drained, StateError> {
        let mut drained = Drained::default();
        let mut working = FuturesUnordered::new();
        let mut away = 0;
        loop {
            let told = match &until {
                Until::Empty => false,
                Until::Told(stop) => *stop.borrow(),
            };
            if drained.stopped.is_none() {
                drained.stopped = self.all_rest();
            }
            let stopping = told || drained.stopped.is_some();
            if !stopping && working.len() < in_flight {
                let moment = now();
                let lease_until = moment.saturating_add(LEASE).expect("a lease is a fixed span");
                let resting = self.resting();
                let free = in_flight - working.len();
                for lease in self.queue.lease_but(&resting, moment, lease_until, free).await? {
                    working.push(self.one(lease, now));
                }
            }
            if working.is_empty() {
                match &mut until {
                    _ if stopping => break,
                    Until::Empty => break,
                    Until::Told(stop) => {
                        let _ = tokio::time::timeout(IDLE, stop.changed()).await;
                        continue;
                    }
                }
            }
            // While slots are free and more may come (from others, or behind a manager), look again soon.
            let next = match (&until, working.len() < in_flight) {
                (Until::Told(_), true) => match tokio::time::timeout(IDLE, working.next()).await {
                    Ok(next) => next,
                    Err(_) => continue,
                },
                _ => working.next().await,
            };
            let Some((lease, result)) = next else { continue };
            away = match &result {
                Ok(Done { again: Some(trouble), .. }) | Err(trouble) if trouble.vendor_away() => away + 1,
                Ok(_) | Err(_) => 0,
            };
            match self.conclude(&lease, result, now()).await? {
                Worked::Stopped(trouble) => match trouble.stops() {
                    Stops::Everything => drained.stopped = Some(trouble),
                    // Its people are not taken any more.
                    Stops::Connection(_) | Stops::Nothing => {}
                },
                Worked::Done { done, failed, .. } => {
                    drained.count(&done, failed);
                    tell(&done);
                }
            }
            if away >= AWAY_IN_A_ROW && drained.stopped.is_none() && matches!(until, Until::Empty) {
                let detail = format!("{AWAY_IN_A_ROW} people in a row");
                drained.stopped = Some(Trouble::Vendor(Fault::Unavailable { vendor: "a vendor", detail }));
            }
            watch(Progress::Worked { done: drained.people, left: working.len() });
        }
        Ok(drained)
    }

    /// Works one request that somebody else has taken (AWS Lambda does), and puts it where it belongs then.
    ///
    /// # Errors
    /// The store's.
    pub async fn work(&self, lease: Lease, now: &(dyn Fn() -> Timestamp + Sync)) -> Result<Worked, StateError> {
        let (lease, result) = self.one(lease, now).await;
        self.conclude(&lease, result, now()).await
    }

    async fn one(&self, lease: Lease, now: &(dyn Fn() -> Timestamp + Sync)) -> (Lease, Result<Done, Trouble>) {
        let result = match tokio::time::timeout(PERSON_DEADLINE, self.provision(&lease, now())).await {
            Ok(result) => result,
            Err(_) => {
                let detail = format!("one person took longer than {} s", PERSON_DEADLINE.as_secs());
                Err(Trouble::Vendor(Fault::Unavailable { vendor: "a vendor", detail }))
            }
        };
        (lease, result)
    }

    /// Puts the request where it belongs now.
    async fn conclude(
        &self,
        lease: &Lease,
        result: Result<Done, Trouble>,
        now: Timestamp,
    ) -> Result<Worked, StateError> {
        let key = &lease.request.key;
        let (done, trouble) = match result {
            Ok(mut done) => {
                let again = done.again.take();
                (Some(done), again)
            }
            Err(trouble) => (None, Some(trouble)),
        };
        let (mut failed, mut comes_back) = (None, false);
        if let Some(trouble) = trouble {
            let text = trouble.to_string();
            tracing::warn!(person = %key, attempt = lease.attempt, error = trouble.for_log(), "not done");
            match trouble.stops() {
                Stops::Nothing => {}
                Stops::Connection(_) | Stops::Everything => {
                    self.unless_lost(self.queue.give_back(lease).await)?;
                    return Ok(Worked::Stopped(trouble));
                }
            }
            self.note_failure(lease, &text, now).await?;
            if !trouble.is_worth_retrying() {
                // Already recorded as failed; asking again would get the same answer.
                if done.is_none() {
                    self.unless_lost(self.queue.bury(lease, now, &text).await)?;
                }
            } else if lease.attempt >= ATTEMPTS {
                self.unless_lost(self.queue.bury(lease, now, &text).await)?;
            } else {
                let pause = match trouble {
                    // Somebody wrote the person's record in between (a survey does): nothing has to get better first.
                    Trouble::State(StateError::Conflict) => SignedDuration::ZERO,
                    Trouble::Vendor(_)
                    | Trouble::HrKeyRefused { .. }
                    | Trouble::State(_)
                    | Trouble::NoConnection(_) => wait(lease.attempt),
                };
                let due = now.saturating_add(pause).expect("a wait is a short span");
                self.unless_lost(self.queue.retry(lease, now, due, &text).await)?;
                comes_back = true;
            }
            failed = Some(text);
        }
        if let Some(done) = &done {
            tracing::info!(
                person = %key,
                trigger = done.trigger.word(),
                status = done.status.word(),
                actions = done.actions,
                "looked at"
            );
        }
        let has_failed = failed.is_some();
        let done = done.unwrap_or_else(|| Done::failed(&lease.request, failed.unwrap_or_default()));
        Ok(Worked::Done { done: Box::new(done), failed: has_failed, comes_back })
    }

    /// So that `records` shows what is wrong even if HR could not be asked.
    async fn note_failure(&self, lease: &Lease, error: &str, now: Timestamp) -> Result<(), StateError> {
        let known = self.store.record(&lease.request.key).await?;
        let record = known.unwrap_or_else(|| blank(&lease.request, now));
        let status = Status::Failed { error: error.to_owned() };
        if record.status == status {
            return Ok(());
        }
        let record = state::Record { status, fingerprint: None, last_sync: now, ..record };
        self.unless_lost(self.store.put(&record).await)
    }

    /// A lease that ran out belongs to somebody else now; what they do is as good.
    fn unless_lost(&self, result: Result<(), StateError>) -> Result<(), StateError> {
        match result {
            Err(StateError::Conflict) => {
                tracing::warn!("a person's work was taken over by another worker");
                Ok(())
            }
            other => other,
        }
    }
}

/// Twice as long after each try, with jitter so that people who failed together do not come back together.
fn wait(attempt: u32) -> SignedDuration {
    let longest = 2_i64.saturating_pow(attempt).min(LONGEST_WAIT);
    SignedDuration::from_millis(fastrand::i64(longest * 500..=longest * 1000))
}
