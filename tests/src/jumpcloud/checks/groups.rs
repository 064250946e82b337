use serde_json::{Value, json};

use super::super::Envelope;
use super::{crowd, delete, get, post, put, town};

fn add(user: &str) -> Value {
    json!({ "op": "add", "type": "user", "id": user })
}

fn remove(user: &str) -> Value {
    json!({ "op": "remove", "type": "user", "id": user })
}

#[tokio::test]
async fn groups_are_made_changed_and_deleted() {
    let jc = town().await;
    assert_eq!(get(&jc, "/api/v2/usergroups").await.json()[0]["name"], "All Users");
    let made = post(&jc, "/api/v2/usergroups", json!({ "name": "Research", "description": "labs" })).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v2/usergroups/{id}");
    assert_eq!(put(&jc, &path, json!({ "name": "Labs" })).await.json()["description"], "", "a full update");
    assert_eq!(put(&jc, &path, json!({ "description": "x" })).await.status, 400);
    assert_eq!(post(&jc, "/api/v2/usergroups", json!({ "name": "Labs" })).await.status, 201, "names may repeat");
    jc.switch(|s| s.duplicate_group_refused = true);
    assert_eq!(post(&jc, "/api/v2/usergroups", json!({ "name": "Labs" })).await.status, 409);

    let list = get(&jc, "/api/v2/usergroups?filter=name:eq:Labs&sort=-name&fields=name&limit=1").await;
    assert_eq!(list.headers["x-total-count"], "2");
    assert_eq!(list.json().as_array().map(Vec::len), Some(1));
    assert_eq!(list.json()[0].as_object().map(|group| group.len()), Some(2));
    assert_eq!(get(&jc, "/api/v2/usergroups?filter=name:$eq:Labs").await.headers["x-total-count"], "3");
    assert_eq!(get(&jc, "/api/v2/usergroups?skip=3").await.text, "[]");

    assert_eq!(delete(&jc, &path).await.status, 204);
    assert_eq!((get(&jc, &path).await.status, delete(&jc, &path).await.status), (404, 404));
    jc.switch(|s| s.group_delete = 200);
    let other = jc.group_id("Labs");
    assert_eq!(delete(&jc, &format!("/api/v2/usergroups/{other}")).await.json()["name"], "Labs");
}

#[tokio::test]
async fn members_come_and_go() {
    let jc = town().await;
    let ids = crowd(&jc, 12);
    let group = jc.add_group("Research");
    let path = format!("/api/v2/usergroups/{group}/members");
    assert_eq!(post(&jc, &path, add(&ids[0])).await.status, 204);
    let again = post(&jc, &path, add(&ids[0])).await;
    assert_eq!((again.status, again.json()), (409, json!({ "message": "Already Exists" })));
    assert_eq!(post(&jc, &path, remove(&ids[1])).await.status, 404);
    jc.switch(|s| (s.duplicate_member, s.missing_member) = (204, 204));
    assert_eq!(post(&jc, &path, add(&ids[0])).await.status, 204);
    assert_eq!(post(&jc, &path, remove(&ids[1])).await.status, 204);
    assert_eq!(post(&jc, &path, add("0123456789abcdef01234567")).await.status, 404);
    assert_eq!(post(&jc, "/api/v2/usergroups/0123456789abcdef01234567/members", add(&ids[0])).await.status, 404);
    jc.switch(|s| s.graph_errors = Envelope::Empty);
    assert_eq!(post(&jc, &path, json!({ "op": "join", "type": "user", "id": ids[1] })).await.text, "");

    for id in &ids[1..] {
        post(&jc, &path, add(id)).await;
    }
    let page = get(&jc, &path).await;
    assert_eq!(
        (page.headers["x-total-count"].as_bytes(), page.json().as_array().map(Vec::len)),
        (&b"12"[..], Some(10))
    );
    assert_eq!(
        page.json()[0],
        json!({ "attributes": null, "to": { "attributes": null, "id": ids[0], "type": "user" } })
    );
    let membership = get(&jc, &format!("/api/v2/usergroups/{group}/membership?skip=11")).await.json();
    assert_eq!((&membership[0]["id"], &membership[0]["type"]), (&json!(ids[11]), &json!("user")));
    let of = get(&jc, &format!("/api/v2/users/{}/memberof", ids[0])).await.json();
    assert_eq!((&of[0]["id"], &of[0]["paths"][0][0]["to"]["type"]), (&json!(group), &json!("user_group")));
    assert_eq!(jc.groups_of(&ids[0]), ["Research"]);
    jc.delete_user("u000");
    assert_eq!(jc.members("Research").len(), 11);
}

