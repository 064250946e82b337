//! Who is to be looked at next, wherever that is kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::request::{SyncRequest, Trigger};
use serde::{Deserialize, Serialize};

use crate::error::StateError;
#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::sqs;

/// The one queue. Ordered per person: never two requests of one person in flight, and at most one waiting.
/// Cheap to clone: all clones are the same queue.
///
/// The queue on AWS promises less in places, said at each method. Nothing is lost by it, because a message is a hint:
/// whoever takes one looks at how things are now, whatever it says and however often it comes.
#[derive(Clone)]
pub enum Queue {
    /// A file of this machine.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Database),
    /// A FIFO queue on AWS, and the one for what was given up.
    Sqs(sqs::Queues),
}

/// Asks whichever home this is, as in `store.rs`.
macro_rules! ask {
    ($queue:ident.$question:ident($($about:expr),*)) => {
        match $queue {
            #[cfg(feature = "sqlite")]
            Queue::Sqlite(database) => database.$question($($about),*),
            Queue::Sqs(queues) => queues.$question($($about),*).await,
        }
    };
}

/// Which turn at which request. When the lease runs out and somebody else takes the request, it names nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LeaseId {
    /// A row of the file.
    Sqlite {
        /// Which.
        place: i64,
        /// Whose turn.
        turn: i64,
    },
    /// Messages of one person, taken together.
    Sqs(Vec<sqs::Receipt>),
}

/// A request in somebody's hands, until finished, returned or run out.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The proof of holding it.
    pub id: LeaseId,
    /// The request.
    pub request: SyncRequest,
    /// Which try this is; 1 is the first.
    pub attempt: u32,
}

/// A request that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Who was to be looked at.
    pub key: EmployeeKey,
    /// Why.
    pub trigger: Trigger,
    /// How often it was tried.
    pub attempts: u32,
    /// How the last try ended.
    pub error: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// May be taken now, or once another person's request is done; run-out leases are among them.
    pub waiting: usize,
    /// In somebody's hands.
    pub in_flight: usize,
    /// Put off after a failure.
    pub delayed: usize,
    /// Given up.
    pub dead: usize,
    /// When the first of the delayed ones may be taken.
    pub next_due: Option<Timestamp>,
}

/// Every method fails with `Unavailable` when the home cannot be used and with `Corrupt` when it holds nonsense; those
/// that take a lease also with `Conflict`, when it has run out and the request is no longer its holder's.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
impl Queue {
    /// Adds requests, all or none. A person who waits already keeps the place in the order, and of the two requests the
    /// new one stays, due now and without a failed try, unless it only brings an older observation than the waiting one
    /// would.
    ///
    /// On AWS some may be added and others not when it fails: the caller pushes again, and repeats are harmless. Several
    /// waiting requests of one person are kept, and become one when they are taken. A new one does not end the wait of one
    /// that failed: it waits behind it, so that at most the longest pause between two tries is lost. What a request has
    /// observed is left out where it is too long.
    pub async fn push(&self, requests: &[SyncRequest]) -> Result<(), StateError> {
        ask!(self.push(requests))
    }

    /// Takes up to `limit` requests, the oldest first, to be done by `until`. Not taken: delayed ones, those of a person
    /// with a request in flight, and those that wish to come after a person who has a request
    /// waiting or in flight (unless the wishes go round in a circle: then the oldest of it goes first). Somebody who is
    /// backing off holds nobody up.
    ///
    /// On AWS the oldest come first only more or less, but for those of one person, and nobody's wish to come after
    /// somebody is heard: a report who comes before the manager waits for the manager's account by name, and is told
    /// again when it is there. Leases run out by the clock of SQS, in whole seconds, and their tries are as many as the
    /// most tried message among them has. A message that names nobody stays, until SQS gives it up.
    pub async fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Lease>, StateError> {
        self.lease_but(&BTreeSet::new(), now, until, limit).await
    }

    /// The same without the people of these connections, who rest: their requests keep their places.
    ///
    /// On AWS they are taken and given back, for SQS cannot be asked for some: whoever takes there by themselves must not
    /// do it in a loop.
    pub async fn lease_but(
        &self,
        resting: &BTreeSet<ConnectionName>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Lease>, StateError> {
        ask!(self.lease(resting, now, until, limit))
    }

    /// Done. [`crate::Store::settle`] does this together with the rest.
    ///
    /// On AWS `Conflict` comes only as far as SQS knows, here and below: never for what AWS Lambda took, nor for what was
    /// finished before; but also for a lease that ran out and that nobody else has yet. The work is then done once more,
    /// and finds nothing to do.
    pub async fn finish(&self, lease: &Lease) -> Result<(), StateError> {
        ask!(self.finish(lease))
    }

    /// Failed: again from `due` on. If a newer request came in the meantime, that one is taken instead, and at once.
    ///
    /// On AWS the newer one waits too and they are taken together, twelve hours later at most. What AWS Lambda took must
    /// also be reported to it as failed, or it is deleted.
    pub async fn retry(&self, lease: &Lease, now: Timestamp, due: Timestamp, error: &str) -> Result<(), StateError> {
        ask!(self.retry(lease, now, due, error))
    }

    /// Not tried at all (shutting down, key refused): back to its place, and this try does not count.
    ///
    /// On AWS it counts: SQS counts every take. So what AWS Lambda took stays away for five minutes, and a refused key has
    /// more than an hour to be put right before SQS gives anybody up; [`Queue::replay`] brings back whom it did.
    pub async fn give_back(&self, lease: &Lease) -> Result<(), StateError> {
        ask!(self.give_back(lease))
    }

    /// Given up: to the dead letters, of which the newest of each person is kept.
    ///
    /// On AWS older ones go when somebody looks, and a lease that had run out leaves a letter too many. Letters are kept
    /// for as long as that queue keeps messages, two weeks at most; the person's record says what failed for ever.
    pub async fn bury(&self, lease: &Lease, now: Timestamp, error: &str) -> Result<(), StateError> {
        ask!(self.bury(lease, now, error))
    }

    /// Up to `limit` dead letters, the newest first.
    ///
    /// On AWS of the 5,000 oldest: they are taken, read and put back, so that two who look at once each see a part, and
    /// one who breaks it off leaves them out of sight for a minute. Of what SQS itself gave up the error is not known, the
    /// tries are how often it was taken (a look is a take), and it is dated when it was put there.
    pub async fn dead(&self, limit: usize) -> Result<Vec<DeadLetter>, StateError> {
        ask!(self.dead(limit))
    }

    /// Turns one person's dead letter, or all of them, into fresh hints; says how many.
    ///
    /// On AWS within the same bounds as [`Queue::dead`]: where so many are left, do it again.
    pub async fn replay(&self, key: Option<&EmployeeKey>, now: Timestamp) -> Result<usize, StateError> {
        ask!(self.replay(key, now))
    }

    /// How much there is to do.
    ///
    /// On AWS about so much, as it was within the last minute. Who backs off is counted as in flight there, several
    /// messages of one person count as several, and when the next of them is due is not known.
    pub async fn depth(&self, now: Timestamp) -> Result<Depth, StateError> {
        ask!(self.depth(now))
    }
}
