//! Conditions on a record: the filters of v1, of v2 and of the search call, read into one form.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::query::Query;

/// A condition on one record.
#[derive(Clone, Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    /// A dotted path and what its value must be.
    Field(String, Op),
}

/// What a value must be.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Is(Value),
    IsNot(Value),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Above(Value),
    AtLeast(Value),
    Below(Value),
    AtMost(Value),
    Starts(Vec<String>),
    Ends(Vec<String>),
    Contains(Vec<String>),
    Lacks(Vec<String>),
    /// Partial, whatever the case.
    Like(String),
    Matches(Pattern),
}

impl Test {
    /// The condition that everything meets.
    pub(super) fn everything() -> Test {
        Test::All(Vec::new())
    }

    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Test::All(all) if all.iter().all(Test::is_everything))
    }

    /// Whether the record whose top-level fields `get` gives meets this.
    pub(super) fn holds<'a>(&self, get: &dyn Fn(&str) -> &'a Value) -> bool {
        match self {
            Test::All(all) => all.iter().all(|test| test.holds(get)),
            Test::Any(any) => any.iter().any(|test| test.holds(get)),
            Test::Field(path, op) => {
                let (root, rest) = path.split_once('.').map_or((path.as_str(), ""), |(root, rest)| (root, rest));
                match op {
                    Op::IsNot(v) => !some(get(root), rest, &|found| same(found, v)),
                    Op::NotIn(all) => !some(get(root), rest, &|found| all.iter().any(|v| same(found, v))),
                    Op::Lacks(all) => !some(get(root), rest, &|found| text_is(found, all, |t, p| t.contains(p))),
                    _ => some(get(root), rest, &|found| op.meets(found)),
                }
            }
        }
    }
}

impl Op {
    fn meets(&self, found: &Value) -> bool {
        match self {
            Op::Is(wanted) => same(found, wanted),
            Op::In(all) => all.iter().any(|wanted| same(found, wanted)),
            Op::Above(bound) => order(found, bound) == Some(Ordering::Greater),
            Op::AtLeast(bound) => order(found, bound).is_some_and(Ordering::is_ge),
            Op::Below(bound) => order(found, bound) == Some(Ordering::Less),
            Op::AtMost(bound) => order(found, bound).is_some_and(Ordering::is_le),
            Op::Starts(parts) => text_is(found, parts, |text, part| text.starts_with(part)),
            Op::Ends(parts) => text_is(found, parts, |text, part| text.ends_with(part)),
            Op::Contains(parts) => text_is(found, parts, |text, part| text.contains(part)),
            Op::Like(part) => found.as_str().is_some_and(|text| text.to_lowercase().contains(part)),
            Op::Matches(pattern) => found.as_str().is_some_and(|text| pattern.occurs_in(text)),
            Op::IsNot(_) | Op::NotIn(_) | Op::Lacks(_) => unreachable!("answered for all values at once"),
        }
    }
}

/// Whether some value at `path` under `value` passes; arrays are looked into, as Mongo does.
fn some(value: &Value, path: &str, passes: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => passes(value) || items.iter().any(|item| some(item, path, passes)),
        _ if path.is_empty() => passes(value),
        _ => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            some(value.get(name).unwrap_or(&Value::Null), rest, passes)
        }
    }
}

/// Equality; a term from a query string is text, so it is compared with a flag or a number as text.
fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Bool(found), Value::String(text)) => text.parse() == Ok(*found),
        (Value::Number(found), Value::String(text)) => text.parse().ok() == found.as_f64(),
        (Value::Null, Value::String(text)) => text == "null",
        _ => found == wanted,
    }
}

fn text_is(found: &Value, parts: &[String], passes: impl Fn(&str, &str) -> bool) -> bool {
    found.as_str().is_some_and(|text| parts.iter().any(|part| passes(text, part)))
}

