//! Users (v1): read, find, make, change, delete.

use std::borrow::Cow;

use mapping::account::{Account, AccountId, AccountState, Mail};
use mapping::attribute::Attribute;
use mapping::employee::EmployeeKey;
use mapping::plan::Change;
use mapping::secret::Secret;
use serde_json::Value;
use transport::{Fault, Response};

use crate::VENDOR;
use crate::answer::{malformed, one, optional, says_taken, v1_page};
use crate::body::{self, Update};
use crate::client::JumpCloud;
use crate::pages::{self, Page};
use crate::request::{self, Call, PAGE};
use crate::wire::{Listing, User, why};

/// The most pages of one search. One person matches a handful of accounts; a filter that JumpCloud ignores matches all.
const FIND_PAGES_LIMIT: usize = 5;

/// All accounts of the organisation, as far as they could be read.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Sorted by id, each once.
    pub accounts: Vec<Account>,
    /// Whether these are provably all of them.
    pub complete: bool,
}

/// An account to make.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Its user name.
    pub username: &'a str,
    /// Its first state.
    pub state: AccountState,
    /// What it holds.
    pub values: &'a [Change],
    /// Who its manager is.
    pub manager: Option<&'a AccountId>,
    /// Whom to write to once it is [`AccountState::Activated`]. `None` leaves that to JumpCloud, which may mail who is
    /// activated from the start, or not (UNCONFIRMED); to be sure of either takes a second call.
    pub mail: Option<&'a Mail>,
    /// Its first password. With one, JumpCloud takes the account for set up: it never sends the link to set one, and
    /// an activation by [`NewAccount::mail`] becomes a welcome.
    pub password: Option<&'a Secret>,
}

impl NewAccount<'_> {
    /// The state it is made in. Only the way out of STAGED says what becomes of the mail.
    pub(crate) fn born(&self) -> AccountState {
        match (self.state, self.mail) {
            (AccountState::Activated, Some(_)) => AccountState::Staged,
            (state, _) => state,
        }
    }
}

/// Who becomes the manager of a deleted account's reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports<'a> {
    /// Nobody.
    Clear,
    /// This account.
    To(&'a AccountId),
}

/// What became of an account to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// This was made.
    Made(Account),
    /// Its user name, e-mail address or identifier is taken: find out by whom. An e-mail address may be taken in
    /// another organisation, where nobody can be found.
    AlreadyThere,
}

impl JumpCloud {
    /// Every account. `progress` hears how many are read, and of how many.
    ///
    /// # Errors
    /// When a page cannot be had. A single account that cannot be read is left out, and `complete` is false.
    pub async fn accounts(
        &self,
        in_flight: usize,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Accounts, Fault> {
        let name = request::accounts(0).name;
        let fetch = move |skip| async move {
            let call = request::accounts(skip);
            let page: Page<User> = v1_page(&call, &self.send(&call).await?)?;
            // Without a total nothing could be proven.
            if page.total.is_none() { Err(malformed(&call, "it has no totalCount")) } else { Ok(page) }
        };
        let all = pages::all(name, in_flight, |user: &User| user.0.id.as_str(), fetch, progress).await?;
        if all.unreadable > 0 {
            tracing::warn!(unreadable = all.unreadable, "some JumpCloud users cannot be read");
        }
        Ok(Accounts { accounts: all.items.into_iter().map(|user| user.0).collect(), complete: all.complete })
    }

    /// What [`JumpCloud::accounts`] makes of one page. Asks nobody: for measuring only.
    #[doc(hidden)]
    pub fn read(page: &[u8]) -> Result<Vec<Account>, Fault> {
        let page: Listing<User> =
            serde_json::from_slice(page).map_err(|error| malformed(&request::accounts(0), why(&error)))?;
        Ok(page.results.into_iter().map(|user| user.0).collect())
    }

    /// One account; `None` where there is none of this id.
    ///
    /// # Errors
    /// When that cannot be told.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, Fault> {
        let call = request::account(id);
        match self.send(&call).await {
            // Both answers to an unknown id were seen: 404, and 200 with nothing.
            Err(Fault::NotFound { .. }) => Ok(None),
            answer => match optional::<User>(&call, &answer?)? {
                Some(user) if user.0.id != *id => Err(malformed(&call, "it is about another user")),
                user => Ok(user.map(|user| user.0)),
            },
        }
    }

