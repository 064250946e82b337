//! Whether one attempt is followed by another, and after how long. Pure: chance and time are arguments.

use std::time::Duration;

use http::StatusCode;

use crate::call::Safety;

/// The ceiling of the wait before the second attempt; it doubles with each further one.
const BACKOFF_FLOOR: Duration = Duration::from_millis(500);
/// The longest wait that we choose ourselves. JumpCloud's own command line stops there too.
const BACKOFF_CEILING: Duration = Duration::from_secs(30);

/// Some proxies' "network read time-out".
const PROXY_READ_TIMEOUT: u16 = 598;

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The vendor answered.
    Answered {
        /// HTTP status.
        status: StatusCode,
        /// What its `Retry-After` says.
        wait: Option<Duration>,
    },
    /// No connection came about: the vendor saw nothing.
    NotSent,
    /// The connection was lost, or time ran out: the vendor may have seen everything.
    Lost,
}

/// Where a call stands after an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// Whether it may be repeated in doubt.
    pub(crate) safety: Safety,
    /// Attempts made, this one included.
    pub(crate) made: u32,
    /// Attempts allowed.
    pub(crate) allowed: u32,
    /// What is left of the deadline.
    pub(crate) left: Duration,
    /// A number from 0 to 1, drawn for this decision.
    pub(crate) chance: f64,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The answer is final: hand it over.
    Deliver,
    /// Send again after this long.
    Again(Duration),
    /// Stop: too many calls.
    Limited(Option<Duration>),
    /// Stop: out of reach or broken, and nothing has happened there or repeating is harmless.
    Unavailable,
    /// Stop: it may have happened.
    Unsure,
}

/// What kind of end it was.
enum Kind {
    Final,
    /// Refused because there were too many; not processed.
    TooMany(Option<Duration>),
    /// Certainly not processed.
    NotProcessed(Option<Duration>),
    /// Nobody knows.
    Doubtful,
    /// Nobody knows, and the vendor says that repeating will not help.
    DoubtfulForGood,
}

fn kind(ended: Ended) -> Kind {
    let (status, wait) = match ended {
        Ended::NotSent => return Kind::NotProcessed(None),
        Ended::Lost => return Kind::Doubtful,
        Ended::Answered { status, wait } => (status, wait),
    };
    match (status.as_u16(), wait) {
        (429, wait) => Kind::TooMany(wait),
        (503, Some(wait)) => Kind::NotProcessed(Some(wait)),
        (408 | 425 | 500 | 502 | 503 | 504 | PROXY_READ_TIMEOUT, _) => Kind::Doubtful,
        (500.., _) => Kind::DoubtfulForGood,
        _ => Kind::Final,
    }
}

/// Whether the vendor said with this that it is overloaded, so that everybody should slow down.
pub(crate) fn overloaded(ended: Ended) -> bool {
    match ended {
        Ended::Answered { status, wait } => status.as_u16() == 429 || (status.as_u16() == 503 && wait.is_some()),
        Ended::NotSent | Ended::Lost => false,
    }
}

/// The whole decision.
pub(crate) fn next(ended: Ended, standing: Standing) -> Step {
    let again = |asked: Option<Duration>| {
        let wait = asked.unwrap_or_else(|| backoff(standing.made, standing.chance));
        (standing.made < standing.allowed && wait < standing.left).then_some(Step::Again(wait))
    };
    match (kind(ended), standing.safety) {
        (Kind::Final, _) => Step::Deliver,
        (Kind::TooMany(asked), _) => again(asked).unwrap_or(Step::Limited(asked)),
        (Kind::NotProcessed(asked), _) => again(asked).unwrap_or(Step::Unavailable),
        (Kind::Doubtful, Safety::Repeatable) => again(None).unwrap_or(Step::Unavailable),
        (Kind::DoubtfulForGood, Safety::Repeatable) => Step::Deliver,
        (Kind::Doubtful | Kind::DoubtfulForGood, Safety::Once) => Step::Unsure,
    }
}

