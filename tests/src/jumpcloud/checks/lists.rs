use serde_json::{Value, json};

use super::super::{Drift, WrongFilter};
use super::{Answer, JumpCloud, crowd, get, post, town};

#[tokio::test]
async fn pages_are_ten_by_default_and_a_hundred_at_most() {
    let jc = town().await;
    let ids = crowd(&jc, 120);
    assert_eq!(get(&jc, "/api/systemusers").await.column("_id"), ids[..10]);
    let most = get(&jc, "/api/systemusers?limit=1000&skip=5").await;
    assert_eq!((most.total(), most.column("id")), (120, ids[5..105].to_vec()));
    assert_eq!(get(&jc, "/api/systemusers?skip=120").await.text, r#"{"totalCount":120,"results":[]}"#);
    jc.switch(|s| s.list_cap = 1000);
    assert_eq!(get(&jc, "/api/systemusers?limit=1000").await.column("_id").len(), 120);
    let search = post(&jc, "/api/search/systemusers", json!({ "limit": 1000 })).await;
    assert_eq!(search.column("_id").len(), 120);
}

#[tokio::test]
async fn v1_separates_by_spaces_and_ignores_commas() {
    let jc = town().await;
    let ids = crowd(&jc, 6);
    let sorted = get(&jc, "/api/systemusers?sort=department%20-email&fields=email%20department").await;
    let emails: Vec<String> = [3, 0, 4, 1, 5, 2].map(|i| format!("u00{i}@example.test")).into();
    assert_eq!(sorted.column("email"), emails);
    let keys: Vec<String> = sorted.json()["results"][0].as_object().expect("a user").keys().cloned().collect();
    assert_eq!(keys, ["_id", "department", "email", "id"]);
    let comma = get(&jc, "/api/systemusers?sort=department,-email&fields=email,department").await;
    assert_eq!(comma.column("_id"), ids);
    assert!(comma.json()["results"][0].as_object().expect("a user").len() > 40);
}

#[tokio::test]
async fn filters_of_the_list() {
    let jc = town().await;
    crowd(&jc, 9);
    let total = async |query: &str| get(&jc, &format!("/api/systemusers?{query}")).await.total();
    assert_eq!(total("filter=department:$eq:D1").await, 3);
    assert_eq!(total("filter=department:$eq:d1").await, 0);
    assert_eq!(total("filter=department:$eq:D1&filter=username:$eq:u001").await, 1);
    assert_eq!(total("filter[0]=department:$eq:D1&filter[1]=username:$eq:u002").await, 0);
    assert_eq!(total("filter[or][0]=department:$eq:D1&filter[or][1]=username:$eq:u002").await, 4);
    assert_eq!(total("filter=department:$in:D0%7CD2").await, 6);
    assert_eq!(total("filter=department:$nin:D0%7CD2").await, 3);
    assert_eq!(total("filter=username:$sw:u00").await, 9);
    assert_eq!(total("filter=suspended:$eq:false").await, 9);
    assert_eq!(total("filter=created:$gt:2026-03-01T08:59:00Z").await, 9);
    assert_eq!(total("search[fields]=username&search[searchTerm]=U007").await, 1);
    assert_eq!(total("filter=username:eq:u001").await, 9, "without the dollar sign: ignored");
    jc.switch(|s| s.wrong_filter = WrongFilter::Refused);
    assert_eq!(get(&jc, "/api/systemusers?filter=username:eq:u001").await.status, 400);
}

#[tokio::test]
async fn forms_of_the_search_call() {
    let jc = town().await;
    crowd(&jc, 9);
    jc.add_user(json!({ "email": "Ada@Example.test", "username": "ada", "employeeIdentifier": "E1",
        "attributes": [{ "name": "hirewireId", "value": "bamboo:1" }], "recoveryEmail": { "address": "r@x.test" } }));
    let found = async |filter: Value| -> Answer {
        post(&jc, "/api/search/systemusers", json!({ "filter": filter, "limit": 1000, "fields": "username" })).await
    };
    let total = async |filter: Value| found(filter).await.total();
    assert_eq!(total(Value::Null).await, 10);
    assert_eq!(total(json!([{ "department": "D1" }, { "suspended": false }])).await, 3);
    assert_eq!(total(json!({ "and": [{ "email": "u001@example.test" }, { "state": "ACTIVATED" }] })).await, 1);
    assert_eq!(total(json!({ "or": [{ "email": "u001@example.test" }, { "username": "ada" }] })).await, 2);
    assert_eq!(total(json!([{ "email": "ada@example.test" }])).await, 0, "exact means its case too");
    assert_eq!(total(json!([{ "email": { "$regex": "(?i)^ada@example\\.test$" } }])).await, 1);
    assert_eq!(total(json!([{ "username": { "$regex": "(?i)^U00" } }])).await, 9);
    assert_eq!(total(json!([{ "username": { "$in": ["u001", "u002", "nobody"] } }])).await, 2);
    assert_eq!(total(json!(["username:$regex:/ADA/i"])).await, 1);
    assert_eq!(total(json!(["employeeIdentifier:$eq:E1"])).await, 1);
    assert_eq!(total(json!([{ "employeeIdentifier": null }])).await, 9);
    assert_eq!(total(json!([{ "attributes.value": "bamboo:1" }])).await, 1);
    assert_eq!(total(json!([{ "recoveryEmail.address": "r@x.test" }])).await, 1);
    assert_eq!(total(json!([{ "created": { "$gt": "2027-01-01T00:00:00Z" } }])).await, 0);
    assert_eq!(found(json!([{ "username": { "$near": "u" } }])).await.status, 400);
    let like = json!({ "searchFilter": { "searchTerm": ["ADA", "u003"], "fields": ["username", "email"] } });
    assert_eq!(post(&jc, "/api/search/systemusers", like).await.column("username"), ["u003", "ada"]);
}

#[tokio::test]
async fn lists_drift_between_pages() {
    let jc = town().await;
    let ids = crowd(&jc, 20);
    jc.drift_after(1, Drift::Prepend(json!({ "email": "first@example.test" })));
    let first = get(&jc, "/api/systemusers?sort=_id").await;
    let second = get(&jc, "/api/systemusers?sort=_id&skip=10").await;
    assert_eq!((first.column("_id").last(), second.column("_id").first()), (Some(&ids[9]), Some(&ids[9])));
    assert_eq!((first.total(), second.total()), (20, 21));
    jc.drift_after(1, Drift::Delete("first@example.test".to_owned()));
    get(&jc, "/api/systemusers").await;
    let after = get(&jc, "/api/systemusers?skip=10").await;
    assert_eq!(after.column("_id"), ids[10..]);
}

#[tokio::test]
async fn a_long_filtered_list_is_found_once_and_forgotten_at_the_next_write() {
    let jc: JumpCloud = town().await;
    crowd(&jc, 30);
    let page = async |skip: usize| get(&jc, &format!("/api/systemusers?sort=-email&limit=10&skip={skip}")).await;
    assert_eq!(page(0).await.column("username")[0], "u029");
    assert_eq!(page(20).await.column("username")[9], "u000");
    jc.add_user(json!({ "email": "zoe@example.test" }));
    assert_eq!(page(0).await.column("username")[0], "zoe");
}
