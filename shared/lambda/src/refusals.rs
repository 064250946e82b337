//! Keys that were refused: not tried again in a loop, because vendors lock out a caller that goes on.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use mapping::secret::Secret;

/// Remembers refused keys for as long as nobody has changed them, and for a while at most: a key that was refused may
/// have been let in again at the vendor's.
pub struct Refusals {
    /// How long.
    pause: Duration,
    kept: Mutex<Vec<(Vec<Secret>, Instant)>>,
}

impl Refusals {
    /// Whoever was refused is left alone for `pause`.
    pub fn new(pause: Duration) -> Refusals {
        Refusals { pause, kept: Mutex::new(Vec::new()) }
    }

    /// These keys, used together, were refused.
    pub fn remember(&self, keys: Vec<Secret>, now: Instant) {
        let mut kept = self.lock();
        kept.retain(|(known, _)| *known != keys);
        kept.push((keys, now + self.pause));
    }

    /// Whether these very keys were refused a short while ago.
    pub fn hold(&self, keys: &[Secret], now: Instant) -> bool {
        let mut kept = self.lock();
        kept.retain(|(_, until)| now < *until);
        kept.iter().any(|(known, _)| known == keys)
    }

    /// Whether anything is held at all: only then keys need to be compared.
    pub fn hold_any(&self, now: Instant) -> bool {
        self.lock().iter().any(|(_, until)| now < *until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Vec<Secret>, Instant)>> {
        // Whoever panicked while holding it left a list behind that is as good as before.
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_rests_until_it_is_changed_or_the_pause_is_over() {
        let refusals = Refusals::new(Duration::from_secs(60));
        let start = Instant::now();
        let (old, new) = (vec![Secret::new("old")], vec![Secret::new("new")]);
        assert!(!refusals.hold(&old, start) && !refusals.hold_any(start));
        refusals.remember(old.clone(), start);
        assert!(refusals.hold(&old, start + Duration::from_secs(59)) && refusals.hold_any(start));
        assert!(!refusals.hold(&new, start), "another key may be tried at once");
        assert!(!refusals.hold(&old, start + Duration::from_secs(60)));
        assert!(!refusals.hold_any(start + Duration::from_secs(60)));
    }
}
