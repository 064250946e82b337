//! What all calls have in common: patience with what passes, and errors that say what to do.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::Tables;
use super::items::{Item, number, text};
use crate::aws::said;
use crate::error::StateError;

/// How many items one transaction of DynamoDB may write.
pub(super) const TRANSACTION: usize = 100;
/// How often a call is made that met another one at the same item, or of which DynamoDB did only a part. The SDK itself
/// repeats what was throttled or not answered; these it does not.
const TRIES: u32 = 8;
/// The attribute of an item that says which write it is from.
pub(super) const MARK: &str = "written";
/// The pause after the first such try, at most; each next one may be twice as long. All together under three seconds.
const PAUSE: Duration = Duration::from_millis(20);

/// What an item is written over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Over {
    /// Whatever is there.
    Anything,
    /// There must be nothing.
    Nothing,
    /// The item must have this `version`.
    Version(u64),
}

impl Over {
    /// The version that was read; 0 is: there was nothing.
    pub(super) fn read(version: u64) -> Over {
        if version == 0 { Over::Nothing } else { Over::Version(version) }
    }

    fn condition(self) -> Option<&'static str> {
        match self {
            Over::Anything => None,
            Over::Nothing => Some("attribute_not_exists(pk)"),
            Over::Version(_) => Some("#version = :read"),
        }
    }
}

/// How a transaction ended, when nothing was wrong with the service.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything was written.
    Written,
    /// Nothing was: the items at these places are not as they should have been.
    Refused(Vec<usize>),
}

/// Waits before the next try: longer each time, and never as long as somebody else in the same place.
async fn pause(tries: u32) {
    let most = PAUSE * 2_u32.pow(tries.saturating_sub(1));
    tokio::time::sleep(most.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
}

/// A call that may meet a transaction at its item. Then it had no effect, and is made again.
pub(super) async fn patiently<T, E, F>(call: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut tries = 1;
    loop {
        let answer = call().await;
        match &answer {
            Err(error) if error.code() == Some("TransactionConflictException") && tries < TRIES => {}
            Ok(_) | Err(_) => return answer,
        }
        pause(tries).await;
        tries += 1;
    }
}

/// Whether a write was refused because the item is not as its condition wants it.
pub(super) fn is_refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// Why a call failed and what to do.
pub(super) fn failed<E: ProvideErrorMetadata + Error + 'static>(
    error: &SdkError<E>,
    call: &str,
    table: &str,
) -> StateError {
    let remedy = match (error.code(), error) {
        (Some(code), _) => remedy(code),
        (None, SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_)) => NOT_ASKED,
        (None, _) => WAIT,
    };
    StateError::Unavailable(format!("{call} on table {table}: {}; {remedy}", said(error)))
}

/// What to do where AWS was not even asked.
const NOT_ASKED: &str = "look at the network, the AWS credentials and the region";
/// What to do where others ask too much, or the service has trouble of its own.
const WAIT: &str = "it is enough to wait";

fn remedy(code: &str) -> &'static str {
    match code {
        "ResourceNotFoundException" => "there is no such table: deploy infra/template.yaml, or correct `store`",
        "AccessDeniedException" => "allow it in the policy of whoever asks",
        "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException" => "log in to AWS again",
        "ThrottlingException"
        | "ThrottlingError"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded" => "it is enough to wait, or raise the table's limits",
        "ValidationException" | "ValidationError" | "ItemCollectionSizeLimitExceeded" => {
            "an item is too large, or the table is not laid out as infra/template.yaml says"
        }
        _ => WAIT,
    }
}

/// Before what DynamoDB has left undone is asked for again. Only tries that brought nothing count as `tries`.
pub(super) async fn after_part(done: usize, tries: &mut u32, call: &str, table: &str) -> Result<(), StateError> {
    if done == 0 && *tries == TRIES {
        let remedy = remedy("ThrottlingException");
        return Err(StateError::Unavailable(format!(
            "{call} on table {table} was left undone {TRIES} times; {remedy}"
        )));
    }
    pause(*tries).await;
    *tries = if done == 0 { *tries + 1 } else { 1 };
    Ok(())
}

