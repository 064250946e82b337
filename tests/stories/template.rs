//! What `infra/template.yaml` promises, read from the template as AWS will see it (tests/template.py translates it).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use tests::aws::{log_table, state_table};

use crate::iam::{allowed, covers, statements_of, who_may};

/// The variable that says where the translated template is.
const TEMPLATE: &str = "HIREWIRE_TEMPLATE";
/// The four, and what a role's logical name ends in.
const FUNCTIONS: [&str; 4] = ["webhook", "poller", "provisioner", "reconciler"];
/// Statements that may say `*`, by resource and statement, and why. Whoever adds one writes the reason here.
const EVERYTHING: [(&str, &str, &str); 7] = [
    ("WebhookRole", "Trace", TRACE),
    ("PollerRole", "Trace", TRACE),
    ("ProvisionerRole", "Trace", TRACE),
    ("ReconcilerRole", "Trace", TRACE),
    (
        "Key",
        "AccountDecidesByIam",
        "in a key's own policy * is this key; without its account nobody could change it again",
    ),
    ("Key", "LogsOfThisStack", "in a key's own policy * is this key; the log groups are named in the condition"),
    ("Key", "AlarmsToTheTopic", "in a key's own policy * is this key; two actions for one service of AWS"),
];
const TRACE: &str = "X-Ray has no resources to name; exactly two actions, which add a trace";
/// What the functions measure and the template relies on: in an alarm, or on the dashboard.
const METRICS: [&str; 10] = [
    "actions",
    "calls",
    "change_to_access_seconds",
    "held",
    "keys_refused",
    "people",
    "polls_complete",
    "survey_seconds",
    "webhooks",
    "worked",
];

/// The resources of a stage, by their logical names.
pub fn resources(stage: &str) -> BTreeMap<String, Value> {
    let path = std::env::var(TEMPLATE)
        .unwrap_or_else(|_| panic!("no translated template here: run tests/run, or put tests/aws before the command"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut all: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(all[stage]["Resources"].take()).expect("resources by name")
}

/// Those of one type, with their properties.
pub fn of_type(stage: &str, kind: &str) -> BTreeMap<String, Value> {
    let all = resources(stage).into_iter().filter(|(_, resource)| resource["Type"] == kind);
    let found: BTreeMap<String, Value> =
        all.map(|(name, mut resource)| (name, resource["Properties"].take())).collect();
    assert!(!found.is_empty(), "no {kind} in the template");
    found
}

fn one(stage: &str, kind: &str, name: &str) -> Value {
    of_type(stage, kind).remove(name).unwrap_or_else(|| panic!("{name} is gone"))
}

/// One or many.
pub fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.clone(),
        Value::String(_) | Value::Object(_) | Value::Bool(_) | Value::Number(_) => vec![value.clone()],
    }
}

pub fn words(value: &Value) -> Vec<String> {
    list(value).iter().map(|word| word.as_str().expect("text").to_owned()).collect()
}

fn secret(stage: &str, name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:hirewire-{stage}/{name}-AbC1d2")
}

#[test]
fn only_the_provisioner_may_read_the_key_that_writes() {
    for stage in ["dev", "prod"] {
        for action in ["GetSecretValue", "BatchGetSecretValue", "PutSecretValue", "UpdateSecret", "DeleteSecret"] {
            let who = who_may(stage, &format!("secretsmanager:{action}"), &secret(stage, "jumpcloud-write"));
            let expected: &[&str] = if action == "GetSecretValue" { &["ProvisionerRole"] } else { &[] };
            assert_eq!(who, expected, "{action} in {stage}");
        }
    }
}

#[test]
fn each_key_has_its_readers_and_no_other() {
    let read = |name| who_may("prod", "secretsmanager:GetSecretValue", &secret("prod", name));
    assert_eq!(read("jumpcloud-read"), ["ReconcilerRole"]);
    assert_eq!(read("hr/acme"), ["PollerRole", "ProvisionerRole", "ReconcilerRole"]);
    assert_eq!(read("webhook/acme"), ["WebhookRole"]);
    assert_eq!(read("another"), Vec::<String>::new());
    // A neighbour whose name begins the same is somebody else.
    assert_eq!(who_may("prod", "secretsmanager:GetSecretValue", &secret("dev", "hr/acme")), Vec::<String>::new());
    assert_eq!(read("jumpcloud-write-old"), Vec::<String>::new());
}

