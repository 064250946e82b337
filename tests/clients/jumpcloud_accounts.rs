//! Accounts made, activated and deleted, with the mails that go out or do not.

use http::Method;
use jumpcloud::{Created, Fault, JumpCloud as Client, NewAccount, Reports};
use mapping::account::{Account, AccountId, AccountState, LINK_ATTRIBUTE, Mail};
use mapping::attribute::Attribute;
use mapping::configuration::{Directory, Region, SecretRef};
use mapping::plan::Change;
use mapping::secret::Secret;
use serde_json::json;
use tests::clock::Clock;
use tests::jumpcloud::{ActionAnswer, JumpCloud, MailKind, Missing};
use tests::server::{Fault as Strike, Trouble};

pub async fn town() -> (JumpCloud, Client) {
    let jumpcloud = JumpCloud::start(Clock::at("2026-03-02T09:00:00Z".parse().expect("a moment"))).await;
    let directory = Directory {
        region: Region::Us,
        base_url: Some(jumpcloud.url()),
        api_key: SecretRef::Environment("KEY".to_owned()),
        read_key: None,
        org_id: None,
    };
    let client = Client::new(&directory, &Secret::new(&jumpcloud.api_key()));
    (jumpcloud, client)
}

pub fn id(text: &str) -> AccountId {
    AccountId::parse(text).expect("an id")
}

fn values() -> Vec<Change> {
    let change = |attribute, to: &str| Change { attribute, from: None, to: Some(to.to_owned()), because: "".into() };
    vec![
        change(Attribute::Email, "ada@example.test"),
        change(Attribute::AlternateEmail, "ada@home.test"),
        change(Attribute::Custom(LINK_ATTRIBUTE.into()), "acme:1"),
    ]
}

fn new<'a>(values: &'a [Change], mail: Option<&'a Mail>, password: Option<&'a Secret>) -> NewAccount<'a> {
    NewAccount { username: "ada", state: AccountState::Activated, values, manager: None, mail, password }
}

fn made(created: Result<Created, Fault>) -> Account {
    match created {
        Ok(Created::Made(account)) => account,
        other => panic!("not made: {other:?}"),
    }
}

fn mails(jumpcloud: &JumpCloud) -> Vec<(MailKind, String)> {
    jumpcloud.mails().into_iter().map(|mail| (mail.kind, mail.to)).collect()
}

/// Strikes the next calls of this kind.
fn strike(jumpcloud: &JumpCloud, method: &Method, path: &str, times: usize, trouble: Trouble) {
    let (method, path) = (Some(method.clone()), path.to_owned());
    jumpcloud.traffic().fail(Strike { method, path, after: 0, times, trouble });
}

#[tokio::test]
async fn who_starts_active_is_mailed_as_told() {
    use MailKind::{Activation, Welcome};
    let to = Mail::To("it@example.test".into());
    let password = Secret::new("Correct-Horse-1");
    let home = (Activation, "ada@home.test".to_owned());
    let office = (Activation, "it@example.test".to_owned());
    let table = [
        (None, None, vec![home.clone()], 0),
        (Some(&Mail::Withheld), None, vec![], 1),
        (Some(&Mail::Sent), None, vec![home], 1),
        (Some(&to), None, vec![office], 1),
        (None, Some(&password), vec![], 0),
        (Some(&Mail::Withheld), Some(&password), vec![], 1),
        (Some(&Mail::Sent), Some(&password), vec![(Welcome, "ada@example.test".to_owned())], 1),
        (Some(&to), Some(&password), vec![(Welcome, "it@example.test".to_owned())], 1),
    ];
    for answer in [ActionAnswer::Empty, ActionAnswer::Braces, ActionAnswer::User] {
        for (mail, password, expected, activations) in &table {
            let (jumpcloud, client) = town().await;
            jumpcloud.switch(|s| (s.action_answer, s.unknown_keys_refused) = (answer, true));
            let account = made(client.create(&new(&values(), *mail, *password)).await);
            let case = format!("{answer:?} {mail:?} {}", password.is_some());
            assert_eq!(account.state, AccountState::Activated, "{case}");
            assert_eq!(jumpcloud.user("ada").expect("ada")["state"], "ACTIVATED", "{case}");
            assert_eq!(mails(&jumpcloud), *expected, "{case}");
            let calls = jumpcloud.traffic().calls();
            let activated = calls.get("POST /api/systemusers/{id}/state/activate").copied().unwrap_or_default();
            assert_eq!(activated, *activations, "{case}");
        }
    }
}

