//! Everyone: HR's whole list against JumpCloud's, planned, reviewed, and queued where there is something to do.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use mapping::employee::{ConnectionName, Employee, EmployeeId, EmployeeKey};
use mapping::plan::{Plan, Verdict};
use mapping::request::{Evidence, SyncRequest, Trigger};
use mapping::roster::{Doubt, Roster};
use mapping::rules;
use state::{Record, StateError};

use crate::census::Census;
use crate::surveyor::{Surveyor, Todo};
use crate::tree::managers_first;
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// The store's cursor that holds the size of the last roster that was proven complete.
pub(crate) const ROSTER_SIZE: &str = "roster_size";
/// The store's cursor that holds when everyone was last surveyed, and by which rules.
const SURVEYED_AT: &str = "surveyed_at";
/// The store's cursor that holds after whom a survey stopped whose time was up; empty when none did.
const PLACE: &str = "survey_place";
/// How many requests or records are stored at once: one transaction, a bounded amount of memory.
const BATCH: usize = 1000;
/// How many records are read at once.
const PAGE: usize = 1000;
/// How many people are planned with one look at the store, and how often progress is told.
const AT_ONCE: usize = 500;
/// How many records are written side by side where they cannot be written together.
const WRITERS: usize = 16;

/// Whether a survey may store and queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only look: nothing is written anywhere.
    DryRun,
    /// Record what is in step, queue what is not.
    Queue,
}

/// Who is surveyed.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// These connections; all where empty.
    pub connections: Vec<ConnectionName>,
    /// These people; everyone where empty. JumpCloud and HR are still read whole: only that finds every link.
    pub only: BTreeSet<EmployeeKey>,
    /// When to stop, for whoever is stopped otherwise: a function has a quarter of an hour. The next survey with a
    /// limit goes on from there; both lists are read anew, and whoever HR changes in between is told by its list of
    /// changes.
    pub until: Option<Instant>,
}

impl Selection {
    pub(crate) fn takes_connection(&self, name: &ConnectionName) -> bool {
        let named = self.connections.is_empty() || self.connections.contains(name);
        named && (self.only.is_empty() || self.only.iter().any(|key| key.connection == *name))
    }

    pub(crate) fn takes(&self, key: &EmployeeKey) -> bool {
        self.only.is_empty() || self.only.contains(key)
    }
}

/// What a survey of one connection found.
#[derive(Debug)]
pub struct Surveyed {
    /// Whose people.
    pub connection: ConnectionName,
    /// People on HR's list.
    pub people: usize,
    /// People to whom something is to be done.
    pub to_do: usize,
    /// People held for somebody's decision.
    pub held: usize,
    /// Why nothing is taken away on this list's word; empty when it is proven complete.
    pub doubts: Vec<Doubt>,
    /// People with an account whom HR's list lacks. Nothing is taken from them.
    pub missing: Vec<EmployeeKey>,
    /// Records of HR's list that cannot be read: which, and why.
    pub unreadable: Vec<(String, String)>,
    /// Who was put on the queue, and which version of their record was known then.
    pub queued: Vec<(EmployeeKey, u64)>,
    /// How many people are in which status, by the status's word.
    pub statuses: BTreeMap<&'static str, usize>,
    /// Time was up before everybody was looked at: survey again, and it goes on there.
    pub unfinished: bool,
}

impl Workflow {
    /// Surveys whoever is selected. `show` sees each of their plans. A connection whose key was refused is left out, and
    /// is among [`Workflow::refusals`] then; where nobody else is left that is the error.
    ///
    /// # Errors
    /// A vendor's or the store's; nothing is half done by a survey.
    pub async fn survey(
        &self,
        selection: &Selection,
        mode: Mode,
        in_flight: usize,
        now: Timestamp,
        show: &mut (dyn FnMut(&Plan) + Send),
        watch: Watch<'_>,
    ) -> Result<Vec<Surveyed>, Trouble> {
        let (mut sites, mut removed) = (Vec::new(), Vec::new());
        for (name, site) in self.sites.iter().filter(|(name, _)| selection.takes_connection(name)) {
            match site.rules.mode {
                rules::Mode::On => sites.push((name, site)),
                rules::Mode::Paused => tracing::info!(connection = name.as_str(), "paused; nobody is looked at"),
                rules::Mode::Release | rules::Mode::Offboard => removed.push((name, site)),
            }
        }
        let mut surveyed = Vec::with_capacity(sites.len() + removed.len());
        for (name, site) in removed {
            surveyed.push(self.survey_removed(name, site, selection, mode, now, show, watch).await?);
            if mode == Mode::Queue && selection.only.is_empty() {
                self.note_survey(name, now).await?;
            }
        }
        if sites.is_empty() {
            return Ok(surveyed);
        }
        // Neither waits for the other: both are asked at the same time.
        let hr = self.rosters(&sites, mode, now, watch);
        let tell = |read, total| watch(Progress::Accounts { read, total });
        let it = async { Ok::<_, Trouble>(self.jumpcloud.accounts(in_flight, &tell).await?) };
        let ((sites, rosters), accounts) = match futures::try_join!(hr, it) {
            // Whoever is removed was looked at without HR.
            Err(Trouble::HrKeyRefused { .. }) if !surveyed.is_empty() => return Ok(surveyed),
            read => read?,
        };
        let names = self.group_names(&sites, &rosters);
        let mut census = self.take_census(accounts, &names, mode, in_flight, now).await?;
        for ((_, site), roster) in sites.into_iter().zip(rosters) {
            let one = self.survey_one(site, roster, &mut census, selection, mode, now, show, watch).await?;
            surveyed.push(one);
        }
        Ok(surveyed)
    }

