//! A person to be hired.

use std::collections::BTreeMap;

/// A new employee, as an administrator would type them in.
///
/// ```
/// use tests::bamboohr::Person;
/// let ada = Person::new("Ada", "Lovelace").with("department", "Engineering").hired("2026-03-01");
/// assert_eq!(ada.fields["firstName"].as_deref(), Some("Ada"));
/// ```
#[derive(Clone, Debug)]
pub struct Person {
    /// The wished employee id; the next free one where `None` or taken. Ids are numbers and never used twice.
    pub id: Option<String>,
    /// Values by alias or numeric field id. An unknown name becomes a custom text field; a numeric one such as
    /// `4340.4` a field without alias. History fields go into a row dated `hire_date`.
    pub fields: BTreeMap<String, Option<String>>,
    /// `YYYY-MM-DD`; today where `None`. May lie in the future.
    pub hire_date: Option<String>,
    /// The text of the first employment status row.
    pub employment_status: String,
    /// Whether there is a photo.
    pub photo: bool,
    /// No `lastChanged` at all, which is what `includeNull` in a report's filter is about.
    pub last_changed_unknown: bool,
    /// No webhooks for this creation, as when a company is set up before anybody listens.
    pub quiet: bool,
}

impl Default for Person {
    fn default() -> Person {
        Person {
            id: None,
            fields: BTreeMap::new(),
            hire_date: None,
            employment_status: "Full-Time".to_owned(),
            photo: false,
            last_changed_unknown: false,
            quiet: false,
        }
    }
}

impl Person {
    /// A person with these names, a Full-Time employee from today on.
    pub fn new(first: &str, last: &str) -> Person {
        Person::default().with("firstName", first).with("lastName", last)
    }

    /// With this id.
    pub fn id(mut self, id: &str) -> Person {
        self.id = Some(id.to_owned());
        self
    }

    /// With this field.
    pub fn with(mut self, field: &str, value: &str) -> Person {
        self.fields.insert(field.to_owned(), Some(value.to_owned()));
        self
    }

    /// With this work e-mail.
    pub fn email(self, email: &str) -> Person {
        self.with("workEmail", email)
    }

    /// Reporting to the employee with this id.
    pub fn reports_to(self, id: &str) -> Person {
        self.with("supervisorEId", id)
    }

    /// Starting on this day.
    pub fn hired(mut self, date: impl ToString) -> Person {
        self.hire_date = Some(date.to_string());
        self
    }

    /// With this text as employment status.
    pub fn employed_as(mut self, status: &str) -> Person {
        self.employment_status = status.to_owned();
        self
    }
}
