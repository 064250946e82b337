//! Which account is whose: the whole table, and the cases that are easily got wrong.

use mapping::account::{Account, AccountState};
use mapping::employee::Employment;
use mapping::matching::{Candidates, Found, Link, find};
use mapping::plan::Verdict;
use mapping::status::Hold;

use crate::people::{Person, ada, key, now, rules};
use crate::world::{World, account, account_id, in_state, with};

/// What `find` says of Ada, whose candidates are accounts `a` and `b`.
fn found(link: &str, own: &str, identifier: &str, email: &str) -> String {
    let desired = mapping::desired::Desired::of(&ada().employee(), &rules(""), now());
    let accounts = [account("a", "a@acme.example"), account("b", "b@acme.example")];
    let of = |names: &str| -> Vec<&Account> { accounts.iter().filter(|a| names.contains(&*a.username)).collect() };
    let gone = account_id("gone");
    let candidates = Candidates {
        link: match link {
            "-" => Link::None,
            "gone" => Link::Gone(&gone),
            name => Link::Account(of(name)[0]),
        },
        own: of(own),
        identifier: of(identifier),
        email: of(email),
        claimed: Default::default(),
    };
    match find(&desired, &candidates) {
        Found::Nothing => "nothing".to_owned(),
        Found::Theirs(account) => format!("theirs {}", account.username),
        Found::Matched(account) => format!("match {}", account.username),
        Found::Gone(_) => "gone".to_owned(),
        Found::Doubt(Hold::Several { accounts }) => format!("doubt of {}", accounts.len()),
        Found::Doubt(other) => format!("{other:?}"),
    }
}

/// The first line that fits counts; `*` fits anything.
const TABLE: &str = "
link   own   identifier   email   ->
a      *     *            *       theirs a
*      a     *            *       theirs a
*      b     *            *       theirs b
*      ab    *            *       doubt of 2
-      -     -            -       nothing
gone   -     -            -       gone
*      -     a            -       match a
*      -     a            a       match a
*      -     -            a       match a
*      -     b            -       match b
*      -     b            b       match b
*      -     -            b       match b
*      -     *            *       doubt of 2
";

#[test]
fn every_combination_of_candidates() {
    let lines: Vec<Vec<&str>> = TABLE.trim().lines().skip(1).map(|l| l.split_whitespace().collect()).collect();
    let mut used = vec![false; lines.len()];
    for link in ["-", "a", "gone"] {
        for own in ["-", "a", "b", "ab"] {
            for identifier in ["-", "a", "b", "ab"] {
                for email in ["-", "a", "b", "ab"] {
                    let case = [link, own, identifier, email];
                    let fits = |line: &Vec<&str>| case.iter().zip(line).all(|(c, l)| *l == "*" || l == c);
                    let line = lines.iter().position(fits).expect("the last lines fit all");
                    used[line] = true;
                    assert_eq!(found(link, own, identifier, email), lines[line][4..].join(" "), "{case:?}");
                }
            }
        }
    }
    assert!(used.into_iter().all(|line| line), "a line of the table fits nothing");
}

/// The plan's verdict for Ada in an organisation of these accounts.
fn verdict(accounts: Vec<Account>, person: &Person) -> String {
    verdict_in(&World::of(accounts), person)
}

fn verdict_in(world: &World, person: &Person) -> String {
    match world.plan(&person.employee(), &rules(""), now()).verdict {
        Verdict::Proceed => "proceed".to_owned(),
        Verdict::Skip(why) => format!("skip: {why}"),
        Verdict::Withdraw(why) => format!("withdraw: {why}"),
        Verdict::NotYet(_) => "not yet".to_owned(),
        Verdict::Hold(why) => format!("hold: {why}"),
    }
}

fn adas() -> Account {
    account("ada", "ada.byron@acme.example")
}

#[test]
fn an_account_that_is_somebody_elses_is_never_taken() {
    let other = "hold: account ID belongs to employee acme:9; two people in HR claim it";
    let id = account_id("ada").to_string();
    let stamped = World::of([with(adas(), "hirewireId", "acme:9")]);
    assert_eq!(verdict_in(&stamped, &ada()), other.replace("ID", &id));
    let linked = World::of([adas()]).linked(&key("9"), &account_id("ada"));
    assert_eq!(verdict_in(&linked, &ada()), other.replace("ID", &id));
    // The account names Ada, our records name another: one of them is wrong.
    let both = World::of([with(adas(), "hirewireId", "acme:7")]).linked(&key("9"), &account_id("ada"));
    assert_eq!(verdict_in(&both, &ada()), other.replace("ID", &id));
    // Another installation's, or another connection's.
    let elsewhere = World::of([with(adas(), "hirewireId", "other:7")]).linked(&key("7"), &account_id("ada"));
    assert!(verdict_in(&elsewhere, &ada()).starts_with("hold: "));
    // What is no link at all claims nothing.
    assert_eq!(verdict(vec![with(adas(), "hirewireId", "hello")], &ada()), "proceed");
}

#[test]
fn an_account_with_another_identifier_is_a_conflict() {
    let conflict = |person: &Person, identifier: &str| {
        verdict(vec![with(adas(), "employeeIdentifier", identifier)], person).starts_with("hold: account")
    };
    assert!(conflict(&ada(), "8"));
    assert!(!conflict(&ada(), "7"));
    assert!(!conflict(&ada().with("employeeNumber", "ab7"), "AB7"));
    assert!(conflict(&ada().without("employeeNumber"), "8"), "who has no number does not have this one");
    assert!(conflict(&ada().hiding("employeeNumber"), "8"), "whose number is hidden may have another");
}

