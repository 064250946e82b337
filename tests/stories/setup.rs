//! `hirewire setup`: from nothing to a door that is proven, again without a change, and each thing that goes wrong.

use std::io::Write;
use std::process::{Output, Stdio};

use http::Method;
use serde_json::json;
use tests::bamboohr::{NewWebhook, Subscription};
use tests::server::{Fault, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cast::{ADA, MONDAY, ada};
use crate::world::{RULES, Run, World, only_one_machine};

/// What our webhooks are called.
const OURS: &str = "Hirewire acme";

/// A town whose JumpCloud section names both keys.
async fn world() -> World {
    world_with(RULES).await
}

async fn world_with(rules: &str) -> World {
    let world = World::with(MONDAY, rules).await;
    world.town.bamboohr.hire(ada());
    let text = world.town.plain_config("America/Denver", rules);
    world
        .town
        .write_config(&text.replace("[[connection]]\nname", "read_key = \"file:reader.key\"\n\n[[connection]]\nname"));
    world.town.write_key("reader.key", &world.town.jumpcloud.read_key());
    forget(&world, "webhook.key");
    world
}

/// Takes a key away, before the first command is run.
fn forget(world: &World, key: &str) {
    std::fs::remove_file(world.town.folder().join(key)).expect("the town's own file");
}

/// A door's address that nobody listens at yet.
fn free_address() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("an address").to_string()
}

/// Runs `hirewire setup` with everything logged, and these lines typed into it. No key may ever be seen.
async fn setup(world: &World, words: &[&str], lines: &str) -> Run {
    let mut command = world.command(&[&["setup"], words].concat());
    command.env("HIREWIRE_LOG", "debug").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let lines = lines.to_owned();
    let run = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("hirewire starts");
        let mut typed = child.stdin.take().expect("its standard input");
        // One that reads nothing may be gone before it is written to.
        let _ = typed.write_all(lines.as_bytes());
        drop(typed);
        child.wait_with_output().expect("hirewire ends")
    });
    let Output { status, stdout, stderr } = run.await.expect("hirewire is waited for");
    let run = Run {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    };
    let keys = [world.town.bamboohr.api_key(), world.town.jumpcloud.api_key(), world.town.jumpcloud.read_key()];
    let typed = lines_of(&lines_given(words));
    for key in keys.into_iter().chain(private_keys(world)).chain(typed) {
        assert!(!run.out.contains(&key) && !run.err.contains(&key), "a key is shown:\n{}\n{}", run.out, run.err);
    }
    run
}

/// Keys in files that the words name.
fn lines_given(words: &[&str]) -> String {
    let files = words.iter().filter_map(|word| word.split_once("=file:"));
    files.filter_map(|(_, path)| std::fs::read_to_string(path).ok()).collect::<Vec<_>>().join("\n")
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.len() > 4).map(str::to_owned).collect()
}

fn private_keys(world: &World) -> Vec<String> {
    world.town.bamboohr.webhooks().into_iter().map(|webhook| webhook.private_key).collect()
}

fn ours(world: &World) -> Vec<Subscription> {
    world.town.bamboohr.webhooks().into_iter().filter(|webhook| webhook.is.name == OURS).collect()
}

/// A key where the configuration keeps it: a file, or a secret on AWS.
async fn kept(world: &World, key: &str) -> Option<String> {
    let Some(house) = &world.house else {
        let text = std::fs::read_to_string(world.town.folder().join(format!("{key}.key"))).ok()?;
        return Some(text.trim().to_owned());
    };
    let answer = house.account.call("secretsmanager", "GetSecretValue", json!({ "SecretId": key })).await.ok()?;
    answer["SecretString"].as_str().map(str::to_owned)
}

/// Calls that change a webhook.
fn changes(world: &World) -> usize {
    let exchanges = world.town.bamboohr.traffic().exchanges();
    exchanges.iter().filter(|one| one.path.contains("/webhooks") && one.method != Method::GET).count()
}

