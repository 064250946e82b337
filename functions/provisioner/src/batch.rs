//! The messages that AWS Lambda takes from SQS, and the answer that says which of them are not done. Pure.

use lambda::Failure;
use serde::Serialize;
use serde_json::Value;
use state::sqs::Delivery;

/// Messages of one batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Those that can be read so far.
    pub deliveries: Vec<Delivery>,
    /// The ids of those that cannot.
    pub unreadable: Vec<String>,
}

/// What is not done. SQS keeps these messages and deletes all others, so whoever is forgotten here is lost.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotDone {
    /// Each by its id.
    pub batch_item_failures: Vec<Item>,
}

/// One message.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its id.
    pub item_identifier: String,
}

impl NotDone {
    /// These messages.
    pub fn of(ids: Vec<String>) -> NotDone {
        NotDone { batch_item_failures: ids.into_iter().map(|item_identifier| Item { item_identifier }).collect() }
    }
}

/// Reads an event. A message that lacks what we need is unreadable; one without an id cannot even be reported, and fails
/// the whole event.
pub fn batch(mut event: Value) -> Result<Batch, Failure> {
    let records = match event.get_mut("Records").map(Value::take) {
        Some(Value::Array(records)) => records,
        Some(_) | None => return Err(Failure::Event("it has no `Records`, as a batch of messages has")),
    };
    let mut batch = Batch::default();
    for mut record in records {
        if record["eventSource"] != "aws:sqs" {
            return Err(Failure::Event("a record of it is no message of SQS"));
        }
        let Some(message) = text(&mut record["messageId"]) else {
            return Err(Failure::Event("a message of it has no id"));
        };
        let handle = text(&mut record["receiptHandle"]);
        let body = text(&mut record["body"]);
        let group = text(&mut record["attributes"]["MessageGroupId"]);
        let taken = text(&mut record["attributes"]["ApproximateReceiveCount"]);
        let attempt = taken.and_then(|count| count.parse().ok()).unwrap_or(1);
        match (handle, body, group) {
            (Some(handle), Some(body), Some(group)) => {
                batch.deliveries.push(Delivery { message, handle, group, body, attempt });
            }
            (_, _, _) => batch.unreadable.push(message),
        }
    }
    Ok(batch)
}

/// The text that stands here, taken out.
fn text(value: &mut Value) -> Option<String> {
    match value.take() {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(id: &str) -> Value {
        json!({
            "messageId": id,
            "receiptHandle": "handle",
            "body": "{}",
            "attributes": { "ApproximateReceiveCount": "3", "MessageGroupId": "acme:7", "SentTimestamp": "1" },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:hirewire.fifo",
        })
    }

    #[test]
    fn a_message_is_read_as_sqs_means_it() {
        let batch = batch(json!({ "Records": [record("m1")] })).expect("a batch");
        let [one] = batch.deliveries.as_slice() else { panic!("one delivery: {batch:?}") };
        assert_eq!((one.message.as_str(), one.handle.as_str(), one.body.as_str()), ("m1", "handle", "{}"));
        assert_eq!((one.group.as_str(), one.attempt), ("acme:7", 3));
        assert!(batch.unreadable.is_empty());
    }

    #[test]
    fn a_message_that_lacks_something_is_reported_and_the_others_are_worked() {
        for part in ["receiptHandle", "body", "attributes"] {
            let mut broken = record("m2");
            broken.as_object_mut().expect("an object").remove(part);
            let batch = batch(json!({ "Records": [record("m1"), broken] })).expect("a batch");
            assert_eq!((batch.deliveries.len(), batch.unreadable), (1, vec!["m2".to_owned()]), "{part}");
        }
    }

    #[test]
    fn an_event_that_is_no_batch_is_refused_whole() {
        let mut nameless = record("m");
        nameless["messageId"] = json!(null);
        let mut other = record("m");
        other["eventSource"] = json!("aws:s3");
        let wrong = [json!({}), json!([]), json!("x"), json!(null), json!({ "Records": 1 })];
        let wrong = wrong.into_iter().chain([json!({ "Records": [nameless] }), json!({ "Records": [other] })]);
        for event in wrong.chain([json!({ "Records": ["x"] })]) {
            assert!(matches!(batch(event.clone()), Err(Failure::Event(_))), "{event}");
        }
        assert!(batch(json!({ "Records": [] })).expect("a batch of nothing").deliveries.is_empty());
    }

    #[test]
    fn the_answer_is_what_sqs_reads() {
        let answer = serde_json::to_value(NotDone::of(vec!["m1".to_owned()])).expect("JSON");
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m1" }] }));
        let nothing = serde_json::to_value(NotDone::of(Vec::new())).expect("JSON");
        assert_eq!(nothing, json!({ "batchItemFailures": [] }));
    }
}
