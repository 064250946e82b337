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
use tests::town::Town;

/// Rules that most stories use: plain attributes, groups by department, active until HR says otherwise.
pub const RULES: &str = r#"first_state = "active"

[[connection.group]]
name = "All staff"

[[connection.group]]
name_from = '"Dept " + department'
when = 'department != ""'
"#;

/// How long a story waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A town with its folder, which goes with it.
pub struct World {
    /// The town.
    pub town: Town,
    _folder: TempDir,
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
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (_, zone) = split(moment);
        let town = Town::start(folder.path(), instant(moment), zone, rules).await;
        town.bamboohr.traffic().remember();
        town.jumpcloud.traffic().remember();
        World { town, _folder: folder }
    }

    /// Runs `hirewire` with these words, to its end.
    pub async fn hirewire(&self, words: &[&str]) -> Run {
        let mut command = self.command(words);
        let run = tokio::task::spawn_blocking(move || command.output().expect("hirewire runs"));
        let Output { status, stdout, stderr } = run.await.expect("hirewire is waited for");
        Run {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        }
    }

    /// `hirewire` with these words, to be started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(words)
            .env_clear()
            .env("HIREWIRE_CONFIG", self.town.config())
            .env("HIREWIRE_CLOCK", self.town.clock_setting())
            .stdin(Stdio::null());
        command
    }

    /// A running `hirewire serve`, ready to take webhooks. BambooHR is told of its door first.
    pub async fn serve(&self) -> Serving {
        self.serve_with(&[]).await
    }

    /// The same, with more words on the command line.
    pub async fn serve_with(&self, words: &[&str]) -> Serving {
        // Two processes may be given the same free port; then the second fails to listen, and is tried again.
        for _ in 0..5 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = free.local_addr().expect("an address").to_string();
            drop(free);
            let url = format!("http://{address}/webhook/acme");
            self.town.write_key("webhook.key", &self.town.bamboohr.subscribe(&url));
            let all: Vec<&str> = ["serve", "--listen", &address].into_iter().chain(words.iter().copied()).collect();
            let mut command = self.command(&all);
            let child = command.env("HIREWIRE_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
            let mut serving = Serving { child: child.spawn().expect("hirewire starts"), url };
            if serving.is_up(&address).await {
                return serving;
            }
        }
        panic!("hirewire serve does not come up");
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
            panic!("{place}: waited in vain until {what}\n{}", self.town.jumpcloud.snapshot());
        }
    }

    /// Moves the clock.
    pub fn travel_to(&self, moment: &str) {
        self.town.travel_to(instant(moment));
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
        self.town.jumpcloud.traffic().reset();
    }

    /// Calls since then: to BambooHR, and to JumpCloud.
    pub fn calls(&self) -> (u64, u64) {
        (self.town.bamboohr.traffic().total(), self.town.jumpcloud.traffic().total())
    }
}

/// A running `hirewire serve`; killed, by its own process id, when dropped.
pub struct Serving {
    child: Child,
    /// Its door.
    pub url: String,
}

impl Serving {
    async fn is_up(&mut self, address: &str) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return true;
            }
            if self.child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Sends SIGTERM and waits for the end: exit code and log.
    pub async fn stop(mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return (status.code().unwrap_or(-1), self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("hirewire serve does not stop");
    }

    /// Waits for it to end by itself.
    pub async fn ends(mut self) -> (i32, String) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return (status.code().unwrap_or(-1), self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("hirewire serve goes on");
    }

    /// Kills it like a power cut: nothing is finished.
    pub fn crash(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    fn log(&mut self) -> String {
        let mut log = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            err.read_to_string(&mut log).expect("a log is text");
        }
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `hirewire` that `tests/run` built: beside this test binary's own folder, or where `HIREWIRE_BIN` says.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("HIREWIRE_BIN") {
        return PathBuf::from(path);
    }
    let own = std::env::current_exe().expect("a test binary has a path");
    let profile = own.ancestors().nth(2).expect("a test binary lies in target/PROFILE/deps");
    let path = profile.join("hirewire");
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
