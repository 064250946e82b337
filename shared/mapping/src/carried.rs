//! An account as it will be once a plan is carried out.

use crate::account::{Account, AccountId, AccountState, Address, CustomAttribute, Phone};
use crate::attribute::Attribute;
use crate::plan::{Action, ManagerChange, Plan};

/// The account once `plan` is carried out, `None` where there is none then. A new one gets the id `made`.
pub fn carried_out(plan: &Plan, account: Option<&Account>, made: &AccountId) -> Option<Account> {
    let mut account = account.cloned();
    for action in &plan.actions {
        match action {
            Action::Create { username, state, values, manager, .. } => {
                let mut new = blank(made, username, *state);
                new.manager.clone_from(manager);
                for change in values {
                    set(&mut new, &change.attribute, change.to.as_deref());
                }
                account = Some(new);
            }
            Action::Update { state, username, changes, manager, .. } => {
                let Some(account) = &mut account else { continue };
                if let Some(change) = state {
                    account.state = change.to;
                }
                if let Some(change) = username {
                    account.username = change.to.as_str().into();
                }
                for change in changes {
                    set(account, &change.attribute, change.to.as_deref());
                }
                if let Some(ManagerChange { to, .. }) = manager {
                    account.manager.clone_from(to);
                }
            }
            Action::Delete { .. } => account = None,
            // Who is in which group, and on which device, is not kept on the account.
            Action::Join { .. } | Action::Leave { .. } | Action::Unbind { .. } => {}
        }
    }
    account
}

fn blank(id: &AccountId, username: &str, state: AccountState) -> Account {
    Account {
        id: id.clone(),
        username: username.into(),
        email: "".into(),
        state,
        manager: None,
        texts: Vec::new(),
        phones: Vec::new(),
        addresses: Vec::new(),
        custom: Vec::new(),
    }
}

/// Writes one slot; lists are merged, as they are before they are sent.
fn set(account: &mut Account, attribute: &Attribute, to: Option<&str>) {
    match attribute {
        // An account keeps its e-mail address.
        Attribute::Email => {
            if let Some(email) = to {
                account.email = email.to_lowercase().into();
            }
        }
        Attribute::Phone(kind) => {
            let place = account.phones.iter().position(|phone| &*phone.kind == kind.wire());
            match (place, to) {
                (Some(at), Some(number)) => account.phones[at].number = number.into(),
                (None, Some(number)) => {
                    account.phones.push(Phone { kind: kind.wire().into(), number: number.into() });
                }
                (_, None) => account.phones.retain(|phone| &*phone.kind != kind.wire()),
            }
        }
        Attribute::Address(kind, part) => {
            let place = account.addresses.iter().position(|address| &*address.kind == kind.wire());
            let at = place.unwrap_or_else(|| {
                account.addresses.push(Address { kind: kind.wire().into(), ..Address::default() });
                account.addresses.len() - 1
            });
            *account.addresses[at].part_mut(*part) = to.unwrap_or_default().into();
            account.addresses.retain(|address| !address.is_blank());
        }
        Attribute::Custom(name) => {
            let place = account.custom.iter().position(|custom| *custom.name == **name);
            match (place, to) {
                (Some(at), Some(value)) => account.custom[at].value = value.into(),
                (None, Some(value)) => {
                    account.custom.push(CustomAttribute { name: (&**name).into(), value: value.into() });
                }
                (_, None) => account.custom.retain(|custom| *custom.name != **name),
            }
        }
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
        | Attribute::ManagedAppleId => {
            account.texts.retain(|(held, _)| held != attribute);
            account.texts.extend(to.map(|text| (attribute.clone(), text.into())));
            account.texts.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }
}
