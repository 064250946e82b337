//! Policy 8: Movers: old groups out, new ones in, and never a moment without a group that both sides give.

use std::collections::BTreeSet;

use tests::hr::{NewHire, What};

use super::{Telling, ada, owned};
use crate::cast::{ADA, MONDAY, active};
use crate::world::World;

/// "Makers" is given by two rules, one to each department.
const GROUPS: &str = r#"
[[connection.group]]
name = "Makers"
when = 'department == "Engineering"'

[[connection.group]]
name = "Makers"
when = 'department == "Design"'

[[connection.group]]
name = "Heads"
when = 'jobTitle == "Head"'

[[connection.group]]
name_from = '"Dept " + department'
"#;

/// Two managers and Ada, who reports to the first; the ids of the second and of Ada.
async fn team(world: &World) -> (String, String) {
    let boss = |first: &str, number| {
        let email = format!("{first}.boss@acme.example").to_lowercase();
        world.hr.hire(&NewHire::new(first, "Boss").email(&email).number(number).starts("2019-01-07"))
    };
    let (old, new) = (boss("Olga", 1), boss("Nina", 2));
    let id = world.hr.hire(&ada().title("Engineer").reports_to(&old));
    world.sync().await;
    assert_eq!((world.manager(ADA), world.access(ADA).1), ("olga.boss".into(), owned(&["Dept Engineering", "Makers"])));
    world.town.jumpcloud.add_group("Chess");
    world.town.jumpcloud.add_member("Chess", ADA);
    world.forget_calls();
    (new, id)
}

/// What she has in the end, and how it came to that.
fn has_moved(world: &World) -> bool {
    world.has(ADA, "ACTIVATED", &["Chess", "Dept Design", "Heads", "Makers"])
        && world.slot(ADA, "jobTitle") == "Head"
        && world.slot(ADA, "department") == "Design"
        && world.manager(ADA) == "nina.boss"
}

fn never_without(world: &World) {
    let calls = world.memberships();
    assert!(calls.iter().all(|(_, group)| group != "Makers" && group != "Chess"), "{calls:?}");
    let once: BTreeSet<_> = calls.iter().collect();
    assert_eq!(once.len(), calls.len(), "nothing is done twice: {calls:?}");
    let entered = calls.iter().position(|call| *call == ("add".into(), "Dept Design".into()));
    let left = calls.iter().position(|call| *call == ("remove".into(), "Dept Engineering".into()));
    assert!(entered.is_some() && entered < left, "first in, then out: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_attributes_and_manager_in_one_go() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &active(GROUPS)).await;
        let (boss, id) = team(&world).await;
        let serving = world.serve().await;
        for (what, value) in [(What::Department, "Design"), (What::Title, "Head"), (What::Manager, &*boss)] {
            world.hr.set(&id, what, Some(value));
        }
        world.news().await;
        world.eventually("Ada has moved", |_| has_moved(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        never_without(&world);
        assert_eq!(world.count("PUT /api/systemusers/{id}"), 1, "one update for everything");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_day_from_which_hr_says_so() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &active(GROUPS)).await;
        let (boss, id) = team(&world).await;
        let serving = world.serve().await;
        for (what, value) in [(What::Department, "Design"), (What::Title, "Head"), (What::Manager, &*boss)] {
            world.hr.set_from(&id, what, Some(value), "2026-03-09");
        }
        world.news().await;
        world.travel_to("2026-03-08T23:58[America/Denver]");
        world.stays("not moved yet", |world| world.slot(ADA, "jobTitle") == "Engineer").await;
        world.pass("2026-03-09T00:00[America/Denver]").await;
        world.arrives().await;
        world.eventually("Ada has moved", |_| has_moved(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        never_without(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_says_it_beforehand() {
    // Nothing is done, and no moment passes.
    for told in Telling::still() {
        let world = told.world(MONDAY, &active(GROUPS)).await;
        let (boss, id) = team(&world).await;
        world.hr.set(&id, What::Department, Some("Design"));
        world.hr.set(&id, What::Manager, Some(&boss));
        let before = world.town.jumpcloud.snapshot();
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        for line in [
            "department: Engineering -> Design (by department)".to_owned(),
            format!("(by HR: manager is {boss})"),
            "+ group Dept Design, which is made".to_owned(),
            "- group Dept Engineering (no rule names it for this person)".to_owned(),
        ] {
            assert!(plan.contains(&line), "{line} is not in\n{plan}");
        }
        assert!(!plan.contains("Makers"), "{plan}");
        assert_eq!(world.town.jumpcloud.snapshot(), before);
    }
}
