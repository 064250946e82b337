//! Which fields are asked for, under whose names, and where each of ours comes from.

use std::collections::BTreeSet;
use std::sync::Arc;

use mapping::attribute::Attribute;
use mapping::rules::Rules;

/// Asked for by anybody's rules: standing, identity, and the site.
pub(crate) const ALWAYS: [&str; 10] = [
    STATUS,
    HIRE_DATE,
    TERMINATION_DATE,
    SUPERVISOR,
    WORK_EMAIL,
    LOCATION,
    EMPLOYMENT_STATUS,
    "firstName",
    "lastName",
    "preferredName",
];
const STATUS: &str = "status";
const HIRE_DATE: &str = "hireDate";
const TERMINATION_DATE: &str = "terminationDate";
/// The manager's employee id; `supervisorId` is the manager's employee *number*.
const SUPERVISOR: &str = "supervisorEId";
const WORK_EMAIL: &str = "workEmail";
const LOCATION: &str = "location";
/// What kind of employee somebody is, which companies extend by their own words for leave.
const EMPLOYMENT_STATUS: &str = "employmentHistoryStatus";
/// Comes with every record, asked or not.
const ID: &str = "id";

/// One part of a work address, joined from the location that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Street,
    Street2,
    City,
    State,
    Postcode,
    Country,
    Timezone,
}

impl Part {
    fn of(name: &str) -> Option<Part> {
        match name {
            "locationStreet" => Some(Part::Street),
            "locationStreet2" => Some(Part::Street2),
            "locationCity" => Some(Part::City),
            "locationState" => Some(Part::State),
            "locationPostcode" => Some(Part::Postcode),
            "locationCountry" => Some(Part::Country),
            "locationTimezone" => Some(Part::Timezone),
            _ => None,
        }
    }
}

/// Where the value of one of our names comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The record's id.
    Id,
    /// A column of the answer.
    Column(usize),
    /// The location that the record names.
    Site(Part),
}

/// What is asked for: our names, the vendor's columns, and the way from one to the other.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Our names, sorted; shared by everyone who is read.
    pub(crate) names: Arc<[Box<str>]>,
    /// For each of our names, where it comes from.
    pub(crate) origins: Box<[Origin]>,
    /// The vendor's names, sorted.
    pub(crate) columns: Box<[Box<str>]>,
    pub(crate) status: usize,
    pub(crate) hire_date: usize,
    pub(crate) termination_date: usize,
    pub(crate) supervisor: usize,
    pub(crate) employment_status: usize,
    pub(crate) location: usize,
    /// The columns that decide about access or identity: hidden for everyone, a list proves nothing.
    pub(crate) decisive: Box<[usize]>,
}

impl Asked {
    /// What these rules need.
    pub(crate) fn by(rules: &Rules) -> Asked {
        let used = rules.fields();
        let names: BTreeSet<&str> = used.iter().map(String::as_str).chain(ALWAYS).collect();
        // Standing, identity and site are read under the vendor's own names, whatever the rules call them.
        let mut columns: BTreeSet<&str> = BTreeSet::from(ALWAYS);
        let meanings = names.iter().map(|name| match rules.field_names.get(*name) {
            Some(theirs) => Meaning::Theirs(theirs),
            None => Part::of(name).map_or(Meaning::Theirs(name), Meaning::Site),
        });
        let meanings: Vec<Meaning<'_>> = meanings.collect();
        columns.extend(meanings.iter().filter_map(|meaning| match meaning {
            Meaning::Theirs(ID) | Meaning::Site(_) => None,
            Meaning::Theirs(theirs) => Some(*theirs),
        }));
        let columns: Box<[Box<str>]> = columns.into_iter().map(Box::from).collect();
        let place = |name: &str| columns.binary_search_by(|column| (**column).cmp(name)).unwrap_or_default();
        let origins = meanings.iter().map(|meaning| match meaning {
            Meaning::Theirs(ID) => Origin::Id,
            Meaning::Theirs(theirs) => Origin::Column(place(theirs)),
            Meaning::Site(part) => Origin::Site(*part),
        });
        let supervisor = place(SUPERVISOR);
        let (status, hire_date, termination_date) = (place(STATUS), place(HIRE_DATE), place(TERMINATION_DATE));
        // Identity is what the rules make the e-mail of, which need not be `workEmail`.
        let email = rules.attributes.iter().filter(|(attribute, _)| *attribute == Attribute::Email);
        let email = email.flat_map(|(_, expression)| expression.fields());
        let email = email.map(|name| place(rules.field_names.get(name).map_or(name, String::as_str)));
        let decisive = [status, hire_date, termination_date].into_iter().chain(email).collect::<Vec<_>>();
        Asked {
            origins: origins.collect(),
            names: names.into_iter().map(Box::from).collect(),
            status,
            hire_date,
            termination_date,
            supervisor,
            employment_status: place(EMPLOYMENT_STATUS),
            location: place(LOCATION),
            decisive: decisive.into_iter().chain(rules.manager.then_some(supervisor)).collect(),
            columns,
        }
    }

