//! The create example of the documentation; merged lists; clearing.

use std::sync::Arc;

use mapping::account::{LINK_ATTRIBUTE, Mail};
use mapping::secret::Secret;
use serde_json::json;

use super::*;

const MANAGER: &str = "65f0c1a2b3d4e5f601020304";

fn id(text: &str) -> AccountId {
    AccountId::parse(text).expect("an id")
}

fn change(attribute: &str, to: &str) -> Change {
    let attribute = match attribute {
        "link" => Attribute::Custom(LINK_ATTRIBUTE.into()),
        name => Attribute::parse(name).expect("an attribute"),
    };
    let to = (!to.is_empty()).then(|| to.to_owned());
    Change { attribute, from: None, to, because: Arc::from("a rule") }
}

fn phone(kind: &str, number: &str) -> Phone {
    Phone { kind: kind.into(), number: number.into() }
}

fn custom(name: &str, value: &str) -> CustomAttribute {
    CustomAttribute { name: name.into(), value: value.into() }
}

fn ada() -> Account {
    let work = Address { kind: "work".into(), locality: "Berlin".into(), po_box: "7".into(), ..Address::default() };
    let holiday = Address { kind: "holiday".into(), country: "IT".into(), ..Address::default() };
    Account {
        id: id("65f0c1a2b3d4e5f601020305"),
        username: "ada".into(),
        email: "ada@example.test".into(),
        state: AccountState::Activated,
        manager: None,
        texts: Vec::new(),
        phones: vec![phone("work", "1"), phone("satellite", "2")],
        addresses: vec![work, holiday],
        custom: vec![custom("badge", "17"), custom("shoeSize", "39")],
    }
}

fn put(changes: &[Change]) -> Value {
    update(&ada(), None, None, changes, None).put.unwrap_or_default()
}

#[test]
fn an_account_is_made_as_in_the_documentation() {
    let values = [
        change("email", "Ada@Example.test"),
        change("firstname", "Ada"),
        change("lastname", "Byron"),
        change("displayname", "Ada Byron"),
        change("middlename", ""),
        change("department", "Research"),
        change("jobTitle", "Engineer"),
        change("location", "Berlin"),
        change("company", "Acme"),
        change("costCenter", "CC-12"),
        change("employeeIdentifier", "10042"),
        change("employeeType", "Full-Time"),
        change("alternateEmail", "ada.private@example.test"),
        change("phone.work", "+49 30 1"),
        change("phone.mobile", "+49 151 2"),
        change("phone.home", ""),
        change("address.work.streetAddress", "Hauptstr. 1"),
        change("address.work.locality", "Berlin"),
        change("address.work.region", "BE"),
        change("address.work.postalCode", "10115"),
        change("address.work.country", "DE"),
        change("custom.hrisSource", "bamboohr"),
        change("link", "acme:1"),
    ];
    let manager = id(MANAGER);
    let (username, state) = ("ada.byron", AccountState::Staged);
    let body =
        create(&NewAccount { username, state, values: &values, manager: Some(&manager), mail: None, password: None });
    assert_eq!(
        body,
        json!({
            "username": "ada.byron", "email": "ada@example.test", "firstname": "Ada", "lastname": "Byron",
            "displayname": "Ada Byron", "department": "Research", "jobTitle": "Engineer", "location": "Berlin",
            "company": "Acme", "costCenter": "CC-12", "employeeIdentifier": "10042", "employeeType": "Full-Time",
            "manager": MANAGER, "state": "STAGED", "alternateEmail": "ada.private@example.test",
            "phoneNumbers": [{"type": "work", "number": "+49 30 1"}, {"type": "mobile", "number": "+49 151 2"}],
            "addresses": [{"type": "work", "streetAddress": "Hauptstr. 1", "locality": "Berlin", "region": "BE",
                           "postalCode": "10115", "country": "DE"}],
            "attributes": [{"name": "hrisSource", "value": "bamboohr"}, {"name": "hirewireId", "value": "acme:1"}],
        })
    );
}

