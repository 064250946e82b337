//! The key, the limits, and paths that are not there.

use std::time::Duration;

use serde_json::json;

use super::{ada, get, post, request, send, town};

#[tokio::test]
async fn a_401_has_no_body_without_credentials_and_the_headers_anyway() {
    let (bob, _) = town().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1/people/search", bob.url());
    let bare = send(client.post(&url).body("{}")).await;
    assert_eq!((bare.status, bare.text.as_str()), (401, ""));
    assert_eq!((bare.header("x-ratelimit-limit"), bare.header("x-ratelimit-remaining")), ("50", "49"));
    let reset: i64 = bare.header("x-ratelimit-reset").parse().expect("Unix time");
    let wait = reset - jiff::Timestamp::now().as_second();
    assert!((50..=61).contains(&wait), "the window is real time: {wait}");
    let wrong = send(client.post(&url).basic_auth(bob.service_user(), Some("of-nobody")).body("{}")).await;
    assert_eq!((wrong.status, wrong.text.contains("tokenNotMatch")), (401, true));
    let old = bob.token();
    assert_ne!(bob.rotate_token(), old);
    let old = send(client.post(&url).basic_auth(bob.service_user(), Some(old)).body("{}")).await;
    assert_eq!(old.status, 401);
}

#[tokio::test]
async fn the_fifty_first_search_of_a_minute_is_refused() {
    let (bob, _) = town().await;
    let search = async || post(&bob, "/people/search", &json!({ "fields": ["root.id"] })).await;
    for left in (0..50).rev() {
        let answer = search().await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, left.to_string().as_str()));
    }
    let refused = search().await;
    assert_eq!((refused.status, refused.text.as_str(), refused.header("retry-after")), (429, "", ""));
    assert_eq!(get(&bob, "/company/people/fields").await.status, 200, "each endpoint has its own");
    bob.switch(|switches| switches.retry_after = true);
    assert!(!search().await.header("retry-after").is_empty());
    bob.switch(|switches| switches.search_limit = None);
    assert_eq!(search().await.status, 200);
    bob.switch(|switches| {
        switches.search_limit = Some(1);
        switches.rate_window = Duration::from_millis(20);
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(search().await.status, 200, "a new window");
    bob.limit_rate(2, 1);
    let refused = search().await;
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (429, "0"));
}

#[tokio::test]
async fn fifty_refusals_in_a_row_block_the_caller() {
    let (bob, _) = town().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for _ in 0..50 {
        let wrong = client.get(format!("{}/v1/company/people/fields", bob.url())).basic_auth("x", Some("y"));
        assert_eq!(send(wrong).await.status, 401);
    }
    assert_eq!(get(&bob, "/company/people/fields").await.status, 403, "even the right key");
    bob.forget_limits();
    assert_eq!(get(&bob, "/company/people/fields").await.status, 200);
    bob.switch(|switches| switches.firewall = false);
}

#[tokio::test]
async fn unknown_paths_are_the_web_application() {
    let (bob, _) = town().await;
    let page = get(&bob, "/people/nonsense/table").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html"));
    assert!(page.text.starts_with("<!DOCTYPE html>"));
    let id = bob.hire(ada());
    assert_eq!(get(&bob, &format!("/people/{id}")).await.header("content-type"), "text/html", "removed in 2024");
    let put = send(request(&bob, "PUT", "/people/nonsense")).await;
    assert_eq!((put.status, put.header("content-type")), (404, "text/html"));
    let bulk = get(&bob, "/bulk/people/nonsense").await;
    assert_eq!((bulk.status, bulk.header("content-type")), (404, ""));
}
