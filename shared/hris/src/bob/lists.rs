//! HiBob's own lists: which fields take their values from one, and what their items are called.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::asked::Asked;
use super::names::Kind;
use crate::kept::is_fresh;
use crate::words::Flaw;

/// How long they are kept: a new item is shown by its readable form, and hardly ever needs its list.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Types of fields whose values are items of a list.
const LIST_TYPES: [&str; 4] = ["list", "list_id", "multi-list", "hierarchy-list"];
/// How deep items may nest.
const DEPTH: usize = 16;

/// Item to name.
pub(crate) type Items = BTreeMap<Box<str>, Box<str>>;
/// Every field that HiBob has, and its list if it has one; without a name where HiBob does not say which.
pub(crate) type Catalogue = BTreeMap<Box<str>, Option<Box<str>>>;

/// What was read of them, for reading people with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// For fields that are not known without asking.
    catalogue: Arc<Catalogue>,
    named: BTreeMap<Box<str>, Arc<Items>>,
}

impl Lists {
    pub(crate) fn new(catalogue: Arc<Catalogue>, named: BTreeMap<Box<str>, Arc<Items>>) -> Lists {
        Lists { catalogue, named }
    }

    /// The list that a column's values are items of.
    pub(crate) fn of(&self, asked: &Asked, column: usize) -> Option<&str> {
        match asked.kinds[column] {
            Kind::Plain => None,
            Kind::List(list) => Some(list),
            Kind::Unknown => self.catalogue.get(&asked.columns[column])?.as_deref(),
        }
    }

    /// The same, with these items.
    pub(crate) fn with(self, named: BTreeMap<Box<str>, Arc<Items>>) -> Lists {
        Lists { named, ..self }
    }

    /// The items of a list, if it was read.
    pub(crate) fn items(&self, list: &str) -> Option<&Items> {
        self.named.get(list).map(|items| &**items)
    }
}

/// What was read a while ago.
#[derive(Default)]
pub(crate) struct Shelf {
    catalogue: Option<Kept<Catalogue>>,
    named: BTreeMap<Box<str>, Kept<Items>>,
}

struct Kept<T> {
    at: Timestamp,
    what: Arc<T>,
}

impl<T> Kept<T> {
    fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.at, now, KEPT_FOR)
    }
}

impl Shelf {
    /// The fields, while they are fresh.
    pub(crate) fn catalogue(&self, now: Timestamp) -> Option<Arc<Catalogue>> {
        self.catalogue.as_ref().filter(|kept| kept.is_fresh(now)).map(|kept| Arc::clone(&kept.what))
    }

    /// The fields as they were read last, however long ago: better than none while HiBob does not answer.
    pub(crate) fn last_catalogue(&self) -> Option<Arc<Catalogue>> {
        self.catalogue.as_ref().map(|kept| Arc::clone(&kept.what))
    }

    /// Keeps the fields.
    pub(crate) fn keep_catalogue(&mut self, catalogue: Catalogue, now: Timestamp) -> Arc<Catalogue> {
        let what = Arc::new(catalogue);
        self.catalogue = Some(Kept { at: now, what: Arc::clone(&what) });
        what
    }

    /// Keeps the items of a list.
    pub(crate) fn keep_items(&mut self, list: &str, items: Items, now: Timestamp) {
        self.named.insert(list.into(), Kept { at: now, what: Arc::new(items) });
    }

    /// Every list that is still fresh.
    pub(crate) fn named(&mut self, now: Timestamp) -> BTreeMap<Box<str>, Arc<Items>> {
        self.named.retain(|_, kept| kept.is_fresh(now));
        self.named.iter().map(|(list, kept)| (list.clone(), Arc::clone(&kept.what))).collect()
    }
}

