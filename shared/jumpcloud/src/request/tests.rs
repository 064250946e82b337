//! Against the examples of JumpCloud's documentation.

use mapping::configuration::SecretRef;

use super::*;

const USER: &str = "65f0c1a2b3d4e5f601020304";
const GROUP: &str = "65f0c1a2b3d4e5f601020a01";

const HEIR: &str = "65f0c1a2b3d4e5f601020305";
const DEVICE: &str = "65f0c1a2b3d4e5f601020d01";

fn user() -> AccountId {
    AccountId::parse(USER).expect("an id")
}

fn group() -> GroupId {
    GroupId::parse(GROUP).expect("an id")
}

fn named(name: &str) -> GroupName {
    GroupName::parse(name).expect("a name")
}

fn directory(region: Region, base_url: Option<&str>, org_id: Option<&str>) -> Directory {
    Directory {
        region,
        base_url: base_url.map(str::to_owned),
        api_key: SecretRef::Environment("KEY".to_owned()),
        read_key: None,
        org_id: org_id.map(str::to_owned),
    }
}

fn seen(call: &Call) -> (String, Value, Safety) {
    let body = if call.body.is_empty() { Value::Null } else { serde_json::from_slice(&call.body).expect("JSON") };
    (format!("{} {}", call.method, call.path), body, call.safety)
}

#[test]
fn calls_are_those_of_the_documentation() {
    use Safety::{Once, Repeatable};
    let heir = AccountId::parse(HEIR).expect("an id");
    let device = DeviceId::parse(DEVICE).expect("an id");
    let members = format!("POST /api/v2/usergroups/{GROUP}/members");
    let table = [
        (organisations(), "GET /api/organizations".to_owned(), Value::Null, Repeatable),
        (accounts(200), "GET /api/systemusers?limit=100&skip=200&sort=_id".to_owned(), Value::Null, Repeatable),
        (account(&user()), format!("GET /api/systemusers/{USER}"), Value::Null, Repeatable),
        (create(&json!({"username": "ada"})), "POST /api/systemusers".to_owned(), json!({"username": "ada"}), Once),
        (
            update(&user(), &json!({"manager": null})),
            format!("PUT /api/systemusers/{USER}"),
            json!({"manager": null}),
            Repeatable,
        ),
        (
            activate(&user(), &Mail::Withheld),
            format!("POST /api/systemusers/{USER}/state/activate"),
            json!({"email": false}),
            Repeatable,
        ),
        (
            activate(&user(), &Mail::Sent),
            format!("POST /api/systemusers/{USER}/state/activate"),
            json!({"email": true}),
            Repeatable,
        ),
        (
            activate(&user(), &Mail::To("x@y.test".into())),
            format!("POST /api/systemusers/{USER}/state/activate"),
            json!({"email": "x@y.test"}),
            Repeatable,
        ),
        (
            delete(&user(), Reports::Clear),
            format!("DELETE /api/systemusers/{USER}?cascade_manager=null"),
            Value::Null,
            Repeatable,
        ),
        (
            delete(&user(), Reports::To(&heir)),
            format!("DELETE /api/systemusers/{USER}?cascade_manager={HEIR}"),
            Value::Null,
            Repeatable,
        ),
        (
            devices(&user(), 100),
            format!("GET /api/v2/users/{USER}/associations?targets=system&limit=100&skip=100"),
            Value::Null,
            Repeatable,
        ),
        (
            unbind(&user(), &device),
            format!("POST /api/v2/users/{USER}/associations"),
            json!({"op": "remove", "type": "system", "id": DEVICE}),
            Repeatable,
        ),
        (groups(0), "GET /api/v2/usergroups?limit=100&skip=0&sort=id".to_owned(), Value::Null, Repeatable),
        (create_group(&named("Team A")), "POST /api/v2/usergroups".to_owned(), json!({"name": "Team A"}), Once),
        (
            members_call(100),
            format!("GET /api/v2/usergroups/{GROUP}/members?limit=100&skip=100"),
            Value::Null,
            Repeatable,
        ),
        (groups_of(&user(), 0), format!("GET /api/v2/users/{USER}/memberof?limit=100&skip=0"), Value::Null, Repeatable),
        (join(&group(), &user()), members.clone(), json!({"op": "add", "type": "user", "id": USER}), Repeatable),
        (leave(&group(), &user()), members, json!({"op": "remove", "type": "user", "id": USER}), Repeatable),
    ];
    for (call, line, body, safety) in table {
        assert_eq!(seen(&call), (line, body, safety));
    }
}