    /// The column of this vendor's name.
    pub(crate) fn column(&self, theirs: &str) -> Option<usize> {
        self.columns.binary_search_by(|column| (**column).cmp(theirs)).ok()
    }

    /// Our names for a column; the vendor's own where only we ourselves need it.
    pub(crate) fn ours(&self, column: usize) -> Vec<&str> {
        let all = self.names.iter().zip(&self.origins);
        all.filter(|(_, origin)| **origin == Origin::Column(column)).map(|(name, _)| &**name).collect()
    }

    /// Whether the rules use a part of the work address.
    pub(crate) fn uses_sites(&self) -> bool {
        self.origins.iter().any(|origin| matches!(origin, Origin::Site(_)))
    }
}

/// What one of our names stands for.
enum Meaning<'r> {
    Theirs(&'r str),
    Site(Part),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bamboohr::fixture::connection;

    fn asked(text: &str) -> Asked {
        Asked::by(&connection(text).rules)
    }

    #[test]
    fn the_rules_fields_and_what_everyone_needs() {
        let asked = asked("[connection.attributes]\njobTitle = 'jobTitle'\ndepartment = 'department'");
        let columns: Vec<&str> = asked.columns.iter().map(|c| &**c).collect();
        assert_eq!(
            columns,
            [
                "department",
                "employmentHistoryStatus",
                "firstName",
                "hireDate",
                "jobTitle",
                "lastName",
                "location",
                "preferredName",
                "status",
                "supervisorEId",
                "terminationDate",
                "workEmail"
            ]
        );
        assert!(!asked.uses_sites());
    }

    #[test]
    fn our_names_are_the_vendors_names_on_the_wire() {
        let asked = asked(
            "[connection.fields]\nbadge = '4340.4'\nalso = '4340.4'\nlocationCity = 'customCity'\n\
             [connection.attributes]\njobTitle = 'badge + also + id'\ndepartment = 'locationCity'\n\
             location = 'locationState'",
        );
        let column = asked.column("4340.4").expect("the vendor's name is asked for");
        assert_eq!(asked.ours(column), ["also", "badge"]);
        assert_eq!(asked.column("badge"), None);
        assert_eq!(asked.column("id"), None);
        assert_eq!(asked.column("locationState"), None);
        let origin = |name: &str| asked.origins[asked.names.binary_search_by(|n| (**n).cmp(name)).expect("asked for")];
        assert_eq!(origin("id"), Origin::Id);
        assert_eq!(origin("locationState"), Origin::Site(Part::State));
        // The rules' own meaning of a name goes first.
        assert_eq!(origin("locationCity"), Origin::Column(asked.column("customCity").expect("asked for")));
    }

    #[test]
    fn a_field_called_status_does_not_replace_the_status() {
        let asked = asked("[connection.fields]\nstatus = 'customStatus'\n[connection.attributes]\njobTitle = 'status'");
        assert_eq!(&*asked.columns[asked.status], "status");
        assert_eq!(asked.ours(asked.status), [""; 0]);
        assert_eq!(asked.ours(asked.column("customStatus").expect("asked for")), ["status"]);
    }
}
