//! `hirewire-bench life`: a company's year and a bit, minute by minute, through real HTTP and the product's real code.
//!
//! Time is a list of minutes: each minute at which something happens in HR, each full hour (when both HR systems are
//! polled), each midnight and each 18:00 of each site with the minute before and the minute after, each moment that the
//! rules make, and each moment at which the product itself means to look at somebody. Between two of them neither HR nor
//! the rules change anything, and the product is not awake: what is right at one is right until the next.

mod judge;
mod minimum;
mod oracle;
mod people;
mod rules;
mod story;
mod words;
mod world;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};

pub use self::words::print;

use self::judge::{Judge, Wrong};
use self::minimum::{Calls, Kind};
use self::oracle::{Heard, Oracle};
use self::rules::{DEPARTMENTS, House, SITES, Zones};
use self::story::Story;
use self::world::World;
use crate::Broken;
use crate::child::peak_memory;

/// When the company is made up: long before the year begins, so that no list of changes names the founding.
const FOUNDED: &str = "2026-02-01T12:00:00Z";
/// When the year begins. It has both changes of the clocks in it, and a second spring.
const BEGINS: &str = "2026-02-02T00:00:00Z";
/// How often HR is polled, in minutes.
const POLL_EVERY: i64 = 60;
/// And at these minutes of the day: India's clocks are half an hour off, so that its days and evenings begin at neither
/// full hour. A change of which HR tells nobody is then found in the minute in which it counts.
const POLLED_TOO: [i64; 2] = [12 * 60 + 30, 18 * 60 + 30];
/// How often everybody is surveyed, in days.
const SURVEY_EVERY: i64 = 7;
/// A page of JumpCloud's lists.
const PAGE: usize = 100;
/// From so many people on BambooHR is asked for one report instead of one record each.
const TOGETHER_FROM: usize = 4;
/// How often whoever waits is told how far it is, in days.
const TOLD_EVERY: i64 = 10;
/// How many percent above the least number of calls are allowed.
const ALLOWED_PERCENT: u64 = 5;

/// What is to be lived through.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Decides everything that happens.
    pub seed: u64,
    /// People at first.
    pub people: usize,
    /// Days.
    pub days: i64,
}

