//! Starts and ends at the right moment, wherever the person is.

use jiff::{SignedDuration, Timestamp, ToSpan};
use mapping::desired::Desired;
use mapping::employee::{Employee, Employment, Reading};
use mapping::lifecycle::{Lifecycle, Standing, lifecycle};
use mapping::rules::Rules;
use proptest::prelude::*;

use crate::people::{Person, ada, at, date, now, rules};

fn next(person: &Person, lines: &str, now: &str) -> String {
    let next = lifecycle(&person.employee(), &rules(lines), at(now)).next_change;
    next.map_or("never".to_owned(), |moment| moment.to_string())
}

fn standing(person: &Person, lines: &str, now: &str) -> Standing {
    lifecycle(&person.employee(), &rules(lines), at(now)).standing
}

#[test]
fn the_last_day_ends_at_midnight_where_the_person_is() {
    // (zone, last day, leaver rule, the moment)
    let table = [
        ("Europe/London", "2026-03-10", "", "2026-03-11T00:00:00Z"),
        // Clocks go forward on the 29th: the day has 23 hours.
        ("Europe/London", "2026-03-28", "", "2026-03-29T00:00:00Z"),
        ("Europe/London", "2026-03-29", "", "2026-03-29T23:00:00Z"),
        // And back on 25 October: it has 25.
        ("Europe/London", "2026-10-25", "", "2026-10-26T00:00:00Z"),
        ("Europe/London", "2026-03-29", "at = \"01:30\"", "2026-03-29T01:30:00Z"),
        ("Europe/London", "2026-10-25", "at = \"01:30\"", "2026-10-25T00:30:00Z"),
        ("Europe/London", "2026-07-01", "at = \"18:00\"", "2026-07-01T17:00:00Z"),
        ("Europe/London", "2026-07-01", "at = \"24:00\"", "2026-07-01T23:00:00Z"),
        ("Europe/London", "2026-07-01", "at = \"00:00\"", "2026-06-30T23:00:00Z"),
        // Midnight did not exist in São Paulo on 4 November 2018: that day began at one o'clock.
        ("America/Sao_Paulo", "2018-11-03", "", "2018-11-04T03:00:00Z"),
        // The company is in Denver; the person's day ends eighteen to twenty hours earlier.
        ("Pacific/Auckland", "2026-03-10", "", "2026-03-10T11:00:00Z"),
        ("America/Denver", "2026-03-10", "", "2026-03-11T06:00:00Z"),
        // Samoa skipped 30 December 2011.
        ("Pacific/Apia", "2011-12-29", "", "2011-12-30T10:00:00Z"),
    ];
    for (zone, day, leaver, moment) in table {
        let person = ada().starts("2010-01-04").ends(day).zone(zone);
        let lines = format!("[connection.leaver]\n{leaver}");
        let before = (at(moment) - 1.second()).to_string();
        assert_eq!(next(&person, &lines, &before), moment, "{zone} {day} {leaver}");
        assert_eq!(standing(&person, &lines, &before), Standing::Here, "{zone} {day} {leaver}");
        assert_eq!(
            standing(&person, &lines, moment),
            Standing::Left { ended: Some(date(day)) },
            "{zone} {day} {leaver}"
        );
    }
}

#[test]
fn the_first_day_begins_at_midnight_where_the_person_is() {
    for (zone, day, moment) in [
        ("Europe/London", "2026-03-30", "2026-03-29T23:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Pacific/Auckland", "2026-04-05", "2026-04-04T11:00:00Z"),
        ("America/Denver", "2026-03-08", "2026-03-08T07:00:00Z"),
    ] {
        let person = ada().starts(day).zone(zone);
        let before = (at(moment) - 1.second()).to_string();
        assert_eq!(standing(&person, "", &before), Standing::Upcoming { starts: date(day) }, "{zone}");
        assert_eq!(next(&person, "", &before), moment, "{zone}");
        assert_eq!(standing(&person, "", moment), Standing::Here, "{zone}");
    }
}

#[test]
fn a_zone_that_nobody_knows_is_the_connections() {
    let person = ada().ends("2026-03-10").zone("Mars/Olympus");
    assert_eq!(next(&person, "", "2026-03-10T12:00:00Z"), "2026-03-11T00:00:00Z");
}

#[test]
fn accounts_are_made_some_days_before_the_start() {
    let person = ada().starts("2026-04-01");
    let life = |days: &str, now: &str| {
        let rules = rules(&format!("create_days_before_start = {days}"));
        let Lifecycle { create_from, next_change, .. } = lifecycle(&person.employee(), &rules, at(now));
        (create_from.map(|m| m.to_string()), next_change.map(|m| m.to_string()))
    };
    let (week, start) = ("2026-03-25T00:00:00Z", "2026-03-31T23:00:00Z");
    assert_eq!(life("7", "2026-03-02T12:00:00Z"), (Some(week.into()), Some(week.into())));
    assert_eq!(life("7", week), (None, Some(start.into())));
    assert_eq!(life("0", week), (Some(start.into()), Some(start.into())));
    assert_eq!(life("0", start), (None, None));
    assert_eq!(life("366", week), (None, Some(start.into())));
}

