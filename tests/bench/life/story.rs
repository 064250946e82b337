//! What happens to people, in an order that a seed decides: written into HR, and noted for the oracle.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tests::hr::{Hr, Leaving, NewHire, What};
use tests::town::Town;

use super::people::{Job, Leave, Person, Stand};
use super::rules::{DEPARTMENTS, House, LEAVE, SITES, TITLES, Zones, days};

/// How often a person is meant before nobody is found to whom something can happen.
const TRIES: usize = 200;
/// However small the company, so much may happen in a day.
const LEAST_BUSY: usize = 8;
/// One in so many leads others.
const REPORTS: usize = 12;

const FIRST: [&str; 12] =
    ["Ada", "Grace", "Alan", "Edith", "Joan", "Karen", "Linus", "Mary", "Niels", "Olga", "Paul", "Rosa"];
const LAST: [&str; 12] =
    ["Abel", "Brand", "Cole", "Dorn", "Engel", "Frost", "Grün", "Holt", "Iver", "Juhl", "Krog", "Lund"];

/// The company, and what is written into it.
pub struct Story {
    /// Everybody who ever was.
    pub people: Vec<Person>,
    /// What time it is where.
    pub zones: Zones,
    /// How often each kind of thing happened.
    pub told: BTreeMap<&'static str, u64>,
    /// What happened last to each person, for whoever reads a wrong state.
    pub last: BTreeMap<usize, Vec<String>>,
    rng: fastrand::Rng,
    hr: [Hr; 2],
}

/// A thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Hire,
    Move,
    Site,
    Dated,
    Manager,
    Rename,
    Unseen,
    Leave,
    Back,
    Terminate,
    AtOnce,
    Yesterday,
    Cancel,
    Rehire,
    NewId,
    Postpone,
}

/// How likely each is, beside the others.
const VERBS: [(Verb, u32); 16] = [
    (Verb::Hire, 13),
    (Verb::Move, 26),
    (Verb::Site, 5),
    (Verb::Dated, 9),
    (Verb::Manager, 8),
    (Verb::Rename, 5),
    (Verb::Unseen, 7),
    (Verb::Leave, 7),
    (Verb::Back, 3),
    (Verb::Terminate, 11),
    (Verb::AtOnce, 3),
    (Verb::Yesterday, 1),
    (Verb::Cancel, 2),
    (Verb::Rehire, 5),
    (Verb::NewId, 3),
    (Verb::Postpone, 2),
];

impl Verb {
    fn words(self) -> &'static str {
        match self {
            Verb::Hire => "hired",
            Verb::Move => "another department or title",
            Verb::Site => "moved to another site",
            Verb::Dated => "another department or title from a day to come",
            Verb::Manager => "another manager",
            Verb::Rename => "renamed",
            Verb::Unseen => "a change that no rule looks at",
            Verb::Leave => "goes on leave",
            Verb::Back => "back early",
            Verb::Terminate => "leaves on a day to come",
            Verb::AtOnce => "let go at once",
            Verb::Yesterday => "left yesterday, by what HR says today",
            Verb::Cancel => "stays after all",
            Verb::Rehire => "hired again, same record",
            Verb::NewId => "hired again, new record",
            Verb::Postpone => "another first day",
        }
    }

    /// Whether it can happen to somebody who stands there.
    fn suits(self, person: &Person, stand: Stand, today: Date) -> bool {
        match self {
            Verb::Hire => false,
            Verb::Move | Verb::Manager => matches!(stand, Stand::Here | Stand::Upcoming | Stand::Moving),
            Verb::Rename | Verb::Unseen => {
                matches!(stand, Stand::Here | Stand::Upcoming | Stand::Moving | Stand::OnLeave)
            }
            Verb::Site | Verb::Dated | Verb::Leave | Verb::Terminate | Verb::AtOnce | Verb::Yesterday => {
                stand == Stand::Here
            }
            Verb::Back => stand == Stand::OnLeave && person.away,
            Verb::Cancel => {
                stand == Stand::Ending && !person.revoked && person.end.is_some_and(|end| end > days(today, 3))
            }
            Verb::Rehire => stand == Stand::Left,
            Verb::NewId => stand == Stand::Left && !person.leads,
            Verb::Postpone => stand == Stand::Upcoming,
        }
    }
}

impl Story {
    /// Before anything happened.
    pub fn new(town: &Town, seed: u64) -> Story {
        Story {
            people: Vec::new(),
            zones: Zones::new(),
            told: BTreeMap::new(),
            last: BTreeMap::new(),
            rng: fastrand::Rng::with_seed(seed),
            hr: House::ALL.map(|house| town.hr(house.kind())),
        }
    }

    /// One of the HR systems.
    pub fn hr(&self, house: House) -> &Hr {
        &self.hr[house as usize]
    }

