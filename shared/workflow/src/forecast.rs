//! What will change by itself, and when: everyone is planned as they are now, the plans are carried out in memory, and so
//! it goes on from one moment to the next. Writes nothing.
//!
//! What decides is what decides when the moment comes: `Desired::of`, `plan` and what is kept of a person afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping::account::{AccountId, DeviceId, GroupName};
use mapping::carried::carried_out;
use mapping::desired::{Desired, WantedManager, computed_groups};
use mapping::employee::{ConnectionName, Employee, EmployeeId, EmployeeKey};
use mapping::foresee::{next_word, said_at};
use mapping::lifecycle::zone_of;
use mapping::matching::{Found, find};
use mapping::plan::{Action, GroupSeen, ManagerSeen, Plan, Seen, plan};
use mapping::request::{SyncRequest, Trigger};
use mapping::roster::{Doubt, Roster};
use mapping::rules;
use mapping::status::{Brake, Hold, Status};
use state::Record;

use crate::apply::{Applied, End};
use crate::brake::{DAY, is_held_still, limit, place};
use crate::census::Census;
use crate::keep::{Facts, after, handed_over};
use crate::observe::{manager_seen, past};
use crate::survey::{Mode, ROSTER_SIZE, Selection};
use crate::tree::managers_first;
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// How many records are read at once.
const PAGE: usize = 1000;
/// How many people are planned between two words about progress.
const AT_ONCE: usize = 500;
/// What ids of accounts begin with that are still to be made: after any id that JumpCloud gives before the year 2106.
const TO_COME: &str = "ffffffffffff";

/// What will change.
#[derive(Debug)]
pub struct Forecast {
    /// From now on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Each connection.
    pub connections: Vec<OutlookOf>,
    /// Everything that comes for whoever is selected, in order; what is out of step already comes first.
    pub changes: Vec<Coming>,
    /// Days on which more people meet with a brake than it lets pass; everybody counts.
    pub braked: Vec<Braked>,
}

/// What comes for one person.
#[derive(Debug)]
pub struct Coming {
    /// When.
    pub at: Timestamp,
    /// It is so already, and only waits to be done.
    pub now: bool,
    /// The person's own zone.
    pub zone: TimeZone,
    /// What.
    pub plan: Plan,
}

/// What can be said of one connection.
#[derive(Debug)]
pub struct OutlookOf {
    /// Which.
    pub connection: ConnectionName,
    /// What.
    pub outlook: Outlook,
}

/// Whether anything is foreseen.
#[derive(Debug)]
pub enum Outlook {
    /// It is.
    Foreseen {
        /// People on HR's list.
        people: usize,
        /// Why the list is not proven complete, if so.
        doubts: Vec<Doubt>,
        /// Records that cannot be read: which, and why.
        unreadable: Vec<(String, String)>,
        /// People with an account whom the list lacks.
        missing: Vec<EmployeeKey>,
    },
    /// Nothing happens while it is paused.
    Paused,
    /// It is being removed: `plan` shows what is left to do, and nothing comes after that.
    Removed,
    /// Its HR system refused the key: nothing is known of what comes.
    Refused,
}

/// One day on which a brake holds people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Braked {
    /// Whose.
    pub connection: ConnectionName,
    /// Which day, in the connection's zone.
    pub day: Date,
    /// Which brake.
    pub brake: Brake,
    /// How many people a day it lets pass.
    pub limit: u16,
    /// How many meet with it.
    pub people: usize,
    /// How many of these are held.
    pub held: usize,
}

