//! Writing records: what administrators do in Bob's own pages.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Number, Value};

use super::company::Company;
use super::fields::{Field, Table};
use super::person::Person;
use super::record::{EMPLOYED, GARDEN_LEAVE, HIRED, Record, StatusRow, TERMINATED};
use super::webhooks::{By, Happening};
use super::{Absence, Ending};

impl Company {
    /// Brings a person into being; returns the id.
    pub(super) fn hire(&mut self, person: Person) -> u64 {
        let now = self.clock.now();
        let id = self.new_person_id();
        let mut placed = Vec::new();
        for (field, text) in &person.fields {
            placed.push(self.place(field, Some(text)));
        }
        let site = placed.iter().find(|placed| placed.column == "work.siteId").and_then(|placed| placed.value.as_u64());
        let site = site.or(self.lists.sites.first().map(|site| site.id)).expect("a company has a site");
        let zone = &self.lists.site(site).expect("a site that was found").zone;
        let today = now.to_zoned(zone.clone()).date();
        let starts = person.starts.as_deref().map_or(today, parse_date);
        let mut record = Record {
            id,
            created: now,
            starts,
            originally: starts,
            stored: BTreeMap::new(),
            tables: BTreeMap::new(),
            lifecycle: Vec::new(),
            revoked: false,
        };
        let work = &mut record.row_on(Table::Work, starts, now).values;
        work.insert("work.siteId".to_owned(), site.into());
        work.insert("work.workChangeType".to_owned(), "New Employee".into());
        for placed in placed {
            match placed.table {
                Some(table) => {
                    record.row_on(table, starts, now).values.insert(placed.column, placed.value);
                }
                None => drop(record.stored.insert(placed.column, placed.value)),
            }
        }
        record.add_status(status(starts, now, EMPLOYED, true));
        self.remember(id);
        self.people.insert(id, record);
        self.expect_coming(id);
        if !person.quiet {
            self.announce(Happening::Created, id, By::Admin, now);
            if starts <= today {
                self.announce(Happening::Lifecycle("employee.joined"), id, By::System, now);
            }
        }
        id
    }

    /// Sets a field; a column of a dated table from `from` on, today where `None`. Somebody who has not started yet has
    /// their first row changed.
    pub(super) fn set(&mut self, id: u64, field: &str, text: Option<&str>, from: Option<Date>) {
        let now = self.clock.now();
        if field == "work.startDate" {
            let date = parse_date(text.expect("everybody starts one day"));
            return self.change(id, &["work.startDate"], &[], |record| record.move_start(date));
        }
        let placed = self.place(field, text);
        let fields: &[&str] = match placed.column.as_str() {
            "work.siteId" => &["work.siteId", "work.site"],
            "work.reportsTo" => &["work.reportsTo", "work.manager"],
            other => &[other],
        };
        match placed.table {
            Some(table) => {
                let record = &self.people[&id];
                let first = record.rows(table).first().map(|row| row.date);
                let today = self.today_of(record, now);
                let date = from.unwrap_or(first.map_or(today, |first| first.max(today)));
                let same = record.rows(table).iter().rev().find(|row| row.date <= date);
                if same.is_some_and(|row| row.values.get(&placed.column).unwrap_or(&Value::Null) == &placed.value) {
                    return;
                }
                self.change(id, fields, &[(table.name(), date)], |record| {
                    record.row_on(table, date, now).values.insert(placed.column.clone(), placed.value);
                });
            }
            None => {
                assert!(from.is_none(), "{field} has no history");
                self.change(id, fields, &[], |record| {
                    record.stored.insert(placed.column.clone(), placed.value);
                });
            }
        }
    }

