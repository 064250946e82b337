//! Field metadata, named lists, tables.

use serde_json::{Value, json};

use super::{Person, ada, get, post, town};

#[tokio::test]
async fn fields_are_described_as_measured() {
    let (bob, _) = town().await;
    let custom = bob.add_field("work", "1644932887286", "text");
    let fields = get(&bob, "/company/people/fields").await.json();
    let title = json!({ "id": "work.title", "categoryId": "work", "category": "work", "categoryDisplayName": "Work",
        "name": "Job title", "description": null, "jsonPath": "work.title", "type": "list",
        "typeData": { "listId": "title" }, "historical": true });
    let fields = fields.as_array().expect("a bare array");
    assert!(fields.contains(&title));
    let path = |id: &str| fields.iter().find(|field| field["id"] == id).map(|field| field["jsonPath"].clone());
    assert_eq!(path("root.email"), Some(json!("email")));
    assert_eq!(path(&custom), Some(json!(custom)));
    bob.switch(|switches| switches.fields_wrapped = true);
    assert!(get(&bob, "/company/people/fields").await.json()["fields"].is_array());
}

#[tokio::test]
async fn items_that_were_added_have_ids_of_digits() {
    let (bob, _) = town().await;
    let id = bob.hire(ada().with("work.department", "Client Services").with("payroll.employment.type", "Permanent"));
    let list = get(&bob, "/company/named-lists/department").await.json();
    let item =
        |id: &str, name: &str| json!({ "id": id, "value": name, "name": name, "archived": false, "children": [] });
    let expected =
        json!({ "name": "department", "values": [item("Product", "Product"), item("228075491", "Client Services")] });
    assert_eq!(list, expected);
    let fields = json!({ "fields": ["work.department", "payroll.employment.type"], "humanReadable": "APPEND" });
    let answer = post(&bob, &format!("/people/{id}"), &fields).await.json();
    assert_eq!(
        (&answer["work"]["department"], &answer["payroll"]["employment"]["type"]),
        (&json!("228075491"), &json!("Permanent"))
    );
    assert_eq!(answer["humanReadable"]["work"]["department"], "Client Services");
    bob.rename_item("department", "Client Services", "Customers");
    assert_eq!(bob.get(&id, "work.department").as_deref(), Some("Customers"));
    bob.archive_item("department", "Customers");
    let length = |list: Value| list["values"].as_array().map(Vec::len);
    assert_eq!(length(get(&bob, "/company/named-lists/department").await.json()), Some(1));
    let all = get(&bob, "/company/named-lists/department?includeArchived=true").await.json();
    assert_eq!(length(all), Some(2));
    assert_eq!(get(&bob, "/company/named-lists/terminationReason").await.status, 404, "names are case-sensitive");
    let all = get(&bob, "/company/named-lists").await.json();
    assert_eq!(all["site"]["values"][0], json!({ "id": 2_510_068, "value": "Main office", "name": "Main office" }));
    bob.switch(|switches| switches.lists_documented = true);
    let all = get(&bob, "/company/named-lists").await.json();
    assert!(all.as_array().is_some_and(|lists| lists.iter().all(|list| list["items"].is_array())));
}

#[tokio::test]
async fn tables_have_rows_to_come_and_fields_only_the_current_one() {
    let (bob, clock) = town().await;
    let id = bob.hire(ada().with("work.title", "Engineer"));
    bob.set_from(&id, "work.title", Some("Lead"), "2026-04-01");
    let rows = get(&bob, &format!("/people/{id}/work?includeHumanReadable=true")).await.json()["values"].clone();
    let brief = |row: &Value| (row["id"].clone(), row["isCurrent"].clone(), row["endEffectiveDate"].clone());
    assert_eq!(brief(&rows[0]), (json!(1_000_020_200_106_u64), json!(true), json!("2026-03-31")));
    assert_eq!(brief(&rows[1]), (json!(1_000_020_260_401_u64), json!(false), Value::Null));
    assert_eq!((&rows[1]["humanReadable"]["title"], &rows[1]["site"]), (&json!("Lead"), &json!("Main office")));
    assert_eq!(bob.get(&id, "work.title").as_deref(), Some("Engineer"));
    clock.set("2026-04-01T06:00:00Z".parse().expect("a moment"));
    assert_eq!(bob.get(&id, "work.title").as_deref(), Some("Lead"));
    let lifecycle = get(&bob, &format!("/people/{id}/lifecycle")).await.json()["values"][0].clone();
    assert_eq!((&lifecycle["status"], &lifecycle["employeeStatus"]), (&json!("employed"), &json!("Active")));
    let page = get(&bob, &format!("/people/{id}/work?includeHumanReadable=yes")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html"));
    bob.switch(|switches| switches.histories = false);
    assert_eq!(get(&bob, &format!("/people/{id}/work")).await.status, 403);
}

#[tokio::test]
async fn bulk_tables_have_pages() {
    let (bob, _) = town().await;
    for n in 0..5 {
        bob.hire(Person::new("N", &n.to_string()));
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&bob, &format!("/bulk/people/work?limit=2{cursor}")).await.json();
        seen.extend(page["results"].as_array().expect("results").iter().map(|person| person["employeeId"].clone()));
        match page["response_metadata"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, bob.ids());
    assert_eq!(get(&bob, "/bulk/people/work?limit=201").await.status, 400);
    let one = get(&bob, &format!("/bulk/people/lifecycle?employeeIds={}", bob.ids()[3])).await.json();
    assert_eq!(one["results"].as_array().map(Vec::len), Some(1));
}
