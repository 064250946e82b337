//! The company's state, and the few ways in which it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::fields::{Catalogue, HISTORY, Source};
use super::leave::{Holiday, Leave};
use super::locations::Location;
use super::record::{Moment, OtherRow, Record, TERMINATED, Text};
use super::switches::Switches;
use super::webhooks::{Change, Delivery, Subscription};
use crate::clock::Clock;

/// The options of one list field by text; the number is the option's id.
pub(super) type Options = HashMap<Text, u64>;

/// Everything the simulated company knows.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) zone: TimeZone,
    pub(super) clock: Clock,
    pub(super) switches: Switches,
    pub(super) catalogue: Catalogue,
    /// By id, so that cursors and reports go in the order of ids.
    pub(super) people: BTreeMap<u64, Record>,
    /// Deleted records, and when they were.
    pub(super) deleted: BTreeMap<u64, Timestamp>,
    pub(super) lists: BTreeMap<&'static str, Options>,
    pub(super) locations: Vec<Location>,
    pub(super) leaves: Vec<Leave>,
    pub(super) holidays: Vec<Holiday>,
    pub(super) webhooks: Vec<Subscription>,
    pub(super) queue: Vec<Delivery>,
    /// When something changes by itself, and whose.
    coming: BTreeSet<(Timestamp, u64)>,
    pub(super) api_key: String,
    pub(super) unknown_keys: u32,
    pub(super) locked_until: Option<Timestamp>,
    next_employee: u64,
    next_row: u64,
    next_option: u64,
    /// The last webhook's number; numbers are never used twice.
    pub(super) next_webhook: u64,
}

impl Company {
    pub(super) fn new(clock: Clock, name: &str, zone: TimeZone, api_key: String) -> Company {
        let mut company = Company {
            name: name.to_owned(),
            zone,
            clock,
            switches: Switches::default(),
            catalogue: Catalogue::standard(),
            people: BTreeMap::new(),
            deleted: BTreeMap::new(),
            lists: BTreeMap::new(),
            locations: Vec::new(),
            leaves: Vec::new(),
            holidays: Vec::new(),
            webhooks: Vec::new(),
            queue: Vec::new(),
            coming: BTreeSet::new(),
            api_key,
            unknown_keys: 0,
            locked_until: None,
            next_employee: 1,
            next_row: 1,
            next_option: 18_000,
            next_webhook: 0,
        };
        for list in ["jobTitle", "department", "division", "location"] {
            company.lists.insert(list, Options::new());
        }
        for status in ["Full-Time", "Part-Time", "Contractor", "Intern", "Furloughed", TERMINATED] {
            company.option("employmentHistoryStatus", status);
        }
        company
    }

    /// Now, with rows counting as of today.
    pub(super) fn moment(&self) -> Moment {
        Moment::new(self.clock.now(), &self.zone, &self.switches)
    }

    pub(super) fn next_row_id(&mut self) -> u64 {
        self.next_row += 1;
        self.next_row - 1
    }

    /// A new employee's id: the wished one if it is free.
    pub(super) fn new_employee_id(&mut self, wished: Option<u64>) -> u64 {
        let taken = |id: &u64| self.people.contains_key(id) || self.deleted.contains_key(id);
        let id = wished.filter(|id| !taken(id)).unwrap_or_else(|| {
            let mut next = self.next_employee;
            while taken(&next) {
                next += 1;
            }
            next
        });
        // Ids go up; a wished one leaves no gap to be filled later by someone else's.
        self.next_employee = self.next_employee.max(id + 1);
        id
    }

    /// The shared text of a list option, which comes into being by being used.
    pub(super) fn option(&mut self, list: &'static str, text: &str) -> Text {
        let options = self.lists.entry(list).or_default();
        if let Some((known, _)) = options.get_key_value(text) {
            return known.clone();
        }
        let text: Text = text.into();
        options.insert(text.clone(), self.next_option);
        self.next_option += 1;
        text
    }

    /// Whether the key may not see this field.
    pub(super) fn is_hidden(&self, field: usize) -> bool {
        let field = self.catalogue.get(field);
        let hidden = &self.switches.hidden_fields;
        !hidden.is_empty()
            && (hidden.contains(&field.id) || field.alias.as_ref().is_some_and(|alias| hidden.contains(alias)))
    }

    /// Whether the key may not see this employee.
    pub(super) fn is_hidden_employee(&self, id: u64) -> bool {
        let hidden = &self.switches.hidden_employees;
        !hidden.is_empty() && hidden.contains(&id.to_string())
    }