    /// Where a value goes, and how it is kept there.
    fn place(&mut self, field: &str, text: Option<&str>) -> Placed {
        let text = text.filter(|text| !text.is_empty());
        match field {
            "work.site" => {
                let id = text.map(|name| self.lists.site_named(name).expect("a site that was added").id);
                return Placed::dated(Table::Work, "work.siteId", id.map_or(Value::Null, Value::from));
            }
            "work.manager" | "work.reportsTo" => {
                let known = |id: &str| id.parse().is_ok_and(|id: u64| self.people.contains_key(&id));
                assert!(text.is_none_or(known), "a manager who is there");
                return Placed::dated(Table::Work, "work.reportsTo", text.map_or(Value::Null, Value::from));
            }
            _ => {}
        }
        let computed = ["internal.lifecycleStatus", "internal.status", "internal.terminationDate", "root.id"];
        assert!(!computed.contains(&field), "{field} has a verb of its own");
        let field = self.catalogue.find_or_add(field).unwrap_or_else(|| panic!("no field {field}"));
        let value = text.map_or(Value::Null, |text| self.parse(&field, text));
        Placed { table: field.table(), column: field.id, value }
    }

    fn parse(&mut self, field: &Field, text: &str) -> Value {
        match field.kind.as_str() {
            "number" | "list_id" => {
                let number = text.parse::<i64>().map(Number::from).ok();
                let number = number.or_else(|| text.parse().ok().and_then(Number::from_f64));
                number.unwrap_or_else(|| panic!("{} is a number", field.id)).into()
            }
            "boolean" => (text == "true").into(),
            "date" => parse_date(text).to_string().into(),
            "list" => self.lists.find_or_add(&field.list, text).into(),
            _ => text.into(),
        }
    }

