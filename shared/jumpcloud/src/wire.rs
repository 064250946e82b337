//! JumpCloud's JSON, read straight into our own types. Unknown keys are ignored, nulls are nothing.

use std::collections::BTreeMap;
use std::fmt;

use mapping::account::{
    Account, AccountId, AccountState, Address, CustomAttribute, DeviceId, GroupId, GroupName, Phone,
};
use mapping::attribute::Attribute;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, Visitor};

use crate::group::Group;

/// A text, however it is written: custom attributes of old accounts hold numbers and flags too.
#[derive(Default)]
struct Text(Box<str>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.into()))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(text.into()))
            }
            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_bool<E: Error>(self, flag: bool) -> Result<Text, E> {
                Ok(Text(flag.to_string().into()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string().into()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string().into()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string().into()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A list that may be null, and so may its entries.
type List<T> = Option<Vec<Option<T>>>;

fn listed<T, U>(list: List<T>, ours: impl Fn(T) -> U) -> Vec<U> {
    let mut listed: Vec<U> = list.unwrap_or_default().into_iter().flatten().map(ours).collect();
    // A survey holds everyone's: room for three more of each is most of what it would hold.
    listed.shrink_to_fit();
    listed
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PhoneWire {
    r#type: Text,
    number: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AddressWire {
    r#type: Text,
    street_address: Text,
    extended_address: Text,
    po_box: Text,
    locality: Text,
    region: Text,
    postal_code: Text,
    country: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CustomWire {
    name: Text,
    value: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UserWire {
    #[serde(rename = "_id")]
    mongo_id: Text,
    id: Text,
    username: Text,
    email: Text,
    state: Text,
    suspended: Option<bool>,
    manager: Text,
    firstname: Text,
    middlename: Text,
    lastname: Text,
    displayname: Text,
    employee_identifier: Text,
    job_title: Text,
    department: Text,
    company: Text,
    cost_center: Text,
    location: Text,
    employee_type: Text,
    description: Text,
    alternate_email: Text,
    managed_apple_id: Text,
    phone_numbers: List<PhoneWire>,
    addresses: List<AddressWire>,
    attributes: List<CustomWire>,
}

/// A user, read.
#[derive(Deserialize)]
#[serde(try_from = "UserWire")]
pub(crate) struct User(pub(crate) Account);

impl TryFrom<UserWire> for User {
    type Error = &'static str;

    fn try_from(wire: UserWire) -> Result<User, &'static str> {
        let id = if wire.id.0.is_empty() { wire.mongo_id } else { wire.id };
        let id = AccountId::parse(&id.0).map_err(|_| "a user without an id")?;
        let state = state(&wire.state.0, wire.suspended).ok_or("a user in a state that we do not know")?;
        let texts = [
            (Attribute::FirstName, wire.firstname),
            (Attribute::MiddleName, wire.middlename),
            (Attribute::LastName, wire.lastname),
            (Attribute::DisplayName, wire.displayname),
            (Attribute::EmployeeIdentifier, wire.employee_identifier),
            (Attribute::JobTitle, wire.job_title),
            (Attribute::Department, wire.department),
            (Attribute::Company, wire.company),
            (Attribute::CostCenter, wire.cost_center),
            (Attribute::Location, wire.location),
            (Attribute::EmployeeType, wire.employee_type),
            (Attribute::Description, wire.description),
            (Attribute::AlternateEmail, wire.alternate_email),
            (Attribute::ManagedAppleId, wire.managed_apple_id),
        ];
        let mut filled = Vec::with_capacity(texts.iter().filter(|(_, text)| !text.0.is_empty()).count());
        filled.extend(texts.into_iter().filter(|(_, text)| !text.0.is_empty()).map(|(slot, text)| (slot, text.0)));
        Ok(User(Account {
            id,
            username: wire.username.0,
            email: lower(wire.email.0),
            state,
            // A manager that is no id is nobody's.
            manager: AccountId::parse(&wire.manager.0).ok(),
            texts: filled,
            phones: listed(wire.phone_numbers, |phone| Phone { kind: phone.r#type.0, number: phone.number.0 }),
            addresses: listed(wire.addresses, |address| Address {
                kind: address.r#type.0,
                street_address: address.street_address.0,
                extended_address: address.extended_address.0,
                po_box: address.po_box.0,
                locality: address.locality.0,
                region: address.region.0,
                postal_code: address.postal_code.0,
                country: address.country.0,
            }),
            custom: listed(wire.attributes, |custom| CustomAttribute { name: custom.name.0, value: custom.value.0 }),
        }))
    }
}

fn lower(email: Box<str>) -> Box<str> {
    if email.chars().any(char::is_uppercase) { email.to_lowercase().into() } else { email }
}

/// Before 2021-11 there was only `suspended`.
fn state(name: &str, suspended: Option<bool>) -> Option<AccountState> {
    match (name, suspended) {
        ("STAGED", _) => Some(AccountState::Staged),
        ("ACTIVATED", _) | ("", Some(false) | None) => Some(AccountState::Activated),
        ("SUSPENDED", _) | ("", Some(true)) => Some(AccountState::Suspended),
        _ => None,
    }
}

/// A page of a v1 list, or of the search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing<T> {
    pub(crate) total_count: Option<usize>,
    pub(crate) results: Vec<T>,
}

/// An organisation.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct OrganisationWire {
    #[serde(rename = "_id")]
    pub(crate) mongo_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) display_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupWire {
    id: Text,
    name: Text,
    membership_method: Text,
    member_query: Filled,
}

/// Whether there is anything, of whatever kind.
#[derive(Default)]
struct Filled(bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Filled, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Query {
            Map(BTreeMap<String, IgnoredAny>),
            Other(IgnoredAny),
        }
        let query = Option::<Query>::deserialize(deserializer)?;
        Ok(Filled(match query {
            None => false,
            Some(Query::Map(map)) => !map.is_empty(),
            Some(Query::Other(IgnoredAny)) => true,
        }))
    }
}

/// A group, read.
#[derive(Deserialize)]
#[serde(try_from = "GroupWire")]
pub(crate) struct GroupRead {
    pub(crate) id: Box<str>,
    /// `None` where its name is one that no rule can have.
    pub(crate) group: Option<Group>,
}

impl TryFrom<GroupWire> for GroupRead {
    type Error = &'static str;

    fn try_from(wire: GroupWire) -> Result<GroupRead, &'static str> {
        let id = GroupId::parse(&wire.id.0).map_err(|_| "a group without an id")?;
        // A query fills the group, or will once somebody approves what it suggests.
        let dynamic = wire.membership_method.0.starts_with("DYNAMIC") || wire.member_query.0;
        let group = GroupName::parse(&wire.name.0).ok().map(|name| Group { id, name, dynamic });
        Ok(GroupRead { id: wire.id.0, group })
    }
}

/// One end of an edge of the graph.
#[derive(Deserialize)]
struct End {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    r#type: Text,
}

#[derive(Deserialize)]
struct EdgeWire {
    to: End,
}

/// An edge from a group to a member.
#[derive(Deserialize)]
#[serde(try_from = "EdgeWire")]
pub(crate) struct Member {
    pub(crate) id: Box<str>,
    /// `None` for a member that is not a user.
    pub(crate) account: Option<AccountId>,
}

impl TryFrom<EdgeWire> for Member {
    type Error = &'static str;

    fn try_from(edge: EdgeWire) -> Result<Member, &'static str> {
        let account = match &*edge.to.r#type.0 {
            "user" | "" => Some(AccountId::parse(&edge.to.id.0).map_err(|_| "a member without an id")?),
            _ => None,
        };
        Ok(Member { id: edge.to.id.0, account })
    }
}

/// An edge from a user to a device.
#[derive(Deserialize)]
#[serde(try_from = "EdgeWire")]
pub(crate) struct Bound {
    pub(crate) id: Box<str>,
    /// `None` for what is no device.
    pub(crate) device: Option<DeviceId>,
}

impl TryFrom<EdgeWire> for Bound {
    type Error = &'static str;

    fn try_from(edge: EdgeWire) -> Result<Bound, &'static str> {
        let device = match &*edge.to.r#type.0 {
            "system" | "" => Some(DeviceId::parse(&edge.to.id.0).map_err(|_| "a device without an id")?),
            _ => None,
        };
        Ok(Bound { id: edge.to.id.0, device })
    }
}

#[derive(Deserialize)]
struct ReachedWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    r#type: Text,
    #[serde(default)]
    paths: Option<Vec<Vec<IgnoredAny>>>,
}

/// Something a user is a member of.
#[derive(Deserialize)]
#[serde(try_from = "ReachedWire")]
pub(crate) struct Membership {
    pub(crate) id: Box<str>,
    /// `None` unless it is a group that the user is in directly.
    pub(crate) group: Option<GroupId>,
}

impl TryFrom<ReachedWire> for Membership {
    type Error = &'static str;

    fn try_from(reached: ReachedWire) -> Result<Membership, &'static str> {
        // Without paths nothing says that it is indirect.
        let direct = reached.paths.is_none_or(|paths| paths.is_empty() || paths.iter().any(|path| path.len() == 1));
        let group = match &*reached.r#type.0 {
            "user_group" | "" if direct => Some(GroupId::parse(&reached.id.0).map_err(|_| "a group without an id")?),
            _ => None,
        };
        Ok(Membership { id: reached.id.0, group })
    }
}

/// JSON that cannot be read, in words that repeat nothing of it: it holds people's data.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it is cut short",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is no JSON",
        serde_json::error::Category::Data => "it has another shape than expected",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests;
