//! What BambooHR sends by itself: proven to come from it, then read for whom it hints at, and for nothing else.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeId;
use mapping::secret::Secret;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::cell::{Cell, Slip, Slips, record_id};
use crate::words::Flaw;
use crate::{Refusal, Verified};

/// The largest body, in bytes: a batch of some thousand people with their fields.
const BODY_LIMIT: usize = 1 << 20;
/// The most people of one delivery; the list of changes brings whoever is more.
const HINTS_LIMIT: usize = 10_000;
/// How long a signature counts, before and after its time stamp: clocks differ, and a retry is signed anew.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// A delivery about nobody.
pub(crate) const NOBODY: &[u8] = br#"{"employees":[]}"#;

const TIMESTAMP: &str = "x-bamboohr-timestamp";
const SIGNATURE: &str = "x-bamboohr-signature";

/// Checks a delivery: signature first, then its age, then whom it is about.
pub(crate) fn verify(
    key: Option<&Secret>,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let key = key.filter(|key| !key.expose().is_empty()).ok_or(Refusal::NoKey)?;
    if body.len() > BODY_LIMIT {
        return Err(Refusal::TooLarge);
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refusal::NoSignature);
    let (stamp, given) = (text(TIMESTAMP)?, text(SIGNATURE)?);
    let own = signature(key, body, stamp)?;
    let given = hex::decode(given.trim()).map_err(|_| Refusal::BadSignature)?;
    if !bool::from(own.as_slice().ct_eq(&given)) {
        return Err(Refusal::BadSignature);
    }
    let signed_at = stamp.trim().parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let signed_at = signed_at.ok_or_else(|| Refusal::Malformed("its time stamp is no number of seconds".to_owned()))?;
    let fresh_until = signed_at.checked_add(WINDOW).map_err(|_| Refusal::Stale)?;
    if now.duration_since(signed_at).abs() > WINDOW {
        return Err(Refusal::Stale);
    }
    // One spelling, however the header spells it: whoever repeats it in capitals repeats it all the same.
    Ok(Verified { hints: hints(body)?, signature: hex::encode(own), fresh_until })
}

/// The headers of a delivery that is sent now, as BambooHR makes them.
pub(crate) fn sign(key: Option<&Secret>, body: &[u8], now: Timestamp) -> Result<HeaderMap, Refusal> {
    let key = key.filter(|key| !key.expose().is_empty()).ok_or(Refusal::NoKey)?;
    let stamp = now.as_second();
    let own = hex::encode(signature(key, body, &stamp.to_string())?);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(TIMESTAMP, stamp.into());
    headers.insert(SIGNATURE, HeaderValue::from_str(&own).map_err(|_| Refusal::BadSignature)?);
    Ok(headers)
}

/// Body first, then the time stamp's text, with nothing between.
fn signature(key: &Secret, body: &[u8], stamp: &str) -> Result<Vec<u8>, Refusal> {
    // Keys of any length are taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).map_err(|_| Refusal::NoKey)?;
    mac.update(body);
    mac.update(stamp.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Everything that says whom a delivery is about, in JSON.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow, default)]
    data: Slip<'a>,
    #[serde(borrow, default)]
    employees: Slips<'a>,
}

fn hints(body: &[u8]) -> Result<Vec<EmployeeId>, Refusal> {
    let found = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => json(body)?,
        Some(b'[') => return Err(Refusal::Malformed("it is a list, which nobody documents".to_owned())),
        Some(_) => form(body)?,
        None => return Err(Refusal::Malformed("it is empty".to_owned())),
    };
    let mut known = BTreeSet::new();
    let mut hints: Vec<EmployeeId> = found.into_iter().filter(|id| known.insert(id.clone())).collect();
    if hints.len() > HINTS_LIMIT {
        tracing::warn!(people = hints.len(), "a webhook with too many people; the list of changes brings the rest");
        hints.truncate(HINTS_LIMIT);
    }
    Ok(hints)
}

