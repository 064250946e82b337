//! What a field of a record reads as: the machine's form, and the readable one.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::COMPANY_ID;
use super::company::Company;
use super::fields::{Field, Table};
use super::record::Record;
use super::switches::ReadableDates;

/// `humanReadable` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readable {
    /// Machine values only.
    No,
    /// Beside them, under a key of its own.
    Append,
    /// Readable values only.
    Replace,
}

impl Readable {
    /// In any case; anything unknown is none.
    pub(super) fn parse(value: &Value) -> Readable {
        match value.as_str().unwrap_or_default().to_lowercase().as_str() {
            "append" => Readable::Append,
            "replace" => Readable::Replace,
            _ => Readable::No,
        }
    }
}

impl Company {
    /// What a field reads as at `now`, in machine form; null where empty.
    pub(super) fn read(&self, record: &Record, field: &str, now: Timestamp) -> Value {
        let text = |field: &str| record.text(field).unwrap_or_default();
        let work = |column: &str| {
            let row = self.row(record, Table::Work, now);
            row.and_then(|row| row.values.get(column)).cloned().unwrap_or_default()
        };
        let site = || work("work.siteId").as_u64().and_then(|id| self.lists.site(id));
        let manager = || self.manager(record, now);
        let date = |date: Date| Value::from(date.to_string());
        match field {
            "root.id" => record.id.to_string().into(),
            "root.companyId" => COMPANY_ID.into(),
            "root.fullName" => self.full_name(record).into(),
            "root.displayName" if record.text(field).is_none() => {
                format!("{} {}", text("root.firstName"), text("root.surname")).into()
            }
            "root.creationDateTime" => record.created.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string().into(),
            "root.creationDate" => record.created.strftime("%Y-%m-%d").to_string().into(),
            "root.state" => record.stored.get(field).cloned().unwrap_or_else(|| "uninvited".into()),
            "work.startDate" | "employee.firstDayOfWork" => date(record.starts),
            "work.originalStartDate" => date(record.originally),
            "work.shortStartDate" => record.starts.strftime("%m-%d").to_string().into(),
            "work.activeEffectiveDate" => self.row(record, Table::Work, now).map_or(Value::Null, |row| date(row.date)),
            "payroll.employment.activeEffectiveDate" => {
                self.row(record, Table::Employment, now).map_or(Value::Null, |row| date(row.date))
            }
            "work.site" => site().map_or(Value::Null, |site| site.name.as_str().into()),
            "work.reportsTo" => manager().map_or(Value::Null, |manager| self.reference(manager)),
            "work.reportsTo.email" => manager().map_or(Value::Null, |manager| self.read(manager, "root.email", now)),
            "work.reportsToIdInCompany" => {
                manager().map_or(Value::Null, |manager| self.read(manager, "work.employeeIdInCompany", now))
            }
            "work.manager" => manager().map_or(Value::Null, |manager| manager.id.to_string().into()),
            "work.secondLevelManager" => {
                let second = manager().and_then(|manager| self.manager(manager, now));
                second.map_or(Value::Null, |manager| manager.id.to_string().into())
            }
            "work.isManager" => (self.reports(record, now) > 0).into(),
            "work.directReports" => Some(self.reports(record, now)).filter(|reports| *reports > 0).into(),
            "internal.lifecycleStatus" => self.standing(record, now).status.into(),
            "internal.status" => if self.is_active(record, now) { "Active" } else { "Inactive" }.into(),
            "internal.currentActiveStatusStartDate" => {
                self.status_row(record, now).map_or(Value::Null, |row| date(row.date))
            }
            _ => {
                if let Some(part) = field.strip_prefix("address.site") {
                    let found = site().and_then(|site| site.address.get(&format!("site{part}")));
                    return found.map_or(Value::Null, |text| text.as_str().into());
                }
                let table = self.catalogue.find(field).and_then(Field::table);
                let kept = match table {
                    Some(table) => self.row(record, table, now).and_then(|row| row.values.get(field)),
                    None => record.stored.get(field),
                };
                kept.cloned().unwrap_or_default()
            }
        }
    }

