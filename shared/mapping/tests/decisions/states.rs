//! Who may work: every first state, standing and present state of an account, with what comes of it.

use mapping::account::{AccountState, Mail};
use mapping::employee::{Employment, Reading, Stage};
use mapping::plan::{Action, Verdict};
use mapping::status::{Hold, Skip};

use crate::people::{Person, ada, key, now, rules};
use crate::world::{World, account, account_id, in_state, with};

/// Every word for the state of a new account.
pub const FIRST_STATES: [&str; 7] = [
    "staged",
    "staged-until-start",
    "active",
    "suspended-until-start",
    "always-active",
    "always-suspended",
    "as-hr-says",
];

/// `soon` and `soon/inactive` start next week, HR calling them active or not; `away` is leave with access, by HR, and
/// `away/inactive` without; `leaving` has a last day that is not over; `hidden` hides the first day.
fn standing(name: &str) -> Person {
    match name {
        "soon" => ada().starts("2026-03-09"),
        "soon/inactive" => ada().starts("2026-03-09").employment(Employment::Inactive),
        "here" => ada(),
        "away" => ada().stage(Stage::Away, "leave"),
        "away/inactive" => ada().stage(Stage::Away, "leave").employment(Employment::Inactive),
        "leaving" => ada().employment(Employment::Inactive).ends("2026-03-02"),
        "left" => ada().employment(Employment::Inactive).ends("2026-02-27"),
        "hidden" => Person { starts: Reading::Hidden, ..ada() },
        other => panic!("{other}?"),
    }
}

const STANDINGS: [&str; 8] = ["soon", "soon/inactive", "here", "away", "away/inactive", "leaving", "left", "hidden"];

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
staged                away           staged     ·          ·          active     ·
staged                away/inactive  -          ·          suspended  ·          ·
staged                leaving        -          ·          ·          ·          ·
staged                left           -          suspended  suspended  ·          ·
staged                hidden         -          ·          ·          ·          ·
staged-until-start    soon           staged     ·          ·          ·          ·
staged-until-start    soon/inactive  staged     ·          ·          ·          ·
staged-until-start    here           active     active     ·          active     ·
staged-until-start    away           active     active     ·          active     ·
staged-until-start    away/inactive  -          ·          suspended  ·          ·
staged-until-start    leaving        -          ·          ·          ·          ·
staged-until-start    left           -          suspended  suspended  ·          ·
staged-until-start    hidden         -          ·          ·          ·          ·
active                soon           active     ·          ·          ·          ·
active                soon/inactive  active     ·          ·          ·          ·
active                here           active     active     ·          active     ·
active                away           active     active     ·          active     ·
active                away/inactive  -          ·          suspended  ·          ·
active                leaving        -          ·          ·          ·          ·
active                left           -          suspended  suspended  ·          ·
active                hidden         -          ·          ·          ·          ·
suspended-until-start soon           suspended  suspended  ·          ·          ·
suspended-until-start soon/inactive  suspended  suspended  ·          ·          ·
suspended-until-start here           active     active     ·          active     ·
suspended-until-start away           active     active     ·          active     ·
suspended-until-start away/inactive  -          ·          suspended  ·          ·
suspended-until-start leaving        -          ·          ·          ·          ·
suspended-until-start left           -          suspended  suspended  ·          ·
suspended-until-start hidden         -          ·          ·          ·          ·
always-active         soon           active     ·          ·          active     ·
always-active         soon/inactive  active     ·          ·          active     ·
always-active         here           active     active     ·          active     ·
always-active         away           active     active     ·          active     ·
always-active         away/inactive  -          active     ·          active     ·
always-active         leaving        -          ·          ·          ·          ·
always-active         left           -          ·          ·          ·          ·
always-active         hidden         -          ·          ·          ·          ·
always-suspended      soon           suspended  suspended  suspended  ·          ·
always-suspended      soon/inactive  suspended  suspended  suspended  ·          ·
always-suspended      here           suspended  suspended  suspended  ·          ·
always-suspended      away           suspended  suspended  suspended  ·          ·
always-suspended      away/inactive  -          ·          suspended  ·          ·
always-suspended      leaving        -          ·          ·          ·          ·
always-suspended      left           -          suspended  suspended  ·          ·
always-suspended      hidden         -          suspended  suspended  ·          ·
as-hr-says            soon           active     ·          ·          active     ·
as-hr-says            soon/inactive  suspended  suspended  suspended  ·          ·
as-hr-says            here           active     active     ·          active     ·
as-hr-says            away           active     active     ·          active     ·
as-hr-says            away/inactive  -          ·          suspended  ·          ·
as-hr-says            leaving        -          ·          ·          ·          ·
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

/// What of a plan is told by mail, and to which state.
fn mail(lines: &str, world: &World, person: &Person) -> String {
    let plan = world.plan(&person.employee(), &rules(lines), now());
    let told = plan.actions.iter().filter_map(|action| match action {
        Action::Create { state, mail, password, .. } => Some(format!(
            "made {}{}{}",
            short(*state),
            sent(mail.as_ref().unwrap_or(&Mail::Withheld)),
            if *password { ", password" } else { "" }
        )),
        Action::Update { state: Some(change), .. } => Some(format!("{}{}", short(change.to), sent(&change.mail))),
        Action::Update { state: None, .. }
        | Action::Join { .. }
        | Action::Leave { .. }
        | Action::Unbind { .. }
        | Action::Delete { .. } => None,
    });
    told.collect::<Vec<_>>().join("; ")
}

