//! User names that follow HR: a rename there, and nothing else, gives an account another one.

use std::sync::LazyLock;

use mapping::account::{Account, LINK_ATTRIBUTE};
use mapping::employee::Employment;
use mapping::rules::Rules;
use mapping::status::Note;
use proptest::prelude::*;
use proptest::sample::select;

use crate::people::{Person, ada, key, now, rules};
use crate::world::{World, account, account_id, with};

const REST: &str = r#"first_state = "active"
[connection.attributes]
firstname = "firstName"
lastname = "lastName"
displayname = 'firstName + " " + lastName'
jobTitle = "jobTitle"
"#;

/// Rules with these lines about user names.
fn named(lines: &str) -> Rules {
    rules(&format!("{REST}[connection.username]\n{lines}"))
}

fn follow() -> Rules {
    named("on_rename = \"follow\"")
}

/// Ada married: another last name and another address.
fn king() -> Person {
    ada().with("lastName", "King").with("workEmail", "ada.king@acme.example")
}

/// A world in which Ada has an account of ours.
fn settled(rules: &Rules) -> World {
    let mut world = World::default();
    world.sync(&ada().employee(), rules, now());
    world
}

fn told(world: &mut World, person: &Person, rules: &Rules) -> String {
    world.sync(&person.employee(), rules, now()).to_string()
}

/// The user name of employee 7's account.
fn name(world: &World) -> &str {
    &world.accounts[&world.links[&key("7")]].username
}

fn edit(world: &mut World, change: impl FnOnce(&mut Account)) {
    let id = world.links[&key("7")].clone();
    change(world.accounts.get_mut(&id).expect("there"));
}

#[test]
fn one_update_says_it_all() {
    let rules = follow();
    let mut world = settled(&rules);
    assert_eq!(
        told(&mut world, &king(), &rules),
        "~ ada.byron (acme:7)\n    ~ username: ada.byron -> ada.king (username.from: email, renamed in HR)\n    \
         ~ email: ada.byron@acme.example -> ada.king@acme.example (by workEmail)\n    ~ lastname: Byron -> King (by \
         lastName)\n    ~ displayname: Ada Byron -> Ada King (by firstName + \" \" + lastName)\n"
    );
    assert_eq!(told(&mut world, &king(), &rules), "= ada.king (acme:7): nothing to do\n");
    // And back.
    assert!(told(&mut world, &ada(), &rules).contains("username: ada.king -> ada.byron"));
    let plan = world.plan(&king().employee(), &rules, now());
    assert_eq!(plan.in_short().what, ["user name ada.king", "changes email, lastname, displayname"]);
}

#[test]
fn under_keep_it_stays_and_is_not_made_up_for() {
    let keep = named("on_rename = \"keep\"");
    let mut world = settled(&keep);
    told(&mut world, &king(), &keep);
    assert_eq!((name(&world), world.pasts[&key("7")].named), ("ada.byron", None));
    // Whoever was renamed before the rule counted has the name that they had.
    let follow = follow();
    assert_eq!(told(&mut world, &king(), &follow), "= ada.byron (acme:7): nothing to do\n");
    assert_eq!(told(&mut world, &king(), &follow), "= ada.byron (acme:7): nothing to do\n");
    // The next one counts; and what was known is forgotten when the rule goes.
    told(&mut world, &king(), &keep);
    told(&mut world, &ada(), &keep);
    assert_eq!(told(&mut world, &king(), &follow).matches("username").count(), 0);
    assert!(told(&mut world, &ada().with("workEmail", "countess@acme.example"), &follow).contains("-> countess"));
}

