//! The queue on AWS when something is wrong with it: missing, forbidden, busy, slow, half done.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use mapping::request::SyncRequest;
use serde_json::{Value, json};
use state::{Depth, Queue, StateError};

use crate::door::{Door, Fate};
use crate::town::*;

/// The queue behind a door, with the patience of a test.
fn behind(account: &str, endpoint: &str) -> Queue {
    let patience = TimeoutConfig::builder().operation_timeout(Duration::from_secs(2));
    let config = config(account, endpoint).into_builder().timeout_config(patience.build());
    let config = config.retry_config(RetryConfig::standard().with_max_attempts(2)).build();
    state::open_aws(&config, INSTALLATION, INSTALLATION).1
}

fn error(code: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": format!("a sentence about acme:1 and {code}") })
}

#[track_caller]
fn is_unavailable<T: std::fmt::Debug>(answer: Result<T, StateError>, says: &[&str]) {
    let Err(StateError::Unavailable(text)) = &answer else { panic!("{answer:?}") };
    for part in says {
        assert!(text.contains(part), "{text}");
    }
}

fn crowd(count: usize) -> Vec<SyncRequest> {
    (0..count).map(|n| hint(&n.to_string(), 0)).collect()
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_named() {
    let cloud = Cloud::new().await;
    let config = config(&cloud.account.id, &cloud.account.endpoint);
    let queue = state::open_aws(&config, INSTALLATION, "elsewhere").1;
    let says = ["elsewhere.fifo", "infra/template.yaml", "`queue`"];
    is_unavailable(queue.push(&crowd(1)).await, &says);
    is_unavailable(queue.lease(at(0), at(60), 1).await, &says);
    is_unavailable(queue.depth(at(0)).await, &["elsewhere"]);
    is_unavailable(queue.dead(9).await, &["elsewhere-dead.fifo"]);
    queue.push(&[]).await.unwrap();

    // It was there a moment ago.
    let queue = cloud.open().1;
    queue.push(&crowd(1)).await.unwrap();
    let url = json!({ "QueueUrl": format!("http://any/{}/hirewire.fifo", cloud.account.id) });
    cloud.account.call("sqs", "DeleteQueue", url).await.unwrap();
    is_unavailable(queue.push(&crowd(1)).await, &["hirewire.fifo", "infra/template.yaml"]);
}

#[tokio::test]
async fn a_queue_out_of_reach_is_given_up_soon() {
    let started = Instant::now();
    let nobody = behind("1", "http://127.0.0.1:1");
    is_unavailable(nobody.push(&crowd(40)).await, &["hirewire.fifo", "no answer", "refused"]);

    let cloud = Cloud::new().await;
    let silent = Door::open(&cloud.account.endpoint, |action, _| {
        if action != "GetQueueUrl" {
            std::thread::sleep(Duration::from_secs(30));
        }
        Fate::Through
    });
    is_unavailable(behind(&cloud.account.id, &silent.endpoint).push(&crowd(40)).await, &["no answer in time"]);
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}

#[tokio::test]
async fn whoever_is_nobody_to_aws_is_told_where_that_is_said() {
    let mut nobody = config("1", "http://127.0.0.1:1").into_builder();
    nobody.set_credentials_provider(None);
    let nowhere = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
    for config in [nobody.build(), nowhere.build()] {
        let queue = state::open_aws(&config, INSTALLATION, INSTALLATION).1;
        is_unavailable(queue.push(&crowd(1)).await, &["cannot be asked", "AWS_PROFILE", "AWS_REGION"]);
    }
}

#[tokio::test]
async fn calls_are_few() {
    let cloud = Cloud::new().await;
    let door = Door::open(&cloud.account.endpoint, |_, _| Fate::Through);
    let queue = behind(&cloud.account.id, &door.endpoint);
    let count = |actions: &[&str]| actions.iter().map(|action| door.count(action)).collect::<Vec<_>>();
    queue.push(&crowd(25)).await.unwrap();
    assert_eq!(count(&["GetQueueUrl", "SendMessageBatch"]), [1, 3]);
    let leases = lease(&queue, 0, 25).await;
    assert_eq!((leases.len(), count(&["ReceiveMessage"])), (25, vec![3]));
    assert_eq!(lease(&queue, 0, 25).await.len(), 0);
    queue.finish(&leases[0]).await.unwrap();
    queue.retry(&leases[1], at(0), at(9), "no").await.unwrap();
    queue.give_back(&leases[2]).await.unwrap();
    assert_eq!(count(&["ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"]), [4, 1, 2]);
    for lease in &leases[3..15] {
        queue.bury(lease, at(0), "no").await.unwrap();
    }
    assert_eq!(count(&["GetQueueUrl", "SendMessageBatch", "DeleteMessageBatch"]), [2, 15, 13]);
    assert_eq!(queue.dead(99).await.unwrap().len(), 12);
    assert_eq!(count(&["ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"]), [7, 13, 4]);
    assert_eq!(queue.replay(None, at(0)).await.unwrap(), 12);
    assert_eq!(count(&["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"]), [10, 17, 15]);
    queue.depth(at(0)).await.unwrap();
    assert_eq!(count(&["GetQueueAttributes", "GetQueueUrl"]), [2, 2]);
}

#[tokio::test]
async fn a_queue_that_is_busy_or_forbidden_says_so() {
    let cloud = Cloud::new().await;
    let cases: [(u16, &str, &[&str]); 3] = [
        (400, "ThrottlingException", &["ThrottlingException"]),
        (503, "ServiceUnavailable", &["ServiceUnavailable"]),
        (403, "AccessDeniedException", &["AccessDeniedException", "a sentence"]),
    ];
    for (status, code, says) in cases {
        let door = Door::open(&cloud.account.endpoint, move |action, _| match action {
            "GetQueueUrl" => Fate::Through,
            _ => Fate::Answered(status, error(code)),
        });
        let queue = behind(&cloud.account.id, &door.endpoint);
        is_unavailable(queue.push(&crowd(1)).await, says);
        is_unavailable(queue.lease(at(0), at(60), 9).await, says);
        is_unavailable(queue.dead(9).await, says);
        is_unavailable(queue.replay(None, at(0)).await, says);
        is_unavailable(queue.depth(at(0)).await, says);
        let tries = if status == 403 { 1 } else { 2 };
        assert_eq!(door.count("SendMessageBatch"), tries, "{code}");
        if status != 403 {
            let Err(error) = queue.push(&crowd(1)).await else { panic!() };
            assert!(!error.to_string().contains("a sentence"), "{error}");
        }
    }
    assert_eq!(cloud.open().1.depth(at(0)).await.unwrap(), Depth::default());
}

/// An entry's group and token.
type Sent = (String, String);

fn entries(body: &Value) -> Vec<Sent> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let entries = body["Entries"].as_array().unwrap();
    entries.iter().map(|e| (text(&e["MessageGroupId"]), text(&e["MessageDeduplicationId"]))).collect()
}

