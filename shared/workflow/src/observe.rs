//! What HR and JumpCloud say of one person now, by as few calls as will do.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mapping::account::{Account, AccountId, DeviceId, GroupName};
use mapping::attribute::Attribute;
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{Employee, EmployeeKey};
use mapping::lifecycle::Standing;
use mapping::matching::{Candidates, Claim, Found, Link, find};
use mapping::plan::{GroupSeen, ManagerSeen, Past, Plan, Seen, plan};
use mapping::request::{Evidence, Survey, SyncRequest};
use mapping::rules::Mode;
use mapping::status::{Hold, Status};
use state::Record;

use crate::drain::LEASE;
use crate::{Site, Trouble, Workflow};

/// How long a survey's look at an existing account is good for: writing replaces whole lists, so a stale look could
/// undo what an administrator did meanwhile. (A missing account needs no such care: JumpCloud refuses a second one.)
const SURVEY_GOOD_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How long what HR said is proof enough to take something away; after that the person's own record is read first. A first
/// sync may wait for hours in the queue, and a request that was given up for days.
const OBSERVATION_PROVES_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What HR says of one person.
pub enum HrSays {
    /// This.
    Record {
        /// The person.
        employee: Box<Employee>,
        /// What the observation is good for.
        evidence: Evidence,
    },
    /// Nothing new: a newer observation was applied already.
    Stale,
    /// There is no such record.
    Gone,
    /// The connection is being removed: what HR says no longer counts.
    NotAsked,
}

/// How to look at JumpCloud.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look<'a> {
    /// What a survey saw, which may be all that is needed.
    pub survey: Option<&'a Survey>,
    /// Whether group ids found on the way are stored; a dry run stores nothing.
    pub keep: bool,
    /// Also look for other accounts with the e-mail or identifier of a person whose link is kept: JumpCloud refused
    /// a change, and one of them may be in the way.
    pub wide: bool,
    /// Read the account's groups as well: what is kept of them is not what a survey saw, or did not hold.
    pub closely: bool,
}

/// Everything of JumpCloud that a plan for one person needs.
#[derive(Debug, Default)]
pub struct Observed {
    accounts: Vec<Account>,
    linked: Option<usize>,
    gone: Option<AccountId>,
    claimed: BTreeMap<AccountId, Claim>,
    devices: Vec<DeviceId>,
    manager: ManagerSeen,
    groups: BTreeSet<GroupName>,
    /// The survey gave this person a user name of their own.
    username: Option<String>,
    /// Whoever has one of the person's user names was looked for.
    searched: bool,
    /// Names that JumpCloud refused although nobody visible has them.
    refused: BTreeSet<String>,
}

impl Observed {
    /// Counts these names as taken: JumpCloud refused them just now.
    pub fn refuse_usernames(&mut self, names: &BTreeSet<String>) {
        self.refused.clone_from(names);
    }

    /// Whether it is known which of the person's user names are taken.
    pub(crate) fn knows_usernames(&self) -> bool {
        self.searched || self.username.is_some()
    }

    /// Sorts the accounts by what makes them candidates.
    fn candidates(&self, desired: &Desired) -> Candidates<'_> {
        let link = match (&self.linked, &self.gone) {
            (Some(at), _) => Link::Account(&self.accounts[*at]),
            (None, Some(id)) => Link::Gone(id),
            (None, None) => Link::None,
        };
        let with = |test: &dyn Fn(&Account) -> bool| self.accounts.iter().filter(|a| test(a)).collect();
        Candidates {
            link,
            own: with(&|a| a.link().as_ref() == Some(&desired.key)),
            identifier: with(&|a| {
                let theirs = a.get(&Attribute::EmployeeIdentifier);
                theirs.is_some() && theirs == desired.identifier()
            }),
            email: with(&|a| desired.email.as_deref() == Some(&*a.email)),
            claimed: self.claimed.clone(),
        }
    }

    /// The account that will be worked on, when there is one.
    pub fn account(&self, desired: &Desired) -> Option<&Account> {
        match find(desired, &self.candidates(desired)) {
            Found::Theirs(account) | Found::Matched(account) => Some(account),
            Found::Nothing | Found::Gone(_) | Found::Doubt(_) => None,
        }
    }

    /// The managed groups that the account is in.
    pub fn groups(&self) -> &BTreeSet<GroupName> {
        &self.groups
    }

    /// Decides.
    pub fn plan(&self, desired: &Desired, past: &Past, workflow: &Workflow) -> Plan {
        let names: BTreeSet<&str> = self.accounts.iter().map(|a| &*a.username).collect();
        let taken = |name: &str| match &self.username {
            Some(ours) => name != ours,
            None => names.contains(name) || self.refused.contains(name),
        };
        let group = |name: &GroupName| -> GroupSeen { workflow.directory.seen(name) };
        let seen = Seen {
            candidates: self.candidates(desired),
            past,
            devices: &self.devices,
            manager: self.manager.clone(),
            groups: &self.groups,
            group: &group,
            taken: &taken,
        };
        plan(desired, &seen)
    }
}

