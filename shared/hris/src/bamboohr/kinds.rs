//! The kinds of time off that a company has: what they are called, and the numbers to ask for them by.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mapping::rules::status_word;
use serde_json::Value;
use transport::Fault;

use super::answer::{About, VENDOR};
use super::{BambooHr, SMALL};
use crate::kept::is_fresh;
use crate::words::Flaw;

const TIME_OFF_TYPES: &str = "GET /meta/time_off/types";

/// For how long the numbers of kinds are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// A kind of time off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The vendor's number of it, if it is one.
    number: Option<String>,
    /// What it is called.
    pub(super) name: String,
}

/// The numbers of the kinds that count, and when they were asked for.
pub(super) type Numbers = Option<(Timestamp, Vec<String>)>;

/// The numbers of the kinds that count, to ask for no others: everybody's holidays each minute would be megabytes.
/// None where one of them cannot be found: then all are to be asked for, and sorted out here.
pub(super) async fn numbers(bamboo: &BambooHr, now: Timestamp) -> Result<Vec<String>, Fault> {
    // Held while asking: everybody else wants the same answer.
    let mut kept = bamboo.inner.numbers.lock().await;
    if let Some((asked_at, numbers)) = &*kept
        && is_fresh(*asked_at, now, KEPT)
    {
        return Ok(numbers.clone());
    }
    let numbers = match known(bamboo).await {
        Ok(known) => matching(&known, &bamboo.inner.rules.leave.time_off_types),
        Err(refusal @ Fault::KeyRefused { .. }) => return Err(refusal),
        // They only save work.
        Err(fault) if fault.passes() => return Ok(Vec::new()),
        Err(_) => Vec::new(),
    };
    *kept = Some((now, numbers.clone()));
    Ok(numbers)
}

fn matching(known: &[Kind], wanted: &BTreeSet<String>) -> Vec<String> {
    let of = |word: &String| {
        let mut named = known.iter().filter(|kind| status_word(&kind.name) == *word).peekable();
        named.peek()?;
        named.map(|kind| kind.number.clone()).collect::<Option<Vec<String>>>()
    };
    let numbers: Option<Vec<Vec<String>>> = wanted.iter().map(of).collect();
    numbers.unwrap_or_default().concat()
}

/// Every kind that the company has.
pub(super) async fn known(bamboo: &BambooHr) -> Result<Vec<Kind>, Fault> {
    let body = bamboo.call(bamboo.inner.door.time_off_types(), TIME_OFF_TYPES, About::TimeOff, &SMALL).await?;
    read(&body).map_err(|flaw| flaw.of(VENDOR, TIME_OFF_TYPES))
}

fn read(body: &[u8]) -> Result<Vec<Kind>, Flaw> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))?;
    let kinds = answer["timeOffTypes"].as_array().ok_or_else(|| Flaw("it has no list".to_owned()))?;
    let kind = |kind: &Value| Some(Kind { number: number(&kind["id"]), name: kind["name"].as_str()?.to_owned() });
    Ok(kinds.iter().filter_map(kind).collect())
}

/// An id: a number by the documentation, and a text on the wire.
pub(super) fn number(id: &Value) -> Option<String> {
    let text = match id {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_or_none() {
        let body = br#"{"timeOffTypes":[{"id":"71","name":"Sabbatical"},{"id":72,"name":"Parental leave"},
            {"id":"73","name":"sabbatical"},{"id":"74","name":"Sick"},{"id":"x","name":"Odd"},{"id":"75"},null]}"#;
        let known = read(body).expect("kinds");
        let of = |words: &[&str]| matching(&known, &words.iter().map(|word| status_word(word)).collect());
        assert_eq!(of(&["Sabbatical", "Parental Leave"]), ["72", "71", "73"]);
        assert_eq!(of(&["Sabbatical", "Sabatical"]), [""; 0], "one that is missing may be hidden");
        assert_eq!(of(&["Sick", "Odd"]), [""; 0], "one without a number cannot be asked for");
        for body in ["", "[]", "{}", r#"{"timeOffTypes":{}}"#] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
