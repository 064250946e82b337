//! Policy 10, where the rules say `on_rename = "follow"`: HR's new name is the user name too, in the same update.

use serde_json::json;
use tests::hr::{NewHire, What};

use super::{Telling, ada};
use crate::cast::{ADA, GRACE, MONDAY};
use crate::crash::killed;
use crate::wire::Cut;
use crate::world::{RULES, World, fewer};

const KING: &str = "ada.king@acme.example";
const KEEP: &str = "first_state = \"active\"\n";
/// The most requests of a sync of one person, in which one of them is struck.
const REQUESTS: usize = 12;

fn follow() -> String {
    named("on_rename = \"follow\"")
}

/// Rules with these lines about user names.
fn named(lines: &str) -> String {
    RULES.replace(
        "\n[[connection.group]]\nname = \"All",
        &format!("\n[connection.username]\n{lines}\n\n[[connection.group]]\nname = \"All"),
    )
}

impl World {
    /// What the person's own page says; `plan` and past writes included.
    async fn explained(&self, id: &str) -> String {
        self.hirewire(&["explain", id]).await.expect(0).out
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_in_the_same_update() {
    for told in Telling::all() {
        let world = told.world(MONDAY, &follow()).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        let account = world.says(ADA, "_id");
        let serving = world.serve().await;
        world.forget_calls();
        // Something that is no rename costs what it always does.
        world.hr.set(&id, What::Title, Some("Countess"));
        world.news().await;
        world.eventually("her title is new", |_| world.slot(ADA, "jobTitle") == "Countess").await;
        assert_eq!(world.count("POST /api/search/systemusers"), 0);
        world.forget_calls();
        world.hr.rename(&id, "King", KING);
        world.news().await;
        world.eventually("she has her new name", |_| world.exists(KING)).await;
        world.stays("and nothing more", |world| world.says(KING, "username") == "ada.king").await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(KING, "_id"), world.says(KING, "lastname")), (account, "King".into()));
        let calls = (world.count("PUT /api/systemusers/{id}"), world.town.jumpcloud.writes());
        assert_eq!(calls, (1, 1), "one update and nothing else");
        assert_eq!(world.count("POST /api/search/systemusers"), 1, "whether the name is free");
        let said = world.explained(&id).await;
        assert!(said.contains("username: ada.byron -> ada.king (username.from: email, renamed in HR)"), "{said}");
        world.shows(&id, "ada.king").await;
        world.forget_calls();
        world.sync().await;
        assert_eq!(world.town.jumpcloud.writes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_rename_nobody() {
    // No moment matters.
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada());
        world.town.jumpcloud.add_user(json!({ "username": "admiral", "email": GRACE }));
        world.hr.hire(&super::grace());
        world.sync().await;
        // Renamed while names stay, and an account that was adopted with the name it had.
        world.hr.rename(&id, "King", KING);
        world.sync().await;
        for lines in [
            "on_rename = \"follow\"",
            "on_rename = \"follow\"\nfrom = \"display-name\"",
            "on_rename = \"follow\"\nfrom = 'lastName + \".\" + firstName'",
            "on_rename = \"follow\"\nmax_length = 20",
        ] {
            world.rules(&named(lines));
            world.forget_calls();
            let plan = world.hirewire(&["plan"]).await.expect(0).out;
            assert!(!plan.contains("username"), "{plan}");
            for _ in 0..2 {
                world.sync().await;
            }
            assert_eq!(world.town.jumpcloud.writes(), 0, "{lines}");
        }
        assert_eq!(
            (world.says(KING, "username"), world.says(GRACE, "username")),
            ("ada.byron".into(), "admiral".into())
        );
        // A survey finds what HR says from then on.
        world.hr.rename(&id, "Lovelace", "ada.lovelace@acme.example");
        let plan = world.hirewire(&["plan"]).await.out;
        assert!(plan.contains("username: ada.byron -> ada.lovelace (username.from: email, renamed in HR)"), "{plan}");
        world.sync().await;
        assert_eq!(world.says("ada.lovelace@acme.example", "username"), "ada.lovelace");
    }
}

/// JumpCloud keeps the name of whoever is bound to a device: everything else goes in, and the reader is told what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_jumpcloud_keeps() {
    for told in Telling::all() {
        for status in fewer([400, 409], 1) {
            let world = told.world(MONDAY, &follow()).await;
            world.town.jumpcloud.switch(|switches| switches.bound_rename = status);
            let id = world.hr.hire(&ada());
            world.sync().await;
            world.town.jumpcloud.bind_device(ADA);
            let serving = world.serve().await;
            world.hr.rename(&id, "King", KING);
            world.news().await;
            world
                .eventually("the rest is done", |_| world.exists(KING) && world.says(KING, "lastname") == "King")
                .await;
            world.stays("but for the name", |world| world.says(KING, "username") == "ada.byron").await;
            let told_why = "did not take ada.king (The username of a user bound to devices cannot be changed); take the \
                account off its devices or free the name, then `hirewire sync` this person, or write on_rename = \"keep\"";
            for text in [world.explained(&id).await, world.hirewire(&["records"]).await.expect(0).out] {
                assert!(text.contains("the user name is left as it is") && text.contains(told_why), "{text}");
            }
            let said = world.explained(&id).await;
            assert!(said.contains("done, but JumpCloud did not take ada.king"), "{said}");
            // Neither a survey nor other news of hers try it again; both keep the note.
            world.forget_calls();
            world.hr.set(&id, What::Title, Some("Countess"));
            world.news().await;
            world.eventually("her title is new", |_| world.slot(KING, "jobTitle") == "Countess").await;
            assert_eq!(serving.stop().await.0, 0);
            world.sync().await;
            assert_eq!(world.town.jumpcloud.writes(), 1, "the title");
            world.shows(&id, told_why).await;
            // Whoever asks for her is obeyed, and told the same while it is so.
            world.hirewire(&["sync", &id]).await.expect(0);
            world.shows(&id, told_why).await;
            world.town.jumpcloud.unbind_devices(KING);
            let plan = world.hirewire(&["plan", &id]).await.out;
            assert!(plan.contains("username: ada.byron -> ada.king"), "{plan}");
            world.hirewire(&["sync", &id]).await.expect(0);
            assert_eq!(world.says(KING, "username"), "ada.king");
            assert!(!world.shown(&id).await.contains("user name is left"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_jumpcloud_keeps_until_hr_says_another() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &follow()).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        world.town.jumpcloud.bind_device(ADA);
        world.hr.rename(&id, "King", KING);
        world.sync().await;
        world.town.jumpcloud.unbind_devices(KING);
        world.hr.rename(&id, "Lovelace", "ada.lovelace@acme.example");
        world.sync().await;
        assert_eq!(world.says("ada.lovelace@acme.example", "username"), "ada.lovelace");
        assert!(!world.shown(&id).await.contains("user name is left"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_account_has() {
    for told in Telling::all() {
        // Seen by a search, or nobody's user name but a local one, of which only a refusal tells.
        for (username, local) in [("ada.king", ""), ("another", "ada.king")] {
            let world = told.world(MONDAY, &follow()).await;
            let id = world.hr.hire(&ada());
            world.sync().await;
            let other = json!({ "username": username, "email": "other@elsewhere.example", "systemUsername": local });
            world.town.jumpcloud.add_user(other);
            let serving = world.serve().await;
            world.hr.rename(&id, "King", KING);
            world.news().await;
            let second = |world: &World| world.exists(KING) && world.says(KING, "username").starts_with("ada.king-");
            world.eventually("she has the next name", |_| second(&world)).await;
            assert_eq!(serving.stop().await.0, 0);
            assert_eq!(world.says(KING, "lastname"), "King", "{username}");
            assert!(!world.shown(&id).await.contains("user name is left"));
            world.forget_calls();
            world.sync().await;
            assert_eq!(world.town.jumpcloud.writes(), 0, "and it stays");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_are_renamed_alike_by_one_survey() {
    for told in Telling::still() {
        let world = told.world(MONDAY, &follow()).await;
        let one = world.hr.hire(&ada());
        let other = NewHire::new("Augusta", "Byron").email("augusta@labs.example").number(1009).starts("2020-01-06");
        let other = world.hr.hire(&other);
        world.sync().await;
        world.hr.rename(&one, "King", KING);
        world.hr.rename(&other, "King", "ada.king@labs.example");
        world.forget_calls();
        world.sync().await;
        let mut names = [KING, "ada.king@labs.example"].map(|email| world.says(email, "username"));
        names.sort();
        assert_eq!(names[0], "ada.king");
        assert!(names[1].starts_with("ada.king-"), "{names:?}");
        assert_eq!(world.count("PUT /api/systemusers/{id}"), 2, "the survey chose two names");
        assert_eq!(world.count("POST /api/search/systemusers"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_call_she_has_one_new_name() {
    let cases = (1..=REQUESTS).flat_map(|at| [(Cut::HeldBefore, at), (Cut::HeldAfter, at)]);
    for (cut, at) in fewer(cases.collect::<Vec<_>>().into_iter().rev(), 4) {
        let rules = format!("{KEEP}[connection.username]\non_rename = \"follow\"\n");
        let world = World::with(MONDAY, &rules).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        world.hr.rename(&id, "King", KING);
        killed(&world, cut, at).await;
        world.hirewire(&["sync"]).await;
        crate::faults::settle(&world, &format!("{cut:?} {at}")).await;
        assert_eq!((world.says(KING, "username"), world.says(KING, "lastname")), ("ada.king".into(), "King".into()));
        world.forget_calls();
        world.sync().await;
        assert_eq!(world.town.jumpcloud.writes(), 0, "{cut:?} {at}");
        // And HR's next word counts as well.
        world.hr.rename(&id, "Lovelace", "ada.lovelace@acme.example");
        world.sync().await;
        assert_eq!(world.says("ada.lovelace@acme.example", "username"), "ada.lovelace", "{cut:?} {at}");
    }
}
