//! Requests as values. Nothing here is sent.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method};
use mapping::account::{AccountId, DeviceId, GroupId, GroupName, Mail};
use mapping::configuration::{Directory, Region};
use mapping::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use transport::{Fault, Limits, Request, Safety};

use crate::VENDOR;
use crate::account::Reports;

/// How many entries one page is asked for: the most that both APIs document. Without it they give 10.
pub(crate) const PAGE: usize = 100;

/// For one thing. A page of a hundred users with every attribute full stays under a megabyte or two; more is not an
/// answer. A minute is what a worker on AWS can wait and still finish the rest.
const ONE: Limits =
    Limits { body: 4 << 20, deadline: Duration::from_secs(60), attempts: 6, each: Duration::from_secs(20) };
/// For a page of a list that is read whole: losing one page loses the list, so it waits longer.
const LIST: Limits =
    Limits { body: 32 << 20, deadline: Duration::from_secs(300), attempts: 8, each: Duration::from_secs(30) };

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORG_ID: HeaderName = HeaderName::from_static("x-org-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Hirewire/", env!("CARGO_PKG_VERSION")));

/// What may stand in a query's value as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One call: everything about it but where JumpCloud is and who asks.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// For faults: no ids, no values.
    pub(crate) name: &'static str,
    /// What a 404 says is missing.
    pub(crate) what: &'static str,
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    /// Empty for none.
    pub(crate) body: Bytes,
    pub(crate) safety: Safety,
    pub(crate) limits: Limits,
}

/// Bodies hold people's data, and a new account's password.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {} bytes)", self.name, self.body.len())
    }
}

impl Call {
    fn get(name: &'static str, what: &'static str, path: String) -> Call {
        Call { name, what, method: Method::GET, path, body: Bytes::new(), safety: Safety::Repeatable, limits: ONE }
    }

    fn list(name: &'static str, what: &'static str, path: String) -> Call {
        Call { limits: LIST, ..Call::get(name, what, path) }
    }

    fn send(name: &'static str, what: &'static str, method: Method, path: String, body: &Value) -> Call {
        Call { method, body: Bytes::from(body.to_string()), ..Call::get(name, what, path) }
    }

    fn once(self) -> Call {
        Call { safety: Safety::Once, ..self }
    }
}

pub(crate) fn organisations() -> Call {
    Call::get("GET /organizations", "organisation", "/api/organizations".to_owned())
}

/// v1 separates by spaces; `sort=_id` keeps pages from moving, since new ids come last.
pub(crate) fn accounts(skip: usize) -> Call {
    Call::list("GET /systemusers", "users", format!("/api/systemusers?limit={PAGE}&skip={skip}&sort=_id"))
}

pub(crate) fn account(id: &AccountId) -> Call {
    Call::get("GET /systemusers/{id}", "such user", format!("/api/systemusers/{id}"))
}

/// Whoever has the e-mail address (in any case), the identifier or one of the user names; `None` for nothing to find.
///
/// A filter on a custom attribute is documented nowhere, and JumpCloud ignores what it does not know: it is left out.
pub(crate) fn find(email: Option<&str>, identifier: Option<&str>, usernames: &[String], skip: usize) -> Option<Call> {
    let filled = |text: &&str| !text.is_empty();
    let mut any = Vec::new();
    if let Some(email) = email.filter(filled) {
        let email = email.to_lowercase();
        any.push(json!({ "email": email }));
        // Filters mind the case; an older account may hold capitals.
        any.push(json!({ "email": { "$regex": format!("(?i)^{}$", escaped(&email)) } }));
    }
    any.extend(identifier.filter(filled).map(|identifier| json!({ "employeeIdentifier": identifier })));
    any.extend(usernames.iter().map(|username| json!({ "username": username })));
    // An empty filter matches everybody.
    if any.is_empty() {
        return None;
    }
    let body = json!({ "filter": { "or": any }, "limit": PAGE, "skip": skip, "sort": "_id" });
    let path = "/api/search/systemusers".to_owned();
    Some(Call::send("POST /search/systemusers", "users", Method::POST, path, &body))
}

/// Whoever has this account as their manager.
pub(crate) fn reports(manager: &AccountId) -> Call {
    let body =
        json!({ "filter": { "or": [{ "manager": manager.as_str() }] }, "limit": PAGE, "skip": 0, "sort": "_id" });
    let path = "/api/search/systemusers".to_owned();
    Call::send("POST /search/systemusers", "users", Method::POST, path, &body)
}

/// A pattern that matches this very text.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

pub(crate) fn create(body: &Value) -> Call {
    Call::send("POST /systemusers", "users", Method::POST, "/api/systemusers".to_owned(), body).once()
}

pub(crate) fn update(id: &AccountId, body: &Value) -> Call {
    Call::send("PUT /systemusers/{id}", "such user", Method::PUT, format!("/api/systemusers/{id}"), body)
}

/// Twice does the same as once: who is activated already is refused (at worst there is a second mail).
pub(crate) fn activate(id: &AccountId, mail: &Mail) -> Call {
    let path = format!("/api/systemusers/{id}/state/activate");
    let body = json!({ "email": match mail {
        Mail::Withheld => Value::from(false),
        Mail::Sent => Value::from(true),
        Mail::To(address) => Value::from(&**address),
    } });
    Call::send("POST /systemusers/{id}/state/activate", "such user", Method::POST, path, &body)
}

