//! What must hold for whatever HR, the rules and JumpCloud come up with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::ToSpan;
use mapping::account::{Account, AccountId, AccountState, LINK_ATTRIBUTE};
use mapping::attribute::Attribute;
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{Absence, Employment, Reading, Stage};
use mapping::lifecycle::Standing;
use mapping::plan::{Action, Change, Plan, Verdict};
use mapping::rules::{GroupNaming, Rules};
use mapping::status::Skip;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::people::{Person, ada, date, employee_id, key, now, rules};
use crate::states::FIRST_STATES;
use crate::world::{World, account, account_id, group, in_state, with};

const ATTRIBUTES: &str = r#"
[connection.attributes]
firstname = "firstName"
displayname = 'first(preferredName, firstName) + " " + lastName'
employeeIdentifier = "employeeNumber"
jobTitle = "jobTitle"
costCenter = 'lookup("cost", department)'
phone.work = "workPhone"
address.work.locality = "locationCity"
address.work.country = "locationCountry"
custom.badge = "badge"
[connection.lookup.cost]
Sales = "CC-1"
"" = "none"
[[connection.group]]
name = "Everyone"
[[connection.group]]
name = "Sales"
when = 'department == "Sales"'
[[connection.group]]
name = "Filled"
when = 'jobTitle != ""'
[[connection.group]]
name_from = 'department == "" ? "" : "Dept " + department'
"#;

const FIELDS: [&str; 11] = [
    "workEmail",
    "firstName",
    "lastName",
    "preferredName",
    "employeeNumber",
    "jobTitle",
    "department",
    "workPhone",
    "locationCity",
    "locationCountry",
    "badge",
];

/// Every first state with every rule about leavers and hands.
static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for state in FIRST_STATES {
        for rest in [
            "",
            "manual_suspension = \"override\"\ncreate_days_before_start = 7\ndeleted_account = \"recreate\"",
            "[connection.leaver]\naccount = \"leave\"",
            "create_groups = false\nmanager = false\n[connection.leaver]\ngroups = \"keep\"",
            "[connection.scope]\nemail_domains = [\"acme.example\"]\nwhen = 'department != \"Secret\"'",
            "manual_changes = \"respect\"\n[connection.scope]\nwhen = 'department != \"Secret\"'\non_leaving = \"leave-groups\"",
            "inactive_people = \"suspended\"",
            "[connection.leaver]\non = \"last-day\"\nat = \"17:00\"\ndevices = \"remove\"\ndelete_after_days = 3\n\
             at_once = 'badge == \"x@y\"'",
        ] {
            if state != "always-active" || !rest.contains("delete_after_days") {
                all.push(rules(&format!("first_state = \"{state}\"\n{rest}\n{ATTRIBUTES}")));
            }
        }
        // What always is active is never suspended.
        let account = if state == "always-active" { "keep" } else { "suspend" };
        for groups in ["leave", "keep"] {
            let scope = "[connection.scope]\nwhen = 'department != \"Secret\"'\non_leaving = \"suspend\"";
            let leave = format!(
                "[connection.leave]\nstatuses = [\"Parental leave\"]\ntime_off_types = [\"Sabbatical\"]\n\
                 time_off_longer_than_days = 5\naccount = \"{account}\"\ngroups = \"{groups}\""
            );
            all.push(rules(&format!("first_state = \"{state}\"\n{scope}\n{leave}\n{ATTRIBUTES}")));
        }
    }
    all
});

fn any_rules() -> impl Strategy<Value = &'static Rules> {
    (0..RULES.len()).prop_map(|at| &RULES[at])
}

fn value() -> impl Strategy<Value = Reading<String>> {
    let texts = select(vec![
        "Sales",
        "sales ",
        "Engineering",
        "Łukasz Żółć",
        "👩‍🚀 of \u{7}\u{1b}[31mfortune\n",
        "  ",
        "Secret",
        "7",
        "8",
        "x@y",
    ]);
    prop_oneof![
        1 => Just(Reading::Hidden),
        2 => Just(Reading::Empty),
        8 => texts.prop_map(|text| Reading::Is(text.to_owned())),
        1 => Just(Reading::Is("long ".repeat(300))),
    ]
}

