//! What every store must do.

use std::collections::BTreeSet;

use mapping::account::{GroupId, GroupName};
use mapping::employee::ConnectionName;
use mapping::lifecycle::Standing;
use mapping::request::Trigger;
use mapping::status::{Hold, Note, Skip, Status};
use mapping::turn::Turn;
use state::{AuditKind, Digests, KnownGroup, Life, Queue, Record, Store};

use crate::town::*;

/// What is told of the store alone, on every home.
macro_rules! stores {
    ($($story:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $story() {
                let scratch = crate::town::Scratch::new();
                let (store, queue) = scratch.open().await;
                super::$story(&store, &queue).await;
            })*
        }
        mod dynamodb {
            $(#[tokio::test]
            async fn $story() {
                let (store, queue) = crate::town::Cloud::new().await.open();
                super::$story(&store, &queue).await;
            })*
        }
    };
}

stores! {
    a_record_comes_back_as_it_was_put
    a_record_is_put_only_over_the_version_that_was_read
    records_are_put_all_or_none
    records_are_listed_by_connection_and_number
    an_account_is_found_by_its_owner
    people_wait_for_their_manager
    people_fall_due
    a_moment_that_was_queued_is_cleared_and_a_later_one_stays
    cursors_are_kept_apart
    digests_come_back_as_they_were_kept
    groups_are_replaced_by_name
    a_claim_has_one_holder_until_it_ends
    audit_rows_are_read_newest_first
    an_intent_without_outcome_is_unfinished
}

async fn a_record_comes_back_as_it_was_put(store: &Store, _: &Queue) {
    assert_eq!(store.record(&who("7")).await.unwrap(), None);
    let full = Record {
        account: Some(account(7)),
        username: Some("seven".to_owned()),
        status: Status::Held { why: Hold::Claimed { account: account(7), by: who("8") } },
        notes: vec![Note::SuspendedByHand, Note::ManagerPending { manager: employee("9") }],
        suspended_by_us: true,
        groups: BTreeSet::from([GroupName::parse("All \"staff\", é").unwrap()]),
        life: Life {
            left_since: Some(at(-3)),
            before_leave: BTreeSet::from([GroupName::parse("Dept É").unwrap()]),
            devices_unbound: true,
            named: serde_json::from_value(serde_json::json!({ "rule": u64::MAX, "hr": 1, "name": 2 })).unwrap(),
            standing: Some(Standing::Left { ended: Some("2026-02-27".parse().unwrap()) }),
            turn: Some(Turn::Look),
            zone: Some("Pacific/Kiritimati".into()),
        },
        waits_for: Some(employee("9")),
        fingerprint: Some(u64::MAX - 1),
        observed_at: Some(at(-5)),
        next_change: Some("9999-12-30T21:59:59Z".parse().unwrap()),
        ..record("7")
    };
    store.put(&full).await.unwrap();
    assert_eq!(store.record(&who("7")).await.unwrap(), Some(Record { version: 1, ..full.clone() }));

    let other_status = Status::Skipped { why: Skip::OutOfScope { when: "site == 'Paris'".to_owned() } };
    for trigger in [
        Trigger::Webhook,
        Trigger::Poll,
        Trigger::Due,
        Trigger::Survey,
        Trigger::Manual,
        Trigger::Manager,
        Trigger::Replay,
    ] {
        let read = store.record(&who("7")).await.unwrap().unwrap();
        let next = Record { status: other_status.clone(), trigger, ..read };
        store.put(&next).await.unwrap();
        assert_eq!(store.record(&who("7")).await.unwrap(), Some(Record { version: next.version + 1, ..next }));
    }
    assert_eq!(store.record(&who("umbrella:7")).await.unwrap(), None);
}

async fn a_record_is_put_only_over_the_version_that_was_read(store: &Store, _: &Queue) {
    store.put(&record("7")).await.unwrap();
    is_conflict(store.put(&record("7")).await);
    let read = store.record(&who("7")).await.unwrap().unwrap();
    store.put(&read).await.unwrap();
    is_conflict(store.put(&read).await);
    is_conflict(store.put(&Record { version: 1, ..record("never-stored") }).await);
    assert_eq!(store.record(&who("7")).await.unwrap().unwrap().version, 2);
}

