//! Which account is whose. Doubt is a hold, never a guess.

use std::collections::BTreeMap;

use crate::account::{Account, AccountId};
use crate::attribute::Attribute;
use crate::desired::Desired;
use crate::employee::EmployeeKey;
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
    pub claimed: BTreeMap<AccountId, EmployeeKey>,
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

fn first_match<'a>(desired: &Desired, candidates: &Candidates<'a>) -> Found<'a> {
    let mut accounts: Vec<&'a Account> = candidates.identifier.iter().chain(&candidates.email).copied().collect();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    accounts.dedup_by(|a, b| a.id == b.id);
    let account = match accounts[..] {
        [] => return Found::Nothing,
        [account] => account,
        [_, _, ..] => return Found::Doubt(several(&accounts)),
    };
    if carries_other_identifier(desired, account) {
        return Found::Doubt(Hold::OtherIdentifier { account: account.id.clone() });
    }
    unless_claimed(desired, candidates, account, Found::Matched(account))
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
    let mut claims = account.link().into_iter().chain(candidates.claimed.get(&account.id).cloned());
    match claims.find(|by| *by != desired.key) {
        Some(by) => Found::Doubt(Hold::Claimed { account: account.id.clone(), by }),
        None => found,
    }
}
