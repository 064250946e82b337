//! JumpCloud as a survey saw it, ready to be asked for anybody.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use mapping::account::{Account, AccountId, GroupName};
use mapping::attribute::Attribute;
use mapping::desired::Desired;
use mapping::employee::EmployeeKey;
use mapping::matching::{Candidates, Link};

/// Every account, by everything that can make it somebody's.
pub(crate) struct Census {
    /// Whether the list of accounts is known to be all of them.
    pub complete: bool,
    /// When JumpCloud was asked.
    pub observed_at: Timestamp,
    accounts: Vec<Account>,
    by_id: HashMap<AccountId, u32>,
    by_link: HashMap<EmployeeKey, Vec<u32>>,
    by_identifier: HashMap<Box<str>, Vec<u32>>,
    by_email: HashMap<Box<str>, Vec<u32>>,
    usernames: HashSet<Box<str>>,
    groups: HashMap<AccountId, Arc<BTreeSet<GroupName>>>,
    owners: HashMap<AccountId, EmployeeKey>,
    no_groups: BTreeSet<GroupName>,
}

impl Census {
    /// Indexes what was read. `owners` are the links that the store keeps.
    pub fn new(
        accounts: Vec<Account>,
        complete: bool,
        groups: HashMap<AccountId, Arc<BTreeSet<GroupName>>>,
        owners: HashMap<AccountId, EmployeeKey>,
        observed_at: Timestamp,
    ) -> Census {
        let mut census = Census {
            complete,
            observed_at,
            by_id: HashMap::with_capacity(accounts.len()),
            by_link: HashMap::new(),
            by_identifier: HashMap::new(),
            by_email: HashMap::with_capacity(accounts.len()),
            usernames: HashSet::with_capacity(accounts.len()),
            groups,
            owners,
            no_groups: BTreeSet::new(),
            accounts: Vec::new(),
        };
        for (at, account) in accounts.iter().enumerate() {
            let at = u32::try_from(at).expect("fewer accounts than 4 billion");
            census.by_id.insert(account.id.clone(), at);
            if let Some(key) = account.link() {
                census.by_link.entry(key).or_default().push(at);
            }
            if let Some(identifier) = account.get(&Attribute::EmployeeIdentifier) {
                census.by_identifier.entry(identifier.into()).or_default().push(at);
            }
            census.by_email.entry(account.email.clone()).or_default().push(at);
            census.usernames.insert(account.username.to_lowercase().into());
        }
        census.accounts = accounts;
        census
    }

    /// Every account that could be this person's.
    pub fn candidates<'a>(&'a self, desired: &Desired, kept: Option<&'a AccountId>) -> Candidates<'a> {
        let link = match kept {
            None => Link::None,
            Some(id) => self.by_id.get(id).map_or(Link::Gone(id), |at| Link::Account(&self.accounts[*at as usize])),
        };
        let own = self.all(self.by_link.get(&desired.key));
        let identifier = self.all(desired.identifier().and_then(|id| self.by_identifier.get(id)));
        let email = self.all(desired.email.as_deref().and_then(|email| self.by_email.get(email)));
        let candidates = own.iter().chain(&identifier).chain(&email);
        let owned = candidates.filter_map(|a| Some((a.id.clone(), self.owners.get(&a.id)?.clone())));
        let claimed: BTreeMap<AccountId, EmployeeKey> = owned.filter(|(_, owner)| *owner != desired.key).collect();
        Candidates { link, own, identifier, email, claimed }
    }

    /// The managed groups that an account is in.
    pub fn groups(&self, account: Option<&Account>) -> &BTreeSet<GroupName> {
        let theirs = account.and_then(|account| self.groups.get(&account.id));
        theirs.map_or(&self.no_groups, |groups| &**groups)
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

    fn all(&self, found: Option<&Vec<u32>>) -> Vec<&Account> {
        found.into_iter().flatten().map(|at| &self.accounts[*at as usize]).collect()
    }
}