/// What came of it.
pub struct Lived {
    span: Span,
    told: Vec<(&'static str, u64)>,
    everybody: usize,
    accounts: usize,
    minutes: u64,
    polls: u64,
    surveys: u64,
    lost: u64,
    wrong: Vec<String>,
    wrong_count: u64,
    minimum: Calls,
    made: Calls,
    /// People whom BambooHR's list of changes names although a webhook brought them before.
    again: u64,
    took: Duration,
    memory: u64,
}

impl Lived {
    /// Whether nothing was wrong, and not too much was called for.
    pub fn is_good(&self) -> bool {
        self.wrong_count == 0 && self.made.all() * 100 <= self.minimum.all() * (100 + ALLOWED_PERCENT)
    }
}

struct Life {
    span: Span,
    world: World,
    story: Story,
    oracle: Oracle,
    judge: Judge,
    minutes: BTreeSet<Timestamp>,
    edits: BTreeSet<Timestamp>,
    /// Of `acme`, whom the next poll names; and who of them was brought by a webhook.
    named: BTreeSet<usize>,
    again: u64,
    visited: u64,
    polls: u64,
    surveys: u64,
    lost: u64,
    first: Timestamp,
}

/// Lives through it.
pub async fn run(span: Span) -> Result<Lived, Broken> {
    let started = Instant::now();
    let (founded, first) = (moment(FOUNDED), moment(BEGINS));
    let world = World::new(founded).await?;
    let mut story = Story::new(&world.town, span.seed);
    story.found(span.people, founded);
    for house in House::ALL {
        story.hr(house).lose_webhooks();
    }
    let mut life = Life {
        span,
        world,
        story,
        oracle: Oracle::default(),
        judge: Judge::default(),
        minutes: BTreeSet::new(),
        edits: BTreeSet::new(),
        named: BTreeSet::new(),
        again: 0,
        visited: 0,
        polls: 0,
        surveys: 0,
        lost: 0,
        first,
    };
    life.begin().await?;
    for day in 0..span.days {
        life.plan_day(first + SignedDuration::from_hours(24 * day));
        let end = first + SignedDuration::from_hours(24 * (day + 1));
        life.live_until(end).await?;
        if (day + 1) % TOLD_EVERY == 0 {
            let (looked_at, wrong) = (life.visited, life.judge.count);
            eprintln!("day {} of {}: {looked_at} minutes looked at, {wrong} wrong", day + 1, span.days);
        }
    }
    life.end(started).await
}

impl Life {
    /// The first survey of everybody, and the work that it finds.
    async fn begin(&mut self) -> Result<(), Broken> {
        let now = self.first;
        self.world.town.travel_to(now);
        self.hr_tells(true).await;
        self.world.town.bamboohr.traffic().reset();
        self.world.town.bob.traffic().reset();
        self.world.town.jumpcloud.traffic().reset();
        self.story.people.iter_mut().for_each(|person| person.advance(&self.story.zones, now));
        for house in House::ALL {
            self.world.survey(house).await?;
            self.world.drain().await?;
        }
        let changed =
            self.oracle.pass(&self.story.people, &self.story.zones, &Heard { polled: true, ..Heard::default() }, now);
        // A survey brings everybody by lists: nobody is looked at alone.
        let (creations, memberships) =
            (self.oracle.minimum.calls.of(Kind::Create), self.oracle.minimum.calls.of(Kind::Membership));
        let half = self.oracle.accounts.keys().filter(|who| self.story.people[**who].house == House::Acme).count();
        let lists = 1 + pages(half) + self.pages_of_members(Some(House::Acme));
        let calls = &mut self.oracle.minimum.calls;
        *calls = Calls::default();
        calls.add(Kind::Create, creations);
        calls.add(Kind::Membership, memberships);
        // Where the list of changes begins; both halves of everybody; and no accounts, then those of the first half.
        calls.add(Kind::AcmePoll, 1);
        calls.add(Kind::AcmeReport, 2);
        calls.add(Kind::BoltSearch, 1);
        let groups = self.world.town.jumpcloud.groups().len() - 1;
        calls.add(Kind::Group, 2 + groups as u64);
        calls.add(Kind::Lists, lists);
        self.judge.look(&self.world.town.jumpcloud, &self.oracle, &self.story.people, &changed, true, now);
        Ok(())
    }

    /// The minutes of a day: by the clock, and those at which something happens.
    fn plan_day(&mut self, day: Timestamp) {
        let minute = SignedDuration::from_mins(1);
        let hours = (0..24 * 60 / POLL_EVERY).map(|number| number * POLL_EVERY);
        self.minutes.extend(hours.chain(POLLED_TOO).map(|at| day + SignedDuration::from_mins(at)));
        let zones: &Zones = &self.story.zones;
        for site in 0..SITES.len() {
            let date = zones.today(site, day);
            for date in [date, date.tomorrow().expect("a day of this world")] {
                for time in [Time::midnight(), rules::ACME_ENDS_AT] {
                    let at = zones.at(site, date, time);
                    self.minutes.extend([at - minute, at, at + minute].into_iter().filter(|at| *at >= day));
                }
            }
        }
        let count = self.story.how_many(self.span.people);
        let edits = self.story.some_minutes(day, count);
        self.minutes.extend(&edits);
        self.edits.extend(edits);
    }

    async fn live_until(&mut self, end: Timestamp) -> Result<(), Broken> {
        let mut now = self.world.town.clock.now();
        self.minutes = self.minutes.split_off(&(now + SignedDuration::from_secs(1)));
        while let Some(next) = self.minutes.first().copied().filter(|next| *next < end) {
            let next = self.world.alarm(now, next).await?.unwrap_or(next);
            self.minutes.remove(&next);
            self.visit(next).await?;
            self.minutes.extend(self.oracle.moments(next));
            now = next;
        }
        Ok(())
    }

