//! What every home must do. Each story knows a store and a queue and nothing of the home, so that the next home runs
//! the same ones.

use std::collections::BTreeSet;

use mapping::account::{GroupId, GroupName};
use mapping::employee::ConnectionName;
use mapping::lifecycle::Standing;
use mapping::request::Trigger;
use mapping::status::{Hold, Note, Skip, Status};
use mapping::turn::Turn;
use state::{AuditKind, DeadLetter, Depth, Digests, KnownGroup, Life, Queue, Record, Store};

use crate::town::*;

/// What is told of the store alone, on every home.
macro_rules! stores {
    ($($story:ident)*) => {
        mod store {
            mod sqlite {
                $(#[tokio::test]
                async fn $story() {
                    let scratch = crate::town::Scratch::new();
                    let (store, queue) = scratch.open().await;
                    crate::contract::$story(&store, &queue).await;
                })*
            }
            mod dynamodb {
                $(#[tokio::test]
                async fn $story() {
                    let (store, queue) = crate::town::Cloud::new().await.open();
                    crate::contract::$story(&store, &queue).await;
                })*
            }
        }
    };
}

/// What needs the queue. On AWS time passes by itself, and the queue promises less (see `Queue`): what is told of a
/// simulated time, of wishes, of merging before the take, and of tries that do not count, is told on one machine only;
/// `sqs.rs` tells what holds instead.
macro_rules! queues {
    (both { $($both:ident)* } machine { $($machine:ident)* }) => {
        mod queue {
            mod sqlite {
                $(#[tokio::test]
                async fn $both() {
                    let scratch = crate::town::Scratch::new();
                    let (store, queue) = scratch.open().await;
                    crate::contract::$both(&store, &queue).await;
                })*
                $(#[tokio::test]
                async fn $machine() {
                    let scratch = crate::town::Scratch::new();
                    let (store, queue) = scratch.open().await;
                    crate::contract::$machine(&store, &queue).await;
                })*
            }
            mod sqs {
                $(#[tokio::test]
                async fn $both() {
                    let (store, queue) = crate::town::Cloud::new().await.open();
                    crate::contract::$both(&store, &queue).await;
                })*
            }
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

queues! {
    both {
        a_follow_up_of_the_same_person_is_kept
        a_person_has_one_request_in_flight
        waiting_requests_of_a_person_are_merged
        a_waiting_person_keeps_the_place_in_the_order
    }
    machine {
        a_run_is_settled_whole_or_not_at_all
        requests_are_taken_in_order_and_once
        a_failed_request_waits_for_its_time
        something_newer_ends_the_delay
        something_newer_than_the_failed_request_takes_its_place
        a_stale_observation_does_not_take_the_failed_requests_place
        a_request_given_back_was_not_tried
        a_lease_that_ran_out_is_taken_again
        a_lease_that_somebody_else_has_is_void
        a_report_comes_after_the_manager
        a_report_waits_as_long_as_the_manager_is_coming
        a_report_does_not_wait_for_a_manager_who_is_backing_off
        a_report_does_not_wait_for_a_dead_letter_or_for_nobody
        wishes_in_a_circle_are_no_deadlock
        a_dead_letter_can_be_replayed
        depth_counts_everything_once
    }
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

async fn a_run_is_settled_whole_or_not_at_all(store: &Store, queue: &Queue) {
    let (intent, done) = (row("a", "1", 1, AuditKind::Intent, None), [row("b", "1", 2, AuditKind::Done, Some("a"))]);
    queue.push(&[hint("1", 0)]).await.unwrap();
    let leases = lease(queue, 0, 1).await;
    store.audit(&[intent]).await.unwrap();

    let stale = Record { version: 3, ..record("1") };
    is_conflict(store.settle(queue, &leases[0], &stale, &done, &[hint("2", 1)]).await);
    assert_eq!(store.unfinished(&who("1")).await.unwrap().len(), 1);
    assert_eq!(queue.depth(at(1)).await.unwrap(), Depth { in_flight: 1, ..Depth::default() });

    store.settle(queue, &leases[0], &record("1"), &done, &[hint("2", 1)]).await.unwrap();
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);
    assert_eq!(store.unfinished(&who("1")).await.unwrap(), []);
    assert_eq!(names(&lease(queue, 1, 9).await), ["2"]);

    let again = Record { version: 1, ..record("1") };
    is_conflict(store.settle(queue, &leases[0], &again, &[], &[hint("3", 1)]).await);
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);
    assert_eq!(names(&lease(queue, 1, 9).await), [""; 0]);
}

async fn a_follow_up_of_the_same_person_is_kept(store: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0)]).await.unwrap();
    let leases = lease(queue, 0, 1).await;
    store.settle(queue, &leases[0], &record("1"), &[], &[hint("1", 1)]).await.unwrap();
    assert_eq!(lease(queue, 1, 1).await[0].request, hint("1", 1));
}

