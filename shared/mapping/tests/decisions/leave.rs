//! Away for a while: what counts, what is lost, and what comes back.

use mapping::account::AccountState;
use mapping::employee::{Employment, Stage};
use mapping::lifecycle::{Standing, lifecycle};
use mapping::rules::Rules;

use crate::people::{Person, ada, at, key, now, rules};
use crate::world::{World, account_id, group};

const TIME_OFF: &str = "[connection.leave]\ntime_off_types = [\"Sabbatical\", \"Unpaid leave\"]\n";

/// Whether somebody is away now, when they are back, and when that changes.
fn away(person: &Person, lines: &str) -> String {
    let life = lifecycle(&person.employee(), &rules(lines), now());
    let next = life.next_change.map_or(String::new(), |next| format!(" -> {}", next.strftime("%m-%d %H:%M")));
    match life.standing {
        Standing::Away { returns: Some(day), .. } => format!("away, back {}{next}", day.strftime("%m-%d")),
        Standing::Away { returns: None, .. } => format!("away{next}"),
        Standing::Here => format!("here{next}"),
        Standing::Leaving { .. } => format!("leaving{next}"),
        Standing::Left { .. } => format!("left{next}"),
        Standing::Upcoming { .. } => format!("upcoming{next}"),
        Standing::Unknown => "unknown".to_owned(),
    }
}

/// (time off as kind, first and last day; days or fewer that do not count; what comes of it on 2 March at noon)
#[test]
fn time_off_that_counts() {
    let table: &[(&[[&str; 3]], u16, &str)] = &[
        (&[["Sabbatical", "2026-02-16", "2026-03-31"]], 14, "away, back 04-01 -> 03-31 23:00"),
        (&[["sabbatical ", "2026-03-02", "2026-03-02"]], 0, "away, back 03-03 -> 03-03 00:00"),
        (&[["Vacation", "2026-02-16", "2026-03-31"]], 0, "here"),
        // Fourteen days are not longer than fourteen days.
        (&[["Sabbatical", "2026-03-02", "2026-03-15"]], 14, "here"),
        (&[["Sabbatical", "2026-03-02", "2026-03-16"]], 14, "away, back 03-17 -> 03-17 00:00"),
        // It comes, and it is over.
        (&[["Sabbatical", "2026-03-09", "2026-03-31"]], 14, "here -> 03-09 00:00"),
        (&[["Sabbatical", "2026-02-01", "2026-03-01"]], 14, "here"),
        (&[["Sabbatical", "2026-03-31", "2026-02-01"]], 0, "here"),
        // Requests that follow one another are one, whatever their kinds and their order, and whether they overlap.
        (
            &[["Unpaid leave", "2026-03-09", "2026-03-20"], ["Sabbatical", "2026-02-25", "2026-03-08"]],
            14,
            "away, back 03-21 -> 03-21 00:00",
        ),
        (
            &[["Sabbatical", "2026-02-25", "2026-03-15"], ["Sabbatical", "2026-03-01", "2026-03-05"]],
            14,
            "away, back 03-16 -> 03-16 00:00",
        ),
        (&[["Sabbatical", "2026-02-25", "2026-03-04"], ["Sabbatical", "2026-03-06", "2026-03-12"]], 14, "here"),
        (&[["Sabbatical", "2026-02-25", "2026-03-04"], ["Vacation", "2026-03-05", "2026-03-31"]], 14, "here"),
    ];
    for (absences, days, expected) in table {
        let person = absences.iter().fold(ada(), |person, [kind, from, through]| person.away(kind, from, through));
        let lines = format!("{TIME_OFF}time_off_longer_than_days = {days}");
        assert_eq!(away(&person, &lines), *expected, "{absences:?} {days}");
        assert_eq!(away(&person, ""), "here", "nothing counts that no rule names");
    }
}

/// Time off that was approved before somebody left stands there afterwards too.
#[test]
fn time_off_keeps_no_leaver() {
    let away_until_june = || ada().away("Sabbatical", "2026-02-01", "2026-05-31");
    for lines in [TIME_OFF.to_owned(), format!("{TIME_OFF}account = \"keep\"\ngroups = \"keep\"")] {
        assert_eq!(away(&away_until_june().employment(Employment::Inactive), &lines), "left");
        let ended = away_until_june().employment(Employment::Inactive).ends("2026-03-01");
        assert_eq!(away(&ended, &lines), "left");
        assert_eq!(away(&away_until_june().ends("2026-03-01"), &lines), "left -> 03-04 00:00");
        assert_eq!(away(&away_until_june().ends("2026-04-10"), &lines), "away, back 06-01 -> 04-10 23:00");
        assert_eq!(away(&away_until_june().starts("2026-03-09"), &lines), "upcoming -> 03-09 00:00");
    }
}

const COMPANY: &str = r#"
first_state = "active"
[connection.attributes]
jobTitle = "jobTitle"
[[connection.group]]
name = "Everyone"
[[connection.group]]
name = "Research"
when = 'department == "Research"'
[[connection.group]]
name = "Sales"
when = 'department == "Sales"'
"#;

fn company(account: &str, groups: &str) -> Rules {
    let leave = "[connection.leave]\nstatuses = [\"Parental leave\"]";
    rules(&format!("{COMPANY}{leave}\naccount = \"{account}\"\ngroups = \"{groups}\""))
}

fn on_leave() -> Person {
    ada().stage(Stage::Away, "Parental leave")
}

