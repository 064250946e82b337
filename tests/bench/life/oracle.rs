//! What should be in JumpCloud, worked out from HR's truth by the plain words of the rules, and the least number of calls
//! that this takes. Nothing of the product is used here.
//!
//! The rules in plain words:
//! - Whoever is hired gets an account: at `acme` as soon as HR knows them, suspended; at `bolt` five days before the
//!   start, staged. From the first midnight of the first day, where they work, it is active.
//! - On leave it is suspended, until they are back; at `bolt` they leave their groups for that time.
//! - It is suspended, leaves all groups, and its devices are taken off, when the last day is over where they work; at
//!   `acme` at 18:00 of that day. What else is known of them stays as it was.
//! - At `acme` it is deleted 30 days after that. Whoever comes back before has the same account again, also under a new
//!   id.
//! - What HR says is known from the moment at which it was heard: by a webhook, by a poll, or by looking because a
//!   moment had come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::minimum::Minimum;
use super::people::Person;
use super::rules::{
    ACME_DELETES_AFTER, ACME_ENDS_AT, BOLT_CREATES_BEFORE, DEPARTMENTS, House, TITLES, Zones, days, groups,
};

/// An account as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `ACTIVATED`, `SUSPENDED` or `STAGED`.
    pub state: &'static str,
    /// The groups, sorted.
    pub groups: Vec<String>,
    /// Name and value of each attribute, sorted.
    pub attributes: Vec<(&'static str, String)>,
    /// Number of the person who is its manager.
    pub manager: Option<usize>,
    /// Its devices.
    pub devices: BTreeSet<String>,
    /// Since when its owner has left.
    pub left_since: Option<Timestamp>,
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Upcoming,
    Here,
    Away,
    Left,
}

/// What was heard in one minute.
#[derive(Debug, Default)]
pub struct Heard {
    /// By webhook, of these.
    pub told: BTreeSet<usize>,
    /// By polls, of everybody.
    pub polled: bool,
}

/// Everybody as they should be.
#[derive(Default)]
pub struct Oracle {
    /// By the person's number.
    pub accounts: BTreeMap<usize, Account>,
    /// The least that must be called for.
    pub minimum: Minimum,
    /// What of HR was heard of each person, by number.
    known: Vec<Option<Person>>,
    standings: Vec<Option<Standing>>,
    /// Who reports to somebody who has no account, by number of the report.
    waiting: BTreeSet<usize>,
    /// Moments at which accounts are deleted, and whose.
    deletions: BTreeSet<(Timestamp, usize)>,
}

impl Oracle {
    /// The next moment after `now` that only the oracle knows of.
    pub fn moments(&self, now: Timestamp) -> Vec<Timestamp> {
        self.deletions.iter().map(|(at, _)| *at).filter(|at| *at > now).collect()
    }

    /// Lets one minute pass. Who should be otherwise than before is the answer.
    pub fn pass(&mut self, people: &[Person], zones: &Zones, heard: &Heard, now: Timestamp) -> BTreeSet<usize> {
        self.known.resize(people.len(), None);
        self.standings.resize(people.len(), None);
        let due: BTreeSet<usize> =
            self.deletions.iter().take_while(|(at, _)| *at <= now).map(|(_, who)| *who).collect();
        let (mut dirty, mut looked) = (BTreeSet::new(), heard.told.clone());
        for (who, person) in people.iter().enumerate() {
            let hears = heard.polled || heard.told.contains(&who) || due.contains(&who);
            let is_news = hears && self.known[who].as_ref() != Some(person);
            if is_news {
                self.known[who] = Some(person.clone());
            }
            let Some(known) = &self.known[who] else { continue };
            let standing = standing(known, zones, now);
            let creates = !self.accounts.contains_key(&who) && makes_account(known, standing, zones, now);
            if self.standings[who] != Some(standing) || creates || is_news || due.contains(&who) {
                dirty.insert(who);
                if !is_news {
                    // Nothing of HR brought this about: a moment that was foreseen.
                    looked.insert(who);
                }
            }
        }
        for who in &looked {
            // A poll of HiBob brings whomever HR has just told of.
            if !(heard.polled && people[*who].house == House::Bolt && heard.told.contains(who)) {
                self.read(*who, people, zones, now);
            }
        }
        let mut before: BTreeMap<usize, Option<Account>> = BTreeMap::new();
        for who in &dirty {
            let earlier = people[*who].earlier.filter(|_| !self.accounts.contains_key(who));
            for one in earlier.into_iter().chain([*who]) {
                before.entry(one).or_insert_with(|| self.accounts.get(&one).cloned());
            }
        }
        for who in &dirty {
            let known = self.known[*who].clone().expect("only those are here of whom something is known");
            let standing = standing(&known, zones, now);
            self.standings[*who] = Some(standing);
            self.settle(*who, &known, standing, now, makes_account(&known, standing, zones, now));
        }
        self.deletions.retain(|(at, _)| *at > now);
        // Managers last: theirs may have come to be in this very minute.
        let mut changed = BTreeSet::new();
        for (who, old) in self.managers(&dirty) {
            if !dirty.contains(&who) {
                self.read(who, people, zones, now);
                before.insert(who, Some(old));
            }
        }
        for (who, old) in &before {
            let new = self.accounts.get(who);
            let earlier = people[*who].earlier.and_then(|earlier| before.get(&earlier)?.as_ref());
            let taken_over = if old.is_none() && new.is_some() { earlier } else { None };
            let gave_up =
                old.is_some() && new.is_none() && people[*who].later.is_some_and(|l| self.accounts.contains_key(&l));
            if !gave_up {
                self.minimum.change(taken_over.or(old.as_ref()), new, taken_over.is_some());
            }
            if old.as_ref() != new {
                changed.insert(*who);
            }
        }
        changed
    }

