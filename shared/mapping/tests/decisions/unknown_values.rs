//! A department that no rule knows: reported, and the groups kept.

use mapping::rules::Rules;

use crate::people::{Person, ada, now, rules};
use crate::world::{World, account_id};

const GROUPS: &str = r#"
[connection.attributes]
jobTitle = "jobTitle"
[[connection.group]]
name = "Sales Leeds"
when = 'department == "Sales" && site == "Leeds"'
[[connection.group]]
name = "Sales York"
when = 'department == "Sales" && site == "York"'
[[connection.group]]
name = "Care"
when = 'department == "Care"'
[[connection.group]]
name = "Contractors"
when = 'contract == "Contractor"'
[[connection.group]]
name_from = '"Dept " + department'
"#;

fn company(lines: &str) -> Rules {
    rules(&format!("{lines}{GROUPS}"))
}

fn sales() -> Person {
    ada().with("department", "Sales").with("site", "Leeds").with("contract", "Contractor")
}

/// The groups of somebody of Sales in Leeds who becomes this person, and whether anybody is told.
fn groups(person: &Person, rules: &Rules) -> (String, bool) {
    let mut world = World::default();
    world.sync(&sales().employee(), rules, now());
    let plan = world.sync(&person.employee(), rules, now());
    assert!(world.plan(&person.employee(), rules, now()).is_empty());
    let names = world.groups_of(&account_id("ada.byron"));
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    (names.join(", "), plan.to_string().contains("no group rule knows"))
}

/// (department, site, contract; the groups afterwards, whether somebody is told)
#[test]
fn who_keeps_what() {
    for (department, site, contract, expected, told) in [
        ("Sales", "Leeds", "Contractor", "Contractors, Dept Sales, Sales Leeds", false),
        // From one known value to another: the old goes, the new comes.
        ("Care", "Leeds", "Contractor", "Care, Contractors, Dept Care", false),
        ("Sales", "York", "Contractor", "Contractors, Dept Sales, Sales York", false),
        // A new name for a department or a site: a computed name follows it, a fixed one is kept.
        ("Sales & Marketing", "Leeds", "Contractor", "Contractors, Dept Sales & Marketing, Sales Leeds", true),
        ("Sales", "Leeds HQ", "Contractor", "Contractors, Dept Sales, Sales Leeds", true),
        ("Revenue", "Leeds HQ", "Contractor", "Contractors, Dept Revenue, Sales Leeds", true),
        // Whatever the new site is called, Care is not Sales; and whatever the department is called, York is not Leeds.
        ("Care", "Leeds HQ", "Contractor", "Care, Contractors, Dept Care", false),
        ("Revenue", "York", "Contractor", "Contractors, Dept Revenue", false),
        // A field of which rules know one value only is a flag.
        ("Sales", "Leeds", "Permanent", "Dept Sales, Sales Leeds", false),
        // Case counts in a condition, so it does here.
        ("sales", "Leeds", "Contractor", "Contractors, Dept sales, Sales Leeds", true),
    ] {
        let person = sales().with("department", department).with("site", site).with("contract", contract);
        assert_eq!(groups(&person, &company("")), (expected.to_owned(), told), "{department} {site} {contract}");
    }
}

#[test]
fn nothing_is_entered_by_it() {
    let mut world = World::default();
    let newcomer = ada().with("department", "Revenue").with("site", "Leeds");
    world.sync(&newcomer.employee(), &company(""), now());
    let names = world.groups_of(&account_id("ada.byron"));
    assert_eq!(names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["Dept Revenue"]);
}

#[test]
fn an_empty_value_is_known_to_be_none() {
    let (names, told) = groups(&sales().without("site"), &company(""));
    assert_eq!((&*names, told), ("Contractors, Dept Sales", false));
}

#[test]
fn where_the_rules_say_so_groups_are_left() {
    let renamed = sales().with("department", "Sales & Marketing");
    let (names, told) = groups(&renamed, &company("unknown_values = \"leave-groups\""));
    assert_eq!((&*names, told), ("Contractors, Dept Sales & Marketing", false));
}
