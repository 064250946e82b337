//! What a function is handed by the services in front of it, and what they make of its answer.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::aws::{Account, REGION};

/// How many messages the mapping takes at once, as in `infra/template.yaml`.
const BATCH: usize = 10;

/// Takes messages from the queue at `url` as an event source mapping does; they are its for so many seconds.
///
/// # Errors
/// What the queue answered instead.
pub async fn take(account: &Account, url: &Value, seconds: u32) -> Result<Vec<Value>, String> {
    let take = json!({
        "QueueUrl": url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": 0, "VisibilityTimeout": seconds,
        "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
    });
    let taken = account.call("sqs", "ReceiveMessage", take).await?;
    Ok(taken["Messages"].as_array().cloned().unwrap_or_default())
}

/// Messages of the queue of an installation called `name`, as Lambda shows them to a function.
pub fn batch(account: &Account, name: &str, messages: &[Value]) -> Value {
    let record = |message: &Value| {
        json!({
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{}:{name}.fifo", account.id),
            "awsRegion": REGION,
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// Whether the answer to a batch says that this message is not done.
pub fn is_reported(answer: &Value, message: &Value) -> bool {
    let failures = answer["batchItemFailures"].as_array();
    failures.is_some_and(|failures| failures.iter().any(|failure| failure["itemIdentifier"] == *message))
}

/// A request to the webhook door as an HTTP API hands it over: an event of version 2.0. Binary bodies come in base64.
pub fn request<'h>(
    method: &str,
    path: &str,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    body: &str,
    is_base64: bool,
) -> Value {
    let headers: Map<String, Value> =
        headers.into_iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
    json!({
        "version": "2.0",
        "routeKey": "POST /webhook/{connection}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "pathParameters": { "connection": path.trim_start_matches("/webhook/") },
        "requestContext": {
            "accountId": "000000000000", "apiId": "tests", "domainName": "tests.example", "domainPrefix": "tests",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
            "requestId": "tests", "routeKey": "POST /webhook/{connection}", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

/// The status that an HTTP API answers with.
pub fn status(answer: &Value) -> StatusCode {
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
