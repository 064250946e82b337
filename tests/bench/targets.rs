//! What is to be reached, and whether it is.

use std::time::Duration;

use crate::calls::Calls;
use crate::measures::{Run, What};
use crate::planning::Planned;
use crate::words::{count, memory, time};

/// How much longer than the calls alone a first sync may take.
const WAITING: f64 = 1.15;
/// How many times as much a hundred times as many people may cost.
const LINEAR: f64 = 110.0;
/// How much memory a person may cost, in bytes.
const PERSON: u64 = 4 * 1024;
/// How many times as long as reading the two documents deciding may take.
const DECIDING: f64 = 2.0;
/// How many groups a person of the benchmark's company is in: the fixed one and the department's.
const GROUPS_EACH: u64 = 2;
/// How many groups there are: the fixed one and the departments'.
const DEPARTMENTS: u64 = 10;
/// What a first sync asks HR: who changed (so that nothing falls between it and the first poll), everyone as of today,
/// everyone as of their last rows (for those yet to begin), and the locations.
const HR_OF_FIRST_SYNC: u64 = 4;
/// What it asks an empty JumpCloud: one page of users and one of groups; then each missing group by name, before it is
/// made.
const READS_OF_FIRST_SYNC: u64 = 2;
/// The two sizes that are compared.
const SMALL: usize = 1_000;
const LARGE: usize = 100_000;

/// One target.
pub struct Target {
    /// What is to be reached.
    pub what: String,
    /// What was measured.
    pub figures: Vec<Figure>,
}

/// One company's figures.
pub struct Figure {
    /// Which company.
    pub of: String,
    /// Whether it reaches the target.
    pub reached: bool,
    /// The figures.
    pub figures: String,
}

/// All of them, as far as they were measured.
pub fn all(runs: &[Run], planned: Option<&Planned>, baseline: u64) -> Vec<Target> {
    let each = |what: &str, figure: &dyn Fn(&Run) -> Option<(bool, String)>| {
        let figures = runs.iter().filter_map(|run| {
            let (reached, figures) = figure(run)?;
            Some(Figure { of: who(run), reached, figures })
        });
        Target { what: what.to_owned(), figures: figures.collect() }
    };
    let mut targets = vec![
        each("no change, by poll: 1 call to HR, none to JumpCloud", &idle_poll),
        each(
            "one person changed, by webhook: at most 1 HR read, 1 read, 1 write, and 1 for each group entered or left",
            &moved_by_webhook,
        ),
        each(
            "first sync: one create a person, one call a membership; besides, HR's 4, list pages, and one create a group",
            &calls_of_first_sync,
        ),
        each(&format!("first sync: within {WAITING} of calls x latency / in flight"), &time_of_first_sync),
        linear(runs, baseline),
        each(&format!("less than {} bytes of memory a person, of {}", count(PERSON), count(LARGE as u64)), &|run| {
            memory_of_sync(run, baseline)
        }),
    ];
    targets.extend(planned.map(planning));
    targets.retain(|target| !target.figures.is_empty());
    targets
}

fn who(run: &Run) -> String {
    format!("{} people, {} ms", count(run.setting.people as u64), run.setting.latency.as_millis())
}

fn idle_poll(run: &Run) -> Option<(bool, String)> {
    let Calls { hr, reads, writes, .. } = run.of(What::IdlePoll)?.calls;
    Some(((hr, reads, writes) == (1, 0, 0), format!("{hr} and {}", reads + writes)))
}

fn moved_by_webhook(run: &Run) -> Option<(bool, String)> {
    let Calls { hr, reads, writes, memberships, .. } = run.of(What::MovedByWebhook)?.calls;
    // One department left, one entered.
    let reached = hr <= 1 && reads <= 1 && memberships <= 2 && writes <= 1 + memberships;
    Some((reached, format!("{hr}, {reads}, {}, and {memberships}", writes - memberships)))
}

