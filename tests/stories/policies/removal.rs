//! Policy 12: A connection that is taken out of service: paused, let go, or offboarded through review.

use tests::hr::{Leaving, What};

use super::{Telling, ada, grace};
use crate::cast::{ADA, GRACE, MONDAY};
use crate::world::{RULES, World};

fn mode(mode: &str, more: &str) -> String {
    format!("mode = \"{mode}\"\n{RULES}{more}")
}

/// Ada and Grace are here; their ids in HR.
async fn here(world: &World) -> [String; 2] {
    let ids = [ada(), grace()].map(|person| world.hr.hire(&person));
    world.sync().await;
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_and_going_on() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let [ada, grace] = here(&world).await;
        let before = world.town.jumpcloud.snapshot();
        world.rules(&mode("paused", ""));
        world.forget_calls();
        let serving = world.serve().await;
        world.hr.set(&ada, What::Department, Some("Sales"));
        world.hr.terminate(&grace, &Leaving::on("2026-03-06"));
        world.news().await;
        world.pass("2026-03-07T00:00[America/Denver]").await;
        world.stays("nothing is done", |world| world.town.jumpcloud.snapshot() == before).await;
        assert_eq!((serving.stop().await.0, world.calls().1), (0, 0));
        world.sync().await;
        assert_eq!(world.town.jumpcloud.snapshot(), before);
        assert!(world.shown(&ada).await.contains("synced"), "everything known is kept");
        // It goes on, and takes up what it missed.
        world.rules(RULES);
        let serving = world.serve().await;
        world.eventually("Grace has left", |_| world.has(GRACE, "SUSPENDED", &[])).await;
        world.eventually("Ada has moved", |_| world.has(ADA, "ACTIVATED", &["All staff", "Dept Sales"])).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn let_go_and_otherwise_untouched() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let ids = here(&world).await;
        let without_links = |world: &World| {
            let all = world.town.jumpcloud.snapshot();
            all.lines().filter(|line| !line.contains("hirewireId")).map(ToOwned::to_owned).collect::<Vec<_>>()
        };
        let before = without_links(&world);
        assert!(world.slot(ADA, "custom.hirewireId").starts_with("acme:"));
        // HR's key may be gone already.
        world.hr.rotate_key();
        world.rules(&mode("release", ""));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("hirewireId") && plan.contains("-> (empty) (by mode = \"release\")"), "{plan}");
        let serving = world.serve().await;
        let free = |world: &World| [ADA, GRACE].iter().all(|who| world.slot(who, "custom.hirewireId").is_empty());
        world.eventually("nobody's account is ours", |_| free(&world)).await;
        world.stays("nothing else changes", |world| without_links(world) == before).await;
        assert_eq!(serving.stop().await.0, 0);
        world.shows(&ids[0], "the connection is being removed; the account was let go as it was").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offboarded_as_far_as_somebody_allows() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let ids = here(&world).await;
        let before = world.town.jumpcloud.snapshot();
        world.hr.rotate_key();
        // Nobody is, unless the file says how many: that is the review.
        world.rules(&mode("offboard", ""));
        let plan = world.hirewire(&["plan"]).await.expect(1).out;
        assert!(plan.contains("! ada.byron") && plan.contains("! grace.hopper"), "{plan}");
        assert!(plan.contains("everybody is made a leaver, 0 in 24 hours"), "{plan}");
        world.hirewire(&["sync"]).await.expect(1);
        assert_eq!(world.town.jumpcloud.snapshot(), before);
        let shown = world.shown(&ids[0]).await;
        assert!(shown.contains("held") && shown.contains("brakes.offboard = 0"), "{shown}");
        // One is let go by name, the other because the file allows two.
        let released = world.hirewire(&["release", &ids[0]]).await.expect(0).out;
        assert!(released.contains("Ada Byron"), "{released}");
        world.hirewire(&["sync"]).await.expect(1);
        assert_eq!((world.state(ADA), world.state(GRACE)), ("SUSPENDED".into(), "ACTIVATED".into()));
        world.rules(&mode("offboard", "[connection.brakes]\noffboard = 2\n"));
        let serving = world.serve().await;
        world.eventually("both have left", |_| [ADA, GRACE].iter().all(|who| world.has(who, "SUSPENDED", &[]))).await;
        assert_eq!(serving.stop().await.0, 0);
        let records = world.hirewire(&["records", "--status", "held"]).await.expect(0).out;
        assert!(records.starts_with("No records"), "nobody is held any more: {records}");
    }
}
