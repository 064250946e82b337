//! A town, and the real `hirewire` binary living in it.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;
use tests::hr::{Hr, HrKind};
use tests::town::Town;

use crate::house::{House, Open};

/// Rules that most stories use: plain attributes, groups by department, active until HR says otherwise.
pub const RULES: &str = r#"first_state = "active"

[[connection.group]]
name = "All staff"

[[connection.group]]
name_from = '"Dept " + department'
when = 'department != ""'
"#;

/// How long a story waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The same where much is to happen.
const LONG_PATIENCE: Duration = Duration::from_secs(90);

/// How many looks, one after the other, must find nobody calling for all to be at rest: `serve` looks at clock and queue
/// several times meanwhile. Looks and not seconds, because on a busy machine both come late.
const STILL: usize = 28;
/// The same on AWS, where calls to queue and tables, which nobody counts, lie in between.
const STILL_ON_AWS: usize = 60;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How long before and after its moment a running world lets an event come and be over.
const COMING: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
const OVER: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);
/// How often the vendors of a running world look at the clock.
const LOOK: Duration = Duration::from_millis(100);

/// How time passes in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The clock stands still until the story moves it.
    Jumps,
    /// It runs as real time does; the story shortens the waits.
    Runs,
}

/// A town with its folder, which goes with it.
pub struct World {
    /// The town.
    pub town: Town,
    /// The HR system of the connection `acme`.
    pub hr: Hr,
    /// The connections by name, each with its HR system and the file of its webhook key.
    connections: Vec<(&'static str, Hr, &'static str)>,
    /// How time passes.
    pub pace: Pace,
    /// The home on AWS, where the stories are told there.
    pub house: Option<House>,
    _folder: TempDir,
}

/// The variable that says where the stories live: on one machine, or, if it is `aws`, there.
const HOME: &str = "HIREWIRE_HOME";

/// Whether the stories live on AWS in this run.
pub fn on_aws() -> bool {
    std::env::var(HOME).is_ok_and(|home| home == "aws")
}

/// For stories about something that only one machine has: says why they are left out elsewhere.
pub fn only_one_machine(why: &str) -> bool {
    let elsewhere = on_aws();
    if elsewhere {
        eprintln!("left out on AWS: {why}");
    }
    elsewhere
}

/// Of many cases of one thing, on AWS only every so many-th: a world there costs seconds, and what the cases tell apart is
/// the same code in both homes.
pub fn fewer<T>(cases: impl IntoIterator<Item = T>, each: usize) -> Vec<T> {
    cases.into_iter().step_by(if on_aws() { each } else { 1 }).collect()
}

/// What a `hirewire` command did.
#[derive(Debug)]
pub struct Run {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}) in:\n{self:?}"))
    }

    /// The run, if it ended with this exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

impl World {
    /// A town at a moment, written as `2026-03-02T09:00[America/Denver]`, with the stories' rules.
    pub async fn at(moment: &str) -> World {
        World::with(moment, RULES).await
    }

    /// The same with other rules.
    pub async fn with(moment: &str, rules: &str) -> World {
        World::build(HrKind::BambooHr, moment, rules, on_aws()).await
    }

    /// The same with the people in this HR system.
    pub async fn of(kind: HrKind, moment: &str, rules: &str) -> World {
        World::build(kind, moment, rules, on_aws()).await
    }

    /// A town with two connections: `acme` to BambooHR, which is [`World::hr`], and `bolt` to Bob.
    pub async fn of_both(moment: &str, acme_rules: &str, bolt_rules: &str) -> World {
        let mut world = World::build(HrKind::BambooHr, moment, acme_rules, on_aws()).await;
        world.town.write_config(&world.town.both_config(split(moment).1, acme_rules, bolt_rules));
        world.connections.push(("bolt", world.town.hr(HrKind::Bob), "bolt-webhook.key"));
        world
    }

    /// The same world, its clock running from now on if that is the pace.
    pub fn at_pace(mut self, pace: Pace) -> World {
        self.pace = pace;
        match pace {
            Pace::Jumps => {}
            Pace::Runs => self.town.clock.run_from(self.town.clock.now()),
        }
        self
    }

