//! A person as an HR system states it, on our terms.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest connection name, in characters: it is part of every key and of each account's `hirewireId`.
pub const CONNECTION_NAME_LIMIT: usize = 32;
/// The longest employee id, in characters; BambooHR's are short numbers, HiBob's are 19 digits.
pub const EMPLOYEE_ID_LIMIT: usize = 64;
/// The longest value that we carry, in characters; JumpCloud takes 1024. A longer one is refused, not cut.
pub const VALUE_LIMIT: usize = 1024;

/// Why some text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to {limit} characters of {allowed}")]
pub struct NotAnId {
    pub(crate) what: &'static str,
    pub(crate) limit: usize,
    pub(crate) allowed: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:expr, $allowed:literal, $test:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The only maker.
            ///
            /// # Errors
            /// Says what is allowed.
            pub fn parse(text: &str) -> Result<$name, NotAnId> {
                let test: fn(char) -> bool = $test;
                if text.is_empty() || text.chars().nth($limit).is_some() || !text.chars().all(test) {
                    return Err(NotAnId { what: $what, limit: $limit, allowed: $allowed });
                }
                Ok($name(text.into()))
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<$name, NotAnId> {
                $name::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }
    };
}
pub(crate) use id;

id!(
    /// The name of one HR tenant that feeds the directory.
    ConnectionName, "a connection name", CONNECTION_NAME_LIMIT, "a-z, 0-9 and '-'",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
id!(
    /// A person's immutable id in the HR system (BambooHR: `id`, not `employeeNumber`).
    EmployeeId, "an employee id", EMPLOYEE_ID_LIMIT, "letters, digits, '.', '_' and '-'",
    |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
);

/// Which person of which connection. Written `connection:id`, which is also the account's `hirewireId`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EmployeeKey {
    /// The connection.
    pub connection: ConnectionName,
    /// The person's id there.
    pub id: EmployeeId,
}

impl EmployeeKey {
    /// Reads `connection:id`.
    pub fn parse(text: &str) -> Option<EmployeeKey> {
        let (connection, id) = text.split_once(':')?;
        Some(EmployeeKey { connection: ConnectionName::parse(connection).ok()?, id: EmployeeId::parse(id).ok()? })
    }

    /// The order in which people are taken: numeric ids by number, then the rest by text.
    pub fn order(&self) -> (usize, &str) {
        let id = self.id.as_str();
        (id.len(), id)
    }
}

impl fmt::Display for EmployeeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.connection, self.id)
    }
}

/// What an HR system says of one thing. Absent is not null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reading<T> {
    /// Asked for and not returned: the key may not see it, or it does not exist. Never a reason to clear anything.
    #[default]
    Hidden,
    /// Really empty.
    Empty,
    /// This value.
    Is(T),
}

impl<T> Reading<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Reading::Is(value) => Some(value),
            Reading::Hidden | Reading::Empty => None,
        }
    }
}

/// Whether HR counts a person as employed today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Employment {
    /// Employed.
    Active,
    /// No longer (or not) employed: the explicit leaver status.
    Inactive,
}

/// Where HR's own lifecycle puts a person, as far as it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// HR has no such word, or one that nobody knows: status and dates decide.
    #[default]
    Unsaid,
    /// Hired, and not begun.
    Hired,
    /// At work.
    Employed,
    /// Away, and coming back.
    Away,
    /// No longer employed.
    Terminated,
}

/// Approved time off.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Absence {
    /// What HR calls it, such as `Sabbatical`.
    pub kind: Box<str>,
    /// First day away, in the person's own calendar.
    pub from: Date,
    /// Last day away.
    pub through: Date,
}

/// Personal values stay out of logs.
impl fmt::Debug for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Absence(…)")
    }
}

/// The fields of one person, by name. Names are shared by all people of one answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    names: Arc<[Box<str>]>,
    /// Every text, one behind the other: a survey holds everybody's, and an allocation each would be most of it.
    text: Box<str>,
    /// For each name, where its text ends; it begins where the one before it ends.
    ends: Box<[Reading<u32>]>,
}

impl Fields {
    /// One value for each name, in the order of `names`, which must be sorted so that equal people compare equal.
    ///
    /// # Panics
    /// When the two differ in length: the caller built both.
    pub fn new(names: Arc<[Box<str>]>, values: Vec<Reading<Box<str>>>) -> Fields {
        assert_eq!(names.len(), values.len(), "one value for each name");
        debug_assert!(names.is_sorted(), "equal people compare equal");
        let mut text = String::with_capacity(values.iter().filter_map(Reading::value).map(|one| one.len()).sum());
        let ends = values.iter().map(|value| match value {
            Reading::Hidden => Reading::Hidden,
            Reading::Empty => Reading::Empty,
            Reading::Is(one) => {
                text.push_str(one);
                Reading::Is(u32::try_from(text.len()).expect("one person's texts are far below 4 GB"))
            }
        });
        let ends = ends.collect();
        Fields { names, text: text.into(), ends }
    }

