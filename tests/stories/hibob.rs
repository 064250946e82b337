//! HiBob as a source: what a cycle costs, what may be otherwise there, and what must not take anything away.

use std::time::Duration;

use futures::stream::{StreamExt, iter};
use jiff::SignedDuration;
use serde_json::json;
use tests::bob::{FieldUpdates, HiddenOne, ReadableDates, Switches, Version};
use tests::hr::{Hr, HrKind, Leaving, NewHire, What};
use tests::server::{Fault, Trouble};

use crate::cast::{ADA, GRACE, MONDAY};
use crate::world::{RULES, World, fewer, only_one_machine};

/// How many worlds of one matrix live at once: they mostly wait.
const AT_ONCE: usize = 8;

fn ada() -> NewHire {
    NewHire::new("Ada", "Byron").email(ADA).number(1007).starts("2020-01-06").department("Engineering")
}

fn grace() -> NewHire {
    NewHire::new("Grace", "Hopper").email(GRACE).number(1008).starts("2020-01-06").department("Sales")
}

/// Searches and reads of one person since they were last forgotten.
fn asked(hr: &Hr) -> (u64, u64) {
    let calls = hr.traffic().calls();
    let count = |part: &str| calls.iter().filter(|(call, _)| call.ends_with(part)).map(|(_, count)| count).sum();
    (count("people/search"), count("people/{id}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_costs_one_search_whoever_changed() {
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    let hr = &world.hr;
    let ids: Vec<String> =
        (0..40).map(|n| hr.hire(&ada().email(&format!("p{n}@acme.example")).number(2000 + n))).collect();
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve_with(&["--poll-every", "60"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for changed in [0, 1, 7] {
        for id in &ids[..changed] {
            hr.set(id, What::Department, Some(&format!("Loom {changed}")));
        }
        hr.lose_webhooks();
        world.forget_calls();
        world.town.travel_to(world.town.clock.now() + SignedDuration::from_secs(61));
        if changed == 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(world.town.jumpcloud.traffic().total(), 0, "{:?}", world.town.jumpcloud.traffic().calls());
        }
        for n in 0..changed {
            let email = format!("p{n}@acme.example");
            let group = format!("Dept Loom {changed}");
            let wanted = ["All staff", &group];
            world.eventually("the poll is done", |town| town.jumpcloud.groups_of(&email) == wanted).await;
        }
        assert_eq!(asked(hr), (1, 0), "{changed} changed: {:?}", hr.traffic().calls());
    }
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_either_version_is_a_hint_and_costs_one_read() {
    for version in [Version::Two, Version::One] {
        let world = World::of(HrKind::Bob, MONDAY, RULES).await;
        let id = world.hr.hire(&ada());
        world.hirewire(&["sync"]).await.expect(0);
        let serving = world.serve_with(&["--poll-every", "3600"]).await;
        let url = serving.url.clone();
        tokio::time::sleep(Duration::from_millis(500)).await;
        if version == Version::One {
            world.hr.lose_webhooks();
            let made = world.town.bob.subscribe_to(&url, version, None);
            world.town.write_key("webhook.key", &made.secret);
        }
        let serving = if version == Version::One {
            serving.stop().await;
            let address = url.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
            world.serve_at(&address).await
        } else {
            serving
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.forget_calls();
        world.hr.set(&id, What::Title, Some("Weaver"));
        world.hr.deliver_webhooks().await;
        world.eventually("the title is there", |_| world.says(ADA, "jobTitle") == "Weaver").await;
        assert_eq!(asked(&world.hr).0, 0, "{version:?}: {:?}", world.hr.traffic().calls());
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_unsigned_deliveries_are_refused_and_pings_are_not() {
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    let id = world.hr.hire(&ada());
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve_with(&["--poll-every", "3600"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.town.bob.ping_webhooks().await;
    let pings = world.town.bob.webhooks()[0].pings.clone();
    assert!(!pings.is_empty() && pings.iter().all(|status| *status == Some(200)), "{pings:?}");
    world.hr.set(&id, What::Title, Some("Weaver"));
    let waiting = world.town.bob.pending_webhooks();
    assert!(!waiting.is_empty());
    for mut delivery in waiting {
        delivery.sign("another secret");
        assert!(world.is_refused(world.town.bob.send(&delivery).await), "forged");
        delivery.headers.clear();
        assert!(world.is_refused(world.town.bob.send(&delivery).await), "unsigned");
    }
    assert_eq!(world.says(ADA, "jobTitle"), "");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_stops_at_once_and_far_below_the_firewall() {
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    for n in 0..80 {
        world.hr.hire(&ada().email(&format!("p{n}@acme.example")).number(2000 + n));
    }
    world.hr.rotate_key();
    let run = world.hirewire(&["sync"]).await.expect(3);
    assert!(run.err.contains("HiBob"), "{run:?}");
    assert!(world.hr.traffic().total() <= 5, "{:?}", world.hr.traffic().calls());
    assert_eq!(world.town.jumpcloud.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_instead_of_an_answer_takes_nothing_and_loses_nothing() {
    let page = || Trouble::Answer {
        status: 200,
        headers: vec![("content-type", "text/html".to_owned())],
        body: "<!doctype html><title>bob</title>".to_owned(),
    };
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    let id = world.hr.hire(&ada());
    world.hirewire(&["sync"]).await.expect(0);
    let before = world.town.jumpcloud.snapshot();
    let path = "/people/".to_owned();
    world.hr.traffic().fail(Fault { method: None, path, after: 0, times: 1000, trouble: page() });
    world.hr.set(&id, What::Title, Some("Weaver"));
    let run = world.hirewire(&["sync"]).await;
    assert_ne!(run.code, 0, "{run:?}");
    assert_eq!(world.town.jumpcloud.snapshot(), before);
    world.hr.traffic().heal();
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.says(ADA, "jobTitle"), "Weaver");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_user_no_longer_sees_takes_nothing_from_anybody() {
    let hidden =
        ["", "lifecycle", "internal.lifecycleStatus", "internal.status", "work", "root.email", "work.department"];
    for name in fewer(hidden, 3) {
        let world = World::of(HrKind::Bob, MONDAY, RULES).await;
        let (ada, grace) = (world.hr.hire(&ada()), world.hr.hire(&grace()));
        world.hr.set(&ada, What::Title, Some("Weaver"));
        world.hr.leave(&grace, "Parental leave", None, None, true);
        world.hirewire(&["sync"]).await.expect(0);
        let before = world.town.jumpcloud.snapshot();
        world.town.bob.switch(|switches| match name {
            // The condition that every new permission group begins with.
            "" => switches.audience_employed_only = true,
            field => switches.hidden_fields.extend([field.to_owned()]),
        });
        let run = world.hirewire(&["sync"]).await;
        assert!([0, 1].contains(&run.code), "{name}: {run:?}");
        assert_eq!(world.town.jumpcloud.snapshot(), before, "{name}");
        world.hr.show_everything();
        world.town.bob.switch(|s| s.audience_employed_only = false);
        world.hirewire(&["sync"]).await.expect(0);
        assert_eq!(world.town.jumpcloud.snapshot(), before, "{name}, seen again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_vanishes_from_the_list_is_held_and_not_a_leaver() {
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    let id = world.hr.hire(&ada());
    for n in 0..20 {
        world.hr.hire(&grace().email(&format!("p{n}@acme.example")).number(2000 + n));
    }
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.hr.delete(&id);
    world.hr.lose_webhooks();
    world.town.travel_to(world.town.clock.now() + SignedDuration::from_secs(61));
    let mut records = world.hirewire(&["records"]).await;
    for _ in 0..100 {
        if records.out.contains("HR no longer has this record") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        records = world.hirewire(&["records"]).await;
    }
    assert!(records.out.contains("HR no longer has this record"), "{records:?}");
    assert_eq!(world.state(ADA), "ACTIVATED");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_count_of_calls_is_obeyed_before_it_bites() {
    if only_one_machine("how many calls are under way together is one process's affair") {
        return;
    }
    let world = World::of(HrKind::Bob, MONDAY, RULES).await;
    for n in 0..30 {
        world.hr.hire(&ada().email(&format!("p{n}@acme.example")).number(2000 + n));
    }
    world.hirewire(&["sync"]).await.expect(0);
    // Eight reads of one person in each three seconds, and thirty webhooks at once.
    world.town.bob.switch(|s| {
        s.read_limit = Some(8);
        s.rate_window = Duration::from_secs(3);
    });
    let serving = world.serve_with(&["--poll-every", "3600"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    for id in world.hr.ids() {
        world.hr.set(&id, What::Title, Some("Weaver"));
    }
    world.forget_calls();
    world.hr.deliver_webhooks().await;
    let woven = |town: &tests::town::Town| town.jumpcloud.users().iter().filter(|u| u["jobTitle"] == "Weaver").count();
    world.eventually("everybody weaves", |town| woven(town) == 30).await;
    let refused = world.hr.traffic().exchanges().iter().filter(|one| one.status.as_u16() == 429).count();
    assert!(refused <= 1, "{refused} calls were refused: the count in each answer was not looked at");
    assert_eq!(serving.stop().await.0, 0);
}

// Every behaviour that nobody could confirm, both ways, with one story.

type Setting = (&'static str, fn(&mut Switches));

const OTHERWISE: [Setting; 22] = [
    ("one wrapped", |s| s.one_wrapped = true),
    ("fields wrapped", |s| s.fields_wrapped = true),
    ("lists as documented", |s| s.lists_documented = true),
    ("newest first", |s| s.newest_first = true),
    ("reads lag", |s| s.read_lag_seconds = 20),
    ("no limits", |s| (s.search_limit, s.metadata_limit) = (None, None)),
    ("retry after", |s| s.retry_after = true),
    ("a hidden one is forbidden", |s| s.hidden_one = HiddenOne::Forbidden),
    ("a hidden one is nothing", |s| s.hidden_one = HiddenOne::Nothing),
    ("garden leave keeps access", |s| s.garden_leave_keeps_access = true),
    ("terminated the day after", |s| s.terminated_the_day_after = true),
    ("a rehire is not shown as hired", |s| s.rehire_shows_hired = false),
    ("a rehire keeps the old end", |s| s.rehire_keeps_termination = true),
    ("days first", |s| s.readable_dates = ReadableDates::DayFirst),
    ("updates as texts", |s| s.field_updates = FieldUpdates::Texts),
    ("updates without fields", |s| s.field_updates = FieldUpdates::Absent),
    ("stamps are local", |s| s.triggered_at_local = true),
    ("arrivals fire", |s| s.arrival_fires = true),
    ("no table events", |s| s.table_events = false),
    ("pings unsigned", |s| s.ping_signed = false),
    ("twice", |s| s.twice = true),
    ("last first", |s| s.reversed = true),
];

fn comparable(world: &World) -> String {
    // Ids are given anew in each town.
    let ids = world.hr.ids();
    let text = world.town.jumpcloud.snapshot();
    ids.iter().enumerate().fold(text, |text, (at, id)| text.replace(id.as_str(), &format!("person {at}")))
}

async fn told(setting: Option<Setting>) -> Vec<String> {
    let world = World::of(HrKind::Bob, "2026-03-02T13:00[America/Denver]", RULES).await;
    if let Some((_, set)) = setting {
        world.town.bob.switch(set);
    }
    let name = setting.map_or("as we think", |(name, _)| name);
    let hr = &world.hr;
    world.town.jumpcloud.add_user(json!({ "email": GRACE, "username": "ghopper", "state": "ACTIVATED" }));
    let (ada, grace) = (hr.hire(&ada()), hr.hire(&grace()));
    let serving = world.serve().await;
    let mut seen = Vec::new();
    for step in 0..6 {
        match step {
            0 => {}
            1 => drop(
                hr.hire(&NewHire::new("Nia", "Vorn").email("nia@acme.example").starts("2026-03-09").reports_to(&ada)),
            ),
            2 => {
                hr.rename(&grace, "Murray", "grace.murray@acme.example");
                hr.set(&ada, What::Department, Some("Loom"));
            }
            3 => hr.terminate(&grace, &Leaving::on("2026-03-01")),
            4 => world.travel_to("2026-03-09T13:00[America/Denver]"),
            _ => {
                hr.rehire(&grace, "2026-03-16");
                world.town.tick();
                world.travel_to("2026-03-16T13:00[America/Denver]");
            }
        }
        hr.deliver_webhooks().await;
        // Past whatever lags, and past two polls.
        for _ in 0..2 {
            let searches = asked(hr).0;
            world.town.travel_to(world.town.clock.now() + SignedDuration::from_secs(61));
            hr.deliver_webhooks().await;
            world.comes_to_rest(&format!("{name}, step {step}"), |_| asked(hr).0 > searches).await;
        }
        seen.push(comparable(&world));
    }
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{name}: {log}");
    world.forget_calls();
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{name}: {:?}", world.town.jumpcloud.traffic().calls());
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_may_be_otherwise() {
    let settings: Vec<Setting> = fewer(OTHERWISE, 6);
    let all = std::iter::once(None).chain(settings.iter().copied().map(Some)).map(told);
    let all: Vec<Vec<String>> = iter(all).buffered(AT_ONCE).collect().await;
    let (usual, others) = all.split_first().expect("as we think comes first");
    assert!(usual.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 4, "{usual:#?}");
    assert_eq!(others.len(), settings.len());
    for (setting, seen) in settings.iter().zip(others) {
        for (step, (seen, usual)) in seen.iter().zip(usual).enumerate() {
            assert_eq!(seen, usual, "{}, step {step}", setting.0);
        }
    }
}