    async fn visit(&mut self, now: Timestamp) -> Result<(), Broken> {
        self.visited += 1;
        self.world.town.travel_to(now);
        let zones = self.story.zones.clone();
        self.story.people.iter_mut().for_each(|person| person.advance(&zones, now));
        let since = now.duration_since(self.first);
        let of_day = since.as_secs() / 60 % (24 * 60);
        let polled = since.as_secs() % 60 == 0 && (of_day % POLL_EVERY == 0 || POLLED_TOO.contains(&of_day));
        let noon = since.as_secs() % 86_400 == 43_200;
        let mut lost = false;
        if self.edits.remove(&now)
            && let Some(who) = self.story.happen(now)
        {
            lost = self.story.is_lost();
            self.lost += u64::from(lost);
            if self.story.people[who].house == House::Acme {
                self.named.insert(who);
            }
        }
        let told = self.hr_tells(lost).await;
        self.again += told.iter().filter(|who| self.named.contains(who)).count() as u64;
        self.world.wake().await?;
        if polled {
            self.poll(now).await?;
        }
        self.world.drain().await?;
        let heard = Heard { told, polled };
        let changed = self.oracle.pass(&self.story.people, &zones, &heard, now);
        let before = self.judge.wrong.len();
        self.judge.look(&self.world.town.jumpcloud, &self.oracle, &self.story.people, &changed, noon, now);
        for wrong in &self.judge.wrong[before..] {
            eprintln!("{}", self.tell(wrong).await);
        }
        if noon {
            if since.as_secs() / 86_400 % SURVEY_EVERY == SURVEY_EVERY - 1 {
                self.survey(now).await?;
            }
            self.hand_out_devices();
        }
        Ok(())
    }

    /// HR's webhooks are delivered, or lost; of whom they told.
    async fn hr_tells(&mut self, lost: bool) -> BTreeSet<usize> {
        let mut told = BTreeSet::new();
        for house in House::ALL {
            let hr = self.story.hr(house).clone();
            if lost {
                hr.lose_webhooks();
            }
            let heard = hr.deliver_webhooks().await;
            if heard.is_empty() {
                continue;
            }
            let ids: BTreeSet<String> =
                heard.into_iter().filter(|told| told.status == Some(200)).flat_map(|told| told.people).collect();
            let of = |person: &people::Person| person.house == house && ids.contains(&person.id);
            told.extend(self.story.people.iter().enumerate().filter(|(_, person)| of(person)).map(|(who, _)| who));
        }
        told
    }

    async fn poll(&mut self, now: Timestamp) -> Result<(), Broken> {
        self.polls += 1;
        for house in House::ALL {
            self.world.poll(house).await?;
        }
        let calls = &mut self.oracle.minimum.calls;
        calls.add(Kind::AcmePoll, 1);
        calls.add(Kind::BoltSearch, 1);
        let today = self.story.zones.company_today(now);
        let begin = |who: &&usize| self.story.people[**who].start >= today;
        let beginners = self.named.iter().filter(begin).count() as u64;
        if self.named.len() >= TOGETHER_FROM {
            calls.add(Kind::AcmeReport, 1 + u64::from(beginners > 0));
        } else {
            calls.add(Kind::AcmeRecord, self.named.len() as u64 + beginners);
        }
        self.named.clear();
        Ok(())
    }

    async fn survey(&mut self, now: Timestamp) -> Result<(), Broken> {
        self.surveys += 1;
        for house in House::ALL {
            self.world.survey(house).await?;
            self.world.drain().await?;
            let lists = pages(self.oracle.accounts.len()) + self.pages_of_members(None);
            let groups = pages(self.world.town.jumpcloud.groups().len());
            let calls = &mut self.oracle.minimum.calls;
            match house {
                House::Acme => calls.add(Kind::AcmeReport, 2),
                House::Bolt => calls.add(Kind::BoltSearch, 1),
            }
            calls.add(Kind::Lists, lists);
            calls.add(Kind::Group, groups);
        }
        self.judge.look(&self.world.town.jumpcloud, &self.oracle, &self.story.people, &BTreeSet::new(), true, now);
        Ok(())
    }