#[test]
fn who_was_hired_again_is_not_locked_out_by_the_old_end() {
    let back = ada().starts("2026-03-02").ends("2026-01-31");
    assert_eq!(standing(&back, "", "2026-03-02T12:00:00Z"), Standing::Here);
    assert_eq!(next(&back, "", "2026-03-02T12:00:00Z"), "never");
    let coming = ada().starts("2026-04-01").ends("2026-01-31");
    let starts = Standing::Upcoming { starts: date("2026-04-01") };
    assert_eq!(standing(&coming, "", "2026-03-02T12:00:00Z"), starts);
    assert_eq!(standing(&coming.employment(Employment::Inactive), "", "2026-03-02T12:00:00Z"), starts);
}

#[test]
fn who_never_started_and_who_starts_for_a_fixed_term() {
    let hired = ada().starts("2026-04-01").employment(Employment::Inactive);
    let starts = Standing::Upcoming { starts: date("2026-04-01") };
    let cancelled = hired.clone().ends("2026-04-01");
    let noon = "2026-03-02T12:00:00Z";
    assert_eq!(standing(&cancelled, "", noon), Standing::Left { ended: Some(date("2026-04-01")) });
    assert_eq!(standing(&hired.clone().ends("2026-09-30"), "", noon), starts);
    assert_eq!(standing(&hired, "", noon), starts);
    // Whom HR still calls inactive on the first day is no joiner.
    assert_eq!(standing(&hired, "", "2026-04-01T12:00:00Z"), Standing::Left { ended: None });
}

#[test]
fn the_status_has_the_last_word_two_days_after_the_end() {
    let person = ada().ends("2026-03-01");
    let last_word = "2026-03-04T00:00:00Z";
    assert_eq!(standing(&person, "", "2026-03-03T23:59:59Z"), Standing::Left { ended: Some(date("2026-03-01")) });
    assert_eq!(next(&person, "", "2026-03-03T23:59:59Z"), last_word);
    let life = lifecycle(&person.employee(), &rules(""), at(last_word));
    assert_eq!((life.standing, life.next_change), (Standing::Here, None));
    assert_eq!(life.overdue_end, Some(date("2026-03-01")));
}

#[test]
fn nothing_is_known_of_whom_hr_hides() {
    let hidden = Person { employment: Reading::Hidden, ..ada() };
    assert_eq!(standing(&hidden.ends("2026-03-01"), "", "2026-03-02T12:00:00Z"), Standing::Unknown);
    let start = Person { starts: Reading::Hidden, ..ada() };
    assert_eq!(standing(&start.clone().ends("2026-03-01"), "", "2026-03-02T12:00:00Z"), Standing::Unknown);
    let left = start.employment(Employment::Inactive);
    assert_eq!(standing(&left, "", "2026-03-02T12:00:00Z"), Standing::Left { ended: None }, "explicit is explicit");
    assert_eq!(standing(&Person { starts: Reading::Empty, ..ada() }, "", "2026-03-02T12:00:00Z"), Standing::Here);
}

#[test]
fn whoever_is_hired_again_begins_by_their_own_clock_although_hr_says_inactive_until_its_own() {
    // The company is in London: for it the 9th begins 14 hours later than on Kiritimati.
    let back = Person { ends: Reading::Empty, ..ada() }.employment(Employment::Inactive);
    let back = back.starts("2026-03-09").zone("Pacific/Kiritimati");
    assert_eq!(standing(&back, "", "2026-03-08T09:59:59Z"), Standing::Upcoming { starts: date("2026-03-09") });
    assert_eq!(standing(&back, "", "2026-03-08T10:00:00Z"), Standing::Here);
    assert_eq!(next(&back, "", "2026-03-08T10:00:00Z"), "2026-03-09T01:00:00Z");
    // An hour after the company's own midnight HR's word counts.
    assert_eq!(standing(&back, "", "2026-03-09T00:59:59Z"), Standing::Here);
    assert_eq!(standing(&back, "", "2026-03-09T01:00:00Z"), Standing::Left { ended: None });
    // Whoever left on the first day has left, and so has whoever was let go by a date of their own.
    let gone = back.clone().ends("2026-03-09");
    assert_eq!(
        standing(&gone, "[connection.leaver]\nat = \"00:00\"", "2026-03-08T12:00:00Z"),
        Standing::Left { ended: Some(date("2026-03-09")) }
    );
    // A date of the earlier employment, which BambooHR may keep showing, ends nothing.
    assert_eq!(standing(&back.ends("2026-02-01"), "", "2026-03-08T12:00:00Z"), Standing::Here);
}

