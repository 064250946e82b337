//! Nobody loses access because HR's answers are wrong, short, hidden or early.

use axum::http::Method;
use serde_json::{Value, json};
use tests::bamboohr::Person;
use tests::server::{Fault, Trouble};

use crate::world::{Run, World};

/// When these stories begin.
pub const MORNING: &str = "2026-03-02T09:00[America/Denver]";

/// Somebody whose names are in no other word, so that they are found wherever they leak: 1 leads, 2 and 3 report to
/// them, everybody else to 2 or 3.
pub fn person(n: usize) -> Person {
    let department = ["Forge", "Kiln", "Loom"][n % 3];
    let person = Person::new(&format!("Vorn{n:02}"), &format!("Zyxel{n:02}"))
        .id(&n.to_string())
        .email(&email(n))
        .with("employeeNumber", &format!("{}", 7000 + n))
        .with("jobTitle", "Smith")
        .with("department", department)
        .hired("2020-01-06");
    match n {
        1 => person,
        2 | 3 => person.reports_to("1"),
        _ => person.reports_to(&(2 + n % 2).to_string()),
    }
}

/// Their work e-mail.
pub fn email(n: usize) -> String {
    format!("vorn{n:02}.zyxel{n:02}@acme.example")
}

/// So many of them in HR; nothing is synced yet.
pub async fn hired(people: usize) -> World {
    let world = World::at(MORNING).await;
    for n in 1..=people {
        world.town.bamboohr.hire(person(n));
    }
    world
}

/// So many of them, synced.
pub async fn staffed(people: usize) -> World {
    let world = hired(people).await;
    quiet(&world, &["sync"]).await.expect(0);
    world
}

/// Runs `hirewire` with every log there is, and sees to it that none of it says who people are, or shows a key.
pub async fn quiet(world: &World, words: &[&str]) -> Run {
    let run = world.run(words, &[("HIREWIRE_LOG", "debug"), ("RUST_BACKTRACE", "0")]).await;
    tells_nothing(world, &world.functions_log());
    tells_nothing(world, &run.err);
    run
}

/// Logs and errors tell employees' ids, never names, e-mail addresses or keys.
#[track_caller]
pub fn tells_nothing(world: &World, log: &str) {
    let low = log.to_lowercase();
    let town = &world.town;
    let keys = [town.bamboohr.api_key(), town.jumpcloud.api_key()].map(|key| key.to_lowercase());
    let webhook_keys = town.bamboohr.webhooks().into_iter().map(|webhook| webhook.private_key);
    for secret in ["vorn", "zyxel", "acme.example"].map(str::to_owned).into_iter().chain(keys).chain(webhook_keys) {
        assert!(!low.contains(&secret), "the log says `{secret}`:\n{log}");
    }
}

/// The next `times` lists of everyone are as they would be now, but for `change`.
pub async fn doctor(world: &World, times: usize, change: impl Fn(&mut Value)) {
    let traffic = world.town.bamboohr.traffic();
    traffic.reset();
    world.hirewire(&["plan"]).await;
    for exchange in traffic.exchanges() {
        let Some(path) = ["onlyCurrent=true", "onlyCurrent=false"]
            .map(|rows| format!("reports/custom?format=JSON&{rows}"))
            .into_iter()
            .find(|path| exchange.path.contains(path))
        else {
            continue;
        };
        let mut body: Value = serde_json::from_slice(&exchange.answer).expect("a report");
        change(&mut body);
        let headers = vec![("content-type", "application/json".to_owned())];
        let trouble = Trouble::Answer { status: 200, headers, body: body.to_string() };
        traffic.fail(Fault { method: Some(Method::POST), path, after: 0, times, trouble });
    }
    traffic.reset();
}

fn people(report: &mut Value) -> &mut Vec<Value> {
    report["employees"].as_array_mut().expect("a report's people")
}

