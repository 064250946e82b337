use reqwest::Method;
use serde_json::{Value, json};

use super::{call, get, post, send, town};

#[tokio::test]
async fn no_key_is_sent_to_the_login_page_and_a_bad_key_is_refused_before_routing() {
    let jc = town().await;
    let none = send(format!("{}/api/systemusers", jc.url()), Method::GET, &[], None).await;
    assert_eq!((none.status, none.headers["location"].to_str().expect("text")), (302, "/login"));
    let bad = send(format!("{}/api/no/such/path", jc.url()), Method::GET, &[("x-api-key", "x")], None).await;
    assert_eq!(bad.status, 401);
    assert_eq!(bad.json(), json!({ "error": "Unauthorized", "message": "Unauthorized: api key user not found" }));
    assert_eq!(get(&jc, "/api/no/such/path").await.status, 404);
    assert_eq!(get(&jc, "/api/v2/no/such/path").await.json()["status"], "NOT_FOUND");
}

#[tokio::test]
async fn the_organisation_header() {
    let jc = town().await;
    let (url, key, org) = (format!("{}/api/systemusers", jc.url()), jc.api_key(), jc.org_id());
    let status =
        async |org: &str| send(url.clone(), Method::GET, &[("x-api-key", &key), ("x-org-id", org)], None).await.status;
    assert_eq!(status(&org).await, 200);
    assert_eq!(status("short").await, 400);
    assert_eq!(status("0123456789abcdef01234567").await, 404);
    jc.switch(|s| s.multi_tenant = true);
    assert_eq!(get(&jc, "/api/systemusers").await.status, 401);
    assert_eq!(status(&org).await, 200);
}

#[tokio::test]
async fn a_reader_reads_and_searches_but_does_not_write() {
    let jc = town().await;
    let key = jc.read_key();
    let status = async |path: &str| {
        let body = Some(super::ada().to_string());
        send(format!("{}{path}", jc.url()), Method::POST, &[("x-api-key", &key)], body).await.status
    };
    assert_eq!(status("/api/search/systemusers").await, 200);
    assert_eq!(status("/api/systemusers").await, 403);
    jc.switch(|s| s.read_only_write = 401);
    assert_eq!(status("/api/systemusers").await, 401);
    assert_eq!((jc.users().len(), jc.writes()), (0, 2));
}

#[tokio::test]
async fn keys_rotate_and_service_accounts_have_tokens_for_an_hour() {
    let clock = super::clock();
    let jc = super::JumpCloud::start(clock.clone()).await;
    let old = jc.api_key();
    let new = jc.rotate_key();
    assert_ne!(old, new);
    assert_eq!(get(&jc, "/api/organizations").await.status, 200);
    jc.take_key_away();
    assert_eq!(get(&jc, "/api/organizations").await.status, 401);

    let (id, secret) = jc.service_account();
    use base64::Engine;
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")));
    let form = Some("grant_type=client_credentials&scope=api".to_owned());
    let url = format!("{}/oauth2/token", jc.url());
    let token = send(url, Method::POST, &[("authorization", &basic)], form).await.json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
    let url = format!("{}/api/organizations", jc.url());
    assert_eq!(send(url.clone(), Method::GET, &[("authorization", &bearer)], None).await.status, 200);
    clock.advance(3600);
    assert_eq!(send(url, Method::GET, &[("authorization", &bearer)], None).await.status, 401);
}

#[tokio::test]
async fn writes_are_counted_and_searches_are_not() {
    let jc = town().await;
    post(&jc, "/api/systemusers", super::ada()).await;
    post(&jc, "/api/search/systemusers", json!({})).await;
    call(&jc, Method::GET, "/api/systemusers", Value::Null).await;
    assert_eq!(jc.writes(), 1);
    jc.traffic().reset();
    assert_eq!(jc.writes(), 0);
}

#[tokio::test]
async fn blocked_and_throttled() {
    let jc = town().await;
    jc.block_for_abuse(1);
    let blocked = get(&jc, "/api/systemusers").await;
    assert_eq!(blocked.status, 403);
    assert!(blocked.text.contains("suspected abuse"), "{}", blocked.text);
    jc.too_many_requests(2);
    for _ in 0..2 {
        let throttled = get(&jc, "/api/systemusers").await;
        assert_eq!(throttled.status, 429);
        assert!(!throttled.headers.contains_key("retry-after"));
    }
    assert_eq!(get(&jc, "/api/systemusers").await.status, 200);
}
