//! Writing a record: every value finds its place, plain or in a row with a date.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::company::Company;
use super::fields::Source;
use super::person::Person;
use super::read::Cell;
use super::record::{JobRow, Moment, Record, StatusRow, TERMINATED, Text};
use super::webhooks::Change;

/// What is wrong with a write; the text goes to the caller.
pub(super) type Refusal = String;

/// One change of one record, worked out before the record is touched.
type Edit = Box<dyn FnOnce(&mut Record)>;

impl Company {
    /// Brings a person into being; returns the id.
    pub(super) fn hire(&mut self, person: Person) -> Result<u64, Refusal> {
        let moment = self.moment();
        let wished = person.id.as_deref().map(|id| id.parse().map_err(|_| format!("not an employee id: {id}")));
        let id = self.new_employee_id(wished.transpose()?);
        let hire_date = person.hire_date.as_ref().or(person.fields.get("hireDate").and_then(Option::as_ref));
        let hire_date = match hire_date {
            Some(date) => parse_date(date)?,
            None => moment.today,
        };
        let mut record = Record::new(id, moment.now);
        record.hire_date = Some(hire_date);
        record.photo = person.photo;
        if person.last_changed_unknown {
            record.last_changed = None;
        }
        let status = self.option("employmentHistoryStatus", &person.employment_status);
        let row = self.next_row_id();
        record.employment.push(StatusRow {
            id: row,
            date: hire_date,
            status,
            saved_on: moment.today,
            rest: BTreeMap::new(),
        });
        self.people.insert(id, record);
        for (key, value) in person.fields.iter().filter(|(key, _)| *key != "hireDate") {
            let field = self.catalogue.find_or_add(key);
            let by_hand = self.catalogue.get(field).source == Source::Status;
            match self.edit(id, field, value.as_deref(), (!by_hand).then_some(hire_date)) {
                Ok(edit) => edit(self.people.get_mut(&id).expect("just put in")),
                Err(refusal) => {
                    self.people.remove(&id);
                    return Err(refusal);
                }
            }
        }
        self.expect_coming(id);
        if !person.quiet {
            self.announce(Change::Created, id, &[], moment.now);
            if self.switches.created_then_updated {
                let filled = self.filled(id, &moment);
                self.announce(Change::Updated, id, &filled, moment.now);
            }
        }
        Ok(id)
    }

    /// The fields that have a value.
    fn filled(&self, id: u64, moment: &Moment) -> Vec<usize> {
        let record = &self.people[&id];
        let has_value = |at: &usize| self.read(record, *at, moment).into_text().is_some();
        self.catalogue.all().map(|(at, _)| at).filter(has_value).collect()
    }

    /// Sets some fields, effective now, or, history fields only, from `from` on; one change, however many fields.
    pub(super) fn set(
        &mut self,
        id: u64,
        values: &[(usize, Option<String>)],
        from: Option<Date>,
    ) -> Result<(), Refusal> {
        let moment = self.moment();
        let mut plain = Vec::new();
        let mut edits = Vec::new();
        for (field, value) in values {
            let is_history = self.catalogue.get(*field).source.is_history();
            if from.is_some() && !is_history {
                return Err(format!("{} has no history", self.catalogue.get(*field).key()));
            }
            let old = self.read(&self.people[&id], *field, &moment).into_text();
            if !is_history && old != *value {
                plain.push(*field);
            }
            edits.push(self.edit(id, *field, value.as_deref(), from)?);
        }
        self.change(id, &plain, |record| edits.into_iter().for_each(|edit| edit(record)));
        Ok(())
    }

