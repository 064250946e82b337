//! Whatever comes in: wrong, huge, hostile, late or from a stranger. The rest goes on, nothing is lost.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tests::bamboohr::{Empty, NewWebhook, Person, Stamp, sign};
use tests::server::{Fault, Trouble};

use crate::faults::settle;
use crate::safety::{MORNING, email, hired, person, quiet, staffed, tells_nothing};
use crate::world::{Serving, World, fewer, only_one_machine};

/// What a broken answer may be.
const RUBBISH: [&str; 7] = [
    "<!DOCTYPE html><html><body>Vorn01 is being maintained</body></html>",
    "",
    "null",
    "[]",
    "{}",
    r#"{"employees":"many","results":7,"totalCount":"x","_id":[],"fields":1,"data":{}}"#,
    r#"{"results":[{"_id":"5"#,
];

fn answer(status: u16, body: &str) -> Trouble {
    let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
    Trouble::Answer { status, headers: vec![("content-type", kind.to_owned())], body: body.to_owned() }
}

fn fault(method: Method, path: &str, times: usize, trouble: Trouble) -> Fault {
    Fault { method: Some(method), path: path.to_owned(), after: 0, times, trouble }
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_from_hr_changes_nothing_and_names_the_call() {
    let world = staffed(5).await;
    let before = world.town.jumpcloud.snapshot();
    let traffic = world.town.bamboohr.traffic();
    for body in RUBBISH {
        for rows in ["onlyCurrent=true", "onlyCurrent=false"] {
            traffic.fail(fault(Method::POST, rows, 1, answer(200, body)));
            let run = quiet(&world, &["sync"]).await.expect(3);
            assert!(run.err.contains("BambooHR's answer to POST /reports/custom cannot be read"), "{body}: {run:?}");
            traffic.heal();
        }
        traffic.fail(fault(Method::GET, "/employees/3?", 1, answer(200, body)));
        let run = quiet(&world, &["sync", "3", "4"]).await.expect(1);
        let log = world.log_of(&run);
        assert!(log.contains("acme:3"), "{body}: {run:?}");
        assert!(log.contains("BambooHR's answer to GET /employees/{id} cannot be read"), "{body}: {run:?}");
        traffic.heal();
        assert_eq!(world.town.jumpcloud.snapshot(), before);
        settle(&world, "rubbish").await;
    }
    // Cut in the middle, with nothing to show that it was.
    for rows in ["onlyCurrent=true", "onlyCurrent=false"] {
        traffic.fail(fault(Method::POST, rows, 1, Trouble::Cut(900)));
        quiet(&world, &["sync"]).await.expect(3);
        traffic.heal();
    }
    assert_eq!(world.town.jumpcloud.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_in_the_list_of_changes_loses_no_change() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    for (n, body) in RUBBISH.into_iter().enumerate() {
        world.town.bamboohr.traffic().fail(fault(Method::GET, "/employees/changed", 1, answer(200, body)));
        let title = format!("Smith {n}");
        world.town.bamboohr.set("2", "jobTitle", &title);
        world.town.bamboohr.edit_pending(Vec::clear);
        world.town.clock.advance(61);
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.town.clock.advance(61);
        world
            .eventually("the change came", |town| {
                town.jumpcloud.user(&email(2)).is_some_and(|user| user["jobTitle"] == *title)
            })
            .await;
        world.town.bamboohr.traffic().heal();
    }
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    tells_nothing(&world, &log);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_in_hr_spoil_nobody_else() {
    let world = hired(3).await;
    let odd = |n: usize| Person::new("Vorn", "Zyxel").id(&n.to_string()).hired("2020-01-06").with("department", "Loom");
    let hire = |person: Person| drop(world.town.bamboohr.hire(person));
    hire(odd(20).email("vorn20@acme.example").with("lastName", &"Ł".repeat(1 << 20)));
    hire(odd(21).email("vorn21@acme.example").with("firstName", "Vo\u{0}\u{1b}[31mrn\r\n").with("lastName", "Zy😀xel"));
    hire(odd(22).email("Vorn+Tag@Acme.Example"));
    hire(odd(23).email("vorn.o'zyxel@acme.example"));
    hire(odd(24).email("vörn@müller.example"));
    hire(odd(25).email("vorn\"24\\x@acme.example"));
    let bad =
        ["nobody", "a@b", "a b@acme.example", "@acme.example", "a@@acme.example", "a@acme..example", "a@.example"];
    for (n, bad) in bad.into_iter().enumerate() {
        hire(odd(30 + n).email(bad));
    }
    hire(odd(40).email(&format!("{}@acme.example", "v".repeat(300))));
    hire(odd(41));
    // A job title of a thousand and more characters, and rows of hostile text.
    hire(odd(42).email("vorn42@acme.example").with("jobTitle", &"<script>".repeat(200)));
    hire(odd(43).email("vorn43@acme.example").with("department", "'; DROP TABLE person;--\n\"$(x)"));
    for (date, text) in [(Empty::Zeroes, Empty::Null), (Empty::Null, Empty::Text), (Empty::Text, Empty::Null)] {
        world.town.bamboohr.switch(|switches| (switches.empty_date, switches.empty_text) = (date, text));
        let run = quiet(&world, &["sync"]).await.expect(1);
        assert!(run.out.contains("record 20: "), "{}", run.out);
        assert!(!run.out.contains('\u{1b}'), "no escape reaches the terminal: {}", run.out);
    }
    for n in 1..=3 {
        assert_eq!(world.state(&email(n)), "ACTIVATED");
    }
    for there in ["vorn21@acme.example", "vorn+tag@acme.example", "vorn.o'zyxel@acme.example", "vorn42@acme.example"] {
        assert_eq!(world.state(there), "ACTIVATED");
    }
    assert_eq!(world.says("vorn21@acme.example", "firstname"), "Vo  [31mrn");
    assert_eq!(world.says("vorn21@acme.example", "lastname"), "Zy😀xel");
    assert_eq!(world.town.jumpcloud.groups_of("vorn43@acme.example"), ["All staff"]);
    let records = world.hirewire(&["--format", "json", "records"]).await.json();
    let status = |n: usize| {
        let id = n.to_string();
        let all = records.as_array().expect("records");
        let record = all.iter().find(|record| record["key"]["id"] == *id);
        record.unwrap_or_else(|| panic!("no record {n}: {records}"))["status"].to_string()
    };
    for n in 30..37 {
        assert!(status(n).contains("bad_email"), "{n}: {}", status(n));
    }
    assert!(status(40).contains("skip") && status(41).contains("no_email"), "{} {}", status(40), status(41));
    // Written twice, nothing is new.
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(1);
    assert_eq!(world.town.jumpcloud.writes(), 0);
}

/// Every call to JumpCloud that the story below makes.
const CALLS: [(&str, &str); 9] = [
    ("GET", "/api/systemusers?"),
    ("GET", "/api/v2/usergroups?"),
    ("GET", "/members?"),
    ("POST", "/api/systemusers"),
    ("PUT", "/api/systemusers/"),
    ("POST", "/api/search/systemusers"),
    ("POST", "/api/v2/usergroups"),
    ("POST", "/members"),
    ("GET", "/memberof"),
];

/// A joiner into a new group, a mover and a leaver; three people stay.
async fn batch(world: &World) {
    world.town.bamboohr.hire(person(7).with("department", "Anvil"));
    world.town.bamboohr.set("4", "department", "Loom");
    world.town.bamboohr.set("4", "jobTitle", "Weaver");
    world.town.bamboohr.terminate("5", "2026-03-01");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_from_jumpcloud_ends_where_good_answers_end() {
    let plain = staffed(6).await;
    batch(&plain).await;
    quiet(&plain, &["sync"]).await.expect(0);
    let wanted = (plain.town.jumpcloud.snapshot(), plain.town.jumpcloud.groups().len());
    let cases = fewer(CALLS, 3).into_iter().map(|(method, path)| {
        let wanted = &wanted;
        async move {
            for body in [RUBBISH[0], "", "[]", RUBBISH[5], r#"{"totalCount":0,"results":[]}"#] {
                // Nothing was done, and the answer is rubbish all the same.
                rubbish_case(method, path, answer(200, body), wanted).await;
            }
            rubbish_case(method, path, Trouble::Cut(20), wanted).await;
        }
    });
    futures::future::join_all(cases).await;
}

async fn rubbish_case(method: &str, path: &str, trouble: Trouble, wanted: &(String, usize)) {
    let world = staffed(6).await;
    batch(&world).await;
    let case = format!("{method} {path} {trouble:?}");
    let method: Method = method.parse().expect("a method");
    // The first such call after the list has been read, and the one after it.
    world.town.jumpcloud.traffic().fail(fault(method, path, 2, trouble));
    let run = quiet(&world, &["sync"]).await;
    assert!(run.code == 0 || run.code == 1 || run.code == 3, "{case}: {run:?}");
    // Those who stay keep what they have.
    for n in [1, 2, 3, 6] {
        assert_eq!(world.state(&email(n)), "ACTIVATED", "{case}");
        assert_eq!(world.town.jumpcloud.groups_of(&email(n)).len(), 2, "{case}");
    }
    world.town.jumpcloud.traffic().heal();
    settle(&world, &case).await;
    assert_eq!(world.town.jumpcloud.snapshot(), wanted.0, "{case}:\n{run:?}");
    assert_eq!(world.town.jumpcloud.groups().len(), wanted.1, "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jumpcloud_says_of_people_stays_out_of_the_log() {
    let world = hired(3).await;
    let words = json!({ "message": format!("{} of Vorn02 Zyxel02 is not allowed", email(2)) }).to_string();
    world.town.jumpcloud.traffic().fail(fault(Method::POST, "/api/systemusers", 1, answer(400, &words)));
    let run = quiet(&world, &["sync"]).await;
    assert!(world.log_of(&run).contains("HTTP 400"), "the log says that it was refused: {}", run.err);
    // On AWS their manager may have come later: then they were tried again, and it worked.
    if world.house.is_none() || run.code != 0 {
        assert!(run.code == 1 && run.out.contains("is not allowed"), "who looks is told why: {}", run.out);
    }
    quiet(&world, &["sync"]).await.expect(0);
}

/// Posts a body as BambooHR would, signed with `key` at `moment`.
async fn post(url: &str, body: &str, key: &str, moment: i64) -> u16 {
    let stamp = moment.to_string();
    let client = reqwest::Client::new();
    let request = client.post(url).header("X-BambooHR-Timestamp", &stamp);
    let request = request.header("X-BambooHR-Signature", sign(key, body.as_bytes(), &stamp));
    request.body(body.to_owned()).send().await.expect("an answer").status().as_u16()
}

/// The key by which `serving` checks.
fn key_of(world: &World, serving: &Serving) -> String {
    let webhooks = world.town.bamboohr.webhooks();
    webhooks.into_iter().rfind(|webhook| webhook.is.url == serving.url).expect("a subscription").private_key
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_the_door() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    let key = key_of(&world, &serving);
    // What `serve` begins with is over: on a busy machine that takes its time.
    let mut before = world.calls();
    loop {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let now = world.calls();
        if now == before {
            break;
        }
        before = now;
    }
    let now = world.town.clock.now().as_second();
    let body = r#"{"type":"employee.updated","timestamp":"2026-03-02T16:00:00Z","data":{"employeeId":"2"}}"#;
    world.town.bamboohr.set("2", "jobTitle", "Weaver");
    world.town.bamboohr.edit_pending(Vec::clear);
    world.forget_calls();
    let other = "f00d".repeat(8);
    assert!(world.is_refused(Some(post(&serving.url, body, &other, now).await)), "forged");
    assert!(world.is_refused(Some(post(&serving.url, body, &key, now - 301).await)), "stale");
    assert!(world.is_refused(Some(post(&serving.url, body, &key, now + 301).await)), "from the future");
    for path in ["acme2", "ACME", "acme/", "acme/x", "..%2facme", "%00", "a b"] {
        let url = serving.url.replace("/webhook/acme", &format!("/webhook/{}", path.replace(' ', "%20")));
        assert_eq!(post(&url, body, &key, now).await, 404, "{path}");
    }
    let malformed =
        ["", "{", "[]", "hello", "<html>", r#"{"type":"employee.updated","data":7}"#, "{\"employees\":[{}]}"];
    for body in malformed {
        assert_eq!(post(&serving.url, body, &key, now).await, 400, "{body}");
    }
    let huge = format!(r#"{{"type":"employee.updated","data":{{"employeeId":"2","x":"{}"}}}}"#, "x".repeat(10 << 20));
    let client = reqwest::Client::new();
    let stamp = now.to_string();
    let request = client.post(&serving.url).header("X-BambooHR-Timestamp", &stamp);
    let request = request.header("X-BambooHR-Signature", sign(&key, huge.as_bytes(), &stamp));
    // The door may close while the body is still being sent.
    if let Ok(answer) = request.body(huge).send().await {
        assert_eq!(answer.status().as_u16(), 413);
    }
    let unsigned = client.post(&serving.url).body(body).send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);
    assert_eq!(unsigned.text().await.expect("a body"), "", "nothing is said to a stranger");
    let get = client.get(&serving.url).send().await.expect("an answer").status().as_u16();
    assert_eq!(get, 405);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.calls(), (0, 0), "nobody was asked about anybody");
    // The real thing, then the very same again.
    assert_eq!(post(&serving.url, body, &key, now).await, 200);
    let weaver =
        |town: &tests::town::Town| town.jumpcloud.user(&email(2)).is_some_and(|user| user["jobTitle"] == "Weaver");
    world.eventually("the hint was followed", weaver).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = world.calls();
    for _ in 0..3 {
        assert_eq!(post(&serving.url, body, &key, now).await, 200);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.calls(), calls, "a replay is no news");
    // Values in a webhook are never used.
    let liar = r#"{"employees":[{"id":"3","action":"Updated","fields":{"Status":{"value":"Inactive"}}}]}"#;
    assert_eq!(post(&serving.url, liar, &key, now).await, 200);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.state(&email(3)), "ACTIVATED");
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    tells_nothing(&world, &log);
    assert!(!log.contains(&key) && !log.contains(&other), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_webhook_is_a_hint() {
    let world = staffed(3).await;
    let serving = world.serve().await;
    let key = key_of(&world, &serving);
    let new = NewWebhook::to(&serving.url);
    let old = NewWebhook {
        events: ["created", "updated", "deleted"].map(|event| format!("employee_with_fields.{event}")).to_vec(),
        post_fields: vec![
            ("firstName".to_owned(), "First Name".to_owned()),
            ("status".to_owned(), "Status".to_owned()),
        ],
        ..new.clone()
    };
    let mut round = 0;
    for form_encoded in [false, true] {
        for (webhook, wrapped) in [(&new, false), (&old, false), (&old, true)] {
            for stamp in [Stamp::Offset, Stamp::Zulu] {
                round += 1;
                world.town.bamboohr.switch(|switches| {
                    (switches.webhook_stamp, switches.webhook_values_wrapped) = (stamp, wrapped);
                });
                let subscription = world.town.bamboohr.subscribe_to(NewWebhook { form_encoded, ..(*webhook).clone() });
                world.town.bamboohr.edit_pending(Vec::clear);
                let title = format!("Smith {round}");
                world.town.clock.advance(1);
                world.town.bamboohr.set("2", "jobTitle", &title);
                let waiting = world.town.bamboohr.pending_webhooks();
                let mut delivery =
                    waiting.into_iter().find(|waiting| waiting.webhook == subscription.id).expect("a delivery");
                delivery.sign(&key, world.town.clock.now());
                world.town.bamboohr.edit_pending(Vec::clear);
                let status = world.town.bamboohr.send(&delivery).await;
                assert_eq!(status, Some(200), "{form_encoded} {wrapped} {stamp:?}: {}", delivery.body);
                world
                    .eventually("the hint was followed", |town| {
                        town.jumpcloud.user(&email(2)).is_some_and(|user| user["jobTitle"] == *title)
                    })
                    .await;
            }
        }
    }
    assert_eq!(serving.stop().await.0, 0);
}

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
    assert!(world.calls().0 < 9 + 5 + 1, "{} calls, 9 of them good", world.calls().0);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_without_anything_to_read() {
    let world = World::at(MORNING).await;
    let run = quiet(&world, &["sync"]).await.expect(1);
    assert!(run.out.contains("HR's list is empty"), "{}", run.out);
    assert!(world.town.jumpcloud.users().is_empty());
}
