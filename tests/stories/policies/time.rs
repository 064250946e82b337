//! Whose midnight counts, on days that are longer, shorter or rarer than others; and moments that were slept through.

use tests::hr::{HrKind, Leaving};
use tests::server::Exchange;

use super::{Telling, ada, grace};
use crate::cast::{ADA, GRACE, MONDAY, active};
use crate::world::World;

fn gone(who: &'static str) -> impl Fn(&World) -> bool {
    move |world| world.state(who) == "SUSPENDED"
}

#[tokio::test(flavor = "multi_thread")]
async fn one_last_day_ends_25_hours_apart() {
    let rules = active(
        "[connection.time_zones]\n\"Kiritimati office\" = \"Pacific/Kiritimati\"\n\"Pago Pago\" = \"Pacific/Pago_Pago\"\n",
    );
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let ids = [ada().at("Kiritimati office"), grace().at("Pago Pago")].map(|person| world.hr.hire(&person));
        world.sync().await;
        let serving = world.serve().await;
        ids.iter().for_each(|id| world.hr.terminate(id, &Leaving::on("2026-03-06")));
        world.news().await;
        world.becomes("2026-03-06T10:00[UTC]", "the day is over in Kiritimati", gone(ADA)).await;
        assert_eq!(world.state(GRACE), "ACTIVATED");
        world.becomes("2026-03-07T11:00[UTC]", "the day is over in Pago Pago", gone(GRACE)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_days_begin_25_hours_apart() {
    let rules = "first_state = \"suspended-until-start\"\n[connection.time_zones]\n\
                 \"Kiritimati office\" = \"Pacific/Kiritimati\"\n\"Pago Pago\" = \"Pacific/Pago_Pago\"\n";
    for told in Telling::all() {
        let world = told.world(MONDAY, rules).await;
        let hires = [ada().at("Kiritimati office"), grace().at("Pago Pago")].map(|hire| hire.starts("2026-03-06"));
        hires.iter().for_each(|person| drop(world.hr.hire(person)));
        world.sync().await;
        let serving = world.serve().await;
        let open = |who: &'static str| move |world: &World| world.state(who) == "ACTIVATED";
        world.becomes("2026-03-05T10:00[UTC]", "the day begins in Kiritimati", open(ADA)).await;
        assert_eq!(world.state(GRACE), "SUSPENDED");
        world.becomes("2026-03-06T11:00[UTC]", "the day begins in Pago Pago", open(GRACE)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

/// Access ends at this hour of the last day, which is this moment.
async fn ends(from: &str, last_day: &str, at: &str, moment: &str) {
    for told in Telling::all() {
        let world = told.world(from, &active(&format!("[connection.leaver]\nat = \"{at}\"\n"))).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        let serving = world.serve().await;
        world.hr.terminate(&id, &Leaving::on(last_day));
        world.news().await;
        world.becomes(moment, "access has ended", gone(ADA)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_does_not_exist() {
    // In Denver the clocks go from 02:00 to 03:00 that night.
    ends(MONDAY, "2026-03-08", "02:30", "2026-03-08T09:30[UTC]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_comes_twice() {
    // In Denver the clocks go from 02:00 back to 01:00 that night; the first time counts.
    ends("2026-10-28T09:00[America/Denver]", "2026-11-01", "01:30", "2026-11-01T07:30[UTC]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leap_day() {
    ends("2028-02-25T09:00[America/Denver]", "2028-02-29", "24:00", "2028-03-01T00:00[America/Denver]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_on_which_the_clocks_change() {
    ends(MONDAY, "2026-03-08", "24:00", "2026-03-09T06:00[UTC]").await;
}

/// One starts on the 9th and one leaves on the 12th.
fn coming_and_going(world: &World) {
    world.hr.hire(&ada().starts("2026-03-09"));
    let grace = world.hr.hire(&grace());
    world.hr.terminate(&grace, &Leaving::on("2026-03-12"));
}

const UNTIL_START: &str = "first_state = \"suspended-until-start\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_slept_over_moments_catches_up() {
    for told in Telling::all() {
        let world = told.world(MONDAY, UNTIL_START).await;
        coming_and_going(&world);
        world.sync().await;
        assert_eq!((world.state(ADA), world.state(GRACE)), ("SUSPENDED".into(), "ACTIVATED".into()));
        let serving = world.serve().await;
        world.stays("nothing is due", |world| world.state(ADA) == "SUSPENDED").await;
        // The machine sleeps for eleven days: both moments are over when it wakes.
        world.travel_to("2026-03-13T09:00[America/Denver]");
        world.within_a_minute("Ada may come in", |world| world.state(ADA) == "ACTIVATED").await;
        world.within_a_minute("Grace has left", |world| world.state(GRACE) == "SUSPENDED").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_not_running_catches_up_in_the_right_order() {
    for told in Telling::all() {
        let world = told.world(MONDAY, UNTIL_START).await;
        coming_and_going(&world);
        // Who came and went meanwhile never gets in.
        let brief = world.hr.hire(&ada().email("brief@acme.example").number(99).starts("2026-03-10"));
        world.hr.terminate(&brief, &Leaving::on("2026-03-11"));
        let serving = world.serve().await;
        world.eventually("there are three accounts", |town| town.jumpcloud.users().len() == 3).await;
        assert_eq!(serving.stop().await.0, 0);
        world.forget_calls();
        world.travel_to("2026-03-13T09:00[America/Denver]");
        let serving = world.serve().await;
        world.within_a_minute("Ada may come in", |world| world.state(ADA) == "ACTIVATED").await;
        world.within_a_minute("Grace has left", |world| world.state(GRACE) == "SUSPENDED").await;
        world.stays("the third does not", |world| world.state("brief@acme.example") == "SUSPENDED").await;
        assert_eq!(serving.stop().await.0, 0);
        let exchanges = world.town.jumpcloud.traffic().exchanges();
        let brief = world.says("brief@acme.example", "_id");
        let written = |one: &Exchange| one.method == "PUT" && one.path.contains(&brief);
        assert!(!exchanges.iter().any(written), "nobody who is gone by then is let in for a moment");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_zone_that_hr_knows_counts_without_a_table() {
    // Bob's API never tells a site's zone: there the table is needed.
    for told in Telling::only(HrKind::BambooHr) {
        let world = told.world(MONDAY, &active("")).await;
        world.hr.add_site("Auckland", Some("Pacific/Auckland"));
        let id = world.hr.hire(&ada().at("Auckland"));
        world.sync().await;
        world.hr.terminate(&id, &Leaving::on("2026-03-06"));
        let serving = world.serve().await;
        world.news().await;
        world.becomes("2026-03-07T00:00[Pacific/Auckland]", "the day is over in Auckland", gone(ADA)).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}
