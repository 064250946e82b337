//! The whole stack, as a stranger deploys it: our own template, what `sam build` made of the functions, and the
//! emulator's own machinery between them: HTTP API, queue and its mapping, schedules, tables, keys. Only the vendors are
//! ours, and the clock is the real one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::aws::{Account, REGION};
use tests::town::Town;

use crate::cast::{ADA, GRACE, ada, grace};
use crate::world::{RULES, Run, binary};

/// The variable that says where `sam build` has put its work.
const BUILT: &str = "HIREWIRE_SAM";
/// What the template calls everything where nobody says otherwise, with its stage.
const NAME: &str = "hirewire-dev";
/// How long a webhook may take to arrive: functions that start cold, beside everything else that is tested.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the minute's schedule may take to start the poller, and that to end: two rounds, should the first fail.
const TWO_ROUNDS: Duration = Duration::from_secs(130);
/// How long a message may take to be given up on: twenty tries, a second and more apart.
const TWENTY_TRIES: Duration = Duration::from_secs(100);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// A deployed stack, and a town for it to keep in step. The stack is deleted when this is dropped: its schedules would
/// go on.
struct Installation {
    town: Town,
    account: Account,
    /// Where webhooks are sent to.
    door: String,
    _folder: tempfile::TempDir,
}

impl Installation {
    /// Deploys; the configuration leads there, with keys by the names that the functions' roles may read.
    async fn deploy() -> Installation {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let town = Town::start(folder.path(), Timestamp::now(), "America/Denver", RULES).await;
        let clock = town.clone();
        tokio::spawn(async move {
            loop {
                clock.travel_to(Timestamp::now());
                tokio::time::sleep(LOOK).await;
            }
        });
        let account = Account::open();
        let mut installation = Installation { town, account, door: String::new(), _folder: folder };
        let outputs = installation.run_deploy().await;
        let line =
            |name: &str| outputs[name].as_str().unwrap_or_else(|| panic!("no output {name}: {outputs}")).to_owned();
        installation.door = open_door(&installation.account, &line("DoorId")).await;
        assert_eq!(line("SecretsPrefix"), NAME);
        let text = installation.town.plain_config("America/Denver", RULES);
        let text = text.replace("store = \"sqlite:hirewire.db\"", &format!("{}\n{}", line("Store"), line("Queue")));
        let read_key = format!("\"secret:{NAME}/jumpcloud-write\"\nread_key = \"secret:{NAME}/jumpcloud-read\"");
        let text = text.replace("\"file:jumpcloud.key\"", &read_key);
        let text = text.replace("file:bamboohr.key", &format!("secret:{NAME}/hr/acme"));
        installation.town.write_config(&text.replace("file:webhook.key", &format!("secret:{NAME}/webhook/acme")));
        installation
    }

    async fn run_deploy(&self) -> Value {
        let mut command = Command::new(root().join("tests/deploy"));
        command.args([&self.account.endpoint, &self.account.id, NAME]).env(BUILT, built()).stdin(Stdio::null());
        let run = finished(command).await.expect(0);
        run.json()
    }

    /// Runs `hirewire` with these words, to its end, as a person with an AWS profile would.
    async fn hirewire(&self, words: &[&str]) -> Run {
        let mut command = Command::new(binary("hirewire"));
        command.args(words).env_clear().envs(self.account.environment()).stdin(Stdio::null());
        command.env("HIREWIRE_CONFIG", self.town.config()).envs([
            ("WRITES", self.town.jumpcloud.api_key()),
            ("READS", self.town.jumpcloud.read_key()),
            ("HR", self.town.bamboohr.api_key()),
        ]);
        finished(command).await
    }

    async fn queue(&self, name: &str) -> Value {
        let found = self.account.call("sqs", "GetQueueUrl", json!({ "QueueName": name })).await;
        found.expect("a queue of the stack's")["QueueUrl"].clone()
    }

    /// How many messages wait in a queue.
    async fn waiting(&self, url: &Value) -> String {
        let ask = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let said = self.account.call("sqs", "GetQueueAttributes", ask).await.expect("a queue's attributes");
        said["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap_or_default().to_owned()
    }

    /// Something of nobody's lies in the queue. The provisioner reports it each time it comes; after the template's own
    /// number of tries SQS takes it away.
    async fn poison(&self) {
        let (queue, dead) = (self.queue(&format!("{NAME}.fifo")).await, self.queue(&format!("{NAME}-dead.fifo")).await);
        // A quarter of an hour between two tries is more than a test can wait.
        let soon = json!({ "QueueUrl": queue, "Attributes": { "VisibilityTimeout": "1" } });
        self.account.call("sqs", "SetQueueAttributes", soon).await.expect("a queue can be changed");
        let send = json!({
            "QueueUrl": queue, "MessageBody": "what is this", "MessageGroupId": "nobody", "MessageDeduplicationId": "1",
        });
        self.account.call("sqs", "SendMessage", send).await.expect("a message is sent");
        let start = Instant::now();
        while self.waiting(&dead).await != "1" {
            assert!(start.elapsed() < TWENTY_TRIES, "SQS has not given up on it: {} wait", self.waiting(&queue).await);
            tokio::time::sleep(LOOK).await;
        }
        assert_eq!(self.waiting(&queue).await, "0");
    }

    /// What an account says, once it says so.
    #[track_caller]
    fn eventually<'a>(
        &'a self,
        who: &'a str,
        field: &'a str,
        value: &'a str,
        patience: Duration,
    ) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                let account = self.town.jumpcloud.user(who).unwrap_or_default();
                if account[field] == value {
                    return;
                }
                assert!(start.elapsed() < patience, "{place}: {who} still has {} as {field}", account[field]);
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// All rows of a table.
    async fn rows(&self, table: &str) -> Vec<Value> {
        let scan = json!({ "TableName": format!("{NAME}-{table}") });
        let said = self.account.call("dynamodb", "Scan", scan).await.expect("a table's rows");
        said["Items"].as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let account = self.account.elsewhere();
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(delete(&account, NAME))
        });
        // Whoever is here because of a panic has worse to tell.
        if deleted.join().is_err() {
            eprintln!("the stack in account {} could not be deleted", self.account.id);
        }
    }
}

