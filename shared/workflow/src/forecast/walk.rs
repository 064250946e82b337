//! From one moment to the next in memory: whoever is due is decided, carried out, and noted when to look again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::account::{AccountId, DeviceId, GroupName};
use mapping::carried::carried_out;
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{ConnectionName, Employee, EmployeeKey};
use mapping::foresee::{next_word, said_at};
use mapping::lifecycle::zone_of;
use mapping::matching::{Found, find};
use mapping::plan::{Action, GroupSeen, ManagerSeen, Plan, Seen, plan};
use mapping::request::{SyncRequest, Trigger};
use mapping::status::{Hold, Status};
use state::Record;

use super::{Braked, Coming};
use crate::apply::{Applied, End};
use crate::brake::{DAY, is_held_still, limit, place};
use crate::census::Census;
use crate::keep::{Facts, after, handed_over};
use crate::observe::{manager_seen, past};
use crate::survey::Selection;
use crate::tree::managers_first;
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// How many people are planned between two words about progress.
const AT_ONCE: usize = 500;
/// What ids of accounts begin with that are still to be made: after any id that JumpCloud gives before the year 2106.
const TO_COME: &str = "ffffffffffff";

/// Somebody on HR's list.
struct Person<'a> {
    site: &'a Site,
    /// As HR states them now.
    employee: Employee,
}