#[tokio::test]
async fn dynamic_groups_follow_the_users() {
    let jc = town().await;
    let ids = crowd(&jc, 6);
    let filter = json!({ "field": "department", "operator": "eq", "value": "D1" });
    let group = jc.add_dynamic_group("D1", json!({ "queryType": "FilterQuery", "filters": [filter] }));
    assert_eq!(jc.members("D1"), ["u001", "u004"]);
    put(&jc, &format!("/api/systemusers/{}", ids[0]), json!({ "department": "D1" })).await;
    assert_eq!(jc.members("D1"), ["u000", "u001", "u004"]);

    let path = format!("/api/v2/usergroups/{group}/members");
    assert_eq!(post(&jc, &path, add(&ids[2])).await.status, 204, "taken");
    assert_eq!(jc.members("D1"), ["u000", "u001", "u002", "u004"]);
    jc.switch(|s| s.recompute_at_once = false);
    put(&jc, &format!("/api/systemusers/{}", ids[0]), json!({ "department": "D0" })).await;
    assert_eq!(jc.members("D1"), ["u000", "u001", "u002", "u004"]);
    jc.tick();
    assert_eq!(jc.members("D1"), ["u001", "u004"], "and undone");
    jc.switch(|s| s.dynamic_add_refused = true);
    assert_eq!(post(&jc, &path, add(&ids[2])).await.status, 400);

    let staged = json!([r#"{"field":"userState","operator":"in","value":["staged"]}"#]);
    jc.add_dynamic_group("Soon", json!({ "queryType": "Filter", "filters": staged.to_string() }));
    jc.switch(|s| s.recompute_at_once = true);
    jc.add_user(json!({ "email": "new@example.test", "state": "STAGED" }));
    assert_eq!(jc.members("Soon"), ["new"]);
    jc.activate_by_hand("new");
    assert!(jc.members("Soon").is_empty());
}

#[tokio::test]
async fn groups_under_review_only_suggest() {
    let jc = town().await;
    let ids = crowd(&jc, 3);
    let filter = json!({ "field": "department", "operator": "eq", "value": "D1" });
    let body = json!({ "name": "D1", "membershipMethod": "DYNAMIC_REVIEW_REQUIRED",
        "memberQuery": { "queryType": "FilterQuery", "filters": [filter] } });
    let made = post(&jc, "/api/v2/usergroups", body).await.json();
    assert_eq!(made["suggestionCounts"], json!({ "add": 1, "remove": 0, "total": 1 }));
    let path = format!("/api/v2/usergroups/{}/suggestions", made["id"].as_str().expect("an id"));
    assert_eq!(get(&jc, &path).await.json()[0]["object"]["id"], ids[1]);
    assert!(jc.members("D1").is_empty());
    assert_eq!(post(&jc, &path, json!({ "user_ids": ids })).await.status, 204);
    assert_eq!(jc.members("D1"), ["u001"]);
}

#[tokio::test]
async fn associations_are_asked_for_by_target() {
    let jc = town().await;
    let id = jc.add_user(json!({ "email": "ada@example.test" }));
    let path = format!("/api/v2/users/{id}/associations");
    assert_eq!(get(&jc, &path).await.status, 400);
    let device = json!({ "op": "add", "type": "system", "id": "0123456789abcdef01234567" });
    assert_eq!(post(&jc, &path, device.clone()).await.status, 204);
    assert_eq!(post(&jc, &path, device).await.status, 409);
    let found = get(&jc, &format!("{path}?targets=system")).await.json();
    assert_eq!(found[0]["to"]["id"], "0123456789abcdef01234567");
    assert_eq!(get(&jc, &format!("{path}?targets=application")).await.text, "[]");
}
