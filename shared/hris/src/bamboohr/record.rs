//! One record of an answer, and the person it describes.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::employee::{ConnectionName, Employee, EmployeeId, EmployeeKey, Employment, Fields, Reading, Stage};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::asked::{Asked, Origin};
use super::locations::Places;
use crate::cell::{Cell, day, ignores_all_but_objects, owned};
use crate::reading::whole;
use crate::words::Flaw;

/// A record as it stands in an answer; made once and filled again for each.
pub(crate) struct Row<'a> {
    /// Whether it is an object at all.
    pub(crate) is_object: bool,
    /// The `id`.
    pub(crate) id: Cell<'a>,
    /// One for each column asked for.
    pub(crate) cells: Vec<Cell<'a>>,
}

impl Row<'_> {
    pub(crate) fn new(asked: &Asked) -> Row<'static> {
        Row { is_object: false, id: Cell::Absent, cells: vec![Cell::Absent; asked.columns.len()] }
    }
}

/// Fills a [`Row`].
pub(crate) struct RowSeed<'r, 'a> {
    pub(crate) asked: &'r Asked,
    pub(crate) row: &'r mut Row<'a>,
}

/// The next key of a record, without copying it.
enum Key {
    Id,
    Column(usize),
    Other,
}

struct KeySeed<'r>(&'r Asked);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "id" => Key::Id,
            _ => self.0.column(name).map_or(Key::Other, Key::Column),
        })
    }
}

impl<'a> DeserializeSeed<'a> for RowSeed<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.row.is_object = false;
        self.row.id = Cell::Absent;
        self.row.cells.fill(Cell::Absent);
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for RowSeed<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        self.row.is_object = true;
        while let Some(key) = map.next_key_seed(KeySeed(self.asked))? {
            match key {
                Key::Id => self.row.id = map.next_value()?,
                Key::Column(column) => self.row.cells[column] = map.next_value()?,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
    ignores_all_but_objects!('a);
}

/// A person, before the site is joined.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) key: EmployeeKey,
    pub(crate) employment: Reading<Employment>,
    pub(crate) starts: Reading<Date>,
    pub(crate) ends: Reading<Date>,
    /// The employment status, which says more than the status.
    pub(crate) status: Reading<Box<str>>,
    pub(crate) manager: Reading<EmployeeId>,
    /// The location's label.
    pub(crate) location: Reading<Box<str>>,
    /// One for each of our names; what comes from the site is still hidden.
    pub(crate) values: Vec<Reading<Box<str>>>,
    /// Whether job, site and manager are those of the rows to come.
    pub(crate) has_later_rows: bool,
}

/// Personal values stay out of logs.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({})", self.key)
    }
}

impl Person {
    /// The person of a row, or why it cannot be read.
    pub(crate) fn read(row: &Row<'_>, asked: &Asked, connection: &ConnectionName) -> Result<Person, String> {
        if !row.is_object {
            return Err("this is no record".to_owned());
        }
        let id = row.id.id().ok_or("it has no id that is a number")?;
        for (cell, column) in row.cells.iter().zip(&asked.columns) {
            if let Cell::Flawed(what) = cell {
                return Err(format!("`{column}` is {what}"));
            }
        }
        let values = asked.origins.iter().map(|origin| match origin {
            Origin::Id => Reading::Is(id.as_str().into()),
            Origin::Column(column) => owned(row.cells[*column].reading()),
            Origin::Site(_) => Reading::Hidden,
        });
        Ok(Person {
            employment: employment(&row.cells[asked.status])?,
            starts: date(&row.cells[asked.hire_date]).ok_or("`hireDate` is no date")?,
            ends: date(&row.cells[asked.termination_date]).ok_or("`terminationDate` is no date")?,
            status: owned(row.cells[asked.employment_status].reading()),
            manager: manager(&row.cells[asked.supervisor]),
            location: owned(row.cells[asked.location].reading()),
            values: values.collect(),
            key: EmployeeKey { connection: connection.clone(), id },
            has_later_rows: false,
        })
    }

    /// Whether the first day is after `today`.
    pub(crate) fn is_upcoming(&self, today: Date) -> bool {
        self.starts.value().is_some_and(|starts| *starts > today)
    }

    /// Whether job, site and manager may still be in rows to come: until the first day is over, since nobody says at
    /// which moment of it they count.
    pub(crate) fn is_beginning(&self, today: Date) -> bool {
        self.starts.value().is_some_and(|starts| *starts >= today)
    }