impl Workflow {
    /// What HR says: the observation that came with the request, unless a newer one was applied; else asked now. So it is
    /// at every `attempt` but the first: nobody knows how long ago that one was cut off, and HR may have taken its word
    /// back without anything having been left to do by what a survey saw in between.
    pub(crate) async fn hr_says(
        &self,
        site: &Site,
        request: &SyncRequest,
        attempt: u32,
        record: Option<&Record>,
        now: Timestamp,
    ) -> Result<HrSays, Trouble> {
        match site.rules.mode {
            Mode::On | Mode::Paused => {}
            Mode::Release | Mode::Offboard => return Ok(HrSays::NotAsked),
        }
        if let (Some(observation), 0 | 1) = (&request.observation, attempt) {
            let applied = record.and_then(|r| r.observed_at);
            if applied.is_some_and(|applied| applied > observation.employee.observed_at) {
                return Ok(HrSays::Stale);
            }
            let old = now.duration_since(observation.employee.observed_at) >= OBSERVATION_PROVES_FOR;
            let evidence = if old { Evidence::Unproven } else { observation.evidence };
            return Ok(HrSays::Record { employee: Box::new(observation.employee.clone()), evidence });
        }
        self.hr_says_now(site, &request.key, now).await
    }

    /// The person's own record, asked for now.
    pub(crate) async fn hr_says_now(&self, site: &Site, key: &EmployeeKey, now: Timestamp) -> Result<HrSays, Trouble> {
        let said = site.source().employee(&key.id, now).await;
        Ok(match said.map_err(|fault| site.trouble(fault))? {
            Some(employee) => HrSays::Record { employee: Box::new(employee), evidence: Evidence::OwnRecord },
            None => HrSays::Gone,
        })
    }

    /// What JumpCloud says. One call for a person whose link is kept, one for anybody else, none after a survey.
    pub(crate) async fn jumpcloud_says(
        &self,
        desired: &Desired,
        record: Option<&Record>,
        look: Look<'_>,
        now: Timestamp,
    ) -> Result<Observed, Trouble> {
        let left = matches!(desired.standing, Standing::Left { .. });
        let linked = record.is_some_and(|r| r.account.is_some());
        if desired.scope.is_err() && !linked && !left {
            // Takes no part and never did: whatever JumpCloud says changes nothing.
            return Ok(Observed::default());
        }
        let survey = look.survey.filter(|s| still_good(s, record, now));
        let mut observed = match survey {
            Some(survey) => Observed {
                accounts: survey.account.iter().cloned().collect(),
                linked: survey.account.as_ref().and_then(|account| {
                    let kept = record.and_then(|r| r.account.as_ref());
                    (kept == Some(&account.id)).then_some(0)
                }),
                groups: survey.groups.iter().cloned().collect(),
                username: survey.username.clone(),
                ..Observed::default()
            },
            None => self.look_for(desired, record, look).await?,
        };
        observed.manager = self.manager_of(desired).await?;
        if let Some(account) = observed.account(desired).map(|account| account.id.clone()) {
            observed.devices = self.devices_to_unbind(desired, record, &account, look.closely).await?;
        }
        if survey.is_none() {
            // A survey has just read every group there is.
            let store = look.keep.then_some(&self.store);
            self.directory.look_up(store, &self.jumpcloud, desired.groups.keys()).await?;
        }
        Ok(observed)
    }