fn calls_of_first_sync(run: &Run) -> Option<(bool, String)> {
    let calls = run.of(What::FirstSync)?.calls;
    let accounts = run.members as u64;
    let (memberships, groups) = (accounts * GROUPS_EACH, DEPARTMENTS + 1);
    let (hr, reads) = (HR_OF_FIRST_SYNC, READS_OF_FIRST_SYNC + groups);
    let writes = accounts + memberships + groups;
    let expected = Calls { hr, reads, writes, accounts, groups, memberships };
    let shown = |Calls { hr, reads, accounts, groups, memberships, .. }: &Calls| {
        format!("{} + {}, {hr}, {reads}, {groups}", count(*accounts), count(*memberships))
    };
    Some((calls == expected, format!("{}; expected {}", shown(&calls), shown(&expected))))
}

/// What the calls alone take, were all places always taken.
pub fn waiting(calls: &Calls, latency: Duration, in_flight: usize) -> Duration {
    latency.mul_f64(calls.all() as f64 / in_flight as f64)
}

fn time_of_first_sync(run: &Run) -> Option<(bool, String)> {
    let first = run.of(What::FirstSync)?;
    if run.setting.latency.is_zero() {
        return None;
    }
    let least = waiting(&first.calls, run.setting.latency, run.setting.in_flight);
    let ratio = first.took.as_secs_f64() / least.as_secs_f64();
    let figures = format!("{ratio:.2}: {} for {}, {} in flight", time(first.took), time(least), run.setting.in_flight);
    Some((ratio <= WAITING, figures))
}

fn linear(runs: &[Run], baseline: u64) -> Target {
    let of = |people: usize| {
        let run = runs.iter().find(|run| run.setting.people == people && run.setting.latency.is_zero());
        run.and_then(|run| run.of(What::FirstSync))
    };
    let what = format!(
        "first sync: {} people take at most {LINEAR} times what {} take",
        count(LARGE as u64),
        count(SMALL as u64)
    );
    let (Some(small), Some(large)) = (of(SMALL), of(LARGE)) else { return Target { what, figures: Vec::new() } };
    let compared = |of: &str, large: f64, small: f64, shown: &dyn Fn(f64) -> String| {
        let times = large / small;
        let figures = format!("{times:.0}: {} for {}", shown(large), shown(small));
        Figure { of: of.to_owned(), reached: times <= LINEAR, figures }
    };
    let seconds = |seconds: f64| time(Duration::from_secs_f64(seconds));
    let above = |peak: u64| peak.saturating_sub(baseline).max(1) as f64;
    let figures = vec![
        compared("time at 0 ms", large.took.as_secs_f64(), small.took.as_secs_f64(), &seconds),
        compared("processor time", large.used.cpu.as_secs_f64(), small.used.cpu.as_secs_f64(), &seconds),
        compared("memory above baseline", above(large.used.peak), above(small.used.peak), &|b| memory(b as u64)),
    ];
    Target { what, figures }
}

fn memory_of_sync(run: &Run, baseline: u64) -> Option<(bool, String)> {
    if run.setting.people != LARGE {
        return None;
    }
    let each = |what| {
        let peak = run.of(what)?.used.peak;
        Some((peak / LARGE as u64, peak.saturating_sub(baseline) / LARGE as u64))
    };
    let ((first, first_above), (again, again_above)) = (each(What::FirstSync)?, each(What::SyncAgain)?);
    let figures = format!(
        "first sync {} ({} above baseline), no change {} ({} above)",
        count(first),
        count(first_above),
        count(again),
        count(again_above)
    );
    Some((first < PERSON && again < PERSON, figures))
}

fn planning(planned: &Planned) -> Target {
    let figure = Figure {
        of: format!("{} people", count(planned.people as u64)),
        reached: planned.ratio() <= DECIDING,
        figures: format!("{:.2}: {} for {}", planned.ratio(), time(planned.planning()), time(planned.reading)),
    };
    let what = format!("planning, on one thread: within {DECIDING} times reading the same two documents");
    Target { what, figures: vec![figure] }
}
