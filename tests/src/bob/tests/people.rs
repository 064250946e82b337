//! Reading people: shapes, filters, permissions.

use serde_json::{Value, json};

use super::{Person, ada, flat, post, search, town};
use crate::bob::HiddenOne;

#[tokio::test]
async fn a_person_is_flat_keys_with_values_and_nested_ones_with_nulls() {
    let (bob, _) = town().await;
    let boss = bob.hire(Person { quiet: true, ..Person::new("Zoe", "Clark").email("zoe@acme.example") });
    let id =
        bob.hire(ada().with("work.department", "Client Services").reports_to(&boss).with("root.secondName", "Ivy"));
    let fields = [
        "root.id",
        "root.email",
        "work.title",
        "work.department",
        "work.siteId",
        "work.reportsTo",
        "work.manager",
        "work.startDate",
        "internal.lifecycleStatus",
        "work.nonsense",
    ];
    let body = json!({ "fields": fields, "humanReadable": "append" });
    let answer = post(&bob, &format!("/people/{id}"), &body).await.json();
    let reference = json!({ "id": boss, "email": "zoe@acme.example", "firstName": "Zoe", "surname": "Clark",
        "displayName": "Zoe Clark" });
    let expected = json!({
        (flat("root.id")): { "value": id }, (flat("root.email")): { "value": "ada@acme.example" },
        (flat("work.department")): { "value": "228075491" }, (flat("work.siteId")): { "value": 2_510_068 },
        (flat("work.reportsTo")): { "value": reference }, (flat("work.manager")): { "value": boss },
        (flat("work.startDate")): { "value": "2020-01-06" }, (flat("internal.lifecycleStatus")): { "value": "employed" },
        "id": id, "email": "ada@acme.example",
        "work": { "title": null, "department": "228075491", "siteId": 2_510_068, "reportsTo": reference,
            "manager": boss, "startDate": "2020-01-06" },
        "internal": { "lifecycleStatus": "employed" },
        "humanReadable": { "id": id, "email": "ada@acme.example",
            "work": { "department": "Client Services", "siteId": "Main office", "reportsTo": "Zoe Clark",
                "manager": "Zoe Clark", "startDate": "01/06/2020" },
            "internal": { "lifecycleStatus": "Employed" } },
    });
    assert_eq!(answer, expected);
    let body = json!({ "fields": ["root.fullName", "work.startDate"], "humanReadable": "REPLACE" });
    let answer = post(&bob, "/people/ada@acme.example", &body).await.json();
    assert_eq!(answer, json!({ "fullName": "Ada Ivy Byron", "work": { "startDate": "01/06/2020" } }));
    assert_eq!(id.len(), 19, "more than a float can hold");
    assert_eq!(
        id.parse::<f64>().expect("a number"),
        boss.parse::<f64>().expect("a number"),
        "floats take it for another"
    );
}

#[tokio::test]
async fn only_active_people_unless_asked_and_only_those_of_the_audience() {
    let (bob, _) = town().await;
    let id = bob.hire(ada());
    let starter = bob.hire(Person::new("Sam", "Soon").starts("2026-03-09"));
    let gone = bob.hire(Person::new("Lea", "Left").starts("2019-01-01"));
    bob.terminate(&gone, &crate::bob::Ending::on("2026-02-01"));
    let ids = |answer: Value| -> Vec<String> {
        let people = answer["employees"].as_array().expect("people").clone();
        people.iter().map(|person| person["id"].as_str().expect("an id").to_owned()).collect()
    };
    let found = async |body: Value| ids(post(&bob, "/people/search", &body).await.json());
    assert_eq!(found(json!({ "fields": ["root.id"] })).await, vec![id.clone()]);
    let everybody = json!({ "fields": ["root.id"], "showInactive": true });
    assert_eq!(found(everybody.clone()).await, [id.clone(), starter.clone(), gone.clone()]);
    bob.switch(|switches| switches.audience_employed_only = true);
    assert_eq!(found(everybody.clone()).await, vec![id.clone()]);
    bob.switch(|switches| switches.audience_employed_only = false);
    bob.hide(&starter);
    assert_eq!(found(everybody.clone()).await, [id.clone(), gone.clone()]);
    assert_eq!(post(&bob, &format!("/people/{starter}"), &json!({})).await.status, 404);
    bob.switch(|switches| switches.hidden_one = HiddenOne::Forbidden);
    assert_eq!(post(&bob, &format!("/people/{starter}"), &json!({})).await.status, 403);
    bob.switch(|switches| switches.newest_first = true);
    assert_eq!(found(everybody).await, [gone.clone(), id]);
    assert_eq!(post(&bob, &format!("/people/{gone}"), &json!({})).await.status, 200, "one read finds inactive people");
}

