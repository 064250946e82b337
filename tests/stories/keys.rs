//! A key that is refused stops all work at once: nobody is locked out by trying, and no request is lost.

use std::time::Duration;

use tests::server::{Fault, Trouble};

use crate::input::answer;
use crate::safety::{email, hired, quiet, staffed, tells_nothing};
use crate::world::only_one_machine;

fn unauthorised(after: usize) -> Fault {
    let trouble = answer(401, r#"{"error":"Unauthorized","message":"Unauthorized: api key user not found"}"#);
    Fault { method: None, path: "/api".to_owned(), after, times: 100_000, trouble }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_jumpcloud_key_stops_at_once_and_loses_nothing() {
    if only_one_machine("there, the provisioner stops and not the command; aws_faults.rs tells of it") {
        return;
    }
    let plain = hired(30).await;
    quiet(&plain, &["sync"]).await.expect(0);
    let wanted = plain.town.jumpcloud.snapshot();
    // At the start; in the middle of the reads; in the middle of the writes.
    for after in [0, 1, 2, 12, 25, 60] {
        let world = hired(30).await;
        world.town.jumpcloud.traffic().fail(unauthorised(after));
        let run = quiet(&world, &["sync"]).await.expect(3);
        assert!(run.err.contains("JumpCloud refuses the key"), "{}", run.err);
        let (_, calls) = world.calls();
        assert!(calls as usize <= after + 17, "{calls} calls, {after} of them good");
        world.town.jumpcloud.traffic().heal();
        world.town.clock.advance(1);
        quiet(&world, &["sync"]).await.expect(0);
        assert_eq!(world.town.jumpcloud.snapshot(), wanted, "after {after}");
        assert_eq!(world.town.jumpcloud.users().len(), 30);
    }
    // Without any key it shows the way to its log-in page.
    let world = hired(3).await;
    let login = Trouble::Answer { status: 302, headers: vec![("location", "/login".to_owned())], body: String::new() };
    world.town.jumpcloud.traffic().fail(Fault {
        method: None,
        path: "/api".to_owned(),
        after: 0,
        times: 100_000,
        trouble: login,
    });
    let run = quiet(&world, &["sync"]).await.expect(3);
    assert!(run.err.contains("JumpCloud refuses the key"), "{}", run.err);
    assert!(world.calls().1 <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_bamboohr_key_stops_at_once_and_locks_nobody_out() {
    if only_one_machine("there, the provisioner stops and not the command; aws_faults.rs tells of it") {
        return;
    }
    let world = staffed(30).await;
    let ids: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
    let mut words = vec!["sync"];
    words.extend(ids.iter().map(String::as_str));
    for n in 1..=30 {
        world.town.bamboohr.set(&n.to_string(), "jobTitle", "Weaver");
    }
    // Each of these would read one person's own record.
    let key = world.town.bamboohr.rotate_key();
    world.forget_calls();
    let run = quiet(&world, &words).await.expect(3);
    assert!(run.err.contains("BambooHR refuses the key"), "{}", run.err);
    assert!(world.calls().0 < 5, "{} calls: five would lock everybody out", world.calls().0);
    world.town.write_key("bamboohr.key", &key);
    quiet(&world, &["sync", "1"]).await.expect(0);
    for n in 1..=30 {
        assert_eq!(world.says(&email(n), "jobTitle"), "Weaver", "nobody's request was lost");
    }
    // In the middle.
    let key = world.town.bamboohr.rotate_key();
    world.town.write_key("bamboohr.key", &key);
    for n in 1..=30 {
        world.town.bamboohr.set(&n.to_string(), "jobTitle", "Smith");
    }
    let trouble = Trouble::Answer { status: 401, headers: Vec::new(), body: String::new() };
    world.town.bamboohr.traffic().fail(Fault {
        method: None,
        path: "/employees/".to_owned(),
        after: 9,
        times: 1000,
        trouble,
    });
    world.forget_calls();
    quiet(&world, &words).await.expect(3);
    // The locations, of which there are none, are asked for by two calls more, or by one where the refusal comes first.
    let calls = world.town.bamboohr.traffic().calls();
    assert!(calls["GET /api/v1/employees/{id}"] < 9 + 5, "{calls:?}, 9 of them good");
    assert!(world.calls().0 < 9 + 5 + 2, "{calls:?}");
    world.town.bamboohr.traffic().heal();
    quiet(&world, &["sync", "1"]).await.expect(0);
    for n in 1..=30 {
        assert_eq!(world.says(&email(n), "jobTitle"), "Smith");
    }
    // The roster.
    world.town.bamboohr.rotate_key();
    world.forget_calls();
    for _ in 0..2 {
        quiet(&world, &["sync"]).await.expect(3);
    }
    assert!(world.calls().0 <= 4, "{}", world.calls().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_ends_itself_when_a_key_is_refused() {
    if only_one_machine("functions do not end themselves") {
        return;
    }
    for hr in [false, true] {
        let world = staffed(12).await;
        let serving = world.serve().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        for n in 1..=12 {
            world.town.bamboohr.set(&n.to_string(), "jobTitle", "Weaver");
        }
        let key = if hr { Some(world.town.bamboohr.rotate_key()) } else { None };
        if !hr {
            world.town.jumpcloud.traffic().fail(unauthorised(0));
        }
        world.forget_calls();
        world.town.bamboohr.deliver_webhooks().await;
        let (code, log) = serving.ends().await;
        assert_eq!(code, 3, "{log}");
        assert!(log.contains("refuses the key"), "{log}");
        tells_nothing(&world, &log);
        let (to_hr, to_it) = world.calls();
        assert!(if hr { to_hr < 5 } else { to_it <= 16 }, "{to_hr} {to_it}");
        world.town.jumpcloud.traffic().heal();
        if let Some(key) = key {
            world.town.write_key("bamboohr.key", &key);
        }
        // Whoever was under way when it ended is let go of after a while.
        world.town.clock.advance(200);
        quiet(&world, &["sync"]).await.expect(0);
        for n in 1..=12 {
            assert_eq!(world.says(&email(n), "jobTitle"), "Weaver");
        }
    }
}