    /// Whether a survey of this connection stopped because its time was up.
    ///
    /// # Errors
    /// The store's.
    pub async fn is_unfinished(&self, connection: &ConnectionName) -> Result<bool, Trouble> {
        Ok(self.store.cursor(connection, PLACE).await?.is_some_and(|place| !place.is_empty()))
    }

    /// When everyone of this connection was last surveyed by these rules; by others is never.
    ///
    /// # Errors
    /// The store's.
    pub async fn last_survey(&self, connection: &ConnectionName) -> Result<Option<Timestamp>, Trouble> {
        let noted = self.store.cursor(connection, SURVEYED_AT).await?.unwrap_or_default();
        let (at, by) = noted.split_once(' ').unwrap_or((&noted, ""));
        Ok(at.parse().ok().filter(|_| by == self.rules))
    }

    async fn note_survey(&self, connection: &ConnectionName, now: Timestamp) -> Result<(), Trouble> {
        Ok(self.store.set_cursor(connection, SURVEYED_AT, &format!("{now} {}", self.rules)).await?)
    }

    /// Whether this connection was ever surveyed with a complete list: before that, links may be missing here that
    /// the accounts carry.
    ///
    /// # Errors
    /// The store's.
    pub async fn was_surveyed(&self, connection: &ConnectionName) -> Result<bool, Trouble> {
        Ok(self.store.cursor(connection, ROSTER_SIZE).await?.is_some())
    }

