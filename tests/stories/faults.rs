//! Vendors that refuse, stall, break and lose answers.

use std::time::Duration;

use axum::http::Method;
use futures::stream::{StreamExt, iter};
use jiff::Timestamp;
use serde_json::json;
use tests::bamboohr::RetryAfter;
use tests::jumpcloud::Drift;
use tests::server::{Fault, Trouble};

use crate::safety::{MORNING, email, hired, person, quiet, staffed, tells_nothing};
use crate::wire::{Cut, Wire};
use crate::world::{World, fewer, only_one_machine};

/// How many worlds live at once in one test.
const AT_ONCE: usize = 4;

/// Runs `sync` until nothing is left to do; whatever waits for its time is given it.
pub async fn settle(world: &World, case: &str) {
    let mut last = None;
    for _ in 0..5 {
        world.town.clock.advance(400);
        let run = quiet(world, &["--format", "json", "sync"]).await;
        if run.code == 0 && run.json()["waiting"] == 0 {
            return;
        }
        last = Some(run);
    }
    panic!("{case}: it does not come to an end: {last:?}\n{}", world.hirewire(&["records"]).await.out);
}

/// A joiner into a new group under a manager, a mover, a rename, and a leaver.
pub fn batch(world: &World) {
    let hr = &world.town.bamboohr;
    hr.hire(person(9).with("department", "Anvil").reports_to("4"));
    hr.set_all("4", &[("department", Some("Loom")), ("jobTitle", Some("Weaver"))]);
    hr.set_all("6", &[("lastName", Some("Zyxel-Vorn")), ("workEmail", Some("vorn06.new@acme.example"))]);
    hr.terminate("5", "2026-03-01");
}

/// How it all is in the end, without faults.
async fn wanted() -> (String, usize) {
    let world = staffed(8).await;
    batch(&world);
    quiet(&world, &["sync"]).await.expect(0);
    (world.town.jumpcloud.snapshot(), world.town.jumpcloud.groups().len())
}

#[track_caller]
fn ends_as(world: &World, wanted: &(String, usize), case: &str) {
    assert_eq!(world.town.jumpcloud.snapshot(), wanted.0, "{case}");
    assert_eq!(world.town.jumpcloud.groups().len(), wanted.1, "{case}");
}

