//! Policy 6: Leavers' accounts that are deleted some days later, if and only if the rules say so.

use tests::hr::{Leaving, NewHire};

use super::{Telling, ada, grace, written};
use crate::cast::{ADA, GRACE, MONDAY};
use crate::world::{RULES, World};

fn thirty_days(more: &str) -> String {
    format!("{RULES}\n[connection.leaver]\ndelete_after_days = 30\n{more}")
}

/// These people left yesterday, and have lost their access; their ids in HR.
async fn left(world: &World, people: &[NewHire]) -> Vec<String> {
    let ids: Vec<String> = people.iter().map(|person| world.hr.hire(person)).collect();
    world.sync().await;
    ids.iter().for_each(|id| world.hr.terminate(id, &Leaving::on("2026-03-01")));
    world.sync().await;
    ids
}

/// When somebody's account is to be deleted.
async fn due(world: &World, id: &str) -> String {
    written(world.next_change(id).await.expect("a moment that is foreseen"))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_days_that_the_rules_say() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &thirty_days("")).await;
        let boss = left(&world, &[grace()]).await.remove(0);
        // Somebody still has her as their manager.
        world.hr.hire(&ada().reports_to(&boss));
        world.sync().await;
        assert_eq!(world.manager(ADA), "grace.hopper");
        assert!(world.has(GRACE, "SUSPENDED", &[]));
        let moment = due(&world, &boss).await;
        assert!(moment.starts_with("2026-04-01T16:0"), "30 days of 24 hours: {moment}");
        let serving = world.serve().await;
        world.becomes(&moment, "the account is deleted", |world| !world.exists(GRACE)).await;
        world.stays("nobody manages Ada", |world| world.manager(ADA).is_empty()).await;
        assert_eq!(serving.stop().await.0, 0);
        let shown = world.shown(&boss).await;
        assert!(shown.contains("Grace Hopper") && shown.contains("skipped"), "her record is kept: {shown}");
        // Nothing is done about it again.
        world.sync().await;
        world.forget_calls();
        world.sync().await;
        assert_eq!((world.town.jumpcloud.writes(), world.town.jumpcloud.users().len()), (0, 1));
    }
}

/// Nobody asks HR about her reports when she is back: they wait for her since her account was deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_manager_who_comes_back_after_it_is_named_again() {
    for told in Telling::still() {
        let rules = format!("{RULES}\n[connection.leaver]\ndelete_after_days = 3\n");
        let world = told.world(MONDAY, &rules).await;
        let boss = left(&world, &[grace()]).await.remove(0);
        world.hr.hire(&ada().reports_to(&boss));
        world.sync().await;
        let first = world.says(GRACE, "_id");
        assert_eq!(world.says(ADA, "manager"), first);
        let moment = due(&world, &boss).await;
        // No survey comes in between.
        let serving = world.serve_with(&["--survey-every", "744"]).await;
        world.becomes(&moment, "the account is deleted", |world| !world.exists(GRACE)).await;
        world.stays("nobody manages Ada", |world| world.manager(ADA).is_empty()).await;
        world.hr.rehire(&boss, "2026-03-09");
        world.news().await;
        let named = || world.exists(GRACE) && world.says(ADA, "manager") == world.says(GRACE, "_id");
        world.eventually("she is Ada's manager again", |_| named()).await;
        assert_ne!(world.says(GRACE, "_id"), first);
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn never_unless_the_rules_say_so() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = left(&world, &[grace()]).await.remove(0);
        assert_eq!(world.next_change(&id).await, None);
        let serving = world.serve().await;
        world.pass("2028-03-02T09:00[America/Denver]").await;
        world.stays("still there", |world| world.has(GRACE, "SUSPENDED", &[])).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_holds_whoever_is_one_too_many() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &thirty_days("[connection.brakes]\ndelete = 1\n")).await;
        left(&world, &[ada(), grace()]).await;
        let there = |world: &World| [ADA, GRACE].into_iter().filter(|who| world.exists(who)).count();
        let serving = world.serve().await;
        world.pass("2026-04-01T16:01[UTC]").await;
        world.within_a_minute("one is deleted", |world| there(world) == 1).await;
        world.stays("the other is not", |world| there(world) == 1).await;
        assert_eq!(serving.stop().await.0, 0);
        let held = world.hirewire(&["records", "--status", "held"]).await.expect(0).out;
        assert!(held.contains("more in 24 hours than brakes.delete = 1 allows"), "{held}");
        // Time alone lets nobody go ahead; somebody who allows more does.
        world.travel_to("2026-04-02T16:30[UTC]");
        world.hirewire(&["sync"]).await.expect(1);
        assert_eq!(there(&world), 1);
        world.rules(&thirty_days("[connection.brakes]\ndelete = 2\n"));
        let said = world.sync().await;
        assert!(said.contains("deleted (last day 2026-03-01, and 30 days have passed)"), "{said}");
        assert_eq!(there(&world), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_while_somebody_has_opened_the_account_by_hand() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &thirty_days("")).await;
        let id = left(&world, &[grace()]).await.remove(0);
        let moment = due(&world, &id).await;
        world.town.jumpcloud.activate_by_hand(GRACE);
        let serving = world.serve().await;
        world.pass(&moment).await;
        world.within_a_minute("it is closed again instead", |world| world.state(GRACE) == "SUSPENDED").await;
        world.stays("and there", |world| world.exists(GRACE)).await;
        assert_eq!(serving.stop().await.0, 0);
        // Closed at the moment, or by the day's survey just before it.
        let anew = due(&world, &id).await;
        assert!(anew.starts_with("2026-05-01T1"), "its days count anew: {anew}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_of_somebody_who_came_back() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &thirty_days("")).await;
        let id = left(&world, &[grace()]).await.remove(0);
        let moment = due(&world, &id).await;
        let serving = world.serve().await;
        world.travel_to("2026-03-30T09:00[America/Denver]");
        world.hr.rehire(&id, "2026-03-30");
        world.arrives().await;
        world.eventually("Grace is back", |_| world.has(GRACE, "ACTIVATED", &["All staff", "Dept Sales"])).await;
        world.pass(&moment).await;
        world.stays("and stays", |world| world.state(GRACE) == "ACTIVATED").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_after_it_gets_a_new_account() {
    // The moment of the deletion is told of above; what counts here is who comes back.
    for told in Telling::still() {
        let world = told.world(MONDAY, &thirty_days("")).await;
        let id = left(&world, &[grace()]).await.remove(0);
        world.travel_to("2026-04-02T09:00[America/Denver]");
        world.sync().await;
        assert!(!world.exists(GRACE));
        world.travel_to("2026-06-01T09:00[America/Denver]");
        world.hr.rehire(&id, "2026-06-01");
        world.sync().await;
        assert!(world.has(GRACE, "ACTIVATED", &["All staff", "Dept Sales"]));
        assert_eq!(world.town.jumpcloud.users().len(), 1);
        world.shows(&id, "synced").await;
    }
}
