//! What will change by itself, and when: everyone is planned as they are now, the plans are carried out in memory, and so
//! it goes on from one moment to the next. Writes nothing.
//!
//! What decides is what decides when the moment comes: `Desired::of`, `plan` and what is kept of a person afterwards.

mod walk;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping::account::GroupName;
use mapping::desired::computed_groups;
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};
use mapping::foresee::{next_word, said_at};
use mapping::plan::Plan;
use mapping::roster::{Doubt, Roster};
use mapping::rules;
use mapping::status::Brake;
use state::Record;

use self::walk::Walk;
use crate::survey::{Mode, ROSTER_SIZE, Selection};
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// How many records are read at once.
const PAGE: usize = 1000;

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
