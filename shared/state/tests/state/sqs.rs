//! The queue on AWS by what is its own: time that really passes, groups, and merging when taken.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use mapping::account::GroupName;
use mapping::employee::{EmployeeKey, Reading};
use mapping::request::{Survey, SyncRequest, Trigger};
use serde_json::json;
use state::sqs::{Delivery, Receipt, leases};
use state::{Depth, Lease, LeaseId, Queue};

use crate::town::*;

pub async fn queue() -> (Cloud, Queue) {
    let cloud = Cloud::new().await;
    let queue = cloud.open().1;
    (cloud, queue)
}

/// Taken by the clock on the wall, as SQS does.
pub async fn take(queue: &Queue, seconds: i64, limit: usize) -> Vec<Lease> {
    let now = Timestamp::now();
    queue.lease(now, now + SignedDuration::from_secs(seconds), limit).await.unwrap()
}

pub async fn retry_in(queue: &Queue, lease: &Lease, seconds: i64) {
    let now = Timestamp::now();
    queue.retry(lease, now, now + SignedDuration::from_secs(seconds), "no").await.unwrap();
}

/// What there is once it is so: `wanted` within some seconds, whatever the machine is busy with.
async fn until(queue: &Queue, names_wanted: &[&str]) -> Vec<Lease> {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let leases = take(queue, 60, 9).await;
        if !leases.is_empty() || Instant::now() > patience {
            assert_eq!(names(&leases), names_wanted);
            return leases;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn receipts(lease: &Lease) -> &[Receipt] {
    match &lease.id {
        LeaseId::Sqs(receipts) => receipts,
        LeaseId::Sqlite { .. } => panic!("another home's"),
    }
}

pub async fn depth(queue: &Queue) -> Depth {
    queue.depth(Timestamp::now()).await.unwrap()
}

fn delivery(message: &str, group: &str, body: &str, attempt: u32) -> Delivery {
    let [message, group, body] = [message, group, body].map(str::to_owned);
    Delivery { handle: format!("handle of {message}"), message, group, body, attempt }
}

fn written(request: &SyncRequest) -> String {
    serde_json::to_string(request).unwrap()
}

/// As AWS Lambda takes messages, and hands them to a function.
async fn delivered(cloud: &Cloud) -> Vec<Delivery> {
    let url = format!("http://any/{}/{INSTALLATION}.fifo", cloud.account.id);
    let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"] });
    let answer = cloud.account.call("sqs", "ReceiveMessage", asked).await.unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let of = |m: &serde_json::Value| Delivery {
        message: text(&m["MessageId"]),
        handle: text(&m["ReceiptHandle"]),
        group: text(&m["Attributes"]["MessageGroupId"]),
        body: text(&m["Body"]),
        attempt: text(&m["Attributes"]["ApproximateReceiveCount"]).parse().unwrap(),
    };
    messages.iter().map(of).collect()
}

async fn send(cloud: &Cloud, queue: &str, group: &str, body: &str) {
    let message = json!({
        "QueueUrl": format!("http://any/{}/{queue}", cloud.account.id),
        "MessageGroupId": group,
        "MessageDeduplicationId": format!("{:x}", fastrand::u64(..)),
        "MessageBody": body,
    });
    cloud.account.call("sqs", "SendMessage", message).await.unwrap();
}

#[test]
fn deliveries_become_one_lease_a_person_in_the_order_of_their_first_message() {
    let (leases, unreadable) = leases(
        vec![
            delivery("a", "acme:1", &written(&observed("1", 10, 5)), 1),
            delivery("b", "acme:2", &written(&hint("2", 10)), 3),
            delivery("c", "acme:1", &written(&SyncRequest { trigger: Trigger::Survey, ..hint("1", 11) }), 2),
            delivery("d", "nobody we know", "{}", 1),
            delivery("e", "acme:3", r#"{"who":"3"}"#, 1),
            delivery("f", "acme:1", &written(&observed("1", 12, 4)), 1),
        ],
        at(99),
    );
    assert_eq!(unreadable, ["d"]);
    assert_eq!(names(&leases), ["1", "2", "3"]);
    let first = &leases[0];
    // The last one saw less than the one before it would; what it was asked for is forgotten with it.
    assert_eq!(first.request, SyncRequest { trigger: Trigger::Survey, ..hint("1", 11) });
    assert_eq!(first.attempt, 2, "the most tried of them");
    let handed: Vec<(&str, &str, bool)> =
        receipts(first).iter().map(|r| (r.message.as_str(), r.handle.as_str(), r.by_lambda)).collect();
    assert_eq!(handed, [("a", "handle of a", true), ("c", "handle of c", true), ("f", "handle of f", true)]);
    assert_eq!((leases[1].attempt, receipts(&leases[1]).len()), (3, 1));
    assert_eq!(leases[2].request, SyncRequest::hint(who("3"), Trigger::Replay, at(99)));
}

#[tokio::test]
async fn messages_of_one_person_are_taken_and_finished_together() {
    let (_cloud, queue) = queue().await;
    queue.push(&[hint("1", 0), hint("2", 0), hint("1", 1)]).await.unwrap();
    for asked in 2..5 {
        queue.push(&[hint("1", asked)]).await.unwrap();
    }
    assert_eq!(depth(&queue).await, Depth { waiting: 5, ..Depth::default() }, "those of one push are one already");
    assert_eq!(names(&take(&queue, 60, 0).await), [""; 0]);
    let leases = take(&queue, 60, 9).await;
    assert_eq!(names(&leases), ["1", "2"]);
    assert_eq!((&leases[0].request, receipts(&leases[0]).len()), (&hint("1", 4), 4));
    queue.push(&[hint("1", 9)]).await.unwrap();
    assert_eq!(names(&take(&queue, 60, 9).await), [""; 0]);
    queue.finish(&leases[0]).await.unwrap();
    let next = take(&queue, 60, 9).await;
    assert_eq!((names(&next), &next[0].request), (vec!["1"], &hint("1", 9)));
    assert_eq!(depth(&queue).await, Depth { in_flight: 2, ..Depth::default() });
}

#[tokio::test]
async fn as_many_people_are_taken_as_are_wanted() {
    let (_cloud, queue) = queue().await;
    let people: Vec<SyncRequest> = (0..35).map(|n| hint(&n.to_string(), 0)).collect();
    queue.push(&people).await.unwrap();
    let taken = take(&queue, 60, 23).await;
    assert_eq!(taken.len(), 23);
    assert_eq!(depth(&queue).await, Depth { waiting: 12, in_flight: 23, ..Depth::default() });
    let rest = take(&queue, 60, 99).await;
    let all: HashSet<&str> = names(&taken).into_iter().chain(names(&rest)).collect();
    assert_eq!((rest.len(), all.len()), (12, 35));
}

#[tokio::test]
async fn a_failed_one_comes_back_after_its_seconds_and_holds_up_nobody_else() {
    let (_cloud, queue) = queue().await;
    queue.push(&[hint("1", 0)]).await.unwrap();
    let first = take(&queue, 60, 9).await;
    let failed = Instant::now();
    retry_in(&queue, &first[0], 3).await;
    queue.push(&[hint("1", 1), hint("2", 1)]).await.unwrap();
    let other = take(&queue, 60, 9).await;
    assert_eq!(names(&other), ["2"], "what is newer waits behind the failed one");
    assert_eq!(depth(&queue).await, Depth { waiting: 1, in_flight: 2, ..Depth::default() });
    let again = until(&queue, &["1"]).await;
    assert!(failed.elapsed() >= Duration::from_secs(3), "{:?}", failed.elapsed());
    assert_eq!((&again[0].request, again[0].attempt, receipts(&again[0]).len()), (&hint("1", 1), 2, 2));
    // The first take of it is over.
    is_conflict(queue.finish(&first[0]).await);
    is_conflict(queue.retry(&first[0], at(0), at(0), "no").await);
    is_conflict(queue.give_back(&first[0]).await);
    assert_eq!(depth(&queue).await.in_flight, 3, "and changes nothing");
    queue.finish(&again[0]).await.unwrap();
    queue.finish(&other[0]).await.unwrap();
    assert_eq!(depth(&queue).await, Depth::default());
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_again() {
    let (_cloud, queue) = queue().await;
    queue.push(&[hint("1", 0)]).await.unwrap();
    let (now, started) = (Timestamp::now(), Instant::now());
    // No time at all is a second: nobody else has it at once.
    let lost = queue.lease(now, now, 9).await.unwrap();
    assert_eq!(names(&lost), ["1"]);
    let again = until(&queue, &["1"]).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(again[0].attempt, 2);
    is_conflict(queue.finish(&lost[0]).await);
    queue.finish(&again[0]).await.unwrap();
    let another_homes = Lease { id: LeaseId::Sqlite { place: 1, turn: 1 }, ..again[0].clone() };
    is_conflict(queue.finish(&another_homes).await);
    is_conflict(queue.bury(&another_homes, at(0), "no").await);
}

#[tokio::test]
async fn what_is_given_back_is_there_at_once() {
    let (_cloud, queue) = queue().await;
    queue.push(&[hint("1", 0), hint("1", 1)]).await.unwrap();
    queue.push(&[hint("1", 2)]).await.unwrap();
    let leases = take(&queue, 60, 9).await;
    queue.give_back(&leases[0]).await.unwrap();
    let again = take(&queue, 60, 9).await;
    assert_eq!((names(&again), &again[0].request, again[0].attempt), (vec!["1"], &hint("1", 2), 2));
}

#[tokio::test]
async fn what_lambda_took_is_deleted_by_lambda() {
    let (cloud, queue) = queue().await;
    let here = |count| Depth { in_flight: count, ..Depth::default() };
    queue.push(&[hint("1", 0), hint("2", 0), hint("3", 0), hint("4", 0)]).await.unwrap();
    let (taken, unreadable) = leases(delivered(&cloud).await, at(0));
    assert_eq!((names(&taken), unreadable), (vec!["1", "2", "3", "4"], vec![]));

    queue.finish(&taken[0]).await.unwrap();
    assert_eq!(depth(&queue).await, here(4), "finished, and in its hands");
    queue.bury(&taken[1], at(7), "no such group").await.unwrap();
    assert_eq!(depth(&queue).await, Depth { dead: 1, ..here(4) });
    queue.give_back(&taken[2]).await.unwrap();
    assert_eq!(depth(&queue).await, Depth { dead: 1, ..here(4) }, "it stays away for a while");
    retry_in(&queue, &taken[3], 0).await;
    let again = take(&queue, 60, 9).await;
    assert_eq!((names(&again), again[0].attempt), (vec!["4"], 2));
}

#[tokio::test]
async fn another_versions_message_is_a_hint_and_one_that_names_nobody_waits() {
    let (cloud, queue) = queue().await;
    send(&cloud, "hirewire.fifo", "acme:7", r#"{"who":"acme:7","why":"?"}"#).await;
    send(&cloud, "hirewire.fifo", "nobody we know", "hello").await;
    queue.push(&[hint("8", 0)]).await.unwrap();
    let now = Timestamp::now();
    let leases = queue.lease(now, now + SignedDuration::from_secs(60), 9).await.unwrap();
    assert_eq!(names(&leases), ["7", "8"]);
    assert_eq!(leases[0].request, SyncRequest::hint(who("7"), Trigger::Replay, now));
    assert_eq!(depth(&queue).await.in_flight, 3);

    send(&cloud, "hirewire-dead.fifo", "nobody we know", "hello").await;
    send(&cloud, "hirewire-dead.fifo", "acme:9", "hello").await;
    let dead = queue.dead(9).await.unwrap();
    assert_eq!(dead.iter().map(|letter| &letter.key).collect::<Vec<_>>(), [&who("9")]);
    assert_eq!(queue.replay(None, at(0)).await.unwrap(), 1);
    assert_eq!(depth(&queue).await.dead, 1, "what names nobody is left for a person to look at");
}

#[tokio::test]
async fn what_is_too_long_loses_what_it_has_seen() {
    let (_cloud, queue) = queue().await;
    let mut heavy = observed("1", 9, 5);
    let seen = |fields: usize| {
        let mut request = observed("1", 9, 5);
        let text = "x".repeat(1000);
        let fields = (0..fields).map(|n| (format!("field{n}"), Reading::Is(text.clone())));
        request.observation.as_mut().unwrap().employee.fields = fields.collect();
        request
    };
    heavy.survey = Some(Survey {
        observed_at: at(4),
        account: None,
        groups: (0..3000).map(|n| GroupName::parse(&format!("{n:0>100}")).unwrap()).collect(),
        username: None,
    });
    let light = Some(Survey { groups: vec![], ..heavy.survey.clone().unwrap() });
    let cases = [
        (SyncRequest { survey: light.clone(), ..observed("1", 9, 5) }, "whole"),
        (heavy.clone(), "without the survey"),
        (SyncRequest { survey: light.clone(), after: Some(who("2")), ..seen(300) }, "nothing seen"),
        (SyncRequest { survey: light, ..seen(100) }, "whole"),
    ];
    for (request, expected) in cases {
        queue.push(std::slice::from_ref(&request)).await.unwrap();
        let lease = take(&queue, 60, 1).await.remove(0);
        let what = match expected {
            "whole" => request,
            "without the survey" => SyncRequest { survey: None, ..request },
            _ => SyncRequest { survey: None, observation: None, ..request },
        };
        assert!(lease.request == what, "{expected}");
        queue.finish(&lease).await.unwrap();
    }
    // Together they are more than one call takes.
    let many: Vec<SyncRequest> = (0..12)
        .map(|n| {
            let mut request = seen(150);
            request.key = who(&n.to_string());
            request.observation.as_mut().unwrap().employee.key = request.key.clone();
            request
        })
        .collect();
    queue.push(&many).await.unwrap();
    let mut taken: Vec<SyncRequest> = take(&queue, 60, 99).await.into_iter().map(|lease| lease.request).collect();
    taken.sort_by_key(|request| many.iter().position(|m| m.key == request.key));
    assert!(taken == many, "all of them, and whole");
}

#[tokio::test]
async fn what_sqs_does_not_take_as_text_gets_there_all_the_same() {
    let (_cloud, queue) = queue().await;
    let mut odd = observed("1", 9, 5);
    let text = "\u{0}\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\u{ffff}\u{1f600}\\uffff\"";
    odd.observation.as_mut().unwrap().employee.fields =
        [("note".to_owned(), Reading::Is(text.to_owned()))].into_iter().collect();
    queue.push(std::slice::from_ref(&odd)).await.unwrap();
    let lease = take(&queue, 60, 1).await.remove(0);
    assert_eq!(lease.request, odd);
    queue.bury(&lease, at(1), &format!("said \u{1}\u{ffff}{}é", "e".repeat(1016))).await.unwrap();
    let dead = queue.dead(9).await.unwrap();
    assert_eq!(dead[0].error, format!("said   {}", "e".repeat(1016)), "cut before the letter that does not fit");
}

#[tokio::test]
async fn depth_counts_messages_of_both_queues() {
    let (_cloud, queue) = queue().await;
    assert_eq!(depth(&queue).await, Depth::default());
    queue.push(&[hint("dead", 0), hint("late", 0), hint("flying", 0)]).await.unwrap();
    let leases = take(&queue, 60, 9).await;
    queue.bury(&leases[0], at(0), "no").await.unwrap();
    retry_in(&queue, &leases[1], 600).await;
    queue.push(&[hint("waiting", 0), after("report", "flying")]).await.unwrap();
    assert_eq!(depth(&queue).await, Depth { waiting: 2, in_flight: 2, dead: 1, ..Depth::default() });
}

/// Who is in flight, and by number: what was last pushed for somebody, and last finished.
#[derive(Default)]
struct Watch {
    in_flight: HashSet<EmployeeKey>,
    pushed: HashMap<EmployeeKey, i64>,
    done: HashMap<EmployeeKey, i64>,
}

const PEOPLE: u64 = 16;
const WORKERS: u64 = 8;

async fn work(queue: Queue, watch: Arc<Mutex<Watch>>, worker: u64) {
    let mut chance = fastrand::Rng::with_seed(worker);
    let mut pushes = 0;
    let patience = Instant::now() + Duration::from_secs(100);
    loop {
        assert!(Instant::now() < patience, "never done");
        if pushes < 12 && chance.u8(..3) == 0 {
            pushes += 1;
            // Everybody is pushed by one worker only, so that there is an order to keep.
            let mine = |n: u64| (n * WORKERS + worker).to_string();
            let batch: Vec<SyncRequest> =
                (0..PEOPLE / WORKERS).filter(|_| chance.bool()).map(|n| hint(&mine(n), pushes)).collect();
            for request in &batch {
                watch.lock().unwrap().pushed.insert(request.key.clone(), pushes);
            }
            queue.push(&batch).await.unwrap();
        }
        let dies = chance.u8(..8) == 0;
        let leases = take(&queue, if dies { 2 } else { 60 }, 1 + chance.usize(..3)).await;
        if leases.is_empty() && pushes == 12 && depth(&queue).await == Depth::default() {
            return;
        }
        for lease in &leases {
            let (key, asked) = (&lease.request.key, lease.request.asked_at.duration_since(at(0)).as_secs());
            let mut watch = watch.lock().unwrap();
            assert!(watch.in_flight.insert(key.clone()), "two in flight for one person");
            // What was taken with others and failed may come back alone; what was done never does.
            let done = watch.done.get(key).copied().unwrap_or_default();
            assert!(asked > done, "{key}: {asked} after {done}");
        }
        for lease in leases {
            let (key, asked) = (lease.request.key.clone(), lease.request.asked_at.duration_since(at(0)).as_secs());
            if !dies {
                tokio::task::yield_now().await;
            }
            watch.lock().unwrap().in_flight.remove(&key);
            match chance.u8(..6) {
                _ if dies => {}
                0 => retry_in(&queue, &lease, 0).await,
                1 => queue.give_back(&lease).await.unwrap(),
                _ => {
                    queue.finish(&lease).await.unwrap();
                    watch.lock().unwrap().done.entry(key).and_modify(|d| *d = asked.max(*d)).or_insert(asked);
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(..20))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_workers_never_work_on_one_person_at_once_and_lose_nothing() {
    let (_cloud, queue) = queue().await;
    let watch = Arc::new(Mutex::new(Watch::default()));
    let tasks: Vec<_> = (0..WORKERS).map(|worker| tokio::spawn(work(queue.clone(), watch.clone(), worker))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let watch = watch.lock().unwrap();
    assert_eq!(watch.pushed.len() as u64, PEOPLE);
    assert_eq!(watch.done, watch.pushed, "the last that was asked for is the last that was done");
}
