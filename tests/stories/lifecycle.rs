//! Joiners, movers, leavers, rehires, through the real doors.

use serde_json::json;
use tests::bamboohr::FutureHireStatus;

use crate::cast::{ADA, GRACE, MONDAY, active, ada, grace};
use crate::world::{RULES, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_joiner_gets_an_account_with_attributes_and_groups() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    let run = world.hirewire(&["sync"]).await.expect(0);
    assert!(run.out.contains("+ ada.byron (Ada Byron, acme:7): Active (HR says Active)"), "{}", run.out);
    assert_eq!(world.state(ADA), "ACTIVATED");
    assert_eq!(world.says(ADA, "employeeIdentifier"), "1007");
    assert_eq!(world.town.jumpcloud.groups_of("ada.byron"), ["All staff", "Dept Engineering"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_writes_nothing() {
    let world = World::at(MONDAY).await;
    world.move_in();
    world.hirewire(&["sync"]).await.expect(0);
    let before = world.town.jumpcloud.snapshot();
    world.forget_calls();
    let run = world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{}", run.out);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mover_changes_groups_and_attributes_by_poll() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.edit_pending(Vec::clear);
    world.town.clock.advance(61);
    world
        .eventually("Ada is in Sales", |town| town.jumpcloud.groups_of("ada.byron") == ["All staff", "Dept Sales"])
        .await;
    assert_eq!(world.says(ADA, "department"), "Sales");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_keeps_the_account_and_its_user_name() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let id = world.says(ADA, "_id");
    let serving = world.serve().await;
    let renamed = [("lastName", Some("Lovelace")), ("workEmail", Some("ada.lovelace@acme.example"))];
    world.town.bamboohr.set_all("7", &renamed);
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the e-mail is new", |town| town.jumpcloud.user("ada.lovelace@acme.example").is_some()).await;
    assert_eq!(world.says("ada.lovelace@acme.example", "_id"), id);
    assert_eq!(world.says("ada.lovelace@acme.example", "username"), "ada.byron");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_loses_access_and_groups_and_a_rehire_gets_the_same_account_back() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let id = world.says(ADA, "_id");
    let serving = world.serve().await;

    world.town.bamboohr.terminate("7", "2026-03-01");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is suspended", |town| town.jumpcloud.groups_of("ada.byron").is_empty()).await;
    assert_eq!(world.state(ADA), "SUSPENDED");

    world.travel_to("2026-04-01T09:00[America/Denver]");
    world.town.bamboohr.rehire("7", "2026-04-01");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is back", |town| town.jumpcloud.groups_of("ada.byron").len() == 2).await;
    assert_eq!(world.state(ADA), "ACTIVATED");
    assert_eq!(world.says(ADA, "_id"), id);
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_ends_at_the_persons_own_midnight() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.add_location(tests::bamboohr::Location::new("London, UK", "Europe/London"));
    world.town.bamboohr.hire(ada().with("location", "London, UK"));
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve().await;
    // BambooHR sends no webhook for an end that lies ahead: its list of changes tells.
    world.town.bamboohr.terminate("7", "2026-03-03");
    world.town.clock.advance(61);
    world
        .eventually("Hirewire foresees the end", |_| {
            let out = world.command(&["--format", "json", "records"]).output().expect("hirewire runs").stdout;
            String::from_utf8_lossy(&out).contains("2026-03-04T00:00:00Z")
        })
        .await;
    world.travel_to("2026-03-03T23:59[Europe/London]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.state(ADA), "ACTIVATED");
    world.travel_to("2026-03-04T00:00[Europe/London]");
    world
        .eventually("access has ended", |town| {
            town.jumpcloud.user("ada.byron").is_some_and(|account| account["state"] == "SUSPENDED")
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_for_whom_the_condition_holds_take_part() {
    let rules = active("[connection.scope]\nwhen = 'department == \"Engineering\"'\n");
    let world = World::with(MONDAY, &rules).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    assert!(world.shown("8").await.contains("skipped"));
    // Who enters the scope joins; who leaves it loses nothing, and is not changed any more.
    let serving = world.serve().await;
    world.town.bamboohr.set("8", "department", "Engineering");
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Grace has joined", |town| town.jumpcloud.user(GRACE).is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
    world.sync().await;
    assert_eq!((world.state(ADA), world.says(ADA, "department")), ("ACTIVATED".into(), "Engineering".into()));
    assert!(world.shown("7").await.contains("out of scope: department == \"Engineering\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_scope_takes_no_group_away_but_leaving_the_company_does() {
    let rules =
        active("[connection.scope]\nwhen = 'department != \"Board\"'\n[[connection.group]]\nname = \"All staff\"\n");
    let world = World::with(MONDAY, &rules).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.set("7", "department", "Board");
    world.sync().await;
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["All staff"]);
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!((world.state(ADA), world.town.jumpcloud.groups_of(ADA)), ("SUSPENDED".into(), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chosen_take_part() {
    let world = World::with(MONDAY, &active("[connection.scope]\nemployees = [\"8\"]\n")).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    assert_eq!((world.town.jumpcloud.user(ADA), world.state(GRACE)), (None, "ACTIVATED".into()));
    assert!(world.shown("7").await.contains("not one of the chosen employees"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_domains_named_take_part() {
    let world = World::with(MONDAY, &active("[connection.scope]\nemail_domains = [\"ACME.example\"]\n")).await;
    world.hire([ada(), grace().email("grace@agency.example")]);
    world.sync().await;
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    assert!(world.shown("8").await.contains("another e-mail domain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_account_is_for_an_administrator_to_open() {
    let world = World::with(MONDAY, "").await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    assert_eq!(world.state(ADA), "STAGED");
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    world.sync().await;
    assert_eq!((world.state(ADA), world.says(ADA, "jobTitle")), ("STAGED".into(), "Analyst".into()));
    world.town.jumpcloud.activate_by_hand(ADA);
    world.town.bamboohr.set("7", "jobTitle", "Countess");
    world.sync().await;
    assert_eq!((world.state(ADA), world.says(ADA, "jobTitle")), ("ACTIVATED".into(), "Countess".into()));
    // There is no way back to STAGED, so it is never asked for.
    let exchanges = world.town.jumpcloud.traffic().exchanges();
    let asked =
        exchanges.iter().filter(|one| one.method == "PUT" && String::from_utf8_lossy(&one.body).contains("STAGED"));
    assert_eq!(asked.count(), 0);
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state(ADA), "SUSPENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_account_whose_owner_never_came_is_suspended() {
    let world = World::with(MONDAY, "").await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state(ADA), "SUSPENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_opens_at_the_midnight_of_the_first_day_where_the_person_works() {
    let world = World::with(MONDAY, "first_state = \"suspended-until-start\"\n").await;
    world.town.bamboohr.add_location(tests::bamboohr::Location::new("Auckland", "Pacific/Auckland"));
    world.town.bamboohr.hire(ada().with("location", "Auckland").hired("2026-03-09"));
    world.town.bamboohr.hire(grace());
    world.sync().await;
    assert_eq!((world.state(ADA), world.state(GRACE)), ("SUSPENDED".into(), "ACTIVATED".into()));
    let serving = world.serve().await;
    world.travel_to("2026-03-08T23:59[Pacific/Auckland]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.state(ADA), "SUSPENDED");
    world.travel_to("2026-03-09T00:00[Pacific/Auckland]");
    world.eventually("Ada may come in", |_| world.state(ADA) == "ACTIVATED").await;
    assert_eq!(serving.stop().await.0, 0);
}

/// The states of an account before its owner's first day, on it, and after the end.
async fn states(first_state: &str, hr_says_inactive_before: bool) -> [String; 3] {
    let world = World::with(MONDAY, &format!("first_state = \"{first_state}\"\n")).await;
    if hr_says_inactive_before {
        world.town.bamboohr.switch(|switches| switches.future_hire_status = FutureHireStatus::Inactive);
    }
    world.town.bamboohr.hire(ada().hired("2026-03-09"));
    world.sync().await;
    let before = world.state(ADA);
    world.travel_to("2026-03-09T09:00[America/Denver]");
    world.sync().await;
    let here = world.state(ADA);
    world.town.bamboohr.terminate("7", "2026-03-09");
    world.travel_to("2026-03-10T09:00[America/Denver]");
    world.sync().await;
    [before, here, world.state(ADA)]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_active_from_the_day_on_which_it_is_made() {
    assert_eq!(states("active", false).await, ["ACTIVATED", "ACTIVATED", "SUSPENDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_as_hr_says() {
    assert_eq!(states("as-hr-says", false).await, ["ACTIVATED", "ACTIVATED", "SUSPENDED"]);
    assert_eq!(states("as-hr-says", true).await, ["SUSPENDED", "ACTIVATED", "SUSPENDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_always_suspended() {
    assert_eq!(states("always-suspended", false).await, ["SUSPENDED", "SUSPENDED", "SUSPENDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_always_active() {
    let rules = "first_state = \"always-active\"\n[connection.leaver]\naccount = \"leave\"\n";
    let world = World::with(MONDAY, rules).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state(ADA), "ACTIVATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_inactive_is_never_created_and_an_existing_account_is_suspended() {
    let world = World::at(MONDAY).await;
    world.hire([ada(), grace()]);
    world.end(["7", "8"], "2026-02-27");
    world.town.jumpcloud.add_user(json!({ "email": GRACE }));
    world.sync().await;
    assert_eq!((world.town.jumpcloud.user(ADA), world.state(GRACE)), (None, "SUSPENDED".into()));
    assert!(world.shown("7").await.contains("not employed and without an account; none is made"));
}

#[tokio::test(flavor = "multi_thread")]
async fn leavers_keep_access_where_the_rules_say_so() {
    let world = World::with(MONDAY, &format!("{RULES}[connection.leaver]\naccount = \"leave\"\n")).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!((world.state(ADA), world.town.jumpcloud.groups_of(ADA)), ("ACTIVATED".into(), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_so_many_days_before_the_start_by_the_clock() {
    let world = World::with(MONDAY, &active("create_days_before_start = 3\n")).await;
    world.town.bamboohr.hire(ada().hired("2026-03-09"));
    world.sync().await;
    assert!(world.town.jumpcloud.users().is_empty());
    let shown = world.shown("7").await;
    assert!(shown.contains("pending") && shown.contains("2026-03-06"), "{shown}");
    let serving = world.serve().await;
    world.travel_to("2026-03-05T23:59[America/Denver]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(world.town.jumpcloud.users().is_empty());
    world.travel_to("2026-03-06T00:00[America/Denver]");
    world.eventually("Ada has an account", |town| town.jumpcloud.user(ADA).is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_ends_at_the_hour_that_the_rules_name() {
    let world = World::with(MONDAY, &active("[connection.leaver]\nat = \"17:30\"\n")).await;
    world.town.bamboohr.hire(ada());
    world.town.bamboohr.terminate("7", "2026-03-06");
    world.sync().await;
    let serving = world.serve().await;
    world.travel_to("2026-03-06T17:29[America/Denver]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.state(ADA), "ACTIVATED");
    world.travel_to("2026-03-06T17:30[America/Denver]");
    world.eventually("access has ended", |_| world.state(ADA) == "SUSPENDED").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_taken_back_in_time_ends_nothing() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.town.bamboohr.terminate("7", "2026-03-06");
    world.sync().await;
    world.town.bamboohr.cancel_termination("7");
    let serving = world.serve().await;
    world.travel_to("2026-03-07T12:00[America/Denver]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!((serving.stop().await.0, world.state(ADA)), (0, "ACTIVATED".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_by_hand_is_respected_and_shown() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.jumpcloud.suspend_by_hand(ADA);
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    let said = world.sync().await;
    assert!(said.contains("an administrator suspended this account while HR says Active; kept"), "{said}");
    assert_eq!((world.state(ADA), world.says(ADA, "jobTitle")), ("SUSPENDED".into(), "Analyst".into()));
    assert!(world.shown("7").await.contains("an administrator suspended this account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_by_hand_is_overridden_where_the_rules_say_so() {
    let world = World::with(MONDAY, &active("manual_suspension = \"override\"\n")).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.jumpcloud.suspend_by_hand(ADA);
    let said = world.sync().await;
    assert!(said.contains("suspended -> active") || said.contains("Suspended -> Active"), "{said}");
    assert_eq!(world.state(ADA), "ACTIVATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehire_opens_what_we_closed_and_not_what_an_administrator_closed() {
    let world = World::at(MONDAY).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    world.end(["7", "8"], "2026-03-02");
    world.sync().await;
    // Somebody opened Grace's account for a handover, and closed it again after her rehire.
    world.town.jumpcloud.activate_by_hand(GRACE);
    world.travel_to("2026-06-01T09:00[America/Denver]");
    world.rehire(["7", "8"], "2026-06-01");
    world.sync().await;
    assert_eq!((world.state(ADA), world.state(GRACE)), ("ACTIVATED".into(), "ACTIVATED".into()));
    world.town.jumpcloud.suspend_by_hand(GRACE);
    world.sync().await;
    assert_eq!(world.state(GRACE), "SUSPENDED");
    assert!(world.shown("8").await.contains("an administrator suspended"));
}