    /// Ends the employment, in place of any other end to come.
    pub(super) fn terminate(&mut self, id: u64, ending: &Ending) {
        let now = self.clock.now();
        let date = |text: &str| parse_date(text);
        let (last_day, end) = (date(&ending.last_day), date(&ending.termination_date));
        let reason = ending.reason.as_deref().map(|text| self.lists.find_or_add("terminationreason", text));
        let kind = ending.kind.as_deref().map(|text| self.lists.find_or_add("lifecycleReasonType", text));
        let after = if self.switches.terminated_the_day_after { next_day(end) } else { end };
        let keeps_access = self.switches.garden_leave_keeps_access;
        let mut rows = vec![StatusRow { reason: kind.clone(), ..status(after, now, TERMINATED, false) }];
        if next_day(last_day) < after {
            rows.insert(0, status(next_day(last_day), now, GARDEN_LEAVE, keeps_access));
        }
        let first = rows[0].date;
        let kept = self.kept(id, |row| row.date < first && row.status != GARDEN_LEAVE && row.status != TERMINATED);
        let told: Vec<(&'static str, Date)> = rows.iter().map(|row| ("lifecycle", row.date)).collect();
        self.change(id, &LEAVING, &told, |record| {
            record.lifecycle = kept;
            rows.into_iter().for_each(|row| record.add_status(row));
            let mut store = |field: &str, value: Option<String>| {
                record.stored.insert(field.to_owned(), value.map_or(Value::Null, Value::from));
            };
            store("internal.terminationDate", Some(end.to_string()));
            store("employee.lastDayOfWork", Some(last_day.to_string()));
            store("internal.terminationReason", reason);
            store("internal.terminationType", kind);
        });
    }

    /// The lifecycle rows that count already, and those to come that `keep` wants.
    fn kept(&self, id: u64, keep: impl Fn(&StatusRow) -> bool) -> Vec<StatusRow> {
        let (now, record) = (self.clock.now(), &self.people[&id]);
        let kept = record.lifecycle.iter().filter(|row| self.status_effect(record, row, now) <= now || keep(row));
        kept.cloned().collect()
    }

    /// Takes an end that is still to come back.
    pub(super) fn cancel_termination(&mut self, id: u64) {
        let kept = self.kept(id, |row| row.status != GARDEN_LEAVE && row.status != TERMINATED);
        self.change(id, &LEAVING, &[], |record| {
            record.lifecycle = kept;
            LEAVING.iter().for_each(|field| drop(record.stored.remove(*field)));
        });
    }

    /// Access ends now; the lifecycle stays as it is.
    pub(super) fn revoke(&mut self, id: u64) {
        let now = self.clock.now();
        self.remember(id);
        self.people.get_mut(&id).expect("the caller knows the person").revoked = true;
        self.announce(Happening::Lifecycle("employee.access.revoked.immediately"), id, By::Admin, now);
    }

    /// Puts somebody on leave.
    pub(super) fn leave(&mut self, id: u64, absence: &Absence) {
        let now = self.clock.now();
        let word = self.lists.find_or_add("lifecycleStatus", &absence.word);
        let from = absence.from.as_deref().map_or_else(|| self.today_of(&self.people[&id], now), parse_date);
        let until = absence.until.as_deref().map(parse_date);
        let mut told = vec![("lifecycle", from)];
        told.extend(until.map(|until| ("lifecycle", next_day(until))));
        let active = absence.keeps_access;
        self.change(id, &["employee.recentLeaveStartDate", "employee.recentLeaveEndDate"], &told, |record| {
            record.add_status(status(from, now, &word, active));
            if let Some(until) = until {
                record.add_status(status(next_day(until), now, EMPLOYED, true));
            }
            let date = |date: Option<Date>| date.map_or(Value::Null, |date| date.to_string().into());
            record.stored.insert("employee.recentLeaveStartDate".to_owned(), date(Some(from)));
            record.stored.insert("employee.recentLeaveEndDate".to_owned(), date(until));
        });
    }

    /// Somebody is back from leave today; a leave to come is taken back.
    pub(super) fn back(&mut self, id: u64) {
        let now = self.clock.now();
        let kept = self.kept(id, |row| row.status == GARDEN_LEAVE || row.status == TERMINATED);
        let today = self.today_of(&self.people[&id], now);
        self.change(id, &["employee.recentLeaveEndDate"], &[("lifecycle", today)], |record| {
            record.lifecycle = kept;
            record.revoked = false;
            record.add_status(status(today, now, EMPLOYED, true));
            record.stored.insert("employee.recentLeaveEndDate".to_owned(), today.to_string().into());
        });
    }

    /// Hires the same record again.
    pub(super) fn rehire(&mut self, id: u64, starts: Date) {
        let now = self.clock.now();
        let today = self.today_of(&self.people[&id], now);
        let kept = self.kept(id, |_| false);
        let shows_hired = self.switches.rehire_shows_hired && starts > today;
        let keeps_termination = self.switches.rehire_keeps_termination;
        let fields: Vec<&str> = ["work.startDate"].into_iter().chain(LEAVING).collect();
        self.change(id, &fields, &[("lifecycle", starts)], |record| {
            record.lifecycle = kept;
            if shows_hired {
                record.add_status(status(today, now, HIRED, false));
            }
            record.add_status(status(starts, now, EMPLOYED, true));
            record.starts = starts;
            record.revoked = false;
            record.row_on(Table::Work, starts.max(today), now);
            if !keeps_termination {
                LEAVING.iter().for_each(|field| drop(record.stored.remove(*field)));
            }
        });
    }

    /// Deletes the record; ids are never used twice.
    pub(super) fn delete(&mut self, id: u64) {
        let now = self.clock.now();
        self.remember(id);
        self.people.remove(&id);
        self.announce(Happening::Deleted, id, By::Admin, now);
    }
}

/// What an end of employment writes.
const LEAVING: [&str; 4] =
    ["internal.terminationDate", "employee.lastDayOfWork", "internal.terminationReason", "internal.terminationType"];

/// A value, and where it is kept.
struct Placed {
    table: Option<Table>,
    column: String,
    value: Value,
}

impl Placed {
    fn dated(table: Table, column: &str, value: Value) -> Placed {
        Placed { table: Some(table), column: column.to_owned(), value }
    }
}

fn status(date: Date, saved: Timestamp, word: &str, active: bool) -> StatusRow {
    StatusRow { date, saved, status: word.to_owned(), active, reason: None }
}

fn next_day(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}

/// `YYYY-MM-DD`.
pub(super) fn parse_date(text: &str) -> Date {
    text.parse().expect("a date as YYYY-MM-DD")
}