fn members_call(skip: usize) -> Call {
    members(&group(), skip)
}

#[test]
fn a_search_asks_for_everything_at_once() {
    let names = ["ada.byron".to_owned(), "ada.byron2".to_owned()];
    let call = find(Some("Ada.B+x@Example.test"), Some("10042"), &names, 100).expect("something to find");
    let (line, body, safety) = seen(&call);
    assert_eq!((line.as_str(), safety), ("POST /api/search/systemusers", Safety::Repeatable));
    let any = json!([
        {"email": "ada.b+x@example.test"},
        {"email": {"$regex": "(?i)^ada\\.b\\+x@example\\.test$"}},
        {"employeeIdentifier": "10042"},
        {"username": "ada.byron"},
        {"username": "ada.byron2"},
    ]);
    assert_eq!(body, json!({"filter": {"or": any}, "limit": 100, "skip": 100, "sort": "_id"}));
}

#[test]
fn bodies_are_not_shown() {
    let call = create(&json!({"username": "ada", "password": "s3cret"}));
    assert_eq!(format!("{call:?}"), format!("Call(POST /systemusers, {} bytes)", call.body.len()));
}

#[test]
fn nothing_to_find_is_never_everybody() {
    assert_eq!(find(None, None, &[], 0), None);
    assert_eq!(find(Some(""), Some(""), &[], 0), None);
}

#[test]
fn a_group_is_asked_for_by_name_unless_the_name_breaks_the_filter() {
    let path = |name: &str| groups_named(&named(name), 0).map(|call| call.path);
    let expected = |name: &str| Some(format!("/api/v2/usergroups?limit=100&skip=0&sort=id&filter=name:eq:{name}"));
    assert_eq!(path("Team A & B"), expected("Team%20A%20%26%20B"));
    assert_eq!(path("Zürich+1"), expected("Z%C3%BCrich%2B1"));
    for name in ["Berlin, Mitte", "a:b", "all*", "a|b", "a\\b"] {
        assert_eq!(path(name), None, "{name}");
    }
}

#[test]
fn a_request_goes_to_its_region_with_the_key() {
    let org = "65f0c1a2b3d4e5f601020c00";
    let table = [
        (Region::Us, None, "https://console.jumpcloud.com/api/organizations"),
        (Region::Eu, None, "https://console.eu.jumpcloud.com/api/organizations"),
        (Region::In, None, "https://console.in.jumpcloud.com/api/organizations"),
        (Region::Eu, Some("http://127.0.0.1:9/"), "http://127.0.0.1:9/api/organizations"),
    ];
    for (region, base, url) in table {
        let door = Door::new(&directory(region, base, Some(org)), &Secret::new("k3y\n"));
        let request = door.request(&organisations()).expect("a request");
        assert_eq!(request.uri().to_string(), url);
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("x-api-key"), Some("k3y"));
        assert_eq!(header("x-org-id"), Some(org));
        assert_eq!(header("accept"), Some("application/json"));
        assert!(header("user-agent").is_some_and(|agent| agent.starts_with("Hirewire/")));
        assert_eq!(header("content-type"), None);
        assert!(!format!("{request:?}").contains("k3y"), "the key stays out of logs");
    }
    let door = Door::new(&directory(Region::Us, None, None), &Secret::new("k3y"));
    let request = door.request(&activate(&user(), &Mail::Sent)).expect("a request");
    assert_eq!(request.headers().get("content-type").map(HeaderValue::as_bytes), Some(&b"application/json"[..]));
    assert!(!request.headers().contains_key("x-org-id"));
}

#[test]
fn what_is_no_key_or_no_address_is_said() {
    for key in ["", "two\nlines"] {
        let door = Door::new(&directory(Region::Us, None, None), &Secret::new(key));
        assert!(matches!(door.request(&organisations()), Err(Fault::KeyRefused { .. })), "{key:?}");
    }
    let door = Door::new(&directory(Region::Us, Some("http://a b"), None), &Secret::new("k"));
    assert!(matches!(door.request(&organisations()), Err(Fault::Unavailable { .. })));
}
