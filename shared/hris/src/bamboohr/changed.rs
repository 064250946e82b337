//! The list of changes, and the cursor that remembers how far it was read.
//!
//! Whether `since` is inclusive is not known, nor how exact the vendor's clock is. So every question reaches back a
//! little further than the last answer did, and the cursor carries what was already seen of that stretch.
//!
//! Time off is not in that list. Where rules count it, the cursor carries a digest of everybody's who has any.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mapping::employee::EmployeeId;
use serde::{Deserialize, Serialize};

use crate::cell::{Slips, record_id};
use crate::words::Flaw;
use crate::{ChangeKind, Changed};

/// How far each question reaches back behind the last change seen: longer than clocks differ and answers lag.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// How far back to begin with a cursor that cannot be read: longer than anybody leaves that unnoticed.
const UNREADABLE_CURSOR: SignedDuration = SignedDuration::from_hours(24);
/// Stamps have whole seconds: a second change in the same second looks like the first. So a change this fresh is not
/// remembered, and told once more by the next answer: one look too many instead of a change missed.
const STILL_FRESH: SignedDuration = SignedDuration::from_secs(2);
/// The most changes remembered: some 10 bytes each, and a row of the store takes 400 KB.
const SEEN_LIMIT: usize = 10_000;

/// The most people whose time off is remembered: some 25 bytes each. Those beyond are left to the next survey.
const ABSENT_LIMIT: usize = 5_000;

/// How far the list was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The next question, whole seconds.
    since: Timestamp,
    /// What was seen from then on: moment of the change, and who.
    seen: BTreeMap<Timestamp, BTreeSet<EmployeeId>>,
    /// The digests of time off, once rules have asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<BTreeMap<EmployeeId, String>>,
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    /// Who, what, and when, where the answer says so.
    entries: Vec<(EmployeeId, ChangeKind, Option<Timestamp>)>,
    /// Entries without a usable id.
    pub(crate) unreadable: usize,
    /// The digests of time off, where rules ask for it.
    pub(crate) absent: Option<BTreeMap<EmployeeId, String>>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    employees: Slips<'a>,
}

/// Reads an answer. `employees` is an object by id; empty, it may be a list. `latest` says nothing that the entries do
/// not say, and may be missing.
pub(crate) fn read(body: &[u8]) -> Result<List, Flaw> {
    let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))?;
    let mut list = List::default();
    for (key, entry) in wire.employees.0 {
        let Some(id) = entry.get("id").id().or_else(|| record_id(&key?)) else {
            list.unreadable += 1;
            continue;
        };
        let is_deleted = entry.get("action").text().is_some_and(|word| word.eq_ignore_ascii_case("deleted"));
        // Any other word, known or not: look at the person.
        let kind = if is_deleted { ChangeKind::Deleted } else { ChangeKind::Changed };
        let at = entry.get("lastChanged").text().and_then(|text| text.parse().ok());
        list.entries.push((id, kind, at));
    }
    Ok(list)
}