fn email() -> impl Strategy<Value = Reading<String>> {
    let texts = select(vec!["ada@acme.example", "Ada@Acme.Example", "bob@acme.example", "c@other.example", "none"]);
    prop_oneof![
        1 => Just(Reading::Hidden),
        1 => Just(Reading::Empty),
        9 => texts.prop_map(|text| Reading::Is(text.to_owned())),
    ]
}

fn day() -> impl Strategy<Value = Reading<jiff::civil::Date>> {
    let near = (-40_i64..40).prop_map(|days| Reading::Is(date("2026-03-02").saturating_add(days.days())));
    prop_oneof![1 => Just(Reading::Hidden), 3 => Just(Reading::Empty), 6 => near]
}

fn person(id: &'static str) -> impl Strategy<Value = Person> {
    let employment = select(vec![
        Reading::Hidden,
        Reading::Is(Employment::Active),
        Reading::Is(Employment::Active),
        Reading::Is(Employment::Inactive),
    ]);
    let manager = select(vec![
        Reading::Hidden,
        Reading::Empty,
        Reading::Is(employee_id("7")),
        Reading::Is(employee_id("8")),
        Reading::Is(employee_id("9")),
    ]);
    let fields = prop::collection::vec(value(), FIELDS.len());
    (employment, day(), day(), manager, email(), fields, life()).prop_map(
        move |(employment, starts, ends, manager, email, values, (stage, status, last_day, absences, zone))| {
            let mut fields: BTreeMap<String, Reading<String>> =
                FIELDS.iter().map(|n| (*n).to_owned()).zip(values).collect();
            fields.insert("workEmail".to_owned(), email);
            let (stage, status) = (stage, status.map_or(Reading::Empty, |word| Reading::Is(word.into())));
            let life = Person { stage, status, last_day, absences, zone, ..Person::new(id, "Ada", "Example") };
            Person { employment, starts, ends, manager, fields, ..life }
        },
    )
}

