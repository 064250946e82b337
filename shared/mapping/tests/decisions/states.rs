//! Who may work: every first state, standing and present state of an account, with what comes of it.

use mapping::account::AccountState;
use mapping::employee::{Employment, Reading};
use mapping::plan::Action;

use crate::people::{Person, ada, key, now, rules};
use crate::world::{World, account, account_id, in_state, with};

const FIRST_STATES: [&str; 6] =
    ["staged", "active", "suspended-until-start", "always-active", "always-suspended", "as-hr-says"];

/// `soon` and `soon/inactive` start next week, HR calling them active or not; `hidden` hides the first day.
fn standing(name: &str) -> Person {
    match name {
        "soon" => ada().starts("2026-03-09"),
        "soon/inactive" => ada().starts("2026-03-09").employment(Employment::Inactive),
        "here" => ada(),
        "left" => ada().employment(Employment::Inactive).ends("2026-02-27"),
        "hidden" => Person { starts: Reading::Hidden, ..ada() },
        other => panic!("{other}?"),
    }
}

const STANDINGS: [&str; 5] = ["soon", "soon/inactive", "here", "left", "hidden"];

fn short(state: AccountState) -> &'static str {
    match state {
        AccountState::Staged => "staged",
        AccountState::Activated => "active",
        AccountState::Suspended => "suspended",
    }
}

/// What becomes of an account: `new` is none yet, `ours` and `hand` are suspended ones.
fn outcome(lines: &str, standing: &Person, present: &str) -> String {
    let rules = rules(lines);
    let theirs = with(account("ada.byron", "ada.byron@acme.example"), "hirewireId", "acme:7");
    let state = match present {
        "staged" => AccountState::Staged,
        "active" => AccountState::Activated,
        _ => AccountState::Suspended,
    };
    let mut world = World::default();
    if present != "new" {
        world = World::of([in_state(theirs, state)]).linked(&key("7"), &account_id("ada.byron"));
    }
    if present == "ours" {
        world.suspended_by_us.insert(key("7"));
    }
    let plan = world.plan(&standing.employee(), &rules, now());
    let created = plan.actions.iter().find_map(|action| match action {
        Action::Create { state, .. } => Some(*state),
        Action::Update { .. }
        | Action::Join { .. }
        | Action::Leave { .. }
        | Action::Unbind { .. }
        | Action::Delete { .. } => None,
    });
    let before = world.accounts.get(&account_id("ada.byron")).map(|a| a.state);
    world.apply(&plan);
    let after = world.accounts.get(&account_id("ada.byron")).map(|a| a.state);
    match (created, before, after) {
        (Some(state), ..) => short(state).to_owned(),
        (None, None, _) => "-".to_owned(),
        (None, before, after) if before == after => "·".to_owned(),
        (None, _, after) => short(after.expect("accounts are never deleted")).to_owned(),
    }
}

fn table(lines: &str) -> String {
    let mut table = String::new();
    for first_state in FIRST_STATES {
        for name in STANDINGS {
            let rules = format!("first_state = \"{first_state}\"\n{lines}");
            let cells = ["new", "staged", "active", "ours", "hand"].map(|p| outcome(&rules, &standing(name), p));
            let [new, staged, active, ours, hand] = cells;
            let line = format!("{first_state:<22}{name:<15}{new:<11}{staged:<11}{active:<11}{ours:<11}{hand}");
            table.push_str(line.trim_end());
            table.push('\n');
        }
    }
    table
}

/// `·` leaves the account as it is, `-` makes none. `ours` was suspended by Hirewire, `hand` by an administrator.
#[test]
fn what_becomes_of_an_account() {
    //   first_state           HR             new        staged     active     ours       hand
    let expected = "\
staged                soon           staged     ·          ·          ·          ·
staged                soon/inactive  staged     ·          ·          ·          ·
staged                here           staged     ·          ·          active     ·
staged                left           -          suspended  suspended  ·          ·
staged                hidden         -          ·          ·          ·          ·
active                soon           active     ·          ·          ·          ·
active                soon/inactive  active     ·          ·          ·          ·
active                here           active     active     ·          active     ·
active                left           -          suspended  suspended  ·          ·
active                hidden         -          ·          ·          ·          ·
suspended-until-start soon           suspended  suspended  ·          ·          ·
suspended-until-start soon/inactive  suspended  suspended  ·          ·          ·
suspended-until-start here           active     active     ·          active     ·
suspended-until-start left           -          suspended  suspended  ·          ·
suspended-until-start hidden         -          ·          ·          ·          ·
always-active         soon           active     ·          ·          active     ·
always-active         soon/inactive  active     ·          ·          active     ·
always-active         here           active     active     ·          active     ·
always-active         left           -          ·          ·          ·          ·
always-active         hidden         -          ·          ·          ·          ·
always-suspended      soon           suspended  suspended  suspended  ·          ·
always-suspended      soon/inactive  suspended  suspended  suspended  ·          ·
always-suspended      here           suspended  suspended  suspended  ·          ·
always-suspended      left           -          suspended  suspended  ·          ·
always-suspended      hidden         -          suspended  suspended  ·          ·
as-hr-says            soon           active     ·          ·          active     ·
as-hr-says            soon/inactive  suspended  suspended  suspended  ·          ·
as-hr-says            here           active     active     ·          active     ·
as-hr-says            left           -          suspended  suspended  ·          ·
as-hr-says            hidden         -          ·          ·          ·          ·
";
    assert_eq!(table(""), expected);
}

#[test]
fn override_treats_a_suspension_by_hand_as_ours() {
    for line in table("manual_suspension = \"override\"").lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[5], cells[6], "{line}");
    }
}

#[test]
fn leavers_keep_their_account_where_the_rules_say_so() {
    for line in table("[connection.leaver]\naccount = \"leave\"").lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        if cells[1] == "left" && cells[0] != "always-suspended" {
            assert_eq!(cells[2..], ["-", "·", "·", "·", "·"], "{line}");
        }
    }
}

#[test]
fn an_account_that_was_active_in_between_is_no_longer_suspended_by_us() {
    let rules = rules("");
    let theirs = with(account("ada.byron", "ada.byron@acme.example"), "hirewireId", "acme:7");
    let id = theirs.id.clone();
    let mut world = World::of([theirs]).linked(&key("7"), &id);
    world.suspended_by_us.insert(key("7"));
    // Out of scope for a while, and an administrator sets it to active and later suspends it.
    let plan = world.plan(&ada().without("workEmail").employee(), &rules, now());
    world.apply(&plan);
    world.accounts.get_mut(&id).expect("there").state = AccountState::Suspended;
    let plan = world.plan(&ada().employee(), &rules, now());
    world.apply(&plan);
    assert_eq!(world.accounts[&id].state, AccountState::Suspended);
}

#[test]
fn a_leaver_found_suspended_is_ours_to_bring_back() {
    let rules = rules("");
    let mut world = World::of([in_state(account("ada.byron", "ada.byron@acme.example"), AccountState::Suspended)]);
    for person in [standing("left"), standing("here")] {
        let plan = world.plan(&person.employee(), &rules, now());
        world.apply(&plan);
    }
    assert_eq!(world.accounts[&account_id("ada.byron")].state, AccountState::Activated);
}
