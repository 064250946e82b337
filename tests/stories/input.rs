//! Whatever the vendors answer: wrong, huge, hostile or cut short. The rest goes on, nothing is lost.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tests::bamboohr::{Empty, Person};
use tests::server::{Fault, Trouble};

use crate::faults::settle;
use crate::safety::{MORNING, email, hired, person, quiet, staffed, tells_nothing};
use crate::world::{World, fewer};

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

pub fn answer(status: u16, body: &str) -> Trouble {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_without_anything_to_read() {
    let world = World::at(MORNING).await;
    let run = quiet(&world, &["sync"]).await.expect(1);
    assert!(run.out.contains("HR's list is empty"), "{}", run.out);
    assert!(world.town.jumpcloud.users().is_empty());
}
