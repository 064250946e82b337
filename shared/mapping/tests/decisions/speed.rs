//! How long deciding takes. Run it with
//! `cargo test --release -p mapping --test decisions speed -- --ignored --nocapture`.

use std::time::Instant;

use mapping::desired::Desired;

use crate::people::{Person, now, rules};
use crate::world::World;

const PEOPLE: usize = 100_000;

const GROUPS: &str = r#"
[[connection.group]]
name = "Everyone"
[[connection.group]]
name = "Sales"
when = 'department == "Sales"'
[[connection.group]]
name = "Analysts"
when = 'jobTitle.startsWith("Analyst") && location in ["Leeds", "York"]'
[[connection.group]]
name = "Managers"
when = 'jobTitle.contains("Manager") || jobTitle.contains("Head of")'
[[connection.group]]
name_from = '"Dept " + department'
[[connection.group]]
name_from = '"Site " + location'
when = 'location != ""'
"#;

#[test]
#[ignore = "measures, in release mode"]
fn a_hundred_thousand_people() {
    let rules = rules(GROUPS);
    let departments = ["Sales", "Research", "Finance", "People"];
    let person = |n: usize| {
        let person = Person::new(&n.to_string(), "Ada", &format!("Byron{n}"));
        let person =
            person.with("department", departments[n % 4]).with("jobTitle", "Analyst II").with("location", "Leeds");
        person.with("workPhone", "+44 113 1").with("locationCity", "Leeds").with("locationCountry", "UK")
    };
    // Building people costs more than planning for them, so a thousand are used again and again.
    let employees: Vec<_> = (0..1000).map(|n| person(n).employee()).collect();
    let mut empty = World::default();
    let mut settled: Vec<World> = Vec::new();
    for employee in &employees {
        let mut world = World::default();
        world.apply(&world.plan(employee, &rules, now()));
        settled.push(world);
    }
    empty.managed.clear();

    let started = Instant::now();
    let mut fingerprints = 0;
    for n in 0..PEOPLE {
        fingerprints ^= Desired::of(&employees[n % 1000], &rules, now()).fingerprint();
    }
    let desired = started.elapsed();
    let started = Instant::now();
    let created: usize = (0..PEOPLE).map(|n| empty.plan(&employees[n % 1000], &rules, now()).actions.len()).sum();
    let joiners = started.elapsed();
    let started = Instant::now();
    let changed: usize =
        (0..PEOPLE).map(|n| settled[n % 1000].plan(&employees[n % 1000], &rules, now()).actions.len()).sum();
    let unchanged = started.elapsed();
    assert_eq!((created, changed), (PEOPLE * 5 + PEOPLE / 4, 0), "{fingerprints}");
    let each = |elapsed: std::time::Duration| elapsed.as_secs_f64() * 1e6 / PEOPLE as f64;
    println!(
        "per person: Desired::of {:.1} µs; with plan, a joiner {:.1} µs, nobody's change {:.1} µs",
        each(desired),
        each(joiners),
        each(unchanged)
    );
}
