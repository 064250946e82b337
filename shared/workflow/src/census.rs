//! JumpCloud as a survey saw it, ready to be asked for anybody.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use mapping::account::{Account, AccountId, GroupName, LINK_ATTRIBUTE};
use mapping::attribute::Attribute;
use mapping::desired::Desired;
use mapping::employee::EmployeeKey;
use mapping::matching::{Candidates, Claim, Link};

/// Every account, by everything that can make it somebody's.
pub(crate) struct Census {
    /// Whether the list of accounts is known to be all of them.
    pub complete: bool,
    /// When JumpCloud was asked.
    pub observed_at: Timestamp,
    /// In the order of their ids.
    accounts: Vec<Account>,
    by_link: Index,
    by_identifier: Index,
    by_email: Index,
    usernames: HashSet<Box<str>>,
    groups: Groups,
    owners: HashMap<AccountId, EmployeeKey>,
    no_groups: BTreeSet<GroupName>,
    /// Those that a forecast has deleted; their places stay.
    deleted: HashSet<AccountId>,
}

impl Census {
    /// Indexes what was read. `owners` are the links that the store keeps.
    pub fn new(
        accounts: Vec<Account>,
        complete: bool,
        groups: Groups,
        owners: HashMap<AccountId, EmployeeKey>,
        observed_at: Timestamp,
    ) -> Census {
        debug_assert!(accounts.is_sorted_by(|a, b| a.id < b.id), "accounts are found by bisection");
        Census {
            complete,
            observed_at,
            by_link: Index::new(&accounts, |account| {
                let link = account.custom.iter().find(|custom| &*custom.name == LINK_ATTRIBUTE);
                link.map(|custom| &*custom.value)
            }),
            by_identifier: Index::new(&accounts, |account| account.get(&Attribute::EmployeeIdentifier)),
            by_email: Index::new(&accounts, |account| Some(&account.email)),
            usernames: accounts.iter().map(|account| account.username.to_lowercase().into()).collect(),
            accounts,
            groups,
            owners,
            no_groups: BTreeSet::new(),
            deleted: HashSet::new(),
        }
    }

    /// One account, where there is one.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        let at = place(&self.accounts, id).filter(|_| !self.deleted.contains(id))?;
        Some(&self.accounts[at])
    }

    /// Every account that could be this person's.
    pub fn candidates<'a>(&'a self, desired: &Desired, kept: Option<&'a AccountId>) -> Candidates<'a> {
        let link = match kept {
            None => Link::None,
            Some(id) => self.account(id).map_or(Link::Gone(id), Link::Account),
        };
        let all = |index: &Index, value: Option<&str>| {
            value.map(|value| index.find(&self.accounts, value)).unwrap_or_default()
        };
        let own = all(&self.by_link, Some(&desired.key.to_string()));
        let identifier = all(&self.by_identifier, desired.identifier());
        let email = all(&self.by_email, desired.email.as_deref());
        let candidates = own.iter().chain(&identifier).chain(&email);
        let owned = candidates.filter_map(|a| Some((a.id.clone(), self.owners.get(&a.id)?.clone())));
        // Whether one of them has left is asked by whoever provisions this person: few are claimed twice.
        let claims = owned.filter(|(_, owner)| *owner != desired.key).map(|(id, owner)| (id, Claim::by(owner)));
        let claimed: BTreeMap<AccountId, Claim> = claims.collect();
        Candidates { link, own, identifier, email, claimed }
    }

    /// Whether an account is certainly not there.
    pub fn lacks(&self, account: &AccountId) -> bool {
        self.complete && self.account(account).is_none()
    }

    /// The managed groups that an account is in.
    pub fn groups(&self, account: Option<&Account>) -> &BTreeSet<GroupName> {
        let place = account.and_then(|account| place(&self.accounts, &account.id));
        place.map_or(&self.no_groups, |at| &self.groups.0[at])
    }

    /// Whether a user name is taken, by an account or by somebody of this survey.
    pub fn is_taken(&self, username: &str) -> bool {
        self.usernames.contains(username)
    }

    /// Keeps a user name for somebody of this survey.
    pub fn take_username(&mut self, username: &str) {
        self.usernames.insert(username.into());
    }

    /// Keeps an account for somebody of this survey: two people with one e-mail in HR must not both get it.
    pub fn take_account(&mut self, account: &AccountId, key: &EmployeeKey) {
        self.owners.entry(account.clone()).or_insert_with(|| key.clone());
    }
}