    /// The edit that gives a field its value; rows are dated `from`, or as a change made today would be.
    fn edit(&mut self, id: u64, field: usize, value: Option<&str>, from: Option<Date>) -> Result<Edit, Refusal> {
        let moment = self.moment();
        let row = self.next_row_id();
        let value = value.filter(|text| !text.is_empty());
        let text = value.map(ToOwned::to_owned);
        let source = self.catalogue.get(field).source;
        let shared = |company: &mut Company, list| value.map(|text| company.option(list, text));
        let job = move |change: Box<dyn FnOnce(&mut JobRow)>| -> Edit {
            Box::new(move |record| change(job_row(record, from, &moment, row)))
        };
        Ok(match source {
            Source::Stored | Source::DisplayName => Box::new(move |record| match text {
                Some(text) => drop(record.stored.insert(field, text)),
                None => drop(record.stored.remove(&field)),
            }),
            Source::Photo | Source::PhotoText => Box::new(move |record| record.photo = text.as_deref() == Some("true")),
            Source::HireDate => {
                let date = text.as_deref().map(parse_date).transpose()?;
                let today = self.moment().today;
                Box::new(move |record| move_hire_date(record, date, today))
            }
            Source::OriginalHireDate => {
                let date = text.as_deref().map(parse_date).transpose()?;
                Box::new(move |record| record.original_hire_date = date)
            }
            Source::TerminationDate => {
                let date = text.as_deref().filter(|text| *text != "0000-00-00").map(parse_date).transpose()?;
                self.termination_edit(date, row)
            }
            Source::Status => {
                let active = match text.as_deref() {
                    Some("Active") => true,
                    Some("Inactive") => false,
                    _ => return Err("status is Active or Inactive".to_owned()),
                };
                let now = self.clock.now();
                match from {
                    // By hand there is only now; from a date on it takes a row.
                    Some(_) => {
                        let status =
                            self.option("employmentHistoryStatus", if active { "Full-Time" } else { TERMINATED });
                        self.status_edit(from, status, row)
                    }
                    None => Box::new(move |record| record.manual_status = Some((now, active))),
                }
            }
            Source::EmploymentStatus => {
                let status = shared(self, "employmentHistoryStatus").ok_or("an employment status needs a text")?;
                self.status_edit(from, status, row)
            }
            Source::JobTitle => {
                let title = shared(self, "jobTitle");
                job(Box::new(move |row| row.title = title))
            }
            Source::Department => {
                let department = shared(self, "department");
                job(Box::new(move |row| row.department = department))
            }
            Source::Division => {
                let division = shared(self, "division");
                job(Box::new(move |row| row.division = division))
            }
            Source::Location => {
                let location = shared(self, "location");
                job(Box::new(move |row| row.location = location))
            }
            Source::SupervisorId => {
                let manager = text.as_deref().map(|id| id.parse().map_err(|_| format!("not an employee id: {id}")));
                let manager: Option<u64> = manager.transpose()?;
                job(Box::new(move |row| (row.reports_to, row.reports_to_name) = (manager, None)))
            }
            Source::SupervisorNumber => {
                let manager = value.and_then(|number| self.by_number(number));
                job(Box::new(move |row| (row.reports_to, row.reports_to_name) = (manager, None)))
            }
            Source::SupervisorName => {
                let manager = value.and_then(|name| self.by_name(name));
                job(Box::new(move |row| (row.reports_to, row.reports_to_name) = (manager, text)))
            }
            Source::Id
            | Source::FullName(_)
            | Source::BestEmail
            | Source::PhoneWithExtension
            | Source::EmploymentStatusDate
            | Source::SupervisorEmail
            | Source::LastChanged => {
                let field = self.catalogue.get(field).key();
                // The simulated person 0 does not exist, so the id is only ever for the reader of the message.
                return Err(format!("{field} of {id} is read-only"));
            }
        })
    }

    /// A new employment status from a date on, or as a change made today.
    fn status_edit(&self, from: Option<Date>, status: Text, row: u64) -> Edit {
        let moment = self.moment();
        Box::new(move |record| {
            let date = from.unwrap_or_else(|| today_or_first(&record.employment, |row| row.date, moment.today));
            record.employment.retain(|row| row.date != date);
            let row = StatusRow { id: row, date, status, saved_on: moment.today, rest: BTreeMap::new() };
            save_employment(record, row, &moment);
        })
    }

    /// Ends the employment on `date`, instead of on any other date to come; `None` takes a coming end back.
    fn termination_edit(&mut self, date: Option<Date>, row: u64) -> Edit {
        let moment = self.moment();
        let status = self.option("employmentHistoryStatus", TERMINATED);
        Box::new(move |record| {
            let now = moment.now;
            record.employment.retain(|row| !(row.is_end() && moment.effect_of(row) > now));
            if let Some(date) = date {
                let row = StatusRow { id: row, date, status, saved_on: moment.today, rest: BTreeMap::new() };
                save_employment(record, row, &moment);
            }
        })
    }