    /// A town whose Hirewire lives on AWS, wherever the other stories are told.
    pub async fn on_aws(moment: &str, rules: &str) -> World {
        World::build(HrKind::BambooHr, moment, rules, true).await
    }

    async fn build(kind: HrKind, moment: &str, rules: &str, on_aws: bool) -> World {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (_, zone) = split(moment);
        let town = Town::start_with(kind, folder.path(), instant(moment), zone, rules).await;
        town.bamboohr.traffic().remember();
        town.bob.traffic().remember();
        town.jumpcloud.traffic().remember();
        let house = match on_aws {
            true => Some(House::build(folder.path(), town.clock.clone()).await),
            false => None,
        };
        let hr = town.hr(kind);
        let connections = vec![("acme", hr.clone(), "webhook.key")];
        World { town, hr, connections, pace: Pace::Jumps, house, _folder: folder }
    }

    /// Runs `hirewire` with these words, to its end.
    pub async fn hirewire(&self, words: &[&str]) -> Run {
        self.run(words, &[]).await
    }

    /// The same with more in its environment.
    pub async fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = self.command(words);
        command.envs(environment.iter().copied());
        // Somebody must work what a sync puts on the queue. And a second passes, so that one run is not taken for another.
        let _staff = match &self.house {
            Some(house) if words.contains(&"sync") => {
                self.town.travel_to(self.town.clock.now() + jiff::SignedDuration::from_secs(1));
                Some(house.staff().await)
            }
            Some(_) | None => None,
        };
        let run = tokio::task::spawn_blocking(move || command.output().expect("hirewire runs"));
        let Output { status, stdout, stderr } = run.await.expect("hirewire is waited for");
        Run {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        }
    }

    /// The store is lost: the file, or the tables.
    pub async fn lose_the_store(&self) {
        if let Some(house) = &self.house {
            return house.lose_the_tables().await;
        }
        for name in ["hirewire.db", "hirewire.db-wal", "hirewire.db-shm"] {
            let lost = std::fs::remove_file(self.town.folder().join(name));
            assert!(lost.is_ok() || name != "hirewire.db", "there was no store to lose");
        }
    }

    /// Everything that the functions have logged so far; nothing on one machine.
    pub fn functions_log(&self) -> String {
        self.house.as_ref().and_then(|house| std::fs::read_to_string(house.log()).ok()).unwrap_or_default()
    }

    /// `hirewire` with these words, to be started.
    pub fn command(&self, words: &[&str]) -> Command {
        let Some(house) = &self.house else { return self.bare_command(words) };
        if house.move_in() {
            // A file with faults is not taken; the command itself says so again.
            let pushed = self.bare_command(&["rules", "push"]).output().expect("hirewire runs");
            drop(pushed);
        }
        self.bare_command(words)
    }

    fn bare_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary("hirewire"));
        command.args(words).env_clear().env("HIREWIRE_CLOCK", self.town.clock_setting()).stdin(Stdio::null());
        match &self.house {
            Some(house) => command.env("HIREWIRE_CONFIG", house.config()).envs(house.environment()),
            None => command.env("HIREWIRE_CONFIG", self.town.config()),
        };
        command
    }

    /// Tells each connection's HR system of the door at this address; the door of `acme`.
    fn subscribe(&self, address: &str) -> String {
        for (name, hr, key) in &self.connections {
            let url = format!("http://{address}/webhook/{name}");
            self.town.write_key(key, &hr.subscribe(&url));
        }
        format!("http://{address}/webhook/acme")
    }

    /// A running `hirewire serve`, ready to take webhooks. HR is told of its door first.
    pub async fn serve(&self) -> Serving {
        self.serve_with(&[]).await
    }

    /// The same, with more words on the command line.
    pub async fn serve_with(&self, words: &[&str]) -> Serving {
        if let Some(house) = &self.house {
            return self.open(house, words).await;
        }
        // Two processes may be given the same free port; then the second fails to listen, and is tried again.
        for _ in 0..5 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = free.local_addr().expect("an address").to_string();
            drop(free);
            let url = self.subscribe(&address);
            let all: Vec<&str> = ["serve", "--listen", &address].into_iter().chain(words.iter().copied()).collect();
            let mut command = self.command(&all);
            let child = command.env("HIREWIRE_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
            let child = child.spawn().expect("hirewire starts");
            let mut serving = Serving { work: Work::Process(child), url };
            if serving.is_up(&address).await {
                return serving;
            }
        }
        panic!("hirewire serve does not come up");
    }

    /// What takes webhooks at this free address, with keys and rules as they are; HR is not told of it.
    pub async fn serve_at(&self, address: &str) -> Serving {
        let url = format!("http://{address}/webhook/acme");
        let work = match &self.house {
            Some(house) => {
                drop(self.command(&["check"]));
                let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
                let hour = jiff::SignedDuration::from_hours(1);
                Work::Functions(house.open(listener, self.town.clock.clone(), hour).await, house.log())
            }
            None => {
                let mut command = self.command(&["serve", "--listen", address]);
                let child = command.env("HIREWIRE_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
                Work::Process(child.spawn().expect("hirewire starts"))
            }
        };
        let mut serving = Serving { work, url };
        assert!(serving.is_up(address).await, "hirewire serve does not come up at {address}");
        serving
    }

    /// The functions on AWS, in place of `serve`.
    async fn open(&self, house: &House, words: &[&str]) -> Serving {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = self.subscribe(&listener.local_addr().expect("an address").to_string());
        drop(self.command(&["check"]));
        let said = words.iter().position(|word| *word == "--poll-every").and_then(|at| words.get(at + 1));
        let seconds = said.map_or(60, |seconds| seconds.parse().expect("a number of seconds"));
        let poll_every = jiff::SignedDuration::from_secs(seconds);
        let open = house.open(listener, self.town.clock.clone(), poll_every).await;
        Serving { work: Work::Functions(open, house.log()), url }
    }

    /// Waits until JumpCloud says so.
    #[track_caller]
    pub fn eventually<'a>(&'a self, what: &'a str, test: impl Fn(&Town) -> bool + 'a) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let start = Instant::now();
            while start.elapsed() < PATIENCE {
                if test(&self.town) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let (accounts, log) = (self.town.jumpcloud.snapshot(), self.functions_log());
            panic!("{place}: waited in vain until {what}\n{accounts}\n{log}");
        }
    }

    /// Waits until this has begun, a poll of HR for instance, and until nothing is going on any more after it.
    #[track_caller]
    pub fn comes_to_rest<'a>(
        &'a self,
        what: &'a str,
        has_begun: impl Fn(&World) -> bool + 'a,
    ) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let still = if on_aws() { STILL_ON_AWS } else { STILL };
            let start = Instant::now();
            let (mut last, mut looks) = (self.calls(), 0);
            loop {
                // Asked before the calls are counted: what has just begun is among them, and the rest begins after it.
                let begun = has_begun(self);
                let now = self.calls();
                looks = if now == last { looks + 1 } else { 0 };
                last = now;
                if begun && looks >= still {
                    return;
                }
                assert!(
                    start.elapsed() < LONG_PATIENCE,
                    "{place}: {what}: it does not begin, or does not come to rest"
                );
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        }
    }

    /// Whether a delivery was refused. A function that has read its keys a moment ago asks for another try first: they
    /// may have been changed since.
    pub fn is_refused(&self, status: Option<u16>) -> bool {
        status == Some(401) || (self.house.is_some() && status == Some(503))
    }

    /// How complaints call a line of the configuration. On AWS the file has a line more, for the queue.
    pub fn place(&self, line: usize) -> String {
        match &self.house {
            Some(_) => format!("aws.toml:{}", line + 1),
            None => format!("hirewire.toml:{line}"),
        }
    }

    /// What a run has logged; on AWS what the functions have logged as well.
    pub fn log_of(&self, run: &Run) -> String {
        run.err.clone() + &self.functions_log()
    }

    /// Moves the clock.
    pub fn travel_to(&self, moment: &str) {
        self.town.travel_to(instant(moment));
    }

    /// Lets a moment pass. A world that jumps is then at it; one that runs is put two seconds before it, and time does the
    /// rest, until a second after it.
    pub async fn pass(&self, moment: &str) {
        let moment = instant(moment);
        match self.pace {
            Pace::Jumps => self.town.travel_to(moment),
            Pace::Runs => {
                self.town.travel_to(moment - COMING);
                while self.town.clock.now() < moment + OVER {
                    tokio::time::sleep(LOOK).await;
                    self.town.tick();
                }
            }
        }
    }

    /// One account's field.
    pub fn says(&self, email: &str, field: &str) -> String {
        let account = self.town.jumpcloud.user(email);
        let account = account.unwrap_or_else(|| panic!("no account {email} in\n{}", self.town.jumpcloud.snapshot()));
        match &account[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The state of one account.
    pub fn state(&self, email: &str) -> String {
        self.says(email, "state")
    }

    /// Loads the company of the `company` module.
    pub fn move_in(&self) {
        tests::company::move_in(&self.town.bamboohr);
    }

    /// Forgets all calls counted so far.
    pub fn forget_calls(&self) {
        self.town.bamboohr.traffic().reset();
        self.town.bob.traffic().reset();
        self.town.jumpcloud.traffic().reset();
    }

    /// Calls since then: to HR, and to JumpCloud.
    pub fn calls(&self) -> (u64, u64) {
        let hr = self.town.bamboohr.traffic().total() + self.town.bob.traffic().total();
        (hr, self.town.jumpcloud.traffic().total())
    }
}

/// A running `hirewire serve`; killed, by its own process id, when dropped.
pub struct Serving {
    work: Work,
    /// Its door.
    pub url: String,
}

enum Work {
    /// `hirewire serve`.
    Process(Child),
    /// The functions on AWS, and where they log.
    Functions(Open, PathBuf),
}

impl Serving {
    async fn is_up(&mut self, address: &str) -> bool {
        let Work::Process(child) = &mut self.work else { return true };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return true;
            }
            if child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Sends SIGTERM and waits for the end: exit code and log. Functions are just no longer called.
    pub async fn stop(self) -> (i32, String) {
        if let Work::Process(child) = &self.work {
            let pid = child.id().to_string();
            Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        }
        self.ends().await
    }

    /// Waits for it to end by itself.
    pub async fn ends(mut self) -> (i32, String) {
        let child = match &mut self.work {
            Work::Process(child) => child,
            Work::Functions(open, log) => {
                open.finish().await;
                return (0, std::fs::read_to_string(log).unwrap_or_default());
            }
        };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().expect("a child can be asked") {
                let mut log = String::new();
                if let Some(mut err) = child.stderr.take() {
                    err.read_to_string(&mut log).expect("a log is text");
                }
                return (status.code().unwrap_or(-1), log);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("hirewire serve goes on");
    }

    /// Kills it like a power cut: nothing is finished.
    pub fn crash(mut self) {
        match &mut self.work {
            Work::Process(child) => {
                child.kill().expect("a child can be killed");
                child.wait().expect("a killed child ends");
            }
            Work::Functions(open, _) => open.stop(),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Work::Process(child) = &mut self.work {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program that `tests/run` built: beside this test binary's own folder, or in the folder that `HIREWIRE_BIN` names.
pub fn binary(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("HIREWIRE_BIN") {
        return PathBuf::from(folder).join(name);
    }
    let own = std::env::current_exe().expect("a test binary has a path");
    let profile = own.ancestors().nth(2).expect("a test binary lies in target/PROFILE/deps");
    let path = profile.join(name);
    assert!(path.exists(), "{} is missing: run tests/run, or cargo build --workspace first", path.display());
    path
}

fn split(moment: &str) -> (&str, &str) {
    let (time, zone) = moment.trim_end_matches(']').split_once('[').expect("MOMENT[ZONE]");
    (time, zone)
}

/// `2026-03-02T09:00[America/Denver]` as an instant.
pub fn instant(moment: &str) -> Timestamp {
    let (time, zone) = split(moment);
    let time: DateTime = time.parse().expect("a moment");
    TimeZone::get(zone).expect("a zone").to_timestamp(time).expect("a moment that exists")
}

/// The folder of shared material, where a development machine has one; a user's clone has none.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("HIREWIRE_SHARED").map_or(root, PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("left out: {path} is not here (only development machines have it)");
    None
}
