//! What an answer means: its status, its error envelope, its pages.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use transport::{Fault, Response};

use crate::VENDOR;
use crate::pages::Page;
use crate::request::Call;
use crate::wire::{Listing, why};

/// The longest message of theirs that we pass on, in characters: enough for a person, little for a log.
const MESSAGE_LIMIT: usize = 300;
/// The largest error body that is looked into, in bytes.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// Sorts an answer by its status: `Ok` for success only.
pub(crate) fn judge(call: &Call, response: Response) -> Result<Response, Fault> {
    let status = response.status;
    let key = |detail: String| Fault::KeyRefused { vendor: VENDOR, detail };
    Err(match status.as_u16() {
        200..300 => return Ok(response),
        // Without a key at all the answer is a way to the log-in page.
        100..400 => key("it sends us to its log-in page".to_owned()),
        401 => key(message(&response)),
        // A firewall in front of the API, which says nothing of the key.
        403 if is_html(&response) => {
            let detail = "it answers with a block page: \"IP blocked due to suspected abuse\"".to_owned();
            Fault::Unavailable { vendor: VENDOR, detail }
        }
        403 => key(message(&response)),
        // Nothing of JumpCloud's: a proxy, or a wrong address. It must not pass for "this user is gone".
        404 if is_html(&response) => malformed(call, "a page of HTML"),
        404 => Fault::NotFound { vendor: VENDOR, what: call.what },
        400..500 => Fault::Rejected { vendor: VENDOR, status: status.as_u16(), message: message(&response) },
        _ => Fault::Unavailable { vendor: VENDOR, detail: format!("HTTP {}", status.as_u16()) },
    })
}

pub(crate) fn malformed(call: &Call, detail: impl Into<String>) -> Fault {
    Fault::Malformed { vendor: VENDOR, call: call.name, detail: detail.into() }
}

/// The body as one thing; `None` where there is nothing in it.
pub(crate) fn optional<T: DeserializeOwned>(call: &Call, response: &Response) -> Result<Option<T>, Fault> {
    if matches!(response.body.trim_ascii(), b"" | b"null") {
        return Ok(None);
    }
    serde_json::from_slice(&response.body).map(Some).map_err(|error| unreadable(call, response, &error))
}

/// The body as one thing.
pub(crate) fn one<T: DeserializeOwned>(call: &Call, response: &Response) -> Result<T, Fault> {
    optional(call, response)?.ok_or_else(|| malformed(call, "it is empty"))
}

fn unreadable(call: &Call, response: &Response, error: &serde_json::Error) -> Fault {
    if is_html(response) { malformed(call, "a page of HTML") } else { malformed(call, why(error)) }
}

/// A page of a v1 list: an object with the total in it.
pub(crate) fn v1_page<T: DeserializeOwned>(call: &Call, response: &Response) -> Result<Page<T>, Fault> {
    match serde_json::from_slice::<Listing<T>>(&response.body) {
        Ok(listing) => Ok(Page { total: listing.total_count, items: listing.results, unreadable: 0 }),
        Err(error) if error.is_data() => {
            let one_by_one = serde_json::from_slice::<Listing<&RawValue>>(&response.body);
            let listing = one_by_one.map_err(|error| unreadable(call, response, &error))?;
            Ok(salvaged(listing.total_count, &listing.results))
        }
        Err(error) => Err(unreadable(call, response, &error)),
    }
}

/// A page of a v2 list: a bare array, with the total in a header.
pub(crate) fn v2_page<T: DeserializeOwned>(call: &Call, response: &Response) -> Result<Page<T>, Fault> {
    let total = response.headers.get("x-total-count").and_then(|total| total.to_str().ok()?.trim().parse().ok());
    match serde_json::from_slice::<Vec<T>>(&response.body) {
        Ok(items) => Ok(Page { total, items, unreadable: 0 }),
        Err(error) if error.is_data() => {
            let one_by_one = serde_json::from_slice::<Vec<&RawValue>>(&response.body);
            Ok(salvaged(total, &one_by_one.map_err(|error| unreadable(call, response, &error))?))
        }
        Err(error) => Err(unreadable(call, response, &error)),
    }
}

/// What can be read of a page in which something cannot.
fn salvaged<T: DeserializeOwned>(total: Option<usize>, raw: &[&RawValue]) -> Page<T> {
    let items: Vec<T> = raw.iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect();
    Page { total, unreadable: raw.len() - items.len(), items }
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim().to_ascii_lowercase().starts_with("text/html") || response.body.trim_ascii_start().starts_with(b"<")
}

/// The three envelopes in one, with every key optional and of any kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    message: Value,
    error: Value,
    details: Value,
}

/// The vendor's own words, cut short, on one line.
fn message(response: &Response) -> String {
    let body: &Bytes = &response.body;
    let envelope: Envelope = if body.len() > ERROR_BODY_LIMIT || is_html(response) {
        Envelope::default()
    } else {
        serde_json::from_slice(body).unwrap_or_default()
    };
    let main = text(&envelope.message).or_else(|| text(&envelope.error)).or_else(|| text(&envelope.error["message"]));
    let parts: Vec<&str> = main.into_iter().chain(violations(&envelope.details)).collect();
    let cleaned = clean(&parts.join("; "));
    if cleaned.is_empty() {
        response.status.canonical_reason().unwrap_or("no reason given").to_owned()
    } else {
        cleaned
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

/// `details[].fieldViolationsList[].description`, which says what the message does not.
fn violations(details: &Value) -> Vec<&str> {
    let lists = details.as_array().into_iter().flatten().filter_map(|detail| detail["fieldViolationsList"].as_array());
    lists
        .flatten()
        .flat_map(|violation| [text(&violation["field"]), text(&violation["description"])])
        .flatten()
        .collect()
}

fn clean(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MESSAGE_LIMIT) {
        Some((at, _)) => line[..at].to_owned(),
        None => line,
    }
}

/// Whether this is a refusal that says that something of ours is somebody else's already.
pub fn is_taken(fault: &Fault) -> bool {
    matches!(fault, Fault::Rejected { status, message, .. } if says_taken(*status, message))
}

/// Whether a refusal says that something of ours is somebody else's already. No wording is documented.
pub(crate) fn says_taken(status: u16, message: &str) -> bool {
    let message = message.to_lowercase();
    let absent = ["not exist", "n't exist", "not found", "no such"].iter().any(|words| message.contains(words));
    let taken =
        ["exist", "already", "duplicate", "unique", "taken", "in use"].iter().any(|word| message.contains(word));
    status == 409 || (status == 400 && taken && !absent)
}

#[cfg(test)]
mod tests;
