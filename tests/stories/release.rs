//! Limits a day on what can hardly be undone, and how somebody lets people go ahead.

use crate::cast::{active, person};
use crate::world::World;

/// Monday morning in the company's zone, and a day later with an hour to spare.
const MONDAY: &str = "2026-03-02T09:00[America/Denver]";
const TUESDAY: &str = "2026-03-03T10:00[America/Denver]";
const EMAILS: [&str; 3] = ["amy.ash@acme.example", "ben.bay@acme.example", "cal.cox@acme.example"];

fn rules(scope: &str) -> String {
    active(&format!(
        "[connection.scope]\n{scope}\non_leaving = \"suspend\"\n[connection.brakes]\nleave_scope = 1\n\
         [[connection.group]]\nname = \"All staff\"\n"
    ))
}

/// Three people of Sales who are in step, and then rules that leave Sales out.
async fn sales_is_left_out() -> World {
    let world = World::with(MONDAY, &rules("")).await;
    for (id, first, last) in [("1", "Amy", "Ash"), ("2", "Ben", "Bay"), ("3", "Cal", "Cox")] {
        world.town.bamboohr.hire(person(id, first, last).with("department", "Sales"));
    }
    world.sync().await;
    let left_out = rules("when = 'department != \"Sales\"'");
    world.town.write_config(&world.town.plain_config("America/Denver", &left_out));
    world
}

fn suspended(world: &World) -> Vec<&'static str> {
    EMAILS.into_iter().filter(|email| world.state(email) == "SUSPENDED").collect()
}

/// The ids of those whom a brake holds, by `records`.
async fn held(world: &World) -> Vec<String> {
    let records = world.hirewire(&["records", "--format", "json"]).await.expect(0).json();
    let all = records.as_array().expect("records").iter().filter(|record| record["status"]["status"] == "held");
    all.map(|record| format!("acme:{}", record["key"]["id"].as_str().expect("an id"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_held_by_a_brake_goes_ahead_once_somebody_says_so() {
    let world = sales_is_left_out().await;

    // The plan says beforehand what the brake will do, and spends nothing.
    for _ in 0..2 {
        let plan = world.hirewire(&["plan"]).await.expect(1).out;
        assert_eq!(plan.matches("-> Suspended").count(), 1, "{plan}");
        assert_eq!(plan.matches("brakes.leave_scope = 1").count(), 2, "{plan}");
        assert!(plan.contains("`hirewire release`") && plan.contains("1 to change, 2 held"), "{plan}");
    }
    world.hirewire(&["sync"]).await.expect(1);
    assert_eq!(suspended(&world).len(), 1);
    let waiting = held(&world).await;
    assert_eq!(waiting.len(), 2);
    for id in &waiting {
        let line = world.shown(id.trim_start_matches("acme:")).await;
        assert!(line.contains("held") && line.contains("`hirewire release`"), "{line}");
    }
    let explained = world.hirewire(&["explain", &waiting[0]]).await.expect(0).out;
    assert!(explained.contains("brakes.leave_scope = 1"), "{explained}");

    // One of them.
    let [one, other] = [&waiting[0], &waiting[1]];
    let dry = world.hirewire(&["release", one, "--dry-run"]).await.expect(0).out;
    assert!(dry.contains("would be released; held by brakes.leave_scope = 1") && dry.contains("Nothing was"), "{dry}");
    world.hirewire(&["sync"]).await.expect(1);
    assert_eq!(held(&world).await.len(), 2, "nothing came of the dry run");
    let run = world.run(&["release", one], &[("USER", "vera")]).await.expect(0);
    assert!(run.out.contains(&format!("({one}): released; held by brakes.leave_scope = 1")), "{}", run.out);
    assert!(run.out.contains("1 person released by vera"), "{}", run.out);
    world.hirewire(&["sync"]).await.expect(1);
    assert_eq!((suspended(&world).len(), held(&world).await), (2, vec![other.clone()]));
    let explained = world.hirewire(&["explain", one]).await.expect(0).out;
    assert!(explained.contains("released by vera from brakes.leave_scope = 1"), "{explained}");

    // The next day the brake would let one pass again, but time alone opens none: that is allowed by somebody, by name
    // or by a larger number.
    world.travel_to(TUESDAY);
    let plan = world.hirewire(&["plan"]).await.expect(1).out;
    assert!(plan.contains("0 to change, 1 held"), "{plan}");
    world.hirewire(&["sync"]).await.expect(1);
    assert_eq!((suspended(&world).len(), held(&world).await), (2, vec![other.clone()]));
    let more = rules("when = 'department != \"Sales\"'").replace("leave_scope = 1", "leave_scope = 2");
    world.town.write_config(&world.town.plain_config("America/Denver", &more));
    let plan = world.hirewire(&["plan"]).await.expect(0).out;
    assert!(plan.contains("1 to change, 0 held"), "{plan}");
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!((suspended(&world).len(), held(&world).await.len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_whom_a_brake_holds_and_nobody_else() {
    let world = sales_is_left_out().await;
    world.town.bamboohr.hire(person("9", "Edith", "Clarke").email(""));
    world.hirewire(&["sync"]).await.expect(1);

    let other = world.hirewire(&["release", "9", "4711"]).await.expect(1).out;
    assert!(other.contains("(acme:9): no brake holds this person; skipped: no work e-mail"), "{other}");
    assert!(other.contains("acme:4711: no brake holds this person; nothing is known"), "{other}");
    let json = world.hirewire(&["release", "--connection", "acme", "--dry-run", "--format", "json"]).await.expect(0);
    assert_eq!(json.json()["released"].as_array().map(Vec::len), Some(2), "{}", json.out);
    let all = world.hirewire(&["release", "--connection", "acme"]).await.expect(0).out;
    assert!(all.contains("2 people released"), "{all}");
    world.hirewire(&["sync"]).await.expect(0);
    assert_eq!((suspended(&world).len(), held(&world).await.len()), (3, 0));
    let nobody = world.hirewire(&["release", "--connection", "acme"]).await.expect(0).out;
    assert!(nobody.contains("No brake holds anybody there."), "{nobody}");

    world.hirewire(&["release"]).await.expect(2);
    world.hirewire(&["release", "--connection", "bolt"]).await.expect(2);
    world.hirewire(&["release", "1", "--connection", "acme"]).await.expect(2);
}
