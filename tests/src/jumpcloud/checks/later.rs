use reqwest::Method;
use serde_json::{Value, json};

use super::super::{By, JumpCloud};
use super::{ada, call, clock, delete, get, post, put, send, town};

#[tokio::test]
async fn a_bulk_job_says_per_user_what_became_of_them() {
    let clock = clock();
    let jc = JumpCloud::start(clock.clone()).await;
    jc.switch(|s| s.bulk_delay = 60);
    let twin = json!({ "username": "twin", "email": "ada@example.test" });
    let started = post(&jc, "/api/v2/bulk/users?suppressEmail=true", json!([ada(), twin])).await;
    assert_eq!(started.status, 201);
    let job = started.json()["jobId"].as_str().expect("a job").to_owned();
    let words = async || {
        let results = get(&jc, &format!("/api/v2/bulk/users/{job}/results")).await.json();
        let words =
            results.as_array().expect("a list").iter().map(|r| r["status"].as_str().expect("a word").to_owned());
        words.collect::<Vec<String>>()
    };
    assert_eq!(words().await, ["pending", "pending"]);
    assert!(jc.users().is_empty());
    clock.advance(60);
    assert_eq!(words().await, ["completed", "failed"]);
    let user = jc.user("ada.byron").expect("ada");
    assert_eq!((&user["state"], &user["creationSource"]), (&json!("STAGED"), &json!("jumpcloud:bulk")));
    assert!(jc.mails().is_empty());

    jc.switch(|s| s.bulk_delay = 0);
    call(&jc, Method::PATCH, "/api/v2/bulk/users", json!([{ "id": user["id"], "department": "R" }])).await;
    assert_eq!(jc.user("ada.byron").expect("ada")["department"], "R");
    let (url, key) = (format!("{}/api/v2/bulk/users", jc.url()), jc.api_key());
    let headers = [("x-api-key", key.as_str()), ("creation-source", "mine")];
    assert_eq!(send(url, Method::POST, &headers, Some("[]".to_owned())).await.status, 400);
    jc.switch(|s| s.bulk_swallows = true);
    post(&jc, "/api/v2/bulk/users", json!([{ "username": "x", "email": "x@example.test" }])).await;
    assert_eq!(jc.users().len(), 1, "a job id is no proof");
}

#[tokio::test]
async fn states_change_on_schedule() {
    let clock = clock();
    let jc = JumpCloud::start(clock.clone()).await;
    let id = jc.add_user(json!({ "email": "ada@example.test", "state": "STAGED" }));
    let plan = |state: &str, at: &str| json!({ "user_ids": [id], "state": state, "start_date": at });
    let path = "/api/v2/bulk/userstates";
    assert_eq!(post(&jc, path, plan("SUSPENDED", "2026-02-01T00:00:00Z")).await.status, 400, "in the past");
    assert_eq!(post(&jc, path, plan("STAGED", "2026-04-01T00:00:00Z")).await.status, 400);
    let planned = post(&jc, path, plan("ACTIVATED", "2026-03-02T00:00:00Z")).await;
    assert_eq!((planned.status, &planned.json()[0]["systemUserId"]), (201, &json!(id)));
    post(&jc, path, plan("SUSPENDED", "2026-03-03T00:00:00")).await;
    let next = get(&jc, &format!("{path}/eventlist/next?users={id}")).await.json();
    assert_eq!(next["events_count"], 2);
    clock.set("2026-03-02T00:00:00Z".parse().expect("a moment"));
    assert_eq!(get(&jc, &format!("/api/systemusers/{id}")).await.json()["state"], "ACTIVATED");
    assert_eq!(jc.mails().len(), 1);
    let left = get(&jc, &format!("{path}?userid={id}")).await.json();
    let job = left[0]["scheduledJobId"].as_str().expect("a job");
    assert_eq!(delete(&jc, &format!("{path}/{job}")).await.status, 204);
    assert_eq!(delete(&jc, &format!("{path}/{job}")).await.status, 404);
    clock.set("2026-03-04T00:00:00Z".parse().expect("a moment"));
    jc.tick();
    assert_eq!(jc.user("ada").expect("ada")["state"], "ACTIVATED");
}

#[tokio::test]
async fn every_write_leaves_an_event() {
    let jc = town().await;
    let id = post(&jc, "/api/systemusers", ada()).await.json()["id"].as_str().expect("an id").to_owned();
    put(&jc, &format!("/api/systemusers/{id}"), json!({ "department": "R", "suspended": true })).await;
    let group = jc.add_group("Research");
    let member = json!({ "op": "add", "type": "user", "id": id });
    post(&jc, &format!("/api/v2/usergroups/{group}/members"), member).await;
    let types: Vec<&str> = jc.events().iter().filter(|e| e.by == By::Key).map(|e| e.event_type).collect();
    assert_eq!(types, ["user_create", "user_update", "user_suspended", "association_change"]);

    let path = "/insights/directory/v1/events";
    let asked = json!({ "service": ["directory"], "start_time": "2026-03-01T00:00:00Z", "sort": "ASC",
        "search_term": { "and": [{ "event_type": "user_update" }] } });
    let found = post(&jc, path, asked).await;
    assert_eq!(
        (found.headers["x-result-count"].as_bytes(), found.headers["x-limit"].as_bytes()),
        (&b"1"[..], &b"1000"[..])
    );
    let fields: Vec<Value> = found.json()[0]["changes"].as_array().expect("changes").clone();
    assert_eq!(
        fields,
        [json!({ "field": "department" }), json!({ "field": "state" }), json!({ "field": "suspended" })]
    );
    assert_eq!(post(&jc, path, json!({ "service": ["directory"] })).await.status, 400);
    let paged = json!({ "start_time": "2026-03-01T00:00:00Z", "sort": "ASC", "limit": 2 });
    let first = post(&jc, path, paged.clone()).await;
    let after: Value = serde_json::from_slice(first.headers["x-search_after"].as_bytes()).expect("an array");
    let mut rest = paged;
    rest["search_after"] = after;
    assert_eq!(first.json()[1]["event_type"], "user_activation_email");
    assert_eq!(post(&jc, path, rest).await.json()[0]["event_type"], "user_update");
}

#[tokio::test]
async fn a_snapshot_compares_end_states() {
    let jc = town().await;
    jc.add_user(json!({ "email": "boss@example.test" }));
    let boss = jc.user("boss").expect("boss")["id"].clone();
    jc.add_user(json!({ "email": "Ada@example.test", "username": "ada.byron", "department": "R", "manager": boss,
        "attributes": [{ "name": "hirewireId", "value": "bamboo:1" }],
        "phoneNumbers": [{ "type": "work", "number": "1" }],
        "addresses": [{ "type": "work", "country": "DE", "locality": "Berlin" }] }));
    jc.add_group("Research");
    jc.add_member("Research", "ada.byron");
    jc.suspend_by_hand("ada.byron");
    let text = "ada@example.test ada.byron SUSPENDED\n  addresses work: country=DE locality=Berlin\n  \
        attributes hirewireId: bamboo:1\n  department: R\n  phoneNumbers work: 1\n  manager: boss\n  \
        groups: Research\nboss@example.test boss ACTIVATED\n";
    assert_eq!(jc.snapshot(), text);
}
