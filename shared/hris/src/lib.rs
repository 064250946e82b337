//! Reading HR systems: one person's own record, several, everyone, who changed, and what a webhook hints at.
//!
//! One enum, one arm for each vendor; a vendor's field names, statuses and oddities end here. Nothing is written.

mod address;
mod bamboohr;
mod bob;
mod cell;
#[cfg(test)]
mod fixture;
mod kept;
mod reading;
mod webhook;
mod words;

use jiff::Timestamp;
use mapping::configuration::{Connection, SourceKind};
use mapping::employee::{ConnectionName, Employee, EmployeeId};
use mapping::roster::Roster;
use mapping::secret::Secret;

pub use bamboohr::BambooHr;
pub use bob::Bob;
/// Why something could not be read. Here as well, so that whoever reads HR need not be able to send by themselves.
pub use transport::Fault;
pub use webhook::Webhook;

/// One HR tenant, ready to be read. Clones share connections and caches.
#[derive(Clone, Debug)]
pub enum Source {
    /// BambooHR.
    BambooHr(BambooHr),
    /// HiBob.
    Bob(Bob),
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made or changed.
    Changed,
    /// It is gone, as the vendor says; a hint like any other.
    Deleted,
}

/// Who changed since the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Each person once, in the order of the changes.
    pub ids: Vec<(EmployeeId, ChangeKind)>,
    /// Where to go on from; opaque, to be kept as it is.
    pub cursor: String,
}

/// What changed, as far as a vendor says.
#[derive(Debug)]
pub enum Changes {
    /// Who, by the vendor's own list.
    Listed(Changed),
    /// Everyone as they are: the vendor has no such list, and whoever asks compares with what was there before.
    Everyone(Roster),
}

/// One line of `hirewire check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// This is as it should be.
    Good(String),
    /// This is not.
    Fault {
        /// What is wrong.
        what: String,
        /// What to do.
        todo: String,
    },
}

/// A webhook of ours at the vendor, which tells it from others by its name: `Hirewire CONNECTION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The vendor's id.
    pub id: String,
    /// Where it sends.
    pub url: String,
}

/// A webhook that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The vendor's id.
    pub id: String,
    /// What its deliveries are signed with. The vendor never shows it again.
    pub private_key: Secret,
    /// Fields that the rules read and the vendor does not watch: polls bring their changes.
    pub left_out: Vec<String>,
}

/// What became of a webhook that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tended {
    /// It listened to something else than the rules read now, and was corrected.
    pub changed: bool,
    /// The door refused the signature of its last delivery: the kept key is not this webhook's.
    pub refused: bool,
    /// As in [`Subscribed`].
    pub left_out: Vec<String>,
}

/// A webhook whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whom to look at, each once.
    pub hints: Vec<EmployeeId>,
    /// The signature in its one spelling: the same delivery sent again has the same one.
    pub signature: String,
    /// From then on the delivery is stale by its own time stamp, and its signature need not be kept any more.
    pub fresh_until: Timestamp,
}

/// Why a webhook is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing to check it with.
    #[error("no webhook key is configured for this connection")]
    NoKey,
    /// Signature or time stamp are missing.
    #[error("the request carries no signature")]
    NoSignature,
    /// Made with another key, or for another body.
    #[error("the signature does not fit the body")]
    BadSignature,
    /// Signed too long ago, or in the future: a replay, or a clock that is wrong.
    #[error("the signature is too old or from the future")]
    Stale,
    /// Signed, and still not what the vendor documents.
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    /// Larger than any hint needs to be.
    #[error("the body is too large")]
    TooLarge,
}

/// What an HR system is called.
pub fn vendor(source: SourceKind) -> &'static str {
    match source {
        SourceKind::BambooHr => bamboohr::VENDOR,
        SourceKind::Bob => bob::VENDOR,
    }
}

impl Source {
    /// A reader of `connection`. Contacts nobody.
    pub fn new(connection: &Connection, api_key: &Secret) -> Source {
        match connection.source {
            SourceKind::BambooHr => Source::BambooHr(BambooHr::new(connection, api_key)),
            SourceKind::Bob => Source::Bob(Bob::new(connection, api_key)),
        }
    }

    /// Which HR system this is.
    pub fn kind(&self) -> SourceKind {
        match self {
            Source::BambooHr(_) => SourceKind::BambooHr,
            Source::Bob(_) => SourceKind::Bob,
        }
    }

    /// Whose people these are.
    pub fn connection(&self) -> &ConnectionName {
        match self {
            Source::BambooHr(bamboo) => bamboo.connection(),
            Source::Bob(bob) => bob.connection(),
        }
    }

    /// One person's own record; `None` where HR has no such record.
    ///
    /// # Errors
    /// What kept it from being read; [`Fault::Rejected`] where the key may not see this one person.
    pub async fn employee(&self, id: &EmployeeId, now: Timestamp) -> Result<Option<Employee>, Fault> {
        let said = match self {
            Source::BambooHr(bamboo) => bamboo.employee(id, now).await,
            Source::Bob(bob) => bob.employee(id, now).await,
        };
        self.heed(said)
    }

