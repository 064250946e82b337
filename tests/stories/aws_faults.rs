//! What can go wrong on AWS and nowhere else. These worlds live there, wherever the other stories are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::{StreamExt, iter};
use serde_json::{Value, json};
use tests::server::{Fault, Trouble};

use crate::crash::{audited, killed};
use crate::faults::settle;
use crate::house::{House, NAME};
use crate::safety::{MORNING, email, person, quiet, tells_nothing};
use crate::wire::{Cut, back, onward};
use crate::world::{RULES, World};

/// How many worlds live at once in one test.
const AT_ONCE: usize = 3;
/// How long a story waits for something that functions do by themselves: longer than they keep what they have read.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many people, not synced yet.
async fn hired(people: usize) -> World {
    let world = World::on_aws(MORNING, RULES).await;
    for n in 1..=people {
        world.town.bamboohr.hire(person(n));
    }
    world
}

/// So many people, synced.
async fn staffed(people: usize) -> World {
    let world = hired(people).await;
    quiet(&world, &["sync"]).await.expect(0);
    world
}

fn house(world: &World) -> &House {
    world.house.as_ref().expect("it lives on AWS")
}

fn title(world: &World, n: usize) -> String {
    world.town.jumpcloud.user(&email(n)).map_or_else(String::new, |user| user["jobTitle"].as_str().unwrap_or("").into())
}

// The provisioner is killed.

/// A mover under another manager, and a leaver.
fn changes(world: &World) {
    world.town.bamboohr.set_all("4", &[("department", Some("Loom")), ("supervisorEId", Some("1"))]);
    world.town.bamboohr.terminate("3", "2026-03-01");
}

