//! What `hirewire forecast` says, and what `hirewire serve` then does: the same, at the same moments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tests::bamboohr::Leave;
use tests::hr::{Hr, HrKind, Leaving, NewHire};

use crate::world::{World, instant, only_one_machine};

/// Days looked ahead; London's clocks change on the sixth.
const DAYS: i32 = 30;
const START: &str = "2026-03-23T09:00[America/Denver]";
const SITES: [(&str, &str); 4] = [
    ("Denver", "America/Denver"),
    ("London", "Europe/London"),
    ("Kiritimati", "Pacific/Kiritimati"),
    ("Pago Pago", "Pacific/Pago_Pago"),
];

const RULES: &str = r#"first_state = "suspended-until-start"
create_days_before_start = 4
[connection.time_zones]
"Denver" = "America/Denver"
"London" = "Europe/London"
"Kiritimati" = "Pacific/Kiritimati"
"Pago Pago" = "Pacific/Pago_Pago"
[connection.leaver]
on = "last-day"
delete_after_days = 3
devices = "remove"
[connection.leave]
statuses = ["Parental leave"]
time_off_types = ["Sabbatical"]
time_off_longer_than_days = 2
groups = "leave"
[connection.brakes]
delete = 5
[[connection.group]]
name = "All staff"
[[connection.group]]
name_from = '"Dept " + department'
when = 'department != ""'
"#;

/// HiBob knows no time off with dates.
fn rules(kind: HrKind) -> String {
    match kind {
        HrKind::BambooHr => RULES.to_owned(),
        HrKind::Bob => RULES.lines().filter(|line| !line.starts_with("time_off")).map(|l| format!("{l}\n")).collect(),
    }
}

/// Twenty people at four sites, with everything that HR's own dates say of the days to come.
fn move_in(world: &World) -> BTreeMap<String, &'static str> {
    let hr = &world.hr;
    SITES.iter().for_each(|(site, zone)| hr.add_site(site, Some(zone)));
    let mut where_ = BTreeMap::new();
    let mut hire = |number: u32, first: &str, site: &'static str, starts: &str, manager: Option<&str>| {
        let email = format!("{}@acme.example", first.to_lowercase());
        let department = if number.is_multiple_of(2) { "Sales" } else { "Engineering" };
        let one = NewHire::new(first, "Reed").email(&email).number(number).department(department).at(site);
        let one = match manager {
            Some(id) => one.reports_to(id),
            None => one,
        };
        let id = hr.hire(&one.starts(starts));
        where_.insert(id.clone(), site);
        id
    };
    let since = "2020-01-06";
    let boss = hire(1, "Ann", "Denver", since, None);
    let old: Vec<String> = [("Ben", "London"), ("Cai", "Kiritimati"), ("Dee", "Pago Pago"), ("Eli", "Denver")]
        .into_iter()
        .chain([("Fay", "London"), ("Gus", "Kiritimati"), ("Hal", "Pago Pago"), ("Ida", "Denver"), ("Jon", "London")])
        .zip(2..)
        .map(|((name, site), number)| hire(number, name, site, since, Some(&boss)))
        .collect();
    // Starters everywhere; one manager begins after her report, and one is known only from the fourth day before on.
    hire(20, "Kim", "Kiritimati", "2026-03-30", Some(&boss));
    hire(21, "Lea", "Pago Pago", "2026-03-30", Some(&boss));
    hire(22, "Max", "London", "2026-03-29", Some(&boss));
    let late = hire(23, "Nia", "Denver", "2026-04-02", Some(&boss));
    hire(24, "Ole", "London", "2026-03-25", Some(&late));
    hire(25, "Pia", "Denver", "2026-05-01", Some(&boss));
    let passing = hire(26, "Quy", "London", "2026-03-26", Some(&boss));
    // Leavers on the same day at four sites, on the day London's clocks change, and after a few days at work only.
    for id in &old[..4] {
        hr.terminate(id, &Leaving::on("2026-03-26"));
    }
    hr.terminate(&old[4], &Leaving::on("2026-03-28"));
    hr.terminate(&passing, &Leaving::on("2026-03-31"));
    // One whose employment goes on after the last day at work, where HR knows that.
    hr.terminate(&old[5], &Leaving::on("2026-03-27").ending("2026-04-01"));
    hr.leave(&old[6], "Parental leave", None, None, true);
    if let Hr::BambooHr(bamboohr) = hr {
        for (id, start, end) in [(&old[7], "2026-03-27", "2026-03-30"), (&old[8], "2026-03-29", "2026-04-20")] {
            bamboohr.add_leave(Leave {
                id: 0,
                employee: id.clone(),
                kind: "Sabbatical".to_owned(),
                start: start.to_owned(),
                end: end.to_owned(),
                status: "approved".to_owned(),
            });
        }
    }
    where_
}

/// What is done to whom, when: each thing by itself, without the ids of accounts that are still to be made.
type Story = BTreeMap<(Timestamp, String), BTreeSet<String>>;

