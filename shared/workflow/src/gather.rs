//! What a survey begins with: everyone on HR's lists, and JumpCloud's accounts with the groups that rules name.

use std::collections::BTreeSet;

use futures::stream::{StreamExt, TryStreamExt, iter};
use hris::Changes;
use jiff::Timestamp;
use jumpcloud::{Accounts, Fault};
use mapping::account::{Account, GroupId, GroupName};
use mapping::desired::computed_groups;
use mapping::employee::ConnectionName;
use mapping::plan::GroupSeen;
use mapping::roster::Roster;
use state::Store;

use crate::census::{Census, Groups};
use crate::survey::Mode;
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// The store's cursor of HR's list of changes; intake owns it, a first survey starts it.
const CHANGED: &str = "changed";

impl Workflow {
    /// The list of changes starts where the first survey starts, so that nothing falls between the two.
    async fn start_cursor(
        &self,
        name: &ConnectionName,
        site: &Site,
        mode: Mode,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        if mode == Mode::Queue && site.source().lists_changes() && self.store.cursor(name, CHANGED).await?.is_none() {
            let changes = site.source().changes(None, now).await;
            match changes.map_err(|fault| site.trouble(fault))? {
                Changes::Listed(changes) => self.store.set_cursor(name, CHANGED, &changes.cursor).await?,
                Changes::Everyone(_) => {}
            }
        }
        Ok(())
    }

    /// The same where everybody is compared: with what the first survey saw.
    async fn start_digests(
        &self,
        name: &ConnectionName,
        site: &Site,
        roster: &Roster,
        mode: Mode,
    ) -> Result<(), Trouble> {
        if mode == Mode::Queue && !site.source().lists_changes() && self.store.digests(name).await?.is_none() {
            let digests = roster.employees.iter().map(|one| (one.key.id.clone(), one.digest())).collect();
            self.store.set_digests(name, &digests).await?;
        }
        Ok(())
    }

    /// Every group that the rules name, fixed or computed, and every one they have named before.
    pub(crate) fn group_names(&self, sites: &[(&ConnectionName, &Site)], rosters: &[Roster]) -> BTreeSet<GroupName> {
        let mut names = self.directory.names();
        for ((_, site), roster) in sites.iter().zip(rosters) {
            names.extend(site.rules.fixed_groups());
            for employee in &roster.employees {
                names.extend(computed_groups(employee, &site.rules));
            }
        }
        names
    }

    /// HR's lists, and whose they are: without those whose key was refused, unless nobody else is left.
    pub(crate) async fn rosters<'a>(
        &self,
        sites: &[(&'a ConnectionName, &'a Site)],
        mode: Mode,
        now: Timestamp,
        watch: Watch<'_>,
    ) -> Result<(Vec<(&'a ConnectionName, &'a Site)>, Vec<Roster>), Trouble> {
        let (mut listed, mut rosters, mut refused) = (Vec::with_capacity(sites.len()), Vec::new(), None);
        for (name, site) in sites {
            match self.roster(name, site, mode, now).await {
                Ok(roster) => {
                    watch(Progress::Roster { people: roster.employees.len() });
                    listed.push((*name, *site));
                    rosters.push(roster);
                }
                Err(trouble @ Trouble::HrKeyRefused { .. }) => {
                    refused.get_or_insert(trouble);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        match refused {
            Some(trouble) if listed.is_empty() => Err(trouble),
            Some(_) | None => Ok((listed, rosters)),
        }
    }

    async fn roster(&self, name: &ConnectionName, site: &Site, mode: Mode, now: Timestamp) -> Result<Roster, Trouble> {
        self.start_cursor(name, site, mode, now).await?;
        let roster = site.source().roster(now).await.map_err(|fault| site.trouble(fault))?;
        self.start_digests(name, site, &roster, mode).await?;
        Ok(roster)
    }

    pub(crate) async fn take_census(
        &self,
        read: Accounts,
        names: &BTreeSet<GroupName>,
        mode: Mode,
        in_flight: usize,
        now: Timestamp,
    ) -> Result<Census, Trouble> {
        let mut groups = Groups::none(read.accounts.len());
        if !names.is_empty() {
            let all = self.jumpcloud.groups().await?;
            let store = (mode == Mode::Queue).then_some(&self.store);
            self.directory.refresh(store, names, &all).await?;
            if !read.accounts.is_empty() {
                self.members_of(names, store, in_flight, &read.accounts, &mut groups).await?;
            }
        }
        let owners = self.store.owners().await?;
        Ok(Census::new(read.accounts, read.complete, groups, owners, now))
    }

    async fn members_of(
        &self,
        names: &BTreeSet<GroupName>,
        store: Option<&Store>,
        in_flight: usize,
        accounts: &[Account],
        groups: &mut Groups,
    ) -> Result<(), Trouble> {
        let known: Vec<(&GroupName, GroupId)> = names
            .iter()
            .filter(|name| self.directory.seen(name) == GroupSeen::Static)
            .filter_map(|name| Some((name, self.directory.id(name)?)))
            .collect();
        let read = iter(known).map(|(name, id)| async move {
            let members = match self.jumpcloud.members(&id, 2).await {
                Ok(members) => members,
                // Somebody deleted the group: nobody is in it any more.
                Err(Fault::NotFound { .. }) => {
                    self.directory.forget(store, name).await?;
                    Vec::new()
                }
                Err(fault) => return Err(fault.into()),
            };
            Ok::<_, Trouble>((name, members))
        });
        let mut lists = read.buffer_unordered(in_flight);
        while let Some((name, members)) = lists.try_next().await? {
            groups.join(name, &members, accounts);
        }
        Ok(())
    }
}