async fn requests_are_taken_in_order_and_once(_: &Store, queue: &Queue) {
    queue.push(&[hint("3", 0), hint("1", 0), hint("2", 0)]).await.unwrap();
    assert_eq!(names(&lease(queue, 0, 0).await), [""; 0]);
    let two = lease(queue, 0, 2).await;
    assert_eq!(names(&two), ["3", "1"]);
    assert_eq!(two[0].attempt, 1);
    assert_eq!(names(&lease(queue, 0, 9).await), ["2"]);
    assert_eq!(names(&lease(queue, 0, 9).await), [""; 0]);
    queue.finish(&two[0]).await.unwrap();
    is_conflict(queue.finish(&two[0]).await);
    assert_eq!(names(&lease(queue, 0, 9).await), [""; 0]);
}

async fn a_person_has_one_request_in_flight(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0)]).await.unwrap();
    let first = lease(queue, 0, 9).await;
    queue.push(&[hint("1", 1), hint("2", 1), hint("umbrella:1", 1)]).await.unwrap();
    assert_eq!(names(&lease(queue, 1, 9).await), ["2", "1"], "another connection's 1 is another person");
    queue.finish(&first[0]).await.unwrap();
    assert_eq!(lease(queue, 1, 9).await[0].request, hint("1", 1));
}

/// Columns: the waiting request, the new one, which of them stays.
async fn waiting_requests_of_a_person_are_merged(_: &Store, queue: &Queue) {
    let cases = [
        (hint("p", 10), hint("p", 20), "new"),
        (hint("p", 10), hint("p", 5), "new"),
        (observed("p", 10, 9), hint("p", 20), "new"),
        // An observation that is older than the question it would answer.
        (hint("p", 10), observed("p", 20, 9), "waiting"),
        (hint("p", 10), observed("p", 20, 10), "new"),
        (hint("p", 10), observed("p", 20, 15), "new"),
        (observed("p", 10, 9), observed("p", 20, 8), "waiting"),
        (observed("p", 10, 9), observed("p", 20, 9), "new"),
        (observed("p", 10, 5), observed("p", 20, 7), "new"),
        (observed("p", 10, 9), observed("p", 20, 15), "new"),
        // Observed after it was asked for.
        (observed("p", 10, 30), observed("p", 40, 20), "new"),
    ];
    for (waiting, new, stays) in cases {
        queue.push(std::slice::from_ref(&waiting)).await.unwrap();
        queue.push(std::slice::from_ref(&new)).await.unwrap();
        let leases = lease(queue, 50, 9).await;
        assert_eq!(leases.len(), 1);
        let expected = if stays == "new" { &new } else { &waiting };
        assert_eq!(&leases[0].request, expected, "{waiting:?}\n{new:?}");
        queue.finish(&leases[0]).await.unwrap();
    }
}

async fn a_waiting_person_keeps_the_place_in_the_order(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0), hint("2", 0)]).await.unwrap();
    queue.push(&[hint("1", 9)]).await.unwrap();
    let leases = lease(queue, 9, 9).await;
    assert_eq!(names(&leases), ["1", "2"]);
    assert_eq!(leases[0].request.asked_at, at(9));
}

