//! Keys, content types, errors.

use serde_json::json;

use super::{get, post_json, request, send, town};
use crate::bamboohr::{Person, RetryAfter};

#[tokio::test]
async fn both_url_forms_answer() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let old = format!("{}/api/gateway.php/acme/v1/employees/{ada}?fields=firstName", bamboo.url());
    let answer = send(client.get(&old).basic_auth(bamboo.api_key(), Some("x")).header("accept", "application/json"));
    assert_eq!(answer.await.json(), json!({ "id": ada, "firstName": "Ada" }));
    assert_eq!(get(&bamboo, &format!("/employees/{ada}")).await.json(), json!({ "id": ada }));
    let other = old.replace("acme", "umbrella");
    assert_eq!(send(client.get(other).basic_auth(bamboo.api_key(), Some("x"))).await.status, 404);
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_then_locks_everybody_out() {
    let (bamboo, clock) = town().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/v1/employees/0", bamboo.url());
    for _ in 0..5 {
        let answer = send(client.get(&url).basic_auth("wrong", Some("x"))).await;
        assert_eq!((answer.status, answer.text.as_str()), (401, ""));
        assert_eq!(answer.header("content-type"), "text/html; charset=UTF-8");
        assert_eq!(answer.header("x-bamboohr-error-message"), "API key not provided or invalid");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"https://api.bamboohr.com/acme\"");
    }
    assert_eq!(get(&bamboo, "/employees/0").await.status, 403);
    clock.advance(300);
    assert_eq!(get(&bamboo, "/employees/0").await.text, r#"{"id":"0"}"#);
}

#[tokio::test]
async fn a_missing_employee_is_an_empty_404_with_the_message_twice() {
    let (bamboo, _) = town().await;
    let answer = get(&bamboo, "/employees/182372").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    assert_eq!(answer.header("x-bamboohr-error-message"), "Employee not found, Employee not found");
    assert_eq!(answer.header("x-bamboohr-error-messsage"), "Employee not found, Employee not found");
}

#[tokio::test]
async fn a_report_wants_exactly_this_content_type_and_a_format() {
    let (bamboo, _) = town().await;
    bamboo.hire(Person::new("Ada", "Lovelace"));
    let body = json!({ "fields": ["firstName"] }).to_string();
    let asked =
        |path: &str, kind: &str| send(request(&bamboo, "POST", path).header("content-type", kind).body(body.clone()));
    let refused = asked("/reports/custom?format=JSON", "application/json; charset=utf-8").await;
    assert_eq!((refused.status, refused.header("x-bamboohr-error-message")), (400, "Malformed XML"));
    assert_eq!(asked("/reports/custom?format=json", "application/json").await.status, 200);
    assert_eq!(asked("/reports/custom?format=PDF", "application/json").await.status, 404);
}

#[tokio::test]
async fn without_accept_the_answer_is_xml() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/v1/employees/{ada}?fields=firstName", bamboo.url());
    let answer = send(client.get(url).basic_auth(bamboo.api_key(), Some("x"))).await;
    assert!(answer.text.contains("<field id=\"firstName\">Ada</field>"), "{}", answer.text);
}

#[tokio::test]
async fn what_the_key_may_not_see_is_left_out_without_a_word() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").with("4340.4", "blue").with("customDesk", "7"));
    let eve = bamboo.hire(Person::new("Eve", "Hidden"));
    bamboo.switch(|switches| {
        switches.hidden_fields.insert("hireDate".to_owned());
        switches.hidden_employees.insert(eve.clone());
    });
    let path = format!("/employees/{ada}?fields=customDesk,hireDate,4340.4,nonsense,1,preferredName");
    let expected = json!({ "id": ada, "customDesk": "7", "4340.4": "blue", "1": "Ada", "preferredName": null });
    assert_eq!(get(&bamboo, &path).await.json(), expected);
    assert_eq!(get(&bamboo, &format!("/employees/{eve}")).await.status, 403);
    let report = json!({ "fields": ["firstName", "hireDate"], "filters": {} });
    let report = post_json(&bamboo, "/reports/custom?format=JSON&onlyCurrent=true", &report).await.json();
    assert_eq!(report["employees"], json!([{ "id": ada, "firstName": "Ada" }]));
    assert_eq!(report["fields"].as_array().map(Vec::len), Some(1));
    let listed = get(&bamboo, "/employees?fields=hireDate").await.json();
    assert_eq!(listed["data"][0]["_restrictedFields"], json!(["hireDate"]));
    assert_eq!(listed["meta"]["total"], 1);
}

#[tokio::test]
async fn more_than_400_fields_are_a_400() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    let fields = vec!["firstName"; 401].join(",");
    assert_eq!(get(&bamboo, &format!("/employees/{ada}?fields={fields}")).await.status, 400);
}

#[tokio::test]
async fn a_rate_limit_names_its_wait_in_three_ways() {
    let (bamboo, _) = town().await;
    bamboo.limit_rate(429, RetryAfter::Seconds(30), 1);
    bamboo.limit_rate(503, RetryAfter::Date(60), 1);
    bamboo.limit_rate(503, RetryAfter::Missing, 1);
    let first = get(&bamboo, "/meta/fields").await;
    assert_eq!((first.status, first.header("retry-after")), (429, "30"));
    assert_eq!(get(&bamboo, "/meta/fields").await.header("retry-after"), "Mon, 02 Mar 2026 19:01:00 GMT");
    assert_eq!(get(&bamboo, "/meta/fields").await.header("retry-after"), "");
    assert_eq!(get(&bamboo, "/meta/fields").await.status, 200);
}

#[tokio::test]
async fn employees_are_written_over_http() {
    let (bamboo, _) = town().await;
    let body = json!({ "firstName": "Ada", "lastName": "Lovelace", "workEmail": "ada@example.com",
        "hireDate": "2026-03-10", "department": "IT" });
    let answer = post_json(&bamboo, "/employees", &body).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, ""));
    let id = answer.header("location").rsplit('/').next().expect("an id").to_owned();
    assert_eq!(bamboo.get_last(&id, "department").as_deref(), Some("IT"));
    assert_eq!(post_json(&bamboo, "/employees", &body).await.status, 409);
    assert_eq!(post_json(&bamboo, "/employees", &json!({ "firstName": "Ada" })).await.status, 400);
    let path = format!("/employees/{id}");
    assert_eq!(post_json(&bamboo, &path, &json!({ "mobilePhone": "+1 555 0100" })).await.status, 200);
    assert_eq!(bamboo.get(&id, "mobilePhone").as_deref(), Some("+1 555 0100"));
}
