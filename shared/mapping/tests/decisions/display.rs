//! Plans as people read them.

use mapping::account::AccountState;
use mapping::employee::Employment;
use mapping::rules::Rules;

use crate::people::{Person, ada, key, now, rules};
use crate::world::{World, account, account_id, group, in_state, with};

const COMPANY: &str = r#"first_state = "suspended-until-start"
create_days_before_start = 14
[connection.attributes]
firstname = "firstName"
lastname = "lastName"
displayname = 'first(preferredName, firstName) + " " + lastName'
employeeIdentifier = "employeeNumber"
jobTitle = "jobTitle"
custom.costCentre = 'lookup("cost", department)'
[connection.lookup.cost]
Research = "CC-1"
Sales = "CC-2"
[[connection.group]]
name = "Everyone"
[[connection.group]]
name_from = '"Dept " + department'
[[connection.group]]
name = "Analysts"
when = 'jobTitle == "Analyst"'
"#;

fn company() -> Rules {
    rules(COMPANY)
}

/// Ada's account as Hirewire made it.
fn settled() -> World {
    let mut world = World::of([account("boss", "boss@acme.example")]).linked(&key("1"), &account_id("boss"));
    let plan = world.plan(&ada().employee(), &company(), now());
    world.apply(&plan);
    world
}

fn told(world: &World, person: &Person) -> String {
    world.plan(&person.employee(), &company(), now()).to_string()
}