/// What is held in memory while time passes there.
pub(super) struct Walk<'a> {
    workflow: &'a Workflow,
    census: Census,
    pub(super) records: HashMap<EmployeeKey, Record>,
    /// In the order in which they are taken: managers first.
    people: Vec<Person<'a>>,
    places: HashMap<EmployeeKey, usize>,
    /// Who is looked at when.
    agenda: BTreeSet<(Timestamp, usize)>,
    /// Who waits for whose account.
    waiting: HashMap<EmployeeKey, BTreeSet<usize>>,
    /// Groups made on the way.
    groups: BTreeSet<GroupName>,
    /// Accounts made on the way.
    made: u64,
    /// Uses of brakes, and until when each counts.
    used: HashMap<String, Timestamp>,
    /// The days on which brakes hold people.
    pub(super) braked: BTreeMap<(ConnectionName, Date, &'static str), Braked>,
    now: Timestamp,
    until: Timestamp,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        workflow: &'a Workflow,
        census: Census,
        records: HashMap<EmployeeKey, Record>,
        now: Timestamp,
        until: Timestamp,
    ) -> Walk<'a> {
        Walk {
            workflow,
            census,
            records,
            people: Vec::new(),
            places: HashMap::new(),
            agenda: BTreeSet::new(),
            waiting: HashMap::new(),
            groups: BTreeSet::new(),
            made: 0,
            used: HashMap::new(),
            braked: BTreeMap::new(),
            now,
            until,
        }
    }

    /// Takes in the people of one connection; everybody is looked at now.
    pub(super) fn enter(&mut self, site: &'a Site, employees: Vec<Employee>) {
        let order = managers_first(&employees);
        let mut employees: Vec<Option<Employee>> = employees.into_iter().map(Some).collect();
        for employee in order.into_iter().filter_map(|at| employees[at].take()) {
            self.agenda.insert((self.now, self.people.len()));
            self.places.insert(employee.key.clone(), self.people.len());
            self.people.push(Person { site, employee });
        }
    }

    /// From moment to moment, until nothing comes any more.
    pub(super) async fn go(
        &mut self,
        selection: &Selection,
        changes: &mut Vec<Coming>,
        watch: Watch<'_>,
    ) -> Result<(), Trouble> {
        let total = self.people.len();
        let mut planned = 0;
        while let Some((moment, at)) = self.agenda.pop_first() {
            if moment == self.now {
                planned = (planned + 1).min(total);
                if planned % AT_ONCE == 0 || planned == total {
                    watch(Progress::Planned { people: planned, total });
                }
            }
            let Some(plan) = self.look(at, moment).await? else { continue };
            if selection.takes(&plan.key) {
                let Person { site, employee } = &self.people[at];
                let zone = zone_of(employee, &site.rules).zone;
                changes.push(Coming { at: moment, now: moment == self.now, zone, plan });
            }
        }
        Ok(())
    }

    /// One person at one moment: decided, carried out in memory, and noted when to look again. The plan, where it says
    /// something new.
    async fn look(&mut self, at: usize, moment: Timestamp) -> Result<Option<Plan>, Trouble> {
        let site = self.people[at].site;
        let (rules, kind) = (&site.rules, site.source().kind());
        let employee = said_at(&self.people[at].employee, rules, kind, moment);
        let desired = Desired::of(&employee, rules, moment);
        let observed_at = employee.observed_at;
        let key = desired.key.clone();
        let old = self.records.get(&key).cloned();
        let past = past(old.as_ref(), desired.fingerprint(), false);
        let (mut plan, account, groups) = {
            let mut candidates = self.census.candidates(&desired, old.as_ref().and_then(|r| r.account.as_ref()));
            for claim in candidates.claimed.values_mut() {
                if let Some(record) = self.records.get(&claim.by) {
                    (claim.left_since, claim.suspended_by_us) = (record.life.left_since, record.suspended_by_us);
                }
            }
            let account = match find(&desired, &candidates) {
                Found::Theirs(account) | Found::Matched(account) => Some(account.clone()),
                Found::Nothing | Found::Gone(_) | Found::Doubt(_) => None,
            };
            let groups = self.census.groups(account.as_ref()).clone();
            let devices = self.devices(&desired, old.as_ref(), account.as_ref().map(|account| &account.id)).await?;
            let seen = Seen {
                candidates,
                past: &past,
                devices: &devices,
                manager: self.manager(&desired),
                groups: &groups,
                group: &|name: &GroupName| match self.groups.contains(name) {
                    true => GroupSeen::Static,
                    false => self.workflow.directory.seen(name),
                },
                taken: &|name: &str| self.census.is_taken(name),
            };
            (plan(&desired, &seen), account, groups)
        };
        if let Some(hold) = self.brake(site, &plan, old.as_ref(), moment).await? {
            plan = plan.held(hold, &past, &groups);
        }
        let after_it = carried_out(&plan, account.as_ref(), &account_to_come(self.made + 1));
        if account.is_none() && after_it.is_some() {
            self.made += 1;
        }
        let facts = Facts { desired: &desired, fingerprint: desired.fingerprint(), observed_at: Some(observed_at) };
        let applied = Applied {
            account: after_it.as_ref().map(|account| account.id.clone()),
            username: after_it.as_ref().map(|account| account.username.to_string()).or(plan.username.clone()),
            groups: plan.groups.clone(),
            actions: plan.actions.len(),
            manager_refused: false,
            username_refused: None,
            reports: Vec::new(),
            end: End::Done,
        };
        let is_news = !plan.is_empty()
            || matches!(plan.status(), Status::Held { .. })
                && (moment == self.now || old.as_ref().is_none_or(|record| record.status != plan.status()));
        let request = SyncRequest::hint(key.clone(), Trigger::Due, moment);
        let record = after(old, &facts, &plan, &applied, &request, moment);
        if let Some(earlier) = plan.takes_over.as_ref().and_then(|earlier| self.records.remove(earlier)) {
            self.records.insert(earlier.key.clone(), handed_over(earlier, moment));
        }
        self.picture(&plan, account.map(|account| account.id), after_it);
        let word = next_word(&self.people[at].employee, rules, kind, moment);
        self.keep(at, record, moment, word);
        Ok(is_news.then_some(plan))
    }

    /// The devices of somebody who has left: asked for, one call each.
    async fn devices(
        &self,
        desired: &Desired,
        record: Option<&Record>,
        account: Option<&AccountId>,
    ) -> Result<Vec<DeviceId>, Trouble> {
        match account.filter(|id| !id.as_str().starts_with(TO_COME)) {
            Some(account) => self.workflow.devices_to_unbind(desired, record, account, false).await,
            None => Ok(Vec::new()),
        }
    }

    fn manager(&self, desired: &Desired) -> ManagerSeen {
        let WantedManager::Person(id) = &desired.manager else { return ManagerSeen::Unknown };
        let key = EmployeeKey { connection: desired.key.connection.clone(), id: id.clone() };
        match manager_seen(self.records.get(&key)) {
            ManagerSeen::Account(account) if self.census.lacks(&account) => ManagerSeen::NoAccount,
            seen => seen,
        }
    }

    /// The same as when it is real, with uses that count in memory.
    async fn brake(
        &mut self,
        site: &Site,
        plan: &Plan,
        record: Option<&Record>,
        moment: Timestamp,
    ) -> Result<Option<Hold>, Trouble> {
        let Some(brake) = plan.brake else { return Ok(None) };
        let limit = limit(site, brake);
        let until = moment.checked_add(DAY).unwrap_or(Timestamp::MAX);
        let own = place(&plan.key, brake, plan.key.id.as_str());
        if self.is_used(&own, moment).await? {
            return Ok(None);
        }
        if is_held_still(record, brake, limit) {
            return Ok(Some(Hold::Braked { brake, limit }));
        }
        let connection = plan.key.connection.clone();
        let day = moment.to_zoned(site.rules.zone.clone()).date();
        let counted = (connection.clone(), day, brake.word());
        let counted =
            self.braked.entry(counted).or_insert(Braked { connection, day, brake, limit, people: 0, held: 0 });
        counted.people += 1;
        for number in 0..limit {
            let one = place(&plan.key, brake, &format!("#{number}"));
            if !self.is_used(&one, moment).await? {
                self.used.extend([(one, until), (own, until)]);
                return Ok(None);
            }
        }
        let counted = self.braked.get_mut(&(plan.key.connection.clone(), day, brake.word()));
        counted.expect("just counted").held += 1;
        Ok(Some(Hold::Braked { brake, limit }))
    }

    async fn is_used(&self, what: &str, moment: Timestamp) -> Result<bool, Trouble> {
        match self.used.get(what) {
            Some(until) => Ok(*until > moment),
            None => Ok(self.workflow.store.is_claimed(what, moment).await?),
        }
    }

    /// JumpCloud, once the plan is carried out.
    fn picture(&mut self, plan: &Plan, before: Option<AccountId>, after: Option<mapping::account::Account>) {
        for action in &plan.actions {
            if let Action::Join { group, create: true, .. } = action {
                self.groups.insert(group.clone());
            }
        }
        match (before, after) {
            (_, Some(account)) => {
                self.census.give(&account.id, &plan.key);
                self.census.put(account, plan.groups.clone());
            }
            (Some(gone), None) => self.census.delete(&gone),
            (None, None) => {}
        }
    }

    /// Keeps a record, and notes who is to be looked at because of it.
    fn keep(&mut self, at: usize, record: Record, moment: Timestamp, word: Option<Timestamp>) {
        let moments = word.into_iter().chain(record.next_change);
        let next = moments.filter(|next| *next > moment && *next <= self.until).min();
        self.agenda.extend(next.map(|next| (next, at)));
        if let Some(id) = &record.waits_for {
            let manager = EmployeeKey { connection: record.key.connection.clone(), id: id.clone() };
            self.waiting.entry(manager).or_default().insert(at);
        }
        if let ManagerSeen::Account(_) = manager_seen(Some(&record)) {
            for report in self.waiting.remove(&record.key).unwrap_or_default() {
                let waits = self.records.get(&self.people[report].employee.key).and_then(|r| r.waits_for.as_ref());
                if waits == Some(&record.key.id) {
                    self.agenda.insert((moment, report));
                }
            }
        }
        self.records.insert(record.key.clone(), record);
    }
}

/// An id for an account that is still to be made.
fn account_to_come(number: u64) -> AccountId {
    AccountId::parse(&format!("{TO_COME}{number:012x}")).expect("24 hexadecimal digits")
}
