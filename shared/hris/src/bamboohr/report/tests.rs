use jiff::Timestamp;
use jiff::civil::date;
use mapping::employee::{Employee, Employment, Reading};

use super::*;
use crate::bamboohr::fixture::connection;
use crate::bamboohr::locations::{self, Places};
use crate::bamboohr::record;

const RULES: &str = "[connection.fields]\nbadge = '4340.4'\n[connection.attributes]\n\
    jobTitle = 'jobTitle'\ndepartment = 'badge'\ncompany = 'id'\naddress.work.locality = 'locationCity'";

fn asked() -> Asked {
    Asked::by(&connection(RULES).rules)
}

/// A report of all columns but `hidden`, with these records.
fn report(hidden: &[&str], employees: &str) -> String {
    let asked = asked();
    let columns = asked.columns.iter().filter(|column| !hidden.contains(&&***column));
    let fields: Vec<String> =
        columns.map(|column| format!(r#"{{"id":"{column}","type":"text","name":"X"}}"#)).collect();
    format!(r#"{{"title":"x","fields":[{}],"employees":[{employees}]}}"#, fields.join(","))
}

fn read(body: &str) -> Result<People, Flaw> {
    people(body.as_bytes(), &asked(), &connection(RULES).name, None)
}

fn upcoming(body: &str) -> People {
    let today = Some(date(2026, 3, 1));
    people(body.as_bytes(), &asked(), &connection(RULES).name, today).expect("a report")
}

fn ids(people: &[Person]) -> Vec<&str> {
    people.iter().map(|person| person.key.id.as_str()).collect()
}

fn employee(person: Person, places: &Places) -> Employee {
    person.employee(places, &asked(), Timestamp::UNIX_EPOCH)
}

fn places() -> Places {
    let body = br#"{"data":[{"label":"London, UK","address":{"city":"London","timezone":"Europe/London"}}]}"#;
    let mut walk = locations::Walk::default();
    walk.take(locations::read(body).expect("a page"));
    walk.places
}

#[test]
fn a_person_is_read() {
    let body = report(
        &[],
        r#"{"id":"12","status":"Active","hireDate":"2021-08-30","terminationDate":"0000-00-00","supervisorEId":4,
           "workEmail":"ada@example.com","jobTitle":null,"4340.4":77,"location":"London, UK","photo":{"a":[1]},
           "employmentHistoryStatus":"Full-Time","firstName":"","lastName":"L\u00f6v","preferredName":true}"#,
    );
    let people = read(&body).expect("a report");
    assert_eq!((people.unreadable.len(), people.hidden.len(), people.duplicates.len()), (0, 0, 0));
    let ada = employee(people.people.into_iter().next().expect("one person"), &places());
    assert_eq!(ada.key.to_string(), "acme:12");
    assert_eq!(ada.employment, Reading::Is(Employment::Active));
    assert_eq!(ada.starts, Reading::Is(date(2021, 8, 30)));
    assert_eq!(ada.ends, Reading::Empty);
    assert_eq!(ada.manager.value().map(|id| id.as_str()), Some("4"));
    assert_eq!(ada.zone.as_deref(), Some("Europe/London"));
    for (name, value) in [
        ("id", Reading::Is("12")),
        ("badge", Reading::Is("77")),
        ("jobTitle", Reading::Empty),
        ("firstName", Reading::Empty),
        ("lastName", Reading::Is("Löv")),
        ("preferredName", Reading::Is("true")),
        ("terminationDate", Reading::Empty),
        ("locationCity", Reading::Is("London")),
        ("4340.4", Reading::Hidden),
    ] {
        assert_eq!(ada.fields.get(name), value, "{name}");
    }
}

#[test]
fn sites_are_hidden_unknown_or_empty() {
    let city = |location: &str| {
        let people = read(&report(&[], &format!(r#"{{"id":1{location}}}"#))).expect("a report").people;
        let employee = employee(people.into_iter().next().expect("one person"), &places());
        let city = employee.fields.get("locationCity");
        (city == Reading::Is("London"), city == Reading::Empty, employee.zone.is_some())
    };
    assert_eq!(city(r#","location":"London, UK""#), (true, false, true));
    assert_eq!(city(r#","location":"Atlantis""#), (false, false, false));
    assert_eq!(city(r#","location":null"#), (false, true, false));
    assert_eq!(city(""), (false, false, false));
}

#[test]
fn absent_is_not_null() {
    let body = report(&["jobTitle"], r#"{"id":"1","status":"Active","jobTitle":"not vouched for","4340.4":null}"#);
    let people = read(&body).expect("a report");
    let one = employee(people.people.into_iter().next().expect("one person"), &Places::default());
    assert_eq!(one.fields.get("jobTitle"), Reading::Hidden);
    assert_eq!(one.fields.get("badge"), Reading::Empty);
    assert_eq!((one.starts, one.manager), (Reading::Hidden, Reading::Hidden));
}

#[test]
fn what_is_hidden_for_everyone_is_told_only_where_it_decides() {
    let all = r#""status":"Active","terminationDate":null,"workEmail":null,"supervisorEId":null"#;
    let body = report(&["status", "jobTitle"], &format!(r#"{{"id":"1",{all}}},{{"id":"2","hireDate":null}}"#));
    let hidden: Vec<String> = read(&body).expect("a report").hidden.into_iter().collect();
    assert_eq!(hidden, ["status"]);
    // Listed, and in no record all the same.
    let body = report(&[], &format!(r#"{{"id":"1",{all}}}"#));
    let hidden: Vec<String> = read(&body).expect("a report").hidden.into_iter().collect();
    assert_eq!(hidden, ["hireDate"]);
}

#[test]
fn a_bad_record_spoils_no_other() {
    let huge = "x".repeat(70_000);
    let body = report(
        &[],
        &format!(
            r#"{{"id":"3"}},null,[1],"x",7,{{"id":""}},{{"name":"no id"}},{{"id":"4","status":"On Leave"}},
               {{"id":"5","hireDate":"2026-02-30"}},{{"id":"6","hireDate":"2026-01-01T00:00:00Z"}},
               {{"id":"7","jobTitle":["a"]}},{{"id":"8","jobTitle":"{huge}"}},{{"id":"9","unasked":"{huge}"}},
               {{"id":"10","supervisorEId":"Boss, The"}}"#
        ),
    );
    let people = read(&body).expect("a report");
    assert_eq!(ids(&people.people), ["3", "9", "10"]);
    assert_eq!(people.people[2].manager, Reading::Hidden);
    let who: Vec<String> = people.unreadable.iter().map(|(who, why)| format!("{who}: {why}")).collect();
    assert_eq!(
        who,
        [
            "record 2: this is no record",
            "record 3: this is no record",
            "record 4: this is no record",
            "record 5: this is no record",
            "record 6: it has no id that is a number",
            "record 7: it has no id that is a number",
            "4: `status` is neither Active nor Inactive",
            "5: `hireDate` is no date",
            "6: `hireDate` is no date",
            "7: `jobTitle` is a list where a value belongs",
            "8: `jobTitle` is a value of more than 64 KB",
        ]
    );
}

#[test]
fn in_order_each_once_the_first_kept() {
    let body =
        report(&[], r#"{"id":"10"},{"id":9,"status":"Active"},{"id":"9","status":"Inactive"},{"id":"9"},{"id":"100"}"#);
    let people = read(&body).expect("a report");
    assert_eq!(ids(&people.people), ["9", "10", "100"]);
    assert_eq!(people.people[0].employment, Reading::Is(Employment::Active));
    assert_eq!(people.duplicates, ["9"]);
}

#[test]
fn an_empty_list_is_a_list() {
    let people = read(&report(&["status"], "")).expect("a report");
    assert!(people.people.is_empty());
    assert!(people.hidden.contains("status") && !people.hidden.contains("hireDate"));
}

#[test]
fn fields_may_stand_behind() {
    let people = read(r#"{"employees":[{"id":"1","status":"Active","hireDate":null}],"fields":[{"id":"status"}]}"#);
    let people = people.expect("a report").people;
    assert_eq!(people[0].employment, Reading::Is(Employment::Active));
    assert_eq!(people[0].starts, Reading::Hidden);
}

#[test]
fn what_is_no_report_is_said_without_quoting_it() {
    let cut = report(&[], r#"{"id":"1","firstName":"Ada"},{"id":"2","first"#);
    let cut = &cut[..cut.len() - 2];
    for (body, flaw) in [
        ("", "it is empty"),
        ("  <!doctype html><p>Ada", "it is HTML or XML, not JSON"),
        (cut, "it breaks off at"),
        ("{\"fields\":[],\"employees\":[]} x", "it is not JSON at"),
        ("[]", "its shape is not the documented one at"),
        ("\"Ada\"", "its shape is not the documented one at"),
        (r#"{"fields":[],"employees":{"Ada":1}}"#, "its shape is not the documented one at"),
        (r#"{"fields":"Ada","employees":[]}"#, "its shape is not the documented one at"),
        (r#"{"fields":[]}"#, "it does not list employees"),
        (r#"{"employees":[]}"#, "it does not list its fields"),
        (r#"{"error":{"code":429,"message":"Over rate limit"}}"#, "it does not list its fields"),
    ] {
        let found = read(body).expect_err("no report").0;
        assert!(found.starts_with(flaw), "{body}: {found}");
        assert!(!found.contains("Ada"), "{found}");
    }
}

#[test]
fn of_the_last_rows_only_those_who_are_to_begin() {
    let body = report(
        &[],
        r#"{"id":"1","status":"Inactive","hireDate":"2020-01-01"},{"id":"2","hireDate":"2026-02-28"},
           {"id":"3","hireDate":"2026-03-02","jobTitle":["x"]},{"id":"4","hireDate":"2026-03-01"},{"id":"5"},
           {"id":"6","hireDate":"soon"},{"id":"","hireDate":"2020-01-01"},{"id":"8","hireDate":null}"#,
    );
    let people = upcoming(&body);
    assert_eq!(ids(&people.people), ["4"]);
    let who: Vec<&str> = people.unreadable.iter().map(|(who, _)| who.as_str()).collect();
    assert_eq!(who, ["3", "6"]);
}

#[test]
fn beginners_take_their_fields_from_the_last_rows_and_never_their_standing() {
    let begins = r#""hireDate":"2026-03-09""#;
    let current = format!(
        r#"{{"id":"1","status":"Inactive",{begins},"jobTitle":null,"firstName":"Ada","location":null,
           "supervisorEId":null,"terminationDate":null}},{{"id":"3","status":"Active","hireDate":"2020-01-01"}},
           {{"id":"4","status":"Active","hireDate":"2026-04-01","jobTitle":null}}"#
    );
    let last = format!(
        r#"{{"id":"1","status":"Active",{begins},"jobTitle":"Engineer","location":"London, UK","supervisorEId":"3",
           "terminationDate":"2027-01-01"}},{{"id":"2","status":"Inactive",{begins},"jobTitle":"Clerk"}},
           {{"id":"4","status":"Active",{begins},"jobTitle":"Moved"}}"#
    );
    let mut all = read(&report(&[], &current)).expect("a report").people;
    join(&mut all, upcoming(&report(&[], &last)).people, &asked(), date(2026, 3, 1));
    assert_eq!(ids(&all), ["1", "2", "3", "4"]);
    let all: Vec<Employee> = all.into_iter().map(|person| employee(person, &places())).collect();
    let (ada, new, moved) = (&all[0], &all[1], &all[3]);
    assert_eq!(ada.employment, Reading::Is(Employment::Inactive));
    assert_eq!(ada.fields.get("status"), Reading::Is("Inactive"));
    assert_eq!((ada.ends, ada.fields.get("terminationDate")), (Reading::Empty, Reading::Empty));
    assert_eq!(ada.fields.get("jobTitle"), Reading::Is("Engineer"));
    assert_eq!(ada.fields.get("locationCity"), Reading::Is("London"));
    assert_eq!(ada.manager.value().map(|id| id.as_str()), Some("3"));
    // Not in the last rows' answer: what was known stays.
    assert_eq!(ada.fields.get("firstName"), Reading::Is("Ada"));
    assert_eq!(new.employment, Reading::Is(Employment::Active));
    assert_eq!(new.fields.get("status"), Reading::Is("Active"));
    assert_eq!(moved.fields.get("jobTitle"), Reading::Empty);
}

#[test]
fn on_the_first_day_only_blanks_are_filled_and_nobody_is_added() {
    let current = r#"{"id":"1","status":"Active","hireDate":"2026-03-01","jobTitle":"Trainee","location":null}"#;
    let last = r#"{"id":"1","hireDate":"2026-03-01","jobTitle":"Engineer","location":"London, UK","4340.4":"7"},
        {"id":"2","status":"Active","hireDate":"2026-03-01"}"#;
    let mut all = read(&report(&[], current)).expect("a report").people;
    join(&mut all, upcoming(&report(&[], last)).people, &asked(), date(2026, 3, 1));
    assert_eq!(ids(&all), ["1"]);
    let ada = employee(all.remove(0), &places());
    assert_eq!(ada.fields.get("jobTitle"), Reading::Is("Trainee"));
    assert_eq!(ada.fields.get("locationCity"), Reading::Is("London"));
    assert_eq!(ada.fields.get("badge"), Reading::Is("7"));
}

#[test]
fn a_second_report_adds_its_faults_once_and_nobody_unreadable_in_the_first() {
    let mut first = read(&report(&[], r#"{"id":"1","status":"?"},{"id":"2"},{"id":"2"}"#)).expect("a report");
    let last = r#"{"id":"1","hireDate":"2026-03-09"},{"id":"2","hireDate":"x"},{"id":"2","hireDate":"x"}"#;
    let mut second = upcoming(&report(&[], last));
    second.without(&first.unreadable);
    assert!(second.people.is_empty());
    first.note(&mut second);
    assert_eq!(first.unreadable.len(), 3);
    assert_eq!(first.duplicates, ["2"]);
}

#[test]
fn one_record_alone() {
    let (asked, name) = (asked(), connection(RULES).name);
    let one = |body: &str| record::one(body.as_bytes(), &asked, &name).map_err(|flaw| flaw.0);
    assert_eq!(one(r#"{"id":"12","status":"Inactive"}"#).map(|p| p.employment), Ok(Reading::Is(Employment::Inactive)));
    for (body, flaw) in [
        ("{}", "it has no id that is a number"),
        ("[]", "this is no record"),
        (r#"{"id":"0"}"#, "it has no id that is a number"),
        (r#"{"id":"1","hireDate":{}}"#, "`hireDate` is an object where a value belongs"),
        ("<html>", "it is HTML or XML, not JSON"),
    ] {
        assert_eq!(one(body).map(|_| ()), Err(flaw.to_owned()), "{body}");
    }
}

#[test]
fn days_are_days_and_nothing_else() {
    assert_eq!(day("2024-02-29"), Some(date(2024, 2, 29)));
    for text in ["2023-02-29", "2024-2-29", "2024-02-29T00:00", "20240229", "2024-02-2x", "２024-01-1", "-024-01-01"] {
        assert_eq!(day(text), None, "{text}");
    }
}
