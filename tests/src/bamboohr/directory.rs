//! `GET /employees/directory`: Active people, in the company's own choice of fields. Not a roster.

use axum::response::Response;
use serde_json::{Value, json};

use super::company::Company;
use super::http::{Call, json_bytes, refused, shaped};

const FIELDS: [&str; 15] = [
    "displayName",
    "firstName",
    "lastName",
    "preferredName",
    "jobTitle",
    "workPhone",
    "mobilePhone",
    "workEmail",
    "department",
    "location",
    "division",
    "workPhoneExtension",
    "supervisor",
    "photoUploaded",
    "photoUrl",
];

/// People who have left are not here, and those who are yet to start only with `onlyCurrent=false`.
pub(super) fn directory(company: &Company, call: &Call) -> Response {
    if !company.switches.directory_shared {
        return refused(403, "Directory disabled for this account");
    }
    let current = company.moment();
    let moment = current.clone().only_current(call.only_current());
    let asked = company.visible(FIELDS.into_iter());
    let mut fields = Vec::new();
    for one in &asked {
        let field = company.catalogue.get(one.field);
        fields.push(json!({ "id": one.name, "type": field.kind, "name": field.name }));
    }
    let mut out = format!("{{\"fields\":{},\"employees\":[", Value::from(fields)).into_bytes();
    let mut first = true;
    for record in company.people.values() {
        let shown = match call.only_current() {
            true => record.is_active(&current) && !record.is_future_hire(&current),
            false => record.is_active(&current) || record.is_active(&moment),
        };
        if !shown || company.is_hidden_employee(record.id) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        company.write_record(&mut out, record, &asked, &moment);
        // A number among strings, as recorded.
        out.pop();
        out.extend_from_slice(b",\"canUploadPhoto\":1}");
    }
    if first {
        return refused(404, "No employees found");
    }
    out.extend_from_slice(b"]}");
    if call.wants_json() {
        return json_bytes(200, out);
    }
    shaped(call, &serde_json::from_slice(&out).expect("our own JSON"))
}