    /// HR is asked about one person.
    fn read(&mut self, who: usize, people: &[Person], zones: &Zones, now: Timestamp) {
        let person = &people[who];
        self.minimum.read(person.house, person.start >= zones.company_today(now));
    }

    /// Notes a device that was bound by hand.
    pub fn bind(&mut self, who: usize, device: String) {
        if let Some(account) = self.accounts.get_mut(&who) {
            account.devices.insert(device);
        }
    }

    /// Brings one account to what it should be, but for its manager.
    fn settle(&mut self, who: usize, known: &Person, standing: Standing, now: Timestamp, makes: bool) {
        let taken_over = known.earlier.filter(|_| !self.accounts.contains_key(&who) && standing != Standing::Left);
        if let Some(earlier) = taken_over
            && let Some(account) = self.accounts.remove(&earlier)
        {
            self.deletions.retain(|(_, whose)| *whose != earlier);
            self.accounts.insert(who, account);
        }
        match (self.accounts.get_mut(&who), standing) {
            (None, _) if !makes => {}
            (None, _) => {
                let state = match (standing, known.house) {
                    (Standing::Here, _) => "ACTIVATED",
                    (Standing::Upcoming, House::Bolt) => "STAGED",
                    (Standing::Upcoming | Standing::Away | Standing::Left, _) => "SUSPENDED",
                };
                let account = Account {
                    state,
                    groups: groups_of(known, standing),
                    attributes: attributes(known),
                    manager: None,
                    devices: BTreeSet::new(),
                    left_since: None,
                };
                self.accounts.insert(who, account);
            }
            (Some(account), Standing::Left) => {
                account.state = "SUSPENDED";
                account.groups.clear();
                account.devices.clear();
                let since = *account.left_since.get_or_insert(now);
                if known.house == House::Acme {
                    let at = since + SignedDuration::from_hours(24 * ACME_DELETES_AFTER);
                    if at <= now {
                        self.delete(who);
                    } else {
                        self.deletions.insert((at, who));
                    }
                }
            }
            (Some(account), _) => {
                account.left_since = None;
                self.deletions.retain(|(_, whose)| *whose != who);
                account.state = match (standing, account.state) {
                    (Standing::Here, _) => "ACTIVATED",
                    (Standing::Away | Standing::Left, _) => "SUSPENDED",
                    // Before the start nothing is given, and nothing is taken.
                    (Standing::Upcoming, state) => state,
                };
                account.groups = groups_of(known, standing);
                account.attributes = attributes(known);
            }
        }
    }

    /// JumpCloud leaves the reports of a deleted account without a manager.
    fn delete(&mut self, who: usize) {
        self.accounts.remove(&who);
        for (report, account) in &mut self.accounts {
            if account.manager == Some(who) {
                account.manager = None;
                self.waiting.insert(*report);
            }
        }
    }

    /// Names everybody's manager who has an account. Of leavers nothing is changed. Whose changed, and how they were.
    fn managers(&mut self, dirty: &BTreeSet<usize>) -> Vec<(usize, Account)> {
        let mut changed = Vec::new();
        let whose: BTreeSet<usize> = dirty.union(&self.waiting).copied().collect();
        for who in whose {
            let Some(known) = &self.known[who] else { continue };
            if self.standings[who] == Some(Standing::Left) {
                self.waiting.remove(&who);
                continue;
            }
            let wanted = known.job.manager.filter(|manager| self.accounts.contains_key(manager));
            if wanted.is_none() && known.job.manager.is_some() {
                self.waiting.insert(who);
            } else {
                self.waiting.remove(&who);
            }
            let Some(account) = self.accounts.get_mut(&who) else { continue };
            if account.manager != wanted {
                changed.push((who, account.clone()));
                account.manager = wanted;
            }
        }
        changed
    }
}

fn standing(known: &Person, zones: &Zones, now: Timestamp) -> Standing {
    let today = known.today(zones, now);
    if known.revoked {
        return Standing::Left;
    }
    if today < known.start {
        return Standing::Upcoming;
    }
    let is_over = known.end.is_some_and(|end| match known.house {
        House::Acme => now >= zones.at(known.job.site, end, ACME_ENDS_AT),
        House::Bolt => today > end,
    });
    match (is_over, known.away) {
        (true, _) => Standing::Left,
        (false, true) => Standing::Away,
        (false, false) => Standing::Here,
    }
}

fn makes_account(known: &Person, standing: Standing, zones: &Zones, now: Timestamp) -> bool {
    match (standing, known.house) {
        (Standing::Left, _) => false,
        (Standing::Here | Standing::Away, _) | (Standing::Upcoming, House::Acme) => true,
        (Standing::Upcoming, House::Bolt) => known.today(zones, now) >= days(known.start, -BOLT_CREATES_BEFORE),
    }
}

fn groups_of(known: &Person, standing: Standing) -> Vec<String> {
    match (standing, known.house) {
        (Standing::Left, _) | (Standing::Away, House::Bolt) => Vec::new(),
        (Standing::Upcoming | Standing::Here, _) | (Standing::Away, House::Acme) => {
            groups(known.house, known.job.department, known.job.title, known.job.site)
        }
    }
}

fn attributes(known: &Person) -> Vec<(&'static str, String)> {
    vec![
        ("department", DEPARTMENTS[known.job.department].to_owned()),
        ("displayname", format!("{} {}", known.first, known.last)),
        ("email", known.email.clone()),
        ("employeeIdentifier", known.number.to_string()),
        ("firstname", known.first.clone()),
        ("jobTitle", TITLES[known.job.title].to_owned()),
        ("lastname", known.last.clone()),
    ]
}
