//! Webhooks: bodies, signatures, moments, retries.

use serde_json::{Value, json};

use super::{Ear, get, moment, post_json, request, send, town};
use crate::bamboohr::{NewWebhook, Person, SIGNATURE_HEADER, Stamp, TIMESTAMP_HEADER, sign};

const KEY: &str = "123b929362d51613054f71e5e5d4bf2c";

#[test]
fn the_signature_is_that_of_the_recorded_vector() {
    let body = r#"{"employees":[{"changedFields":["First name"],"fields":{"Employee #":{"value":"300"},"First name":{"value":"Tefi"},"Last name":{"value":"Adams"}},"id":"5"}]}"#;
    let signature = sign(KEY, body.as_bytes(), "1658248023");
    assert_eq!(signature, "56491dd9c2b352bc5f4fc627159aae20ddff9c8cb19f239a6de6771dc5310bac");
    let body = r#"{"type":"employee.updated","timestamp":"2026-01-31T18:42:00+0000","data":{"companyId":"12345","employeeId":"67890","changedFields":["firstName"]}}"#;
    let signature = sign(KEY, body.as_bytes(), "1769884920");
    assert_eq!(signature, "91e311af7409086d5c0807d900a94382c07a92b6ca759ebfd8cb077963e41c9f");
}

#[tokio::test]
async fn a_creation_comes_as_two_signed_events() {
    let (bamboo, _) = town().await;
    let ear = Ear::answering(&[200]).await;
    let key = bamboo.subscribe(&ear.url());
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").with("nickname", "A"));
    let results = bamboo.deliver_webhooks().await;
    assert_eq!(results.len(), 2);
    let heard = ear.heard.lock().expect("no panic in the ear").clone();
    let created = format!(
        r#"{{"type":"employee.created","timestamp":"2026-03-02T19:00:00+0000","data":{{"companyId":"21764","employeeId":"{ada}"}}}}"#
    );
    assert_eq!(heard[0].1, created);
    let updated: Value = serde_json::from_str(&heard[1].1).expect("JSON");
    assert_eq!(updated["type"], "employee.updated");
    let changed = updated["data"]["changedFields"].as_array().expect("fields").clone();
    assert!(changed.contains(&json!("firstName")) && !changed.contains(&json!("nickname")), "{changed:?}");
    for (headers, body) in &heard {
        let header = |name: &str| headers[name].to_str().expect("printable");
        assert_eq!(header(SIGNATURE_HEADER), sign(&key, body.as_bytes(), header(TIMESTAMP_HEADER)));
        assert_eq!(header("company-domain"), "acme");
    }
    assert!(bamboo.pending_webhooks().is_empty());
}