    /// Accounts that could be one person's: by e-mail address (in any case), identifier or one of the user names.
    ///
    /// `link` cannot be asked for, but an account that carries it counts, should it come along.
    ///
    /// # Errors
    /// Also when one of the accounts found cannot be read: it might be the one.
    pub async fn find(
        &self,
        email: Option<&str>,
        identifier: Option<&str>,
        link: &EmployeeKey,
        usernames: &[String],
    ) -> Result<Vec<Account>, Fault> {
        let mut found: Vec<Account> = Vec::new();
        for number in 0..FIND_PAGES_LIMIT {
            let skip = number * PAGE;
            let Some(call) = request::find(email, identifier, usernames, skip) else { return Ok(found) };
            let page: Page<User> = v1_page(&call, &self.send(&call).await?)?;
            if page.unreadable > 0 {
                return Err(malformed(&call, "a user that was found cannot be read"));
            }
            let (read, last) = (skip + page.items.len(), page.items.len() < PAGE);
            found.extend(page.items.into_iter().map(|user| user.0));
            if last || page.total.is_some_and(|total| read >= total) {
                // JumpCloud ignores filters that it does not understand.
                found.retain(|account| could_be(account, email, identifier, link, usernames));
                found.sort_by(|a, b| a.id.cmp(&b.id));
                found.dedup_by(|later, earlier| later.id == earlier.id);
                return Ok(found);
            }
        }
        let detail = format!("more than {FIND_PAGES_LIMIT} pages for one person");
        Err(Fault::Malformed { vendor: VENDOR, call: "POST /search/systemusers", detail })
    }

    /// Some of those who have this account as their manager, by one call: whom it leaves out is found by a survey. That
    /// JumpCloud filters by it is documented nowhere; where it does not, few of those whom it gives are reports.
    ///
    /// # Errors
    /// What kept the call from being answered.
    pub async fn reports(&self, manager: &AccountId) -> Result<Vec<AccountId>, Fault> {
        let call = request::reports(manager);
        let page: Page<User> = v1_page(&call, &self.send(&call).await?)?;
        let of = |user: &User| user.0.manager.as_ref() == Some(manager);
        Ok(page.items.into_iter().filter(of).map(|user| user.0.id).collect())
    }

    /// Makes an account. One that starts activated, with a word about the mail, is made STAGED and then activated:
    /// broken off in between, it is found STAGED, with everything else in place.
    ///
    /// # Errors
    /// [`Fault::Unsure`] where it may have been made, or was made and not activated: look before trying again.
    pub async fn create(&self, new: &NewAccount<'_>) -> Result<Created, Fault> {
        let call = request::create(&body::create(new));
        let made = match self.send(&call).await {
            Ok(answer) => one::<User>(&call, &answer).map_err(unsure)?.0,
            Err(Fault::Rejected { status, message, .. }) if says_taken(status, &message) => {
                return Ok(Created::AlreadyThere);
            }
            Err(fault @ Fault::Malformed { .. }) => return Err(unsure(fault)),
            Err(fault) => return Err(hushed(fault, new.password)),
        };
        match new.mail {
            Some(mail) if new.state == AccountState::Activated && made.state == AccountState::Staged => {
                Ok(Created::Made(self.activate(made, mail).await.map_err(half_made)?))
            }
            Some(_) | None => Ok(Created::Made(made)),
        }
    }

    /// Changes an account, as `account` was when it was read, and gives it as it is then. Nothing to change, no call.
    ///
    /// An account that somebody took out of STAGED meanwhile keeps the state that they gave it: look at the answer.
    ///
    /// `mail` counts on the way out of STAGED only: no other activation has a say in it, and none but that is known to
    /// mail anybody. Where JumpCloud lacks the call for it, the account is activated without the mail.
    ///
    /// That JumpCloud takes another user name of an account that is bound to devices is not to be expected.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where the account is gone.
    pub async fn update(
        &self,
        account: &Account,
        state: Option<AccountState>,
        username: Option<&str>,
        changes: &[Change],
        manager: Option<Option<&AccountId>>,
        mail: &Mail,
    ) -> Result<Account, Fault> {
        let Update { put, activate } = body::update(account, state, username, changes, manager);
        // Values first: whoever gets access gets it with the right ones.
        let mut now = match put {
            Some(put) => Cow::Owned(self.put_clearing(&account.id, &put).await?),
            None => Cow::Borrowed(account),
        };
        if activate && now.state == AccountState::Staged {
            now = Cow::Owned(self.activate(now.into_owned(), mail).await?);
        }
        Ok(now.into_owned())
    }