impl Workflow {
    /// Foresees what comes by `until`. The whole of each connection is looked at, whoever is selected: a brake and a
    /// manager are everybody's. Time off and dates count as HR states them now.
    ///
    /// # Errors
    /// A vendor's or the store's.
    pub async fn forecast(
        &self,
        selection: &Selection,
        in_flight: usize,
        now: Timestamp,
        until: Timestamp,
        watch: Watch<'_>,
    ) -> Result<Forecast, Trouble> {
        let (mut sites, mut connections) = (Vec::new(), Vec::new());
        for (name, site) in self.sites.iter().filter(|(name, _)| selection.takes_connection(name)) {
            let other = |outlook| OutlookOf { connection: name.clone(), outlook };
            match site.rules.mode {
                rules::Mode::On => sites.push((name, site)),
                rules::Mode::Paused => connections.push(other(Outlook::Paused)),
                rules::Mode::Release | rules::Mode::Offboard => connections.push(other(Outlook::Removed)),
            }
        }
        let mut forecast = Forecast { from: now, until, connections, changes: Vec::new(), braked: Vec::new() };
        if sites.is_empty() {
            return Ok(forecast);
        }
        let hr = self.rosters(&sites, Mode::DryRun, now, watch);
        let tell = |read, total| watch(Progress::Accounts { read, total });
        let it = async { Ok::<_, Trouble>(self.jumpcloud.accounts(in_flight, &tell).await?) };
        let ((listed, rosters), accounts) = futures::try_join!(hr, it)?;
        let is_listed = |name: &ConnectionName| listed.iter().any(|(listed, _)| *listed == name);
        let refused = sites.iter().filter(|(name, _)| !is_listed(name));
        let refused = refused.map(|(name, _)| OutlookOf { connection: (*name).clone(), outlook: Outlook::Refused });
        forecast.connections.extend(refused);
        let sites = listed;
        let mut names = self.group_names(&sites, &rosters);
        names.extend(groups_to_come(&sites, &rosters, until));
        let census = self.take_census(accounts, &names, Mode::DryRun, in_flight, now).await?;
        let mut walk = Walk::new(self, census, self.every_record().await?, now, until);
        for ((name, site), roster) in sites.into_iter().zip(rosters) {
            let outlook = self.outlook(name, &roster, &walk.records).await?;
            forecast.connections.push(OutlookOf { connection: name.clone(), outlook });
            walk.enter(site, roster.employees);
        }
        walk.go(selection, &mut forecast.changes, watch).await?;
        forecast.braked = walk.braked.into_values().filter(|day| day.held > 0).collect();
        Ok(forecast)
    }

    async fn outlook(
        &self,
        name: &ConnectionName,
        roster: &Roster,
        records: &HashMap<EmployeeKey, Record>,
    ) -> Result<Outlook, Trouble> {
        let last = self.store.cursor(name, ROSTER_SIZE).await?.and_then(|size| size.parse().ok());
        let listed: BTreeSet<&EmployeeId> = roster.employees.iter().map(|employee| &employee.key.id).collect();
        let missing = records.values().filter(|record| record.key.connection == *name && record.account.is_some());
        let missing = missing.filter(|record| !listed.contains(&record.key.id)).map(|record| record.key.clone());
        let mut missing: Vec<EmployeeKey> = missing.collect();
        missing.sort();
        Ok(Outlook::Foreseen {
            people: roster.employees.len(),
            doubts: roster.prove(last).err().unwrap_or_default(),
            unreadable: roster.unreadable.clone(),
            missing,
        })
    }

    async fn every_record(&self) -> Result<HashMap<EmployeeKey, Record>, Trouble> {
        let mut records = HashMap::new();
        let mut last: Option<EmployeeKey> = None;
        loop {
            let page = self.store.records(None, last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { return Ok(records) };
            last = Some(end.key.clone());
            records.extend(page.into_iter().map(|record| (record.key.clone(), record)));
        }
    }
}

/// Groups with computed names that the rules will give to people of whom HR says something else by then.
fn groups_to_come(sites: &[(&ConnectionName, &Site)], rosters: &[Roster], until: Timestamp) -> BTreeSet<GroupName> {
    let mut names = BTreeSet::new();
    for ((_, site), roster) in sites.iter().zip(rosters) {
        let (rules, kind) = (&site.rules, site.source().kind());
        for employee in &roster.employees {
            let mut at = employee.observed_at;
            while let Some(word) = next_word(employee, rules, kind, at).filter(|word| *word <= until) {
                names.extend(computed_groups(&said_at(employee, rules, kind, word), rules));
                at = word;
            }
        }
    }
    names
}

/// Somebody on HR's list.
struct Person<'a> {
    site: &'a Site,
    /// As HR states them now.
    employee: Employee,
}

/// What is held in memory while time passes there.
struct Walk<'a> {
    workflow: &'a Workflow,
    census: Census,
    records: HashMap<EmployeeKey, Record>,
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
    braked: BTreeMap<(ConnectionName, Date, &'static str), Braked>,
    now: Timestamp,
    until: Timestamp,
}

impl<'a> Walk<'a> {
    fn new(
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
    fn enter(&mut self, site: &'a Site, employees: Vec<Employee>) {
        let order = managers_first(&employees);
        let mut employees: Vec<Option<Employee>> = employees.into_iter().map(Some).collect();
        for employee in order.into_iter().filter_map(|at| employees[at].take()) {
            self.agenda.insert((self.now, self.people.len()));
            self.places.insert(employee.key.clone(), self.people.len());
            self.people.push(Person { site, employee });
        }
    }

    /// From moment to moment, until nothing comes any more.
    async fn go(&mut self, selection: &Selection, changes: &mut Vec<Coming>, watch: Watch<'_>) -> Result<(), Trouble> {
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
        let past = past(old.as_ref(), desired.fingerprint());
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
