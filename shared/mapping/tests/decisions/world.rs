//! A JumpCloud organisation of a few accounts, kept in memory, that does what a plan says and refuses what JumpCloud
//! refuses.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mapping::account::{
    Account, AccountId, AccountState, Address, CustomAttribute, DeviceId, GroupName, LINK_ATTRIBUTE, Phone,
};
use mapping::attribute::Attribute;
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{Employee, EmployeeId, EmployeeKey};
use mapping::lifecycle::Standing;
use mapping::matching::{Candidates, Claim, Link};
use mapping::plan::{Action, Change, GroupSeen, ManagerSeen, Past, Plan, Seen, Verdict, plan};
use mapping::rules::Rules;
use mapping::status::Status;

/// Accounts and groups, and what Hirewire remembers of them.
#[derive(Clone, Default, PartialEq)]
pub struct World {
    pub accounts: BTreeMap<AccountId, Account>,
    pub members: BTreeMap<GroupName, BTreeSet<AccountId>>,
    pub dynamic: BTreeSet<GroupName>,
    pub links: BTreeMap<EmployeeKey, AccountId>,
    pub suspended_by_us: BTreeSet<EmployeeKey>,
    /// What is kept besides.
    pub pasts: BTreeMap<EmployeeKey, Past>,
    /// Of what was last made so.
    pub fingerprints: BTreeMap<EmployeeKey, u64>,
    /// Devices bound to whoever is planned.
    pub devices: Vec<DeviceId>,
    pub managed: BTreeSet<GroupName>,
    /// Who waits for whose account.
    pub waiting: BTreeMap<EmployeeId, BTreeSet<EmployeeKey>>,
    /// Managers known to take no part.
    pub without_account: BTreeSet<EmployeeId>,
}

/// The core's own `Debug` hides what is on an account; here it is invented, and a failure should show it.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for account in self.accounts.values() {
            writeln!(f, "{}", serde_json::to_string(account).expect("plain data"))?;
        }
        let World { members, dynamic, links, suspended_by_us, managed, .. } = self;
        writeln!(f, "members {members:?}\ndynamic {dynamic:?}\nmanaged {managed:?}")?;
        writeln!(f, "links {links:?}\nsuspended by us {suspended_by_us:?}")
    }
}

pub fn account_id(name: &str) -> AccountId {
    // FNV-1a, so that the same account has the same id in whatever order accounts are made.
    let digest = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    AccountId::parse(&format!("{digest:024x}")).expect("24 digits")
}

pub fn group(name: &str) -> GroupName {
    GroupName::parse(name).expect("a group name")
}

pub fn account(username: &str, email: &str) -> Account {
    Account {
        id: account_id(username),
        username: username.into(),
        email: email.into(),
        state: AccountState::Activated,
        manager: None,
        texts: Vec::new(),
        phones: Vec::new(),
        addresses: Vec::new(),
        custom: Vec::new(),
    }
}

/// The same account with one slot filled.
pub fn with(mut account: Account, attribute: &str, value: &str) -> Account {
    let attribute = match attribute {
        LINK_ATTRIBUTE => Attribute::Custom(LINK_ATTRIBUTE.into()),
        other => Attribute::parse(other).expect("an attribute"),
    };
    set(&mut account, &attribute, Some(value));
    account
}

pub fn in_state(mut account: Account, state: AccountState) -> Account {
    account.state = state;
    account
}

/// Sets one slot by hand.
pub fn set_plain(account: &mut Account, attribute: &str, value: &str) {
    set(account, &Attribute::parse(attribute).expect("an attribute"), Some(value));
}

/// Sets one custom attribute by hand, ours too.
pub fn set_custom(account: &mut Account, name: &str, value: &str) {
    set(account, &Attribute::Custom(name.into()), Some(value));
}

