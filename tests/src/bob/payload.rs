//! The bodies of webhooks, new and old.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::company::Company;
use super::switches::FieldUpdates;
use super::webhooks::{By, Happening};
use super::{ADMIN, COMPANY_ID};

impl Company {
    /// The moment of an event: microseconds, and no zone. They differ from event to event, for the signature holds no
    /// moment, and a client can tell repeats by the body only.
    fn stamp(&self, at: Timestamp) -> String {
        let at = at + SignedDuration::from_micros(i64::try_from(self.events).unwrap_or_default() % 1_000_000);
        match self.switches.triggered_at_local {
            true => at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
            false => at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        }
    }

    /// Ids, and no values. By hand, for the order of the keys is the vendor's.
    pub(super) fn new_body(&self, happening: &Happening, id: u64, by: By, at: Timestamp) -> String {
        let more = match happening {
            Happening::Created | Happening::Deleted | Happening::Lifecycle(_) => String::new(),
            Happening::Updated(fields) => match self.switches.field_updates {
                FieldUpdates::Texts => format!(r#","fieldUpdates":{}"#, json!(fields)),
                FieldUpdates::Objects => {
                    let items: Vec<Value> = fields.iter().map(|id| json!({ "id": id })).collect();
                    format!(r#","fieldUpdates":{}"#, json!(items))
                }
                FieldUpdates::Absent => String::new(),
            },
            Happening::Row(table, date) => format!(r#","tableId":"{table}","effectiveDate":"{date}""#),
        };
        let by = match by {
            By::Admin => ADMIN,
            By::System => "system",
        };
        format!(
            r#"{{"companyId":{COMPANY_ID},"type":"{}","triggeredBy":"{by}","triggeredAt":"{}","version":"v2","data":{{"employeeId":"{id}"{more}}}}}"#,
            happening.event(),
            self.stamp(at)
        )
    }

    /// Values too, of the person as they are now.
    pub(super) fn old_body(&self, happening: &Happening, id: u64, by: By, at: Timestamp) -> String {
        let now = self.clock.now();
        let read = |field: &str| self.people.get(&id).map_or(Value::Null, |record| self.read(record, field, now));
        let person = json!({
            "id": id.to_string(), "companyId": COMPANY_ID, "firstName": read("root.firstName"),
            "surname": read("root.surname"), "email": read("root.email"), "displayName": read("root.displayName"),
            "site": read("work.site"), "siteId": read("work.siteId"),
        });
        let mut body = json!({
            "companyId": COMPANY_ID, "type": happening.event(), "previous": null, "data": {},
            "creationDate": at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
        });
        if by == By::Admin {
            body["changedBy"] = json!({ "id": ADMIN, "companyId": COMPANY_ID, "firstName": "Ann", "surname": "Ray",
                "email": "ann.ray@acme.example", "displayName": "Ann Ray" });
        }
        match happening {
            Happening::Updated(fields) => {
                let updates = fields.iter().map(|field| json!({ "path": field, "newValue": read(field) }));
                body["data"] = json!({ "fieldUpdates": updates.collect::<Vec<_>>() });
                body["employee"] = person;
            }
            Happening::Row(table, date) => {
                body["employeeId"] = id.to_string().into();
                body["effectiveDate"] = date.to_string().into();
                body["data"] = json!({ "tableId": table, "effectiveDate": date.to_string() });
            }
            Happening::Created => {
                body["data"] = person.clone();
                body["employee"] = person;
            }
            Happening::Deleted | Happening::Lifecycle(_) => body["employee"] = person,
        }
        body.to_string()
    }
}
