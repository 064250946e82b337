//! `Retry-After`: a number of seconds or an HTTP date.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest wait that is believed: everybody waits for it, so one odd header must not stop a day's work. Asking once
/// an hour floods nobody.
const WAIT_LIMIT: Duration = Duration::from_hours(1);

/// How long the vendor asks us to wait; `None` where it does not say so, or says it unreadably.
///
/// A date is measured against the answer's own `Date`, since the vendor's clock and ours may differ.
pub(crate) fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => WAIT_LIMIT,
        Err(_) => {
            let now = answered_at(headers).unwrap_or(now);
            // A moment that has passed asks for no wait at all.
            Duration::try_from(moment(text)?.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(WAIT_LIMIT))
}

/// When the vendor answered, by its own clock.
pub(crate) fn answered_at(headers: &HeaderMap) -> Option<Timestamp> {
    moment(headers.get(DATE)?.to_str().ok()?)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of HTTP dates still sent.
fn moment(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a moment");
        let seconds = |n| Some(Duration::from_secs(n));
        let table = [
            (None, None, None),
            (Some("0"), None, seconds(0)),
            (Some(" 7 "), None, seconds(7)),
            (Some("1.5"), None, None),
            (Some("-3"), None, None),
            (Some("soon"), None, None),
            (Some(""), None, None),
            (Some("99999999"), None, Some(WAIT_LIMIT)),
            (Some("99999999999999999999999999"), None, Some(WAIT_LIMIT)),
            (Some("Sun, 01 Mar 2026 12:00:30 GMT"), None, seconds(30)),
            (Some("Sun, 01 Mar 2026 11:59:30 GMT"), None, seconds(0)),
            (Some("Fri, 01 Mar 2126 11:59:30 GMT"), None, Some(WAIT_LIMIT)),
            // The vendor's clock is an hour ahead of ours.
            (Some("Sun, 01 Mar 2026 13:00:20 GMT"), Some("Sun, 01 Mar 2026 13:00:00 GMT"), seconds(20)),
        ];
        for (retry_after, date, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, text) in [(RETRY_AFTER, retry_after), (DATE, date)] {
                if let Some(text) = text {
                    headers.insert(name, text.parse().expect("a header value"));
                }
            }
            assert_eq!(wait(&headers, now), expected, "{retry_after:?}");
        }
    }
}
