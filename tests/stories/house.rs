//! The home on AWS as the stories live in it: tables, queues and keys in an account of the emulator, the four functions'
//! real binaries, and in place of AWS's own machinery its few rules: a mapping that takes messages and deletes what was
//! not reported, an HTTP door, and schedules by the story's clock.
//!
//! One story deploys the real template and uses the emulator's own machinery (`deployed.rs`); all others use this, which
//! is ready in a tenth of a second.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::aws::{Account, home, keys_in, log_table, moved, state_table};
use tests::clock::Clock;
use tests::lambda::events;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::function::Function;

/// What the installation is called.
pub const NAME: &str = "hirewire";
/// How many provisioners there are.
const PROVISIONERS: usize = 2;
/// How often the mapping looks while there is something to do, and when there is nothing; AWS's own waits in one long
/// call.
const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_millis(50);
/// How often the schedules look at the clock.
const LOOK: Duration = Duration::from_millis(20);
/// How long somebody who is under way may take to finish.
const FINISH: Duration = Duration::from_secs(10);
/// How long a message is somebody's. Longer than any story waits: what a killed function held is made visible at once.
const VISIBILITY: u32 = 120;
/// The longest that what is given back stays away, in seconds. SQS counts real ones; a story whose clock moves on by so
/// many has them back at once.
const LONGEST_AWAY: i64 = 301;

/// An account, and what was put into it.
pub struct House {
    /// The account.
    pub account: Account,
    folder: PathBuf,
    clock: Clock,
    put: Mutex<BTreeMap<String, String>>,
    away: Away,
    detour: Mutex<Option<String>>,
}

/// Messages that were given back, by their ids: how SQS knows them, and when that was by the story's clock.
type Away = Arc<Mutex<BTreeMap<String, (Value, Timestamp)>>>;

impl House {
    /// A new account with tables and queues; its configuration lies beside the town's.
    pub async fn build(folder: &Path, clock: Clock) -> House {
        let account = Account::open();
        account.make_home(NAME).await;
        House {
            account,
            folder: folder.to_owned(),
            clock,
            put: Mutex::default(),
            away: Away::default(),
            detour: Mutex::default(),
        }
    }

    /// The configuration for `hirewire`.
    pub fn config(&self) -> PathBuf {
        self.folder.join("aws.toml")
    }

    /// Both tables are lost, with the rules in them; the queue is not.
    pub async fn lose_the_tables(&self) {
        for table in [state_table(NAME), log_table(NAME)] {
            let name = json!({ "TableName": table["TableName"] });
            self.account.call("dynamodb", "DeleteTable", name).await.expect("a table to lose");
            self.account.call("dynamodb", "CreateTable", table).await.expect("a table is made");
        }
        self.put.lock().expect("no panic").remove("");
    }