    pub(super) fn terminate(&mut self, id: u64, date: Option<Date>) {
        let row = self.next_row_id();
        let edit = self.termination_edit(date, row);
        let field = self.catalogue.of(Source::TerminationDate);
        self.change(id, &[field], edit);
    }

    /// A leave ends today: the row of a day to come that was to end it goes.
    pub(super) fn back(&mut self, id: u64, status: &str) {
        let row = self.next_row_id();
        let status = self.option("employmentHistoryStatus", status);
        let from_today = self.status_edit(None, status, row);
        let moment = self.moment();
        self.change(id, &[], |record| {
            record.employment.retain(|row| row.is_end() || moment.effect_of(row) <= moment.now);
            from_today(record);
        });
    }

    /// The hire date moves at once, also to a day to come; the original one stays.
    pub(super) fn rehire(&mut self, id: u64, date: Date, status: &str) {
        let row = self.next_row_id();
        let status = self.option("employmentHistoryStatus", status);
        let moment = self.moment();
        let fields = [self.catalogue.of(Source::HireDate), self.catalogue.of(Source::OriginalHireDate)];
        self.change(id, &fields, |record| {
            record.original_hire_date = record.original_hire_date.or(record.hire_date);
            record.hire_date = Some(date);
            let row = StatusRow { id: row, date, status, saved_on: moment.today, rest: BTreeMap::new() };
            save_employment(record, row, &moment);
        });
    }

    /// Saves a row of the table `employmentStatus` with all its columns.
    pub(super) fn save_status_row(&mut self, id: u64, row: StatusRow) {
        let moment = self.moment();
        self.change(id, &[], |record| {
            record.employment.retain(|old| old.id != row.id);
            save_employment(record, row, &moment);
        });
    }

    fn by_number(&self, number: &str) -> Option<u64> {
        let field = self.catalogue.find("employeeNumber")?;
        let has = |record: &&Record| record.stored.get(&field).is_some_and(|text| text == number);
        self.people.values().find(has).map(|record| record.id)
    }

    /// By `Last, First`.
    fn by_name(&self, name: &str) -> Option<u64> {
        let field = self.catalogue.of(Source::FullName(2));
        let moment = self.moment();
        let has = |record: &&Record| matches!(self.read(record, field, &moment), Cell::Text(text) if text == name);
        self.people.values().find(has).map(|record| record.id)
    }
}

/// `YYYY-MM-DD`.
pub(super) fn parse_date(text: &str) -> Result<Date, Refusal> {
    text.parse().map_err(|_| format!("not a date: {text}"))
}

/// The date of a change made today: today, or the first row's date for someone who has not started yet.
fn today_or_first<R>(rows: &[R], date: impl Fn(&R) -> Date, today: Date) -> Date {
    rows.iter().map(date).min().map_or(today, |first| first.max(today))
}

/// The job row to edit: the one with that very date, or a new one that goes on from the row before it.
fn job_row<'r>(record: &'r mut Record, from: Option<Date>, moment: &Moment, id: u64) -> &'r mut JobRow {
    let date = from.unwrap_or_else(|| today_or_first(&record.jobs, |row| row.date, moment.today));
    let place = record.jobs.iter().position(|row| row.date == date).unwrap_or_else(|| {
        let before = record.jobs.iter().filter(|row| row.date < date).max_by_key(|row| (row.date, row.id));
        let row = match before {
            Some(row) => JobRow { id, date, ..row.clone() },
            None => JobRow::new(id, date),
        };
        record.jobs.push(row);
        record.jobs.len() - 1
    });
    &mut record.jobs[place]
}

fn save_employment(record: &mut Record, row: StatusRow, moment: &Moment) {
    // What was set by hand holds only until a row says otherwise.
    if moment.effect_of(&row) <= moment.now {
        record.manual_status = None;
    }
    record.employment.push(row);
}

/// A start to come that is put off or brought forward takes the rows that begin with it along.
fn move_hire_date(record: &mut Record, date: Option<Date>, today: Date) {
    if let (Some(old), Some(new)) = (record.hire_date, date)
        && old > today
    {
        record.jobs.iter_mut().filter(|row| row.date == old).for_each(|row| row.date = new);
        record.employment.iter_mut().filter(|row| row.date == old && !row.is_end()).for_each(|row| row.date = new);
    }
    record.hire_date = date;
}
