//! Policy 7: Leave: who is away for a while, and comes back to what they had.

use tests::bamboohr::Leave;
use tests::hr::{HrKind, Leaving, What};

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::{RULES, World};

fn parental(more: &str) -> String {
    format!("{RULES}\n[connection.leave]\nstatuses = [\"Parental leave\"]\n{more}\n")
}

const HELD: [&str; 3] = ["All staff", "Chess", "Dept Engineering"];

/// Ada is here, also in a group that no rule knows; her id in HR.
async fn here(world: &World) -> String {
    let id = world.hr.hire(&ada());
    world.sync().await;
    world.town.jumpcloud.add_group("Chess");
    world.town.jumpcloud.add_member("Chess", ADA);
    id
}

/// Ada goes on parental leave today and comes back: what she has in between.
async fn away_and_back(more: &str, away: (&str, &[&str])) {
    for told in Telling::all() {
        let world = told.world(MONDAY, &parental(more)).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        // In Bob's machine form, or as BambooHR's list has it: case and spaces do not count.
        world.hr.leave(&id, "Parental leave", None, None, true);
        world.news().await;
        world.eventually("Ada is away", |_| world.has(ADA, away.0, away.1)).await;
        world.stays("so it is", |world| world.has(ADA, away.0, away.1)).await;
        // What HR says of her meanwhile is kept up.
        world.hr.set(&id, What::Title, Some("Countess"));
        world.news().await;
        world.eventually("her title is new", |_| world.slot(ADA, "jobTitle") == "Countess").await;
        world.shows(&id, "synced").await;
        world.travel_to("2026-03-23T09:00[America/Denver]");
        world.hr.back(&id);
        world.news().await;
        world.eventually("she is back", |_| world.has(ADA, "ACTIVATED", &HELD)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_and_out_of_the_groups() {
    away_and_back("", ("SUSPENDED", &["Chess"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_out_of_the_groups() {
    away_and_back("account = \"keep\"", ("ACTIVATED", &["Chess"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_suspended() {
    away_and_back("groups = \"keep\"", ("SUSPENDED", &HELD)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_by_its_dates() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &parental("")).await;
        let id = here(&world).await;
        world.hr.leave(&id, "Parental leave", Some("2026-03-09"), Some("2026-03-22"), true);
        let serving = world.serve().await;
        world.travel_to("2026-03-08T23:58[America/Denver]");
        world.stays("still here", |world| world.has(ADA, "ACTIVATED", &HELD)).await;
        world.pass("2026-03-09T00:00[America/Denver]").await;
        world.arrives().await;
        world.eventually("Ada is away", |_| world.has(ADA, "SUSPENDED", &["Chess"])).await;
        world.travel_to("2026-03-23T00:00[America/Denver]");
        world.arrives().await;
        world.eventually("she is back", |_| world.has(ADA, "ACTIVATED", &HELD)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_gets_what_todays_rules_still_allow() {
    let rules = |makers: &str| parental("") + &format!("[[connection.group]]\nname = \"Makers\"\nwhen = '{makers}'\n");
    for told in Telling::still() {
        let world = told.world(MONDAY, &rules("department == \"Engineering\"")).await;
        let id = here(&world).await;
        assert_eq!(world.access(ADA).1, ["All staff", "Chess", "Dept Engineering", "Makers"]);
        world.hr.leave(&id, "Parental leave", None, None, true);
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.to_lowercase().contains("active -> suspended (on leave (parental"), "{plan}");
        world.sync().await;
        assert!(world.has(ADA, "SUSPENDED", &["Chess"]));
        // Meanwhile the rule of one group has changed, and so has her department.
        world.rules(&rules("department == \"Engineering\" && jobTitle == \"Head\""));
        world.sync().await;
        assert!(world.has(ADA, "SUSPENDED", &["Chess"]));
        world.hr.back(&id);
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(
            plan.contains("+ group All staff (by held before the leave, and still by everyone in scope)"),
            "{plan}"
        );
        assert!(!plan.contains("Makers"), "{plan}");
        world.sync().await;
        assert!(world.has(ADA, "ACTIVATED", &HELD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_for_good_while_away_is_a_leaver_and_comes_back_as_one() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &parental("account = \"keep\"")).await;
        let id = here(&world).await;
        world.hr.leave(&id, "Parental leave", None, None, true);
        world.sync().await;
        assert!(world.has(ADA, "ACTIVATED", &["Chess"]));
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06"));
        world.news().await;
        let gone = |world: &World| world.has(ADA, "SUSPENDED", &["Chess"]);
        world.becomes("2026-03-07T00:00[America/Denver]", "Ada has left", gone).await;
        world.travel_to("2026-06-01T09:00[America/Denver]");
        world.hr.rehire(&id, "2026-06-01");
        world.arrives().await;
        world.eventually("she is back", |_| world.has(ADA, "ACTIVATED", &HELD)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_an_administrator_suspended_before_is_not_let_in_on_return() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &parental("")).await;
        let id = here(&world).await;
        world.town.jumpcloud.suspend_by_hand(ADA);
        world.sync().await;
        world.shows(&id, "an administrator suspended this account").await;
        world.hr.leave(&id, "Parental leave", None, None, true);
        world.sync().await;
        world.hr.back(&id);
        world.sync().await;
        assert_eq!(world.state(ADA), "SUSPENDED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leave_that_no_rule_names_is_no_leave() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &parental("")).await;
        let id = here(&world).await;
        world.hr.leave(&id, "Volunteering", None, None, true);
        world.sync().await;
        assert!(world.has(ADA, "ACTIVATED", &HELD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_without_access_in_bob_suspends_and_keeps_the_groups() {
    // BambooHR has no access status beside its one status.
    for told in Telling::only(HrKind::Bob) {
        let world = told.world(MONDAY, RULES).await;
        let id = here(&world).await;
        let serving = world.serve().await;
        world.hr.leave(&id, "Leave", None, None, false);
        world.news().await;
        world.eventually("Ada is suspended", |_| world.has(ADA, "SUSPENDED", &HELD)).await;
        world.stays("so it is", |world| world.has(ADA, "SUSPENDED", &HELD)).await;
        world.hr.back(&id);
        world.news().await;
        world.eventually("she is back", |_| world.has(ADA, "ACTIVATED", &HELD)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

fn off(id: &str, kind: &str, start: &str, end: &str, status: &str) -> Leave {
    let [employee, kind, start, end, status] = [id, kind, start, end, status].map(ToOwned::to_owned);
    Leave { id: 0, employee, kind, start, end, status }
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_time_off_that_is_long_enough_is_leave() {
    let rules =
        format!("{RULES}\n[connection.leave]\ntime_off_types = [\"Sabbatical\"]\ntime_off_longer_than_days = 14\n");
    // Bob's time off is not read: its lifecycle says who is away.
    for told in Telling::only(HrKind::BambooHr) {
        let world = told.world(MONDAY, &rules).await;
        let id = here(&world).await;
        let add = |kind, start, end, status| drop(world.town.bamboohr.add_leave(off(&id, kind, start, end, status)));
        // Too short, of another kind, and not approved: none of these counts.
        add("Sabbatical", "2026-03-03", "2026-03-16", "approved");
        add("Vacation", "2026-03-03", "2026-04-16", "approved");
        add("Sabbatical", "2026-03-03", "2026-04-16", "requested");
        add("Sabbatical", "2026-05-04", "2026-05-18", "approved");
        let serving = world.serve().await;
        world.travel_to("2026-03-10T12:00[America/Denver]");
        world.stays("still here", |world| world.has(ADA, "ACTIVATED", &HELD)).await;
        let away = |world: &World| world.has(ADA, "SUSPENDED", &["Chess"]);
        world.becomes("2026-05-04T00:00[America/Denver]", "Ada is away", away).await;
        world.travel_to("2026-05-18T23:58[America/Denver]");
        world.stays("away to the last day", away).await;
        world.travel_to("2026-05-19T00:00[America/Denver]");
        world.within_a_minute("she is back", |world| world.has(ADA, "ACTIVATED", &HELD)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}
