//! A connection whose HR system refuses its key, seen by the work itself: two companies of the same vendor.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use hris::Fault;
use mapping::configuration::{Configuration, HomeRef};
use mapping::employee::{ConnectionName, EmployeeId};
use state::Secrets;
use tests::bamboohr::{BambooHr, Person};
use tests::clock::Clock;
use workflow::{Role, Stops, Workflow};

fn connection(name: &str, url: &str) -> String {
    format!(
        "[[connection]]\nname = '{name}'\nsource = 'bamboohr'\ncompany = '{name}'\napi_key = 'file:{name}.key'\n\
         base_url = '{url}'\ntime_zone = 'America/Denver'\n"
    )
}

fn write(folder: &Path, name: &str, key: &str) {
    let mut file = std::fs::OpenOptions::new();
    let file = file.write(true).create(true).truncate(true).mode(0o600).open(folder.join(name));
    std::io::Write::write_all(&mut file.expect("a file of ours"), key.as_bytes()).expect("a key is written");
}

#[tokio::test]
async fn a_refused_key_is_tried_again_only_when_it_may_be() {
    let clock = Clock::at("2026-03-02T16:00:00Z".parse().expect("a moment"));
    let acme = BambooHr::start(clock.clone(), "acme", "America/Denver").await;
    let beta = BambooHr::start(clock.clone(), "beta", "America/Denver").await;
    for company in [&acme, &beta] {
        company.hire(Person::new("Ada", "Byron").id("7").hired("2020-01-01"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "acme.key", &acme.api_key());
    write(folder.path(), "beta.key", &beta.api_key());
    write(folder.path(), "jumpcloud.key", "nobody asks it");
    let head = "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'file:jumpcloud.key'\n";
    let text = format!("{head}{}{}", connection("acme", &acme.url()), connection("beta", &beta.url()));
    let configuration = Configuration::parse(&text).expect("the test's own configuration");
    let store = folder.path().join("hirewire.db").to_string_lossy().into_owned();
    let (store, queue) = state::open(&HomeRef::Machine(store)).await.expect("a store");
    let secrets = Secrets::new(folder.path());
    let rules = "test".to_owned();
    let workflow = Workflow::open(&configuration, rules, Role::Writer, &secrets, store, queue).await.expect("work");
    let [of_acme, of_beta] =
        ["acme", "beta"].map(|name| &workflow.sites[&ConnectionName::parse(name).expect("a name")]);
    let now = clock.now();
    let id = EmployeeId::parse("7").expect("an id");

    let key = acme.rotate_key();
    let fault = of_acme.source().roster(now).await.expect_err("the old key");
    assert!(matches!(of_acme.trouble(fault).stops(), Stops::Connection(name) if name.as_str() == "acme"));
    of_beta.source().roster(now).await.expect("the other company's list");
    assert_eq!(workflow.resting().iter().map(ConnectionName::as_str).collect::<Vec<_>>(), ["acme"]);
    let [refusal] = &workflow.refusals()[..] else { panic!("one rests: {:?}", workflow.refusals()) };
    assert!(refusal.to_string().starts_with("acme: BambooHR refuses the key"), "{refusal}");

    acme.traffic().reset();
    let refused = |fault: &Fault| matches!(fault, Fault::KeyRefused { .. });
    assert!(of_acme.source().employee(&id, now).await.is_err_and(|fault| refused(&fault)));
    assert!(!of_acme.look_for_another_key(&secrets, None).await.expect("the same key"));
    assert!(!of_acme.look_for_another_key(&secrets, Some(Duration::from_secs(900))).await.expect("the same key"));
    assert!(of_acme.source().changes(None, now).await.is_err_and(|fault| refused(&fault)));
    assert_eq!(acme.traffic().total(), 0, "nobody asks while it rests");

    // Whoever may try the same key after a while makes one call with it.
    assert!(of_acme.look_for_another_key(&secrets, Some(Duration::ZERO)).await.expect("the same key"));
    assert!(workflow.resting().is_empty());
    assert!(of_acme.source().employee(&id, now).await.is_err_and(|fault| refused(&fault)));
    assert!(!of_acme.look_for_another_key(&secrets, Some(Duration::from_secs(900))).await.expect("the same key"));
    assert_eq!(acme.traffic().total(), 1);

    // A key that cannot be read is no other key.
    std::fs::remove_file(folder.path().join("acme.key")).expect("a file is removed");
    of_acme.look_for_another_key(&secrets, None).await.expect_err("no file");
    write(folder.path(), "acme.key", &key);
    assert!(of_acme.look_for_another_key(&secrets, None).await.expect("another key"));
    assert!(of_acme.source().employee(&id, now).await.expect("an answer").is_some());
    assert!(workflow.resting().is_empty() && workflow.refusals().is_empty());
}