    /// What a function's, or the command's, environment must hold.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            self.account.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.push(("HIREWIRE_CLOCK".to_owned(), format!("file:{}", self.folder.join("clock").display())));
        all
    }

    /// Takes over the town's configuration and keys as they are now. Says whether the rules are others than before.
    pub fn move_in(&self) -> bool {
        for (name, value) in keys_in(&self.folder) {
            // Secrets Manager takes no empty one; a blank is what a person would leave behind.
            let value = if value.is_empty() { " ".to_owned() } else { value };
            if self.is_new(&name, &value) {
                self.put_secret(&name, &value);
            }
        }
        let town = std::fs::read_to_string(self.folder.join("hirewire.toml")).expect("a configuration");
        let text = moved(&town, NAME);
        std::fs::write(self.config(), &text).expect("a configuration can be written");
        self.is_new("", &text)
    }

    fn is_new(&self, name: &str, value: &str) -> bool {
        let old = self.put.lock().expect("no panic").insert(name.to_owned(), value.to_owned());
        old.as_deref() != Some(value)
    }

    fn put_secret(&self, name: &str, value: &str) {
        let (account, name, value) = (self.account.elsewhere(), name.to_owned(), value.to_owned());
        aside(async move {
            let new = json!({ "Name": name, "SecretString": value });
            if account.call("secretsmanager", "CreateSecret", new).await.is_err() {
                let next = json!({ "SecretId": name, "SecretString": value });
                account.call("secretsmanager", "PutSecretValue", next).await.expect("a secret is written");
            }
        });
    }

    /// Functions that are started from now on reach AWS through this address.
    pub fn lead_through(&self, address: &str) {
        *self.detour.lock().expect("no panic") = Some(address.to_owned());
    }

    /// One function, not started yet.
    pub async fn function(&self, name: &'static str, timeout: u64) -> Arc<Function> {
        let mut environment = self.environment();
        if let Some(address) = &*self.detour.lock().expect("no panic") {
            environment.push(("AWS_ENDPOINT_URL".to_owned(), address.clone()));
        }
        environment.extend(home(NAME).map(|(variable, value)| (variable.to_owned(), value)));
        environment.push(("HIREWIRE_LOG".to_owned(), "debug".to_owned()));
        Function::new(name, environment, Duration::from_secs(timeout), &self.log()).await
    }

    /// Where the functions log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("functions.log")
    }

    /// Provisioners, working the queue.
    pub async fn staff(&self) -> Mapping {
        let mut provisioners = Vec::with_capacity(PROVISIONERS);
        for _ in 0..PROVISIONERS {
            provisioners.push(self.function("provisioner", 150).await);
        }
        let (stopped, away) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.away));
        let lane = Lane {
            account: self.account.clone(),
            url: self.account.queue(NAME).await,
            clock: self.clock.clone(),
            away,
            stopped: Arc::clone(&stopped),
        };
        let free = Arc::new(Semaphore::new(provisioners.len()));
        tokio::spawn(map(lane, provisioners.clone(), Arc::clone(&free)));
        Mapping { stopped, free, provisioners }
    }

    /// Everything: the door at `listener`, provisioners, and by the story's clock poller and reconciler.
    pub async fn open(&self, listener: TcpListener, clock: Clock, poll_every: SignedDuration) -> Open {
        let webhook = self.function("webhook", 9).await;
        // Each schedule may find the one before still at work.
        let pollers = vec![self.function("poller", 60).await, self.function("poller", 60).await];
        let reconcilers = vec![self.function("reconciler", 900).await];
        let app = Router::new().route("/webhook/{connection}", post(door)).with_state(Arc::clone(&webhook));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        let others = [vec![webhook], pollers.clone(), reconcilers.clone()].concat();
        let surveys = tokio::spawn(schedule(reconcilers, clock.clone(), SignedDuration::from_mins(5)));
        let polls = tokio::spawn(schedule(pollers, clock, poll_every));
        let mapping = self.staff().await;
        Open { tasks: vec![serving, surveys, polls], others, mapping }
    }
}

/// Provisioners at work, until dropped.
pub struct Mapping {
    stopped: Arc<AtomicBool>,
    free: Arc<Semaphore>,
    /// The functions.
    pub provisioners: Vec<Arc<Function>>,
}

impl Mapping {
    /// Takes no more, and waits for what is under way: a schedule that is switched off breaks nothing off.
    pub async fn finish(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let places = u32::try_from(self.provisioners.len()).expect("a few");
        let _ = tokio::time::timeout(FINISH, self.free.acquire_many(places)).await;
    }

    /// Ends the provisioners where they are. What they had in hand is given back at once.
    fn stop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.provisioners.iter().for_each(|function| function.retire());
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.stop();
    }
}

/// All functions at work, until dropped.
pub struct Open {
    tasks: Vec<JoinHandle<()>>,
    others: Vec<Arc<Function>>,
    /// The provisioners.
    pub mapping: Mapping,
}

impl Open {
    /// Nothing new begins; what is under way is finished.
    pub async fn finish(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.mapping.finish().await;
        self.stop();
    }

