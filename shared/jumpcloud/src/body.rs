//! What a create or an update says. JumpCloud merges scalars and replaces arrays whole, so arrays are merged here.

use mapping::account::{Account, AccountId, AccountState, Address, CustomAttribute, Phone};
use mapping::attribute::{AddressKind, AddressPart, Attribute, PLAIN, PhoneKind};
use mapping::plan::Change;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::account::NewAccount;

/// The body that makes an account. The state is always said: without it the organisation's default would count.
pub(crate) fn create(new: &NewAccount<'_>) -> Value {
    let mut body = Map::new();
    body.insert("username".to_owned(), new.username.into());
    body.insert("state".to_owned(), state_name(new.born()).into());
    if let Some(password) = new.password {
        body.insert("password".to_owned(), password.expose().into());
    }
    if let Some(manager) = new.manager {
        body.insert("manager".to_owned(), manager.as_str().into());
    }
    let nothing = Arrays::default();
    // There is nothing to clear on a new account.
    fill(&mut body, nothing, new.values.iter().filter(|change| change.to.is_some()));
    Value::Object(body)
}

/// What an update takes.
#[derive(Debug, PartialEq)]
pub(crate) struct Update {
    /// The body of a PUT, where there is something to put.
    pub(crate) put: Option<Value>,
    /// Whether the account leaves STAGED, for which there is a call of its own.
    pub(crate) activate: bool,
}

/// The body that changes an account: only what changes, and whole lists where a change touches one.
pub(crate) fn update(
    account: &Account,
    state: Option<AccountState>,
    username: Option<&str>,
    changes: &[Change],
    manager: Option<Option<&AccountId>>,
) -> Update {
    let activate = (account.state, state) == (AccountState::Staged, Some(AccountState::Activated));
    let mut body = match state {
        Some(state) if !activate => state_body(state),
        _ => Map::new(),
    };
    if let Some(username) = username {
        body.insert("username".to_owned(), username.into());
    }
    if let Some(manager) = manager {
        body.insert("manager".to_owned(), manager.map_or(Value::Null, |id| id.as_str().into()));
    }
    let arrays = Arrays {
        phones: account.phones.clone(),
        addresses: account.addresses.clone(),
        custom: account.custom.clone(),
        ..Arrays::default()
    };
    fill(&mut body, arrays, changes.iter());
    Update { put: (!body.is_empty()).then_some(Value::Object(body)), activate }
}

/// The same with null in place of each `""`; `None` where there is none.
pub(crate) fn clearing_by_null(put: &Value) -> Option<Value> {
    let mut body = put.as_object()?.clone();
    let empty: Vec<&mut Value> = body.values_mut().filter(|value| *value == "").collect();
    if empty.is_empty() {
        return None;
    }
    empty.into_iter().for_each(|value| *value = Value::Null);
    Some(Value::Object(body))
}

/// `state` and its mirror, which must agree. There is no way back to STAGED, so that is never put.
pub(crate) fn state_body(state: AccountState) -> Map<String, Value> {
    let suspended = match state {
        AccountState::Staged => return Map::new(),
        AccountState::Activated => false,
        AccountState::Suspended => true,
    };
    let pairs = [("state", Value::from(state_name(state))), ("suspended", Value::from(suspended))];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn state_name(state: AccountState) -> &'static str {
    match state {
        AccountState::Staged => "STAGED",
        AccountState::Activated => "ACTIVATED",
        AccountState::Suspended => "SUSPENDED",
    }
}

/// The lists of an account, as they shall be, and which of them a change touches.
#[derive(Default)]
struct Arrays {
    phones: Vec<Phone>,
    addresses: Vec<Address>,
    custom: Vec<CustomAttribute>,
    phones_touched: bool,
    addresses_touched: bool,
    custom_touched: bool,
}

fn fill<'a>(body: &mut Map<String, Value>, mut arrays: Arrays, changes: impl Iterator<Item = &'a Change>) {
    for Change { attribute, to, .. } in changes {
        let to = to.as_deref();
        match attribute {
            Attribute::Phone(kind) => arrays.set_phone(*kind, to),
            Attribute::Address(kind, part) => arrays.set_address(*kind, *part, to),
            Attribute::Custom(name) => arrays.set_custom(name, to),
            // An account keeps its e-mail address.
            Attribute::Email => drop(to.map(|email| body.insert("email".to_owned(), email.to_lowercase().into()))),
            // It reads back as null, and "" twice would not be unique.
            Attribute::EmployeeIdentifier => {
                body.insert("employeeIdentifier".to_owned(), to.map_or(Value::Null, Value::from));
            }
            Attribute::FirstName
            | Attribute::MiddleName
            | Attribute::LastName
            | Attribute::DisplayName
            | Attribute::JobTitle
            | Attribute::Department
            | Attribute::Company
            | Attribute::CostCenter
            | Attribute::Location
            | Attribute::EmployeeType
            | Attribute::Description
            | Attribute::AlternateEmail
            | Attribute::ManagedAppleId => {
                let name = PLAIN.iter().find(|(plain, _)| plain == attribute).map(|(_, name)| *name);
                drop(name.map(|name| body.insert(name.to_owned(), to.unwrap_or_default().into())));
            }
        }
    }
    arrays.addresses.retain(|address| !address.is_blank());
    if arrays.phones_touched {
        body.insert("phoneNumbers".to_owned(), list(&arrays.phones));
    }
    if arrays.addresses_touched {
        body.insert("addresses".to_owned(), list(&arrays.addresses));
    }
    if arrays.custom_touched {
        body.insert("attributes".to_owned(), list(&arrays.custom));
    }
}

fn list(items: &[impl Serialize]) -> Value {
    // Texts in structs always are JSON.
    items.iter().map(|item| serde_json::to_value(item).unwrap_or_default()).collect()
}

impl Arrays {
    fn set_phone(&mut self, kind: PhoneKind, to: Option<&str>) {
        self.phones_touched = true;
        let kind = kind.wire();
        let Some(number) = to else {
            // Every one of the kind: the next one would only come up for clearing in the next run.
            self.phones.retain(|phone| &*phone.kind != kind);
            return;
        };
        match self.phones.iter_mut().find(|phone| &*phone.kind == kind) {
            Some(phone) => phone.number = number.into(),
            None => self.phones.push(Phone { kind: kind.into(), number: number.into() }),
        }
    }

    fn set_address(&mut self, kind: AddressKind, part: AddressPart, to: Option<&str>) {
        self.addresses_touched = true;
        let kind = kind.wire();
        let at = self.addresses.iter().position(|address| &*address.kind == kind);
        let at = at.unwrap_or_else(|| {
            self.addresses.push(Address { kind: kind.into(), ..Address::default() });
            self.addresses.len() - 1
        });
        *self.addresses[at].part_mut(part) = to.unwrap_or_default().into();
    }

    fn set_custom(&mut self, name: &str, to: Option<&str>) {
        self.custom_touched = true;
        let Some(value) = to else {
            self.custom.retain(|custom| &*custom.name != name);
            return;
        };
        match self.custom.iter_mut().find(|custom| &*custom.name == name) {
            Some(custom) => custom.value = value.into(),
            None => self.custom.push(CustomAttribute { name: name.into(), value: value.into() }),
        }
    }
}

#[cfg(test)]
mod tests;
