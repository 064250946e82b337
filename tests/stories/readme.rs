//! What the README, the example and the first file of rules say is true, and they say all of it.

use std::collections::BTreeSet;

use tests::server::{Fault, Trouble};

use crate::arrows::read;
use crate::world::World;

/// `FirstState` and `first_state` as `first-state`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The lines between `start` and the first line that is `}`, without comments and attributes.
fn block<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("`{start}` is gone"));
    let lines = rest.lines().map(str::trim).skip(1).take_while(|line| *line != "}");
    lines.filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#')).collect()
}

/// The fields of a struct.
fn fields<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let lines = block(text, &format!("struct {name} {{"));
    lines.into_iter().map(|line| line.split_once(':').expect("a field has a type").0.trim()).collect()
}

/// What a rule may say where it says one of a few words.
const CHOICES: [&str; 13] = [
    "FirstState",
    "ManualSuspension",
    "DeletedAccount",
    "ScopeExit",
    "Mode",
    "InactivePeople",
    "Rehire",
    "ManualChanges",
    "UnknownValues",
    "LeaveAccount",
    "EndsOn",
    "Devices",
    "LeaverGroups",
];

#[test]
fn the_readme_has_every_rule() {
    let readme = read("README.md");
    let (_, rules) = readme.split_once("\n## Rules\n").expect("a section on rules");
    let rules = rules.split("\n## ").next().expect("the section's text");
    let shapes = read("shared/mapping/src/configuration/file.rs");
    let connection = fields(&shapes, "ConnectionShape");
    let at = connection.iter().position(|field| *field == "time_zone").expect("a zone");
    let mut keys: Vec<String> = Vec::new();
    for field in &connection[at + 1..] {
        let parts = |shape: &str| fields(&shapes, shape).into_iter().map(|part| format!("`{field}.{part}`"));
        match *field {
            "scope" => keys.extend(parts("ScopeShape")),
            "username" => keys.extend(parts("UsernameShape")),
            "activation" => keys.extend(parts("ActivationShape")),
            "leaver" => keys.extend(parts("LeaverShape")),
            "leave" => keys.extend(parts("LeaveShape")),
            "brakes" => keys.extend(parts("BrakesShape")),
            "lookup" => keys.push("`lookup.TABLE`".to_owned()),
            "group" => {
                keys.push("`[[connection.group]]`".to_owned());
                keys.extend(fields(&shapes, "GroupShape").into_iter().map(|part| format!("`{part}`")));
            }
            plain => keys.push(format!("`{plain}`")),
        }
    }
    for choice in CHOICES {
        let variants = block(&shapes, &format!("enum {choice}Shape {{"));
        keys.extend(variants.into_iter().map(|variant| format!("`{}`", kebab(variant.trim_end_matches(',')))));
    }
    assert!(keys.len() > 30, "the shapes cannot be read any more: {keys:?}");
    let missing: Vec<&String> = keys.iter().filter(|key| !rules.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "README's rules do not say {missing:?}");

    // What is not a rule is in the example, or in the text; and so is each section of rules.
    let example = read("infra/hirewire.example.toml");
    let others = fields(&shapes, "FileShape").into_iter().chain(fields(&shapes, "DirectoryShape"));
    for key in others.chain(connection[..=at].iter().copied()).filter(|key| *key != "connection") {
        let shown = example.contains(&format!("{key} = ")) || example.contains(&format!("[{key}]"));
        assert!(shown, "the example does not show {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_has_every_command_and_no_other() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    let help = world.hirewire(&["--help"]).await.expect(0).out;
    let (_, listed) = help.split_once("Commands:\n").expect("commands");
    let listed = listed.split("\n\n").next().expect("the list");
    let commands: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains("sync") && commands.len() > 8, "{commands:?}");
    let readme = read("README.md");
    for command in commands.iter().filter(|command| **command != "help") {
        let known = readme.contains(&format!("`hirewire {command}")) || readme.contains(&format!("-- {command}\n"));
        assert!(known, "README does not say what `hirewire {command}` does");
    }
    for said in readme.split("`hirewire ").skip(1) {
        let word = said.split([' ', '`']).next().expect("a word");
        assert!(commands.contains(word), "README speaks of `hirewire {word}`, which there is not");
    }
}

/// Every section and key of the file's shapes, and all words to choose from.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_file_has_every_rule() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    let shapes = read("shared/mapping/src/configuration/file.rs");
    let sections = ["File", "Directory", "Connection", "Scope", "Activation", "Leave", "Brakes", "Username", "Leaver"];
    let all = sections.into_iter().chain(["Group"]).flat_map(|section| fields(&shapes, &format!("{section}Shape")));
    let keys: Vec<&str> = all.collect();
    assert!(keys.len() > 50, "the shapes cannot be read any more: {keys:?}");
    for (hr, not_there) in [
        ("bamboohr", ["service_user", "queue"].as_slice()),
        ("bob", &["company", "queue", "time_off_types", "time_off_longer_than_days"]),
    ] {
        // Nothing is there yet, least of all a configuration.
        let mut command = world.command(&["rules", "init", hr]);
        let run = command.env_remove("HIREWIRE_CONFIG").current_dir(world.town.folder().join("..")).output();
        let run = run.expect("hirewire runs");
        assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
        let text = String::from_utf8(run.stdout).expect("text");
        for key in keys.iter().filter(|key| !not_there.contains(key)) {
            let said =
                [format!("\n{key} = "), format!("\n#{key} = "), format!("[connection.{key}"), format!("[{key}]")];
            let is_there =
                said.iter().any(|said| text.contains(said)) || text.contains(&format!("[[connection.{key}]]"));
            assert!(is_there || text.contains(&format!("[[{key}]]")), "{hr}: {key} is not said");
        }
        for choice in CHOICES {
            for variant in block(&shapes, &format!("enum {choice}Shape {{")) {
                let word = kebab(variant.trim_end_matches(','));
                assert!(text.contains(&word), "{hr}: nothing of {choice} = {word}");
            }
        }
    }
    let path = world.town.folder().join("first.toml").to_string_lossy().into_owned();
    let write = ["rules", "init", "bob", "--output", &path];
    world.hirewire(&write).await.expect(0);
    std::fs::write(&path, "mine").expect("a file");
    let refused = world.hirewire(&write).await.expect(2);
    assert!(refused.err.contains("is there already"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
    world.hirewire(&[&write[..], &["--force"]].concat()).await.expect(0);
    assert!(std::fs::read_to_string(&path).expect("a file").contains("source = \"bob\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_a_configuration() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("hirewire.toml");
    std::fs::write(&path, read("infra/hirewire.example.toml")).expect("a file");
    let run = |words: &'static [&'static str], keys: bool| {
        let mut command = world.command(&["--config", path.to_str().expect("a path")]);
        command.args(words).env_remove("HIREWIRE_CLOCK").env_remove("HIREWIRE_CONFIG");
        if keys {
            command.env("JUMPCLOUD_API_KEY", "none").env("BAMBOOHR_API_KEY", "none");
            command.env("BAMBOOHR_WEBHOOK_KEY", "none").env("BOB_TOKEN", "none").env("BOB_WEBHOOK_SECRET", "none");
        }
        command.output().expect("hirewire runs")
    };
    // The file is good, the keys are not there.
    let checked = run(&["check"], false);
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(2), "{said}");
    assert!(said.contains("JUMPCLOUD_API_KEY"), "{said}");
    // With keys everything opens; nobody is contacted for this.
    let shown = run(&["records"], true);
    let said = String::from_utf8_lossy(&shown.stderr);
    assert_eq!(shown.status.code(), Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_ids_and_counts_and_nobodys_data() {
    let world = World::at("2026-03-02T09:00[America/Denver]").await;
    world.move_in();
    let refusal = |path: &str, message: &str| Fault {
        method: None,
        path: path.to_owned(),
        after: 3,
        times: 2,
        // Not 400: whoever has a manager would be tried without.
        trouble: Trouble::Answer { status: 422, headers: Vec::new(), body: format!(r#"{{"message":"{message}"}}"#) },
    };
    // A vendor's words may name people.
    world.town.jumpcloud.traffic().fail(refusal("/api/systemusers", "Rosa Kowalski <rosa@acme.example> is not wanted"));
    let run = world.run(&["--log", "json", "sync"], &[("HIREWIRE_LOG", "debug")]).await;
    // On AWS somebody's manager may have come later: then both were tried again, and it worked.
    assert!(run.code == 1 || (world.house.is_some() && run.code == 0), "{run:?}");
    let mut log = run.err + &world.functions_log();
    assert!(log.contains("not done") && log.contains("HTTP 422"), "the log tells of the refusal: {log}");

    world.town.jumpcloud.traffic().heal();
    let serving = world.serve().await;
    world.town.bamboohr.set_all("7", &[("lastName", Some("Kowalski-Jones")), ("homePhone", Some("+1 720 555 9191"))]);
    world.town.bamboohr.deliver_webhooks().await;
    world.town.bamboohr.terminate("8", "2026-03-01");
    world.town.clock.advance(61);
    let name = world.town.bamboohr.get("8", "workEmail").expect("an address");
    world
        .eventually("8 is suspended", |town| {
            town.jumpcloud.user(&name).is_some_and(|user| user["state"] == "SUSPENDED")
        })
        .await;
    let (code, served) = serving.stop().await;
    assert_eq!(code, 0);
    assert!(served.contains("looked at"), "{served}");
    log += &served;

    let keys = [world.town.bamboohr.api_key(), world.town.jumpcloud.api_key()];
    let webhook_keys = world.town.bamboohr.webhooks().into_iter().map(|webhook| webhook.private_key);
    let fields = ["lastName", "workEmail", "mobilePhone", "homePhone", "jobTitle"];
    let personal = world.town.bamboohr.ids().into_iter().flat_map(|id| fields.map(|field| (id.clone(), field)));
    let personal = personal.filter_map(|(id, field)| world.town.bamboohr.get(&id, field));
    // Short names are parts of words.
    let secret = keys.into_iter().chain(webhook_keys).chain(personal).filter(|text| text.chars().count() > 4);
    for text in secret.chain(["@".to_owned(), "Rosa".to_owned()]) {
        let line = log.lines().find(|line| line.contains(&text));
        assert!(line.is_none(), "a log holds {text}: {}", line.unwrap_or_default());
    }
}
