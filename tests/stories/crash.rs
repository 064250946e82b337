//! Killed anywhere, run again, and it is as if nothing had happened. The store lost, and nothing is lost with it.

use std::process::{Child, Stdio};
use std::time::Duration;

use futures::stream::{StreamExt, iter};

use crate::faults::settle;
use crate::safety::{email, hired, person, quiet, staffed};
use crate::wire::{Cut, Wire};
use crate::world::{World, fewer, on_aws};

/// How many worlds live at once in one test.
const AT_ONCE: usize = 8;
/// Each so many cases, the audit is read as well: a process for each person.
const READ_AUDIT_EVERY: usize = 9;

/// How many people the story has at first.
const PEOPLE: usize = 12;

/// A joiner into a new group, under a joiner; movers, a rename, leavers, a manager's change.
fn batch(world: &World) {
    let hr = &world.town.bamboohr;
    hr.hire(person(13).with("department", "Anvil").reports_to("14"));
    hr.hire(person(14).with("department", "Anvil"));
    hr.set_all("4", &[("department", Some("Loom")), ("jobTitle", Some("Weaver"))]);
    hr.set_all("6", &[("lastName", Some("Zyxel-Vorn")), ("workEmail", Some("vorn06.new@acme.example"))]);
    hr.terminate("5", "2026-03-01");
    hr.terminate("7", "2026-03-01");
    hr.set("8", "supervisorEId", "13");
}

/// Both halves of the story without a crash: snapshot and groups after each.
async fn wanted() -> [(String, usize); 2] {
    let world = staffed(PEOPLE).await;
    let first = look(&world);
    batch(&world);
    quiet(&world, &["sync"]).await.expect(0);
    [first, look(&world)]
}

fn look(world: &World) -> (String, usize) {
    (world.town.jumpcloud.snapshot(), world.town.jumpcloud.groups().len())
}

