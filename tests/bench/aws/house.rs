//! A company whose home is an account of the AWS emulator, the functions' real binaries, and what AWS does around them:
//! an HTTP door, and a mapping that hands over messages and deletes what is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tests::aws::{Account, home, keys_in, moved};
use tests::lambda::events;
use tokio::task::JoinHandle;

use crate::Broken;
use crate::aws::function::Function;
use crate::aws::meter::{Bill, Meter};
use crate::stage::Stage;

/// What the installation is called.
const NAME: &str = "hirewire";
/// How long a message is the provisioner's, in seconds, as in `infra/template.yaml`.
const VISIBILITY: u32 = 900;
/// How often the mapping looks; AWS's own waits in one long call.
const LOOK: Duration = Duration::from_millis(2);
/// What AWS's mapping itself asks SQS for a batch: one receive, one delete.
const MAPPING: Bill = Bill { queue: 2.0, reads: 0.0, writes: 0.0, store: 0.0, secrets: 0.0, bytes: 0.0 };

/// The four.
pub const FUNCTIONS: [&str; 4] = ["webhook", "poller", "provisioner", "reconciler"];

/// One function and what it is billed.
pub struct Metered {
    /// The process.
    pub function: Function,
    /// Its way to AWS.
    pub meter: Meter,
    /// What it says.
    pub log: PathBuf,
}

/// All of it.
pub struct House {
    /// The company.
    pub stage: Stage,
    /// Where it lives.
    pub account: Account,
    /// Takes webhooks.
    pub webhook: Arc<Metered>,
    /// Asks for changes.
    pub poller: Metered,
    /// Works.
    pub provisioner: Metered,
    /// Surveys.
    pub reconciler: Metered,
    door: JoinHandle<()>,
    queue: Value,
}

/// What a function needs to find its home.
pub fn environment(account: &Account, endpoint: &str, stage: Option<&Stage>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        account.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    all.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
    all.push(("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned()));
    all.extend(home(NAME).map(|(variable, value)| (variable.to_owned(), value)));
    all.push(("HIREWIRE_STAGE".to_owned(), "bench".to_owned()));
    all.extend(stage.map(|stage| ("HIREWIRE_CLOCK".to_owned(), stage.town.clock_setting())));
    all
}

impl House {
    /// Builds it: tables, queues, keys, rules, and four processes that have not been asked anything yet.
    pub async fn build(stage: Stage, functions: &Path) -> Result<House, Broken> {
        let account = Account::open();
        account.make_home(NAME).await;
        for (name, key) in keys_in(stage.town.folder()) {
            account.call("secretsmanager", "CreateSecret", json!({ "Name": name, "SecretString": key })).await?;
        }
        let text = std::fs::read_to_string(stage.town.config()).map_err(|error| error.to_string())?;
        account.push_rules(NAME, 1, &moved(&text, NAME), 0).await;
        let queue = account.queue(NAME).await;

        let [webhook, poller, provisioner, reconciler] = FUNCTIONS;
        let start = async |name: &str| {
            let meter = Meter::start(&account.endpoint)?;
            let log = stage.town.folder().join(format!("{name}.log"));
            let environment = environment(&account, &meter.endpoint, Some(&stage));
            let function = Function::start(&functions.join(name).join("bootstrap"), &environment, &log).await?;
            Ok::<Metered, Broken>(Metered { function, meter, log })
        };
        let webhook = Arc::new(start(webhook).await?);
        let (poller, provisioner, reconciler) =
            (start(poller).await?, start(provisioner).await?, start(reconciler).await?);
        let listener = tokio::net::TcpListener::bind(&stage.address).await.map_err(|error| error.to_string())?;
        let app = Router::new().route("/webhook/{connection}", post(knock)).with_state(Arc::clone(&webhook));
        let door = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(House { stage, account, webhook, poller, provisioner, reconciler, door, queue })
    }

    /// Every function's meter.
    pub fn meters(&self) -> [&Meter; 4] {
        [&self.webhook.meter, &self.poller.meter, &self.provisioner.meter, &self.reconciler.meter]
    }

    /// What all of them were billed so far.
    pub fn bill(&self) -> Bill {
        let mut all = Bill::default();
        self.meters().into_iter().for_each(|meter| all += meter.bill());
        all
    }

    /// Has the provisioner work one batch, if there is one; how many messages, and what the mapping is billed.
    pub async fn work(&self) -> Result<(usize, Bill), Broken> {
        let messages = events::take(&self.account, &self.queue, VISIBILITY).await?;
        if messages.is_empty() {
            return Ok((0, Bill::default()));
        }
        let answer = self.provisioner.function.invoke(events::batch(&self.account, NAME, &messages)).await?;
        if answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty()) {
            return Err(format!("the provisioner did not do everything; see {}", self.provisioner.log.display()));
        }
        let entry = |(place, message): (usize, &Value)| json!({ "Id": place.to_string(), "ReceiptHandle": message["ReceiptHandle"] });
        let entries: Vec<Value> = messages.iter().enumerate().map(entry).collect();
        let done = json!({ "QueueUrl": self.queue, "Entries": entries });
        self.account.call("sqs", "DeleteMessageBatch", done).await?;
        Ok((messages.len(), MAPPING))
    }

    /// Has it work until nothing waits.
    pub async fn work_all(&self) -> Result<(usize, Bill), Broken> {
        let (mut worked, mut bill) = (0, Bill::default());
        loop {
            let (more, cost) = self.work().await?;
            if more == 0 {
                return Ok((worked, bill));
            }
            worked += more;
            bill += cost;
        }
    }

    /// Waits for the next batch, and has it work that.
    pub async fn work_next(&self) -> Result<(), Broken> {
        while self.work().await?.0 == 0 {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.door.abort();
    }
}

/// What an HTTP API does.
async fn knock(
    State(webhook): State<Arc<Metered>>,
    UrlPath(connection): UrlPath<String>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let event = events::request("POST", &format!("/webhook/{connection}"), headers, &body, false);
    let answer = webhook.function.invoke(event).await;
    answer.map_or(StatusCode::INTERNAL_SERVER_ERROR, |answer| events::status(&answer))
}
