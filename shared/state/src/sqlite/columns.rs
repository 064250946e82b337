//! Values of ours as columns, and back.

use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use rusqlite::{Row, Rows};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::error::StateError;

/// A number of rows as SQLite counts them.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A moment as a number that sorts; finer than a microsecond is dropped.
pub(crate) fn micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

/// A structured part as JSON text.
pub(crate) fn json(part: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(part).map_err(|_| StateError::Corrupt("a value that JSON cannot hold".to_owned()).into())
}

/// Every row, read.
pub(crate) fn all<T>(mut rows: Rows<'_>, read: impl Fn(&Row<'_>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row, read.
pub(crate) fn first<T>(mut rows: Rows<'_>, read: impl Fn(&Row<'_>) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
    rows.next()?.map(read).transpose()
}

/// What cannot be read is named by its column; the value may be personal.
pub(crate) fn unreadable(column: &str) -> Fault {
    StateError::Corrupt(format!("column {column}")).into()
}

/// So many rows.
pub(crate) fn count(row: &Row<'_>, column: &str) -> Result<usize, Fault> {
    usize::try_from(row.get::<_, i64>(column)?).map_err(|_| unreadable(column))
}

pub(crate) fn moment(row: &Row<'_>, column: &str) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|_| unreadable(column))
}

pub(crate) fn moment_if_any(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, Fault> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| unreadable(column))).transpose()
}

pub(crate) fn id<T: TryFrom<String>>(row: &Row<'_>, column: &str) -> Result<T, Fault> {
    T::try_from(row.get(column)?).map_err(|_| unreadable(column))
}

pub(crate) fn id_if_any<T: TryFrom<String>>(row: &Row<'_>, column: &str) -> Result<Option<T>, Fault> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| T::try_from(text).map_err(|_| unreadable(column))).transpose()
}

/// A person written as `connection:id`.
pub(crate) fn person(row: &Row<'_>) -> Result<EmployeeKey, Fault> {
    let text: String = row.get("person")?;
    EmployeeKey::parse(&text).ok_or_else(|| unreadable("person"))
}

/// A person written as two columns.
pub(crate) fn key(row: &Row<'_>) -> Result<EmployeeKey, Fault> {
    Ok(EmployeeKey { connection: id(row, "connection")?, id: id(row, "id")? })
}

/// One of a closed set, by its word.
pub(crate) fn word<T: for<'a> Deserialize<'a>>(row: &Row<'_>, column: &str) -> Result<T, Fault> {
    let text: String = row.get(column)?;
    let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
    T::deserialize(word).map_err(|_| unreadable(column))
}

pub(crate) fn part_if_any<T: DeserializeOwned + Default>(row: &Row<'_>, column: &str) -> Result<T, Fault> {
    let text: Option<String> = row.get(column)?;
    text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(&text).map_err(|_| unreadable(column)))
}

pub(crate) fn part<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, Fault> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| unreadable(column))
}