    /// Whether `""` clears a text is documented for none of them: where it is refused, null is tried.
    async fn put_clearing(&self, id: &AccountId, put: &Value) -> Result<Account, Fault> {
        match (self.put(id, put).await, body::clearing_by_null(put)) {
            (Err(refusal @ Fault::Rejected { status: 400, .. }), Some(put)) => match self.put(id, &put).await {
                // What was said first is about what was meant.
                Err(Fault::Rejected { .. }) => Err(refusal),
                other => other,
            },
            (other, _) => other,
        }
    }

    async fn put(&self, id: &AccountId, put: &Value) -> Result<Account, Fault> {
        let call = request::update(id, put);
        let answer = self.send(&call).await?;
        match optional::<User>(&call, &answer)? {
            Some(user) if user.0.id == *id => Ok(user.0),
            Some(_) => Err(malformed(&call, "it is about another user")),
            // An unknown id may be answered so, as in GET; or the answer is just empty.
            None => self.account(id).await?.ok_or(Fault::NotFound { vendor: VENDOR, what: call.what }),
        }
    }

    /// Deletes an account for good. One that is gone already is fine, so a lost answer is no trouble: ask again.
    ///
    /// # Errors
    /// [`Fault::Rejected`] where JumpCloud does not take the new manager, who may be gone.
    pub async fn delete(&self, id: &AccountId, reports: Reports<'_>) -> Result<(), Fault> {
        match self.send(&request::delete(id, reports)).await {
            Ok(_) | Err(Fault::NotFound { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// From STAGED by the call that is meant for it.
    async fn activate(&self, account: Account, mail: &Mail) -> Result<Account, Fault> {
        let call = request::activate(&account.id, mail);
        let answer = match self.send(&call).await {
            Ok(answer) => answer,
            // Not there, or not any more. If it is the user that is gone, this says so too.
            Err(Fault::NotFound { .. } | Fault::Rejected { status: 405, .. } | Fault::Malformed { .. }) => {
                let put = Value::Object(body::state_body(AccountState::Activated));
                let now = self.put(&account.id, &put).await?;
                if *mail != Mail::Withheld {
                    tracing::warn!(account = %now.id, "activated, but JumpCloud would not take the call that mails");
                }
                return Ok(now);
            }
            // Perhaps somebody was faster, one way or the other: then it is as they made it.
            Err(fault @ Fault::Rejected { status: 400 | 409, .. }) => {
                let now = self.account(&account.id).await?;
                return now.filter(|now| now.state != AccountState::Staged).ok_or(fault);
            }
            Err(fault) => return Err(fault),
        };
        Ok(activated(&call, &answer, account))
    }
}

/// What the answer to an activation says is not documented: the user, `{}` or nothing.
fn activated(call: &Call, answer: &Response, account: Account) -> Account {
    match one::<User>(call, answer) {
        Ok(user) if user.0.id == account.id => user.0,
        _ => Account { state: AccountState::Activated, ..account },
    }
}

/// The account is there, and STAGED: whatever refused its activation did not refuse the account.
fn half_made(fault: Fault) -> Fault {
    match fault {
        Fault::Rejected { .. } | Fault::NotFound { .. } | Fault::Malformed { .. } => {
            Fault::Unsure { vendor: VENDOR, detail: format!("the account was made, but not activated ({fault})") }
        }
        // Not the account's doing; it is found when the work is taken up again.
        Fault::RateLimited { .. } | Fault::KeyRefused { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } => {
            fault
        }
    }
}

/// A refusal may repeat what it refuses.
fn hushed(fault: Fault, password: Option<&Secret>) -> Fault {
    match (fault, password.map(Secret::expose).filter(|password| !password.is_empty())) {
        (Fault::Rejected { vendor, status, message }, Some(password)) => {
            Fault::Rejected { vendor, status, message: message.replace(password, "…") }
        }
        (fault, _) => fault,
    }
}

/// The change was taken, but what came of it cannot be read.
fn unsure(fault: Fault) -> Fault {
    let detail = match fault {
        Fault::Malformed { detail, .. } => format!("the answer cannot be read ({detail})"),
        fault => fault.to_string(),
    };
    Fault::Unsure { vendor: VENDOR, detail }
}

fn could_be(
    account: &Account,
    email: Option<&str>,
    identifier: Option<&str>,
    link: &EmployeeKey,
    usernames: &[String],
) -> bool {
    let same_email = email.is_some_and(|email| !email.is_empty() && *account.email == *email.to_lowercase());
    let same_identifier = identifier.is_some() && account.get(&Attribute::EmployeeIdentifier) == identifier;
    let same_name = usernames.iter().any(|username| account.username.eq_ignore_ascii_case(username));
    same_email || same_identifier || same_name || account.link().as_ref() == Some(link)
}

#[cfg(test)]
mod tests;