#[test]
fn the_state_a_new_account_is_made_in_and_its_password() {
    use AccountState::{Activated, Staged, Suspended};
    let password = Secret::new("s3cret");
    let table = [
        (Activated, None, "ACTIVATED"),
        (Activated, Some(Mail::Withheld), "STAGED"),
        (Activated, Some(Mail::Sent), "STAGED"),
        (Activated, Some(Mail::To("x@y.test".into())), "STAGED"),
        (Staged, Some(Mail::Sent), "STAGED"),
        (Suspended, Some(Mail::Sent), "SUSPENDED"),
    ];
    for (state, mail, born) in table {
        let new = NewAccount {
            username: "ada",
            state,
            values: &[],
            manager: None,
            mail: mail.as_ref(),
            password: Some(&password),
        };
        assert_eq!(create(&new), json!({"username": "ada", "state": born, "password": "s3cret"}), "{state} {mail:?}");
        let shown = format!("{new:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("x@y.test"), "{shown}");
    }
}

#[test]
fn only_what_changes_is_put_and_others_entries_survive() {
    let table = [
        (change("jobTitle", "Lead"), json!({"jobTitle": "Lead"})),
        (change("jobTitle", ""), json!({"jobTitle": ""})),
        (change("employeeIdentifier", "7"), json!({"employeeIdentifier": "7"})),
        (change("employeeIdentifier", ""), json!({"employeeIdentifier": null})),
        (change("email", "Ada.B@Example.test"), json!({"email": "ada.b@example.test"})),
        (change("email", ""), Value::Null),
        (
            change("phone.work", "9"),
            json!({"phoneNumbers": [{"type": "work", "number": "9"}, {"type": "satellite", "number": "2"}]}),
        ),
        (change("phone.work", ""), json!({"phoneNumbers": [{"type": "satellite", "number": "2"}]})),
        (
            change("phone.work_mobile", "5"),
            json!({"phoneNumbers": [{"type": "work", "number": "1"}, {"type": "satellite", "number": "2"},
                                    {"type": "work_mobile", "number": "5"}]}),
        ),
        (
            change("address.work.locality", "Bonn"),
            json!({"addresses": [{"type": "work", "poBox": "7", "locality": "Bonn"},
                                 {"type": "holiday", "country": "IT"}]}),
        ),
        (
            change("address.home.country", "DE"),
            json!({"addresses": [{"type": "work", "poBox": "7", "locality": "Berlin"},
                                 {"type": "holiday", "country": "IT"}, {"type": "home", "country": "DE"}]}),
        ),
        // What is empty already stays out of the list.
        (
            change("address.home.country", ""),
            json!({"addresses": [{"type": "work", "poBox": "7", "locality": "Berlin"},
                                 {"type": "holiday", "country": "IT"}]}),
        ),
        (
            change("custom.badge", "18"),
            json!({"attributes": [{"name": "badge", "value": "18"}, {"name": "shoeSize", "value": "39"}]}),
        ),
        (change("custom.badge", ""), json!({"attributes": [{"name": "shoeSize", "value": "39"}]})),
        (
            change("link", "acme:1"),
            json!({"attributes": [{"name": "badge", "value": "17"}, {"name": "shoeSize", "value": "39"},
                                  {"name": "hirewireId", "value": "acme:1"}]}),
        ),
    ];
    for (change, expected) in table {
        assert_eq!(put(std::slice::from_ref(&change)), expected, "{change:?}");
    }
}

#[test]
fn several_changes_of_one_list_are_one_list() {
    let body = put(&[change("phone.work", ""), change("phone.home", "3"), change("address.work.locality", "")]);
    let phones = json!([{"type": "satellite", "number": "2"}, {"type": "home", "number": "3"}]);
    // The post-office box is not ours: the address stays.
    let addresses = json!([{"type": "work", "poBox": "7"}, {"type": "holiday", "country": "IT"}]);
    assert_eq!(body, json!({"phoneNumbers": phones, "addresses": addresses}));
}

#[test]
fn an_address_that_becomes_empty_goes() {
    let mut account = ada();
    account.addresses[0].po_box = "".into();
    let changes = [change("address.work.locality", "")];
    let put = update(&account, None, None, &changes, None).put;
    assert_eq!(put, Some(json!({"addresses": [{"type": "holiday", "country": "IT"}]})));
}

#[test]
fn state_and_its_mirror_go_together() {
    use AccountState::{Activated, Staged, Suspended};
    let active = json!({"state": "ACTIVATED", "suspended": false});
    let suspended = json!({"state": "SUSPENDED", "suspended": true});
    let table = [
        // from, to, what is put, whether the activation call is made
        (Activated, None, None, false),
        (Activated, Some(Suspended), Some(suspended.clone()), false),
        (Suspended, Some(Activated), Some(active.clone()), false),
        (Staged, Some(Suspended), Some(suspended), false),
        (Staged, Some(Activated), None, true),
        (Activated, Some(Activated), Some(active), false),
        // There is no way back.
        (Activated, Some(Staged), None, false),
    ];
    for (from, to, put, activate) in table {
        let account = Account { state: from, ..ada() };
        assert_eq!(update(&account, to, None, &[], None), Update { put, activate }, "{from} -> {to:?}");
    }
    let staged = Account { state: Staged, ..ada() };
    let both = update(&staged, Some(Activated), None, &[change("jobTitle", "Lead")], None);
    assert_eq!(both, Update { put: Some(json!({"jobTitle": "Lead"})), activate: true });
}

#[test]
fn a_manager_is_set_cleared_or_left_alone() {
    let manager = id(MANAGER);
    assert_eq!(update(&ada(), None, None, &[], Some(Some(&manager))).put, Some(json!({"manager": MANAGER})));
    assert_eq!(update(&ada(), None, None, &[], Some(None)).put, Some(json!({"manager": null})));
    assert_eq!(update(&ada(), None, None, &[], None).put, None);
}

#[test]
fn a_user_name_goes_with_the_rest() {
    let put = update(&ada(), None, Some("ada.king"), &[change("lastname", "King")], None).put;
    assert_eq!(put, Some(json!({"username": "ada.king", "lastname": "King"})));
}
