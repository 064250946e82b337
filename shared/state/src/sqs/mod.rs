//! The queue on AWS: SQS FIFO, each person a message group, and a second queue for what was given up.
//!
//! The group keeps a person's requests in order and gives them to one worker at a time. SQS merges nothing: several
//! waiting requests of one person are several messages, taken together and made one when they are taken.

mod dead;
mod message;
mod push;

use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName, QueueAttributeName,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use mapping::employee::ConnectionName;
use tokio::sync::OnceCell;

use crate::aws::said;
use crate::error::StateError;
use crate::queue::{Depth, Lease, LeaseId};

pub use self::message::{Delivery, leases};

/// How many messages one call of SQS takes or gives, at most.
const BATCH: usize = 10;
/// How many calls are under way at once. A queue takes a few hundred a second, and sixteen of some 20 ms each are that.
const LANES: usize = 16;
/// How often the part of a batch that SQS could not do just now is tried. Whole calls have their own tries besides.
const TRIES: u32 = 4;
/// The pause before the second try; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest that SQS hides a message, in seconds: twelve hours.
const LONGEST_HIDDEN: i64 = 43_200;
/// The shortest lease, in seconds: one of no time at all would be everybody's at once.
const SHORTEST_LEASE: i64 = 1;
/// How long what AWS Lambda took and was not tried stays away, in seconds. Every take counts for SQS as a try: coming
/// back at once, a refused key would carry everybody to the dead letters within a minute.
const GIVEN_BACK: i64 = 300;

/// Both queues. Cheap to clone.
#[derive(Clone)]
pub struct Queues {
    client: Client,
    people: Arc<Address>,
    given_up: Arc<Address>,
}

/// A message in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Its id.
    pub message: String,
    /// What SQS wants to see for it.
    pub handle: String,
    /// Whether AWS Lambda took it, which then also deletes it.
    pub by_lambda: bool,
}

/// Where a queue is; asked for once.
struct Address {
    name: String,
    url: OnceCell<String>,
}

/// What is done with messages in hand.
#[derive(Clone, Copy)]
enum Handling {
    /// Deleted.
    Delete,
    /// Out of sight for so many seconds; 0 is: there at once.
    Hide(i32),
}

impl Queues {
    /// Asks nobody yet.
    pub(crate) fn new(config: &aws_config::SdkConfig, name: &str) -> Queues {
        let address = |name: String| Arc::new(Address { name, url: OnceCell::new() });
        Queues {
            client: Client::new(config),
            people: address(format!("{name}.fifo")),
            given_up: address(format!("{name}-dead.fifo")),
        }
    }

