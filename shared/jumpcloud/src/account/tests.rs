//! What needs no answer from JumpCloud.

use mapping::configuration::{Directory, Region, SecretRef};
use mapping::secret::Secret;

use super::*;

fn account() -> Account {
    let json = r#"{"id":"65f0c1a2b3d4e5f601020304","username":"ada","email":"Ada@example.test","employeeIdentifier":"7",
        "attributes":[{"name":"hirewireId","value":"acme:1"}]}"#;
    serde_json::from_str::<User>(json).expect("a user").0
}

fn key(text: &str) -> EmployeeKey {
    EmployeeKey::parse(text).expect("a key")
}

#[test]
fn what_an_ignored_filter_brings_along_is_left_out() {
    let somebody = key("acme:2");
    let names = |name: &str| vec![name.to_owned()];
    let table = [
        (Some("ADA@example.test"), None, &somebody, vec![], true),
        (None, Some("7"), &somebody, vec![], true),
        (None, None, &somebody, names("Ada"), true),
        (None, None, &key("acme:1"), vec![], true),
        (Some("ada@example.tes"), Some("77"), &somebody, names("adam"), false),
        (Some(""), Some(""), &somebody, vec![], false),
        (None, None, &somebody, vec![], false),
    ];
    for (email, identifier, link, usernames, expected) in table {
        assert_eq!(could_be(&account(), email, identifier, link, &usernames), expected, "{email:?} {identifier:?}");
    }
}

#[test]
fn nothing_to_find_and_nothing_to_change_make_no_call() {
    let directory = Directory {
        region: Region::Us,
        base_url: Some("http://127.0.0.1:1".to_owned()),
        api_key: SecretRef::Environment("KEY".to_owned()),
        read_key: None,
        org_id: None,
    };
    let client = JumpCloud::new(&directory, &Secret::new("k"));
    let found = futures::executor::block_on(client.find(None, None, &key("acme:1"), &[]));
    assert!(found.expect("no call").is_empty());
    let same = futures::executor::block_on(client.update(&account(), None, None, &[], None, &Mail::Sent));
    assert!(same.expect("no call") == account());
    assert_eq!(client.calls(), 0);
}

/// Workers spawn these.
#[test]
fn calls_can_move_between_threads() {
    fn movable(_: impl Send) {}
    let check = |client: &JumpCloud, account: &Account, link: &EmployeeKey, new: &NewAccount<'_>| {
        movable(client.accounts(4, &|_, _| ()));
        movable(client.find(None, None, link, &[]));
        movable(client.create(new));
        movable(client.update(account, None, None, &[], None, &Mail::Sent));
        movable(client.delete(&account.id, Reports::Clear));
        movable(client.devices(&account.id));
        movable(client.groups());
    };
    let _ = check;
}

#[test]
fn a_refused_password_is_not_repeated() {
    let rejected = |message: &str| Fault::Rejected { vendor: VENDOR, status: 400, message: message.to_owned() };
    let password = Secret::new("s3cret");
    assert_eq!(hushed(rejected("\"s3cret\" is too short"), Some(&password)), rejected("\"…\" is too short"));
    assert_eq!(hushed(rejected("no"), Some(&Secret::new(""))), rejected("no"));
    assert_eq!(hushed(rejected("no"), None), rejected("no"));
}

#[test]
fn a_refused_activation_says_nothing_against_the_account() {
    let rejected = Fault::Rejected { vendor: VENDOR, status: 400, message: "no".to_owned() };
    let limited = Fault::RateLimited { vendor: VENDOR, wait: None };
    assert!(matches!(half_made(rejected), Fault::Unsure { .. }));
    assert!(matches!(half_made(Fault::NotFound { vendor: VENDOR, what: "such user" }), Fault::Unsure { .. }));
    assert_eq!(half_made(limited.clone()), limited);
}