#[track_caller]
fn assert_says(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.out.contains(word), "`{word}` is not in\n{}\n{}", run.out, run.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_proven_door() {
    let world = world().await;
    forget(&world, "jumpcloud.key");
    forget(&world, "bamboohr.key");
    let address = free_address();
    let door = format!("http://{address}");
    world.town.write_key("brought", &world.town.jumpcloud.api_key());
    let brought = format!("jumpcloud.api_key=file:{}", world.town.folder().join("brought").display());

    // Nobody gives the second key: nothing is done with BambooHR, and it says which key and how.
    let first = setup(&world, &["--door", &door, "--key", &brought], "").await.expect(2);
    assert_says(
        &first,
        &["ok  keys: jumpcloud.api_key is written to", "!!  keys: connection.acme.api_key is not there"],
    );
    assert_says(&first, &["--key connection.acme.api_key=env:VARIABLE", "ok  jumpcloud: the key may write users"]);
    assert_eq!(world.town.bamboohr.traffic().total(), 0);
    assert_eq!(kept(&world, "jumpcloud").await, Some(world.town.jumpcloud.api_key()));

    // Typed as a line. The webhook is made, and the door not open yet.
    let typed = format!("{}\n", world.town.bamboohr.api_key());
    let second = setup(&world, &["--door", &door], &typed).await.expect(3);
    assert_says(&second, &["keys: connection.acme.api_key is written to", "acme: BambooHR accepts the key"]);
    assert_says(&second, &["is made; its key is kept in", "nobody answers there", "run `hirewire setup` again"]);
    assert_says(&second, &["sends no webhook for changes of terminationDate"]);
    let [made] = &ours(&world)[..] else { panic!("{:?}", ours(&world)) };
    assert_eq!(made.is.url, format!("{door}/webhook/acme"));
    assert_eq!(made.is.events, ["employee.created", "employee.updated", "employee.deleted"]);
    assert_eq!(kept(&world, "webhook").await.as_ref(), Some(&made.private_key));

    let serving = world.serve_at(&address).await;
    let third = setup(&world, &["--door", &door], "").await.expect(0);
    assert_says(&third, &["is there; its key is kept", "takes what is signed with the kept key, and nothing else"]);
    assert_says(&third, &["everything is ready", "hirewire plan", "hirewire sync"]);
    assert!(!third.out.contains("!!"), "{}", third.out);
    assert_eq!(ours(&world).len(), 1);

    // Whoever serves begins with a survey of everyone.
    world.eventually("everyone is there", |town| town.jumpcloud.user(ADA).is_some()).await;
    world.town.bamboohr.set("7", "jobTitle", "Countess");
    // Monitored or not, whatever the rules read: without a poll the webhook alone brings it.
    world.town.bamboohr.set("7", "department", "Poetry");
    world.town.bamboohr.deliver_webhooks().await;
    world.eventually("the webhook has brought it", |_| world.says(ADA, "department") == "Poetry").await;
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_changes_nothing() {
    let world = world().await;
    let address = free_address();
    let door = format!("http://{address}");
    setup(&world, &["--door", &door], "").await.expect(3);
    let serving = world.serve_at(&address).await;
    let before = (kept(&world, "webhook").await, private_keys(&world));
    world.forget_calls();
    // Without --door it goes by where the webhook sends.
    for words in [&["--door", door.as_str()][..], &["--yes"], &["--format", "json"]] {
        let run = setup(&world, words, "").await.expect(0);
        assert!(run.out.contains("takes what is signed with the kept key"), "{}", run.out);
        assert_eq!((kept(&world, "webhook").await, private_keys(&world)), before);
        assert_eq!(changes(&world), 0, "{words:?}");
    }
    let listed = setup(&world, &["--format", "json"], "").await.expect(0).json();
    let listed = listed.as_array().expect("a list");
    assert!(listed.iter().all(|line| line["good"] == true && line["about"].is_string()), "{listed:?}");
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_explained_and_replaced() {
    let world = world().await;
    world.town.write_key("bamboohr.key", "no-such-key");
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(3);
    assert_says(&run, &["!!  acme: BambooHR refuses the key", "`hirewire setup --key` puts another in its place"]);
    assert_says(&run, &["not everything is ready"]);
    // No further call with it: BambooHR locks out who goes on.
    assert_eq!(world.town.bamboohr.traffic().total(), 1);
    assert!(world.town.bamboohr.webhooks().is_empty());

    world.town.write_key("brought", &world.town.bamboohr.api_key());
    let brought = format!("connection.acme.api_key=file:{}", world.town.folder().join("brought").display());
    let run = setup(&world, &["--key", &brought], "").await.expect(0);
    assert_says(&run, &["keys: connection.acme.api_key is written to", "acme: BambooHR accepts the key"]);
    assert_says(&run, &["no webhook yet", "hirewire setup --door https://HOST"]);
    assert_eq!(kept(&world, "bamboohr").await, Some(world.town.bamboohr.api_key()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_wrongly_on_the_command_line_is_said_before_anything_is_done() {
    let world = world().await;
    for (words, says) in [
        (["--door", "http://door.example"], "https://HOST"),
        (["--key", "0123456789abcdef"], "NAME=env:VARIABLE"),
        (["--key", "connection.beta.api_key=env:X"], "connection.acme.api_key"),
        (["--key", "jumpcloud.api_key=0123456789abcdef"], "NAME=env:VARIABLE"),
    ] {
        let run = setup(&world, &words, "").await.expect(2);
        assert!(run.err.contains(says) && !run.err.contains("0123456789abcdef"), "{words:?}: {}", run.err);
        assert_eq!(run.out, "");
    }
    assert_eq!(world.calls(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_key_that_may_write_is_told() {
    let world = world().await;
    world.town.write_key("reader.key", &world.town.jumpcloud.api_key());
    let run = setup(&world, &[], "").await.expect(1);
    assert_says(&run, &["!!  jumpcloud: the read key may write users"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_named_and_not_written() {
    if only_one_machine("functions have no variables with keys") {
        return;
    }
    let world = world().await;
    let text = std::fs::read_to_string(world.town.config()).expect("a configuration");
    let text = text.replace("file:bamboohr.key", "env:HR_KEY").replace("file:webhook.key", "env:HOOK_KEY");
    world.town.write_config(&text);
    let run = setup(&world, &["--yes", "--door", "http://127.0.0.1:9"], "a line that nobody reads\n").await.expect(2);
    assert_says(&run, &["!!  keys: connection.acme.api_key is not there", "set HR_KEY wherever hirewire is started"]);
    let given = setup(&world, &["--key", "connection.acme.api_key=env:X"], "").await.expect(2);
    assert!(given.err.contains("HR_KEY is set where hirewire is started"), "{}", given.err);

    let mut command = world.command(&["setup", "--door", "http://127.0.0.1:9"]);
    let run = command.env("HR_KEY", world.town.bamboohr.api_key()).output().expect("hirewire runs");
    let said = String::from_utf8(run.stdout).expect("text");
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be put into the variable HOOK_KEY"), "{said}");
    assert!(world.town.bamboohr.webhooks().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_kept_takes_its_webhook_along() {
    if only_one_machine("a secret's place cannot be taken by a file") {
        return;
    }
    let world = world().await;
    let text = std::fs::read_to_string(world.town.config()).expect("a configuration");
    // A file where a folder would have to be.
    world.town.write_key("taken", "");
    world.town.write_config(&text.replace("file:webhook.key", "file:taken/webhook.key"));
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(2);
    assert_says(&run, &["could not be kept in file:taken/webhook.key", "the webhook is removed again"]);
    assert_eq!((changes(&world), world.town.bamboohr.webhooks().len()), (2, 0));

    let refusal = Trouble::Answer { status: 403, headers: Vec::new(), body: String::new() };
    let fault =
        Fault { method: Some(Method::DELETE), path: "/webhooks".to_owned(), after: 0, times: 1, trouble: refusal };
    world.town.bamboohr.traffic().fail(fault);
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(2);
    assert_says(&run, &["nor it be removed", "remove webhook 2 in BambooHR"]);
    // It is found again by its name, and replaced by one whose key is known.
    world.town.write_config(&text);
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(3);
    assert_says(&run, &["webhook 3 to http://127.0.0.1:9/webhook/acme is made", "webhook 2 to", "is removed"]);
    assert_eq!(kept(&world, "webhook").await, ours(&world).pop().map(|only| only.private_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_leaves_no_webhook_behind() {
    let world = world().await;
    let fault = Fault {
        method: Some(Method::POST),
        path: "/webhooks".to_owned(),
        after: 0,
        times: 1,
        trouble: Trouble::LostAnswer,
    };
    world.town.bamboohr.traffic().fail(fault);
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(3);
    assert_says(&run, &["did not answer whether the webhook is made", "run `hirewire setup` again"]);
    assert!(world.town.bamboohr.webhooks().is_empty(), "{}", run.out);
    setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(3);
    assert_eq!(ours(&world).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_others_are_left_alone() {
    let world = world().await;
    let (here, there) = ("http://127.0.0.1:9/webhook/acme", "http://127.0.0.1:10/webhook/acme");
    let subscribe = |name: &str, url: &str| {
        let webhook = NewWebhook { name: name.to_owned(), ..NewWebhook::to(url) };
        world.town.bamboohr.subscribe_to(webhook).id
    };
    let foreign = [subscribe("Payroll", here), subscribe("Hirewire acme 2", here), subscribe("hirewire acme", here)];
    let elsewhere = subscribe(OURS, there);
    let older = [subscribe(OURS, here), subscribe(OURS, here)];
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(3);
    let gone = older.map(|id| format!("webhook {id} to {here} is removed"));
    assert_says(
        &run,
        &[&gone[0], &gone[1], &format!("webhook {elsewhere} of ours sends to {there}; it is left alone")],
    );
    let ids = |world: &World| world.town.bamboohr.webhooks().into_iter().map(|one| one.id).collect::<Vec<_>>();
    let made = *ids(&world).last().expect("webhooks");
    assert_eq!(ids(&world), [&foreign[..], &[elsewhere, made]].concat());

    setup(&world, &["--remove-webhooks", "--door", "http://127.0.0.1:9"], "").await.expect(0);
    assert_eq!(ids(&world), [&foreign[..], &[elsewhere]].concat());
    setup(&world, &["--remove-webhooks"], "").await.expect(0);
    assert_eq!(ids(&world), foreign);
    let run = setup(&world, &["--remove-webhooks"], "").await.expect(0);
    assert_says(&run, &["there is no webhook of ours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_listens_to_what_the_rules_read() {
    let world = world().await;
    let door = ["--door", "http://127.0.0.1:9"];
    // One that the vendor lists for nobody, and one that it lists and then refuses.
    world.town.bamboohr.switch(|switches| switches.hidden_fields.extend(["preferredName".to_owned()]));
    let body =
        r#"{"errors":[{"error":"no","monitorFields":[{"id":"lastName","name":"Last Name"}],"unknownFields":[]}]}"#;
    let trouble = Trouble::Answer { status: 403, headers: Vec::new(), body: body.to_owned() };
    let fault = |method| Fault {
        method: Some(method),
        path: "/webhooks".to_owned(),
        after: 0,
        times: 1,
        trouble: trouble.clone(),
    };
    world.town.bamboohr.traffic().fail(fault(Method::POST));
    let run = setup(&world, &door, "").await.expect(3);
    assert_says(&run, &["no webhook for changes of preferredName, terminationDate, lastName"]);
    let watched = |world: &World| ours(world).pop().and_then(|only| only.is.monitor_fields).expect("fields");
    let first = watched(&world);
    for (field, is_watched) in [("department", true), ("status", true), ("lastName", false), ("preferredName", false)] {
        assert_eq!(first.contains(&field.to_owned()), is_watched, "{field} in {first:?}");
    }
    // Refused again, it is as it was; the key stays whatever is corrected.
    let key = kept(&world, "webhook").await;
    world.town.bamboohr.traffic().fail(fault(Method::PUT));
    let run = setup(&world, &door, "").await.expect(3);
    assert_says(&run, &["is there; its key is kept"]);
    let text = std::fs::read_to_string(world.town.config()).expect("a configuration");
    world.town.write_config(&(text + "\n[connection.attributes]\njobTitle = \"division\"\n"));
    let run = setup(&world, &door, "").await.expect(3);
    assert_says(&run, &["now listens to what the rules read"]);
    assert!(watched(&world).contains(&"division".to_owned()));
    assert_eq!((kept(&world, "webhook").await, ours(&world).len()), (key, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_manage_webhooks_is_explained() {
    let world = world().await;
    let body = r#"{"errors":[{"error":"You do not have permission"}]}"#;
    let trouble = Trouble::Answer { status: 403, headers: Vec::new(), body: body.to_owned() };
    let fault = Fault { method: None, path: "/webhooks".to_owned(), after: 0, times: 9, trouble };
    world.town.bamboohr.traffic().fail(fault);
    let run = setup(&world, &["--door", "http://127.0.0.1:9"], "").await.expect(1);
    assert_says(&run, &["may not manage webhooks", "You do not have permission", "changes are found by asking"]);
}

/// A door that answers everything so; says where it is.
async fn door_that_says(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = caller.read(&mut request).await;
            let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = caller.write_all(answer.as_bytes()).await;
            let _ = caller.shutdown().await;
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_door_is_explained() {
    if only_one_machine("there, what may pass is waited for") {
        return;
    }
    let world = world().await;
    for (status, says) in [
        (401, "start it again, because it reads the key when it starts"),
        (404, "it knows no connection `acme`"),
        (503, "it cannot read its key or its store yet"),
        (500, "it answers HTTP 500"),
        (307, "it points to another address"),
        (403, "a proxy or firewall before the door"),
        (200, "takes deliveries with a wrong signature as well"),
    ] {
        let door = door_that_says(status).await;
        let run = setup(&world, &["--door", &door], "").await.expect(1);
        assert_says(&run, &["!!  acme: the door at", says]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_with_another_key_is_told() {
    if only_one_machine("there, what may pass is waited for, and the functions read their keys again") {
        return;
    }
    let world = world().await;
    let address = free_address();
    world.town.write_key("webhook.key", "a key of another time");
    let serving = world.serve_at(&address).await;
    let run = setup(&world, &["--door", &format!("http://{address}")], "").await.expect(1);
    assert_says(&run, &["is made; its key is kept", "it knows another key than the one that is kept"]);
    assert_eq!(serving.stop().await.0, 0);
    let serving = world.serve_at(&address).await;
    setup(&world, &[], "").await.expect(0);
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_key_that_is_another_webhooks_is_found_out() {
    if only_one_machine("there, a door that doubts its own key asks for another try first") {
        return;
    }
    let world = world().await;
    let address = free_address();
    let door = format!("http://{address}");
    setup(&world, &["--door", &door], "").await.expect(3);
    world.town.write_key("webhook.key", "a key of another time");
    let serving = world.serve_at(&address).await;
    world.town.bamboohr.edit_pending(Vec::clear);
    world.town.bamboohr.set("7", "department", "Poetry");
    let refused = world.town.bamboohr.deliver_webhooks().await;
    assert_eq!(refused.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(401)]);
    let run = setup(&world, &["--door", &door], "").await;
    assert_says(
        &run,
        &["the door refused the last delivery of webhook 1", "webhook 2 to", "webhook 1 to", "is removed"],
    );
    let [only] = &ours(&world)[..] else { panic!("{:?}", ours(&world)) };
    assert_eq!(kept(&world, "webhook").await.as_ref(), Some(&only.private_key));
    assert_eq!(serving.stop().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_that_setup_makes_the_webhook() {
    let world = world().await;
    let run = world.hirewire(&["check"]).await.expect(1);
    assert_says(
        &run,
        &["!!  acme: there is no key to prove webhooks with", "run `hirewire setup --door https://HOST`"],
    );
}