    fn manager(&self, record: &Record, now: Timestamp) -> Option<&Record> {
        let row = self.row(record, Table::Work, now)?;
        let id = row.values.get("work.reportsTo")?.as_str()?;
        self.people.get(&id.parse().ok()?)
    }

    fn reports(&self, boss: &Record, now: Timestamp) -> usize {
        let id = boss.id;
        self.people.values().filter(|record| self.manager(record, now).is_some_and(|boss| boss.id == id)).count()
    }

    /// How a record names another person.
    pub(super) fn reference(&self, person: &Record) -> Value {
        let now = self.clock.now();
        let text = |field: &str| self.read(person, field, now);
        json!({
            "id": person.id.to_string(), "email": text("root.email"), "firstName": text("root.firstName"),
            "surname": text("root.surname"), "displayName": text("root.displayName"),
        })
    }

    fn full_name(&self, record: &Record) -> String {
        let parts = ["root.firstName", "root.secondName", "root.surname"];
        parts.into_iter().filter_map(|part| record.text(part)).collect::<Vec<_>>().join(" ")
    }

    /// The readable form of a machine value; `None` where empty.
    pub(super) fn readable(&self, field: &Field, value: &Value) -> Option<String> {
        let name = |id: &Value| {
            let person = id.as_str().and_then(|id| id.parse().ok()).and_then(|id: u64| self.people.get(&id));
            person.map(|person| self.full_name(person))
        };
        let text = match value {
            Value::Null => return None,
            Value::Bool(yes) => if *yes { "Yes" } else { "No" }.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Object(_) | Value::Array(_) => String::new(),
        };
        Some(match field.kind.as_str() {
            "list" => self.lists.name(&field.list, &text).to_owned(),
            "list_id" => value.as_u64().and_then(|id| self.lists.site(id)).map_or(text, |site| site.name.clone()),
            "employee" => name(&value["id"])?,
            "employee-reference" if field.id != "root.id" => name(value)?,
            "date" => text.parse().map_or(text, |date: Date| self.readable_date(date)),
            "short-date" => text.replace('-', "/"),
            "number" if field.id.ends_with("fte") || field.id.ends_with("weeklyHours") => {
                format!("{:.2}", value.as_f64().unwrap_or_default())
            }
            _ => text,
        })
    }

    pub(super) fn readable_date(&self, date: Date) -> String {
        let format = match self.switches.readable_dates {
            ReadableDates::MonthFirst => "%m/%d/%Y",
            ReadableDates::DayFirst => "%d/%m/%Y",
        };
        date.strftime(format).to_string()
    }

    /// One person as reads answer them: flat keys for what has a value, nested ones with nulls, and what was asked for
    /// in readable form.
    pub(super) fn shape(&self, record: &Record, fields: &[&Field], readable: Readable, now: Timestamp) -> Value {
        let (mut shape, mut human) = (Map::new(), Map::new());
        for field in fields {
            let value = self.read(record, &field.id, now);
            if readable != Readable::No
                && let Some(text) = self.readable(field, &value)
            {
                insert(&mut human, field.json_path(), text.into());
            }
            if readable != Readable::Replace {
                if !value.is_null() {
                    shape.insert(format!("/{}", field.id.replace('.', "/")), json!({ "value": value }));
                }
                insert(&mut shape, field.json_path(), value);
            }
        }
        match readable {
            Readable::No => {}
            Readable::Append => drop(shape.insert("humanReadable".to_owned(), human.into())),
            Readable::Replace => shape = human,
        }
        shape.into()
    }
}

/// Puts a value where a dotted path leads. Below something that is no object there is no place.
fn insert(map: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(map.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            if let Value::Object(inner) = map.entry(first).or_insert_with(|| json!({})) {
                insert(inner, rest, value);
            }
        }
    }
}
