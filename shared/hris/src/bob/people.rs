//! A search's answer: everyone who was asked for, read straight from its bytes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use mapping::employee::{ConnectionName, Employee};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::asked::Asked;
use super::lists::Lists;
use super::record::{Reader, Row, RowSeed};
use crate::cell::Cell;
use crate::reading::{each_once, whole};
use crate::words::Flaw;

/// The people of an answer, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Each once, in order.
    pub(crate) employees: Vec<Employee>,
    /// For each column, whether any record has it.
    pub(crate) seen: Vec<bool>,
    /// Decisive fields that are hidden for everyone.
    pub(crate) hidden: BTreeSet<String>,
    /// Records that cannot be read: id or place, and why.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Ids that came twice.
    pub(crate) duplicates: Vec<String>,
    /// Lists that have to be read before every item has its name.
    pub(crate) unnamed: BTreeSet<Box<str>>,
}

/// The people of a search.
pub(crate) fn people(
    body: &[u8],
    asked: &Asked,
    lists: &Lists,
    connection: &ConnectionName,
    now: Timestamp,
) -> Result<People, Flaw> {
    let mut found = People { seen: vec![false; asked.columns.len()], ..People::default() };
    let mut reader = Reader { asked, lists, connection, now, unnamed: BTreeSet::new() };
    let mut place = 0;
    let mut take = |row: &Row<'_>| {
        place += 1;
        for (column, seen) in found.seen.iter_mut().enumerate() {
            *seen |= *row.cell(column) != Cell::Absent;
        }
        match reader.employee(row) {
            Ok(employee) => found.employees.push(employee),
            Err(why) => {
                let name = row.id(asked).map_or_else(|| format!("record {place}"), |id| id.to_string());
                found.unreadable.push((name, why));
            }
        }
    };
    let mut walk = Walk { asked, take: &mut take, is_listed: false };
    whole(body, |json| json.deserialize_map(&mut walk))?;
    if !walk.is_listed {
        return Err(Flaw("it does not list employees".to_owned()));
    }
    found.unnamed = reader.unnamed;
    if place > 0 {
        found.hidden = hidden(&found.seen, asked);
    }
    found.duplicates = each_once(&mut found.employees, |employee| &employee.key);
    Ok(found)
}

/// What decides, and nobody's record has.
fn hidden(seen: &[bool], asked: &Asked) -> BTreeSet<String> {
    let decisive = asked.decisive.iter().copied().filter(|column| !seen[*column]);
    // Either of two fields names the manager.
    let manager = asked.needs_manager && !seen[asked.reports_to] && !seen[asked.manager];
    let manager = manager.then_some(asked.reports_to);
    decisive.chain(manager).map(|column| asked.columns[column].to_string()).collect()
}

/// What an answer about one person says.
#[derive(Debug)]
pub(crate) enum One {
    /// There is nobody of that id.
    Nobody,
    /// There is somebody, of whom nothing may be seen.
    Hidden,
    /// This one.
    Person(Box<Employee>),
}

/// The one person of a whole answer: a bare record, as answered, or a list of one, as documented.
pub(crate) fn one(
    body: &[u8],
    asked: &Asked,
    lists: &Lists,
    connection: &ConnectionName,
    now: Timestamp,
) -> Result<(One, BTreeSet<Box<str>>), Flaw> {
    let mut row = Row::new(asked);
    whole(body, |json| RowSeed { asked, row: &mut row }.deserialize(json))?;
    if row.is_list {
        let People { mut employees, unreadable, duplicates, unnamed, .. } =
            people(body, asked, lists, connection, now)?;
        return match (unreadable.into_iter().next(), employees.len() + duplicates.len()) {
            (Some((_, why)), _) => Err(Flaw(why)),
            (None, 0 | 1) => Ok((employees.pop().map_or(One::Nobody, |one| One::Person(Box::new(one))), unnamed)),
            (None, _) => Err(Flaw("it is about several people".to_owned())),
        };
    }
    let mut reader = Reader { asked, lists, connection, now, unnamed: BTreeSet::new() };
    if row.is_object && (0..asked.columns.len()).all(|column| *row.cell(column) == Cell::Absent) {
        return Ok((One::Hidden, reader.unnamed));
    }
    let employee = reader.employee(&row).map_err(Flaw)?;
    Ok((One::Person(Box::new(employee)), reader.unnamed))
}

struct Walk<'w, 't> {
    asked: &'w Asked,
    take: &'w mut (dyn FnMut(&Row<'_>) + 't),
    is_listed: bool,
}

impl<'a> Visitor<'a> for &mut Walk<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a search's answer")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if &*key == "employees" && !self.is_listed {
                self.is_listed = true;
                map.next_value_seed(List { asked: self.asked, take: self.take })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of employees.
struct List<'l, 't> {
    asked: &'l Asked,
    take: &'l mut (dyn FnMut(&Row<'_>) + 't),
}

impl<'a> DeserializeSeed<'a> for List<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let mut row = Row::new(self.asked);
        while list.next_element_seed(RowSeed { asked: self.asked, row: &mut row })?.is_some() {
            (self.take)(&row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