/// The order of two values of one kind; moments by time, not by letters.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let moment = |v: &Value| v.as_str().filter(|t| t.contains('T')).and_then(|t| t.parse::<Timestamp>().ok());
    match (a, b) {
        (Value::String(x), Value::String(y)) => match (moment(a), moment(b)) {
            (Some(x), Some(y)) => Some(x.cmp(&y)),
            _ => Some(x.cmp(y)),
        },
        (Value::Number(x), Value::Number(y)) => x.as_f64().partial_cmp(&y.as_f64()),
        (Value::Number(x), Value::String(y)) => x.as_f64().partial_cmp(&y.parse().ok()),
        (Value::Bool(x), Value::Bool(y)) => Some(x.cmp(y)),
        _ => None,
    }
}

/// `field:$op:value` of v1. `many` is the header `x-eventually-consistent: true`, which allows several terms.
pub(super) fn of_v1(text: &str, many: bool) -> Option<Test> {
    let (field, rest) = text.split_once(':')?;
    let (op, term) = rest.split_once(':')?;
    let value = || Value::String(term.to_owned());
    let words = || if many { terms(term) } else { vec![term.to_owned()] };
    let values = || terms(term).into_iter().map(Value::String).collect();
    let op = match op {
        "$eq" => Op::Is(value()),
        "$ne" => Op::IsNot(value()),
        "$gt" => Op::Above(value()),
        "$gte" => Op::AtLeast(value()),
        "$lt" => Op::Below(value()),
        "$lte" => Op::AtMost(value()),
        "$in" => Op::In(values()),
        "$nin" => Op::NotIn(values()),
        "$sw" => Op::Starts(words()),
        "$ew" if many => Op::Ends(words()),
        "$co" if many => Op::Contains(words()),
        "$nco" if many => Op::Lacks(words()),
        "$regex" => Op::Matches(Pattern::parse(term)?),
        _ => return None,
    };
    Some(Test::Field(field.to_owned(), op))
}

/// `field:op:value` of v2, without a dollar sign.
pub(super) fn of_v2(text: &str) -> Option<Test> {
    let (field, rest) = text.split_once(':')?;
    let (op, term) = rest.split_once(':')?;
    let value = || Value::String(term.to_owned());
    let op = match op {
        "eq" => Op::Is(value()),
        "ne" => Op::IsNot(value()),
        "gt" => Op::Above(value()),
        "ge" => Op::AtLeast(value()),
        "lt" => Op::Below(value()),
        "le" => Op::AtMost(value()),
        "in" => Op::In(terms(term).into_iter().map(Value::String).collect()),
        "search" => Op::Like(term.to_lowercase()),
        "between" => {
            let (from, to) = term.split_once(',')?;
            let bound = |text: &str| Value::String(text.to_owned());
            let both = [Op::AtLeast(bound(from)), Op::AtMost(bound(to))];
            return Some(Test::All(both.map(|op| Test::Field(field.to_owned(), op)).into()));
        }
        _ => return None,
    };
    Some(Test::Field(field.to_owned(), op))
}

/// Splits at `|`, where `\|` is the sign itself.
fn terms(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let last = all.last_mut().expect("there is always a term");
        match c {
            '\\' if rest.peek() == Some(&'|') => last.extend(rest.next()),
            '|' => all.push(String::new()),
            other => last.push(other),
        }
    }
    all
}

/// The filters of a query string: `filter`, `filter[]`, `filter[0]` all hold; of `filter[or][0]` some. The error is
/// the filter that is not in the form `one` reads.
pub(super) fn of_query(query: &Query, one: impl Fn(&str) -> Option<Test>) -> (Test, Option<String>) {
    let (mut all, mut any, mut wrong) = (Vec::new(), Vec::new(), None);
    for (place, text) in query.nested("filter") {
        match one(text) {
            Some(test) if place.starts_with("[or]") => any.push(test),
            Some(test) => all.push(test),
            None => wrong = Some(text.to_owned()),
        }
    }
    if !any.is_empty() {
        all.push(Test::Any(any));
    }
    (Test::All(all), wrong)
}