#[test]
fn nobody_may_do_everything() {
    let mut used = BTreeSet::new();
    let mut statements = allowed("prod");
    statements.extend(statements_of("Key", &one("prod", "AWS::KMS::Key", "Key")["KeyPolicy"]));
    statements.extend(statements_of("Alarms", &one("prod", "AWS::SNS::TopicPolicy", "AlarmsPolicy")["PolicyDocument"]));
    assert!(statements.len() > 20, "{}", statements.len());
    for statement in &statements {
        let place = format!("{} {}", statement.of, statement.id);
        let exception = EVERYTHING.iter().find(|(of, id, _)| (*of, *id) == (&*statement.of, &*statement.id));
        let any_action = statement.actions.iter().any(|action| action.contains('*'));
        // A star behind a name that is ours is a name; a star alone, or in place of a name, is everything.
        let named = |resource: &String| resource.starts_with('<') || resource.contains(":hirewire-prod");
        let any_resource = statement.resources.iter().any(|resource| !named(resource));
        match exception {
            None => {
                assert!(!any_action, "{place} allows every action: {:?}", statement.actions);
                assert!(!any_resource, "{place} allows every resource: {:?}", statement.resources);
            }
            Some((of, id, reason)) => {
                assert!(any_action || any_resource, "{place} needs no exception any more");
                if *reason == TRACE {
                    assert_eq!(statement.actions, ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "{place}");
                } else if any_action {
                    assert_eq!(statement.whole["Principal"]["AWS"], "arn:aws:iam::123456789012:root", "{place}");
                }
                used.insert((*of, *id));
            }
        }
    }
    assert_eq!(used.len(), EVERYTHING.len(), "an exception without its statement: {EVERYTHING:?}");
}

#[test]
fn what_faces_the_world_writes_claims_only() {
    let table = "<StateTable.Arn>";
    let writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate"];
    for statement in allowed("prod").iter().filter(|statement| statement.of == "WebhookRole") {
        let write = writes.iter().any(|w| statement.actions.iter().any(|a| covers(a, &format!("dynamodb:{w}"))));
        if write {
            assert_eq!(statement.resources, [table], "{statement:?}");
            let condition = &statement.whole["Condition"];
            assert_eq!(condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], json!(["claim#*"]));
            assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false", "no key named is no permission");
        }
    }
    assert!(who_may("prod", "dynamodb:PutItem", table).contains(&"WebhookRole".to_owned()), "it claims deliveries");
    assert_eq!(who_may("prod", "dynamodb:PutItem", "<LogTable.Arn>"), ["ProvisionerRole", "ReconcilerRole"]);
    for action in ["DeleteItem", "UpdateItem", "BatchWriteItem", "DeleteTable"] {
        let who = who_may("prod", &format!("dynamodb:{action}"), "<LogTable.Arn>");
        assert_eq!(who, Vec::<String>::new(), "{action} of what was written down");
    }
    for action in ["Scan", "DeleteTable", "UpdateTable", "UpdateTimeToLive"] {
        let who = who_may("prod", &format!("dynamodb:{action}"), table);
        assert_eq!(who, Vec::<String>::new(), "{action}");
    }
    assert_eq!(who_may("prod", "sqs:ReceiveMessage", "<Queue.Arn>"), ["ProvisionerRole"]);
    assert_eq!(who_may("prod", "sqs:SendMessage", "<DeadQueue.Arn>"), ["ProvisionerRole"]);
    assert_eq!(who_may("prod", "sqs:PurgeQueue", "<Queue.Arn>"), Vec::<String>::new());
}

