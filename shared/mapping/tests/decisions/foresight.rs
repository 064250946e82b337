//! What is foreseen of one person is what happens to them minute by minute.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan};
use mapping::carried::carried_out;
use mapping::configuration::SourceKind;
use mapping::employee::{Employee, Employment, Reading, Stage};
use mapping::foresee::{next_word, said_at};
use mapping::lifecycle::lifecycle;
use mapping::plan::Plan;
use mapping::rules::Rules;
use proptest::prelude::*;
use proptest::sample::select;

use crate::people::{Person, ada, at, date, now, rules};
use crate::world::{World, account_id};

/// How far is looked.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 6);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

const RULES: &str = r#"
[connection.leave]
time_off_types = ["Sabbatical"]
groups = "leave"
[[connection.group]]
name = "Everyone"
"#;

/// One person's world at one moment, once what is planned then is done.
fn step(world: &mut World, said: &Employee, rules: &Rules, moment: Timestamp) -> Option<(Timestamp, Plan)> {
    let plan = world.plan(said, rules, moment);
    let before = plan.account.as_ref().and_then(|id| world.accounts.get(id).cloned());
    world.apply(&plan);
    // A forecast carries out in memory what this world does.
    let id = world.accounts.keys().next().cloned().unwrap_or_else(|| account_id("nobody"));
    assert_eq!(
        carried_out(&plan, before.as_ref(), &id).as_ref(),
        world.accounts.get(&id).filter(|_| before.is_some() || !plan.is_empty())
    );
    (!plan.is_empty()).then_some((moment, plan))
}

fn minute_by_minute(employee: &Employee, rules: &Rules, kind: SourceKind) -> Vec<(Timestamp, Plan)> {
    let (mut world, mut moment, mut plans) = (World::default(), now(), Vec::new());
    while moment <= now() + HORIZON {
        plans.extend(step(&mut world, &said_at(employee, rules, kind, moment), rules, moment));
        moment += MINUTE;
    }
    plans
}

/// The same, looking only where somebody said that there is something to see.
fn foreseen(employee: &Employee, rules: &Rules, kind: SourceKind) -> Vec<(Timestamp, Plan)> {
    let (mut world, mut plans, mut agenda) = (World::default(), Vec::new(), BTreeSet::from([now()]));
    while let Some(moment) = agenda.pop_first().filter(|moment| *moment <= now() + HORIZON) {
        let said = said_at(employee, rules, kind, moment);
        plans.extend(step(&mut world, &said, rules, moment));
        agenda.extend(lifecycle(&said, rules, moment).next_change);
        agenda.extend(next_word(employee, rules, kind, moment));
    }
    plans
}

fn zones() -> impl Strategy<Value = &'static str> {
    select(vec!["Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Denver"])
}

prop_compose! {
    fn anybody()(
        bob in any::<bool>(),
        zone in zones(),
        starts in -3..5_i64,
        length in proptest::option::of(0..6_i64),
        garden in 0..3_i64,
        away in proptest::option::of((-2..3_i64, 1..4_i64)),
        access in any::<bool>(),
    ) -> (SourceKind, Employee) {
        let day = |days: i64| (date("2026-03-02") + days.days()).to_string();
        let mut person = ada().zone(zone).starts(&day(starts));
        if let Some(length) = length {
            person = person.ends(&day(starts + length));
            if bob {
                person = person.last_day(&day(starts + (length - garden).max(0)));
            }
        }
        if let (Some((from, days)), false) = (away, bob) {
            person = person.away("Sabbatical", &day(from), &day(from + days));
        }
        if bob && starts > 0 {
            person = person.stage(Stage::Hired, "hired").employment(Employment::Inactive);
        } else if bob {
            person = person.stage(Stage::Employed, "employed");
        } else if starts > 0 && access {
            person = person.employment(Employment::Inactive);
        }
        let kind = if bob { SourceKind::Bob } else { SourceKind::BambooHr };
        (kind, person.employee())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn nothing_happens_but_at_moments_that_were_named(
        (kind, employee) in anybody(),
        state in select(vec!["active", "suspended-until-start", "as-hr-says", "staged-until-start"]),
        days in proptest::option::of(0..3_u8),
    ) {
        let create = days.map(|days| format!("create_days_before_start = {days}\n")).unwrap_or_default();
        let rules = rules(&format!("first_state = \"{state}\"\n{create}{RULES}"));
        prop_assert_eq!(foreseen(&employee, &rules, kind), minute_by_minute(&employee, &rules, kind));
    }
}

fn access(person: &Person, kind: SourceKind, moment: &str) -> (Reading<Employment>, Stage, Reading<Box<str>>) {
    let employee = person.employee();
    let said = said_at(&employee, &rules(""), kind, at(moment));
    (said.employment, said.stage, said.status.clone())
}

#[test]
fn bamboohr_flips_the_status_one_minute_before_the_companys_midnight() {
    let person = ada().zone("Pacific/Kiritimati").ends("2026-03-06").with("status", "Active");
    let kind = SourceKind::BambooHr;
    assert_eq!(next_word(&person.employee(), &rules(""), kind, now()), Some(at("2026-03-06T23:59:00Z")));
    assert_eq!(access(&person, kind, "2026-03-06T23:58:59Z").0, Reading::Is(Employment::Active));
    assert_eq!(access(&person, kind, "2026-03-06T23:59:00Z").0, Reading::Is(Employment::Inactive));
    let employee = person.employee();
    let said = said_at(&employee, &rules(""), kind, at("2026-03-07T00:00:00Z"));
    assert_eq!(said.fields.get("status"), Reading::Is("Inactive"));
    assert_eq!(said.fields.get("firstName"), Reading::Is("Ada"));
    // What has been said is not said again, and a date from before the start is an earlier employment's.
    for past in [ada().ends("2026-03-01"), ada().starts("2026-04-01").ends("2026-03-20"), ada()] {
        assert_eq!(next_word(&past.employee(), &rules(""), kind, now()), None);
    }
}

#[test]
fn bob_goes_from_hired_to_employed_to_garden_leave_to_terminated_at_the_sites_midnights() {
    let person = ada().zone("America/Denver").stage(Stage::Hired, "hired").employment(Employment::Inactive);
    let person = person.starts("2026-03-04").last_day("2026-03-10").ends("2026-03-20");
    let words = [
        ("2026-03-04T06:59:00Z", Employment::Inactive, Stage::Hired, "hired"),
        ("2026-03-04T07:00:00Z", Employment::Active, Stage::Employed, "Employed"),
        ("2026-03-11T05:59:00Z", Employment::Active, Stage::Employed, "Employed"),
        ("2026-03-11T06:00:00Z", Employment::Inactive, Stage::Unsaid, "Garden leave"),
        ("2026-03-20T06:00:00Z", Employment::Inactive, Stage::Terminated, "Terminated"),
    ];
    for (moment, employment, stage, word) in words {
        let said = access(&person, SourceKind::Bob, moment);
        assert_eq!(said, (Reading::Is(employment), stage, Reading::Is(word.into())), "{moment}");
    }
}

#[test]
fn a_plan_is_said_in_short() {
    let world = World::default();
    let plan = world.plan(&ada().employee(), &rules(&format!("first_state = \"active\"\n{RULES}")), now());
    let short = plan.in_short();
    assert_eq!(short.what, ["new account ada.byron, active", "joins Everyone"]);
    assert_eq!(short.why, "HR says Active");
}
