//! What a person sees and keeps: plans, results, records, explanations.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::cast::{ADA, MONDAY, active, ada, grace, person};
use crate::world::{World, only_one_machine};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_everyone_writes_nothing_and_the_sync_does_exactly_that() {
    let world = World::at(MONDAY).await;
    world.hire([ada(), grace()]);
    world.sync().await;
    world.town.bamboohr.hire(person("9", "Edith", "Clarke").with("department", "Sales"));
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.terminate("8", "2026-03-01");
    world.town.clock.advance(60);
    let (store, before) = (store(&world), world.town.jumpcloud.snapshot());
    world.forget_calls();
    let text = world.hirewire(&["plan"]).await.expect(0).out;
    let planned = world.hirewire(&["plan", "--format", "json"]).await.expect(0).json();
    assert_eq!(world.town.jumpcloud.writes(), 0);
    assert_eq!((self::store(&world), world.town.jumpcloud.snapshot()), (store, before));
    for line in [
        "~ grace.hopper (acme:8): active -> suspended",
        "- group Dept Sales",
        "~ department: Engineering -> Sales (by department)",
        "+ edith.clarke (Edith Clarke, acme:9): active (HR says Active)",
        "acme: 3 people in HR, 3 to change, 0 held for a decision",
        "Nothing was written.",
    ] {
        assert!(text.to_lowercase().contains(&line.to_lowercase()), "`{line}` is not in\n{text}");
    }
    world.sync().await;
    let plans = planned["plans"].as_array().expect("plans");
    assert_eq!(plans.len(), 3);
    for plan in plans {
        let id = plan["key"].as_str().or(plan["key"]["id"].as_str()).expect("a key");
        let explained = world.hirewire(&["explain", id.trim_start_matches("acme:"), "--format", "json"]).await.json();
        let intent = explained["history"].as_array().expect("a history").iter().find(|past| past["kind"] == "intended");
        assert_eq!(intent.expect("an audit row")["plan"]["actions"], plan["actions"], "{id}");
    }
    let nothing = world.hirewire(&["plan"]).await.expect(0).out;
    assert!(nothing.contains("3 people in HR, 0 to change"), "{nothing}");
}

