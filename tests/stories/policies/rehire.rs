//! Policy 9: Whoever comes back gets the account they left, whether HR knows them by the old number or by a new one; and
//! nobody gets a stranger's.

use tests::hr::{Leaving, NewHire};

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::{RULES, World};

const GROUPS: [&str; 2] = ["All staff", "Dept Engineering"];

/// Ada left in March; it is June. Her id in HR and that of her account.
async fn left_in_march(world: &World) -> (String, String) {
    let id = world.hr.hire(&ada());
    world.sync().await;
    world.hr.terminate(&id, &Leaving::on("2026-03-01"));
    world.sync().await;
    assert!(world.has(ADA, "SUSPENDED", &[]));
    world.travel_to("2026-06-01T09:00[America/Denver]");
    (id, world.says(ADA, "_id"))
}

fn is_back(world: &World) -> bool {
    world.has(ADA, "ACTIVATED", &GROUPS)
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_same_number() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let (id, account) = left_in_march(&world).await;
        let serving = world.serve().await;
        world.hr.rehire(&id, "2026-06-01");
        world.arrives().await;
        world.eventually("Ada is back", |_| is_back(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(ADA, "_id"), world.town.jumpcloud.users().len()), (account, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_first_day_of_the_new_employment() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let (id, account) = left_in_march(&world).await;
        let serving = world.serve().await;
        world.hr.rehire(&id, "2026-06-15");
        world.arrives().await;
        world
            .becomes("2026-06-15T00:00[America/Denver]", "Ada may come in", |world| world.state(ADA) == "ACTIVATED")
            .await;
        world.eventually("Ada is back", |_| is_back(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(ADA, "_id"), world.town.jumpcloud.users().len()), (account, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_new_number() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let (old, account) = left_in_march(&world).await;
        let serving = world.serve().await;
        let new = world.hr.hire(&ada().number(2007).starts("2026-06-01"));
        world.news().await;
        world.eventually("Ada is back", |_| is_back(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(ADA, "_id"), world.town.jumpcloud.users().len()), (account, 1));
        assert_eq!(
            (world.slot(ADA, "employeeIdentifier"), world.says(ADA, "username")),
            ("2007".into(), "ada.byron".into())
        );
        // Everybody's record is there, and the account is in one of them only.
        let (was, is) = (world.shown(&old).await, world.shown(&new).await);
        assert!(was.contains("Ada Byron") && was.contains("skipped"), "{was}");
        assert!(is.contains("synced"), "{is}");
        let explained = world.hirewire(&["explain", &old]).await.expect(0).out;
        assert!(explained.contains("last day 2026-03-01") || explained.contains("Suspended"), "{explained}");
        // It is settled: what HR still says of the old number takes nothing from her.
        world.sync().await;
        world.forget_calls();
        world.sync().await;
        assert_eq!((world.town.jumpcloud.writes(), is_back(&world)), (0, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_one_record_to_another_without_a_day_between() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let old = world.hr.hire(&ada());
        world.sync().await;
        let account = world.says(ADA, "_id");
        let serving = world.serve().await;
        // Another part of the company takes her over: the old record ends on the day before the new one starts.
        world.hr.terminate(&old, &Leaving::on("2026-03-08"));
        let new = world.hr.hire(&ada().number(2007).department("Sales").starts("2026-03-09"));
        world.news().await;
        world.travel_to("2026-03-08T23:58[America/Denver]");
        world.stays("she works to the last day", |world| world.state(ADA) == "ACTIVATED").await;
        world.pass("2026-03-09T00:00[America/Denver]").await;
        // Whichever of the two is looked at first: within a few minutes it has come out right.
        let done = |world: &World| world.has(ADA, "ACTIVATED", &["All staff", "Dept Sales"]);
        for _ in 0..5 {
            tokio::time::sleep(super::QUIET).await;
            world.arrives().await;
        }
        world.eventually("she is the new record's", |_| done(&world)).await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(ADA, "_id"), world.town.jumpcloud.users().len()), (account, 1));
        world.shows(&new, "synced").await;
    }
}

// Who is who is decided when HR tells of somebody: no moment matters from here on.

#[tokio::test(flavor = "multi_thread")]
async fn a_namesake_with_another_address_gets_an_account_of_their_own() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let (old, account) = left_in_march(&world).await;
        let other = NewHire::new("Ada", "Byron").email("ada.byron2@acme.example").number(3007).starts("2026-06-01");
        world.hr.hire(&other.department("Sales"));
        world.sync().await;
        assert_eq!(world.town.jumpcloud.users().len(), 2);
        assert!(world.has("ada.byron2@acme.example", "ACTIVATED", &["All staff", "Dept Sales"]));
        assert!(world.has(ADA, "SUSPENDED", &[]));
        assert_eq!(world.says(ADA, "_id"), account);
        world.shows(&old, "ada.byron").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_with_the_old_address_is_held() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        left_in_march(&world).await;
        let other = NewHire::new("Adam", "Byrne").email(ADA).number(4007).starts("2026-06-01");
        let new = world.hr.hire(&other.department("Sales"));
        let plan = world.hirewire(&["plan"]).await.expect(1).out;
        assert!(plan.contains("! Adam Byrne"), "{plan}");
        world.hirewire(&["sync"]).await.expect(1);
        let shown = world.shows(&new, "held").await;
        assert!(
            shown.contains("another employee's identifier") || shown.contains("two people in HR claim it"),
            "{shown}"
        );
        assert!(world.has(ADA, "SUSPENDED", &[]));
        assert_eq!((world.says(ADA, "firstname"), world.town.jumpcloud.users().len()), ("Ada".into(), 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_where_the_rules_want_somebody_to_decide() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &format!("rehire = \"hold\"\n{RULES}")).await;
        left_in_march(&world).await;
        let new = world.hr.hire(&ada().number(2007).starts("2026-06-01"));
        world.hirewire(&["sync"]).await.expect(1);
        world.shows(&new, "held").await;
        assert!(world.has(ADA, "SUSPENDED", &[]));
        assert_eq!(world.town.jumpcloud.users().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_of_somebody_who_is_still_here() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let old = world.hr.hire(&ada());
        world.sync().await;
        let new = world.hr.hire(&ada().number(2007));
        world.hirewire(&["sync"]).await.expect(1);
        world.shows(&new, "held").await;
        world.shows(&old, "synced").await;
        assert!(is_back(&world));
        assert_eq!((world.slot(ADA, "employeeIdentifier"), world.town.jumpcloud.users().len()), ("1007".into(), 1));
    }
}
