//! Which account is whose. Doubt is a hold, never a guess.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::account::{Account, AccountId};
use crate::attribute::Attribute;
use crate::desired::Desired;
use crate::employee::EmployeeKey;
use crate::lifecycle::Standing;
use crate::rules::Rehire;
use crate::status::Hold;

/// What the kept link leads to.
#[derive(Clone, Copy, Debug, Default)]
pub enum Link<'a> {
    /// No link is kept.
    #[default]
    None,
    /// To this account.
    Account(&'a Account),
    /// To an account that is no longer there.
    Gone(&'a AccountId),
}

/// Every account that could be this person's, and how it came to be one.
#[derive(Clone, Debug, Default)]
pub struct Candidates<'a> {
    /// By the kept link.
    pub link: Link<'a>,
    /// Accounts that name this person themselves (`hirewireId`).
    pub own: Vec<&'a Account>,
    /// Accounts with the person's `employeeIdentifier`.
    pub identifier: Vec<&'a Account>,
    /// Accounts with the person's e-mail, lower case on both sides.
    pub email: Vec<&'a Account>,
    /// Which of these are somebody's already, by our own records; the person's own entry does no harm.
    pub claimed: BTreeMap<AccountId, Claim>,
}

/// Whose an account is, by our own records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub by: EmployeeKey,
    /// Since when they are no longer employed, if so.
    pub left_since: Option<Timestamp>,
    /// Whether the account's suspension is our own doing.
    pub suspended_by_us: bool,
}

impl Claim {
    /// Of somebody of whom no more is known.
    pub fn by(by: EmployeeKey) -> Claim {
        Claim { by, left_since: None, suspended_by_us: false }
    }
}

/// What the candidates come to.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// Nobody's account is this person's.
    Nothing,
    /// This one, known to be theirs by link or by its own word.
    Theirs(&'a Account),
    /// This one, matched for the first time.
    Matched(&'a Account),
    /// The account was deleted by hand.
    Gone(AccountId),
    /// Somebody must decide.
    Doubt(Hold),
}

/// Link, else the account's own word, else `employeeIdentifier`, else e-mail.
pub fn find<'a>(desired: &Desired, candidates: &Candidates<'a>) -> Found<'a> {
    match (candidates.link, &candidates.own[..]) {
        (Link::Account(account), _) => unless_claimed(desired, candidates, account, Found::Theirs(account)),
        (Link::None | Link::Gone(_), [account]) => unless_claimed(desired, candidates, account, Found::Theirs(account)),
        (Link::None | Link::Gone(_), [_, _, ..]) => Found::Doubt(several(&candidates.own)),
        (Link::None, []) => first_match(desired, candidates),
        (Link::Gone(id), []) => match first_match(desired, candidates) {
            Found::Nothing => Found::Gone(id.clone()),
            other => other,
        },
    }
}

/// The claim that this person takes over with the account: that of somebody who left, and is the same person under a new
/// number.
pub fn earlier_self<'c>(desired: &Desired, candidates: &'c Candidates<'_>, account: &Account) -> Option<&'c Claim> {
    let claim = candidates.claimed.get(&account.id).filter(|claim| claim.by != desired.key)?;
    match desired.standing {
        Standing::Upcoming { .. } | Standing::Here | Standing::Away { .. } => {}
        // Two records of one leaver would take the account from each other for ever.
        Standing::Leaving { .. } | Standing::Left { .. } | Standing::Unknown => return None,
    }
    let link_agrees = account.link().is_none_or(|link| link == claim.by || link == desired.key);
    let same = claim.left_since.is_some() && link_agrees && same_person(desired, account);
    (same && desired.policy.rehire == Rehire::SameAccount).then_some(claim)
}

/// Whether the names agree, and the e-mail or the number by which the account was found: addresses are given anew, and
/// the next John Smith is somebody else only if his name is another.
fn same_person(desired: &Desired, account: &Account) -> bool {
    let says = |attribute: Attribute| {
        let ours = desired.wanted.iter().find(|w| w.attribute == attribute).and_then(|w| w.value.as_deref());
        let theirs = account.get(&attribute);
        matches!((ours, theirs), (Some(ours), Some(theirs)) if ours.to_lowercase() == theirs.to_lowercase())
    };
    says(Attribute::FirstName) && says(Attribute::LastName)
}

fn first_match<'a>(desired: &Desired, candidates: &Candidates<'a>) -> Found<'a> {
    let mut accounts: Vec<&'a Account> = candidates.identifier.iter().chain(&candidates.email).copied().collect();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    accounts.dedup_by(|a, b| a.id == b.id);
    let account = match accounts[..] {
        [] => return Found::Nothing,
        [account] => account,
        [_, _, ..] => return Found::Doubt(several(&accounts)),
    };
    if earlier_self(desired, candidates, account).is_some() {
        return Found::Matched(account);
    }
    match unless_claimed(desired, candidates, account, Found::Matched(account)) {
        Found::Matched(account) if carries_other_identifier(desired, account) => {
            Found::Doubt(Hold::OtherIdentifier { account: account.id.clone() })
        }
        found => found,
    }
}

/// Whether the account has an identifier that is not this person's, or may not be: HR can hide ours.
fn carries_other_identifier(desired: &Desired, account: &Account) -> bool {
    let Some(theirs) = account.get(&Attribute::EmployeeIdentifier) else { return false };
    match desired.wanted.iter().find(|w| w.attribute == Attribute::EmployeeIdentifier) {
        // Case does not tell people apart, as with e-mail; somebody without an identifier is not one who has it.
        Some(ours) => ours.value.as_ref().is_none_or(|ours| ours.to_lowercase() != theirs.to_lowercase()),
        None => desired.undecided.contains(&Attribute::EmployeeIdentifier),
    }
}

fn several(accounts: &[&Account]) -> Hold {
    let mut accounts: Vec<AccountId> = accounts.iter().map(|a| a.id.clone()).collect();
    accounts.sort();
    Hold::Several { accounts }
}

fn unless_claimed<'a>(
    desired: &Desired,
    candidates: &Candidates<'a>,
    account: &'a Account,
    found: Found<'a>,
) -> Found<'a> {
    if earlier_self(desired, candidates, account).is_some() {
        return found;
    }
    let known = candidates.claimed.get(&account.id).map(|claim| claim.by.clone());
    let mut claims = account.link().into_iter().chain(known);
    match claims.find(|by| *by != desired.key) {
        Some(by) => Found::Doubt(Hold::Claimed { account: account.id.clone(), by }),
        None => found,
    }
}
