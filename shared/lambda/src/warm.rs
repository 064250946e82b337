//! What a function works with, kept between invocations: made from the rules in the store and the keys that they name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mapping::configuration::Configuration;
use state::{CLOCK_VARIABLE, Clock, RulesText, Secrets, StateError};
use tokio::sync::Mutex;

use crate::home::Home;

/// How long pushed rules may take to be obeyed; a look is one small read.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Keys that were read so recently are not read again: whoever sends us nonsense must not make us read all day.
const ANEW_EVERY: Duration = Duration::from_secs(10);

/// Why there is nothing to work with.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Nobody has pushed any.
    #[error("no rules yet: run `hirewire rules push`")]
    NoRules,
    /// A newer Hirewire pushed them, or the other way round.
    #[error(
        "the rules v{version} have {faults} faults as this version reads them; deploy the Hirewire that pushed them, or push again"
    )]
    Unreadable {
        /// Which.
        version: u64,
        /// How many.
        faults: usize,
    },
    /// The store.
    #[error(transparent)]
    State(#[from] StateError),
    /// A key is missing, or what they are for cannot be made.
    #[error("{0}")]
    Make(String),
    /// The simulated clock is not to be used here.
    #[error("{CLOCK_VARIABLE} {0}")]
    Clock(&'static str),
}

/// What work is made from.
pub struct Parts {
    /// The rules.
    pub configuration: Arc<Configuration>,
    /// Which they are, for the audit: "v12".
    pub rules: String,
    /// Where keys are looked up.
    pub secrets: Secrets,
    /// What is known, and what is to be done.
    pub home: Home,
    /// What time it is.
    pub clock: Clock,
}

struct Kept<T> {
    work: Arc<T>,
    configuration: Arc<Configuration>,
    version: u64,
    /// When the rules' version was last looked at.
    looked: Instant,
    /// When the keys were last read.
    made: Instant,
}

/// Keeps what was made: anew only when the rules' version has changed, or when a key was refused.
pub struct Warm<T> {
    home: Home,
    kept: Mutex<Option<Kept<T>>>,
}

impl<T> Warm<T> {
    /// Nothing is read yet.
    pub fn new(home: Home) -> Warm<T> {
        Warm { home, kept: Mutex::new(None) }
    }

    /// What is known, and what is to be done.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Where keys are looked up.
    pub fn secrets(&self) -> &Secrets {
        &self.home.secrets
    }

    /// The work, as of the rules that counted up to 30 s ago. Where newer ones cannot be had or read, the ones before
    /// are kept.
    ///
    /// # Errors
    /// Only where there are none to keep.
    pub async fn get<F, M, E>(&self, make: F) -> Result<Arc<T>, NotReady>
    where
        F: FnOnce(Parts) -> M,
        M: Future<Output = Result<T, E>>,
        E: std::error::Error,
    {
        self.look(Instant::now(), false, || self.home.store.rules(), |parts| self.compose(parts, make)).await
    }

    /// The work, made from keys that are read now: one was refused, and may have been changed. `None` where they were
    /// read a moment ago already.
    ///
    /// # Errors
    /// Whether they have changed cannot be known now.
    pub async fn anew<F, M, E>(&self, make: F) -> Result<Option<Arc<T>>, NotReady>
    where
        F: FnOnce(Parts) -> M,
        M: Future<Output = Result<T, E>>,
        E: std::error::Error,
    {
        let now = Instant::now();
        if self.kept.lock().await.as_ref().is_some_and(|kept| now.saturating_duration_since(kept.made) < ANEW_EVERY) {
            return Ok(None);
        }
        self.anew_now(make).await.map(Some)
    }

    /// The same, for whoever knows that a key was changed.
    ///
    /// # Errors
    /// It cannot be made with the keys that are there now.
    pub async fn anew_now<F, M, E>(&self, make: F) -> Result<Arc<T>, NotReady>
    where
        F: FnOnce(Parts) -> M,
        M: Future<Output = Result<T, E>>,
        E: std::error::Error,
    {
        let read = || self.home.store.rules();
        self.look(Instant::now(), true, read, |parts| self.compose(parts, make)).await
    }

    /// `make`, with everything that it needs besides the rules.
    async fn compose<F, M, E>(&self, rules: (Arc<Configuration>, u64), make: F) -> Result<T, NotReady>
    where
        F: FnOnce(Parts) -> M,
        M: Future<Output = Result<T, E>>,
        E: std::error::Error,
    {
        let (configuration, version) = rules;
        let clock = Clock::of(&configuration).map_err(NotReady::Clock)?;
        let rules = format!("v{version}");
        let parts = Parts { configuration, rules, secrets: self.home.secrets.clone(), home: self.home.clone(), clock };
        make(parts).await.map_err(|error| NotReady::Make(error.to_string()))
    }

    /// Looks whether there is something new, and makes it. `anew`: also where there is not.
    async fn look<R, M>(
        &self,
        now: Instant,
        anew: bool,
        read: impl FnOnce() -> R,
        make: impl FnOnce((Arc<Configuration>, u64)) -> M,
    ) -> Result<Arc<T>, NotReady>
    where
        R: Future<Output = Result<Option<RulesText>, StateError>>,
        M: Future<Output = Result<T, NotReady>>,
    {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && !anew
            && now.saturating_duration_since(kept.looked) < LOOK_EVERY
        {
            return Ok(Arc::clone(&kept.work));
        }
        let found = rules(read().await, kept.as_ref());
        let (rules, trouble) = match (found, kept.as_ref()) {
            (Ok(rules), _) => (rules, None),
            // The rules before are better than none.
            (Err(trouble), Some(kept)) => ((Arc::clone(&kept.configuration), kept.version), Some(trouble)),
            (Err(trouble), None) => return Err(trouble),
        };
        if let Some(trouble) = trouble {
            tracing::warn!(kept = rules.1, error = %trouble, "newer rules cannot be had; the ones before are kept");
        }
        if let Some(kept) = kept.as_mut()
            && !anew
            && kept.version == rules.1
        {
            kept.looked = now;
            return Ok(Arc::clone(&kept.work));
        }
        let (configuration, version) = (Arc::clone(&rules.0), rules.1);
        match (make(rules).await, kept.as_mut()) {
            (Ok(work), _) => {
                let work = Arc::new(work);
                tracing::info!(rules = version, anew, "ready to work");
                *kept = Some(Kept { work: Arc::clone(&work), configuration, version, looked: now, made: now });
                Ok(work)
            }
            // Whoever asks for fresh keys must know that these are not.
            (Err(trouble), Some(kept)) if !anew => {
                tracing::warn!(rules = version, error = %trouble, "newer rules cannot be used yet; the ones before are kept");
                kept.looked = now;
                Ok(Arc::clone(&kept.work))
            }
            (Err(trouble), _) => Err(trouble),
        }
    }
}

/// The rules that were read, parsed unless they are those that are kept.
fn rules<T>(
    read: Result<Option<RulesText>, StateError>,
    kept: Option<&Kept<T>>,
) -> Result<(Arc<Configuration>, u64), NotReady> {
    let read = read?.ok_or(NotReady::NoRules)?;
    if let Some(kept) = kept.filter(|kept| kept.version == read.version) {
        return Ok((Arc::clone(&kept.configuration), kept.version));
    }
    match Configuration::parse(&read.text) {
        Ok(configuration) => Ok((Arc::new(configuration), read.version)),
        Err(faults) => {
            metrics::counter!("rules_unreadable").increment(1);
            Err(NotReady::Unreadable { version: read.version, faults: faults.len() })
        }
    }
}

#[cfg(test)]
mod tests;
