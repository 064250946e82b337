//! Recorded shapes, and worse ones.

use serde_json::json;

use super::*;

const ID: &str = "65f0c1a2b3d4e5f601020304";

fn user(json: &str) -> Result<Account, serde_json::Error> {
    serde_json::from_str::<User>(json).map(|user| user.0)
}

#[test]
fn a_recorded_user_is_read() {
    let account = user(
        r#"{"account_locked":false,"account_locked_date":null,"activated":false,
        "addresses":[{"id":"1","type":"work","poBox":"","country":"DE","locality":"Berlin","region":"","extendedAddress":null,
            "streetAddress":"Hauptstr. 1","postalCode":"10115"}],
        "allow_public_key":true,"attributes":[{"_id":"1","name":"hirewireId","value":"acme:7"},{"name":"n","value":3}],
        "company":"","costCenter":"CC","department":"","description":"","displayname":"Ada B","email":"Ada@Example.test",
        "employeeIdentifier":null,"firstname":"Ada","jobTitle":"Engineer","lastname":"Byron","mfa":{"configured":false},
        "middlename":"","phoneNumbers":[{"id":"1","type":"work","number":"1"},null],"state":"ACTIVATED","sudo":false,
        "suspended":false,"unix_uid":5001,"username":"ada.byron","created":"2026-02-12T17:45:42.369Z",
        "manager":"65f0c1a2b3d4e5f601020305","_id":"65f0c1a2b3d4e5f601020304","id":"65f0c1a2b3d4e5f601020304"}"#,
    )
    .expect("a user");
    assert_eq!((account.id.as_str(), &*account.username, &*account.email), (ID, "ada.byron", "ada@example.test"));
    assert_eq!(
        (account.state, account.link().map(|link| link.to_string())),
        (AccountState::Activated, Some("acme:7".to_owned()))
    );
    assert_eq!(account.manager.as_ref().map(AccountId::as_str), Some("65f0c1a2b3d4e5f601020305"));
    let texts: Vec<(String, &str)> = account.texts.iter().map(|(slot, text)| (slot.to_string(), &**text)).collect();
    let expected = [
        ("firstname", "Ada"),
        ("lastname", "Byron"),
        ("displayname", "Ada B"),
        ("jobTitle", "Engineer"),
        ("costCenter", "CC"),
    ];
    assert_eq!(texts, expected.map(|(slot, text)| (slot.to_owned(), text)));
    assert!(account.texts.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!((account.phones.len(), &*account.phones[0].number), (1, "1"));
    assert_eq!((&*account.addresses[0].street_address, &*account.addresses[0].extended_address), ("Hauptstr. 1", ""));
    assert_eq!(&*account.custom[1].value, "3");
}

