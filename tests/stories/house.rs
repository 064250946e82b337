//! The home on AWS as the stories live in it: tables, queues and keys in an account of the emulator, the four functions'
//! real binaries, and in place of AWS's own machinery its few rules: a mapping that takes messages and deletes what was
//! not reported, an HTTP door, and schedules by the story's clock.
//!
//! One story deploys the real template and uses the emulator's own machinery (`deployed.rs`); all others use this, which
//! is ready in a tenth of a second.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::aws::{Account, REGION};
use tests::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::function::Function;

/// What the installation is called.
pub const NAME: &str = "hirewire";
/// How many messages the mapping takes at once, as in `infra/template.yaml`.
const BATCH: usize = 10;
/// How many provisioners there are.
const PROVISIONERS: usize = 2;
/// How often the mapping looks; AWS's own waits in one long call.
const LOOK: Duration = Duration::from_millis(20);
/// How long a message is somebody's. Longer than any story waits: what a killed function held is made visible at once.
const VISIBILITY: u32 = 120;

/// An account, and what was put into it.
pub struct House {
    /// The account.
    pub account: Account,
    folder: PathBuf,
    put: Mutex<BTreeMap<String, String>>,
}

impl House {
    /// A new account with tables and queues; its configuration lies beside the town's.
    pub async fn build(folder: &Path) -> House {
        let account = Account::open();
        account.make_home(NAME).await;
        House { account, folder: folder.to_owned(), put: Mutex::default() }
    }

    /// The configuration for `hirewire`.
    pub fn config(&self) -> PathBuf {
        self.folder.join("aws.toml")
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
        for entry in std::fs::read_dir(&self.folder).expect("the town's folder").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "key") {
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                let value = std::fs::read_to_string(&path).expect("a key");
                // Secrets Manager takes no empty one; a blank is what a person would leave behind.
                let value = if value.is_empty() { " ".to_owned() } else { value };
                if self.is_new(&name, &value) {
                    self.put_secret(&name, &value);
                }
            }
        }
        let town = std::fs::read_to_string(self.folder.join("hirewire.toml")).expect("a configuration");
        let home = format!("store = \"dynamodb:{NAME}\"\nqueue = \"sqs:{NAME}\"");
        let text = town.replace("store = \"sqlite:hirewire.db\"", &home);
        let text = text.replace("\"file:", "\"secret:").replace(".key\"", "\"");
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

    async fn function(&self, name: &'static str, timeout: u64) -> Arc<Function> {
        let mut environment = self.environment();
        environment.push(("HIREWIRE_STORE".to_owned(), format!("dynamodb:{NAME}")));
        environment.push(("HIREWIRE_QUEUE".to_owned(), format!("sqs:{NAME}")));
        Function::new(name, environment, Duration::from_secs(timeout), &self.log()).await
    }

    /// Where the functions log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("functions.log")
    }

    /// Provisioners, working the queue.
    pub async fn staff(&self) -> Mapping {
        let mut lanes = Vec::with_capacity(PROVISIONERS);
        let mut provisioners = Vec::with_capacity(PROVISIONERS);
        for _ in 0..PROVISIONERS {
            let function = self.function("provisioner", 150).await;
            lanes.push(tokio::spawn(map(self.account.clone(), Arc::clone(&function))));
            provisioners.push(function);
        }
        Mapping { lanes, provisioners }
    }

    /// Everything: the door at `listener`, provisioners, and by the story's clock poller and reconciler.
    pub async fn open(&self, listener: TcpListener, clock: Clock, poll_every: SignedDuration) -> Open {
        let webhook = self.function("webhook", 9).await;
        let poller = self.function("poller", 60).await;
        let reconciler = self.function("reconciler", 900).await;
        let app = Router::new().route("/webhook/{connection}", post(door)).with_state(Arc::clone(&webhook));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        let schedule = tokio::spawn(schedule(Arc::clone(&poller), Arc::clone(&reconciler), clock, poll_every));
        let mapping = self.staff().await;
        Open { tasks: vec![serving, schedule], others: vec![webhook, poller, reconciler], mapping }
    }
}