    fn at(&self, place: usize) -> Reading<&str> {
        let (before, rest) = self.ends.split_at(place);
        match rest[0] {
            Reading::Hidden => Reading::Hidden,
            Reading::Empty => Reading::Empty,
            Reading::Is(end) => {
                let start = before.iter().rev().find_map(|end| end.value().copied()).unwrap_or_default();
                Reading::Is(&self.text[start as usize..end as usize])
            }
        }
    }

    /// What HR says of `name`; a field nobody asked for is hidden too.
    pub fn get(&self, name: &str) -> Reading<&str> {
        // A few dozen names, most of them told apart by their length: quicker than bisection.
        self.names.iter().position(|n| **n == *name).map_or(Reading::Hidden, |place| self.at(place))
    }

    /// The same with another value of one field that was asked for.
    pub(crate) fn with(&self, name: &str, value: &str) -> Fields {
        let values = self.iter().map(|(known, was)| match was {
            _ if known == name => Reading::Is(value.into()),
            Reading::Hidden => Reading::Hidden,
            Reading::Empty => Reading::Empty,
            Reading::Is(text) => Reading::Is(text.into()),
        });
        Fields::new(Arc::clone(&self.names), values.collect())
    }

    /// Every field that was asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Reading<&str>)> {
        self.names.iter().enumerate().map(|(place, name)| (&**name, self.at(place)))
    }
}

impl FromIterator<(String, Reading<String>)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, Reading<String>)>>(fields: I) -> Fields {
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        fields.dedup_by(|later, earlier| later.0 == earlier.0);
        let names = fields.iter().map(|(name, _)| name.as_str().into()).collect();
        let values = fields.into_iter().map(|(_, value)| match value {
            Reading::Is(text) => Reading::Is(text.into_boxed_str()),
            Reading::Empty => Reading::Empty,
            Reading::Hidden => Reading::Hidden,
        });
        Fields::new(names, values.collect())
    }
}

/// Personal values stay out of logs.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({} of a person)", self.names.len())
    }
}

/// Hidden fields are left out, empty ones are null: the same difference on the queue as from HR.
impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.iter() {
            match value {
                Reading::Hidden => {}
                Reading::Empty => map.serialize_entry(name, &None::<&str>)?,
                Reading::Is(text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of field names to texts or null")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Option<String>>()? {
                    fields.push((name, value.map_or(Reading::Empty, Reading::Is)));
                }
                Ok(fields.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// A person as an HR system states it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    /// Who.
    pub key: EmployeeKey,
    /// When HR was asked; a later observation of the same person replaces an earlier one.
    pub observed_at: Timestamp,
    /// Whether HR counts them as active today.
    pub employment: Reading<Employment>,
    /// Where HR's lifecycle puts them.
    #[serde(default)]
    pub stage: Stage,
    /// HR's own word for how they are employed, which the leave rule is about: HiBob's lifecycle status, BambooHR's
    /// employment status.
    #[serde(default)]
    pub status: Reading<Box<str>>,
    /// First day, in the person's own calendar; a source that knows no such day says [`Reading::Empty`].
    pub starts: Reading<Date>,
    /// The day on which the employment ends; may lie in the future, may be left over from an earlier employment.
    pub ends: Reading<Date>,
    /// The last day at work, where HR knows it apart from that: HiBob does.
    #[serde(default)]
    pub last_day: Reading<Date>,
    /// Approved time off, in order, where the rules ask for it and the status says nothing of it: BambooHR.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absences: Vec<Absence>,
    /// The manager's employee id.
    pub manager: Reading<EmployeeId>,
    /// The IANA zone of the person's site, where HR knows one; else the connection's zone counts.
    pub zone: Option<Box<str>>,
    /// Every field asked for, by the name that the rules use.
    pub fields: Fields,
}

impl Employee {
    /// A number that changes when anything changes that HR says, whenever it was said. Another build of this program
    /// may give other numbers: then everybody looks changed once, which costs no call to anybody.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let Employee { key, observed_at: _, employment, stage, status, starts, ends, last_day, absences, .. } = self;
        (key, employment, stage, status, starts, ends, last_day, absences).hash(&mut hasher);
        let Employee { manager, zone, fields, .. } = self;
        (manager, zone).hash(&mut hasher);
        fields.iter().for_each(|field| field.hash(&mut hasher));
        hasher.finish()
    }
}