#[test]
fn the_fingerprint_follows_everything_that_is_to_be_done_or_told() {
    let base = ada().ends("2026-04-30");
    let print = |person: &Person, lines: &str, now: Timestamp| {
        Desired::of(&person.employee(), &rules(lines), now).fingerprint()
    };
    let same = print(&base, "", now());
    assert_eq!(print(&base, "", now() + SignedDuration::from_hours(24)), same, "time alone changes nothing");
    assert_ne!(print(&base, "", at("2026-05-02T00:00:00Z")), same, "the end");
    assert_eq!(print(&ada().ends("2026-05-31"), "", now()), same, "another end: nothing is to be done yet");
    let left = |person: &Person| print(person, "", at("2026-05-01T12:00:00Z"));
    assert_eq!(left(&base.clone().employment(Employment::Inactive)), left(&base), "HR says later that they left");
    assert_ne!(print(&base.clone().managed_by("9"), "", now()), same);
    assert_ne!(print(&base.clone().hiding("jobTitle"), "", now()), same);
    assert_ne!(print(&base, "first_state = \"active\"", now()), same);
    assert_ne!(print(&base, "create_groups = false", now()), same);
    assert_ne!(print(&base, "[[connection.group]]\nname = \"Team\"", now()), same);
    let soon = ada().starts("2026-04-01");
    let rule = "create_days_before_start = 7";
    assert_ne!(print(&soon, rule, at("2026-03-24T00:00:00Z")), print(&soon, rule, at("2026-03-26T00:00:00Z")));
    // HR's end date passed while nobody looked: the state is as before, but a person should know.
    assert_ne!(print(&base, "", at("2026-05-05T00:00:00Z")), print(&ada(), "", at("2026-05-05T00:00:00Z")));
}

/// What of a lifecycle a plan can show.
fn visible(employee: &Employee, rules: &Rules, now: Timestamp) -> impl PartialEq + std::fmt::Debug + use<> {
    let Lifecycle { standing, create_from, overdue_end, .. } = lifecycle(employee, rules, now);
    (standing, create_from, overdue_end)
}

fn day() -> impl Strategy<Value = Reading<jiff::civil::Date>> {
    let some = (-500_i64..500).prop_map(|days| Reading::Is(date("2026-03-02").saturating_add(days.days())));
    prop_oneof![1 => Just(Reading::Hidden), 1 => Just(Reading::Empty), 6 => some]
}

proptest! {
    /// The person is woken neither too late nor in vain.
    #[test]
    fn next_change_is_the_next_change(
        starts in day(),
        ends in day(),
        inactive in any::<bool>(),
        zone in prop::sample::select(vec!["Pacific/Auckland", "America/Denver", "Europe/London", "America/Sao_Paulo"]),
        lines in prop::sample::select(vec![
            "", "create_days_before_start = 0", "create_days_before_start = 30", "[connection.leaver]\nat = \"02:30\"",
        ]),
        hours in -12_000_i64..12_000,
        samples in prop::collection::vec(0.0..1.0_f64, 8),
    ) {
        let employment = if inactive { Employment::Inactive } else { Employment::Active };
        let person = Person { starts, ends, ..ada().zone(zone).employment(employment) }.employee();
        let rules = RULES.with(|all| all[lines].clone());
        let now = now() + SignedDuration::from_hours(hours);
        let next = lifecycle(&person, &rules, now).next_change;
        prop_assert!(next.is_none_or(|next| next > now));
        let horizon = next.unwrap_or(now + SignedDuration::from_hours(40_000));
        let length = horizon.duration_since(now).as_secs_f64();
        for sample in samples {
            let moment = now + SignedDuration::from_secs_f64(length * sample);
            prop_assert_eq!(visible(&person, &rules, now), visible(&person, &rules, moment), "at {}", moment);
        }
        if let Some(next) = next {
            let just_before = next - 1.nanosecond();
            prop_assert_eq!(visible(&person, &rules, now), visible(&person, &rules, just_before));
            prop_assert_ne!(visible(&person, &rules, now), visible(&person, &rules, next));
        }
    }
}

thread_local! {
    static RULES: std::collections::BTreeMap<&'static str, std::sync::Arc<Rules>> = [
        "", "create_days_before_start = 0", "create_days_before_start = 30", "[connection.leaver]\nat = \"02:30\"",
    ].into_iter().map(|lines| (lines, std::sync::Arc::new(rules(lines)))).collect();
}
