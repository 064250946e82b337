use serde_json::{Value, json};

use super::super::{ActionAnswer, MailKind, Missing, UserState};
use super::{ada, delete, get, post, put, town};

#[tokio::test]
async fn a_new_user_has_the_recorded_defaults() {
    let jc = town().await;
    let made = post(&jc, "/api/systemusers", ada()).await;
    assert_eq!(made.status, 200, "not 201");
    let user = made.json();
    assert_eq!(user["_id"], user["id"]);
    assert_eq!((&user["unix_uid"], &user["unix_guid"]), (&json!(5001), &json!(5001)));
    assert_eq!((&user["department"], &user["employeeIdentifier"]), (&json!(""), &Value::Null));
    assert_eq!(
        (&user["state"], &user["suspended"], &user["activated"]),
        (&json!("ACTIVATED"), &json!(false), &json!(false))
    );
    assert!(user.get("manager").is_none() && user.get("password").is_none());
    let created = user["created"].as_str().expect("text");
    assert!(created.len() == 24 && created.ends_with('Z'), "{created}");
    assert_eq!(get(&jc, &format!("/api/systemusers/{}", user["id"].as_str().expect("an id"))).await.json(), user);
    assert_eq!(jc.mails().len(), 1, "activated without a password");
    assert!(jc.unknown_keys().is_empty());
}

#[tokio::test]
async fn nobody_exists_twice() {
    let jc = town().await;
    jc.add_user(json!({ "username": "ada", "email": "ada@example.test", "employeeIdentifier": "1",
        "systemUsername": "abyron" }));
    let status = async |body: Value| post(&jc, "/api/systemusers", body).await.status;
    assert_eq!(status(json!({ "username": "ada", "email": "x@example.test" })).await, 400);
    assert_eq!(status(json!({ "username": "x", "email": "ADA@example.test" })).await, 400);
    assert_eq!(status(json!({ "username": "abyron", "email": "x@example.test" })).await, 400);
    let body = json!({ "username": "x", "email": "x@example.test", "employeeIdentifier": "1" });
    let answer = post(&jc, "/api/systemusers", body.clone()).await;
    assert_eq!((answer.status, &answer.json()["message"]), (400, &json!("User already exists")));
    jc.switch(|s| s.duplicate_user = 409);
    assert_eq!(status(body).await, 409);
    jc.take_email_elsewhere("grace@example.test");
    assert_eq!(status(json!({ "username": "grace", "email": "Grace@example.test" })).await, 409);
    assert_eq!(jc.users().len(), 1);
}

#[tokio::test]
async fn put_merges_scalars_and_replaces_arrays_whole() {
    let jc = town().await;
    let id = jc.add_user(json!({ "email": "ada@example.test", "department": "R", "jobTitle": "Engineer",
        "attributes": [{ "name": "a", "value": "1" }, { "name": "b", "value": "2" }],
        "phoneNumbers": [{ "type": "work", "number": "1" }] }));
    let path = format!("/api/systemusers/{id}");
    let before = get(&jc, &path).await.json();
    let attributes = json!([{ "name": "c", "value": "3" }]);
    let after = put(&jc, &path, json!({ "department": "S", "attributes": attributes })).await.json();
    assert_eq!((&after["department"], &after["jobTitle"]), (&json!("S"), &json!("Engineer")));
    assert_eq!(after["attributes"].as_array().map(Vec::len), Some(1));
    assert!(after["attributes"][0]["_id"].is_string() && after["attributes"][0].get("id").is_none());
    assert_eq!(after["phoneNumbers"], before["phoneNumbers"]);
    let phones =
        put(&jc, &path, json!({ "phoneNumbers": before["phoneNumbers"] })).await.json()["phoneNumbers"].clone();
    assert_ne!(phones[0]["id"], before["phoneNumbers"][0]["id"], "new entries have new ids");
}

