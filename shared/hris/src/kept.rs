//! For how long an answer that was kept will do.

use jiff::{SignedDuration, Timestamp};

/// Whoever waited while somebody else asked may have begun, by their own clock, a little before that.
const BESIDE: SignedDuration = SignedDuration::from_secs(30);

/// Whether what was asked for at `asked_at` will do at `now`. Where the clock was set back it is not known how old it
/// is: then it will not.
pub(crate) fn is_fresh(asked_at: Timestamp, now: Timestamp, patience: SignedDuration) -> bool {
    (-BESIDE..patience).contains(&now.duration_since(asked_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_for_a_while_and_for_who_waited_for_it() {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let hour = SignedDuration::from_hours(1);
        for (now, fresh) in [(0, true), (3_599, true), (3_600, false), (-1, true), (-30, true), (-31, false)] {
            assert_eq!(is_fresh(at(0), at(now), hour), fresh, "{now}");
        }
    }
}