    async fn look_for(&self, desired: &Desired, record: Option<&Record>, look: Look<'_>) -> Result<Observed, Trouble> {
        let mut observed = Observed::default();
        if let Some(id) = record.and_then(|r| r.account.as_ref()) {
            match self.jumpcloud.account(id).await? {
                Some(account) => {
                    observed.accounts.push(account);
                    observed.linked = Some(0);
                    observed.groups = match look.closely {
                        true => self.groups_of(id).await?,
                        false => record.map(|r| r.groups.clone()).unwrap_or_default(),
                    };
                    if !look.wide {
                        return Ok(observed);
                    }
                }
                None => observed.gone = Some(id.clone()),
            }
        }
        self.search(desired, &mut observed).await?;
        if observed.linked.is_none()
            && let Some(account) = observed.account(desired)
        {
            observed.groups = self.groups_of(&account.id).await?;
        }
        Ok(observed)
    }

    /// Looks for everybody who has the person's e-mail, identifier or one of their user names, by one call.
    pub(crate) async fn search(&self, desired: &Desired, observed: &mut Observed) -> Result<(), Trouble> {
        let email = desired.email.as_deref();
        for account in self.jumpcloud.find(email, desired.identifier(), &desired.key, &desired.usernames).await? {
            if observed.accounts.iter().any(|seen| seen.id == account.id) {
                continue;
            }
            if let Some(owner) = self.store.owner_of(&account.id).await?
                && owner != desired.key
            {
                observed.claimed.insert(account.id.clone(), self.claim_of(owner).await?);
            }
            observed.accounts.push(account);
        }
        observed.searched = true;
        Ok(())
    }

    /// The devices that a leaver's account is to be taken off: none where the rules leave them, or where that is done,
    /// unless somebody wants to know again.
    pub(crate) async fn devices_to_unbind(
        &self,
        desired: &Desired,
        record: Option<&Record>,
        account: &AccountId,
        again: bool,
    ) -> Result<Vec<DeviceId>, Trouble> {
        match unbinds(desired) && (again || !are_unbound(record)) {
            true => Ok(self.jumpcloud.devices(account).await?),
            false => Ok(Vec::new()),
        }
    }

    /// What is known of somebody who has an account, for whoever may be the same person under a new number.
    async fn claim_of(&self, owner: EmployeeKey) -> Result<Claim, Trouble> {
        let known = self.store.record(&owner).await?;
        Ok(match known {
            Some(record) => {
                Claim { by: owner, left_since: record.life.left_since, suspended_by_us: record.suspended_by_us }
            }
            None => Claim::by(owner),
        })
    }

    /// The managed groups that an account is in, asked for now.
    async fn groups_of(&self, account: &AccountId) -> Result<BTreeSet<GroupName>, Trouble> {
        Ok(self.directory.names_of(&self.jumpcloud.groups_of(account).await?))
    }

    async fn manager_of(&self, desired: &Desired) -> Result<ManagerSeen, Trouble> {
        let id = match &desired.manager {
            WantedManager::NotOurs | WantedManager::Nobody => return Ok(ManagerSeen::Unknown),
            WantedManager::Person(id) => id.clone(),
        };
        let key = EmployeeKey { connection: desired.key.connection.clone(), id };
        Ok(manager_seen(self.store.record(&key).await?.as_ref()))
    }
}

/// Whether the rules take this person's account off devices now.
fn unbinds(desired: &Desired) -> bool {
    matches!(desired.standing, Standing::Left { .. }) && desired.policy.unbind_devices
}

/// Whether a leaver's devices were looked at before.
fn are_unbound(record: Option<&Record>) -> bool {
    record.is_some_and(|record| record.life.devices_unbound)
}

/// Whether a leaver's devices are still to be looked at.
pub(crate) fn awaits_unbinding(desired: &Desired, record: Option<&Record>) -> bool {
    unbinds(desired) && !are_unbound(record)
}

