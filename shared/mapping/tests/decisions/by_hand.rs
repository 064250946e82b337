//! What administrators change in JumpCloud: set back, or respected while HR says nothing new.

use mapping::account::AccountState;
use mapping::employee::{Employment, Stage};
use mapping::rules::Rules;

use crate::people::{Person, ada, at, now, rules};
use crate::world::{World, account_id, set_plain};

const RULES: &str = r#"first_state = "active"
manual_changes = "respect"
[connection.attributes]
jobTitle = "jobTitle"
department = "department"
location = "location"
"#;

const KEPT: &str = "was changed by hand in JumpCloud; kept until HR changes it (manual_changes = \"respect\")";

fn company() -> Rules {
    rules(RULES)
}

fn settled(rules: &Rules) -> World {
    let mut world = World::default();
    world.sync(&ada().employee(), rules, now());
    world
}

fn by_hand(world: &mut World, attribute: &str, value: &str) {
    let account = world.accounts.get_mut(&account_id("ada.byron")).expect("there");
    set_plain(account, attribute, value);
}

fn told(world: &mut World, person: &Person, rules: &Rules) -> String {
    world.sync(&person.employee(), rules, now()).to_string()
}

#[test]
fn override_sets_it_back() {
    let rules = rules(&RULES.replace("respect", "override"));
    let mut world = settled(&rules);
    by_hand(&mut world, "jobTitle", "Boss");
    assert_eq!(
        told(&mut world, &ada(), &rules),
        "~ ada.byron (acme:7)\n    ~ jobTitle: Boss -> Analyst (by jobTitle)\n"
    );
}

#[test]
fn respected_while_hr_says_nothing_new() {
    let rules = company();
    let mut world = settled(&rules);
    by_hand(&mut world, "jobTitle", "Boss");
    by_hand(&mut world, "location", "Leeds");
    let kept = format!("= ada.byron (acme:7): nothing to do\n    ! jobTitle {KEPT}\n    ! location {KEPT}\n");
    assert_eq!(told(&mut world, &ada(), &rules), kept, "several at once, also where HR has nothing");
    assert_eq!(told(&mut world, &ada(), &rules), kept, "and as often as anybody looks");
    // Another attribute's change in HR is written, and overwrites neither.
    let moved = ada().with("department", "Sales");
    assert_eq!(
        told(&mut world, &moved, &rules),
        format!(
            "~ ada.byron (acme:7)\n    ~ department: Research -> Sales (by department)\n    ! jobTitle {KEPT}\n    \
             ! location {KEPT}\n"
        )
    );
    // HR speaks of one: that one is written.
    let promoted = moved.with("jobTitle", "Head of Sales");
    assert_eq!(
        told(&mut world, &promoted, &rules),
        format!("~ ada.byron (acme:7)\n    ~ jobTitle: Boss -> Head of Sales (by jobTitle)\n    ! location {KEPT}\n")
    );
    // HR empties it: that is a word too.
    assert_eq!(
        told(&mut world, &promoted.without("jobTitle"), &rules),
        format!(
            "~ ada.byron (acme:7)\n    ~ jobTitle: Head of Sales -> (empty) (by jobTitle)\n    ! location {KEPT}\n"
        )
    );
}

#[test]
fn what_was_set_back_by_hand_is_no_conflict_any_more() {
    let rules = company();
    let mut world = settled(&rules);
    by_hand(&mut world, "jobTitle", "Boss");
    told(&mut world, &ada(), &rules);
    by_hand(&mut world, "jobTitle", "Analyst");
    assert_eq!(told(&mut world, &ada(), &rules), "= ada.byron (acme:7): nothing to do\n");
}

#[test]
fn an_account_that_becomes_ours_is_made_as_hr_says_first() {
    let rules = company();
    let mut world = settled(&rules);
    (world.links.clear(), world.pasts.clear(), world.fingerprints.clear());
    by_hand(&mut world, "jobTitle", "Boss");
    assert!(told(&mut world, &ada(), &rules).contains("~ jobTitle: Boss -> Analyst"));
}

/// Out of scope, held or on the last day nobody looks at attributes, and what was changed by hand is still known then.
#[test]
fn a_conflict_outlives_what_comes_between() {
    let rules = company();
    for between in [
        ada().without("workEmail"),
        ada().employment(Employment::Inactive).ends("2026-03-02"),
        ada().stage(Stage::Away, "leave").employment(Employment::Inactive),
    ] {
        let mut world = settled(&rules);
        by_hand(&mut world, "jobTitle", "Boss");
        told(&mut world, &ada(), &rules);
        told(&mut world, &between, &rules);
        let told = told(&mut world, &ada(), &rules);
        assert!(told.contains(KEPT) && !told.contains("-> Analyst"), "{between:?}\n{told}");
    }
}

#[test]
fn a_suspension_by_hand_during_leave_and_after() {
    let leave = "[connection.leave]\nstatuses = [\"Sabbatical\"]\naccount = \"ACCOUNT\"";
    let away = ada().stage(Stage::Away, "Sabbatical");
    for (account, policy, after) in [
        ("suspend", "respect", AccountState::Suspended),
        ("suspend", "override", AccountState::Activated),
        ("keep", "respect", AccountState::Suspended),
        ("keep", "override", AccountState::Activated),
    ] {
        let leave = leave.replace("ACCOUNT", account);
        let rules = rules(&format!("first_state = \"active\"\nmanual_suspension = \"{policy}\"\n{leave}"));
        let mut world = settled(&rules);
        world.accounts.get_mut(&account_id("ada.byron")).expect("there").state = AccountState::Suspended;
        world.sync(&ada().employee(), &rules, now());
        // Away, looked at twice, and back.
        world.sync(&away.employee(), &rules, now());
        world.sync(&away.employee(), &rules, at("2026-03-10T12:00:00Z"));
        world.sync(&ada().employee(), &rules, at("2026-03-20T12:00:00Z"));
        assert_eq!(world.accounts[&account_id("ada.byron")].state, after, "{account} {policy}");
    }
}

/// Reactivated by hand during leave: the rule says suspended, and the explicit word of HR counts.
#[test]
fn reactivated_by_hand_during_leave() {
    let rules = rules("first_state = \"active\"\n[connection.leave]\nstatuses = [\"Sabbatical\"]");
    let mut world = settled(&rules);
    let away = ada().stage(Stage::Away, "Sabbatical");
    world.sync(&away.employee(), &rules, now());
    world.accounts.get_mut(&account_id("ada.byron")).expect("there").state = AccountState::Activated;
    let plan = world.sync(&away.employee(), &rules, now());
    assert_eq!(plan.to_string(), "~ ada.byron (acme:7): Active -> Suspended (on leave (Sabbatical))\n");
}
