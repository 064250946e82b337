//! What is known of each person.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};

use super::Tables;
use super::calls::{Ended, MARK, Over, TRANSACTION, after_part, failed, is_ours, is_refusal, mark, patiently, put};
use super::items::{
    Item, item, json, micros, number, people, place, take_flag, take_id, take_id_if_any, take_moment,
    take_moment_if_any, take_number, take_number_if_any, take_part, take_part_if_any, take_person, take_text,
    take_text_if_any, take_word, text,
};
use crate::audit::AuditRow;
use crate::error::StateError;
use crate::record::{Life, Record};

/// What every item in the index of who is due has as its `due`: one query then finds everybody. Only people with a date ahead are in it,
/// and one partition of an index takes a thousand writes in a second.
pub(super) const SOMETIME: &str = "due";
/// The item of every connection that has records is here.
const CONNECTIONS: &str = "connections";
/// How many items one reading of many takes; DynamoDB's limit.
const BATCH: usize = 100;
/// How many such readings, or connections, are under way at once: enough to hide the way to AWS and back. A partition
/// gives three thousand items in a second.
pub(super) const AT_ONCE: usize = 4;

fn read(mut item: Item) -> Result<Record, StateError> {
    let item = &mut item;
    Ok(Record {
        key: take_person(item)?,
        label: take_text(item, "label")?,
        account: take_id_if_any(item, "account")?,
        username: take_text_if_any(item, "username")?,
        status: take_part(item, "status")?,
        notes: take_part(item, "notes")?,
        suspended_by_us: take_flag(item, "suspended_by_us")?,
        groups: take_part(item, "groups")?,
        life: take_part_if_any(item, "life")?,
        waits_for: take_id_if_any(item, "waits_for")?,
        fingerprint: take_number_if_any(item, "fingerprint")?,
        observed_at: take_moment_if_any(item, "observed_at")?,
        next_change: take_moment_if_any(item, "next_change")?,
        last_sync: take_moment(item, "last_sync")?,
        trigger: take_word(item, "trigger")?,
        version: take_number(item, "version")?,
    })
}