/// Keeps only these people on the list.
pub fn keep(report: &mut Value, kept: impl Fn(usize) -> bool) {
    people(report).retain(|person| kept(id(person)));
}

fn id(person: &Value) -> usize {
    person["id"].as_str().and_then(|id| id.parse().ok()).or(person["id"].as_u64().map(|id| id as usize)).unwrap_or(0)
}

/// The snapshot without the accounts of these people.
fn without(world: &World, people: &[usize]) -> String {
    let snapshot = world.town.jumpcloud.snapshot();
    let mut kept = String::new();
    let mut skipping = false;
    for line in snapshot.lines() {
        if !line.starts_with(' ') {
            skipping = people.iter().any(|n| line.starts_with(&email(*n)));
        }
        if !skipping {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

fn calls(world: &World, name: &str) -> u64 {
    let calls = world.town.bamboohr.traffic().calls();
    calls.iter().filter(|(call, _)| call.starts_with(name)).map(|(_, n)| n).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_takes_nothing_from_anybody() {
    let world = staffed(12).await;
    let before = world.town.jumpcloud.snapshot();
    for _ in 0..2 {
        doctor(&world, 1, |report| people(report).clear()).await;
        let run = quiet(&world, &["sync"]).await.expect(1);
        assert!(run.out.contains("HR's list is empty"), "{}", run.out);
        assert!(run.out.contains("acme:7 has an account but is not on HR's list; left as it is"), "{}", run.out);
        assert_eq!(world.town.jumpcloud.snapshot(), before);
    }
    world.town.bamboohr.terminate("7", "2026-03-01");
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.state(&email(7)), "SUSPENDED");
    assert_eq!(without(&world, &[7]), without_text(&before, 7));
}

fn without_text(snapshot: &str, n: usize) -> String {
    let mut kept = String::new();
    let mut skipping = false;
    for line in snapshot.lines() {
        if !line.starts_with(' ') {
            skipping = line.starts_with(&email(n));
        }
        if !skipping {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_list_takes_access_only_from_leavers_whose_own_record_says_so() {
    let world = staffed(14).await;
    let before = world.town.jumpcloud.snapshot();
    world.town.bamboohr.terminate("2", "2026-03-01");
    world.town.bamboohr.terminate("9", "2026-03-01");
    // 2 is on the list and 9 is not; 4 moved, which takes them out of a group.
    world.town.bamboohr.set("4", "department", "Loom");
    doctor(&world, 1, |report| keep(report, |n| n <= 7)).await;
    let run = quiet(&world, &["sync"]).await.expect(1);
    assert!(run.out.contains("HR's list has 7 people where the last had 14"), "{}", run.out);
    assert!(run.out.contains("acme:9 has an account but is not on HR's list"), "{}", run.out);
    assert_eq!(calls(&world, "GET /api/v1/employees/{id}"), 2, "only 2 and 4 are read themselves");
    assert_eq!(world.state(&email(2)), "SUSPENDED");
    assert_eq!(world.state(&email(9)), "ACTIVATED");
    assert_eq!(world.town.jumpcloud.groups_of(&email(4)), ["All staff", "Dept Loom"]);
    assert_eq!(without(&world, &[2, 4]), without_text(&without_text(&before, 2), 4));
    // The next complete list works.
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.state(&email(9)), "SUSPENDED");
    assert_eq!(without(&world, &[2, 4, 9]), without_text(&without_text(&without_text(&before, 2), 4), 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lies_about_somebody_is_not_believed_alone() {
    let world = staffed(14).await;
    let before = world.town.jumpcloud.snapshot();
    // A short list that calls somebody Inactive: their own record says otherwise.
    doctor(&world, 1, |report| {
        keep(report, |n| n <= 7);
        people(report)[2]["status"] = json!("Inactive");
    })
    .await;
    quiet(&world, &["sync"]).await.expect(1);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    // The same person twice, once Inactive, in either order.
    for at in [0, 14] {
        doctor(&world, 1, |report| {
            let mut twin = people(report)[2].clone();
            twin["status"] = json!("Inactive");
            people(report).insert(at, twin);
        })
        .await;
        let run = quiet(&world, &["sync"]).await.expect(1);
        assert!(run.out.contains("1 ids come twice in HR's list"), "{}", run.out);
        assert_eq!(world.town.jumpcloud.snapshot(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_fields_clear_nothing() {
    let world = staffed(8).await;
    let before = world.town.jumpcloud.snapshot();
    for (field, decides) in [
        ("status", true),
        ("hireDate", true),
        ("terminationDate", true),
        ("workEmail", true),
        ("department", false),
        ("supervisorEId", false),
        ("firstName", false),
        ("employeeNumber", false),
        ("location", false),
    ] {
        world.town.bamboohr.switch(|switches| switches.hidden_fields.extend([field.to_owned()]));
        let run = quiet(&world, &["sync"]).await;
        // What a list without it proves is told; the rest is told of each person.
        let told = run.out.contains(&format!("HR hides `{field}` from our key: nothing is taken away"));
        assert_eq!(run.code, i32::from(told), "{run:?}");
        assert!(told || !decides, "{field}: {}", run.out);
        let run = quiet(&world, &["sync", "3", "4"]).await;
        assert!(run.code <= 1, "{run:?}");
        assert_eq!(world.town.jumpcloud.snapshot(), before, "{field}");
        let records = world.hirewire(&["--format", "json", "records"]).await.out;
        if field != "location" && field != "terminationDate" {
            assert!(records.contains(field) || records.contains("hidden"), "{field}:\n{records}");
        }
        world.town.bamboohr.switch(|switches| switches.hidden_fields.clear());
    }
    // And when they are back, everything goes on.
    world.town.bamboohr.set("3", "department", "Loom");
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.says(&email(3), "department"), "Loom");
}

#[tokio::test(flavor = "multi_thread")]
async fn sight_lost_between_two_runs_keeps_a_leavers_access_until_it_is_back() {
    let world = staffed(8).await;
    let before = world.town.jumpcloud.snapshot();
    world.town.bamboohr.terminate("5", "2026-03-01");
    world.town.bamboohr.set("6", "department", "Loom");
    let hidden = ["status", "terminationDate", "department"];
    world.town.bamboohr.switch(|switches| switches.hidden_fields.extend(hidden.map(str::to_owned)));
    let serving = world.serve().await;
    world.town.bamboohr.touch("5");
    world.town.clock.advance(61);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(serving.stop().await.0, 0);
    quiet(&world, &["sync"]).await.expect(1);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    world.town.bamboohr.switch(|switches| switches.hidden_fields.clear());
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.state(&email(5)), "SUSPENDED");
    assert_eq!(world.town.jumpcloud.groups_of(&email(6)), ["All staff", "Dept Loom"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_whom_the_key_may_not_see_any_more_stay() {
    let world = staffed(14).await;
    let before = world.town.jumpcloud.snapshot();
    // Few enough to pass for a complete list.
    world.town.bamboohr.switch(|switches| switches.hidden_employees.extend(["4", "5"].map(str::to_owned)));
    let run = quiet(&world, &["sync"]).await.expect(1);
    assert!(run.out.contains("acme:4 has an account but is not on HR's list"), "{}", run.out);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    let failed = world.hirewire(&["records", "--status", "failed"]).await.out;
    assert!(failed.contains("may not see this"), "{failed}");
    world.town.bamboohr.switch(|switches| switches.hidden_employees.clear());
    world.hirewire(&["replay"]).await.expect(0);
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_records_are_named_and_left_alone() {
    let world = staffed(8).await;
    let before = world.town.jumpcloud.snapshot();
    world.town.bamboohr.set("8", "jobTitle", "Founder");
    doctor(&world, 1, |report| {
        people(report)[2]["hireDate"] = json!("soon");
        people(report)[3]["status"] = json!("On holiday");
        people(report)[4]["jobTitle"] = json!({ "a": [1] });
        people(report)[5] = json!("somebody");
        people(report).push(Value::Null);
    })
    .await;
    let run = quiet(&world, &["sync"]).await.expect(1);
    for named in ["record 3: ", "record 4: ", "record 5: "] {
        assert!(run.out.contains(named), "{named}:\n{}", run.out);
    }
    assert_eq!(world.says(&email(8), "jobTitle"), "Founder");
    assert_eq!(without(&world, &[8]), without_text(&before, 8));
    quiet(&world, &["sync"]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_deleted_in_hr_is_held_and_not_suspended() {
    let world = staffed(8).await;
    let before = world.town.jumpcloud.snapshot();
    world.town.bamboohr.delete("4");
    let serving = world.serve().await;
    world.town.bamboohr.deliver_webhooks().await;
    world.town.clock.advance(61);
    world
        .eventually("4 is held", |_| {
            let held = world.command(&["records", "--status", "held"]).output().expect("hirewire runs").stdout;
            String::from_utf8_lossy(&held).contains("HR no longer has this record")
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    for _ in 0..2 {
        let run = quiet(&world, &["sync"]).await.expect(1);
        assert!(run.out.contains("HR no longer has this record"), "{}", run.out);
    }
    assert_eq!(world.town.jumpcloud.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_to_come_never_suspends_early() {
    let world = staffed(8).await;
    let before = world.town.jumpcloud.snapshot();
    // onlyCurrent=false shows these as Inactive already. 7 starts next week, for a fixed term; 8 has an end far off.
    for n in 2..=6 {
        world.town.bamboohr.terminate(&n.to_string(), "2026-05-29");
    }
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    let serving = world.serve().await;
    for n in 2..=6 {
        world.town.bamboohr.touch(&n.to_string());
    }
    world.town.bamboohr.hire(person(9).hired("2026-03-09"));
    world.town.bamboohr.terminate("9", "2026-06-30");
    world.town.bamboohr.deliver_webhooks().await;
    world.town.clock.advance(61);
    world.eventually("9 has an account", |town| town.jumpcloud.user(&email(9)).is_some()).await;
    assert_eq!(world.state(&email(9)), "ACTIVATED");
    assert_eq!(without(&world, &[9]), before);
    world.travel_to("2026-05-29T23:00[America/Denver]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.state(&email(2)), "ACTIVATED");
    world.travel_to("2026-05-30T00:00[America/Denver]");
    world
        .eventually("all five have left", |town| {
            (2..=6).all(|n| town.jumpcloud.user(&email(n)).is_some_and(|user| user["state"] == "SUSPENDED"))
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
    assert_eq!(world.state(&email(9)), "ACTIVATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn flips_of_the_status_end_as_hr_ends() {
    let world = staffed(4).await;
    let serving = world.serve().await;
    let before = world.town.jumpcloud.snapshot();
    for round in 0..4 {
        world.town.bamboohr.set("3", "status", "Inactive");
        if round % 2 == 0 {
            world.town.bamboohr.deliver_webhooks().await;
        }
        world.town.clock.advance(1);
        world.town.bamboohr.set("3", "status", "Active");
        // Late and out of order: only hints.
        world.town.bamboohr.edit_pending(|waiting| waiting.reverse());
        world.town.bamboohr.deliver_webhooks().await;
        world.town.clock.advance(1);
    }
    world.town.clock.advance(61);
    world.eventually("3 is as before", |town| town.jumpcloud.snapshot() == before).await;
    world.town.bamboohr.set("3", "status", "Inactive");
    world.town.bamboohr.deliver_webhooks().await;
    world
        .eventually("3 has left", |town| {
            town.jumpcloud.user(&email(3)).is_some_and(|user| user["state"] == "SUSPENDED")
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.state(&email(3)), "SUSPENDED");
}
