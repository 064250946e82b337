//! What is mapped unless the file says otherwise: each vendor's own table for JumpCloud.

use super::SourceKind;

/// One line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultLine {
    /// The slot in JumpCloud.
    pub attribute: &'static str,
    /// The HR field, or the expression over such.
    pub from: &'static str,
}

/// Where the work e-mail comes from in every HR system: readers know it by this name.
pub(super) const EMAIL: &str = "workEmail";

const fn line(attribute: &'static str, from: &'static str) -> DefaultLine {
    DefaultLine { attribute, from }
}

/// BambooHR's own table, with the optional lines.
const BAMBOOHR: [DefaultLine; 25] = [
    line("email", "workEmail"),
    line("firstname", "firstName"),
    line("middlename", "middleName"),
    line("lastname", "lastName"),
    line("displayname", r#"trim(first(preferredName, firstName) + " " + lastName)"#),
    line("employeeIdentifier", "employeeNumber"),
    line("jobTitle", "jobTitle"),
    line("department", "department"),
    line("company", "division"),
    line("location", "location"),
    line("phone.work", r#"workPhoneExtension == "" ? workPhone : trim(workPhone + " x" + workPhoneExtension)"#),
    line("phone.home", "homePhone"),
    line("phone.mobile", "mobilePhone"),
    line("address.work.streetAddress", "locationStreet"),
    line("address.work.extendedAddress", "locationStreet2"),
    line("address.work.locality", "locationCity"),
    line("address.work.region", "locationState"),
    line("address.work.postalCode", "locationPostcode"),
    line("address.work.country", "locationCountry"),
    line("address.home.streetAddress", "address1"),
    line("address.home.extendedAddress", "address2"),
    line("address.home.locality", "city"),
    line("address.home.region", "state"),
    line("address.home.postalCode", "zipcode"),
    line("address.home.country", "country"),
];

/// The tables of HiBob's own provisioning and of JumpCloud's page on it, with the addresses that HiBob has besides.
const BOB: [DefaultLine; 26] = [
    line("email", "workEmail"),
    line("firstname", "firstName"),
    line("middlename", "middleName"),
    line("lastname", "lastName"),
    line("displayname", "displayName"),
    line("employeeIdentifier", "employeeNumber"),
    line("jobTitle", "jobTitle"),
    line("department", "department"),
    line("location", "site"),
    line("employeeType", "employmentType"),
    line("phone.work", "workPhone"),
    line("phone.work_mobile", "workMobile"),
    line("phone.home", "homePhone"),
    line("phone.mobile", "mobilePhone"),
    line("address.work.streetAddress", "siteStreet"),
    line("address.work.extendedAddress", "siteStreet2"),
    line("address.work.locality", "siteCity"),
    line("address.work.region", "siteState"),
    line("address.work.postalCode", "sitePostcode"),
    line("address.work.country", "siteCountry"),
    line("address.home.streetAddress", "address1"),
    line("address.home.extendedAddress", "address2"),
    line("address.home.locality", "city"),
    line("address.home.region", "state"),
    line("address.home.postalCode", "zipcode"),
    line("address.home.country", "country"),
];

/// The table of one HR system.
pub fn attributes(source: SourceKind) -> &'static [DefaultLine] {
    match source {
        SourceKind::BambooHr => &BAMBOOHR,
        SourceKind::Bob => &BOB,
    }
}

/// The HR field that names a person's site.
pub(super) fn site_field(source: SourceKind) -> &'static str {
    match source {
        SourceKind::BambooHr => "location",
        SourceKind::Bob => "site",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JumpCloud's page on BambooHR, line by line; both street lines are one there. The user name is a rule of its own.
    const PAGE_ON_BAMBOOHR: [(&str, &str); 25] = [
        ("workEmail", "email"),
        ("firstName", "firstname"),
        ("lastName", "lastname"),
        ("preferredName", "displayname"),
        ("middleName", "middlename"),
        ("employeeNumber", "employeeIdentifier"),
        ("jobTitle", "jobTitle"),
        ("division", "company"),
        ("department", "department"),
        ("location", "location"),
        ("locationCountry", "address.work.country"),
        ("locationStreet", "address.work.streetAddress"),
        ("locationStreet2", "address.work.extendedAddress"),
        ("locationCity", "address.work.locality"),
        ("locationState", "address.work.region"),
        ("locationPostcode", "address.work.postalCode"),
        ("workPhoneExtension", "phone.work"),
        ("homePhone", "phone.home"),
        ("mobilePhone", "phone.mobile"),
        ("address1", "address.home.streetAddress"),
        ("address2", "address.home.extendedAddress"),
        ("city", "address.home.locality"),
        ("state", "address.home.region"),
        ("zipcode", "address.home.postalCode"),
        ("country", "address.home.country"),
    ];

    /// The same of HiBob's own page and of JumpCloud's on it.
    const PAGES_ON_BOB: [(&str, &str); 12] = [
        ("workEmail", "email"),
        ("firstName", "firstname"),
        ("lastName", "lastname"),
        ("middleName", "middlename"),
        ("displayName", "displayname"),
        ("workPhone", "phone.work"),
        ("workMobile", "phone.work_mobile"),
        ("jobTitle", "jobTitle"),
        ("department", "department"),
        ("employeeNumber", "employeeIdentifier"),
        ("site", "location"),
        ("employmentType", "employeeType"),
    ];

    #[test]
    fn each_line_of_the_vendors_own_tables_is_there() {
        let pages = [(SourceKind::BambooHr, &PAGE_ON_BAMBOOHR[..]), (SourceKind::Bob, &PAGES_ON_BOB)];
        for (source, page) in pages {
            for (field, slot) in page {
                let found = attributes(source).iter().any(|line| line.attribute == *slot && line.from.contains(field));
                assert!(found, "{source:?}: {field} to {slot}");
            }
        }
    }
}
