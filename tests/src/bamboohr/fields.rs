//! The fields of an employee: names, numeric ids, types, and where each value comes from.

use std::collections::HashMap;

/// The number that a field gets which a test makes up.
const FIRST_CUSTOM_ID: usize = 4400;

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Kept as it was put in.
    Stored,
    Id,
    DisplayName,
    FullName(u8),
    BestEmail,
    PhoneWithExtension,
    HireDate,
    OriginalHireDate,
    TerminationDate,
    Status,
    /// The current row of the table `employmentStatus`, and its date.
    EmploymentStatus,
    EmploymentStatusDate,
    /// The current row of the table `jobInfo`.
    JobTitle,
    Department,
    Division,
    Location,
    SupervisorName,
    SupervisorId,
    SupervisorNumber,
    SupervisorEmail,
    LastChanged,
    /// A bool, and the same as text.
    Photo,
    PhotoText,
}

impl Source {
    /// Whether the value comes from effective-dated rows.
    pub(super) fn is_history(self) -> bool {
        HISTORY.contains(&self)
    }
}

/// What can change by the mere passing of time.
pub(super) const HISTORY: [Source; 11] = [
    Source::JobTitle,
    Source::Department,
    Source::Division,
    Source::Location,
    Source::SupervisorName,
    Source::SupervisorId,
    Source::SupervisorNumber,
    Source::SupervisorEmail,
    Source::Status,
    Source::EmploymentStatus,
    Source::EmploymentStatusDate,
];

/// One field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) alias: Option<String>,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) source: Source,
    pub(super) custom: bool,
}

impl Field {
    /// The alias, or the numeric id of a field without one.
    pub(super) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.id)
    }
}

/// All fields of the company, by alias and by numeric id.
#[derive(Debug)]
pub(super) struct Catalogue {
    fields: Vec<Field>,
    by_key: HashMap<String, usize>,
}

impl Catalogue {
    pub(super) fn standard() -> Catalogue {
        let mut catalogue = Catalogue { fields: Vec::new(), by_key: HashMap::new() };
        for (id, alias, name, kind, source) in STANDARD {
            catalogue.add(Field {
                id: (*id).to_owned(),
                alias: Some((*alias).to_owned()),
                name: (*name).to_owned(),
                kind,
                source: *source,
                custom: false,
            });
        }
        catalogue
    }

    pub(super) fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The field called `key`, made up as a custom text field where there is none. A key of digits and dots becomes a
    /// field without an alias, such as `4340.4`.
    pub(super) fn find_or_add(&mut self, key: &str) -> usize {
        if let Some(at) = self.find(key) {
            return at;
        }
        let numeric = key.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let id = if numeric { key.to_owned() } else { (FIRST_CUSTOM_ID + self.fields.len()).to_string() };
        let alias = (!numeric).then(|| key.to_owned());
        self.add(Field { id, alias, name: key.to_owned(), kind: "text", source: Source::Stored, custom: true })
    }

    pub(super) fn add(&mut self, field: Field) -> usize {
        let at = self.fields.len();
        self.by_key.insert(field.id.clone(), at);
        if let Some(alias) = &field.alias {
            self.by_key.insert(alias.clone(), at);
        }
        self.fields.push(field);
        at
    }

    pub(super) fn get(&self, at: usize) -> &Field {
        &self.fields[at]
    }

    /// The first field with this source.
    pub(super) fn of(&self, source: Source) -> usize {
        self.fields.iter().position(|field| field.source == source).expect("every source has a standard field")
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate()
    }
}

