//! One record of an answer, and the person it describes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::employee::{ConnectionName, Employee, EmployeeId, EmployeeKey, Employment, Fields, Reading, Stage};
use mapping::rules::status_word;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::asked::{Asked, Node};
use super::lists::Lists;
use super::value::{BETWEEN, Fill, Loose};
use crate::cell::{Cell, day, ignores_all_but_objects, owned};

/// A record as it stands in an answer; made once and filled again for each.
pub(crate) struct Row<'a> {
    /// Whether it is an object at all.
    pub(crate) is_object: bool,
    /// Whether it is no record but a list of them.
    pub(crate) is_list: bool,
    /// One for each column, as it stands nested.
    nested: Vec<Cell<'a>>,
    /// One for each column, as it stands flat.
    flat: Vec<Cell<'a>>,
    /// One for each column, as people read it.
    readable: Vec<Cell<'a>>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(asked: &Asked) -> Row<'a> {
        let cells = || vec![Cell::Absent; asked.columns.len()];
        Row { is_object: false, is_list: false, nested: cells(), flat: cells(), readable: cells() }
    }

    fn clear(&mut self) {
        (self.is_object, self.is_list) = (false, false);
        for cells in [&mut self.nested, &mut self.flat, &mut self.readable] {
            cells.fill(Cell::Absent);
        }
    }

    /// What a record says of a column. A field that the key may not see is neither nested nor flat; an empty one is
    /// null where it is nested, and no flat one.
    pub(crate) fn cell(&self, column: usize) -> &Cell<'a> {
        match &self.nested[column] {
            Cell::Absent => &self.flat[column],
            cell @ (Cell::Empty | Cell::Text(_) | Cell::Flawed(_)) => cell,
        }
    }

    /// Whose record it is.
    pub(crate) fn id(&self, asked: &Asked) -> Option<EmployeeId> {
        self.cell(asked.id).id()
    }
}

/// Fills a [`Row`].
pub(crate) struct RowSeed<'r, 'a> {
    pub(crate) asked: &'r Asked,
    pub(crate) row: &'r mut Row<'a>,
}

/// The next key of a record, without copying it.
enum Key<'n> {
    /// A field of no category, or a category.
    Nested(&'n Node),
    /// A flat one.
    Flat(usize),
    Readable,
    Employees,
    Other,
}

struct KeySeed<'n>(&'n Asked);

impl<'de, 'n> DeserializeSeed<'de> for KeySeed<'n> {
    type Value = Key<'n>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key<'n>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for KeySeed<'n> {
    type Value = Key<'n>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Key<'n>, E> {
        Ok(match (name, self.0.tree.child(name)) {
            ("humanReadable", _) => Key::Readable,
            (_, Some(node)) => Key::Nested(node),
            ("employees", None) => Key::Employees,
            (name, None) => self.0.flat(name).map_or(Key::Other, Key::Flat),
        })
    }
}

impl<'a> DeserializeSeed<'a> for RowSeed<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.row.clear();
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for RowSeed<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let RowSeed { asked, row } = self;
        row.is_object = true;
        while let Some(key) = map.next_key_seed(KeySeed(asked))? {
            match key {
                Key::Nested(node) => map.next_value_seed(Category { node, cells: &mut row.nested })?,
                Key::Flat(column) => row.flat[column] = map.next_value::<Loose<'a>>()?.0,
                Key::Readable => map.next_value_seed(Category { node: &asked.tree, cells: &mut row.readable })?,
                Key::Employees => {
                    row.is_list = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
    ignores_all_but_objects!('a);
}

/// A whole category, or a field of none. A category that is null says nothing of the fields in it: that is how one
/// might look that the key may not see, and nothing is cleared because of it.
struct Category<'f, 'a> {
    node: &'f Node,
    cells: &'f mut [Cell<'a>],
}

impl<'a> DeserializeSeed<'a> for Category<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let Category { node, cells } = self;
        if node.column.is_some() {
            return Fill { node, cells }.deserialize(deserializer);
        }
        deserializer.deserialize_option(Category { node, cells })
    }
}

impl<'a> Visitor<'a> for Category<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a category")
    }
    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_some<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        Fill { node: self.node, cells: self.cells }.deserialize(deserializer)
    }
}

/// What one record is read with.
pub(crate) struct Reader<'r> {
    pub(crate) asked: &'r Asked,
    pub(crate) lists: &'r Lists,
    pub(crate) connection: &'r ConnectionName,
    pub(crate) now: Timestamp,
    /// Lists that have to be read before every item has its name.
    pub(crate) unnamed: BTreeSet<Box<str>>,
}

