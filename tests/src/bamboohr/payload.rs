//! The bodies of webhooks: new style and old, JSON and form.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::company::Company;
use super::switches::Stamp;
use super::webhooks::{Change, NewWebhook};

/// The number of the simulated company, as event-based webhooks carry it.
const COMPANY_ID: &str = "21764";

/// One event for one subscriber.
pub(super) struct Message<'a> {
    pub(super) webhook: u64,
    pub(super) event: &'a str,
    pub(super) change: Change,
    pub(super) id: u64,
    pub(super) at: Timestamp,
}

/// One employee in an old-style body.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    change: Change,
    employee: u64,
    changed: Vec<String>,
    fields: Vec<(String, Option<String>)>,
    at: Timestamp,
}

impl Company {
    fn webhook_stamp(&self, at: Timestamp) -> String {
        let spelling = match self.switches.webhook_stamp {
            Stamp::Offset => "%Y-%m-%dT%H:%M:%S+0000",
            Stamp::Zulu => "%Y-%m-%dT%H:%M:%SZ",
        };
        at.strftime(spelling).to_string()
    }

    /// `{"type":"employee.updated","timestamp":...,"data":{...}}`: aliases, and no values.
    pub(super) fn new_body(&self, message: &Message<'_>, changed: &[usize], form: bool) -> String {
        let aliases: Vec<&str> = changed.iter().map(|field| self.catalogue.get(*field).key()).collect();
        let (at, id) = (self.webhook_stamp(message.at), message.id.to_string());
        if form {
            let mut pairs = vec![
                ("type".to_owned(), message.event.to_owned()),
                ("timestamp".to_owned(), at),
                ("data[companyId]".to_owned(), COMPANY_ID.to_owned()),
                ("data[employeeId]".to_owned(), id),
            ];
            let numbered = aliases.iter().enumerate();
            pairs.extend(numbered.map(|(n, alias)| (format!("data[changedFields][{n}]"), (*alias).to_owned())));
            return form_encode(&pairs);
        }
        let text = |text: &str| Value::from(text).to_string();
        // By hand, for the order of the keys is the vendor's.
        let changed = match message.change {
            Change::Updated => format!(r#","changedFields":{}"#, json!(aliases)),
            Change::Created | Change::Deleted => String::new(),
        };
        format!(
            r#"{{"type":{},"timestamp":{},"data":{{"companyId":"{COMPANY_ID}","employeeId":"{id}"{changed}}}}}"#,
            text(message.event),
            text(&at)
        )
    }

    pub(super) fn entry(&self, message: &Message<'_>, webhook: &NewWebhook, changed: &[usize]) -> Entry {
        let moment = self.moment();
        let named = |field: &usize| {
            let info = self.catalogue.get(*field);
            let posted = webhook.post_fields.iter().find(|(key, _)| *key == info.id || *key == info.key());
            posted.map_or(info.name.clone(), |(_, name)| name.clone())
        };
        let mut fields = Vec::new();
        if let Some(record) = self.people.get(&message.id) {
            for (key, name) in &webhook.post_fields {
                if let Some(field) = self.catalogue.find(key).filter(|field| !self.is_hidden(*field)) {
                    fields.push((name.clone(), self.read(record, field, &moment).into_text()));
                }
            }
        }
        Entry {
            change: message.change,
            employee: message.id,
            changed: changed.iter().map(named).collect(),
            fields,
            at: message.at,
        }
    }

    /// `{"employees":[...]}`: display names, and values.
    pub(super) fn old_body(&self, entries: &[Entry], form: bool) -> String {
        if form {
            let mut pairs = Vec::new();
            for entry in entries {
                let employee = format!("employees[{}]", entry.employee);
                let numbered = entry.changed.iter().enumerate();
                pairs.extend(numbered.map(|(n, name)| (format!("{employee}[changedFields][{n}]"), name.clone())));
                let fields = entry.fields.iter();
                pairs.extend(fields.map(|(name, value)| (format!("{employee}[{name}]"), text_or_empty(value))));
            }
            return form_encode(&pairs);
        }
        let employees = entries.iter().map(|entry| self.old_entry(entry));
        json!({ "employees": employees.collect::<Vec<_>>() }).to_string()
    }

    fn old_entry(&self, entry: &Entry) -> Value {
        let wrapped = self.switches.webhook_values_wrapped;
        let value = |value: &Option<String>| if wrapped { json!({ "value": value }) } else { json!(value) };
        let fields: serde_json::Map<String, Value> =
            entry.fields.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        let id = entry.employee.to_string();
        if wrapped {
            return json!({ "changedFields": entry.changed, "fields": fields, "id": id });
        }
        json!({ "action": entry.change.action(), "changedFields": entry.changed, "fields": fields, "id": id,
            "timestamp": self.webhook_stamp(entry.at) })
    }
}

fn text_or_empty(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

/// `a=b&c=d`, spaces as `+`.
fn form_encode(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| {
        let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        encoded.replace("%20", "+").replace("%5B", "[").replace("%5D", "]")
    };
    let joined = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    joined.collect::<Vec<_>>().join("&")
}
