//! What every queue must do.

use std::collections::BTreeSet;

use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};
use mapping::request::{SyncRequest, Trigger};
use state::{AuditKind, DeadLetter, Depth, Queue, Record, Store};

use crate::town::*;

/// What needs the queue. On AWS time passes by itself, and the queue promises less (see `Queue`): what is told of a
/// simulated time, of wishes, of merging before the take, and of tries that do not count, is told on one machine only;
/// `sqs.rs` tells what holds instead.
macro_rules! queues {
    (both { $($both:ident)* } machine { $($machine:ident)* }) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $both() {
                let scratch = crate::town::Scratch::new();
                let (store, queue) = scratch.open().await;
                super::$both(&store, &queue).await;
            })*
            $(#[tokio::test]
            async fn $machine() {
                let scratch = crate::town::Scratch::new();
                let (store, queue) = scratch.open().await;
                super::$machine(&store, &queue).await;
            })*
        }
        mod sqs {
            $(#[tokio::test]
            async fn $both() {
                let (store, queue) = crate::town::Cloud::new().await.open();
                super::$both(&store, &queue).await;
            })*
        }
    };
}

queues! {
    both {
        a_follow_up_of_the_same_person_is_kept
        a_person_has_one_request_in_flight
        who_rests_is_passed_over_and_keeps_the_place
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

async fn who_rests_is_passed_over_and_keeps_the_place(_: &Store, queue: &Queue) {
    let other = ConnectionName::parse("bolt").unwrap();
    let of_other = |id: &str| {
        let key = EmployeeKey { connection: other.clone(), id: EmployeeId::parse(id).unwrap() };
        SyncRequest::hint(key, Trigger::Webhook, at(0))
    };
    queue.push(&[of_other("1"), hint("2", 0), of_other("3"), hint("4", 0)]).await.unwrap();
    let resting = BTreeSet::from([other]);
    let mut awake = queue.lease_but(&resting, at(0), at(60), 9).await.unwrap();
    awake.sort_by(|a, b| a.request.key.cmp(&b.request.key));
    assert_eq!(names(&awake), ["2", "4"]);
    for lease in &awake {
        queue.finish(lease).await.unwrap();
    }
    assert_eq!(queue.depth(at(0)).await.unwrap().waiting, 2);
    let mut awake = lease(queue, 0, 9).await;
    awake.sort_by(|a, b| a.request.key.cmp(&b.request.key));
    assert_eq!(names(&awake), ["1", "3"], "as soon as it rests no more");
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
