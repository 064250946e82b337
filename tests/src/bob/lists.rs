//! Named lists and sites: what list values are ids of.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The number of the first site; they are numbers everywhere.
const FIRST_SITE: u64 = 2_510_068;
/// The id of the first item that somebody added.
const FIRST_ITEM: u64 = 228_075_491;

/// A place of work. The API never tells its time zone.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) zone: TimeZone,
    /// By the last part of the field id: `siteCity`, ...
    pub(super) address: BTreeMap<String, String>,
}

/// One value of a list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The text itself for a built-in item, digits for one that was added.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) archived: bool,
    pub(super) children: Vec<Item>,
}

impl Item {
    fn described(&self, archived: bool) -> Value {
        let children = self.children.iter().filter(|child| archived || !child.archived);
        let children: Vec<Value> = children.map(|child| child.described(archived)).collect();
        json!({ "id": self.id, "value": self.name, "name": self.name, "archived": self.archived, "children": children })
    }
}

/// All lists, and the sites.
#[derive(Debug)]
pub(super) struct Lists {
    lists: BTreeMap<String, Vec<Item>>,
    pub(super) sites: Vec<Site>,
    next_item: u64,
}

impl Lists {
    pub(super) fn standard() -> Lists {
        let mut lists = BTreeMap::new();
        for (name, items) in BUILT_IN {
            let items = items.iter().map(|(id, name)| Item {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                archived: false,
                children: Vec::new(),
            });
            lists.insert(name.to_owned(), items.collect());
        }
        Lists { lists, sites: Vec::new(), next_item: FIRST_ITEM }
    }

    /// The id of an item, by its id or its name in any case.
    pub(super) fn find(&self, list: &str, text: &str) -> Option<&str> {
        let items = self.lists.get(list)?;
        let found = items.iter().find(|item| item.id == text || item.name.to_lowercase() == text.to_lowercase());
        found.map(|item| item.id.as_str())
    }

    /// The same, added with an id of digits where there is none.
    pub(super) fn find_or_add(&mut self, list: &str, text: &str) -> String {
        if let Some(id) = self.find(list, text) {
            return id.to_owned();
        }
        let id = self.next_item.to_string();
        self.next_item += 7;
        let item = Item { id: id.clone(), name: text.to_owned(), archived: false, children: Vec::new() };
        self.lists.entry(list.to_owned()).or_default().push(item);
        id
    }

    pub(super) fn item(&mut self, list: &str, id: &str) -> Option<&mut Item> {
        self.lists.get_mut(list)?.iter_mut().find(|item| item.id == id)
    }

    /// What people read for an id.
    pub(super) fn name<'a>(&'a self, list: &str, id: &'a str) -> &'a str {
        let items = self.lists.get(list).into_iter().flatten();
        items.into_iter().find(|item| item.id == id).map_or(id, |item| &item.name)
    }

    pub(super) fn add_site(&mut self, name: &str, zone: TimeZone) -> u64 {
        assert!(self.site_named(name).is_none(), "a site of another name");
        let id = FIRST_SITE + self.sites.len() as u64;
        self.sites.push(Site { id, name: name.to_owned(), zone, address: BTreeMap::new() });
        id
    }

    pub(super) fn site(&self, id: u64) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }

    pub(super) fn site_named(&self, name: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.name == name)
    }

    /// A list as it is answered, under the word for its items; `None` for an unknown name, which is case-sensitive.
    pub(super) fn described(&self, list: &str, archived: bool, word: &str) -> Option<Value> {
        if list == "site" {
            let sites = self.sites.iter();
            let sites: Vec<Value> =
                sites.map(|site| json!({ "id": site.id, "value": site.name, "name": site.name })).collect();
            return Some(json!({ "name": "site", word: sites }));
        }
        let items = self.lists.get(list)?.iter().filter(|item| archived || !item.archived);
        Some(json!({ "name": list, word: items.map(|item| item.described(archived)).collect::<Vec<_>>() }))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str).chain(["site"])
    }
}

type BuiltIn = (&'static str, &'static [(&'static str, &'static str)]);

/// Lists that every company has, with their own items.
const BUILT_IN: [BuiltIn; 11] = [
    ("title", &[]),
    ("department", &[("Product", "Product")]),
    (
        "lifecycleStatus",
        &[
            ("hired", "Hired"),
            ("employed", "Employed"),
            ("garden leave", "Garden leave"),
            ("leave", "Leave"),
            ("parental leave", "Parental leave"),
            ("terminated", "Terminated"),
        ],
    ),
    ("status", &[("Active", "Active"), ("Inactive", "Inactive")]),
    ("state", &[("uninvited", "Uninvited"), ("invited", "Invited"), ("active", "Active")]),
    ("employmentstatus", &[("Full time", "Full time"), ("Part time", "Part time"), ("Shifts", "Shifts")]),
    (
        "payrollEmploymentType",
        &[
            ("Permanent", "Permanent"),
            ("Temporary", "Temporary"),
            ("Apprentice", "Apprentice"),
            ("Contractor", "Contractor"),
        ],
    ),
    ("lifecycleReasonType", &[("Voluntary", "Voluntary"), ("Involuntary", "Involuntary")]),
    ("terminationreason", &[("Resignation", "Resignation"), ("Dismissal", "Dismissal")]),
    ("workChangeType", &[("New Employee", "New Employee"), ("Transfer", "Transfer")]),
    ("countries", &[]),
];