    /// How many pages the members of all groups take, or those of one half.
    fn pages_of_members(&self, house: Option<House>) -> u64 {
        let mut members: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for account in self.oracle.accounts.values() {
            for group in &account.groups {
                *members.entry(group).or_default() += 1;
            }
        }
        let ours = members.iter().filter(|(group, _)| house.is_none_or(|house| group.starts_with(house.name())));
        let counted: u64 = ours.clone().map(|(_, members)| pages(*members)).sum();
        // A group that everybody has left is asked for all the same.
        let all = 2 * (1 + DEPARTMENTS.len() + 1 + SITES.len());
        counted + if house.is_none() { all.saturating_sub(members.len()) as u64 } else { 0 }
    }

    /// Somebody in IT binds new devices to accounts by hand.
    fn hand_out_devices(&mut self) {
        let here: Vec<usize> = self
            .oracle
            .accounts
            .iter()
            .filter(|(_, account)| account.state == "ACTIVATED" && account.devices.is_empty())
            .map(|(who, _)| *who)
            .take(self.span.people / 20)
            .collect();
        for who in here {
            if self.story.takes_device()
                && let Some(id) = self.judge.account(&self.story.people[who])
            {
                let device = self.world.town.jumpcloud.bind_device(id);
                self.oracle.bind(who, device);
            }
        }
    }

    /// A wrong state, with what happened to that person so far and what the product knows now.
    async fn tell(&self, wrong: &Wrong) -> String {
        let person = &self.story.people[wrong.who];
        let known = self.world.explain(person.house, &person.id).await;
        let story = self.story.last.get(&wrong.who).map(|story| story.join("\n      ")).unwrap_or_default();
        format!(
            "{} {}:{} (number {}, at {}, start {}, end {:?}): {}\n    now: {known}\n      {story}",
            wrong.at,
            person.house.name(),
            person.id,
            wrong.who,
            SITES[person.job.site].0,
            person.start,
            person.end,
            wrong.difference
        )
    }

    async fn end(self, started: Instant) -> Result<Lived, Broken> {
        let made = Calls::made(&self.world.town);
        let mut wrong = Vec::new();
        for one in &self.judge.wrong {
            wrong.push(self.tell(one).await);
        }
        if std::env::var_os("HIREWIRE_LIFE_CALLS").is_some() {
            for traffic in
                [self.world.town.bamboohr.traffic(), self.world.town.bob.traffic(), self.world.town.jumpcloud.traffic()]
            {
                eprintln!("{:#?}", traffic.calls());
            }
        }
        Ok(Lived {
            span: self.span,
            told: self.story.told.into_iter().collect(),
            everybody: self.story.people.len(),
            accounts: self.oracle.accounts.len(),
            minutes: self.visited,
            polls: self.polls,
            surveys: self.surveys,
            lost: self.lost,
            wrong,
            wrong_count: self.judge.count,
            minimum: self.oracle.minimum.calls,
            made,
            again: self.again,
            took: started.elapsed(),
            memory: peak_memory(std::process::id()).unwrap_or_default(),
        })
    }
}

fn pages(items: usize) -> u64 {
    items.div_ceil(PAGE).max(1) as u64
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment of this world")
}

#[cfg(test)]
mod tests {
    use super::{Span, print, run};

    /// The seed that is always lived through.
    const ALWAYS: u64 = 4;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_company_is_never_wrong_for_a_minute() {
        let seed = std::env::var("HIREWIRE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(ALWAYS);
        let lived = run(Span { seed, people: 40, days: 14 }).await.expect("a world that can be lived in");
        let text = print(&lived);
        println!("{text}");
        assert!(lived.is_good(), "HIREWIRE_SEED={seed}\n{text}");
    }
}
