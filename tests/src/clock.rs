//! The clock of a simulated world: it stands still until a story moves it, or runs on from where a story put it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

/// A clock shared by the simulators and, through a file, by a `hirewire` process under test.
#[derive(Clone, Debug)]
pub struct Clock {
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug)]
struct Hands {
    moment: Timestamp,
    /// For a running clock: the real time at which it was `moment`.
    since: Option<Timestamp>,
    file: Option<PathBuf>,
}

impl Hands {
    fn now(&self) -> Timestamp {
        self.since.map_or(self.moment, |since| self.moment + Timestamp::now().duration_since(since))
    }

    /// A running clock runs on from there.
    fn set(&mut self, moment: Timestamp) {
        self.moment = moment;
        self.since = self.since.map(|_| Timestamp::now());
        self.write();
    }

    fn write(&self) {
        if let Some(path) = &self.file {
            // Written beside and renamed, so that a reader never sees half a moment.
            let beside = path.with_extension("next");
            let text = match self.since {
                Some(since) => format!("{} since {since}", self.moment),
                None => self.moment.to_string(),
            };
            std::fs::write(&beside, text).expect("the clock file can be written");
            std::fs::rename(&beside, path).expect("the clock file can be replaced");
        }
    }
}

impl Clock {
    /// A clock standing at `now`.
    pub fn at(now: Timestamp) -> Clock {
        let moment = whole_second(now);
        Clock { hands: Arc::new(Mutex::new(Hands { moment, since: None, file: None })) }
    }

    /// The moment it is, to the second.
    pub fn now(&self) -> Timestamp {
        whole_second(self.hands().now())
    }

    /// Moves to `now`, forwards or back. A running clock runs on from there.
    pub fn set(&self, now: Timestamp) {
        self.hands().set(whole_second(now));
    }

    /// Moves on by `seconds`.
    pub fn advance(&self, seconds: i64) {
        let mut hands = self.hands();
        let now = hands.now() + SignedDuration::from_secs(seconds);
        hands.set(now);
    }

    /// From now on it is `moment`, and time passes as it really does.
    pub fn run_from(&self, moment: Timestamp) {
        let mut hands = self.hands();
        hands.since = Some(Timestamp::now());
        hands.set(moment);
    }

    /// Whether time passes by itself.
    pub fn is_running(&self) -> bool {
        self.hands().since.is_some()
    }

    /// Keeps `path` holding the current moment, for a process that reads it through `HIREWIRE_CLOCK`: as RFC 3339, and
    /// for a running clock `MOMENT since REAL_MOMENT`.
    pub fn mirror_to(&self, path: &Path) {
        let mut hands = self.hands();
        hands.file = Some(path.to_owned());
        hands.write();
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().expect("no panic while the clock is written")
    }
}

fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).expect("a clock holds a valid moment")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let clock = Clock::at(moment("2026-03-02T19:00:00.5Z"));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(clock.now(), moment("2026-03-02T19:00:00Z"));
        clock.advance(90);
        assert_eq!(clock.now(), moment("2026-03-02T19:01:30Z"));
        assert!(!clock.is_running());
    }

    #[test]
    fn it_runs_from_where_it_is_put_and_keeps_running() {
        let folder = std::env::temp_dir().join(format!("hirewire-clock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let file = folder.join("clock");
        let clock = Clock::at(moment("2026-03-02T19:00:00Z"));
        clock.mirror_to(&file);
        assert_eq!(std::fs::read_to_string(&file).expect("a moment"), "2026-03-02T19:00:00Z");
        clock.run_from(moment("2026-03-02T23:59:59.9Z"));
        let before = Timestamp::now();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(clock.now(), moment("2026-03-03T00:00:00Z"), "midnight passed by itself");
        let text = std::fs::read_to_string(&file).expect("a moment");
        let (from, since) = text.split_once(" since ").expect("it runs");
        assert_eq!(from, "2026-03-02T23:59:59.9Z");
        assert!(moment(since) <= before, "{text}");
        clock.set(moment("2026-04-01T00:00:00Z"));
        assert!(clock.is_running(), "a clock that was moved runs on");
        std::fs::remove_dir_all(&folder).expect("a scratch folder");
    }
}
