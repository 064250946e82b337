//! A connection whose HR system refuses the key rests: nobody there is asked with that key again, and its people wait.
//! The other connections go on, and so does this one as soon as another key is kept for it.
//!
//! That it rests is what its source remembers, and nothing else: whoever is refused, wherever, makes it rest for all.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hris::Source;
use jumpcloud::Fault;
use mapping::configuration::Connection;
use mapping::employee::ConnectionName;
use mapping::rules::{Mode, Rules};
use mapping::secret::Secret;
use state::{SecretError, Secrets};

use crate::{Trouble, Workflow};

/// One HR tenant, ready to be asked.
#[derive(Clone)]
pub struct Site {
    /// Its rules.
    pub rules: Arc<Rules>,
    /// The password of new accounts, where the rules give them one.
    pub default_password: Option<Secret>,
    connection: Connection,
    asked: Arc<RwLock<Asked>>,
}

/// How HR is asked now.
struct Asked {
    source: Source,
    /// What it is asked with.
    key: Secret,
    /// When somebody first looked for another key.
    rests_since: Option<Instant>,
}

impl Asked {
    fn with(connection: &Connection, key: Secret) -> Asked {
        Asked { source: Source::new(connection, &key), key, rests_since: None }
    }
}

impl Site {
    /// Contacts nobody.
    pub(crate) fn new(connection: &Connection, key: Secret, default_password: Option<Secret>) -> Site {
        let asked = Arc::new(RwLock::new(Asked::with(connection, key)));
        Site { rules: Arc::clone(&connection.rules), default_password, connection: connection.clone(), asked }
    }

    /// Its HR system, asked with the key that counts now.
    pub fn source(&self) -> Source {
        self.asked.read().unwrap_or_else(PoisonError::into_inner).source.clone()
    }

    /// What a fault of its HR system means: a refused key is this connection's.
    pub fn trouble(&self, fault: Fault) -> Trouble {
        match fault {
            Fault::KeyRefused { .. } => Trouble::HrKeyRefused { connection: self.connection.name.clone(), fault },
            Fault::RateLimited { .. }
            | Fault::Rejected { .. }
            | Fault::NotFound { .. }
            | Fault::Unavailable { .. }
            | Fault::Unsure { .. }
            | Fault::Malformed { .. } => Trouble::Vendor(fault),
        }
    }

    /// Why it rests, if it does.
    pub fn refused(&self) -> Option<Trouble> {
        let asked = self.asked.read().unwrap_or_else(PoisonError::into_inner);
        asked.source.refused().map(|fault| self.trouble(fault.clone()))
    }

    /// Reads the kept key, if it rests; with another than the refused one it goes on. With the same one only once
    /// `same_after` has passed since it was looked for first, where that is given: it may have been let in again.
    /// Whether it goes on. No vendor is asked.
    ///
    /// # Errors
    /// The key cannot be read now.
    pub async fn look_for_another_key(
        &self,
        secrets: &Secrets,
        same_after: Option<Duration>,
    ) -> Result<bool, SecretError> {
        if self.refused().is_none() {
            return Ok(false);
        }
        let kept = secrets.get(&self.connection.api_key).await;
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        let since = *asked.rests_since.get_or_insert_with(Instant::now);
        let kept = kept?;
        let rested = same_after.is_some_and(|pause| since.elapsed() >= pause);
        // Somebody else may have been quicker: then their source is as good.
        let goes_on = asked.source.refused().is_none() || kept != asked.key || rested;
        if goes_on && asked.source.refused().is_some() {
            *asked = Asked::with(&self.connection, kept);
        }
        Ok(goes_on)
    }
}

impl Workflow {
    /// The connections that rest.
    pub fn resting(&self) -> BTreeSet<ConnectionName> {
        let resting = self.sites.iter().filter(|(_, site)| site.refused().is_some());
        resting.map(|(name, _)| name.clone()).collect()
    }

    /// Why they do, one by one.
    pub fn refusals(&self) -> Vec<Trouble> {
        self.sites.values().filter_map(Site::refused).collect()
    }

    /// Why nothing can be done any more, if that is so: everybody who has HR to ask rests. Who is paused does nothing
    /// anyway; who is removed goes on without HR.
    pub(crate) fn all_rest(&self) -> Option<Trouble> {
        let mut first = None;
        for site in self.sites.values() {
            match (site.rules.mode, site.refused()) {
                (Mode::Paused, _) => {}
                (Mode::Release | Mode::Offboard, _) | (Mode::On, None) => return None,
                (Mode::On, Some(trouble)) => {
                    first.get_or_insert(trouble);
                }
            }
        }
        first
    }
}