    /// Takes job, site and manager from the rows to come; on the first day only what is blank otherwise. Standing
    /// stays: `later` knows the last status, not today's.
    pub(crate) fn take_over(&mut self, later: Person, asked: &Asked, today: Date) {
        let upcoming = self.is_upcoming(today);
        for ((value, new), origin) in self.values.iter_mut().zip(later.values).zip(&asked.origins) {
            let standing = [asked.status, asked.hire_date, asked.termination_date];
            let stays = matches!(origin, Origin::Column(column) if standing.contains(column));
            if !stays {
                take(value, new, upcoming);
            }
        }
        take(&mut self.manager, later.manager, upcoming);
        take(&mut self.location, later.location, upcoming);
        self.has_later_rows = true;
    }

    /// Makes somebody who is known from the rows to come only: hired, and not there yet.
    pub(crate) fn begin(mut self, asked: &Asked) -> Person {
        if self.employment != Reading::Hidden {
            self.employment = Reading::Is(Employment::Active);
            for (value, origin) in self.values.iter_mut().zip(&asked.origins) {
                if *origin == Origin::Column(asked.status) {
                    *value = Reading::Is("Active".into());
                }
            }
        }
        self.has_later_rows = true;
        self
    }

    /// The employee, with the site joined.
    pub(crate) fn employee(mut self, places: &Places, asked: &Asked, now: Timestamp) -> Employee {
        let place = self.location.value().and_then(|label| places.get(label));
        for (value, origin) in self.values.iter_mut().zip(&asked.origins) {
            if let Origin::Site(part) = origin {
                *value = match (&self.location, place) {
                    (Reading::Empty, _) => Reading::Empty,
                    (Reading::Is(_), Some(place)) => place.part(*part).clone(),
                    // A label without a location is a fault of what we see, not an empty address.
                    (Reading::Is(_), None) | (Reading::Hidden, _) => Reading::Hidden,
                };
            }
        }
        Employee {
            zone: place.and_then(|place| place.zone().map(Box::from)),
            key: self.key,
            observed_at: now,
            employment: self.employment,
            stage: Stage::Unsaid,
            status: self.status,
            starts: self.starts,
            ends: self.ends,
            last_day: Reading::Empty,
            absences: Vec::new(),
            manager: self.manager,
            fields: Fields::new(asked.names.clone(), self.values),
        }
    }
}

fn take<T>(value: &mut Reading<T>, new: Reading<T>, replace: bool) {
    match (&*value, &new) {
        (_, Reading::Hidden) => {}
        (Reading::Is(_), Reading::Is(_) | Reading::Empty) if !replace => {}
        (_, Reading::Is(_) | Reading::Empty) => *value = new,
    }
}

/// `Active` and `Inactive` are all there is; any other word is not ours to guess.
fn employment(cell: &Cell<'_>) -> Result<Reading<Employment>, &'static str> {
    match cell.reading() {
        Reading::Hidden => Ok(Reading::Hidden),
        Reading::Empty => Ok(Reading::Empty),
        Reading::Is(word) if word.trim().eq_ignore_ascii_case("active") => Ok(Reading::Is(Employment::Active)),
        Reading::Is(word) if word.trim().eq_ignore_ascii_case("inactive") => Ok(Reading::Is(Employment::Inactive)),
        Reading::Is(_) => Err("`status` is neither Active nor Inactive"),
    }
}

/// `YYYY-MM-DD` and nothing else: a date read out of a time stamp may be a day off.
fn date(cell: &Cell<'_>) -> Option<Reading<Date>> {
    match cell.reading() {
        Reading::Hidden => Some(Reading::Hidden),
        Reading::Empty => Some(Reading::Empty),
        Reading::Is(text) => day(text).map(Reading::Is),
    }
}

/// A manager who is no id does not keep a leaver's record from being read: it is as good as not shown.
fn manager(cell: &Cell<'_>) -> Reading<EmployeeId> {
    match cell.reading() {
        Reading::Empty => Reading::Empty,
        Reading::Hidden => Reading::Hidden,
        Reading::Is(_) => cell.id().map_or(Reading::Hidden, Reading::Is),
    }
}

/// The one record of a whole answer.
pub(crate) fn one(body: &[u8], asked: &Asked, connection: &ConnectionName) -> Result<Person, Flaw> {
    let mut row = Row::new(asked);
    whole(body, |json| RowSeed { asked, row: &mut row }.deserialize(json))?;
    Person::read(&row, asked, connection).map_err(Flaw)
}
