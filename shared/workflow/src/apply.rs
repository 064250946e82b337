//! Does what a reviewed plan says, in its order, and tells how far it came.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jumpcloud::{Created, Fault, NewAccount, Reports};
use mapping::account::{Account, AccountId, GroupName, Mail};
use mapping::plan::{Action, ManagerChange};

use crate::review::Reviewed;
use crate::{Site, Trouble, Workflow};

/// How far a plan was carried out.
#[derive(Debug)]
pub struct Applied {
    /// The account, as soon as there is one.
    pub account: Option<AccountId>,
    /// Its user name.
    pub username: Option<String>,
    /// The managed groups it is in now.
    pub groups: BTreeSet<GroupName>,
    /// Actions carried out.
    pub actions: usize,
    /// JumpCloud took everything but the manager.
    pub manager_refused: bool,
    /// Whose manager was deleted.
    pub reports: Vec<AccountId>,
    /// How it ended.
    pub end: End,
}

/// How carrying out a plan ended.
#[derive(Debug)]
pub enum End {
    /// All of it is done.
    Done,
    /// What was seen is no longer so (an account appeared, an answer was lost): look and plan again.
    LookAgain(String),
    /// JumpCloud has such an account already; this name was tried.
    AlreadyThere {
        /// The name.
        username: String,
    },
    /// It stopped here.
    Stopped(Trouble),
}

impl Applied {
    /// Whether JumpCloud said no to something.
    pub fn was_rejected(&self) -> bool {
        matches!(self.end, End::Stopped(Trouble::Vendor(Fault::Rejected { .. })))
    }
}

impl Workflow {
    /// Carries out a reviewed plan. `observed` holds the account that an update starts from; `groups` are the managed
    /// groups that the account is in before.
    pub(crate) async fn apply(
        &self,
        site: &Site,
        reviewed: &Reviewed,
        observed: Option<&Account>,
        groups: BTreeSet<GroupName>,
        now: Timestamp,
    ) -> Applied {
        let plan = reviewed.plan();
        let mut applied = Applied {
            account: plan.account.clone(),
            username: plan.username.clone(),
            groups,
            actions: 0,
            manager_refused: false,
            reports: Vec::new(),
            end: End::Done,
        };
        for action in &plan.actions {
            if let Err(end) = self.act(site, action, observed, &mut applied, now).await {
                applied.end = end;
                break;
            }
            applied.actions += 1;
        }
        applied
    }

    async fn act(
        &self,
        site: &Site,
        action: &Action,
        observed: Option<&Account>,
        applied: &mut Applied,
        now: Timestamp,
    ) -> Result<(), End> {
        match action {
            Action::Create { username, state, values, manager, mail, password, .. } => {
                let new = NewAccount {
                    username,
                    state: *state,
                    values,
                    manager: manager.as_ref(),
                    mail: mail.as_ref(),
                    password: site.default_password.as_ref().filter(|_| *password),
                };
                let mut created = self.jumpcloud.create(&new).await;
                if manager.is_some() && is_refused(&created) {
                    created = self.jumpcloud.create(&NewAccount { manager: None, ..new }).await;
                    applied.manager_refused = created.is_ok();
                }
                match created.map_err(unsure_looks_again)? {
                    Created::Made(account) => {
                        applied.account = Some(account.id);
                        applied.username = Some(account.username.into());
                    }
                    Created::AlreadyThere => return Err(End::AlreadyThere { username: username.clone() }),
                }
            }
            Action::Update { account, state, changes, manager } => {
                let Some(current) = observed.filter(|current| current.id == *account) else {
                    return Err(End::LookAgain("the account to change was not looked at".to_owned()));
                };
                let mail = state.as_ref().map_or(&Mail::Withheld, |change| &change.mail);
                let state = state.as_ref().map(|change| change.to);
                let manager = manager.as_ref().map(|ManagerChange { to, .. }| to.as_ref());
                let mut updated = self.jumpcloud.update(current, state, changes, manager, mail).await;
                if let Some(Some(_)) = manager
                    && is_refused(&updated)
                {
                    // The old one is not the manager any more, whoever is.
                    let nobody = current.manager.is_some().then_some(None);
                    updated = self.jumpcloud.update(current, state, changes, nobody, mail).await;
                    applied.manager_refused = updated.is_ok();
                }
                updated.map_err(unsure_looks_again)?;
            }
            Action::Join { group, .. } => {
                let account = applied.account.clone().ok_or_else(|| End::LookAgain("no account to add".to_owned()))?;
                let id = self.directory.obtain(&self.store, &self.jumpcloud, group, now).await;
                let id = id.map_err(End::Stopped)?;
                match self.jumpcloud.join(&id, &account).await {
                    Ok(()) => applied.groups.insert(group.clone()),
                    Err(Fault::NotFound { .. }) => {
                        // Somebody deleted the group since it was last seen.
                        self.directory.forget(Some(&self.store), group).await.map_err(|e| End::Stopped(e.into()))?;
                        return Err(End::LookAgain(format!("group {group} is no longer there")));
                    }
                    Err(fault) => return Err(End::Stopped(fault.into())),
                };
            }
            Action::Leave { group, .. } => {
                let account = applied.account.clone().ok_or_else(|| End::LookAgain("no account".to_owned()))?;
                if let Some(id) = self.directory.id(group) {
                    self.jumpcloud.leave(&id, &account).await.map_err(|fault| End::Stopped(fault.into()))?;
                }
                applied.groups.remove(group);
            }
            Action::Unbind { devices, .. } => {
                let account = applied.account.clone().ok_or_else(|| End::LookAgain("no account".to_owned()))?;
                for device in devices {
                    self.jumpcloud.unbind(&account, device).await.map_err(|fault| End::Stopped(fault.into()))?;
                }
            }
            Action::Delete { account, .. } => {
                // Nobody is their manager then. Should this one come back, it is with another account.
                applied.reports = self.jumpcloud.reports(account).await.map_err(|fault| End::Stopped(fault.into()))?;
                match self.jumpcloud.delete(account, Reports::Clear).await {
                    // Two of our requests may have seen it when its time came, and one was first.
                    Ok(()) | Err(Fault::NotFound { .. }) => {}
                    Err(fault) => return Err(End::Stopped(fault.into())),
                }
                applied.account = None;
                applied.groups.clear();
            }
        }
        Ok(())
    }
}

/// A manager whose account somebody deleted is refused, and the whole change with it: the rest matters more.
fn is_refused<T>(result: &Result<T, Fault>) -> bool {
    matches!(result, Err(Fault::Rejected { status: 400, .. }))
}

fn unsure_looks_again(fault: Fault) -> End {
    match fault {
        Fault::Unsure { .. } => End::LookAgain(fault.to_string()),
        other => End::Stopped(other.into()),
    }
}
