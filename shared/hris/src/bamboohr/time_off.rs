//! Approved time off, for rules that take some kinds of it for leave: BambooHR has no word for leave itself.
//!
//! What no rule names is dropped while it is read: why somebody is off sick is nobody's business here. Who is not in an
//! answer has no such time off, so an answer that cannot be read is a fault, and a person of whom a request cannot be
//! read is doubtful, not at work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use mapping::employee::{Absence, EmployeeId};
use mapping::rules::status_word;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use sha2::{Digest, Sha256};
use transport::{Fault, Limits};

use super::answer::{About, VENDOR};
use super::kinds::{number, numbers};
use super::{BambooHr, SMALL};
use crate::cell::{day, record_id};
use crate::reading::{aside, whole};
use crate::words::Flaw;

/// What faults call it.
pub(super) const TIME_OFF: &str = "GET /time_off/requests";

/// How far back time off counts: somebody's own day may be the day before the company's.
const DAYS_BACK: i32 = 1;
/// How far ahead: whoever plans for longer is found by then.
const DAYS_AHEAD: i32 = 400;

/// Everybody's: some 700 bytes a request, of which a person has a handful in such a window.
const EVERYBODY: Limits =
    Limits { body: 256 << 20, deadline: Duration::from_secs(300), attempts: 4, each: Duration::from_secs(120) };

/// How much of a digest is kept, in bytes: one change in 280 trillion goes unseen.
const DIGEST_BYTES: usize = 6;

/// What is approved, of the kinds that rules name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeOff {
    /// By person, in order.
    absences: BTreeMap<EmployeeId, Vec<Absence>>,
    /// People with a request that cannot be read.
    pub(crate) doubtful: BTreeSet<EmployeeId>,
    /// Requests that do not say whose they are.
    pub(crate) lost: usize,
}

/// One request.
enum Entry {
    Counts(EmployeeId, Absence),
    /// Of another kind, or not approved.
    Other,
    Doubtful(EmployeeId),
    Lost,
}

/// The first and the last day that are asked for.
pub(crate) fn window(today: Date) -> (Date, Date) {
    // The calendar ends in 9999.
    (today.saturating_sub(Span::new().days(DAYS_BACK)), today.saturating_add(Span::new().days(DAYS_AHEAD)))
}

/// What counts, of everybody or of one person; `None` where no rule asks for time off.
pub(super) async fn ask(bamboo: &BambooHr, id: Option<&EmployeeId>, now: Timestamp) -> Result<Option<TimeOff>, Fault> {
    let inner = &bamboo.inner;
    if inner.rules.leave.time_off_types.is_empty() {
        return Ok(None);
    }
    let (from, through) = window(bamboo.today(now));
    let (request, limits) = match id {
        Some(id) => (inner.door.time_off_of(from, through, id), &SMALL),
        None => (inner.door.time_off(from, through, &numbers(bamboo, now).await?), &EVERYBODY),
    };
    let body = bamboo.call(request, TIME_OFF, About::TimeOff, limits).await?;
    let rules = Arc::clone(&inner.rules);
    let time_off = aside(VENDOR, TIME_OFF, move || read(&body, &rules.leave.time_off_types)).await?;
    if time_off.lost > 0 {
        tracing::warn!(connection = %inner.connection, requests = time_off.lost, "requests for time off of nobody");
    }
    Ok(Some(time_off))
}

/// Reads an answer. Only approved time off was asked for, and only what says otherwise is not approved; `kinds` are by
/// [`status_word`].
pub(crate) fn read(body: &[u8], kinds: &BTreeSet<String>) -> Result<TimeOff, Flaw> {
    let mut found = TimeOff::default();
    whole(body, |json| json.deserialize_any(Requests { kinds, found: &mut found }))?;
    for absences in found.absences.values_mut() {
        absences.sort_by(|a, b| (a.from, a.through, &a.kind).cmp(&(b.from, b.through, &b.kind)));
        absences.dedup();
    }
    Ok(found)
}

/// The list, one request at a time. Empty, it may be an object: the host language is PHP.
struct Requests<'r> {
    kinds: &'r BTreeSet<String>,
    found: &'r mut TimeOff,
}