fn tell(story: &mut Story, at: &str, employee: &str, plan: &Value) {
    let things = story.entry((at.parse().expect("a moment"), employee.to_owned())).or_default();
    for action in plan["actions"].as_array().expect("actions") {
        let text = |name: &str| action[name].as_str().unwrap_or_default().to_owned();
        match action["action"].as_str().expect("a kind") {
            "create" => {
                let what = format!("create {} {} ({})", text("username"), text("state"), text("because"));
                things.insert(what);
                slots(things, &action["values"]);
                if !action["manager"].is_null() {
                    things.insert("manager".to_owned());
                }
            }
            "update" => {
                let state = &action["state"];
                if !state.is_null() {
                    things.insert(format!("{} -> {} ({})", state["from"], state["to"], state["because"]));
                }
                slots(things, &action["changes"]);
                if !action["manager"].is_null() {
                    things.insert("manager".to_owned());
                }
            }
            "unbind" => drop(things.insert(format!("unbind {}", action["devices"]))),
            kind @ ("join" | "leave") => {
                // A survey that read JumpCloud's lists a moment before does it again, for a reason of its own; JumpCloud
                // says that it is so already.
                let what = format!("{kind} {} (", text("group"));
                if !things.iter().any(|thing| thing.starts_with(&what)) {
                    things.insert(format!("{what}{})", text("because")));
                }
            }
            kind => drop(things.insert(format!("{kind} ({})", text("because")))),
        }
    }
    if things.is_empty() {
        things.insert("held".to_owned());
    }
}

fn slots(things: &mut BTreeSet<String>, changes: &Value) {
    for change in changes.as_array().into_iter().flatten() {
        things.insert(format!("{} = {}", change["attribute"], change["to"]));
    }
}

/// The forecast, as far as something is really done.
fn foretold(forecast: &Value) -> Story {
    let mut story = Story::new();
    for change in forecast["changes"].as_array().expect("changes") {
        if change["status"] != "held" {
            let employee = change["employee"].as_str().expect("a key");
            tell(&mut story, change["at"].as_str().expect("a moment"), employee, &change["plan"]);
        }
    }
    story
}

/// What really was done, by the audit, after this moment.
async fn done(world: &World, people: impl Iterator<Item = &String>, after: Timestamp) -> Story {
    let mut story = Story::new();
    for id in people {
        let told = world.hirewire(&["explain", id, "--format", "json"]).await.expect(0).json();
        for past in told["history"].as_array().expect("a history, newest first").iter().rev() {
            let at: Timestamp = past["at"].as_str().expect("a moment").parse().expect("a moment");
            if past["kind"] == "intended" && at > after {
                let employee = told["employee"].as_str().expect("a key");
                tell(&mut story, past["at"].as_str().expect("a moment"), employee, &past["plan"]);
            }
        }
    }
    story
}

fn compare(kind: HrKind, foretold: &Story, done: &Story) {
    let mut differences = String::new();
    let moments: BTreeSet<&(Timestamp, String)> = foretold.keys().chain(done.keys()).collect();
    for moment @ (at, who) in moments {
        let (said, did) = (foretold.get(moment), done.get(moment));
        if said != did {
            differences += &format!("{at} {who}\n  foretold: {said:?}\n  done:     {did:?}\n");
        }
    }
    assert!(differences.is_empty(), "{kind:?}: the forecast and what came differ\n{differences}");
}

/// Every midnight of every site, every moment of the forecast, and a minute after each.
fn moments(forecast: &Value, from: Timestamp, until: Timestamp) -> BTreeSet<Timestamp> {
    let mut moments = BTreeSet::new();
    for (_, zone) in SITES {
        let zone = TimeZone::get(zone).expect("a zone");
        let mut day = from.to_zoned(zone.clone()).date();
        for _ in 0..=DAYS {
            day = day.tomorrow().expect("a day");
            moments.insert(day.to_zoned(zone.clone()).expect("a midnight").timestamp());
        }
    }
    for change in forecast["changes"].as_array().expect("changes") {
        let at: Timestamp = change["at"].as_str().expect("a moment").parse().expect("a moment");
        moments.extend([at, at + SignedDuration::from_mins(1)]);
    }
    moments.retain(|moment| *moment > from && *moment <= until);
    moments
}

/// Lets a moment come, and waits until HR has been polled, somebody has been written to where that is `foretold`, and
/// nothing is going on any more.
async fn live_through(world: &World, moment: Timestamp, foretold: bool) {
    let (calls, writes) = (world.calls(), world.town.jumpcloud.writes());
    world.town.travel_to(moment);
    let has_begun = |world: &World| world.calls() != calls && (!foretold || world.town.jumpcloud.writes() != writes);
    world.comes_to_rest(&moment.to_string(), has_begun).await;
}

