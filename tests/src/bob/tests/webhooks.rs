//! Webhooks: pings, bodies, signatures, order, retries.

use serde_json::{Value, json};

use super::{Ear, Person, ada, moment, town, waiting};
use crate::bob::{Bob, FieldUpdates, SIGNATURE_HEADER, Version, sign};

/// What an ear has heard since its pings.
fn heard(ear: &Ear) -> Vec<String> {
    let all = ear.heard.lock().expect("no panic in the ear").clone();
    all.into_iter().map(|(_, body)| body).filter(|body| !body.contains("Ping test")).collect()
}

/// A town in which somebody listens, and Ada's id.
async fn listening(statuses: &[u16]) -> (Bob, crate::clock::Clock, Ear, String) {
    let (bob, clock) = town().await;
    let id = bob.hire(ada());
    let ear = Ear::answering(statuses).await;
    bob.subscribe(&ear.url());
    (bob, clock, ear, id)
}

#[test]
fn the_signature_is_that_of_the_vector() {
    let body = r#"{"companyId":636192,"type":"employee.created","triggeredBy":"3332883804594373380","triggeredAt":"2026-03-02T07:36:42.486123","version":"v2","data":{"employeeId":"3332883911884669725"}}"#;
    let signature = "gcfJSfhU+0WraE4egy20J78zuqNjA7Hk+P9soHILz5t8/MpV5srcAV9R5HYH8fTOy4YDS7ZL+rrVTxsPtOTbNQ==";
    assert_eq!(sign("bob-webhook-secret", body.as_bytes()), signature);
}