/// Goes, and comes back as `back`: what is printed for either.
fn there_and_back(rules: &Rules, back: &Person) -> String {
    let mut world = World::default();
    world.sync(&ada().employee(), rules, now());
    let mut told = String::new();
    for person in [&on_leave(), back] {
        told += &world.sync(&person.employee(), rules, now()).to_string();
        assert!(world.plan(&person.employee(), rules, now()).is_empty(), "once is enough");
    }
    assert!(world.pasts[&key("7")].before_leave.is_empty(), "forgotten once they are back");
    told
}

#[test]
fn what_is_lost_by_leave_and_comes_back() {
    assert_eq!(
        there_and_back(&company("suspend", "leave"), &ada()),
        "\
~ ada.byron (acme:7): Active -> Suspended (on leave (Parental leave))
    - group Everyone (on leave (Parental leave))
    - group Research (on leave (Parental leave))
~ ada.byron (acme:7): Suspended -> Active (HR says Active)
    + group Everyone (by held before the leave, and still by everyone in scope)
    + group Research (by held before the leave, and still by department == \"Research\")
"
    );
    assert_eq!(
        there_and_back(&company("suspend", "keep"), &ada()),
        "\
~ ada.byron (acme:7): Active -> Suspended (on leave (Parental leave))
~ ada.byron (acme:7): Suspended -> Active (HR says Active)
"
    );
    assert_eq!(
        there_and_back(&company("keep", "leave"), &ada()),
        "\
~ ada.byron (acme:7)
    - group Everyone (on leave (Parental leave))
    - group Research (on leave (Parental leave))
~ ada.byron (acme:7)
    + group Everyone (by held before the leave, and still by everyone in scope)
    + group Research (by held before the leave, and still by department == \"Research\")
"
    );
}

#[test]
fn what_the_rules_no_longer_give_does_not_come_back() {
    let told = there_and_back(&company("keep", "leave"), &ada().with("department", "Sales"));
    assert!(told.ends_with(
        "\
~ ada.byron (acme:7)
    + group Everyone (by held before the leave, and still by everyone in scope)
    + group Sales, which is made (by department == \"Sales\")
"
    ));
}

/// Who stayed keeps the group of a department that got a name which no rule knows; so does who was away meanwhile.
#[test]
fn a_department_that_was_renamed_meanwhile() {
    let told = there_and_back(&company("suspend", "leave"), &ada().with("department", "R&D"));
    assert!(
        told.ends_with(
            "\
~ ada.byron (acme:7): Suspended -> Active (HR says Active)
    + group Everyone (by held before the leave, and still by everyone in scope)
    + group Research (by held before the leave)
    ! no group rule knows department \"R&D\": no group is left; add a rule for it, or unknown_values = \"leave-groups\"
"
        ),
        "{told}"
    );
}

/// HiBob's leave without a rule about it: access follows the access status, and groups stay.
#[test]
fn leave_that_no_rule_names() {
    let rules = rules(COMPANY);
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    assert!(world.plan(&on_leave().employee(), &rules, now()).is_empty(), "HR leaves the access");
    let without = on_leave().employment(Employment::Inactive);
    assert_eq!(
        world.sync(&without.employee(), &rules, now()).to_string(),
        "~ ada.byron (acme:7): Active -> Suspended (on leave (Parental leave))\n"
    );
    assert_eq!(world.groups_of(&account_id("ada.byron")).len(), 2);
    world.sync(&ada().employee(), &rules, now());
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Activated);
}

#[test]
fn attributes_go_on_being_kept_up_during_leave() {
    let rules = company("suspend", "leave");
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    let told = world.sync(&on_leave().with("jobTitle", "Head of Research").employee(), &rules, now()).to_string();
    assert!(told.contains("~ jobTitle: Analyst -> Head of Research (by jobTitle)"), "{told}");
}

/// A field that HR hides during leave takes nothing more, and gives nothing back.
#[test]
fn who_comes_back_with_a_hidden_department() {
    let rules = company("suspend", "leave");
    let mut world = World::default();
    for person in [ada(), on_leave(), ada().hiding("department")] {
        world.sync(&person.employee(), &rules, now());
    }
    let id = account_id("ada.byron");
    assert_eq!(world.accounts[&id].state, AccountState::Activated);
    assert_eq!(world.groups_of(&id).into_iter().collect::<Vec<_>>(), [group("Everyone")]);
    world.sync(&ada().employee(), &rules, now());
    assert_eq!(world.groups_of(&id).len(), 2, "as soon as it is seen again");
}

/// From leave to leaver, and from leave into leave.
#[test]
fn who_leaves_while_away() {
    let rules = company("keep", "leave");
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    world.sync(&on_leave().employee(), &rules, now());
    let left = ada().stage(Stage::Terminated, "Terminated").employment(Employment::Inactive).ends("2026-03-02");
    assert!(world.plan(&left.employee(), &rules, now()).is_empty(), "the last day is not over");
    assert_eq!(
        world.sync(&left.employee(), &rules, at("2026-03-03T00:00:00Z")).to_string(),
        "~ ada.byron (acme:7): Active -> Suspended (last day 2026-03-02)\n"
    );
    assert!(world.pasts[&key("7")].before_leave.is_empty());
}

#[test]
fn a_suspension_by_hand_outlives_the_leave() {
    let rules = company("suspend", "leave");
    let mut world = World::default();
    world.sync(&ada().employee(), &rules, now());
    world.accounts.get_mut(&account_id("ada.byron")).expect("there").state = AccountState::Suspended;
    let told = world.sync(&ada().employee(), &rules, now()).to_string();
    assert!(told.contains("an administrator suspended this account"), "{told}");
}
