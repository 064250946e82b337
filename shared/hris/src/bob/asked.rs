//! Which fields are asked for, and where in an answer each of them stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use mapping::attribute::Attribute;
use mapping::rules::Rules;

use super::names::{self, Kind};

/// What is asked for: our names, HiBob's fields, and the way from one to the other.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Our names, sorted; shared by everyone who is read.
    pub(crate) names: Arc<[Box<str>]>,
    /// For each of our names, its column.
    pub(crate) origins: Box<[usize]>,
    /// The fields, sorted: each a column of every record.
    pub(crate) columns: Box<[Box<str>]>,
    /// For each column, what is known of its kind.
    pub(crate) kinds: Box<[Kind]>,
    /// For each column, its key where values stand flat, and the column; sorted by key.
    flat: Box<[(Box<str>, usize)]>,
    /// Where the columns stand in nested records.
    pub(crate) tree: Node,
    pub(crate) id: usize,
    pub(crate) status: usize,
    pub(crate) lifecycle: usize,
    pub(crate) starts: usize,
    pub(crate) ends: usize,
    pub(crate) last_day: usize,
    pub(crate) reports_to: usize,
    pub(crate) manager: usize,
    /// The columns that decide about access or identity: hidden for everyone, a list proves nothing.
    pub(crate) decisive: Box<[usize]>,
    /// Whether the manager is ours, which either of two columns says.
    pub(crate) needs_manager: bool,
}

/// A place in a nested record.
#[derive(Debug, Default)]
pub(crate) struct Node {
    name: Box<str>,
    /// The column whose value stands here.
    pub(crate) column: Option<usize>,
    /// What else is asked for below.
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// A place whose value is the first column, and nothing else.
    pub(crate) fn alone() -> Node {
        Node { column: Some(0), ..Node::default() }
    }

    /// What stands below under `name`.
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| *child.name == *name)
    }

    fn plant(&mut self, path: &str, column: usize) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let at = self.children.iter().position(|child| *child.name == *first).unwrap_or_else(|| {
            self.children.push(Node { name: first.into(), ..Node::default() });
            self.children.len() - 1
        });
        match rest {
            Some(rest) => self.children[at].plant(rest, column),
            None => self.children[at].column = Some(column),
        }
    }
}

impl Asked {
    /// What these rules need.
    pub(crate) fn by(rules: &Rules) -> Asked {
        // The file's own meaning of a name goes first.
        let meaning = |name: &str| -> String {
            names::theirs(rules.field_names.get(name).map_or(name, String::as_str)).to_owned()
        };
        let used = rules.fields();
        let names: BTreeSet<&str> = used.iter().map(String::as_str).chain(names::OURS).collect();
        let meanings: Vec<String> = names.iter().map(|name| meaning(name)).collect();
        let columns: BTreeSet<&str> = meanings.iter().map(String::as_str).chain(names::ALWAYS).collect();
        let columns: Box<[Box<str>]> = columns.into_iter().map(Box::from).collect();
        let place = |field: &str| columns.binary_search_by(|column| (**column).cmp(field)).unwrap_or_default();
        let mut tree = Node::default();
        for (column, field) in columns.iter().enumerate() {
            // What belongs to no category stands at the top.
            tree.plant(field.strip_prefix("root.").unwrap_or(field), column);
        }
        let mut flat: Vec<(Box<str>, usize)> = columns
            .iter()
            .enumerate()
            .map(|(at, field)| (format!("/{}", field.replace('.', "/")).into(), at))
            .collect();
        flat.sort();
        // Identity is what the rules make the e-mail of, which need not be the work e-mail.
        let email = rules.attributes.iter().filter(|(attribute, _)| *attribute == Attribute::Email);
        let email = email.flat_map(|(_, expression)| expression.fields()).map(|name| place(&meaning(name)));
        let standing = [names::STATUS, names::LIFECYCLE, names::STARTS, names::ENDS, names::LAST_DAY];
        let decisive: BTreeSet<usize> = standing.into_iter().map(place).chain(email).collect();
        Asked {
            origins: meanings.iter().map(|field| place(field)).collect(),
            names: names.into_iter().map(Box::from).collect(),
            kinds: columns.iter().map(|field| names::kind(field)).collect(),
            flat: flat.into(),
            tree,
            id: place(names::ID),
            status: place(names::STATUS),
            lifecycle: place(names::LIFECYCLE),
            starts: place(names::STARTS),
            ends: place(names::ENDS),
            last_day: place(names::LAST_DAY),
            reports_to: place(names::REPORTS_TO),
            manager: place(names::MANAGER),
            decisive: decisive.into_iter().collect(),
            needs_manager: rules.manager,
            columns,
        }
    }