/// What a forecast does to the picture: it carries out in memory what would be carried out.
impl Census {
    /// An account as it is from now on, with its managed groups. One that was not there has an id after all others.
    pub fn put(&mut self, account: Account, groups: BTreeSet<GroupName>) {
        let at = match self.accounts.binary_search_by(|known| known.id.cmp(&account.id)) {
            Ok(at) => at,
            Err(at) => {
                assert_eq!(at, self.accounts.len(), "a new account comes after all others");
                self.usernames.insert(account.username.to_lowercase().into());
                self.accounts.push(account);
                self.groups.0.push(Arc::new(groups));
                let Census { by_link, by_identifier, by_email, accounts, .. } = self;
                [by_link, by_identifier, by_email].into_iter().for_each(|index| index.enter(accounts, at));
                return;
            }
        };
        if *self.groups.0[at] != groups {
            self.groups.0[at] = Arc::new(groups);
        }
        if self.accounts[at] != account {
            let (was, is) = (&self.accounts[at].username, &account.username);
            if was != is {
                self.usernames.remove(&*was.to_lowercase());
                self.usernames.insert(is.to_lowercase().into());
            }
            let Census { by_link, by_identifier, by_email, accounts, .. } = self;
            let mut indexes = [by_link, by_identifier, by_email];
            indexes.iter_mut().for_each(|index| index.leave(accounts, at));
            accounts[at] = account;
            indexes.iter_mut().for_each(|index| index.enter(accounts, at));
        }
    }

    /// An account is deleted: nobody finds it any more, and nobody has it as their manager.
    pub fn delete(&mut self, id: &AccountId) {
        let Some(at) = place(&self.accounts, id) else { return };
        let Census { by_link, by_identifier, by_email, accounts, .. } = self;
        [by_link, by_identifier, by_email].into_iter().for_each(|index| index.leave(accounts, at));
        self.usernames.remove(&*self.accounts[at].username.to_lowercase());
        self.owners.remove(id);
        self.deleted.insert(id.clone());
        for report in self.accounts.iter_mut().filter(|account| account.manager.as_ref() == Some(id)) {
            report.manager = None;
        }
    }

    /// Whose an account is from now on.
    pub fn give(&mut self, account: &AccountId, key: &EmployeeKey) {
        self.owners.insert(account.clone(), key.clone());
    }
}

/// Where the account of this id is.
fn place(accounts: &[Account], id: &AccountId) -> Option<usize> {
    accounts.binary_search_by(|account| account.id.cmp(id)).ok()
}

/// The managed groups of each account, in the order of the accounts. Those who are in the same ones share one set.
pub(crate) struct Groups(Vec<Arc<BTreeSet<GroupName>>>);

impl Groups {
    /// Nobody is in any.
    pub fn none(accounts: usize) -> Groups {
        Groups(vec![Arc::default(); accounts])
    }

    /// These are in this one.
    pub fn join(&mut self, name: &GroupName, members: &[AccountId], accounts: &[Account]) {
        let mut with: HashMap<Arc<BTreeSet<GroupName>>, Arc<BTreeSet<GroupName>>> = HashMap::new();
        for at in members.iter().filter_map(|member| place(accounts, member)) {
            let set = &mut self.0[at];
            let joined = with.entry(Arc::clone(set)).or_insert_with(|| {
                let mut joined = BTreeSet::clone(set);
                joined.insert(name.clone());
                Arc::new(joined)
            });
            *set = Arc::clone(joined);
        }
    }
}

/// Accounts in the order of one of their values, for bisection: nobody's value is kept twice.
struct Index {
    value: fn(&Account) -> Option<&str>,
    places: Vec<u32>,
}

impl Index {
    fn new(accounts: &[Account], value: fn(&Account) -> Option<&str>) -> Index {
        let count = u32::try_from(accounts.len()).expect("fewer accounts than 4 billion");
        let of = |at: &u32| value(&accounts[*at as usize]);
        let mut places: Vec<u32> = (0..count).filter(|at| of(at).is_some()).collect();
        places.sort_by(|a, b| of(a).cmp(&of(b)));
        Index { value, places }
    }

    /// Takes an account out, before it changes.
    fn leave(&mut self, accounts: &[Account], at: usize) {
        if let Some(place) = self.among_equals(accounts, at).find(|place| self.places[*place] as usize == at) {
            self.places.remove(place);
        }
    }

    /// Puts an account in, as it is now.
    fn enter(&mut self, accounts: &[Account], at: usize) {
        if (self.value)(&accounts[at]).is_some() {
            let place = self.among_equals(accounts, at).find(|place| self.places[*place] as usize > at);
            let place = place.unwrap_or(self.among_equals(accounts, at).end);
            self.places.insert(place, u32::try_from(at).expect("fewer accounts than 4 billion"));
        }
    }

    /// The places of all accounts with the same value as this one.
    fn among_equals(&self, accounts: &[Account], at: usize) -> std::ops::Range<usize> {
        let wanted = (self.value)(&accounts[at]);
        let of = |at: &u32| (self.value)(&accounts[*at as usize]);
        let start = self.places.partition_point(|at| of(at) < wanted);
        start..self.places.partition_point(|at| of(at) <= wanted)
    }

    /// Every account with this value.
    fn find<'a>(&self, accounts: &'a [Account], wanted: &str) -> Vec<&'a Account> {
        let of = |at: &u32| (self.value)(&accounts[*at as usize]);
        let start = self.places.partition_point(|at| of(at) < Some(wanted));
        let same = self.places[start..].iter().take_while(|at| of(at) == Some(wanted));
        same.map(|at| &accounts[*at as usize]).collect()
    }
}