/// `search[fields]=username&search[searchTerm]=x` of v1.
pub(super) fn of_search_query(query: &Query) -> Option<Test> {
    let pairs: Vec<_> = query.nested("search").collect();
    let named = |wanted: &'static str| pairs.iter().filter(move |(place, _)| place.starts_with(wanted));
    let fields: Vec<&str> = named("[fields]").flat_map(|(_, names)| names.split([' ', ','])).collect();
    let terms: Vec<&str> = named("[searchTerm]").map(|(_, term)| *term).collect();
    (!terms.is_empty()).then(|| like(&fields, &terms))
}

/// `searchFilter` of the search call: partial, whatever the case, in any of the fields.
pub(super) fn of_search_filter(filter: &Value) -> Option<Test> {
    let strings = |v: &Value| -> Vec<String> {
        let items = v.as_array().map_or(std::slice::from_ref(v), Vec::as_slice);
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (terms, fields) = (strings(filter.get("searchTerm")?), strings(filter.get("fields").unwrap_or(&Value::Null)));
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    Some(like(&fields, &terms))
}

fn like(fields: &[&str], terms: &[&str]) -> Test {
    let default = ["username", "email", "firstname", "lastname", "displayname"];
    let fields = if fields.is_empty() { &default[..] } else { fields };
    let each =
        |term: &&str| fields.iter().map(|f| Test::Field((*f).to_owned(), Op::Like(term.to_lowercase()))).collect();
    Test::Any(terms.iter().map(|term| Test::Any(each(term))).collect())
}

/// The `filter` of the search call: `{"and":[...]}`, `{"or":[...]}`, a bare array, or one condition.
pub(super) fn of_json(filter: &Value) -> Result<Test, String> {
    let list = |items: &Vec<Value>| items.iter().map(of_json).collect::<Result<Vec<Test>, String>>();
    match filter {
        Value::Null => Ok(Test::everything()),
        Value::Array(items) => list(items).map(Test::All),
        Value::String(text) => of_v1(text, true).ok_or_else(|| format!("Invalid filter: {text}")),
        Value::Object(parts) => {
            let one = |(name, wanted): (&String, &Value)| match (name.as_str(), wanted) {
                ("and", Value::Array(items)) => list(items).map(Test::All),
                ("or", Value::Array(items)) => list(items).map(Test::Any),
                ("and" | "or", _) => Err(format!("Invalid filter: {name} is no array")),
                (_, Value::Object(ops)) if ops.keys().any(|op| op.starts_with('$')) => operators(name, ops),
                _ => Ok(Test::Field(name.clone(), Op::Is(wanted.clone()))),
            };
            parts.iter().map(one).collect::<Result<Vec<Test>, String>>().map(Test::All)
        }
        other => Err(format!("Invalid filter: {other}")),
    }
}

fn operators(field: &str, ops: &Map<String, Value>) -> Result<Test, String> {
    let one = |(name, value): (&String, &Value)| {
        let wrong = || format!("Invalid filter: {field} {name} {value}");
        let list = || value.as_array().cloned().ok_or_else(wrong);
        let text = || value.as_str().map(|t| vec![t.to_owned()]).ok_or_else(wrong);
        let op = match name.as_str() {
            "$eq" => Op::Is(value.clone()),
            "$ne" => Op::IsNot(value.clone()),
            "$gt" => Op::Above(value.clone()),
            "$gte" => Op::AtLeast(value.clone()),
            "$lt" => Op::Below(value.clone()),
            "$lte" => Op::AtMost(value.clone()),
            "$in" => Op::In(list()?),
            "$nin" => Op::NotIn(list()?),
            "$sw" => Op::Starts(text()?),
            "$regex" => Op::Matches(value.as_str().and_then(Pattern::parse).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        Ok(Test::Field(field.to_owned(), op))
    };
    ops.iter().map(one).collect::<Result<Vec<Test>, String>>().map(Test::All)
}