#[test]
fn nulls_and_gaps_are_nothing() {
    let names = [
        "username",
        "email",
        "state",
        "suspended",
        "manager",
        "firstname",
        "employeeIdentifier",
        "phoneNumbers",
        "addresses",
        "attributes",
        "alternateEmail",
    ];
    let mut nulls: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!(null))).collect();
    nulls.insert("_id".to_owned(), json!(ID));
    let bare = user(&format!(r#"{{"id":"{ID}"}}"#)).expect("a user");
    assert!(user(&json!(nulls).to_string()).expect("a user") == bare);
    assert_eq!((bare.state, bare.texts.len(), bare.phones.len()), (AccountState::Activated, 0, 0));
}

#[test]
fn the_state_is_read_or_derived() {
    let table = [
        (json!({"state": "STAGED", "suspended": false}), Some(AccountState::Staged)),
        (json!({"state": "ACTIVATED"}), Some(AccountState::Activated)),
        (json!({"state": "SUSPENDED", "suspended": true}), Some(AccountState::Suspended)),
        (json!({"suspended": true}), Some(AccountState::Suspended)),
        (json!({"suspended": false}), Some(AccountState::Activated)),
        (json!({"state": "FROZEN", "suspended": false}), None),
    ];
    for (mut wire, expected) in table {
        wire["id"] = json!(ID);
        assert_eq!(user(&wire.to_string()).ok().map(|account| account.state), expected, "{wire}");
    }
}

#[test]
fn what_is_no_user_is_refused_without_repeating_it() {
    for json in [
        r#"{"username":"zoe"}"#,
        r#"{"id":"short","username":"zoe"}"#,
        r#"{"id":"65f0c1a2b3d4e5f601020304","suspended":"zoe"}"#,
        r#"{"id":"65f0c1a2b3d4e5f601020304","username":["zoe"]}"#,
        r#"{"id":"65f0c1a2b3d4e5f601020304","phoneNumbers":"zoe"}"#,
        r#"["zoe"]"#,
        r#"{"username":"zoe"#,
        "zoe",
    ] {
        let why = why(&user(json).expect_err("no user"));
        assert!(!why.contains("zoe"), "{why}");
    }
}

#[test]
fn groups_are_read_and_dynamic_ones_known() {
    let read = |json: serde_json::Value| serde_json::from_value::<GroupRead>(json).ok().map(|read| read.group);
    let dynamic = |more: serde_json::Value| {
        let mut json = json!({"attributes": null, "id": ID, "name": "All Users", "type": "user_group", "email": ""});
        for (name, value) in more.as_object().expect("an object") {
            json[name] = value.clone();
        }
        read(json).flatten().map(|group| group.dynamic)
    };
    let query = json!({"queryType": "FilterQuery", "filters": [{"field": "department"}]});
    let table = [
        (json!({}), false),
        (json!({"membershipMethod": "STATIC", "memberQuery": null}), false),
        (json!({"membershipMethod": "NOTSET", "memberQuery": {}}), false),
        (json!({"membershipMethod": "DYNAMIC_AUTOMATED", "memberQuery": query}), true),
        (json!({"membershipMethod": "DYNAMIC_REVIEW_REQUIRED"}), true),
        (json!({"memberQuery": query}), true),
        (json!({"memberQuery": "department"}), true),
    ];
    for (more, expected) in table {
        assert_eq!(dynamic(more.clone()), Some(expected), "{more}");
    }
    assert_eq!(read(json!({"id": ID, "name": "two\nlines"})), Some(None));
    assert_eq!(read(json!({"id": ID, "name": ""})), Some(None));
    assert_eq!(read(json!({"name": "A"})), None);
}

#[test]
fn only_users_are_members() {
    let read = |json| serde_json::from_value::<Member>(json).ok().map(|read| read.account.map(|id| id.to_string()));
    let edge = |kind: &str, id: &str| json!({"attributes": null, "to": {"attributes": null, "id": id, "type": kind}});
    assert_eq!(read(edge("user", ID)), Some(Some(ID.to_owned())));
    assert_eq!(read(edge("user_group", ID)), Some(None));
    assert_eq!(read(edge("user", "")), None);
    assert_eq!(read(json!({})), None);
}

#[test]
fn only_devices_are_bound() {
    let read = |json| serde_json::from_value::<Bound>(json).ok().map(|read| read.device.map(|id| id.to_string()));
    let edge = |kind: &str, id: &str| json!({"attributes": null, "to": {"attributes": null, "id": id, "type": kind}});
    assert_eq!(read(edge("system", ID)), Some(Some(ID.to_owned())));
    assert_eq!(read(edge("system_group", ID)), Some(None));
    assert_eq!(read(edge("system", "")), None);
    assert_eq!(read(json!({"to": null})), None);
}

#[test]
fn only_direct_memberships_count() {
    let edge = |id: &str, kind: &str| json!({"attributes": null, "to": {"attributes": null, "id": id, "type": kind}});
    let (direct, through) = (json!([edge(ID, "user_group")]), "65f0c1a2b3d4e5f601020a02");
    let indirect = json!([edge(through, "user_group"), edge(ID, "user_group")]);
    let table = [
        ("user_group", json!([direct]), true),
        ("user_group", json!([indirect]), false),
        ("user_group", json!([indirect, direct]), true),
        ("user_group", json!([]), true),
        ("user_group", json!(null), true),
        ("system_group", json!([direct]), false),
    ];
    for (kind, paths, expected) in table {
        let json = json!({"id": ID, "type": kind, "compiledAttributes": null, "paths": paths});
        let read: Membership = serde_json::from_value(json).expect("a membership");
        assert_eq!(read.group.map(|id| id.to_string()), expected.then(|| ID.to_owned()), "{paths}");
    }
}
