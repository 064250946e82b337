//! Who reports to whom.

use crate::cast::{ADA, GRACE, MONDAY, active, ada, grace, person};
use crate::world::{RULES, World, only_one_machine};

#[tokio::test(flavor = "multi_thread")]
async fn managers_come_first_so_that_everyone_is_made_by_one_call() {
    if only_one_machine("SQS keeps no order between people; managers are set later there, by a call more") {
        return;
    }
    let world = World::at(MONDAY).await;
    world.move_in();
    world.sync().await;
    let users = world.town.jumpcloud.users();
    let leaderless = users.iter().filter(|user| user["manager"].as_str().is_none_or(str::is_empty)).count();
    assert_eq!(leaderless, 1, "only who leads the company reports to nobody");
    assert_eq!(world.creations(), users.len() as u64);
    assert_eq!(world.count("PUT /api/systemusers/{id}"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_comes_later_is_set_when_they_come() {
    let world = World::with(MONDAY, &active("create_days_before_start = 2\n")).await;
    world.town.bamboohr.hire(grace().hired("2026-03-09"));
    world.town.bamboohr.hire(ada().reports_to("8"));
    let said = world.sync().await;
    assert!(said.contains("manager 8 has no account yet; set as soon as there is one"), "{said}");
    assert_eq!(world.manager(ADA), "");
    let serving = world.serve().await;
    world.travel_to("2026-03-07T00:00[America/Denver]");
    world.eventually("Grace is Ada's manager", |_| world.manager(ADA) == "grace.hopper").await;
    // Five days later there is a survey too, which may write Ada's record in between; then she is looked at again.
    let noted = || {
        let out = world.command(&["records"]).output().expect("hirewire runs").stdout;
        String::from_utf8_lossy(&out).contains("has no account")
    };
    world.eventually("nothing is left to say of it", |_| !noted()).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_takes_no_part_is_nobody_until_they_do() {
    let world = World::at(MONDAY).await;
    let without_email = person("9", "Wim", "Zonder").email("");
    world.hire([without_email, grace(), ada().reports_to("8")]);
    world.sync().await;
    assert_eq!(world.manager(ADA), "grace.hopper");
    world.town.bamboohr.set("7", "supervisorEId", "9");
    let said = world.sync().await;
    assert!(said.contains("manager 9 has no account; none is set"), "{said}");
    assert_eq!(world.manager(ADA), "");
    // Nothing of Ada's changes in HR when Wim joins.
    let serving = world.serve().await;
    world.town.bamboohr.set("9", "workEmail", "wim@acme.example");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Wim is Ada's manager", |_| world.manager(ADA) == "wim").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_manager_replaces_the_old_one_and_nobody_clears_it() {
    let world = World::at(MONDAY).await;
    let edith = person("9", "Edith", "Clarke");
    world.hire([grace(), edith, ada().reports_to("8")]);
    world.sync().await;
    assert_eq!(world.manager(ADA), "grace.hopper");
    world.town.bamboohr.set("7", "supervisorEId", "9");
    let said = world.sync().await;
    assert!(said.contains("(by HR: manager is 9)"), "{said}");
    assert_eq!(world.manager(ADA), "edith.clarke");
    world.town.bamboohr.set("7", "supervisorEId", None);
    world.sync().await;
    assert_eq!(world.manager(ADA), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_are_left_alone_where_the_rules_say_so() {
    let world = World::with(MONDAY, &active("manager = false\n")).await;
    world.hire([grace(), ada().reports_to("8")]);
    world.sync().await;
    assert_eq!(world.manager(ADA), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_manage_each_other_and_one_who_manages_herself() {
    let world = World::at(MONDAY).await;
    let edith = person("9", "Edith", "Clarke").reports_to("9");
    world.hire([ada().reports_to("8"), grace().reports_to("7"), edith]);
    world.sync().await;
    assert_eq!((world.manager(ADA), world.manager(GRACE)), ("grace.hopper".into(), "ada.byron".into()));
    assert_eq!(world.manager("edith.clarke"), "");
    assert!(world.shown("9").await.contains("HR names this person as their own manager"));
    world.forget_calls();
    world.sync().await;
    assert_eq!(world.town.jumpcloud.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_leaves_and_is_rehired_is_the_same_account() {
    let world = World::at(MONDAY).await;
    world.hire([grace(), ada().reports_to("8")]);
    world.sync().await;
    world.town.bamboohr.terminate("8", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state(GRACE), "SUSPENDED");
    assert_eq!(world.manager(ADA), "grace.hopper");
    world.travel_to("2026-06-01T09:00[America/Denver]");
    world.town.bamboohr.rehire("8", "2026-06-01");
    world.forget_calls();
    world.sync().await;
    assert_eq!(world.state(GRACE), "ACTIVATED");
    assert_eq!(world.manager(ADA), "grace.hopper");
    assert_eq!(world.creations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_whose_account_was_deleted_does_not_stop_the_reports() {
    let world = World::with(MONDAY, RULES).await;
    world.hire([grace(), ada().reports_to("8")]);
    world.sync().await;
    world.town.jumpcloud.delete_user(GRACE);
    world.hirewire(&["sync"]).await.expect(1);
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    world.hirewire(&["sync", "7"]).await.expect(0);
    assert_eq!(world.says(ADA, "jobTitle"), "Analyst");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_is_made_anew_is_named_again() {
    let world = World::with(MONDAY, &active("deleted_account = \"recreate\"\n")).await;
    world.hire([grace(), ada().reports_to("8")]);
    world.sync().await;
    world.town.jumpcloud.delete_user(GRACE);
    assert_eq!(world.manager(ADA), "");
    world.sync().await;
    assert_eq!(world.manager(ADA), "grace.hopper");
}
