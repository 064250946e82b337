//! The company's state, and the few ways in which it changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::calls::Calls;
use super::fields::{Catalogue, Table};
use super::lists::Lists;
use super::record::{HIRED, Record, Row, Standing, StatusRow};
use super::switches::Switches;
use super::webhooks::{By, Delivery, Happening, Subscription};
use crate::clock::Clock;

/// The first person's id. Nineteen digits: more than a float can hold.
const FIRST_PERSON: u64 = 3_332_883_911_884_669_725;
/// From one id to the next: floats cannot tell neighbours apart.
const ID_STEP: u64 = 7;

/// What reads still see of a record that was just written; `None` for a person who was not there.
#[derive(Debug)]
struct Past {
    until: Timestamp,
    record: Option<Record>,
}

/// Everything the simulated company knows.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) zone: TimeZone,
    pub(super) clock: Clock,
    pub(super) switches: Switches,
    pub(super) catalogue: Catalogue,
    pub(super) lists: Lists,
    pub(super) people: BTreeMap<u64, Record>,
    past: BTreeMap<u64, Past>,
    pub(super) service_user: String,
    pub(super) token: String,
    pub(super) calls: Calls,
    pub(super) webhooks: Vec<Subscription>,
    pub(super) queue: Vec<Delivery>,
    /// When something changes by itself, and whose.
    coming: BTreeSet<(Timestamp, u64)>,
    next_person: u64,
    /// How many events there were; their stamps differ by it.
    pub(super) events: u64,
}

impl Company {
    pub(super) fn new(clock: Clock, zone: TimeZone, token: String) -> Company {
        Company {
            zone,
            clock,
            switches: Switches::default(),
            catalogue: Catalogue::standard(),
            lists: Lists::standard(),
            people: BTreeMap::new(),
            past: BTreeMap::new(),
            service_user: "SERVICE-7301".to_owned(),
            token,
            calls: Calls::default(),
            webhooks: Vec::new(),
            queue: Vec::new(),
            coming: BTreeSet::new(),
            next_person: FIRST_PERSON,
            events: 0,
        }
    }

    pub(super) fn new_person_id(&mut self) -> u64 {
        self.next_person += ID_STEP;
        self.next_person - ID_STEP
    }

    /// The first moment of a day where somebody works.
    fn midnight(zone: &TimeZone, date: Date) -> Timestamp {
        date.to_zoned(zone.clone()).expect("a day within the calendar").timestamp()
    }

    /// The zone of a work row's site; the company's for a row without one.
    fn zone_of_row(&self, row: &Row) -> &TimeZone {
        let site = row.values.get("work.siteId").and_then(Value::as_u64).and_then(|id| self.lists.site(id));
        site.map_or(&self.zone, |site| &site.zone)
    }

    /// The zone where somebody works at `now`.
    pub(super) fn zone_of(&self, record: &Record, now: Timestamp) -> &TimeZone {
        self.row(record, Table::Work, now).map_or(&self.zone, |row| self.zone_of_row(row))
    }

    /// Somebody's day at `now`.
    pub(super) fn today_of(&self, record: &Record, now: Timestamp) -> Date {
        now.to_zoned(self.zone_of(record, now).clone()).date()
    }

    /// When a row takes effect. A work row does so at the midnight of the site that it leads to.
    pub(super) fn effect(&self, record: &Record, table: Table, row: &Row, now: Timestamp) -> Timestamp {
        match table {
            Table::Work => Company::midnight(self.zone_of_row(row), row.date),
            Table::Employment | Table::Address => Company::midnight(self.zone_of(record, now), row.date),
        }
    }

