//! Who leaves the scope and not the company: a change of its own kind.

use mapping::account::AccountState;
use mapping::employee::{Employment, Reading, Stage};
use mapping::plan::Verdict;
use mapping::rules::Rules;
use mapping::status::{Brake, Skip, Status};

use crate::people::{Person, ada, at, key, now, rules};
use crate::world::{World, account, account_id};

fn company(on_leaving: &str) -> Rules {
    rules(&format!(
        r#"first_state = "active"
[connection.attributes]
jobTitle = "jobTitle"
[connection.scope]
when = 'contract != "Contractor"'
on_leaving = "{on_leaving}"
[connection.leave]
statuses = ["Parental leave"]
[[connection.group]]
name = "Everyone"
[[connection.group]]
name = "Research"
when = 'department == "Research"'
"#
    ))
}

fn employee() -> Person {
    ada().with("contract", "Permanent")
}

fn contractor() -> Person {
    ada().with("contract", "Contractor")
}

fn settled(rules: &Rules) -> World {
    let mut world = World::default();
    world.sync(&employee().employee(), rules, now());
    world
}

fn state(world: &World) -> AccountState {
    world.accounts[&account_id("ada.byron")].state
}

#[test]
fn what_the_rules_say_is_done_and_taken_back() {
    let (gone, back) = (contractor(), employee());
    for (on_leaving, leaving, returning) in [
        (
            "keep",
            ". ada.byron (acme:7): out of scope: contract != \"Contractor\"\n",
            "= ada.byron (acme:7): nothing to do\n",
        ),
        (
            "leave-groups",
            "\
~ ada.byron (acme:7)
    - group Everyone (out of scope: contract != \"Contractor\")
    - group Research (out of scope: contract != \"Contractor\")
",
            "\
~ ada.byron (acme:7)
    + group Everyone (by everyone in scope)
    + group Research (by department == \"Research\")
",
        ),
        (
            "suspend",
            "\
~ ada.byron (acme:7): Active -> Suspended (out of scope: contract != \"Contractor\")
    - group Everyone (out of scope: contract != \"Contractor\")
    - group Research (out of scope: contract != \"Contractor\")
",
            "\
~ ada.byron (acme:7): Suspended -> Active (HR says Active)
    + group Everyone (by everyone in scope)
    + group Research (by department == \"Research\")
",
        ),
    ] {
        let rules = company(on_leaving);
        let mut world = settled(&rules);
        let plan = world.sync(&gone.employee(), &rules, now());
        assert_eq!(plan.to_string(), leaving, "{on_leaving}");
        assert_eq!(plan.brake, (on_leaving != "keep").then_some(Brake::LeaveScope), "{on_leaving}");
        assert!(matches!(plan.status(), Status::Skipped { why: Skip::OutOfScope { .. } }), "{on_leaving}");
        let again = world.plan(&gone.employee(), &rules, now());
        assert!(again.is_empty() && again.brake.is_none(), "{on_leaving}: what is done comes under no limit");
        assert_eq!(world.sync(&back.employee(), &rules, now()).to_string(), returning, "{on_leaving}");
    }
}

/// A condition that nobody can answer, an address that is missing, a status that HR hides: nobody has left by that.
#[test]
fn whoever_cannot_be_judged_has_not_left() {
    for on_leaving in ["keep", "leave-groups", "suspend"] {
        let rules = company(on_leaving);
        let world = settled(&rules);
        for person in [
            employee().hiding("contract"),
            employee().hiding("workEmail"),
            employee().without("workEmail"),
            employee().with("workEmail", "none"),
            Person { employment: Reading::Hidden, ..contractor() },
        ] {
            let plan = world.plan(&person.employee(), &rules, now());
            assert!(plan.is_empty() && matches!(plan.verdict, Verdict::Skip(_)), "{on_leaving} {person:?}\n{plan}");
        }
    }
}

#[test]
fn every_part_of_the_scope_can_be_left() {
    for part in ["email_domains = [\"other.example\"]", "employees = [\"8\"]", "when = 'false'"] {
        let everyone = rules("first_state = \"active\"");
        let mut world = World::default();
        world.sync(&ada().employee(), &everyone, now());
        let rules = rules(&format!("first_state = \"active\"\n[connection.scope]\n{part}\non_leaving = \"suspend\""));
        world.sync(&ada().employee(), &rules, now());
        assert_eq!(state(&world), AccountState::Suspended, "{part}");
    }
}

#[test]
fn an_account_that_was_never_linked_is_nobodys_to_suspend() {
    let mut world = World::of([account("ada", "ada.byron@acme.example")]);
    let plan = world.sync(&contractor().employee(), &company("suspend"), now());
    assert!(plan.is_empty() && world.links.is_empty());
    // Nor on somebody's last day, by which it would become theirs.
    let leaving = contractor().employment(Employment::Inactive).ends("2026-03-02");
    let plan = world.sync(&leaving.employee(), &company("suspend"), now());
    assert!(matches!(plan.verdict, Verdict::Skip(Skip::OutOfScope { .. })), "{plan}");
    assert!(world.links.is_empty());
}

#[test]
fn a_suspension_by_hand_stays_by_hand() {
    let rules = company("suspend");
    let mut world = settled(&rules);
    world.accounts.get_mut(&account_id("ada.byron")).expect("there").state = AccountState::Suspended;
    world.sync(&contractor().employee(), &rules, now());
    assert!(!world.suspended_by_us.contains(&key("7")));
    world.sync(&employee().employee(), &rules, now());
    assert_eq!(state(&world), AccountState::Suspended);
}

#[test]
fn who_is_away_and_leaves_the_scope_comes_back_from_either() {
    let rules = company("suspend");
    let mut world = settled(&rules);
    let away = |person: Person| person.stage(Stage::Away, "Parental leave");
    world.sync(&away(employee()).employee(), &rules, now());
    let out = world.sync(&away(contractor()).employee(), &rules, now());
    assert!(out.is_empty() && out.brake.is_none(), "there is nothing left to take: {out}");
    assert_eq!(out.before_leave.len(), 2, "still known");
    assert!(world.sync(&contractor().employee(), &rules, now()).is_empty(), "the leave is over, the scope is left");
    assert_eq!(state(&world), AccountState::Suspended);
    world.sync(&employee().employee(), &rules, now());
    assert_eq!(state(&world), AccountState::Activated);
    assert_eq!(world.groups_of(&account_id("ada.byron")).len(), 2);
}

/// The last day is not over for those out of scope either, and then they are leavers like others.
#[test]
fn who_leaves_the_company_out_of_scope() {
    let rules = company("suspend");
    let mut world = settled(&rules);
    let leaving = contractor().employment(Employment::Inactive).ends("2026-03-02");
    assert!(world.sync(&leaving.employee(), &rules, now()).is_empty());
    let plan = world.sync(&leaving.employee(), &rules, at("2026-03-03T00:00:00Z"));
    assert!(plan.to_string().contains("Active -> Suspended (last day 2026-03-02)") && plan.brake.is_none(), "{plan}");
}