#[tokio::test]
async fn a_new_webhook_is_pinged_and_then_told_everything() {
    let (bob, _) = town().await;
    let ear = Ear::answering(&[400, 200]).await;
    let secret = bob.subscribe(&ear.url());
    let id = bob.hire(Person::new("Ada", "Byron"));
    let results = bob.deliver_webhooks().await;
    assert_eq!(results.len(), 2, "pings are not among them");
    let all = ear.heard.lock().expect("no panic in the ear").clone();
    let bodies: Vec<&str> = all.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(bodies[..2], ["Ping test", r#"{"text":"Ping test"}"#]);
    assert!(bodies[2].starts_with(
        r#"{"companyId":636192,"type":"employee.created","triggeredBy":"3332883804594373380","triggeredAt":"2026-03-02T19:00:00.0000"#
    ));
    let created: Value = serde_json::from_str(bodies[2]).expect("JSON");
    assert_eq!((&created["version"], &created["data"]), (&json!("v2"), &json!({ "employeeId": id })));
    assert!(bodies[3].contains("employee.joined"));
    for (headers, body) in &all {
        assert_eq!(headers[SIGNATURE_HEADER], sign(&secret, body.as_bytes()));
    }
    assert_eq!(bob.webhooks()[0].pings, [Some(400), Some(200)]);
    bob.deliver_webhooks().await;
    assert_eq!(ear.heard.lock().expect("no panic in the ear").len(), 4, "no third ping");
}

#[tokio::test]
async fn updates_name_fields_in_one_way_or_another() {
    let (bob, _) = town().await;
    let id = bob.hire(ada());
    bob.subscribe("http://127.0.0.1:1/");
    let last_data = |change: FieldUpdates, name: &str| {
        bob.edit_pending(Vec::clear);
        bob.switch(|switches| switches.field_updates = change);
        bob.set(&id, "root.surname", Some(name));
        let body: Value = serde_json::from_str(&bob.pending_webhooks()[0].body).expect("JSON");
        body["data"].clone()
    };
    let id_only = json!({ "employeeId": id });
    let objects = json!({ "employeeId": id, "fieldUpdates": [{ "id": "root.surname" }] });
    assert_eq!(last_data(FieldUpdates::Objects, "Lovelace"), objects);
    let texts = json!({ "employeeId": id, "fieldUpdates": ["root.surname"] });
    assert_eq!(last_data(FieldUpdates::Texts, "King"), texts);
    assert_eq!(last_data(FieldUpdates::Absent, "Byron"), id_only);
    bob.edit_pending(Vec::clear);
    bob.set(&id, "root.surname", Some("Byron"));
    assert!(waiting(&bob).is_empty(), "nothing changed");
    bob.set_from(&id, "work.title", Some("Lead"), "2026-04-01");
    let bodies: Vec<String> = bob.pending_webhooks().into_iter().map(|delivery| delivery.body).collect();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].contains(r#""tableId":"work","effectiveDate":"2026-04-01"}"#), "{bodies:?}");
}

#[tokio::test]
async fn the_arrival_of_a_row_is_silent_unless_switched() {
    for (fires, events) in [(false, &[][..]), (true, &["employee.updated"][..])] {
        let (bob, clock) = town().await;
        let id = bob.hire(ada());
        bob.switch(|switches| switches.arrival_fires = fires);
        bob.set_from(&id, "work.title", Some("Lead"), "2026-04-01");
        bob.subscribe("http://127.0.0.1:1/");
        clock.set(moment("2026-04-01T06:00:00Z"));
        assert_eq!(waiting(&bob), events);
    }
}

#[tokio::test]
async fn a_failure_holds_up_what_follows_and_is_tried_for_three_days() {
    let (bob, clock, ear, id) = listening(&[200, 500, 204, 200]).await;
    bob.set(&id, "root.firstName", Some("Augusta"));
    bob.set(&id, "root.surname", Some("King"));
    let results = bob.deliver_webhooks().await;
    assert_eq!((results.len(), results[0].status), (1, Some(500)));
    assert_eq!(results[0].next_attempt, Some(clock.now() + jiff::SignedDuration::from_mins(1)));
    assert!(bob.deliver_webhooks().await.is_empty(), "not before its time");
    clock.advance(60);
    let results = bob.deliver_webhooks().await;
    assert_eq!((results.len(), results[0].status), (1, Some(204)), "only 200 is success");
    clock.advance(600);
    assert_eq!(bob.deliver_webhooks().await.len(), 2);
    let bodies = heard(&ear);
    assert!(bodies[..3].iter().all(|body| *body == bodies[0]), "the same body every time");
    assert!(bodies[3].contains("root.surname"));

    let (bob, clock, _, id) = listening(&[200, 503]).await;
    bob.set(&id, "root.firstName", Some("Augusta"));
    let begun = clock.now();
    let mut attempts = 0;
    loop {
        let results = bob.deliver_webhooks().await;
        attempts += results.len();
        match results.first().and_then(|result| result.next_attempt) {
            Some(next) => clock.set(next),
            None => break,
        }
    }
    let hours = clock.now().duration_since(begun).as_hours();
    assert!(attempts == 11 && (48..=72).contains(&hours), "{attempts} attempts in {hours} hours");
    assert!(bob.deliver_webhooks().await.is_empty(), "given up");
}

#[tokio::test]
async fn without_order_the_rest_goes_on() {
    let (bob, _, ear, id) = listening(&[200, 500, 200]).await;
    bob.switch(|switches| switches.in_order = false);
    bob.set(&id, "root.firstName", Some("Augusta"));
    bob.set(&id, "root.surname", Some("King"));
    assert_eq!(bob.deliver_webhooks().await.len(), 2);
    assert!(heard(&ear)[1].contains("root.surname"));
}

#[tokio::test]
async fn deliveries_get_lost_doubled_and_turned_around() {
    let (bob, _, ear, id) = listening(&[200]).await;
    bob.switch(|switches| {
        switches.twice = true;
        switches.reversed = true;
    });
    bob.set(&id, "root.firstName", Some("Augusta"));
    bob.set(&id, "root.surname", Some("King"));
    bob.deliver_webhooks().await;
    let bodies = heard(&ear);
    assert_eq!(bodies.len(), 4);
    assert!(bodies[0] == bodies[1] && bodies[0].contains("root.surname") && bodies[2].contains("root.firstName"));
    bob.switch(|switches| switches.lose_every = 1);
    bob.set(&id, "root.firstName", Some("Ada"));
    assert_eq!(bob.deliver_webhooks().await[0].status, None);
    assert_eq!(heard(&ear).len(), 4);
    assert!(waiting(&bob).is_empty());
}

#[tokio::test]
async fn an_old_webhook_has_values_and_is_switched_off_when_it_fails() {
    let (bob, clock) = town().await;
    let id = bob.hire(ada());
    let ear = Ear::answering(&[200, 410]).await;
    bob.subscribe_to(&ear.url(), Version::One, Some(&["employee.updated"]));
    bob.set(&id, "root.surname", Some("King"));
    bob.delete(&bob.hire(Person::new("Bea", "Arthur")));
    let pending = bob.pending_webhooks();
    assert_eq!(pending.len(), 1, "only what it was made for");
    let body: Value = serde_json::from_str(&pending[0].body).expect("JSON");
    assert_eq!(body["data"], json!({ "fieldUpdates": [{ "path": "root.surname", "newValue": "King" }] }));
    assert_eq!((&body["employee"]["id"], &body["employee"]["surname"]), (&json!(id), &json!("King")));
    bob.switch(|switches| switches.retry_minutes = vec![5]);
    bob.deliver_webhooks().await;
    clock.advance(300);
    assert_eq!(bob.deliver_webhooks().await[0].next_attempt, None);
    assert!(!bob.webhooks()[0].active);
    bob.set(&id, "root.surname", Some("Byron"));
    assert!(waiting(&bob).is_empty());
}