/// Killed at the `at`-th call of JumpCloud, of the first sync or of the changes; then all ends as it should.
async fn killed_at(cut: Cut, at: usize, second: bool, wanted: &[String; 2]) -> bool {
    let case = format!("{cut:?} {at}, {}", if second { "changes" } else { "first sync" });
    let world = if second { staffed(4).await } else { hired(4).await };
    if second {
        changes(&world);
    }
    let struck = killed(&world, cut, at).await;
    settle(&world, &case).await;
    assert_eq!(world.town.jumpcloud.snapshot(), wanted[usize::from(second)], "{case}");
    assert_eq!(world.town.jumpcloud.users().len(), 4, "{case}");
    audited(&world, 4, &case).await;
    struck
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioner_killed_at_any_call_leaves_nothing_half_done() {
    let world = staffed(4).await;
    let first = world.town.jumpcloud.snapshot();
    changes(&world);
    quiet(&world, &["sync"]).await.expect(0);
    let wanted = [first, world.town.jumpcloud.snapshot()];
    let first = [(Cut::HeldBefore, 4), (Cut::HeldAfter, 5), (Cut::HeldAfter, 9), (Cut::HeldBefore, 12)];
    let second = [(Cut::HeldAfter, 6), (Cut::HeldBefore, 8)];
    let cases = first.map(|(cut, at)| (cut, at, false)).into_iter().chain(second.map(|(cut, at)| (cut, at, true)));
    let ran = iter(cases.map(|(cut, at, second)| killed_at(cut, at, second, &wanted))).buffer_unordered(AT_ONCE);
    let struck: Vec<bool> = ran.collect().await;
    assert!(struck.iter().filter(|struck| **struck).count() >= 5, "{struck:?}");
}

// Messages come twice.

/// An event with a message about this person; of what it says only who counts.
fn batch(n: usize, message: &str) -> Value {
    json!({ "Records": [{
        "messageId": message, "receiptHandle": "a handle of no message", "body": "{}",
        "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": format!("acme:{n}") },
        "messageAttributes": {}, "eventSource": "aws:sqs",
    }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_delivered_twice_or_to_two_at_once_is_made_once() {
    let world = hired(2).await;
    drop(world.command(&["check"]));
    let one = house(&world).function("provisioner", 150).await;
    let other = house(&world).function("provisioner", 150).await;
    // So that each is in the middle when the other begins.
    world.town.jumpcloud.traffic().set_latency(Duration::from_millis(30));
    let (first, second) = tokio::join!(one.invoke(batch(1, "m1")), other.invoke(batch(1, "m2")));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    let again = one.invoke(batch(1, "m1")).await.expect("the same message once more");
    assert_eq!(again, json!({ "batchItemFailures": [] }));
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    assert_eq!(world.town.jumpcloud.groups_of(&email(1)), ["All staff", "Dept Kiln"]);
    world.forget_calls();
    one.invoke(batch(1, "m1")).await.expect("and once more");
    assert_eq!(world.town.jumpcloud.writes(), 0);
    audited(&world, 1, "twice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_repeated_changes_nothing_more() {
    let world = staffed(2).await;
    let serving = world.serve().await;
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    let delivery = world.town.bamboohr.pending_webhooks().pop().expect("a webhook waits");
    assert_eq!(world.town.bamboohr.send(&delivery).await, Some(200));
    world.eventually("2 has the new title", |_| title(&world, 2) == "Weaver").await;
    world.forget_calls();
    for _ in 0..3 {
        assert_eq!(world.town.bamboohr.send(&delivery).await, Some(200));
    }
    let (_, log) = serving.stop().await;
    assert_eq!(world.town.jumpcloud.writes(), 0);
    tells_nothing(&world, &log);
}

// AWS itself is in trouble.

/// A door before the emulator that can be told what to refuse.
struct Door {
    url: String,
    inside: Arc<Inside>,
}

struct Inside {
    to: String,
    client: reqwest::Client,
    throttled: AtomicBool,
    queue_down: AtomicBool,
}

impl Door {
    /// Functions that are started from now on reach AWS through it.
    async fn before(world: &World) -> Door {
        let to = house(world).account.endpoint.clone();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let (throttled, queue_down) = (AtomicBool::new(false), AtomicBool::new(false));
        let inside = Arc::new(Inside { to, client, throttled, queue_down });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(pass).with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, app).await.expect("a door") });
        house(world).lead_through(&url);
        Door { url, inside }
    }
}

async fn pass(State(door): State<Arc<Inside>>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if target.starts_with("DynamoDB") && door.throttled.load(Ordering::SeqCst) {
        let code = "com.amazonaws.dynamodb.v20120810#ThrottlingException";
        return (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": "slow down" }).to_string())
            .into_response();
    }
    if target.starts_with("AmazonSQS") && door.queue_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match onward(&door.client, &door.to, request).await.send().await {
        Ok(answer) => back(answer).await,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Lets time pass at BambooHR, which tries again what was not taken, and on the queue, until it is so.
async fn passes(world: &World, what: &str, test: impl Fn() -> bool) {
    let start = Instant::now();
    while !test() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}\n{}", world.town.jumpcloud.snapshot());
        world.town.clock.advance(400);
        world.town.bamboohr.deliver_webhooks().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_loses_nothing() {
    let world = staffed(4).await;
    let door = Door::before(&world).await;
    assert_ne!(door.url, house(&world).account.endpoint);
    let serving = world.serve().await;
    world.town.bamboohr.set("1", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    passes(&world, "1 has the new title", || title(&world, 1) == "Weaver").await;
    door.inside.throttled.store(true, Ordering::SeqCst);
    for n in 2..=4 {
        world.town.bamboohr.set(&n.to_string(), "jobTitle", "Weaver");
    }
    world.town.bamboohr.deliver_webhooks().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(title(&world, 2), "Smith");
    door.inside.throttled.store(false, Ordering::SeqCst);
    passes(&world, "all have the new title", || (2..=4).all(|n| title(&world, n) == "Weaver")).await;
    let (_, log) = serving.stop().await;
    tells_nothing(&world, &log);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_while_the_queue_is_down_come_again() {
    let world = staffed(2).await;
    let door = Door::before(&world).await;
    let serving = world.serve().await;
    door.inside.queue_down.store(true, Ordering::SeqCst);
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    let results = world.town.bamboohr.deliver_webhooks().await;
    let [only] = &results[..] else { panic!("{results:?}") };
    assert!(only.status.is_some_and(|status| status >= 500), "{only:?}");
    assert!(only.next_attempt.is_some(), "BambooHR tries again");
    door.inside.queue_down.store(false, Ordering::SeqCst);
    passes(&world, "the change has come", || title(&world, 2) == "Weaver").await;
    serving.stop().await;
}

// Keys are changed.

/// How often each vendor has refused a key.
fn refusals(world: &World) -> (usize, usize) {
    let count = |exchanges: Vec<tests::server::Exchange>| exchanges.iter().filter(|one| one.status == 401).count();
    (count(world.town.bamboohr.traffic().exchanges()), count(world.town.jumpcloud.traffic().exchanges()))
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotated_while_messages_wait_cost_nobody_anything() {
    let world = staffed(6).await;
    let serving = world.serve().await;
    world.town.bamboohr.set("1", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    passes(&world, "1 has the new title", || title(&world, 1) == "Weaver").await;
    // The vendors refuse the old keys at once; the new ones are put where the functions look a moment later.
    let (hr, it) = (world.town.bamboohr.rotate_key(), world.town.jumpcloud.rotate_key());
    world.forget_calls();
    for n in 2..=6 {
        world.town.bamboohr.set(&n.to_string(), "jobTitle", "Weaver");
    }
    world.town.bamboohr.deliver_webhooks().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.town.write_key("bamboohr.key", &hr);
    world.town.write_key("jumpcloud.key", &it);
    house(&world).move_in();
    passes(&world, "all have the new title", || (2..=6).all(|n| title(&world, n) == "Weaver")).await;
    let (by_hr, by_it) = refusals(&world);
    // Each of the five once at most in each of two provisioners, and a poller and a survey once.
    assert!(by_hr <= 14 && by_it <= 14, "a refused key was tried {by_hr} and {by_it} times");
    serving.stop().await;
    let run = world.hirewire(&["dead"]).await.expect(0);
    assert!(run.out.contains("Nothing was given up on"), "{}", run.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_signed_with_a_new_key_is_never_refused_for_good() {
    let world = staffed(2).await;
    let serving = world.serve().await;
    world.town.bamboohr.set("1", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    passes(&world, "1 has the new title", || title(&world, 1) == "Weaver").await;
    // The webhook is made anew, as `hirewire setup` does it when a key is lost: only the new key signs from here on.
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    world.town.bamboohr.edit_pending(Vec::clear);
    let key = world.town.bamboohr.subscribe(&serving.url);
    world.town.write_key("webhook.key", &key);
    house(&world).move_in();
    world.town.bamboohr.set("2", "department", "Anvil");
    let delivery = world.town.bamboohr.pending_webhooks().pop().expect("the new webhook's comes last");
    let start = Instant::now();
    let mut status = world.town.bamboohr.send(&delivery).await;
    while status != Some(200) {
        assert!(status.is_some_and(|status| status >= 500), "{status:?}");
        assert!(start.elapsed() < PATIENCE, "the new key is not taken");
        tokio::time::sleep(Duration::from_secs(1)).await;
        status = world.town.bamboohr.send(&delivery).await;
    }
    world.eventually("2 has the new title", |_| title(&world, 2) == "Weaver").await;
    serving.stop().await;
}

// Messages that cannot be worked.

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_worked_ends_with_the_dead_letters_and_holds_up_nobody() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    let account = &house(&world).account;
    let name = json!({ "QueueName": format!("{NAME}.fifo") });
    let url = account.call("sqs", "GetQueueUrl", name).await.expect("a queue")["QueueUrl"].clone();
    let rubbish = json!({
        "QueueUrl": url, "MessageBody": "<html>", "MessageGroupId": "nobody", "MessageDeduplicationId": "rubbish",
    });
    account.call("sqs", "SendMessage", rubbish).await.expect("a message is sent");
    let id = world.says(&email(3), "_id");
    // An answer that nobody can read is tried again by the queue only, so that it does not take minutes.
    let trouble = Trouble::Answer { status: 200, headers: vec![], body: "<html>".to_owned() };
    let path = format!("/api/systemusers/{id}");
    let put = Some(Method::PUT);
    world.town.jumpcloud.traffic().fail(Fault { method: put, path, after: 0, times: 100_000, trouble });
    for n in 2..=3 {
        world.town.bamboohr.set(&n.to_string(), "jobTitle", "Weaver");
    }
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("2 has the new title", |_| title(&world, 2) == "Weaver").await;
    let start = Instant::now();
    let dead = loop {
        let dead = world.hirewire(&["dead"]).await;
        if dead.code == 1 {
            break dead.out;
        }
        assert!(start.elapsed() < 3 * PATIENCE, "it is never given up on: {dead:?}");
        world.town.clock.advance(301);
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    assert!(dead.contains("acme:3") && !dead.contains("acme:2"), "{dead}");
    world.town.jumpcloud.traffic().heal();
    world.hirewire(&["replay"]).await.expect(0);
    world.eventually("3 has the new title", |_| title(&world, 3) == "Weaver").await;
    let (_, log) = serving.stop().await;
    tells_nothing(&world, &log);
}

// Rules.

#[tokio::test(flavor = "multi_thread")]
async fn pushed_rules_are_obeyed_and_broken_ones_are_not_pushed() {
    let world = staffed(2).await;
    let serving = world.serve().await;
    let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
    world.town.write_config(&config.replace("first_state", "first_stat"));
    world.hirewire(&["rules", "push"]).await.expect(2);
    let more = format!("{config}\n[[connection.group]]\nname = \"Everybody\"\n");
    world.town.write_config(&more);
    world.hirewire(&["rules", "push"]).await.expect(0);
    serving.crash();
    let serving = world.serve().await;
    world.town.bamboohr.touch("2");
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("2 is in the new group", |town| town.jumpcloud.groups_of(&email(2)).len() == 3).await;
    serving.stop().await;
    let rows = json!({ "TableName": format!("{NAME}-log") });
    let rows = house(&world).account.call("dynamodb", "Scan", rows).await.expect("rows").to_string();
    assert!(rows.contains("\"v1\"") && rows.contains("\"v2\""), "{rows}");
}

/// So many messages wait.
async fn waiting(house: &House) -> usize {
    let name = json!({ "QueueName": format!("{NAME}.fifo") });
    let found = house.account.call("sqs", "GetQueueUrl", name).await.expect("a queue");
    let asked = json!({ "QueueUrl": found["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"] });
    let told = house.account.call("sqs", "GetQueueAttributes", asked).await.expect("attributes");
    let text = told["Attributes"]["ApproximateNumberOfMessages"].as_str().map(str::to_owned);
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number in {told}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_that_runs_out_of_time_goes_on_where_it_stopped() {
    // More than are planned with one look at the store, for time is looked at in between.
    let world = hired(520).await;
    drop(world.command(&["check"]));
    let house = house(&world);
    // Thirty seconds of these are kept for the end.
    let reconciler = house.function("reconciler", 56).await;
    world.town.bamboohr.traffic().set_latency(Duration::from_secs(9));
    let first = reconciler.invoke(json!({})).await.expect("a report");
    assert_eq!(first["surveyed"][0]["unfinished"], true, "{first}");
    assert_eq!(waiting(house).await, 500);

    world.town.bamboohr.traffic().set_latency(Duration::ZERO);
    world.town.clock.advance(301);
    let second = reconciler.invoke(json!({})).await.expect("a report");
    assert_eq!(second["surveyed"][0]["unfinished"], false, "{second}");
    assert_eq!(waiting(house).await, 520, "whoever was queued before is not queued again");
    world.town.clock.advance(301);
    let third = reconciler.invoke(json!({})).await.expect("a report");
    assert_eq!(third["not_due"], json!(["acme"]), "{third}");
}
