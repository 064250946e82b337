//! Policy 10: Another name or another address: one change of the same account, and the user name stays; where
//! the rules say otherwise, see `user_names`.

use tests::hr::What;

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::{RULES, World};

const KING: &str = "ada.king@acme.example";

/// Ada is here and something about her name changes: afterwards it is the same account, by one update.
async fn renamed(change: impl Fn(&World, &str), email: &str, last: &str) {
    for told in Telling::all() {
        let world = told.world(MONDAY, RULES).await;
        let id = world.hr.hire(&ada());
        world.sync().await;
        let (account, groups) = (world.says(ADA, "_id"), world.access(ADA).1);
        world.forget_calls();
        let serving = world.serve().await;
        change(&world, &id);
        world.news().await;
        let done = |world: &World| world.exists(email) && world.says(email, "lastname") == last;
        world.eventually("it is the new name", |_| done(&world)).await;
        world.stays("and stays", done).await;
        assert_eq!(serving.stop().await.0, 0);
        assert_eq!((world.says(email, "_id"), world.says(email, "username")), (account, "ada.byron".into()));
        assert_eq!((world.access(email), world.town.jumpcloud.users().len()), (("ACTIVATED".into(), groups), 1));
        assert_eq!(world.slot(email, "displayname"), format!("Ada {}", if last == "King" { "King" } else { "Byron" }));
        let calls = (world.count("PUT /api/systemusers/{id}"), world.town.jumpcloud.writes());
        assert_eq!(calls, (1, 1), "one update and nothing else");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_marries() {
    renamed(|world, id| world.hr.rename(id, "King", KING), KING, "King").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address() {
    renamed(|world, id| world.hr.set(id, What::Email, Some(KING)), KING, "Byron").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_of_addresses_waits_and_loses_nothing() {
    // No moment matters.
    for told in Telling::still() {
        let world = told.world(MONDAY, RULES).await;
        let [ada, grace] = [ada(), super::grace()].map(|person| world.hr.hire(&person));
        world.sync().await;
        // Ada is given the address that Grace still has: it waits, and whatever else changes does not.
        world.hr.set(&ada, What::Email, Some(crate::cast::GRACE));
        world.hr.set(&ada, What::Title, Some("Countess"));
        let said = world.hirewire(&["sync"]).await;
        assert!(said.out.contains("email is left as it is"), "{said:?}");
        assert_eq!(world.slot(ADA, "jobTitle"), "Countess");
        world.hr.set(&grace, What::Email, Some("grace.murray@acme.example"));
        world.hirewire(&["sync"]).await;
        world.hirewire(&["sync"]).await.expect(0);
        assert_eq!(world.says(crate::cast::GRACE, "username"), "ada.byron");
        assert_eq!(world.says("grace.murray@acme.example", "username"), "grace.hopper");
    }
}
