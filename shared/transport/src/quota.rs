//! `X-RateLimit-Remaining` and `X-RateLimit-Reset`: how many calls a vendor still takes, and until when. Pure.
//!
//! Obeyed before they bite: who is told that nothing is left waits for the vendor's next window, instead of finding out
//! by a refusal. What cannot be meant so is not believed; a refusal then still says the rest.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::retry_after::answered_at;

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The longest window that is believed. The vendor that sends these headers counts by the minute.
const WINDOW_LIMIT: Duration = Duration::from_mins(10);
/// From here on a number counts milliseconds: as seconds it would be in the year 33,658.
const MILLISECONDS_FROM: u64 = 1_000_000_000_000;
/// Moments have whole seconds: two answers about one window may differ by so much.
const SAME_WINDOW: Duration = Duration::from_secs(1);

/// What one answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// How many calls are left.
    pub(crate) remaining: u64,
    /// For how long that holds.
    pub(crate) window: Duration,
}

/// What the headers say; `None` where they do not, or nothing that could be so. A moment is measured against the
/// answer's own `Date`, since the vendor's clock and ours may differ.
pub(crate) fn read(headers: &HeaderMap, now: Timestamp) -> Option<Quota> {
    let number = |name: HeaderName| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let (remaining, reset) = (number(REMAINING)?, number(RESET)?);
    let window = if reset <= WINDOW_LIMIT.as_secs() {
        // No moment, then: the other custom is to say the span itself.
        Duration::from_secs(reset)
    } else {
        let seconds = if reset >= MILLISECONDS_FROM { reset.div_ceil(1000) } else { reset };
        let reset = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        let left: SignedDuration = reset.duration_since(answered_at(headers).unwrap_or(now));
        Duration::try_from(left).ok()?
    };
    (!window.is_zero() && window <= WINDOW_LIMIT).then_some(Quota { remaining, window })
}

/// What may still be sent in the vendor's window, by the answers so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    left: u64,
    /// When the next window begins.
    resets: Instant,
    /// When the request was sent whose answer said so.
    sent: Instant,
}

impl Allowance {
    /// After an answer to a request sent at `sent`, with `under_way` others still to be answered: the vendor may not
    /// have counted those yet.
    pub(crate) fn told(
        before: Option<Allowance>,
        quota: Quota,
        sent: Instant,
        now: Instant,
        under_way: u64,
    ) -> Allowance {
        let told = Allowance { left: quota.remaining.saturating_sub(under_way), resets: now + quota.window, sent };
        match before.filter(|before| now < before.resets) {
            // A window that is over, of an answer that was slow.
            Some(before) if told.resets + SAME_WINDOW < before.resets => before,
            // Answers overtake each other: an earlier one that says more is no news.
            Some(before) if told.resets <= before.resets + SAME_WINDOW && sent <= before.sent => {
                Allowance { left: told.left.min(before.left), ..before }
            }
            Some(_) | None => told,
        }
    }

    /// Until when nothing may be sent.
    pub(crate) fn closed_until(&self, now: Instant) -> Option<Instant> {
        (self.left == 0 && now < self.resets).then_some(self.resets)
    }

    /// One request more is sent.
    pub(crate) fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn headers_are_read_and_odd_ones_are_not_believed() {
        // 2026-03-01T12:00:00Z
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a moment");
        let quota = |remaining, window| Some(Quota { remaining, window: seconds(window) });
        let table = [
            ("0", "1772366430", None, quota(0, 30)),
            (" 7 ", "1772366460", None, quota(7, 60)),
            ("0", "1772367000", None, quota(0, 600)),
            // The span itself, and milliseconds.
            ("0", "30", None, quota(0, 30)),
            ("0", "1772366430000", None, quota(0, 30)),
            ("0", "1772366429001", None, quota(0, 30)),
            // Past, now, and too far ahead.
            ("0", "1772366399", None, None),
            ("0", "1772366400", None, None),
            ("0", "0", None, None),
            ("0", "1772367001", None, None),
            ("0", "601", None, None),
            ("0", "18446744073709551615", None, None),
            // Not numbers.
            ("-1", "1772366430", None, None),
            ("", "1772366430", None, None),
            ("0", "soon", None, None),
            ("0", "1772366430.5", None, None),
            ("many", "1772366430", None, None),
            // The vendor's clock is an hour ahead of ours.
            ("3", "1772370020", Some("Sun, 01 Mar 2026 13:00:00 GMT"), quota(3, 20)),
            ("3", "1772366430", Some("Sun, 01 Mar 2026 13:00:00 GMT"), None),
        ];
        for (remaining, reset, date, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(REMAINING, remaining.parse().expect("a header value"));
            headers.insert(RESET, reset.parse().expect("a header value"));
            if let Some(date) = date {
                headers.insert(http::header::DATE, date.parse().expect("a header value"));
            }
            assert_eq!(read(&headers, now), expected, "{remaining:?} {reset:?}");
        }
        assert_eq!(read(&HeaderMap::new(), now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_counts_as_sent() {
        let start = Instant::now();
        let told = |remaining, under_way| {
            let quota = Quota { remaining, window: MINUTE };
            Allowance::told(None, quota, start, start, under_way).closed_until(start)
        };
        assert_eq!(told(3, 2), None);
        assert_eq!(told(3, 3), Some(start + MINUTE));
        assert_eq!(told(3, 4), Some(start + MINUTE));
        assert_eq!(told(0, 0), Some(start + MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_overtake_each_other() {
        let start = Instant::now();
        let told = |before, remaining, window: u64, sent: u64, now: u64| {
            let quota = Quota { remaining, window: seconds(window) };
            Allowance::told(before, quota, start + seconds(sent), start + seconds(now), 0)
        };
        let left = |allowance: Allowance| (allowance.left, allowance.resets - start);
        let first = told(None, 5, 50, 2, 10);
        assert_eq!(left(first), (5, MINUTE));
        // Sent later: that is how it is. Sent earlier: only if it says less.
        assert_eq!(left(told(Some(first), 9, 49, 3, 11)), (9, MINUTE));
        assert_eq!(left(told(Some(first), 9, 49, 1, 11)), (5, MINUTE));
        assert_eq!(left(told(Some(first), 4, 49, 1, 11)), (4, MINUTE));
        // A new window, whoever asked first; and one that is over.
        assert_eq!(left(told(Some(first), 49, 60, 1, 59)), (49, seconds(119)));
        assert_eq!(left(told(Some(first), 0, 5, 9, 11)), (5, MINUTE));
        // What is past says nothing.
        assert_eq!(left(told(Some(first), 1, 10, 1, 60)), (1, seconds(70)));
        assert_eq!(told(None, 0, 60, 0, 0).closed_until(start + MINUTE), None);
    }
}
