//! The policies that rules choose between, each told on both HR systems, and on both clocks where a moment passes.

mod activation;
mod bad_input;
mod by_hand;
mod deletion;
mod first_state;
mod joining;
mod leave;
mod leaver;
mod mover;
mod rehire;
mod removal;
mod rename;
mod scope;
mod time;
mod user_names;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tests::hr::{HrKind, NewHire};

use crate::cast::{ADA, GRACE};
use crate::world::{PATIENCE, Pace, World, fewer, instant, on_aws};

/// The company's zone in these stories.
const ZONE: &str = "America/Denver";
/// How long a story watches that nothing happens.
const QUIET: Duration = Duration::from_millis(600);
/// How often a story looks before it lets a minute pass on AWS.
const LOOKS: usize = 10;
/// More than a poll of HR is apart from the next, in seconds.
const A_POLL: i64 = 61;

/// Which HR system a story is told on, and how time passes in it.
#[derive(Clone, Copy, Debug)]
struct Telling {
    kind: HrKind,
    pace: Pace,
}

impl Telling {
    /// Both HR systems on both clocks. A world on AWS costs seconds: there it is each system and each clock once.
    fn all() -> Vec<Telling> {
        let [one, other] = HrKind::ALL;
        let all = [(one, Pace::Jumps), (one, Pace::Runs), (other, Pace::Runs), (other, Pace::Jumps)];
        fewer(all.map(|(kind, pace)| Telling { kind, pace }), 2)
    }

    /// Both HR systems, where no moment matters.
    fn still() -> [Telling; 2] {
        HrKind::ALL.map(|kind| Telling { kind, pace: Pace::Jumps })
    }

    /// What only one HR system has, on both clocks.
    fn only(kind: HrKind) -> [Telling; 2] {
        [Pace::Jumps, Pace::Runs].map(|pace| Telling { kind, pace })
    }

    /// The world of this telling. If the story fails, the last one named is where.
    async fn world(self, moment: &str, rules: &str) -> World {
        eprintln!("told of {:?}, where time {:?}", self.kind, self.pace);
        World::of(self.kind, moment, rules).await.at_pace(self.pace)
    }
}

/// Ada, number 1007, an engineer since 2020.
fn ada() -> NewHire {
    NewHire::new("Ada", "Byron").email(ADA).number(1007).department("Engineering").starts("2020-01-06")
}

/// Grace, number 1008, in Sales since 2020.
fn grace() -> NewHire {
    NewHire::new("Grace", "Hopper").email(GRACE).number(1008).department("Sales").starts("2020-01-06")
}

impl World {
    /// What somebody just changed in HR comes here: by webhook where the clock jumps, by the poll where it runs.
    async fn news(&self) {
        match self.pace {
            Pace::Jumps => {
                drop(self.hr.deliver_webhooks().await);
                // Whoever changes the same thing twice within a second is heard once, until the next poll.
                self.town.clock.advance(1);
            }
            Pace::Runs => {
                self.hr.lose_webhooks();
                self.town.clock.advance(A_POLL);
                self.town.tick();
            }
        }
    }

    /// A day has come from which on HR says something else: BambooHR's webhook tells it, of Bob only a poll.
    async fn arrives(&self) {
        self.town.tick();
        drop(self.hr.deliver_webhooks().await);
        self.town.clock.advance(A_POLL);
    }

    /// Other rules, for whoever starts from now on.
    fn rules(&self, rules: &str) {
        self.town.write_config(&self.town.plain_config_of(self.hr.kind(), ZONE, rules));
    }

    /// It is not so a minute before this moment, and within a minute after it, it is.
    #[track_caller]
    fn becomes<'a>(
        &'a self,
        moment: &'a str,
        what: &'a str,
        test: impl Fn(&World) -> bool + 'a,
    ) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            self.town.travel_to(instant(moment) - SignedDuration::from_mins(1));
            tokio::time::sleep(QUIET).await;
            assert!(!test(self), "{place}: too early: {what}\n{}", self.town.jumpcloud.snapshot());
            self.pass(moment).await;
            self.within_a_minute(what, test).await;
        }
    }

    /// It becomes so before a minute has passed. On AWS schedules come each minute, for which no story waits.
    async fn within_a_minute(&self, what: &str, test: impl Fn(&World) -> bool) {
        for _ in 0..if on_aws() { LOOKS } else { 0 } {
            if test(self) {
                return;
            }
            tokio::time::sleep(QUIET).await;
        }
        if on_aws() {
            self.town.travel_to(self.town.clock.now() + SignedDuration::from_mins(1));
        }
        self.eventually(what, |_| test(self)).await;
    }

    /// It is so, and stays so for a while.
    #[track_caller]
    fn stays<'a>(&'a self, what: &'a str, test: impl Fn(&World) -> bool + 'a) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            tokio::time::sleep(QUIET).await;
            assert!(test(self), "{place}: not so: {what}\n{}", self.town.jumpcloud.snapshot());
        }
    }

    /// What is shown of somebody, once it says this: whoever was told of them may still be at work.
    #[track_caller]
    fn shows<'a>(&'a self, id: &'a str, words: &'a str) -> impl Future<Output = String> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                let shown = self.shown(id).await;
                if shown.contains(words) {
                    return shown;
                }
                assert!(start.elapsed() < PATIENCE, "{place}: waited in vain for {words:?} in\n{shown}");
                tokio::time::sleep(QUIET).await;
            }
        }
    }

    /// State and groups of an account.
    fn access(&self, who: &str) -> (String, Vec<String>) {
        (self.state(who), self.town.jumpcloud.groups_of(who))
    }

    /// Whether an account has this state and these groups; not if there is none.
    fn has(&self, who: &str, state: &str, groups: &[&str]) -> bool {
        self.town.jumpcloud.user(who).is_some() && self.access(who) == (state.to_owned(), owned(groups))
    }

    /// Whether there is such an account.
    fn exists(&self, who: &str) -> bool {
        self.town.jumpcloud.user(who).is_some()
    }

    /// When somebody changes by themselves, by what is known of them.
    async fn next_change(&self, id: &str) -> Option<Timestamp> {
        let records = self.hirewire(&["--format", "json", "records"]).await.expect(0).json();
        let all = records.as_array().expect("a list of records");
        let record = all.iter().find(|record| record["key"]["id"] == *id).expect("a record of this person");
        record["next_change"].as_str().map(|text| text.parse().expect("a moment"))
    }

    /// Every call so far that entered somebody into a group or took them out, in order: `add` or `remove`, and the group.
    fn memberships(&self) -> Vec<(String, String)> {
        let groups = self.town.jumpcloud.groups();
        let name = |path: &str| {
            let known = groups.iter().find(|group| group["id"].as_str().is_some_and(|id| path.contains(id)));
            known.and_then(|group| group["name"].as_str()).unwrap_or_default().to_owned()
        };
        let exchanges = self.town.jumpcloud.traffic().exchanges().into_iter();
        let writes = exchanges.filter(|one| one.method == "POST" && one.path.ends_with("/members"));
        let told = writes.map(|one| {
            let body: serde_json::Value = serde_json::from_slice(&one.body).expect("JSON");
            (body["op"].as_str().unwrap_or_default().to_owned(), name(&one.path))
        });
        told.collect()
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// `2026-04-01T16:00:05[UTC]`, as stories write moments.
fn written(moment: Timestamp) -> String {
    format!("{}[UTC]", moment.strftime("%Y-%m-%dT%H:%M:%S"))
}