#[tokio::test]
async fn what_clears_a_field() {
    let jc = town().await;
    let grace = jc.add_user(json!({ "email": "grace@example.test" }));
    let id = jc.add_user(json!({ "email": "ada@example.test", "department": "R", "employeeIdentifier": "1",
        "manager": grace }));
    let path = format!("/api/systemusers/{id}");
    let clear = json!({ "department": "", "employeeIdentifier": null, "manager": null });
    let user = put(&jc, &path, clear).await.json();
    assert_eq!((&user["department"], &user["employeeIdentifier"]), (&json!(""), &Value::Null));
    assert!(user.get("manager").is_none());
    assert_eq!(put(&jc, &path, json!({ "department": null })).await.status, 400);
    jc.switch(|s| (s.null_clears, s.empty_clears) = (true, false));
    assert_eq!(put(&jc, &path, json!({ "department": null })).await.status, 200);
    assert_eq!(put(&jc, &path, json!({ "department": "" })).await.status, 400);
    assert_eq!(put(&jc, &path, json!({ "manager": "0123456789abcdef01234567" })).await.status, 400);
    jc.switch(|s| s.unknown_manager_refused = false);
    assert_eq!(put(&jc, &path, json!({ "manager": "0123456789abcdef01234567" })).await.status, 200);
}

#[tokio::test]
async fn bodies_are_checked() {
    let jc = town().await;
    let status = async |more: Value| {
        let mut body = ada();
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = post(&jc, "/api/systemusers", body).await;
        if answer.status == 200 {
            jc.delete_user("ada@example.test");
        }
        answer.status
    };
    assert_eq!(status(json!({ "attributes": [{ "name": "hirewire_id", "value": "x" }] })).await, 400);
    assert_eq!(status(json!({ "attributes": [{ "name": "a", "value": null }] })).await, 400);
    let twice = json!([{ "name": "a", "value": "1" }, { "name": "a", "value": "2" }]);
    assert_eq!(status(json!({ "attributes": twice })).await, 400);
    assert_eq!(status(json!({ "employeeIdentifier": "x".repeat(257) })).await, 400);
    assert_eq!(status(json!({ "department": "x".repeat(1025) })).await, 400);
    assert_eq!(status(json!({ "department": 7 })).await, 400);
    assert_eq!(status(json!({ "username": "1ada" })).await, 400);
    assert_eq!(status(json!({ "username": "ada byron" })).await, 400);
    assert_eq!(status(json!({ "username": "a".repeat(31) })).await, 400);
    assert_eq!(status(json!({ "colour": "red", "created": "2020" })).await, 200);
    let strange = jc.unknown_keys();
    assert!(strange.iter().eq(["POST systemusers.colour", "POST systemusers.created"]), "{strange:?}");
    jc.switch(|s| (s.unknown_keys_refused, s.username_rules) = (true, false));
    assert_eq!(status(json!({ "colour": "red" })).await, 400);
    assert_eq!(status(json!({ "username": "1ada" })).await, 200);
}

#[tokio::test]
async fn state_and_suspended_mirror_each_other() {
    let jc = town().await;
    let id = jc.add_user(json!({ "email": "ada@example.test" }));
    let path = format!("/api/systemusers/{id}");
    let state = async |body: Value| -> String {
        let answer = put(&jc, &path, body).await;
        match answer.json() {
            user if answer.status == 200 => format!("{} {}", user["state"], user["suspended"]).replace('"', ""),
            refused => refused["message"].as_str().expect("a message").to_owned(),
        }
    };
    assert_eq!(state(json!({ "state": "SUSPENDED" })).await, "SUSPENDED true");
    assert_eq!(state(json!({ "suspended": false })).await, "ACTIVATED false");
    assert_eq!(state(json!({ "suspended": true })).await, "SUSPENDED true");
    assert_eq!(
        state(json!({ "state": "ACTIVATED", "suspended": true })).await,
        "Cannot save conflicting state and suspended fields. (state=ACTIVATED suspended=true)"
    );
    assert_eq!(state(json!({ "state": "STAGED" })).await, "\"state\" must be one of ACTIVATED, SUSPENDED");
    assert_eq!(state(json!({ "state": "ACTIVATED", "suspended": false })).await, "ACTIVATED false");
}

