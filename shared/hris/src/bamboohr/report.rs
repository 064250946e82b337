//! A custom report: everyone in one answer, read straight from its bytes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use mapping::employee::ConnectionName;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::asked::Asked;
use super::record::{Person, Row, RowSeed};
use crate::cell::{Cell, Slip, day};
use crate::reading::{each_once, whole};
use crate::words::Flaw;

/// The people of a report, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Each once, in order.
    pub(crate) people: Vec<Person>,
    /// Which columns the answer lists among its fields.
    pub(crate) listed: Vec<bool>,
    /// Decisive fields that are hidden for everyone.
    pub(crate) hidden: BTreeSet<String>,
    /// Records that cannot be read: id or place, and why.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Ids that came twice.
    pub(crate) duplicates: Vec<String>,
}

impl People {
    /// Leaves out whoever is named in `unreadable`.
    pub(crate) fn without(&mut self, unreadable: &[(String, String)]) {
        let named: BTreeSet<&str> = unreadable.iter().map(|(who, _)| who.as_str()).collect();
        self.people.retain(|person| !named.contains(person.key.id.as_str()));
    }

    /// Adds what was wrong with a second report, each thing once.
    pub(crate) fn note(&mut self, other: &mut People) {
        self.hidden.append(&mut other.hidden);
        let known: BTreeSet<&String> = self.unreadable.iter().map(|(who, _)| who).collect();
        other.unreadable.retain(|(who, _)| !known.contains(who));
        self.unreadable.append(&mut other.unreadable);
        self.duplicates.append(&mut other.duplicates);
        self.duplicates.sort();
        self.duplicates.dedup();
    }
}

/// The people of a report; of those only who begins on `beginning_from` or later, if given.
pub(crate) fn people(
    body: &[u8],
    asked: &Asked,
    connection: &ConnectionName,
    beginning_from: Option<Date>,
) -> Result<People, Flaw> {
    let mut found = People::default();
    let mut seen = vec![false; asked.columns.len()];
    let mut place = 0;
    let mut take = |row: &mut Row<'_>, listed: &[bool]| {
        place += 1;
        for ((cell, listed), seen) in row.cells.iter_mut().zip(listed).zip(&mut seen) {
            // What the answer does not list among its fields is not vouched for.
            if !listed {
                *cell = Cell::Absent;
            }
            *seen |= *cell != Cell::Absent;
        }
        if beginning_from.is_some_and(|today| !may_begin(row, asked, today)) {
            return;
        }
        match Person::read(row, asked, connection) {
            Ok(person) => found.people.push(person),
            Err(why) => found.unreadable.push((name(row, place), why)),
        }
    };
    let listed = read(body, asked, &mut take)?;
    let anyone = place > 0;
    for column in asked.decisive.iter().copied() {
        if !listed[column] || (anyone && !seen[column]) {
            found.hidden.insert(asked.columns[column].to_string());
        }
    }
    found.listed = listed;
    found.duplicates = each_once(&mut found.people, |person| &person.key);
    Ok(found)
}

/// Joins the last rows of those who begin to everyone; both are in order, and stay so.
pub(crate) fn join(people: &mut Vec<Person>, later: Vec<Person>, asked: &Asked, today: Date) {
    let mut missing = Vec::new();
    for person in later {
        match people.binary_search_by(|known| known.key.order().cmp(&person.key.order())) {
            // A first day that moved between the two answers: the next look at this person settles it.
            Ok(at) if people[at].starts != person.starts => {}
            Ok(at) => people[at].take_over(person, asked, today),
            Err(_) if person.is_upcoming(today) => missing.push(person.begin(asked)),
            // Here already, and in no list of today: the last status is not this person's word.
            Err(_) => {}
        }
    }
    people.append(&mut missing);
    people.sort_by(|a, b| a.key.order().cmp(&b.key.order()));
}

/// Whether this may be somebody who begins today or later; what cannot be read as a date may be.
fn may_begin(row: &Row<'_>, asked: &Asked, today: Date) -> bool {
    match &row.cells[asked.hire_date] {
        Cell::Text(text) => day(text).is_none_or(|starts| starts >= today),
        Cell::Flawed(_) => true,
        Cell::Absent | Cell::Empty => false,
    }
}

fn name(row: &Row<'_>, place: usize) -> String {
    row.id.id().map_or_else(|| format!("record {place}"), |id| id.to_string())
}

/// Hands each record to `take`; returns which columns the answer lists among its fields.
///
/// The fields stand before the people, so once through is enough. In any other order it takes a second time.
fn read<'a>(body: &'a [u8], asked: &Asked, take: &mut Take<'_, 'a>) -> Result<Vec<bool>, Flaw> {
    let mut walk = Walk { asked, take, listed: None, employees: Employees::Missing };
    walk.once(body)?;
    if walk.listed.is_some() && walk.employees == Employees::Skipped {
        walk.once(body)?;
    }
    match (walk.listed, walk.employees) {
        (Some(listed), Employees::Read) => Ok(listed),
        (None, _) => Err(Flaw("it does not list its fields".to_owned())),
        (Some(_), _) => Err(Flaw("it does not list employees".to_owned())),
    }
}

/// What is done with each record, and the columns listed.
type Take<'t, 'a> = dyn FnMut(&mut Row<'a>, &[bool]) + 't;

/// What became of the list of employees.
#[derive(PartialEq)]
enum Employees {
    Missing,
    /// It came before the list of fields.
    Skipped,
    Read,
}

struct Walk<'w, 't, 'a> {
    asked: &'w Asked,
    take: &'w mut Take<'t, 'a>,
    listed: Option<Vec<bool>>,
    employees: Employees,
}

impl<'a> Walk<'_, '_, 'a> {
    fn once(&mut self, body: &'a [u8]) -> Result<(), Flaw> {
        whole(body, |json| json.deserialize_map(self))
    }
}

impl<'a> Visitor<'a> for &mut Walk<'_, '_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match (&*key, &self.listed) {
                ("fields", None) => {
                    let mut listed = vec![false; self.asked.columns.len()];
                    for field in map.next_value::<Vec<Slip<'a>>>()? {
                        if let Some(column) = field.get("id").text().and_then(|id| self.asked.column(id)) {
                            listed[column] = true;
                        }
                    }
                    self.listed = Some(listed);
                }
                ("employees", Some(listed)) => {
                    map.next_value_seed(List { asked: self.asked, take: self.take, listed })?;
                    self.employees = Employees::Read;
                }
                ("employees", None) => {
                    map.next_value::<IgnoredAny>()?;
                    self.employees = Employees::Skipped;
                }
                (_, _) => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The list of employees.
struct List<'l, 't, 'a> {
    asked: &'l Asked,
    take: &'l mut Take<'t, 'a>,
    listed: &'l [bool],
}

impl<'a> DeserializeSeed<'a> for List<'_, '_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List<'_, '_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let mut row = Row::new(self.asked);
        while list.next_element_seed(RowSeed { asked: self.asked, row: &mut row })?.is_some() {
            (self.take)(&mut row, self.listed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