async fn what_is_foretold_comes(kind: HrKind) {
    if only_one_machine("the clock is moved a hundred times, and the same code decides there") {
        return;
    }
    let world = World::of(kind, START, &rules(kind)).await;
    // Thirty days pass in two minutes, in which Bob would answer a hundred searches and as many lists only.
    world.town.bob.switch(|switches| (switches.search_limit, switches.metadata_limit) = (None, None));
    let people = move_in(&world);
    world.hirewire(&["sync"]).await.expect(0);
    let device = world.town.jumpcloud.bind_device("ben@acme.example");
    let from = instant(START) + SignedDuration::from_secs(90);
    world.town.travel_to(from);
    let (writes, days) = (world.town.jumpcloud.writes(), DAYS.to_string());
    let run = world.hirewire(&["forecast", "--days", &days, "--format", "json"]).await.expect(0);
    let forecast = run.json();
    assert_eq!((world.town.jumpcloud.writes(), run.err.as_str()), (writes, ""));
    assert!(run.out.contains(&device), "whose devices go is said: {}", run.out);

    let until = from + SignedDuration::from_hours(24 * i64::from(DAYS));
    let serving = world.serve_with(&["--poll-every", "1"]).await;
    let said = foretold(&forecast);
    let changing: BTreeSet<Timestamp> = said.keys().map(|(at, _)| *at).collect();
    for moment in moments(&forecast, from, until) {
        live_through(&world, moment, changing.contains(&moment)).await;
    }
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    let did = done(&world, people.keys(), from).await;
    compare(kind, &said, &did);
    let things: usize = said.values().map(BTreeSet::len).sum();
    assert!(said.len() > 20, "{things} things at {} moments are no story", said.len());
    let after = world.hirewire(&["plan"]).await;
    assert!(after.out.contains(" 0 to change"), "{}", after.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foretold_of_bamboohr_comes() {
    what_is_foretold_comes(HrKind::BambooHr).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foretold_of_bob_comes() {
    what_is_foretold_comes(HrKind::Bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_is_a_table_a_document_and_a_file_and_writes_nothing() {
    let world = World::of(HrKind::BambooHr, START, &rules(HrKind::BambooHr)).await;
    let people = move_in(&world);
    world.hirewire(&["sync"]).await.expect(0);
    let ben = people.keys().nth(1).expect("somebody");
    let file = world.town.folder().join("forecast.csv");
    let path = file.to_string_lossy().into_owned();
    let writes = world.town.jumpcloud.writes();
    let all = world.hirewire(&["forecast", "--csv", &path]).await.expect(0);
    for words in ["local time", "suspended", "last day 2026-03-26", "2026-03-27 00:00 +14", "03-26 10:00Z"] {
        assert!(all.out.contains(words), "`{words}` is not in\n{}", all.out);
    }
    assert!(all.out.contains("Nothing was written.") && all.err.is_empty(), "{all:?}");
    assert_eq!(world.town.jumpcloud.writes(), writes);
    let table = std::fs::read_to_string(&file).expect("a file");
    assert!(table.starts_with("utc,local,zone,employee,name,status,what,why\n"), "{table}");
    assert!(table.contains("Pacific/Kiritimati"), "{table}");
    let one = world.hirewire(&["forecast", ben, "--format", "json"]).await.expect(0).json();
    let changes = one["changes"].as_array().expect("changes");
    assert!(!changes.is_empty() && changes.iter().all(|change| change["employee"] == format!("acme:{ben}")), "{one}");
    world.hirewire(&["forecast", "--days", "0"]).await.expect(2);
    world.hirewire(&["forecast", "--days", "367"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_on_which_a_brake_holds_somebody_is_named() {
    let rules = rules(HrKind::BambooHr).replace("delete = 5", "delete = 2");
    let world = World::of(HrKind::BambooHr, START, &rules).await;
    for (number, first) in (1..).zip(["Ann", "Ben", "Cai"]) {
        let one = NewHire::new(first, "Reed").email(&format!("{first}@acme.example")).number(number);
        let id = world.hr.hire(&one.starts("2020-01-06"));
        world.hr.terminate(&id, &Leaving::on("2026-03-26"));
    }
    world.hirewire(&["sync"]).await.expect(0);
    let run = world.hirewire(&["forecast"]).await.expect(0);
    let day = "! acme, 2026-03-30: 3 people meet brakes.delete = 2: 1 held";
    assert!(run.out.contains(day) && run.out.contains("more in 24 hours than brakes.delete = 2 allows"), "{}", run.out);
    assert_eq!(run.out.matches("account deleted").count(), 2, "{}", run.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_step_comes_first_and_a_paused_connection_says_so() {
    let world = World::of(HrKind::BambooHr, START, &rules(HrKind::BambooHr)).await;
    world.hr.hire(&NewHire::new("Ada", "Byron").email("ada@acme.example").starts("2020-01-06"));
    let run = world.hirewire(&["forecast"]).await.expect(0);
    assert!(run.out.contains("now") && run.out.contains("new account ada, active"), "{}", run.out);
    assert!(run.out.contains("1 person to change now"), "{}", run.out);
    let (_, zone) = SITES[0];
    let paused = world.town.plain_config(zone, &format!("mode = \"paused\"\n{}", rules(HrKind::BambooHr)));
    world.town.write_config(&paused);
    world.forget_calls();
    let run = world.hirewire(&["forecast"]).await.expect(0);
    assert!(run.out.contains("acme: paused"), "{}", run.out);
    assert_eq!(world.calls(), (0, 0));
}