#[tokio::test]
async fn whoever_does_not_start_active_is_not_mailed() {
    for state in [AccountState::Staged, AccountState::Suspended] {
        let (jumpcloud, client) = town().await;
        let values = values();
        let account = made(client.create(&NewAccount { state, ..new(&values, Some(&Mail::Sent), None) }).await);
        assert_eq!((account.state, mails(&jumpcloud)), (state, vec![]));
    }
}

#[tokio::test]
async fn an_activation_that_fails_leaves_an_account_that_the_next_look_finds() {
    let (jumpcloud, client) = town().await;
    let values = values();
    let refusal = || Trouble::Answer { status: 400, headers: vec![], body: r#"{"message":"no"}"#.to_owned() };
    strike(&jumpcloud, &Method::POST, "/state/activate", 1, refusal());
    let fault = client.create(&new(&values, Some(&Mail::Sent), None)).await.expect_err("not activated");
    assert!(matches!(&fault, Fault::Unsure { detail, .. } if detail.contains("not activated")), "{fault}");
    let key = mapping::employee::EmployeeKey::parse("acme:1").expect("a key");
    let found = client.find(Some("ada@example.test"), None, &key, &[]).await.expect("an answer");
    let [account] = &*found else { panic!("{found:?}") };
    assert_eq!((account.state, account.link()), (AccountState::Staged, Some(key)));
    assert_eq!(mails(&jumpcloud), vec![]);
    let healed =
        client.update(account, Some(AccountState::Activated), None, &[], None, &Mail::Sent).await.expect("healed");
    assert_eq!((healed.state, jumpcloud.mails().len()), (AccountState::Activated, 1));
}

#[tokio::test]
async fn a_lost_answer_to_an_activation_mails_once() {
    for (again, answer) in [(400, ActionAnswer::Empty), (409, ActionAnswer::User), (200, ActionAnswer::Braces)] {
        let (jumpcloud, client) = town().await;
        jumpcloud.switch(|s| (s.activate_again, s.action_answer) = (again, answer));
        strike(&jumpcloud, &Method::POST, "/state/activate", 1, Trouble::LostAnswer);
        let account = made(client.create(&new(&values(), Some(&Mail::Sent), None)).await);
        assert_eq!((account.state, jumpcloud.mails().len()), (AccountState::Activated, 1), "{again}");
    }
}

#[tokio::test]
async fn an_update_out_of_staged_mails_as_told_and_others_do_not() {
    let to = Mail::To("it@example.test".into());
    for (from, mail, expected) in [
        ("STAGED", &Mail::Withheld, vec![]),
        ("STAGED", &Mail::Sent, vec!["ada@example.test"]),
        ("STAGED", &to, vec!["it@example.test"]),
        ("SUSPENDED", &to, vec![]),
    ] {
        let (jumpcloud, client) = town().await;
        let user = jumpcloud.add_user(json!({ "email": "ada@example.test", "state": from }));
        let account = client.account(&id(&user)).await.expect("an answer").expect("ada");
        let now =
            client.update(&account, Some(AccountState::Activated), None, &[], None, mail).await.expect("activated");
        let told: Vec<String> = mails(&jumpcloud).into_iter().map(|(_, to)| to).collect();
        assert_eq!((now.state, told), (AccountState::Activated, expected.iter().map(|to| to.to_string()).collect()));
    }
}

#[tokio::test]
async fn an_account_activated_meanwhile_is_as_somebody_made_it() {
    for again in [400, 409, 200] {
        let (jumpcloud, client) = town().await;
        jumpcloud.switch(|s| s.activate_again = again);
        let user = jumpcloud.add_user(json!({ "email": "ada@example.test", "state": "STAGED" }));
        let account = client.account(&id(&user)).await.expect("an answer").expect("ada");
        jumpcloud.activate_by_hand(&user);
        let now =
            client.update(&account, Some(AccountState::Activated), None, &[], None, &Mail::Sent).await.expect("active");
        assert_eq!((now.state, mails(&jumpcloud)), (AccountState::Activated, vec![]), "{again}");
    }
}

#[tokio::test]
async fn a_deleted_account_leaves_its_reports_to_nobody_or_to_an_heir() {
    let (jumpcloud, client) = town().await;
    let add = |email: &str, manager: Option<&str>| jumpcloud.add_user(json!({ "email": email, "manager": manager }));
    let (boss, next) = (add("boss@example.test", None), add("next@example.test", None));
    add("ada@example.test", Some(&boss));
    // A new manager who is gone is refused, and nobody is deleted.
    let gone = id("65f0c1a2b3d4e5f601020fff");
    let refused = client.delete(&id(&boss), Reports::To(&gone)).await.expect_err("no such heir");
    assert!(matches!(refused, Fault::Rejected { status: 400, .. }), "{refused}");
    assert!(jumpcloud.user("boss").is_some());
    client.delete(&id(&boss), Reports::To(&id(&next))).await.expect("deleted");
    assert_eq!(jumpcloud.user("ada").expect("ada")["manager"], json!(next));
    client.delete(&id(&next), Reports::Clear).await.expect("deleted");
    assert!(jumpcloud.user("ada").expect("ada").get("manager").is_none());
    // Nobody's manager: the flag does no harm.
    client
        .delete(&id(jumpcloud.user("ada").expect("ada")["id"].as_str().expect("an id")), Reports::Clear)
        .await
        .expect("deleted");
    assert!(jumpcloud.users().is_empty());
}

#[tokio::test]
async fn a_deletion_may_be_asked_for_again() {
    for missing in [Missing::NotFound, Missing::Empty] {
        let (jumpcloud, client) = town().await;
        jumpcloud.switch(|s| s.unknown_user_write = missing);
        let user = jumpcloud.add_user(json!({ "email": "ada@example.test" }));
        strike(&jumpcloud, &Method::DELETE, "/api/systemusers/", 1, Trouble::LostAnswer);
        client.delete(&id(&user), Reports::Clear).await.expect("deleted, whoever was told");
        assert!(jumpcloud.users().is_empty());
        client.delete(&id(&user), Reports::Clear).await.expect("gone already");
    }
    let (jumpcloud, client) = town().await;
    let user = jumpcloud.add_user(json!({ "email": "ada@example.test" }));
    jumpcloud.take_key_away();
    let fault = client.delete(&id(&user), Reports::Clear).await.expect_err("no key");
    assert!(matches!(fault, Fault::KeyRefused { .. }), "{fault}");
    assert_eq!(jumpcloud.users().len(), 1);
}

#[tokio::test]
async fn another_user_name_is_taken_refused_or_somebody_elses() {
    let (jumpcloud, client) = town().await;
    let user = jumpcloud.add_user(json!({ "email": "ada@example.test" }));
    jumpcloud.add_user(json!({ "email": "grace@example.test" }));
    let account = client.account(&id(&user)).await.expect("an answer").expect("ada");
    let rename = async |to: &str| client.update(&account, None, Some(to), &[], None, &Mail::Withheld).await;
    assert_eq!(&*rename("ada.king").await.expect("renamed").username, "ada.king");
    for status in [400, 409] {
        jumpcloud.switch(|s| s.duplicate_user = status);
        let fault = rename("grace").await.expect_err("somebody else's");
        assert!(jumpcloud::is_taken(&fault), "{fault}");
    }
    jumpcloud.bind_device(&user);
    let fault = rename("ada.lovelace").await.expect_err("bound to a device");
    assert!(matches!(fault, Fault::Rejected { status: 400, .. }) && !jumpcloud::is_taken(&fault), "{fault}");
}
