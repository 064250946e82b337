//! What a message says: a request on its way out, and what came in as leases.

use std::collections::HashMap;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use jiff::Timestamp;
use mapping::employee::{CONNECTION_NAME_LIMIT, EMPLOYEE_ID_LIMIT, EmployeeKey};
use mapping::request::{SyncRequest, Trigger};

use super::Receipt;
use crate::queue::{Lease, LeaseId};

/// The longest body, in bytes. SQS takes a MiB since August 2025, and a quarter of that where a queue, or a partition
/// of AWS, is older: this fits everywhere. A person with every field filled has a few thousand.
pub(super) const BODY_LIMIT: usize = 200_000;
/// The longest name of a message group.
const GROUP_LIMIT: usize = 128;
// The group is the person as written: letters, digits, `.`, `_`, `-` and `:`, all of which SQS takes.
const _: () = assert!(CONNECTION_NAME_LIMIT + 1 + EMPLOYEE_ID_LIMIT <= GROUP_LIMIT);

/// A message as AWS Lambda hands it over.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub message: String,
    /// What SQS wants to see for it.
    pub handle: String,
    /// Its group: the person.
    pub group: String,
    /// What it says.
    pub body: String,
    /// How often it was taken, this time too.
    pub attempt: u32,
}

/// Messages that AWS Lambda took as leases, one for each person: several of one person, in their order, are merged into
/// what remains of them. Then the ids of messages that name nobody. `now` is the clock: another version's words become a
/// hint of this moment.
pub fn leases(deliveries: Vec<Delivery>, now: Timestamp) -> (Vec<Lease>, Vec<String>) {
    merged(deliveries, true, now)
}

pub(super) fn merged(deliveries: Vec<Delivery>, by_lambda: bool, now: Timestamp) -> (Vec<Lease>, Vec<String>) {
    let mut leases: Vec<Lease> = Vec::new();
    let mut places: HashMap<EmployeeKey, usize> = HashMap::new();
    let mut unreadable = Vec::new();
    for Delivery { message, handle, group, body, attempt } in deliveries {
        let Some(request) = read(&body, &group, now) else {
            unreadable.push(message);
            continue;
        };
        let receipt = Receipt { message, handle, by_lambda };
        match places.get(&request.key) {
            None => {
                places.insert(request.key.clone(), leases.len());
                leases.push(Lease { id: LeaseId::Sqs(vec![receipt]), request, attempt });
            }
            Some(place) => {
                let lease = &mut leases[*place];
                if let LeaseId::Sqs(receipts) = &mut lease.id {
                    receipts.push(receipt);
                }
                lease.request = lease.request.clone().followed_by(request);
                lease.attempt = lease.attempt.max(attempt);
            }
        }
    }
    (leases, unreadable)
}

/// A message's request. A message is a hint: of another version's words, who is enough.
pub(super) fn read(body: &str, group: &str, now: Timestamp) -> Option<SyncRequest> {
    let hint = || Some(SyncRequest::hint(EmployeeKey::parse(group)?, Trigger::Replay, now));
    serde_json::from_str(body).ok().or_else(hint)
}

/// A message as taken from SQS. One without an id, handle or body would not be one.
pub(super) fn delivery(message: Message) -> Option<Delivery> {
    let attributes = message.attributes.unwrap_or_default();
    let about = |name| attributes.get(&name).cloned();
    Some(Delivery {
        message: message.message_id?,
        handle: message.receipt_handle?,
        group: about(MessageSystemAttributeName::MessageGroupId).unwrap_or_default(),
        body: message.body?,
        attempt: taken(about(MessageSystemAttributeName::ApproximateReceiveCount)),
    })
}

/// How often a message was taken, as SQS counts.
pub(super) fn taken(count: Option<String>) -> u32 {
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// A request as a body, without what it cannot carry: what JumpCloud said goes first, then what HR said. Whoever takes
/// the request asks them again.
pub(super) fn body(request: &SyncRequest) -> String {
    let whole = written(request);
    if whole.len() <= BODY_LIMIT {
        return whole;
    }
    let observed = SyncRequest { survey: None, ..request.clone() };
    let lighter = written(&observed);
    if lighter.len() <= BODY_LIMIT { lighter } else { bare(request) }
}

/// A request without anything observed.
pub(super) fn bare(request: &SyncRequest) -> String {
    let SyncRequest { key, trigger, asked_at, after, observation: _, survey: _ } = request;
    let (key, after) = (key.clone(), after.clone());
    written(&SyncRequest { after, ..SyncRequest::hint(key, *trigger, *asked_at) })
}

/// The two characters that JSON leaves as they are and SQS refuses can only stand in a text, where their numbers do.
fn written(request: &SyncRequest) -> String {
    let text = serde_json::to_string(request).expect("a request is plain data");
    if text.contains(['\u{fffe}', '\u{ffff}']) {
        return text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
    }
    text
}

/// 128 random bits, in hex: a name for one send or one take, the same for all its tries.
pub(super) fn token() -> String {
    format!("{:032x}", fastrand::u128(..))
}