fn json(body: &[u8]) -> Result<Vec<EmployeeId>, Refusal> {
    let payload: Payload<'_> =
        serde_json::from_slice(body).map_err(|error| Refusal::Malformed(Flaw::new(body, &error).0))?;
    let one = match payload.kind.text() {
        Some(kind) if is_about_people(kind) => payload.data.get("employeeId").id().into_iter().collect(),
        _ => Vec::new(),
    };
    let listed = payload.employees.0.iter();
    let listed = listed.filter_map(|(key, entry)| entry.get("id").id().or_else(|| record_id(key.as_deref()?)));
    let found: Vec<EmployeeId> = one.into_iter().chain(listed).collect();
    nobody(&found, payload.kind.text(), !payload.employees.0.is_empty())?;
    Ok(found)
}

/// `employees[12345][First+name]=John`, or `type=...&data[employeeId]=...`.
fn form(body: &[u8]) -> Result<Vec<EmployeeId>, Refusal> {
    let body = std::str::from_utf8(body).map_err(|_| Refusal::Malformed("it is neither JSON nor a form".to_owned()))?;
    let (mut kind, mut one) = (None, None);
    // By the key in the brackets; an `id` among the entry's own values goes before it.
    let mut listed: BTreeMap<Cow<'_, str>, Option<EmployeeId>> = BTreeMap::new();
    for pair in body.trim().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name);
        match brackets(&name)[..] {
            ["type"] => kind = Some(decoded(value)),
            ["data", "employeeId"] => one = record_id(&decoded(value)),
            ["employees", key, "id"] => drop(listed.insert(key.to_owned().into(), record_id(&decoded(value)))),
            ["employees", key, ..] => drop(listed.entry(key.to_owned().into()).or_default()),
            _ => {}
        }
    }
    if kind.is_none() && listed.is_empty() {
        return Err(Refusal::Malformed("it is neither JSON nor a form about employees".to_owned()));
    }
    let one = one.filter(|_| kind.as_deref().is_some_and(is_about_people));
    let any = !listed.is_empty();
    let listed = listed.into_iter().filter_map(|(key, id)| id.or_else(|| record_id(&key)));
    let found: Vec<EmployeeId> = one.into_iter().chain(listed).collect();
    nobody(&found, kind.as_deref(), any)?;
    Ok(found)
}

/// Both families: `employee.updated`, `employee_with_fields.updated`. Others (`company.updated`) are about nobody.
fn is_about_people(kind: &str) -> bool {
    kind.starts_with("employee.") || kind.starts_with("employee_with_fields.")
}

/// A delivery that is about people and names none that we can read is not to be taken for done.
fn nobody(found: &[EmployeeId], kind: Option<&str>, any_entry: bool) -> Result<(), Refusal> {
    if found.is_empty() && (any_entry || kind.is_some_and(is_about_people)) {
        return Err(Refusal::Malformed("it names nobody by an id".to_owned()));
    }
    Ok(())
}

