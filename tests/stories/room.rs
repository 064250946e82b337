//! One function's real binary under AWS's own runtime interface emulator, and a town for it: started, spoken to, stopped
//! and killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::aws::home;
use tests::lambda::emulator::{self, INVOCATIONS, free_address};
use tests::lambda::events;
use tests::town::Town;

use crate::cast::{MONDAY, ada, grace};
use crate::house::{House, NAME};
use crate::world::{RULES, binary, instant};

/// The variable that says where AWS's emulator is.
const EMULATOR: &str = "HIREWIRE_RIE";
/// How long a story waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long a message is a function's, in seconds, as in `infra/template.yaml`.
const VISIBILITY: u32 = 900;

/// A town with a home on AWS, and no function yet.
pub struct Room {
    /// The town.
    pub town: Town,
    /// Its home.
    pub house: House,
    folder: TempDir,
}

impl Room {
    /// With Ada and Grace in it, and rules pushed.
    pub async fn open() -> Room {
        let room = Room::without_rules().await;
        room.house.move_in();
        room.push_rules(1).await;
        room
    }

    /// The same before anybody pushed rules.
    pub async fn without_rules() -> Room {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let town = Town::start(folder.path(), instant(MONDAY), "America/Denver", RULES).await;
        town.bamboohr.hire(ada());
        town.bamboohr.hire(grace());
        let house = House::build(folder.path(), town.clock.clone()).await;
        Room { town, house, folder }
    }

    /// Puts the configuration where `hirewire rules push` puts it.
    pub async fn push_rules(&self, version: u64) {
        let text = std::fs::read_to_string(self.house.config()).expect("a configuration");
        self.house.account.push_rules(NAME, version, &text, self.town.clock.now().as_microsecond()).await;
    }

    /// BambooHR tells this door; the key that it shows once is kept.
    pub fn subscribe(&self) {
        let key = self.town.bamboohr.subscribe("http://127.0.0.1:1/webhook/acme");
        self.town.write_key("webhook.key", &key);
        self.house.move_in();
    }

    /// This function, started, with so many seconds for each event.
    pub async fn emulate(&self, name: &'static str, timeout: u64) -> Emulator {
        Emulator::start(self, name, timeout).await
    }

    /// How many messages wait.
    pub async fn waiting(&self) -> usize {
        let url = self.house.account.queue(NAME).await;
        let ask = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let said = self.house.account.call("sqs", "GetQueueAttributes", ask).await.expect("attributes");
        let count = said["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap_or_default().parse();
        count.expect("a number")
    }

    /// Messages about these people, as AWS Lambda hands them over: on the queue, taken, and each with its handle.
    pub async fn batch(&self, people: &[&str]) -> Value {
        let account = &self.house.account;
        let url = account.queue(NAME).await;
        for id in people {
            let token = format!("{:032x}", fastrand::u128(..));
            let send = json!({
                "QueueUrl": url, "MessageBody": hint(id, self.town.clock.now()), "MessageGroupId": format!("acme:{id}"),
                "MessageDeduplicationId": token,
            });
            account.call("sqs", "SendMessage", send).await.expect("a message is sent");
        }
        let taken = events::take(account, &url, VISIBILITY).await.expect("messages");
        assert_eq!(taken.len(), people.len(), "{taken:?}");
        events::batch(account, NAME, &taken)
    }
}

fn hint(id: &str, now: Timestamp) -> String {
    let key = json!({ "connection": "acme", "id": id });
    json!({ "key": key, "trigger": "webhook", "asked_at": now.to_string() }).to_string()
}

/// A function's process under AWS's emulator. All of it is ended by process id when this is dropped.
pub struct Emulator {
    process: Child,
    /// Where it takes events.
    pub url: String,
    log: PathBuf,
    /// Who gives it some.
    pub client: reqwest::Client,
}

impl Emulator {
    async fn start(room: &Room, name: &'static str, timeout: u64) -> Emulator {
        let log = room.folder.path().join(format!("{name}.log"));
        // Somebody else may be given the same free port; then it ends, and is tried again.
        for _ in 0..5 {
            let own = free_address();
            let file = File::create(&log).expect("a log can be written");
            let environment = room.house.environment();
            let mut command = emulator::command(&rie(), &own, &binary(name), name, environment, file);
            command.envs(home(NAME)).envs([
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_TIMEOUT", &timeout.to_string()),
                ("HIREWIRE_STAGE", NAME),
            ]);
            let process = command.spawn().expect("the emulator starts");
            let url = format!("http://{own}{INVOCATIONS}");
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let mut emulator = Emulator { process, url, log: log.clone(), client };
            if emulator.is_up(&own).await {
                return emulator;
            }
        }
        panic!("the emulator does not come up");
    }

