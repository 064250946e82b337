//! One value of an answer, whatever its JSON type: a wrong type spoils its record, never the whole answer.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use mapping::employee::{EmployeeId, Reading};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The largest value, in bytes: sixty times what JumpCloud takes. A record with a larger one is reported, not carried.
pub(crate) const VALUE_BYTES: usize = 64 << 10;

/// How BambooHR spells a date that is not there; `null` and `""` are the other two ways. HiBob knows no such text.
const NO_DATE: &str = "0000-00-00";

/// One value.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Not in the answer.
    #[default]
    Absent,
    /// `null`, `""`, `0000-00-00`.
    Empty,
    /// Text, or a number or yes/no as text.
    Text(Cow<'a, str>),
    /// Nothing that a value can be; says what instead.
    Flawed(&'static str),
}

/// Personal values stay out of logs.
impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cell::Absent => "Absent",
            Cell::Empty => "Empty",
            Cell::Text(_) => "Text(…)",
            Cell::Flawed(what) => what,
        })
    }
}

impl<'a> Cell<'a> {
    pub(crate) fn of(text: Cow<'a, str>) -> Cell<'a> {
        match &*text {
            "" | NO_DATE => Cell::Empty,
            long if long.len() > VALUE_BYTES => Cell::Flawed("a value of more than 64 KB"),
            _ => Cell::Text(text),
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Absent | Cell::Empty | Cell::Flawed(_) => None,
        }
    }

    /// What HR says, in our words.
    pub(crate) fn reading(&self) -> Reading<&str> {
        match self {
            Cell::Absent | Cell::Flawed(_) => Reading::Hidden,
            Cell::Empty => Reading::Empty,
            Cell::Text(text) => Reading::Is(text),
        }
    }

    /// The employee id, if it is one.
    pub(crate) fn id(&self) -> Option<EmployeeId> {
        self.text().and_then(record_id)
    }
}

/// An employee id of either vendor: a number from 1 on, in HiBob of 19 digits. BambooHR's id 0 would be whoever made the
/// key, and anything else might be another endpoint's name once it stands in a path.
pub(crate) fn record_id(text: &str) -> Option<EmployeeId> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if is_number { EmployeeId::parse(text).ok() } else { None }
}

/// `YYYY-MM-DD`
pub(crate) fn day(text: &str) -> Option<Date> {
    let shape = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    if text.len() == 10 && text.bytes().enumerate().all(shape) { text.parse().ok() } else { None }
}

/// What a visitor says of whatever it has no use for: nothing, whatever its JSON type. For a visitor whose lifetime is
/// the one given, and whose value has a default.
macro_rules! ignores_all_but_objects {
    ($de:lifetime) => {
        fn visit_seq<A: serde::de::SeqAccess<$de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}
pub(crate) use ignores_all_but_objects;

/// A reading that owns its text.
pub(crate) fn owned(reading: Reading<&str>) -> Reading<Box<str>> {
    match reading {
        Reading::Hidden => Reading::Hidden,
        Reading::Empty => Reading::Empty,
        Reading::Is(text) => Reading::Is(text.into()),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cell<'a>, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Cell<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
                Ok(Cell::of(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
                Ok(Cell::of(Cow::Owned(text.to_owned())))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Borrowed(if value { "true" } else { "false" })))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(value.to_string().into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(value.to_string().into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(value.to_string().into()))
            }
            fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
                Ok(Cell::Empty)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cell<'de>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Cell::Flawed("a list where a value belongs"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Cell::Flawed("an object where a value belongs"))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A small object, read without knowing its shape; anything but an object has nothing in it.
#[derive(Default)]
pub(crate) struct Slip<'a>(Vec<(Cow<'a, str>, Cell<'a>)>);

impl<'a> Slip<'a> {
    /// What stands under `name`.
    pub(crate) fn get(&self, name: &str) -> &Cell<'a> {
        self.0.iter().find(|(known, _)| known == name).map_or(&Cell::Absent, |(_, cell)| cell)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Slip<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Slip<'a>, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Slip<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            ignores_all_but_objects!('de);
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slip<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Slip(pairs))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Objects by key, or in a list: the vendor's language makes no difference between an empty object and an empty list.
#[derive(Default)]
pub(crate) struct Slips<'a>(pub(crate) Vec<(Option<Cow<'a, str>>, Slip<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Slips<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Slips<'a>, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Slips<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("objects by key, or a list of them")
            }
            fn visit_unit<E>(self) -> Result<Slips<'de>, E> {
                Ok(Slips::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Slips<'de>, A::Error> {
                let mut slips = Vec::new();
                while let Some(slip) = list.next_element()? {
                    slips.push((None, slip));
                }
                Ok(Slips(slips))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slips<'de>, A::Error> {
                let mut slips = Vec::new();
                while let Some((key, slip)) = map.next_entry()? {
                    slips.push((Some(key), slip));
                }
                Ok(Slips(slips))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(json: &str) -> Cell<'_> {
        serde_json::from_str(json).expect("a value of any type")
    }

    #[test]
    fn three_spellings_of_nothing() {
        for nothing in ["null", r#""""#, r#""0000-00-00""#] {
            assert_eq!(cell(nothing), Cell::Empty, "{nothing}");
        }
    }

    #[test]
    fn numbers_and_yes_or_no_are_text() {
        assert_eq!(cell("7").text(), Some("7"));
        assert_eq!(cell("-1").text(), Some("-1"));
        assert_eq!(cell("0.5").text(), Some("0.5"));
        assert_eq!(cell("true").text(), Some("true"));
        assert_eq!(cell(r#""Z\u00fcrich""#).text(), Some("Zürich"));
    }

    #[test]
    fn lists_objects_and_huge_texts_are_flaws() {
        let huge = serde_json::to_string(&"x".repeat(VALUE_BYTES + 1)).expect("a string");
        for flawed in ["[1,[2]]", r#"{"a":{"b":1}}"#, huge.as_str()] {
            assert!(matches!(cell(flawed), Cell::Flawed(_)));
        }
    }

    #[test]
    fn ids_are_numbers_from_one() {
        assert_eq!(cell("12").id().map(String::from), Some("12".to_owned()));
        assert_eq!(cell(r#""12""#).id().map(String::from), Some("12".to_owned()));
        for bad in [r#""""#, "0", "-4", "1.5", r#""07""#, r#""..""#, r#""changed""#, "null", "true", "[1]"] {
            assert_eq!(cell(bad).id(), None, "{bad}");
        }
    }
}
