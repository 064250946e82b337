//! Policy 11: What somebody changed by hand in JumpCloud: respected, or set back.

use serde_json::json;
use tests::hr::What;

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::RULES;

// Nothing here depends on a moment; it is told on both clocks because the news come by two ways.

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_respected_and_shown() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        world.town.jumpcloud.suspend_by_hand(ADA);
        let serving = world.serve().await;
        world.hr.set(&id, What::Title, Some("Countess"));
        world.news().await;
        world.eventually("her title is new", |_| world.slot(ADA, "jobTitle") == "Countess").await;
        world.stays("she is still suspended", |world| world.state(ADA) == "SUSPENDED").await;
        assert_eq!(serving.stop().await.0, 0);
        world.shows(&id, "an administrator suspended this account while HR says Active; kept").await;
        let plan = world.hirewire(&["plan", "--all"]).await.expect(0).out;
        assert!(plan.contains("an administrator suspended this account"), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_overridden() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &format!("manual_suspension = \"override\"\n{RULES}")).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        world.town.jumpcloud.suspend_by_hand(ADA);
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("Suspended -> Active (HR says Active)"), "{plan}");
        let serving = world.serve().await;
        world.hr.set(&id, What::Title, Some("Countess"));
        world.news().await;
        world.eventually("she may come in again", |_| world.state(ADA) == "ACTIVATED").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_respected_until_hr_says_something_new() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &format!("manual_changes = \"respect\"\n{RULES}")).await;
        let id = world.hr.hire(&ada().title("Engineer"));
        world.sync().await;
        world.town.jumpcloud.edit_user(ADA, json!({ "jobTitle": "Wizard" }));
        world.sync().await;
        world.shows(&id, "jobTitle was changed by hand in JumpCloud; kept until HR changes it").await;
        let serving = world.serve().await;
        // Something else changes in HR.
        world.hr.set(&id, What::Department, Some("Sales"));
        world.news().await;
        world.eventually("her department is new", |_| world.slot(ADA, "department") == "Sales").await;
        world.stays("her title is as it was", |world| world.slot(ADA, "jobTitle") == "Wizard").await;
        world.shows(&id, "jobTitle was changed by hand").await;
        world.hr.set(&id, What::Title, Some("Head"));
        world.news().await;
        world.eventually("HR has said something new", |_| world.slot(ADA, "jobTitle") == "Head").await;
        assert_eq!(serving.stop().await.0, 0);
        assert!(!world.shown(&id).await.contains("by hand"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_set_back() {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada().title("Engineer"));
        world.sync().await;
        world.town.jumpcloud.edit_user(ADA, json!({ "jobTitle": "Wizard" }));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("jobTitle: Wizard -> Engineer"), "{plan}");
        let serving = world.serve().await;
        world.hr.set(&id, What::Department, Some("Sales"));
        world.news().await;
        world.eventually("it is as HR says", |_| world.slot(ADA, "jobTitle") == "Engineer").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_stays_deleted_or_is_made_anew() {
    for (rule, accounts, code) in [("leave", 0, 1), ("recreate", 1, 0)] {
        for told in Telling::still() {
            let world = told.world(MONDAY, &format!("deleted_account = \"{rule}\"\n{RULES}")).await;
            let id = world.hr.hire(&ada());
            world.sync().await;
            world.town.jumpcloud.delete_user(ADA);
            world.hirewire(&["sync"]).await.expect(code);
            assert_eq!(world.town.jumpcloud.users().len(), accounts);
            let shown = world.shown(&id).await;
            assert_eq!(shown.contains("was deleted in JumpCloud"), rule == "leave", "{shown}");
        }
    }
}
