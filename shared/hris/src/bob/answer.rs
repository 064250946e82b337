//! What an answer's status means, and what HiBob said about it.

use bytes::Bytes;
use http::StatusCode;
use mapping::secret::Secret;
use serde_json::Value;
use transport::{Fault, Response};

use crate::words::{self, ERROR_BODY_LIMIT};

/// The name in faults.
pub(crate) const VENDOR: &str = "HiBob";

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// One record.
    Person,
    /// Everyone.
    Everyone,
    /// Fields and lists, without which people can be read all the same.
    Lists,
}

/// Reads statuses. Knows the token, so that it can strike it out of whatever is said.
pub(crate) struct Answers {
    token: Secret,
}

impl Answers {
    pub(crate) fn new(token: &Secret) -> Answers {
        Answers { token: token.clone() }
    }

    /// The body of a success.
    pub(crate) fn body(&self, response: Response, about: About) -> Result<Bytes, Fault> {
        let Response { status, body, .. } = response;
        if status.is_success() {
            return Ok(body);
        }
        let words = self.words(&body);
        let said = |otherwise: &str| words.clone().unwrap_or_else(|| otherwise.to_owned());
        let rejected = |message| Fault::Rejected { vendor: VENDOR, status: status.as_u16(), message };
        let refused = |detail| Fault::KeyRefused { vendor: VENDOR, detail };
        Err(match (status, about) {
            // Final: after fifty of them in ten seconds HiBob blocks the address.
            (StatusCode::UNAUTHORIZED, _) => refused(said("HTTP 401")),
            (StatusCode::FORBIDDEN, About::Everyone | About::Lists) => refused(said("HTTP 403")),
            // Somebody outside the audience, and no word about the token; several in a row are one, and counted.
            (StatusCode::FORBIDDEN, About::Person) => hidden(status, &said("no reason given")),
            // The page of an address that does not exist, HiBob's or a proxy's: no word about the record.
            (StatusCode::NOT_FOUND, _) if body.trim_ascii_start().starts_with(b"<") => {
                rejected("an HTML page; check base_url".to_owned())
            }
            (StatusCode::NOT_FOUND, About::Person) => Fault::NotFound { vendor: VENDOR, what: "such employee" },
            (StatusCode::NOT_FOUND, About::Everyone) => Fault::NotFound { vendor: VENDOR, what: "such endpoint" },
            (StatusCode::NOT_FOUND, About::Lists) => Fault::NotFound { vendor: VENDOR, what: "such list" },
            (StatusCode::TOO_MANY_REQUESTS, _) => Fault::RateLimited { vendor: VENDOR, wait: None },
            (StatusCode::REQUEST_TIMEOUT, _) => Fault::Unavailable { vendor: VENDOR, detail: said("HTTP 408") },
            (status, _) if status.is_redirection() => {
                rejected("it points to another address; check base_url".to_owned())
            }
            (status, _) if status.is_server_error() => {
                Fault::Unavailable { vendor: VENDOR, detail: said(&format!("HTTP {}", status.as_u16())) }
            }
            (_, _) => rejected(said("no reason given")),
        })
    }

    fn words(&self, body: &[u8]) -> Option<String> {
        let words = if body.len() <= ERROR_BODY_LIMIT { body_words(body) } else { None }?;
        let words = words::redacted(&words, &self.token);
        (!words.is_empty()).then_some(words)
    }
}

/// Somebody whom the service user may not see.
pub(crate) fn hidden(status: StatusCode, why: &str) -> Fault {
    let message = format!("the service user may not see this employee: {why}");
    Fault::Rejected { vendor: VENDOR, status: status.as_u16(), message }
}

/// `{"error"}`, mostly with a `key`; `{"errorMessage"}`; `{"errors":{FIELD:{"error","message"}}}`.
fn body_words(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let of = |value: &Value| ["error", "errorMessage", "message", "key"].iter().find_map(|name| text(&value[*name]));
    of(&body).or_else(|| body["errors"].as_object()?.values().find_map(|one| text(&one["message"]).or_else(|| of(one))))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn refusal(status: u16, body: &'static str, about: About) -> Fault {
        let status = StatusCode::from_u16(status).expect("a status");
        let response = Response { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
        Answers::new(&Secret::new("t0ken")).body(response, about).expect_err("no success")
    }

    fn rejected(status: u16, message: &str) -> Fault {
        Fault::Rejected { vendor: VENDOR, status, message: message.to_owned() }
    }

    #[test]
    fn refusals_are_about_the_token_or_about_one_person() {
        let refused = |detail: &str| Fault::KeyRefused { vendor: VENDOR, detail: detail.to_owned() };
        let forbidden = r#"{"errorMessage":"No permissions to read"}"#;
        for about in [About::Person, About::Everyone, About::Lists] {
            assert_eq!(refusal(401, "", about), refused("HTTP 401"));
            assert_eq!(refusal(401, r#"{"key":"tokenNotMatch"}"#, about), refused("tokenNotMatch"));
        }
        for about in [About::Everyone, About::Lists] {
            assert_eq!(refusal(403, "", about), refused("HTTP 403"));
            assert_eq!(refusal(403, forbidden, about), refused("No permissions to read"));
        }
        let hidden = |why: &str| rejected(403, &format!("the service user may not see this employee: {why}"));
        assert_eq!(refusal(403, "", About::Person), hidden("no reason given"));
        assert_eq!(refusal(403, forbidden, About::Person), hidden("No permissions to read"));
    }

    #[test]
    fn not_found_is_empty_and_no_page() {
        assert_eq!(refusal(404, "", About::Person), Fault::NotFound { vendor: VENDOR, what: "such employee" });
        assert_eq!(refusal(404, "", About::Lists), Fault::NotFound { vendor: VENDOR, what: "such list" });
        let page = rejected(404, "an HTML page; check base_url");
        assert_eq!(refusal(404, "\n<!doctype html>", About::Person), page);
    }

    #[test]
    fn every_family_of_bodies() {
        for (body, words) in [
            (r#"{"key":"exception.history.duplicated.bulk","error":"Duplicate date."}"#, "Duplicate date."),
            (r#"{"errorMessage":"Too many fields"}"#, "Too many fields"),
            (r#"{"error":"Bad","errors":{"country":{}}}"#, "Bad"),
            (r#"{"errors":{"root.x":{"error":"MISSING","message":"Missing field"}}}"#, "Missing field"),
            (r#"{"error":"bad t0ken of dana@example.com"}"#, "bad … of …"),
            ("", "no reason given"),
            ("[]", "no reason given"),
        ] {
            assert_eq!(refusal(400, body, About::Everyone), rejected(400, words), "{body}");
        }
    }

    #[test]
    fn others_are_named_by_what_to_do() {
        assert!(matches!(refusal(429, "", About::Everyone), Fault::RateLimited { .. }));
        assert!(matches!(refusal(502, "<html>", About::Everyone), Fault::Unavailable { .. }));
        assert_eq!(refusal(302, "", About::Everyone), rejected(302, "it points to another address; check base_url"));
    }
}