    /// The row that counts at `now`: the first one for somebody who has none yet that does.
    pub(super) fn row<'r>(&self, record: &'r Record, table: Table, now: Timestamp) -> Option<&'r Row> {
        let rows = record.rows(table);
        let counting = rows.iter().rev().find(|row| self.effect(record, table, row, now) <= now);
        counting.or(rows.first())
    }

    /// When a status takes effect.
    pub(super) fn status_effect(&self, record: &Record, row: &StatusRow, now: Timestamp) -> Timestamp {
        Company::midnight(self.zone_of(record, now), row.date)
    }

    /// The lifecycle row that counts at `now`; none before the first.
    pub(super) fn status_row<'r>(&self, record: &'r Record, now: Timestamp) -> Option<&'r StatusRow> {
        record.lifecycle.iter().rev().find(|row| self.status_effect(record, row, now) <= now)
    }

    /// Where the lifecycle puts somebody.
    pub(super) fn standing(&self, record: &Record, now: Timestamp) -> Standing {
        match self.status_row(record, now) {
            Some(row) => Standing { status: row.status.clone(), active: row.active },
            None => Standing { status: HIRED.to_owned(), active: false },
        }
    }

    /// The access status: `Active`, as against `Inactive`.
    pub(super) fn is_active(&self, record: &Record, now: Timestamp) -> bool {
        !record.revoked && self.standing(record, now).active
    }

    /// Keeps in mind when something of this record will change by itself.
    pub(super) fn expect_coming(&mut self, id: u64) {
        let now = self.clock.now();
        let record = &self.people[&id];
        let rows = record.tables.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (*table, row)));
        let rows = rows.map(|(table, row)| self.effect(record, table, row, now));
        let statuses = record.lifecycle.iter().map(|row| self.status_effect(record, row, now));
        let coming: Vec<Timestamp> = rows.chain(statuses).filter(|at| *at > now).collect();
        self.coming.extend(coming.into_iter().map(|at| (at, id)));
    }

    /// Lets everything happen whose moment has come since the last call, in order.
    pub(super) fn tick(&mut self) {
        let now = self.clock.now();
        self.past.retain(|_, past| past.until > now);
        while let Some((at, id)) = self.coming.first().copied()
            && at <= now
        {
            self.coming.pop_first();
            let Some(record) = self.people.get(&id) else { continue };
            let before = at - SignedDuration::from_secs(1);
            let (old, new) = (self.standing(record, before), self.standing(record, at));
            let arrived = self.arrived(record, before, at);
            if self.switches.arrival_fires && !arrived.is_empty() {
                self.announce(Happening::Updated(arrived), id, By::System, at);
            }
            self.announce_standing(id, &old, &new, at);
            // Whoever moves to another site has their other midnights moved.
            self.expect_coming(id);
        }
    }

    /// The columns that read differently because a row's day has come.
    fn arrived(&self, record: &Record, before: Timestamp, at: Timestamp) -> Vec<String> {
        let mut changed = Vec::new();
        for table in record.tables.keys() {
            let (old, new) = (self.row(record, *table, before), self.row(record, *table, at));
            let (Some(old), Some(new)) = (old, new) else { continue };
            let differs = |id: &&String| old.values.get(*id) != new.values.get(*id);
            let columns: BTreeSet<&String> = old.values.keys().chain(new.values.keys()).collect();
            changed.extend(columns.into_iter().filter(differs).cloned());
        }
        changed
    }

    /// What the lifecycle tells webhooks.
    fn announce_standing(&mut self, id: u64, old: &Standing, new: &Standing, at: Timestamp) {
        let mut events = Vec::new();
        if old.status == HIRED && new.active {
            events.push("employee.joined");
        }
        if !old.active && new.active {
            events.push("employee.activated");
        }
        if !old.has_left() && new.has_left() {
            events.push("employee.left");
        }
        if !old.is_away() && new.is_away() {
            events.push("employee.temporaryLeave");
        }
        if old.active && !new.active {
            events.push("employee.inactivated");
        }
        for event in events {
            self.announce(Happening::Lifecycle(event), id, By::System, at);
        }
    }

    /// Changes one record now. Webhooks hear of those of the `fields` that read differently afterwards, of the rows, and
    /// of what it does to the lifecycle at once.
    pub(super) fn change(
        &mut self,
        id: u64,
        fields: &[&str],
        rows: &[(&'static str, Date)],
        edit: impl FnOnce(&mut Record),
    ) {
        let now = self.clock.now();
        self.remember(id);
        let read = |company: &Company| -> Vec<Value> {
            let record = &company.people[&id];
            fields.iter().map(|field| company.read(record, field, now)).collect()
        };
        let (old, standing) = (read(self), self.standing(&self.people[&id], now));
        edit(self.people.get_mut(&id).expect("the caller knows the person"));
        let differing = fields.iter().zip(old.iter().zip(read(self))).filter(|(_, (old, new))| *old != new);
        let changed: Vec<String> = differing.map(|(field, _)| (*field).to_owned()).collect();
        let is_other = !changed.is_empty() || !rows.is_empty();
        if self.switches.table_events && is_other {
            for (table, date) in rows {
                self.announce(Happening::Row(table, *date), id, By::Admin, now);
            }
        }
        if !changed.is_empty() {
            self.announce(Happening::Updated(changed), id, By::Admin, now);
        }
        let new = self.standing(&self.people[&id], now);
        self.announce_standing(id, &standing, &new, now);
        self.expect_coming(id);
    }

    /// Keeps what reads shall still see for a while.
    pub(super) fn remember(&mut self, id: u64) {
        let lag = self.switches.read_lag_seconds;
        if lag > 0 {
            let until = self.clock.now() + SignedDuration::from_secs(lag);
            let record = self.people.get(&id).cloned();
            self.past.entry(id).or_insert(Past { until, record }).until = until;
        }
    }

    /// Everybody as reads see them, in the order of ids.
    pub(super) fn visible(&self) -> Vec<&Record> {
        let mut ids: BTreeSet<u64> = self.people.keys().copied().collect();
        ids.extend(self.past.keys());
        ids.into_iter().filter_map(|id| self.visible_one(id)).collect()
    }

    /// One person as reads see them.
    pub(super) fn visible_one(&self, id: u64) -> Option<&Record> {
        match self.past.get(&id) {
            Some(past) => past.record.as_ref(),
            None => self.people.get(&id),
        }
    }
}