#[test]
fn each_function_has_a_role_of_its_own() {
    for stage in ["dev", "prod"] {
        let mut roles = BTreeSet::new();
        let functions = of_type(stage, "AWS::Lambda::Function");
        let mut names = Vec::new();
        for (logical, function) in &functions {
            let role = function["Role"].as_str().expect("a role").to_owned();
            let short = logical.strip_suffix("Function").expect("WebhookFunction").to_owned();
            assert_eq!(role, format!("<{short}Role.Arn>"));
            assert!(roles.insert(role), "{logical} shares its role");
            names.push(short.to_lowercase());

            let name = function["FunctionName"].as_str().expect("a name");
            assert_eq!(name, format!("hirewire-{stage}-{}", short.to_lowercase()));
            assert_eq!(function["Handler"], "bootstrap");
            assert_eq!(function["Runtime"], "provided.al2023");
            assert_eq!(function["Architectures"], json!(["arm64"]), "the default");
            assert_eq!(function["TracingConfig"]["Mode"], "Active");
            assert_eq!(function["LoggingConfig"]["LogGroup"], format!("<{short}Log>"));
            let variables = &function["Environment"]["Variables"];
            assert_eq!(variables["HIREWIRE_STORE"], format!("dynamodb:hirewire-{stage}"));
            assert_eq!(variables["HIREWIRE_QUEUE"], format!("sqs:hirewire-{stage}"));
            assert_eq!(variables["HIREWIRE_STAGE"], format!("hirewire-{stage}"));
        }
        names.sort();
        let mut all = FUNCTIONS.map(str::to_owned).to_vec();
        all.sort();
        assert_eq!(names, all);
    }
}

#[test]
fn the_tables_are_those_that_are_tested() {
    for stage in ["dev", "prod"] {
        let tables = of_type(stage, "AWS::DynamoDB::Table");
        assert_eq!(tables.len(), 2);
        let name = format!("hirewire-{stage}");
        for (logical, tested) in [("StateTable", state_table(&name)), ("LogTable", log_table(&name))] {
            let table = &tables[logical];
            for (key, value) in tested.as_object().expect("properties") {
                assert_eq!(&table[key], value, "{key} of {logical}");
            }
            let known = tested.as_object().expect("properties").len();
            let besides = ["TimeToLiveSpecification", "SSESpecification", "PointInTimeRecoverySpecification"];
            assert_eq!(table.as_object().expect("properties").len(), known + besides.len() + 1, "{table}");
            assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": "expires", "Enabled": true }));
            let encrypted = json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": "<Key.Arn>" });
            assert_eq!(table["SSESpecification"], encrypted);
            assert_eq!(table["PointInTimeRecoverySpecification"], json!({ "PointInTimeRecoveryEnabled": true }));
            assert_eq!(table["DeletionProtectionEnabled"], json!(stage == "prod"), "{logical} in {stage}");
        }
        for logical in ["StateTable", "LogTable", "Key"] {
            let resource = &resources(stage)[logical];
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{logical}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{logical}");
        }
    }
}

#[test]
fn the_queue_waits_for_the_provisioner() {
    let queue = one("prod", "AWS::SQS::Queue", "Queue");
    let dead = one("prod", "AWS::SQS::Queue", "DeadQueue");
    let provisioner = one("prod", "AWS::Lambda::Function", "ProvisionerFunction");
    let seconds = |value: &Value| value.as_u64().expect("seconds");
    assert!(seconds(&queue["VisibilityTimeout"]) >= 6 * seconds(&provisioner["Timeout"]), "AWS advises six times");
    assert_eq!(queue["QueueName"], "hirewire-prod.fifo");
    assert_eq!(dead["QueueName"], "hirewire-prod-dead.fifo");
    assert_eq!(queue["RedrivePolicy"], json!({ "deadLetterTargetArn": "<DeadQueue.Arn>", "maxReceiveCount": 20 }));
    for queue in [&queue, &dead] {
        assert_eq!(queue["FifoQueue"], true);
        assert_eq!(queue["DeduplicationScope"], "messageGroup");
        assert_eq!(queue["FifoThroughputLimit"], "perMessageGroupId");
        assert_eq!(queue["KmsMasterKeyId"], "<Key.Arn>");
        assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 3600);
    }
    let mapping = one("prod", "AWS::Lambda::EventSourceMapping", "ProvisionerMapping");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["BatchSize"], 10);
    assert_eq!(mapping["ScalingConfig"], json!({ "MaximumConcurrency": 2 }));
    assert_eq!(mapping["EventSourceArn"], "<Queue.Arn>");
    assert_eq!(mapping["FunctionName"], "<ProvisionerFunction>");
}

