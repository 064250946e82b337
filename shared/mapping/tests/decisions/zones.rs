//! Whose midnight counts.

use jiff::ToSpan;
use mapping::desired::Desired;
use mapping::lifecycle::{Standing, lifecycle, zone_of};
use mapping::rules::Rules;
use mapping::status::Note;

use crate::people::{Person, ada, at, date, file, now, rules};

const SITES: &str = r#"
[connection.time_zones]
"Kiritimati office" = "Pacific/Kiritimati"
"pago  PAGO" = "Pacific/Pago_Pago"
"#;

fn zone(person: &Person, rules: &Rules) -> (String, Option<String>) {
    let found = zone_of(&person.employee(), rules);
    (found.zone.iana_name().expect("a named zone").to_owned(), found.unknown_site.map(String::from))
}

/// (site in HR, HR's own zone for it, the zone that counts, what nobody knows)
#[test]
fn the_rules_zone_for_the_site_else_hrs_else_the_connections() {
    for (site, own, expected, unknown) in [
        ("Kiritimati office", None, "Pacific/Kiritimati", None),
        ("  KIRITIMATI   Office ", None, "Pacific/Kiritimati", None),
        ("Pago Pago", None, "Pacific/Pago_Pago", None),
        ("Pago Pago", Some("America/Denver"), "Pacific/Pago_Pago", None),
        ("Denver", Some("America/Denver"), "America/Denver", None),
        ("Denver", None, "Europe/London", Some("Denver")),
        ("Denver", Some("Mars/Olympus"), "Europe/London", Some("Denver")),
    ] {
        let person = own.into_iter().fold(ada().with("location", site), Person::zone);
        let found = (expected.to_owned(), unknown.map(str::to_owned));
        assert_eq!(zone(&person, &rules(SITES)), found, "{site} {own:?}");
    }
    let nowhere = ada().without("location");
    assert_eq!(zone(&nowhere, &rules(SITES)), ("Europe/London".to_owned(), None));
    assert_eq!(zone(&nowhere.hiding("location"), &rules(SITES)), ("Europe/London".to_owned(), None));
    // Without such a table nobody expects a zone for each site.
    assert_eq!(zone(&ada().with("location", "Denver"), &rules("")), ("Europe/London".to_owned(), None));
}

#[test]
fn hibob_calls_it_a_site() {
    let text =
        file(SITES).replace("\"bamboohr\"", "\"bob\"").replace("company = \"acme\"", "service_user = \"SERVICE-1\"");
    let found = mapping::configuration::Configuration::parse(&text).expect("no fault");
    let rules = &found.connections[0].rules;
    assert_eq!(zone(&ada().with("site", "Pago Pago"), rules).0, "Pacific/Pago_Pago");
    assert!(rules.fields().contains("site"));
}

#[test]
fn a_site_of_which_nobody_knows_the_zone_is_told() {
    let notes = |person: &Person| Desired::of(&person.employee(), &rules(SITES), now()).notes;
    let note = Note::UnknownZone { site: "Denver".to_owned() };
    assert_eq!(
        note.to_string(),
        "nobody knows the time zone of site \"Denver\": the connection's counts; add it to [connection.time_zones]"
    );
    assert!(notes(&ada().with("location", "Denver")).contains(&note));
    assert!(!notes(&ada().with("location", "Pago Pago")).contains(&note));
}

/// The same day is over 25 hours apart, and begins so.
#[test]
fn kiritimati_and_pago_pago() {
    for (site, last_moment, first_moment) in [
        ("Kiritimati office", "2026-03-10T10:00:00Z", "2026-03-09T10:00:00Z"),
        ("Pago Pago", "2026-03-11T11:00:00Z", "2026-03-10T11:00:00Z"),
    ] {
        let rules = rules(SITES);
        let turn = |person: Person, moment: &str| {
            let person = person.with("location", site).employee();
            let before = lifecycle(&person, &rules, at(moment) - 1.nanosecond());
            assert_eq!(before.next_change, Some(at(moment)), "{site}");
            (before.standing, lifecycle(&person, &rules, at(moment)).standing)
        };
        let day = date("2026-03-10");
        let ends = turn(ada().ends("2026-03-10"), last_moment);
        assert_eq!(ends, (Standing::Here, Standing::Left { ended: Some(day) }), "{site}");
        let starts = turn(ada().starts("2026-03-10"), first_moment);
        assert_eq!(starts, (Standing::Upcoming { starts: day }, Standing::Here), "{site}");
    }
}

/// (zone, last day, `at`, the moment): hours that a day does not have, has twice, and the day that most years lack.
#[test]
fn the_rules_hour_on_odd_days() {
    for (zone, day, hour, moment) in [
        // Half past one does not exist on the 29th in London: it is half past two by the new clock.
        ("Europe/London", "2026-03-29", "01:30", "2026-03-29T01:30:00Z"),
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00Z"),
        // Twice half past one: the first of them.
        ("Europe/London", "2026-10-25", "01:30", "2026-10-25T00:30:00Z"),
        ("America/New_York", "2026-11-01", "01:59", "2026-11-01T05:59:00Z"),
        ("Europe/London", "2028-02-29", "18:00", "2028-02-29T18:00:00Z"),
        ("Europe/London", "2028-02-29", "24:00", "2028-03-01T00:00:00Z"),
        ("Pacific/Kiritimati", "2028-02-29", "18:00", "2028-02-29T04:00:00Z"),
        ("Pacific/Pago_Pago", "2028-02-29", "18:00", "2028-03-01T05:00:00Z"),
    ] {
        let rules = rules(&format!("[connection.leaver]\nat = \"{hour}\""));
        let person = ada().ends(day).zone(zone).employee();
        let before = lifecycle(&person, &rules, at(moment) - 1.nanosecond());
        assert_eq!((before.standing, before.next_change), (Standing::Here, Some(at(moment))), "{zone} {day} {hour}");
        let then = lifecycle(&person, &rules, at(moment)).standing;
        assert_eq!(then, Standing::Left { ended: Some(date(day)) }, "{zone} {day} {hour}");
    }
}

#[test]
fn a_leap_day_as_first_day() {
    let person = ada().starts("2028-02-29").zone("Pacific/Kiritimati").employee();
    let rules = rules("create_days_before_start = 366");
    let life = lifecycle(&person, &rules, now());
    assert_eq!(life.create_from, Some(at("2027-02-27T10:00:00Z")));
    let life = lifecycle(&person, &rules, at("2028-02-28T10:00:00Z") - 1.nanosecond());
    assert_eq!((life.create_from, life.next_change), (None, Some(at("2028-02-28T10:00:00Z"))));
}
