//! Which account is whose, and what is nobody's business but the administrator's.

use serde_json::json;

use crate::cast::{ADA, GRACE, MONDAY, active, ada, grace, person};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_survives_new_names_new_addresses_new_numbers_and_a_rehire() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    let id = world.says(ADA, "_id");
    let renamed = [
        ("firstName", Some("Augusta")),
        ("lastName", Some("Lovelace")),
        ("workEmail", Some("a.lovelace@acme.example")),
        ("employeeNumber", Some("2007")),
    ];
    world.town.bamboohr.set_all("7", &renamed);
    world.sync().await;
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state("a.lovelace@acme.example"), "SUSPENDED");
    world.travel_to("2026-09-01T09:00[America/Denver]");
    world.town.bamboohr.rehire("7", "2026-09-01");
    world.town.bamboohr.set("7", "workEmail", "augusta@acme.example");
    world.sync().await;
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    assert_eq!(world.says("augusta@acme.example", "_id"), id);
    assert_eq!(world.says("augusta@acme.example", "employeeIdentifier"), "2007");
    assert_eq!(world.says("augusta@acme.example", "username"), "ada.byron");
    assert_eq!(world.state("augusta@acme.example"), "ACTIVATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_rebuilt_from_the_accounts_without_writing() {
    let world = World::at(MONDAY).await;
    world.hire([ada().reports_to("8"), grace()]);
    world.sync().await;
    // Nothing but the link tells any more whose account this is.
    world.town.bamboohr.set_all("7", &[("workEmail", Some("new@acme.example")), ("employeeNumber", Some("2007"))]);
    world.lose_the_store().await;
    world.forget_calls();
    world.sync().await;
    assert_eq!(world.creations(), 0);
    assert_eq!(world.says("ada.byron", "email"), "new@acme.example");
    assert_eq!(world.count("PUT /api/systemusers/{id}"), 1, "only Ada's new e-mail");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_candidates_are_held_until_one_of_them_is_the_one() {
    let world = World::at(MONDAY).await;
    world.town.jumpcloud.add_user(json!({ "username": "by.mail", "email": ADA }));
    world.town.jumpcloud.add_user(json!({ "username": "by.number", "email": "x@acme.example",
        "employeeIdentifier": "1007" }));
    world.town.bamboohr.hire(ada());
    let run = world.hirewire(&["sync"]).await.expect(1);
    assert!(run.out.contains("several accounts could be this person's"), "{}", run.out);
    assert_eq!(world.town.jumpcloud.writes(), 0);
    assert!(world.shown("7").await.contains("held"));
    // As the message says: the identifier goes to the right one.
    world.town.jumpcloud.edit_user("by.number", json!({ "employeeIdentifier": null }));
    world.town.jumpcloud.edit_user("by.mail", json!({ "employeeIdentifier": "1007" }));
    world.sync().await;
    assert_eq!(world.slot("by.mail", "custom.hirewireId"), "acme:7");
    assert_eq!(world.slot("by.number", "custom.hirewireId"), "");
    assert!(world.shown("7").await.contains("synced"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_another_persons_identifier_is_held_until_corrected() {
    let world = World::at(MONDAY).await;
    world.town.jumpcloud.add_user(json!({ "email": ADA, "employeeIdentifier": "9999" }));
    world.town.bamboohr.hire(ada());
    let run = world.hirewire(&["sync"]).await.expect(1);
    assert!(run.out.contains("has this e-mail but another employee's identifier"), "{}", run.out);
    assert_eq!(world.town.jumpcloud.writes(), 0);
    world.town.jumpcloud.edit_user(ADA, json!({ "employeeIdentifier": "1007" }));
    world.hirewire(&["sync", "7"]).await.expect(0);
    assert_eq!(world.slot(ADA, "custom.hirewireId"), "acme:7");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_with_one_email_do_not_share_an_account() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(person("7", "Ada", "Byron"));
    world.sync().await;
    world.town.bamboohr.hire(person("12", "Ada", "Byron"));
    let run = world.hirewire(&["sync"]).await.expect(1);
    assert!(run.out.contains("acme:7; two people in HR claim it"), "{}", run.out);
    assert_eq!(world.slot(ADA, "custom.hirewireId"), "acme:7");
    let serving = world.serve().await;
    world.town.bamboohr.set("12", "workEmail", "ada.b@acme.example");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the other Ada has her own", |town| town.jumpcloud.user("ada.b@acme.example").is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
    assert!(world.shown("12").await.contains("synced"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_stays_deleted_and_is_shown() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.jumpcloud.delete_user(ADA);
    let run = world.hirewire(&["sync"]).await.expect(1);
    assert!(run.out.contains("was deleted in JumpCloud; it stays so"), "{}", run.out);
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    world.hirewire(&["sync", "7"]).await.expect(1);
    assert!(world.town.jumpcloud.users().is_empty());
    assert!(world.shown("7").await.contains("was deleted in JumpCloud"));
    // Made again by hand, it is hers again.
    world.town.jumpcloud.add_user(json!({ "email": ADA }));
    world.sync().await;
    assert_eq!(world.slot(ADA, "custom.hirewireId"), "acme:7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_made_anew_where_the_rules_say_so() {
    let rules = active("deleted_account = \"recreate\"\n[[connection.group]]\nname = \"All staff\"\n");
    let world = World::with(MONDAY, &rules).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    let old = world.says(ADA, "_id");
    world.town.jumpcloud.delete_user(ADA);
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "jobTitle", "Analyst");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is back", |town| town.jumpcloud.user(ADA).is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
    assert_ne!(world.says(ADA, "_id"), old);
    assert_eq!(world.says(ADA, "username"), "ada.byron");
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["All staff"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_by_hand_survives_syncs_changes_and_the_end() {
    let world = World::at(MONDAY).await;
    let jumpcloud = &world.town.jumpcloud;
    jumpcloud.add_user(json!({
        "email": ADA, "username": "ada.byron", "description": "Poet's daughter", "costCenter": "CC-1", "sudo": true,
        "phoneNumbers": [{ "type": "pager", "number": "007" }, { "type": "work_fax", "number": "+44 20 9" }],
        "addresses": [{ "type": "other", "locality": "Nottingham" }],
        "attributes": [{ "name": "locker", "value": "12" }],
    }));
    jumpcloud.add_user(json!({ "email": "cleaner@other.example", "username": "cleaner", "department": "Engineering" }));
    jumpcloud.add_group("Chess club");
    jumpcloud.add_member("Chess club", "ada.byron");
    jumpcloud.add_member("Chess club", "cleaner");
    let cleaner = jumpcloud.user("cleaner");
    let kept = || {
        let slots = ["description", "costCenter", "phone.pager", "phone.work_fax", "address.other.locality"];
        slots.into_iter().chain(["custom.locker"]).map(|name| world.slot("ada.byron", name)).collect::<Vec<_>>()
    };
    let before = kept();
    assert_eq!(before, ["Poet's daughter", "CC-1", "007", "+44 20 9", "Nottingham", "12"]);
    world.town.bamboohr.hire(ada().with("workPhone", "+44 20 1").with("city", "Bath"));
    world.sync().await;
    assert_eq!((world.slot("ada.byron", "phone.work"), kept()), ("+44 20 1".to_owned(), before.clone()));

    let changes = [("workPhone", None), ("city", Some("London")), ("department", Some("Sales"))];
    world.town.bamboohr.set_all("7", &changes);
    world.sync().await;
    assert_eq!((world.slot("ada.byron", "address.home.locality"), kept()), ("London".to_owned(), before.clone()));
    assert_eq!(jumpcloud.groups_of("ada.byron"), ["All staff", "Chess club", "Dept Sales"]);

    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!((world.state(ADA), kept()), ("SUSPENDED".to_owned(), before));
    assert_eq!(world.says(ADA, "sudo"), "true");
    assert_eq!(jumpcloud.groups_of("ada.byron"), ["Chess club"]);
    assert_eq!(jumpcloud.user("cleaner"), cleaner);
    assert_eq!(jumpcloud.groups_of("cleaner"), ["Chess club"]);
    assert!(jumpcloud.user(GRACE).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_changed_while_nobody_looks_keeps_what_is_not_ours() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(grace().with("workPhone", "1"));
    world.sync().await;
    world.town.jumpcloud.edit_user(
        GRACE,
        json!({ "attributes": [
        { "name": "hirewireId", "value": "acme:8" }, { "name": "locker", "value": "3" }] }),
    );
    let serving = world.serve().await;
    world.town.bamboohr.set("8", "workPhone", "2");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the phone is new", |_| world.slot(GRACE, "phone.work") == "2").await;
    assert_eq!(world.slot(GRACE, "custom.locker"), "3");
    assert_eq!(serving.stop().await.0, 0);
}