/// What becomes of their reports is always said: without that, JumpCloud does not delete a manager. Twice does the same
/// as once.
pub(crate) fn delete(id: &AccountId, reports: Reports<'_>) -> Call {
    let heir = match reports {
        Reports::Clear => "null",
        Reports::To(heir) => heir.as_str(),
    };
    let path = format!("/api/systemusers/{id}?cascade_manager={heir}");
    Call { method: Method::DELETE, ..Call::get("DELETE /systemusers/{id}", "such user", path) }
}

/// v2 separates by commas and has no `$` before operators.
pub(crate) fn groups(skip: usize) -> Call {
    Call::list("GET /usergroups", "groups", format!("/api/v2/usergroups?limit={PAGE}&skip={skip}&sort=id"))
}

/// Groups of this name; `None` for a name that the filter's own syntax would tear apart.
pub(crate) fn groups_named(name: &GroupName, skip: usize) -> Option<Call> {
    let name = name.as_str();
    if name.contains([',', ':', '*', '?', '|', '\\', '"']) {
        return None;
    }
    let name = utf8_percent_encode(name, PLAIN);
    let path = format!("/api/v2/usergroups?limit={PAGE}&skip={skip}&sort=id&filter=name:eq:{name}");
    Some(Call::list("GET /usergroups", "groups", path))
}

pub(crate) fn create_group(name: &GroupName) -> Call {
    let path = "/api/v2/usergroups".to_owned();
    Call::send("POST /usergroups", "groups", Method::POST, path, &json!({ "name": name.as_str() })).once()
}

/// Direct members only.
pub(crate) fn members(group: &GroupId, skip: usize) -> Call {
    let path = format!("/api/v2/usergroups/{group}/members?limit={PAGE}&skip={skip}");
    Call::list("GET /usergroups/{id}/members", "such group", path)
}

pub(crate) fn groups_of(account: &AccountId, skip: usize) -> Call {
    let path = format!("/api/v2/users/{account}/memberof?limit={PAGE}&skip={skip}");
    Call::list("GET /users/{id}/memberof", "such user", path)
}

pub(crate) fn join(group: &GroupId, account: &AccountId) -> Call {
    member(group, account, "add")
}

pub(crate) fn leave(group: &GroupId, account: &AccountId) -> Call {
    member(group, account, "remove")
}

fn member(group: &GroupId, account: &AccountId, op: &str) -> Call {
    let path = format!("/api/v2/usergroups/{group}/members");
    let body = json!({ "op": op, "type": "user", "id": account.as_str() });
    Call::send("POST /usergroups/{id}/members", "group or user", Method::POST, path, &body)
}

/// Direct bindings only: those through groups are not a user's own.
pub(crate) fn devices(account: &AccountId, skip: usize) -> Call {
    let path = format!("/api/v2/users/{account}/associations?targets=system&limit={PAGE}&skip={skip}");
    Call::list("GET /users/{id}/associations", "such user", path)
}

pub(crate) fn unbind(account: &AccountId, device: &DeviceId) -> Call {
    let path = format!("/api/v2/users/{account}/associations");
    let body = json!({ "op": "remove", "type": "system", "id": device.as_str() });
    Call::send("POST /users/{id}/associations", "user or device", Method::POST, path, &body)
}

/// Where JumpCloud is, and who asks.
pub(crate) struct Door {
    base: String,
    /// `None` for a key that no header can carry, which is therefore no key.
    key: Option<HeaderValue>,
    organisation: Option<HeaderValue>,
}

impl Door {
    pub(crate) fn new(directory: &Directory, key: &Secret) -> Door {
        let console = match directory.region {
            Region::Us => "https://console.jumpcloud.com",
            Region::Eu => "https://console.eu.jumpcloud.com",
            Region::In => "https://console.in.jumpcloud.com",
        };
        let base = directory.base_url.as_deref().unwrap_or(console).trim_end_matches('/').to_owned();
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text).ok().filter(|value| !value.is_empty())?;
            value.set_sensitive(true);
            Some(value)
        };
        let organisation = directory.org_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
        Door { base, key: secret(key.expose()), organisation }
    }

    /// The organisation that was asked for.
    pub(crate) fn organisation(&self) -> Option<&str> {
        self.organisation.as_ref()?.to_str().ok()
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The whole request.
    ///
    /// # Errors
    /// A key or a base address that cannot be one.
    pub(crate) fn request(&self, call: &Call) -> Result<Request, Fault> {
        let Some(key) = &self.key else {
            let detail = "it is empty, or holds characters that no key has".to_owned();
            return Err(Fault::KeyRefused { vendor: VENDOR, detail });
        };
        let url = format!("{}{}", self.base, call.path);
        let mut request = Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url
            .parse()
            .map_err(|_| Fault::Unavailable { vendor: VENDOR, detail: "its base address is no URL".to_owned() })?;
        let headers = request.headers_mut();
        headers.insert(API_KEY, key.clone());
        if let Some(organisation) = &self.organisation {
            headers.insert(ORG_ID, organisation.clone());
        }
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, AGENT);
        if !call.body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
