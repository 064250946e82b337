//! How fast all callers of one vendor, or of one endpoint of a vendor that counts these apart, may go together. Learns
//! from the vendor's own "too many", and from what it says beforehand of how many it will still take (`quota`).
//!
//! After such an answer everyone waits until the stated moment. Then a gap is kept between any two sends: doubled with
//! each further "too many", shrunk slowly by successes until it is gone. The rate therefore halves at once and grows by
//! steps (AIMD), as TCP's does, and finds a limit that nobody publishes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::quota::{Allowance, Quota};

/// The first gap: 50 calls a second, about what one caller reaches against a fast API.
const GAP_FLOOR: Duration = Duration::from_millis(20);
/// The widest gap. Slower than this, a call's deadline ends it anyway.
const GAP_CEILING: Duration = Duration::from_secs(5);
/// A gap below this is none: 200 calls a second are more than all callers together reach.
const GAP_GONE: Duration = Duration::from_millis(5);
/// How much faster we go after one second of successes, in calls a second. From half the limit back to it then takes
/// many calls, of which one round is refused.
const GAIN: f64 = 1.0;
/// The most that one success takes off the gap, so that a very wide one does not vanish at once.
const SHRINK_LIMIT: f64 = 0.9;

/// The state machine.
#[derive(Debug, Default)]
struct Pace {
    gap: Duration,
    /// Nobody sends before this.
    opens: Option<Instant>,
    slowed_at: Option<Instant>,
    /// What the vendor will still take, where it says so.
    allowance: Option<Allowance>,
    /// Sent and not answered yet.
    under_way: u64,
}

impl Pace {
    /// Until when nobody sends.
    fn closed_until(&self, now: Instant) -> Option<Instant> {
        let told = self.allowance.and_then(|allowance| allowance.closed_until(now));
        self.opens.filter(|opens| now < *opens).max(told)
    }

    /// Leave to send now, or the moment to ask again.
    fn ask(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(opens) = self.closed_until(now) {
            return Err(opens);
        }
        self.opens = (!self.gap.is_zero()).then(|| now + self.gap);
        if let Some(allowance) = &mut self.allowance {
            allowance.take();
        }
        self.under_way += 1;
        Ok(())
    }

    /// The vendor said in its answer to a request sent at `sent` how many more it takes.
    fn tell(&mut self, sent: Instant, now: Instant, quota: Quota) {
        self.allowance = Some(Allowance::told(self.allowance, quota, sent, now, self.under_way));
    }

    /// The vendor said "too many" to a request sent at `sent`.
    fn slow(&mut self, sent: Instant, now: Instant, wait: Duration) {
        let until = now + wait;
        self.opens = Some(self.opens.map_or(until, |opens| opens.max(until)));
        // What was under way together is refused together; that is one reason to slow down, not many.
        if self.slowed_at.is_none_or(|slowed| sent >= slowed) {
            self.gap = (self.gap * 2).clamp(GAP_FLOOR, GAP_CEILING);
            self.slowed_at = Some(now);
        }
    }

    /// The vendor took a request.
    fn succeed(&mut self) {
        let gap = self.gap.as_secs_f64();
        // The rate 1/gap grows by GAIN a second; a success stands for one gap's time.
        let shrink = (1.0 / (1.0 + GAIN * gap * gap)).max(SHRINK_LIMIT);
        let gap = self.gap.mul_f64(shrink);
        self.gap = if gap < GAP_GONE { Duration::ZERO } else { gap };
    }
}

/// Leave to send one request, which is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Leave<'g>(&'g Gate);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut pace = self.0.pace();
        pace.under_way = pace.under_way.saturating_sub(1);
    }
}

/// The same for many tasks at once.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pace: Mutex<Pace>,
    /// Whoever holds it is next. It is fair, so nobody starves, and only one task watches the clock.
    turn: tokio::sync::Mutex<()>,
}