impl Cursor {
    /// The cursor of this text; without one it begins at `now`.
    pub(crate) fn read(text: Option<&str>, now: Timestamp) -> Cursor {
        let ago = |span: SignedDuration| seconds(now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH));
        let begin = |since| Cursor { since, seen: BTreeMap::new(), absent: None };
        let Some(text) = text else { return begin(ago(OVERLAP)) };
        match serde_json::from_str::<Cursor>(text) {
            // A clock that was wrong for a while must not hide what happens until then.
            Ok(cursor) => Cursor { since: seconds(cursor.since).min(ago(OVERLAP)), ..cursor },
            Err(_) => {
                tracing::warn!("the cursor of the list of changes cannot be read; asking for the last day");
                begin(ago(UNREADABLE_CURSOR))
            }
        }
    }

    /// From when on changes are asked for.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// What is new in the answer, and the cursor after it.
    pub(crate) fn advance(&self, list: List, now: Timestamp) -> Changed {
        let mut entries = list.entries;
        entries.sort_by(|a, b| (a.2, a.0.as_str().len(), a.0.as_str()).cmp(&(b.2, b.0.as_str().len(), b.0.as_str())));
        let latest = entries.iter().filter_map(|(_, _, at)| *at).max();
        // Never past our own clock: one stamp from the future would hide everything until then.
        let reached = latest.map(|latest| seconds(latest.min(now).checked_sub(OVERLAP).unwrap_or(self.since)));
        let since = reached.map_or(self.since, |since| since.max(self.since));
        let mut next = Cursor { since, seen: BTreeMap::new(), absent: list.absent };
        next.forget_beyond_limit();
        let mut ids = Vec::new();
        for (id, kind, at) in entries {
            let known = at.is_some_and(|at| self.seen.get(&at).is_some_and(|ids| ids.contains(&id)));
            let settled = |at: &Timestamp| at.duration_since(now).abs() > STILL_FRESH;
            if let Some(at) = at.filter(|at| *at >= next.since && settled(at)) {
                next.seen.entry(at).or_default().insert(id.clone());
            }
            if !known {
                ids.push((id, kind));
            }
        }
        next.shorten();
        let told: BTreeSet<EmployeeId> = ids.iter().map(|(id, _)| id.clone()).collect();
        let moved = self.moved(&next).into_iter().filter(|id| !told.contains(id));
        ids.extend(moved.map(|id| (id, ChangeKind::Changed)));
        Changed { ids, cursor: serde_json::to_string(&next).unwrap_or_default() }
    }

    /// Whose time off is another. Where none was known nobody is told: a survey takes everyone when rules begin to ask.
    fn moved(&self, next: &Cursor) -> Vec<EmployeeId> {
        let (Some(before), Some(after)) = (&self.absent, &next.absent) else { return Vec::new() };
        let all: BTreeSet<&EmployeeId> = before.keys().chain(after.keys()).collect();
        let mut moved: Vec<EmployeeId> =
            all.into_iter().filter(|id| before.get(*id) != after.get(*id)).cloned().collect();
        moved.sort_by(|a, b| (a.as_str().len(), a.as_str()).cmp(&(b.as_str().len(), b.as_str())));
        moved
    }

    fn forget_beyond_limit(&mut self) {
        let Some(absent) = &mut self.absent else { return };
        if let Some(beyond) = absent.keys().nth(ABSENT_LIMIT).cloned() {
            let people = absent.split_off(&beyond).len();
            tracing::warn!(people, "changes of these people's time off are seen by surveys only");
        }
    }

    /// After an import of thousands the stretch that is remembered is made shorter instead of the cursor endless.
    /// What the vendor adds to the cut stretch later is left to the next survey.
    fn shorten(&mut self) {
        let mut kept = 0;
        let too_old = self.seen.iter().rev().find_map(|(at, ids)| {
            kept += ids.len();
            (kept > SEEN_LIMIT).then_some(*at)
        });
        if let Some(too_old) = too_old {
            self.since = seconds(too_old.checked_add(SignedDuration::from_secs(1)).unwrap_or(too_old));
            self.seen = self.seen.split_off(&self.since);
        }
    }
}

