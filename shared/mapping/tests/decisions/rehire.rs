//! Coming back under a new number in HR: the account that was left, or somebody must decide.

use mapping::account::{Account, AccountState};
use mapping::employee::Employment;
use mapping::plan::{Plan, Verdict};
use mapping::rules::Rules;
use mapping::status::{Hold, Skip};

use crate::people::{Person, ada, employee_id, key, now, rules};
use crate::world::{World, account_id, set_custom};

fn left() -> Person {
    ada().employment(Employment::Inactive).ends("2026-01-31")
}

/// The same person, as HR knows her by now.
fn again() -> Person {
    Person { id: "99".to_owned(), ..ada() }.starts("2026-03-02").with("employeeNumber", "99")
}

fn company(lines: &str) -> Rules {
    rules(&format!("first_state = \"active\"\n{lines}"))
}

/// Ada's account, after she has left.
fn world(rules: &Rules) -> World {
    let mut world = World::default();
    world.sync(&ada().employee(), rules, now());
    world.sync(&left().employee(), rules, now());
    world
}

fn claimed(plan: &Plan) -> bool {
    matches!(&plan.verdict, Verdict::Hold(Hold::Claimed { by, .. }) if *by == key("7"))
}

#[test]
fn the_same_account_under_a_new_number() {
    let rules = company("");
    let mut world = world(&rules);
    let plan = world.sync(&again().employee(), &rules, now());
    assert_eq!(plan.takes_over, Some(key("7")));
    assert_eq!(
        plan.to_string(),
        "\
~ ada.byron (acme:99): Suspended -> Active (HR says Active)
    ~ employeeIdentifier: 7 -> 99 (by employeeNumber)
    ~ custom.hirewireId: acme:7 -> acme:99 (by Hirewire's link)
"
    );
    assert_eq!(world.links.len(), 1);
    assert!(world.plan(&again().employee(), &rules, now()).is_empty());
    // The old record stays in HR, and has nothing to say of the account any more.
    let old = world.sync(&left().employee(), &rules, now());
    assert!(old.is_empty() && old.verdict == Verdict::Skip(Skip::Inactive), "{old}");
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Activated);
}

/// Who starts next week has the account now, and access then.
#[test]
fn before_the_first_day() {
    let rules = company("");
    let mut world = world(&rules);
    world.sync(&again().starts("2026-03-09").employee(), &rules, now());
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Suspended);
    world.sync(&again().starts("2026-03-09").employee(), &rules, crate::people::at("2026-03-09T00:00:00Z"));
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Activated);
}

#[test]
fn nobody_else_takes_it() {
    let rules = company("");
    let world = world(&rules);
    for other in [again().with("firstName", "Ida"), again().with("lastName", "Lovelace"), again().without("lastName")] {
        let plan = world.plan(&other.employee(), &rules, now());
        assert!(matches!(plan.verdict, Verdict::Hold(_)) && plan.is_empty(), "{other:?}\n{plan}");
    }
    let capitals = again().with("firstName", "ADA").with("lastName", "byron");
    assert!(world.plan(&capitals.employee(), &rules, now()).takes_over.is_some(), "case does not tell people apart");
    let another_address = again().with("workEmail", "ada.b@acme.example");
    assert!(world.plan(&another_address.employee(), &rules, now()).to_string().starts_with("+ "), "nothing says so");
}

#[test]
fn nobody_takes_the_account_of_somebody_who_is_still_there() {
    let rules = company("");
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    assert!(matches!(world.plan(&again().employee(), &rules, now()).verdict, Verdict::Hold(_)));
    let same_number = again().with("employeeNumber", "7");
    assert!(claimed(&world.plan(&same_number.employee(), &rules, now())));
    let soon = ada().employment(Employment::Inactive).ends("2026-03-02");
    world.sync(&soon.employee(), &rules, now());
    assert!(claimed(&world.plan(&same_number.employee(), &rules, now())), "nor of somebody on their last day");
}

#[test]
fn the_accounts_own_word_must_agree() {
    let rules = company("");
    let mut world = world(&rules);
    let account: &mut Account = world.accounts.get_mut(&account_id("ada.byron")).expect("there");
    set_custom(account, "hirewireId", "acme:55");
    let plan = world.plan(&again().employee(), &rules, now());
    assert!(matches!(plan.verdict, Verdict::Hold(_)) && plan.takes_over.is_none(), "{plan}");
}

#[test]
fn where_the_rules_say_hold() {
    let rules = company("rehire = \"hold\"");
    let world = world(&rules);
    assert!(matches!(world.plan(&again().employee(), &rules, now()).verdict, Verdict::Hold(_)));
    assert!(claimed(&world.plan(&again().with("employeeNumber", "7").employee(), &rules, now())));
}

/// Two records of one leaver leave the account where it is, however often they are looked at.
#[test]
fn two_records_of_one_leaver_do_not_fight() {
    let rules = company("");
    let mut world = world(&rules);
    let second = again().employment(Employment::Inactive).starts("2026-02-02").ends("2026-02-20");
    for _ in 0..3 {
        for person in [&second, &left()] {
            let plan = world.sync(&person.employee(), &rules, now());
            assert!(plan.is_empty() && plan.takes_over.is_none(), "{plan}");
        }
    }
    assert_eq!(world.links.keys().map(|key| key.id.clone()).collect::<Vec<_>>(), [employee_id("7")]);
}

/// A suspension by hand is not lifted by coming back under a new number.
#[test]
fn a_suspension_by_hand_is_respected() {
    let rules = company("");
    let mut world = world(&rules);
    world.suspended_by_us.clear();
    let plan = world.sync(&again().employee(), &rules, now());
    assert!(plan.takes_over.is_some());
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Suspended);
    assert!(plan.to_string().contains("an administrator suspended this account"), "{plan}");
}

#[test]
fn out_of_scope_nobody_takes_anything_over() {
    let rules = company("[connection.scope]\nemployees = [\"7\"]");
    let plan = world(&rules).plan(&again().employee(), &rules, now());
    assert!(plan.is_empty() && plan.verdict == Verdict::Skip(Skip::NotChosen), "{plan}");
}

/// On the same number nothing needs to be taken over.
#[test]
fn the_same_number_again() {
    let rules = company("");
    let mut world = world(&rules);
    let back = ada().starts("2026-03-02").ends("2026-01-31");
    let plan = world.sync(&back.employee(), &rules, now());
    assert_eq!(plan.to_string(), "~ ada.byron (acme:7): Suspended -> Active (HR says Active)\n");
    assert_eq!(plan.takes_over, None);
}