/// What is kept of a person, for the next decision about them. `fingerprint` is of what is decided now; `asked` is
/// whether somebody asks for this very person.
pub(crate) fn past(record: Option<&Record>, fingerprint: u64, asked: bool) -> Past {
    let Some(record) = record else { return Past { asked, ..Past::default() } };
    Past {
        suspended_by_us: record.suspended_by_us,
        left_since: record.life.left_since,
        before_leave: record.life.before_leave.clone(),
        completed: record.fingerprint.is_some(),
        settled: record.fingerprint == Some(fingerprint) && record.status == Status::Synced,
        notes: record.notes.clone(),
        named: record.life.named,
        asked,
    }
}

/// What a manager's own record says of their account.
pub(crate) fn manager_seen(record: Option<&Record>) -> ManagerSeen {
    match record {
        // The link is kept as evidence, but leads nowhere.
        Some(Record { status: Status::Held { why: Hold::Deleted { .. } }, .. }) => ManagerSeen::Unknown,
        Some(Record { account: Some(account), .. }) => ManagerSeen::Account(account.clone()),
        Some(Record { account: None, status: Status::Skipped { .. }, .. }) => ManagerSeen::NoAccount,
        // Held, pending and failed people may have an account tomorrow.
        Some(Record { account: None, .. }) | None => ManagerSeen::Unknown,
    }
}

fn still_good(survey: &Survey, record: Option<&Record>, now: Timestamp) -> bool {
    let known = record.filter(|record| record.account.is_some());
    match (&survey.account, known) {
        (None, None) => true,
        // Made since, or deleted: that wants a look of its own.
        (None, Some(_)) => false,
        (Some(_), known) => {
            let written_since = known.is_some_and(|record| record.last_sync > survey.observed_at);
            let gone = record.is_some_and(|record| may_be_gone(record, survey.observed_at));
            !written_since && !gone && now.duration_since(survey.observed_at) < SURVEY_GOOD_FOR
        }
    }
}

/// Whether an account that JumpCloud's list of that moment has may have been deleted or let go of by us since: no account is
/// known any more, and whoever wrote that down may have been at work while the list was read.
pub(crate) fn may_be_gone(record: &Record, listed_at: Timestamp) -> bool {
    record.account.is_none() && listed_at.duration_since(record.last_sync) < LEASE
}

#[cfg(test)]
mod tests {
    use mapping::account::AccountState;
    use mapping::request::Trigger;

    use super::*;
    use crate::keep::blank;

    #[test]
    fn what_a_survey_saw_is_old_once_somebody_was_at_work_since() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(100_000 + seconds);
        let account = AccountId::parse("6a4b98c00c0ffee000014670").expect("an id");
        let list = Account {
            id: account.clone(),
            username: "ada.byron".into(),
            email: "ada.byron@acme.example".into(),
            state: AccountState::Suspended,
            manager: None,
            texts: Vec::new(),
            phones: Vec::new(),
            addresses: Vec::new(),
            custom: Vec::new(),
        };
        let survey = |account| Survey { observed_at: at(0), account, groups: Vec::new(), username: None };
        let record = |account: Option<&AccountId>, written| {
            let key = EmployeeKey::parse("acme:1").expect("a key");
            Record { account: account.cloned(), ..blank(&SyncRequest::hint(key, Trigger::Poll, at(0)), at(written)) }
        };
        let (seen, unseen) = (survey(Some(list)), survey(None));
        let good = |survey: &Survey, record: Option<&Record>| still_good(survey, record, at(5));
        // Nobody was known, or nothing has happened since.
        assert!(good(&seen, None) && good(&unseen, None));
        assert!(good(&seen, Some(&record(Some(&account), -60))));
        assert!(good(&seen, Some(&record(None, -3_600))));
        // Written since, made since.
        assert!(!good(&seen, Some(&record(Some(&account), 1))));
        assert!(!good(&unseen, Some(&record(Some(&account), -60))));
        // Deleted: since, or by who had begun just before.
        assert!(!good(&seen, Some(&record(None, 1))));
        assert!(!good(&seen, Some(&record(None, 0))));
        assert!(!good(&seen, Some(&record(None, -60))));
    }
}
