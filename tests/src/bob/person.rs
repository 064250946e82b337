//! A person to be hired.

/// A new person, as an administrator would type them in.
///
/// ```
/// use tests::bob::Person;
/// let ada = Person::new("Ada", "Lovelace").with("work.department", "Engineering").starts("2026-03-01");
/// assert_eq!(ada.starts.as_deref(), Some("2026-03-01"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Values by field id. A list's value may be an item's name or id; a name nobody has used becomes a new item.
    pub fields: Vec<(String, String)>,
    /// `YYYY-MM-DD`; today where `None`. May lie in the future.
    pub starts: Option<String>,
    /// No events for this creation, as when a company is set up before anybody listens.
    pub quiet: bool,
}

impl Person {
    /// A person with these names who starts today.
    pub fn new(first: &str, last: &str) -> Person {
        Person::default().with("root.firstName", first).with("root.surname", last)
    }

    /// With this field.
    pub fn with(mut self, field: &str, value: &str) -> Person {
        self.fields.push((field.to_owned(), value.to_owned()));
        self
    }

    /// With this work e-mail.
    pub fn email(self, email: &str) -> Person {
        self.with("root.email", email)
    }

    /// At this site, which must be there.
    pub fn at(self, site: &str) -> Person {
        self.with("work.site", site)
    }

    /// Reporting to the person with this id.
    pub fn reports_to(self, id: &str) -> Person {
        self.with("work.reportsTo", id)
    }

    /// Starting on this day.
    pub fn starts(mut self, date: impl ToString) -> Person {
        self.starts = Some(date.to_string());
        self
    }
}
