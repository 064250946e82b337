//! Vendors that refuse, stall, break and lose answers; and every behaviour of theirs that nobody could confirm.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::{StreamExt, iter};
use jiff::Timestamp;
use serde_json::json;
use tests::bamboohr::{self, Empty, EmptyChanged, EmptyLatest, FutureHireStatus, RetryAfter, Stamp};
use tests::jumpcloud::{self, ActionAnswer, Drift, Envelope, Missing, UserState, WrongFilter};
use tests::server::{Fault, Trouble};
use tokio::sync::Notify;

use crate::safety::{MORNING, email, hired, person, quiet, staffed, tells_nothing};
use crate::world::{RULES, World, fewer, only_one_machine};

/// How many worlds live at once in one test.
const AT_ONCE: usize = 4;

// A wire between Hirewire and JumpCloud that can be held and cut.

/// What happens to one request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives, and nobody hears of it.
    HeldBefore,
    /// It takes effect, and nobody hears of it.
    HeldAfter,
    /// It never arrives; the connection breaks.
    BrokenBefore,
    /// It takes effect; the connection breaks.
    BrokenAfter,
}

/// The wire.
pub struct Wire {
    url: String,
    inside: Arc<Inside>,
}

struct Inside {
    to: String,
    client: reqwest::Client,
    cut: Cut,
    /// The request that is struck, from 1 on; 0 for none.
    at: usize,
    /// Whether only what changes something counts.
    writes: bool,
    count: AtomicUsize,
    struck: Notify,
}

impl Wire {
    /// Lays a wire to `world`'s JumpCloud, and leads Hirewire there.
    pub async fn lay(world: &World, cut: Cut, at: usize, writes: bool) -> Wire {
        let to = world.town.jumpcloud.url();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.build().expect("a client");
        let (count, struck) = (AtomicUsize::new(0), Notify::new());
        let inside = Arc::new(Inside { to: to.clone(), client, cut, at, writes, count, struck });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(pass).with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, app).await.expect("a wire") });
        let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
        world.town.write_config(&config.replace(&to, &url));
        Wire { url, inside }
    }

    /// Takes the wire away again.
    pub fn take_up(&self, world: &World) {
        let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
        world.town.write_config(&config.replace(&self.url, &self.inside.to));
    }

    /// Waits until a request is struck.
    pub async fn struck(&self) {
        self.inside.struck.notified().await;
    }
}

