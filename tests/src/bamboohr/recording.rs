//! A recorded custom report, turned back into people.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, date};
use serde_json::{Map, Value};

use super::company::Company;
use super::edits::parse_date;
use super::employee::text_of;
use super::fields::Source;
use super::record::{JobRow, Record, StatusRow, TERMINATED};

/// The status before an end, which a report does not tell.
const EARLIER_STATUS: &str = "Full-Time";
/// Where a recording has no hire date.
const LONG_AGO: Date = date(2000, 1, 1);

impl Company {
    /// Adds the people of a recorded report: the whole recording, or its body. Silently, without webhooks.
    ///
    /// A report of `onlyCurrent=false` shows the *last* status. Whoever is Inactive with a termination date gets both
    /// rows, so that they are Active until that date and Inactive after it.
    pub(super) fn load_report(&mut self, recording: &Value) -> usize {
        let body = recording.pointer("/response/body").unwrap_or(recording);
        let people: Vec<&Map<String, Value>> =
            body["employees"].as_array().into_iter().flatten().filter_map(Value::as_object).collect();
        let mut loaded = Vec::new();
        for person in &people {
            let wished = person.get("id").and_then(text_of).and_then(|id| id.parse().ok());
            let id = self.new_employee_id(wished);
            let record = self.recorded(id, person);
            self.people.insert(id, record);
            loaded.push(id);
        }
        self.find_managers(&loaded);
        for id in &loaded {
            self.expect_coming(*id);
        }
        loaded.len()
    }

    fn recorded(&mut self, id: u64, person: &Map<String, Value>) -> Record {
        let moment = self.moment();
        let mut record = Record::new(id, moment.now);
        let given = |key: &str| person.get(key).and_then(text_of);
        let day = |key: &str| given(key).and_then(|text| parse_date(&text).ok());
        record.hire_date = day("hireDate");
        record.original_hire_date = day("originalHireDate");
        record.photo = given("photoUploaded").as_deref() == Some("true");
        if let Some(at) = given("lastChanged").and_then(|text| text.parse().ok()) {
            record.last_changed = Some(at);
        }
        for key in person.keys() {
            let field = self.catalogue.find_or_add(key);
            if self.catalogue.get(field).source == Source::Stored
                && let Some(text) = given(key)
            {
                record.stored.insert(field, text);
            }
        }
        if let Some(shown) = given("displayName").filter(|shown| *shown != self.full_name(&record, 1)) {
            record.stored.insert(self.catalogue.of(Source::DisplayName), shown);
        }
        let start = record.hire_date.unwrap_or(LONG_AGO);
        let mut job = JobRow::new(self.next_row_id(), start);
        job.title = given("jobTitle").map(|text| self.option("jobTitle", &text));
        job.department = given("department").map(|text| self.option("department", &text));
        job.division = given("division").map(|text| self.option("division", &text));
        job.location = given("location").map(|text| self.option("location", &text));
        job.reports_to = given("supervisorEId").and_then(|id| id.parse().ok());
        job.reports_to_name = given("supervisor");
        record.jobs.push(job);
        let status = given("employmentHistoryStatus");
        let ended = status.as_deref() == Some(TERMINATED);
        let end = day("terminationDate").filter(|_| ended);
        let first = if ended { EARLIER_STATUS.to_owned() } else { status.unwrap_or(EARLIER_STATUS.to_owned()) };
        for (date, status) in [Some((start, first)), end.map(|end| (end, TERMINATED.to_owned()))].into_iter().flatten()
        {
            let status = self.option("employmentHistoryStatus", &status);
            let row = self.next_row_id();
            // Saved before the start, so that the end waits for its evening.
            record.employment.push(StatusRow { id: row, date, status, saved_on: start, rest: BTreeMap::new() });
        }
        // Whoever is shown otherwise than their last row says was set by hand.
        let last_says = end.is_none();
        let shown = given("status").map(|status| status == "Active");
        record.manual_status = shown.filter(|shown| *shown != last_says).map(|shown| (moment.now, shown));
        record
    }

    /// Managers by `Last, First`, where only one person is called so; else the name stays as it was shown.
    fn find_managers(&mut self, loaded: &[u64]) {
        let mut by_name: HashMap<String, Vec<u64>> = HashMap::new();
        for record in self.people.values() {
            by_name.entry(self.full_name(record, 2)).or_default().push(record.id);
        }
        for id in loaded {
            let record = self.people.get_mut(id).expect("just loaded");
            for job in record.jobs.iter_mut().filter(|job| job.reports_to.is_none()) {
                let named = job.reports_to_name.as_ref().and_then(|name| by_name.get(name));
                job.reports_to = named.filter(|ids| ids.len() == 1).map(|ids| ids[0]);
            }
        }
    }
}
