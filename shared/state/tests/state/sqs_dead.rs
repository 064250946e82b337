//! Dead letters on AWS: a queue of their own, in which every letter of a person lies.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeKey;
use mapping::request::{SyncRequest, Trigger};
use serde_json::json;
use state::Depth;
use tests::aws::REGION;

use crate::sqs::{depth, queue, retry_in, take};
use crate::town::*;

#[tokio::test]
async fn dead_letters_are_shown_the_newest_first_and_replayed() {
    let (cloud, queue) = queue().await;
    assert_eq!(queue.dead(9).await.unwrap(), []);
    queue.push(&[observed("1", 0, 0), hint("2", 0), hint("3", 0)]).await.unwrap();
    retry_in(&queue, &take(&queue, 60, 1).await[0], 0).await;
    let leases = take(&queue, 60, 9).await;
    for (lease, moment) in leases.iter().zip(2..) {
        queue.bury(lease, at(moment), "no such group").await.unwrap();
    }
    is_conflict(queue.finish(&leases[0]).await);
    let letter = |name: &str, attempts, moment| state::DeadLetter {
        key: who(name),
        trigger: Trigger::Webhook,
        attempts,
        error: "no such group".to_owned(),
        at: at(moment),
    };
    assert_eq!(queue.dead(2).await.unwrap(), [letter("3", 1, 4), letter("2", 1, 3)]);
    assert_eq!(queue.dead(9).await.unwrap()[2], letter("1", 2, 2), "and is there for the next who looks");
    assert_eq!(depth(&queue).await, Depth { dead: 3, ..Depth::default() });
    let url = format!("http://any/{}/hirewire-dead.fifo", cloud.account.id);
    let raw = cloud.account.call("sqs", "ReceiveMessage", json!({ "QueueUrl": url, "VisibilityTimeout": 0 })).await;
    assert!(!raw.unwrap().to_string().contains("firstName"), "nothing seen is kept");

    assert_eq!(queue.replay(Some(&who("nobody")), at(99)).await.unwrap(), 0);
    assert_eq!(queue.replay(Some(&who("1")), at(99)).await.unwrap(), 1);
    assert_eq!(queue.replay(Some(&who("1")), at(99)).await.unwrap(), 0);
    let fresh = take(&queue, 60, 9).await;
    let hint = SyncRequest::hint(who("1"), Trigger::Replay, at(99));
    assert_eq!((fresh.len(), &fresh[0].request, fresh[0].attempt), (1, &hint, 1));
    assert_eq!(queue.replay(None, at(99)).await.unwrap(), 2);
    let rest: HashSet<EmployeeKey> = take(&queue, 60, 9).await.into_iter().map(|lease| lease.request.key).collect();
    assert_eq!(rest, [who("2"), who("3")].into());
    assert_eq!(queue.dead(9).await.unwrap(), []);
    assert_eq!(depth(&queue).await, Depth { in_flight: 3, ..Depth::default() });
}

#[tokio::test]
async fn the_newest_letter_of_each_person_is_kept() {
    let (_cloud, queue) = queue().await;
    for moment in 0..23 {
        for name in ["1", "2"] {
            queue.push(&[hint(name, moment)]).await.unwrap();
            let lease = take(&queue, 60, 1).await.remove(0);
            queue.bury(&lease, at(moment), &format!("failure {moment}")).await.unwrap();
        }
    }
    assert_eq!(depth(&queue).await.dead, 46);
    let dead = queue.dead(9).await.unwrap();
    let shown: Vec<(&EmployeeKey, &str)> = dead.iter().map(|d| (&d.key, d.error.as_str())).collect();
    assert_eq!(shown, [(&who("1"), "failure 22"), (&who("2"), "failure 22")]);
    assert_eq!(depth(&queue).await.dead, 2, "looking removes what is older");
    assert_eq!(queue.replay(None, at(99)).await.unwrap(), 2);
}

#[tokio::test]
async fn all_letters_of_a_person_are_replayed_as_one_person() {
    let (_cloud, queue) = queue().await;
    for moment in 0..23 {
        queue.push(&[hint("1", moment)]).await.unwrap();
        queue.bury(&take(&queue, 60, 1).await[0], at(moment), "no").await.unwrap();
    }
    assert_eq!(queue.replay(Some(&who("1")), at(99)).await.unwrap(), 1);
    assert_eq!(depth(&queue).await.dead, 0);
    assert_eq!(names(&take(&queue, 60, 9).await), ["1"]);
}

#[tokio::test]
async fn what_sqs_itself_gave_up_is_a_dead_letter_too() {
    let cloud = Cloud::new().await;
    let make = async |name: &str, attributes| {
        let queue = json!({ "QueueName": name, "Attributes": attributes });
        cloud.account.call("sqs", "CreateQueue", queue).await.unwrap();
    };
    make("short-dead.fifo", json!({ "FifoQueue": "true" })).await;
    let arn = format!("arn:aws:sqs:{REGION}:{}:short-dead.fifo", cloud.account.id);
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": "2" }).to_string();
    make("short.fifo", json!({ "FifoQueue": "true", "VisibilityTimeout": "1", "RedrivePolicy": redrive })).await;
    let (_, queue) = state::open_aws(&config(&cloud.account.id, &cloud.account.endpoint), INSTALLATION, "short");

    let before = Timestamp::now() - SignedDuration::from_secs(1);
    queue.push(&[SyncRequest { trigger: Trigger::Poll, ..hint("1", 0) }]).await.unwrap();
    for _ in 0..2 {
        // Whoever has it dies.
        assert_eq!(names(&take(&queue, 1, 9).await), ["1"]);
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    assert_eq!(names(&take(&queue, 60, 9).await), [""; 0]);
    let letter = queue.dead(9).await.unwrap().remove(0);
    assert_eq!((&letter.key, letter.trigger), (&who("1"), Trigger::Poll));
    assert!(letter.error.contains("ran out of time") && letter.error.contains("hirewire replay"), "{}", letter.error);
    assert!(letter.attempts >= 2, "{}", letter.attempts);
    assert!(letter.at >= before && letter.at <= Timestamp::now(), "{}", letter.at);
    assert_eq!(queue.replay(None, at(99)).await.unwrap(), 1);
    assert_eq!(names(&take(&queue, 60, 9).await), ["1"]);
}
