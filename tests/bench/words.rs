//! What is printed: figures under each other, made to be read.

use std::path::Path;
use std::time::Duration;

use crate::arguments::Setting;
use crate::measures::{Measure, Run, What};
use crate::planning::Planned;
use crate::targets::{Figure, Target, waiting};

/// What was measured, and where.
pub fn opening(binary: &Path, baseline: u64) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("Measured: {} on {cores} cores that the simulators share.", binary.display());
    println!(
        "Everybody has a dozen attributes, a manager and two groups: one for all, one for each of ten departments."
    );
    println!(
        "Memory is the most that the process ever held (VmHWM); it holds {} for a company of one. Both memory and\n\
         processor time count from the start of the process, which for polls and webhooks is a fresh `serve`.\n",
        memory(baseline)
    );
    println!("{:<36}{:>7}{:>11}{:>10}{:>10}{:>10}{:>10}", "", "HR", "JumpCloud", "", "", "", "");
    println!("{:<36}{:>7}{:>11}{:>10}{:>10}{:>10}{:>10}", "", "calls", "reads", "writes", "time", "cpu", "memory");
}

/// Which company comes now.
pub fn heading(setting: &Setting) {
    let Setting { people, latency, in_flight } = setting;
    println!(
        "\n{} people, vendors that answer after {} ms, {in_flight} in flight",
        count(*people as u64),
        latency.as_millis()
    );
}

/// One measure.
pub fn row(measure: &Measure) {
    let Measure { what, calls, took, used } = measure;
    let what = match what {
        What::FirstSync => "first sync".to_owned(),
        What::SyncAgain => "no change, full sync".to_owned(),
        What::IdlePoll => "no change, by poll".to_owned(),
        What::MovedByWebhook => "one changed department, by webhook".to_owned(),
        What::OneByPoll => "one changed title, by poll".to_owned(),
        What::ManyByPoll(people) => format!("{} changed titles, by poll", count(*people as u64)),
    };
    let (hr, reads, writes) = (count(calls.hr), count(calls.reads), count(calls.writes));
    let (took, cpu, peak) = (time(*took), time(used.cpu), memory(used.peak));
    println!("{what:<36}{hr:>7}{reads:>11}{writes:>10}{took:>10}{cpu:>10}{peak:>10}");
}

/// What was not measured, and how long it would have taken.
pub fn left_out(settings: &[Setting], runs: &[Run]) {
    if settings.is_empty() {
        return;
    }
    println!("\nLeft out (--full measures it):");
    for setting in settings {
        let same = runs.iter().find(|run| run.setting.people == setting.people);
        let computed = same.and_then(|run| run.of(What::FirstSync)).map(|first| {
            let least = waiting(&first.calls, setting.latency, setting.in_flight);
            format!("; a first sync is computed at {} (calls x latency / in flight)", time(least))
        });
        println!(
            "  {} people at {} ms, {} in flight{}",
            count(setting.people as u64),
            setting.latency.as_millis(),
            setting.in_flight,
            computed.unwrap_or_default()
        );
    }
}

/// Reading and deciding.
pub fn planning(planned: &Planned) {
    let each = |took: Duration| took.as_secs_f64() * 1e6 / planned.people as f64;
    println!("\nWithout the network, on one thread, {} people:", count(planned.people as u64));
    println!(
        "  reading HR's report and JumpCloud's users ({}): {} ({:.1} µs a person)",
        memory(planned.bytes as u64),
        time(planned.reading),
        each(planned.reading)
    );
    println!(
        "  planning: {} ({:.1} µs a person: {:.1} what should be, {:.1} the difference)",
        time(planned.planning()),
        each(planned.planning()),
        each(planned.desired),
        each(planned.comparing)
    );
}

/// The targets.
pub fn to_reach(targets: &[Target]) {
    println!("\nTo reach");
    for Target { what, figures } in targets {
        let reached = figures.iter().all(|figure| figure.reached);
        println!("  {:<12} {what}", if reached { "PASS" } else { "FALLS SHORT" });
        for Figure { of, reached: this, figures } in figures {
            println!("               {of:<24} {figures}{}", if *this { "" } else { "  <- falls short" });
        }
    }
}

/// `1234567` -> `1,234,567`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12 ms`, `3.4 s`, `12 min`
pub fn time(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        ..100.0 => format!("{seconds:.1} s"),
        ..600.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

/// `12.3 MB`
pub fn memory(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 100.0 { format!("{megabytes:.1} MB") } else { format!("{megabytes:.0} MB") }
}
