//! One person of a survey: planned from what the survey holds, then noted or queued.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use mapping::account::{Account, DeviceId, GroupName};
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{Employee, EmployeeId, EmployeeKey};
use mapping::matching::{Found, find};
use mapping::plan::{Action, ManagerSeen, Past, Plan, Seen, Verdict, plan};
use mapping::request::{Evidence, Observation, Survey, SyncRequest, Trigger};
use mapping::status::{Hold, Note, Status};
use state::{Record, StateError};

use crate::apply::End;
use crate::brake::Spent;
use crate::census::Census;
use crate::keep::{life, next_change};
use crate::observe::{awaits_unbinding, manager_seen, may_be_gone, past};
use crate::review::is_proven;
use crate::survey::Mode;
use crate::{Site, Trouble, Workflow};

/// What a survey does about one person.
pub(crate) enum Todo {
    /// Nothing at all: stored and seen alike.
    Nothing,
    /// In step, or for somebody to decide: note that.
    Note(Box<Record>),
    /// Out of step: queue it.
    Ask(Box<SyncRequest>),
}

/// What a survey knows of somebody's account, for those whom they manage.
enum AsManager {
    Known(ManagerSeen),
    /// About to get one, or about to have this one linked.
    Coming(ManagerSeen),
}

/// Looks at one person after another, managers first.
pub(crate) struct Surveyor<'a> {
    workflow: &'a Workflow,
    site: &'a Site,
    evidence: Evidence,
    census: &'a mut Census,
    now: Timestamp,
    people: HashMap<EmployeeId, AsManager>,
    /// For a dry run: what its people would have taken of the limits a day. Otherwise whoever does the work finds out.
    spent: Option<Spent>,
    /// For a dry run: these very people are asked for. Whoever does the work is told so by the request.
    asked: bool,
}