/// What the store holds, to the byte; what is still in its journal included.
fn store(world: &World) -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(world.town.folder()).expect("a folder");
    let files = folder.map(|entry| entry.expect("a file").path());
    let mut kept: Vec<(String, Vec<u8>)> = files
        .filter(|path| path.to_string_lossy().ends_with(".db") || path.to_string_lossy().ends_with(".db-wal"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a readable file")))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    kept.sort();
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_one_person_is_about_that_person_only() {
    let world = World::at(MONDAY).await;
    world.hire([ada(), grace()]);
    let run = world.hirewire(&["plan", "8"]).await.expect(0);
    assert!(run.out.contains("+ grace.hopper (Grace Hopper, acme:8)"), "{}", run.out);
    assert!(run.out.contains("+ employeeIdentifier: 1008"), "{}", run.out);
    assert!(!run.out.contains("Ada"), "{}", run.out);
    assert_eq!(world.town.jumpcloud.writes(), 0);
    world.sync().await;
    assert!(world.hirewire(&["plan", "8"]).await.expect(0).out.contains("= grace.hopper (acme:8): nothing to do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_a_suspension_by_hand_as_a_note() {
    let world = World::at(MONDAY).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.jumpcloud.suspend_by_hand(ADA);
    let run = world.hirewire(&["plan", "7"]).await.expect(0);
    assert!(run.out.contains("= ada.byron (acme:7): nothing to do"), "{}", run.out);
    assert!(run.out.contains("! an administrator suspended this account"), "{}", run.out);
    assert_eq!(world.state(ADA), "SUSPENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_a_selection_and_everyone() {
    let world = World::at(MONDAY).await;
    world.hire([ada(), grace(), person("9", "Edith", "Clarke")]);
    world.hirewire(&["sync", "7"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.users().len(), 1);
    world.hirewire(&["sync", "8", "acme:7"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.users().len(), 2);
    let run = world.hirewire(&["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.users().len(), 3);
    assert!(run.out.contains("1 person changed by 2 actions"), "{}", run.out);
    // Nobody watches the progress here, so nothing but results is said at all.
    assert_eq!(run.err, "");
    for words in [["sync", "4711"], ["plan", "4711"]] {
        let nobody = world.hirewire(&words).await.expect(1);
        assert!(nobody.out.contains(". acme:4711: HR has no such employee"), "{}", nobody.out);
    }
    assert!(!world.hirewire(&["records"]).await.expect(0).out.contains("4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_one_json_document_and_a_table_for_a_spreadsheet() {
    let world = World::at(MONDAY).await;
    world.hire([ada().with("preferredName", "=Ada()"), grace()]);
    let file = world.town.folder().join("results.csv");
    let path = file.to_string_lossy().into_owned();
    let run = world.hirewire(&["sync", "--format", "json", "--csv", &path]).await.expect(0);
    let result = run.json();
    assert_eq!((&result["changed"], &result["failed"], &result["held"]), (&json!(2), &json!(0), &json!(0)));
    assert_eq!(result["people"][0]["employee"], "acme:7");
    assert_eq!(result["people"][0]["status"], "synced");
    let table = std::fs::read_to_string(&file).expect("a file");
    assert!(table.starts_with("employee,name,trigger,status,reason,actions,plan\n"), "{table}");
    assert!(table.contains("acme:7,'=Ada() Byron,survey,synced,,"), "no cell is a formula: {table}");
    for words in [&["plan"][..], &["records"], &["explain", "7"], &["check"], &["dead"], &["replay"]] {
        let run = world.hirewire(&[words, &["--format", "json"]].concat()).await;
        assert!(!run.json().is_null(), "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_say_how_things_are_and_what_to_do() {
    let world = World::with(MONDAY, &active("create_days_before_start = 3\n")).await;
    world.town.bamboohr.hire(ada());
    world.town.bamboohr.hire(grace().email(""));
    world.town.bamboohr.hire(person("9", "Edith", "Clarke").hired("2026-03-09"));
    world.town.bamboohr.hire(person("10", "Hedy", "Lamarr").with("employeeNumber", "1010"));
    world.town.bamboohr.hire(person("11", "Mary", "Keller").email("mary@taken.example"));
    world.town.jumpcloud.add_user(json!({ "email": "hedy.lamarr@acme.example", "employeeIdentifier": "1" }));
    world.town.jumpcloud.take_email_elsewhere("mary@taken.example");
    let run = world.hirewire(&["sync"]).await.expect(1);
    assert!(run.out.contains("1 failed, 1 held"), "{}", run.out);
    let all = world.hirewire(&["records"]).await.expect(0).out;
    for (name, status, todo) in [
        ("Ada Byron", "synced", ""),
        ("Grace Hopper", "skipped", "no work e-mail in HR; add one there and the account follows"),
        ("Edith Clarke", "pending", "2026-03-06"),
        ("Hedy Lamarr", "held", "correct one of them in JumpCloud"),
        ("Mary Keller", "failed", "e-mail"),
    ] {
        let line = all.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in\n{all}"));
        assert!(line.contains(status) && line.contains(todo), "{line}");
        let only = world.hirewire(&["records", "--status", status]).await.expect(0).out;
        assert!(only.contains(name) && only.contains(&format!("1 person: 1 {status}")), "{only}");
    }
    let file = world.town.folder().join("records.csv");
    world.hirewire(&["records", "--csv", &file.to_string_lossy()]).await.expect(0);
    let table = std::fs::read_to_string(&file).expect("a file");
    assert!(table.starts_with("employee,name,username,status,reason,groups,last_sync,next_change\n"), "{table}");
    assert!(table.contains("acme:7,Ada Byron,ada.byron,synced,,,2026-03-02T16:00:0"), "{table}");
    assert_eq!(table.lines().count(), 6);
    world.hirewire(&["records", "--status", "sleeping"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_shows_one_person_whole_and_writes_nothing() {
    let rules = active(
        "[connection.scope]\nwhen = 'department != \"Board\"'\n[[connection.group]]\nname = \"Builders\"\n\
         when = 'department == \"Engineering\"'\n[[connection.group]]\nname = \"Sellers\"\nwhen = 'department == \"Sales\"'\n",
    );
    let world = World::with(MONDAY, &rules).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    world.town.bamboohr.set("7", "department", "Sales");
    world.town.bamboohr.terminate("7", "2026-03-31");
    world.forget_calls();
    let before = store(&world);
    let told = world.hirewire(&["explain", "7"]).await.expect(0).out;
    assert_eq!((world.town.jumpcloud.writes(), store(&world)), (0, before));
    for part in [
        "Employee acme:7, Ada Byron",
        "standing     employed",
        "in scope",
        "2026-04-01T06:00:00Z",
        "no   Builders",
        "yes  Sellers",
        "- group Builders (no rule names it for this person)",
        "+ group Sellers",
        "done (survey)",
        "+ ada.byron (Ada Byron, acme:7)",
    ] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
    let department = told.lines().find(|line| line.starts_with("  department "));
    assert!(department.is_some_and(|line| line.ends_with(" Sales")), "{told}");
    let nobody = world.hirewire(&["explain", "4711"]).await.expect(1);
    assert!(nobody.out.contains("HR has no such record"), "{}", nobody.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_good_set_up_is_good() {
    let world = World::at(MONDAY).await;
    world.move_in();
    world.town.write_key("webhook.key", "0123456789abcdef0123456789abcdef");
    world.town.write_key("reader.key", &world.town.jumpcloud.read_key());
    let config = world.town.plain_config("America/Denver", crate::world::RULES);
    let key = "api_key = \"file:jumpcloud.key\"";
    world.town.write_config(&config.replace(key, &format!("{key}\nread_key = \"file:reader.key\"")));
    let run = world.hirewire(&["check"]).await.expect(0);
    assert!(!run.out.contains("!!"), "{}", run.out);
    assert!(run.out.contains("jumpcloud: the key may write users"), "{}", run.out);
    assert_eq!((world.town.jumpcloud.users().len(), run.err.as_str()), (0, ""));
}

/// `hirewire check` after something was spoilt: exit code, and the lines that name a fault or a remedy.
async fn check(world: &World) -> (i32, String) {
    let run = world.hirewire(&["check"]).await;
    let faults: Vec<&str> = run.out.lines().filter(|line| line.starts_with("!!") || line.contains("to do:")).collect();
    (run.code, faults.join("\n") + &run.err)
}

#[track_caller]
fn assert_says((code, faults): (i32, String), expected: i32, words: &[&str]) {
    assert_eq!(code, expected, "{faults}");
    for word in words {
        assert!(faults.contains(word), "`{word}` is not in\n{faults}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_each_fault_of_the_keys() {
    let world = World::at(MONDAY).await;
    world.town.write_key("jumpcloud.key", "no-such-key");
    assert_says(check(&world).await, 3, &["jumpcloud: JumpCloud refuses the key", "region"]);
    world.town.write_key("jumpcloud.key", &world.town.jumpcloud.read_key());
    assert_says(check(&world).await, 3, &["jumpcloud: the key may not write users", "make the key's owner a Manager"]);
    world.town.write_key("jumpcloud.key", &world.town.jumpcloud.api_key());
    world.town.write_key("bamboohr.key", "no-such-key");
    assert_says(check(&world).await, 3, &["acme: BambooHR refuses the key", "to do:"]);
    // No further call with a key that is refused: BambooHR locks out who goes on.
    let unauthorised = world.town.bamboohr.traffic().exchanges().iter().filter(|one| one.status == 401).count();
    assert_eq!(unauthorised, 1);
    world.town.write_key("bamboohr.key", "");
    assert_says(check(&world).await, 2, &["bamboohr"]);
    if only_one_machine("a secret cannot be open to others by its file's mode") {
        return;
    }
    let open = std::fs::Permissions::from_mode(0o644);
    world.town.write_key("bamboohr.key", &world.town.bamboohr.api_key());
    std::fs::set_permissions(world.town.folder().join("bamboohr.key"), open).expect("the town's own file");
    assert_says(check(&world).await, 2, &["bamboohr.key", "chmod 600"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_hidden_and_unknown_fields_and_locations_out_of_reach() {
    let rules = active(
        "[connection.attributes]\njobTitle = \"jobTitle\"\ndescription = \"shoeSize\"\n\
        address.work.locality = \"locationCity\"\n",
    );
    let world = World::with(MONDAY, &rules).await;
    world.town.bamboohr.hire(ada());
    world.town.bamboohr.switch(|switches| {
        switches.hidden_fields.insert("jobTitle".to_owned());
        switches.location_access = tests::bamboohr::Access::Forbidden;
    });
    let words = ["no field `jobTitle` that the key may see", "view access", "no field `shoeSize`", "correct the name"];
    assert_says(
        check(&world).await,
        1,
        &[&words[..], &["locations cannot be read", "access to the company's locations"]].concat(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_configuration_is_shown_with_its_line_and_the_remedy() {
    let world = World::at(MONDAY).await;
    let missing = world.hirewire(&["check", "--config", "/nowhere/hirewire.toml"]).await.expect(2);
    assert!(missing.err.contains("/nowhere/hirewire.toml") && missing.err.contains("--config"), "{}", missing.err);
    let good = world.town.plain_config("America/Denver", "first_state = \"active\"\n");
    world.town.write_config(&good.replace("first_state", "first_stat"));
    let run = world.hirewire(&["plan"]).await.expect(2);
    let line = good.lines().position(|line| line.starts_with("first_state")).expect("a line") + 1;
    assert!(run.err.contains(&format!("{}:1", world.place(line))), "{}", run.err);
    assert!(run.err.contains("there is no key `first_stat` here") && run.err.contains("help:"), "{}", run.err);
    let faults = good.replace("America/Denver", "Denver").replace("\"active\"", "\"active\"\nin_flight = 3");
    world.town.write_config(&faults);
    world.hirewire(&["sync"]).await.expect(2);
    assert_eq!((run.out.as_str(), world.calls()), ("", (0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_ends_a_sync_at_once_with_what_to_do() {
    if only_one_machine("there, the provisioner stops and not the command; aws_faults.rs tells of it") {
        return;
    }
    let world = World::at(MONDAY).await;
    world.move_in();
    world.town.jumpcloud.take_key_away();
    let run = world.hirewire(&["sync"]).await.expect(3);
    assert!(run.err.contains("JumpCloud refuses the key") && run.err.contains("then run again"), "{}", run.err);
    assert_eq!(world.calls().1, 1);
    world.town.write_key("jumpcloud.key", &world.town.jumpcloud.read_key());
    let run = world.hirewire(&["sync", "--format", "json"]).await.expect(3);
    assert!(run.json()["stopped"].as_str().is_some_and(|why| why.contains("refuses the key")), "{}", run.out);
    // As many as were under way at once, and none after.
    assert!(world.town.jumpcloud.writes() <= 8, "{} writes", world.town.jumpcloud.writes());
    world.town.write_key("jumpcloud.key", &world.town.jumpcloud.rotate_key());
    world.sync().await;
    assert_eq!(world.town.jumpcloud.users().len(), 94);
    assert_eq!(world.state(SAM), "ACTIVATED");
}

/// Somebody of the company that moves in.
const SAM: &str = "sam.okafor@acme.example";

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_next_is_said_by_the_clock_there_and_by_everybodys_and_why() {
    let rules = "create_days_before_start = 3\n[connection.leaver]\nat = \"18:00\"\ndelete_after_days = 30\n\
                 [connection.leave]\nstatuses = [\"Parental leave\"]\naccount = \"keep\"\ngroups = \"keep\"\n\
                 [connection.time_zones]\n\"London, UK\" = \"Europe/London\"\n";
    let world = World::with(MONDAY, &active(rules)).await;
    world.hire([ada(), grace().with("location", "London, UK")]);
    world.hire([person("9", "Edith", "Clarke").hired("2026-03-09")]);
    world.hire([person("10", "Hedy", "Lamarr"), person("11", "Mary", "Keller")]);
    world.hr.leave("10", "Parental leave", None, None, true);
    world.sync().await;
    world.town.bamboohr.terminate("8", "2026-03-31");
    world.town.bamboohr.terminate("11", "2026-02-27");
    world.town.clock.advance(60);
    world.sync().await;
    for (id, parts) in [
        ("8", ["synced", "2026-03-31 18:00 Europe/London, 2026-03-31T17:00:00Z: access ends"]),
        ("9", ["pending", "2026-03-06 00:00 America/Denver, 2026-03-06T07:00:00Z: account is made"]),
        ("10", ["on leave", ""]),
        ("11", ["left, last day 2026-02-27", ": account is deleted"]),
    ] {
        let line = world.shown(id).await;
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in\n{line}");
        let told = world.hirewire(&["explain", id]).await.expect(0).out;
        let next = told.lines().find(|line| line.starts_with("  next change")).expect("a line of it");
        assert!(parts[1].is_empty() || next.contains(parts[1]), "{parts:?} in\n{told}");
    }
    assert!(!world.shown("7").await.contains("employed"), "nothing is said of whoever is simply there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_not_simply_work_says_so_everywhere() {
    let world = World::with(MONDAY, &active("")).await;
    world.town.bamboohr.hire(ada());
    world.sync().await;
    let with = |lines: &str| world.town.plain_config("America/Denver", &active(lines));
    world.town.write_config(&with("mode = \"paused\"\n"));
    world.town.bamboohr.set("7", "department", "Sales");
    for words in [&["check"][..], &["plan"], &["plan", "7"], &["sync"], &["records"], &["explain", "7"]] {
        let run = world.hirewire(words).await;
        assert!(run.out.contains("acme is paused: nothing is read"), "{words:?}: {run:?}");
        assert!(!run.out.contains("HR has no such employee"), "{run:?}");
    }
    for (lines, said) in [
        ("mode = \"release\"\n", "acme is being removed: its accounts are let go"),
        ("mode = \"offboard\"\n", "acme is being removed: everybody is made a leaver, 0 in 24 hours"),
        ("mode = \"offboard\"\n", "brakes.offboard = 0 holds everybody"),
        (
            "[connection.scope]\non_leaving = \"suspend\"\n[connection.brakes]\nleave_scope = 0\n",
            "brakes.leave_scope = 0",
        ),
        ("[connection.activation]\ndefault_password = \"file:jumpcloud.key\"\n", "sends no activation mail"),
    ] {
        world.town.write_config(&with(lines));
        let run = world.hirewire(&["check"]).await;
        assert!(run.out.contains(said), "{said}: {run:?}");
    }
    world.town.write_config(&with("[connection.activation]\ndefault_password = \"file:nowhere.key\"\n"));
    let run = world.hirewire(&["check"]).await.expect(2);
    assert!(run.out.contains("there is no default password"), "{run:?}");
}
