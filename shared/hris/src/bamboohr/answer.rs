//! What an answer's status means, and what the vendor said about it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use mapping::secret::Secret;
use serde_json::Value;
use transport::{Fault, Response};

use crate::words::{self, ERROR_BODY_LIMIT};

/// The name in faults.
pub(crate) const VENDOR: &str = "BambooHR";
/// Where the vendor says what is wrong: mostly there, with an empty body. The second is misspelt on its side.
const WORDS_HEADERS: [&str; 3] = ["x-bamboohr-error-message", "x-bamboohr-error-messsage", "x-bamboohr-message"];
/// Words by which a 403 means the key and not the one person asked for.
const KEY_WORDS: [&str; 5] = ["api key", "authentication", "locked", "log in", "login"];

/// What was asked for: a 403 about one person is not one about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// One record.
    Person,
    /// Everything that a key of ours must be able to read.
    Everyone,
    /// Webhooks, which a key that reads people need not be able to manage.
    Webhooks,
    /// Time off, which is a feature that may be off, and which a key that reads people need not be able to see.
    TimeOff,
}

/// Reads statuses. Knows the key, so that it can strike it out of whatever is said.
pub(crate) struct Answers {
    key: Secret,
}

impl Answers {
    pub(crate) fn new(key: &Secret) -> Answers {
        Answers { key: key.clone() }
    }

    /// The body of a success.
    pub(crate) fn body(&self, response: Response, about: About) -> Result<Bytes, Fault> {
        let Response { status, headers, body } = response;
        if status.is_success() {
            return Ok(body);
        }
        let words = self.words(&headers, &body);
        let said = |otherwise: &str| words.clone().unwrap_or_else(|| otherwise.to_owned());
        let rejected = |message| Fault::Rejected { vendor: VENDOR, status: status.as_u16(), message };
        let refused = |detail| Fault::KeyRefused { vendor: VENDOR, detail };
        Err(match (status, about) {
            (StatusCode::UNAUTHORIZED, _) => refused(said("HTTP 401")),
            (StatusCode::FORBIDDEN, About::Everyone) => refused(said("HTTP 403")),
            (StatusCode::FORBIDDEN, About::Person) => match &words {
                Some(words) if is_about_the_key(words) => refused(words.clone()),
                _ => rejected(format!("the key may not see this employee: {}", said("no reason given"))),
            },
            (StatusCode::FORBIDDEN, About::Webhooks) => match &words {
                Some(words) if is_about_the_key(words) => refused(words.clone()),
                _ => rejected(format!("the key may not manage webhooks so: {}", said("no reason given"))),
            },
            (StatusCode::FORBIDDEN, About::TimeOff) => match &words {
                Some(words) if is_about_the_key(words) => refused(words.clone()),
                _ => {
                    let said = said("no reason given");
                    rejected(format!("the key may not see time off, which the rules count as leave: {said}"))
                }
            },
            // Somebody else's page, a proxy's or a parked address: no word about the record.
            (StatusCode::NOT_FOUND, _) if words.is_none() && body.trim_ascii_start().starts_with(b"<") => {
                rejected("an HTML page; check company and base_url".to_owned())
            }
            (StatusCode::NOT_FOUND, About::Person) => Fault::NotFound { vendor: VENDOR, what: "such employee" },
            (StatusCode::NOT_FOUND, About::Everyone) => Fault::NotFound { vendor: VENDOR, what: "such endpoint" },
            // Never "no such employee": it says nothing of anybody.
            (StatusCode::NOT_FOUND, About::TimeOff) => rejected(said("it has no list of time off")),
            (StatusCode::NOT_FOUND, About::Webhooks) => Fault::NotFound { vendor: VENDOR, what: "such webhook" },
            (StatusCode::TOO_MANY_REQUESTS, _) => Fault::RateLimited { vendor: VENDOR, wait: None },
            (StatusCode::REQUEST_TIMEOUT, _) => Fault::Unavailable { vendor: VENDOR, detail: said("HTTP 408") },
            (status, _) if status.is_redirection() => {
                rejected("it points to another address; check company and base_url".to_owned())
            }
            (status, _) if status.is_server_error() => {
                Fault::Unavailable { vendor: VENDOR, detail: said(&format!("HTTP {}", status.as_u16())) }
            }
            (_, _) => rejected(said("no reason given")),
        })
    }

    /// The vendor's words: a header, or one of three families of bodies.
    fn words(&self, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        let header = WORDS_HEADERS.iter().find_map(|name| headers.get(*name));
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let words = header.or_else(|| if body.len() <= ERROR_BODY_LIMIT { body_words(body) } else { None })?;
        let words = words::redacted(&words, &self.key);
        (!words.is_empty()).then_some(words)
    }
}

fn is_about_the_key(words: &str) -> bool {
    let words = words.to_lowercase();
    KEY_WORDS.iter().any(|word| words.contains(word))
}

