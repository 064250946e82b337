//! Changed lists, cursors, reports, directory, locations.

use std::time::Instant;

use serde_json::{Value, json};

use super::{get, moment, post_json, town};
use crate::bamboohr::{Access, EmptyChanged, EmptyLatest, Leave, Location, Person};

#[tokio::test]
async fn the_changed_list_has_the_newest_change_of_each() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    clock.advance(60);
    let bea = bamboo.hire(Person::new("Bea", "Arthur"));
    bamboo.terminate(&ada, "2026-03-02");
    clock.advance(60);
    bamboo.delete(&bea);
    let all = get(&bamboo, "/employees/changed?since=2026-03-02T19:00:00Z").await.json();
    assert_eq!(all["latest"], "2026-03-02T19:02:00+00:00");
    assert_eq!(all["employees"][&ada]["action"], "Updated", "an end is no deletion");
    assert_eq!(all["employees"][&bea]["action"], "Deleted");
    let one = get(&bamboo, "/employees/changed?since=2026-03-02T19:01:00Z&type=updated").await.json();
    assert_eq!(one["employees"].as_object().map(serde_json::Map::len), Some(1));
    bamboo.switch(|switches| switches.since_inclusive = false);
    let none = get(&bamboo, "/employees/changed?since=2026-03-02T19:02:00Z").await;
    assert_eq!(none.text, r#"{"latest":"2026-03-02T19:02:00+00:00","employees":[]}"#);
    bamboo.switch(|switches| {
        switches.empty_changed = EmptyChanged::Object;
        switches.empty_latest = EmptyLatest::Absent;
    });
    let none = get(&bamboo, "/employees/changed?since=2026-03-02T19:02:00Z").await;
    assert_eq!(none.text, r#"{"employees":{}}"#);
    assert_eq!(get(&bamboo, "/employees/changed").await.status, 400);
    let unencoded = get(&bamboo, "/employees/changed?since=2026-03-02T19:00:00+00:00").await;
    assert_eq!(unencoded.status, 400, "a plus that was not encoded is a space");
    assert_eq!(get(&bamboo, "/employees/changed?since=2026-03-02T19:00:00%2B00:00&type=x").await.status, 400);
}

#[tokio::test]
async fn the_arrival_of_a_date_moves_last_changed_only_by_switch() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").hired("2020-01-01"));
    bamboo.terminate(&ada, "2026-03-05");
    bamboo.switch(|switches| switches.arrival_bumps_last_changed = true);
    clock.set(moment("2026-03-07T00:00:00Z"));
    assert_eq!(bamboo.get(&ada, "lastChanged").as_deref(), Some("2026-03-06T06:59:00+00:00"));
}

#[tokio::test]
async fn cursors_go_through_everybody_and_break_with_their_employee() {
    let (bamboo, _) = town().await;
    for n in 0..5 {
        bamboo.hire(Person::new(&format!("N{n}"), "Person"));
    }
    let first = get(&bamboo, "/employees?page[limit]=2").await.json();
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    let cursor = first["meta"]["page"]["nextCursor"].as_str().expect("a cursor").to_owned();
    let path = format!("/employees?page[limit]=2&page[after]={}", cursor.replace('=', "%3D"));
    let second = get(&bamboo, &path).await.json();
    assert_eq!(second["data"][0]["employeeId"], "3");
    bamboo.delete("2");
    let broken = get(&bamboo, &path).await;
    assert_eq!((broken.status, broken.json()["error"]["code"].as_str()), (400, Some("BadPage")));
    let sorted = get(&bamboo, "/employees?sort=-firstName&filter[status]=active").await.json();
    assert_eq!(sorted["data"][0]["firstName"], "N4");
    let some = get(&bamboo, "/employees?filter[ids][]=1&filter[ids][]=4").await.json();
    assert_eq!(some["meta"]["total"], 2);
    bamboo.switch(|switches| switches.list_access = Access::Forbidden);
    assert_eq!(get(&bamboo, "/employees").await.status, 403);
}

#[tokio::test]
async fn a_report_filters() {
    let (bamboo, clock) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    let old = Person { last_changed_unknown: true, ..Person::new("Old", "Timer") };
    bamboo.hire(old);
    let soon = bamboo.hire(Person::new("Soon", "Here").hired("2026-04-01"));
    clock.advance(60);
    bamboo.set(&ada, "firstName", "Augusta");
    let report = async |body: Value| {
        let answer = post_json(&bamboo, "/reports/custom?format=JSON&onlyCurrent=true", &body).await.json();
        answer["employees"].as_array().expect("people").len()
    };
    let fields = json!(["firstName"]);
    assert_eq!(report(json!({ "fields": fields })).await, 3);
    let since = json!({ "value": "2026-03-02T19:01:00Z", "includeNull": "no" });
    assert_eq!(report(json!({ "fields": fields, "filters": { "lastChanged": since } })).await, 1);
    let since = json!({ "value": "2026-03-02T19:01:00Z" });
    assert_eq!(report(json!({ "fields": fields, "filters": { "lastChanged": since } })).await, 2);
    let ids = json!([soon.parse::<u64>().expect("a number")]);
    let by_ids = json!({ "fields": fields, "filters": { "employeeIds": ids } });
    assert_eq!(report(by_ids.clone()).await, 1);
    bamboo.switch(|switches| switches.report_honours_employee_ids = false);
    assert_eq!(report(by_ids).await, 3);
    bamboo.switch(|switches| switches.report_has_future_hires = false);
    assert_eq!(report(json!({ "fields": fields })).await, 2);
}