#[tokio::test]
async fn staged_users_are_activated_with_a_mail() {
    let jc = town().await;
    let id = jc
        .add_user(json!({ "email": "ada@example.test", "alternateEmail": "private@example.test", "state": "STAGED" }));
    let path = format!("/api/systemusers/{id}");
    jc.switch(|s| (s.staged_put_activates, s.staged_put_suspends) = (false, false));
    assert_eq!(put(&jc, &path, json!({ "state": "ACTIVATED" })).await.status, 400);
    assert_eq!(put(&jc, &path, json!({ "suspended": true })).await.status, 400);
    let activate = format!("{path}/state/activate");
    assert_eq!(post(&jc, &activate, json!({})).await.text, "");
    let mail = &jc.mails()[0];
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::Activation, "private@example.test"));
    assert_eq!(post(&jc, &activate, json!({})).await.status, 400);
    jc.switch(|s| (s.activate_again, s.action_answer) = (200, ActionAnswer::User));
    assert_eq!(post(&jc, &activate, json!({})).await.json()["state"], "ACTIVATED");
    assert_eq!(jc.mails().len(), 1);

    let grace = jc.add_user(json!({ "email": "grace@example.test", "state": "STAGED", "password": "secret" }));
    post(&jc, &format!("/api/systemusers/{grace}/state/activate"), json!({ "email": "door@example.test" })).await;
    let mail = &jc.mails()[1];
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::Welcome, "door@example.test"));

    assert_eq!(post(&jc, &format!("{path}/state/suspend"), Value::Null).await.status, 200);
    assert_eq!(jc.user("ada").expect("ada")["suspended"], true);
    jc.switch(|s| s.suspend_call_exists = false);
    assert_eq!(post(&jc, &format!("{path}/state/suspend"), Value::Null).await.status, 404);
    jc.switch(|s| s.default_state = UserState::Staged);
    let made = post(&jc, "/api/systemusers", json!({ "username": "joan", "email": "joan@example.test" })).await;
    assert_eq!(made.json()["state"], "STAGED");
}

#[tokio::test]
async fn managers_are_not_deleted_without_a_word_about_their_reports() {
    let jc = town().await;
    let boss = jc.add_user(json!({ "email": "boss@example.test" }));
    let next = jc.add_user(json!({ "email": "next@example.test" }));
    jc.add_user(json!({ "email": "ada@example.test", "manager": boss }));
    let path = format!("/api/systemusers/{boss}");
    assert_eq!(delete(&jc, &path).await.status, 409);
    assert_eq!(delete(&jc, &format!("{path}?cascade_manager={boss}")).await.status, 400);
    let gone = delete(&jc, &format!("{path}?cascade_manager={next}")).await;
    assert_eq!((gone.status, &gone.json()["username"]), (200, &json!("boss")));
    assert_eq!(jc.user("ada").expect("ada")["manager"], next);
    assert_eq!(delete(&jc, &format!("/api/systemusers/{next}?cascade_manager=null")).await.status, 200);
    assert!(jc.user("ada").expect("ada").get("manager").is_none());
    assert_eq!(delete(&jc, &path).await.status, 404);
}

#[tokio::test]
async fn unknown_ids_and_restricted_fields() {
    let jc = town().await;
    let path = "/api/systemusers/0123456789abcdef01234567";
    assert_eq!((get(&jc, path).await.status, put(&jc, path, json!({})).await.status), (404, 404));
    jc.switch(|s| s.unknown_user_read = Missing::Empty);
    let empty = get(&jc, path).await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));

    let restricted = json!([{ "field": "department", "type": "scim" }]);
    let id = jc.add_user(json!({ "email": "ada@example.test", "department": "R", "restrictedFields": restricted }));
    let path = format!("/api/systemusers/{id}");
    jc.switch(|s| s.restricted_fields_refused = true);
    assert_eq!(put(&jc, &path, json!({ "department": "S" })).await.status, 400);
    assert_eq!(put(&jc, &path, json!({ "department": "R", "jobTitle": "x" })).await.status, 200);
    jc.bind_device("ada");
    for status in [400, 409, 200] {
        jc.switch(|s| s.bound_rename = status);
        assert_eq!(put(&jc, &path, json!({ "username": "adab" })).await.status, status);
    }
    jc.switch(|s| s.bound_rename = 400);
    jc.unbind_devices(&id);
    assert_eq!(put(&jc, &path, json!({ "username": "1ada" })).await.status, 400, "the rules for names hold");
    assert_eq!(put(&jc, &path, json!({ "username": "ada" })).await.status, 200);
}