    /// Lets everything happen whose moment has come since the last call: rows take effect, their webhooks are queued.
    pub(super) fn tick(&mut self) {
        let now = self.clock.now();
        while let Some((at, id)) = self.coming.first().copied()
            && at <= now
        {
            self.coming.pop_first();
            let Some(record) = self.people.get(&id) else { continue };
            let moment = Moment::new(at, &self.zone, &self.switches);
            let before = Moment::new(at - SignedDuration::from_secs(1), &self.zone, &self.switches);
            let changed = differing(&self.history(record, &before), &self.history(record, &moment));
            if changed.is_empty() {
                continue;
            }
            if self.switches.arrival_bumps_last_changed {
                self.bump(id, at);
            }
            self.announce(Change::Updated, id, &changed, at);
        }
    }

    /// Changes one record now: `lastChanged` moves, and webhooks fire for `plain` and for whichever history fields
    /// read differently afterwards.
    pub(super) fn change(&mut self, id: u64, plain: &[usize], edit: impl FnOnce(&mut Record)) {
        let moment = self.moment();
        let before = self.history(&self.people[&id], &moment);
        let record = self.people.get_mut(&id).expect("the caller knows the employee");
        edit(record);
        let record = &self.people[&id];
        let mut changed = plain.to_vec();
        changed.extend(differing(&before, &self.history(record, &moment)));
        self.bump(id, moment.now);
        self.expect_coming(id);
        self.announce(Change::Updated, id, &changed, moment.now);
    }

    /// Keeps in mind when this record's rows will take effect.
    pub(super) fn expect_coming(&mut self, id: u64) {
        let coming = self.people[&id].coming(&self.moment());
        self.coming.extend(coming.into_iter().map(|at| (at, id)));
    }

    fn bump(&mut self, id: u64, at: Timestamp) {
        let record = self.people.get_mut(&id).expect("the caller knows the employee");
        record.last_changed = Some(at);
        record.tables_changed = at;
        record.updated = true;
    }

    /// What the history fields read as, by place in the catalogue.
    fn history(&self, record: &Record, moment: &Moment) -> Vec<(usize, String)> {
        let read = |source: &Source| {
            let field = self.catalogue.of(*source);
            (field, self.read(record, field, moment).into_text().unwrap_or_default())
        };
        HISTORY.iter().map(read).collect()
    }

    pub(super) fn delete(&mut self, id: u64) -> bool {
        if self.people.remove(&id).is_none() {
            return false;
        }
        let now = self.clock.now();
        self.deleted.insert(id, now);
        self.announce(Change::Deleted, id, &[], now);
        true
    }

    /// Adds a row to a table that is neither `jobInfo` nor `employmentStatus`; does not move `lastChanged`.
    pub(super) fn add_other_row(&mut self, id: u64, table: &str, columns: BTreeMap<String, String>) -> u64 {
        let row: OtherRow = (self.next_row_id(), columns);
        let number = row.0;
        let now = self.clock.now();
        let record = self.people.get_mut(&id).expect("the caller knows the employee");
        record.tables_changed = now;
        record.other_tables.entry(table.to_owned()).or_default().push(row);
        number
    }

    /// Renames an option of a list for everyone who has it.
    pub(super) fn rename_option(&mut self, list: &str, old: &str, new: &str) -> bool {
        let Some((&list, options)) = self.lists.iter_mut().find(|(name, _)| **name == list) else { return false };
        let Some(option) = options.remove(old) else { return false };
        let new: Text = new.into();
        options.insert(new.clone(), option);
        let now = self.clock.now();
        let bumps = self.switches.rename_bumps_last_changed;
        for record in self.people.values_mut() {
            let jobs = record.jobs.iter_mut().filter_map(|row| match list {
                "jobTitle" => row.title.as_mut(),
                "department" => row.department.as_mut(),
                "division" => row.division.as_mut(),
                "location" => row.location.as_mut(),
                _ => None,
            });
            let statuses = record.employment.iter_mut().map(|row| &mut row.status);
            let statuses = statuses.filter(|_| list == "employmentHistoryStatus");
            let mut renamed = false;
            for text in jobs.chain(statuses).filter(|text| &***text == old) {
                *text = new.clone();
                renamed = true;
            }
            if renamed && bumps {
                record.last_changed = Some(now);
                record.updated = true;
            }
        }
        if list == "location" {
            for location in self.locations.iter_mut().filter(|location| location.label == old) {
                location.label = new.to_string();
            }
        }
        true
    }
}

/// The fields whose text differs.
fn differing(before: &[(usize, String)], after: &[(usize, String)]) -> Vec<usize> {
    before.iter().zip(after).filter(|(old, new)| old != new).map(|(_, new)| new.0).collect()
}
