//! An AWS account in the emulator that `tests/aws` starts: its own for every test, because every twelve-digit access
//! key is an account of its own there.

use std::path::Path;

use serde_json::{Value, json};

/// The variable that says where the emulators are, separated by commas.
pub const EMULATOR: &str = "HIREWIRE_AWS";
/// The region that everything is in.
pub const REGION: &str = "us-east-1";

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Where every service answers.
    pub endpoint: String,
    client: reqwest::Client,
}

impl Account {
    /// A new one, with nothing in it.
    ///
    /// # Panics
    /// Where no emulator is running.
    pub fn open() -> Account {
        let emulators = std::env::var(EMULATOR).unwrap_or_else(|_| {
            panic!("no AWS emulator here: run tests/run, or put tests/aws before the command");
        });
        // Any will do: they know nothing of each other, and an account lives in one of them.
        let emulators: Vec<&str> = emulators.split(',').collect();
        let endpoint = emulators[fastrand::usize(..emulators.len())].to_owned();
        let id = format!("{:012}", fastrand::u64(100_000_000_000..1_000_000_000_000));
        Account { id, endpoint, client: reqwest::Client::new() }
    }

    /// The same account, for another runtime: connections belong to the one that opened them.
    pub fn elsewhere(&self) -> Account {
        Account { client: reqwest::Client::new(), ..self.clone() }
    }

    /// What a process needs in its environment to live in this account.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", self.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
        ]
    }

    /// One call of a service with a JSON protocol: `dynamodb`, `sqs`, `secretsmanager`, `lambda` has another.
    ///
    /// # Errors
    /// What it answered instead of success.
    pub async fn call(&self, service: &str, action: &str, body: Value) -> Result<Value, String> {
        let (target, version) = match service {
            "dynamodb" => ("DynamoDB_20120810", "1.0"),
            "sqs" => ("AmazonSQS", "1.0"),
            "secretsmanager" => ("secretsmanager", "1.1"),
            other => panic!("{other} is not called here"),
        };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=00",
            self.id
        );
        let request = self.client.post(&self.endpoint).header("authorization", authorization);
        let request = request.header("x-amz-target", format!("{target}.{action}"));
        let request = request.header("content-type", format!("application/x-amz-json-{version}"));
        let answer = request.body(body.to_string()).send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{action}: {status} {text}"));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Puts rules where `hirewire rules push` puts them, at this moment in microseconds.
    ///
    /// # Panics
    /// Where there is no table to put them in.
    pub async fn push_rules(&self, name: &str, version: u64, text: &str, at: i64) {
        let (number, at) = (version.to_string(), at.to_string());
        let rules = json!({
            "pk": { "S": "rules" }, "sk": { "S": format!("v#{version:010}") }, "version": { "N": number },
            "text": { "S": text }, "pushed_at": { "N": at }, "pushed_by": { "S": "a test" },
        });
        let current = json!({ "pk": { "S": "rules" }, "sk": { "S": "current" }, "version": { "N": number } });
        for item in [rules, current] {
            let put = json!({ "TableName": format!("{name}-state"), "Item": item });
            self.call("dynamodb", "PutItem", put).await.expect("an item is put");
        }
    }

    /// Where the queue called `name` is.
    ///
    /// # Panics
    /// Where there is none.
    pub async fn queue(&self, name: &str) -> Value {
        let named = json!({ "QueueName": format!("{name}.fifo") });
        self.call("sqs", "GetQueueUrl", named).await.expect("a queue")["QueueUrl"].take()
    }

    /// The tables and queues of an installation called `name`, as `infra/template.yaml` defines them.
    ///
    /// # Panics
    /// Where the emulator refuses.
    pub async fn make_home(&self, name: &str) {
        for table in [state_table(name), log_table(name)] {
            self.call("dynamodb", "CreateTable", table).await.expect("a table is made");
        }
        let dead = json!({ "QueueName": format!("{name}-dead.fifo"), "Attributes": { "FifoQueue": "true" } });
        self.call("sqs", "CreateQueue", dead).await.expect("a queue is made");
        let arn = format!("arn:aws:sqs:{REGION}:{}:{name}-dead.fifo", self.id);
        let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": "20" }).to_string();
        let attributes = json!({ "FifoQueue": "true", "VisibilityTimeout": "900", "RedrivePolicy": redrive });
        let queue = json!({ "QueueName": format!("{name}.fifo"), "Attributes": attributes });
        self.call("sqs", "CreateQueue", queue).await.expect("a queue is made");
    }
}

/// What a process needs in its environment to find the home called `name`.
pub fn home(name: &str) -> [(&'static str, String); 2] {
    [("HIREWIRE_STORE", format!("dynamodb:{name}")), ("HIREWIRE_QUEUE", format!("sqs:{name}"))]
}

/// A town's configuration once its home is the one called `name`, and its keys are secrets.
pub fn moved(configuration: &str, name: &str) -> String {
    let home = format!("store = \"dynamodb:{name}\"\nqueue = \"sqs:{name}\"");
    let text = configuration.replace("store = \"sqlite:hirewire.db\"", &home);
    text.replace("\"file:", "\"secret:").replace(".key\"", "\"")
}

/// The keys in a town's folder, by what they are called as secrets.
///
/// # Panics
/// Where they cannot be read.
pub fn keys_in(folder: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder).expect("the town's folder").flatten().map(|entry| entry.path());
    let keys = files.filter(|path| path.extension().is_some_and(|extension| extension == "key"));
    let named = keys.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("a key"))
    });
    named.collect()
}

/// Keep in step with `StateTable` in `infra/template.yaml`; a test compares the two.
pub fn state_table(name: &str) -> Value {
    json!({
        "TableName": format!("{name}-state"),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "account", "AttributeType": "S" },
            { "AttributeName": "due", "AttributeType": "S" },
            { "AttributeName": "next_change", "AttributeType": "N" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "account",
                "KeySchema": [{ "AttributeName": "account", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            },
            {
                "IndexName": "due",
                "KeySchema": [
                    { "AttributeName": "due", "KeyType": "HASH" },
                    { "AttributeName": "next_change", "KeyType": "RANGE" },
                ],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            },
        ],
    })
}

/// Keep in step with `LogTable` in `infra/template.yaml`; a test compares the two.
pub fn log_table(name: &str) -> Value {
    json!({
        "TableName": format!("{name}-log"),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
    })
}
