//! A JumpCloud user as JumpCloud states it, on our terms.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attribute::{AddressKind, AddressPart, Attribute, PhoneKind};
use crate::employee::{EmployeeKey, NotAnId, id};

/// The name of the custom attribute that carries the link on the account itself.
///
/// Letters and digits only, as JumpCloud wants for custom attributes.
pub const LINK_ATTRIBUTE: &str = "hirewireId";

id!(
    /// A JumpCloud user's id: 24 hexadecimal digits.
    AccountId, "a JumpCloud user id", 24, "hexadecimal digits", |c| c.is_ascii_hexdigit()
);
id!(
    /// A JumpCloud group's id: 24 hexadecimal digits.
    GroupId, "a JumpCloud group id", 24, "hexadecimal digits", |c| c.is_ascii_hexdigit()
);
id!(
    /// A JumpCloud device's ("system's") id: 24 hexadecimal digits.
    DeviceId, "a JumpCloud device id", 24, "hexadecimal digits", |c| c.is_ascii_hexdigit()
);
id!(
    /// A JumpCloud user group's name.
    GroupName, "a group name", 255, "any character but control characters", |c| !c.is_control()
);

/// JumpCloud's user state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccountState {
    /// Prepared: no access whatever, and no way back to it once left.
    Staged,
    /// May work.
    Activated,
    /// No access.
    Suspended,
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccountState::Staged => "Staged",
            AccountState::Activated => "Active",
            AccountState::Suspended => "Suspended",
        })
    }
}

/// JumpCloud's activation mail, by which people choose their first password.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mail {
    /// None is sent.
    #[default]
    Withheld,
    /// To the account's alternate address, else to its own.
    Sent,
    /// To this address.
    To(Box<str>),
}

/// Addresses stay out of logs.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mail::Withheld => "Withheld",
            Mail::Sent => "Sent",
            Mail::To(_) => "To(…)",
        })
    }
}

/// One phone number of an account. JumpCloud replaces the whole list on a write, so kinds we do not know are kept too.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// JumpCloud's `type`.
    #[serde(rename = "type", default)]
    pub kind: Box<str>,
    /// As written.
    #[serde(default)]
    pub number: Box<str>,
}

/// One address of an account, with every part that JumpCloud documents.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// JumpCloud's `type`.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// Street.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub street_address: Box<str>,
    /// Second line.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub extended_address: Box<str>,
    /// Post-office box.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub po_box: Box<str>,
    /// City.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub locality: Box<str>,
    /// State or province.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub region: Box<str>,
    /// Postcode.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub postal_code: Box<str>,
    /// Country.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub country: Box<str>,
}

impl Address {
    /// One part of it.
    pub fn part(&self, part: AddressPart) -> &str {
        match part {
            AddressPart::Street => &self.street_address,
            AddressPart::Extended => &self.extended_address,
            AddressPart::City => &self.locality,
            AddressPart::State => &self.region,
            AddressPart::Postcode => &self.postal_code,
            AddressPart::Country => &self.country,
        }
    }

    /// The same, to write.
    pub fn part_mut(&mut self, part: AddressPart) -> &mut Box<str> {
        match part {
            AddressPart::Street => &mut self.street_address,
            AddressPart::Extended => &mut self.extended_address,
            AddressPart::City => &mut self.locality,
            AddressPart::State => &mut self.region,
            AddressPart::Postcode => &mut self.postal_code,
            AddressPart::Country => &mut self.country,
        }
    }

    /// Whether nothing is left in it.
    pub fn is_blank(&self) -> bool {
        *self == Address { kind: self.kind.clone(), ..Address::default() }
    }
}

/// One custom attribute of an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomAttribute {
    /// Its name, case kept.
    pub name: Box<str>,
    /// Its value.
    #[serde(default)]
    pub value: Box<str>,
}

/// A JumpCloud user, as far as Hirewire looks at one: what may be mapped, and what must survive a write.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Set at creation; changed by us only where the rules say that it follows a rename in HR.
    pub username: Box<str>,
    /// Lower-cased here; JumpCloud keeps one per account.
    pub email: Box<str>,
    /// Its state.
    pub state: AccountState,
    /// The manager's account.
    pub manager: Option<AccountId>,
    /// Plain text attributes that are not empty, in the order of [`Attribute`].
    pub texts: Vec<(Attribute, Box<str>)>,
    /// Phone numbers.
    pub phones: Vec<Phone>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Custom attributes, ours and others'.
    pub custom: Vec<CustomAttribute>,
}

/// Personal values stay out of logs.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({}, {:?})", self.id, self.state)
    }
}

impl Account {
    /// What the account holds in one slot; `None` when empty.
    pub fn get(&self, attribute: &Attribute) -> Option<&str> {
        let text = match attribute {
            Attribute::Email => &*self.email,
            Attribute::Phone(kind) => self.phone(*kind)?,
            Attribute::Address(kind, part) => self.address(*kind)?.part(*part),
            Attribute::Custom(name) => self.custom_value(name)?,
            Attribute::FirstName
            | Attribute::MiddleName
            | Attribute::LastName
            | Attribute::DisplayName
            | Attribute::EmployeeIdentifier
            | Attribute::JobTitle
            | Attribute::Department
            | Attribute::Company
            | Attribute::CostCenter
            | Attribute::Location
            | Attribute::EmployeeType
            | Attribute::Description
            | Attribute::AlternateEmail
            | Attribute::ManagedAppleId => self.texts.iter().find(|(a, _)| a == attribute).map(|(_, t)| &**t)?,
        };
        (!text.is_empty()).then_some(text)
    }

    fn phone(&self, kind: PhoneKind) -> Option<&str> {
        self.phones.iter().find(|p| &*p.kind == kind.wire()).map(|p| &*p.number)
    }

    fn address(&self, kind: AddressKind) -> Option<&Address> {
        self.addresses.iter().find(|a| &*a.kind == kind.wire())
    }

    fn custom_value(&self, name: &str) -> Option<&str> {
        self.custom.iter().find(|c| &*c.name == name).map(|c| &*c.value)
    }

    /// The person whom the account itself names as its own (`hirewireId`).
    pub fn link(&self) -> Option<EmployeeKey> {
        EmployeeKey::parse(self.custom_value(LINK_ATTRIBUTE)?)
    }
}