async fn a_failed_request_waits_for_its_time(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0), hint("2", 0)]).await.unwrap();
    let first = lease(queue, 0, 1).await;
    queue.retry(&first[0], at(10), at(30), "JumpCloud is down").await.unwrap();
    is_conflict(queue.retry(&first[0], at(10), at(30), "JumpCloud is down").await);
    assert_eq!(names(&lease(queue, 29, 9).await), ["2"]);
    queue.push(&[hint("3", 29)]).await.unwrap();
    let again = lease(queue, 30, 9).await;
    assert_eq!(names(&again), ["1", "3"], "back at its old place");
    assert_eq!((again[0].attempt, again[1].attempt), (2, 1));
}

async fn something_newer_ends_the_delay(_: &Store, queue: &Queue) {
    queue.push(&[observed("1", 10, 9)]).await.unwrap();
    queue.retry(&lease(queue, 10, 1).await[0], at(10), at(3600), "no").await.unwrap();
    queue.push(&[observed("1", 20, 8)]).await.unwrap();
    assert_eq!(names(&lease(queue, 20, 1).await), [""; 0], "that was older");
    queue.push(&[hint("1", 20)]).await.unwrap();
    let now = lease(queue, 20, 1).await;
    assert_eq!((&now[0].request, now[0].attempt), (&hint("1", 20), 1));
}

async fn something_newer_than_the_failed_request_takes_its_place(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0)]).await.unwrap();
    let first = lease(queue, 0, 1).await;
    queue.push(&[hint("2", 1), hint("1", 2)]).await.unwrap();
    queue.retry(&first[0], at(0), at(3600), "no").await.unwrap();
    let now = lease(queue, 2, 9).await;
    assert_eq!(names(&now), ["1", "2"]);
    assert_eq!((&now[0].request, now[0].attempt), (&hint("1", 2), 1));
    is_conflict(queue.finish(&first[0]).await);
    queue.finish(&now[0]).await.unwrap();
    assert_eq!(names(&lease(queue, 9999, 9).await), ["2"], "nothing is left of the failed one; 2's lease ran out");
}

async fn a_stale_observation_does_not_take_the_failed_requests_place(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 10)]).await.unwrap();
    let first = lease(queue, 10, 1).await;
    queue.push(&[observed("1", 11, 5)]).await.unwrap();
    queue.retry(&first[0], at(0), at(100), "no").await.unwrap();
    assert_eq!(names(&lease(queue, 99, 9).await), [""; 0]);
    let again = lease(queue, 100, 9).await;
    assert_eq!((&again[0].request, again[0].attempt), (&hint("1", 10), 2));
    queue.finish(&again[0]).await.unwrap();
    assert_eq!(queue.depth(at(100)).await.unwrap(), Depth::default());
}

async fn a_request_given_back_was_not_tried(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0), hint("2", 0)]).await.unwrap();
    queue.retry(&lease(queue, 0, 1).await[0], at(0), at(0), "no").await.unwrap();
    for _ in 0..3 {
        let leases = lease(queue, 0, 1).await;
        assert_eq!((names(&leases), leases[0].attempt), (vec!["1"], 2));
        queue.give_back(&leases[0]).await.unwrap();
        is_conflict(queue.give_back(&leases[0]).await);
    }
}

async fn a_lease_that_ran_out_is_taken_again(_: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0), hint("2", 0)]).await.unwrap();
    assert_eq!(names(&lease(queue, 0, 1).await), ["1"]);
    assert_eq!(names(&lease(queue, 59, 1).await), ["2"]);
    let again = lease(queue, 60, 9).await;
    assert_eq!((names(&again), again[0].attempt), (vec!["1"], 2));
    // What came in meanwhile is not lost either.
    queue.push(&[hint("1", 70)]).await.unwrap();
    let newer = lease(queue, 120, 9).await;
    assert_eq!(names(&newer), ["1", "2"]);
    assert_eq!((&newer[0].request, newer[0].attempt), (&hint("1", 70), 1));
}