#[tokio::test]
async fn the_directory_has_active_people_who_have_started() {
    let (bamboo, _) = town().await;
    assert_eq!(get(&bamboo, "/employees/directory").await.status, 404);
    let ada = bamboo.hire(Person::new("Ada", "Lovelace"));
    bamboo.hire(Person::new("Soon", "Here").hired("2026-04-01"));
    let gone = bamboo.hire(Person::new("Gone", "Girl"));
    bamboo.terminate(&gone, "2026-03-02");
    let directory = get(&bamboo, "/employees/directory").await.json();
    assert_eq!(directory["employees"].as_array().map(Vec::len), Some(1));
    assert_eq!(directory["employees"][0]["id"], json!(ada));
    let wider = get(&bamboo, "/employees/directory?onlyCurrent=false").await.json();
    assert_eq!(wider["employees"].as_array().map(Vec::len), Some(2));
    bamboo.switch(|switches| switches.directory_shared = false);
    let refused = get(&bamboo, "/employees/directory").await;
    assert_eq!(refused.header("x-bamboohr-error-message"), "Directory disabled for this account");
}

#[tokio::test]
async fn pages_of_locations_count_from_one() {
    let (bamboo, _) = town().await;
    let london = Location::new("London, UK", "Europe/London");
    bamboo.add_location(london.at("1 High St", "London", ("England", "ENG"), "N1", ("United Kingdom", "GB")));
    bamboo.add_location(Location { archived: true, ..Location::new("Old place", "UTC") });
    let page = get(&bamboo, "/hris/org/locations?expand=state,country&page=1").await.json();
    assert_eq!(page["meta"]["totalItems"], 1);
    assert_eq!(page["data"][0]["address"]["country"]["isoCode"], "GB");
    assert_eq!(page["data"][0]["address"]["timezone"], "Europe/London");
    let zero = get(&bamboo, "/hris/org/locations?page=0").await;
    assert_eq!((zero.status, zero.header("content-type")), (422, "application/problem+json"));
    let beyond = get(&bamboo, "/hris/org/locations?page=9").await.json();
    assert_eq!((&beyond["data"], &beyond["meta"]["totalPages"]), (&json!([]), &json!(0)));
    let archived = get(&bamboo, "/hris/org/locations?filter=archived%20eq%20true").await.json();
    assert_eq!(archived["data"][0]["label"], "Old place");
}

#[tokio::test]
async fn what_the_company_says_about_itself() {
    let (bamboo, _) = town().await;
    let ada = bamboo.hire(Person::new("Ada", "Lovelace").with("department", "IT").with("4340.4", "x"));
    bamboo.add_row(&ada, "customLaptops", &[("serial", "7")]);
    bamboo.add_leave(Leave {
        id: 0,
        employee: ada.clone(),
        kind: "Vacation".to_owned(),
        start: "2026-03-03".to_owned(),
        end: "2026-03-05".to_owned(),
        status: "approved".to_owned(),
    });
    bamboo.add_holiday("Founders' day", "2026-03-04", "2026-03-04");
    for path in [
        "/meta/fields",
        "/meta/lists",
        "/meta/tables",
        "/meta/users",
        "/meta/timezones",
        "/meta/countries/options",
        "/meta/time_off/types",
        "/company_information",
    ] {
        assert_eq!(get(&bamboo, path).await.status, 200, "{path}");
    }
    let fields = get(&bamboo, "/meta/fields").await.json();
    let dotted = fields.as_array().expect("fields").iter().find(|field| field["id"] == "4340.4");
    assert_eq!(dotted.expect("the dotted field").get("alias"), None);
    let out = get(&bamboo, "/time_off/whos_out").await.json();
    assert_eq!((&out[0]["id"], &out[1]["id"]), (&json!(1), &json!(1)), "ids of both kinds collide");
    let requests = get(&bamboo, "/time_off/requests?start=2026-03-05&end=2026-03-09").await.json();
    assert_eq!(requests[0]["amount"]["amount"], "3");
    assert_eq!(get(&bamboo, "/time_off/requests").await.status, 400);
    let laptops = get(&bamboo, "/employees/changed/tables/customLaptops?since=2026-03-02T00:00:00Z").await.json();
    assert_eq!(laptops["employees"][&ada]["rows"][0]["serial"], "7");
    assert_eq!(laptops["employees"][&ada]["lastChanged"], "2026-03-02T19:00:00Z");
    assert_eq!(get(&bamboo, &format!("/employees/{ada}/tables/nonsense")).await.status, 404);
    bamboo.rename_option("department", "IT", "Technology");
    assert_eq!(bamboo.get(&ada, "department").as_deref(), Some("Technology"));
}

#[tokio::test]
async fn a_crowd_is_the_same_for_the_same_seed_and_quickly_read() {
    let (bamboo, _) = town().await;
    let (other, _) = town().await;
    let start = Instant::now();
    bamboo.seed_crowd(20_000, 7);
    other.seed_crowd(50, 7);
    eprintln!("seeded in {:?}", start.elapsed());
    assert_eq!(bamboo.ids().len(), 20_000);
    assert_eq!(bamboo.get("50", "workEmail"), other.get("50", "workEmail"));
    assert!(bamboo.get("50", "supervisorEId").is_some());
    let fields = json!(["firstName", "workEmail", "status", "jobTitle", "supervisor", "location", "hireDate"]);
    let start = Instant::now();
    let report = post_json(&bamboo, "/reports/custom?format=JSON", &json!({ "fields": fields })).await;
    eprintln!("reported in {:?}, {} bytes", start.elapsed(), report.text.len());
    assert_eq!(report.json()["employees"].as_array().map(Vec::len), Some(20_000));
    assert_eq!(bamboo.pending_webhooks().len(), 0);
}