impl Gate {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        // Each change is one assignment; a panic elsewhere leaves nothing half done.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send; `Err` at once, with the wait, where it does not come before `deadline`.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<Leave<'_>, Duration> {
        let late = |opens: Option<Instant>| {
            let now = Instant::now();
            opens.filter(|opens| *opens >= deadline).map(|opens| opens.saturating_duration_since(now))
        };
        let opens = self.pace().closed_until(Instant::now());
        if let Some(wait) = late(opens) {
            return Err(wait);
        }
        let Ok(_turn) = timeout_at(deadline, self.turn.lock()).await else {
            let opens = self.pace().closed_until(Instant::now());
            return Err(opens.map_or(Duration::ZERO, |opens| opens.saturating_duration_since(Instant::now())));
        };
        loop {
            let asked = self.pace().ask(Instant::now());
            let Err(opens) = asked else { return Ok(Leave(self)) };
            if let Some(wait) = late(Some(opens)) {
                return Err(wait);
            }
            // Another refusal may arrive meanwhile and move the moment: ask again then.
            sleep_until(opens).await;
        }
    }

    /// The vendor said "too many" to a request sent at `sent`.
    pub(crate) fn slow(&self, sent: Instant, wait: Duration) {
        self.pace().slow(sent, Instant::now(), wait);
    }

    /// The vendor said how many more it takes, in its answer to a request sent at `sent` that is no longer under way.
    pub(crate) fn tell(&self, sent: Instant, quota: Quota) {
        self.pace().tell(sent, Instant::now(), quota);
    }

    /// The vendor took a request.
    pub(crate) fn succeed(&self) {
        self.pace().succeed();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_until_the_vendor_complains() {
        let mut pace = Pace::default();
        let now = Instant::now();
        for _ in 0..1000 {
            assert_eq!(pace.ask(now), Ok(()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_complaint_closes_the_gate_and_doubles_the_gap_once_for_what_was_under_way() {
        let mut pace = Pace::default();
        let start = Instant::now();
        pace.slow(start, start + SECOND, 3 * SECOND);
        pace.slow(start, start + SECOND, 2 * SECOND);
        assert_eq!(pace.gap, GAP_FLOOR);
        assert_eq!(pace.ask(start + 2 * SECOND), Err(start + 4 * SECOND));
        let opens = start + 4 * SECOND;
        assert_eq!(pace.ask(opens), Ok(()));
        assert_eq!(pace.ask(opens), Err(opens + GAP_FLOOR));
        pace.slow(opens, opens + SECOND, SECOND);
        assert_eq!(pace.gap, 2 * GAP_FLOOR);
        for n in 2..30 {
            pace.slow(opens + n * SECOND, opens + n * SECOND, SECOND);
        }
        assert_eq!(pace.gap, GAP_CEILING);
    }

    #[tokio::test(start_paused = true)]
    async fn successes_bring_the_rate_back_step_by_step() {
        let mut pace = Pace { gap: millis(100), ..Pace::default() };
        let mut successes = 0;
        let mut spent = Duration::ZERO;
        while pace.gap > millis(50) {
            spent += pace.gap;
            pace.succeed();
            successes += 1;
        }
        // From 10 a second to 20 a second: one more each second.
        assert!((9..=11).contains(&spent.as_secs()) && (140..=160).contains(&successes), "{spent:?}, {successes}");
        while !pace.gap.is_zero() {
            spent += pace.gap;
            pace.succeed();
        }
        assert!((185..=195).contains(&spent.as_secs()), "{spent:?}");

        let mut wide = Pace { gap: GAP_CEILING, ..Pace::default() };
        wide.succeed();
        assert_eq!(wide.gap, GAP_CEILING.mul_f64(SHRINK_LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn many_tasks_pass_one_by_one_after_a_complaint() {
        let gate = Arc::new(Gate::default());
        let start = Instant::now();
        gate.slow(start, 2 * SECOND);
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.enter(start + 60 * SECOND).await.map(|_leave| start.elapsed()) })
            })
            .collect();
        let mut passed = Vec::new();
        for task in tasks {
            passed.push(task.await.expect("no panic").expect("leave").as_millis());
        }
        for (n, at) in (0..).zip(passed) {
            let due = 2000 + 20 * n;
            // Tokio's clock has a grain of one millisecond.
            assert!((due..=due + 1 + n).contains(&at), "{n}: {at}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_refused_at_once() {
        let gate = Gate::default();
        let start = Instant::now();
        gate.slow(start, 90 * SECOND);
        assert_eq!(gate.enter(start + 60 * SECOND).await.err(), Some(90 * SECOND));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_complaint_that_arrives_meanwhile_moves_the_moment() {
        let gate = Arc::new(Gate::default());
        let start = Instant::now();
        gate.slow(start, 2 * SECOND);
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(start + 60 * SECOND).await.map(|_leave| start.elapsed().as_secs()) }
        });
        tokio::time::sleep(SECOND).await;
        gate.slow(start, 4 * SECOND);
        assert_eq!(waiting.await.expect("no panic"), Ok(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_vendor_still_takes_is_sent_and_no_more_before_its_next_window() {
        let gate = Gate::default();
        let start = Instant::now();
        let late = start + 600 * SECOND;
        let under_way = gate.enter(late).await.expect("leave");
        let answered = gate.enter(late).await.expect("leave");
        drop(answered);
        gate.tell(start, Quota { remaining: 3, window: 60 * SECOND });
        // One is under way: two more.
        drop(gate.enter(late).await.expect("leave"));
        drop(gate.enter(late).await.expect("leave"));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(gate.enter(start + 30 * SECOND).await.err(), Some(60 * SECOND), "said at once");
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(under_way);
        drop(gate.enter(late).await.expect("leave"));
        assert_eq!(start.elapsed().as_secs(), 60);
        drop(gate.enter(late).await.expect("leave"));
        assert_eq!(start.elapsed().as_secs(), 60, "a new window, of which nothing is known");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_is_no_longer_under_way() {
        let gate = Gate::default();
        let start = Instant::now();
        let calls: Vec<Leave<'_>> =
            vec![gate.enter(start + SECOND).await.expect("leave"), gate.enter(start + SECOND).await.expect("leave")];
        assert_eq!(gate.pace().under_way, 2);
        drop(calls);
        assert_eq!(gate.pace().under_way, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_later_of_a_complaint_and_a_window_counts() {
        for (complaint, window, opens) in [(20, 10, 20), (10, 20, 20)] {
            let gate = Gate::default();
            let start = Instant::now();
            gate.tell(start, Quota { remaining: 0, window: window * SECOND });
            gate.slow(start, complaint * SECOND);
            drop(gate.enter(start + 60 * SECOND).await.expect("leave"));
            assert_eq!(start.elapsed().as_secs(), opens);
        }
    }
}
