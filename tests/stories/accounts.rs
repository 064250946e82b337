//! What a new account is called, and what every account holds.

use serde_json::json;
use tests::bamboohr::{Location, Person};

use crate::cast::{ADA, MONDAY, active, ada, grace, person};
use crate::world::{RULES, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_is_what_the_rules_make_of_it() {
    let lukasz = person("9", "Łukasz", "Żółć").email("l.zolc@acme.example").with("employeeNumber", "1009");
    let longest = person("10", "Maximiliana-Theodora", "van der Hoogenband").email("m.vanderhoogenband@acme.example");
    for (from, expected) in [
        (r#""email""#, ["ada.byron", "l.zolc", "m.vanderhoogenband"]),
        (r#""display-name""#, ["ada.byron", "lukasz.zolc", "maximiliana-theodora"]),
        (r#"'lower(lastName) + "_" + lower(firstName)'"#, ["byron_ada", "zolc_lukasz", "van.der.hoogenband_m"]),
    ] {
        let rules = active(&format!("[connection.username]\nfrom = {from}\nmax_length = 20\n"));
        let world = World::with(MONDAY, &rules).await;
        world.hire([ada(), lukasz.clone(), longest.clone()]);
        world.sync().await;
        let names = world.town.jumpcloud.users().into_iter().map(|user| user["username"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "from {from}");
        assert!(names.iter().all(|name| name.len() <= 20), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_user_name_ends_at_thirty_characters_unless_the_rules_say_twenty() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada().email("an.uncommonly-long-local-part-indeed@acme.example"));
    world.sync().await;
    assert_eq!(world.town.jumpcloud.users()[0]["username"], "an.uncommonly-long-local-part");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_an_account_made_by_hand_has_gets_the_employee_id() {
    let world = World::at(MONDAY).await;
    world.town.jumpcloud.add_user(json!({ "username": "ada.byron", "email": "other@acme.example" }));
    world.town.jumpcloud.add_user(json!({ "username": "Grace.Hopper", "email": "another@acme.example" }));
    world.town.bamboohr.hire(ada());
    world.sync().await;
    assert_eq!(world.says(ADA, "username"), "ada.byron-7");
    // The same where nobody surveyed: by the webhook.
    let serving = world.serve().await;
    world.town.bamboohr.hire(grace());
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Grace is there", |town| town.jumpcloud.user("grace.hopper-8").is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_with_one_local_part_get_two_names() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.town.bamboohr.hire(person("12", "Ada", "Byron").email("ada.byron@labs.example"));
    world.sync().await;
    assert_eq!(world.says(ADA, "username"), "ada.byron");
    assert_eq!(world.says("ada.byron@labs.example", "username"), "ada.byron-12");
    // A third one comes by webhook.
    let serving = world.serve().await;
    world.town.bamboohr.hire(person("13", "Ada", "Byron").email("ada.byron@third.example"));
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the third is there", |town| town.jumpcloud.user("ada.byron-13").is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_account_keeps_its_user_name_and_gets_the_rest() {
    let world = World::at(MONDAY).await;
    world.town.jumpcloud.add_user(json!({ "username": "abyron", "email": "Ada.Byron@acme.example" }));
    world.town.bamboohr.hire(ada());
    let said = world.sync().await;
    assert!(said.contains("~ abyron (acme:7)"), "{said}");
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    assert_eq!(world.says("abyron", "username"), "abyron");
    assert_eq!(world.says("abyron", "employeeIdentifier"), "1007");
    assert_eq!(world.slot("abyron", "custom.hirewireId"), "acme:7");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_synced_without_a_work_email_and_whoever_gets_one_joins() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada().email(""));
    world.sync().await;
    assert!(world.town.jumpcloud.users().is_empty());
    let shown = world.shown("7").await;
    assert!(shown.contains("skipped") && shown.contains("no work e-mail in HR; add one there"), "{shown}");
    let serving = world.serve().await;
    world.town.bamboohr.set("7", "workEmail", ADA);
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("Ada is there", |town| town.jumpcloud.user(ADA).is_some()).await;
    assert_eq!(serving.stop().await.0, 0);
    assert!(world.shown("7").await.contains("synced"));
}

/// Every attribute that is mapped by default: its name, and what it holds for [`everything`].
const DEFAULTS: [(&str, &str, &str); 25] = [
    ("email", "workEmail", ADA),
    ("firstname", "firstName", "Augusta"),
    ("middlename", "middleName", "King"),
    ("lastname", "lastName", "Byron"),
    ("displayname", r#"trim(first(preferredName, firstName) + " " + lastName)"#, "Ada Byron"),
    ("employeeIdentifier", "employeeNumber", "1007"),
    ("jobTitle", "jobTitle", "Analyst"),
    ("department", "department", "Engineering"),
    ("company", "division", "Analytical Engines"),
    ("location", "location", "London, UK"),
    ("phone.work", r#"workPhoneExtension == "" ? workPhone : workPhone + " x" + workPhoneExtension"#, "+44 20 1 x77"),
    ("phone.home", "homePhone", "+44 20 2"),
    ("phone.mobile", "mobilePhone", "+44 7700 3"),
    ("address.work.streetAddress", "locationStreet", "5 Old St"),
    ("address.work.extendedAddress", "locationStreet2", "Floor 2"),
    ("address.work.locality", "locationCity", "London"),
    ("address.work.region", "locationState", "England"),
    ("address.work.postalCode", "locationPostcode", "EC1V 9HL"),
    ("address.work.country", "locationCountry", "United Kingdom"),
    ("address.home.streetAddress", "address1", "12 St James's Square"),
    ("address.home.extendedAddress", "address2", "Garden flat"),
    ("address.home.locality", "city", "Bath"),
    ("address.home.region", "state", "Somerset"),
    ("address.home.postalCode", "zipcode", "BA1 1AA"),
    ("address.home.country", "country", "England"),
];

/// Ada with every field filled, at a site with every part of its address.
fn everything(world: &World) -> Person {
    let site = Location::new("London, UK", "Europe/London");
    let site = site.at("5 Old St", "London", ("England", "ENG"), "EC1V 9HL", ("United Kingdom", "GB"));
    world.town.bamboohr.add_location(Location { address2: Some("Floor 2".to_owned()), ..site });
    let fields = [
        ("firstName", "Augusta"),
        ("middleName", "King"),
        ("preferredName", "Ada"),
        ("jobTitle", "Analyst"),
        ("division", "Analytical Engines"),
        ("location", "London, UK"),
        ("workPhone", "+44 20 1"),
        ("workPhoneExtension", "77"),
        ("homePhone", "+44 20 2"),
        ("mobilePhone", "+44 7700 3"),
        ("address1", "12 St James's Square"),
        ("address2", "Garden flat"),
        ("city", "Bath"),
        ("state", "Somerset"),
        ("zipcode", "BA1 1AA"),
        ("country", "England"),
    ];
    fields.into_iter().fold(ada(), |ada, (field, value)| ada.with(field, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_of_the_default_table_arrives_and_is_cleared_again() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(everything(&world));
    world.sync().await;
    for (name, _, expected) in DEFAULTS {
        assert_eq!(world.slot("ada.byron", name), expected, "{name}");
    }
    // What HR empties is emptied, all but what an account cannot be without.
    let fields = ["middleName", "preferredName", "jobTitle", "division", "location", "workPhone", "workPhoneExtension"];
    let more = ["homePhone", "mobilePhone", "address1", "address2", "city", "state", "zipcode", "country"];
    for field in fields.into_iter().chain(more) {
        world.town.bamboohr.set("7", field, None);
    }
    world.sync().await;
    let left = ["email", "firstname", "lastname", "displayname", "employeeIdentifier", "department"];
    for (name, _, _) in DEFAULTS.iter().filter(|(name, _, _)| !left.contains(name)) {
        assert_eq!(world.slot("ada.byron", name), "", "{name}");
    }
    assert_eq!(world.slot("ada.byron", "displayname"), "Augusta Byron");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_can_be_chosen_alone() {
    let each = DEFAULTS.map(|(name, source, expected)| async move {
        let rules = active(&format!("[connection.attributes]\n{name} = '{source}'\n"));
        let world = World::with(MONDAY, &rules).await;
        world.town.bamboohr.hire(everything(&world));
        world.sync().await;
        assert_eq!(world.slot(ADA, name), expected, "{name}");
        // Its own line, the first with e-mail, user name and state, and the link.
        let lines = world.town.jumpcloud.snapshot().lines().count();
        assert_eq!(lines, if name == "email" { 2 } else { 3 }, "{name}: {}", world.town.jumpcloud.snapshot());
    });
    futures::future::join_all(each).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_of_every_kind_and_an_address_that_moves_with_the_location() {
    let rules = active(
        "[connection.attributes]\nphone.work = 'workPhonePlusExtension'\nphone.work_mobile = 'companyMobile'\n\
         address.work.locality = 'locationCity'\naddress.work.country = 'locationCountry'\n",
    );
    let world = World::with(MONDAY, &rules).await;
    let leeds = Location::new("Leeds", "Europe/London").at("1 Park Row", "Leeds", ("", ""), "LS1", ("England", "GB"));
    world.town.bamboohr.add_location(leeds);
    world.town.bamboohr.hire(everything(&world).with("companyMobile", "+44 7700 4"));
    world.sync().await;
    assert_eq!(world.slot(ADA, "phone.work"), "+44 20 1 x77");
    assert_eq!(world.slot(ADA, "phone.work_mobile"), "+44 7700 4");
    assert_eq!(world.slot(ADA, "address.work.locality"), "London");
    world.town.bamboohr.set("7", "location", "Leeds");
    world.sync().await;
    assert_eq!(world.slot(ADA, "address.work.locality"), "Leeds");
    assert_eq!(world.slot(ADA, "address.work.country"), "England");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preferred_name_is_shown_and_the_first_name_where_there_is_none() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada().with("firstName", "Augusta").with("preferredName", "Ada"));
    world.sync().await;
    assert_eq!(world.says(ADA, "displayname"), "Ada Byron");
    world.town.bamboohr.set("7", "preferredName", None);
    world.sync().await;
    assert_eq!(world.says(ADA, "displayname"), "Augusta Byron");
}

const COMPUTED: &str = r#"
[connection.fields]
badge = "4340.4"

[connection.lookup.cost]
"Research  and Development" = "CC-100"
sales = "CC-200"

[connection.attributes]
costCenter = 'lookup("cost", department)'
description = 'upper(ascii(lastName)) + ", " + jobTitle'
custom.badge = "badge"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn custom_computed_and_looked_up_values() {
    let world = World::with(MONDAY, &active(COMPUTED)).await;
    let ada = ada().with("lastName", "Bÿron").with("jobTitle", "Analyst").with("4340.4", "B-7");
    world.town.bamboohr.hire(ada.with("department", " research and  DEVELOPMENT"));
    world.sync().await;
    assert_eq!(world.slot(ADA, "costCenter"), "CC-100");
    assert_eq!(world.slot(ADA, "description"), "BYRON, Analyst");
    assert_eq!(world.slot(ADA, "custom.badge"), "B-7");
    // A custom attribute that HR empties goes; the link beside it stays.
    world.town.bamboohr.set("7", "4340.4", None);
    world.sync().await;
    assert_eq!(world.slot(ADA, "custom.badge"), "");
    assert_eq!(world.slot(ADA, "custom.hirewireId"), "acme:7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_table_maps_is_reported_and_the_attribute_left() {
    let world = World::with(MONDAY, &active(COMPUTED)).await;
    world.town.bamboohr.hire(ada().with("department", "Sales").with("jobTitle", "Rep"));
    world.sync().await;
    world.town.bamboohr.set("7", "department", "Marketing");
    world.town.bamboohr.set("7", "jobTitle", "Marketer");
    let said = world.sync().await;
    assert!(said.contains(r#"costCenter is left as it is: lookup table `cost` has no line for "Marketing""#), "{said}");
    assert_eq!(world.slot(ADA, "costCenter"), "CC-200");
    assert_eq!(world.slot(ADA, "description"), "BYRON, Marketer");
    assert!(world.shown("7").await.contains("no line for \"Marketing\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_were_there_before_are_synced_at_once() {
    let world = World::with(MONDAY, RULES).await;
    world.move_in();
    world.town.jumpcloud.add_user(json!({ "email": "sam.okafor@acme.example", "jobTitle": "Old title" }));
    world.sync().await;
    assert_eq!(world.says("sam.okafor@acme.example", "jobTitle"), "Account Executive");
    assert_eq!(world.says("sam.okafor@acme.example", "employeeIdentifier"), "1097");
    // Everyone but four leavers and the two without a work e-mail.
    assert_eq!(world.town.jumpcloud.users().len(), 94);
}