#[test]
fn a_joiner() {
    let world = World::of([account("boss", "boss@acme.example")]).linked(&key("1"), &account_id("boss"));
    let person = ada().starts("2026-03-09").managed_by("1");
    assert_eq!(
        told(&world, &person),
        "\
+ ada.byron (Ada Byron, acme:7): Suspended (starts 2026-03-09)
    + email: ada.byron@acme.example
    + firstname: Ada
    + lastname: Byron
    + displayname: Ada Byron
    + employeeIdentifier: 7
    + jobTitle: Analyst
    + custom.costCentre: CC-1
    + custom.hirewireId: acme:7
    + manager: 0000000082aa2d61eefa81bb
    + group Analysts, which is made (by jobTitle == \"Analyst\")
    + group Dept Research, which is made (by \"Dept \" + department)
    + group Everyone, which is made (by everyone in scope)
"
        .replace("0000000082aa2d61eefa81bb", account_id("boss").as_str())
    );
}

#[test]
fn nothing_to_do() {
    assert_eq!(told(&settled(), &ada()), "= ada.byron (acme:7): nothing to do\n");
}

#[test]
fn a_mover_with_a_manager_to_come() {
    let person = ada().with("department", "Sales").with("jobTitle", "Head of Sales").managed_by("9");
    assert_eq!(
        told(&settled(), &person),
        "\
~ ada.byron (acme:7)
    ~ jobTitle: Analyst -> Head of Sales (by jobTitle)
    ~ custom.costCentre: CC-1 -> CC-2 (by lookup(\"cost\", department))
    + group Dept Sales, which is made (by \"Dept \" + department)
    - group Analysts (no rule names it for this person)
    - group Dept Research (no rule names it for this person)
    ! manager 9 has no account yet; set as soon as there is one
"
    );
}

#[test]
fn only_a_group() {
    let world = settled();
    let rules = rules(&format!("{COMPANY}\n[[connection.group]]\nname = \"Parking\"\nwhen = 'lastName == \"Byron\"'"));
    assert_eq!(
        world.plan(&ada().employee(), &rules, now()).to_string(),
        "~ ada.byron (acme:7)\n    + group Parking, which is made (by lastName == \"Byron\")\n"
    );
}

#[test]
fn a_leaver_whose_record_is_blank() {
    let person = ada().employment(Employment::Inactive).ends("2026-03-01").without("workEmail").without("department");
    assert_eq!(
        told(&settled(), &person),
        "\
~ ada.byron (acme:7): Active -> Suspended (last day 2026-03-01)
    - group Analysts (last day 2026-03-01)
    - group Dept Research (last day 2026-03-01)
    - group Everyone (last day 2026-03-01)
"
    );
}

#[test]
fn a_rehire_with_another_name() {
    let mut world = settled();
    let left = ada().employment(Employment::Inactive).ends("2026-02-01");
    let plan = world.plan(&left.employee(), &company(), now());
    world.apply(&plan);
    let back = ada().starts("2026-03-02").ends("2026-02-01").with("lastName", "Lovelace");
    assert_eq!(
        told(&world, &back.with("workEmail", "Ada.Lovelace@acme.example")),
        "\
~ ada.byron (acme:7): Suspended -> Active (HR says Active)
    ~ email: ada.byron@acme.example -> ada.lovelace@acme.example (by workEmail)
    ~ lastname: Byron -> Lovelace (by lastName)
    ~ displayname: Ada Byron -> Ada Lovelace (by first(preferredName, firstName) + \" \" + lastName)
    + group Analysts (by jobTitle == \"Analyst\")
    + group Dept Research (by \"Dept \" + department)
    + group Everyone (by everyone in scope)
"
    );
}

#[test]
fn somebody_must_decide() {
    let world = World::of([
        with(account("ada", "ada@acme.example"), "employeeIdentifier", "7"),
        account("byron", "ada.byron@acme.example"),
    ]);
    let mut ids = [account_id("ada").to_string(), account_id("byron").to_string()];
    ids.sort();
    assert_eq!(
        told(&world, &ada()),
        format!(
            "! Ada Byron (acme:7): several accounts could be this person's ({}); give one of them the employee's \
             identifier\n",
            ids.join(", ")
        )
    );
}

#[test]
fn who_takes_no_part_or_not_yet() {
    let nobody = World::default();
    assert_eq!(
        told(&nobody, &ada().without("workEmail")),
        ". Ada Byron (acme:7): no work e-mail in HR; add one there and the account follows\n"
    );
    assert_eq!(
        told(&nobody, &ada().employment(Employment::Inactive)),
        ". Ada Byron (acme:7): not employed and without an account; none is made\n"
    );
    assert_eq!(told(&nobody, &ada().starts("2026-06-01")), ". Ada Byron (acme:7): not before 2026-05-17T23:00:00Z\n");
}

#[test]
fn notes_stand_below_and_foreign_text_cannot_drive_the_terminal() {
    let mut world = settled();
    let id = account_id("ada.byron");
    let changed = world.accounts.remove(&id).expect("Ada's");
    let changed = with(in_state(changed, AccountState::Suspended), "jobTitle", "Boss\u{1b}[31m\nof all");
    world.accounts.insert(id.clone(), changed);
    world.dynamic.insert(group("Everyone"));
    world.members.get_mut(&group("Everyone")).expect("a group").remove(&id);
    let person = ada().hiding("department").managed_by("7");
    assert_eq!(
        told(&world, &person),
        "\
~ ada.byron (acme:7)
    ~ jobTitle: Boss [31m of all -> Analyst (by jobTitle)
    ! custom.costCentre is left as it is: HR does not show `department` to our key
    ! group \"Dept \" + department is left as it is: HR does not show `department` to our key
    ! HR names this person as their own manager; left as it is
    ! an administrator suspended this account while HR says Active; kept (manual_suspension = \"respect\")
    ! group Everyone is dynamic: JumpCloud fills it, not we
"
    );
}

#[test]
fn what_is_on_another_account_is_left_and_told() {
    let mut world = settled();
    let other = account("smith", "ada.smith@acme.example");
    world.accounts.insert(other.id.clone(), other);
    assert_eq!(
        told(&world, &ada().with("workEmail", "ada.smith@acme.example").with("jobTitle", "Cook")),
        format!(
            "\
~ ada.byron (acme:7)
    ~ jobTitle: Analyst -> Cook (by jobTitle)
    - group Analysts (no rule names it for this person)
    ! email is left as it is: account {} has the same; free it there first
",
            account_id("smith")
        )
    );
}

#[test]
fn debug_shows_no_personal_value() {
    let world = World::default();
    let plan = world.plan(&ada().employee(), &company(), now());
    let shown = format!("{plan:?} {:?}", plan.actions);
    assert!(!shown.contains("Byron") && !shown.contains("Analyst\""), "{shown}");
}
