//! Time goes on, and HR's record stays as it is: what happens to somebody by themselves.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use mapping::account::AccountState;
use mapping::employee::{Employment, Reading, Stage};
use mapping::lifecycle::{Lifecycle, Standing, lifecycle};
use mapping::plan::Plan;
use mapping::rules::{Rules, status_word};
use proptest::prelude::*;
use proptest::sample::select;

use crate::people::{Person, ada, at, date, rules};
use crate::properties::life;
use crate::world::{World, account, account_id, in_state, with};

/// So long are the walks.
const DAYS: i64 = 100;
/// Everything about a person happens within so many days around this one, in the middle of the walk.
const MIDDLE: &str = "2026-03-29";

const GROUPS: &str = r#"
[connection.attributes]
jobTitle = "jobTitle"
[[connection.group]]
name = "Everyone"
[[connection.group]]
name = "Research"
when = 'department == "Research"'
"#;

static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let leave = "[connection.leave]\nstatuses = [\"Parental leave\"]\ntime_off_types = [\"Sabbatical\"]\n\
                 time_off_longer_than_days = 5";
    [
        "first_state = \"active\"".to_owned(),
        "first_state = \"staged\"\n[connection.leaver]\nat = \"17:30\"".to_owned(),
        format!("first_state = \"staged-until-start\"\n[connection.leaver]\non = \"last-day\"\n{leave}"),
        format!("first_state = \"suspended-until-start\"\ncreate_days_before_start = 7\n{leave}\ngroups = \"keep\""),
        format!(
            "first_state = \"active\"\n[connection.leaver]\non = \"termination-date\"\n{leave}\naccount = \"keep\""
        ),
        format!("first_state = \"as-hr-says\"\n[connection.leaver]\ndelete_after_days = 7\n{leave}"),
        "first_state = \"active\"\n[connection.leaver]\naccount = \"leave\"\n[connection.activation]\nmail = \"send\""
            .to_owned(),
    ]
    .iter()
    .map(|lines| rules(&format!("{lines}\n{GROUPS}")))
    .collect()
});

fn any_rules() -> impl Strategy<Value = &'static Rules> {
    (0..RULES.len()).prop_map(|at| &RULES[at])
}

fn day() -> impl Strategy<Value = Reading<Date>> {
    let near = (-45_i64..45).prop_map(|days| Reading::Is(date(MIDDLE).saturating_add(days.days())));
    prop_oneof![1 => Just(Reading::Empty), 3 => near]
}

/// Somebody of BambooHR, which knows a status, two dates and time off, or of HiBob, which knows stages and no time off.
fn somebody() -> impl Strategy<Value = Person> {
    let employment = select(vec![Employment::Active, Employment::Inactive]);
    let start = prop_oneof![2 => Just(Reading::Is(date("2020-01-06"))), 2 => day()];
    (any::<bool>(), employment, start, day(), day(), life()).prop_map(
        |(bob, employment, starts, ends, last_day, (stage, status, _, absences, zone))| {
            let employment = Reading::Is(employment);
            let status = status.map_or(Reading::Empty, |word| Reading::Is(word.into()));
            let person = Person { employment, starts, ends, status, zone, ..ada() };
            match bob {
                true => Person { stage, last_day, ..person },
                false => Person { stage: Stage::Unsaid, absences, ..person },
            }
        },
    )
}

fn may_work(world: &World) -> bool {
    world.accounts.get(&account_id("ada.byron")).is_some_and(|a| a.state == AccountState::Activated)
}

/// The first moment of the walk, and its hours.
fn hours() -> impl Iterator<Item = Timestamp> {
    let start = at("2026-02-07T00:00:00Z");
    (0..DAYS * 24).map(move |hour| start + SignedDuration::from_hours(hour))
}

