//! How changes come in: webhook, list of changes, everyone; from one HR tenant or several.

use std::time::Duration;

use http::Method;
use tests::bamboohr::BambooHr;
use tests::server::{Fault, Trouble};

use crate::cast::{ADA, GRACE, MONDAY, ada, grace, person};
use crate::world::{World, only_one_machine};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_serve_takes_everyone_and_a_poll_whoever_changed() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    let serving = world.serve().await;
    world.eventually("Ada is there", |town| town.jumpcloud.user(ADA).is_some()).await;
    world.town.bamboohr.hire(grace());
    world.town.bamboohr.edit_pending(Vec::clear);
    world.town.clock.advance(61);
    world.eventually("Grace is there", |town| town.jumpcloud.user(GRACE).is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_is_surveyed_again_a_day_later() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    let serving = world.serve().await;
    world.eventually("Ada is there", |town| town.jumpcloud.user(ADA).is_some()).await;
    // Nobody in HR changes when somebody edits the account.
    world.town.jumpcloud.edit_user(ADA, serde_json::json!({ "department": "Poetry" }));
    world.travel_to("2026-03-03T09:00[America/Denver]");
    world.eventually("the department is right again", |_| world.says(ADA, "department") == "Engineering").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_counts_only_if_bamboohr_signed_it_and_says_only_who() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    let mut deliveries = world.town.bamboohr.pending_webhooks();
    let real = deliveries.pop().expect("a webhook waits");
    // Signed with another key; changed on the way; sent to a door that is none.
    world.town.write_key("webhook.key", "an old key");
    let mut forged = real.clone();
    forged.body = forged.body.replace("\"7\"", "\"8\"");
    assert_ne!(forged.body, real.body, "a body that names employee 7");
    assert!(world.is_refused(world.town.bamboohr.send(&forged).await));
    let mut astray = real.clone();
    astray.url = serving.url.replace("/acme", "/nobody");
    assert_eq!(world.town.bamboohr.send(&astray).await, Some(404));
    // HR has moved on before the hint arrives: what counts is what HR says now.
    world.town.bamboohr.set("7", "jobTitle", "Countess");
    assert_eq!(world.town.bamboohr.send(&real).await, Some(200));
    world.eventually("the title is the present one", |_| world.says(ADA, "jobTitle") == "Countess").await;
    assert_eq!(world.town.bamboohr.send(&real).await, Some(200), "a repetition is harmless");
    assert_eq!(serving.stop().await.0, 0);
}