#[tokio::test]
async fn hidden_fields_are_left_out_without_a_word() {
    let (bob, _) = town().await;
    bob.hire(ada().with("work.custom.field_1644932887286", "B-7"));
    bob.switch(|switches| {
        switches.hidden_fields.extend(["root.email".to_owned(), "lifecycle".to_owned()]);
        switches.read_limit = None;
    });
    let fields =
        ["root.id", "root.email", "internal.status", "employee.lastDayOfWork", "work.custom.field_1644932887286"];
    let found = search(&bob, &fields).await.remove(0);
    let keys: Vec<&String> = found.as_object().expect("a person").keys().collect();
    assert_eq!(keys, [&flat("root.id"), &flat("work.custom.field_1644932887286"), "id", "work"]);
    assert_eq!(found["work"]["custom"]["field_1644932887286"], "B-7");
    let usual = post(&bob, "/people/search", &json!({})).await.json()["employees"][0].clone();
    assert_eq!(usual["work"]["startDate"], "2020-01-06");
    assert!(usual["work"].get("custom").is_none(), "custom fields come by name only");
    assert!(usual.get("internal").is_none() && usual.get("home").is_none());
}

#[tokio::test]
async fn requests_that_are_refused() {
    let (bob, _) = town().await;
    let id = bob.hire(ada());
    let other = bob.hire(Person::new("Bea", "Arthur").email("bea@acme.example"));
    let filter = |path: &str, operator: &str, values: Value| json!({ "fields": ["root.id"], "filters": [{ "fieldPath": path, "operator": operator, "values": values }] });
    let twice = json!({ "filters": [filter("root.id", "equals", json!([id]))["filters"][0],
        filter("root.id", "equals", json!([id]))["filters"][0]] });
    let many: Vec<String> = (0..401).map(|n| format!("work.custom.field_{n}")).collect();
    for bad in [
        json!({ "filters": [] }),
        twice,
        filter("work.title", "equals", json!(["x"])),
        filter("root.id", "contains", json!(["x"])),
        filter("root.id", "equals", json!([])),
        json!({ "fields": many }),
        json!([]),
    ] {
        let answer = post(&bob, "/people/search", &bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.json()["error"].is_string());
    }
    let some = post(&bob, "/people/search", &filter("root.id", "equals", json!([id, other]))).await.json();
    assert_eq!(some["employees"].as_array().map(Vec::len), Some(2));
    let one = post(&bob, "/people/search", &filter("root.email", "equals", json!(["bea@acme.example"]))).await.json();
    assert_eq!(one["employees"][0]["id"], other);
    let unknown = post(&bob, "/people/1", &json!({})).await;
    assert_eq!((unknown.status, unknown.text.as_str()), (404, ""));
}

#[tokio::test]
async fn reads_may_lag_behind_writes() {
    let (bob, clock) = town().await;
    let id = bob.hire(ada());
    bob.switch(|switches| switches.read_lag_seconds = 20);
    bob.set(&id, "root.email", Some("ada.new@acme.example"));
    let late = bob.hire(Person::new("Bea", "Arthur"));
    bob.delete(&id);
    let found = search(&bob, &["root.id", "root.email"]).await;
    assert_eq!((found.len(), found[0]["email"].as_str()), (1, Some("ada@acme.example")));
    clock.advance(21);
    let found = search(&bob, &["root.id", "root.email"]).await;
    assert_eq!(found, [json!({ (flat("root.id")): { "value": late }, "id": late, "email": null })]);
}

#[tokio::test]
async fn one_person_may_come_wrapped() {
    let (bob, _) = town().await;
    let id = bob.hire(ada());
    bob.switch(|switches| switches.one_wrapped = true);
    let answer = post(&bob, &format!("/people/{id}"), &json!({ "fields": ["root.firstName"] })).await.json();
    assert_eq!(answer["employees"][0]["firstName"], "Ada");
}

#[tokio::test]
async fn whole_companies_move_in() {
    let (bob, _) = town().await;
    let ids = crate::company::move_in_to_bob(&bob);
    assert_eq!((ids.len(), bob.ids().len()), (100, 100));
    assert_eq!(bob.get(&ids["9"], "work.reportsTo").as_ref(), Some(&ids["4"]));
    assert_eq!(bob.get(&ids["88"], "internal.status").as_deref(), Some("Inactive"));
    assert_eq!(bob.get(&ids[crate::company::STARTER], "internal.lifecycleStatus").as_deref(), Some("Hired"));
    bob.seed_crowd(500, 7);
    let found = search(&bob, &["root.id", "root.email", "work.site", "work.reportsTo", "internal.status"]).await;
    assert_eq!(found.len(), 600);
}