    /// So many people, most of them there for long, some about to begin.
    pub fn found(&mut self, people: usize, now: Timestamp) {
        for number in 0..people {
            let house = House::ALL[number % 2];
            let site = self.rng.usize(..SITES.len());
            let today = self.zones.today(site, now);
            let ahead = if number % 20 == 19 { self.rng.i64(3..14) } else { -self.rng.i64(30..2000) };
            let leads = number < 2 || (number % (2 * REPORTS) < 2 && ahead < 0);
            self.hire(house, site, days(today, ahead), leads, true);
        }
    }

    /// A minute at which something may happen: not one at which HR is polled anyway.
    pub fn some_minutes(&mut self, day: Timestamp, count: usize) -> Vec<Timestamp> {
        let minute = |rng: &mut fastrand::Rng| rng.i64(0..48) * 30 + rng.i64(3..28);
        (0..count).map(|_| day + SignedDuration::from_mins(minute(&mut self.rng))).collect()
    }

    /// Whether the webhooks of what just happened get lost: one in ten.
    pub fn is_lost(&mut self) -> bool {
        self.rng.u32(..10) == 0
    }

    /// How many things happen in a day.
    pub fn how_many(&mut self, people: usize) -> usize {
        let most = (people / 14).max(LEAST_BUSY);
        self.rng.usize(0..=most)
    }

    /// Whether this person is given a device now.
    pub fn takes_device(&mut self) -> bool {
        self.rng.u32(..4) == 0
    }

    /// Lets one thing happen; who it happened to.
    pub fn happen(&mut self, now: Timestamp) -> Option<usize> {
        let verb = self.verb();
        if verb == Verb::Hire {
            let house = House::ALL[self.rng.usize(..2)];
            let site = self.rng.usize(..SITES.len());
            let today = self.zones.today(site, now);
            let ahead = if self.rng.u32(..5) == 0 { 0 } else { self.rng.i64(1..15) };
            let who = self.hire(house, site, days(today, ahead), false, false);
            self.note(who, verb, now);
            return Some(who);
        }
        for _ in 0..TRIES {
            let who = self.rng.usize(..self.people.len());
            let person = &self.people[who];
            let stand = person.stand(&self.zones, now);
            if verb.suits(person, stand, person.today(&self.zones, now)) {
                let who = self.change(verb, who, now);
                self.note(who, verb, now);
                return Some(who);
            }
        }
        None
    }

    fn note(&mut self, who: usize, verb: Verb, now: Timestamp) {
        *self.told.entry(verb.words()).or_default() += 1;
        self.last.entry(who).or_default().push(format!("{now} {}", verb.words()));
    }