impl Tables {
    /// A strongly consistent query of one `pk`. What it may read is narrowed by its caller.
    pub(super) fn ask(&self, table: &str, pk: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(table).consistent_read(true);
        query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", text(pk))
    }

    /// Every item that a query finds, up to `limit`, page by page: DynamoDB ends a page after 1 MB.
    pub(super) async fn each(
        &self,
        query: QueryFluentBuilder,
        limit: usize,
        mut take: impl FnMut(Item) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let mut left = limit;
        let mut start = None;
        while left > 0 {
            let page = query.clone().set_limit(i32::try_from(left).ok()).set_exclusive_start_key(start);
            let table = query.get_table_name().as_deref().unwrap_or_default();
            let page = page.send().await.map_err(|error| failed(&error, "Query", table))?;
            for item in page.items.unwrap_or_default() {
                take(item)?;
                left = left.saturating_sub(1);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// One item, strongly consistent.
    pub(super) async fn item(&self, pk: &str, sk: &str) -> Result<Option<Item>, StateError> {
        let get = self.client.get_item().table_name(&*self.state).consistent_read(true);
        let answer = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
        Ok(answer.map_err(|error| failed(&error, "GetItem", &self.state))?.item)
    }

    /// One write by itself.
    pub(super) fn write(&self, table: &str, item: Item, over: Over) -> PutItemFluentBuilder {
        let put = self.client.put_item().table_name(table).set_item(Some(item));
        let put = put.set_condition_expression(over.condition().map(str::to_owned));
        match over {
            Over::Anything | Over::Nothing => put,
            Over::Version(read) => {
                put.expression_attribute_names("#version", "version").expression_attribute_values(":read", number(read))
            }
        }
    }

    /// Several writes, all or none.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Ended, StateError> {
        let tables: BTreeSet<&str> = writes.iter().filter_map(|write| Some(write.put.as_ref()?.table_name())).collect();
        let tables = Vec::from_iter(tables).join(" and ");
        let mut tries = 1;
        loop {
            let call = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = call.send().await else { return Ok(Ended::Written) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(failed(&error, "TransactWriteItems", &tables));
            };
            let mut refused = Vec::new();
            let mut passing = None;
            let mut lasting = None;
            for (place, reason) in cancelled.cancellation_reasons().iter().enumerate() {
                match reason.code() {
                    None | Some("None") => {}
                    Some("ConditionalCheckFailed") => refused.push(place),
                    Some(code @ ("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")) => {
                        passing = Some(code)
                    }
                    Some(code) => lasting = Some(code),
                }
            }
            if !refused.is_empty() {
                return Ok(Ended::Refused(refused));
            }
            match (lasting, passing) {
                (None, Some(_)) if tries < TRIES => {}
                (lasting, passing) => {
                    let code = lasting.or(passing).unwrap_or("TransactionCanceledException");
                    let why = format!("TransactWriteItems on table {tables}: {code}; {}", remedy(code));
                    return Err(StateError::Unavailable(why));
                }
            }
            pause(tries).await;
            tries += 1;
        }
    }
}

/// One write of several.
pub(super) fn put(table: &str, item: Item, over: Over) -> TransactWriteItem {
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = put.set_condition_expression(over.condition().map(str::to_owned));
    let put = match over {
        Over::Anything | Over::Nothing => put,
        Over::Version(read) => {
            put.expression_attribute_names("#version", "version").expression_attribute_values(":read", number(read))
        }
    };
    TransactWriteItem::builder().put(put.build().expect("table and item are given")).build()
}

/// Whether what stands in the way of a write is that same write: the answer to an earlier try was lost on its way.
pub(super) fn is_ours(error: &SdkError<PutItemError>, mark: &AttributeValue) -> bool {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
            refusal.item().and_then(|there| there.get(MARK)) == Some(mark)
        }
        Some(_) | None => false,
    }
}

/// A value of our own making that tells a write of ours from everybody else's: in the attribute [`MARK`].
pub(super) fn mark() -> AttributeValue {
    text(&format!("{:032x}", fastrand::u128(..)))
}
