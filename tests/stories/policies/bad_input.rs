//! What HR should not say: clear, held or skipped with the remedy, and nothing lost.

use tests::hr::{HrKind, Leaving, NewHire, What};

use super::{Telling, ada, grace};
use crate::cast::{ADA, GRACE, MONDAY, active};
use crate::world::{RULES, World};

const GROUPS: [&str; 2] = ["All staff", "Dept Engineering"];

/// Ada is here; her id in HR.
async fn here(world: &World) -> String {
    let id = world.hr.hire(&ada());
    world.sync().await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn start_and_end_in_the_wrong_order() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada().starts("2026-03-02"));
        world.sync().await;
        let account = world.says(ADA, "_id");
        world.hr.terminate(&id, &Leaving::on("2026-03-10"));
        world.hr.set(&id, What::StartDate, Some("2026-03-20"));
        let serving = world.serve().await;
        world.news().await;
        world.stays("nothing is taken", |world| world.has(ADA, "ACTIVATED", &GROUPS)).await;
        let shown = world.shows(&id, "HR's end 2026-03-10 lies before the start 2026-03-20").await;
        assert!(shown.contains("correct one"), "{shown}");
        // The end is no end of this employment. Only Bob's own lifecycle says later that she is terminated.
        world.pass("2026-03-11T00:00[America/Denver]").await;
        world.arrives().await;
        match told.kind {
            HrKind::BambooHr => world.stays("still nothing", |world| world.has(ADA, "ACTIVATED", &GROUPS)).await,
            HrKind::Bob => world.eventually("she has left", |_| world.has(ADA, "SUSPENDED", &[])).await,
        }
        // Put right, it counts.
        world.hr.set(&id, What::StartDate, Some("2026-03-02"));
        world.arrives().await;
        world.eventually("she has left", |_| world.has(ADA, "SUSPENDED", &[])).await;
        assert_eq!((serving.stop().await.0, world.says(ADA, "_id")), (0, account));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_from_before_the_start_of_somebody_who_is_here() {
    // No moment passes: both days were years ago.
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        world.town.bamboohr.switch(|switches| switches.rehire_keeps_termination_date = true);
        world.town.bob.switch(|switches| switches.rehire_keeps_termination = true);
        let id = here(&world).await;
        world.hr.terminate(&id, &Leaving::on("2026-01-30"));
        world.hr.rehire(&id, "2026-03-02");
        assert_eq!(world.hr.get(&id, What::TerminationDate).as_deref(), Some("2026-01-30"), "{:?}", told.kind);
        world.sync().await;
        assert!(world.has(ADA, "ACTIVATED", &GROUPS), "an earlier employment's end takes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_moves_into_the_future_takes_nothing() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.set(&id, What::StartDate, Some("2062-01-06"));
        world.news().await;
        world.stays("Ada keeps everything", |world| world.has(ADA, "ACTIVATED", &GROUPS)).await;
        world.hr.set(&id, What::StartDate, Some("2020-01-06"));
        world.news().await;
        world.stays("and still does", |world| world.has(ADA, "ACTIVATED", &GROUPS)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_whose_zone_nobody_knows() {
    let rules = active("[connection.time_zones]\n\"London\" = \"Europe/London\"\n");
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let id = world.hr.hire(&ada().at("Atlantis"));
        world.sync().await;
        let shown = world.shows(&id, "nobody knows the time zone of site \"Atlantis\"").await;
        assert!(shown.contains("add it to [connection.time_zones]"), "{shown}");
        world.hr.terminate(&id, &Leaving::on("2026-03-06"));
        let serving = world.serve().await;
        world.news().await;
        // The connection's zone counts.
        let gone = |world: &World| world.state(ADA) == "SUSPENDED";
        world.becomes("2026-03-07T00:00[America/Denver]", "access has ended", gone).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_status_with_access_changes_nothing() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.leave(&id, "Moon landing", None, None, true);
        world.news().await;
        world.stays("Ada is here", |world| world.has(ADA, "ACTIVATED", &GROUPS)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_status_without_access_is_never_taken_for_active() {
    // Only Bob has an access status beside such a word.
    for told in Telling::only(HrKind::Bob) {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.leave(&id, "Moon landing", None, None, false);
        world.news().await;
        world.eventually("Ada has no access", |_| world.state(ADA) == "SUSPENDED").await;
        world.hr.back(&id);
        world.news().await;
        world.eventually("Ada is back", |_| world.has(ADA, "ACTIVATED", &GROUPS)).await;
        assert_eq!((serving.stop().await.0, world.town.jumpcloud.users().len()), (0, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_flaps_within_a_minute() {
    let rules = format!("{RULES}\n[connection.leave]\nstatuses = [\"Parental leave\"]\n");
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let id = here(&world).await;
        world.town.jumpcloud.add_group("Chess");
        world.town.jumpcloud.add_member("Chess", ADA);
        let account = world.says(ADA, "_id");
        let serving = world.serve().await;
        for _ in 0..3 {
            world.hr.leave(&id, "Parental leave", None, None, true);
            drop(world.hr.deliver_webhooks().await);
            world.hr.back(&id);
            drop(world.hr.deliver_webhooks().await);
            world.town.clock.advance(5);
        }
        world.news().await;
        let held = ["All staff", "Chess", "Dept Engineering"];
        world.eventually("Ada is as she was", |_| world.has(ADA, "ACTIVATED", &held)).await;
        world.stays("and stays", |world| world.has(ADA, "ACTIVATED", &held)).await;
        assert_eq!((serving.stop().await.0, world.says(ADA, "_id")), (0, account));
        world.shows(&id, "synced").await;
    }
}

// What follows is about who is who and what they are called: no moment matters.

#[tokio::test(flavor = "multi_thread")]
async fn two_records_with_one_address() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let first = here(&world).await;
        let second = world.hr.hire(&grace().email(ADA));
        let plan = world.hirewire(&["plan"]).await.expect(1).out;
        assert!(plan.contains("! Grace Hopper"), "{plan}");
        world.hirewire(&["sync"]).await.expect(1);
        let shown = world.shows(&second, "held").await;
        assert!(shown.contains("correct one of them") || shown.contains("two people in HR claim it"), "{shown}");
        world.shows(&first, "synced").await;
        assert!(world.has(ADA, "ACTIVATED", &GROUPS));
        assert_eq!(world.says(ADA, "firstname"), "Ada");
        world.hr.set(&second, What::Email, Some(GRACE));
        world.sync().await;
        assert!(world.has(GRACE, "ACTIVATED", &["All staff", "Dept Sales"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_new_records_with_one_address() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        [ada(), grace().email(ADA)].iter().for_each(|person| drop(world.hr.hire(person)));
        world.hirewire(&["sync"]).await.expect(1);
        assert_eq!(world.town.jumpcloud.users().len(), 1, "one account, and one is held");
        let held = world.hirewire(&["records", "--status", "held"]).await.expect(0).out;
        assert!(held.contains("1 held"), "{held}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_in_a_circle() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let first = world.hr.hire(&ada());
        let second = world.hr.hire(&grace().reports_to(&first));
        world.hr.set(&first, What::Manager, Some(&second));
        world.hirewire(&["sync"]).await.expect(0);
        world.hirewire(&["sync"]).await.expect(0);
        assert_eq!((world.manager(ADA), world.manager(GRACE)), ("grace.hopper".into(), "ada.byron".into()));
        assert_eq!((world.state(ADA), world.state(GRACE)), ("ACTIVATED".into(), "ACTIVATED".into()));
        world.forget_calls();
        world.sync().await;
        assert_eq!(world.town.jumpcloud.writes(), 0, "it comes to rest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_takes_no_part() {
    let rules = format!("{RULES}\n[connection.scope]\nwhen = 'department != \"Board\"'\n");
    for told in Telling::still() {
        let world = told.world(MONDAY, &rules).await;
        let boss = NewHire::new("Zoe", "Clark").email("zoe.clark@acme.example").number(1).department("Board");
        let boss = world.hr.hire(&boss.starts("2019-01-07"));
        let id = world.hr.hire(&ada().reports_to(&boss));
        world.sync().await;
        assert!(world.has(ADA, "ACTIVATED", &GROUPS));
        assert_eq!(world.manager(ADA), "");
        let shown = world.shown(&id).await;
        assert!(shown.contains(&format!("manager {boss} has no account")), "{shown}");
        // Once she takes part, she is the manager.
        world.hr.set(&boss, What::Department, Some("Engineering"));
        world.sync().await;
        assert_eq!(world.manager(ADA), "zoe.clark");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_no_rule_knows_is_reported_and_nobody_is_stripped() {
    let rules = active(
        "[[connection.group]]\nname = \"Builders\"\nwhen = 'department == \"Engineering\"'\n\
         [[connection.group]]\nname = \"Sellers\"\nwhen = 'department == \"Sales\"'\n",
    );
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let id = here(&world).await;
        assert_eq!(world.access(ADA).1, ["Builders"]);
        let serving = world.serve().await;
        world.hr.set(&id, What::Department, Some("Product Engineering"));
        world.news().await;
        world.eventually("the department is new", |_| world.slot(ADA, "department") == "Product Engineering").await;
        world.stays("she keeps her groups", |world| world.access(ADA).1 == ["Builders"]).await;
        assert_eq!(serving.stop().await.0, 0);
        world.shows(&id, "no group rule knows department \"Product Engineering\": no group is left").await;
        // A department that the rules know is another matter.
        world.hr.set(&id, What::Department, Some("Sales"));
        world.sync().await;
        assert_eq!(world.access(ADA).1, ["Sellers"]);
        // And so are rules that say otherwise.
        world.rules(&format!("unknown_values = \"leave-groups\"\n{rules}"));
        world.hr.set(&id, What::Department, Some("Product Sales"));
        world.sync().await;
        assert!(world.access(ADA).1.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_gets_another_name_for_everybody_strips_nobody() {
    let rules = active(
        "[[connection.group]]\nname = \"Builders\"\nwhen = 'department == \"Engineering\"'\n\
         [[connection.group]]\nname = \"Sellers\"\nwhen = 'department == \"Sales\"'\n",
    );
    for told in Telling::still() {
        let world = told.world(MONDAY, &rules).await;
        let people = (1..=8).map(|number| {
            let email = format!("builder{number}@acme.example");
            NewHire::new("Bo", &format!("Builder{number}")).email(&email).number(number).department("Engineering")
        });
        let ids: Vec<String> = people.map(|person| world.hr.hire(&person.starts("2020-01-06"))).collect();
        world.sync().await;
        assert_eq!(world.town.jumpcloud.members("Builders").len(), 8);
        // The item of HR's list is renamed, which HR tells nobody.
        match told.kind {
            HrKind::BambooHr => world.town.bamboohr.rename_option("department", "Engineering", "Product"),
            HrKind::Bob => world.town.bob.rename_item("department", "Engineering", "Product"),
        }
        world.sync().await;
        assert_eq!(world.town.jumpcloud.members("Builders").len(), 8, "nobody is stripped");
        assert_eq!(world.slot("builder1@acme.example", "department"), "Product");
        world.shows(&ids[0], "no group rule knows department \"Product\"").await;
        // With a rule for it, all is well again.
        world.rules(&rules.replace("Engineering", "Product"));
        world.sync().await;
        assert!(!world.shown(&ids[0]).await.contains("no group rule knows"));
        assert_eq!(world.town.jumpcloud.members("Builders").len(), 8);
    }
}