    #[allow(clippy::too_many_arguments)] // one call, one place: a struct for it would only be unpacked again
    async fn survey_one(
        &self,
        site: &Site,
        roster: Roster,
        census: &mut Census,
        selection: &Selection,
        mode: Mode,
        now: Timestamp,
        show: &mut (dyn FnMut(&Plan) + Send),
        watch: Watch<'_>,
    ) -> Result<Surveyed, Trouble> {
        let name = &site.rules.connection;
        let last = self.store.cursor(name, ROSTER_SIZE).await?.and_then(|size| size.parse().ok());
        let proof = roster.prove(last);
        let evidence = if proof.is_ok() { Evidence::CompleteList } else { Evidence::Unproven };
        let accepted = proof.as_ref().ok().map(|complete| complete.size());
        let doubts = proof.err().unwrap_or_default();

        let mut result = Surveyed {
            connection: name.clone(),
            people: roster.employees.len(),
            to_do: 0,
            held: 0,
            doubts,
            missing: Vec::new(),
            unreadable: roster.unreadable.clone(),
            queued: Vec::new(),
            statuses: BTreeMap::new(),
            unfinished: false,
        };
        let limited = selection.until.is_some() && mode == Mode::Queue && selection.only.is_empty();
        let place = if limited { self.store.cursor(name, PLACE).await? } else { None };
        let mut batch = Batch::default();
        let order = managers_first(&roster.employees);
        // Whoever it stopped after may have left the list: then it begins anew.
        let stopped_at = |at: &usize| place.as_deref() == Some(roster.employees[*at].key.id.as_str());
        let skip = order.iter().position(stopped_at).map_or(0, |at| at + 1);
        let mut employees: Vec<Option<Employee>> = roster.employees.into_iter().map(Some).collect();
        let mut surveyor = Surveyor::new(self, site, evidence, census, mode, !selection.only.is_empty(), now);
        let mut planned = 0;
        // Not everybody's records at once: they would be a third of all that a survey holds.
        for some in order.chunks(AT_ONCE) {
            watch(Progress::Planned { people: planned, total: result.people });
            let some: Vec<Employee> = some.iter().filter_map(|at| employees[*at].take()).collect();
            let keys: Vec<EmployeeKey> = some.iter().map(|employee| employee.key.clone()).collect();
            let mut records = self.store.records_of(&keys).await?;
            for employee in some {
                let record = records.remove(&employee.key);
                let version = record.as_ref().map_or(0, |r| r.version);
                let (plan, todo) = surveyor.look(employee, record).await?;
                planned += 1;
                if !selection.takes(&plan.key) {
                    continue;
                }
                result.to_do += usize::from(!plan.is_empty());
                result.held += usize::from(matches!(plan.verdict, Verdict::Hold(_)));
                *result.statuses.entry(plan.status().word()).or_default() += 1;
                show(&plan);
                if mode == Mode::Queue && planned > skip {
                    if let Todo::Ask(request) = &todo {
                        result.queued.push((request.key.clone(), version));
                    }
                    batch.add(todo);
                    if batch.is_full() {
                        self.flush(&mut batch).await?;
                    }
                }
            }
            let last = keys.last().filter(|_| limited && planned > skip && planned < result.people);
            if let (Some(last), Some(until)) = (last, selection.until)
                && Instant::now() >= until
            {
                self.flush(&mut batch).await?;
                self.store.set_cursor(name, PLACE, last.id.as_str()).await?;
                result.unfinished = true;
                return Ok(result);
            }
        }
        if place.is_some_and(|place| !place.is_empty()) {
            self.store.set_cursor(name, PLACE, "").await?;
        }
        let seen = surveyor.people();
        watch(Progress::Planned { people: result.people, total: result.people });

        let missing = self.linked_but(name, &seen).await?;
        if mode == Mode::Queue {
            if let Some(size) = accepted
                && selection.only.is_empty()
            {
                // The list is complete, so their own records say whether they were deleted. Absence alone says nothing.
                let hint = |(key, _): &(EmployeeKey, u64)| SyncRequest::hint(key.clone(), Trigger::Survey, now);
                batch.requests.extend(missing.iter().map(hint));
                result.queued.extend(missing.iter().cloned());
                self.store.set_cursor(name, ROSTER_SIZE, &size.to_string()).await?;
            }
            self.flush(&mut batch).await?;
            if selection.only.is_empty() {
                self.note_survey(name, now).await?;
            }
        }
        result.missing = missing.into_iter().map(|(key, _)| key).collect();
        Ok(result)
    }

    /// People with an account, by our records, whom a list does not have, and the versions of those records.
    async fn linked_but(
        &self,
        name: &ConnectionName,
        listed: &HashSet<EmployeeId>,
    ) -> Result<Vec<(EmployeeKey, u64)>, Trouble> {
        let mut missing = Vec::new();
        let mut last: Option<EmployeeKey> = None;
        loop {
            let page = self.store.records(Some(name), last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.key.clone());
            let unlisted =
                page.into_iter().filter(|record| record.account.is_some() && !listed.contains(&record.key.id));
            missing.extend(unlisted.map(|record| (record.key, record.version)));
        }
        missing.sort();
        Ok(missing)
    }

    /// One of them was worked on meanwhile: whoever did so knows more of that person than this survey does.
    async fn put_each(&self, records: &[Record]) -> Result<(), Trouble> {
        let puts = iter(records).map(|record| self.store.put(record)).buffer_unordered(WRITERS);
        let put = puts.filter(|put| futures::future::ready(!matches!(put, Err(StateError::Conflict))));
        Ok(put.try_collect().await?)
    }

    async fn flush(&self, batch: &mut Batch) -> Result<(), Trouble> {
        match self.store.put_all(&batch.records).await {
            Err(StateError::Conflict) => self.put_each(&batch.records).await?,
            other => other?,
        }
        self.queue.push(&batch.requests).await?;
        batch.records.clear();
        batch.requests.clear();
        Ok(())
    }
}

/// Requests and records on their way to the store.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    requests: Vec<SyncRequest>,
}

impl Batch {
    fn add(&mut self, todo: Todo) {
        match todo {
            Todo::Nothing => {}
            Todo::Note(record) => self.records.push(*record),
            Todo::Ask(request) => self.requests.push(*request),
        }
    }

    fn is_full(&self) -> bool {
        self.records.len() + self.requests.len() >= BATCH
    }
}
