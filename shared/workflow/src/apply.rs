//! Does what a reviewed plan says, in its order, and tells how far it came.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jumpcloud::{Created, Fault, NewAccount, Reports, is_taken};
use mapping::account::{Account, AccountId, GroupName, Mail};
use mapping::plan::{Action, Change, ManagerChange, StateChange, UsernameChange};

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
    /// JumpCloud took everything but the new user name.
    pub username_refused: Option<Refused>,
    /// Whose manager was deleted.
    pub reports: Vec<AccountId>,
    /// How it ended.
    pub end: End,
}

/// A user name that JumpCloud did not take.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The name.
    pub username: String,
    /// Whether it may be somebody else's, so that another name may do.
    pub taken: bool,
    /// What JumpCloud said.
    pub says: String,
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
            username_refused: None,
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
                if let (Some(_), Err(fault)) = (manager, &created)
                    && is_refused(fault, None)
                {
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
            Action::Update { account, state, username, changes, manager } => {
                let Some(current) = observed.filter(|current| current.id == *account) else {
                    return Err(End::LookAgain("the account to change was not looked at".to_owned()));
                };
                let update = Update { current, state: state.as_ref(), username: username.as_ref(), changes };
                self.update(&update, manager.as_ref(), applied).await.map_err(unsure_looks_again)?;
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

/// What an update says, but for the manager.
struct Update<'a> {
    current: &'a Account,
    state: Option<&'a StateChange>,
    username: Option<&'a UsernameChange>,
    changes: &'a [Change],
}

impl Workflow {
    /// All of it in one call. What JumpCloud may refuse for its own sake, the user name or the manager, is left out where
    /// it does: the rest matters more.
    async fn update(
        &self,
        update: &Update<'_>,
        manager: Option<&ManagerChange>,
        applied: &mut Applied,
    ) -> Result<(), Fault> {
        let Update { current, state, username, changes } = *update;
        let mail = state.map_or(&Mail::Withheld, |change| &change.mail);
        let state = state.map(|change| change.to);
        let to = username.map(|change| change.to.as_str());
        let manager = manager.map(|ManagerChange { to, .. }| to.as_ref());
        // The old one is not the manager any more, whoever is.
        let nobody = current.manager.is_some().then_some(None);
        let named = matches!(manager, Some(Some(_)));
        let attempts = [(to, manager), (None, manager), (to, nobody), (None, nobody)];
        let mut refusal: Option<Fault> = None;
        for (at, (name, leader)) in attempts.into_iter().enumerate() {
            let (without_name, without_manager) = (at % 2 == 1, at >= 2);
            if (without_name && to.is_none()) || (without_manager && !named) {
                continue;
            }
            match (self.jumpcloud.update(current, state, name, changes, leader, mail).await, refusal.take()) {
                (Ok(_), first) => {
                    applied.manager_refused = without_manager;
                    let refused = username.filter(|_| without_name).zip(first);
                    applied.username_refused = refused.map(|(change, first)| Refused::new(change, &first));
                    if let (Some(to), None) = (to, &applied.username_refused) {
                        applied.username = Some(to.to_owned());
                    }
                    return Ok(());
                }
                // What was said first is about all that was meant.
                (Err(fault), first) if is_refused(&fault, to) => refusal = first.or(Some(fault)),
                (Err(fault), _) => return Err(fault),
            }
        }
        Err(refusal.expect("the first attempt is always made"))
    }
}

impl Refused {
    fn new(change: &UsernameChange, fault: &Fault) -> Refused {
        // It is shown to people: without the words around it, and whatever it holds, on one line.
        let says = match fault {
            Fault::Rejected { message, .. } => message.replace(char::is_control, " "),
            other => other.to_string(),
        };
        Refused { username: change.to.clone(), taken: is_taken(fault), says }
    }
}

/// A manager whose account somebody deleted is refused, and the whole change with it: the rest matters more.
fn is_refused(fault: &Fault, username: Option<&str>) -> bool {
    matches!(fault, Fault::Rejected { status: 400, .. }) || (username.is_some() && is_taken(fault))
}

fn unsure_looks_again(fault: Fault) -> End {
    match fault {
        Fault::Unsure { .. } => End::LookAgain(fault.to_string()),
        other => End::Stopped(other.into()),
    }
}
