//! The audit rows.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use mapping::employee::EmployeeKey;

use super::Tables;
use super::calls::{Ended, Over, TRANSACTION, failed, is_refusal, patiently, put};
use super::items::{
    Item, item, micros, number, take_moment, take_number, take_text, take_text_if_any, take_word, text, unreadable,
};
use crate::audit::{AuditKind, AuditRow};
use crate::error::StateError;

/// How long a row is kept, in seconds: 400 days, so that a year and the audit of it are covered.
const KEPT: i64 = 400 * 24 * 60 * 60;
/// How many of a person's newest rows are looked through for an intent without outcome. Every run closes whatever was
/// open, so an older one is not open any more.
const LOOKED_THROUGH: usize = 60;

fn key(row: &AuditRow) -> (String, String) {
    let outcome = match row.kind {
        AuditKind::Intent => 0,
        AuditKind::Done | AuditKind::Failed => 1,
    };
    (row.key.to_string(), format!("{:020}#{outcome}#{}", row.at.as_microsecond(), row.id))
}

fn write(row: &AuditRow) -> Item {
    let (pk, sk) = key(row);
    let always = [
        ("id", text(&row.id)),
        ("at", micros(row.at)),
        ("trigger", text(row.trigger.word())),
        ("kind", text(row.kind.word())),
        ("text", text(&row.text)),
        ("rules", text(&row.rules)),
        ("actions", number(row.actions)),
        ("expires", number(row.at.as_second() + KEPT)),
    ];
    let sometimes = [("answers", &row.answers), ("plan", &row.plan)];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, text(value.as_deref()?))));
    item(&pk, &sk, always.into_iter().chain(sometimes))
}

fn read(mut item: Item) -> Result<AuditRow, StateError> {
    let item = &mut item;
    Ok(AuditRow {
        id: take_text(item, "id")?,
        key: EmployeeKey::parse(&take_text(item, "pk")?).ok_or_else(|| unreadable("pk"))?,
        at: take_moment(item, "at")?,
        trigger: take_word(item, "trigger")?,
        kind: take_word(item, "kind")?,
        answers: take_text_if_any(item, "answers")?,
        plan: take_text_if_any(item, "plan")?,
        text: take_text(item, "text")?,
        rules: take_text(item, "rules")?,
        actions: take_number(item, "actions")?,
    })
}

impl Tables {
    /// The writes of these rows, each row once: a transaction may not name an item twice.
    pub(super) fn rows_of(&self, rows: &[AuditRow]) -> Vec<TransactWriteItem> {
        let mut seen = HashSet::new();
        let rows = rows.iter().filter(|row| seen.insert(key(row)));
        rows.map(|row| put(&self.log, write(row), Over::Nothing)).collect()
    }

    /// All or none of every hundred rows: DynamoDB has no larger transaction.
    pub(crate) async fn audit(&self, rows: &[AuditRow]) -> Result<(), StateError> {
        if let [row] = rows {
            let put = self.write(&self.log, write(row), Over::Nothing);
            return match patiently(|| put.clone().send()).await {
                Ok(_) => Ok(()),
                // It is there already.
                Err(error) if is_refusal(&error) => Ok(()),
                Err(error) => Err(failed(&error, "PutItem", &self.log)),
            };
        }
        for rows in rows.chunks(TRANSACTION) {
            let mut rows = self.rows_of(rows);
            while let Ended::Refused(places) = self.transact(rows.clone()).await? {
                // Those are there already.
                let mut place = 0..;
                rows.retain(|_| place.next().is_some_and(|place| !places.contains(&place)));
                if rows.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn audit_of(&self, key: &EmployeeKey, limit: usize) -> Result<Vec<AuditRow>, StateError> {
        let mut rows = Vec::new();
        let query = self.ask(&self.log, &key.to_string()).scan_index_forward(false);
        self.each(query, limit, |item| {
            rows.push(read(item)?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    pub(crate) async fn unfinished(&self, key: &EmployeeKey) -> Result<Vec<AuditRow>, StateError> {
        let mut rows = self.audit_of(key, LOOKED_THROUGH).await?;
        let answered: HashSet<String> = rows.iter().filter_map(|row| row.answers.clone()).collect();
        rows.retain(|row| row.kind == AuditKind::Intent && !answered.contains(&row.id));
        rows.reverse();
        Ok(rows)
    }
}