/// Whether HR's own word for somebody is that they left. Otherwise an end date counts for two days, and then the status.
fn is_leaver(person: &Person, rules: &Rules) -> bool {
    let on_leave = person.status.value().is_some_and(|word| rules.leave.statuses.contains(&status_word(word)));
    match person.stage {
        Stage::Terminated => true,
        Stage::Away => false,
        Stage::Unsaid => person.employment == Reading::Is(Employment::Inactive) && !on_leave,
        Stage::Hired | Stage::Employed => person.employment == Reading::Is(Employment::Inactive),
    }
}

fn what_is_visible(life: &Lifecycle) -> (Standing, Option<Timestamp>, Option<Date>, Option<Box<str>>) {
    (life.standing, life.create_from, life.overdue_end, life.leave.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Hour by hour: the plan is the one for the standing, done once, and what was lost by leaving stays lost.
    #[test]
    fn a_hundred_days_of_one_record(
        person in somebody(),
        rules in any_rules(),
        there in select(vec![None, Some(AccountState::Activated), Some(AccountState::Staged)]),
    ) {
        let mut world = there.map_or(World::default(), |state| {
            let theirs = with(account("ada.byron", "ada.byron@acme.example"), "hirewireId", "acme:7");
            let id = theirs.id.clone();
            World::of([in_state(theirs, state)]).linked(&crate::people::key("7"), &id)
        });
        let employee = person.employee();
        let (mut lost, mut next) = (false, None);
        for now in hours() {
            let life = lifecycle(&employee, rules, now);
            let is_due = next.is_none_or(|moment: Option<Timestamp>| moment.is_some_and(|m| m <= now));
            let (before, groups) = (may_work(&world), world.groups_of(&account_id("ada.byron")));
            let plan: Plan = world.sync(&employee, rules, now);
            // Nothing changes by itself between one change and the next.
            prop_assert!(is_due || plan.is_empty() || plan.deletes(), "{now}: not due\n{plan}");
            let again = (!plan.is_empty()).then(|| world.plan(&employee, rules, now));
            prop_assert!(again.as_ref().is_none_or(Plan::is_empty), "{now}: first\n{plan}then\n{again:?}");
            match life.standing {
                Standing::Left { .. } => lost |= before && !may_work(&world),
                // Nothing is given on the last day, and nothing taken before it is over.
                Standing::Leaving { .. } => prop_assert!(plan.is_empty() || lost || !before, "{now}\n{plan}"),
                Standing::Upcoming { .. } | Standing::Here => {
                    prop_assert!(!plan.takes_away() || groups.is_empty(), "{now}\n{plan}");
                }
                Standing::Away { .. } | Standing::Unknown => {}
            }
            let given = !before && may_work(&world);
            prop_assert!(!given || !lost || !is_leaver(&person, rules), "{now}: given back\n{plan}");
            next = Some(life.next_change);
        }
    }

    /// The person is woken neither too late nor in vain, whatever HR has to say.
    #[test]
    fn next_change_is_the_next_change_with_stages_leave_and_zones(
        person in somebody(),
        rules in any_rules(),
        hours in -1_200_i64..1_200,
        samples in prop::collection::vec(0.0..1.0_f64, 16),
    ) {
        let employee = person.employee();
        let visible = |now: Timestamp| what_is_visible(&lifecycle(&employee, rules, now));
        let now = at("2026-03-29T12:00:00Z") + SignedDuration::from_hours(hours);
        let next = lifecycle(&employee, rules, now).next_change;
        prop_assert!(next.is_none_or(|next| next > now));
        let horizon = next.unwrap_or(now + SignedDuration::from_hours(4_000));
        let length = horizon.duration_since(now).as_secs_f64();
        for sample in samples {
            let moment = now + SignedDuration::from_secs_f64(length * sample);
            prop_assert_eq!(visible(now), visible(moment), "at {}", moment);
        }
        if let Some(next) = next {
            prop_assert_eq!(visible(now), visible(next - 1.nanosecond()));
            prop_assert_ne!(visible(now), visible(next));
        }
    }
}
