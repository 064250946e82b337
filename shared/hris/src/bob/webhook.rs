//! What HiBob sends by itself: proven to come from it, then read for whom it hints at, and for nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeId;
use mapping::secret::Secret;
use serde_json::Value;
use sha2::Sha512;
use subtle::ConstantTimeEq;

use crate::cell::record_id;
use crate::words::Flaw;
use crate::{Refusal, Verified};

/// The largest body, in bytes: one event about one person, and in the older form parts of the record.
const BODY_LIMIT: usize = 1 << 20;
/// How long a delivery is remembered. Nothing in it that is signed says when it was sent, so that it never gets stale;
/// HiBob repeats it for three days. Whoever repeats one after that only makes us look at that person once more.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(3 * 24 + 1);

/// A delivery about nobody: an event of ours, signed as all are. Not a ping, which is taken unsigned as well and so would
/// prove nothing.
pub(crate) const NOBODY: &[u8] = br#"{"type":"hirewire.proof","version":"v2","data":{}}"#;

const SIGNATURE: &str = "bob-signature";
/// Sent when the webhook is connected and by its `test`: the first, or where that fails the second. The third is the
/// first for whoever sends everything as JSON.
const PINGS: [&[u8]; 3] = [b"Ping test", br#"{"text":"Ping test"}"#, br#""Ping test""#];
/// What an unsigned ping is remembered by.
const PING: &str = "ping";

/// How somebody makes one that sends to `url`: HiBob has no call for it.
pub(crate) fn steps(url: &str) -> String {
    format!(
        "in HiBob, as an administrator, open Settings > Integrations > Webhooks and add a webhook that sends to {url}, \
         with all employee and table events; then copy its secret"
    )
}

/// Checks a delivery: signature first, then whom it is about.
pub(crate) fn verify(
    key: Option<&Secret>,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let key = key.filter(|key| !key.expose().is_empty());
    if body.len() > BODY_LIMIT {
        return Err(Refusal::TooLarge);
    }
    let fresh_until = now.checked_add(REMEMBERED).map_err(|_| Refusal::Stale)?;
    let given = headers.get(SIGNATURE);
    // Whether pings are signed nobody documents, and the webhook may be connected before its secret is here. They name
    // nobody and nothing comes of them, so that the exact words are enough.
    let unproven = key.is_none() || given.is_none();
    if unproven && is_ping(body) {
        return Ok(Verified { hints: Vec::new(), signature: PING.to_owned(), fresh_until });
    }
    let key = key.ok_or(Refusal::NoKey)?;
    let given = given.and_then(|value| value.to_str().ok()).ok_or(Refusal::NoSignature)?;
    let own = signature(key, body)?;
    let given = STANDARD.decode(given.trim()).map_err(|_| Refusal::BadSignature)?;
    if !bool::from(own.as_slice().ct_eq(&given)) {
        return Err(Refusal::BadSignature);
    }
    Ok(Verified { hints: hints(body)?, signature: STANDARD.encode(own), fresh_until })
}

/// The headers of a delivery, as HiBob makes them.
pub(crate) fn sign(key: Option<&Secret>, body: &[u8]) -> Result<HeaderMap, Refusal> {
    let key = key.filter(|key| !key.expose().is_empty()).ok_or(Refusal::NoKey)?;
    let own = STANDARD.encode(signature(key, body)?);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(SIGNATURE, HeaderValue::from_str(&own).map_err(|_| Refusal::BadSignature)?);
    Ok(headers)
}

/// Over the body as it came, and nothing else.
fn signature(key: &Secret, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    // Keys of any length are taken.
    let mut mac = Hmac::<Sha512>::new_from_slice(key.expose().as_bytes()).map_err(|_| Refusal::NoKey)?;
    mac.update(body);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn is_ping(body: &[u8]) -> bool {
    PINGS.contains(&body.trim_ascii())
}

/// One event is about one person at most.
fn hints(body: &[u8]) -> Result<Vec<EmployeeId>, Refusal> {
    if is_ping(body) {
        return Ok(Vec::new());
    }
    let event: Value = serde_json::from_slice(body).map_err(|error| Refusal::Malformed(Flaw::new(body, &error).0))?;
    if !event.is_object() {
        return Err(Refusal::Malformed("it is no event".to_owned()));
    }
    let kind = event["type"].as_str().unwrap_or_default();
    // Today's form, then two of the older one.
    let places = [&event["data"]["employeeId"], &event["employee"]["id"], &event["employeeId"]];
    match places.into_iter().find_map(id) {
        Some(id) => Ok(vec![id]),
        // About people, and names none that we can read: not to be taken for done.
        None if is_about_people(kind) => Err(Refusal::Malformed("it names nobody by an id".to_owned())),
        None => Ok(Vec::new()),
    }
}

fn id(value: &Value) -> Option<EmployeeId> {
    match value {
        Value::String(text) => record_id(text),
        Value::Number(number) => record_id(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_about_people(kind: &str) -> bool {
    kind.starts_with("employee.") || kind.starts_with("table.entry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed by HiBob's documented rule.
    const KEY: &str = "bob-webhook-secret";
    const BODY: &str = r#"{"companyId":636192,"type":"employee.created","triggeredBy":"3332883804594373380","triggeredAt":"2026-03-02T07:36:42.486123","version":"v2","data":{"employeeId":"3332883911884669725"}}"#;
    const SIGNED: &str = "gcfJSfhU+0WraE4egy20J78zuqNjA7Hk+P9soHILz5t8/MpV5srcAV9R5HYH8fTOy4YDS7ZL+rrVTxsPtOTbNQ==";

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Bob-Signature", signature.parse().expect("a header"));
        headers
    }

    fn check(body: &str, signature: &str) -> Result<Verified, Refusal> {
        verify(Some(&Secret::new(KEY)), &headers(signature), body.as_bytes(), Timestamp::UNIX_EPOCH)
    }

    fn unsigned(key: Option<&str>, body: &[u8]) -> Result<Verified, Refusal> {
        verify(key.map(Secret::new).as_ref(), &HeaderMap::new(), body, Timestamp::UNIX_EPOCH)
    }

    fn hints(body: &str) -> Result<Vec<String>, Refusal> {
        let key = Secret::new(KEY);
        let headers = sign(Some(&key), body.as_bytes()).expect("a key");
        let verified = verify(Some(&key), &headers, body.as_bytes(), Timestamp::UNIX_EPOCH)?;
        Ok(verified.hints.into_iter().map(String::from).collect())
    }

    #[test]
    fn the_vector_holds() {
        let verified = check(BODY, SIGNED).expect("a good signature");
        assert_eq!(verified.hints.iter().map(EmployeeId::as_str).collect::<Vec<_>>(), ["3332883911884669725"]);
        assert_eq!(verified.signature, SIGNED);
        let until = Timestamp::from_second(73 * 3600).expect("a time");
        assert_eq!(verified.fresh_until, until);
        let ours = sign(Some(&Secret::new(KEY)), BODY.as_bytes()).expect("headers");
        assert_eq!(ours["bob-signature"], SIGNED);
        assert_eq!(check(BODY, &format!(" {SIGNED} ")).expect("the same").signature, SIGNED);
    }

    #[test]
    fn whatever_is_touched_is_refused() {
        let other = format!("h{}", &SIGNED[1..]);
        assert_eq!(check(BODY, &other), Err(Refusal::BadSignature));
        for signature in ["", "not base64!", &SIGNED[4..], &SIGNED.to_lowercase()] {
            assert_eq!(check(BODY, signature), Err(Refusal::BadSignature), "{signature}");
        }
        assert_eq!(check(&BODY.replace("725", "726"), SIGNED), Err(Refusal::BadSignature));
        assert_eq!(check(&format!("{BODY} "), SIGNED), Err(Refusal::BadSignature));
        let elsewhere = verify(Some(&Secret::new("x")), &headers(SIGNED), BODY.as_bytes(), Timestamp::UNIX_EPOCH);
        assert_eq!(elsewhere, Err(Refusal::BadSignature));
        assert_eq!(unsigned(Some(KEY), BODY.as_bytes()), Err(Refusal::NoSignature));
        assert_eq!(unsigned(None, BODY.as_bytes()), Err(Refusal::NoKey));
        assert_eq!(unsigned(Some("\n"), BODY.as_bytes()), Err(Refusal::NoKey));
        assert_eq!(unsigned(Some(KEY), &vec![b' '; BODY_LIMIT + 1]), Err(Refusal::TooLarge));
    }

    #[test]
    fn pings_are_taken_and_nothing_comes_of_them() {
        for ping in ["Ping test", r#"{"text":"Ping test"}"#, r#""Ping test""#, "Ping test\n"] {
            for key in [Some(KEY), None] {
                let taken = unsigned(key, ping.as_bytes()).expect("taken");
                assert_eq!((taken.hints.len(), taken.signature.as_str()), (0, "ping"), "{ping}");
            }
            assert_eq!(hints(ping), Ok(Vec::new()), "{ping}");
            // Whoever signs is believed only if it is right.
            assert_eq!(check(ping, SIGNED), Err(Refusal::BadSignature), "{ping}");
        }
        for near in ["ping test", r#"{"text":"Ping test","data":{"employeeId":"1"}}"#, "Ping test 2", ""] {
            assert_eq!(unsigned(Some(KEY), near.as_bytes()), Err(Refusal::NoSignature), "{near}");
        }
    }

    #[test]
    fn a_door_is_proved_by_what_is_no_ping() {
        assert_eq!(unsigned(Some(KEY), NOBODY), Err(Refusal::NoSignature));
        assert_eq!(unsigned(None, NOBODY), Err(Refusal::NoKey));
        assert_eq!(hints(std::str::from_utf8(NOBODY).expect("a text")), Ok(Vec::new()));
        assert_eq!(sign(None, NOBODY), Err(Refusal::NoKey));
    }

    #[test]
    fn every_form_of_event() {
        let one = |id: &str| Ok(vec![id.to_owned()]);
        let id = "3332883911884669725";
        assert_eq!(hints(r#"{"type":"employee.left","data":{"employeeId":3332883911884669725}}"#), one(id));
        let updated = r#"{"type":"employee.updated","version":"v2","data":{"employeeId":"3332883911884669725","fieldUpdates":[{"id":"root.surname"},"work.title"]}}"#;
        assert_eq!(hints(updated), one(id));
        let table = r#"{"type":"table.entry.created","data":{"employeeId":"3332883911884669725","tableId":"lifecycle","effectiveDate":"2026-03-16"}}"#;
        assert_eq!(hints(table), one(id));
        let older = r#"{"companyId":636192,"employee":{"id":"3332883911884669725"},"changedBy":{"id":"3332883804594373380"},"type":"employee.created","data":{"id":"3332883911884669725"}}"#;
        assert_eq!(hints(older), one(id));
        assert_eq!(hints(r#"{"type":"x","employeeId":"3332883911884669725","data":{"title":"1"}}"#), one(id));
        for about_nobody in [r#"{"type":"tasks.list.updated","data":{"listId":"7"}}"#, "{}", r#"{"type":"new"}"#] {
            assert_eq!(hints(about_nobody), Ok(Vec::new()), "{about_nobody}");
        }
    }

    #[test]
    fn what_names_nobody_is_malformed() {
        for body in [
            "",
            "hello",
            "[]",
            "7",
            "<html>",
            r#"{"type":"employee.updated""#,
            r#"{"type":"employee.updated","data":{}}"#,
            r#"{"type":"employee.updated","data":{"employeeId":"../search"}}"#,
            r#"{"type":"table.entry.updated","data":{"employeeId":1.5}}"#,
        ] {
            assert!(matches!(hints(body), Err(Refusal::Malformed(_))), "{body}: {:?}", hints(body));
        }
    }
}
