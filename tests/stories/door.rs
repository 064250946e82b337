//! The webhook door: strangers get nothing and learn nothing, and every form that BambooHR sends is a hint.

use std::time::Duration;

use tests::bamboohr::{NewWebhook, Stamp, sign};

use crate::safety::{email, staffed, tells_nothing};
use crate::world::{Serving, World};

/// Posts a body as BambooHR would, signed with `key` at `moment`.
async fn post(url: &str, body: &str, key: &str, moment: i64) -> u16 {
    let stamp = moment.to_string();
    let client = reqwest::Client::new();
    let request = client.post(url).header("X-BambooHR-Timestamp", &stamp);
    let request = request.header("X-BambooHR-Signature", sign(key, body.as_bytes(), &stamp));
    request.body(body.to_owned()).send().await.expect("an answer").status().as_u16()
}

/// The key by which `serving` checks.
fn key_of(world: &World, serving: &Serving) -> String {
    let webhooks = world.town.bamboohr.webhooks();
    webhooks.into_iter().rfind(|webhook| webhook.is.url == serving.url).expect("a subscription").private_key
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_the_door() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    let key = key_of(&world, &serving);
    // What `serve` begins with is over: on a busy machine that takes its time.
    let mut before = world.calls();
    loop {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let now = world.calls();
        if now == before {
            break;
        }
        before = now;
    }
    let now = world.town.clock.now().as_second();
    let body = r#"{"type":"employee.updated","timestamp":"2026-03-02T16:00:00Z","data":{"employeeId":"2"}}"#;
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    world.town.bamboohr.edit_pending(Vec::clear);
    world.forget_calls();
    let other = "f00d".repeat(8);
    assert!(world.is_refused(Some(post(&serving.url, body, &other, now).await)), "forged");
    assert!(world.is_refused(Some(post(&serving.url, body, &key, now - 301).await)), "stale");
    assert!(world.is_refused(Some(post(&serving.url, body, &key, now + 301).await)), "from the future");
    for path in ["acme2", "ACME", "acme/", "acme/x", "..%2facme", "%00", "a b"] {
        let url = serving.url.replace("/webhook/acme", &format!("/webhook/{}", path.replace(' ', "%20")));
        assert_eq!(post(&url, body, &key, now).await, 404, "{path}");
    }
    let malformed =
        ["", "{", "[]", "hello", "<html>", r#"{"type":"employee.updated","data":7}"#, "{\"employees\":[{}]}"];
    for body in malformed {
        assert_eq!(post(&serving.url, body, &key, now).await, 400, "{body}");
    }
    let huge = format!(r#"{{"type":"employee.updated","data":{{"employeeId":"2","x":"{}"}}}}"#, "x".repeat(10 << 20));
    let client = reqwest::Client::new();
    let stamp = now.to_string();
    let request = client.post(&serving.url).header("X-BambooHR-Timestamp", &stamp);
    let request = request.header("X-BambooHR-Signature", sign(&key, huge.as_bytes(), &stamp));
    // The door may close while the body is still being sent.
    if let Ok(answer) = request.body(huge).send().await {
        assert_eq!(answer.status().as_u16(), 413);
    }
    let unsigned = client.post(&serving.url).body(body).send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);
    assert_eq!(unsigned.text().await.expect("a body"), "", "nothing is said to a stranger");
    let get = client.get(&serving.url).send().await.expect("an answer").status().as_u16();
    assert_eq!(get, 405);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.calls(), (0, 0), "nobody was asked about anybody");
    // The real thing, then the very same again.
    assert_eq!(post(&serving.url, body, &key, now).await, 200);
    let weaver =
        |town: &tests::town::Town| town.jumpcloud.user(&email(2)).is_some_and(|user| user["jobTitle"] == "Weaver");
    world.eventually("the hint was followed", weaver).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = world.calls();
    for _ in 0..3 {
        assert_eq!(post(&serving.url, body, &key, now).await, 200);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.calls(), calls, "a replay is no news");
    // Values in a webhook are never used.
    let liar = r#"{"employees":[{"id":"3","action":"Updated","fields":{"Status":{"value":"Inactive"}}}]}"#;
    assert_eq!(post(&serving.url, liar, &key, now).await, 200);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.state(&email(3)), "ACTIVATED");
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    tells_nothing(&world, &log);
    assert!(!log.contains(&key) && !log.contains(&other), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_webhook_is_a_hint() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    let key = key_of(&world, &serving);
    let new = NewWebhook::to(&serving.url);
    let old = NewWebhook {
        events: ["created", "updated", "deleted"].map(|event| format!("employee_with_fields.{event}")).to_vec(),
        post_fields: vec![
            ("firstName".to_owned(), "First Name".to_owned()),
            ("status".to_owned(), "Status".to_owned()),
        ],
        ..new.clone()
    };
    let mut round = 0;
    for form_encoded in [false, true] {
        for (webhook, wrapped) in [(&new, false), (&old, false), (&old, true)] {
            for stamp in [Stamp::Offset, Stamp::Zulu] {
                round += 1;
                world.town.bamboohr.switch(|switches| {
                    (switches.webhook_stamp, switches.webhook_values_wrapped) = (stamp, wrapped);
                });
                let subscription = world.town.bamboohr.subscribe_to(NewWebhook { form_encoded, ..(*webhook).clone() });
                world.town.bamboohr.edit_pending(Vec::clear);
                let title = format!("Smith {round}");
                world.town.clock.advance(1);
                world.town.bamboohr.set("2", "jobTitle", &title);
                let waiting = world.town.bamboohr.pending_webhooks();
                let mut delivery =
                    waiting.into_iter().find(|waiting| waiting.webhook == subscription.id).expect("a delivery");
                delivery.sign(&key, world.town.clock.now());
                world.town.bamboohr.edit_pending(Vec::clear);
                let status = world.town.bamboohr.send(&delivery).await;
                assert_eq!(status, Some(200), "{form_encoded} {wrapped} {stamp:?}: {}", delivery.body);
                world
                    .eventually("the hint was followed", |town| {
                        town.jumpcloud.user(&email(2)).is_some_and(|user| user["jobTitle"] == *title)
                    })
                    .await;
            }
        }
    }
    assert_eq!(serving.stop().await.0, 0);
}