impl<'a> Surveyor<'a> {
    /// Ready for the first. `named` is whether people are asked for by name.
    pub fn new(
        workflow: &'a Workflow,
        site: &'a Site,
        evidence: Evidence,
        census: &'a mut Census,
        mode: Mode,
        named: bool,
        now: Timestamp,
    ) -> Surveyor<'a> {
        let spent = (mode == Mode::DryRun).then(Spent::new);
        let asked = named && mode == Mode::DryRun;
        Surveyor { workflow, site, evidence, census, now, people: HashMap::new(), spent, asked }
    }

    /// Everyone looked at.
    pub fn people(self) -> HashSet<EmployeeId> {
        self.people.into_keys().collect()
    }

    /// Plans one person and says what to do about them.
    ///
    /// # Errors
    /// The store's; for a dry run also JumpCloud's.
    pub async fn look(&mut self, employee: Employee, record: Option<Record>) -> Result<(Plan, Todo), Trouble> {
        let id = employee.key.id.clone();
        let desired = Desired::of(&employee, &self.site.rules, self.now);
        let (manager, after) = self.manager(&desired).await?;
        let known = record.as_ref().and_then(|r| r.account.clone());
        let (mut plan, account) = self.plan(&desired, record.as_ref(), manager.clone(), &[]);
        // Whoever provisions this person looks at the devices; a dry run has nobody else to name them.
        if let (Some(_), Some(account)) = (&self.spent, &plan.account) {
            let devices = self.workflow.devices_to_unbind(&desired, record.as_ref(), account, false).await?;
            if !devices.is_empty() {
                (plan, _) = self.plan(&desired, record.as_ref(), manager, &devices);
            }
        }
        let username = plan.actions.iter().find_map(|action| match action {
            Action::Create { username, .. } => Some(username.clone()),
            Action::Update { username, .. } => username.as_ref().map(|change| change.to.clone()),
            Action::Join { .. } | Action::Leave { .. } | Action::Unbind { .. } | Action::Delete { .. } => None,
        });
        // Whoever provisions their people asks the store for the link, and it is not there yet.
        let is_new_here = account.is_some() && known.is_none();
        let as_manager = match (&plan.account, &username, &plan.verdict) {
            (Some(account), _, _) if is_new_here => AsManager::Coming(ManagerSeen::Account(account.clone())),
            (Some(account), _, _) => AsManager::Known(ManagerSeen::Account(account.clone())),
            (None, Some(_), _) => AsManager::Coming(ManagerSeen::Unknown),
            (None, None, Verdict::Skip(_) | Verdict::Withdraw(_)) => AsManager::Known(ManagerSeen::NoAccount),
            (None, None, Verdict::Proceed | Verdict::NotYet(_) | Verdict::Hold(_)) => {
                AsManager::Known(ManagerSeen::Unknown)
            }
        };
        self.people.insert(id, as_manager);
        if let Some(username) = &username {
            self.census.take_username(username);
        }
        if let Some(account) = &plan.account {
            self.census.take_account(account, &plan.key);
        }
        if let Some(spent) = &mut self.spent {
            let plan = match self.workflow.foresee_brake(self.site, &plan, record.as_ref(), spent, self.now).await? {
                Some(hold) => {
                    let past = self.past(record.as_ref(), &desired);
                    plan.held(hold, &past, self.census.groups(account.as_ref()))
                }
                None => plan,
            };
            return Ok((plan, Todo::Nothing));
        }
        let todo = if self.needs_work(&desired, &plan, record.as_ref()) {
            let gone = self.may_be_gone(&plan, record.as_ref());
            let ask = self.request(&plan, employee, account, username, after);
            Todo::Ask(Box::new(if gone { SyncRequest { survey: None, ..ask } } else { ask }))
        } else {
            self.note(&plan, &desired, &employee, record)
        };
        Ok((plan, todo))
    }

    /// What is known of the manager's account, and whom it is better to come after.
    async fn manager(&self, desired: &Desired) -> Result<(ManagerSeen, Option<EmployeeKey>), StateError> {
        let id = match &desired.manager {
            WantedManager::NotOurs | WantedManager::Nobody => return Ok((ManagerSeen::Unknown, None)),
            WantedManager::Person(id) => id,
        };
        let key = || EmployeeKey { connection: desired.key.connection.clone(), id: id.clone() };
        Ok(match self.people.get(id) {
            Some(AsManager::Known(seen)) => (seen.clone(), None),
            Some(AsManager::Coming(seen)) => (seen.clone(), Some(key())),
            // Not looked at yet (a circle), or not on the list at all.
            None => match manager_seen(self.workflow.store.record(&key()).await?.as_ref()) {
                ManagerSeen::Account(account) if self.census.lacks(&account) => (ManagerSeen::NoAccount, None),
                seen => (seen, None),
            },
        })
    }

    fn plan(
        &self,
        desired: &Desired,
        record: Option<&Record>,
        manager: ManagerSeen,
        devices: &[DeviceId],
    ) -> (Plan, Option<Account>) {
        let candidates = self.census.candidates(desired, record.and_then(|r| r.account.as_ref()));
        let account = match find(desired, &candidates) {
            Found::Theirs(account) | Found::Matched(account) => Some(account),
            Found::Nothing | Found::Gone(_) | Found::Doubt(_) => None,
        };
        let groups = self.census.groups(account);
        let past = self.past(record, desired);
        let seen = Seen {
            candidates,
            past: &past,
            devices,
            manager,
            groups,
            group: &|name: &GroupName| self.workflow.directory.seen(name),
            taken: &|name: &str| self.census.is_taken(name),
        };
        let plan = plan(desired, &seen);
        let account = if plan.is_empty() { None } else { account.cloned() };
        (plan, account)
    }

    fn past(&self, record: Option<&Record>, desired: &Desired) -> Past {
        past(record, desired.fingerprint(), self.asked)
    }

    /// Whether somebody must go and do, or look again with their own eyes.
    fn needs_work(&self, desired: &Desired, plan: &Plan, record: Option<&Record>) -> bool {
        // What a list lacks is asked for by itself before anybody is told that it was deleted; with holes in the list,
        // each time.
        let deleted = |status: &Status| matches!(status, Status::Held { why: Hold::Deleted { .. } });
        let known = self.census.complete && record.is_some_and(|record| deleted(&record.status));
        let uncertain = deleted(&plan.status()) && !known;
        // Whether whoever has the account has left, and is the same person, is found out by looking closely; once.
        let claimed = |status: &Status| matches!(status, Status::Held { why: Hold::Claimed { .. } });
        let twice = claimed(&plan.status()) && !record.is_some_and(|record| claimed(&record.status));
        let devices = plan.account.is_some() && awaits_unbinding(desired, record);
        // Whether it was somebody else who suspended the account; once.
        let by_hand = |notes: &[Note]| notes.contains(&Note::SuspendedByHand);
        let suspended = by_hand(&plan.notes) && !record.is_some_and(|record| by_hand(&record.notes));
        uncertain || twice || devices || suspended || self.may_be_gone(plan, record) || !plan.is_empty()
    }

    /// Whether the account that JumpCloud's list has may be gone already.
    fn may_be_gone(&self, plan: &Plan, record: Option<&Record>) -> bool {
        plan.account.is_some() && record.is_some_and(|record| may_be_gone(record, self.census.observed_at))
    }

    fn request(
        &self,
        plan: &Plan,
        employee: Employee,
        account: Option<Account>,
        username: Option<String>,
        after: Option<EmployeeKey>,
    ) -> SyncRequest {
        let evidence = self.evidence;
        // Where something would be taken away on the word of a doubtful list, the person's own record decides.
        let observation = is_proven(plan, evidence).then_some(Observation { employee, evidence });
        // Whoever is held is to be looked at closely: that there is no account of theirs is not what was seen.
        let held = matches!(plan.verdict, Verdict::Hold(_));
        let survey = (!held && (self.census.complete || account.is_some())).then(|| Survey {
            observed_at: self.census.observed_at,
            groups: self.census.groups(account.as_ref()).iter().cloned().collect(),
            account,
            username,
        });
        let hint = SyncRequest::hint(plan.key.clone(), Trigger::Survey, self.now);
        SyncRequest { observation, survey, after, ..hint }
    }

    fn note(&self, plan: &Plan, desired: &Desired, employee: &Employee, old: Option<Record>) -> Todo {
        let life = life(old.as_ref().map(|r| &r.life), desired, plan, &End::Done, self.now);
        // A person held or out of scope keeps the link that was known.
        let account = plan.account.clone().or_else(|| old.as_ref().and_then(|r| r.account.clone()));
        let new = Record {
            key: plan.key.clone(),
            label: plan.label.clone(),
            next_change: next_change(desired, account.is_some(), &life),
            life,
            account,
            username: plan.username.clone().or_else(|| old.as_ref().and_then(|r| r.username.clone())),
            status: plan.status(),
            notes: plan.notes.clone(),
            suspended_by_us: plan.suspended_by_us,
            groups: plan.groups.clone(),
            waits_for: plan.waits_for.clone(),
            fingerprint: Some(desired.fingerprint()),
            observed_at: Some(employee.observed_at),
            last_sync: self.now,
            trigger: Trigger::Survey,
            version: old.as_ref().map_or(0, |r| r.version),
        };
        match old {
            Some(old) if says_the_same(&old, &new) => Todo::Nothing,
            Some(_) | None => Todo::Note(Box::new(new)),
        }
    }
}

/// Whether a record would only be given a newer date.
fn says_the_same(old: &Record, new: &Record) -> bool {
    let dated = Record { observed_at: old.observed_at, last_sync: old.last_sync, trigger: old.trigger, ..new.clone() };
    *old == dated
}