#[test]
fn the_schedule_tries_once() {
    for name in ["Poller", "Reconciler"] {
        let schedule = one("prod", "AWS::Scheduler::Schedule", &format!("{name}Schedule"));
        assert_eq!(schedule["Target"]["Arn"], format!("<{name}Function.Arn>"));
        assert_eq!(schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 0);
        let invoked = one("prod", "AWS::Lambda::EventInvokeConfig", &format!("{name}FunctionEventInvokeConfig"));
        assert_eq!(invoked["MaximumRetryAttempts"], 0, "the schedule comes again");
        assert_eq!(invoked["MaximumEventAgeInSeconds"], 60);
    }
}

#[test]
fn the_door_is_one_path_and_one_method() {
    let routes = of_type("prod", "AWS::ApiGatewayV2::Route");
    let keys: Vec<&Value> = routes.values().map(|route| &route["RouteKey"]).collect();
    assert_eq!(keys, ["POST /webhook/{connection}"]);
    let stage = one("prod", "AWS::ApiGatewayV2::Stage", "DoorStage");
    assert_eq!(stage["StageName"], "$default");
    for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        assert!(stage["DefaultRouteSettings"][limit].as_u64().is_some_and(|limit| limit > 0), "{limit}");
    }
    // What is logged of a call: no address, no header, no body.
    let format = stage["AccessLogSettings"]["Format"].as_str().expect("a format");
    let line: BTreeMap<String, String> = serde_json::from_str(format).expect("lines of JSON");
    let logged: BTreeSet<&str> = line.values().map(String::as_str).collect();
    let harmless = [
        "$context.requestTimeEpoch",
        "$context.requestId",
        "$context.httpMethod",
        "$context.path",
        "$context.routeKey",
        "$context.status",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.integrationErrorMessage",
    ];
    assert_eq!(logged, BTreeSet::from(harmless));
    let webhook = one("prod", "AWS::Lambda::Function", "WebhookFunction");
    assert!(webhook["Timeout"].as_u64().is_some_and(|seconds| seconds < 10), "BambooHR waits ten seconds");
}

