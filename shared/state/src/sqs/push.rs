//! Requests on their way to the queue.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::stream::{self, StreamExt, TryStreamExt};
use mapping::employee::EmployeeKey;
use mapping::request::SyncRequest;

use super::{Address, BATCH, LANES, Queues, message, whole};
use crate::error::StateError;

/// The most bytes in one call. SQS takes a MiB, and a quarter of that where it is older; sixteen calls at once are also
/// out in time on a slow line this way.
const CALL_LIMIT: usize = 250_000;
const _: () = assert!(message::BODY_LIMIT <= CALL_LIMIT);

impl Queues {
    /// One SendMessageBatch for every ten people. One person's requests are made one before, so that nothing that is
    /// sent at the same time has to be in order.
    pub(crate) async fn push(&self, requests: &[SyncRequest]) -> Result<(), StateError> {
        if requests.is_empty() {
            return Ok(());
        }
        let url = self.people.url(&self.client).await?;
        stream::iter(batches(one_each(requests)))
            .map(Ok)
            .try_for_each_concurrent(LANES, |batch| self.send(&self.people, url, batch))
            .await
    }

    /// Sends ten messages at most, whose ids are their numbers.
    pub(super) async fn send(
        &self,
        at: &Address,
        url: &str,
        batch: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<(), StateError> {
        let call = |left: Vec<usize>| {
            let entries = left.into_iter().map(|i| batch[i].clone()).collect();
            let call = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
            async move { Ok(call.send().await.map_err(|error| at.trouble(&error))?.failed) }
        };
        whole(batch.len(), call, |_| false).await
    }
}

/// One request a person, in the order in which people first appear.
fn one_each(requests: &[SyncRequest]) -> Vec<Cow<'_, SyncRequest>> {
    let mut places: HashMap<&EmployeeKey, usize> = HashMap::with_capacity(requests.len());
    let mut people: Vec<Cow<'_, SyncRequest>> = Vec::with_capacity(requests.len());
    for request in requests {
        match places.get(&request.key) {
            None => {
                places.insert(&request.key, people.len());
                people.push(Cow::Borrowed(request));
            }
            Some(place) => {
                let earlier = people[*place].clone().into_owned();
                people[*place] = Cow::Owned(earlier.followed_by(request.clone()));
            }
        }
    }
    people
}

/// As calls of ten messages at most, and not too long; written only when their turn comes.
fn batches(people: Vec<Cow<'_, SyncRequest>>) -> impl Iterator<Item = Vec<SendMessageBatchRequestEntry>> {
    let mut messages = people.into_iter().map(|request| (request.key.to_string(), message::body(&request))).peekable();
    iter::from_fn(move || {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some((group, body)) =
            messages.next_if(|(_, body)| batch.len() < BATCH && bytes + body.len() <= CALL_LIMIT)
        {
            bytes += body.len();
            batch.push(entry(batch.len(), group, body));
        }
        (!batch.is_empty()).then_some(batch)
    })
}

/// A message as an entry of a call. Nothing that was sent is ever taken for a repeat, but the tries of one send are.
pub(super) fn entry(number: usize, group: String, body: String) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_group_id(group)
        .message_deduplication_id(message::token())
        .message_body(body)
        .build()
        .expect("id and body are there")
}
