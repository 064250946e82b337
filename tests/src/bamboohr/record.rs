//! One employee's record, and what it reads as at a moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::switches::{FutureHireStatus, Switches};

/// The list option that ends an employment; it cannot be edited away.
pub(super) const TERMINATED: &str = "Terminated";

/// A list option's text; shared, since thousands of people have the same.
pub(super) type Text = Arc<str>;

/// A row of the table `jobInfo`.
#[derive(Clone, Debug)]
pub(super) struct JobRow {
    pub(super) id: u64,
    pub(super) date: Date,
    pub(super) title: Option<Text>,
    pub(super) department: Option<Text>,
    pub(super) division: Option<Text>,
    pub(super) location: Option<Text>,
    pub(super) reports_to: Option<u64>,
    /// `Last, First` of a manager who is not among the people.
    pub(super) reports_to_name: Option<String>,
}

impl JobRow {
    pub(super) fn new(id: u64, date: Date) -> JobRow {
        JobRow {
            id,
            date,
            title: None,
            department: None,
            division: None,
            location: None,
            reports_to: None,
            reports_to_name: None,
        }
    }
}

/// A row of the table `employmentStatus`.
#[derive(Clone, Debug)]
pub(super) struct StatusRow {
    pub(super) id: u64,
    pub(super) date: Date,
    pub(super) status: Text,
    /// The company's day on which the row was saved: an end saved on its own date counts at once.
    pub(super) saved_on: Date,
    /// The columns nobody decides by: comment, termination type and reason, ...
    pub(super) rest: BTreeMap<String, String>,
}

impl StatusRow {
    pub(super) fn is_end(&self) -> bool {
        &*self.status == TERMINATED
    }
}

/// A row of any other table: its id and its columns.
pub(super) type OtherRow = (u64, BTreeMap<String, String>);

/// One employee.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: u64,
    /// Plain values, by place in the catalogue.
    pub(super) stored: BTreeMap<usize, String>,
    pub(super) hire_date: Option<Date>,
    pub(super) original_hire_date: Option<Date>,
    pub(super) jobs: Vec<JobRow>,
    pub(super) employment: Vec<StatusRow>,
    /// A status that an administrator set by hand, and when: it holds until a later row takes effect.
    pub(super) manual_status: Option<(Timestamp, bool)>,
    pub(super) photo: bool,
    pub(super) other_tables: BTreeMap<String, Vec<OtherRow>>,
    /// When any table changed last; other tables do not count for `last_changed`.
    pub(super) tables_changed: Timestamp,
    pub(super) last_changed: Option<Timestamp>,
    /// Whether anything changed since it was inserted.
    pub(super) updated: bool,
}

impl Record {
    pub(super) fn new(id: u64, now: Timestamp) -> Record {
        Record {
            id,
            stored: BTreeMap::new(),
            hire_date: None,
            original_hire_date: None,
            jobs: Vec::new(),
            employment: Vec::new(),
            manual_status: None,
            photo: false,
            other_tables: BTreeMap::new(),
            tables_changed: now,
            last_changed: Some(now),
            updated: false,
        }
    }

    /// The job row that counts at `moment`.
    pub(super) fn job(&self, moment: &Moment) -> Option<&JobRow> {
        let counting = self.jobs.iter().filter(|row| moment.job_counts(row));
        counting.max_by_key(|row| (row.date, moment.rank(row.id)))
    }

    /// The employment status row that counts at `moment`.
    pub(super) fn employment(&self, moment: &Moment) -> Option<&StatusRow> {
        let counting = self.employment.iter().filter(|row| moment.employment_counts(row));
        counting.max_by_key(|row| (row.date, moment.rank(row.id)))
    }

    /// `Active`, as against `Inactive`.
    pub(super) fn is_active(&self, moment: &Moment) -> bool {
        let row = self.employment(moment);
        if let Some((set_at, active)) = self.manual_status
            && row.is_none_or(|row| set_at >= moment.effect_of(row))
        {
            return active;
        }
        match row {
            Some(row) => !row.is_end(),
            None if self.is_future_hire(moment) => moment.future_hire_status == FutureHireStatus::Active,
            None => true,
        }
    }

    /// Whether the hire date is still to come.
    pub(super) fn is_future_hire(&self, moment: &Moment) -> bool {
        self.hire_date.is_some_and(|date| date > moment.today)
    }

    /// Shown at once, also while it lies in the future.
    pub(super) fn termination_date(&self, moment: &Moment) -> Option<Date> {
        let last = self.employment.iter().max_by_key(|row| (row.date, moment.rank(row.id)))?;
        if last.is_end() {
            return Some(last.date);
        }
        if moment.rehire_keeps_termination_date {
            return self.employment.iter().filter(|row| row.is_end()).map(|row| row.date).max();
        }
        None
    }

    /// The moments to come at which something of this record changes by itself.
    pub(super) fn coming(&self, moment: &Moment) -> Vec<Timestamp> {
        let jobs = self.jobs.iter().map(|row| moment.at(row.date, moment.rows_at));
        let employment = self.employment.iter().map(|row| moment.effect_of(row));
        jobs.chain(employment).filter(|at| *at > moment.now).collect()
    }
}

/// A moment in the company's zone, and how rows count then.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) today: Date,
    time: Time,
    zone: TimeZone,
    /// `false`: history fields read as their last rows, also where those lie in the future.
    only_current: bool,
    rows_at: Time,
    ends_at: Time,
    later_row_wins: bool,
    future_hire_status: FutureHireStatus,
    rehire_keeps_termination_date: bool,
}

impl Moment {
    pub(super) fn new(now: Timestamp, zone: &TimeZone, switches: &Switches) -> Moment {
        let local = now.to_zoned(zone.clone());
        Moment {
            now,
            today: local.date(),
            time: local.time(),
            zone: zone.clone(),
            only_current: true,
            rows_at: switches.rows_take_effect_at,
            ends_at: switches.ends_take_effect_at,
            later_row_wins: switches.later_row_wins,
            future_hire_status: switches.future_hire_status,
            rehire_keeps_termination_date: switches.rehire_keeps_termination_date,
        }
    }

    pub(super) fn only_current(mut self, only_current: bool) -> Moment {
        self.only_current = only_current;
        self
    }

    fn job_counts(&self, row: &JobRow) -> bool {
        !self.only_current || row.date < self.today || (row.date == self.today && self.time >= self.rows_at)
    }

    fn employment_counts(&self, row: &StatusRow) -> bool {
        if !self.only_current || row.date < self.today {
            return true;
        }
        let starts = if row.is_end() { self.ends_at } else { self.rows_at };
        // An end saved on its own date does not wait for the end of the day.
        let at_once = row.is_end() && row.saved_on >= row.date;
        row.date == self.today && (at_once || self.time >= starts)
    }

    /// When this row takes, or took, effect.
    pub(super) fn effect_of(&self, row: &StatusRow) -> Timestamp {
        if row.is_end() && row.saved_on < row.date {
            return self.at(row.date, self.ends_at);
        }
        self.at(row.date, self.rows_at)
    }

    fn at(&self, date: Date, time: Time) -> Timestamp {
        self.zone.to_timestamp(date.to_datetime(time)).expect("a date within the calendar")
    }

    fn rank(&self, row: u64) -> u64 {
        if self.later_row_wins { row } else { u64::MAX - row }
    }
}
