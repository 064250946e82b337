//! Values of ours as attributes, and back.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use crate::error::StateError;

/// An item of a table, or its key.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Attributes, to be collected into an item.
pub(super) type Attribute = (String, AttributeValue);

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A moment as a number that sorts; finer than a microsecond is dropped.
pub(super) fn micros(moment: Timestamp) -> AttributeValue {
    number(moment.as_microsecond())
}

/// A structured part as JSON text.
pub(super) fn json(part: &impl Serialize) -> Result<AttributeValue, StateError> {
    let text = serde_json::to_string(part);
    text.map(AttributeValue::S).map_err(|_| StateError::Corrupt("a value that JSON cannot hold".to_owned()))
}

/// An item with this key.
pub(super) fn item(pk: &str, sk: &str, attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> Item {
    let keys: [Attribute; 2] = [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))];
    keys.into_iter().chain(attributes.into_iter().map(|(name, value)| (name.to_owned(), value))).collect()
}

/// What cannot be read is named by its attribute; the value may be personal.
pub(super) fn unreadable(attribute: &str) -> StateError {
    StateError::Corrupt(format!("attribute {attribute} of an item in DynamoDB"))
}

pub(super) fn take_text_if_any(item: &mut Item, name: &str) -> Result<Option<String>, StateError> {
    match item.remove(name) {
        None => Ok(None),
        Some(AttributeValue::S(value)) => Ok(Some(value)),
        Some(_) => Err(unreadable(name)),
    }
}

pub(super) fn take_text(item: &mut Item, name: &str) -> Result<String, StateError> {
    take_text_if_any(item, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn take_number_if_any<T: FromStr>(item: &mut Item, name: &str) -> Result<Option<T>, StateError> {
    match item.remove(name) {
        None => Ok(None),
        Some(AttributeValue::N(value)) => value.parse().map(Some).map_err(|_| unreadable(name)),
        Some(_) => Err(unreadable(name)),
    }
}

pub(super) fn take_number<T: FromStr>(item: &mut Item, name: &str) -> Result<T, StateError> {
    take_number_if_any(item, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn take_flag(item: &mut Item, name: &str) -> Result<bool, StateError> {
    match item.remove(name) {
        Some(AttributeValue::Bool(value)) => Ok(value),
        Some(_) | None => Err(unreadable(name)),
    }
}

pub(super) fn take_moment_if_any(item: &mut Item, name: &str) -> Result<Option<Timestamp>, StateError> {
    let micros: Option<i64> = take_number_if_any(item, name)?;
    micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| unreadable(name))).transpose()
}

pub(super) fn take_moment(item: &mut Item, name: &str) -> Result<Timestamp, StateError> {
    take_moment_if_any(item, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn take_id_if_any<T: TryFrom<String>>(item: &mut Item, name: &str) -> Result<Option<T>, StateError> {
    let text = take_text_if_any(item, name)?;
    text.map(|text| T::try_from(text).map_err(|_| unreadable(name))).transpose()
}

pub(super) fn take_id<T: TryFrom<String>>(item: &mut Item, name: &str) -> Result<T, StateError> {
    take_id_if_any(item, name)?.ok_or_else(|| unreadable(name))
}

/// One of a closed set, by its word.
pub(super) fn take_word<T: for<'a> Deserialize<'a>>(item: &mut Item, name: &str) -> Result<T, StateError> {
    let text = take_text(item, name)?;
    let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
    T::deserialize(word).map_err(|_| unreadable(name))
}

/// A structured part.
pub(super) fn take_part<T: DeserializeOwned>(item: &mut Item, name: &str) -> Result<T, StateError> {
    serde_json::from_str(&take_text(item, name)?).map_err(|_| unreadable(name))
}

pub(super) fn take_part_if_any<T: DeserializeOwned + Default>(item: &mut Item, name: &str) -> Result<T, StateError> {
    let text = take_text_if_any(item, name)?;
    text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(&text).map_err(|_| unreadable(name)))
}

/// What every record's `pk` begins with.
const PERSON: &str = "person#";

/// Where the records of a connection are.
pub(super) fn people(connection: &ConnectionName) -> String {
    format!("{PERSON}{connection}")
}

/// Where a record is among them: in the order of people.
pub(super) fn place(key: &EmployeeKey) -> String {
    let (length, id) = key.order();
    format!("{length:02}#{id}")
}

/// Whose record this is, by its key.
pub(super) fn take_person(item: &mut Item) -> Result<EmployeeKey, StateError> {
    let pk = take_text(item, "pk")?;
    let connection = pk.strip_prefix(PERSON).and_then(|name| ConnectionName::parse(name).ok());
    take_person_of(item, connection.ok_or_else(|| unreadable("pk"))?)
}

/// The same where the connection is known: a hundred thousand people need its name only once.
pub(super) fn take_person_of(item: &mut Item, connection: ConnectionName) -> Result<EmployeeKey, StateError> {
    let sk = take_text(item, "sk")?;
    let id = sk.split_once('#').and_then(|(_, id)| EmployeeId::parse(id).ok());
    Ok(EmployeeKey { connection, id: id.ok_or_else(|| unreadable("sk"))? })
}