#[test]
fn logs_end_and_are_encrypted() {
    let groups = of_type("prod", "AWS::Logs::LogGroup");
    assert_eq!(groups.len(), FUNCTIONS.len() + 1);
    for (name, group) in groups {
        assert_eq!(group["RetentionInDays"], 30, "{name}");
        assert_eq!(group["KmsKeyId"], "<Key.Arn>", "{name}");
        let path = group["LogGroupName"].as_str().expect("a name");
        // The key's policy names its log groups.
        let key = one("prod", "AWS::KMS::Key", "Key");
        let logs = statements_of("Key", &key["KeyPolicy"]).into_iter().find(|s| s.id == "LogsOfThisStack");
        let patterns = words(&logs.expect("logs").whole["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]);
        let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{path}");
        assert!(patterns.iter().any(|pattern| covers(pattern, &arn)), "the key is not for {path}");
    }
    assert_eq!(one("prod", "AWS::KMS::Key", "Key")["EnableKeyRotation"], true);
    assert_eq!(one("prod", "AWS::SNS::Topic", "Alarms")["KmsMasterKeyId"], "<Key.Arn>");
}

#[test]
fn every_alarm_tells_somebody_what_to_do() {
    let alarms = of_type("prod", "AWS::CloudWatch::Alarm");
    let dashboard = one("prod", "AWS::CloudWatch::Dashboard", "Dashboard");
    let shown = dashboard["DashboardBody"].as_str().expect("text");
    for (name, alarm) in &alarms {
        assert_eq!(alarm["AlarmActions"], json!(["<Alarms>"]), "{name}");
        let description = alarm["AlarmDescription"].as_str().unwrap_or_default();
        assert!((80..1024).contains(&description.len()), "{name} does not say what to do: {description}");
        assert!(alarm["TreatMissingData"].is_string(), "{name} does not say what silence means");
        assert!(shown.contains(&format!("<{name}.Arn>")), "{name} is not on the dashboard");
        // The topic's policy names its alarms.
        assert!(alarm["AlarmName"].as_str().is_some_and(|name| name.starts_with("hirewire-prod-")), "{name}");
    }
    let watched = |metric: &str| alarms.values().filter(|alarm| alarm["MetricName"] == metric).count();
    for (metric, times) in [("Errors", 4), ("Throttles", 4), ("keys_refused", 3), ("polls_complete", 1), ("held", 1)] {
        assert_eq!(watched(metric), times, "{metric}");
    }
    for metric in ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "5xx", "Duration"] {
        assert_eq!(watched(metric), 1, "{metric}");
    }
    let polls = alarms.values().find(|alarm| alarm["MetricName"] == "polls_complete").expect("found");
    assert_eq!(polls["TreatMissingData"], "breaching", "silence is what it listens for");
    let minutes = polls["Period"].as_u64().zip(polls["EvaluationPeriods"].as_u64()).map(|(p, n)| p * n / 60);
    assert_eq!(minutes, Some(10));
    let slow = alarms.values().find(|alarm| alarm["MetricName"] == "Duration").expect("found");
    let provisioner = one("prod", "AWS::Lambda::Function", "ProvisionerFunction");
    let timeout = provisioner["Timeout"].as_u64().expect("seconds") * 1000;
    assert!(slow["Threshold"].as_u64().is_some_and(|most| most < timeout && most > timeout / 2));
}

/// Every Rust source of the product, in one text.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository");
    let mut open = vec![root.join("functions"), root.join("shared")];
    let mut text = String::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                text += &std::fs::read_to_string(&entry).expect("a source file");
            }
        }
    }
    text
}

#[test]
fn what_is_watched_is_measured() {
    let mut named = BTreeSet::new();
    for (name, alarm) in of_type("prod", "AWS::CloudWatch::Alarm") {
        if alarm["Namespace"] != "Hirewire" {
            continue;
        }
        // An alarm hears exactly one set of dimensions: these two, which every metric has.
        let dimensions = list(&alarm["Dimensions"]);
        let read = |d: &Value| {
            (d["Name"].as_str().expect("a name").to_owned(), d["Value"].as_str().expect("a value").to_owned())
        };
        let mut dimensions: Vec<(String, String)> = dimensions.iter().map(read).collect();
        dimensions.sort();
        let (service, stage) = (&dimensions[0], &dimensions[1]);
        assert_eq!(dimensions.len(), 2, "{name}");
        assert!(service.0 == "service" && FUNCTIONS.contains(&service.1.as_str()), "{name}: {service:?}");
        assert_eq!(stage, &("stage".to_owned(), "hirewire-prod".to_owned()), "{name}");
        named.insert(alarm["MetricName"].as_str().expect("a metric").to_owned());
    }
    let dashboard = one("prod", "AWS::CloudWatch::Dashboard", "Dashboard");
    let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().expect("text")).expect("JSON");
    for widget in list(&body["widgets"]) {
        for line in list(&widget["properties"]["metrics"]) {
            if line[0] == "Hirewire" {
                named.insert(line[1].as_str().expect("a metric").to_owned());
            }
            if let Some(search) = line[0]["expression"].as_str() {
                let (_, rest) = search.split_once("MetricName=\"").expect("a search for a metric");
                named.insert(rest.split('"').next().expect("a metric").to_owned());
                assert!(search.contains("stage=\"hirewire-prod\""), "other installations are found as well: {search}");
            }
        }
    }
    assert_eq!(named, METRICS.map(str::to_owned).into(), "keep METRICS in step with the template");
    let sources = sources();
    for metric in METRICS {
        let written = ["counter!(", "gauge!(", "histogram!("]
            .iter()
            .any(|say| sources.split(say).skip(1).any(|rest| rest.trim_start().starts_with(&format!("\"{metric}\""))));
        assert!(written, "no function writes {metric}");
    }
}
