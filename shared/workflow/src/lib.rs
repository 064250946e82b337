//! Observe, decide, apply, record. The only crate that writes to JumpCloud.

mod apply;
mod brake;
mod case;
mod census;
mod directory;
mod drain;
mod explain;
mod forecast;
mod gather;
mod intents;
mod keep;
mod observe;
mod others;
mod provision;
mod removal;
mod rest;
mod review;
mod survey;
mod surveyor;
mod tree;

use std::collections::BTreeMap;

use jumpcloud::{Fault, JumpCloud};
use mapping::configuration::{self, Configuration};
use mapping::employee::ConnectionName;
use state::{Queue, SecretError, Secrets, StateError, Store};

pub use brake::{Releasing, release};
pub use directory::Directory;
pub use drain::{Drained, Until, Worked};
pub use explain::Explained;
pub use forecast::{Braked, Coming, Forecast, Outlook, OutlookOf};
pub use provision::Done;
pub use rest::Site;
pub use review::{NeedsOwnRecord, Reviewed, is_proven, review};
pub use survey::{Mode, Selection, Surveyed};

/// Everything that work needs. Made once, shared by all workers.
pub struct Workflow {
    /// HR tenants by name.
    pub sites: BTreeMap<ConnectionName, Site>,
    /// JumpCloud.
    pub jumpcloud: JumpCloud,
    /// What is known.
    pub store: Store,
    /// What is to be looked at.
    pub queue: Queue,
    /// JumpCloud's groups, as far as the rules name them.
    pub directory: Directory,
    /// Which rules these are, for the audit: their version on AWS, their file's digest on one machine.
    pub rules: String,
}

/// Which of the two keys JumpCloud is reached with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that reads, where there is one.
    Reader,
    /// The one that writes.
    Writer,
}

/// Why the work cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Our own store.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Workflow {
    /// Fetches the keys and makes the clients. No vendor is contacted.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        configuration: &Configuration,
        rules: String,
        role: Role,
        secrets: &Secrets,
        store: Store,
        queue: Queue,
    ) -> Result<Workflow, OpenError> {
        let jumpcloud = jumpcloud(&configuration.jumpcloud, role, secrets).await?;
        let mut sites = BTreeMap::new();
        for connection in &configuration.connections {
            let key = secrets.get(&connection.api_key).await?;
            // Who only reads makes no account.
            let default_password = match (&connection.rules.activation.default_password, role) {
                (Some(place), Role::Writer) => Some(secrets.get(place).await?),
                (Some(_), Role::Reader) | (None, _) => None,
            };
            sites.insert(connection.name.clone(), Site::new(connection, key, default_password));
        }
        let directory = Directory::load(&store).await?;
        Ok(Workflow { sites, jumpcloud, store, queue, directory, rules })
    }
}

/// JumpCloud, reached with the key of `role`. Nobody is contacted.
///
/// # Errors
/// The key is missing.
pub async fn jumpcloud(
    directory: &configuration::Directory,
    role: Role,
    secrets: &Secrets,
) -> Result<JumpCloud, SecretError> {
    let key = match (role, &directory.read_key) {
        (Role::Reader, Some(key)) => key,
        (Role::Reader, None) | (Role::Writer, _) => &directory.api_key,
    };
    Ok(JumpCloud::new(directory, &secrets.get(key).await?))
}

/// Why something did not work, by what its reader does next.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A vendor's answer.
    #[error(transparent)]
    Vendor(#[from] Fault),
    /// A connection's HR system does not accept its key. Made by [`Site::trouble`], which knows whose key it was.
    #[error("{connection}: {fault}")]
    HrKeyRefused {
        /// Whose key.
        connection: ConnectionName,
        /// What HR said.
        fault: Fault,
    },
    /// Our own store.
    #[error(transparent)]
    State(#[from] StateError),
    /// A request for a connection that the configuration does not have.
    #[error("there is no connection `{0}` in the configuration; add it, or drop its requests")]
    NoConnection(ConnectionName),
}

impl Trouble {
    /// How far a refused key stops work: it is never tried again in a loop.
    pub fn stops(&self) -> Stops<'_> {
        match self {
            Trouble::Vendor(Fault::KeyRefused { .. }) => Stops::Everything,
            Trouble::HrKeyRefused { connection, .. } => Stops::Connection(connection),
            Trouble::Vendor(_) | Trouble::State(_) | Trouble::NoConnection(_) => Stops::Nothing,
        }
    }

    /// Whether a vendor is out of reach for everyone, so that going through the rest would only repeat it.
    pub fn vendor_away(&self) -> bool {
        matches!(self, Trouble::Vendor(Fault::Unavailable { .. } | Fault::RateLimited { .. }))
    }

    /// The same for a log: without a vendor's words about one person, which may name them. The record has them.
    pub fn for_log(&self) -> String {
        match self {
            Trouble::Vendor(Fault::Rejected { vendor, status, .. }) => format!("{vendor} refused (HTTP {status})"),
            Trouble::Vendor(_) | Trouble::HrKeyRefused { .. } | Trouble::State(_) | Trouble::NoConnection(_) => {
                self.to_string()
            }
        }
    }
}

/// How far a refused key stops work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops<'a> {
    /// No key was refused.
    Nothing,
    /// This connection rests: its HR system refused the key. The others go on.
    Connection(&'a ConnectionName),
    /// Everything: the key was JumpCloud's, without which nothing can be done for anybody.
    Everything,
}

/// What long work tells whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// HR's list is there.
    Roster {
        /// People on it.
        people: usize,
    },
    /// Accounts are being read.
    Accounts {
        /// Read so far.
        read: usize,
        /// All.
        total: usize,
    },
    /// Plans are being made.
    Planned {
        /// Planned so far.
        people: usize,
        /// All.
        total: usize,
    },
    /// People are being worked on.
    Worked {
        /// Done so far in this run.
        done: usize,
        /// Known to be left.
        left: usize,
    },
}

/// Whoever watches.
pub type Watch<'a> = &'a (dyn Fn(Progress) + Sync);