fn answer(status: u16, headers: Vec<(&'static str, String)>) -> Trouble {
    Trouble::Answer { status, headers, body: String::new() }
}

fn in_a_second() -> String {
    let at = Timestamp::now() + jiff::SignedDuration::from_secs(2);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_pass_are_survived() {
    let wanted = wanted().await;
    let troubles = || {
        [
            answer(429, vec![("retry-after", "1".to_owned())]),
            answer(429, vec![("retry-after", in_a_second())]),
            answer(429, vec![]),
            answer(503, vec![("retry-after", "1".to_owned())]),
            answer(503, vec![]),
            answer(500, vec![]),
            answer(502, vec![]),
            answer(504, vec![]),
            answer(403, vec![("content-type", "text/html".to_owned())]),
            Trouble::Slow(Duration::from_millis(800)),
        ]
    };
    let places = [("GET", "/api/"), ("POST", "/api/systemusers"), ("PUT", "/api/"), ("POST", "/api/v2/")];
    let cases = places.into_iter().flat_map(|place| troubles().into_iter().map(move |trouble| (place, trouble)));
    let run = fewer(cases, 7).into_iter().map(|((method, path), trouble)| {
        let wanted = &wanted;
        async move {
            let case = format!("{method} {path} {trouble:?}");
            let world = staffed(8).await;
            batch(&world);
            let method = Some(method.parse().expect("a method"));
            world.town.jumpcloud.traffic().fail(Fault { method, path: path.to_owned(), after: 0, times: 2, trouble });
            let run = quiet(&world, &["sync"]).await;
            assert!([0, 1, 3].contains(&run.code), "{case}: {run:?}");
            settle(&world, &case).await;
            ends_as(&world, wanted, &case);
        }
    });
    iter(run).buffer_unordered(AT_ONCE * 2).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_hr_that_pass_are_survived() {
    let wanted = wanted().await;
    let limits = [429, 503].into_iter().flat_map(|status| {
        [RetryAfter::Seconds(1), RetryAfter::Date(1), RetryAfter::Missing].map(|after| (status, after))
    });
    let run = limits.map(|(status, after)| {
        let wanted = &wanted;
        async move {
            let world = staffed(8).await;
            batch(&world);
            world.town.bamboohr.limit_rate(status, after, 2);
            let run = quiet(&world, &["sync"]).await;
            assert!([0, 3].contains(&run.code), "{status} {after:?}: {run:?}");
            settle(&world, &format!("{status} {after:?}")).await;
            ends_as(&world, wanted, &format!("{status} {after:?}"));
        }
    });
    iter(run).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_make_nothing_twice() {
    let wanted = wanted().await;
    let places = [
        ("POST", "/api/systemusers"),
        ("PUT", "/api/systemusers/"),
        ("POST", "/members"),
        ("POST", "/api/v2/usergroups"),
    ];
    let cases = places.into_iter().flat_map(|place| (0..3).map(move |after| (place, after)));
    let run = fewer(cases, 4).into_iter().map(|((method, path), after)| {
        let wanted = &wanted;
        async move {
            let case = format!("{method} {path} after {after}");
            let world = hired(8).await;
            let fault = |times| Fault {
                method: Some(method.parse().expect("a method")),
                path: path.to_owned(),
                after,
                times,
                trouble: Trouble::LostAnswer,
            };
            world.town.jumpcloud.traffic().fail(fault(2));
            let run = quiet(&world, &["sync"]).await;
            assert!([0, 1].contains(&run.code), "{case}: {run:?}");
            world.town.jumpcloud.traffic().heal();
            settle(&world, &case).await;
            batch(&world);
            world.town.jumpcloud.traffic().fail(fault(2));
            let run = quiet(&world, &["sync"]).await;
            assert!([0, 1].contains(&run.code), "{case}: {run:?}");
            world.town.jumpcloud.traffic().heal();
            settle(&world, &case).await;
            ends_as(&world, wanted, &case);
        }
    });
    iter(run).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_break_anywhere() {
    let wanted = wanted().await;
    let cases = [Cut::BrokenBefore, Cut::BrokenAfter].into_iter().flat_map(|cut| (1..=24).map(move |at| (cut, at)));
    let run = fewer(cases, 7).into_iter().map(|(cut, at)| {
        let wanted = &wanted;
        async move {
            let case = format!("{cut:?} {at}");
            let world = staffed(8).await;
            batch(&world);
            let wire = Wire::lay(&world, cut, at, false).await;
            let run = quiet(&world, &["sync"]).await;
            assert!([0, 1, 3].contains(&run.code), "{case}: {run:?}");
            settle(&world, &case).await;
            ends_as(&world, wanted, &case);
            drop(wire);
        }
    });
    iter(run).buffer_unordered(AT_ONCE * 2).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_person_blocks_nobody_and_is_shown() {
    if only_one_machine("there, whoever is refused once is tried again when their manager comes, and it works") {
        return;
    }
    let world = hired(12).await;
    let body = json!({ "message": "\"department\" must be a known department" }).to_string();
    let trouble = Trouble::Answer { status: 400, headers: vec![], body };
    let fault = |times| Fault {
        method: Some(Method::POST),
        path: "/api/systemusers".to_owned(),
        // Everybody else is below them.
        after: 0,
        times,
        trouble: trouble.clone(),
    };
    world.town.jumpcloud.traffic().fail(fault(1));
    let run = quiet(&world, &["sync"]).await.expect(1);
    assert!(run.out.contains("must be a known department (HTTP 400)"), "{}", run.out);
    assert_eq!(world.town.jumpcloud.users().len(), 11);
    let failed = world.hirewire(&["--format", "json", "records", "--status", "failed"]).await.expect(0).json();
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
    // Refused for good: tried once by each sync, not again by the queue.
    world.town.clock.advance(400);
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.users().len(), 12);
    assert!(world.hirewire(&["--format", "json", "records", "--status", "failed"]).await.json() == json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_on_is_kept_and_can_be_replayed() {
    // Few enough for each to be read alone.
    let world = staffed(3).await;
    let serving = world.serve().await;
    let trouble = Trouble::Answer { status: 200, headers: vec![], body: "<html>".to_owned() };
    let path = "/employees/3?".to_owned();
    world.town.bamboohr.traffic().fail(Fault { method: None, path, after: 0, times: 1000, trouble });
    world.town.bamboohr.set("3", "jobTitle", "Weaver");
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    world
        .eventually("2 is done", |town| town.jumpcloud.user(&email(2)).is_some_and(|u| u["jobTitle"] == "Weaver"))
        .await;
    let dead = || {
        let out = world.command(&["dead"]).output().expect("hirewire runs");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    assert_eq!(dead().0, Some(0));
    let mut tries = 0;
    while dead().0 == Some(0) {
        tries += 1;
        if tries == 30 {
            panic!("it is never given up on:\n{}", serving.stop().await.1);
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        // The longest wait between two tries; polls bring the same person again, which is no new reason.
        world.town.clock.advance(301);
    }
    let (_, text) = dead();
    assert!(text.contains("acme:3") && text.contains("cannot be read"), "{text}");
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    tells_nothing(&world, &log);
    let shown = world.hirewire(&["records", "--status", "failed"]).await.out;
    assert!(shown.contains("cannot be read"), "{shown}");
    world.town.bamboohr.traffic().heal();
    let run = world.hirewire(&["replay"]).await.expect(0);
    assert!(run.out.contains("1 put back"), "{}", run.out);
    assert_eq!(dead().0, Some(0));
    quiet(&world, &["sync", "1"]).await.expect(0);
    assert_eq!(world.says(&email(3), "jobTitle"), "Weaver");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_down_costs_nobody_anything() {
    if only_one_machine("there, everybody is tried again by themselves, which takes minutes of real time") {
        return;
    }
    let wanted = wanted().await;
    let down = || answer(503, vec![]);
    let jumpcloud = async {
        // It goes down after the lists were read.
        let world = hired(8).await;
        quiet(&world, &["sync"]).await.expect(0);
        batch(&world);
        let path = "/api".to_owned();
        let reads = 8;
        world.town.jumpcloud.traffic().fail(Fault {
            method: None,
            path,
            after: reads,
            times: 100_000,
            trouble: down(),
        });
        let run = quiet(&world, &["sync"]).await;
        assert!([1, 3].contains(&run.code), "{run:?}");
        world.town.jumpcloud.traffic().heal();
        settle(&world, "JumpCloud was down").await;
        ends_as(&world, &wanted, "JumpCloud was down");
    };
    let whole = async {
        let world = hired(40).await;
        // Everybody's account at once: it gives up on the vendor, not on each of them.
        let path = "/api".to_owned();
        world.town.jumpcloud.traffic().fail(Fault { method: None, path, after: 2, times: 100_000, trouble: down() });
        let run = quiet(&world, &["sync"]).await.expect(3);
        assert!(run.err.contains("cannot be reached"), "{}", run.err);
        world.town.jumpcloud.traffic().heal();
        settle(&world, "JumpCloud was down at first").await;
        assert_eq!(world.town.jumpcloud.users().len(), 40);
    };
    let bamboohr = async {
        let world = staffed(8).await;
        batch(&world);
        let path = String::new();
        world.town.bamboohr.traffic().fail(Fault { method: None, path, after: 0, times: 100_000, trouble: down() });
        quiet(&world, &["sync"]).await.expect(3);
        world.town.bamboohr.traffic().heal();
        settle(&world, "BambooHR was down").await;
        ends_as(&world, &wanted, "BambooHR was down");
    };
    futures::join!(jumpcloud, whole, bamboohr);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_tries_again_by_the_clock() {
    let world = staffed(6).await;
    let serving = world.serve().await;
    let rubbish = || Trouble::Answer { status: 200, headers: vec![], body: "<html>".to_owned() };
    let path = "/api/systemusers/".to_owned();
    let fault = Fault { method: Some(Method::PUT), path, after: 0, times: 3, trouble: rubbish() };
    world.town.jumpcloud.traffic().fail(fault);
    world.town.bamboohr.set("3", "jobTitle", "Weaver");
    world.town.bamboohr.deliver_webhooks().await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_ne!(world.says(&email(3), "jobTitle"), "Weaver", "the clock stands still, so nothing is tried again");
    for _ in 0..4 {
        world.town.clock.advance(20);
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    world
        .eventually("3 is done", |town| town.jumpcloud.user(&email(3)).is_some_and(|u| u["jobTitle"] == "Weaver"))
        .await;
    // HR's own list of changes broken for a while: the cursor stays.
    let path = "/employees/changed".to_owned();
    world.town.bamboohr.traffic().fail(Fault { method: None, path, after: 0, times: 2, trouble: rubbish() });
    world.town.bamboohr.set("4", "jobTitle", "Weaver");
    world.town.bamboohr.edit_pending(Vec::clear);
    for _ in 0..4 {
        world.town.clock.advance(61);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    world
        .eventually("4 is done", |town| town.jumpcloud.user(&email(4)).is_some_and(|u| u["jobTitle"] == "Weaver"))
        .await;
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_moves_while_it_is_read_makes_nobody_twice() {
    let people = 230;
    let cases = [
        ("one goes from the front", 1, vec![Drift::Delete("robot0".to_owned())]),
        ("one comes at the front", 1, vec![Drift::Prepend(json!({ "email": "late@acme.example" }))]),
        ("one comes at the end", 2, vec![Drift::Append(json!({ "email": "late@acme.example" }))]),
        (
            "one goes and one comes",
            1,
            vec![Drift::Delete("robot1".to_owned()), Drift::Append(json!({ "email": "late@acme.example" }))],
        ),
        ("two go", 2, vec![Drift::Delete("robot0".to_owned()), Drift::Delete("robot2".to_owned())]),
    ];
    for (name, pages, drifts) in fewer(cases, 4) {
        let world = World::at(MORNING).await;
        for n in 0..4 {
            world.town.jumpcloud.add_user(json!({ "email": format!("robot{n}@acme.example") }));
        }
        for n in 1..=people {
            world.town.bamboohr.hire(person(n));
            world.town.jumpcloud.add_user(json!({ "email": email(n), "employeeIdentifier": (7000 + n).to_string() }));
        }
        let ids: Vec<String> = (1..=people).map(|n| world.says(&email(n), "_id")).collect();
        for drift in drifts {
            world.town.jumpcloud.drift_after(pages, drift);
        }
        let run = quiet(&world, &["sync"]).await;
        assert!([0, 1].contains(&run.code), "{name}: {run:?}");
        settle(&world, name).await;
        for n in 1..=people {
            assert_eq!(world.says(&email(n), "_id"), ids[n - 1], "{name}");
            assert_eq!(world.town.jumpcloud.groups_of(&email(n)).len(), 2, "{name}");
        }
        let others = world.town.jumpcloud.users().len() - people;
        assert!((2..=5).contains(&others), "{name}: {others} others");
    }
}