async fn records_are_put_all_or_none(store: &Store, _: &Queue) {
    store.put(&record("2")).await.unwrap();
    is_conflict(store.put_all(&[record("1"), record("2"), record("3")]).await);
    assert_eq!(store.records(None, None, 9).await.unwrap().len(), 1);
    store.put_all(&[record("1"), Record { version: 1, ..record("2") }, record("3")]).await.unwrap();
    assert_eq!(store.records(None, None, 9).await.unwrap().len(), 3);
}

async fn records_are_listed_by_connection_and_number(store: &Store, _: &Queue) {
    for name in ["umbrella:1", "acme:10", "acme:9", "acme:100", "acme:b", "globex:5"] {
        store.put(&record(name)).await.unwrap();
    }
    let listed = async |connection: Option<&str>, after: Option<&str>, limit| {
        let connection = connection.map(crate::town::connection);
        let records = store.records(connection.as_ref(), after.map(who).as_ref(), limit).await.unwrap();
        records.iter().map(|r| r.key.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed(None, None, 99).await, "acme:9 acme:b acme:10 acme:100 globex:5 umbrella:1");
    assert_eq!(listed(None, None, 2).await, "acme:9 acme:b");
    assert_eq!(listed(None, Some("acme:b"), 3).await, "acme:10 acme:100 globex:5");
    assert_eq!(listed(Some("acme"), None, 99).await, "acme:9 acme:b acme:10 acme:100");
    assert_eq!(listed(Some("acme"), Some("acme:10"), 99).await, "acme:100");
    assert_eq!(listed(Some("globex"), Some("acme:10"), 99).await, "globex:5");
    assert_eq!(listed(Some("acme"), Some("globex:1"), 99).await, "");
    assert_eq!(listed(Some("nobody"), None, 99).await, "");
    assert_eq!(listed(None, None, usize::MAX).await.len(), listed(None, None, 99).await.len());
}

async fn an_account_is_found_by_its_owner(store: &Store, _: &Queue) {
    store.put(&Record { account: Some(account(1)), ..record("1") }).await.unwrap();
    store.put(&record("2")).await.unwrap();
    assert_eq!(store.owner_of(&account(1)).await.unwrap(), Some(who("1")));
    assert_eq!(store.owner_of(&account(2)).await.unwrap(), None);
    // The link was moved by hand: the one looked at last counts.
    store.put(&Record { account: Some(account(1)), last_sync: at(9), ..record("0") }).await.unwrap();
    assert_eq!(store.owner_of(&account(1)).await.unwrap(), Some(who("0")));
    assert_eq!(store.owners().await.unwrap(), [(account(1), who("0"))].into());
}

async fn people_wait_for_their_manager(store: &Store, _: &Queue) {
    for name in ["1", "2", "umbrella:3"] {
        store.put(&Record { waits_for: Some(employee("9")), ..record(name) }).await.unwrap();
    }
    store.put(&Record { waits_for: Some(employee("8")), ..record("4") }).await.unwrap();
    let mut waiting = store.waiting_for(&who("9")).await.unwrap();
    waiting.sort();
    assert_eq!(waiting, [who("1"), who("2")]);
    store.put(&Record { version: 1, ..record("1") }).await.unwrap();
    assert_eq!(store.waiting_for(&who("9")).await.unwrap(), [who("2")]);
}

async fn people_fall_due(store: &Store, _: &Queue) {
    for (name, next) in [("late", 20), ("soon", 10), ("later", 30)] {
        store.put(&Record { next_change: Some(at(next)), ..record(name) }).await.unwrap();
    }
    store.put(&record("never")).await.unwrap();
    assert_eq!(store.due(at(9), 99).await.unwrap(), []);
    assert_eq!(store.due(at(20), 99).await.unwrap(), [who("soon"), who("late")]);
    assert_eq!(store.due(at(99), 1).await.unwrap(), [who("soon")]);
}

async fn a_moment_that_was_queued_is_cleared_and_a_later_one_stays(store: &Store, _: &Queue) {
    for (name, next) in [("came", 10), ("moved", 30)] {
        store.put(&Record { next_change: Some(at(next)), ..record(name) }).await.unwrap();
        store.clear_due(&who(name), at(10)).await.unwrap();
    }
    store.clear_due(&who("nobody"), at(10)).await.unwrap();
    assert_eq!(store.record(&who("came")).await.unwrap().unwrap().next_change, None);
    assert_eq!(store.record(&who("moved")).await.unwrap().unwrap().next_change, Some(at(30)));
    // A run that was under way meanwhile is not refused.
    store.put(&Record { version: 1, ..record("came") }).await.unwrap();
}

async fn cursors_are_kept_apart(store: &Store, _: &Queue) {
    let (acme, globex) = (connection("acme"), connection("globex"));
    assert_eq!(store.cursor(&acme, "changed").await.unwrap(), None);
    store.set_cursor(&acme, "changed", "1").await.unwrap();
    store.set_cursor(&acme, "changed", "2").await.unwrap();
    store.set_cursor(&acme, "survey", "3").await.unwrap();
    assert_eq!(store.cursor(&acme, "changed").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.cursor(&acme, "survey").await.unwrap().as_deref(), Some("3"));
    assert_eq!(store.cursor(&globex, "changed").await.unwrap(), None);
}

async fn digests_come_back_as_they_were_kept(store: &Store, _: &Queue) {
    let acme = who("1").connection;
    let bolt = ConnectionName::parse("bolt").unwrap();
    assert_eq!(store.digests(&acme).await.unwrap(), None);
    let some = |people: std::ops::Range<u64>| -> Digests {
        people.map(|n| (employee(&format!("33328839118846{n:05}")), n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
    };
    // One cursor, then several, then fewer people in as many, then nobody.
    for people in [0..3, 0..9_001, 2..9_000, 0..0] {
        let digests = some(people);
        store.set_digests(&acme, &digests).await.unwrap();
        assert_eq!(store.digests(&acme).await.unwrap(), Some(digests));
    }
    assert_eq!(store.digests(&bolt).await.unwrap(), None);
}

async fn groups_are_replaced_by_name(store: &Store, _: &Queue) {
    let (a, b) = (GroupName::parse("A").unwrap(), GroupName::parse("B").unwrap());
    let missing = KnownGroup { id: None, dynamic: false };
    let there = KnownGroup { id: Some(GroupId::parse("5f0000000000000000000001").unwrap()), dynamic: true };
    store.put_groups(&[(a.clone(), missing.clone()), (b.clone(), missing.clone())]).await.unwrap();
    store.put_groups(&[(a.clone(), there.clone())]).await.unwrap();
    assert_eq!(store.groups().await.unwrap(), [(a, there), (b, missing)].into());
}

async fn a_claim_has_one_holder_until_it_ends(store: &Store, _: &Queue) {
    let mut claimed = Vec::new();
    for (what, now) in [("a", 0), ("a", 1), ("b", 1), ("a", 299), ("a", 300), ("a", 301)] {
        claimed.push(store.claim(what, at(now + 300), at(now)).await.unwrap());
    }
    assert_eq!(claimed, [true, false, true, false, true, false]);
    assert!(store.is_claimed("a", at(599)).await.unwrap());
    assert!(!store.is_claimed("a", at(600)).await.unwrap());
    assert!(!store.is_claimed("c", at(0)).await.unwrap());
}

async fn audit_rows_are_read_newest_first(store: &Store, _: &Queue) {
    let rows = [
        row("a", "1", 0, AuditKind::Intent, None),
        row("b", "1", 0, AuditKind::Done, Some("a")),
        row("c", "1", 5, AuditKind::Intent, None),
        row("d", "2", 9, AuditKind::Intent, None),
    ];
    store.audit(&rows).await.unwrap();
    store.audit(&rows[..1]).await.unwrap();
    let [a, b, c, _] = rows;
    assert_eq!(store.audit_of(&who("1"), 99).await.unwrap(), [c.clone(), b.clone(), a]);
    assert_eq!(store.audit_of(&who("1"), 2).await.unwrap(), [c, b]);
    assert_eq!(store.audit_of(&who("3"), 99).await.unwrap(), []);
}

async fn an_intent_without_outcome_is_unfinished(store: &Store, _: &Queue) {
    let cut_off = row("b", "1", 2, AuditKind::Intent, None);
    store
        .audit(&[
            row("a", "1", 1, AuditKind::Intent, None),
            cut_off.clone(),
            row("c", "1", 3, AuditKind::Done, Some("a")),
            row("d", "2", 3, AuditKind::Intent, None),
        ])
        .await
        .unwrap();
    assert_eq!(store.unfinished(&who("1")).await.unwrap(), [cut_off]);
    store.audit(&[row("e", "1", 4, AuditKind::Failed, Some("b"))]).await.unwrap();
    assert_eq!(store.unfinished(&who("1")).await.unwrap(), []);
}
