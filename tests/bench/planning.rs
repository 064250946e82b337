//! Deciding, apart from the network: how long it takes for everyone, next to reading the same two documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use hris::Source;
use jumpcloud::JumpCloud;
use mapping::account::{Account, AccountId, GroupName};
use mapping::attribute::Attribute;
use mapping::configuration::Configuration;
use mapping::desired::{Desired, WantedManager};
use mapping::employee::{Employee, EmployeeId, EmployeeKey};
use mapping::matching::{Candidates, Link};
use mapping::plan::{GroupSeen, ManagerSeen, Past, Seen, plan};
use serde_json::Value;
use tests::server::{Exchange, Traffic};

use crate::Broken;
use crate::child::Hirewire;
use crate::stage::Stage;

/// The best of so many turns counts: what others do on this machine meanwhile only makes it slower.
const TURNS: usize = 3;

/// How long reading and deciding take, on one thread.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// For so many people.
    pub people: usize,
    /// HR's report and JumpCloud's pages of users, in bytes.
    pub bytes: usize,
    /// Reading them into employees and accounts.
    pub reading: Duration,
    /// Deciding what should be for everyone.
    pub desired: Duration,
    /// Comparing that with what is.
    pub comparing: Duration,
}

impl Planned {
    /// All of deciding.
    pub fn planning(&self) -> Duration {
        self.desired + self.comparing
    }

    /// How many times longer deciding takes than reading.
    pub fn ratio(&self) -> f64 {
        self.planning().as_secs_f64() / self.reading.as_secs_f64()
    }
}

/// Measures it with the very documents that `hirewire plan` asks this town's vendors for.
pub async fn measure(stage: &Stage) -> Result<Planned, Broken> {
    stage.town.bamboohr.traffic().remember();
    stage.town.jumpcloud.traffic().remember();
    Hirewire::start(&stage.binary, &stage.town, &["plan"])?.end().await?;
    let documents = Documents::of(stage.town.bamboohr.traffic(), stage.town.jumpcloud.traffic())?;
    let text = std::fs::read_to_string(stage.town.config()).map_err(|error| error.to_string())?;
    let configuration = Configuration::parse(&text).map_err(|faults| format!("{faults:?}"))?;
    let now = stage.town.clock.now();

    let [connection] = &configuration.connections[..] else { return Err("one connection is expected".to_owned()) };
    let (mut reading, mut desiring, mut comparing) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let mut people = 0;
    for _ in 0..TURNS {
        let start = Instant::now();
        let employees = Source::read(connection, &documents.report, &documents.locations, now)
            .map_err(|fault| format!("HR's report: {fault}"))?;
        let mut accounts = Vec::with_capacity(employees.len());
        for page in &documents.users {
            accounts.append(&mut JumpCloud::read(page).map_err(|fault| format!("a page of users: {fault}"))?);
        }
        reading = reading.min(start.elapsed());

        let world = World::of(&accounts, &documents.groups);
        let start = Instant::now();
        let desired: Vec<Desired> =
            employees.iter().map(|employee: &Employee| Desired::of(employee, &connection.rules, now)).collect();
        desiring = desiring.min(start.elapsed());

        let start = Instant::now();
        desired.iter().for_each(|desired| drop(black_box(plan(desired, &world.seen(desired)))));
        comparing = comparing.min(start.elapsed());
        people = employees.len();
    }
    Ok(Planned { people, bytes: documents.bytes(), reading, desired: desiring, comparing })
}

/// What the vendors said.
struct Documents {
    report: Vec<u8>,
    locations: Vec<u8>,
    users: Vec<Vec<u8>>,
    /// Each group's name and members.
    groups: Vec<(GroupName, Vec<AccountId>)>,
}

impl Documents {
    fn of(hr: &Traffic, it: &Traffic) -> Result<Documents, Broken> {
        let (hr, it) = (hr.exchanges(), it.exchanges());
        let one = |part: &str| {
            let found = hr.iter().find(|exchange| exchange.path.contains(part));
            found.map(|exchange| exchange.answer.to_vec()).ok_or_else(|| format!("nobody asked for {part}"))
        };
        let users = it.iter().filter(|exchange| exchange.path.starts_with("/api/systemusers?"));
        Ok(Documents {
            report: one("onlyCurrent=true")?,
            locations: one("/locations?")?,
            users: users.map(|exchange| exchange.answer.to_vec()).collect(),
            groups: groups(&it)?,
        })
    }