    /// Stops everything where it is.
    pub fn stop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.others.iter().for_each(|function| function.retire());
        self.mapping.stop();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a mapping works with.
#[derive(Clone)]
struct Lane {
    account: Account,
    url: Value,
    clock: Clock,
    away: Away,
    stopped: Arc<AtomicBool>,
}

/// What an event source mapping does: takes a batch, hands it to whoever is free, deletes what was not reported. It is
/// never broken off: an answer with messages that nobody reads would keep them out of sight.
async fn map(lane: Lane, provisioners: Vec<Arc<Function>>, free: Arc<Semaphore>) {
    let idle = Arc::new(Mutex::new(provisioners));
    let mut pause = SOON;
    while !lane.stopped.load(Ordering::SeqCst) {
        let place = Arc::clone(&free).acquire_owned().await.expect("it is never closed");
        lane.bring_back().await;
        let messages = lane.take().await;
        if messages.is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER);
            continue;
        }
        pause = SOON;
        let provisioner = idle.lock().expect("no panic").pop().expect("there is one for each place");
        let (lane, idle) = (lane.clone(), Arc::clone(&idle));
        tokio::spawn(async move {
            lane.hand_over(&provisioner, messages).await;
            idle.lock().expect("no panic").push(provisioner);
            drop(place);
        });
    }
}

impl Lane {
    async fn take(&self) -> Vec<Value> {
        // An emulator that is out of breath is asked again.
        events::take(&self.account, &self.url, VISIBILITY).await.unwrap_or_default()
    }

    async fn hand_over(&self, provisioner: &Function, messages: Vec<Value>) {
        for message in &messages {
            self.away.lock().expect("no panic").remove(id(message));
        }
        let answer = provisioner.invoke(events::batch(&self.account, NAME, &messages)).await;
        let mut done = Vec::with_capacity(messages.len());
        for message in &messages {
            let handle = message["ReceiptHandle"].clone();
            match &answer {
                Ok(answer) if !events::is_reported(answer, &message["MessageId"]) => {
                    done.push(json!({ "Id": done.len().to_string(), "ReceiptHandle": handle }));
                }
                // It has said itself when it wants it back.
                Ok(_) => {
                    let given_back = (handle, self.clock.now());
                    self.away.lock().expect("no panic").insert(id(message).to_owned(), given_back);
                }
                // On AWS they come back when their visibility ends; a story does not wait a quarter of an hour.
                Err(_) => self.show(handle).await,
            }
        }
        if !done.is_empty() {
            let done = json!({ "QueueUrl": self.url, "Entries": done });
            let _ = self.account.call("sqs", "DeleteMessageBatch", done).await;
        }
    }

    /// What was given back so long ago, by the story's clock, that it must be there again.
    async fn bring_back(&self) {
        let now = self.clock.now();
        let is_back = |since: Timestamp| now.duration_since(since).as_secs() >= LONGEST_AWAY;
        let mut back = Vec::new();
        self.away.lock().expect("no panic").retain(|_, (handle, since)| {
            let stays = !is_back(*since);
            if !stays {
                back.push(handle.clone());
            }
            stays
        });
        for handle in back {
            self.show(handle).await;
        }
    }

    async fn show(&self, handle: Value) {
        let now = json!({ "QueueUrl": self.url, "ReceiptHandle": handle, "VisibilityTimeout": 0 });
        let _ = self.account.call("sqs", "ChangeMessageVisibility", now).await;
    }
}

fn id(message: &Value) -> &str {
    message["MessageId"].as_str().expect("a message has an id")
}

/// What an HTTP API does: the request as an event of version 2.0, the answer as a response.
async fn door(
    State(webhook): State<Arc<Function>>,
    UrlPath(connection): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let event = events::request("POST", &format!("/webhook/{connection}"), headers, &STANDARD.encode(&body), true);
    match webhook.invoke(event).await {
        Ok(answer) => {
            let body = answer["body"].as_str().unwrap_or_default().to_owned();
            (events::status(&answer), body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What a schedule does, by a clock that may jump: at once, and then each so often, if one of these is free.
async fn schedule(functions: Vec<Arc<Function>>, clock: Clock, every: SignedDuration) {
    let mut next = clock.now();
    loop {
        let free = functions.iter().find(|function| !function.is_busy());
        if let (Some(function), true) = (free, clock.now() >= next) {
            next = clock.now().saturating_add(every).expect("a short span");
            let function = Arc::clone(function);
            tokio::spawn(async move {
                if let Err(error) = function.invoke(json!({})).await {
                    eprintln!("a schedule: {error}");
                }
            });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for something asynchronous where a story is not.
fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    });
    thread.join().expect("no panic aside")
}
