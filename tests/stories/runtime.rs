//! Each function's real binary under AWS's own runtime interface emulator: what it does with what is none of its
//! business, when it is stopped or killed, and that the next call works.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::bamboohr::Delivery;
use tests::lambda::events;

use crate::cast::{ADA, GRACE};
use crate::house::NAME;
use crate::room::{PATIENCE, Room};
use crate::world::instant;

/// A function's time, in seconds, where a story does not wait for its end.
const TIMEOUT: u64 = 60;

/// A delivery as an HTTP API hands it over.
fn posted(delivery: &Delivery) -> Value {
    let mut event = request("POST", "/webhook/acme", &delivery.body);
    for (name, value) in &delivery.headers {
        event["headers"][name.to_lowercase()] = json!(value);
    }
    event
}

fn request(method: &str, path: &str, body: &str) -> Value {
    events::request(method, path, [("content-type", "application/json")], body, false)
}

/// The status of an answer that says nothing else.
fn status(answer: &Value) -> u64 {
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    assert_eq!(body, "", "nothing is said to a sender: {answer}");
    answer["statusCode"].as_u64().expect("a status")
}

const GARBAGE: [&str; 4] = ["what is this", "", "[1, 2", "\"text\""];

#[tokio::test(flavor = "multi_thread")]
async fn the_door_takes_what_is_proven_and_survives_the_rest() {
    let room = Room::open().await;
    room.subscribe();
    let mut door = room.emulate("webhook", 9).await;
    for garbage in GARBAGE.into_iter().chain([r#"{"Records":[]}"#, "{}"]) {
        door.error(garbage).await;
    }
    room.town.bamboohr.set("7", "jobTitle", "Head of Engines");
    let deliveries = room.town.bamboohr.pending_webhooks();
    let delivery = deliveries.first().expect("a webhook");
    assert_eq!(status(&door.good(&posted(delivery)).await), 200);
    assert_eq!(room.waiting().await, 1);
    // The same once more: taken, and nothing is queued.
    assert_eq!(status(&door.good(&posted(delivery)).await), 200);
    assert_eq!(room.waiting().await, 1);
    let mut forged = posted(delivery);
    forged["body"] = json!(format!("{} ", delivery.body));
    // The keys were read a moment ago. That they were changed since cannot be ruled out yet: try again.
    assert_eq!(status(&door.good(&forged).await), 503);
    for path in ["/webhook/other", "/webhook/a b", "/webhook/", "/", "/elsewhere"] {
        assert_eq!(status(&door.good(&request("POST", path, "{}")).await), 404, "{path}");
    }
    assert_eq!(status(&door.good(&request("GET", "/webhook/acme", "")).await), 405);
    assert_eq!(status(&door.good(&request("POST", "/webhook/acme", "{}")).await), 401);
    let large = request("POST", "/webhook/acme", &"x".repeat((1 << 20) + 1));
    assert_eq!(status(&door.good(&large).await), 413);
    let mut broken = request("POST", "/webhook/acme", "no base64!");
    broken["isBase64Encoded"] = json!(true);
    assert_eq!(status(&door.good(&broken).await), 400);
    for (outcome, count) in [("queued", 1.0), ("replayed", 1.0), ("refused", 4.0), ("failed", 1.0), ("unknown", 5.0)] {
        assert_eq!(door.metric("webhooks", &[("outcome", outcome)]), count, "{outcome}\n{}", door.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_webhook_key_loses_no_delivery() {
    let room = Room::open().await;
    let mut door = room.emulate("webhook", 9).await;
    // Keys and rules are read now, and not again of the door's own accord.
    assert_eq!(status(&door.good(&request("POST", "/webhook/acme", "{}")).await), 401);
    room.subscribe();
    room.town.bamboohr.set("7", "jobTitle", "Head of Engines");
    let deliveries = room.town.bamboohr.pending_webhooks();
    let event = posted(deliveries.first().expect("a webhook"));
    let start = Instant::now();
    let mut statuses = Vec::new();
    while start.elapsed() < PATIENCE && statuses.last() != Some(&200) {
        statuses.push(status(&door.good(&event).await));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // Never a 4xx, after which BambooHR would not come back.
    assert_eq!(statuses.pop(), Some(200), "{statuses:?}");
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    assert_eq!(room.waiting().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_comes_back_after_its_end() {
    let room = Room::open().await;
    room.subscribe();
    let mut door = room.emulate("webhook", 3).await;
    door.survives(&request("POST", "/webhook/acme", "{}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rules_the_door_asks_to_try_again_and_the_others_fail() {
    let room = Room::without_rules().await;
    room.house.move_in();
    let mut door = room.emulate("webhook", 9).await;
    assert_eq!(status(&door.good(&request("POST", "/webhook/acme", "{}")).await), 503);
    drop(door);
    for name in ["poller", "reconciler"] {
        let mut function = room.emulate(name, TIMEOUT).await;
        assert_eq!(function.error("{}").await, "NotReady", "{name}");
        assert!(function.log().contains("hirewire rules push"), "{}", function.log());
        room.push_rules(1).await;
        function.good(&json!({})).await;
        drop(function);
        let delete = json!({
            "TableName": format!("{NAME}-state"), "Key": { "pk": { "S": "rules" }, "sk": { "S": "current" } },
        });
        room.house.account.call("dynamodb", "DeleteItem", delete).await.expect("an item is deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poller_queues_who_changed_and_survives_the_rest() {
    let room = Room::open().await;
    let mut poller = room.emulate("poller", TIMEOUT).await;
    for garbage in GARBAGE.into_iter().chain(["[]", r#"{"connection": 7}"#, r#"{"connection": "other"}"#]) {
        poller.error(garbage).await;
    }
    // Out of sight of the overlap with which HR is asked.
    room.town.travel_to(instant("2026-03-02T10:00[America/Denver]"));
    let nothing = json!({ "polled": { "acme": 0 }, "not_due": [], "refused": [], "failed": [], "woken": 0 });
    assert_eq!(poller.good(&json!({})).await, nothing);
    room.town.travel_to(instant("2026-03-02T10:05[America/Denver]"));
    room.town.bamboohr.set("7", "jobTitle", "Head of Engines");
    room.town.travel_to(instant("2026-03-02T10:06[America/Denver]"));
    let one = json!({ "polled": { "acme": 1 }, "not_due": [], "refused": [], "failed": [], "woken": 0 });
    assert_eq!(poller.good(&json!({ "connection": "acme" })).await, one);
    assert_eq!(room.waiting().await, 1);
    assert_eq!(poller.metric("polls_complete", &[]), 2.0, "{}", poller.log());
    assert_eq!(poller.metric("polls_complete", &[("connection", "acme")]), 2.0);
    assert_eq!(poller.metric("queued", &[("trigger", "poll")]), 1.0);
    drop(poller);
    room.emulate("poller", 8).await.survives(&json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_left_alone_until_it_is_changed() {
    let room = Room::open().await;
    let mut poller = room.emulate("poller", TIMEOUT).await;
    poller.good(&json!({})).await;
    let key = room.town.bamboohr.rotate_key();
    assert_eq!(poller.error("{}").await, "Work");
    room.town.bamboohr.traffic().reset();
    // From ten seconds on the key is read anew each time, and is still the same.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(poller.error("{}").await, "Work");
    assert_eq!(poller.error("{}").await, "Work");
    assert_eq!(room.town.bamboohr.traffic().total(), 0, "a refused key is not tried in a loop");
    assert_eq!(poller.metric("keys_refused", &[]), 3.0, "{}", poller.log());
    room.town.write_key("bamboohr.key", &key);
    room.house.move_in();
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if poller.say("{}").await.contains("polled") {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("a changed key is not taken:\n{}", poller.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provisioner_does_what_a_batch_asks_and_survives_the_rest() {
    let room = Room::open().await;
    let mut provisioner = room.emulate("provisioner", TIMEOUT).await;
    let s3 = r#"{"Records":[{"eventSource":"aws:s3","messageId":"m"}]}"#;
    for garbage in GARBAGE.into_iter().chain(["{}", "[]", s3]) {
        provisioner.error(garbage).await;
    }
    let none = json!({ "batchItemFailures": [] });
    assert_eq!(provisioner.good(&json!({ "Records": [] })).await, none);
    let mut batch = room.batch(&["7", "8"]).await;
    // Among them one that names nobody: it is reported, and the others are worked.
    let nobody = json!({
        "messageId": "nobody", "receiptHandle": "x", "body": "what is this", "eventSource": "aws:sqs",
        "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "what is this" },
    });
    batch["Records"].as_array_mut().expect("records").push(nobody);
    let reported = json!({ "batchItemFailures": [{ "itemIdentifier": "nobody" }] });
    assert_eq!(provisioner.good(&batch).await, reported, "{}", provisioner.log());
    for email in [ADA, GRACE] {
        assert!(room.town.jumpcloud.user(email).is_some(), "{}", room.town.jumpcloud.snapshot());
    }
    // Delivered twice: nothing is done a second time.
    let writes = room.town.jumpcloud.writes();
    assert_eq!(provisioner.good(&batch).await, reported);
    assert_eq!(room.town.jumpcloud.writes(), writes);
    assert_eq!(provisioner.metric("worked", &[("outcome", "done")]), 4.0, "{}", provisioner.log());
    assert_eq!(provisioner.metric("worked", &[("outcome", "unreadable")]), 2.0);
    assert!(provisioner.metric("actions", &[]) >= 2.0);
    let timed = provisioner.lines().iter().any(|line| line["change_to_access_seconds"].is_array());
    assert!(timed, "{}", provisioner.log());
    drop(provisioner);
    room.emulate("provisioner", 14).await.survives(&json!({ "Records": [] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioner_that_is_killed_in_the_middle_loses_nobody() {
    let room = Room::open().await;
    let mut provisioner = room.emulate("provisioner", TIMEOUT).await;
    let batch = room.batch(&["7"]).await;
    room.town.jumpcloud.traffic().set_latency(Duration::from_secs(2));
    let (client, url, event) = (provisioner.client.clone(), provisioner.url.clone(), batch.to_string());
    let call = tokio::spawn(async move { client.post(url).body(event).send().await });
    let start = Instant::now();
    while room.town.jumpcloud.traffic().total() == 0 {
        assert!(start.elapsed() < PATIENCE, "JumpCloud is never asked:\n{}", provisioner.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    provisioner.signal("-KILL");
    drop(call.await);
    room.town.jumpcloud.traffic().set_latency(Duration::ZERO);
    let none = json!({ "batchItemFailures": [] });
    assert_eq!(provisioner.good(&batch).await, none, "{}", provisioner.log());
    assert!(room.town.jumpcloud.user(ADA).is_some(), "{}", room.town.jumpcloud.snapshot());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_in_time_is_reported() {
    let room = Room::open().await;
    // Ten of these seconds are kept for giving back.
    let mut provisioner = room.emulate("provisioner", 14).await;
    let batch = room.batch(&["7"]).await;
    room.town.jumpcloud.traffic().set_latency(Duration::from_secs(20));
    let reported = json!({ "batchItemFailures": [{ "itemIdentifier": batch["Records"][0]["messageId"] }] });
    assert_eq!(provisioner.good(&batch).await, reported, "{}", provisioner.log());
    room.town.jumpcloud.traffic().set_latency(Duration::ZERO);
    assert_eq!(provisioner.good(&batch).await, json!({ "batchItemFailures": [] }), "{}", provisioner.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_refused_in_a_batch_stops_all_work_until_it_is_changed() {
    let room = Room::open().await;
    let mut provisioner = room.emulate("provisioner", TIMEOUT).await;
    let batch = room.batch(&["7", "8"]).await;
    let key = room.town.jumpcloud.rotate_key();
    let all = |answer: &Value| answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    assert_eq!(all(&provisioner.good(&batch).await), 2, "{}", provisioner.log());
    room.town.jumpcloud.traffic().reset();
    room.town.bamboohr.traffic().reset();
    assert_eq!(all(&provisioner.good(&batch).await), 2, "{}", provisioner.log());
    let calls = room.town.jumpcloud.traffic().total() + room.town.bamboohr.traffic().total();
    assert_eq!(calls, 0, "a refused key is not tried in a loop");
    assert_eq!(provisioner.metric("keys_refused", &[]), 2.0, "{}", provisioner.log());
    room.town.write_key("jumpcloud.key", &key);
    room.house.move_in();
    // Keys that were read a moment ago are not read again for ten seconds.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(all(&provisioner.good(&batch).await), 0, "{}", provisioner.log());
    assert!(room.town.jumpcloud.user(ADA).is_some() && room.town.jumpcloud.user(GRACE).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reconciler_surveys_once_a_day_or_when_asked_and_survives_the_rest() {
    let room = Room::open().await;
    let mut reconciler = room.emulate("reconciler", TIMEOUT).await;
    for garbage in GARBAGE.into_iter().chain(["[]", r#"{"now": "yes"}"#, r#"{"connection": "other"}"#]) {
        reconciler.error(garbage).await;
    }
    let surveyed = reconciler.good(&json!({})).await;
    let first = &surveyed["surveyed"][0];
    assert_eq!((&first["connection"], &first["people"], &first["to_do"]), (&json!("acme"), &json!(2), &json!(2)));
    assert_eq!(room.waiting().await, 2);
    assert_eq!(reconciler.good(&json!({})).await["not_due"], json!(["acme"]));
    // Nobody's claim is given back; it lasts as long as an invocation can.
    assert_eq!(reconciler.good(&json!({ "now": true })).await["running"], json!(["acme"]));
    room.town.travel_to(instant("2026-03-02T09:16[America/Denver]"));
    let again = reconciler.good(&json!({ "connection": "acme", "now": true })).await;
    assert_eq!(again["surveyed"][0]["people"], 2, "{again}");
    room.town.travel_to(instant("2026-03-03T09:16[America/Denver]"));
    assert_eq!(reconciler.good(&json!({})).await["surveyed"][0]["people"], 2);
    let synced = reconciler.metric("people", &[("connection", "acme"), ("status", "synced")]);
    assert!(synced >= 2.0, "{}", reconciler.log());
    drop(reconciler);
    room.emulate("reconciler", 34).await.survives_quickly(&json!({})).await;
}