#[tokio::test]
async fn a_future_row_fires_when_it_takes_effect() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").with("department", "IT").hired("2020-01-01"));
    bamboo.subscribe("http://127.0.0.1:1/");
    bamboo.set_from(&ada, "department", "Finance", "2026-03-04");
    bamboo.terminate(&ada, "2026-03-05");
    assert!(bamboo.pending_webhooks().is_empty(), "saving a future row is silent");
    clock.set(moment("2026-03-04T07:00:00Z"));
    let pending = bamboo.pending_webhooks();
    assert_eq!(pending.len(), 1);
    assert!(pending[0].body.contains(r#""changedFields":["department"]"#), "{}", pending[0].body);
    bamboo.edit_pending(|waiting| waiting.clear());
    clock.set(moment("2026-03-06T06:58:00Z"));
    assert!(bamboo.pending_webhooks().is_empty());
    bamboo.switch(|switches| switches.webhook_stamp = Stamp::Zulu);
    clock.set(moment("2026-03-06T07:30:00Z"));
    let body = bamboo.pending_webhooks()[0].body.clone();
    assert!(body.contains(r#""changedFields":["status","employmentHistoryStatus"]"#), "{body}");
    assert!(body.contains("2026-03-06T06:59:00Z"), "{body}");
}

#[tokio::test]
async fn a_5xx_is_tried_five_times_more_and_a_4xx_never() {
    let (bamboo, clock) = town().await;
    let ear = Ear::answering(&[500]).await;
    bamboo.subscribe(&ear.url());
    let ada = bamboo.hire(Person { quiet: true, ..Person::new("Ada", "Lovelace") });
    bamboo.set(&ada, "firstName", "Augusta");
    for minutes in [5, 10, 20, 40, 80] {
        let results = bamboo.deliver_webhooks().await;
        assert_eq!(results.len(), 1);
        assert_eq!(results[0].next_attempt, Some(clock.now() + jiff::SignedDuration::from_mins(minutes)));
        assert!(bamboo.deliver_webhooks().await.is_empty(), "not before its time");
        clock.advance(minutes * 60);
    }
    let last = bamboo.deliver_webhooks().await;
    assert_eq!((last.len(), last[0].next_attempt), (1, None));
    let log = get(&bamboo, "/webhooks/1/log").await.json();
    assert_eq!(log.as_array().map(Vec::len), Some(6));
    assert_eq!(log[0]["statusCode"], "500");
    let deaf = Ear::answering(&[410]).await;
    bamboo.switch(|switches| switches.webhook_log_limited = true);
    assert_eq!(get(&bamboo, "/webhooks/1/log").await.json()["error"]["code"], 429);
    send(request(&bamboo, "DELETE", "/webhooks/1")).await;
    bamboo.subscribe(&deaf.url());
    bamboo.set(&ada, "firstName", "Ada");
    let results = bamboo.deliver_webhooks().await;
    assert_eq!((results[0].status, results[0].next_attempt), (Some(410), None));
}

#[tokio::test]
async fn old_style_bodies_in_all_their_forms() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    let old = |form_encoded: bool| NewWebhook {
        form_encoded,
        monitor_fields: Some(vec!["firstName".to_owned()]),
        post_fields: vec![("firstName".to_owned(), "First name".to_owned())],
        include_company_domain: false,
        events: vec!["employee_with_fields.updated".to_owned()],
        ..NewWebhook::to("http://127.0.0.1:1/")
    };
    bamboo.subscribe_to(old(false));
    bamboo.subscribe_to(old(true));
    bamboo.set(&ada, "firstName", "Augusta");
    let bodies: Vec<String> = bamboo.pending_webhooks().into_iter().map(|one| one.body).collect();
    let json: Value = serde_json::from_str(&bodies[0]).expect("JSON");
    let expected = json!({ "employees": [{ "action": "Updated", "changedFields": ["First name"], "id": ada,
        "fields": { "First name": "Augusta" }, "timestamp": "2026-03-02T19:00:00+0000" }] });
    assert_eq!(json, expected);
    assert_eq!(bodies[1], "employees[1][changedFields][0]=First+name&employees[1][First+name]=Augusta");
    bamboo.edit_pending(Vec::clear);
    bamboo.switch(|switches| {
        switches.webhook_values_wrapped = true;
        switches.webhook_batches = true;
    });
    let bea = bamboo.hire(Person::new("Bea", "Arthur"));
    bamboo.edit_pending(Vec::clear);
    bamboo.set(&ada, "firstName", "Ada");
    bamboo.set(&bea, "firstName", "Beatrice");
    let pending = bamboo.pending_webhooks();
    assert_eq!(pending.len(), 2, "one for each webhook");
    assert_eq!(pending[0].employees, [ada, bea]);
    let json: Value = serde_json::from_str(&pending[0].body).expect("JSON");
    assert_eq!(json["employees"][1]["fields"], json!({ "First name": { "value": "Beatrice" } }));
}

#[tokio::test]
async fn the_vendor_checks_what_is_asked_of_it() {
    let (bamboo, _) = town().await;
    let asked = |change: Value| {
        let mut body = json!({ "name": "sync", "url": "https://sync.example.com/hook", "format": "json",
            "monitorFields": ["firstName"], "events": ["employee.updated"] });
        for (key, value) in change.as_object().expect("changes") {
            body[key] = value.clone();
        }
        body
    };
    let post = async |change: Value| post_json(&bamboo, "/webhooks", &asked(change)).await;
    let made = post(json!({})).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["privateKey"].as_str().map(str::len), Some(32));
    assert_eq!(post(json!({ "url": "http://sync.example.com/" })).await.status, 400);
    assert_eq!(post(json!({ "url": "http://127.0.0.1:9/" })).await.status, 201);
    assert_eq!(post(json!({ "format": null })).await.status, 400);
    assert_eq!(post(json!({ "monitorFields": [] })).await.status, 400);
    assert_eq!(post(json!({ "events": ["employee.updated", "employee_with_fields.created"] })).await.status, 400);
    let refused = post(json!({ "monitorFields": ["terminationDate", "nonsense"] })).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["errors"][0]["monitorFields"][0]["name"], "Termination Date");
    assert_eq!(refused.json()["errors"][0]["unknownFields"][0]["name"], "nonsense");
    let shown = get(&bamboo, "/webhooks/1").await.json();
    assert_eq!((shown["name"].as_str(), shown.get("privateKey")), (Some("sync"), None));
    let monitorable = get(&bamboo, "/webhooks/monitor_fields").await;
    assert!(!monitorable.text.contains("terminationDate"));
    let gone = send(request(&bamboo, "DELETE", "/webhooks/1")).await;
    assert_eq!(gone.text, "Web hook has been deleted.");
    let missing = get(&bamboo, "/webhooks/1").await;
    assert_eq!((missing.status, missing.text.contains("No webhook was found with ID: 1.")), (404, true));
}

#[tokio::test]
async fn nobody_hears_of_fields_they_may_not_see() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    bamboo.subscribe("http://127.0.0.1:1/");
    bamboo.switch(|switches| switches.hidden_fields.extend(["mobilePhone".to_owned()]));
    bamboo.set(&ada, "mobilePhone", "+1 555 0100");
    assert!(bamboo.pending_webhooks().is_empty());
    bamboo.delete(&ada);
    assert_eq!(bamboo.pending_webhooks()[0].event, "employee.deleted");
}

#[tokio::test]
async fn a_forged_delivery_goes_out_as_it_is() {
    let (bamboo, clock) = town().await;
    let ear = Ear::answering(&[204]).await;
    bamboo.subscribe(&ear.url());
    bamboo.hire(Person::new("Ada", "Lovelace"));
    let mut forged = bamboo.pending_webhooks().remove(0);
    forged.sign("not the key", clock.now());
    assert_eq!(bamboo.send(&forged).await, Some(204));
    bamboo.edit_pending(|waiting| {
        let copy = waiting[0].clone();
        waiting.push(copy);
        waiting.reverse();
    });
    assert_eq!(bamboo.deliver_webhooks().await.len(), 3);
}
