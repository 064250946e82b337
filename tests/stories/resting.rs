//! Two connections, and one HR system refuses its key: that one rests, and the other goes on.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use tests::hr::{Hr, HrKind, Leaving, NewHire, What};
use tests::server::{Fault, Trouble};

use crate::cast::{ADA, GRACE, MONDAY};
use crate::safety::tells_nothing;
use crate::world::{RULES, World, on_aws, only_one_machine};

/// How long a story waits: longer than functions keep what they have read.
const PATIENCE: Duration = Duration::from_secs(60);
/// Calls with a refused key, at most: on one machine as many as may be under way at once, and the poll; on AWS each of
/// two provisioners so many, and the poller.
const A_HANDFUL: usize = 5;
const A_HANDFUL_EACH: usize = 9;

const EVE: &str = "eve.adams@acme.example";

/// Ada of BambooHR and Grace of HiBob, both synced, and the id of each there.
async fn both() -> (World, Hr, String, String) {
    let world = World::of_both(MONDAY, RULES, RULES).await;
    let bob = world.town.hr(HrKind::Bob);
    let ada = world.hr.hire(&NewHire::new("Ada", "Byron").email(ADA).starts("2020-01-06"));
    let grace = bob.hire(&NewHire::new("Grace", "Hopper").email(GRACE).starts("2020-01-06"));
    world.hirewire(&["sync"]).await.expect(0);
    (world, bob, ada, grace)
}

fn eve() -> NewHire {
    NewHire::new("Eve", "Adams").email(EVE).starts("2020-01-06")
}

/// How often a key was refused.
fn refusals(hr: &Hr) -> usize {
    hr.traffic().exchanges().iter().filter(|one| one.status == StatusCode::UNAUTHORIZED).count()
}

/// Lets time pass until it is so: schedules come by the minute, and what a function has given back after five.
async fn passes(world: &World, what: &str, test: impl Fn() -> bool) {
    let start = Instant::now();
    while !test() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}\n{}", world.town.jumpcloud.snapshot());
        world.town.clock.advance(61);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// On AWS a key is taken to where it is read there.
fn moves_in(world: &World) {
    if let Some(house) = &world.house {
        house.move_in();
    }
}