/// An answer to a batch of which these ids failed.
fn failed(body: &Value, ids: &[&str], code: &str) -> Value {
    let of = |v: &Value| v["Id"].as_str().unwrap().to_owned();
    let all: Vec<String> = body["Entries"].as_array().unwrap().iter().map(of).collect();
    let (failed, done): (Vec<String>, Vec<String>) = all.into_iter().partition(|id| ids.contains(&id.as_str()));
    let done: Vec<Value> =
        done.iter().map(|id| json!({ "Id": id, "MessageId": "m", "MD5OfMessageBody": "d" })).collect();
    let failed: Vec<Value> = failed.iter().map(|id| json!({ "Id": id, "Code": code, "SenderFault": false })).collect();
    json!({ "Successful": done, "Failed": failed })
}

#[tokio::test]
async fn only_what_failed_of_a_batch_is_sent_again_and_as_the_same() {
    let cloud = Cloud::new().await;
    let calls: Arc<Mutex<Vec<Vec<Sent>>>> = Arc::default();
    let told = Arc::clone(&calls);
    let door = Door::open(&cloud.account.endpoint, move |action, body| {
        if action != "SendMessageBatch" {
            return Fate::Through;
        }
        let mut calls = told.lock().unwrap();
        calls.push(entries(body));
        match calls.len() {
            1 => Fate::Answered(200, failed(body, &["1", "3"], "InternalError")),
            2 => Fate::Answered(200, failed(body, &["3"], "ServiceUnavailable")),
            _ => Fate::Through,
        }
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    queue.push(&crowd(5)).await.unwrap();
    {
        let calls = calls.lock().unwrap();
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [5, 2, 1]);
        assert_eq!(calls[1], [calls[0][1].clone(), calls[0][3].clone()]);
        assert_eq!(calls[2], [calls[0][3].clone()]);
        let tokens: HashSet<&String> = calls[0].iter().map(|(_, token)| token).collect();
        assert_eq!(tokens.len(), 5);
        assert!(tokens.iter().all(|token| token.len() == 32));
    }
    assert_eq!(names(&lease(&queue, 0, 9).await), ["3"], "the others were only said to be there");
    // The same push again is no repeat.
    queue.push(&crowd(5)[3..4]).await.unwrap();
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth { waiting: 1, in_flight: 1, ..Depth::default() });
}