async fn delete(account: &Account, stack: &str) {
    let scope = format!("{}/20260101/{REGION}/cloudformation/aws4_request", account.id);
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    let request = reqwest::Client::new().post(&account.endpoint).timeout(PATIENCE).header("authorization", signed);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let body = format!("Action=DeleteStack&Version=2010-05-15&StackName={stack}");
    let answer = request.body(body).send().await.and_then(reqwest::Response::error_for_status);
    drop(answer.expect("a stack can be deleted"));
}

/// The HTTP API's public name: an address of its own, which leads to this API and no other. AWS gives each a name; the
/// emulator goes by the `Host` header, and wants to be told the account.
async fn open_door(account: &Account, api: &str) -> String {
    let port = account.endpoint.rsplit(':').next().expect("an endpoint has a port");
    let door = Door {
        client: reqwest::Client::new(),
        endpoint: account.endpoint.clone(),
        host: format!("{api}.execute-api.localhost:{port}"),
        query: format!("X-Amz-Credential={}%2F20260101%2F{REGION}%2Fexecute-api%2Faws4_request", account.id),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = Router::new().fallback(pass_on).with_state(door);
    tokio::spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
    url
}

#[derive(Clone)]
struct Door {
    client: reqwest::Client,
    endpoint: String,
    host: String,
    query: String,
}

async fn pass_on(State(door): State<Door>, uri: Uri, mut headers: HeaderMap, body: Bytes) -> Response {
    headers.insert("host", door.host.parse().expect("a host"));
    let url = format!("{}{}?{}", door.endpoint, uri.path(), door.query);
    match door.client.post(url).headers(headers).body(body).send().await {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn finished(mut command: Command) -> Run {
    let run = tokio::task::spawn_blocking(move || command.output().expect("a program of ours starts"));
    let Output { status, stdout, stderr } = run.await.expect("a program is waited for");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository")
}

fn built() -> PathBuf {
    let folder = std::env::var_os(BUILT)
        .unwrap_or_else(|| panic!("nothing is built here: run tests/run, or tests/build and set {BUILT}"));
    root().join(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sam_deploy_to_a_change_that_arrives() {
    let company = Installation::deploy().await;
    let bamboohr = &company.town.bamboohr;
    bamboohr.hire(ada());
    bamboohr.hire(grace());

    let keys = ["jumpcloud.api_key=env:WRITES", "jumpcloud.read_key=env:READS", "connection.acme.api_key=env:HR"];
    let keys = keys.iter().flat_map(|key| ["--key", key]);
    let words: Vec<&str> = ["setup", "--yes", "--door", &company.door].into_iter().chain(keys).collect();
    let set_up = company.hirewire(&words).await.expect(0);
    assert!(set_up.out.contains("takes what is signed with the kept key, and nothing else"), "{}", set_up.out);
    company.hirewire(&["check"]).await.expect(0);

    // Through the queue, by the deployed provisioner: this command only waits for it.
    company.hirewire(&["sync"]).await.expect(0);
    for who in [ADA, GRACE] {
        assert_eq!(company.town.jumpcloud.user(who).unwrap_or_default()["state"], "ACTIVATED", "{who}");
    }

    // Of Grace no webhook is sent: only the schedule can find it. Of Ada one is, and nothing else hurries.
    bamboohr.set("8", "department", "Navy");
    bamboohr.edit_pending(Vec::clear);
    bamboohr.set("7", "department", "Poetry");
    let statuses: Vec<Option<u16>> = bamboohr.deliver_webhooks().await.iter().map(|result| result.status).collect();
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == Some(200)), "{statuses:?}");
    let by_webhook = company.eventually(ADA, "department", "Poetry", PATIENCE);
    let by_schedule = company.eventually(GRACE, "department", "Navy", TWO_ROUNDS);
    tokio::join!(by_webhook, by_schedule, company.poison());

    let records = company.hirewire(&["records", "--format", "json"]).await.expect(0).json();
    let records = records.as_array().expect("records").clone();
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.iter().all(|record| record["status"]["status"] == "synced"), "{records:?}");
    for (id, trigger) in [("7", "webhook"), ("8", "poll")] {
        let explained = company.hirewire(&["explain", id, "--format", "json"]).await.expect(0).json();
        let history = explained["history"].as_array().expect("a history");
        assert!(history.iter().any(|past| past["trigger"] == trigger && past["kind"] == "done"), "{id}: {history:?}");
    }
    let audit = company.rows("log").await;
    let rules: Vec<&Value> = audit.iter().map(|row| &row["rules"]["S"]).filter(|rules| !rules.is_null()).collect();
    assert!(rules.len() >= 4 && rules.iter().all(|rules| **rules == "v1"), "{rules:?}");
}