/// Provisioners at work, until dropped.
pub struct Mapping {
    lanes: Vec<JoinHandle<()>>,
    /// The functions.
    pub provisioners: Vec<Arc<Function>>,
}

impl Mapping {
    fn stop(&mut self) {
        self.lanes.iter().for_each(JoinHandle::abort);
        self.provisioners.iter().for_each(|function| function.kill());
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
    /// Stops everything where it is.
    pub fn stop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.others.iter().for_each(|function| function.kill());
        self.mapping.stop();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What an event source mapping does: takes a batch, hands it over, deletes what was not reported.
async fn map(account: Account, provisioner: Arc<Function>) {
    let name = json!({ "QueueName": format!("{NAME}.fifo") });
    let found = account.call("sqs", "GetQueueUrl", name).await.expect("a queue");
    let url = found["QueueUrl"].clone();
    loop {
        let take = json!({
            "QueueUrl": url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": 0, "VisibilityTimeout": VISIBILITY,
            "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
        });
        // An emulator that is out of breath is asked again.
        let taken = account.call("sqs", "ReceiveMessage", take).await.unwrap_or_default();
        let messages = taken["Messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let records: Vec<Value> = messages.iter().map(|message| record(&account, message)).collect();
        let answer = provisioner.invoke(json!({ "Records": records })).await;
        for message in &messages {
            let handle = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
            match &answer {
                Ok(answer) if !is_reported(answer, &message["MessageId"]) => {
                    let _ = account.call("sqs", "DeleteMessage", handle).await;
                }
                // It has said itself when it wants it back.
                Ok(_) => {}
                // On AWS they come back when their visibility ends; a story does not wait a quarter of an hour.
                Err(_) => {
                    let mut now = handle;
                    now["VisibilityTimeout"] = json!(0);
                    let _ = account.call("sqs", "ChangeMessageVisibility", now).await;
                }
            }
        }
    }
}

fn is_reported(answer: &Value, message: &Value) -> bool {
    let failures = answer["batchItemFailures"].as_array();
    failures.is_some_and(|failures| failures.iter().any(|failure| failure["itemIdentifier"] == *message))
}

/// A message as Lambda shows it to a function.
fn record(account: &Account, message: &Value) -> Value {
    json!({
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{}:{NAME}.fifo", account.id),
        "awsRegion": REGION,
    })
}

/// What an HTTP API does: the request as an event of version 2.0, the answer as a response.
async fn door(
    State(webhook): State<Arc<Function>>,
    UrlPath(connection): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = format!("/webhook/{connection}");
    let headers: BTreeMap<&str, &str> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": "POST /webhook/{connection}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "pathParameters": { "connection": connection },
        "requestContext": {
            "accountId": "000000000000", "apiId": "stories", "domainName": "stories.example", "domainPrefix": "stories",
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
            "requestId": "stories", "routeKey": "POST /webhook/{connection}", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": STANDARD.encode(&body),
        "isBase64Encoded": true,
    });
    match webhook.invoke(event).await {
        Ok(answer) => {
            let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let body = answer["body"].as_str().unwrap_or_default().to_owned();
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the schedules do, by a clock that may jump: the poller at once and then each `poll_every`, and the reconciler
/// each five minutes.
async fn schedule(poller: Arc<Function>, reconciler: Arc<Function>, clock: Clock, poll_every: SignedDuration) {
    let later = |by: SignedDuration| clock.now().saturating_add(by).expect("a short span");
    let (mut next_poll, mut next_survey) = (clock.now(), clock.now());
    loop {
        if clock.now() >= next_survey {
            next_survey = later(SignedDuration::from_mins(5));
            if let Err(error) = reconciler.invoke(json!({})).await {
                eprintln!("reconciler: {error}");
            }
        }
        if clock.now() >= next_poll {
            next_poll = later(poll_every);
            if let Err(error) = poller.invoke(json!({})).await {
                eprintln!("poller: {error}");
            }
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
