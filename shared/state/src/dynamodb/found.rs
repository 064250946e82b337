//! How people are found: by their account, by whom they wait for, by the moment at which they are due.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mapping::account::AccountId;
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};

use super::Tables;
use super::calls::{failed, is_refusal, patiently};
use super::items::{
    item, micros, number, people, take_id, take_moment, take_number, take_person, take_person_of, text,
};
use super::people::{AT_ONCE, SOMETIME, key_of, waits};
use crate::error::StateError;

/// The index from an account to whose it is.
const ACCOUNT: &str = "account";
/// The index of who will be due when.
const DUE: &str = "due";

impl Tables {
    /// By the index, which lags behind by a moment: whoever got the account just now may be missing. The account itself
    /// carries its owner's mark, which says so at once.
    pub(crate) async fn owner_of(&self, account: &AccountId) -> Result<Option<EmployeeKey>, StateError> {
        let query = self.index(ACCOUNT).key_condition_expression("#account = :account");
        let query = query.expression_attribute_names("#account", "account");
        let query = query.expression_attribute_values(":account", text(account.as_str()));
        let keys = self.keys(query, usize::MAX).await?;
        let records = self.records_of(&keys).await?.into_values();
        let newest = records.filter(|record| record.account.as_ref() == Some(account)).max_by_key(|r| r.last_sync);
        Ok(newest.map(|record| record.key))
    }

    pub(crate) async fn owners(&self) -> Result<HashMap<AccountId, EmployeeKey>, StateError> {
        let names = self.connections().await?;
        let readings = stream::iter(names.into_iter().map(|name| self.owners_of(name)));
        let mut readings = readings.buffer_unordered(AT_ONCE);
        let mut owners: HashMap<AccountId, (Timestamp, EmployeeKey)> = HashMap::new();
        while let Some(found) = readings.try_next().await? {
            for (account, last_sync, owner) in found {
                // Of several the one looked at last, as for a single account.
                match owners.get(&account) {
                    Some((newest, _)) if *newest > last_sync => {}
                    Some(_) | None => {
                        owners.insert(account, (last_sync, owner));
                    }
                }
            }
        }
        Ok(owners.into_iter().map(|(account, (_, owner))| (account, owner)).collect())
    }

    async fn owners_of(&self, name: ConnectionName) -> Result<Vec<(AccountId, Timestamp, EmployeeKey)>, StateError> {
        let query = self.ask(&self.state, &people(&name)).projection_expression("sk, #account, last_sync");
        let query =
            query.filter_expression("attribute_exists(#account)").expression_attribute_names("#account", "account");
        let mut owners = Vec::new();
        self.each(query, usize::MAX, |mut item| {
            let account = take_id(&mut item, "account")?;
            let last_sync = take_moment(&mut item, "last_sync")?;
            owners.push((account, last_sync, take_person_of(&mut item, name.clone())?));
            Ok(())
        })
        .await?;
        Ok(owners)
    }

    /// Not by an index, which would lag behind: a manager and a report who are worked on at the same moment find each
    /// other because each reads what the other has written.
    pub(crate) async fn waiting_for(&self, manager: &EmployeeKey) -> Result<Vec<EmployeeKey>, StateError> {
        let pk = waits(&manager.connection, &manager.id);
        let mut listed = Vec::new();
        self.each(self.ask(&self.state, &pk), usize::MAX, |mut item| {
            let id = take_id(&mut item, "sk")?;
            let version: u64 = take_number(&mut item, "version")?;
            listed.push((EmployeeKey { connection: manager.connection.clone(), id }, version));
            Ok(())
        })
        .await?;
        let keys: Vec<EmployeeKey> = listed.iter().map(|(key, _)| key.clone()).collect();
        let records = self.records_of(&keys).await?;
        let waits =
            |key: &EmployeeKey| records.get(key).is_some_and(|record| record.waits_for.as_ref() == Some(&manager.id));
        let (waiting, stale): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(key, _)| waits(key));
        stream::iter(stale.into_iter().map(|(key, version)| self.wait_no_more(&pk, key.id, version)))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        Ok(waiting.into_iter().map(|(key, _)| key).collect())
    }

    /// Removes what says that somebody waits, unless it was written again since it was read.
    async fn wait_no_more(&self, pk: &str, report: EmployeeId, version: u64) -> Result<(), StateError> {
        let delete = self.client.delete_item().table_name(&*self.state).set_key(Some(item(pk, report.as_str(), [])));
        let delete = delete.condition_expression("#version = :read").expression_attribute_names("#version", "version");
        let delete = delete.expression_attribute_values(":read", number(version));
        match patiently(|| delete.clone().send()).await {
            Ok(_) => Ok(()),
            Err(error) if is_refusal(&error) => Ok(()),
            Err(error) => Err(failed(&error, "DeleteItem", &self.state)),
        }
    }

    /// By the index, which lags behind by a moment: somebody may come up once more, or one round later.
    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        let query = self.index(DUE).key_condition_expression("#due = :due AND next_change <= :now");
        let query = query.expression_attribute_names("#due", "due").expression_attribute_values(":due", text(SOMETIME));
        self.keys(query.expression_attribute_values(":now", micros(now)), limit).await
    }

    pub(crate) async fn clear_due(&self, key: &EmployeeKey, moment: Timestamp) -> Result<(), StateError> {
        let update = self.client.update_item().table_name(&*self.state).set_key(Some(key_of(key)));
        let update = update.update_expression("REMOVE #due, next_change").expression_attribute_names("#due", "due");
        let update = update.condition_expression("next_change <= :moment");
        let update = update.expression_attribute_values(":moment", micros(moment));
        match patiently(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            // A later one, or none, or nobody.
            Err(error) if is_refusal(&error) => Ok(()),
            Err(error) => Err(failed(&error, "UpdateItem", &self.state)),
        }
    }

    fn index(&self, name: &str) -> QueryFluentBuilder {
        self.client.query().table_name(&*self.state).index_name(name)
    }

    /// Who an index says, in its order.
    async fn keys(&self, query: QueryFluentBuilder, limit: usize) -> Result<Vec<EmployeeKey>, StateError> {
        let mut keys = Vec::new();
        self.each(query, limit, |mut item| {
            keys.push(take_person(&mut item)?);
            Ok(())
        })
        .await?;
        Ok(keys)
    }
}
