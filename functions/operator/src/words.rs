//! How people's lives are said: where they stand, what happens next, and what their connection is up to.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mapping::employee::ConnectionName;
use mapping::lifecycle::Standing;
use mapping::rules::{Mode, Rules};
use state::Record;

use crate::home::Desk;

/// Where somebody stands.
pub fn standing(standing: Standing) -> String {
    match standing {
        Standing::Upcoming { starts } => format!("hired, first day {starts}"),
        Standing::Here => "employed".to_owned(),
        Standing::Away { returns: Some(day), .. } => format!("on leave, back {day}"),
        Standing::Away { returns: None, .. } => "on leave".to_owned(),
        Standing::Leaving { ends } => format!("leaving: HR says so already, last day {ends}"),
        Standing::Left { ended: Some(ended) } => format!("left, last day {ended}"),
        Standing::Left { ended: None } => "left".to_owned(),
        Standing::Unknown => "unknown: HR hides the status or the first day from our key".to_owned(),
    }
}

/// A moment by the clock on the wall there, and by everybody's.
pub fn moment(moment: Timestamp, zone: Option<&str>) -> String {
    match zone.and_then(|name| TimeZone::get(name).ok().map(|zone| (name, zone))) {
        Some((name, zone)) => {
            let there = moment.to_zoned(zone);
            format!("{} {name}, {moment}", there.strftime("%Y-%m-%d %H:%M"))
        }
        None => moment.to_string(),
    }
}

/// What is known to happen next to somebody, when, and why; empty where nothing is foreseen.
pub fn next_change(record: &Record) -> String {
    let Some(at) = record.next_change else { return String::new() };
    let when = moment(at, record.life.zone.as_deref());
    format!("{when}: {}", why(record))
}

/// Why that happens.
pub fn why(record: &Record) -> String {
    match (record.life.turn, record.life.left_since) {
        (Some(turn), _) => turn.to_string(),
        (None, Some(_)) => "account is deleted".to_owned(),
        (None, None) => "HR's dates".to_owned(),
    }
}

/// What a connection is up to that does not simply work, and how it is ended.
pub fn mode(rules: &Rules) -> Option<String> {
    let name = &rules.connection;
    match rules.mode {
        Mode::On => None,
        Mode::Paused => Some(format!("{name} is paused: nothing is read and nothing is done until mode = \"on\"")),
        Mode::Release => Some(format!(
            "{name} is being removed: its accounts are let go as they are (mode = \"release\"); once `hirewire records` \
             shows all of them skipped, take its section out of the file"
        )),
        Mode::Offboard => Some(format!(
            "{name} is being removed: everybody is made a leaver, {} in 24 hours (mode = \"offboard\", brakes.offboard); \
             `hirewire release` lets more go",
            rules.brakes.offboard
        )),
    }
}

/// The same of these connections; of all where none is named.
pub fn modes(desk: &Desk, named: &[ConnectionName]) -> Vec<String> {
    let chosen = |name: &ConnectionName| named.is_empty() || named.contains(name);
    let all = desk.configuration.connections.iter().filter(|connection| chosen(&connection.name));
    all.filter_map(|connection| mode(&connection.rules)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_twice() {
        let at: Timestamp = "2026-03-06T07:00:00Z".parse().expect("a moment");
        assert_eq!(moment(at, Some("America/Denver")), "2026-03-06 00:00 America/Denver, 2026-03-06T07:00:00Z");
        assert_eq!(moment(at, None), "2026-03-06T07:00:00Z");
    }
}
