//! Devices that a user is bound to.

use http::Method;
use jumpcloud::Fault;
use mapping::account::DeviceId;
use serde_json::json;
use tests::jumpcloud::Envelope;
use tests::server::{Fault as Strike, Trouble};

use crate::jumpcloud_accounts::{id, town};

#[tokio::test]
async fn every_device_is_listed_and_taken_off() {
    let (jumpcloud, client) = town().await;
    let ada = jumpcloud.add_user(json!({ "email": "ada@example.test" }));
    let bob = jumpcloud.add_user(json!({ "email": "bob@example.test" }));
    assert_eq!(client.devices(&id(&ada)).await.expect("a list"), []);
    // More than one page of them.
    let mut bound: Vec<String> = (0..230).map(|_| jumpcloud.bind_device("ada")).collect();
    bound.sort();
    jumpcloud.bind_device("bob");
    let listed = client.devices(&id(&ada)).await.expect("a list");
    assert_eq!(listed.iter().map(DeviceId::to_string).collect::<Vec<_>>(), bound);
    for device in &listed[1..] {
        client.unbind(&id(&ada), device).await.expect("off");
    }
    assert_eq!((jumpcloud.devices("ada"), jumpcloud.devices("bob").len()), (bound[..1].to_vec(), 1));
    // What is bound to somebody else is not theirs to lose.
    let others = client.devices(&id(&bob)).await.expect("a list");
    client.unbind(&id(&ada), &others[0]).await.expect("never bound");
    assert_eq!(jumpcloud.devices("bob").len(), 1);
    assert!(jumpcloud.unknown_keys().is_empty());
}

#[tokio::test]
async fn what_is_off_already_is_fine() {
    for status in [404, 204] {
        for envelope in [Envelope::Bare, Envelope::Named, Envelope::Coded, Envelope::Empty] {
            let (jumpcloud, client) = town().await;
            jumpcloud.switch(|s| (s.missing_member, s.graph_errors) = (status, envelope));
            let ada = id(&jumpcloud.add_user(json!({ "email": "ada@example.test" })));
            let device = DeviceId::parse(&jumpcloud.bind_device("ada")).expect("an id");
            let (method, path) = (Some(Method::POST), "/associations".to_owned());
            let trouble = Trouble::LostAnswer;
            jumpcloud.traffic().fail(Strike { method, path, after: 0, times: 1, trouble });
            client.unbind(&ada, &device).await.expect("off, whoever was told");
            client.unbind(&ada, &device).await.expect("off already");
            jumpcloud.delete_user("ada");
            client.unbind(&ada, &device).await.expect("gone already");
            let fault = client.devices(&ada).await.expect_err("nobody");
            assert!(matches!(fault, Fault::NotFound { .. }), "{fault}");
        }
    }
}
