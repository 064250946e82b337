//! Facts, hires and leavings, in words that belong to neither HR system.

/// A fact about a person that both systems keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The work e-mail.
    Email,
    /// First name.
    FirstName,
    /// Middle name.
    MiddleName,
    /// Last name.
    LastName,
    /// The name one goes by: BambooHR's preferred name, Bob's display name.
    Preferred,
    /// Department.
    Department,
    /// Job title.
    Title,
    /// Place of work.
    Site,
    /// The manager, by id.
    Manager,
    /// Full-Time, Contractor, ... in BambooHR's employment status; Permanent, ... in Bob's employment type.
    EmploymentType,
    /// Employee number; digits only in Bob.
    EmployeeNumber,
    /// Private e-mail.
    PersonalEmail,
    /// Work phone.
    WorkPhone,
    /// Mobile phone.
    MobilePhone,
    /// The first day.
    StartDate,
    /// The termination date; to be read only.
    TerminationDate,
    /// Whether somebody left or was let go; BambooHR gets it as a custom field.
    TerminationType,
    /// The access status, Active or Inactive; to be read only.
    AccessStatus,
    /// HR's own word for where somebody is: BambooHR's employment status, Bob's lifecycle status; to be read only.
    Status,
}

impl What {
    /// The field that BambooHR keeps it in.
    pub fn in_bamboohr(self) -> &'static str {
        match self {
            What::Email => "workEmail",
            What::FirstName => "firstName",
            What::MiddleName => "middleName",
            What::LastName => "lastName",
            What::Preferred => "preferredName",
            What::Department => "department",
            What::Title => "jobTitle",
            What::Site => "location",
            What::Manager => "supervisorEId",
            What::EmploymentType | What::Status => "employmentHistoryStatus",
            What::EmployeeNumber => "employeeNumber",
            What::PersonalEmail => "homeEmail",
            What::WorkPhone => "workPhone",
            What::MobilePhone => "mobilePhone",
            What::StartDate => "hireDate",
            What::TerminationDate => "terminationDate",
            What::TerminationType => TERMINATION_TYPE,
            What::AccessStatus => "status",
        }
    }

    /// The field that Bob keeps it in.
    pub fn in_bob(self) -> &'static str {
        match self {
            What::Email => "root.email",
            What::FirstName => "root.firstName",
            What::MiddleName => "root.secondName",
            What::LastName => "root.surname",
            What::Preferred => "root.displayName",
            What::Department => "work.department",
            What::Title => "work.title",
            What::Site => "work.site",
            What::Manager => "work.reportsTo",
            What::EmploymentType => "payroll.employment.type",
            What::EmployeeNumber => "work.employeeIdInCompany",
            What::PersonalEmail => "home.privateEmail",
            What::WorkPhone => "work.workPhone",
            What::MobilePhone => "work.workMobile",
            What::StartDate => "work.startDate",
            What::TerminationDate => "internal.terminationDate",
            What::TerminationType => "internal.terminationType",
            What::AccessStatus => "internal.status",
            What::Status => "internal.lifecycleStatus",
        }
    }
}

/// The custom field of BambooHR that says how an employment ended: its own place for it is a column of a table, which no
/// report answers.
pub const TERMINATION_TYPE: &str = "terminationType";
/// A person to be hired.
#[derive(Clone, Debug, Default)]
pub struct NewHire {
    /// What is known of them.
    pub facts: Vec<(What, String)>,
    /// The first day, `YYYY-MM-DD`; today where `None`.
    pub starts: Option<String>,
    /// Nobody is told, as when a company is set up before anybody listens.
    pub quiet: bool,
}

impl NewHire {
    /// Somebody with these names, starting today.
    pub fn new(first: &str, last: &str) -> NewHire {
        NewHire::default().with(What::FirstName, first).with(What::LastName, last)
    }

    /// With this fact.
    pub fn with(mut self, what: What, value: &str) -> NewHire {
        self.facts.push((what, value.to_owned()));
        self
    }

    /// With this work e-mail.
    pub fn email(self, email: &str) -> NewHire {
        self.with(What::Email, email)
    }

    /// Starting on this day.
    pub fn starts(mut self, date: impl ToString) -> NewHire {
        self.starts = Some(date.to_string());
        self
    }

    /// In this department.
    pub fn department(self, department: &str) -> NewHire {
        self.with(What::Department, department)
    }

    /// With this job title.
    pub fn title(self, title: &str) -> NewHire {
        self.with(What::Title, title)
    }

    /// At this site.
    pub fn at(self, site: &str) -> NewHire {
        self.with(What::Site, site)
    }

    /// Reporting to the person with this id.
    pub fn reports_to(self, id: &str) -> NewHire {
        self.with(What::Manager, id)
    }

    /// With this employee number.
    pub fn number(self, number: u32) -> NewHire {
        self.with(What::EmployeeNumber, &number.to_string())
    }

    /// With this private e-mail.
    pub fn personal_email(self, email: &str) -> NewHire {
        self.with(What::PersonalEmail, email)
    }

    /// Going by this name.
    pub fn preferred(self, name: &str) -> NewHire {
        self.with(What::Preferred, name)
    }

    /// Employed in this way.
    pub fn employed_as(self, kind: &str) -> NewHire {
        self.with(What::EmploymentType, kind)
    }
}

/// How somebody leaves.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// The last day of work, `YYYY-MM-DD`.
    pub last_day: String,
    /// The termination date, where it is another day; BambooHR knows no other day and gets this one.
    pub termination_date: Option<String>,
    /// Whether they wanted to; involuntary otherwise.
    pub voluntary: bool,
}

impl Leaving {
    /// Somebody who wants to leave, on this day.
    pub fn on(last_day: impl ToString) -> Leaving {
        Leaving { last_day: last_day.to_string(), termination_date: None, voluntary: true }
    }

    /// The employment ends later than the work.
    pub fn ending(mut self, termination_date: impl ToString) -> Leaving {
        self.termination_date = Some(termination_date.to_string());
        self
    }

    /// Somebody who is let go.
    pub fn involuntary(mut self) -> Leaving {
        self.voluntary = false;
        self
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.voluntary { "Voluntary" } else { "Involuntary" }
    }
}
