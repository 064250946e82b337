//! Policy 1: When an account is made: as soon as HR knows the person, on the first day, or some days before.

use tests::hr::What;

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY, active};
use crate::world::RULES;

#[tokio::test(flavor = "multi_thread")]
async fn as_soon_as_hr_knows_the_person() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let serving = world.serve().await;
        let id = world.hr.hire(&ada().starts("2026-04-01"));
        world.news().await;
        world
            .eventually("Ada has an account", |_| world.has(ADA, "ACTIVATED", &["All staff", "Dept Engineering"]))
            .await;
        assert_eq!(world.slot(ADA, "employeeIdentifier"), "1007");
        assert_eq!(serving.stop().await.0, 0);
        world.shows(&id, "synced").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_first_day_where_the_person_works() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &active("create_days_before_start = 0\n")).await;
        let id = world.hr.hire(&ada().starts("2026-03-09"));
        world.sync().await;
        assert!(!world.exists(ADA));
        let shown = world.shown(&id).await;
        assert!(shown.contains("pending") && shown.contains("not before 2026-03-09T06:00:00Z"), "{shown}");
        let serving = world.serve().await;
        world.becomes("2026-03-09T00:00[America/Denver]", "Ada has an account", |world| world.exists(ADA)).await;
        assert_eq!(world.state(ADA), "ACTIVATED");
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_days_before_the_start() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &active("create_days_before_start = 3\n")).await;
        world.hr.hire(&ada().starts("2026-03-09"));
        let serving = world.serve().await;
        world.becomes("2026-03-06T00:00[America/Denver]", "Ada has an account", |world| world.exists(ADA)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_put_off_puts_the_account_off() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &active("create_days_before_start = 3\n")).await;
        let id = world.hr.hire(&ada().starts("2026-03-09"));
        let serving = world.serve().await;
        world.stays("no account yet", |world| !world.exists(ADA)).await;
        world.hr.set(&id, What::StartDate, Some("2026-03-23"));
        world.news().await;
        world.stays("still none", |world| !world.exists(ADA)).await;
        world.travel_to("2026-03-06T12:00[America/Denver]");
        world.stays("nor on the day that was foreseen", |world| !world.exists(ADA)).await;
        world.becomes("2026-03-20T00:00[America/Denver]", "Ada has an account", |world| world.exists(ADA)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}
