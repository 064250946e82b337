//! The slots of a JumpCloud account that rules can fill.
//!
//! A new one is a variant here, a name in [`Attribute::parse`] or [`PLAIN`], and its place on the wire.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::account::LINK_ATTRIBUTE;
use crate::employee::VALUE_LIMIT;

/// The longest name of a custom attribute, in characters (JumpCloud: under 32).
pub const CUSTOM_NAME_LIMIT: usize = 31;

/// The longest `employeeIdentifier`, in characters, as JumpCloud documents it.
pub const IDENTIFIER_LIMIT: usize = 256;

/// One slot of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Attribute {
    /// `email`
    Email,
    /// `firstname`
    FirstName,
    /// `middlename`
    MiddleName,
    /// `lastname`
    LastName,
    /// `displayname`
    DisplayName,
    /// `employeeIdentifier`: unique in the organisation
    EmployeeIdentifier,
    /// `jobTitle`
    JobTitle,
    /// `department`
    Department,
    /// `company`
    Company,
    /// `costCenter`
    CostCenter,
    /// `location`
    Location,
    /// `employeeType`
    EmployeeType,
    /// `description`
    Description,
    /// `alternateEmail`
    AlternateEmail,
    /// `managedAppleId`
    ManagedAppleId,
    /// `phone.KIND`
    Phone(PhoneKind),
    /// `address.KIND.PART`
    Address(AddressKind, AddressPart),
    /// `custom.NAME`
    Custom(Arc<str>),
}

/// Which phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneKind {
    /// Office.
    Work,
    /// Private, at home.
    Home,
    /// Private, mobile.
    Mobile,
    /// The company's mobile.
    WorkMobile,
    /// Office fax.
    WorkFax,
}

/// Which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// The site.
    Work,
    /// The person's own.
    Home,
}

/// Which part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressPart {
    /// `streetAddress`
    Street,
    /// `extendedAddress`
    Extended,
    /// `locality`
    City,
    /// `region`
    State,
    /// `postalCode`
    Postcode,
    /// `country`
    Country,
}

/// The plain text attributes with their JumpCloud names, which rules use too.
pub const PLAIN: [(Attribute, &str); 15] = [
    (Attribute::Email, "email"),
    (Attribute::FirstName, "firstname"),
    (Attribute::MiddleName, "middlename"),
    (Attribute::LastName, "lastname"),
    (Attribute::DisplayName, "displayname"),
    (Attribute::EmployeeIdentifier, "employeeIdentifier"),
    (Attribute::JobTitle, "jobTitle"),
    (Attribute::Department, "department"),
    (Attribute::Company, "company"),
    (Attribute::CostCenter, "costCenter"),
    (Attribute::Location, "location"),
    (Attribute::EmployeeType, "employeeType"),
    (Attribute::Description, "description"),
    (Attribute::AlternateEmail, "alternateEmail"),
    (Attribute::ManagedAppleId, "managedAppleId"),
];

const PHONES: [PhoneKind; 5] =
    [PhoneKind::Work, PhoneKind::Home, PhoneKind::Mobile, PhoneKind::WorkMobile, PhoneKind::WorkFax];
const ADDRESSES: [AddressKind; 2] = [AddressKind::Work, AddressKind::Home];
const PARTS: [AddressPart; 6] = [
    AddressPart::Street,
    AddressPart::Extended,
    AddressPart::City,
    AddressPart::State,
    AddressPart::Postcode,
    AddressPart::Country,
];

impl PhoneKind {
    /// JumpCloud's `type`.
    pub fn wire(self) -> &'static str {
        match self {
            PhoneKind::Work => "work",
            PhoneKind::Home => "home",
            PhoneKind::Mobile => "mobile",
            PhoneKind::WorkMobile => "work_mobile",
            PhoneKind::WorkFax => "work_fax",
        }
    }
}

impl AddressKind {
    /// JumpCloud's `type`.
    pub fn wire(self) -> &'static str {
        match self {
            AddressKind::Work => "work",
            AddressKind::Home => "home",
        }
    }
}