/// A town with a second company, `beta`: its own people under the same ids, its own rules, key and webhook.
async fn two_companies() -> (World, BambooHr) {
    let world = World::at(MONDAY).await;
    let beta = BambooHr::start(world.town.clock.clone(), "beta", "Europe/London").await;
    world.town.write_key("beta.key", &beta.api_key());
    world.town.write_key("beta-webhook.key", "0123456789abcdef0123456789abcdef");
    let second = format!(
        r#"
[[connection]]
name = "beta"
source = "bamboohr"
company = "beta"
base_url = "{}"
api_key = "file:beta.key"
webhook_key = "file:beta-webhook.key"
time_zone = "Europe/London"
first_state = "staged"

[connection.attributes]
email = "workEmail"
employeeIdentifier = '"B" + employeeNumber'
lastname = "lastName"

[[connection.group]]
name = "Beta people"
"#,
        beta.url()
    );
    let first = world.town.plain_config("America/Denver", crate::world::RULES);
    world.town.write_config(&(first + &second));
    world.town.bamboohr.hire(ada());
    beta.hire(person("7", "Bea", "Beta").email("bea@beta.example").with("employeeNumber", "1007"));
    (world, beta)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_each_with_their_own_rules_and_the_same_ids() {
    let (world, beta) = two_companies().await;
    world.sync().await;
    assert_eq!((world.state(ADA), world.state("bea@beta.example")), ("ACTIVATED".into(), "STAGED".into()));
    assert_eq!(world.slot("bea@beta.example", "custom.hirewireId"), "beta:7");
    assert_eq!(world.says("bea@beta.example", "employeeIdentifier"), "B1007");
    assert_eq!(world.slot("bea@beta.example", "firstname"), "");
    assert_eq!(world.town.jumpcloud.groups_of("bea@beta.example"), ["Beta people"]);
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["All staff", "Dept Engineering"]);

    let refused = world.hirewire(&["sync", "7"]).await.expect(2);
    assert!(refused.err.contains("there are several connections: write CONNECTION:7"), "{}", refused.err);
    let unknown = world.hirewire(&["sync", "gamma:7"]).await.expect(2);
    assert!(unknown.err.contains("gamma:7"), "{}", unknown.err);
    beta.set("7", "lastName", "Betty");
    world.town.bamboohr.set("7", "lastName", "Lovelace");
    world.hirewire(&["sync", "beta:7"]).await.expect(0);
    assert_eq!(
        (world.says("bea@beta.example", "lastname"), world.says(ADA, "lastname")),
        ("Betty".into(), "Byron".into())
    );
    let shown = world.hirewire(&["records"]).await.expect(0).out;
    assert!(shown.contains("acme:7") && shown.contains("beta:7"), "{shown}");
    let only = world.hirewire(&["records", "--connection", "beta"]).await.expect(0).out;
    assert!(only.contains("bea") && !only.contains("ada.byron"), "{only}");
    let explained = world.hirewire(&["explain", "beta:7"]).await.expect(0).out;
    assert!(explained.contains("Beta people"), "{explained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hr_system_out_of_reach_does_not_hold_up_the_other() {
    let (world, beta) = two_companies().await;
    let serving = world.serve().await;
    world.eventually("both are there", |town| town.jumpcloud.users().len() == 2).await;
    // Nobody is under way any more whom a stop would have to wait for.
    world.comes_to_rest("both are done", |_| true).await;
    // acme comes first in every list of connections, and hangs.
    let trouble = Trouble::Slow(Duration::from_secs(60));
    world.town.bamboohr.traffic().fail(Fault { method: None, path: String::new(), after: 0, times: 1000, trouble });
    world.town.clock.advance(61);
    tokio::time::sleep(Duration::from_millis(500)).await;
    beta.hire(person("8", "Ben", "Beta").email("ben@beta.example"));
    beta.terminate("7", "2026-03-01");
    world.town.clock.advance(61);
    world.eventually("Ben is there", |town| town.jumpcloud.user("ben@beta.example").is_some()).await;
    world.eventually("Bea is out", |_| world.state("bea@beta.example") == "SUSPENDED").await;
    // And a stop does not wait for the one that hangs.
    let asked = std::time::Instant::now();
    assert_eq!(serving.stop().await.0, 0);
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_has_its_own_webhook_and_key() {
    let (world, beta) = two_companies().await;
    // The door of `beta` is known once `serve` is up; its key must be there before, and not be acme's.
    beta.subscribe("http://127.0.0.1:1/");
    let key = beta.subscribe("http://127.0.0.1:2/");
    world.town.write_key("beta-webhook.key", &key);
    let serving = world.serve().await;
    world.eventually("both are there", |town| town.jumpcloud.users().len() == 2).await;
    beta.set("7", "lastName", "Betty");
    let mut delivery = beta.pending_webhooks().pop().expect("a webhook waits");
    delivery.url = serving.url.clone();
    assert!(world.is_refused(beta.send(&delivery).await), "acme's door does not take beta's signature");
    delivery.url = serving.url.replace("/acme", "/beta");
    assert_eq!(beta.send(&delivery).await, Some(200));
    world.eventually("the name is new", |_| world.says("bea@beta.example", "lastname") == "Betty").await;
    assert_eq!(serving.stop().await.0, 0);
}

/// How many POSTs to this very path JumpCloud has taken.
fn accepted(world: &World, path: &str) -> usize {
    let exchanges = world.town.jumpcloud.traffic().exchanges();
    let taken = |one: &&tests::server::Exchange| one.method == Method::POST && one.status.is_success();
    exchanges.iter().filter(taken).filter(|one| one.path == path).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_whoever_is_under_way_and_a_restart_goes_on() {
    if only_one_machine("nobody stops functions") {
        return;
    }
    let world = World::at(MONDAY).await;
    world.move_in();
    world.town.jumpcloud.traffic().set_latency(Duration::from_millis(25));
    let serving = world.serve().await;
    world.eventually("some are there", |town| town.jumpcloud.users().len() > 10).await;
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("people under way are finished first"), "{log}");
    let made = world.town.jumpcloud.users().len();
    assert!(made < 94, "the stop came in the middle");
    // Nobody is half done: whoever has an account has their groups.
    for user in world.town.jumpcloud.users() {
        let name = user["username"].as_str().expect("a name");
        assert_eq!(world.town.jumpcloud.groups_of(name).len(), 2, "{name}");
    }
    world.town.jumpcloud.traffic().set_latency(Duration::ZERO);
    let serving = world.serve().await;
    world.eventually("all are there", |town| town.jumpcloud.users().len() == 94).await;
    assert_eq!(serving.stop().await.0, 0);
    assert_eq!(accepted(&world, "/api/systemusers"), 94);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_serves_on_one_store_do_nobodys_work_twice() {
    let world = World::at(MONDAY).await;
    world.move_in();
    world.town.jumpcloud.traffic().set_latency(Duration::from_millis(5));
    let (one, other) = (world.serve().await, world.serve().await);
    world.eventually("all are there", |town| town.jumpcloud.users().len() == 94).await;
    world.eventually("everyone is in their groups", |town| town.jumpcloud.members("All staff").len() == 94).await;
    assert_eq!((one.stop().await.0, other.stop().await.0), (0, 0));
    world.town.jumpcloud.traffic().set_latency(Duration::ZERO);
    world.sync().await;
    assert_eq!((accepted(&world, "/api/systemusers"), accepted(&world, "/api/v2/usergroups")), (94, 6));
    let exchanges = world.town.jumpcloud.traffic().exchanges();
    let joins = exchanges.iter().filter(|one| one.path.contains("/members") && one.method == Method::POST).count();
    assert_eq!(joins, 2 * 94);
    world.forget_calls();
    world.sync().await;
    assert_eq!(world.town.jumpcloud.writes(), 0);
}
