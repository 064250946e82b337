//! The clock of a simulated world: it stands still until a story moves it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

/// A clock shared by both simulators and, through a file, by a `hirewire` process under test.
#[derive(Clone, Debug)]
pub struct Clock {
    seconds: Arc<AtomicI64>,
    file: Arc<Mutex<Option<PathBuf>>>,
}

impl Clock {
    /// A clock standing at `now`.
    pub fn at(now: Timestamp) -> Clock {
        Clock { seconds: Arc::new(AtomicI64::new(now.as_second())), file: Arc::default() }
    }

    /// The moment it is, to the second.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::SeqCst)).expect("a clock holds a valid moment")
    }

    /// Moves to `now`, forwards or back.
    pub fn set(&self, now: Timestamp) {
        self.seconds.store(now.as_second(), Ordering::SeqCst);
        self.write();
    }

    /// Moves on by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
        self.write();
    }

    /// Keeps `path` holding the current moment (RFC 3339), for a process that reads it through `HIREWIRE_CLOCK`.
    pub fn mirror_to(&self, path: &Path) {
        *self.file.lock().expect("no panic while the clock is written") = Some(path.to_owned());
        self.write();
    }

    fn write(&self) {
        if let Some(path) = &*self.file.lock().expect("no panic while the clock is written") {
            // Written beside and renamed, so that a reader never sees half a moment.
            let beside = path.with_extension("next");
            std::fs::write(&beside, self.now().to_string()).expect("the clock file can be written");
            std::fs::rename(&beside, path).expect("the clock file can be replaced");
        }
    }
}
