//! What only the home on AWS has to show: several writers, pages, and what its errors say.

use mapping::employee::EmployeeKey;
use mapping::status::Note;
use serde_json::{Value, json};
use state::{AuditKind, RULES_LIMIT, Record, RulesText, StateError, Store};

use crate::door::{Door, Fate, refusal};
use crate::town::*;

/// A store whose calls go through a door.
pub async fn behind(decide: impl Fn(&str, &Value) -> Fate + Send + Sync + 'static) -> (Cloud, Store, Door) {
    let cloud = Cloud::new().await;
    let door = Door::open(&cloud.account.endpoint, decide);
    let (store, _) = state::open_aws(&config(&cloud.account.id, &door.endpoint), INSTALLATION, INSTALLATION);
    (cloud, store, door)
}

/// All at once, each from a task of its own; how many succeeded.
async fn race<F>(runners: impl IntoIterator<Item = F>) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let tasks: Vec<_> = runners.into_iter().map(tokio::spawn).collect();
    let mut winners = 0;
    for task in tasks {
        winners += usize::from(task.await.unwrap());
    }
    winners
}

/// What the store could not be used for, in its words.
#[track_caller]
pub fn unavailable<T: std::fmt::Debug>(answer: Result<T, StateError>) -> String {
    match answer {
        Err(StateError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn items(cloud: &Cloud, pk: &str) -> Vec<Value> {
    let table = if pk.contains(':') { "log" } else { "state" };
    let query = json!({
        "TableName": format!("{INSTALLATION}-{table}"),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": pk } },
    });
    let answer = cloud.account.call("dynamodb", "Query", query).await.unwrap();
    answer["Items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_put_one_version_one_wins() {
    let (store, _) = Cloud::new().await.open();
    for version in 0..3 {
        let puts = (0..8).map(|_| {
            let store = store.clone();
            async move {
                match store.put(&Record { version, ..record("1") }).await {
                    Ok(()) => true,
                    Err(StateError::Conflict) => false,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        assert_eq!(race(puts).await, 1);
        assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, version + 1);
    }
    // The same where the record waits for somebody, and is written with what says so.
    let puts = (0..8).map(|_| {
        let store = store.clone();
        async move { store.put(&Record { version: 3, waits_for: Some(employee("9")), ..record("1") }).await.is_ok() }
    });
    assert_eq!(race(puts).await, 1);
    assert_eq!(store.waiting_for(&who("9")).await.unwrap(), [who("1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_claim_one_thing_one_wins() {
    let (store, _) = Cloud::new().await.open();
    for now in [0, 300] {
        let claims = (0..8).map(|_| {
            let store = store.clone();
            async move { store.claim("group All staff", at(now + 300), at(now)).await.unwrap() }
        });
        assert_eq!(race(claims).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_push_rules_over_one_version_one_wins() {
    let (store, _) = Cloud::new().await.open();
    for over in 0..3 {
        let pushes = (0..8).map(|who| {
            let store = store.clone();
            async move {
                match store.push_rules(&format!("# {who}"), "somebody", over, at(0)).await {
                    Ok(version) => version == over + 1,
                    Err(StateError::Conflict) => false,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        assert_eq!(race(pushes).await, 1);
        assert_eq!(store.rules().await.unwrap().unwrap().version, over + 1);
    }
}

#[tokio::test]
async fn rules_are_kept_in_every_version() {
    let (store, _) = Cloud::new().await.open();
    assert_eq!(store.rules().await.unwrap(), None);
    assert_eq!(store.rules_history(9).await.unwrap(), []);
    is_conflict(store.push_rules("a", "anna", 1, at(0)).await);
    let mut pushed = Vec::new();
    // More than nine: the tenth is newer than the ninth.
    for version in 1..=11 {
        let text = format!("# the {version}.\n");
        let rules = RulesText { version, text, pushed_at: at(9), pushed_by: "anna".to_owned() };
        assert_eq!(store.push_rules(&rules.text, &rules.pushed_by, version - 1, at(9)).await.unwrap(), version);
        pushed.insert(0, rules);
        assert_eq!(store.rules().await.unwrap().as_ref(), pushed.first());
    }
    is_conflict(store.push_rules("late", "bert", 10, at(0)).await);
    is_conflict(store.push_rules("early", "bert", 12, at(0)).await);
    is_conflict(store.push_rules("first", "bert", 0, at(0)).await);
    assert_eq!(store.rules_history(2).await.unwrap(), pushed[..2]);
    assert_eq!(store.rules_history(99).await.unwrap(), pushed);
}

#[tokio::test]
async fn rules_are_as_long_as_an_item_allows() {
    let (store, _) = Cloud::new().await.open();
    let longest = "é".repeat(RULES_LIMIT / 2);
    assert_eq!(store.push_rules(&longest, "anna", 0, at(0)).await.unwrap(), 1);
    assert_eq!(store.rules().await.unwrap().unwrap().text, longest);
    let why = unavailable(store.push_rules(&format!("{longest}x"), "anna", 1, at(0)).await);
    assert!(why.contains("351 KB") && why.contains("350 KB"), "{why}");
    assert_eq!(store.rules().await.unwrap().unwrap().version, 1);
}

/// Two hundred and fifty people, two of three waiting for the third's manager, each with a kilobyte to say.
fn crowd() -> Vec<Record> {
    let person = |number: usize| Record {
        account: number.is_multiple_of(2).then(|| account(number)),
        notes: vec![Note::Failed { what: "title".to_owned(), message: "long ".repeat(200) }],
        waits_for: (!number.is_multiple_of(3)).then(|| employee("boss")),
        next_change: number.is_multiple_of(5).then(|| at(i64::try_from(number).unwrap())),
        ..record(&number.to_string())
    };
    (1..=250).map(person).collect()
}

async fn all_of(store: &Store, page: usize) -> Vec<EmployeeKey> {
    let mut listed: Vec<EmployeeKey> = Vec::new();
    loop {
        let records = store.records(None, listed.last(), page).await.unwrap();
        if records.is_empty() {
            return listed;
        }
        assert!(records.len() <= page);
        listed.extend(records.into_iter().map(|record| record.key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_written_and_read_in_as_many_calls_as_it_takes() {
    // Pages as short as DynamoDB may make them.
    let short = |action: &str, body: &Value| match (action, body["Limit"].as_u64()) {
        ("Query", limit) => {
            let mut body = body.clone();
            body["Limit"] = limit.unwrap_or(23).min(23).into();
            Fate::As(body)
        }
        _ => Fate::Through,
    };
    let (_cloud, store, door) = behind(short).await;
    let crowd = crowd();
    let keys: Vec<EmployeeKey> = crowd.iter().map(|record| record.key.clone()).collect();

    // From a task of its own: whoever asks may.
    let (task, everybody) = (store.clone(), crowd.clone());
    tokio::spawn(async move {
        task.put_all(&everybody).await.unwrap();
    })
    .await
    .unwrap();
    assert_eq!(door.count("TransactWriteItems"), 5, "417 items in hundreds, none of them torn");

    let mut asked = keys.clone();
    asked.push(who("nobody"));
    asked.extend_from_slice(&keys[..9]);
    let found = store.records_of(&asked).await.unwrap();
    assert_eq!(found.len(), 250);
    assert!(crowd.iter().all(|record| found[&record.key] == Record { version: 1, ..record.clone() }));
    assert_eq!(door.count("BatchGetItem"), 3);

    for page in [1000, 250, 40] {
        assert_eq!(all_of(&store, page).await, keys, "in pages of {page}");
    }
    let task = store.clone();
    let owners = tokio::spawn(async move { task.owners().await.unwrap() }).await.unwrap();
    assert_eq!(owners.len(), 125);
    assert_eq!(owners[&account(44)], who("44"));
    let task = store.clone();
    let waiting = tokio::spawn(async move { task.waiting_for(&who("boss")).await.unwrap() }).await.unwrap();
    assert_eq!(waiting.len(), 167);
    let due = store.due(at(200), 30).await.unwrap();
    assert_eq!(due.iter().map(|key| key.id.as_str()).take(3).collect::<Vec<_>>(), ["5", "10", "15"]);
    assert_eq!((due.len(), store.due(at(200), 99).await.unwrap().len()), (30, 40));

    is_conflict(store.put_all(&crowd).await);
    let twice = [record("new"), record("new")];
    is_conflict(store.put_all(&twice).await);
    assert_eq!(store.record(&who("new")).await.unwrap(), None);
}

#[tokio::test]
async fn a_conflict_leaves_nothing_of_a_run() {
    let cloud = Cloud::new().await;
    let (store, _) = cloud.open();
    // Its queue plays no part here.
    let scratch = Scratch::new();
    let (_, queue) = scratch.open().await;
    queue.push(&[hint("1", 0)]).await.unwrap();
    let lease = lease(&queue, 0, 1).await.remove(0);
    let rows = [row("a", "1", 1, AuditKind::Intent, None), row("b", "1", 2, AuditKind::Done, Some("a"))];
    let waits = Record { waits_for: Some(employee("9")), ..record("1") };

    is_conflict(store.settle(&queue, &lease, &Record { version: 1, ..waits.clone() }, &rows, &[]).await);
    assert_eq!(store.audit_of(&who("1"), 9).await.unwrap(), []);
    assert_eq!(items(&cloud, "waits#acme#9").await.len(), 0);

    // The intent is there since before the run, and stays as it was then.
    let as_it_was = state::AuditRow { text: "as it was".to_owned(), ..rows[0].clone() };
    store.audit(std::slice::from_ref(&as_it_was)).await.unwrap();
    let twice = [rows[0].clone(), rows[1].clone(), rows[1].clone()];
    store.settle(&queue, &lease, &waits, &twice, &[]).await.unwrap();
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);
    assert_eq!(store.audit_of(&who("1"), 9).await.unwrap(), [rows[1].clone(), as_it_was]);
    assert_eq!(store.waiting_for(&who("9")).await.unwrap(), [who("1")]);

    is_conflict(store.put_all(&[Record { waits_for: Some(employee("9")), ..record("2") }, record("1")]).await);
    assert_eq!(items(&cloud, "waits#acme#9").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_no_more_is_forgotten_and_who_waits_again_is_not() {
    let waiting = || Record { waits_for: Some(employee("9")), ..record("1") };
    let cloud = Cloud::new().await;
    let (direct, _) = cloud.open();
    direct.put_all(&[waiting(), Record { waits_for: Some(employee("9")), ..record("2") }]).await.unwrap();
    for name in ["1", "2"] {
        direct.put(&Record { version: 1, ..record(name) }).await.unwrap();
    }
    // Just as what the first one waited by is removed, this person waits again.
    let again = direct.clone();
    let door = Door::open(&cloud.account.endpoint, move |action, body| {
        if action == "DeleteItem" && body["Key"]["sk"]["S"] == "1" {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(again.put(&Record { version: 2, ..waiting() })).unwrap();
        }
        Fate::Through
    });
    let (store, _) = state::open_aws(&config(&cloud.account.id, &door.endpoint), INSTALLATION, INSTALLATION);
    assert_eq!(items(&cloud, "waits#acme#9").await.len(), 2);
    assert_eq!(store.waiting_for(&who("9")).await.unwrap(), []);
    assert_eq!(door.count("DeleteItem"), 2);
    let left = items(&cloud, "waits#acme#9").await;
    assert_eq!(left.iter().map(|item| item["sk"]["S"].as_str().unwrap()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(direct.waiting_for(&who("9")).await.unwrap(), [who("1")]);
}

/// An index tells what was so a moment ago; the record counts.
#[tokio::test]
async fn what_an_index_says_is_looked_up() {
    let decide = |action: &str, body: &Value| {
        let person = |id: &str| json!({ "pk": { "S": "person#acme" }, "sk": { "S": format!("{:02}#{id}", id.len()) } });
        match (action, body["IndexName"].is_string()) {
            ("Query", true) => Fate::Answered(200, json!({ "Items": [person("1"), person("gone"), person("2")] })),
            _ => Fate::Through,
        }
    };
    let (_cloud, store, _door) = behind(decide).await;
    store.put(&Record { account: Some(account(3)), last_sync: at(9), ..record("1") }).await.unwrap();
    let due = Record { account: Some(account(2)), next_change: Some(at(5)), ..record("2") };
    store.put(&due).await.unwrap();
    assert_eq!(store.owner_of(&account(2)).await.unwrap(), Some(who("2")));
    assert_eq!(store.owner_of(&account(4)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_and_a_report_who_are_written_at_once_find_each_other() {
    let (store, _) = Cloud::new().await.open();
    for round in 0..10 {
        let (boss, report) = (format!("boss-{round}"), format!("report-{round}"));
        let (store_of_boss, store_of_report) = (store.clone(), store.clone());
        let (boss_of_report, boss_of_boss) = (boss.clone(), boss);
        let manager = tokio::spawn(async move {
            let with_account = Record { account: Some(account(round)), ..record(&boss_of_boss) };
            store_of_boss.put(&with_account).await.unwrap();
            !store_of_boss.waiting_for(&who(&boss_of_boss)).await.unwrap().is_empty()
        });
        let person = tokio::spawn(async move {
            let waits = Record { waits_for: Some(employee(&boss_of_report)), ..record(&report) };
            store_of_report.put(&waits).await.unwrap();
            store_of_report.record(&who(&boss_of_report)).await.unwrap().is_some()
        });
        assert!(manager.await.unwrap() | person.await.unwrap(), "neither saw the other");
    }
}

#[tokio::test]
async fn errors_say_what_to_do_and_nothing_of_people() {
    let cloud = Cloud::new().await;
    let (elsewhere, _) = state::open_aws(&config(&cloud.account.id, &cloud.account.endpoint), "other", "other");
    let missing = unavailable(elsewhere.put(&record("secret-7")).await);
    assert!(missing.contains("other-state") && missing.contains("infra/template.yaml"), "{missing}");
    let missing = unavailable(elsewhere.audit_of(&who("secret-7"), 1).await);
    assert!(missing.contains("other-log"), "{missing}");

    for (code, says) in [
        ("AccessDeniedException", "policy"),
        ("ExpiredTokenException", "log in"),
        ("ValidationException", "too large"),
        ("SomethingNewException", "SomethingNewException"),
    ] {
        let (_cloud, store, _) = behind(move |_, _| refusal(code)).await;
        let why = unavailable(store.waiting_for(&who("boss-7")).await);
        assert!(why.contains(code) && why.contains(says) && !why.contains("boss"), "{why}");
    }

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (unreached, _) = state::open_aws(&config("111111111111", &format!("http://{nobody}")), "a", "a");
    let why = unavailable(unreached.record(&who("secret-7")).await);
    assert!(why.contains("network") && !why.contains("secret"), "{why}");
}

#[tokio::test]
async fn nonsense_is_named_by_its_attribute_and_not_shown() {
    let cloud = Cloud::new().await;
    let (store, _) = cloud.open();
    store.put(&record("1")).await.unwrap();
    let good = items(&cloud, "person#acme").await.remove(0);
    for (attribute, nonsense) in [
        ("status", json!({ "S": "{\"secret\":1}" })),
        ("version", json!({ "S": "secret" })),
        ("last_sync", json!({ "N": "99999999999999999999999" })),
        ("groups", json!({ "L": [] })),
        ("account", json!({ "S": "secret" })),
        ("trigger", json!({ "S": "secret" })),
        ("suspended_by_us", json!({ "S": "secret" })),
        ("label", Value::Null),
    ] {
        let mut bad = good.clone();
        match nonsense {
            Value::Null => drop(bad.as_object_mut().unwrap().remove(attribute)),
            nonsense => bad[attribute] = nonsense,
        }
        let put = json!({ "TableName": format!("{INSTALLATION}-state"), "Item": bad });
        cloud.account.call("dynamodb", "PutItem", put).await.unwrap();
        let Err(StateError::Corrupt(why)) = store.record(&who("1")).await else { panic!("{attribute}") };
        assert!(why.contains(attribute) && !why.contains("secret"), "{why}");
    }
}

#[tokio::test]
async fn old_things_have_an_end() {
    let cloud = Cloud::new().await;
    let (store, _) = cloud.open();
    store.audit(&[row("a", "1", 0, AuditKind::Intent, None)]).await.unwrap();
    store.claim("b", at(60), at(0)).await.unwrap();
    let expires = |items: Vec<Value>| items[0]["expires"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let days = (expires(items(&cloud, "acme:1").await) - at(0).as_second()) / (24 * 60 * 60);
    assert_eq!(days, 400);
    assert!((60..70).contains(&(expires(items(&cloud, "claim#b").await) - at(0).as_second())));
    // A record has none.
    store.put(&record("1")).await.unwrap();
    assert!(items(&cloud, "person#acme").await[0].get("expires").is_none());
}

/// Every run closes what was open, so what was not closed by sixty rows never will be.
#[tokio::test]
async fn an_open_intent_is_looked_for_among_the_newest_rows() {
    let (store, _) = Cloud::new().await.open();
    let open = row("open", "1", 0, AuditKind::Intent, None);
    let later = |number: i64| row(&format!("r{number}"), "1", number, AuditKind::Done, Some("other"));
    let rows: Vec<_> = std::iter::once(open.clone()).chain((1..60).map(later)).collect();
    store.audit(&rows).await.unwrap();
    assert_eq!(store.unfinished(&who("1")).await.unwrap(), [open]);
    // A hundred and more are more than one transaction.
    store.audit(&(60..200).map(later).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.unfinished(&who("1")).await.unwrap(), []);
    assert_eq!(store.audit_of(&who("1"), 999).await.unwrap().len(), 200);
    store.audit(&[]).await.unwrap();
}