/// Cut to whole seconds, as the vendor has them.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().expect("a time")
    }

    fn answer(entries: &[(&str, &str)]) -> List {
        let entries: Vec<String> = entries
            .iter()
            .map(|(id, time)| {
                format!(r#""{id}":{{"id":"{id}","action":"Updated","lastChanged":"2026-03-01T{time}+00:00"}}"#)
            })
            .collect();
        read(format!(r#"{{"latest":"x","employees":{{{}}}}}"#, entries.join(",")).as_bytes()).expect("an answer")
    }

    fn ids(changed: &Changed) -> Vec<&str> {
        changed.ids.iter().map(|(id, _)| id.as_str()).collect()
    }

    #[test]
    fn every_shape_of_nothing() {
        for body in [
            r#"{"latest":"2026-03-01T00:00:00+00:00","employees":{}}"#,
            r#"{"latest":null,"employees":[]}"#,
            r#"{"latest":"","employees":null}"#,
            r#"{"employees":[]}"#,
        ] {
            assert_eq!(read(body.as_bytes()), Ok(List::default()), "{body}");
        }
        for body in ["[]", "{}", "", "<html>", r#"{"employees":{}"#, r#"{"employees":"x"}"#] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn words_ids_and_stamps_of_every_kind() {
        let list = read(
            br#"{"employees":{"3":{"id":"3","action":"Inserted","lastChanged":"2026-03-01T00:00:00+00:00"},
                "4":{"id":4,"action":"DELETED","lastChanged":"2026-03-01T00:00:00Z"},
                "5":{"action":"updated","lastChanged":"2026-03-01T01:00:00+0100"},
                "6":{"id":"6","action":"Merged"},"x":{"id":"y","action":"Updated"},"7":null}}"#,
        )
        .expect("an answer");
        let midnight = Some(at("00:00:00"));
        let entries: Vec<_> = list.entries.iter().map(|(id, kind, at)| (id.as_str(), *kind, *at)).collect();
        assert_eq!(
            entries,
            [
                ("3", ChangeKind::Changed, midnight),
                ("4", ChangeKind::Deleted, midnight),
                ("5", ChangeKind::Changed, midnight),
                ("6", ChangeKind::Changed, None),
                ("7", ChangeKind::Changed, None),
            ]
        );
        assert_eq!(list.unreadable, 1);
    }

    #[test]
    fn nothing_is_told_twice_because_of_the_overlap() {
        let cursor = Cursor::read(None, at("10:00:00.5"));
        assert_eq!(cursor.since(), at("09:58:00"));
        let first = cursor.advance(answer(&[("8", "10:00:02"), ("3", "09:59:00")]), at("10:00:05"));
        assert_eq!(ids(&first), ["3", "8"]);
        // The same answer again, for an hour.
        let mut text = first.cursor;
        for minute in 1..60 {
            let now = at(&format!("10:{minute:02}:05"));
            let cursor = Cursor::read(Some(&text), now);
            assert_eq!(cursor.since(), at("09:58:02"));
            let again = cursor.advance(answer(&[("3", "09:59:00"), ("8", "10:00:02")]), now);
            assert_eq!(ids(&again), [""; 0]);
            text = again.cursor;
        }
        // One of them changes again, one comes late, one is new.
        let now = at("11:00:00");
        let late = Cursor::read(Some(&text), now)
            .advance(answer(&[("3", "10:59:00"), ("8", "10:00:02"), ("9", "09:59:59"), ("10", "10:59:00")]), now);
        assert_eq!(ids(&late), ["9", "3", "10"]);
        let cursor = Cursor::read(Some(&late.cursor), now);
        assert_eq!(cursor.since(), at("10:57:00"));
        assert_eq!(ids(&cursor.advance(answer(&[("10", "10:59:00"), ("3", "10:59:00")]), now)), [""; 0]);
    }

    #[test]
    fn a_second_change_in_the_same_second_is_told() {
        let now = at("10:00:00");
        let first = Cursor::read(None, now).advance(answer(&[("3", "10:00:00")]), now);
        assert_eq!(ids(&first), ["3"]);
        let later = at("10:01:00");
        let second = Cursor::read(Some(&first.cursor), later).advance(answer(&[("3", "10:00:00")]), later);
        assert_eq!(ids(&second), ["3"]);
        let third = Cursor::read(Some(&second.cursor), later).advance(answer(&[("3", "10:00:00")]), later);
        assert_eq!(ids(&third), [""; 0]);
    }

    #[test]
    fn an_empty_answer_keeps_the_cursor() {
        let cursor = Cursor::read(None, at("10:00:00"));
        let after = Cursor::read(Some(&cursor.advance(List::default(), at("10:00:00")).cursor), at("12:00:00"));
        assert_eq!(after, cursor);
    }

    #[test]
    fn a_stamp_from_the_future_hides_nothing() {
        let now = at("10:00:00");
        let first = Cursor::read(None, now).advance(answer(&[("3", "23:00:00")]), now);
        assert_eq!(ids(&first), ["3"]);
        let cursor = Cursor::read(Some(&first.cursor), now);
        assert_eq!(cursor.since(), at("09:58:00"));
        assert_eq!(ids(&cursor.advance(answer(&[("3", "23:00:00"), ("4", "10:00:30")]), at("10:01:00"))), ["4"]);
    }

    #[test]
    fn a_cursor_that_cannot_be_read_asks_for_a_day() {
        let now = at("10:00:00");
        assert_eq!(Cursor::read(Some("{}"), now).since(), now - SignedDuration::from_hours(24));
        assert_eq!(Cursor::read(Some(""), now).since(), now - SignedDuration::from_hours(24));
    }

    #[test]
    fn a_clock_set_back_asks_further_back() {
        let text = Cursor::read(None, at("10:00:00")).advance(List::default(), at("10:00:00")).cursor;
        assert_eq!(Cursor::read(Some(&text), at("09:00:00")).since(), at("08:58:00"));
    }

    #[test]
    fn an_import_of_thousands_does_not_make_an_endless_cursor() {
        let entry = |id: usize, second: i64| {
            let id = EmployeeId::parse(&id.to_string()).expect("an id");
            (id, ChangeKind::Changed, Some(at("10:00:00") + SignedDuration::from_secs(second)))
        };
        let entries: Vec<_> = (0..30_000).map(|n| entry(1_000_000 + n, n as i64 / 6_000)).collect();
        let list = || List { entries: entries.clone(), ..List::default() };
        let now = at("10:00:10");
        let first = Cursor::read(None, at("09:59:00")).advance(list(), now);
        assert_eq!(first.ids.len(), 30_000);
        assert!(first.cursor.len() < 200_000, "{}", first.cursor.len());
        let cursor = Cursor::read(Some(&first.cursor), at("10:05:00"));
        assert_eq!(cursor.since(), at("10:00:04"));
        let rest = entries.iter().filter(|e| e.2 >= Some(cursor.since())).cloned().collect();
        let rest = List { entries: rest, ..List::default() };
        assert_eq!(ids(&cursor.advance(rest, at("10:05:00"))), [""; 0]);
        // All in one second: not remembered, and not asked for again.
        let entries: Vec<_> = (0..20_000).map(|n| entry(1_000_000 + n, 0)).collect();
        let first = Cursor::read(None, now).advance(List { entries, ..List::default() }, now);
        assert_eq!(Cursor::read(Some(&first.cursor), at("10:05:00")).since(), at("10:00:01"));
    }

    fn absent(people: &[(&str, &str)]) -> List {
        let id = |text: &str| EmployeeId::parse(text).expect("an id");
        let absent = people.iter().map(|(who, digest)| (id(who), (*digest).to_owned())).collect();
        List { absent: Some(absent), ..List::default() }
    }

    #[test]
    fn time_off_that_is_another_is_told_once() {
        let now = at("10:00:00");
        let step = |text: Option<&str>, list: List| Cursor::read(text, now).advance(list, now);
        // The first look is for the survey.
        let first = step(None, absent(&[("4", "a"), ("5", "b"), ("6", "c")]));
        assert_eq!(ids(&first), [""; 0]);
        let same = step(Some(&first.cursor), absent(&[("4", "a"), ("5", "b"), ("6", "c")]));
        assert_eq!((ids(&same), same.cursor == first.cursor), (vec![], true));
        // One is new, one another, one gone.
        let second = step(Some(&first.cursor), absent(&[("4", "a"), ("5", "B"), ("10", "d")]));
        assert_eq!(ids(&second), ["5", "6", "10"]);
        let again = step(Some(&second.cursor), absent(&[("4", "a"), ("5", "B"), ("10", "d")]));
        assert_eq!(ids(&again), [""; 0]);
        // Whoever is in the list of changes anyway is told once.
        let both = List { absent: absent(&[("4", "A"), ("5", "B")]).absent, ..answer(&[("4", "09:59:00")]) };
        assert_eq!(ids(&step(Some(&second.cursor), both)), ["4", "10"]);
        // Rules that no longer ask forget it all, and begin anew.
        let without = step(Some(&second.cursor), List::default());
        assert!(ids(&without).is_empty() && !without.cursor.contains("absent"), "{}", without.cursor);
        assert_eq!(ids(&step(Some(&without.cursor), absent(&[("4", "a")]))), [""; 0]);
    }

    #[test]
    fn a_company_on_leave_does_not_make_an_endless_cursor() {
        let people = |n: usize| {
            let person = |n: usize| EmployeeId::parse(&(1_000_000 + n).to_string()).expect("an id");
            List { absent: Some((0..n).map(|n| (person(n), "0123456789ab".to_owned())).collect()), ..List::default() }
        };
        let now = at("10:00:00");
        let first = Cursor::read(None, now).advance(people(20_000), now);
        assert!(first.cursor.len() < 150_000, "{}", first.cursor.len());
        assert_eq!(ids(&Cursor::read(Some(&first.cursor), now).advance(people(20_000), now)), [""; 0]);
    }
}