/// What gives another name without a word of HR, or with one that is not about the name.
#[test]
fn nothing_but_a_rename_in_hr_does_it() {
    let first = r#"from = 'lookup("nick", firstName)'"#;
    let nicks =
        |nick: &str| named(&format!("{first}\non_rename = \"follow\"\n[connection.lookup.nick]\nAda = \"{nick}\""));
    let follow = follow();
    let cases: Vec<(&str, Rules, Rules, Person)> = vec![
        (
            "another source",
            follow_from("email"),
            follow_from("display-name"),
            ada().with("workEmail", "al@acme.example"),
        ),
        ("another source, and HR", follow_from("email"), follow_from("display-name"), king()),
        ("another expression", follow_from("firstName"), follow_from("lastName"), king()),
        ("another length", named("on_rename = \"follow\"\nmax_length = 20"), follow_from("email"), king()),
        ("another line of a table", nicks("ada"), nicks("countess"), king()),
        ("another domain", follow_from("email"), follow_from("email"), ada().with("workEmail", "ada.byron@acme.test")),
        ("another title", follow_from("email"), follow_from("email"), ada().with("jobTitle", "Countess")),
        ("a hidden field", follow_from("display-name"), follow_from("display-name"), ada().hiding("lastName")),
        ("nothing that makes a name", follow_from("lastName"), follow_from("lastName"), ada().with("lastName", "-")),
        ("no answer", nicks("ada"), nicks("ada"), ada().with("firstName", "Augusta")),
        ("a leaver", follow_from("email"), follow_from("email"), king().employment(Employment::Inactive)),
    ];
    for (what, before, after, person) in cases {
        let mut world = settled(&before);
        let had = name(&world).to_owned();
        for _ in 0..2 {
            told(&mut world, &person, &after);
            assert_eq!(name(&world), had, "{what}");
        }
    }
    // A field that was hidden for a while hides no rename.
    let shown = follow_from("display-name");
    let mut world = settled(&shown);
    told(&mut world, &ada().hiding("lastName"), &shown);
    told(&mut world, &king(), &shown);
    assert_eq!(name(&world), "ada.king");
    // Nor does a time away from the company.
    let mut world = settled(&follow);
    told(&mut world, &king().employment(Employment::Inactive), &follow);
    told(&mut world, &king(), &follow);
    assert_eq!(name(&world), "ada.king");
}

fn follow_from(source: &str) -> Rules {
    named(&format!("from = \"{source}\"\non_rename = \"follow\""))
}

#[test]
fn a_name_that_has_a_suffix_keeps_it() {
    let rules = follow();
    let mut world = World::of([account("ada.byron", "other@acme.example")]);
    told(&mut world, &ada(), &rules);
    assert_eq!(name(&world), "ada.byron-7");
    // The other one is gone, and HR says something else.
    world.accounts.remove(&account_id("ada.byron"));
    told(&mut world, &ada().with("workEmail", "Ada.Byron@acme.test"), &rules);
    assert_eq!(name(&world), "ada.byron-7");
    // The new name is another's: the next one. And it stays when the first becomes free.
    let mut theirs = account("ada.king", "third@acme.example");
    world.accounts.insert(theirs.id.clone(), theirs.clone());
    told(&mut world, &king(), &rules);
    assert_eq!(name(&world), "ada.king-7");
    theirs.username = "somebody".into();
    world.accounts.insert(theirs.id.clone(), theirs);
    assert_eq!(told(&mut world, &king(), &rules), "= ada.king-7 (acme:7): nothing to do\n");
}

#[test]
fn a_name_given_by_hand_stays_until_hr_renames() {
    let rules = follow();
    // An account that becomes ours keeps the name that it came with, also if HR said otherwise of an earlier one.
    let mut world = World::of([account("countess", "ada.byron@acme.example")]);
    told(&mut world, &ada(), &rules);
    told(&mut world, &ada(), &rules);
    assert_eq!(name(&world), "countess");
    // Changed by hand, it stays as well.
    edit(&mut world, |account| account.username = "lady".into());
    told(&mut world, &ada().with("jobTitle", "Countess"), &rules);
    assert_eq!(name(&world), "lady");
    told(&mut world, &king(), &rules);
    assert_eq!(name(&world), "ada.king", "what HR says anew counts, as with every attribute");
    // Named by hand as HR is about to say: in order.
    edit(&mut world, |account| account.username = "Ada.Byron".into());
    assert!(!told(&mut world, &ada(), &rules).contains("username"));
    // The account was deleted, another is found by its address, and the name is from HR's word of then.
    let known = world.pasts[&key("7")].clone();
    let mut world = World::of([account("by.hand", "ada.king@acme.example")]);
    world.pasts.insert(key("7"), known);
    told(&mut world, &king(), &rules);
    assert_eq!(name(&world), "by.hand");
}