async fn a_lease_that_somebody_else_has_is_void(store: &Store, queue: &Queue) {
    queue.push(&[hint("1", 0)]).await.unwrap();
    let old = lease(queue, 0, 1).await.remove(0);
    let new = lease(queue, 60, 1).await.remove(0);
    is_conflict(
        store.settle(queue, &old, &record("1"), &[row("a", "1", 0, AuditKind::Intent, None)], &[hint("2", 0)]).await,
    );
    is_conflict(queue.finish(&old).await);
    is_conflict(queue.retry(&old, at(0), at(0), "no").await);
    is_conflict(queue.give_back(&old).await);
    is_conflict(queue.bury(&old, at(0), "no").await);
    assert_eq!(store.record(&who("1")).await.unwrap(), None);
    assert_eq!(store.audit_of(&who("1"), 9).await.unwrap(), []);
    assert_eq!(queue.depth(at(61)).await.unwrap(), Depth { in_flight: 1, ..Depth::default() });
    store.settle(queue, &new, &record("1"), &[], &[]).await.unwrap();

    // Run out, but nobody else has it: better late than twice.
    queue.push(&[hint("2", 0)]).await.unwrap();
    let late = lease(queue, 100, 1).await.remove(0);
    assert_eq!(queue.depth(at(9999)).await.unwrap().waiting, 1);
    queue.finish(&late).await.unwrap();
}

async fn a_report_comes_after_the_manager(_: &Store, queue: &Queue) {
    queue
        .push(&[after("ic", "lead"), after("lead", "boss"), hint("boss", 0), hint("other", 0), after("ic2", "lead")])
        .await
        .unwrap();
    for expected in [vec!["boss", "other"], vec!["lead"], vec!["ic", "ic2"], vec![]] {
        let leases = lease(queue, 0, 9).await;
        assert_eq!(names(&leases), expected);
        assert_eq!(names(&lease(queue, 0, 9).await), [""; 0]);
        for lease in leases {
            queue.finish(&lease).await.unwrap();
        }
    }
}

async fn a_report_does_not_wait_for_a_manager_who_is_backing_off(_: &Store, queue: &Queue) {
    queue.push(&[hint("boss", 0), after("ic", "boss")]).await.unwrap();
    let boss = lease(queue, 0, 1).await;
    assert_eq!(names(&lease(queue, 0, 9).await), [""; 0], "in flight");
    queue.retry(&boss[0], at(0), at(50), "no").await.unwrap();
    assert_eq!(names(&lease(queue, 10, 9).await), ["ic"]);
    queue.push(&[after("ic2", "boss")]).await.unwrap();
    assert_eq!(names(&lease(queue, 10, 9).await), ["ic2"]);
}

async fn a_report_waits_as_long_as_the_manager_is_coming(_: &Store, queue: &Queue) {
    queue.push(&[hint("boss", 0), after("ic", "boss")]).await.unwrap();
    let boss = lease(queue, 50, 9).await;
    assert_eq!(names(&boss), ["boss"]);
    queue.push(&[hint("boss", 51)]).await.unwrap();
    queue.finish(&boss[0]).await.unwrap();
    let boss = lease(queue, 51, 9).await;
    assert_eq!(names(&boss), ["boss"], "another one waits");
    assert_eq!(queue.depth(at(52)).await.unwrap(), Depth { in_flight: 1, waiting: 1, ..Depth::default() });
    queue.finish(&boss[0]).await.unwrap();
    assert_eq!(names(&lease(queue, 52, 9).await), ["ic"]);
}

async fn a_report_does_not_wait_for_a_dead_letter_or_for_nobody(_: &Store, queue: &Queue) {
    queue.push(&[after("early", "boss")]).await.unwrap();
    let early = lease(queue, 0, 9).await;
    assert_eq!(names(&early), ["early"]);
    queue.push(&[hint("boss", 0), after("ic", "boss")]).await.unwrap();
    let boss = lease(queue, 0, 9).await;
    assert_eq!(names(&boss), ["boss"]);
    assert_eq!(names(&lease(queue, 0, 9).await), [""; 0]);
    queue.bury(&boss[0], at(1), "no").await.unwrap();
    assert_eq!(names(&lease(queue, 1, 9).await), ["ic"]);
}

