//! Joiners, movers, leavers, rehires, through the real doors.

use tests::bamboohr::Person;

use crate::world::World;

fn ada() -> Person {
    Person::new("Ada", "Byron")
        .id("7")
        .email("ada.byron@acme.example")
        .with("employeeNumber", "1007")
        .with("department", "Engineering")
        .with("jobTitle", "Engineer")
        .hired("2020-01-06")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joiner_gets_an_account_with_attributes_and_groups() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.town.bamboohr.hire(ada());
    let run = world.hirewire(&["sync"]).await.expect(0);
    assert!(run.out.contains("+ ada.byron (Ada Byron, acme:7): Active (HR says Active)"), "{}", run.out);
    assert_eq!(world.state("ada.byron@acme.example"), "ACTIVATED");
    assert_eq!(world.says("ada.byron@acme.example", "employeeIdentifier"), "1007");
    assert_eq!(world.town.jumpcloud.groups_of("ada.byron"), ["All staff", "Dept Engineering"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_writes_nothing() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.move_in();
    world.hirewire(&["sync"]).await.expect(0);
    let before = world.town.jumpcloud.snapshot();
    world.forget_calls();
    let run = world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{}", run.out);
    assert_eq!(world.town.jumpcloud.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mover_changes_groups_and_attributes_by_poll() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.edit_pending(Vec::clear);
    world.town.clock.advance(61);
    world
        .eventually("Ada is in Sales", |town| town.jumpcloud.groups_of("ada.byron") == ["All staff", "Dept Sales"])
        .await;
    assert_eq!(world.says("ada.byron@acme.example", "department"), "Sales");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_keeps_the_account_and_its_user_name() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let id = world.says("ada.byron@acme.example", "_id");
    let serving = world.serve().await;
    let renamed = [("lastName", Some("Lovelace")), ("workEmail", Some("ada.lovelace@acme.example"))];
    world.town.bamboohr.set_all("7", &renamed);
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the e-mail is new", |town| town.jumpcloud.user("ada.lovelace@acme.example").is_some()).await;
    assert_eq!(world.says("ada.lovelace@acme.example", "_id"), id);
    assert_eq!(world.says("ada.lovelace@acme.example", "username"), "ada.byron");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_loses_access_and_groups_and_a_rehire_gets_the_same_account_back() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.town.bamboohr.hire(ada());
    world.hirewire(&["sync"]).await.expect(0);
    let id = world.says("ada.byron@acme.example", "_id");
    let serving = world.serve().await;

    world.town.bamboohr.terminate("7", "2026-03-02");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is suspended", |town| town.jumpcloud.groups_of("ada.byron").is_empty()).await;
    assert_eq!(world.state("ada.byron@acme.example"), "SUSPENDED");

    world.travel_to("2026-04-01T09:00[America/Denver]");
    world.town.bamboohr.rehire("7", "2026-04-01");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is back", |town| town.jumpcloud.groups_of("ada.byron").len() == 2).await;
    assert_eq!(world.state("ada.byron@acme.example"), "ACTIVATED");
    assert_eq!(world.says("ada.byron@acme.example", "_id"), id);
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_ends_at_the_persons_own_midnight() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.town.bamboohr.add_location(tests::bamboohr::Location::new("London, UK", "Europe/London"));
    world.town.bamboohr.hire(ada().with("location", "London, UK"));
    world.hirewire(&["sync"]).await.expect(0);
    let serving = world.serve().await;
    // BambooHR sends no webhook for an end that lies ahead: its list of changes tells.
    world.town.bamboohr.terminate("7", "2026-03-03");
    world.town.clock.advance(61);
    world
        .eventually("Hirewire foresees the end", |_| {
            let out = world.command(&["--format", "json", "records"]).output().expect("hirewire runs").stdout;
            String::from_utf8_lossy(&out).contains("2026-03-04T00:00:00Z")
        })
        .await;
    world.travel_to("2026-03-03T23:59[Europe/London]");
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.state("ada.byron@acme.example"), "ACTIVATED");
    world.travel_to("2026-03-04T00:00[Europe/London]");
    world
        .eventually("access has ended", |town| {
            town.jumpcloud.user("ada.byron").is_some_and(|account| account["state"] == "SUSPENDED")
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
}