fn sent(mail: &Mail) -> String {
    match mail {
        Mail::Withheld => String::new(),
        Mail::Sent => ", mail".to_owned(),
        Mail::To(address) => format!(", mail to {address}"),
    }
}

/// JumpCloud sends its mail when a staged account becomes active, and never about a suspended one.
#[test]
fn the_activation_mail() {
    let theirs = |state| {
        let account = with(account("ada.byron", "ada.byron@acme.example"), "hirewireId", "acme:7");
        let id = account.id.clone();
        let mut world = World::of([in_state(account, state)]).linked(&key("7"), &id);
        world.suspended_by_us.insert(key("7"));
        world
    };
    let (none, staged) = (World::default(), theirs(AccountState::Staged));
    let (active, suspended) = (theirs(AccountState::Activated), theirs(AccountState::Suspended));
    let send = |first_state: &str, mail: &str| {
        format!("first_state = \"{first_state}\"\n[connection.activation]\nmail = \"{mail}\"")
    };
    for (lines, world, person, expected) in [
        (send("active", "send"), &none, "here", "made active, mail"),
        (send("active", "withhold"), &none, "here", "made active"),
        (send("active", "it@acme.example"), &none, "here", "made active, mail to it@acme.example"),
        (send("staged", "send"), &none, "here", "made staged"),
        (send("staged-until-start", "send"), &none, "soon", "made staged"),
        (send("staged-until-start", "send"), &none, "here", "made active, mail"),
        (send("staged-until-start", "send"), &staged, "soon", ""),
        (send("staged-until-start", "send"), &staged, "here", "active, mail"),
        (send("staged-until-start", "send"), &staged, "leaving", ""),
        (send("staged-until-start", "send"), &staged, "left", "suspended"),
        (send("active", "send"), &active, "here", ""),
        (send("active", "send"), &suspended, "here", "active"),
        (send("active", "send"), &none, "away/inactive", ""),
        ("first_state = \"active\"".to_owned(), &none, "here", "made active"),
        (
            "first_state = \"active\"\n[connection.activation]\ndefault_password = \"env:PASSWORD\"".to_owned(),
            &none,
            "here",
            "made active, password",
        ),
    ] {
        assert_eq!(mail(&lines, world, &standing(person)), expected, "{lines} {person}");
    }
}

/// With an activation mail an account is made staged and then activated. If something happens in between, the next run
/// goes on there; what an administrator staged is not activated before its time.
#[test]
fn a_half_made_account_is_made_whole() {
    let lines = |first_state: &str, mail: &str| {
        format!("first_state = \"{first_state}\"\n[connection.activation]\nmail = \"{mail}\"")
    };
    let stamped = || with(account("ada.byron", "ada.byron@acme.example"), "hirewireId", "acme:7");
    let half = World::of([in_state(stamped(), AccountState::Staged)]);
    for (first_state, mail_to, person, expected) in [
        ("active", "send", "soon", "active, mail"),
        ("active", "send", "soon/inactive", "active, mail"),
        ("always-active", "send", "soon", "active, mail"),
        ("active", "send", "here", "active, mail"),
        ("active", "send", "away", "active, mail"),
        // Saying that none is sent takes the same two steps.
        ("active", "withhold", "soon", "active"),
        ("staged-until-start", "send", "soon", ""),
        ("staged", "send", "here", ""),
        ("active", "send", "leaving", ""),
        ("active", "send", "left", "suspended"),
        ("active", "send", "hidden", ""),
    ] {
        let said = mail(&lines(first_state, mail_to), &half, &standing(person));
        assert_eq!(said, expected, "{first_state} {mail_to} {person}");
    }
    // An administrator's: not ours by its own word at first, and when it is, by a run that was completed.
    let rules = rules(&lines("active", "send"));
    let mut theirs = World::of([in_state(account("ada", "ada.byron@acme.example"), AccountState::Staged)]);
    for _ in 0..3 {
        theirs.sync(&standing("soon").employee(), &rules, now());
        assert_eq!(theirs.accounts[&account_id("ada")].state, AccountState::Staged);
    }
}

/// The last day gives nothing, and links nobody whom another day would not.
#[test]
fn an_account_that_is_found_on_the_last_day() {
    let leaving = standing("leaving");
    let by_number = with(account("ada", "ada@old.example"), "employeeIdentifier", "7");
    let world = World::of([by_number]);
    let plan = world.plan(&leaving.employee(), &rules(""), now());
    assert!(matches!(plan.verdict, Verdict::Hold(Hold::LeaverByIdentifier { .. })), "{plan}");
    let mut world = World::of([account("ada", "ada.byron@acme.example")]);
    let plan = world.sync(&leaving.employee(), &rules(""), now());
    assert!(plan.is_empty() && plan.verdict == Verdict::Proceed, "{plan}");
    let none = World::default().plan(&leaving.employee(), &rules(""), now());
    assert_eq!(none.verdict, Verdict::Skip(Skip::Inactive));
}
