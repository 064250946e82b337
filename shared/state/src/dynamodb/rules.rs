//! The rules, every version of them.

use jiff::Timestamp;

use super::Tables;
use super::calls::{Ended, Over, put};
use super::items::{Item, item, micros, number, take_moment, take_number, take_text, text, unreadable};
use crate::error::StateError;
use crate::rules::{RULES_LIMIT, RulesText};

/// All of them are here.
const RULES: &str = "rules";
/// The item that says which version counts.
const CURRENT: &str = "current";
/// What the `sk` of every version begins with.
const VERSION: &str = "v#";

fn place(version: u64) -> String {
    format!("{VERSION}{version:010}")
}

fn read(mut item: Item) -> Result<RulesText, StateError> {
    let item = &mut item;
    Ok(RulesText {
        version: take_number(item, "version")?,
        text: take_text(item, "text")?,
        pushed_at: take_moment(item, "pushed_at")?,
        pushed_by: take_text(item, "pushed_by")?,
    })
}

impl Tables {
    pub(crate) async fn rules(&self) -> Result<Option<RulesText>, StateError> {
        let Some(mut current) = self.item(RULES, CURRENT).await? else { return Ok(None) };
        let version = take_number(&mut current, "version")?;
        // Versions are never changed nor removed: what `current` names is there.
        let rules = self.item(RULES, &place(version)).await?.ok_or_else(|| unreadable("version"))?;
        read(rules).map(Some)
    }

    pub(crate) async fn rules_history(&self, limit: usize) -> Result<Vec<RulesText>, StateError> {
        let query = self.ask(&self.state, RULES).key_condition_expression("pk = :pk AND begins_with(sk, :version)");
        let query = query.expression_attribute_values(":version", text(VERSION)).scan_index_forward(false);
        let mut versions = Vec::new();
        self.each(query, limit, |item| {
            versions.push(read(item)?);
            Ok(())
        })
        .await?;
        Ok(versions)
    }

    pub(crate) async fn push_rules(&self, rules: &str, by: &str, over: u64, now: Timestamp) -> Result<u64, StateError> {
        if rules.len() > RULES_LIMIT {
            let (long, most) = (rules.len().div_ceil(1 << 10), RULES_LIMIT >> 10);
            let why =
                format!("these rules are {long} KB long and DynamoDB holds {most} KB; shorten their lookup tables");
            return Err(StateError::Unavailable(why));
        }
        let version = over + 1;
        let attributes =
            [("version", number(version)), ("text", text(rules)), ("pushed_at", micros(now)), ("pushed_by", text(by))];
        let writes = vec![
            put(&self.state, item(RULES, &place(version), attributes), Over::Nothing),
            put(&self.state, item(RULES, CURRENT, [("version", number(version))]), Over::read(over)),
        ];
        match self.transact(writes).await? {
            Ended::Written => Ok(version),
            Ended::Refused(_) => Err(StateError::Conflict),
        }
    }
}