/// Writes one slot; lists are merged, as the JumpCloud client does before it sends them.
fn set(account: &mut Account, attribute: &Attribute, value: Option<&str>) {
    let text = value.unwrap_or_default();
    match attribute {
        Attribute::Email => account.email = text.into(),
        Attribute::Phone(kind) => {
            match account.phones.iter_mut().find(|p| &*p.kind == kind.wire()) {
                Some(phone) => phone.number = text.into(),
                None => account.phones.push(Phone { kind: kind.wire().into(), number: text.into() }),
            }
            account.phones.retain(|p| &*p.kind != kind.wire() || !p.number.is_empty());
        }
        Attribute::Address(kind, part) => {
            if !account.addresses.iter().any(|a| &*a.kind == kind.wire()) {
                account.addresses.push(Address { kind: kind.wire().into(), ..Address::default() });
            }
            let mut all = account.addresses.iter_mut();
            let address = all.find(|a| &*a.kind == kind.wire()).expect("just added");
            *address.part_mut(*part) = text.into();
            account.addresses.retain(|a| !a.is_blank());
        }
        Attribute::Custom(name) => {
            match account.custom.iter_mut().find(|c| *c.name == **name) {
                Some(custom) => custom.value = text.into(),
                None => account.custom.push(CustomAttribute { name: (&**name).into(), value: text.into() }),
            }
            account.custom.retain(|c| *c.name != **name || !c.value.is_empty());
        }
        plain => {
            account.texts.retain(|(a, _)| a != plain);
            account.texts.extend(value.map(|text| (plain.clone(), text.into())));
            account.texts.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }
}

impl World {
    pub fn of(accounts: impl IntoIterator<Item = Account>) -> World {
        World { accounts: accounts.into_iter().map(|a| (a.id.clone(), a)).collect(), ..World::default() }
    }

    pub fn linked(mut self, key: &EmployeeKey, account: &AccountId) -> World {
        self.links.insert(key.clone(), account.clone());
        self
    }

    pub fn member(mut self, name: &str, account: &AccountId) -> World {
        self.members.entry(group(name)).or_default().insert(account.clone());
        self
    }

    pub fn groups_of(&self, account: &AccountId) -> BTreeSet<GroupName> {
        let all = self.members.iter().filter(|(_, members)| members.contains(account));
        all.map(|(name, _)| name.clone()).collect()
    }

    /// What is to be done for one person.
    pub fn plan(&self, employee: &Employee, rules: &Rules, now: Timestamp) -> Plan {
        let desired = Desired::of(employee, rules, now);
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        let all = || self.accounts.values();
        let link = match self.links.get(&employee.key) {
            None => Link::None,
            Some(id) => self.accounts.get(id).map_or(Link::Gone(id), Link::Account),
        };
        let identifier = |a: &&Account| match (desired.identifier(), a.get(&Attribute::EmployeeIdentifier)) {
            (Some(ours), Some(theirs)) => same(ours, theirs),
            _ => false,
        };
        let candidates = Candidates {
            link,
            own: all().filter(|a| a.link().as_ref() == Some(&employee.key)).collect(),
            identifier: all().filter(identifier).collect(),
            email: all().filter(|a| desired.email.as_deref().is_some_and(|ours| same(ours, &a.email))).collect(),
            claimed: self.links.iter().map(|(key, account)| (account.clone(), self.claim(key))).collect(),
        };
        let found = match link {
            Link::Account(account) => Some(&account.id),
            Link::None | Link::Gone(_) => {
                candidates.own.iter().chain(&candidates.identifier).chain(&candidates.email).map(|a| &a.id).next()
            }
        };
        let managed: BTreeSet<GroupName> = self.managed.union(&rules.fixed_groups()).cloned().collect();
        let mut groups = found.map(|id| self.groups_of(id)).unwrap_or_default();
        groups.retain(|name| managed.contains(name));
        let past = Past {
            suspended_by_us: self.suspended_by_us.contains(&employee.key),
            settled: self.fingerprints.get(&employee.key) == Some(&desired.fingerprint()),
            ..self.pasts.get(&employee.key).cloned().unwrap_or_default()
        };
        let seen = Seen {
            past: &past,
            devices: &self.devices,
            manager: self.manager(&desired),
            groups: &groups,
            group: &|name| match (self.dynamic.contains(name), self.members.contains_key(name)) {
                (true, _) => GroupSeen::Dynamic,
                (false, true) => GroupSeen::Static,
                (false, false) => GroupSeen::Missing,
            },
            taken: &|name| self.accounts.values().any(|a| same(&a.username, name)),
            candidates,
        };
        plan(&desired, &seen)
    }

    fn claim(&self, key: &EmployeeKey) -> Claim {
        let left_since = self.pasts.get(key).and_then(|past| past.left_since);
        Claim { by: key.clone(), left_since, suspended_by_us: self.suspended_by_us.contains(key) }
    }

    /// Plans, does it, and remembers since when somebody has left and what HR said, as the workflow does.
    pub fn sync(&mut self, employee: &Employee, rules: &Rules, now: Timestamp) -> Plan {
        let desired = Desired::of(employee, rules, now);
        let plan = self.plan(employee, rules, now);
        self.apply(&plan);
        let past = self.pasts.entry(plan.key.clone()).or_default();
        past.left_since = match (desired.standing, &plan.verdict) {
            (_, Verdict::Hold(_)) | (Standing::Leaving { .. }, _) => past.left_since,
            (Standing::Left { .. }, _) if plan.account.is_some() && !plan.deletes() => {
                let suspends = plan.takes_away() && plan.actions.iter().any(|a| matches!(a, Action::Update { .. }));
                if suspends { Some(now) } else { past.left_since.or(Some(now)) }
            }
            (
                Standing::Left { .. }
                | Standing::Upcoming { .. }
                | Standing::Here
                | Standing::Away { .. }
                | Standing::Unknown,
                _,
            ) => None,
        };
        match plan.status() {
            Status::Synced => self.fingerprints.insert(plan.key.clone(), desired.fingerprint()),
            Status::Skipped { .. } | Status::Pending { .. } | Status::Held { .. } | Status::Failed { .. } => {
                self.fingerprints.remove(&plan.key)
            }
        };
        plan
    }

    fn manager(&self, desired: &Desired) -> ManagerSeen {
        let WantedManager::Person(id) = &desired.manager else { return ManagerSeen::Unknown };
        let key = EmployeeKey { connection: desired.key.connection.clone(), id: id.clone() };
        match self.links.get(&key) {
            Some(account) if self.accounts.contains_key(account) => ManagerSeen::Account(account.clone()),
            _ if self.without_account.contains(id) => ManagerSeen::NoAccount,
            _ => ManagerSeen::Unknown,
        }
    }

    /// Does what a plan says, and remembers what it says of afterwards. Panics where JumpCloud would refuse.
    pub fn apply(&mut self, plan: &Plan) {
        let mut account = plan.account.clone();
        for action in &plan.actions {
            match action {
                Action::Create { username, state, values, manager, .. } => {
                    let mut made = self::account(username, "");
                    made.state = *state;
                    made.manager = manager.clone();
                    account = Some(made.id.clone());
                    assert!(!self.accounts.contains_key(&made.id), "user name {username} is taken");
                    write(&mut made, values);
                    self.accept(made);
                }
                Action::Update { account, state, username, changes, manager } => {
                    let mut changed = self.accounts[account].clone();
                    if let Some(state) = state {
                        assert_eq!(changed.state, state.from);
                        assert_ne!(state.to, AccountState::Staged, "JumpCloud has no way back to Staged");
                        changed.state = state.to;
                    }
                    if let Some(username) = username {
                        assert_eq!(*changed.username, *username.from);
                        changed.username = username.to.as_str().into();
                    }
                    if let Some(manager) = manager {
                        assert_eq!(changed.manager, manager.from);
                        changed.manager = manager.to.clone();
                    }
                    write(&mut changed, changes);
                    self.accept(changed);
                }
                Action::Join { group, create, .. } => {
                    assert!(!self.dynamic.contains(group), "{group} is dynamic");
                    assert_eq!(*create, !self.members.contains_key(group));
                    self.members.entry(group.clone()).or_default().insert(account.clone().expect("an account"));
                }
                Action::Leave { group, .. } => {
                    assert!(!self.dynamic.contains(group), "{group} is dynamic");
                    let left =
                        self.members.get_mut(group).expect("a group").remove(account.as_ref().expect("an account"));
                    assert!(left, "never was in {group}");
                }
                Action::Unbind { .. } => self.devices.clear(),
                Action::Delete { account, .. } => {
                    let deleted = self.accounts.remove(account).expect("an account to delete");
                    assert_eq!(deleted.state, AccountState::Suspended, "only suspended accounts are deleted");
                    for members in self.members.values_mut() {
                        members.remove(account);
                    }
                    self.links.remove(&plan.key);
                }
            }
        }
        if let Some(earlier) = &plan.takes_over {
            self.links.remove(earlier);
        }
        if plan.verdict == Verdict::Proceed {
            self.links.insert(plan.key.clone(), account.expect("an account"));
            self.managed.extend(plan.groups.iter().cloned());
        }
        let past = self.pasts.entry(plan.key.clone()).or_default();
        past.before_leave.clone_from(&plan.before_leave);
        past.notes.clone_from(&plan.notes);
        past.named = plan.named;
        past.completed = true;
        if plan.suspended_by_us {
            self.suspended_by_us.insert(plan.key.clone());
        } else {
            self.suspended_by_us.remove(&plan.key);
        }
        self.waiting.values_mut().for_each(|keys| keys.retain(|key| *key != plan.key));
        if let Some(manager) = &plan.waits_for {
            self.waiting.entry(manager.clone()).or_default().insert(plan.key.clone());
        }
        self.waiting.retain(|_, keys| !keys.is_empty());
    }

    fn accept(&mut self, account: Account) {
        assert!(!account.email.is_empty(), "an account needs an e-mail");
        assert!(account.manager.as_ref().is_none_or(|m| self.accounts.contains_key(m)), "no such manager");
        for other in self.accounts.values().filter(|a| a.id != account.id) {
            assert_ne!(other.email, account.email, "e-mails are unique");
            assert_ne!(other.username, account.username, "user names are unique");
            let identifier = |a: &Account| a.get(&Attribute::EmployeeIdentifier).map(str::to_owned);
            assert!(
                identifier(&account).is_none() || identifier(other) != identifier(&account),
                "identifiers are unique"
            );
        }
        self.accounts.insert(account.id.clone(), account);
    }
}

fn write(account: &mut Account, changes: &[Change]) {
    for Change { attribute, from, to, .. } in changes {
        assert_eq!(account.get(attribute), from.as_deref(), "{attribute}");
        set(account, attribute, to.as_deref());
    }
}
