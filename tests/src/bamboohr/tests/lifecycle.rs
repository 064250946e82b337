//! Dates: starts, moves, ends, rehires.

use serde_json::json;

use super::{get, moment, post_json, town};
use crate::bamboohr::{Empty, FutureHireStatus, Person};

#[tokio::test]
async fn before_the_start_history_is_null_and_identity_is_there() {
    let (bamboo, clock) = town().await;
    let boss = bamboo.hire(Person::new("Grace", "Hopper").with("employeeNumber", "900").hired("2020-01-01"));
    let ada = Person::new("Ada", "Lovelace").email("ada@example.com").with("department", "IT").reports_to(&boss);
    let ada = bamboo.hire(ada.hired("2026-03-10"));
    let asked = "fields=workEmail,department,supervisor,supervisorEId,supervisorId,employmentHistoryStatus,status";
    let now = get(&bamboo, &format!("/employees/{ada}?{asked}")).await.json();
    let empty = json!({ "id": ada, "workEmail": "ada@example.com", "department": null, "supervisor": null,
        "supervisorEId": null, "supervisorId": null, "employmentHistoryStatus": null, "status": "Active" });
    assert_eq!(now, empty);
    let later = get(&bamboo, &format!("/employees/{ada}?{asked}&onlyCurrent=false")).await.json();
    let full = json!({ "id": ada, "workEmail": "ada@example.com", "department": "IT",
        "supervisor": "Hopper, Grace", "supervisorEId": boss, "supervisorId": "900",
        "employmentHistoryStatus": "Full-Time", "status": "Active" });
    assert_eq!(later, full);
    bamboo.switch(|switches| switches.future_hire_status = FutureHireStatus::Inactive);
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    clock.set(moment("2026-03-10T06:00:00Z"));
    assert_eq!(bamboo.get(&ada, "department").as_deref(), Some("IT"), "midnight in Denver");
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
}