/// `{"error":{"message"}}`, RFC 7807 `{"title","detail"}`, `{"errors":[{"error","issues"}]}`; `errors` may be one.
fn body_words(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let error = text(&body["error"]["message"]).or_else(|| text(&body["error"]));
    let problem = || text(&body["detail"]).or_else(|| text(&body["title"]));
    let errors = || {
        let first = body["errors"].get(0).unwrap_or(&body["errors"]);
        let issues: Vec<String> = first["issues"].as_array().into_iter().flatten().filter_map(text).collect();
        let said: Vec<String> = text(&first["error"]).into_iter().chain(issues).collect();
        (!said.is_empty()).then(|| said.join("; "))
    };
    error.or_else(problem).or_else(errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::WORDS_LIMIT;

    fn refusal(status: u16, header: Option<(&'static str, &'static str)>, body: &'static str, about: About) -> Fault {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut headers = HeaderMap::new();
        if let Some((name, words)) = header {
            headers.insert(name, words.parse().expect("a header"));
        }
        let response = Response { status, headers, body: Bytes::from_static(body.as_bytes()) };
        Answers::new(&Secret::new("k3y")).body(response, about).expect_err("no success")
    }

    fn refused(detail: &str) -> Fault {
        Fault::KeyRefused { vendor: VENDOR, detail: detail.to_owned() }
    }

    fn rejected(status: u16, message: &str) -> Fault {
        Fault::Rejected { vendor: VENDOR, status, message: message.to_owned() }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let words = ("x-bamboohr-error-message", "API key not provided or invalid");
        assert_eq!(refusal(401, Some(words), "", About::Person), refused(words.1));
        assert_eq!(refusal(401, None, "<html>", About::Everyone), refused("HTTP 401"));
    }

    #[test]
    fn forbidden_is_about_the_key_or_about_one_person() {
        let person = ("x-bamboohr-message", "Insufficient Permissions to view this employee");
        let fault = refusal(403, Some(person), "", About::Person);
        assert_eq!(fault, rejected(403, &format!("the key may not see this employee: {}", person.1)));
        let locked = ("x-bamboohr-error-message", "Too many failed authentication attempts");
        assert_eq!(refusal(403, Some(locked), "", About::Person), refused(locked.1));
        assert_eq!(refusal(403, None, "", About::Everyone), refused("HTTP 403"));
        assert_eq!(
            refusal(403, None, "", About::Person),
            rejected(403, "the key may not see this employee: no reason given")
        );
    }

    #[test]
    fn time_off_may_be_switched_off_without_a_word_about_the_key() {
        let off = ("x-bamboohr-error-message", "Time off is not enabled for this account");
        let what = "the key may not see time off, which the rules count as leave";
        assert_eq!(refusal(403, Some(off), "", About::TimeOff), rejected(403, &format!("{what}: {}", off.1)));
        assert_eq!(refusal(403, None, "", About::TimeOff), rejected(403, &format!("{what}: no reason given")));
        let locked = ("x-bamboohr-error-message", "Too many failed authentication attempts");
        assert_eq!(refusal(403, Some(locked), "", About::TimeOff), refused(locked.1));
        assert_eq!(refusal(404, None, "", About::TimeOff), rejected(404, "it has no list of time off"));
    }

    #[test]
    fn not_found_is_the_vendors_own_word() {
        let twin = ("x-bamboohr-error-messsage", "Employee not found, Employee not found");
        let none = Fault::NotFound { vendor: VENDOR, what: "such employee" };
        assert_eq!(refusal(404, Some(twin), "", About::Person), none);
        assert_eq!(refusal(404, None, "", About::Person), none);
        let page = rejected(404, "an HTML page; check company and base_url");
        assert_eq!(refusal(404, None, "\n<html>nothing here</html>", About::Person), page);
    }

    #[test]
    fn three_families_of_bodies() {
        for (body, words) in [
            (
                r#"{"error":{"code":"BadRequest","message":"Invalid request parameters."}}"#,
                "Invalid request parameters.",
            ),
            (r#"{"type":"x","title":"Bad","status":422,"detail":"No such page","code":"X"}"#, "No such page"),
            (r#"{"errors":[{"error":"Invalid body","issues":["one","two"]}]}"#, "Invalid body; one; two"),
            (r#"{"errors":{"error":"Invalid body"}}"#, "Invalid body"),
            (r#"{"nothing":1}"#, "no reason given"),
            ("[]", "no reason given"),
        ] {
            assert_eq!(refusal(422, None, body, About::Everyone), rejected(422, words), "{body}");
        }
    }

    #[test]
    fn keys_and_addresses_are_struck_out() {
        let fault = refusal(400, None, r#"{"error":"bad k3y for ada@example.com\n\u0000twice"}"#, About::Everyone);
        assert_eq!(fault, rejected(400, "bad … for … twice"));
        let long = Box::leak(format!(r#"{{"error":"{}"}}"#, "ü".repeat(1000)).into_boxed_str());
        let Fault::Rejected { message, .. } = refusal(400, None, long, About::Everyone) else { panic!("rejected") };
        assert_eq!(message.chars().count(), WORDS_LIMIT);
    }

    #[test]
    fn others_are_named_by_what_to_do() {
        assert_eq!(
            refusal(302, None, "", About::Everyone),
            rejected(302, "it points to another address; check company and base_url")
        );
        assert!(matches!(refusal(502, None, "", About::Everyone), Fault::Unavailable { .. }));
        assert!(matches!(refusal(429, None, "", About::Everyone), Fault::RateLimited { .. }));
    }
}
