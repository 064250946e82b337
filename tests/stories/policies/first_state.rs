//! Policy 3: in which state an account is before its owner's first day, from then on, and after the last. Policy 4: people
//! who are inactive from the beginning.

use tests::hr::{HrKind, Leaving};

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::RULES;

/// The states before the first day, on it, and after the last one.
async fn states(first_state: &str, more: &str, wanted: impl Fn(HrKind) -> [&'static str; 3]) {
    for told in Telling::all() {
        let world = told.world(MONDAY, &format!("first_state = \"{first_state}\"\n{more}")).await;
        let id = world.hr.hire(&ada().starts("2026-03-09"));
        let [before, here, after] = wanted(told.kind);
        let serving = world.serve().await;
        world.eventually("there is an account", |_| world.exists(ADA)).await;
        world.travel_to("2026-03-08T23:58[America/Denver]");
        world.stays("the state before the first day", |world| world.state(ADA) == before).await;
        world.pass("2026-03-09T00:00[America/Denver]").await;
        world.within_a_minute("the state on the first day", |world| world.state(ADA) == here).await;
        world.stays("the state from the first day on", |world| world.state(ADA) == here).await;
        world.travel_to("2026-03-09T09:00[America/Denver]");
        world.hr.terminate(&id, &Leaving::on("2026-03-10"));
        world.news().await;
        world.stays("the state on the last days", |world| world.state(ADA) == here).await;
        world.travel_to("2026-03-11T00:00[America/Denver]");
        world.within_a_minute("the state after the last day", |world| world.state(ADA) == after).await;
        world.stays("the state in the end", |world| world.state(ADA) == after).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_until_an_administrator_opens_it() {
    states("staged", "", |_| ["STAGED", "STAGED", "SUSPENDED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staged_until_the_first_day() {
    states("staged-until-start", "", |_| ["STAGED", "ACTIVATED", "SUSPENDED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn active_at_once() {
    states("active", "", |_| ["ACTIVATED", "ACTIVATED", "SUSPENDED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_until_the_first_day() {
    states("suspended-until-start", "", |_| ["SUSPENDED", "ACTIVATED", "SUSPENDED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn always_active() {
    let leavers_too = "[connection.leaver]\naccount = \"leave\"\n";
    states("always-active", leavers_too, |_| ["ACTIVATED", "ACTIVATED", "ACTIVATED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn always_suspended() {
    states("always-suspended", "", |_| ["SUSPENDED", "SUSPENDED", "SUSPENDED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_hr_says() {
    // Before the first day BambooHR says Active, and Bob Inactive.
    states("as-hr-says", "", |kind| match kind {
        HrKind::BambooHr => ["ACTIVATED", "ACTIVATED", "SUSPENDED"],
        HrKind::Bob => ["SUSPENDED", "ACTIVATED", "SUSPENDED"],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_inactive_gets_no_account() {
    // No moment matters: the end was long ago.
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada());
        world.hr.terminate(&id, &Leaving::on("2026-01-30"));
        let plan = world.hirewire(&["plan", "--all"]).await.expect(0).out;
        assert!(plan.contains("not employed and without an account; none is made"), "{plan}");
        world.sync().await;
        let serving = world.serve().await;
        world.stays("no account", |world| !world.exists(ADA)).await;
        assert_eq!(serving.stop().await.0, 0);
        let shown = world.shown(&id).await;
        assert!(shown.contains("skipped") && shown.contains("none is made"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_inactive_gets_a_suspended_account_where_the_rules_say_so() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &format!("inactive_people = \"suspended\"\n{RULES}")).await;
        let id = world.hr.hire(&ada());
        world.hr.terminate(&id, &Leaving::on("2026-01-30"));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("+ ada.byron") && plan.contains("Suspended (last day 2026-01-30)"), "{plan}");
        world.sync().await;
        assert!(world.has(ADA, "SUSPENDED", &[]));
        assert!(world.town.jumpcloud.mails().is_empty());
        // Whoever comes back has it.
        world.hr.rehire(&id, "2026-03-02");
        world.sync().await;
        assert_eq!((world.state(ADA), world.town.jumpcloud.users().len()), ("ACTIVATED".into(), 1));
    }
}
