//! What is printed of a life.

use std::fmt::Write;

use super::Lived;
use super::minimum::{Calls, Kind};
use crate::words::{count, memory, time};

/// All of it.
pub fn print(lived: &Lived) -> String {
    let mut out = String::new();
    let Lived { span, minimum, made, .. } = lived;
    let _ = writeln!(
        out,
        "Seed {}: {} people at first, {} days; play it again with\n  hirewire-bench life --seed {} --people {} --days {}\n",
        span.seed,
        count(span.people as u64),
        span.days,
        span.seed,
        span.people,
        span.days
    );
    for (what, times) in &lived.told {
        let _ = writeln!(out, "{:<52}{:>9}", what, count(*times));
    }
    let all: u64 = lived.told.iter().map(|(_, times)| times).sum();
    let _ = writeln!(out, "{:<52}{:>9}", "in all", count(all));
    let _ = writeln!(out, "{:<52}{:>9}", "of them with their webhooks lost", count(lived.lost));
    let _ = writeln!(
        out,
        "{} records in HR and {} accounts at the end; {} polls of each HR system, {} surveys.\n",
        count(lived.everybody as u64),
        count(lived.accounts as u64),
        count(lived.polls),
        count(lived.surveys)
    );
    let _ = writeln!(
        out,
        "{} minutes looked at, {} wrong states. Between two of them nothing can change: HR, the rules and the product\n\
         itself have no moment there.",
        count(lived.minutes),
        count(lived.wrong_count)
    );
    for wrong in &lived.wrong {
        let _ = writeln!(out, "  {wrong}");
    }
    let _ = writeln!(out, "\n{:<48}{:>10}{:>10}{:>8}", "calls", "least", "made", "ratio");
    for kind in Kind::ALL {
        row(&mut out, kind.words(), minimum.of(kind), made.of(kind));
    }
    let without = |calls: &Calls| {
        Kind::ALL.into_iter().filter(|kind| !kind.is_schedule()).map(|kind| calls.of(kind)).sum::<u64>()
    };
    row(&mut out, "all but polls", without(minimum), without(made));
    row(&mut out, "all", minimum.all(), made.all());
    let _ = writeln!(
        out,
        "\nOf the least, {} records of BambooHR are read because its list of changes names people whom a webhook had\n\
         brought: the list cannot say that it means the same change.",
        count(lived.again)
    );
    let _ = writeln!(out, "Took {}; {} of memory, simulators included.", time(lived.took), memory(lived.memory));
    out
}

fn row(out: &mut String, what: &str, least: u64, made: u64) {
    if least == 0 && made == 0 {
        return;
    }
    let ratio = if least == 0 { "-".to_owned() } else { format!("{:.3}", made as f64 / least as f64) };
    let _ = writeln!(out, "{what:<48}{:>10}{:>10}{ratio:>8}", count(least), count(made));
}
