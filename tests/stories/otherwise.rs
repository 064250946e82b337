//! Every behaviour of the vendors that nobody could confirm, both ways, with one story.

use std::time::Duration;

use futures::stream::{StreamExt, iter};
use serde_json::json;
use tests::bamboohr::{self, Empty, EmptyChanged, EmptyLatest, FutureHireStatus, Stamp};
use tests::jumpcloud::{self, ActionAnswer, Envelope, Missing, UserState, WrongFilter};

use crate::safety::{email, person, quiet, tells_nothing};
use crate::world::{RULES, World, fewer};

/// How many worlds live at once in one test.
const AT_ONCE: usize = 4;

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
