//! Groups that follow the users' attributes: their rules, and when they are computed again.

use serde_json::{Value, json};

use super::answer::{Refusal, refuse};
use super::filter::{self, Op, Test};
use super::groups::{Group, Method};
use super::id::Id;
use super::insights::By;
use super::org::Org;

impl Org {
    /// Lets the dynamic groups follow a change of `user`, at once or at the next tick.
    pub(super) fn recompute_after(&mut self, user: Id) {
        if self.groups.values().all(|group| group.method != Method::Automated) {
            return;
        }
        self.stale.insert(user);
        if self.switches.recompute_at_once {
            self.recompute();
        }
    }

    /// Brings every dynamic group to what its rule says, for whoever changed, and undoes changes by hand.
    pub(super) fn recompute(&mut self) {
        let stale = std::mem::take(&mut self.stale);
        let dynamic = |group: &&mut Group| group.method == Method::Automated;
        let mut due: Vec<(Id, Id)> = Vec::new();
        for group in self.groups.values_mut().filter(dynamic) {
            let strays = std::mem::take(&mut group.strays);
            due.extend(stale.union(&strays).map(|user| (group.id, *user)));
        }
        for (group, user) in due {
            self.follow_rule(group, user);
        }
    }

    pub(super) fn recompute_group(&mut self, id: Id) {
        let group = self.groups.get_mut(&id).expect("just written");
        if group.method == Method::Automated {
            group.strays.clear();
            for user in self.order.clone() {
                self.follow_rule(id, user);
            }
        }
    }

    fn follow_rule(&mut self, group: Id, user: Id) {
        let Some(found) = self.users.get(&user) else { return };
        let rule = &self.groups[&group];
        if rule.exempts(user) {
            return;
        }
        let belongs = rule.rule.as_ref().is_some_and(|test| test.holds(&|name| found.get(name)));
        if belongs != rule.holds(user) {
            self.set_member(group, user, belongs);
            self.log_member(if belongs { "add" } else { "remove" }, group, user, By::System);
        }
    }

    /// What the rule of a group under review would change.
    pub(super) fn suggestions(&self, group: &Group) -> Vec<(Id, &'static str)> {
        let (Method::ReviewRequired, Some(test)) = (group.method, &group.rule) else { return Vec::new() };
        let suggest = |id: &Id| match (test.holds(&|name| self.users[id].get(name)), group.holds(*id)) {
            (true, false) => Some((*id, "add")),
            (false, true) => Some((*id, "remove")),
            (true, true) | (false, false) => None,
        };
        self.order.iter().filter_map(suggest).collect()
    }
}

/// A `memberQuery` as a condition on users: filters that must all hold, or a search.
pub(super) fn rule(query: &Value) -> Result<Test, Refusal> {
    let wrong = || refuse(400, "invalid memberQuery");
    // The newest specification writes both inner forms as JSON in a string.
    let inner = |value: &Value| match value {
        Value::String(text) => serde_json::from_str(text).map_err(|_| wrong()),
        other => Ok(other.clone()),
    };
    match query["queryType"].as_str() {
        Some("Filter" | "FilterQuery") => {
            let filters = inner(&query["filters"])?;
            let one = |filter: &Value| condition(&inner(filter)?).ok_or_else(wrong);
            let tests = filters.as_array().ok_or_else(wrong)?.iter().map(one);
            Ok(Test::All(tests.collect::<Result<Vec<Test>, Refusal>>()?))
        }
        Some("Search") => filter::of_json(&inner(&query["searchFilters"])?).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// `{"field":"department","operator":"eq","value":"Research"}`; `userState` is written in lower case here.
fn condition(filter: &Value) -> Option<Test> {
    let field = filter["field"].as_str()?;
    let as_kept = |text: &str| if field == "userState" { activated(text) } else { text.to_owned() };
    let operator = filter["operator"].as_str()?;
    let values: Vec<Value> = match &filter["value"] {
        Value::String(text) if operator == "in" => text.split('|').map(|part| json!(as_kept(part))).collect(),
        Value::String(text) => vec![json!(as_kept(text))],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(|part| json!(as_kept(part))).collect(),
        other => vec![other.clone()],
    };
    let op = match operator {
        "eq" => Op::Is(values.into_iter().next()?),
        "ne" => Op::IsNot(values.into_iter().next()?),
        "in" => Op::In(values),
        _ => return None,
    };
    let field = if field == "userState" { "state" } else { field };
    Some(Test::Field(field.to_owned(), op))
}

fn activated(state: &str) -> String {
    if state.eq_ignore_ascii_case("active") { "ACTIVATED".to_owned() } else { state.to_uppercase() }
}