#[tokio::test]
async fn an_end_takes_effect_at_a_minute_to_midnight_of_the_company() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.terminate(&ada, "2026-03-05");
    assert_eq!(bamboo.get(&ada, "terminationDate").as_deref(), Some("2026-03-05"), "shown at once");
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
    assert_eq!(bamboo.get_last(&ada, "status").as_deref(), Some("Inactive"), "onlyCurrent=false shows the last");
    clock.set(moment("2026-03-06T06:58:59Z"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
    clock.set(moment("2026-03-06T06:59:00Z"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    assert_eq!(bamboo.get(&ada, "employmentHistoryStatus").as_deref(), Some("Terminated"));
}

#[tokio::test]
async fn who_is_back_early_is_away_again_for_as_long_as_the_next_leave_says() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    let status = || bamboo.get(&ada, "employmentHistoryStatus");
    bamboo.set(&ada, "employmentHistoryStatus", "Parental leave");
    bamboo.set_from(&ada, "employmentHistoryStatus", "Full-Time", "2026-03-20");
    clock.advance(86_400);
    bamboo.back(&ada, "Full-Time");
    assert_eq!(status().as_deref(), Some("Full-Time"));
    clock.advance(86_400);
    bamboo.set(&ada, "employmentHistoryStatus", "Parental leave");
    clock.set(moment("2026-03-25T12:00:00Z"));
    assert_eq!(status().as_deref(), Some("Parental leave"), "the first leave's end is forgotten");
}

#[tokio::test]
async fn an_end_today_counts_at_once_and_a_planned_one_can_be_taken_back() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.terminate(&ada, "2026-03-02");
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    let bea = bamboo.hire(Person::new("Bea", "Arthur").hired("2020-01-01"));
    bamboo.terminate(&bea, "2026-03-03");
    bamboo.terminate(&bea, "2026-03-04");
    bamboo.cancel_termination(&bea);
    clock.advance(7 * 86_400);
    assert_eq!(bamboo.get(&bea, "status").as_deref(), Some("Active"));
    let path = format!("/employees/{bea}?fields=terminationDate");
    assert_eq!(get(&bamboo, &path).await.json()["terminationDate"], "0000-00-00");
    bamboo.switch(|switches| switches.empty_date = Empty::Text);
    assert_eq!(get(&bamboo, &path).await.json()["terminationDate"], "");
}

#[tokio::test]
async fn a_rehire_keeps_the_id_and_the_first_hire_date() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.terminate(&ada, "2026-03-01");
    bamboo.rehire(&ada, "2026-03-09");
    assert_eq!(bamboo.get(&ada, "hireDate").as_deref(), Some("2026-03-09"));
    assert_eq!(bamboo.get(&ada, "originalHireDate").as_deref(), Some("2020-01-01"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    assert_eq!(bamboo.get(&ada, "terminationDate"), None);
    bamboo.switch(|switches| switches.rehire_keeps_termination_date = true);
    assert_eq!(bamboo.get(&ada, "terminationDate").as_deref(), Some("2026-03-01"));
    clock.set(moment("2026-03-09T07:00:00Z"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
}

#[tokio::test]
async fn a_move_waits_for_its_date_and_shows_in_the_table_before() {
    let (bamboo, clock) = town().await;
    let ada = Person::new("Ada", "Lovelace").with("department", "IT").with("jobTitle", "Engineer");
    let ada = bamboo.hire(ada.hired("2020-01-01"));
    clock.advance(60);
    bamboo.set_from(&ada, "department", "Finance", "2026-04-01");
    assert_eq!(bamboo.get(&ada, "lastChanged").as_deref(), Some("2026-03-02T19:01:00+00:00"));
    assert_eq!(bamboo.get(&ada, "department").as_deref(), Some("IT"));
    let rows = get(&bamboo, &format!("/employees/{ada}/tables/jobInfo")).await.json();
    assert_eq!(rows[1]["date"], "2026-04-01");
    assert_eq!((&rows[1]["department"], &rows[1]["jobTitle"]), (&json!("Finance"), &json!("Engineer")));
    clock.set(moment("2026-04-01T06:00:00Z"));
    assert_eq!(bamboo.get(&ada, "department").as_deref(), Some("Finance"));
    assert_eq!(bamboo.get(&ada, "lastChanged").as_deref(), Some("2026-03-02T19:01:00+00:00"), "no bump by default");
    bamboo.set(&ada, "department", None);
    assert_eq!(bamboo.get(&ada, "department"), None);
}

#[tokio::test]
async fn a_status_set_by_hand_stands_beside_the_employment_status() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.set(&ada, "status", "Inactive");
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    assert_eq!(bamboo.get(&ada, "employmentHistoryStatus").as_deref(), Some("Full-Time"));
    bamboo.terminate(&ada, "2026-03-01");
    bamboo.set(&ada, "status", "Active");
    assert_eq!(bamboo.get(&ada, "employmentHistoryStatus").as_deref(), Some("Terminated"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
}

#[tokio::test]
async fn rows_written_over_http_end_and_rehire() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    let path = format!("/employees/{ada}/tables/employmentStatus");
    let end = json!({ "date": "2026-03-02", "employmentStatus": "Terminated" });
    assert_eq!(post_json(&bamboo, &path, &end).await.status, 200);
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Inactive"));
    clock.advance(86_400);
    let url = format!("{}/api/v1_1{path}", bamboo.url());
    let back = json!({ "date": "2026-03-03", "employmentStatus": "Part-Time" });
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(url).basic_auth(bamboo.api_key(), Some("x")).body(back.to_string());
    assert_eq!(super::send(request).await.status, 200);
    assert_eq!(bamboo.get(&ada, "hireDate").as_deref(), Some("2026-03-03"));
    assert_eq!(bamboo.get(&ada, "status").as_deref(), Some("Active"));
}

#[tokio::test]
async fn fields_set_together_are_one_change_and_a_status_from_a_date_is_a_row() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.subscribe("http://127.0.0.1:1/");
    let body = json!({ "lastName": "King", "jobTitle": "Countess", "nonsense": "x" });
    assert_eq!(post_json(&bamboo, &format!("/employees/{ada}"), &body).await.status, 200);
    bamboo.set_all(&ada, &[("firstName", Some("Augusta")), ("department", Some("IT"))]);
    let pending = bamboo.pending_webhooks();
    assert_eq!(pending.len(), 2);
    assert!(pending[0].body.contains(r#"["lastName","jobTitle"]"#), "{}", pending[0].body);
    bamboo.set_from(&ada, "status", "Inactive", "2026-03-03");
    clock.set(moment("2026-03-04T06:59:00Z"));
    assert_eq!(bamboo.get(&ada, "employmentHistoryStatus").as_deref(), Some("Terminated"));
}
