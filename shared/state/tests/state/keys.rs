//! Keys in AWS Secrets Manager.

use mapping::configuration::SecretRef;
use mapping::secret::Secret;
use serde_json::json;
use state::{SecretError, Secrets};
use tests::aws::Account;

use crate::door::{Door, Fate};
use crate::town::config;

fn secrets(account: &Account) -> Secrets {
    Secrets::with("/nowhere".as_ref(), &config(&account.id, &account.endpoint))
}

fn named(name: &str) -> SecretRef {
    SecretRef::Manager(name.to_owned())
}

/// An error in all its words, none of which is the key.
#[track_caller]
fn said<T: std::fmt::Debug>(answer: Result<T, SecretError>) -> String {
    let error = answer.expect_err("refused");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hush"), "{text}");
    text
}

#[tokio::test]
async fn a_key_is_written_read_and_replaced() {
    let account = Account::open();
    let secrets = secrets(&account);
    let key = named("hirewire/jumpcloud");
    for value in ["hush", "hush again", r#"{"api_key":"hush"}"#] {
        secrets.put(&key, &Secret::new(value)).await.unwrap();
        assert_eq!(secrets.get(&key).await.unwrap().expose(), value);
    }
    // Somebody replaces it by hand, with the newline of a shell.
    let other = json!({ "SecretId": "hirewire/jumpcloud", "SecretString": "by hand\n" });
    account.call("secretsmanager", "PutSecretValue", other).await.unwrap();
    assert_eq!(secrets.get(&key).await.unwrap().expose(), "by hand");
    let list = account.call("secretsmanager", "ListSecrets", json!({})).await.unwrap();
    assert_eq!(list["SecretList"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_key_is_neither_read_nor_written() {
    let account = Account::open();
    let secrets = secrets(&account);
    let missing = said(secrets.get(&named("none")).await);
    assert!(missing.contains("no secret none") && missing.contains("hirewire setup"), "{missing}");
    for (name, field, value, says) in [
        ("blank", "SecretString", " \n", "holds nothing"),
        ("bytes", "SecretBinary", "aHVzaA==", "bytes instead of text"),
    ] {
        let made = json!({ "Name": name, field: value });
        account.call("secretsmanager", "CreateSecret", made).await.unwrap();
        let text = said(secrets.get(&named(name)).await);
        assert!(text.contains(says) && text.contains(name), "{text}");
    }
    for (value, says) in [(" \n".to_owned(), "is empty"), ("hush".repeat(20_000), "over 65536 bytes")] {
        for reference in [named("new"), SecretRef::File("new".to_owned())] {
            let text = said(secrets.put(&reference, &Secret::new(&value)).await);
            assert!(text.contains(says), "{text}");
        }
    }
    assert!(matches!(secrets.get(&named("new")).await, Err(SecretError::NoSecret(name)) if name == "new"));
    let variable = SecretRef::Environment("KEY".to_owned());
    assert!(
        matches!(secrets.put(&variable, &Secret::new("hush")).await, Err(SecretError::NotOurs(name)) if name == "KEY")
    );
}

#[tokio::test]
async fn what_aws_withholds_is_said_without_the_key() {
    let account = Account::open();
    let answers = [
        (400, "AccessDeniedException", "AccessDeniedException: not authorized to perform secretsmanager"),
        (400, "DecryptionFailure", "DecryptionFailure"),
        (400, "ValidationException", "ValidationException"),
    ];
    for (status, code, says) in answers {
        // Where it is not about permission, the sentence may quote what was sent.
        let quote = if code == "AccessDeniedException" { "not authorized to perform secretsmanager" } else { "'hush'" };
        let door = Door::open(&account.endpoint, move |_, _| {
            Fate::Answered(status, json!({ "__type": code, "message": quote, "Message": quote }))
        });
        let secrets = Secrets::with("/nowhere".as_ref(), &config(&account.id, &door.endpoint));
        let read = said(secrets.get(&named("jumpcloud")).await);
        assert!(read.contains(says) && read.contains("cannot be read"), "{read}");
        let written = said(secrets.put(&named("jumpcloud"), &Secret::new("hush")).await);
        assert!(written.contains(says) && written.contains("cannot be written"), "{written}");
        assert_eq!(door.count("CreateSecret"), 0);
    }
    let long =
        Door::open(&account.endpoint, |_, _| Fate::Answered(200, json!({ "SecretString": "hush".repeat(20_000) })));
    let secrets = Secrets::with("/nowhere".as_ref(), &config(&account.id, &long.endpoint));
    let text = said(secrets.get(&named("jumpcloud")).await);
    assert!(text.contains("over 65536 bytes"), "{text}");
}

#[tokio::test]
async fn a_key_in_a_file_is_written_beside_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::new(folder.path());
    let file = SecretRef::File("keys/jumpcloud".to_owned());
    secrets.put(&file, &Secret::new("hush")).await.unwrap();
    assert_eq!(secrets.get(&file).await.unwrap().expose(), "hush");
    assert!(folder.path().join("keys/jumpcloud").exists());
}
