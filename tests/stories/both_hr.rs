//! The neutral verbs: what a story does to HR must mean the same in both systems, on a clock that jumps and on one that
//! runs.

use tests::bob::FIRST_SITE;
use tests::hr::{Hr, HrKind, Leaving, NewHire, What};

use crate::cast::{ADA, GRACE, MONDAY};
use crate::world::{Pace, RULES, World, on_aws};

fn ada() -> NewHire {
    NewHire::new("Ada", "Byron").email("ada.byron@acme.example").number(1007).starts("2020-01-06")
}

fn access(hr: &Hr, id: &str) -> String {
    hr.get(id, What::AccessStatus).expect("everybody has one")
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_written_and_read_alike() {
    for kind in HrKind::ALL {
        let world = World::of(kind, MONDAY, "").await;
        let hr = &world.hr;
        hr.add_site("London, UK", Some("Europe/London"));
        let boss = hr.hire(&NewHire::new("Zoe", "Clark").starts("2019-01-07"));
        let hire = ada().department("Engineering").title("Engineer").at("London, UK").reports_to(&boss);
        let id = hr.hire(&hire.personal_email("ada@home.example").employed_as("Contractor"));
        for (what, value) in [
            (What::Email, "ada.byron@acme.example"),
            (What::Department, "Engineering"),
            (What::Title, "Engineer"),
            (What::Site, "London, UK"),
            (What::Manager, &boss),
            (What::EmployeeNumber, "1007"),
            (What::PersonalEmail, "ada@home.example"),
            (What::EmploymentType, "Contractor"),
            (What::StartDate, "2020-01-06"),
            (What::AccessStatus, "Active"),
        ] {
            assert_eq!(hr.get(&id, what).as_deref(), Some(value), "{} {what:?}", hr.name());
        }
        hr.set(&id, What::Department, Some("Sales"));
        hr.rename(&id, "King", "ada.king@acme.example");
        hr.set(&id, What::Manager, None);
        hr.set_from(&id, What::Title, Some("Lead"), "2026-03-09");
        world.pass("2026-03-09T12:00[America/Denver]").await;
        let read = |what| hr.get(&id, what).unwrap_or_default();
        let facts = [What::Department, What::Title, What::LastName, What::Email, What::Manager].map(read);
        assert_eq!(facts, ["Sales", "Lead", "King", "ada.king@acme.example", ""], "{}", hr.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_leave_are_away_and_come_back_alike() {
    for kind in HrKind::ALL {
        let world = World::of(kind, MONDAY, "").await;
        let hr = &world.hr;
        let [leaver, fired, away, back] = ["a", "b", "c", "d"].map(|_| hr.hire(&ada()));
        hr.terminate(&leaver, &Leaving::on("2026-03-06"));
        assert_eq!(hr.get(&leaver, What::TerminationDate).as_deref(), Some("2026-03-06"));
        hr.terminate(&fired, &Leaving::on("2026-03-20").involuntary());
        hr.revoke_now(&fired);
        assert_eq!((access(hr, &leaver), access(hr, &fired)), ("Active".to_owned(), "Inactive".to_owned()));
        assert_eq!(hr.get(&fired, What::TerminationType).as_deref(), Some("Involuntary"));
        hr.leave(&away, "Parental leave", None, Some("2026-03-12"), true);
        assert_eq!(hr.get(&away, What::Status).as_deref(), Some("Parental leave"));
        hr.leave(&back, "Sabbatical", None, None, true);
        hr.back(&back);
        assert_ne!(hr.get(&back, What::Status).as_deref(), Some("Sabbatical"));
        world.pass("2026-03-13T12:00[America/Denver]").await;
        assert_eq!(access(hr, &leaver), "Inactive", "{}", hr.name());
        assert_ne!(hr.get(&away, What::Status).as_deref(), Some("Parental leave"));
        hr.rehire(&leaver, "2026-03-16");
        world.pass("2026-03-16T00:30[America/Denver]").await;
        assert_eq!(access(hr, &leaver), "Active", "{}", hr.name());
        hr.delete(&away);
        assert_eq!(hr.ids().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn midnight_passes_by_itself_where_the_clock_runs() {
    for pace in [Pace::Jumps, Pace::Runs] {
        let world = World::of(HrKind::Bob, MONDAY, "").await.at_pace(pace);
        let id = world.hr.hire(&NewHire::new("Sam", "Soon").at(FIRST_SITE).starts("2026-03-09"));
        world.pass("2026-03-08T12:00[America/Denver]").await;
        assert_eq!(access(&world.hr, &id), "Inactive");
        world.pass("2026-03-09T00:00[America/Denver]").await;
        assert_eq!(access(&world.hr, &id), "Active", "{pace:?}");
        let file = std::fs::read_to_string(world.town.folder().join("clock")).expect("a clock");
        assert_eq!(file.contains(" since "), pace == Pace::Runs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_town_has_two_hr_systems_and_a_configuration_for_each() {
    let world = World::of_both(MONDAY, "first_state = \"active\"\n", "first_state = \"staged\"\n").await;
    assert_eq!((world.hr.kind(), world.hr.key_file()), (HrKind::BambooHr, "bamboohr.key"));
    let text = std::fs::read_to_string(world.town.config()).expect("a configuration");
    for line in ["name = \"acme\"", "name = \"bolt\"", "source = \"bob\"", "webhook_key = \"file:bolt-webhook.key\""] {
        assert_eq!(text.lines().filter(|known| *known == line).count(), 1, "{line}");
    }
    let bob = world.town.hr(HrKind::Bob);
    assert!(world.town.plain_config_of(HrKind::Bob, "UTC", "").contains(&format!("base_url = \"{}\"", bob.url())));
    let key = std::fs::read_to_string(world.town.folder().join(bob.key_file())).expect("a key");
    assert_eq!(key, bob.key());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hire_a_change_and_an_end_arrive_from_both() {
    for kind in HrKind::ALL {
        let world = World::of(kind, MONDAY, RULES).await;
        let hr = &world.hr;
        let id = hr.hire(&ada().department("Engineering"));
        let check = world.hirewire(&["check"]).await;
        // On AWS it also asks for a key that only reads.
        assert_eq!(check.code, if on_aws() { 1 } else { 0 }, "{check:?}");
        world.hirewire(&["sync"]).await.expect(0);
        assert_eq!(world.state(ADA), "ACTIVATED", "{}", hr.name());
        assert_eq!(world.town.jumpcloud.groups_of(ADA), ["All staff", "Dept Engineering"], "{}", hr.name());

        let serving = world.serve().await;
        hr.set(&id, What::Department, Some("Sales"));
        for told in hr.deliver_webhooks().await {
            assert_eq!(told.status, Some(200), "{told:?}");
        }
        let in_sales = ["All staff", "Dept Sales"];
        world.eventually("Ada is in Sales", |town| town.jumpcloud.groups_of(ADA) == in_sales).await;
        hr.terminate(&id, &Leaving::on("2026-03-01"));
        hr.deliver_webhooks().await;
        world.eventually("Ada is suspended", |_| world.state(ADA) == "SUSPENDED").await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_keep_apart_what_comes_from_each() {
    let world = World::of_both(MONDAY, RULES, "first_state = \"active\"\n").await;
    world.hr.hire(&ada());
    let bob = world.town.hr(HrKind::Bob);
    let grace = bob.hire(&NewHire::new("Grace", "Hopper").email(GRACE).starts("2020-01-06"));
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!((world.state(ADA), world.state(GRACE)), ("ACTIVATED".to_owned(), "ACTIVATED".to_owned()));
    let serving = world.serve().await;
    bob.set(&grace, What::LastName, Some("Murray"));
    for told in bob.deliver_webhooks().await {
        assert_eq!(told.status, Some(200), "{told:?}");
    }
    world.eventually("Grace is Murray", |_| world.says(GRACE, "lastname") == "Murray").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_comes_by_itself_from_both_at_either_pace() {
    let rules = format!("create_days_before_start = 0\n{RULES}");
    for (kind, pace) in [(HrKind::BambooHr, Pace::Runs), (HrKind::Bob, Pace::Runs), (HrKind::Bob, Pace::Jumps)] {
        let world = World::of(kind, MONDAY, &rules).await.at_pace(pace);
        world.hr.hire(&ada().starts("2026-03-09"));
        let serving = world.serve().await;
        world.hr.deliver_webhooks().await;
        world.pass("2026-03-08T23:59[America/Denver]").await;
        assert!(world.town.jumpcloud.user(ADA).is_none(), "{kind:?} {pace:?}");
        world.pass("2026-03-09T00:00[America/Denver]").await;
        if on_aws() {
            // Schedules come each minute there, for which no story waits.
            world.town.travel_to(world.town.clock.now() + jiff::SignedDuration::from_mins(1));
        }
        let here = |town: &tests::town::Town| town.jumpcloud.user(ADA).is_some_and(|user| user["state"] == "ACTIVATED");
        world.eventually("Ada is here", here).await;
        assert_eq!(serving.stop().await.0, 0);
        if kind == HrKind::Bob {
            assert_eq!(world.town.bob.webhooks()[0].pings, [Some(200)], "a ping is taken");
        }
    }
}