#[tokio::test]
async fn a_part_that_always_fails_fails_the_push() {
    let cloud = Cloud::new().await;
    let door = Door::open(&cloud.account.endpoint, |action, body| match action {
        "SendMessageBatch" => Fate::Answered(200, failed(body, &["0"], "InternalError")),
        _ => Fate::Through,
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    let started = Instant::now();
    is_unavailable(queue.push(&crowd(3)).await, &["1 of 3", "InternalError"]);
    assert_eq!(door.count("SendMessageBatch"), 4);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_lost_answer_adds_nothing_twice() {
    let cloud = Cloud::new().await;
    let (sent, received) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let door = Door::open(&cloud.account.endpoint, move |action, _| {
        let count = match action {
            "SendMessageBatch" => &sent,
            "GetQueueUrl" => &received,
            _ => return Fate::Through,
        };
        if count.fetch_add(1, Ordering::SeqCst) == 0 { Fate::Lost } else { Fate::Through }
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    queue.push(&crowd(25)).await.unwrap();
    assert_eq!(door.count("SendMessageBatch"), 4, "three, and one of them again");
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth { waiting: 25, ..Depth::default() });
    assert_eq!(door.count("GetQueueUrl"), 3, "once for each queue, and once more for the lost answer");
}

#[tokio::test]
async fn a_take_whose_answer_is_lost_is_asked_for_again_as_the_same() {
    let cloud = Cloud::new().await;
    let takes: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&takes);
    let door = Door::open(&cloud.account.endpoint, move |action, body| {
        if action != "ReceiveMessage" {
            return Fate::Through;
        }
        let mut takes = told.lock().unwrap();
        takes.push(body["ReceiveRequestAttemptId"].as_str().unwrap().to_owned());
        if takes.len() == 1 { Fate::Lost } else { Fate::Through }
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    lease(&queue, 0, 9).await;
    lease(&queue, 0, 9).await;
    let takes = takes.lock().unwrap();
    assert_eq!(takes.len(), 3);
    assert!(takes[0] == takes[1] && takes[1] != takes[2], "{takes:?}");
}

#[tokio::test]
async fn what_was_taken_is_not_lost_when_the_next_look_fails() {
    let cloud = Cloud::new().await;
    let looks = AtomicUsize::new(0);
    let door = Door::open(&cloud.account.endpoint, move |action, _| match action {
        "ReceiveMessage" if looks.fetch_add(1, Ordering::SeqCst) > 0 => Fate::Answered(403, error("AccessDenied")),
        _ => Fate::Through,
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    queue.push(&crowd(25)).await.unwrap();
    assert_eq!(lease(&queue, 0, 25).await.len(), 10);
    is_unavailable(queue.lease(at(0), at(60), 25).await, &["AccessDenied"]);
}

#[tokio::test]
async fn a_busy_queue_keeps_a_finished_request_until_it_is_deleted() {
    let cloud = Cloud::new().await;
    let deletes = AtomicUsize::new(0);
    let door = Door::open(&cloud.account.endpoint, move |action, body| match action {
        "DeleteMessageBatch" if deletes.fetch_add(1, Ordering::SeqCst) == 0 => {
            Fate::Answered(200, failed(body, &["0", "1"], "InternalError"))
        }
        "ChangeMessageVisibilityBatch" => Fate::Answered(200, failed(body, &["0"], "MessageNotInflight")),
        _ => Fate::Through,
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    queue.push(&crowd(1)).await.unwrap();
    queue.push(&crowd(1)).await.unwrap();
    let taken = lease(&queue, 0, 9).await.remove(0);
    is_conflict(queue.retry(&taken, at(0), at(5), "no").await);
    assert_eq!(door.count("ChangeMessageVisibilityBatch"), 1, "what is lost is not tried again");
    queue.finish(&taken).await.unwrap();
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth::default());
}

#[tokio::test]
async fn nothing_is_buried_or_replayed_halfway() {
    let cloud = Cloud::new().await;
    let dead_too = cloud.open().1;
    let door = Door::open(&cloud.account.endpoint, |action, _| match action {
        "SendMessageBatch" => Fate::Answered(403, error("AccessDenied")),
        _ => Fate::Through,
    });
    let queue = behind(&cloud.account.id, &door.endpoint);
    dead_too.push(&crowd(2)).await.unwrap();
    let taken = lease(&queue, 0, 9).await;
    is_unavailable(queue.bury(&taken[0], at(0), "no").await, &["hirewire-dead.fifo"]);
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth { in_flight: 2, ..Depth::default() }, "it stays where it was");
    dead_too.bury(&taken[0], at(0), "no").await.unwrap();
    is_unavailable(queue.replay(None, at(0)).await, &["hirewire.fifo"]);
    assert_eq!(queue.depth(at(0)).await.unwrap(), Depth { in_flight: 1, dead: 1, ..Depth::default() });
}
