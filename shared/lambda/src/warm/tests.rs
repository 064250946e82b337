use jiff::Timestamp;

use super::*;

const GOOD: &str = "store = \"dynamodb:x\"\nqueue = \"sqs:x\"\n[jumpcloud]\napi_key = \"env:K\"\n[[connection]]\nname = \
                    \"acme\"\nsource = \"bamboohr\"\ncompany = \"acme\"\napi_key = \"env:K\"\ntime_zone = \"UTC\"\n";

type Read = Result<Option<RulesText>, StateError>;

struct World {
    warm: Warm<String>,
    start: Instant,
}

impl World {
    fn new() -> World {
        // Nobody asks it for anything here.
        let (store, queue, secrets) = state::open_in_function("nowhere", "nowhere");
        World { warm: Warm::new(Home { store, queue, secrets }), start: Instant::now() }
    }

    /// What is there after so many seconds, if `read` is what the store says and keys can be had or not.
    async fn look(&self, seconds: u64, anew: bool, read: Read, keys: bool) -> Result<String, NotReady> {
        let make = |(_, version): (Arc<Configuration>, u64)| async move {
            if keys { Ok(format!("v{version} made at {seconds}")) } else { Err(NotReady::Make("no key".to_owned())) }
        };
        let now = self.start + Duration::from_secs(seconds);
        self.warm.look(now, anew, || async { read }, make).await.map(|made| (*made).clone())
    }
}

fn version(version: u64, text: &str) -> Read {
    let pushed_at = Timestamp::UNIX_EPOCH;
    Ok(Some(RulesText { version, text: text.to_owned(), pushed_at, pushed_by: "me".to_owned() }))
}

fn away() -> Read {
    Err(StateError::Unavailable("throttled".to_owned()))
}

#[tokio::test]
async fn pushed_rules_are_obeyed_half_a_minute_later() {
    let world = World::new();
    assert_eq!(world.look(0, false, version(1, GOOD), true).await.expect("work"), "v1 made at 0");
    assert_eq!(world.look(29, false, version(2, GOOD), true).await.expect("work"), "v1 made at 0");
    assert_eq!(world.look(30, false, version(2, GOOD), true).await.expect("work"), "v2 made at 30");
    // The same version is not made again, and not looked at before another half minute.
    assert_eq!(world.look(60, false, version(2, GOOD), true).await.expect("work"), "v2 made at 30");
    assert_eq!(world.look(89, false, version(3, GOOD), true).await.expect("work"), "v2 made at 30");
    assert_eq!(world.look(90, false, version(3, GOOD), true).await.expect("work"), "v3 made at 90");
}

#[tokio::test]
async fn without_rules_it_says_what_to_do() {
    let world = World::new();
    let none = world.look(0, false, Ok(None), true).await.expect_err("no rules");
    assert_eq!(none.to_string(), "no rules yet: run `hirewire rules push`");
    let unreadable = world.look(0, false, version(7, "what is this"), true).await.expect_err("no rules");
    assert!(matches!(unreadable, NotReady::Unreadable { version: 7, faults: 1 }), "{unreadable}");
    assert!(matches!(world.look(0, false, away(), true).await, Err(NotReady::State(_))));
    assert!(matches!(world.look(0, false, version(1, GOOD), false).await, Err(NotReady::Make(_))));
    // None of that is kept: the next invocation looks at once.
    assert_eq!(world.look(1, false, version(1, GOOD), true).await.expect("work"), "v1 made at 1");
}

#[tokio::test]
async fn what_cannot_be_used_leaves_what_was_there() {
    let world = World::new();
    world.look(0, false, version(1, GOOD), true).await.expect("work");
    for (at, read, keys) in [(30, away(), true), (60, version(2, "new = 1"), true), (90, version(2, GOOD), false)] {
        assert_eq!(world.look(at, false, read, keys).await.expect("the old work"), "v1 made at 0", "at {at}");
        let patience = world.look(at + 29, false, version(2, GOOD), true).await.expect("the old work");
        assert_eq!(patience, "v1 made at 0", "a failed look is not repeated at once");
    }
    assert_eq!(world.look(120, false, version(2, GOOD), true).await.expect("work"), "v2 made at 120");
}

#[tokio::test]
async fn a_refused_key_is_read_anew_at_once() {
    let world = World::new();
    world.look(0, false, version(1, GOOD), true).await.expect("work");
    assert_eq!(world.look(1, true, version(1, GOOD), true).await.expect("work"), "v1 made at 1");
    // Rules that cannot be had do not stand in the way of a changed key.
    assert_eq!(world.look(2, true, away(), true).await.expect("work"), "v1 made at 2");
    assert_eq!(world.look(3, true, version(2, "new = 1"), true).await.expect("work"), "v1 made at 3");
    // A key that cannot be read now: whoever asks must not take the old one for a fresh one; others go on with it.
    assert!(matches!(world.look(4, true, version(1, GOOD), false).await, Err(NotReady::Make(_))));
    assert_eq!(world.look(5, false, version(1, GOOD), true).await.expect("work"), "v1 made at 3");
}
