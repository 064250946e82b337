//! The fields of a person: ids, names, types, categories, and the table that a dated one lives in.

use std::collections::HashMap;

use serde_json::{Value, json};

/// A table with dated rows; every dated field is a column of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// Title, department, site, manager.
    Work,
    /// Contract, type, hours.
    Employment,
    /// Where a person lives.
    Address,
}

impl Table {
    /// As the API calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Table::Work => "work",
            Table::Employment => "employment",
            Table::Address => "address",
        }
    }
}

/// One field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    /// The named list its values are from; empty for none.
    pub(super) list: String,
    pub(super) category: String,
    pub(super) historical: bool,
}

impl Field {
    /// Where the value lies in a nested record: the id without `root.`.
    pub(super) fn json_path(&self) -> &str {
        self.id.strip_prefix("root.").unwrap_or(&self.id)
    }

    /// The table whose rows hold the value.
    pub(super) fn table(&self) -> Option<Table> {
        match (self.historical, self.category.as_str()) {
            (true, "work") => Some(Table::Work),
            (true, "employment") => Some(Table::Employment),
            (true, "address") => Some(Table::Address),
            _ => None,
        }
    }

    /// As `GET /company/people/fields` answers it.
    pub(super) fn described(&self) -> Value {
        let list = if self.list.is_empty() { json!({}) } else { json!({ "listId": self.list }) };
        json!({
            "id": self.id, "categoryId": self.category, "category": self.category,
            "categoryDisplayName": category_name(&self.category), "name": self.name, "description": null,
            "jsonPath": self.json_path(), "type": self.kind, "typeData": list, "historical": self.historical,
        })
    }
}

fn category_name(category: &str) -> &str {
    match category {
        "root" => "Basic info",
        "personalContact" => "Personal contact details",
        "work" => "Work",
        "workContact" => "Work contact details",
        "address" => "Address",
        "employment" => "Employment",
        "lifecycle" => "Lifecycle",
        "userData" => "User data",
        other => other,
    }
}

/// All fields of the company.
#[derive(Debug)]
pub(super) struct Catalogue {
    fields: Vec<Field>,
    by_id: HashMap<String, usize>,
}