    fn verb(&mut self) -> Verb {
        let sum: u32 = VERBS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.u32(..sum);
        for (verb, weight) in VERBS {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return verb,
            }
        }
        unreachable!("a number below the sum of the weights")
    }

    fn some_job(&mut self, house: House, site: usize, but: Option<usize>) -> Job {
        let (department, title) = (self.rng.usize(..DEPARTMENTS.len()), self.rng.usize(..TITLES.len()));
        Job { department, title, site, manager: self.some_manager(house, but) }
    }

    fn some_manager(&mut self, house: House, but: Option<usize>) -> Option<usize> {
        let leads = |(who, person): (usize, &Person)| {
            let fits = person.leads && person.house == house && person.end.is_none() && person.later.is_none();
            (fits && Some(who) != but).then_some(who)
        };
        let all: Vec<usize> = self.people.iter().enumerate().filter_map(leads).collect();
        (!all.is_empty()).then(|| all[self.rng.usize(..all.len())])
    }

    fn hire(&mut self, house: House, site: usize, start: Date, leads: bool, quiet: bool) -> usize {
        let who = self.people.len();
        let (first, last) = (FIRST[self.rng.usize(..FIRST.len())], LAST[self.rng.usize(..LAST.len())]);
        // Whoever leads the company reports to nobody; whoever else leads reports to whoever came before.
        let job = self.some_job(house, site, None);
        let person = Person {
            house,
            id: String::new(),
            number: 10_000 + u32::try_from(who).expect("a company of this world"),
            first: first.to_owned(),
            last: last.to_owned(),
            email: format!("p{who}@{}.example", house.name()),
            start,
            job,
            dated: None,
            end: None,
            revoked: false,
            leave: None,
            away: false,
            earlier: None,
            later: None,
            comes_back: false,
            leads,
        };
        self.bring_in(person, quiet)
    }

    fn bring_in(&mut self, mut person: Person, quiet: bool) -> usize {
        let job = person.job.clone();
        let mut hire = NewHire::new(&person.first, &person.last)
            .email(&person.email)
            .number(person.number)
            .starts(person.start)
            .department(DEPARTMENTS[job.department])
            .title(TITLES[job.title])
            .at(SITES[job.site].0);
        if let Some(manager) = job.manager {
            hire = hire.reports_to(&self.people[manager].id);
        }
        hire.quiet = quiet;
        person.id = self.hr(person.house).hire(&hire);
        self.people.push(person);
        self.people.len() - 1
    }

    fn change(&mut self, verb: Verb, who: usize, now: Timestamp) -> usize {
        let hr = self.hr(self.people[who].house).clone();
        let today = self.people[who].today(&self.zones, now);
        let rows_today = self.people[who].date_of_rows(&self.zones, now);
        let id = self.people[who].id.clone();
        let job = self.people[who].job.clone();
        match verb {
            Verb::Hire => unreachable!("nobody is there yet"),
            Verb::Move => {
                let new = self.some_job(self.people[who].house, job.site, None);
                hr.set(&id, What::Department, Some(DEPARTMENTS[new.department]));
                hr.set(&id, What::Title, Some(TITLES[new.title]));
                self.people[who].job = Job { manager: job.manager, ..new };
            }
            Verb::Site => {
                let site = (job.site + 1 + self.rng.usize(..SITES.len() - 1)) % SITES.len();
                hr.set(&id, What::Site, Some(SITES[site].0));
                self.people[who].dated = Some((rows_today, Job { site, ..job }));
                let zones = self.zones.clone();
                self.people[who].advance(&zones, now);
            }
            Verb::Dated => {
                let new = self.some_job(self.people[who].house, job.site, None);
                let date = days(rows_today, self.rng.i64(2..12));
                hr.set_from(&id, What::Department, Some(DEPARTMENTS[new.department]), date);
                hr.set_from(&id, What::Title, Some(TITLES[new.title]), date);
                self.people[who].dated = Some((date, Job { manager: job.manager, ..new }));
            }
            Verb::Manager => {
                let manager = self.some_manager(self.people[who].house, Some(who)).or(job.manager);
                let boss = manager.map(|manager| self.people[manager].id.clone());
                hr.set(&id, What::Manager, boss.as_deref());
                self.people[who].job.manager = manager;
            }
            Verb::Rename => {
                let new = self.rng.u32(..100_000);
                let last = format!("{}-{}", LAST[self.rng.usize(..LAST.len())], LAST[self.rng.usize(..LAST.len())]);
                let email = format!("p{who}.{new}@{}.example", self.people[who].house.name());
                hr.rename(&id, &last, &email);
                (self.people[who].last, self.people[who].email) = (last, email);
            }
            Verb::Unseen => {
                let mail = format!("home{}@mail.example", self.rng.u32(..1_000_000));
                hr.set(&id, What::PersonalEmail, Some(&mail));
            }
            Verb::Leave => {
                let from = days(rows_today, self.rng.i64(0..8));
                let until = (self.rng.u32(..4) > 0).then(|| days(from, self.rng.i64(3..60)));
                let text = |date: Date| date.to_string();
                hr.leave(&id, LEAVE, Some(&text(from)), until.map(text).as_deref(), self.rng.bool());
                self.people[who].leave = Some(Leave { from, until });
                let zones = self.zones.clone();
                self.people[who].advance(&zones, now);
            }
            Verb::Back => {
                hr.back(&id);
                (self.people[who].leave, self.people[who].away) = (None, false);
            }
            Verb::Terminate => {
                let last_day = days(today, self.rng.i64(2..30));
                let mut leaving = Leaving::on(last_day);
                if self.people[who].house == House::Bolt && self.rng.u32(..3) == 0 {
                    leaving = leaving.ending(days(last_day, self.rng.i64(1..20)));
                }
                hr.terminate(&id, &leaving);
                self.people[who].end = Some(last_day);
            }
            Verb::AtOnce => {
                hr.revoke_now(&id);
                let person = &mut self.people[who];
                (person.end, person.revoked) = (Some(rows_today), person.house == House::Bolt);
            }
            Verb::Yesterday => {
                let last_day = days(today.min(rows_today), -1);
                hr.terminate(&id, &Leaving::on(last_day));
                self.people[who].end = Some(last_day);
            }
            Verb::Cancel => {
                hr.cancel_termination(&id);
                self.people[who].end = None;
            }
            Verb::Rehire => {
                let start = days(today, self.rng.i64(0..10));
                hr.rehire(&id, start);
                let person = &mut self.people[who];
                (person.start, person.end, person.revoked, person.comes_back) = (start, None, false, true);
            }
            Verb::NewId => {
                let new = self.people.len();
                let old = &self.people[who];
                let (house, site) = (old.house, old.job.site);
                let person = Person {
                    id: String::new(),
                    number: 10_000 + u32::try_from(new).expect("a company of this world"),
                    start: days(today, self.rng.i64(0..10)),
                    end: None,
                    revoked: false,
                    leave: None,
                    away: false,
                    dated: None,
                    earlier: Some(who),
                    later: None,
                    comes_back: false,
                    leads: false,
                    job: job.clone(),
                    ..old.clone()
                };
                let job = self.some_job(house, site, None);
                self.people[who].later = Some(new);
                return self.bring_in(Person { job, ..person }, false);
            }
            Verb::Postpone => {
                let start = days(today, self.rng.i64(3..20));
                hr.set(&id, What::StartDate, Some(&start.to_string()));
                self.people[who].start = start;
            }
        }
        who
    }
}