/// Exponential, with full jitter: many workers that failed together do not come back together.
fn backoff(made: u32, chance: f64) -> Duration {
    let doublings = made.saturating_sub(1).min(16);
    let ceiling = BACKOFF_FLOOR.saturating_mul(1 << doublings).min(BACKOFF_CEILING);
    ceiling.mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn answered(status: u16, wait: Option<u64>) -> Ended {
        let status = StatusCode::from_u16(status).expect("a status");
        Ended::Answered { status, wait: wait.map(Duration::from_secs) }
    }

    fn first(safety: Safety) -> Standing {
        Standing { safety, made: 1, allowed: 3, left: MINUTE, chance: 1.0 }
    }

    #[test]
    fn each_end_of_a_first_attempt() {
        let (floor, seconds) = (Step::Again(BACKOFF_FLOOR), |n| Step::Again(Duration::from_secs(n)));
        let table = [
            // what happened, what a repeatable request does, what one does that must not be sent twice
            (answered(200, None), Step::Deliver, Step::Deliver),
            (answered(204, None), Step::Deliver, Step::Deliver),
            (answered(302, None), Step::Deliver, Step::Deliver),
            (answered(400, None), Step::Deliver, Step::Deliver),
            (answered(401, None), Step::Deliver, Step::Deliver),
            (answered(404, None), Step::Deliver, Step::Deliver),
            (answered(409, None), Step::Deliver, Step::Deliver),
            (answered(408, None), floor, Step::Unsure),
            (answered(425, None), floor, Step::Unsure),
            (answered(429, None), floor, floor),
            (answered(429, Some(7)), seconds(7), seconds(7)),
            (answered(429, Some(0)), seconds(0), seconds(0)),
            (answered(500, None), floor, Step::Unsure),
            (answered(501, None), Step::Deliver, Step::Unsure),
            (answered(502, None), floor, Step::Unsure),
            (answered(503, None), floor, Step::Unsure),
            (answered(503, Some(9)), seconds(9), seconds(9)),
            (answered(504, None), floor, Step::Unsure),
            (answered(520, None), Step::Deliver, Step::Unsure),
            (answered(598, None), floor, Step::Unsure),
            (Ended::NotSent, floor, floor),
            (Ended::Lost, floor, Step::Unsure),
        ];
        for (ended, repeatable, once) in table {
            assert_eq!(next(ended, first(Safety::Repeatable)), repeatable, "{ended:?}");
            assert_eq!(next(ended, first(Safety::Once)), once, "{ended:?}");
        }
    }

    #[test]
    fn the_last_attempt_and_a_wait_beyond_the_deadline_end_it() {
        let seconds = |n| Some(Duration::from_secs(n));
        let table = [
            (answered(429, None), Step::Limited(None), Step::Limited(None)),
            (answered(429, Some(60)), Step::Limited(seconds(60)), Step::Limited(seconds(60))),
            (answered(503, Some(60)), Step::Unavailable, Step::Unavailable),
            (answered(502, None), Step::Unavailable, Step::Unsure),
            (Ended::NotSent, Step::Unavailable, Step::Unavailable),
            (Ended::Lost, Step::Unavailable, Step::Unsure),
        ];
        for (ended, repeatable, once) in table {
            for (safety, expected) in [(Safety::Repeatable, repeatable), (Safety::Once, once)] {
                let last = Standing { made: 3, ..first(safety) };
                assert_eq!(next(ended, last), expected, "{ended:?} at the last attempt");
                let late = Standing { left: Duration::from_millis(400), ..first(safety) };
                assert_eq!(next(ended, late), expected, "{ended:?} just before the deadline");
            }
        }
    }

    #[test]
    fn waits_double_up_to_the_ceiling_and_are_drawn_by_chance() {
        let waits: Vec<u128> = (1..=9).map(|made| backoff(made, 1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff(u32::MAX, 1.0), BACKOFF_CEILING);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.25), Duration::from_millis(500));
    }

    #[test]
    fn only_the_vendor_saying_so_slows_everybody() {
        assert!(overloaded(answered(429, None)));
        assert!(overloaded(answered(503, Some(1))));
        for ended in [answered(503, None), answered(500, Some(1)), answered(200, None), Ended::Lost, Ended::NotSent] {
            assert!(!overloaded(ended), "{ended:?}");
        }
    }
}
