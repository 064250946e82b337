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
/// What it asks an empty JumpCloud: one page of users, one of groups.
const READS_OF_FIRST_SYNC: u64 = 2;
/// The two sizes that are compared.
const SMALL: usize = 1_000;
const LARGE: usize = 100_000;

/// One target.
pub struct Target {
    /// What is to be reached.
    pub what: String,
    /// Whether it is.
    pub reached: bool,
    /// The figures.
    pub figures: String,
}

/// All of them, as far as they were measured.
pub fn all(runs: &[Run], planned: Option<&Planned>, baseline: u64) -> Vec<Target> {
    let mut targets = Vec::new();
    for run in runs {
        targets.extend([idle_poll(run), moved_by_webhook(run), calls_of_first_sync(run)].into_iter().flatten());
        targets.extend(time_of_first_sync(run));
    }
    targets.extend(linear(runs, baseline));
    targets.extend(memory_of_first_sync(runs, baseline));
    targets.extend(planned.map(planning));
    targets
}

fn who(run: &Run) -> String {
    format!("{} people, {} ms", count(run.setting.people as u64), run.setting.latency.as_millis())
}

fn idle_poll(run: &Run) -> Option<Target> {
    let Calls { hr, reads, writes, .. } = run.of(What::IdlePoll)?.calls;
    Some(Target {
        what: format!("{}: no change, by poll: 1 call to HR, none to JumpCloud", who(run)),
        reached: (hr, reads, writes) == (1, 0, 0),
        figures: format!("{hr} and {}", reads + writes),
    })
}

fn moved_by_webhook(run: &Run) -> Option<Target> {
    let Calls { hr, reads, writes, memberships, .. } = run.of(What::MovedByWebhook)?.calls;
    Some(Target {
        what: format!("{}: one mover, by webhook: at most 1 HR read, 1 read, 1 write + 1 for each group", who(run)),
        // One department left, one entered.
        reached: hr <= 1 && reads <= 1 && memberships <= 2 && writes <= 1 + memberships,
        figures: format!("{hr}, {reads}, {} + {memberships}", writes - memberships),
    })
}

fn calls_of_first_sync(run: &Run) -> Option<Target> {
    let calls = run.of(What::FirstSync)?.calls;
    let accounts = run.members as u64;
    let memberships = accounts * GROUPS_EACH;
    let groups = DEPARTMENTS + 1;
    let expected = Calls {
        hr: HR_OF_FIRST_SYNC,
        reads: READS_OF_FIRST_SYNC,
        writes: accounts + memberships + groups,
        accounts,
        groups,
        memberships,
    };
    Some(Target {
        what: format!("{}: first sync: a call for each account, membership and group; the lists besides", who(run)),
        reached: calls == expected,
        figures: format!(
            "{} + {} + {}; {} HR, {} pages; expected {} + {} + {}; {}, {}",
            count(calls.accounts),
            count(calls.memberships),
            calls.groups,
            calls.hr,
            calls.reads,
            count(expected.accounts),
            count(expected.memberships),
            expected.groups,
            expected.hr,
            expected.reads
        ),
    })
}

/// What the calls alone take, were all places always taken.
pub fn waiting(calls: &Calls, latency: Duration, in_flight: usize) -> Duration {
    latency.mul_f64(calls.all() as f64 / in_flight as f64)
}

fn time_of_first_sync(run: &Run) -> Option<Target> {
    let first = run.of(What::FirstSync)?;
    if run.setting.latency.is_zero() {
        return None;
    }
    let least = waiting(&first.calls, run.setting.latency, run.setting.in_flight);
    let ratio = first.took.as_secs_f64() / least.as_secs_f64();
    Some(Target {
        what: format!(
            "{}: first sync within {WAITING} of calls x {} ms / {} in flight",
            who(run),
            run.setting.latency.as_millis(),
            run.setting.in_flight
        ),
        reached: ratio <= WAITING,
        figures: format!("{ratio:.2}: {} for {}", time(first.took), time(least)),
    })
}

fn linear(runs: &[Run], baseline: u64) -> Vec<Target> {
    let of = |people: usize| {
        let run = runs.iter().find(|run| run.setting.people == people && run.setting.latency.is_zero());
        run.and_then(|run| run.of(What::FirstSync))
    };
    let (Some(small), Some(large)) = (of(SMALL), of(LARGE)) else { return Vec::new() };
    let times = large.took.as_secs_f64() / small.took.as_secs_f64();
    let above = |peak: u64| peak.saturating_sub(baseline).max(1);
    let memories = above(large.peak) as f64 / above(small.peak) as f64;
    let what =
        |of: &str| format!("first sync, {of}: {} people at most {LINEAR} times {}", count(100_000), count(1_000));
    vec![
        Target {
            what: what("time at 0 ms"),
            reached: times <= LINEAR,
            figures: format!("{times:.0}: {} for {}", time(large.took), time(small.took)),
        },
        Target {
            what: what("memory above the baseline"),
            reached: memories <= LINEAR,
            figures: format!("{memories:.0}: {} for {}", memory(above(large.peak)), memory(above(small.peak))),
        },
    ]
}

fn memory_of_first_sync(runs: &[Run], baseline: u64) -> Vec<Target> {
    let Some(run) = runs.iter().find(|run| run.setting.people == LARGE && run.setting.latency.is_zero()) else {
        return Vec::new();
    };
    let whats = [(What::FirstSync, "first sync"), (What::SyncAgain, "sync, no change")];
    let targets = whats.into_iter().filter_map(|(what, name)| {
        let peak = run.of(what)?.peak;
        let (each, above) = (peak / LARGE as u64, peak.saturating_sub(baseline) / LARGE as u64);
        Some(Target {
            what: format!("{}: {name}: less than {} bytes of memory a person", who(run), count(PERSON)),
            reached: each < PERSON,
            figures: format!("{} ({} above the baseline)", count(each), count(above)),
        })
    });
    targets.collect()
}

fn planning(planned: &Planned) -> Target {
    Target {
        what: format!(
            "planning {} people, on one thread, within {DECIDING} times reading the two documents",
            count(planned.people as u64)
        ),
        reached: planned.ratio() <= DECIDING,
        figures: format!("{:.2}: {} for {}", planned.ratio(), time(planned.planning()), time(planned.reading)),
    }
}
