//! Policy 2: Who takes part, and what becomes of those who leave that circle and not the company.

use tests::hr::What;

use super::{Telling, ada, grace};
use crate::cast::{ADA, GRACE, MONDAY};
use crate::world::{Pace, RULES, World};

fn scope(lines: &str) -> String {
    format!("{RULES}\n[connection.scope]\n{lines}\n")
}

// What follows is decided, and no moment passes: one clock will do.

#[tokio::test(flavor = "multi_thread")]
async fn everybody_or_whom_a_condition_names() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let [_, grace] = [ada(), grace()].map(|person| world.hr.hire(&person));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("+ ada.byron") && plan.contains("+ grace.hopper"), "{plan}");
        world.rules(&scope(r#"when = 'department == "Engineering"'"#));
        let plan = world.hirewire(&["plan"]).await.expect(0).out;
        assert!(plan.contains("+ ada.byron") && !plan.contains("+ grace.hopper"), "{plan}");
        world.sync().await;
        assert!(world.exists(ADA) && !world.exists(GRACE));
        let shown = world.shown(&grace).await;
        assert!(shown.contains("skipped") && shown.contains("out of scope: department == \"Engineering\""), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chosen() {
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let [ada, grace] = [ada(), grace()].map(|person| world.hr.hire(&person));
        world.rules(&scope(&format!("employees = [\"{grace}\"]")));
        world.sync().await;
        assert!(world.exists(GRACE) && !world.exists(ADA));
        world.shows(&ada, "not one of the chosen employees").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_these_domains() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &scope("email_domains = [\"ACME.example\"]")).await;
        world.hr.hire(&ada());
        let agency = world.hr.hire(&grace().email("grace@agency.example"));
        world.sync().await;
        assert!(world.exists(ADA) && !world.exists("grace@agency.example"));
        world.shows(&agency, "another e-mail domain").await;
    }
}

/// Ada goes to the board, which takes no part, and comes back: what she has there.
async fn to_the_board(on_leaving: &str, there: (&str, &[&str])) {
    let rules = scope(&format!("when = 'department != \"Board\"'\non_leaving = \"{on_leaving}\""));
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        world.town.jumpcloud.add_group("Chess");
        world.town.jumpcloud.add_member("Chess", ADA);
        let account = world.says(ADA, "_id");
        let serving = world.serve().await;
        world.hr.set(&id, What::Department, Some("Board"));
        world.news().await;
        world.eventually("Ada has what leavers of the scope have", |_| world.has(ADA, there.0, there.1)).await;
        world.stays("so it is", |world| world.has(ADA, there.0, there.1)).await;
        // She is no leaver: what she is called there is as it was.
        assert_eq!(world.slot(ADA, "department"), "Engineering");
        let shown = world.shows(&id, "out of scope: department != \"Board\"").await;
        assert!(shown.contains("skipped"), "{shown}");
        world.hr.set(&id, What::Department, Some("Sales"));
        world.news().await;
        let back = ["All staff", "Chess", "Dept Sales"];
        world.eventually("she is back", |_| world.has(ADA, "ACTIVATED", &back)).await;
        assert_eq!((serving.stop().await.0, world.says(ADA, "_id")), (0, account));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_scope_keeps_everything() {
    to_the_board("keep", ("ACTIVATED", &["All staff", "Chess", "Dept Engineering"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_scope_leaves_the_groups() {
    to_the_board("leave-groups", ("ACTIVATED", &["Chess"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_scope_is_suspended() {
    to_the_board("suspend", ("SUSPENDED", &["Chess"])).await;
}

fn suspended(world: &World) -> usize {
    [ADA, GRACE].iter().filter(|who| world.state(who) == "SUSPENDED").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_holds_whoever_is_one_too_many() {
    let lines = |most: u8| {
        let condition = "when = 'department != \"Board\"'\non_leaving = \"suspend\"";
        scope(&format!("{condition}\n[connection.brakes]\nleave_scope = {most}"))
    };
    for told in Telling::all() {
        let world = told.world(MONDAY, &lines(1)).await;
        let people = [ada(), grace()].map(|person| world.hr.hire(&person));
        world.sync().await;
        let serving = world.serve().await;
        people.iter().for_each(|id| world.hr.set(id, What::Department, Some("Board")));
        world.news().await;
        world.eventually("one is suspended", |_| suspended(&world) == 1).await;
        world.stays("the other is not", |world| suspended(world) == 1).await;
        assert_eq!(serving.stop().await.0, 0);
        let plan = world.hirewire(&["sync"]).await.expect(1).out;
        assert!(plan.contains("more in 24 hours than brakes.leave_scope = 1 allows"), "{plan}");
        let held = world.hirewire(&["records", "--status", "held"]).await.expect(0).out;
        assert!(held.contains("1 held") && held.contains("hirewire release"), "{held}");
        // The one who is held has kept everything.
        let (keeps, id) = [(ADA, &people[0]), (GRACE, &people[1])]
            .into_iter()
            .find(|(who, _)| world.state(who) == "ACTIVATED")
            .expect("one of the two");
        assert_eq!(world.access(keeps).1.len(), 2);
        // Time alone lets nobody go ahead; somebody who allows more does, or who releases this person.
        world.travel_to("2026-03-03T09:30[America/Denver]");
        world.hirewire(&["sync"]).await.expect(1);
        assert_eq!(suspended(&world), 1);
        match world.pace {
            Pace::Jumps => world.rules(&lines(2)),
            Pace::Runs => drop(world.hirewire(&["release", id]).await.expect(0)),
        }
        world.sync().await;
        assert_eq!(suspended(&world), 2);
    }
}