impl Requests<'_> {
    fn take(&mut self, request: &Value) {
        match entry(request, self.kinds) {
            Entry::Counts(id, absence) => self.found.absences.entry(id).or_default().push(absence),
            Entry::Doubtful(id) => drop(self.found.doubtful.insert(id)),
            Entry::Lost => self.found.lost += 1,
            Entry::Other => {}
        }
    }
}

impl<'de> Visitor<'de> for Requests<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(request) = list.next_element::<Value>()? {
            self.take(&request);
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match map.next_key::<String>()? {
            None => Ok(()),
            Some(_) => Err(serde::de::Error::custom("an object where a list belongs")),
        }
    }
}

fn entry(request: &Value, kinds: &BTreeSet<String>) -> Entry {
    let kind = word(&request["type"], "name");
    if kind.is_some_and(|kind| !kinds.contains(&status_word(kind))) {
        return Entry::Other;
    }
    let status = word(&request["status"], "status");
    if status.is_some_and(|status| !status.trim().eq_ignore_ascii_case("approved")) {
        return Entry::Other;
    }
    let Some(id) = number(&request["employeeId"]).and_then(|id| record_id(&id)) else { return Entry::Lost };
    let date = |name: &str| request[name].as_str().and_then(day);
    match (kind, date("start"), date("end")) {
        (Some(kind), Some(from), Some(through)) if from <= through => {
            Entry::Counts(id, Absence { kind: kind.into(), from, through })
        }
        _ => Entry::Doubtful(id),
    }
}

/// A word that stands in an object, or alone.
fn word<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.as_str().or_else(|| value[name].as_str())
}

impl TimeOff {
    /// One person's; `None` where it cannot be told.
    pub(crate) fn take(&mut self, id: &EmployeeId) -> Option<Vec<Absence>> {
        (!self.doubtful.contains(id)).then(|| self.absences.remove(id).unwrap_or_default())
    }

    /// Something short of everybody who has any that is another as soon as it is.
    pub(crate) fn digests(&self) -> BTreeMap<EmployeeId, String> {
        let sure = self.absences.iter().map(|(id, absences)| (id, absences.as_slice()));
        let doubtful = self.doubtful.iter().filter(|id| !self.absences.contains_key(id)).map(|id| (id, &[][..]));
        sure.chain(doubtful).map(|(id, absences)| (id.clone(), digest(absences, self.doubtful.contains(id)))).collect()
    }
}