/// `employees[5][First name]` in its three parts.
fn brackets(name: &str) -> Vec<&str> {
    name.split('[').map(|part| part.strip_suffix(']').unwrap_or(part)).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "123b929362d51613054f71e5e5d4bf2c";
    // From a recorded delivery (vector A) and computed by the same rule (vector B).
    const A: (&str, &str, &str) = (
        "1658248023",
        r#"{"employees":[{"changedFields":["First name"],"fields":{"Employee #":{"value":"300"},"First name":{"value":"Tefi"},"Last name":{"value":"Adams"}},"id":"5"}]}"#,
        "56491dd9c2b352bc5f4fc627159aae20ddff9c8cb19f239a6de6771dc5310bac",
    );
    const B: (&str, &str, &str) = (
        "1769884920",
        r#"{"type":"employee.updated","timestamp":"2026-01-31T18:42:00+0000","data":{"companyId":"12345","employeeId":"67890","changedFields":["firstName"]}}"#,
        "91e311af7409086d5c0807d900a94382c07a92b6ca759ebfd8cb077963e41c9f",
    );

    fn headers(stamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TIMESTAMP, stamp.parse().expect("a header"));
        headers.insert(SIGNATURE, signature.parse().expect("a header"));
        headers
    }

    fn check(stamp: &str, body: &str, signature: &str, seconds_later: i64) -> Result<Verified, Refusal> {
        let now = Timestamp::from_second(stamp.parse::<i64>().expect("seconds") + seconds_later).expect("a time");
        verify(Some(&Secret::new(KEY)), &headers(stamp, signature), body.as_bytes(), now)
    }

    fn signed(stamp: &str, body: &[u8]) -> Result<Vec<String>, Refusal> {
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
        mac.update(body);
        mac.update(stamp.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let verified = verify(Some(&Secret::new(KEY)), &headers(stamp, &signature), body, Timestamp::UNIX_EPOCH)?;
        Ok(verified.hints.into_iter().map(String::from).collect())
    }

    fn hints(body: &str) -> Result<Vec<String>, Refusal> {
        signed("0", body.as_bytes())
    }

    #[test]
    fn both_vectors_hold() {
        for ((stamp, body, signature), id) in [(A, "5"), (B, "67890")] {
            let verified = check(stamp, body, signature, 10).expect("a good signature");
            assert_eq!(verified.hints.iter().map(EmployeeId::as_str).collect::<Vec<_>>(), [id]);
            assert_eq!(verified.signature, signature);
            let until = stamp.parse::<i64>().expect("seconds") + 300;
            assert_eq!(verified.fresh_until, Timestamp::from_second(until).expect("a time"));
        }
    }

    #[test]
    fn what_we_sign_is_what_they_sign() {
        let (stamp, body, signature) = B;
        let now = Timestamp::from_second(stamp.parse().expect("seconds")).expect("a time");
        let key = Secret::new(KEY);
        let headers = sign(Some(&key), body.as_bytes(), now).expect("headers");
        assert!(headers[TIMESTAMP] == stamp && headers[SIGNATURE] == signature, "{headers:?}");
        let nobody = sign(Some(&key), NOBODY, now).expect("headers");
        assert_eq!(verify(Some(&key), &nobody, NOBODY, now).expect("taken").hints, []);
        assert_eq!(verify(Some(&Secret::new("other")), &nobody, NOBODY, now), Err(Refusal::BadSignature));
        assert_eq!(sign(None, NOBODY, now), Err(Refusal::NoKey));
    }

    #[test]
    fn one_spelling_of_a_signature() {
        let (stamp, body, signature) = B;
        let verified = check(stamp, body, &signature.to_uppercase(), 0).expect("a good signature");
        assert_eq!(verified.signature, signature);
    }

    #[test]
    fn whatever_is_touched_is_refused() {
        let (stamp, body, signature) = B;
        let other = format!("0{}", &signature[1..]);
        assert_eq!(check(stamp, body, &other, 0), Err(Refusal::BadSignature));
        assert_eq!(check(stamp, body, &signature[2..], 0), Err(Refusal::BadSignature));
        assert_eq!(check(stamp, body, "not hex", 0), Err(Refusal::BadSignature));
        assert_eq!(check(stamp, body, "", 0), Err(Refusal::BadSignature));
        assert_eq!(check(stamp, &body.replace("67890", "67891"), signature, 0), Err(Refusal::BadSignature));
        assert_eq!(check("1769884921", body, signature, 0), Err(Refusal::BadSignature));
        let elsewhere = Secret::new("another key");
        let now = Timestamp::from_second(1_769_884_920).expect("a time");
        let refused = verify(Some(&elsewhere), &headers(stamp, signature), body.as_bytes(), now);
        assert_eq!(refused, Err(Refusal::BadSignature));
    }

    #[test]
    fn five_minutes_either_way() {
        let (stamp, body, signature) = B;
        for (later, fresh) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(check(stamp, body, signature, later).is_ok(), fresh, "{later}");
        }
        assert_eq!(check(stamp, body, signature, 301), Err(Refusal::Stale));
        assert!(matches!(signed("soon", b"{}"), Err(Refusal::Malformed(_))));
        assert_eq!(signed("9223372036854775807", b"{}").map(drop), signed("soon", b"{}").map(drop));
    }

    #[test]
    fn without_key_signature_or_measure() {
        let now = Timestamp::UNIX_EPOCH;
        let key = Secret::new(KEY);
        assert_eq!(verify(None, &HeaderMap::new(), b"{}", now), Err(Refusal::NoKey));
        assert_eq!(verify(Some(&Secret::new("\n")), &HeaderMap::new(), b"{}", now), Err(Refusal::NoKey));
        assert_eq!(verify(Some(&key), &HeaderMap::new(), b"{}", now), Err(Refusal::NoSignature));
        let mut half = headers("0", "00");
        half.remove(TIMESTAMP);
        assert_eq!(verify(Some(&key), &half, b"{}", now), Err(Refusal::NoSignature));
        let huge = vec![b' '; BODY_LIMIT + 1];
        assert_eq!(verify(Some(&key), &headers("0", "00"), &huge, now), Err(Refusal::TooLarge));
    }

    #[test]
    fn every_form_of_payload() {
        let all = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        let deleted = r#"{"type":"employee.deleted","timestamp":"2025-02-18T15:30:00Z","data":{"companyId":"12345","employeeId":100}}"#;
        assert_eq!(hints(deleted), all(&["100"]));
        let batch = r#"{"employees":[
            {"action":"Updated","changedFields":["First Name"],"fields":{"First Name":"Bryony"},"id":"12345","timestamp":"2026-01-31T18:42:00+0000"},
            {"action":"Deleted","changedFields":[],"fields":{},"id":12346},{"id":"12345"},{"id":null},7]}"#;
        assert_eq!(hints(batch), all(&["12345", "12346"]));
        assert_eq!(hints(r#"{"type":"employee_with_fields.updated","employees":{"7":{"fields":{}}}}"#), all(&["7"]));
        assert_eq!(hints(r#"{"type":"company.updated","data":{"companyId":"1","employeeId":"9"}}"#), all(&[]));
        assert_eq!(hints(r#"{"type":"company-integrations.updated","data":[]}"#), all(&[]));
        assert_eq!(hints(r#"{"employees":[]}"#), all(&[]));
        assert_eq!(hints("{}"), all(&[]));
        assert_eq!(
            hints("employees[12345][changedFields][0]=First+name&employees[12345][First+name]=John&employees[8][x]=1"),
            all(&["12345", "8"])
        );
        assert_eq!(hints("employees%5B0%5D%5Bid%5D=77&employees%5B0%5D%5BFirst%20name%5D=J%26n"), all(&["77"]));
        let event = "type=employee.created&timestamp=x&data%5BcompanyId%5D=1&data%5BemployeeId%5D=55";
        assert_eq!(hints(event), all(&["55"]));
        assert_eq!(hints("type=company.updated&data[employeeId]=55"), all(&[]));
    }

    #[test]
    fn what_names_nobody_is_malformed() {
        for body in [
            "",
            " ",
            "[]",
            "hello",
            "<html>",
            r#"{"employees":[{"id":"x"}]}"#,
            r#"{"type":"employee.updated","data":{}}"#,
            r#"{"type":"employee.updated","data":{"employeeId":"../1"}}"#,
            r#"{"type":"employee.updated"#,
            "type=employee.updated&data[employeeId]=",
            "employees[x][First+name]=John",
        ] {
            assert!(matches!(hints(body), Err(Refusal::Malformed(_))), "{body}: {:?}", hints(body));
        }
        assert!(matches!(signed("0", b"\xff\xfe"), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn so_many_and_no_more() {
        let entries: Vec<String> = (1..=HINTS_LIMIT + 5).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        let found = hints(&format!(r#"{{"employees":[{}]}}"#, entries.join(","))).expect("hints");
        assert_eq!(found.len(), HINTS_LIMIT);
    }
}
