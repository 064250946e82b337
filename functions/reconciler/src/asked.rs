//! What an event asks for, and how often surveys are wanted.

use jiff::SignedDuration;
use lambda::Failure;
use mapping::employee::ConnectionName;
use serde_json::Value;

/// The variable that says how many hours lie between two surveys.
const HOURS: &str = "HIREWIRE_SURVEY_HOURS";
/// Hours between two surveys where nothing is said: the vendors' own syncs run daily as well.
const HOURS_ELSE: i64 = 24;
/// The most hours: a month.
const HOURS_LIMIT: i64 = 31 * 24;

/// What an event asks for. The schedule's own asks for nothing in particular.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// This connection; all where none is named.
    pub connection: Option<ConnectionName>,
    /// Also where the last survey is not old yet.
    pub now: bool,
}

impl Asked {
    /// Reads an event: any JSON object.
    pub fn parse(event: &Value) -> Result<Asked, Failure> {
        let event = event.as_object().ok_or(Failure::Event("it is no JSON object"))?;
        let connection = match event.get("connection") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => match ConnectionName::parse(name) {
                Ok(name) => Some(name),
                Err(_) => return Err(Failure::Event("`connection` is no connection's name")),
            },
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Failure::Event("`connection` is no text"));
            }
        };
        let now = match event.get("now") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(now)) => *now,
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Failure::Event("`now` is neither true nor false"));
            }
        };
        Ok(Asked { connection, now })
    }
}

/// How far two surveys lie apart, from the environment.
pub fn survey_hours() -> Result<SignedDuration, Failure> {
    hours(std::env::var(HOURS).ok().as_deref())
}

fn hours(setting: Option<&str>) -> Result<SignedDuration, Failure> {
    let hours = match setting {
        None | Some("") => Some(HOURS_ELSE),
        Some(text) => text.parse().ok().filter(|hours| (1..=HOURS_LIMIT).contains(hours)),
    };
    let hours = hours.ok_or_else(|| Failure::Work(format!("{HOURS} must be a number from 1 to {HOURS_LIMIT}")))?;
    Ok(SignedDuration::from_hours(hours))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_asks_for_one_connection_or_all_now_or_when_it_is_time() {
        assert_eq!(Asked::parse(&json!({})).expect("all"), Asked::default());
        assert_eq!(Asked::parse(&json!({ "source": "aws.scheduler" })).expect("all"), Asked::default());
        let one = Asked::parse(&json!({ "connection": "acme", "now": true })).expect("one");
        assert_eq!((one.connection.expect("named").as_str(), one.now), ("acme", true));
        let wrong = [json!(null), json!([]), json!("now"), json!({ "now": "yes" }), json!({ "connection": "a b" })];
        for event in wrong {
            assert!(matches!(Asked::parse(&event), Err(Failure::Event(_))), "{event}");
        }
    }

    #[test]
    fn hours_are_a_number() {
        assert_eq!(hours(None).expect("a day"), SignedDuration::from_hours(24));
        assert_eq!(hours(Some("6")).expect("six"), SignedDuration::from_hours(6));
        for wrong in ["0", "-1", "745", "daily", "1.5"] {
            assert!(hours(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
