//! Groups by rules.

use serde_json::json;

use crate::cast::{ADA, GRACE, MONDAY, active, ada, grace};
use crate::world::{World, only_one_machine};

const BY_FIELD: &str = r#"
[[connection.group]]
name = "Builders"
when = 'department == "Engineering"'

[[connection.group]]
name = "Heads"
when = 'jobTitle.startsWith("Head of")'

[[connection.group]]
name_from = '"Site " + location'
when = 'location != ""'

[[connection.group]]
name_from = 'division'

[[connection.group]]
name = "Contractors"
when = 'employmentHistoryStatus == "Contractor"'
"#;

#[tokio::test(flavor = "multi_thread")]
async fn groups_by_department_title_location_division_and_employment_type() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    let ada = ada().with("jobTitle", "Head of Engines").with("location", "Leeds").with("division", "Acme North");
    world.town.bamboohr.hire(ada.employed_as("Contractor"));
    world.town.bamboohr.hire(grace());
    world.town.jumpcloud.add_group("Builders");
    let said = world.sync().await;
    let expected = ["Acme North", "Builders", "Contractors", "Heads", "Site Leeds"];
    assert_eq!(world.town.jumpcloud.groups_of(ADA), expected);
    assert!(world.town.jumpcloud.groups_of(GRACE).is_empty());
    assert!(said.contains("+ group Heads, which is made (by jobTitle.startsWith(\"Head of\"))"), "{said}");
    assert!(said.contains("+ group Builders (by department == \"Engineering\")"), "{said}");
    // Each was made once, and "Builders" was there.
    assert_eq!(world.count("POST /api/v2/usergroups"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mover_leaves_the_old_groups_and_enters_the_new() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    world.town.bamboohr.hire(ada().with("location", "Leeds").with("jobTitle", "Head of Engines"));
    world.sync().await;
    let moved = [("department", Some("Sales")), ("location", Some("York")), ("jobTitle", Some("Rep"))];
    world.town.bamboohr.set_all("7", &moved);
    let said = world.sync().await;
    assert!(said.contains("- group Builders (no rule names it for this person)"), "{said}");
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Site York"]);
    assert_eq!(world.says(ADA, "jobTitle"), "Rep");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_group_is_reported_and_not_made_where_the_rules_say_so() {
    let rules = active(&format!("create_groups = false\n{BY_FIELD}"));
    let world = World::with(MONDAY, &rules).await;
    world.town.bamboohr.hire(ada());
    let said = world.sync().await;
    assert!(said.contains("group Builders does not exist; create it, or create_groups = true"), "{said}");
    assert_eq!(world.state(ADA), "ACTIVATED");
    // Once somebody makes it, the next survey fills it.
    world.town.jumpcloud.add_group("Builders");
    world.sync().await;
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Builders"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dynamic_group_is_never_written() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    let query = json!({ "queryType": "FilterQuery", "filters": [
        { "field": "department", "operator": "eq", "value": "Engineering" }] });
    world.town.jumpcloud.add_dynamic_group("Builders", query);
    world.town.bamboohr.hire(ada());
    let said = world.sync().await;
    assert!(said.contains("group Builders is dynamic: JumpCloud fills it"), "{said}");
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Builders"]);
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!(world.state(ADA), "SUSPENDED");
    assert_eq!(world.count("POST /api/v2/usergroups/{id}/members"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn leavers_keep_their_groups_where_the_rules_say_so() {
    let world = World::with(MONDAY, &active(&format!("[connection.leaver]\ngroups = \"keep\"\n{BY_FIELD}"))).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.terminate("7", "2026-03-01");
    world.sync().await;
    assert_eq!((world.state(ADA), world.town.jumpcloud.groups_of(ADA)), ("SUSPENDED".into(), vec!["Builders".into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_somebody_deleted_is_made_again_for_everyone() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.jumpcloud.delete_group("Builders");
    // By webhook, where nobody knew yet that it is gone.
    let serving = world.serve().await;
    world.town.bamboohr.hire(grace().with("department", "Engineering"));
    world.town.bamboohr.deliver_webhooks().await;
    world
        .eventually("Grace is a builder", |town| {
            town.jumpcloud.user(GRACE).is_some() && town.jumpcloud.groups_of(GRACE) == ["Builders"]
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);
    world.sync().await;
    assert_eq!(world.town.jumpcloud.members("Builders"), ["ada.byron", "grace.hopper"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_takes_back_what_was_added_by_hand_to_a_managed_group_only() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    world.town.jumpcloud.add_group("Chess club");
    world.town.jumpcloud.add_member("Builders", GRACE);
    world.town.jumpcloud.add_member("Chess club", GRACE);
    world.town.jumpcloud.remove_member("Builders", ADA);
    world.sync().await;
    assert_eq!(world.town.jumpcloud.groups_of(GRACE), ["Chess club"]);
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Builders"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_the_rules_no_longer_name_is_left_by_everyone_they_put_there() {
    let world = World::with(MONDAY, &active(BY_FIELD)).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    let renamed = active(&BY_FIELD.replace("\"Builders\"", "\"Makers\""));
    world.town.write_config(&world.town.plain_config("America/Denver", &renamed));
    world.sync().await;
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Makers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_another_process_made_is_left_like_any_other() {
    if only_one_machine("there, two provisioners are at work in every story") {
        return;
    }
    let world = World::with(MONDAY, &active("[[connection.group]]\nname_from = \"department\"\n")).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    // It has read which groups there are.
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "department", "Brand New");
    world.hirewire(&["sync", "7"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.groups_of(ADA), ["Brand New"]);
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada sells", |town| town.jumpcloud.groups_of(ADA).contains(&"Sales".to_owned())).await;
    world.eventually("Ada sells only", |town| town.jumpcloud.groups_of(ADA) == ["Sales"]).await;
    assert_eq!(serving.stop().await.0, 0);
}