/// The answer to `GET /company/people/fields`: a list, or an object with one in `fields`.
pub(crate) fn catalogue(body: &[u8]) -> Result<Catalogue, Flaw> {
    let document: Value = serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))?;
    let fields = document.as_array().or_else(|| document["fields"].as_array());
    let fields = fields.ok_or_else(|| Flaw("it lists no fields".to_owned()))?;
    let fields = fields.iter().filter_map(|field| {
        let list = field["typeData"]["listId"].as_str();
        // Items have a readable form, also where nobody says which list they are of.
        let unnamed = || field["type"].as_str().filter(|kind| LIST_TYPES.contains(kind)).map(|_| "");
        Some((field["id"].as_str()?.into(), list.or_else(unnamed).map(Box::from)))
    });
    Ok(fields.collect())
}

/// The answer to `GET /company/named-lists/{list}`: items in `values` as answered, in `items` as documented.
pub(crate) fn items(body: &[u8]) -> Result<Items, Flaw> {
    let document: Value = serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))?;
    let list = ["values", "items"].into_iter().find_map(|key| document[key].as_array());
    let mut items = Items::new();
    collect(list.ok_or_else(|| Flaw("it has no items".to_owned()))?, &mut items, DEPTH);
    Ok(items)
}

fn collect(list: &[Value], items: &mut Items, depth: usize) {
    for item in list {
        let id = match &item["id"] {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let name = ["name", "value"].into_iter().find_map(|key| item[key].as_str().filter(|name| !name.is_empty()));
        if let (Some(id), Some(name)) = (id, name) {
            items.insert(id.into(), name.into());
        }
        if let (Some(children), Some(depth)) = (item["children"].as_array(), depth.checked_sub(1)) {
            collect(children, items, depth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_both_shapes() {
        let field = r#"{"id":"work.custom.field_1","type":"list","typeData":{"listId":"band"},"historical":true}"#;
        let plain = r#"{"id":"work.custom.field_2","type":"text","typeData":{}},{"name":"no id"},7,
            {"id":"work.custom.field_3","type":"multi-list","typeData":{}}"#;
        for body in [format!("[{field},{plain}]"), format!(r#"{{"fields":[{field},{plain}]}}"#)] {
            let found = catalogue(body.as_bytes()).expect("fields");
            assert_eq!(found["work.custom.field_1"].as_deref(), Some("band"));
            assert_eq!(found["work.custom.field_2"], None);
            assert_eq!(found["work.custom.field_3"].as_deref(), Some(""));
            assert_eq!(found.len(), 3);
        }
        for body in ["", "<html>", "{}", r#"{"fields":{}}"#] {
            catalogue(body.as_bytes()).expect_err(body);
        }
    }

    #[test]
    fn items_in_both_shapes_and_nested() {
        let of = |key: &str| {
            let body = format!(
                r#"{{"name":"department","{key}":[{{"id":"228075491","value":"Client Services","name":"Client Services",
                "archived":false,"children":[{{"id":12,"value":"Onboarding","children":[]}}]}},{{"id":"Product",
                "value":"Product","name":""}},{{"id":null,"name":"x"}},{{"id":"9"}}]}}"#
            );
            items(body.as_bytes()).expect("items")
        };
        for key in ["values", "items"] {
            let found = of(key);
            let found: Vec<(&str, &str)> = found.iter().map(|(id, name)| (&**id, &**name)).collect();
            assert_eq!(found, [("12", "Onboarding"), ("228075491", "Client Services"), ("Product", "Product")]);
        }
        items(b"[]").expect_err("no list of ours");
        items(b"<!doctype html>").expect_err("the web application's page");
    }

    #[test]
    fn kept_for_an_hour() {
        let mut shelf = Shelf::default();
        let at = |minutes: i64| Timestamp::from_second(minutes * 60).expect("a time");
        shelf.keep_catalogue(Catalogue::new(), at(100));
        shelf.keep_items("title", Items::new(), at(100));
        assert!(shelf.catalogue(at(159)).is_some() && shelf.named(at(159)).len() == 1);
        assert!(shelf.catalogue(at(160)).is_none() && shelf.catalogue(at(99)).is_none());
        assert_eq!(shelf.named(at(160)).len(), 0);
    }
}