    /// Several people by few calls, in the order of their ids. Whoever is missing, or was not readable, is to be read
    /// by [`Source::employee`]: absence here says nothing.
    ///
    /// # Errors
    /// What kept the lists from being read.
    pub async fn employees(&self, ids: &[EmployeeId], now: Timestamp) -> Result<Vec<Employee>, Fault> {
        let said = match self {
            Source::BambooHr(bamboo) => bamboo.employees(ids, now).await,
            Source::Bob(bob) => bob.employees(ids, now).await,
        };
        self.heed(said)
    }

    /// Who changed since `cursor`, by one call. Without a cursor it begins now: a survey takes everyone first.
    ///
    /// # Errors
    /// What kept the list from being read; the cursor is to be kept then.
    pub async fn changes(&self, cursor: Option<&str>, now: Timestamp) -> Result<Changes, Fault> {
        let said = match self {
            Source::BambooHr(bamboo) => bamboo.changed(cursor, now).await.map(Changes::Listed),
            Source::Bob(bob) => bob.roster(now).await.map(Changes::Everyone),
        };
        self.heed(said)
    }

    /// Whether the vendor keeps a list of changes; where it does not, everyone is asked for and compared.
    pub fn lists_changes(&self) -> bool {
        match self {
            Source::BambooHr(_) => true,
            Source::Bob(_) => false,
        }
    }

    /// Everyone, with what was wrong with the list.
    ///
    /// # Errors
    /// What kept the list as a whole from being read; a bad record does not.
    pub async fn roster(&self, now: Timestamp) -> Result<Roster, Fault> {
        let said = match self {
            Source::BambooHr(bamboo) => bamboo.roster(now).await,
            Source::Bob(bob) => bob.roster(now).await,
        };
        self.heed(said)
    }

    /// Why the vendor is not asked any more: it refused the key. What is asked nevertheless gets this answer without a
    /// call; only a new source, with another key, asks again.
    pub fn refused(&self) -> Option<&Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.refused(),
            Source::Bob(bob) => bob.refused(),
        }
    }

    /// No call after one that refused the key, whichever it was.
    fn heed<T>(&self, said: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault @ Fault::KeyRefused { .. }) = &said {
            match self {
                Source::BambooHr(bamboo) => bamboo.give_up(fault.clone()),
                Source::Bob(bob) => bob.give_up(fault.clone()),
            }
        }
        said
    }

    /// What [`Source::roster`] makes of a report of everyone and a page of locations. Asks nobody: for measuring only.
    #[doc(hidden)]
    pub fn read(
        connection: &Connection,
        report: &[u8],
        locations: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Employee>, Fault> {
        match connection.source {
            SourceKind::BambooHr => BambooHr::read(connection, report, locations, now),
            SourceKind::Bob => Bob::read(connection, report, now),
        }
    }

    /// Whether the key and its permissions are as the rules need them.
    ///
    /// # Errors
    /// What keeps the key from saying who it is, a refusal above all; after that only what may pass by itself (out of
    /// reach, rate limited). Everything else is a finding.
    pub async fn check(&self, now: Timestamp) -> Result<Vec<Finding>, Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.check(now).await,
            Source::Bob(bob) => bob.check(now).await,
        }
    }

    /// Whether there are calls that make webhooks; where there are none, a person does, by [`Webhook::steps`].
    pub fn makes_webhooks(&self) -> bool {
        match self {
            Source::BambooHr(_) => true,
            Source::Bob(_) => false,
        }
    }

    /// The webhooks that Hirewire made for this connection with this key: nobody else's, whatever their address.
    ///
    /// # Errors
    /// What kept them from being listed; [`Fault::Rejected`] where the key may not.
    pub async fn webhooks(&self) -> Result<Vec<Subscription>, Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.webhooks().await,
            Source::Bob(bob) => bob.webhooks().await,
        }
    }

    /// Makes a webhook to `url`, which the vendor wants to be `https://`.
    ///
    /// # Errors
    /// Why there is none. It is never sent twice without a look: after [`Fault::Unsure`] there may be one whose key
    /// nobody knows, to be found by [`Source::webhooks`] and removed.
    pub async fn subscribe(&self, url: &str) -> Result<Subscribed, Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.subscribe(url).await,
            Source::Bob(bob) => bob.subscribe(url).await,
        }
    }

    /// Makes a webhook of ours listen to what the rules read now. Its key stays.
    ///
    /// # Errors
    /// What kept it from being read or changed.
    pub async fn tend(&self, id: &str, url: &str) -> Result<Tended, Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.tend(id, url).await,
            Source::Bob(bob) => bob.tend(id, url).await,
        }
    }

    /// Removes a webhook. One that is gone already is no error.
    ///
    /// # Errors
    /// What kept it from being removed.
    pub async fn unsubscribe(&self, id: &str) -> Result<(), Fault> {
        match self {
            Source::BambooHr(bamboo) => bamboo.unsubscribe(id).await,
            Source::Bob(bob) => bob.unsubscribe(id).await,
        }
    }
}