#[test]
fn what_jumpcloud_refused_waits_for_a_word() {
    let rules = follow();
    let mut world = settled(&rules);
    let known = world.pasts[&key("7")].named;
    // As the workflow keeps it: the rest went in, what is known of the name is as it was, and it is noted.
    let refuse = |world: &mut World, wanted: &str| {
        edit(world, |account| account.username = "ada.byron".into());
        let past = world.pasts.get_mut(&key("7")).expect("there");
        past.named = known;
        past.notes = vec![Note::UsernameRefused { wanted: wanted.to_owned(), says: "bound".to_owned() }];
    };
    told(&mut world, &king(), &rules);
    refuse(&mut world, "ada.king");
    for _ in 0..2 {
        let said = told(&mut world, &king(), &rules);
        assert!(said.starts_with("= ada.byron") && said.contains("did not take ada.king (bound)"), "{said}");
    }
    let titled = told(&mut world, &king().with("jobTitle", "Countess"), &rules);
    assert!(titled.contains("~ jobTitle") && titled.contains("! the user name"), "the note stays: {titled}");
    assert!(!titled.contains("~ username"), "{titled}");
    // Out of sight and back, it is still wished for, and by the same rules not tried.
    told(&mut world, &king().without("workEmail"), &rules);
    let asked = |world: &mut World, person: &Person| {
        world.pasts.get_mut(&key("7")).expect("there").asked = true;
        let said = told(world, person, &rules);
        world.pasts.get_mut(&key("7")).expect("there").asked = false;
        said
    };
    assert!(asked(&mut world, &king()).contains("username: ada.byron -> ada.king"), "somebody asks");
    refuse(&mut world, "ada.king");
    assert!(told(&mut world, &ada().with("workEmail", "lovelace@acme.example"), &rules).contains("-> lovelace"));
    refuse(&mut world, "ada.king");
    assert_eq!(
        told(&mut world, &ada(), &rules).matches("username").count(),
        0,
        "HR takes it back: nothing is wished for"
    );
}

#[test]
fn without_a_name_that_is_free_everything_else_goes_on() {
    let rules = follow();
    let mut world = settled(&rules);
    let taken = world.plan(&king().employee(), &rules, now());
    let names = mapping::desired::Desired::of(&king().employee(), &rules, now()).usernames;
    for (at, name) in names.iter().enumerate() {
        let other = with(account(name, &format!("{at}@acme.example")), LINK_ATTRIBUTE, &format!("acme:{}", 80 + at));
        world.accounts.insert(other.id.clone(), other);
    }
    assert!(taken.renames().is_some());
    let said = told(&mut world, &king(), &rules);
    assert!(said.contains("~ lastname") && said.contains("did not take ada.king (it is another account's"), "{said}");
    assert_eq!(name(&world), "ada.byron");
}

static SOURCES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let sources = ["email", "display-name", "firstName", "lastName"];
    let rules = sources.iter().flat_map(|source| {
        ["keep", "follow"].map(|on| named(&format!("from = \"{source}\"\non_rename = \"{on}\"\nmax_length = 20")))
    });
    rules.collect()
});

proptest! {
    /// Whatever HR says and whatever the rules become: a name changes only by the rules by which it was last looked at,
    /// and for another word of HR since then; a second look does nothing.
    #[test]
    fn names_follow_hr_alone(
        looks in prop::collection::vec(
            (0..8_usize, select(vec!["Ada", "Augusta", "-"]), select(vec!["Byron", "King", "Byron-King"]), any::<bool>()),
            1..8,
        ),
        taken in any::<bool>(),
    ) {
        let mut world = World::default();
        if taken {
            let other = account("ada.king", "other@acme.example");
            world.accounts.insert(other.id.clone(), other);
        }
        let mut noted: Option<(usize, String)> = None;
        for (at, first, last, hides) in looks {
            let mail = format!("{}.{}@acme.example", first.to_lowercase(), last.to_lowercase());
            let person = ada().with("firstName", first).with("lastName", last).with("workEmail", &mail);
            let person = if hides { person.hiding("lastName") } else { person };
            let had = world.links.get(&key("7")).map(|id| world.accounts[id].username.to_string());
            let plan = world.sync(&person.employee(), &SOURCES[at], now());
            let said = format!("{first} {last}");
            if let Some(change) = plan.renames() {
                let (rules, hr) = noted.clone().expect("a first look renames nobody");
                prop_assert_eq!((at % 2, rules), (1, at), "only by rules that were so before");
                prop_assert!(hr != said, "only for a word of HR");
                prop_assert_eq!(had.as_deref(), Some(&*change.from));
                prop_assert_eq!(name(&world), &change.to);
            } else if let Some(had) = had {
                prop_assert_eq!(name(&world), had);
            }
            let again = world.sync(&person.employee(), &SOURCES[at], now());
            prop_assert!(again.is_empty(), "{again}");
            // Even places are `keep`; a name cannot be told while its field is hidden, or holds nothing that makes one.
            let told = match at / 2 {
                0 => true,
                1 | 3 => !hides,
                _ => first != "-",
            };
            match (at % 2, told) {
                (0, _) => noted = None,
                (_, true) => noted = Some((at, said)),
                (_, false) => {}
            }
        }
    }
}