async fn wishes_in_a_circle_are_no_deadlock(_: &Store, queue: &Queue) {
    queue.push(&[after("a", "b"), after("b", "c"), after("c", "a"), after("self", "self")]).await.unwrap();
    queue.push(&[after("x", "a"), after("y", "b"), hint("z", 0)]).await.unwrap();
    let mut order = Vec::new();
    loop {
        let leases = lease(queue, 0, 1).await;
        let Some(lease) = leases.first() else { break };
        order.push(lease.request.key.id.to_string());
        queue.finish(lease).await.unwrap();
    }
    assert_eq!(order, ["c", "b", "a", "self", "x", "y", "z"]);
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth::default());
}

async fn a_dead_letter_can_be_replayed(_: &Store, queue: &Queue) {
    queue.push(&[observed("1", 0, 0), hint("2", 0), hint("3", 0)]).await.unwrap();
    queue.retry(&lease(queue, 0, 1).await[0], at(0), at(1), "first").await.unwrap();
    for (lease, moment) in lease(queue, 1, 9).await.into_iter().zip(2..) {
        queue.bury(&lease, at(moment), "no such group").await.unwrap();
    }
    let letter = |name: &str, attempts, moment| DeadLetter {
        key: who(name),
        trigger: Trigger::Webhook,
        attempts,
        error: "no such group".to_owned(),
        at: at(moment),
    };
    assert_eq!(queue.dead(2).await.unwrap(), [letter("3", 1, 4), letter("2", 1, 3)]);
    assert_eq!(queue.dead(9).await.unwrap()[2], letter("1", 2, 2));
    assert_eq!(names(&lease(queue, 99, 9).await), [""; 0]);

    assert_eq!(queue.replay(Some(&who("nobody")), at(99)).await.unwrap(), 0);
    assert_eq!(queue.replay(Some(&who("1")), at(99)).await.unwrap(), 1);
    assert_eq!(queue.replay(Some(&who("1")), at(99)).await.unwrap(), 0);
    let fresh = lease(queue, 99, 9).await;
    let hint = mapping::request::SyncRequest::hint(who("1"), Trigger::Replay, at(99));
    assert_eq!((&fresh[0].request, fresh[0].attempt), (&hint, 1));

    assert_eq!(queue.replay(None, at(99)).await.unwrap(), 2);
    assert_eq!(names(&lease(queue, 99, 9).await), ["2", "3"]);
    assert_eq!(queue.dead(9).await.unwrap(), []);
}

async fn depth_counts_everything_once(_: &Store, queue: &Queue) {
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth::default());
    queue.push(&[hint("dead", 0), hint("late", 0), hint("later", 0), hint("flying", 0)]).await.unwrap();
    let leases = lease(queue, 0, 9).await;
    queue.bury(&leases[0], at(0), "no").await.unwrap();
    queue.retry(&leases[1], at(0), at(20), "no").await.unwrap();
    queue.retry(&leases[2], at(0), at(30), "no").await.unwrap();
    queue.push(&[hint("waiting", 0), after("parked", "flying")]).await.unwrap();
    let expected = Depth { waiting: 2, in_flight: 1, delayed: 2, dead: 1, next_due: Some(at(20)) };
    assert_eq!(queue.depth(at(0)).await.unwrap(), expected);
    assert_eq!(names(&lease(queue, 0, 9).await), ["waiting"]);
    let expected = Depth { waiting: 1, in_flight: 2, ..expected };
    assert_eq!(queue.depth(at(0)).await.unwrap(), expected);
    let expected = Depth { waiting: 2, delayed: 1, next_due: Some(at(30)), ..expected };
    assert_eq!(queue.depth(at(20)).await.unwrap(), expected);
    let expected = Depth { waiting: 5, in_flight: 0, delayed: 0, dead: 1, next_due: None };
    assert_eq!(queue.depth(at(60)).await.unwrap(), expected);
}