type Life = (Stage, Option<&'static str>, Reading<jiff::civil::Date>, Vec<Absence>, Option<String>);

/// What HR's lifecycle, the last day and time off add to the status and the dates.
pub fn life() -> impl Strategy<Value = Life> {
    let stages = [Stage::Hired, Stage::Employed, Stage::Employed, Stage::Away, Stage::Terminated];
    let stage = prop_oneof![3 => Just(Stage::Unsaid), 3 => select(stages.to_vec())];
    let status = select(vec![None, None, Some("Parental leave"), Some("parental-leave"), Some("Study leave")]);
    let last_day = prop_oneof![3 => Just(Reading::Empty), 2 => day()];
    let absence = (-40_i64..40, 0_i64..30, select(vec!["Sabbatical", "Vacation"])).prop_map(|(from, days, kind)| {
        let from = date("2026-03-02").saturating_add(from.days());
        Absence { kind: kind.into(), from, through: from.saturating_add(days.days()) }
    });
    let zone = select(vec![None, None, Some("Pacific/Kiritimati"), Some("Pacific/Pago_Pago"), Some("Mars/Olympus")]);
    let zone = zone.prop_map(|zone| zone.map(str::to_owned));
    (stage, status, last_day, prop::collection::vec(absence, 0..3), zone)
}

/// Accounts with things of others on them; the first may be linked, stamped, suspended.
fn organisation() -> impl Strategy<Value = World> {
    let states = || select(vec![AccountState::Staged, AccountState::Activated, AccountState::Suspended]);
    let one = (
        states(),
        select(vec!["ada@acme.example", "bob@acme.example", "c@other.example", "d@other.example"]),
        select(vec!["", "7", "8", "Sales", "engineering"]),
        select(vec!["", "acme:7", "acme:8", "nonsense"]),
        subsequence(vec!["Everyone", "Sales", "Filled", "Dept Sales", "Dept Old", "Hand-made"], 0..=6),
        any::<[bool; 4]>(),
    );
    let accounts = prop::collection::vec(one, 0..4);
    let links = (select(vec!["-", "0", "1", "gone"]), select(vec!["-", "0", "1"]), any::<bool>());
    let kinds = (subsequence(vec!["Everyone", "Filled"], 0..=2), any::<bool>(), any::<bool>());
    (accounts, links, kinds).prop_map(|(accounts, (ada, bob, ours), (dynamic, named, out))| {
        let mut world = World::default();
        for (n, (state, email, identifier, stamp, groups, [phones, addresses, custom, titles])) in
            accounts.into_iter().enumerate()
        {
            let mut made = in_state(account(&format!("{}{n}", if n == 0 { "ada" } else { "user" }), email), state);
            if !identifier.is_empty() {
                made = with(made, "employeeIdentifier", identifier)
            }
            if !stamp.is_empty() {
                made = with(made, LINK_ATTRIBUTE, stamp)
            }
            if phones {
                made = with(with(made, "phone.mobile", "1"), "phone.work", "2")
            }
            if addresses {
                made = with(with(made, "address.work.region", "Kent"), "address.home.locality", "Leeds")
            }
            if custom {
                made = with(with(made, "custom.shoes", "42"), "custom.badge", "old")
            }
            if titles {
                made = with(with(made, "description", "by hand"), "jobTitle", "old")
            }
            let clash = world.accounts.values().any(|a| {
                a.email == made.email || a.get(&Attribute::EmployeeIdentifier).is_some_and(|i| i == identifier)
            });
            if clash {
                continue;
            }
            for name in groups {
                world = world.member(name, &made.id)
            }
            world.accounts.insert(made.id.clone(), made);
        }
        let id = |name: &str| match name {
            "0" => account_id("ada0"),
            "1" => account_id("user1"),
            other => account_id(other),
        };
        if ada != "-" {
            world = world.linked(&key("7"), &id(ada))
        }
        if bob != "-" && bob != ada {
            world = world.linked(&key("8"), &id(bob))
        }
        if ours {
            world.suspended_by_us.insert(key("7"));
        }
        if named {
            world.managed.extend([group("Dept Sales"), group("Dept Old")])
        }
        if out {
            world.without_account.insert(employee_id("9"));
        }
        world.dynamic.extend(dynamic.into_iter().map(group));
        for name in world.dynamic.clone() {
            world.members.entry(name).or_default();
        }
        world
    })
}

fn changes(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.actions.iter().flat_map(|action| match action {
        Action::Create { values: changes, .. } | Action::Update { changes, .. } => &changes[..],
        Action::Join { .. } | Action::Leave { .. } | Action::Unbind { .. } | Action::Delete { .. } => &[],
    })
}

/// What of an account is not ours under these rules.
fn foreign(account: &Account, rules: &Rules) -> Account {
    let mut account = account.clone();
    account.state = AccountState::Staged;
    account.manager = None;
    account.email = "".into();
    account.custom.retain(|c| &*c.name != LINK_ATTRIBUTE);
    let ours = |attribute: &Attribute| rules.attributes.iter().any(|(a, _)| a == attribute);
    account.texts.retain(|(a, _)| !ours(a));
    account.custom.retain(|c| !ours(&Attribute::Custom((&*c.name).into())));
    account
        .phones
        .retain(|p| !rules.attributes.iter().any(|(a, _)| matches!(a, Attribute::Phone(k) if k.wire() == &*p.kind)));
    for (attribute, _) in &rules.attributes {
        if let Attribute::Address(kind, part) = attribute {
            let same = account.addresses.iter_mut().filter(|a| &*a.kind == kind.wire());
            same.for_each(|address| *address.part_mut(*part) = "".into());
        }
    }
    account.addresses.retain(|a| !a.is_blank());
    account
}

fn may_work(state: AccountState) -> bool {
    state == AccountState::Activated
}

proptest! {
    #[test]
    fn planning_twice_plans_nothing(person in person("7"), rules in any_rules(), mut world in organisation()) {
        let employee = person.employee();
        let plan = world.plan(&employee, rules, now());
        world.apply(&plan);
        let again = world.plan(&employee, rules, now());
        prop_assert!(again.is_empty(), "first\n{plan}then\n{again}");
        prop_assert_eq!(std::mem::discriminant(&again.verdict), std::mem::discriminant(&plan.verdict));
        prop_assert_eq!((&again.waits_for, &again.suspended_by_us), (&plan.waits_for, &plan.suspended_by_us));
        prop_assert_eq!(again.groups, plan.groups);
    }

    #[test]
    fn nothing_that_is_not_ours_is_touched(person in person("7"), rules in any_rules(), mut world in organisation()) {
        let employee = person.employee();
        let desired = Desired::of(&employee, rules, now());
        let plan = world.plan(&employee, rules, now());
        for Change { attribute, to, .. } in changes(&plan) {
            let stamp = *attribute == Attribute::Custom(LINK_ATTRIBUTE.into());
            prop_assert!(stamp || rules.attributes.iter().any(|(ours, _)| ours == attribute), "{attribute}");
            prop_assert!(!stamp || to.as_deref() == Some("acme:7"));
        }
        for action in &plan.actions {
            match action {
                Action::Join { group, .. } => {
                    prop_assert!(desired.groups.contains_key(group) && !world.dynamic.contains(group));
                }
                Action::Leave { group, .. } => {
                    let named = rules.fixed_groups().contains(group) || world.managed.contains(group);
                    let withdraws = matches!(plan.verdict, Verdict::Withdraw(_));
                    prop_assert!(named && !world.dynamic.contains(group));
                    prop_assert!(withdraws || !desired.groups.contains_key(group));
                }
                Action::Create { .. } | Action::Update { .. } | Action::Unbind { .. } | Action::Delete { .. } => {}
            }
        }
        let before = world.clone();
        world.apply(&plan);
        for (id, account) in &before.accounts {
            if plan.account.as_ref() == Some(id) {
                prop_assert!(foreign(account, rules) == foreign(&world.accounts[id], rules));
            } else {
                prop_assert!(*account == world.accounts[id], "another account changed");
                prop_assert_eq!(before.groups_of(id), world.groups_of(id));
            }
        }
        let does = matches!(plan.verdict, Verdict::Proceed | Verdict::Withdraw(_));
        prop_assert!(does || world.accounts == before.accounts);
    }

    #[test]
    fn nothing_is_taken_away_because_hr_hides_something(
        whole in person("7"),
        hidden in subsequence(FIELDS.to_vec(), 0..FIELDS.len()),
        [status, start, end, manager] in any::<[bool; 4]>(),
        rules in any_rules(),
        world in organisation(),
    ) {
        // Somebody inactive who has not started is no leaver yet; with the first day hidden nobody can tell, and the
        // explicit status counts. So that is left out of the comparison.
        let start = start && whole.employment != Reading::Is(Employment::Inactive);
        let mut part = hidden.iter().fold(whole.clone(), |person, field| person.hiding(field));
        if status { part.employment = Reading::Hidden }
        if start { part.starts = Reading::Hidden }
        if end { part.ends = Reading::Hidden }
        if manager { part.manager = Reading::Hidden }
        let (full, plan) = (world.plan(&whole.employee(), rules, now()), world.plan(&part.employee(), rules, now()));
        for (attribute, expression) in &rules.attributes {
            let reads_hidden = expression.fields().iter().any(|f| part.fields.get(*f).is_none_or(|v| *v == Reading::Hidden));
            prop_assert!(!reads_hidden || changes(&plan).all(|c| c.attribute != *attribute), "{attribute}");
        }
        let reads_hidden = |e: &mapping::expression::Expression| {
            e.fields().iter().any(|f| part.fields.get(*f).is_none_or(|v| *v == Reading::Hidden))
        };
        let undecided = rules.groups.iter().any(|rule| {
            let named = match &rule.name {
                GroupNaming::Fixed(_) => false,
                GroupNaming::Computed(expression) => reads_hidden(expression),
            };
            rule.when.as_ref().is_some_and(reads_hidden) || named
        });
        // HR's explicit word, and the rules' for it: left, on leave, or no longer one of those whom the rules are about.
        let standing = Desired::of(&part.employee(), rules, now()).standing;
        let told = matches!(standing, Standing::Left { .. } | Standing::Away { leave_groups: true, .. })
            || matches!(plan.verdict, Verdict::Withdraw(_));
        let leaves = |plan: &Plan| -> BTreeSet<String> {
            plan.actions.iter().filter_map(|a| match a {
                Action::Leave { group, .. } => Some(group.to_string()),
                Action::Create { .. }
                | Action::Update { .. }
                | Action::Join { .. }
                | Action::Unbind { .. }
                | Action::Delete { .. } => None,
            }).collect()
        };
        prop_assert!(!undecided || told || leaves(&plan).is_empty(), "{plan}");
        let loses = |plan: &Plan| {
            let mut after = world.clone();
            after.apply(plan);
            let lost = world.accounts.iter().filter(|(id, a)| may_work(a.state) && !may_work(after.accounts[*id].state));
            lost.map(|(id, _)| id.clone()).collect::<BTreeSet<AccountId>>()
        };
        prop_assert!(loses(&plan).is_subset(&loses(&full)), "{plan}but with all fields\n{full}");
        // Leavers may keep groups that nobody who is still here, as without the end date, would keep.
        let comparable = !end || rules.leaver.leave_groups;
        if comparable && full.account == plan.account && full.verdict == Verdict::Proceed {
            prop_assert!(leaves(&plan).is_subset(&leaves(&full)), "{plan}but with all fields\n{full}");
        }
        // A switch in HR that ends access at once is explicit too.
        if part.employment == Reading::Hidden && !matches!(standing, Standing::Left { .. }) {
            prop_assert!(plan.is_empty());
            prop_assert!(matches!(plan.verdict, Verdict::Skip(Skip::StatusHidden)), "{plan}");
        }
    }

    /// Each person's observations come in their own order, the people among each other in any; old ones come again.
    #[test]
    fn the_order_of_people_does_not_matter(
        rules in any_rules(),
        seeds in prop::collection::vec((person("7"), person("8"), person("9")), 1..4),
        one in any::<prop::sample::Index>(),
        shuffles in prop::collection::vec(any::<u32>(), 24),
    ) {
        let people: Vec<Vec<Person>> = [0, 1, 2].map(|who| {
            seeds.iter().map(|(a, b, c)| distinct([a, b, c][who].clone(), who)).collect()
        }).into();
        let world = settled(one.index(3));
        let in_turn: Vec<usize> = (0..3).flat_map(|who| vec![who; seeds.len()]).collect();
        let mut mixed: Vec<(u32, usize)> = in_turn.iter().enumerate().map(|(at, who)| (shuffles[at], *who)).collect();
        mixed.sort_unstable();
        let mixed: Vec<usize> = mixed.into_iter().map(|(_, who)| who).collect();
        let (a, b) = (run(world.clone(), &people, &in_turn, rules), run(world, &people, &mixed, rules));
        let (a, b) = (without_unclear_managers(a, &people, rules), without_unclear_managers(b, &people, rules));
        prop_assert!(a.accounts == b.accounts && a.members == b.members && a.links == b.links, "{a:?}\n{b:?}");
        prop_assert!(a.suspended_by_us == b.suspended_by_us && a.waiting == b.waiting);
    }
}

/// The same person with an e-mail, number and name of their own.
fn distinct(mut person: Person, who: usize) -> Person {
    let name = ["ada", "bob", "cid"][who];
    if let Some(Reading::Is(email)) = person.fields.get("workEmail").cloned() {
        person = person.with("workEmail", &format!("{name}.{}", email.to_lowercase()));
    }
    if let Some(Reading::Is(_)) = person.fields.get("employeeNumber") {
        person = person.with("employeeNumber", name);
    }
    person
}

/// Three accounts of which some are linked already; nobody is in a group that only a person's own rules would manage.
fn settled(linked: usize) -> World {
    let names = ["ada", "bob", "cid"].map(|n| account(&format!("{n}.old"), &format!("{n}@old.example")));
    let mut world = World::of(names[..linked].iter().cloned()).member("Everyone", &names[0].id);
    for (id, account) in ["7", "8", "9"].iter().zip(&names[..linked]) {
        world = world.linked(&key(id), &account.id);
    }
    world.members.retain(|_, members| linked > 0 && !members.is_empty());
    world
}

fn run(mut world: World, people: &[Vec<Person>], turns: &[usize], rules: &Rules) -> World {
    let mut next = [0; 3];
    for who in turns {
        let latest = &people[*who][next[*who]];
        next[*who] += 1;
        sync(&mut world, latest, rules);
    }
    // Follow-ups: whoever waits for a manager is looked at again once there is an account.
    for _ in 0..people.len() + 1 {
        for person in people {
            sync(&mut world, person.last().expect("someone"), rules);
        }
    }
    world
}

/// Whose manager is hidden at last or never gets an account, or who left, keeps the manager that could be named in
/// time.
fn without_unclear_managers(mut world: World, people: &[Vec<Person>], rules: &Rules) -> World {
    for person in people {
        let last = person.last().expect("someone").employee();
        let desired = Desired::of(&last, rules, now());
        let waits = world.waiting.values().any(|keys| keys.contains(&last.key));
        let clear = desired.scope.is_ok() && desired.manager != WantedManager::NotOurs && !waits;
        if let (false, Some(id)) = (clear, world.links.get(&last.key)) {
            world.accounts.get_mut(id).expect("there").manager = None;
        }
    }
    world
}

fn sync(world: &mut World, person: &Person, rules: &Rules) {
    let plan = world.plan(&person.employee(), rules, now());
    world.apply(&plan);
}

/// Whatever was seen before, where somebody stands at last decides what they may do.
#[test]
fn the_last_observation_decides_for_an_account_that_exists() {
    for rules in RULES.iter() {
        let here = ada().with("department", "Sales").with("badge", "1");
        let states = [
            here.clone(),
            here.clone().employment(Employment::Inactive).ends("2026-02-27"),
            here.clone().without("department").without("jobTitle"),
        ];
        let start = World::of([with(account("ada", "ada.byron@acme.example"), LINK_ATTRIBUTE, "acme:7")]);
        let start = start.linked(&key("7"), &account_id("ada"));
        for last in &states {
            let mut direct = start.clone();
            sync(&mut direct, last, rules);
            for first in &states {
                for second in &states {
                    let mut world = start.clone();
                    for person in [first, second, last] {
                        sync(&mut world, person, rules);
                    }
                    let id = account_id("ada");
                    assert_eq!(world.accounts[&id].state, direct.accounts[&id].state);
                    let leaver_keeps = !rules.leaver.leave_groups;
                    assert!(leaver_keeps || world.groups_of(&id) == direct.groups_of(&id));
                    let left = matches!(last.employment, Reading::Is(Employment::Inactive));
                    assert!(left || world.accounts[&id] == direct.accounts[&id]);
                }
            }
        }
    }
}

proptest! {
    /// Managers in any shape, cycles too, in any order, once those who wait were looked at again.
    #[test]
    fn managers_end_the_same_in_any_order(
        managers in prop::collection::vec(0..6_usize, 6),
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let rules = &RULES[0];
        let people: Vec<Person> = managers.iter().enumerate().map(|(n, manager)| {
            Person::new(&n.to_string(), "Ada", &format!("B{n}")).managed_by(&manager.to_string())
        }).collect();
        let mut world = World::default();
        let mut queue: std::collections::VecDeque<usize> = order.into();
        let mut steps = 0;
        while let Some(who) = queue.pop_front() {
            steps += 1;
            prop_assert!(steps <= 12, "each person is looked at twice at most");
            let known = world.links.contains_key(&key(&who.to_string()));
            sync(&mut world, &people[who], rules);
            if !known {
                let waiting = world.waiting.get(&employee_id(&who.to_string())).into_iter().flatten();
                queue.extend(waiting.map(|key| key.id.as_str().parse::<usize>().expect("a number")));
            }
        }
        prop_assert!(world.waiting.is_empty());
        for (n, manager) in managers.iter().enumerate() {
            let id = |n: usize| world.links[&key(&n.to_string())].clone();
            let expected = (n != *manager).then(|| id(*manager));
            prop_assert_eq!(world.accounts[&id(n)].manager.clone(), expected);
        }
    }
}

#[test]
fn a_manager_who_takes_no_part_is_not_named() {
    let mut world = World::of([account("old", "old@acme.example")]).linked(&key("1"), &account_id("old"));
    sync(&mut world, &ada().managed_by("1"), &RULES[0]);
    let id = account_id("ada.byron");
    assert_eq!(world.accounts[&id].manager, Some(account_id("old")));
    sync(&mut world, &ada().managed_by("9"), &RULES[0]);
    assert_eq!(world.accounts[&id].manager, Some(account_id("old")), "kept while nothing is known of the new one");
    world.without_account.insert(employee_id("9"));
    sync(&mut world, &ada().managed_by("9"), &RULES[0]);
    assert_eq!(world.accounts[&id].manager, None);
}