/// The record as it is stored: one version on. What there is none of is not written, and so not in an index either.
fn write(record: &Record) -> Result<Item, StateError> {
    let id = |id: &EmployeeId| text(id.as_str());
    let always = [
        ("version", number(record.version + 1)),
        ("label", text(&record.label)),
        ("status", json(&record.status)?),
        ("notes", json(&record.notes)?),
        ("suspended_by_us", AttributeValue::Bool(record.suspended_by_us)),
        // Text, because an empty set is none on DynamoDB.
        ("groups", json(&record.groups)?),
        ("last_sync", micros(record.last_sync)),
        ("trigger", text(record.trigger.word())),
    ];
    let life = if record.life == Life::default() { None } else { Some(json(&record.life)?) };
    let sometimes = [
        ("life", life),
        ("account", record.account.as_ref().map(|account| text(account.as_str()))),
        ("username", record.username.as_deref().map(text)),
        ("waits_for", record.waits_for.as_ref().map(id)),
        ("fingerprint", record.fingerprint.map(number)),
        ("observed_at", record.observed_at.map(micros)),
        ("next_change", record.next_change.map(micros)),
        ("due", record.next_change.map(|_| text(SOMETIME))),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Ok(item(&people(&record.key.connection), &place(&record.key), always.into_iter().chain(sometimes)))
}

/// Where those are listed who wait for a manager.
pub(super) fn waits(connection: &ConnectionName, manager: &EmployeeId) -> String {
    format!("waits#{connection}#{manager}")
}

pub(super) fn key_of(key: &EmployeeKey) -> Item {
    item(&people(&key.connection), &place(key), [])
}

impl Tables {
    pub(crate) async fn record(&self, key: &EmployeeKey) -> Result<Option<Record>, StateError> {
        self.item(&people(&key.connection), &place(key)).await?.map(read).transpose()
    }

    pub(crate) async fn records_of(&self, keys: &[EmployeeKey]) -> Result<HashMap<EmployeeKey, Record>, StateError> {
        // One reading may not ask for the same item twice.
        let mut seen = HashSet::new();
        let keys: Vec<Item> = keys.iter().filter(|key| seen.insert(*key)).map(key_of).collect();
        let batches: Vec<Vec<Item>> = keys.chunks(BATCH).map(<[Item]>::to_vec).collect();
        let readings = stream::iter(batches.into_iter().map(|keys| self.read_many(keys)));
        let found: Vec<Vec<Record>> = readings.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().map(|record| (record.key.clone(), record)).collect())
    }

    /// Up to [`BATCH`] records. What DynamoDB leaves undone is asked for again.
    async fn read_many(&self, keys: Vec<Item>) -> Result<Vec<Record>, StateError> {
        let mut found = Vec::new();
        let mut left = keys;
        let mut tries = 1;
        while !left.is_empty() {
            let asked = left.len();
            let wanted = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(left));
            let wanted = wanted.build().expect("keys are given");
            let answer = self.client.batch_get_item().request_items(&*self.state, wanted).send().await;
            let answer = answer.map_err(|error| failed(&error, "BatchGetItem", &self.state))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                found.push(read(item)?);
            }
            let rest = answer.unprocessed_keys.unwrap_or_default();
            left = rest.into_values().flat_map(|rest| rest.keys).collect();
            if !left.is_empty() {
                after_part(asked - left.len(), &mut tries, "BatchGetItem", &self.state).await?;
            }
        }
        Ok(found)
    }

    pub(crate) async fn records(
        &self,
        connection: Option<&ConnectionName>,
        after: Option<&EmployeeKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StateError> {
        let names = match connection {
            Some(name) => vec![name.clone()],
            None => self.connections().await?,
        };
        let mut found = Vec::new();
        for name in names {
            let query = self.ask(&self.state, &people(&name));
            let query = match after {
                Some(after) if name < after.connection => continue,
                Some(after) if name == after.connection => {
                    let query = query.key_condition_expression("pk = :pk AND sk > :after");
                    query.expression_attribute_values(":after", text(&place(after)))
                }
                Some(_) | None => query,
            };
            self.each(query, limit - found.len(), |item| {
                found.push(read(item)?);
                Ok(())
            })
            .await?;
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// Every connection that has records, by name.
    pub(super) async fn connections(&self) -> Result<Vec<ConnectionName>, StateError> {
        let mut names = Vec::new();
        self.each(self.ask(&self.state, CONNECTIONS), usize::MAX, |mut item| {
            names.push(take_id(&mut item, "sk")?);
            Ok(())
        })
        .await?;
        Ok(names)
    }

    /// Sees to it that a connection is listed before its first record is there.
    async fn list(&self, name: &ConnectionName) -> Result<(), StateError> {
        if self.listed.lock().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return Ok(());
        }
        let put = self.write(&self.state, item(CONNECTIONS, name.as_str(), []), Over::Anything);
        put.send().await.map_err(|error| failed(&error, "PutItem", &self.state))?;
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        Ok(())
    }

    pub(crate) async fn put(&self, record: &Record) -> Result<(), StateError> {
        self.settle(record, &[]).await
    }

    pub(crate) async fn settle(&self, record: &Record, rows: &[AuditRow]) -> Result<(), StateError> {
        self.list(&record.key.connection).await?;
        if rows.is_empty() && record.waits_for.is_none() {
            return self.put_alone(record).await;
        }
        let writes = self.writes_of(record)?;
        // A person has a handful of rows to write at most. Were it more, the rest would be no part of the whole: an
        // intent that is closed too late is only closed by two rows.
        let (rows, rest) = rows.split_at(rows.len().min(TRANSACTION - writes.len()));
        let first_row = writes.len();
        let mut rows = self.rows_of(rows);
        while let Ended::Refused(places) = self.transact([writes.as_slice(), &rows].concat()).await? {
            if places.iter().any(|place| *place < first_row) {
                return Err(StateError::Conflict);
            }
            // A row that is there already stays as it is.
            let mut place = first_row..;
            rows.retain(|_| place.next().is_some_and(|place| !places.contains(&place)));
        }
        self.audit(rest).await
    }

    /// A record that nobody needs to find but by its key and the indexes.
    async fn put_alone(&self, record: &Record) -> Result<(), StateError> {
        let mark = mark();
        let mut item = write(record)?;
        item.insert(MARK.to_owned(), mark.clone());
        let put = self.write(&self.state, item, Over::read(record.version));
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match patiently(|| put.clone().send()).await {
            Ok(_) => Ok(()),
            Err(error) if is_ours(&error, &mark) => Ok(()),
            Err(error) if is_refusal(&error) => Err(StateError::Conflict),
            Err(error) => Err(failed(&error, "PutItem", &self.state)),
        }
    }

    /// The record, and where it waits for a manager the item by which the manager finds it.
    fn writes_of(&self, record: &Record) -> Result<Vec<TransactWriteItem>, StateError> {
        let mut writes = vec![put(&self.state, write(record)?, Over::read(record.version))];
        if let Some(manager) = &record.waits_for {
            let version = [("version", number(record.version + 1))];
            let waiting = item(&waits(&record.key.connection, manager), record.key.id.as_str(), version);
            writes.push(put(&self.state, waiting, Over::Anything));
        }
        Ok(writes)
    }

    /// All or none of every hundred items: DynamoDB has no larger transaction. After an error some hundreds may be
    /// written and others not.
    pub(crate) async fn put_all(&self, records: &[Record]) -> Result<(), StateError> {
        let keys: HashSet<&EmployeeKey> = records.iter().map(|record| &record.key).collect();
        if keys.len() < records.len() {
            // The second one of a person was made from what the first one changes.
            return Err(StateError::Conflict);
        }
        let names: HashSet<&ConnectionName> = keys.into_iter().map(|key| &key.connection).collect();
        for name in names {
            self.list(name).await?;
        }
        let mut transactions: Vec<Vec<TransactWriteItem>> = Vec::new();
        for record in records {
            let writes = self.writes_of(record)?;
            match transactions.last_mut() {
                Some(open) if open.len() + writes.len() <= TRANSACTION => open.extend(writes),
                Some(_) | None => transactions.push(writes),
            }
        }
        // One after the other: the records of a connection share a partition, which takes a thousand writes in a
        // second, and a single caller asks for more than that already.
        for writes in transactions {
            match self.transact(writes).await? {
                Ended::Written => {}
                Ended::Refused(_) => return Err(StateError::Conflict),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use mapping::account::GroupName;
    use mapping::request::Trigger;
    use mapping::status::{Note, Status};

    use super::*;

    /// How large an item is by DynamoDB's count: names and values.
    fn size(item: &Item) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
            _ => 1,
        };
        item.iter().map(|(name, held)| name.len() + value(held)).sum()
    }

    /// DynamoDB takes 400 KB, and asks for the same again for each 4 KB that is read.
    #[test]
    fn a_record_of_somebody_in_every_group_is_far_from_the_limit() {
        let group = |number| GroupName::parse(&format!("{number:03} {}", "Département é ".repeat(8))).unwrap();
        let note = |number: usize| Note::Failed { what: format!("attribute {number}"), message: "long ".repeat(200) };
        let record = Record {
            key: EmployeeKey::parse("acme:1").unwrap(),
            label: "é".repeat(200),
            account: None,
            username: None,
            status: Status::Failed { error: "no ".repeat(1000) },
            notes: (0..30).map(note).collect(),
            suspended_by_us: false,
            groups: (0..200).map(group).collect::<BTreeSet<GroupName>>(),
            life: Life::default(),
            waits_for: None,
            fingerprint: Some(u64::MAX),
            observed_at: Some(Timestamp::UNIX_EPOCH),
            next_change: Some(Timestamp::UNIX_EPOCH),
            last_sync: Timestamp::UNIX_EPOCH,
            trigger: Trigger::Webhook,
            version: 7,
        };
        let item = write(&record).unwrap();
        assert!((50_000..100_000).contains(&size(&item)), "{}", size(&item));
        assert_eq!(read(item).unwrap(), Record { version: 8, ..record });
    }

    /// A list of records begins where the last one ended, by text alone.
    #[test]
    fn places_sort_as_people_do() {
        let names = ["9", "b", "10", "aa", "100", &"z".repeat(64)];
        let keys: Vec<EmployeeKey> =
            names.iter().map(|id| EmployeeKey::parse(&format!("acme:{id}")).unwrap()).collect();
        assert!(keys.is_sorted_by_key(|key| key.order()));
        assert!(keys.is_sorted_by_key(place));
    }
}
