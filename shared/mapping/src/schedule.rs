//! When a connection is polled: a cron expression, in the connection's own zone.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How far back a schedule is looked through after a long standstill: once is enough then, whatever was missed.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Moments that come again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// Reads the five fields of cron: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Schedule, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        let schedule = Schedule { cron, zone };
        // "30 February" is a pattern and no moment.
        match schedule.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err("it never comes".to_owned()),
        }
    }

    /// The first moment after this one; none where the calendar ends.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_zoned(self.zone.clone());
        self.cron.find_next_occurrence(&after, false).ok().map(|moment| moment.timestamp())
    }

    /// Whether a moment has come since `last`, `now` included; always where nothing was done before.
    pub fn is_due(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        let longest = now.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        self.next(last.max(longest)).is_some_and(|next| next <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn schedule(text: &str, zone: &str) -> Schedule {
        Schedule::parse(text, TimeZone::get(zone).expect("a zone")).expect("a schedule")
    }

    #[test]
    fn a_minute_past_the_hour_comes_once_an_hour() {
        let past = schedule("15 * * * *", "Asia/Kathmandu");
        // Kathmandu is 5:45 ahead: its quarter past is our half past.
        assert_eq!(past.next(at("2026-03-02T09:00:00Z")), Some(at("2026-03-02T09:30:00Z")));
        let last = Some(at("2026-03-02T09:30:20Z"));
        assert!(!past.is_due(last, at("2026-03-02T10:29:59Z")));
        assert!(past.is_due(last, at("2026-03-02T10:30:00Z")));
        assert!(past.is_due(None, at("2026-03-02T10:00:00Z")));
        assert!(past.is_due(Some(at("1999-03-02T10:00:00Z")), at("2026-03-02T10:00:00Z")));
    }

    #[test]
    fn an_hour_is_the_connections_own_on_both_sides_of_summer_time() {
        let morning = schedule("0 6 * * 1-5", "Europe/London");
        assert_eq!(morning.next(at("2026-03-27T07:00:00Z")), Some(at("2026-03-30T05:00:00Z")));
        assert_eq!(morning.next(at("2026-10-23T07:00:00Z")), Some(at("2026-10-26T06:00:00Z")));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_not_lost() {
        let night = schedule("30 1 29 3 *", "Europe/London");
        let next = night.next(at("2026-03-28T12:00:00Z")).expect("it comes");
        assert!(next >= at("2026-03-29T00:30:00Z") && next <= at("2026-03-29T02:00:00Z"), "{next}");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "every minute", "60 * * * *", "* * * *", "0 0 * * * *", "0 0 30 2 *", "* * * * * * 2026"] {
            assert!(Schedule::parse(text, TimeZone::UTC).is_err(), "{text}");
        }
    }
}