#[test]
fn a_linked_account_is_theirs_whatever_it_holds() {
    let changed = with(account("ada", "old@acme.example"), "employeeIdentifier", "old");
    let world = World::of([changed]).linked(&key("7"), &account_id("ada"));
    assert_eq!(verdict_in(&world, &ada()), "proceed");
}

#[test]
fn a_leaver_nobody_linked() {
    let left = ada().employment(Employment::Inactive).ends("2026-02-27");
    let by_number = || with(account("ada", "ada@old.example"), "employeeIdentifier", "7");
    let hold = format!(
        "hold: account {} has this leaver's identifier but another e-mail; if it is theirs, suspend it by hand, else \
         correct its identifier",
        account_id("ada")
    );
    assert_eq!(verdict(vec![adas()], &left), "proceed", "the e-mail says who it is");
    assert_eq!(verdict(vec![by_number()], &left), hold, "the number may have been given to a colleague");
    assert_eq!(verdict(vec![by_number()], &left.clone().without("workEmail")), hold);
    assert_eq!(verdict(vec![by_number()], &left.clone().hiding("workEmail")), hold);
    let suspended = || in_state(by_number(), AccountState::Suspended);
    assert_eq!(verdict(vec![suspended()], &left), "proceed", "nothing is taken away");
    assert!(verdict(vec![suspended()], &left.clone().without("workEmail")).starts_with("skip: no work e-mail"));
    assert!(verdict(vec![], &left).starts_with("skip: not employed"));
}

#[test]
fn a_linked_leaver_is_dealt_with_however_blank_the_record() {
    let left = ada().employment(Employment::Inactive);
    for person in [left.clone().without("workEmail"), left.clone().hiding("workEmail"), left.with("workEmail", "?")] {
        let mut world = World::of([adas()]).linked(&key("7"), &account_id("ada"));
        for scope in ["", "[connection.scope]\nemployees = [\"1\"]", "[connection.scope]\nwhen = 'department == \"x\"'"]
        {
            let plan = world.plan(&person.employee(), &rules(scope), now());
            assert_eq!(plan.verdict, Verdict::Proceed);
            world.apply(&plan);
            assert_eq!(world.accounts[&account_id("ada")].state, AccountState::Suspended);
        }
    }
}

#[test]
fn out_of_scope_is_no_leaver() {
    let world = World::of([adas()]).linked(&key("7"), &account_id("ada")).member("Team", &account_id("ada"));
    for lines in ["employees = [\"1\"]", "when = 'department == \"x\"'", "email_domains = [\"other.example\"]"] {
        let rules =
            rules(&format!("[connection.scope]\n{lines}\n[[connection.group]]\nname = \"Team\"\nwhen = 'false'"));
        let plan = world.plan(&ada().employee(), &rules, now());
        assert!(matches!(plan.verdict, Verdict::Skip(_)) && plan.is_empty());
    }
}

#[test]
fn a_deleted_account_is_left_or_made_anew() {
    let world = World::default().linked(&key("7"), &account_id("gone"));
    assert!(verdict_in(&world, &ada()).contains("was deleted in JumpCloud"));
    assert!(verdict_in(&world, &ada().employment(Employment::Inactive)).starts_with("skip: not employed"));
    let again = rules("deleted_account = \"recreate\"\ncreate_days_before_start = 3");
    assert_eq!(world.plan(&ada().employee(), &again, now()).verdict, Verdict::Proceed);
    let later = world.plan(&ada().starts("2026-03-09").employee(), &again, now());
    assert!(matches!(later.verdict, Verdict::NotYet(_)), "not before its day either");
}

#[test]
fn user_names_that_are_taken() {
    let name = |accounts: &[&str]| {
        let taken = accounts.iter().enumerate().map(|(n, name)| account(name, &format!("{n}@acme.example")));
        let plan = World::of(taken).plan(&ada().employee(), &rules("[connection.username]\nmax_length = 20"), now());
        plan.to_string().split(" (Ada Byron").next().unwrap_or_default().to_owned()
    };
    assert_eq!(name(&[]), "+ ada.byron");
    assert_eq!(name(&["Ada.Byron"]), "+ ada.byron-7");
    let third = name(&["ada.byron", "ada.byron-7"]);
    assert!(third.starts_with("+ ada.byron-") && third.len() == "+ ada.byron-xxxxxx".len(), "{third}");
    assert_eq!(name(&["ada.byron", "ada.byron-7", &third[2..]]), "! Ada Byron (acme:7): the user names ada.byron, ada.byron-7, ID are all taken; rename one of those accounts in JumpCloud\n".replace("ID", &third[2..]));
}

#[test]
fn addresses_that_are_none() {
    for text in
        ["ada", "@acme.example", "ada@", "ada@acme", "ada@acme..example", "a da@acme.example", "a@b@acme.example"]
    {
        let said = verdict(vec![], &ada().with("workEmail", text));
        assert!(said.starts_with("skip: HR's work e-mail is not"), "{text}: {said}");
    }
    assert_eq!(verdict(vec![], &ada().with("workEmail", " Ada+x@Acme.Example ")), "proceed");
}