impl Reader<'_> {
    /// The person of a row, or why it cannot be read.
    pub(crate) fn employee(&mut self, row: &Row<'_>) -> Result<Employee, String> {
        if !row.is_object {
            return Err("this is no record".to_owned());
        }
        let asked = self.asked;
        let id = row.id(asked).ok_or("it has no id that is a number")?;
        let mut texts = Vec::with_capacity(asked.columns.len());
        for column in 0..asked.columns.len() {
            texts.push(self.text(row, column)?);
        }
        let values = asked.origins.iter().map(|column| owned(borrowed(&texts[*column])));
        Ok(Employee {
            employment: employment(row.cell(asked.status))?,
            stage: stage(row.cell(asked.lifecycle)),
            status: owned(borrowed(&texts[asked.lifecycle])),
            starts: date(row, asked, asked.starts)?,
            ends: date(row, asked, asked.ends)?,
            last_day: date(row, asked, asked.last_day)?,
            manager: manager(row.cell(asked.reports_to), row.cell(asked.manager)),
            fields: Fields::new(asked.names.clone(), values.collect()),
            key: EmployeeKey { connection: self.connection.clone(), id },
            observed_at: self.now,
            absences: Vec::new(),
            // HiBob's sites have a zone, and nobody knows an answer that says which: the rules' table does.
            zone: None,
        })
    }

    /// A column's text: the machine's, but for items of a list the name that people read.
    fn text<'t>(&mut self, row: &'t Row<'_>, column: usize) -> Result<Reading<Cow<'t, str>>, String> {
        let readable = row.readable[column].text();
        let text = match row.cell(column) {
            Cell::Absent => return Ok(Reading::Hidden),
            Cell::Empty => return Ok(Reading::Empty),
            Cell::Text(text) => text,
            // A manager that cannot be read does not keep a leaver's record from being read.
            Cell::Flawed(_) if [self.asked.reports_to, self.asked.manager].contains(&column) => {
                return Ok(Reading::Hidden);
            }
            Cell::Flawed(what) => {
                // Durations and the like have no plain form, and are read all the same.
                let readable = readable.ok_or_else(|| format!("`{}` is {what}", self.asked.columns[column]))?;
                return Ok(Reading::Is(readable.into()));
            }
        };
        let Some(list) = self.lists.of(self.asked, column) else { return Ok(Reading::Is((&**text).into())) };
        if let Some(readable) = readable {
            return Ok(Reading::Is(readable.into()));
        }
        let mut named = Vec::new();
        for item in text.split(BETWEEN) {
            // Whoever makes an item gets a number for it; those that came with HiBob are their own names.
            let is_number = item.bytes().all(|b| b.is_ascii_digit());
            match (self.lists.items(list), is_number) {
                (Some(items), _) => named.push(items.get(item).map_or(item, |name| &**name)),
                (None, is_number) if !is_number || list.is_empty() => named.push(item),
                (None, _) => {
                    self.unnamed.insert(list.into());
                    named.push(item);
                }
            }
        }
        Ok(Reading::Is(named.join(BETWEEN).into()))
    }
}

fn borrowed<'t>(text: &'t Reading<Cow<'_, str>>) -> Reading<&'t str> {
    match text {
        Reading::Hidden => Reading::Hidden,
        Reading::Empty => Reading::Empty,
        Reading::Is(text) => Reading::Is(text),
    }
}

/// `Active` and `Inactive` are all there is; any other word is not ours to guess.
fn employment(cell: &Cell<'_>) -> Result<Reading<Employment>, &'static str> {
    match cell.reading() {
        Reading::Hidden => Ok(Reading::Hidden),
        Reading::Empty => Ok(Reading::Empty),
        Reading::Is(word) if word.trim().eq_ignore_ascii_case("active") => Ok(Reading::Is(Employment::Active)),
        Reading::Is(word) if word.trim().eq_ignore_ascii_case("inactive") => Ok(Reading::Is(Employment::Inactive)),
        Reading::Is(_) => Err("`internal.status` is neither Active nor Inactive"),
    }
}

/// By the machine's word, which is the same in every language. Companies add stages of their own, and on garden leave
/// somebody is gone on one day and not on another: there status and dates decide.
fn stage(cell: &Cell<'_>) -> Stage {
    match cell.text().map(status_word).as_deref() {
        Some("hired") => Stage::Hired,
        Some("employed") => Stage::Employed,
        Some("leave" | "parentalleave" | "longleave") => Stage::Away,
        Some("terminated") => Stage::Terminated,
        Some(_) | None => Stage::Unsaid,
    }
}

/// `YYYY-MM-DD` of the machine's form; the readable one follows the company's taste.
fn date(row: &Row<'_>, asked: &Asked, column: usize) -> Result<Reading<Date>, String> {
    match row.cell(column).reading() {
        Reading::Hidden => Ok(Reading::Hidden),
        Reading::Empty => Ok(Reading::Empty),
        Reading::Is(text) => {
            let no_date = || format!("`{}` is no date", asked.columns[column]);
            day(text).map(Reading::Is).ok_or_else(no_date)
        }
    }
}

/// The manager by either field. One who is no id does not keep a leaver's record from being read: it is as good as not
/// shown.
fn manager(reports_to: &Cell<'_>, manager: &Cell<'_>) -> Reading<EmployeeId> {
    let one = |cell: &Cell<'_>| match cell {
        Cell::Empty => Reading::Empty,
        Cell::Absent | Cell::Flawed(_) | Cell::Text(_) => cell.id().map_or(Reading::Hidden, Reading::Is),
    };
    match one(reports_to) {
        Reading::Hidden => one(manager),
        known @ (Reading::Empty | Reading::Is(_)) => known,
    }
}
