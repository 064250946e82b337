//! The least number of calls that a story implies, and the calls that were made.

use std::collections::BTreeMap;

use tests::town::Town;

use super::oracle::Account;
use super::rules::House;

/// Kinds of calls, as they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// BambooHR's list of changes.
    AcmePoll,
    /// HiBob's search of everybody, by poll or survey.
    BoltSearch,
    /// One record of BambooHR: half of somebody who has not begun.
    AcmeRecord,
    /// One record of HiBob.
    BoltRecord,
    /// BambooHR's reports, of everybody or of some.
    AcmeReport,
    /// Anything else that HR was asked.
    OtherHr,
    /// One account, looked at or looked for.
    Look,
    /// The devices, or the groups, of one account.
    Devices,
    /// Pages of lists, by surveys.
    Lists,
    /// Accounts made.
    Create,
    /// Accounts changed.
    Update,
    /// Groups entered or left.
    Membership,
    /// Devices taken off.
    Unbind,
    /// Accounts deleted.
    Delete,
    /// Groups made, and looked for before.
    Group,
    /// Anything else.
    Other,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 16] = [
        Kind::AcmePoll,
        Kind::BoltSearch,
        Kind::AcmeRecord,
        Kind::BoltRecord,
        Kind::AcmeReport,
        Kind::OtherHr,
        Kind::Look,
        Kind::Devices,
        Kind::Lists,
        Kind::Create,
        Kind::Update,
        Kind::Membership,
        Kind::Unbind,
        Kind::Delete,
        Kind::Group,
        Kind::Other,
    ];

    /// As it is printed.
    pub fn words(self) -> &'static str {
        match self {
            Kind::AcmePoll => "BambooHR: list of changes",
            Kind::BoltSearch => "HiBob: everybody, polls and surveys",
            Kind::AcmeRecord => "BambooHR: one record",
            Kind::BoltRecord => "HiBob: one record",
            Kind::AcmeReport => "BambooHR: reports",
            Kind::OtherHr => "HR: anything else",
            Kind::Look => "JumpCloud: one account looked at",
            Kind::Devices => "JumpCloud: one account's devices or groups",
            Kind::Lists => "JumpCloud: pages of lists",
            Kind::Create => "JumpCloud: accounts made",
            Kind::Update => "JumpCloud: accounts changed",
            Kind::Membership => "JumpCloud: groups entered or left",
            Kind::Unbind => "JumpCloud: devices taken off",
            Kind::Delete => "JumpCloud: accounts deleted",
            Kind::Group => "JumpCloud: groups looked for and made",
            Kind::Other => "JumpCloud: anything else",
        }
    }

    /// Whether polls make up this kind: how many there are is the schedule's doing, and the story's only in so far.
    pub fn is_schedule(self) -> bool {
        matches!(self, Kind::AcmePoll | Kind::BoltSearch)
    }
}

/// Calls by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<Kind, u64>);

impl Calls {
    /// Of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.0.get(&kind).copied().unwrap_or_default()
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.0.values().sum()
    }

    /// So many more of a kind.
    pub fn add(&mut self, kind: Kind, count: u64) {
        *self.0.entry(kind).or_default() += count;
    }

    /// What the simulators have counted.
    pub fn made(town: &Town) -> Calls {
        let mut calls = Calls::default();
        for (name, count) in town.bamboohr.traffic().calls() {
            calls.add(acme(&name), count);
        }
        for (name, count) in town.bob.traffic().calls() {
            calls.add(bolt(&name), count);
        }
        for (name, count) in town.jumpcloud.traffic().calls() {
            calls.add(jumpcloud(&name), count);
        }
        calls
    }
}

fn acme(name: &str) -> Kind {
    match name.rsplit('/').next().unwrap_or_default() {
        "changed" => Kind::AcmePoll,
        "{id}" => Kind::AcmeRecord,
        "custom" => Kind::AcmeReport,
        _ => Kind::OtherHr,
    }
}

fn bolt(name: &str) -> Kind {
    match name.rsplit('/').next().unwrap_or_default() {
        "search" => Kind::BoltSearch,
        "{id}" => Kind::BoltRecord,
        _ => Kind::OtherHr,
    }
}

fn jumpcloud(name: &str) -> Kind {
    match name {
        "GET /api/systemusers/{id}" | "POST /api/search/systemusers" => Kind::Look,
        "GET /api/v2/users/{id}/associations" | "GET /api/v2/users/{id}/memberof" => Kind::Devices,
        "GET /api/systemusers" | "GET /api/v2/usergroups/{id}/members" => Kind::Lists,
        "POST /api/systemusers" => Kind::Create,
        "PUT /api/systemusers/{id}" | "POST /api/v2/users/{id}/state/activate" => Kind::Update,
        "POST /api/v2/usergroups/{id}/members" => Kind::Membership,
        "POST /api/v2/users/{id}/associations" => Kind::Unbind,
        "DELETE /api/systemusers/{id}" => Kind::Delete,
        "GET /api/v2/usergroups" | "POST /api/v2/usergroups" => Kind::Group,
        _ if name.contains("/state/activate") || name.contains("/activate") => Kind::Update,
        _ => Kind::Other,
    }
}

/// The least that must be called for, as the story goes on.
#[derive(Clone, Debug, Default)]
pub struct Minimum {
    /// So far.
    pub calls: Calls,
}

impl Minimum {
    /// One person is read in HR, in two halves where BambooHR has not made one of them yet.
    pub fn read(&mut self, house: House, is_beginning: bool) {
        match house {
            House::Acme => self.calls.add(Kind::AcmeRecord, if is_beginning { 2 } else { 1 }),
            House::Bolt => self.calls.add(Kind::BoltRecord, 1),
        }
    }

    /// What it takes to bring an account from `old` to `new`: a look, and what is to be written.
    pub fn change(&mut self, old: Option<&Account>, new: Option<&Account>, is_taken_over: bool) {
        if old == new && !is_taken_over {
            return;
        }
        let calls = &mut self.calls;
        calls.add(Kind::Look, 1);
        match (old, new) {
            (None, None) => {}
            (None, Some(new)) => {
                calls.add(Kind::Create, 1);
                calls.add(Kind::Membership, new.groups.len() as u64);
            }
            (Some(_), None) => calls.add(Kind::Delete, 1),
            (Some(old), Some(new)) => {
                let facts = |account: &Account| (account.state, account.attributes.clone(), account.manager);
                if facts(old) != facts(new) || is_taken_over {
                    calls.add(Kind::Update, 1);
                }
                // Whoever leaves may have devices; whose account is taken over, groups.
                let leaves = old.left_since.is_none() && new.left_since.is_some();
                calls.add(Kind::Devices, u64::from(leaves) + u64::from(is_taken_over));
                calls.add(Kind::Unbind, old.devices.difference(&new.devices).count() as u64);
            }
        }
        if let (Some(old), Some(new)) = (old, new) {
            let (old, new) = (&old.groups, &new.groups);
            let entered = new.iter().filter(|group| !old.contains(group)).count();
            let left = old.iter().filter(|group| !new.contains(group)).count();
            calls.add(Kind::Membership, (entered + left) as u64);
        }
    }
}
