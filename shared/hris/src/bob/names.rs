//! Our names for HiBob's fields, and which of its fields are lists.

/// The id of a person.
pub(crate) const ID: &str = "root.id";
/// Access status: `Active` or `Inactive`.
pub(crate) const STATUS: &str = "internal.status";
/// Where the company's own lifecycle puts a person.
pub(crate) const LIFECYCLE: &str = "internal.lifecycleStatus";
/// First day.
pub(crate) const STARTS: &str = "work.startDate";
/// The day on which the employment ends.
pub(crate) const ENDS: &str = "internal.terminationDate";
/// The last day at work.
pub(crate) const LAST_DAY: &str = "employee.lastDayOfWork";
/// The manager, as an object. Its parts are no fields of their own, but for the e-mail.
pub(crate) const REPORTS_TO: &str = "work.reportsTo";
/// The manager again, as an id.
pub(crate) const MANAGER: &str = "work.manager";
/// The site's name.
const SITE: &str = "work.site";
const EMAIL: &str = "root.email";

/// Asked for by anybody's rules: standing, identity, manager and site.
pub(crate) const ALWAYS: [&str; 13] = [
    ID,
    STATUS,
    LIFECYCLE,
    STARTS,
    ENDS,
    LAST_DAY,
    REPORTS_TO,
    MANAGER,
    SITE,
    EMAIL,
    "root.firstName",
    "root.surname",
    "root.displayName",
];

/// What everybody is known by in our words, whatever the rules use.
pub(crate) const OURS: [&str; 11] = [
    "displayName",
    "firstName",
    "id",
    "lastDayOfWork",
    "lastName",
    "lifecycleStatus",
    "site",
    "startDate",
    "status",
    "terminationDate",
    "workEmail",
];

/// Our names, and what they are called there. Sorted.
const NAMES: [(&str, &str); 49] = [
    ("address1", "address.line1"),
    ("address2", "address.line2"),
    ("city", "address.city"),
    ("contract", "payroll.employment.contract"),
    ("country", "address.country"),
    ("department", "work.department"),
    ("displayName", "root.displayName"),
    ("email", EMAIL),
    ("employeeId", "work.employeeIdInCompany"),
    ("employeeNumber", "work.employeeIdInCompany"),
    ("employmentType", "payroll.employment.type"),
    ("firstName", "root.firstName"),
    ("fte", "payroll.employment.fte"),
    ("fullName", "root.fullName"),
    ("homeEmail", "home.privateEmail"),
    ("homePhone", "home.privatePhone"),
    ("id", ID),
    ("jobTitle", "work.title"),
    ("lastDayOfWork", LAST_DAY),
    ("lastName", "root.surname"),
    ("lifecycleStatus", LIFECYCLE),
    ("location", SITE),
    ("manager", REPORTS_TO),
    ("middleName", "root.secondName"),
    ("mobilePhone", "home.mobilePhone"),
    ("originalStartDate", "work.originalStartDate"),
    ("privateEmail", "home.privateEmail"),
    ("site", SITE),
    ("siteCity", "address.siteCity"),
    ("siteCountry", "address.siteCountry"),
    ("siteId", "work.siteId"),
    ("sitePostcode", "address.sitePostalCode"),
    ("siteState", "address.siteState"),
    ("siteStreet", "address.siteAddress1"),
    ("siteStreet2", "address.siteAddress2"),
    ("startDate", STARTS),
    ("state", "address.usaState"),
    ("status", STATUS),
    ("surname", "root.surname"),
    ("terminationDate", ENDS),
    ("terminationReason", "internal.terminationReason"),
    ("terminationType", "internal.terminationType"),
    ("title", "work.title"),
    ("weeklyHours", "payroll.employment.weeklyHours"),
    ("workEmail", EMAIL),
    ("workMobile", "work.workMobile"),
    ("workPhone", "work.workPhone"),
    ("zip", "address.postCode"),
    ("zipcode", "address.postCode"),
];