    async fn is_up(&mut self, address: &str) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return true;
            }
            if self.process.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// What it says to these bytes; never two at once, which the emulator cannot do.
    pub async fn say(&mut self, event: &str) -> String {
        let answer = self.client.post(&self.url).body(event.to_owned()).send().await.expect("an answer");
        answer.text().await.expect("text")
    }

    /// What it answers, where that is no error.
    #[track_caller]
    pub fn good<'a>(&'a mut self, event: &'a Value) -> impl Future<Output = Value> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let said = self.say(&event.to_string()).await;
            let answer: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{place}: {said}"));
            assert!(answer.get("errorType").is_none(), "{place}: {said}\n{}", self.log());
            answer
        }
    }

    /// The kind of error that it answers.
    pub async fn error(&mut self, event: &str) -> String {
        let said = self.say(event).await;
        let answer: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
        answer["errorType"].as_str().unwrap_or_else(|| panic!("no error: {said}")).to_owned()
    }

    /// Our own processes below the emulator's.
    fn children(&self) -> Vec<u32> {
        let parent = self.process.id().to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // `pid (name) state parent …`; the name may hold anything.
            let after = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
            if after.split_whitespace().nth(1) == Some(&parent) {
                found.push(pid);
            }
        }
        found
    }

    /// Sends a signal to the function.
    pub fn signal(&self, signal: &str) {
        for pid in self.children() {
            let _ = Command::new("kill").args([signal, &pid.to_string()]).status();
        }
    }

    /// What both have said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines that the function wrote. Every one that begins like JSON must be JSON, and none may name anybody.
    pub fn lines(&self) -> Vec<Value> {
        let log = self.log();
        for name in ["Ada", "Byron", "Grace", "Hopper", "acme.example"] {
            assert!(!log.contains(name), "{name} is named in\n{log}");
        }
        let lines = log.lines().filter(|line| line.starts_with('{'));
        let parsed: Vec<Value> =
            lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
        let mixed = log.lines().any(|line| !line.starts_with('{') && line.contains("\"_aws\""));
        assert!(!mixed, "a line was begun in the middle of another:\n{log}");
        parsed
    }

    /// How much of a metric was written so far, under these labels.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let lines = self.lines();
        let dimensions =
            |line: &Value| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0].as_array().map_or(0, Vec::len);
        // `service` and `stage` are on every line.
        let wanted = lines.iter().filter(|line| dimensions(line) == labels.len() + 2);
        let wanted = wanted.filter(|line| labels.iter().all(|(label, value)| line[label] == *value));
        wanted.filter_map(|line| line[name].as_f64()).sum()
    }

    /// Stopped in its tracks it runs out of time, and killed it ends: neither is felt by the call after it.
    pub async fn survives(&mut self, event: &Value) {
        self.good(event).await;
        self.signal("-STOP");
        let said = self.say(&event.to_string()).await;
        assert!(said.contains("timed out"), "{said}");
        self.good(event).await;
        self.signal("-KILL");
        // Whether the emulator has noticed by now is a matter of luck; the call after this one must work.
        let _ = self.say(&event.to_string()).await;
        self.good(event).await;
    }

    /// The same as [`Emulator::survives`] for a function that has too much time to be waited for.
    pub async fn survives_quickly(&mut self, event: &Value) {
        self.good(event).await;
        self.signal("-KILL");
        let _ = self.say(&event.to_string()).await;
        self.good(event).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.signal("-KILL");
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// AWS's emulator, which `tests/run` fetches.
fn rie() -> PathBuf {
    if let Some(path) = std::env::var_os(EMULATOR) {
        return PathBuf::from(path);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository");
    let path = root.join(".tools/bin/aws-lambda-rie");
    assert!(path.exists(), "{} is missing: run tests/run once", path.display());
    path
}
