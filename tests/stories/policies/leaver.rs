//! Policy 6: Leavers: at once, or at the rules' hour on the day that the rules say; and what they lose then.

use tests::hr::{HrKind, Leaving};

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::crash::killed;
use crate::wire::Cut;
use crate::world::{RULES, World, fewer};

/// The most requests of a sync of one person, in which one of them is struck.
const REQUESTS: usize = 12;

fn leaver(lines: &str) -> String {
    format!("{RULES}\n[connection.leaver]\n{lines}\n")
}

/// Ada is here, with two devices, in her groups and one that no rule knows; her id in HR.
async fn here(world: &World) -> String {
    let id = world.hr.hire(&ada());
    world.sync().await;
    world.town.jumpcloud.add_group("Chess");
    world.town.jumpcloud.add_member("Chess", ADA);
    (0..2).for_each(|_| drop(world.town.jumpcloud.bind_device(ADA)));
    id
}

fn gone(world: &World) -> bool {
    world.has(ADA, "SUSPENDED", &["Chess"])
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_let_go_goes_at_once() {
    let rules = leaver("devices = \"remove\"\nat_once = 'terminationType == \"Involuntary\"'");
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        // Somebody who wants to leave stays until the last day.
        world.hr.terminate(&id, &Leaving::on("2026-03-20"));
        world.news().await;
        world.stays("still here", |world| world.state(ADA) == "ACTIVATED").await;
        // In BambooHR that is a field of the company's own, which this webhook does not watch.
        world.hr.terminate(&id, &Leaving::on("2026-03-20").involuntary());
        world.arrives().await;
        world.eventually("Ada is suspended and out", |_| gone(&world)).await;
        world.eventually("the devices are unbound", |town| town.jumpcloud.devices(ADA).is_empty()).await;
        // What she was called is evidence, and stays.
        assert_eq!(world.slot(ADA, "department"), "Engineering");
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_stay_where_the_rules_do_not_say_otherwise() {
    // No moment passes: the last day is over.
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        world.hr.terminate(&id, &Leaving::on("2026-03-01"));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("Active -> Suspended (last day 2026-03-01)"), "{plan}");
        assert!(plan.contains("- group All staff (last day 2026-03-01)") && !plan.contains("- devices"), "{plan}");
        world.sync().await;
        assert!(gone(&world));
        assert_eq!(world.town.jumpcloud.devices(ADA).len(), 2);
        // Whoever has left already is looked at again once the rules say so.
        world.rules(&leaver("devices = \"remove\""));
        let explained = world.hirewire(&["explain", &id]).await.expect(0).out;
        assert!(explained.contains("- devices "), "{explained}");
        world.sync().await;
        assert!(world.town.jumpcloud.devices(ADA).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_names_the_devices() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &leaver("devices = \"remove\"")).await;
        let id = here(&world).await;
        world.hr.terminate(&id, &Leaving::on("2026-03-01"));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("- devices "), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_revoked_in_bob_ends_at_once() {
    // BambooHR has no such switch: there an end today is the last day, which is not over.
    for told in Telling::only(HrKind::Bob) {
        let world = told.world(MONDAY, &leaver("at = \"18:00\"")).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-20"));
        world.news().await;
        world.stays("still here", |world| world.state(ADA) == "ACTIVATED").await;
        world.hr.revoke_now(&id);
        world.news().await;
        world.eventually("Ada is suspended and out", |_| gone(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

/// HR was wrong, and says so while the work is cut off: her access was taken by us, whatever was noted of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_taken_back_while_we_were_killed_locks_nobody_out() {
    let cases = (1..=REQUESTS).flat_map(|at| [(Cut::HeldBefore, at), (Cut::HeldAfter, at)]);
    for (cut, at) in fewer(cases.collect::<Vec<_>>().into_iter().rev(), 4) {
        let world = World::at(MONDAY).await;
        let id = here(&world).await;
        world.hr.terminate(&id, &Leaving::on("2026-03-01"));
        killed(&world, cut, at).await;
        world.hr.rehire(&id, "2026-03-02");
        world.hirewire(&["sync"]).await;
        crate::faults::settle(&world, &format!("{cut:?} {at}")).await;
        assert!(
            world.has(ADA, "ACTIVATED", &["All staff", "Chess", "Dept Engineering"]),
            "{cut:?} {at}\n{}",
            world.town.jumpcloud.snapshot()
        );
    }
}

/// Work ends on Friday and the employment on Saturday: when access ends by this rule.
async fn at_half_past_five(on: &str, in_bob: &str) {
    for told in Telling::all() {
        let world = told.world(MONDAY, &leaver(&format!("at = \"17:30\"\non = \"{on}\""))).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06").ending("2026-03-07"));
        world.news().await;
        // BambooHR knows one day only, whatever the rule says.
        let moment = match told.kind {
            HrKind::BambooHr => "2026-03-07T17:30[America/Denver]",
            HrKind::Bob => in_bob,
        };
        world.becomes(moment, "Ada is suspended and out", gone).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_hour_of_the_last_day() {
    at_half_past_five("last-day", "2026-03-06T17:30[America/Denver]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_hour_of_the_termination_date() {
    at_half_past_five("termination-date", "2026-03-07T17:30[America/Denver]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_hour_of_whichever_comes_first() {
    at_half_past_five("earliest", "2026-03-06T17:30[America/Denver]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_the_day_where_no_hour_is_named() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06"));
        world.news().await;
        world.becomes("2026-03-07T00:00[America/Denver]", "Ada is suspended and out", gone).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_taken_back_ends_nothing() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &leaver("at = \"17:30\"")).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06"));
        world.news().await;
        world.stays("still here", |world| world.state(ADA) == "ACTIVATED").await;
        world.hr.cancel_termination(&id);
        world.news().await;
        world.stays("told", |world| world.state(ADA) == "ACTIVATED").await;
        world.pass("2026-03-06T17:30[America/Denver]").await;
        world.stays("still here afterwards", |world| world.state(ADA) == "ACTIVATED").await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!(world.next_change(&id).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garden_leave_ends_access_when_bob_does() {
    // Only Bob has it: work ends on the 6th, the employment on the 20th.
    for told in Telling::only(HrKind::Bob) {
        let world = told.world(MONDAY, &leaver("on = \"termination-date\"")).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06").ending("2026-03-20"));
        world.news().await;
        world.travel_to("2026-03-06T23:58[America/Denver]");
        world.stays("still here on the last day", |world| world.state(ADA) == "ACTIVATED").await;
        world.pass("2026-03-07T00:00[America/Denver]").await;
        world.arrives().await;
        world.eventually("Ada has no access on garden leave", |_| world.state(ADA) == "SUSPENDED").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garden_leave_with_access_ends_with_the_employment() {
    for told in Telling::only(HrKind::Bob) {
        let world = told.world(MONDAY, &leaver("on = \"termination-date\"\nat = \"12:00\"")).await;
        world.town.bob.switch(|switches| switches.garden_leave_keeps_access = true);
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06").ending("2026-03-20"));
        world.news().await;
        world.travel_to("2026-03-12T12:00[America/Denver]");
        world.stays("here on garden leave", |world| world.state(ADA) == "ACTIVATED").await;
        world.becomes("2026-03-20T12:00[America/Denver]", "Ada is suspended and out", gone).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}