fn digest(absences: &[Absence], doubtful: bool) -> String {
    let mut hash = Sha256::new();
    hash.update([u8::from(doubtful)]);
    for Absence { kind, from, through } in absences {
        hash.update(format!("{from} {through} {}\n", status_word(kind)));
    }
    hex::encode(&hash.finalize()[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> BTreeSet<String> {
        ["Sabbatical", "Parental Leave"].map(status_word).into()
    }

    fn read_all(requests: &[&str]) -> TimeOff {
        read(format!("[{}]", requests.join(",")).as_bytes(), &kinds()).expect("an answer")
    }

    fn request(id: &str, kind: &str, status: &str, days: (&str, &str)) -> String {
        let (start, end) = days;
        format!(
            r#"{{"id":"1","employeeId":{id},"status":{{"lastChanged":"2026-01-01","status":"{status}"}},"name":"A B",
            "start":"{start}","end":"{end}","type":{{"id":"1","name":"{kind}","icon":"x"}},
            "amount":{{"unit":"days","amount":"4"}},"dates":[],"notes":[]}}"#
        )
    }

    fn id(text: &str) -> EmployeeId {
        EmployeeId::parse(text).expect("an id")
    }

    fn shown(absences: &[Absence]) -> Vec<String> {
        absences.iter().map(|one| format!("{} {} {}", one.kind, one.from, one.through)).collect()
    }

    #[test]
    fn what_rules_name_is_kept_in_order_and_nothing_else() {
        let summer = ("2026-07-01", "2026-09-30");
        let found = read_all(&[
            &request(r#""4""#, "Sabbatical", "approved", summer),
            &request("4", "parental-leave", "Approved", ("2026-03-01", "2026-03-31")),
            &request("4", "Sabbatical", "approved", summer),
            &request("4", "Vacation", "approved", summer),
            &request("5", "Sabbatical", "denied", summer),
            &request("5", "Sabbatical", "superceded", summer),
            &request("6", "Vacation", "approved", ("never", "never")),
        ]);
        let mut found = found;
        assert_eq!((found.doubtful.len(), found.lost), (0, 0));
        let four = found.take(&id("4")).expect("sure");
        assert_eq!(shown(&four), ["parental-leave 2026-03-01 2026-03-31", "Sabbatical 2026-07-01 2026-09-30"]);
        assert_eq!(found.take(&id("5")), Some(Vec::new()));
        assert_eq!(found.take(&id("7")), Some(Vec::new()));
        assert!(!format!("{four:?}").contains("Sabbatical"));
    }

    #[test]
    fn words_may_stand_alone() {
        let approved = r#"{"employeeId":4,"type":"Sabbatical","start":"2026-07-01","end":"2026-07-01"}"#;
        let denied =
            r#"{"employeeId":5,"type":"Sabbatical","status":"denied","start":"2026-07-01","end":"2026-07-01"}"#;
        let mut found = read_all(&[approved, denied]);
        assert_eq!(shown(&found.take(&id("4")).expect("sure")), ["Sabbatical 2026-07-01 2026-07-01"]);
        assert_eq!(found.take(&id("5")), Some(Vec::new()));
    }

    #[test]
    fn who_cannot_be_read_is_not_taken_for_present() {
        let days = ("2026-07-01", "2026-09-30");
        let mut found = read_all(&[
            &request("4", "Sabbatical", "approved", ("2026-09-30", "2026-07-01")),
            &request("4", "Sabbatical", "approved", days),
            &request("5", "Sabbatical", "approved", ("2026-07-01", "0000-00-00")),
            r#"{"employeeId":"6","status":{"status":"approved"},"start":"2026-07-01","end":"2026-07-02"}"#,
            &request("null", "Sabbatical", "approved", days),
            &request(r#""0""#, "Sabbatical", "approved", days),
            &request("7", "Sabbatical", "approved", days),
            "null",
            "[]",
        ]);
        assert_eq!([found.take(&id("4")), found.take(&id("5")), found.take(&id("6"))], [None, None, None]);
        assert_eq!(found.take(&id("7")).map(|absences| absences.len()), Some(1));
        assert_eq!(found.lost, 4);
    }

    #[test]
    fn what_is_no_list_says_nothing_of_anybody() {
        for body in ["[]", "{}", " [] "] {
            assert_eq!(read(body.as_bytes(), &kinds()), Ok(TimeOff::default()), "{body}");
        }
        for body in ["", "null", "<html>", r#"{"4":[]}"#, r#""x""#, "[", "[] []", "7"] {
            assert!(read(body.as_bytes(), &kinds()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_digest_changes_with_what_counts_only() {
        let days = ("2026-07-01", "2026-09-30");
        let sabbatical = request("4", "Sabbatical", "approved", days);
        let other = request("5", "Parental Leave", "approved", days);
        let digests = |requests: &[&str]| read_all(requests).digests();
        let first = digests(&[&sabbatical, &other]);
        assert_eq!(first.keys().map(EmployeeId::as_str).collect::<Vec<_>>(), ["4", "5"]);
        assert_ne!(first[&id("4")], first[&id("5")]);
        let vacation = request("4", "Vacation", "approved", ("2026-04-01", "2026-04-02"));
        assert_eq!(digests(&[&vacation, &other, &sabbatical]), first, "another order, and another kind beside");
        let longer = request("4", "Sabbatical", "approved", ("2026-07-01", "2026-10-31"));
        assert_ne!(digests(&[&longer, &other])[&id("4")], first[&id("4")]);
        assert_ne!(digests(&[&sabbatical, &longer])[&id("4")], first[&id("4")]);
        assert!(!digests(&[&other]).contains_key(&id("4")));
        let odd = request("4", "Sabbatical", "approved", ("x", "y"));
        assert_ne!(digests(&[&sabbatical, &odd])[&id("4")], first[&id("4")]);
        assert!(digests(&[&odd]).contains_key(&id("4")));
    }

    #[test]
    fn from_yesterday_for_a_year_and_a_month() {
        let date = |text: &str| text.parse::<Date>().expect("a date");
        assert_eq!(window(date("2026-03-01")), (date("2026-02-28"), date("2027-04-05")));
        assert_eq!(window(Date::MAX).1, Date::MAX);
    }
}
