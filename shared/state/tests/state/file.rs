//! What the file on one machine does besides: it is private, survives crashes and serves several processes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mapping::configuration::HomeRef;
use state::StateError;

use crate::town::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_file_and_its_folder_are_made_for_their_owner_only() {
    let scratch = Scratch::new();
    let (store, _) = scratch.open().await;
    store.put(&record("1")).await.unwrap();
    let path = scratch.path();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_pushed() {
    let scratch = Scratch::new();
    {
        let (store, queue) = scratch.open().await;
        store.put(&record("1")).await.unwrap();
        queue.push(&[hint("1", 0), after("2", "1"), hint("3", 0)]).await.unwrap();
        assert_eq!(names(&lease(&queue, 0, 9).await), ["1", "3"]);
    }
    let (store, queue) = scratch.open().await;
    assert_eq!(store.record(&who("1")).await.unwrap().unwrap().version, 1);
    let again = lease(&queue, 60, 9).await;
    assert_eq!((names(&again), again[0].attempt), (vec!["1", "3"], 2));
    queue.finish(&again[0]).await.unwrap();
    assert_eq!(names(&lease(&queue, 60, 9).await), ["2"]);
}

#[tokio::test]
async fn two_processes_use_one_file() {
    let scratch = Scratch::new();
    let (store, queue) = scratch.open().await;
    let (other_store, other_queue) = scratch.open().await;
    queue.push(&[hint("1", 0), hint("2", 0)]).await.unwrap();
    let ours = lease(&queue, 0, 1).await;
    assert_eq!(names(&ours), ["1"]);
    assert_eq!(names(&lease(&other_queue, 0, 9).await), ["2"]);
    other_store.put(&record("1")).await.unwrap();
    is_conflict(store.settle(&queue, &ours[0], &record("1"), &[], &[]).await);
    let read = store.record(&who("1")).await.unwrap().unwrap();
    store.settle(&queue, &ours[0], &read, &[], &[]).await.unwrap();
    assert_eq!(other_store.record(&who("1")).await.unwrap().unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn eight_may_open_a_new_file_at_once_and_write() {
    for _ in 0..4 {
        let scratch = std::sync::Arc::new(Scratch::new());
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let scratch = scratch.clone();
                tokio::spawn(async move {
                    let (store, queue) = scratch.open().await;
                    for turn in 0..5 {
                        store.put(&record(&format!("{number}-{turn}"))).await.unwrap();
                        queue.push(&[hint(&format!("{number}-{turn}"), 0)]).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let (store, queue) = scratch.open().await;
        assert_eq!(store.records(None, None, 999).await.unwrap().len(), 40);
        assert_eq!(queue.depth(at(0)).await.unwrap().waiting, 40);
    }
}

async fn refusal(path: &Path) -> StateError {
    let before = std::fs::read(path).ok();
    let Err(error) = open(path).await else { panic!("{} was opened", path.display()) };
    assert_eq!(std::fs::read(path).ok(), before, "left as it was");
    error
}

#[tokio::test]
async fn a_newer_file_is_refused() {
    let scratch = Scratch::new();
    drop(scratch.open().await);
    let file = rusqlite::Connection::open(scratch.path()).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    let error = refusal(&scratch.path()).await;
    assert!(matches!(error, StateError::TooNew { found: 99, .. }), "{error:?}");
    assert!(error.to_string().ends_with("update hirewire"), "{error}");
}

#[tokio::test]
async fn a_strangers_file_is_refused() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path().parent().unwrap()).unwrap();
    std::fs::write(scratch.path(), "Dear diary, ".repeat(1000)).unwrap();
    let error = refusal(&scratch.path()).await;
    assert!(matches!(error, StateError::Corrupt(_)), "{error:?}");

    let theirs = scratch.path().with_file_name("theirs.db");
    let file = rusqlite::Connection::open(&theirs).unwrap();
    file.execute_batch("CREATE TABLE diary (entry TEXT)").unwrap();
    drop(file);
    let error = refusal(&theirs).await;
    assert!(matches!(error, StateError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let scratch = Scratch::new();
    drop(scratch.open().await);
    let below = scratch.path().join("file.db");
    let error = open(&below).await.err().unwrap();
    assert!(matches!(&error, StateError::Unavailable(why) if why.contains("hirewire.db/file.db")), "{error:?}");
    let folder = scratch.path().parent().unwrap().to_owned();
    assert!(matches!(open(&folder).await, Err(StateError::Unavailable(_))));
    // Not SQLite's own name for a store that is gone in the end.
    assert!(matches!(state::open(&HomeRef::Machine(String::new())).await, Err(StateError::Unavailable(_))));
}

#[tokio::test]
async fn a_request_in_unknown_words_is_a_hint() {
    let scratch = Scratch::new();
    let (_, queue) = scratch.open().await;
    queue.push(&[hint("1", 7), hint("2", 8)]).await.unwrap();
    let file = rusqlite::Connection::open(scratch.path()).unwrap();
    file.execute("UPDATE request SET body = '{\"words\":\"unknown\"}' WHERE person = 'acme:1'", []).unwrap();
    let leases = lease(&queue, 9, 9).await;
    assert_eq!(names(&leases), ["1", "2"]);
    assert_eq!(leases[0].request.asked_at, at(7));
}

#[tokio::test]
async fn an_unreadable_record_is_named_by_its_column_not_its_value() {
    let scratch = Scratch::new();
    let (store, _) = scratch.open().await;
    store.put(&record("1")).await.unwrap();
    let file = rusqlite::Connection::open(scratch.path()).unwrap();
    file.execute("UPDATE person SET status = '{\"status\":\"secret\"}'", []).unwrap();
    let error = store.record(&who("1")).await.unwrap_err();
    assert!(matches!(error, StateError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("status") && !error.to_string().contains("secret"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_get_no_names() {
    let text = format!("{:?} {:?}", record("1"), row("a", "1", 0, state::AuditKind::Intent, None));
    assert!(!text.contains("of Acme") && !text.contains("in words"), "{text}");
}