async fn pass(State(wire): State<Arc<Inside>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let counts = !wire.writes || (head.method != Method::GET && !path.starts_with("/api/search/"));
    let number = if counts { wire.count.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
    let cut = (counts && number == wire.at).then_some(wire.cut);
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match cut {
        Some(Cut::HeldBefore) => {
            wire.struck.notify_one();
            return std::future::pending().await;
        }
        Some(Cut::BrokenBefore) => return broken(),
        Some(Cut::HeldAfter | Cut::BrokenAfter) | None => {}
    }
    let url = format!("{}{path}", wire.to);
    let mut onward = wire.client.request(head.method, url).body(body);
    for (name, value) in &head.headers {
        if !matches!(name.as_str(), "host" | "content-length" | "connection") {
            onward = onward.header(name, value);
        }
    }
    let answer = onward.send().await.expect("JumpCloud answers");
    match cut {
        Some(Cut::HeldAfter) => {
            wire.struck.notify_one();
            return std::future::pending().await;
        }
        Some(Cut::BrokenAfter) => return broken(),
        Some(Cut::HeldBefore | Cut::BrokenBefore) | None => {}
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = (status, answer.bytes().await.unwrap_or_default()).into_response();
    for (name, value) in &headers {
        if !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection") {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Half a body, then the end of the connection.
fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{\"results\":[")), Err(std::io::Error::other("the wire is cut"))];
    (StatusCode::OK, Body::from_stream(futures::stream::iter(parts))).into_response()
}

// Stories.

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

// Every behaviour that nobody could confirm, both ways, with one story.

/// What a world is like before its story begins.
type Setting = Box<dyn Fn(&World) + Send + Sync>;

fn hr(set: impl Fn(&mut bamboohr::Switches) + Send + Sync + 'static) -> Setting {
    Box::new(move |world| world.town.bamboohr.switch(|switches| set(switches)))
}

fn it(set: impl Fn(&mut jumpcloud::Switches) + Send + Sync + 'static) -> Setting {
    Box::new(move |world| world.town.jumpcloud.switch(|switches| set(switches)))
}

fn of_bamboohr() -> Vec<(&'static str, Setting)> {
    let midday = jiff::civil::time(12, 0, 0, 0);
    vec![
        ("since excludes", hr(|s| s.since_inclusive = false)),
        ("no changes are an object", hr(|s| s.empty_changed = EmptyChanged::Object)),
        ("latest is now", hr(|s| s.empty_latest = EmptyLatest::Now)),
        ("latest is null", hr(|s| s.empty_latest = EmptyLatest::Null)),
        ("latest is empty", hr(|s| s.empty_latest = EmptyLatest::Text)),
        ("latest is absent", hr(|s| s.empty_latest = EmptyLatest::Absent)),
        ("arrivals bump", hr(|s| s.arrival_bumps_last_changed = true)),
        ("reports ignore ids", hr(|s| s.report_honours_employee_ids = false)),
        ("reports leave out who is to come", hr(|s| s.report_has_future_hires = false)),
        ("rows repeat", hr(|s| s.raw_rows_repeat_people = true)),
        ("who is to come is Inactive", hr(|s| s.future_hire_status = FutureHireStatus::Inactive)),
        ("empty dates are null", hr(|s| s.empty_date = Empty::Null)),
        ("empty dates are empty", hr(|s| s.empty_date = Empty::Text)),
        ("empty texts are empty", hr(|s| s.empty_text = Empty::Text)),
        ("ids are numbers", hr(|s| s.ids_as_numbers = true)),
        ("a rehire keeps the old end", hr(|s| s.rehire_keeps_termination_date = true)),
        ("rows count from midday", hr(move |s| s.rows_take_effect_at = midday)),
        ("ends count from midnight", hr(|s| s.ends_take_effect_at = jiff::civil::Time::midnight())),
        ("earlier rows win", hr(|s| s.later_row_wins = false)),
        ("names by default", hr(|s| s.names_by_default = true)),
        ("list names on records", hr(|s| s.list_names_on_record = true)),
        ("stamps in Z", hr(|s| s.webhook_stamp = Stamp::Zulu)),
        ("webhook values wrapped", hr(|s| s.webhook_values_wrapped = true)),
        ("created alone", hr(|s| s.created_then_updated = false)),
        ("custom fields apart", hr(|s| s.custom_fields_apart = true)),
        ("webhooks in batches", hr(|s| s.webhook_batches = true)),
        ("no locations", hr(|s| s.location_access = bamboohr::Access::Unauthorized)),
        ("forbidden locations", hr(|s| s.location_access = bamboohr::Access::Forbidden)),
    ]
}

fn of_jumpcloud() -> Vec<(&'static str, Setting)> {
    let mut all: Vec<(&'static str, Setting)> = vec![
        ("a double is a 409", it(|s| s.duplicate_user = 409)),
        ("a double in other words", it(|s| s.duplicate_user_text = "username must be unique")),
        ("unknown reads are empty", it(|s| s.unknown_user_read = Missing::Empty)),
        ("unknown writes are empty", it(|s| s.unknown_user_write = Missing::Empty)),
        ("joining twice is fine", it(|s| s.duplicate_member = 204)),
        ("leaving twice is fine", it(|s| s.missing_member = 204)),
        ("group names are unique", it(|s| s.duplicate_group_refused = true)),
        ("activating again is a 409", it(|s| s.activate_again = 409)),
        ("activating again is fine", it(|s| s.activate_again = 200)),
        ("no suspend call", it(|s| s.suspend_call_exists = false)),
        ("actions answer {}", it(|s| s.action_answer = ActionAnswer::Braces)),
        ("actions answer the user", it(|s| s.action_answer = ActionAnswer::User)),
        ("short pages", it(|s| (s.list_cap, s.search_cap) = (5, 5))),
        ("wrong filters refused", it(|s| s.wrong_filter = WrongFilter::Refused)),
        ("unknown keys refused", it(|s| s.unknown_keys_refused = true)),
        ("unknown managers taken", it(|s| s.unknown_manager_refused = false)),
        ("only null clears", it(|s| (s.empty_clears, s.null_clears) = (false, true))),
        ("null clears too", it(|s| s.null_clears = true)),
        ("restricted fields refused", it(|s| s.restricted_fields_refused = true)),
        ("no rules for user names", it(|s| s.username_rules = false)),
        ("e-mails mind case", it(|s| s.email_case_matters = true)),
        ("PUT does not activate", it(|s| s.staged_put_activates = false)),
        ("PUT does not suspend the staged", it(|s| s.staged_put_suspends = false)),
        ("nobody is mailed on creation", it(|s| s.creation_mails = false)),
        ("PUT mails", it(|s| s.put_activation_mails = true)),
        ("new users are staged", it(|s| s.default_state = UserState::Staged)),
        ("new users are suspended", it(|s| s.default_state = UserState::Suspended)),
        ("group PUT keeps", it(|s| s.group_put_resets = false)),
        (
            "old groups",
            // Nothing shows there that a group fills itself, so there is none.
            Box::new(|world: &World| {
                world.town.jumpcloud.switch(|switches| switches.newer_group_fields = false);
                world.town.jumpcloud.delete_group("Robots");
            }),
        ),
        ("All Users fills itself", it(|s| s.all_users_fills_itself = true)),
        ("dynamic groups later", it(|s| s.recompute_at_once = false)),
        ("dynamic adds refused", it(|s| s.dynamic_add_refused = true)),
    ];
    for envelope in [Envelope::Named, Envelope::Coded, Envelope::Bare, Envelope::Empty, Envelope::Html] {
        all.push((
            "error envelopes",
            it(move |s| (s.v1_errors, s.v2_errors, s.graph_errors) = (envelope, envelope, envelope)),
        ));
    }
    all
}

/// Whatever a world of switches may differ in without any doing of ours.
fn comparable(world: &World) -> String {
    let text = world.town.jumpcloud.snapshot().replace("  groups: All Users\n", "");
    ["All Users, ", ", All Users", ", Robots"].into_iter().fold(text, |text, group| text.replace(group, ""))
}

async fn furnished(setting: Option<&Setting>) -> World {
    let rules = format!("{RULES}\n[[connection.group]]\nname = \"Robots\"\nwhen = 'jobTitle == \"Weaver\"'\n");
    // After midday, from which on rows of the day may count.
    let world = World::with("2026-03-02T13:00[America/Denver]", &rules).await;
    let town = &world.town;
    let robots =
        json!({ "queryType": "FilterQuery", "filters": [{ "field": "company", "operator": "eq", "value": "Robots" }] });
    town.jumpcloud.add_dynamic_group("Robots", robots);
    if let Some(setting) = setting {
        setting(&world);
    }
    // One account is there already, prepared by hand, and one is nobody's.
    let staged = json!({ "email": email(7).replace("vorn", "Vorn"), "username": "oldname", "state": "STAGED",
        "phoneNumbers": [{ "type": "home", "number": "1" }], "attributes": [{ "name": "badge", "value": "9" }] });
    town.jumpcloud.add_user(staged);
    town.jumpcloud.add_user(json!({ "email": "printer@acme.example", "state": "ACTIVATED" }));
    for n in 1..=7 {
        town.bamboohr.hire(person(n));
    }
    town.bamboohr.hire(person(8).hired("2026-03-09"));
    world
}

/// The story in steps; `next` brings each about.
fn step(world: &World, number: usize) -> bool {
    let hr = &world.town.bamboohr;
    match number {
        0 => {}
        1 => {
            hr.hire(person(9).reports_to("4"));
            hr.set_all("4", &[("department", Some("Loom")), ("jobTitle", Some("Weaver"))]);
            hr.set("3", "jobTitle", None);
        }
        2 => hr.set_all("5", &[("lastName", Some("Zyxel-Vorn")), ("workEmail", Some("Vorn05.New@acme.example"))]),
        3 => hr.terminate("6", "2026-03-01"),
        4 => world.travel_to("2026-03-09T13:00[America/Denver]"),
        5 => hr.rehire("6", "2026-03-09"),
        _ => return false,
    }
    true
}

/// What each step comes to, where everything is as we think it is.
async fn milestones() -> Vec<String> {
    let world = furnished(None).await;
    let mut milestones = Vec::new();
    for number in 0.. {
        if !step(&world, number) {
            break;
        }
        quiet(&world, &["sync"]).await.expect(0);
        milestones.push(comparable(&world));
    }
    assert!(milestones.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 4, "{milestones:?}");
    milestones
}

async fn by_sync(name: &str, setting: Setting, milestones: &[String]) {
    let world = furnished(Some(&setting)).await;
    for (number, milestone) in milestones.iter().enumerate() {
        step(&world, number);
        let run = quiet(&world, &["sync"]).await;
        assert_eq!(comparable(&world), *milestone, "{name}, step {number}: {run:?}");
        assert_eq!(run.code, 0, "{name}, step {number}: {run:?}");
    }
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{name}: {:?}", world.town.jumpcloud.traffic().calls());
}

async fn by_serve(name: &str, setting: Setting, milestones: &[String]) {
    let world = furnished(Some(&setting)).await;
    let serving = world.serve().await;
    for (number, milestone) in milestones.iter().enumerate() {
        step(&world, number);
        // Half of the webhooks arrive; the list of changes brings the rest.
        if number % 2 == 1 {
            world.town.bamboohr.deliver_webhooks().await;
        }
        world.town.bamboohr.edit_pending(Vec::clear);
        for _ in 0..2 {
            world.town.clock.advance(61);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let what = format!("{name}, step {number}, wanted\n{milestone}\nbut is");
        world
            .eventually(&what, |town| {
                let _ = town;
                comparable(&world) == *milestone
            })
            .await;
    }
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{name}: {log}");
    tells_nothing(&world, &log);
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{name}: {:?}", world.town.jumpcloud.traffic().calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn bamboohr_may_be_otherwise_by_sync() {
    let milestones = milestones().await;
    let all = fewer(of_bamboohr(), 6).into_iter().map(|(name, setting)| by_sync(name, setting, &milestones));
    iter(all).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bamboohr_may_be_otherwise_by_serve() {
    let milestones = milestones().await;
    let all = fewer(of_bamboohr(), 6).into_iter().map(|(name, setting)| by_serve(name, setting, &milestones));
    iter(all).buffer_unordered(AT_ONCE * 2).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jumpcloud_may_be_otherwise_by_sync() {
    let milestones = milestones().await;
    let all = fewer(of_jumpcloud(), 6).into_iter().map(|(name, setting)| by_sync(name, setting, &milestones));
    iter(all).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jumpcloud_may_be_otherwise_by_serve() {
    let milestones = milestones().await;
    let all = fewer(of_jumpcloud(), 6).into_iter().map(|(name, setting)| by_serve(name, setting, &milestones));
    iter(all).buffer_unordered(AT_ONCE * 2).collect::<Vec<()>>().await;
}
