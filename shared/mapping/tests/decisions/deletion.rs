//! Deletion: only of leavers' accounts that we suspended, and only when their time has come.

use jiff::{SignedDuration, Timestamp};
use mapping::account::AccountState;
use mapping::employee::{Employment, Reading};
use mapping::plan::{Plan, Verdict};
use mapping::rules::Rules;
use mapping::status::{Brake, Skip};

use crate::people::{Person, ada, at, key, now, rules};
use crate::world::{World, account_id};

const RULES: &str = "first_state = \"active\"\n[connection.leaver]\ndelete_after_days = 3";

fn left() -> Person {
    ada().employment(Employment::Inactive).ends("2026-02-28")
}

/// Ada's account, hers since she came, after she has left.
fn world(rules: &Rules) -> World {
    let mut world = World::default();
    world.sync(&ada().employee(), rules, now() - SignedDuration::from_hours(24 * 30));
    world.sync(&left().employee(), rules, now());
    world
}

fn days_later(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn deletes(world: &World, person: &Person, rules: &Rules, now: Timestamp) -> bool {
    world.plan(&person.employee(), rules, now).deletes()
}

#[test]
fn after_so_many_days_and_not_before() {
    let rules = rules(RULES);
    let mut world = world(&rules);
    assert!(!deletes(&world, &left(), &rules, days_later(3) - SignedDuration::from_nanos(1)));
    let plan = world.sync(&left().employee(), &rules, days_later(3));
    assert_eq!(plan.to_string(), "- ada.byron (acme:7): deleted (last day 2026-02-28, and 3 days have passed)\n");
    assert_eq!((&plan.verdict, plan.brake), (&Verdict::Withdraw(Skip::Inactive), Some(Brake::Delete)));
    assert!(plan.takes_away() && world.accounts.is_empty());
    let after = world.sync(&left().employee(), &rules, days_later(4));
    assert!(after.is_empty() && after.verdict == Verdict::Skip(Skip::Inactive), "{after}");
    // Who comes back has a new one.
    let back = ada().starts("2026-03-02").ends("2026-02-28");
    let plan: Plan = world.sync(&back.employee(), &rules, days_later(5));
    assert!(plan.to_string().starts_with("+ ada.byron "), "{plan}");
}

#[test]
fn never_without_that_rule() {
    let rules = rules("");
    assert!(!deletes(&world(&rules), &left(), &rules, days_later(3000)));
}

#[test]
fn never_what_somebody_set_to_active_again() {
    let rules = rules(RULES);
    let mut world = world(&rules);
    world.accounts.get_mut(&account_id("ada.byron")).expect("there").state = AccountState::Activated;
    let plan = world.sync(&left().employee(), &rules, days_later(4));
    assert!(!plan.deletes() && plan.takes_away(), "suspended again first: {plan}");
    assert!(!deletes(&world, &left(), &rules, days_later(6)), "and the days begin anew");
    assert!(deletes(&world, &left(), &rules, days_later(7)));
}

#[test]
fn never_what_is_not_our_suspension() {
    let rules = rules(RULES);
    let mut world = world(&rules);
    world.suspended_by_us.clear();
    assert!(!deletes(&world, &left(), &rules, days_later(4)));
}

#[test]
fn never_when_nobody_knows_since_when() {
    let rules = rules(RULES);
    let mut world = world(&rules);
    world.pasts.get_mut(&key("7")).expect("known").left_since = None;
    assert!(!deletes(&world, &left(), &rules, days_later(4)));
}

#[test]
fn never_who_is_back_away_or_hidden() {
    let rules = rules(RULES);
    let world = world(&rules);
    let back = ada().starts("2026-03-02").ends("2026-02-28");
    let soon = ada().starts("2026-03-30").ends("2026-02-28").employment(Employment::Inactive);
    for person in [ada(), back, soon, Person { employment: Reading::Hidden, ..left() }] {
        assert!(!deletes(&world, &person, &rules, days_later(4)), "{person:?}");
    }
}

/// A date takes access, and gives it back when HR still says Active two days later. Nothing brings back what is deleted.
#[test]
fn never_by_a_date_while_hr_says_active() {
    let rules = rules("first_state = \"active\"\n[connection.leaver]\ndelete_after_days = 1");
    let person = ada().ends("2026-03-01");
    let mut world = World::default();
    world.sync(&person.employee(), &rules, at("2026-02-20T12:00:00Z"));
    for hour in 0..100 {
        let plan =
            world.sync(&person.employee(), &rules, at("2026-03-02T00:00:00Z") + SignedDuration::from_hours(hour));
        assert!(!plan.deletes(), "{hour}");
    }
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Activated);
    // Once HR says so too, it is.
    let left = person.employment(Employment::Inactive);
    world.sync(&left.employee(), &rules, at("2026-03-07T00:00:00Z"));
    assert!(deletes(&world, &left, &rules, at("2026-03-08T00:00:00Z")));
}

#[test]
fn a_staged_account_is_suspended_first() {
    let rules = rules("first_state = \"staged\"\n[connection.leaver]\ndelete_after_days = 3");
    let mut world = world(&rules);
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Suspended);
    assert!(world.sync(&left().employee(), &rules, days_later(3)).deletes());
}

#[test]
fn leavers_devices_are_unbound_once() {
    let rules = rules("first_state = \"active\"\n[connection.leaver]\ndevices = \"remove\"");
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    world.devices = vec![mapping::account::DeviceId::parse("5f1b1a7e8b1c2d3e4f5a6b7c").expect("an id")];
    assert!(world.plan(&ada().employee(), &rules, now()).is_empty(), "nobody else's");
    assert_eq!(
        world.sync(&left().employee(), &rules, now()).to_string(),
        "~ ada.byron (acme:7): Active -> Suspended (last day 2026-02-28)\n    \
         - devices 5f1b1a7e8b1c2d3e4f5a6b7c (last day 2026-02-28)\n"
    );
    assert!(world.plan(&left().employee(), &rules, now()).is_empty());
}