/// Numeric id, alias, name, type, source. Ids of the table `jobInfo` are as documented; most others are made up.
const STANDARD: &[(&str, &str, &str, &str, Source)] = &[
    ("4000", "id", "EEID", "int", Source::Id),
    ("1", "firstName", "First Name", "text", Source::Stored),
    ("2", "lastName", "Last Name", "text", Source::Stored),
    ("5", "middleName", "Middle Name", "text", Source::Stored),
    ("1358", "preferredName", "Preferred Name", "text", Source::Stored),
    ("4001", "displayName", "Display Name", "text", Source::DisplayName),
    ("4002", "fullName1", "Name: First Last", "text", Source::FullName(1)),
    ("4003", "fullName2", "Name: Last, First", "text", Source::FullName(2)),
    ("4004", "fullName3", "Name: Last, First Middle (Preferred)", "text", Source::FullName(3)),
    ("4005", "fullName4", "Name: Last, First Middle", "text", Source::FullName(4)),
    ("4006", "fullName5", "Name: First Middle Last", "text", Source::FullName(5)),
    ("1610", "employeeNumber", "Employee #", "employee_number", Source::Stored),
    ("1360", "workEmail", "Work Email", "email", Source::Stored),
    ("1361", "homeEmail", "Home Email", "email", Source::Stored),
    ("1362", "bestEmail", "Best Email", "email", Source::BestEmail),
    ("13", "workPhone", "Work Phone", "text", Source::Stored),
    ("14", "workPhoneExtension", "Work Ext.", "text", Source::Stored),
    ("4007", "workPhonePlusExtension", "Work Phone + Ext.", "text", Source::PhoneWithExtension),
    ("15", "homePhone", "Home Phone", "text", Source::Stored),
    ("16", "mobilePhone", "Mobile Phone", "text", Source::Stored),
    ("8", "address1", "Address Line 1", "text", Source::Stored),
    ("9", "address2", "Address Line 2", "text", Source::Stored),
    ("10", "city", "City", "text", Source::Stored),
    ("11", "state", "State", "state", Source::Stored),
    ("4008", "stateCode", "State Code", "text", Source::Stored),
    ("12", "zipcode", "ZIP Code", "text", Source::Stored),
    ("3991", "country", "Country", "country", Source::Stored),
    ("1340", "gender", "Gender", "gender", Source::Stored),
    ("6", "dateOfBirth", "Birth Date", "date", Source::Stored),
    ("1341", "maritalStatus", "Marital Status", "marital_status", Source::Stored),
    ("4315", "pronouns", "Pronouns", "list", Source::Stored),
    ("3500", "linkedIn", "LinkedIn URL", "text", Source::Stored),
    ("1346", "payGroup", "Pay group", "pay_group", Source::Stored),
    ("4009", "photoUrl", "Employee photo url", "url", Source::Stored),
    ("4010", "photoUploaded", "Employee photo exists", "bool", Source::Photo),
    ("4011", "isPhotoUploaded", "Employee photo", "text", Source::PhotoText),
    ("17", "jobTitle", "Job Title", "list", Source::JobTitle),
    ("4", "department", "Department", "list", Source::Department),
    ("1355", "division", "Division", "list", Source::Division),
    ("18", "location", "Location", "list", Source::Location),
    ("91", "supervisor", "Supervisor name", "text", Source::SupervisorName),
    ("4012", "supervisorEId", "Supervisor EID", "text", Source::SupervisorId),
    ("4013", "supervisorId", "Supervisor ID", "text", Source::SupervisorNumber),
    ("4014", "supervisorEmail", "Supervisor email", "email", Source::SupervisorEmail),
    ("1348", "status", "Status", "status", Source::Status),
    ("1936", "employmentHistoryStatus", "Employment Status", "list", Source::EmploymentStatus),
    ("1935", "employeeStatusDate", "Employment Status: Date", "date", Source::EmploymentStatusDate),
    ("3", "hireDate", "Hire Date", "date", Source::HireDate),
    ("4015", "originalHireDate", "Original Hire Date", "date", Source::OriginalHireDate),
    ("4314", "terminationDate", "Termination Date", "date", Source::TerminationDate),
    ("4016", "lastChanged", "Last changed", "timestamp", Source::LastChanged),
    ("4017", "createdByUserId", "Created By User ID", "int", Source::Stored),
];