/// What `GET /health` says.
async fn health(url: &str) -> (u16, String) {
    let address = url.trim_end_matches("/webhook/acme");
    let answer = reqwest::get(format!("{address}/health")).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_hr_key_stops_its_own_connection_until_it_is_changed() {
    let (world, bob, ada, grace) = both().await;
    let serving = world.serve().await;
    if !on_aws() {
        assert_eq!(health(&serving.url).await, (200, "ok\n".to_owned()));
    }
    let key = bob.rotate_key();
    world.forget_calls();
    // Several of HiBob's, one of them without a word: only a poll brings it.
    bob.set(&grace, What::LastName, Some("Murray"));
    bob.hire(&eve());
    bob.deliver_webhooks().await;
    bob.set(&grace, What::Title, Some("Admiral"));
    let limit = if on_aws() { A_HANDFUL_EACH } else { A_HANDFUL };
    passes(&world, "the key is refused", || refusals(&bob) > 0).await;
    // BambooHR's joiner and leaver go through meanwhile.
    world.hr.hire(&NewHire::new("Jo", "New").email("jo.new@acme.example").starts("2020-01-06"));
    world.hr.terminate(&ada, &Leaving::on("2026-03-01"));
    world.hr.deliver_webhooks().await;
    let there = || world.town.jumpcloud.user("jo.new@acme.example").is_some();
    passes(&world, "Jo is there and Ada is suspended", || there() && world.state(ADA) == "SUSPENDED").await;
    assert!(world.town.jumpcloud.user(EVE).is_none() && world.says(GRACE, "lastname") == "Hopper");
    // And time passes, minute after minute of polls, and due moments.
    for _ in 0..10 {
        world.town.clock.advance(61);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(refusals(&bob) <= limit, "{} calls with a refused key", refusals(&bob));
    if !on_aws() {
        assert_eq!(health(&serving.url).await, (503, "bolt rests: its key is refused\n".to_owned()));
    }

    world.town.write_key(bob.key_file(), &key);
    moves_in(&world);
    let all = || world.says(GRACE, "lastname") == "Murray" && world.says(GRACE, "jobTitle") == "Admiral";
    passes(&world, "HiBob's changes are there", || all() && world.town.jumpcloud.user(EVE).is_some()).await;
    if !on_aws() {
        assert_eq!(health(&serving.url).await.0, 200);
    }
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    tells_nothing(&world, &log);
    if !on_aws() {
        assert_eq!(log.matches("this connection rests").count(), 1, "said once: {log}");
        assert!(log.contains("hirewire setup --key"), "with what to do: {log}");
    }
    let dead = world.hirewire(&["dead"]).await.expect(0);
    assert!(dead.out.contains("Nothing was given up on"), "{}", dead.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_begins_with_a_connection_that_rests() {
    if only_one_machine("functions begin with every call") {
        return;
    }
    let (world, bob, ada, grace) = both().await;
    bob.set(&grace, What::LastName, Some("Murray"));
    let key = bob.rotate_key();
    let serving = world.serve().await;
    world.hr.terminate(&ada, &Leaving::on("2026-03-01"));
    world.hr.deliver_webhooks().await;
    world.eventually("Ada is suspended", |_| world.state(ADA) == "SUSPENDED").await;
    // A wrong key is tried as seldom as any other.
    world.town.write_key(bob.key_file(), "a typing error");
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(refusals(&bob) <= 2 * A_HANDFUL, "{}", refusals(&bob));
    world.town.write_key(bob.key_file(), &key);
    world.eventually("Grace is Murray", |_| world.says(GRACE, "lastname") == "Murray").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_ends_when_nobody_is_left_or_jumpcloud_refuses() {
    if only_one_machine("functions do not end themselves") {
        return;
    }
    let (world, bob, ada, grace) = both().await;
    let serving = world.serve().await;
    bob.rotate_key();
    bob.set(&grace, What::LastName, Some("Murray"));
    bob.deliver_webhooks().await;
    passes(&world, "HiBob refuses", || refusals(&bob) > 0).await;
    world.hr.rotate_key();
    world.hr.set(&ada, What::LastName, Some("King"));
    world.hr.deliver_webhooks().await;
    let (code, log) = serving.ends().await;
    assert_eq!(code, 3, "{log}");
    assert!(log.contains("acme: BambooHR refuses the key"), "{log}");
    assert!(refusals(&bob) <= A_HANDFUL && refusals(&world.hr) < A_HANDFUL, "{log}");

    let (world, bob, _, grace) = both().await;
    let serving = world.serve().await;
    let trouble = Trouble::Answer { status: 401, headers: Vec::new(), body: "{}".to_owned() };
    let all = Fault { method: None, path: "/api".to_owned(), after: 0, times: 100_000, trouble };
    world.town.jumpcloud.traffic().fail(all);
    bob.set(&grace, What::LastName, Some("Murray"));
    bob.deliver_webhooks().await;
    let (code, log) = serving.ends().await;
    assert_eq!(code, 3, "{log}");
    assert!(log.contains("JumpCloud refuses the key"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_removed_needs_no_key_and_goes_on() {
    if only_one_machine("functions do not end themselves") {
        return;
    }
    let (world, bob, ..) = both().await;
    let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
    world.town.write_config(&config.replacen("name = \"acme\"", "name = \"acme\"\nmode = \"release\"", 1));
    let (of_acme, of_bolt) = (world.hr.rotate_key(), bob.rotate_key());
    let serving = world.serve().await;
    let linked =
        |email: &str| world.town.jumpcloud.user(email).is_some_and(|user| user.to_string().contains("hirewireId"));
    world.eventually("Ada is let go", |_| !linked(ADA)).await;
    assert!(linked(GRACE));
    assert_eq!(refusals(&world.hr), 0, "nobody asks for who is removed");
    world.town.write_key(bob.key_file(), &of_bolt);
    drop(of_acme);
    passes(&world, "all is well again", || bob.traffic().exchanges().iter().any(|one| one.status == 200)).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_leave_out_who_is_refused_and_say_so() {
    let (world, bob, ada, grace) = both().await;
    let key = bob.rotate_key();
    world.hr.set(&ada, What::LastName, Some("King"));
    bob.set(&grace, What::LastName, Some("Murray"));
    moves_in(&world);
    world.forget_calls();
    let names_it = |err: &str| err.contains("bolt: HiBob refuses the key") && err.contains("check the key");
    let plan = world.hirewire(&["plan"]).await.expect(3);
    assert!(plan.out.contains("King") && plan.out.contains("Nothing was written"), "{}", plan.out);
    assert!(names_it(&plan.err), "{}", plan.err);
    let forecast = world.hirewire(&["forecast"]).await.expect(3);
    assert!(forecast.out.contains("bolt: not looked at, for its key is refused"), "{}", forecast.out);
    assert!(names_it(&forecast.err), "{}", forecast.err);
    let sync = world.hirewire(&["--format", "json", "sync"]).await.expect(3);
    let told = sync.json();
    assert_eq!((&told["stopped"], told["refused"].as_array().map(Vec::len)), (&json!(null), Some(1)), "{told}");
    assert!(names_it(&sync.err), "{}", sync.err);
    assert_eq!(world.says(ADA, "lastname"), "King");
    let one = world.hirewire(&["plan", "--connection", "bolt"]).await.expect(3);
    assert!(names_it(&one.err) && !one.out.contains("Nothing was written"), "{one:?}");
    let named = world.hirewire(&["plan", &format!("acme:{ada}"), &format!("bolt:{grace}")]).await.expect(3);
    assert!(!named.out.contains("no such"), "nothing is said of whom nobody could look for: {}", named.out);
    assert!(refusals(&bob) <= 5 * 2, "{}: each command asks once, or twice for one list", refusals(&bob));
    world.hirewire(&["check"]).await.expect(3);
    world.town.write_key(bob.key_file(), &key);
    moves_in(&world);
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.says(GRACE, "lastname"), "Murray");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_who_rests_wait_untried() {
    if only_one_machine("SQS counts every take as a try") {
        return;
    }
    let (world, bob, ada, grace) = both().await;
    let key = bob.rotate_key();
    let (of_acme, of_bolt) = (format!("acme:{ada}"), format!("bolt:{grace}"));
    world.hr.set(&ada, What::LastName, Some("King"));
    bob.set(&grace, What::LastName, Some("Murray"));
    // More often than a request may fail.
    for _ in 0..8 {
        world.town.clock.advance(301);
        world.hirewire(&["sync", &of_bolt, &of_acme]).await.expect(3);
    }
    assert_eq!(world.says(ADA, "lastname"), "King");
    world.hirewire(&["dead"]).await.expect(0);
    world.town.write_key(bob.key_file(), &key);
    // Whoever is worked, whoever waits is worked too.
    world.hirewire(&["sync", &of_acme]).await.expect(0);
    assert_eq!(world.says(GRACE, "lastname"), "Murray");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reconciler_surveys_the_others() {
    let (world, bob, ada, grace) = both().await;
    let Some(house) = &world.house else { return };
    // The first of the two in order.
    let key = world.hr.rotate_key();
    world.hr.set(&ada, What::LastName, Some("King"));
    bob.set(&grace, What::LastName, Some("Murray"));
    let reconciler = house.function("reconciler", 900).await;
    world.forget_calls();
    let mut asked = Vec::new();
    for _ in 0..4 {
        let report = reconciler.invoke(json!({ "now": true })).await.expect("a report");
        assert_eq!(report["failed"], json!(["acme"]), "{report}");
        asked.push(report["surveyed"][0]["connection"].clone());
        world.town.clock.advance(901);
    }
    assert_eq!(asked, ["bolt"; 4]);
    assert!(refusals(&world.hr) <= 2, "{} calls with a refused key", refusals(&world.hr));
    world.town.write_key(world.hr.key_file(), &key);
    house.move_in();
    let report = reconciler.invoke(json!({ "now": true })).await.expect("a report");
    assert_eq!(report["failed"], json!([]), "{report}");
}