fn start(world: &World) -> Child {
    let mut command = world.command(&["sync"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("hirewire starts")
}

/// Runs `sync` and kills it, with whoever works for it, when the `at`-th request is struck; false where it ended before
/// that.
pub async fn killed(world: &World, cut: Cut, at: usize) -> bool {
    let wire = Wire::lay(world, cut, at, false).await;
    let staff = match &world.house {
        Some(house) => Some(house.staff().await),
        None => None,
    };
    let mut child = start(world);
    let struck = tokio::select! {
        () = wire.struck() => true,
        () = async {
            while child.try_wait().expect("a child can be asked").is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => false,
    };
    drop(staff);
    child.kill().expect("a child can be killed");
    child.wait().expect("a killed child ends");
    wire.take_up(world);
    struck
}

/// Every intent has its outcome.
pub async fn audited(world: &World, people: usize, case: &str) {
    for n in 1..=people {
        let told = world.hirewire(&["--format", "json", "explain", &n.to_string()]).await.json();
        let history = told["history"].as_array().expect("a history").clone();
        let count =
            |kinds: &[&str]| history.iter().filter(|row| kinds.iter().any(|kind| row["kind"] == **kind)).count();
        assert_eq!(count(&["intended"]), count(&["done", "failed"]), "{case}: acme:{n}: {history:?}");
    }
}

/// One half of the story, killed at one place: false where it has no such place.
async fn case(cut: Cut, at: usize, second: bool, wanted: &[(String, usize); 2]) -> bool {
    let case = format!("{cut:?} {at}, {}", if second { "changes" } else { "first sync" });
    let world = if second { staffed(PEOPLE).await } else { hired(PEOPLE).await };
    if second {
        batch(&world);
    }
    if !killed(&world, cut, at).await {
        return false;
    }
    // Also without waiting for the leases of the dead: whatever can be done is done, and nothing twice.
    let run = quiet(&world, &["sync"]).await;
    assert!([0, 1].contains(&run.code), "{case}: {run:?}");
    settle(&world, &case).await;
    let wanted = &wanted[usize::from(second)];
    assert_eq!(look(&world).0, wanted.0, "{case}");
    assert_eq!(look(&world).1, wanted.1, "{case}");
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0, "{case}");
    if at % READ_AUDIT_EVERY == 1 {
        audited(&world, PEOPLE, &case).await;
    }
    true
}

/// Every place of one half, by turns before and after its effect; both at each place where `HIREWIRE_CRASH=all` says so.
async fn everywhere(second: bool) {
    let wanted = wanted().await;
    let places = if second { 30 } else { 66 };
    let all = std::env::var("HIREWIRE_CRASH").is_ok_and(|value| value == "all");
    let cuts = (1..=places).flat_map(|at| [(Cut::HeldBefore, at), (Cut::HeldAfter, at)]);
    let chosen = cuts.filter(|(cut, at)| all || (*cut == Cut::HeldAfter) == (at % 2 == 1));
    let ran =
        iter(fewer(chosen, 8).into_iter().map(|(cut, at)| case(cut, at, second, &wanted))).buffer_unordered(AT_ONCE);
    let struck: Vec<bool> = ran.collect().await;
    let count = struck.iter().filter(|struck| **struck).count();
    // Of few places all may be within the story.
    let beyond = count < struck.len() || on_aws();
    assert!(count >= struck.len() / 2 && beyond, "{count} of {} places were struck", struck.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_killed_at_any_request() {
    everywhere(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_killed_at_any_request() {
    everywhere(true).await;
}

/// Lets time pass until JumpCloud says so, or for 20 seconds: what failed is tried again by the clock.
async fn until(world: &World, wanted: &str) {
    let start = std::time::Instant::now();
    while look(world).0 != wanted && start.elapsed() < Duration::from_secs(20) {
        world.town.clock.advance(20);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_may_be_killed_again_and_again() {
    let wanted = wanted().await;
    let world = hired(PEOPLE).await;
    // The first survey and all that follows from it, killed after 40 ms, 80 ms, ...
    for round in 1..=8 {
        let serving = world.serve().await;
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        serving.crash();
        world.town.clock.advance(200);
    }
    let serving = world.serve().await;
    until(&world, &wanted[0].0).await;
    serving.crash();
    batch(&world);
    for round in 1..=8 {
        let serving = world.serve().await;
        world.town.bamboohr.touch("4");
        if round == 2 {
            world.town.bamboohr.deliver_webhooks().await;
        }
        tokio::time::sleep(Duration::from_millis(30 * round)).await;
        serving.crash();
        world.town.clock.advance(200);
    }
    let serving = world.serve().await;
    until(&world, &wanted[1].0).await;
    let (code, log) = serving.stop().await;
    assert_eq!(code, 0, "{log}");
    assert_eq!(look(&world).0, wanted[1].0, "{log}\n{}", world.hirewire(&["records"]).await.out);
    assert_eq!(look(&world), wanted[1]);
    settle(&world, "serve killed").await;
    audited(&world, PEOPLE, "serve killed").await;
}

// The store is lost.

/// Who is linked to what, and how they are.
async fn links(world: &World) -> Vec<String> {
    let records = world.hirewire(&["--format", "json", "records"]).await.expect(0).json();
    let line = |record: &serde_json::Value| {
        let [key, account, username, status, groups] =
            ["key", "account", "username", "status", "groups"].map(|name| record[name].to_string());
        format!("{key} {account} {username} {status} {groups}")
    };
    records.as_array().expect("records").iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_rebuilt_without_a_write() {
    let world = staffed(PEOPLE).await;
    batch(&world);
    quiet(&world, &["sync"]).await.expect(0);
    world.travel_to("2026-04-01T09:00[America/Denver]");
    world.town.bamboohr.rehire("5", "2026-04-01");
    world.town.bamboohr.set("9", "workEmail", "vorn09.new@acme.example");
    quiet(&world, &["sync"]).await.expect(0);
    // Whatever a second look settles is settled.
    quiet(&world, &["sync"]).await.expect(0);
    let (before, known) = (look(&world), links(&world).await);
    world.lose_the_store().await;
    world.forget_calls();
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.town.jumpcloud.writes(), 0);
    assert_eq!(look(&world), before);
    assert_eq!(links(&world).await, known);
    // And everything goes on as before: an old leaver comes back, a rename finds its account, a leaver leaves.
    world.town.bamboohr.rehire("7", "2026-04-01");
    world.town.bamboohr.set("10", "workEmail", "vorn10.new@acme.example");
    world.town.bamboohr.terminate("11", "2026-03-31");
    let id = world.says(&email(10), "_id");
    quiet(&world, &["sync"]).await.expect(0);
    assert_eq!(world.says("vorn10.new@acme.example", "_id"), id);
    assert_eq!(world.state(&email(11)), "SUSPENDED");
    assert_eq!(world.town.jumpcloud.users().len(), PEOPLE + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_while_the_store_is_lost_find_their_accounts() {
    let world = staffed(PEOPLE).await;
    let ids: Vec<String> = (1..=PEOPLE).map(|n| world.says(&email(n), "_id")).collect();
    world.town.bamboohr.terminate("5", "2026-03-01");
    quiet(&world, &["sync"]).await.expect(0);
    world.lose_the_store().await;
    // In between: a leaver, a rehire, a new e-mail with a new number, and a number that somebody else gets.
    world.town.bamboohr.terminate("4", "2026-03-01");
    world.travel_to("2026-03-03T09:00[America/Denver]");
    world.town.bamboohr.rehire("5", "2026-03-03");
    let renamed = [("workEmail", Some("vorn06.new@acme.example")), ("employeeNumber", Some("8006"))];
    world.town.bamboohr.set_all("6", &renamed);
    world.town.bamboohr.set("12", "employeeNumber", "7006");
    world.town.bamboohr.hire(person(13));
    let run = quiet(&world, &["sync"]).await;
    assert_eq!(world.says(&email(4), "_id"), ids[3]);
    assert_eq!(world.state(&email(4)), "SUSPENDED");
    assert_eq!(world.says(&email(5), "_id"), ids[4]);
    assert_eq!(world.says("vorn06.new@acme.example", "_id"), ids[5], "{run:?}");
    assert_eq!(world.says(&email(12), "_id"), ids[11]);
    assert_eq!(world.town.jumpcloud.users().len(), PEOPLE + 1);
    // The suspension was ours, but who knows that now? An administrator's own is respected, so it is shown.
    let note = world.hirewire(&["records"]).await.out;
    let back = world.state(&email(5)) == "ACTIVATED";
    assert!(back || note.contains("an administrator suspended this account"), "{note}");
    settle(&world, "after the store was lost").await;
    assert_eq!(world.says(&email(12), "employeeIdentifier"), "7006");
}