    /// One ReceiveMessage for every ten messages, and one that finds no more. The people of a connection that rests are
    /// given back at once.
    pub(crate) async fn lease(
        &self,
        resting: &BTreeSet<ConnectionName>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Lease>, StateError> {
        let hidden = seconds(until.duration_since(now), SHORTEST_LEASE);
        let (mut taken, mut people) = (Vec::new(), HashSet::new());
        while people.len() < limit {
            let messages = match self.receive(&self.people, limit - people.len(), hidden).await {
                Ok(messages) => messages,
                Err(error) if taken.is_empty() => return Err(error),
                // What is in hand already would stay out of everybody's sight until it runs out.
                Err(_) => break,
            };
            if messages.is_empty() {
                break;
            }
            for delivery in messages.into_iter().filter_map(message::delivery) {
                people.insert(delivery.group.clone());
                taken.push(delivery);
            }
        }
        // One that names nobody comes back until SQS puts it with the dead letters: there is nobody to work on.
        let (leases, _) = message::merged(taken, false, now);
        let (resting, leases): (Vec<Lease>, Vec<Lease>) =
            leases.into_iter().partition(|lease| resting.contains(&lease.request.key.connection));
        for lease in &resting {
            self.give_back(lease).await?;
        }
        Ok(leases)
    }

    /// One DeleteMessageBatch; none for what AWS Lambda deletes.
    pub(crate) async fn finish(&self, lease: &Lease) -> Result<(), StateError> {
        let own = receipts(lease)?.iter().filter(|receipt| !receipt.by_lambda);
        self.handle(&self.people, handles(own), Handling::Delete).await
    }

    /// One ChangeMessageVisibilityBatch. What AWS Lambda took is then reported as failed, or it would be deleted. SQS has
    /// no place for why it failed.
    pub(crate) async fn retry(
        &self,
        lease: &Lease,
        now: Timestamp,
        due: Timestamp,
        _error: &str,
    ) -> Result<(), StateError> {
        let hidden = seconds(due.duration_since(now), 0);
        self.handle(&self.people, handles(receipts(lease)?), Handling::Hide(hidden)).await
    }

    /// One ChangeMessageVisibilityBatch.
    pub(crate) async fn give_back(&self, lease: &Lease) -> Result<(), StateError> {
        let (by_lambda, own): (Vec<&Receipt>, Vec<&Receipt>) = receipts(lease)?.iter().partition(|r| r.by_lambda);
        let pause = seconds(SignedDuration::from_secs(GIVEN_BACK), 0);
        self.handle(&self.people, handles(by_lambda), Handling::Hide(pause)).await?;
        self.handle(&self.people, handles(own), Handling::Hide(0)).await
    }

    /// One GetQueueAttributes of each queue, as they are now.
    pub(crate) async fn depth(&self, _now: Timestamp) -> Result<Depth, StateError> {
        let (people, given_up) = futures::try_join!(self.counts(&self.people), self.counts(&self.given_up))?;
        Ok(Depth {
            waiting: people.visible,
            in_flight: people.hidden,
            delayed: people.delayed,
            // Hidden ones are being read by somebody, no more.
            dead: given_up.visible + given_up.hidden + given_up.delayed,
            next_due: None,
        })
    }

    async fn counts(&self, at: &Address) -> Result<Counts, StateError> {
        const NAMES: [QueueAttributeName; 3] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let call = self.client.get_queue_attributes().queue_url(at.url(&self.client).await?);
        let answer = call.set_attribute_names(Some(NAMES.into())).send().await.map_err(|error| at.trouble(&error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let [visible, hidden, delayed] = NAMES.map(|name| {
            let count = attributes.get(&name).and_then(|count| count.parse().ok());
            count.ok_or_else(|| StateError::Corrupt(format!("SQS does not say how many messages {} has", at.name)))
        });
        Ok(Counts { visible: visible?, hidden: hidden?, delayed: delayed? })
    }

    /// Takes up to `most` messages, ten at most, and hides them from everybody else.
    async fn receive(&self, at: &Address, most: usize, hidden: i32) -> Result<Vec<Message>, StateError> {
        let most = i32::try_from(most.min(BATCH)).expect("ten at most");
        let answer = self
            .client
            .receive_message()
            .queue_url(at.url(&self.client).await?)
            .max_number_of_messages(most)
            .visibility_timeout(hidden)
            .wait_time_seconds(0)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names("All")
            // If the answer gets lost, the next try of this call gets the same messages.
            .receive_request_attempt_id(message::token())
            .send()
            .await;
        Ok(answer.map_err(|error| at.trouble(&error))?.messages.unwrap_or_default())
    }

    /// Does the same with all these messages; `Conflict` where some are no longer in hand, after the others.
    async fn handle(&self, at: &Address, handles: Vec<String>, what: Handling) -> Result<(), StateError> {
        if handles.is_empty() {
            return Ok(());
        }
        let url = at.url(&self.client).await?;
        let batches = stream::iter(handles.chunks(BATCH).map(<[String]>::to_vec));
        let lost: Vec<bool> =
            batches.map(|batch| self.handle_batch(at, url, batch, what)).buffer_unordered(LANES).try_collect().await?;
        if lost.contains(&true) { Err(StateError::Conflict) } else { Ok(()) }
    }

    /// The same with ten at most; whether some are no longer in hand.
    async fn handle_batch(
        &self,
        at: &Address,
        url: &str,
        handles: Vec<String>,
        what: Handling,
    ) -> Result<bool, StateError> {
        let mut lost = false;
        whole(
            handles.len(),
            |left| {
                let handles = &handles;
                async move {
                    match what {
                        Handling::Delete => {
                            let entry = |i: usize| {
                                let entry = DeleteMessageBatchRequestEntry::builder().id(i.to_string());
                                entry.receipt_handle(&handles[i]).build().expect("id and handle are there")
                            };
                            let call = self.client.delete_message_batch().queue_url(url);
                            let answer = call.set_entries(Some(left.into_iter().map(entry).collect())).send().await;
                            Ok(answer.map_err(|error| at.trouble(&error))?.failed)
                        }
                        Handling::Hide(seconds) => {
                            let entry = |i: usize| {
                                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(i.to_string());
                                let entry = entry.receipt_handle(&handles[i]).visibility_timeout(seconds);
                                entry.build().expect("id and handle are there")
                            };
                            let call = self.client.change_message_visibility_batch().queue_url(url);
                            let answer = call.set_entries(Some(left.into_iter().map(entry).collect())).send().await;
                            Ok(answer.map_err(|error| at.trouble(&error))?.failed)
                        }
                    }
                }
            },
            |failed| {
                let is_lost = no_longer_in_hand(failed.code());
                lost |= is_lost;
                is_lost
            },
        )
        .await?;
        Ok(lost)
    }
}

impl Address {
    async fn url(&self, client: &Client) -> Result<&str, StateError> {
        let ask = || async {
            let answer = client.get_queue_url().queue_name(&self.name).send().await;
            let url = answer.map_err(|error| self.trouble(&error))?.queue_url;
            url.ok_or_else(|| StateError::Corrupt(format!("SQS does not say where {} is", self.name)))
        };
        Ok(self.url.get_or_try_init(ask).await?)
    }

    fn trouble<E: ProvideErrorMetadata + std::error::Error + 'static>(&self, error: &SdkError<E>) -> StateError {
        // The second is how SQS called it in its older protocol, which its newer one still mentions.
        let missing = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
        if error.as_service_error().and_then(|e| e.code()).is_some_and(|code| missing.contains(&code)) {
            return StateError::Unavailable(format!(
                "SQS has no queue {} in this account and region; deploy infra/template.yaml or correct `queue`",
                self.name
            ));
        }
        StateError::Unavailable(format!("SQS, queue {}: {}", self.name, said(error)))
    }
}

/// How many messages of a queue are in which state, give or take those of the last minute.
struct Counts {
    visible: usize,
    hidden: usize,
    delayed: usize,
}

/// Calls with a batch of `count` entries, by their numbers, which are also their ids; then again with those that failed,
/// but for those that `settled` says are as good as done.
async fn whole<F>(
    count: usize,
    call: impl Fn(Vec<usize>) -> F,
    mut settled: impl FnMut(&BatchResultErrorEntry) -> bool,
) -> Result<(), StateError>
where
    F: Future<Output = Result<Vec<BatchResultErrorEntry>, StateError>>,
{
    let mut left: Vec<usize> = (0..count).collect();
    let mut tries = 1;
    loop {
        let mut failed = call(left).await?;
        failed.retain(|entry| !settled(entry));
        let Some(first) = failed.first() else { return Ok(()) };
        if tries == TRIES {
            let many = failed.len();
            return Err(StateError::Unavailable(format!("SQS did not do {many} of {count} entries: {}", first.code())));
        }
        left = failed.iter().filter_map(|entry| entry.id().parse().ok()).filter(|i| *i < count).collect();
        tokio::time::sleep(PAUSE.mul_f64((1.0 + fastrand::f64()) * f64::from(1 << tries) / 2.0)).await;
        tries += 1;
    }
}

/// Whether a failed entry says that its message ran out, went to somebody else, or is gone. With a handle and a bounded
/// number as all there is in an entry, an invalid parameter can only be the handle, or a message that has been hidden
/// for twelve hours, which is as lost.
fn no_longer_in_hand(code: &str) -> bool {
    ["ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue", "InvalidIdFormat"]
        .iter()
        .any(|lost| code.ends_with(lost))
}

/// A lease's messages; another home's has none here.
fn receipts(lease: &Lease) -> Result<&[Receipt], StateError> {
    match &lease.id {
        LeaseId::Sqs(receipts) => Ok(receipts),
        LeaseId::Sqlite { .. } => Err(StateError::Conflict),
    }
}

fn handles<'a>(receipts: impl IntoIterator<Item = &'a Receipt>) -> Vec<String> {
    receipts.into_iter().map(|receipt| receipt.handle.clone()).collect()
}

/// As whole seconds that SQS takes, rounded up: nothing comes back early.
fn seconds(span: SignedDuration, least: i64) -> i32 {
    let up = span.as_secs().saturating_add(i64::from(span.subsec_nanos() > 0));
    i32::try_from(up.clamp(least, LONGEST_HIDDEN)).expect("half a day")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_seconds_within_what_sqs_takes() {
        let cases = [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (-1, 0), (-5000, 0), (86_400_000, 43_200)];
        for (millis, expected) in cases {
            assert_eq!(seconds(SignedDuration::from_millis(millis), 0), expected, "{millis}");
        }
        assert_eq!(seconds(SignedDuration::from_secs(-5), SHORTEST_LEASE), 1);
        assert_eq!(seconds(SignedDuration::MAX, 0), 43_200);
    }

    #[test]
    fn a_handle_that_sqs_does_not_know_is_lost_and_a_busy_sqs_loses_nothing() {
        for code in ["ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"] {
            assert!(no_longer_in_hand(code), "{code}");
        }
        for code in ["ServiceUnavailable", "InternalError", "RequestThrottled", "AccessDenied"] {
            assert!(!no_longer_in_hand(code), "{code}");
        }
    }
}
