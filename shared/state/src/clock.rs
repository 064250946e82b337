//! What time it is: where the environment says so, that of a simulated world.

use std::path::PathBuf;

use jiff::Timestamp;
use mapping::configuration::Configuration;

/// The name of the variable that puts a simulated world's clock in place of the real one.
pub const CLOCK_VARIABLE: &str = "HIREWIRE_CLOCK";
/// Where simulators are.
const LOOPBACK: &str = "http://127.0.0.1:";

/// A clock: the machine's, or a simulated world's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Real,
    /// A file that holds the moment as RFC 3339, or `MOMENT since REAL_MOMENT` for a clock that runs; simulators move
    /// it. Only ever allowed where every vendor is on loopback: a wrong clock against real tenants would let people in
    /// early.
    File(PathBuf),
}

impl Clock {
    /// The one that the environment asks for.
    ///
    /// # Errors
    /// What is wrong with that; begin with [`CLOCK_VARIABLE`].
    pub fn of(configuration: &Configuration) -> Result<Clock, &'static str> {
        Clock::choose(std::env::var(CLOCK_VARIABLE).ok().as_deref(), configuration)
    }

    fn choose(setting: Option<&str>, configuration: &Configuration) -> Result<Clock, &'static str> {
        let Some(setting) = setting else { return Ok(Clock::Real) };
        let Some(path) = setting.strip_prefix("file:") else { return Err("must be file:PATH") };
        let hr = configuration.connections.iter().map(|connection| connection.base_url.as_deref());
        let mut vendors = hr.chain([configuration.jumpcloud.base_url.as_deref()]);
        if !vendors.all(|url| url.is_some_and(|url| url.starts_with(LOOPBACK))) {
            return Err("is for simulators on 127.0.0.1 only; unset it");
        }
        Ok(Clock::File(PathBuf::from(path)))
    }

    /// Now. A simulated clock that cannot be read is the real one; the simulators write it whole.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => Timestamp::now(),
            Clock::File(path) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                simulated(&text, Timestamp::now()).unwrap_or_else(Timestamp::now)
            }
        }
    }
}

/// The moment that a simulated clock shows at a real one.
fn simulated(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.trim().split_once(" since ") {
        None => text.trim().parse().ok(),
        Some((moment, since)) => {
            let (moment, since): (Timestamp, Timestamp) = (moment.parse().ok()?, since.parse().ok()?);
            moment.checked_add(now.duration_since(since)).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(base_url: &str) -> Configuration {
        let text = format!(
            "store = \"dynamodb:x\"\nqueue = \"sqs:x\"\n[jumpcloud]\nbase_url = \"http://127.0.0.1:1\"\napi_key = \
             \"env:K\"\n[[connection]]\nname = \"acme\"\nsource = \"bamboohr\"\ncompany = \"acme\"\n{base_url}\n\
             api_key = \"env:K\"\ntime_zone = \"UTC\"\n"
        );
        Configuration::parse(&text).expect("a configuration")
    }

    #[test]
    fn a_simulated_clock_never_meets_a_real_vendor() {
        let simulated = configuration("base_url = \"http://127.0.0.1:2\"");
        let real = configuration("");
        assert_eq!(Clock::choose(None, &real).expect("allowed"), Clock::Real);
        let file = Clock::choose(Some("file:a-folder/clock"), &simulated).expect("allowed");
        assert_eq!(file, Clock::File("a-folder/clock".into()));
        assert!(Clock::choose(Some("file:a-folder/clock"), &real).is_err());
        assert!(Clock::choose(Some("2026-01-01"), &simulated).is_err());
    }

    #[test]
    fn a_simulated_clock_stands_or_runs() {
        let moment = |text: &str| text.parse::<Timestamp>().expect("a moment");
        let now = moment("2026-11-01T12:00:02.5Z");
        assert_eq!(simulated("2026-03-02T19:00:00Z\n", now), Some(moment("2026-03-02T19:00:00Z")));
        let runs = "2026-03-02T23:59:59Z since 2026-11-01T12:00:00Z";
        assert_eq!(simulated(runs, now), Some(moment("2026-03-03T00:00:01.5Z")));
        assert_eq!(simulated("2026-03-02T23:59:59Z since noon", now), None);
    }
}