impl Catalogue {
    pub(super) fn standard() -> Catalogue {
        let mut catalogue = Catalogue { fields: Vec::new(), by_id: HashMap::new() };
        for (id, name, kind, list, category, historical) in STANDARD {
            catalogue.add(Field {
                id: id.to_owned(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                list: list.to_owned(),
                category: category.to_owned(),
                historical,
            });
        }
        catalogue
    }

    pub(super) fn find(&self, id: &str) -> Option<&Field> {
        self.by_id.get(id).map(|at| &self.fields[*at])
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    pub(super) fn add(&mut self, field: Field) {
        if self.find(&field.id).is_none() {
            self.by_id.insert(field.id.clone(), self.fields.len());
            self.fields.push(field);
        }
    }

    /// A custom text field such as `work.custom.field_1644932887286` comes into being by being used.
    pub(super) fn find_or_add(&mut self, id: &str) -> Option<Field> {
        if let (None, Some((category, number))) = (self.find(id), id.split_once(".custom.field_")) {
            self.add_custom(category, number, "text");
        }
        self.find(id).cloned()
    }

    /// Adds a custom field of a category; `number` is what stands behind `field_`.
    pub(super) fn add_custom(&mut self, category: &str, number: &str, kind: &str) -> String {
        let id = format!("{category}.custom.field_{number}");
        self.add(Field {
            id: id.clone(),
            name: format!("Custom {number}"),
            kind: kind.to_owned(),
            list: String::new(),
            category: category.to_owned(),
            historical: false,
        });
        id
    }
}

/// Id, label, type, list, category, whether it is a column of a dated table; from the metadata of a demo company,
/// without the categories that no directory sync reads.
const STANDARD: [(&str, &str, &str, &str, &str, bool); 91] = [
    ("root.id", "ID", "employee-reference", "", "root", false),
    ("root.companyId", "Company id", "number", "", "root", false),
    ("root.email", "Email", "text", "", "root", false),
    ("root.firstName", "First name", "text", "", "root", false),
    ("root.surname", "Last name", "text", "", "root", false),
    ("root.fullName", "Full name", "text", "", "root", false),
    ("root.displayName", "Display name", "text", "", "root", false),
    ("root.secondName", "Middle name", "text", "", "root", false),
    ("root.creationDateTime", "Creation timestamp", "time", "", "root", false),
    ("root.coverImageUrl", "Cover image URL", "text", "", "root", false),
    ("root.avatarUrl", "Avatar URL", "avatar", "", "root", false),
    ("home.privateEmail", "Personal email", "text", "", "personalContact", false),
    ("home.privatePhone", "Personal phone", "text", "", "personalContact", false),
    ("home.mobilePhone", "Personal mobile", "text", "", "personalContact", false),
    ("work.activeEffectiveDate", "Work effective date", "date", "", "work", true),
    ("work.employeeIdInCompany", "Employee ID", "number", "", "work", false),
    ("work.title", "Job title", "list", "title", "work", true),
    ("work.startDate", "Start date", "date", "", "work", false),
    ("work.shortStartDate", "Work anniversary", "short-date", "", "work", false),
    ("work.originalStartDate", "Original start date", "date", "", "work", false),
    ("work.durationOfEmployment", "Accumulated tenure (duration)", "period", "", "work", false),
    ("work.yearsOfService", "Accumulated tenure (years)", "number", "", "work", false),
    ("work.tenureDuration", "Tenure (duration)", "period", "", "work", false),
    ("work.tenureDurationYears", "Tenure (years)", "number", "", "work", false),
    ("work.tenureYears", "Work anniversary (years)", "number", "", "work", false),
    ("work.site", "Site", "text", "", "work", false),
    ("work.siteId", "Site", "list_id", "site", "work", true),
    ("work.department", "Department", "list", "department", "work", true),
    ("work.workChangeType", "Change type", "list", "workChangeType", "work", true),
    ("work.reportsTo", "Reports to", "employee", "", "work", true),
    ("work.reportsTo.email", "Manager's email", "text", "", "work", false),
    ("work.reportsToIdInCompany", "Manager's ID", "number", "", "work", false),
    ("work.manager", "Manager", "employee-reference", "", "work", true),
    ("work.secondLevelManager", "Second level manager", "employee-reference", "", "work", false),
    ("work.isManager", "Is a manager", "boolean", "", "work", false),
    ("work.directReports", "Number of direct reports", "number", "", "work", false),
    ("work.indirectReports", "Number of direct and indirect reports", "number", "", "work", false),
    ("work.daysOfPreviousService", "Tenure sum of previous lifecycle entries in days", "number", "", "work", false),
    ("employee.buddy", "Buddy", "employee-reference", "", "work", false),
    ("employee.hrbp", "HRBP", "employee-reference", "", "work", false),
    ("employee.payrollManager", "Payroll manager", "employee-reference", "", "work", false),
    ("employee.itAdmin", "IT admin", "employee-reference", "", "work", false),
    ("employee.orgLevel", "Org level", "list", "orgLevels", "work", false),
    ("work.workMobile", "Work mobile", "text", "", "workContact", false),
    ("work.workPhone", "Work phone", "text", "", "workContact", false),
    ("personal.communication.slackUsername", "Slack username", "text", "", "workContact", false),
    ("personal.communication.skypeUsername", "Skype username", "text", "", "workContact", false),
    ("address.line1", "Address line 1", "text", "", "address", true),
    ("address.line2", "Address line 2", "text", "", "address", true),
    ("address.fullAddress", "Full address", "text", "", "address", false),
    ("address.city", "City", "text", "", "address", true),
    ("address.postCode", "Zip/Post/Postal code", "text", "", "address", true),
    ("address.country", "Country", "list", "countries", "address", true),
    ("address.usaState", "State/Province/Region", "text", "", "address", true),
    ("address.siteAddress1", "Site address line 1", "text", "", "address", false),
    ("address.siteAddress2", "Site address line 2", "text", "", "address", false),
    ("address.siteCountry", "Site country", "list", "countries", "address", false),
    ("address.sitePostalCode", "Site Zip/Post/Postal code", "text", "", "address", false),
    ("address.siteCity", "Site city", "text", "", "address", false),
    ("address.siteState", "Site State/Province/Region", "text", "", "address", false),
    ("address.activeEffectiveDate", "Address effective date", "date", "", "address", true),
    ("payroll.employment.activeEffectiveDate", "Employment effective date", "date", "", "employment", true),
    ("payroll.employment.contract", "Employment contract", "list", "employmentstatus", "employment", true),
    ("payroll.employment.type", "Employment type", "list", "payrollEmploymentType", "employment", true),
    ("payroll.employment.calendarId", "Holiday calendar ID", "list_id", "calendar", "employment", true),
    ("payroll.employment.salaryPayType", "Salary pay type", "list", "salaryPayType", "employment", true),
    ("payroll.employment.flsaCode", "FLSA code", "list", "flsaCode", "employment", true),
    ("payroll.employment.fte", "FTE %", "number", "", "employment", true),
    ("payroll.employment.weeklyHours", "Weekly hours", "number", "", "employment", true),
    ("employee.workLocationId", "Work location", "list_id", "workLocation_entity_list", "employment", false),
    (
        "employee.remoteWorkLocationId",
        "employee.remoteWorkLocationId",
        "list_id",
        "workLocation_entity_list",
        "employment",
        true,
    ),
    ("employee.employerId", "Employer", "list_id", "employer_entity_list", "employment", false),
    ("internal.lifecycleStatus", "Lifecycle status", "list", "lifecycleStatus", "lifecycle", true),
    ("internal.status", "Status", "list", "status", "lifecycle", true),
    ("internal.terminationReason", "Reason for termination", "list", "terminationreason", "lifecycle", false),
    ("internal.terminationDate", "Termination date", "date", "", "lifecycle", false),
    ("internal.periodSinceTermination", "Period since termination", "period", "", "lifecycle", false),
    ("internal.yearsSinceTermination", "Years since termination", "number", "", "lifecycle", false),
    ("internal.notice", "Notice period", "duration_with_unit", "", "lifecycle", false),
    ("internal.probationEndDate", "Probation end date", "date", "", "lifecycle", false),
    ("internal.terminationType", "Leave and termination type", "list", "lifecycleReasonType", "lifecycle", false),
    ("internal.currentActiveStatusStartDate", "current active lifecycle start date", "date", "", "lifecycle", false),
    ("employee.recentLeaveStartDate", "Recent leave start date", "date", "", "lifecycle", false),
    ("employee.recentLeaveEndDate", "Recent leave end date", "date", "", "lifecycle", false),
    ("employee.firstDayOfWork", "First day of work", "date", "", "lifecycle", false),
    ("employee.lastDayOfWork", "Last day of work", "date", "", "lifecycle", false),
    ("employee.eligibleForRehire", "Eligible for Rehire", "boolean", "", "lifecycle", true),
    ("employee.regrettableTermination", "Regrettable Termination", "boolean", "", "lifecycle", true),
    ("root.state", "State", "list", "state", "userData", false),
    ("root.creationDate", "Creation date", "date", "", "userData", false),
    ("employee.enrolledInPayrollModuleStatus", "Enrolled in Payroll", "text", "", "userData", true),
];
