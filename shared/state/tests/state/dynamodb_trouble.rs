//! The tables on AWS when something is wrong with them: busy, met by somebody else, half done, an answer that is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mapping::account::{GroupId, GroupName};
use serde_json::{Value, json};
use state::{KnownGroup, Record};

use crate::door::{Fate, cancelled, refusal};
use crate::dynamodb::{behind, unavailable};
use crate::town::*;

/// Another fate for the first so many calls of an action.
fn at_first(
    times: usize,
    action: &'static str,
    fate: impl Fn(&Value) -> Fate + Send + Sync + 'static,
) -> impl Fn(&str, &Value) -> Fate + Send + Sync + 'static {
    let seen = AtomicUsize::new(0);
    move |called, body| {
        if called == action && seen.fetch_add(1, Ordering::SeqCst) < times { fate(body) } else { Fate::Through }
    }
}

#[tokio::test]
async fn a_table_that_says_not_now_is_asked_again() {
    for code in ["ThrottlingException", "ProvisionedThroughputExceededException"] {
        for action in ["PutItem", "GetItem", "TransactWriteItems", "Query", "BatchGetItem", "UpdateItem"] {
            let (_cloud, store, door) = behind(at_first(2, action, move |_| refusal(code))).await;
            store.put(&Record { next_change: Some(at(5)), ..record("1") }).await.unwrap();
            store.put(&Record { waits_for: Some(employee("1")), ..record("2") }).await.unwrap();
            assert_eq!(store.waiting_for(&who("1")).await.unwrap(), [who("2")]);
            store.clear_due(&who("1"), at(5)).await.unwrap();
            assert_eq!(store.record(&who("1")).await.unwrap().unwrap().next_change, None);
            assert!(door.count(action) >= 3, "{action} {code}");
        }
    }
}

#[tokio::test]
async fn a_table_that_never_has_time_is_given_up_in_time() {
    for code in ["ThrottlingException", "ProvisionedThroughputExceededException"] {
        let (_cloud, store, door) = behind(move |_, _| refusal(code)).await;
        let started = Instant::now();
        let why = unavailable(store.record(&who("secret-7")).await);
        assert!(started.elapsed() < Duration::from_secs(30));
        assert!(why.contains(code) && why.contains("hirewire-state") && why.contains("wait"), "{why}");
        assert!(!why.contains("secret"), "{why}");
        assert!((2..=9).contains(&door.count("GetItem")));
    }
}

#[tokio::test]
async fn whoever_meets_a_transaction_tries_again() {
    for reasons in
        [["TransactionConflict", "None"], ["None", "ThrottlingError"], ["ProvisionedThroughputExceeded", "None"]]
    {
        let (_cloud, store, door) = behind(at_first(2, "TransactWriteItems", move |_| cancelled(&reasons))).await;
        store.put(&Record { waits_for: Some(employee("9")), ..record("1") }).await.unwrap();
        assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);
        assert_eq!(door.count("TransactWriteItems"), 3);
    }
    let met = |action| at_first(2, action, |_| refusal("TransactionConflictException"));
    let (_cloud, store, door) = behind(met("PutItem")).await;
    assert!(store.claim("a", at(9), at(0)).await.unwrap());
    assert_eq!(door.count("PutItem"), 3);
    let (_cloud, store, door) = behind(met("UpdateItem")).await;
    store.put(&Record { next_change: Some(at(0)), ..record("1") }).await.unwrap();
    store.clear_due(&who("1"), at(0)).await.unwrap();
    assert_eq!(door.count("UpdateItem"), 3);
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().next_change, None);
}