impl AddressPart {
    /// JumpCloud's key.
    pub fn wire(self) -> &'static str {
        match self {
            AddressPart::Street => "streetAddress",
            AddressPart::Extended => "extendedAddress",
            AddressPart::City => "locality",
            AddressPart::State => "region",
            AddressPart::Postcode => "postalCode",
            AddressPart::Country => "country",
        }
    }
}

/// Every name that is not of the company's own making.
pub fn names() -> impl Iterator<Item = String> {
    let plain = PLAIN.iter().map(|(_, name)| (*name).to_owned());
    let phones = PHONES.iter().map(|kind| format!("phone.{}", kind.wire()));
    let part = |kind: &AddressKind| PARTS.map(|part| format!("address.{}.{}", kind.wire(), part.wire()));
    plain.chain(phones).chain(ADDRESSES.iter().flat_map(part))
}

/// Why a name is no attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAttribute {
    /// No such slot.
    #[error("there is no attribute `{0}`")]
    Unknown(String),
    /// JumpCloud's rule for custom names.
    #[error("custom attribute names are 1 to {CUSTOM_NAME_LIMIT} letters and digits, which `{0}` is not")]
    CustomName(String),
    /// Our own.
    #[error("`{LINK_ATTRIBUTE}` is Hirewire's own; choose another name")]
    OwnName,
}

impl Attribute {
    /// Reads the name that rules use: JumpCloud's own, with dots inside phones, addresses and custom attributes.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn parse(name: &str) -> Result<Attribute, NotAnAttribute> {
        let unknown = || NotAnAttribute::Unknown(name.to_owned());
        let parts: Vec<&str> = name.split('.').collect();
        match parts[..] {
            [plain] => PLAIN.iter().find(|(_, n)| *n == plain).map(|(a, _)| a.clone()).ok_or_else(unknown),
            ["phone", kind] => PHONES.into_iter().find(|k| k.wire() == kind).map(Attribute::Phone).ok_or_else(unknown),
            ["address", kind, part] => {
                let kind = ADDRESSES.into_iter().find(|k| k.wire() == kind).ok_or_else(unknown)?;
                let part = PARTS.into_iter().find(|p| p.wire() == part).ok_or_else(unknown)?;
                Ok(Attribute::Address(kind, part))
            }
            ["custom", custom] if custom.eq_ignore_ascii_case(LINK_ATTRIBUTE) => Err(NotAnAttribute::OwnName),
            ["custom", custom] => {
                let fits = (1..=CUSTOM_NAME_LIMIT).contains(&custom.len());
                let letters = custom.bytes().all(|b| b.is_ascii_alphanumeric());
                if fits && letters {
                    Ok(Attribute::Custom(custom.into()))
                } else {
                    Err(NotAnAttribute::CustomName(custom.to_owned()))
                }
            }
            _ => Err(unknown()),
        }
    }

    /// The longest value it takes, in characters. A longer one is refused, not cut.
    pub fn limit(&self) -> usize {
        if *self == Attribute::EmployeeIdentifier { IDENTIFIER_LIMIT } else { VALUE_LIMIT }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attribute::Phone(kind) => write!(f, "phone.{}", kind.wire()),
            Attribute::Address(kind, part) => write!(f, "address.{}.{}", kind.wire(), part.wire()),
            Attribute::Custom(name) => write!(f, "custom.{name}"),
            plain => {
                let (_, name) = PLAIN.iter().find(|(a, _)| a == plain).expect("every other attribute is plain");
                f.write_str(name)
            }
        }
    }
}

impl TryFrom<String> for Attribute {
    type Error = NotAnAttribute;
    fn try_from(name: String) -> Result<Attribute, NotAnAttribute> {
        Attribute::parse(&name)
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> String {
        attribute.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for name in names().chain(["custom.badge7".to_owned()]) {
            assert_eq!(Attribute::parse(&name).expect("a name").to_string(), name);
        }
    }

    #[test]
    fn wrong_names_are_refused() {
        assert!(matches!(Attribute::parse("jobtitle"), Err(NotAnAttribute::Unknown(_))));
        assert!(matches!(Attribute::parse("custom.cost_centre"), Err(NotAnAttribute::CustomName(_))));
        assert_eq!(Attribute::parse("custom.hirewireId"), Err(NotAnAttribute::OwnName));
    }
}
