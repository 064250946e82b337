//! One value of an answer, in whichever of HiBob's shapes: plain, an object around it, or several of them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::asked::Node;
use crate::cell::Cell;

/// Between the values of a field that has several.
pub(crate) const BETWEEN: &str = ", ";

/// From here on a floating-point number does not hold every whole one.
const EXACT: f64 = 9_007_199_254_740_992.0;

const NO_VALUE: &str = "an object without a value";

/// A value of any shape: of an object its `value`, or else its `id`; of a list everything in it.
pub(crate) struct Loose<'a>(pub(crate) Cell<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Loose<'a>, D::Error> {
        let mut cells = [Cell::Absent];
        let node = Node::alone();
        deserializer.deserialize_any(Fill { node: &node, cells: &mut cells })?;
        let [cell] = cells;
        Ok(Loose(cell))
    }
}

/// Fills the columns that stand at a place of a record and below it.
pub(crate) struct Fill<'f, 'a> {
    pub(crate) node: &'f Node,
    pub(crate) cells: &'f mut [Cell<'a>],
}

impl<'a> Fill<'_, 'a> {
    fn put(self, cell: Cell<'a>) {
        if let Some(column) = self.node.column {
            self.cells[column] = cell;
        }
    }
}

/// Where nothing stands, nothing stands below.
fn empty(node: &Node, cells: &mut [Cell<'_>]) {
    if let Some(column) = node.column {
        cells[column] = Cell::Empty;
    }
    node.children.iter().for_each(|child| empty(child, cells));
}

impl<'a> DeserializeSeed<'a> for Fill<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Fill<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.put(Cell::of(Cow::Borrowed(text)));
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(Cell::of(Cow::Owned(text.to_owned())));
        Ok(())
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(Cell::Text(Cow::Borrowed(if value { "true" } else { "false" })));
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(Cell::Text(value.to_string().into()));
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(Cell::Text(value.to_string().into()));
        Ok(())
    }
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        // Beyond it digits are lost, and an id with other digits is somebody else's.
        let is_exact = value.abs() < EXACT;
        self.put(if is_exact {
            Cell::Text(value.to_string().into())
        } else {
            Cell::Flawed("a number that is not exact")
        });
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        empty(self.node, self.cells);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let mut joined = String::new();
        let mut flawed = None;
        while let Some(Loose(one)) = list.next_element()? {
            match one {
                Cell::Text(text) => {
                    joined.push_str(if joined.is_empty() { "" } else { BETWEEN });
                    joined.push_str(&text);
                }
                Cell::Flawed(what) => flawed = Some(Cell::Flawed(what)),
                Cell::Absent | Cell::Empty => {}
            }
        }
        self.put(flawed.unwrap_or_else(|| Cell::of(joined.into())));
        Ok(())
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Fill { node, cells } = self;
        let (mut value, mut id) = (None, None);
        while let Some(step) = map.next_key_seed(StepSeed(node))? {
            match step {
                Step::Child(child) => map.next_value_seed(Fill { node: child, cells: &mut *cells })?,
                Step::Value => value = Some(map.next_value::<Loose<'a>>()?.0),
                Step::Id => id = Some(map.next_value::<Loose<'a>>()?.0),
                Step::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if let Some(column) = node.column {
            cells[column] = value.or(id).unwrap_or(Cell::Flawed(NO_VALUE));
        }
        Ok(())
    }
}

/// The next key of an object, without copying it.
enum Step<'n> {
    Child(&'n Node),
    Value,
    Id,
    Other,
}

struct StepSeed<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for StepSeed<'n> {
    type Value = Step<'n>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Step<'n>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for StepSeed<'n> {
    type Value = Step<'n>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Step<'n>, E> {
        Ok(match (self.0.child(name), name) {
            (Some(child), _) => Step::Child(child),
            (None, "value") if self.0.column.is_some() => Step::Value,
            (None, "id") if self.0.column.is_some() => Step::Id,
            (None, _) => Step::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(json: &str) -> Cell<'_> {
        serde_json::from_str::<Loose<'_>>(json).expect("a value of any shape").0
    }

    #[test]
    fn every_shape() {
        for (json, text) in [
            (r#""Account Manager""#, "Account Manager"),
            ("2510068", "2510068"),
            ("100", "100"),
            ("37.5", "37.5"),
            ("true", "true"),
            ("3332883911884669725", "3332883911884669725"),
            (r#"{"value":40000,"currency":"USD"}"#, "40000"),
            (r#"{"value":{"id":"3332883909410030364","email":"zoe.clark@example.com"}}"#, "3332883909410030364"),
            (r#"{"displayName":"Zoe Clark","id":3332883909410030364}"#, "3332883909410030364"),
            (r#"["Chess",null,"Go",7]"#, "Chess, Go, 7"),
            (r#"[{"value":"Chess"},{"id":"7"}]"#, "Chess, 7"),
        ] {
            assert_eq!(loose(json).text(), Some(text), "{json}");
        }
        for json in ["null", r#""""#, "[]", "[null]", r#"{"value":null}"#] {
            assert_eq!(loose(json), Cell::Empty, "{json}");
        }
        for json in ["{}", r#"{"periodISO":"P2D"}"#, r#"["a",{}]"#, "3.332883909410030364e18"] {
            assert!(matches!(loose(json), Cell::Flawed(_)), "{json}");
        }
    }
}