#[tokio::test]
async fn a_transaction_that_never_gets_through_is_given_up_in_time() {
    let waits = Record { waits_for: Some(employee("9")), ..record("1") };
    for (reasons, says) in [
        (["None", "TransactionConflict"], "wait"),
        (["ThrottlingError", "None"], "limits"),
        // What lasts is not tried again because something else passes.
        (["TransactionConflict", "ValidationError"], "too large"),
    ] {
        let decide = move |action: &str, _: &Value| {
            if action == "TransactWriteItems" { cancelled(&reasons) } else { Fate::Through }
        };
        let (_cloud, store, door) = behind(decide).await;
        let started = Instant::now();
        let why = unavailable(store.put(&waits).await);
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(why.contains(says), "{why}");
        assert_eq!(door.count("TransactWriteItems"), if reasons[1] == "ValidationError" { 1 } else { 8 });
        assert_eq!(store.record(&who("1")).await.unwrap(), None);
    }
    // Refused for good counts before whatever passes.
    let reasons = ["ConditionalCheckFailed", "TransactionConflict"];
    let (_cloud, store, _) = behind(at_first(1, "TransactWriteItems", move |_| cancelled(&reasons))).await;
    is_conflict(store.put(&waits).await);
}

#[tokio::test]
async fn what_was_left_undone_is_asked_for_again() {
    let table = format!("{INSTALLATION}-state");
    let nothing =
        |body: &Value| Fate::Answered(200, json!({ "Responses": {}, "UnprocessedKeys": body["RequestItems"] }));
    let (_cloud, store, door) = behind(at_first(2, "BatchGetItem", nothing)).await;
    store.put_all(&[record("1"), record("2")]).await.unwrap();
    assert_eq!(store.records_of(&[who("1"), who("2")]).await.unwrap().len(), 2);
    assert_eq!(door.count("BatchGetItem"), 3);

    let nothing = |body: &Value| Fate::Answered(200, json!({ "UnprocessedItems": body["RequestItems"] }));
    let (_cloud, store, door) = behind(at_first(2, "BatchWriteItem", nothing)).await;
    let id = || Some(GroupId::parse("5f0000000000000000000001").unwrap());
    let group = |number: usize| {
        (GroupName::parse(&format!("G{number}")).unwrap(), KnownGroup { id: id(), dynamic: number.is_multiple_of(2) })
    };
    let mut groups: Vec<(GroupName, KnownGroup)> = (0..60).map(group).collect();
    // The same again: the last one counts.
    groups.push((groups[0].0.clone(), KnownGroup { id: None, dynamic: false }));
    store.put_groups(&groups).await.unwrap();
    assert_eq!(door.count("BatchWriteItem"), 5);
    let kept = store.groups().await.unwrap();
    assert_eq!((kept.len(), &kept[&groups[0].0]), (60, &groups[60].1));

    let endless = move |action: &str, body: &Value| match action {
        "BatchGetItem" => {
            Fate::Answered(200, json!({ "Responses": { &table: [] }, "UnprocessedKeys": body["RequestItems"] }))
        }
        _ => Fate::Through,
    };
    let (_cloud, store, door) = behind(endless).await;
    let why = unavailable(store.records_of(&[who("1")]).await);
    assert!(why.contains("undone"), "{why}");
    assert_eq!(door.count("BatchGetItem"), 8);
}

/// The SDK tries again what was not answered; the first try had its effect all the same.
#[tokio::test]
async fn a_lost_answer_is_no_conflict() {
    let (_cloud, store, door) = behind(at_first(1, "TransactWriteItems", |_| Fate::Lost)).await;
    store.put(&Record { waits_for: Some(employee("9")), ..record("1") }).await.unwrap();
    assert_eq!(door.count("TransactWriteItems"), 2);
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);

    // The first is the connection's.
    let seen = Arc::new(AtomicUsize::new(0));
    let decide = move |action: &str, body: &Value| {
        let first =
            action == "PutItem" && body["Item"]["pk"]["S"] != "connections" && seen.fetch_add(1, Ordering::SeqCst) == 0;
        if first { Fate::Lost } else { Fate::Through }
    };
    let (_cloud, store, door) = behind(decide).await;
    store.put(&record("1")).await.unwrap();
    assert_eq!(door.count("PutItem"), 3);
    is_conflict(store.put(&record("1")).await);

    let (_cloud, store, _) = behind(at_first(1, "PutItem", |_| Fate::Lost)).await;
    assert!(store.claim("a", at(9), at(0)).await.unwrap());
    assert!(!store.claim("a", at(9), at(0)).await.unwrap());

    let (_cloud, store, _) = behind(at_first(1, "TransactWriteItems", |_| Fate::Lost)).await;
    assert_eq!(store.push_rules("a", "anna", 0, at(0)).await.unwrap(), 1);
}
