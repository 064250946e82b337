//! The small things that are kept: cursors, groups, claims.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnValuesOnConditionCheckFailure, WriteRequest};
use jiff::Timestamp;
use mapping::account::GroupName;
use mapping::employee::ConnectionName;

use super::Tables;
use super::calls::{MARK, Over, after_part, failed, is_ours, is_refusal, mark, patiently};
use super::items::{item, micros, number, take_flag, take_id, take_id_if_any, take_moment, take_text, text};
use crate::error::StateError;
use crate::record::KnownGroup;

/// The item of every group is here: few, and read all together.
const GROUPS: &str = "groups";
/// How many items are written by one call that is no transaction; DynamoDB's limit.
const BATCH: usize = 25;
/// A claim is alone in its place.
const ONLY: &str = "-";

fn cursors(of: &ConnectionName) -> String {
    format!("cursor#{of}")
}

fn claim_of(what: &str) -> String {
    format!("claim#{what}")
}

impl Tables {
    pub(crate) async fn cursor(&self, connection: &ConnectionName, name: &str) -> Result<Option<String>, StateError> {
        let found = self.item(&cursors(connection), name).await?;
        found.map(|mut item| take_text(&mut item, "value")).transpose()
    }

    pub(crate) async fn set_cursor(
        &self,
        connection: &ConnectionName,
        name: &str,
        value: &str,
    ) -> Result<(), StateError> {
        let cursor = item(&cursors(connection), name, [("value", text(value))]);
        let put = self.write(&self.state, cursor, Over::Anything);
        put.send().await.map_err(|error| failed(&error, "PutItem", &self.state))?;
        Ok(())
    }

    pub(crate) async fn groups(&self) -> Result<BTreeMap<GroupName, KnownGroup>, StateError> {
        let mut groups = BTreeMap::new();
        self.each(self.ask(&self.state, GROUPS), usize::MAX, |mut item| {
            let group = KnownGroup { id: take_id_if_any(&mut item, "id")?, dynamic: take_flag(&mut item, "dynamic")? };
            groups.insert(take_id(&mut item, "sk")?, group);
            Ok(())
        })
        .await?;
        Ok(groups)
    }

    /// Each group is a matter of its own: after an error some may be written and others not.
    pub(crate) async fn put_groups(&self, groups: &[(GroupName, KnownGroup)]) -> Result<(), StateError> {
        // One call may not write the same item twice; the last one counts.
        let groups: BTreeMap<&GroupName, &KnownGroup> = groups.iter().map(|(name, group)| (name, group)).collect();
        let writes = groups.into_iter().map(|(name, group)| {
            let dynamic = [("dynamic", AttributeValue::Bool(group.dynamic))];
            let id = group.id.as_ref().map(|id| ("id", text(id.as_str())));
            let group = item(GROUPS, name.as_str(), dynamic.into_iter().chain(id));
            let put = PutRequest::builder().set_item(Some(group)).build().expect("an item is given");
            WriteRequest::builder().put_request(put).build()
        });
        let writes: Vec<WriteRequest> = writes.collect();
        for writes in writes.chunks(BATCH) {
            self.write_many(writes.to_vec()).await?;
        }
        Ok(())
    }

    /// Up to [`BATCH`] writes. What DynamoDB leaves undone is asked for again.
    async fn write_many(&self, writes: Vec<WriteRequest>) -> Result<(), StateError> {
        let mut left = writes;
        let mut tries = 1;
        while !left.is_empty() {
            let asked = left.len();
            let answer = self.client.batch_write_item().request_items(&*self.state, left).send().await;
            let answer = answer.map_err(|error| failed(&error, "BatchWriteItem", &self.state))?;
            left = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if !left.is_empty() {
                after_part(asked - left.len(), &mut tries, "BatchWriteItem", &self.state).await?;
            }
        }
        Ok(())
    }

    /// DynamoDB takes up to days to remove what has expired, so the claim's own end counts.
    pub(crate) async fn is_claimed(&self, what: &str, now: Timestamp) -> Result<bool, StateError> {
        let Some(mut claim) = self.item(&claim_of(what), ONLY).await? else { return Ok(false) };
        // To the microsecond, as it is stored.
        Ok(take_moment(&mut claim, "until")?.as_microsecond() > now.as_microsecond())
    }

    pub(crate) async fn claim(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<bool, StateError> {
        let mark = mark();
        let attributes = [("until", micros(until)), ("expires", number(until.as_second() + 1)), (MARK, mark.clone())];
        let put = self.write(&self.state, item(&claim_of(what), ONLY, attributes), Over::Anything);
        let put = put.condition_expression("attribute_not_exists(pk) OR #until <= :now");
        let put = put.expression_attribute_names("#until", "until");
        let put = put.expression_attribute_values(":now", micros(now));
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match patiently(|| put.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if is_refusal(&error) => Ok(is_ours(&error, &mark)),
            Err(error) => Err(failed(&error, "PutItem", &self.state)),
        }
    }
}