/// Fields whose values are items of a list, and that list's name. Sorted.
///
/// `work.siteId` is not among them, although it names an item of `site`: the item's name is `work.site`, and whoever
/// asks for the id wants it.
const LISTS: [(&str, &str); 17] = [
    ("address.country", "countries"),
    ("address.siteCountry", "countries"),
    ("employee.orgLevel", "orgLevels"),
    (LIFECYCLE, "lifecycleStatus"),
    (STATUS, "status"),
    ("internal.terminationReason", "terminationreason"),
    ("internal.terminationType", "lifecycleReasonType"),
    ("payroll.employment.contract", "employmentstatus"),
    ("payroll.employment.flsaCode", "flsaCode"),
    ("payroll.employment.salaryPayType", "salaryPayType"),
    ("payroll.employment.type", "payrollEmploymentType"),
    ("personal.honorific", "honorific"),
    ("personal.pronouns", "pronouns"),
    ("root.state", "state"),
    ("work.department", "department"),
    ("work.title", "title"),
    ("work.workChangeType", "workChangeType"),
];

/// Fields that are known to be no lists, besides those that have a name of ours. Sorted.
const PLAIN: [&str; 13] = [
    "address.fullAddress",
    "employee.firstDayOfWork",
    "employee.recentLeaveEndDate",
    "employee.recentLeaveStartDate",
    "root.companyId",
    "root.creationDate",
    "root.creationDateTime",
    MANAGER,
    REPORTS_TO,
    "work.reportsTo.email",
    "work.reportsToIdInCompany",
    "work.secondLevelManager",
    "work.siteId",
];

/// What is known of a field's kind without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its value is what it says.
    Plain,
    /// Its value is an item of this list.
    List(&'static str),
    /// The company made it, or HiBob did after this was written: its own list of fields says.
    Unknown,
}

/// The kind of a field.
pub(crate) fn kind(id: &str) -> Kind {
    if let Ok(at) = LISTS.binary_search_by(|(known, _)| (*known).cmp(id)) {
        return Kind::List(LISTS[at].1);
    }
    let plain = PLAIN.binary_search(&id).is_ok() || NAMES.iter().any(|(_, theirs)| *theirs == id);
    if plain { Kind::Plain } else { Kind::Unknown }
}

/// The field that a name of the rules means, or that `[connection.fields]` gives for one. What has a dot is HiBob's own;
/// what nobody knows is asked for as it is, so that `hirewire check` tells that nothing comes back.
pub(crate) fn theirs(name: &str) -> &str {
    // The id within is no field: it comes with the whole.
    if matches!(name, "work.reportsTo.id") {
        return REPORTS_TO;
    }
    NAMES.binary_search_by(|(ours, _)| (*ours).cmp(name)).map_or(name, |at| NAMES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bob::fixture::connection;

    #[test]
    fn tables_are_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(LISTS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(PLAIN.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_field_of_the_default_table_has_its_name() {
        let fields = connection("").rules.fields();
        assert!(fields.len() > 20, "the whole table: {fields:?}");
        for field in fields {
            assert!(theirs(&field).contains('.') && kind(theirs(&field)) != Kind::Unknown, "{field}");
        }
    }

    #[test]
    fn names_ids_and_unknown_words() {
        assert_eq!(theirs("lastName"), "root.surname");
        assert_eq!(theirs("middleName"), "root.secondName");
        assert_eq!(theirs("work.custom.field_1"), "work.custom.field_1");
        assert_eq!(theirs("work.reportsTo.id"), "work.reportsTo");
        assert_eq!(theirs("preferredName"), "preferredName");
        assert_eq!(kind("work.title"), Kind::List("title"));
        assert_eq!(kind("work.siteId"), Kind::Plain);
        assert_eq!(kind("work.custom.field_1"), Kind::Unknown);
        assert_eq!(kind("preferredName"), Kind::Unknown);
    }
}