    fn bytes(&self) -> usize {
        self.report.len() + self.users.iter().map(Vec::len).sum::<usize>()
    }
}

fn groups(exchanges: &[Exchange]) -> Result<Vec<(GroupName, Vec<AccountId>)>, Broken> {
    let mut members: BTreeMap<&str, Vec<AccountId>> = BTreeMap::new();
    let mut names: BTreeMap<String, GroupName> = BTreeMap::new();
    for Exchange { path, answer, .. } in exchanges {
        let Some(rest) = path.strip_prefix("/api/v2/usergroups") else { continue };
        let entries: Vec<Value> = serde_json::from_slice(answer).map_err(|error| format!("{path}: {error}"))?;
        match rest.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
            Some((id, _)) => {
                let ids = entries.iter().filter_map(|edge| AccountId::parse(edge["to"]["id"].as_str()?).ok());
                members.entry(id).or_default().extend(ids);
            }
            None => names.extend(entries.iter().filter_map(|group| {
                Some((group["id"].as_str()?.to_owned(), GroupName::parse(group["name"].as_str()?).ok()?))
            })),
        }
    }
    let named = members.into_iter().map(|(id, members)| {
        let name = names.get(id).cloned().ok_or_else(|| format!("group {id} has no name"))?;
        Ok((name, members))
    });
    named.collect()
}

/// JumpCloud, ready to be asked for anybody, as a survey has it.
struct World<'a> {
    linked: HashMap<EmployeeKey, &'a Account>,
    managers: HashMap<EmployeeId, AccountId>,
    identifiers: HashMap<&'a str, &'a Account>,
    emails: HashMap<&'a str, &'a Account>,
    groups: HashMap<AccountId, BTreeSet<GroupName>>,
    nothing: BTreeSet<GroupName>,
    past: Past,
}

impl<'a> World<'a> {
    fn of(accounts: &'a [Account], groups: &[(GroupName, Vec<AccountId>)]) -> World<'a> {
        let keyed = |account: &'a Account| Some((account.link()?, account));
        let linked: HashMap<EmployeeKey, &Account> = accounts.iter().filter_map(keyed).collect();
        let mut joined: HashMap<AccountId, BTreeSet<GroupName>> = HashMap::new();
        for (name, members) in groups {
            for member in members {
                joined.entry(member.clone()).or_default().insert(name.clone());
            }
        }
        let identified = |account: &'a Account| Some((account.get(&Attribute::EmployeeIdentifier)?, account));
        World {
            managers: linked.iter().map(|(key, account)| (key.id.clone(), account.id.clone())).collect(),
            linked,
            identifiers: accounts.iter().filter_map(identified).collect(),
            emails: accounts.iter().map(|account| (&*account.email, account)).collect(),
            groups: joined,
            nothing: BTreeSet::new(),
            past: Past::default(),
        }
    }

    fn seen(&self, desired: &Desired) -> Seen<'_> {
        let account = self.linked.get(&desired.key).copied();
        let manager = match &desired.manager {
            WantedManager::NotOurs | WantedManager::Nobody => ManagerSeen::Unknown,
            WantedManager::Person(id) => {
                self.managers.get(id).map_or(ManagerSeen::NoAccount, |account| ManagerSeen::Account(account.clone()))
            }
        };
        let groups = account.and_then(|account| self.groups.get(&account.id)).unwrap_or(&self.nothing);
        let found = |found: Option<&&'a Account>| found.into_iter().copied().collect();
        Seen {
            candidates: Candidates {
                link: account.map_or(Link::None, Link::Account),
                own: account.into_iter().collect(),
                identifier: found(desired.identifier().and_then(|identifier| self.identifiers.get(identifier))),
                email: found(desired.email.as_deref().and_then(|email| self.emails.get(email))),
                claimed: BTreeMap::new(),
            },
            past: &self.past,
            devices: &[],
            manager,
            groups,
            group: &|_: &GroupName| GroupSeen::Static,
            taken: &|_: &str| false,
        }
    }
}
