//! User groups (v2): list, make, who is in them, enter and leave.

use mapping::account::{AccountId, GroupId, GroupName};
use serde::de::DeserializeOwned;
use transport::Fault;

use crate::VENDOR;
use crate::answer::{malformed, one, v2_page};
use crate::client::JumpCloud;
use crate::pages::{self, All};
use crate::request::{self, Call};
use crate::wire::{GroupRead, Member, Membership};

/// How many pages of groups, or of one user's groups, are read at once: there are few.
const GROUP_PAGES_AT_ONCE: usize = 4;

/// A user group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name. JumpCloud may allow two of one name.
    pub name: GroupName,
    /// Whether JumpCloud fills it itself: never written then.
    pub dynamic: bool,
}

impl JumpCloud {
    /// Every group, by id. Those whose name no rule can have are left out.
    ///
    /// # Errors
    /// Also when the list kept changing while it was read: a group that only seems missing would be made again.
    pub async fn groups(&self) -> Result<Vec<Group>, Fault> {
        self.groups_by(request::groups).await
    }

    /// The group of this very name; the oldest, should there be several.
    ///
    /// # Errors
    /// When that cannot be told.
    pub async fn group_named(&self, name: &GroupName) -> Result<Option<Group>, Fault> {
        let call = |skip| request::groups_named(name, skip).unwrap_or_else(|| request::groups(skip));
        // The filter is a hint: JumpCloud may ignore it, or mean more than equality.
        Ok(self.groups_by(call).await?.into_iter().find(|group| group.name == *name))
    }

    async fn groups_by(&self, call: impl Fn(usize) -> Call + Sync) -> Result<Vec<Group>, Fault> {
        let all = self.list(&call, GROUP_PAGES_AT_ONCE, |read: &GroupRead| &read.id).await?;
        if !all.complete {
            let detail = "its list of groups changed while it was read".to_owned();
            return Err(Fault::Unavailable { vendor: VENDOR, detail });
        }
        Ok(all.items.into_iter().filter_map(|read| read.group).collect())
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`Fault::Unsure`] where it may have been made, [`Fault::Rejected`] with 409 where there is one of the name: look
    /// it up with [`JumpCloud::group_named`].
    pub async fn create_group(&self, name: &GroupName) -> Result<Group, Fault> {
        let call = request::create_group(name);
        let made = match self.send(&call).await {
            Ok(answer) => one::<GroupRead>(&call, &answer).map(|read| read.group),
            Err(fault @ Fault::Malformed { .. }) => Err(fault),
            Err(fault) => return Err(fault),
        };
        match made {
            Ok(Some(group)) if group.name == *name => Ok(group),
            Ok(_) => Err(unsure("the answer is about another group")),
            Err(_) => Err(unsure("the answer cannot be read")),
        }
    }

    /// The users who are in a group directly, by id.
    ///
    /// # Errors
    /// Also when one of them cannot be read.
    pub async fn members(&self, group: &GroupId, in_flight: usize) -> Result<Vec<AccountId>, Fault> {
        let call = |skip| request::members(group, skip);
        let all = self.list(&call, in_flight, |read: &Member| &read.id).await?;
        Ok(all.items.into_iter().filter_map(|read| read.account).collect())
    }

    /// The groups that an account is in directly, by id.
    ///
    /// # Errors
    /// Also when one of them cannot be read.
    pub async fn groups_of(&self, account: &AccountId) -> Result<Vec<GroupId>, Fault> {
        let call = |skip| request::groups_of(account, skip);
        let all = self.list(&call, GROUP_PAGES_AT_ONCE, |read: &Membership| &read.id).await?;
        Ok(all.items.into_iter().filter_map(|read| read.group).collect())
    }

    /// Adds an account to a group; nothing happens to a member.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where the group or the account is gone.
    pub async fn join(&self, group: &GroupId, account: &AccountId) -> Result<(), Fault> {
        match self.send(&request::join(group, account)).await {
            // "Already Exists".
            Ok(_) | Err(Fault::Rejected { status: 409, .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Takes an account out of a group; nothing happens to somebody who is no member, or where either is gone.
    ///
    /// # Errors
    /// When JumpCloud refuses or cannot be reached.
    pub async fn leave(&self, group: &GroupId, account: &AccountId) -> Result<(), Fault> {
        match self.send(&request::leave(group, account)).await {
            Ok(_) | Err(Fault::NotFound { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// A whole v2 list, in which everything must be readable.
    pub(crate) async fn list<T: DeserializeOwned + Send>(
        &self,
        call: &(impl Fn(usize) -> Call + Sync),
        in_flight: usize,
        key: fn(&T) -> &str,
    ) -> Result<All<T>, Fault> {
        let fetch = move |skip| {
            let call = call(skip);
            async move { v2_page(&call, &self.send(&call).await?) }
        };
        let all = pages::all(call(0).name, in_flight, key, fetch, &|_, _| ()).await?;
        if all.unreadable > 0 {
            return Err(malformed(&call(0), format!("{} of its entries cannot be read", all.unreadable)));
        }
        Ok(all)
    }
}

fn unsure(detail: &str) -> Fault {
    Fault::Unsure { vendor: VENDOR, detail: detail.to_owned() }
}
