//! What HR itself will say at a later moment, as far as its own dates tell: an end that comes flips the status, a first
//! day makes somebody employed. Rows for a later day of which an answer says nothing are nobody's to foresee.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::configuration::SourceKind;
use crate::employee::{Employee, Employment, Fields, Reading, Stage};
use crate::lifecycle::{midnight, zone_of};
use crate::rules::{Rules, status_word};

/// When BambooHR flips the status on somebody's last day, in the company's zone.
const BAMBOOHR_FLIPS_AT: Time = Time::constant(23, 59, 0, 0);

/// A word that HR will say by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// Their first day has come.
    Employed,
    /// The last day at work is over, and the employment is not.
    GardenLeave,
    /// The employment is over.
    Terminated,
}

/// The next moment after `after` at which HR changes its word about somebody without anybody touching it.
pub fn next_word(employee: &Employee, rules: &Rules, source: SourceKind, after: Timestamp) -> Option<Timestamp> {
    words(employee, rules, source).into_iter().map(|(at, _)| at).filter(|at| *at > after).min()
}

/// The person as HR will state them at `at`, if nobody touches it until then.
pub fn said_at<'e>(employee: &'e Employee, rules: &Rules, source: SourceKind, at: Timestamp) -> Cow<'e, Employee> {
    let mut coming = words(employee, rules, source);
    coming.retain(|(moment, _)| *moment <= at);
    coming.sort();
    let Some((_, word)) = coming.last() else { return Cow::Borrowed(employee) };
    let mut later = employee.clone();
    later.observed_at = at;
    say(&mut later, rules, source, *word);
    Cow::Owned(later)
}

/// Every word to come, counted from when HR was asked.
fn words(employee: &Employee, rules: &Rules, source: SourceKind) -> Vec<(Timestamp, Word)> {
    let zone = match source {
        SourceKind::BambooHr => rules.zone.clone(),
        SourceKind::Bob => zone_of(employee, rules).zone,
    };
    let starts = employee.starts.value().copied();
    // One from before the start belongs to an earlier employment, and has been said.
    let of_this = |date: &Date| starts.is_none_or(|start| *date >= start);
    let ends = employee.ends.value().copied().filter(of_this);
    let inactive = employee.employment == Reading::Is(Employment::Inactive);
    // Who ends on the first day was to start and never will.
    let never = inactive && employee.stage == Stage::Unsaid && ends.is_some() && ends == starts;
    let begins = starts.filter(|_| !never && (inactive || employee.stage == Stage::Hired));
    let mut words = Vec::new();
    words.extend(begins.and_then(|day| midnight(day, &zone)).map(|at| (at, Word::Employed)));
    match source {
        SourceKind::BambooHr => {
            let flip = ends.and_then(|day| moment(day, BAMBOOHR_FLIPS_AT, &zone));
            words.extend(flip.map(|at| (at, Word::Terminated)));
        }
        SourceKind::Bob => {
            let last_day = employee.last_day.value().copied().filter(of_this);
            let garden = last_day.and_then(|day| day.tomorrow().ok()).zip(ends).filter(|(from, end)| from < end);
            words.extend(garden.and_then(|(from, _)| midnight(from, &zone)).map(|at| (at, Word::GardenLeave)));
            words.extend(ends.and_then(|day| midnight(day, &zone)).map(|at| (at, Word::Terminated)));
        }
    }
    words.retain(|(at, _)| *at > employee.observed_at);
    words
}

fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(time)).ok()
}

/// Lets HR say a word about somebody. What it hides it goes on hiding.
fn say(employee: &mut Employee, rules: &Rules, source: SourceKind, word: Word) {
    let (employment, access) = match word {
        Word::Employed => (Employment::Active, "Active"),
        Word::GardenLeave | Word::Terminated => (Employment::Inactive, "Inactive"),
    };
    if let Reading::Is(_) = employee.employment {
        employee.employment = Reading::Is(employment);
    }
    let status = match (source, word) {
        // What BambooHR calls somebody who has begun stands in the same row already.
        (SourceKind::BambooHr, Word::Employed | Word::GardenLeave) => None,
        (SourceKind::BambooHr | SourceKind::Bob, Word::Terminated) => Some("Terminated"),
        (SourceKind::Bob, Word::Employed) => Some("Employed"),
        (SourceKind::Bob, Word::GardenLeave) => Some("Garden leave"),
    };
    if source == SourceKind::Bob {
        employee.stage = match word {
            Word::Employed => Stage::Employed,
            Word::GardenLeave => Stage::Unsaid,
            Word::Terminated => Stage::Terminated,
        };
    }
    if let (Some(status), Reading::Is(_) | Reading::Empty) = (status, &employee.status) {
        employee.status = Reading::Is(status.into());
    }
    employee.fields = with(&employee.fields, rules, access, status);
}

/// The same fields where the two that say how somebody is employed say it anew.
fn with(fields: &Fields, rules: &Rules, access: &str, status: Option<&str>) -> Fields {
    let said = |(name, value): (&str, Reading<&str>)| {
        let theirs = rules.field_names.get(name).map_or(name, String::as_str);
        let new = match theirs {
            "status" | "internal.status" => Some(access),
            "employmentHistoryStatus" | "lifecycleStatus" | "internal.lifecycleStatus" => status,
            _ => None,
        };
        let value = match (value, new) {
            (Reading::Hidden, _) => Reading::Hidden,
            (Reading::Is(old), Some(new)) if status_word(old) == status_word(new) => Reading::Is(old.to_owned()),
            (Reading::Empty | Reading::Is(_), Some(new)) => Reading::Is(new.to_owned()),
            (Reading::Empty, None) => Reading::Empty,
            (Reading::Is(old), None) => Reading::Is(old.to_owned()),
        };
        (name.to_owned(), value)
    };
    fields.iter().map(said).collect()
}