    /// The column whose flat key this is.
    pub(crate) fn flat(&self, key: &str) -> Option<usize> {
        let at = self.flat.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        Some(self.flat[at].1)
    }

    /// Our names for a column; none where only we ourselves need it.
    pub(crate) fn ours(&self, column: usize) -> Vec<&str> {
        let all = self.names.iter().zip(&self.origins);
        all.filter(|(_, origin)| **origin == column).map(|(name, _)| &**name).collect()
    }

    /// Whether a field's kind is not known without asking.
    pub(crate) fn asks_kinds(&self) -> bool {
        self.kinds.contains(&Kind::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bob::fixture::connection;

    fn asked(text: &str) -> Asked {
        Asked::by(&connection(text).rules)
    }

    fn column(asked: &Asked, field: &str) -> usize {
        asked.columns.iter().position(|column| **column == *field).expect("asked for")
    }

    #[test]
    fn the_rules_fields_and_what_everyone_needs() {
        let asked = asked("[connection.attributes]\njobTitle = 'jobTitle'\ndepartment = 'department'");
        let columns: Vec<&str> = asked.columns.iter().map(|c| &**c).collect();
        assert_eq!(
            columns,
            [
                "employee.lastDayOfWork",
                "internal.lifecycleStatus",
                "internal.status",
                "internal.terminationDate",
                "root.displayName",
                "root.email",
                "root.firstName",
                "root.id",
                "root.surname",
                "work.department",
                "work.manager",
                "work.reportsTo",
                "work.site",
                "work.startDate",
                "work.title"
            ]
        );
        assert!(!asked.asks_kinds());
    }

    #[test]
    fn the_files_names_go_first() {
        let asked = asked(
            "[connection.fields]\nbadge = 'work.custom.field_1'\nstatus = 'work.custom.field_2'\nchief = 'manager'\n\
             [connection.attributes]\njobTitle = 'badge + status'\ndepartment = 'chief'\nlocation = 'preferredName'",
        );
        assert_eq!(asked.ours(column(&asked, "work.custom.field_1")), ["badge"]);
        assert_eq!(asked.ours(column(&asked, "work.custom.field_2")), ["status"]);
        assert_eq!(asked.ours(asked.status), [""; 0]);
        assert_eq!(asked.ours(asked.reports_to), ["chief"]);
        // Nobody knows it: asked for all the same, and missed by `hirewire check`.
        assert_eq!(asked.ours(column(&asked, "preferredName")), ["preferredName"]);
        assert!(asked.asks_kinds());
    }

    #[test]
    fn columns_have_two_places() {
        let asked = asked("[connection.attributes]\njobTitle = 'jobTitle'");
        let title = column(&asked, "work.title");
        let flat = |steps: &[&str]| asked.flat(&steps.join("/"));
        assert_eq!(flat(&["", "work", "title"]), Some(title));
        assert_eq!(flat(&["", "root", "email"]), Some(column(&asked, "root.email")));
        assert_eq!(flat(&["", "email"]), None);
        let node = asked.tree.child("work").and_then(|work| work.child("title")).expect("planted");
        assert_eq!(node.column, Some(title));
        assert_eq!(asked.tree.child("email").and_then(|node| node.column), Some(column(&asked, "root.email")));
    }
}
