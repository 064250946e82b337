use jiff::civil::date;
use mapping::employee::{EmployeeId, Employment, Reading, Stage};

use super::*;
use crate::bob::fixture::connection;
use crate::bob::lists::{Catalogue, Items};

const RULES: &str = "[connection.fields]\nband = 'work.custom.field_1'\nnote = 'work.custom.field_2'\n\
    hobbies = 'about.hobbies'\npay = 'payroll.custom.pay'\ntenure = 'work.tenureDuration'\n\
    managerEmail = 'work.reportsTo.email'\n\
    [connection.attributes]\nemail = 'workEmail'\njobTitle = 'jobTitle'\ndepartment = 'department'\n\
    company = 'band + note + hobbies + pay + tenure + managerEmail'\nlocation = 'site'\n\
    employeeIdentifier = 'employeeNumber'\nemployeeType = 'employmentType'\n\
    costCenter = 'id + siteId + lifecycleStatus + weeklyHours'\naddress.home.locality = 'city'";

const DANA: &str = "3332883911884669725";
const ZOE: &str = "3332883909410030364";

fn asked() -> Asked {
    Asked::by(&connection(RULES).rules)
}

/// As the company's own fields are known.
fn lists() -> Lists {
    let list = |list: &str| Some(Box::from(list));
    let catalogue: Catalogue = [
        ("work.custom.field_1".into(), list("band")),
        ("work.custom.field_2".into(), None),
        ("about.hobbies".into(), list("hobbies")),
    ]
    .into();
    Lists::new(catalogue.into(), [].into())
}

fn read_with(lists: &Lists, employees: &str) -> People {
    let body = format!(r#"{{"employees":[{employees}]}}"#);
    people(body.as_bytes(), &asked(), lists, &connection(RULES).name, Timestamp::UNIX_EPOCH).expect("an answer")
}

fn read(employees: &str) -> People {
    read_with(&lists(), employees)
}

fn alone(record: &str) -> Employee {
    let People { mut employees, unreadable, .. } = read(record);
    assert!(unreadable.is_empty(), "{unreadable:?}");
    employees.pop().expect("one person")
}

/// Dana's record with more in it.
fn dana(more: &str) -> String {
    format!(r#"{{"id":"{DANA}"{more}}}"#)
}

#[test]
fn a_person_is_read() {
    let people = read(
        r#"{"\/root\/id":{"value":"3332883911884669725"},"\/work\/title":{"value":"Account Manager"},
        "id":"3332883911884669725","email":"dana.levin@example.com","firstName":"Dana","surname":"L\u00e9vin",
        "displayName":"Dana Levin","avatarUrl":null,
        "work":{"startDate":"2026-03-16","manager":"3332883909410030364","department":"228075491","siteId":2510068,
            "title":"Account Manager","site":"London (Demo)","employeeIdInCompany":39,"isManager":false,
            "tenureDuration":{"periodISO":"P2D","sortFactor":2,"humanize":"2 days"},
            "custom":{"field_1":"7","field_2":null},
            "reportsTo":{"displayName":"Zoe Clark","email":"zoe.clark@example.com","id":"3332883909410030364"}},
        "internal":{"terminationDate":null,"status":"Active","lifecycleStatus":"employed"},
        "employee":{"lastDayOfWork":null},"about":{"hobbies":["1","2"]},
        "payroll":{"employment":{"type":"Permanent","weeklyHours":37.5},"custom":{"pay":{"value":40000,"currency":"USD"}}},
        "address":{"city":null},
        "humanReadable":{"id":"3332883911884669725","email":"dana.levin@example.com",
            "work":{"startDate":"03/16/2026","manager":"Zoe Clark","reportsTo":"Zoe Clark","department":"Client Services",
                "siteId":"London (Demo)","title":"Account Manager","employeeIdInCompany":"39","custom":{"field_1":"Senior"},
                "tenureDuration":"2 days"},
            "internal":{"status":"Active","lifecycleStatus":"Employed"},"about":{"hobbies":["Chess","Go"]},
            "payroll":{"employment":{"type":"Permanent","weeklyHours":"37.50"}}}}"#,
    );
    assert_eq!((people.unreadable.len(), people.hidden.len(), people.duplicates.len()), (0, 0, 0));
    assert!(people.unnamed.is_empty() && people.seen.iter().all(|seen| *seen));
    let dana = &people.employees[0];
    assert_eq!(dana.key.to_string(), format!("acme:{DANA}"));
    assert_eq!((dana.employment, dana.stage), (Reading::Is(Employment::Active), Stage::Employed));
    assert_eq!(dana.status.value().map(|word| &**word), Some("Employed"));
    assert_eq!(dana.starts, Reading::Is(date(2026, 3, 16)));
    assert_eq!((dana.ends, dana.last_day), (Reading::Empty, Reading::Empty));
    assert_eq!(dana.manager.value().map(EmployeeId::as_str), Some(ZOE));
    assert_eq!((dana.zone.as_deref(), dana.absences.len()), (None, 0));
    for (name, value) in [
        ("id", Reading::Is(DANA)),
        ("workEmail", Reading::Is("dana.levin@example.com")),
        ("jobTitle", Reading::Is("Account Manager")),
        ("department", Reading::Is("Client Services")),
        ("site", Reading::Is("London (Demo)")),
        ("siteId", Reading::Is("2510068")),
        ("employeeNumber", Reading::Is("39")),
        ("employmentType", Reading::Is("Permanent")),
        ("weeklyHours", Reading::Is("37.5")),
        ("lifecycleStatus", Reading::Is("Employed")),
        ("city", Reading::Empty),
        ("band", Reading::Is("Senior")),
        ("note", Reading::Empty),
        ("hobbies", Reading::Is("Chess, Go")),
        ("pay", Reading::Is("40000")),
        ("tenure", Reading::Is("2 days")),
        ("managerEmail", Reading::Is("zoe.clark@example.com")),
        ("nobody asked", Reading::Hidden),
    ] {
        assert_eq!(dana.fields.get(name), value, "{name}");
    }
}

#[test]
fn absent_null_and_hidden() {
    let title = |more: &str| {
        let dana = alone(&dana(more));
        match dana.fields.get("jobTitle") {
            Reading::Hidden => "hidden".to_owned(),
            Reading::Empty => "empty".to_owned(),
            Reading::Is(title) => title.to_owned(),
        }
    };
    for (more, found) in [
        ("", "hidden"),
        (r#","work":{}"#, "hidden"),
        (r#","work":null"#, "hidden"),
        (r#","work":"x""#, "hidden"),
        (r#","work":{"title":null}"#, "empty"),
        (r#","work":{"title":""}"#, "empty"),
        (r#","work":{"title":"Chef"}"#, "Chef"),
        (r#","\/work\/title":{"value":"Chef"}"#, "Chef"),
        (r#","\/work\/title":{"value":null}"#, "empty"),
        // The nested one counts, whichever comes first.
        (r#","\/work\/title":{"value":"Chef"},"work":{"title":"Cook"}"#, "Cook"),
        (r#","work":{"title":null},"\/work\/title":{"value":"Chef"}"#, "empty"),
        (r#","work":{"site":"x"},"\/work\/title":{"value":"Chef"}"#, "Chef"),
        // A readable form alone is no value.
        (r#","humanReadable":{"work":{"title":"Chef"}}"#, "hidden"),
        (r#","work":{"title":null},"humanReadable":{"work":{"title":"Chef"}}"#, "empty"),
    ] {
        assert_eq!(title(more), found, "{more}");
    }
    // Below the category, what stands below nothing is nothing.
    let below = alone(&dana(r#","work":{"reportsTo":null,"custom":null},"payroll":{"employment":null}"#));
    for name in ["managerEmail", "band", "employmentType"] {
        assert_eq!(below.fields.get(name), Reading::Empty, "{name}");
    }
    assert_eq!(below.manager, Reading::Empty);
}

#[test]
fn names_of_items() {
    let department = |lists: &Lists, more: &str| {
        let people = read_with(lists, &dana(more));
        let unnamed: Vec<&str> = people.unnamed.iter().map(|list| &**list).collect();
        (people.employees[0].fields.get("department").value().map(|text| (*text).to_owned()), unnamed.concat())
    };
    let text = |text: &str| Some(text.to_owned());
    let number = r#","work":{"department":"228075491"}"#;
    let named = r#","work":{"department":"228075491"},"humanReadable":{"work":{"department":"Sales"}}"#;
    assert_eq!(department(&lists(), named), (text("Sales"), String::new()));
    assert_eq!(department(&lists(), r#","work":{"department":"Product"}"#), (text("Product"), String::new()));
    assert_eq!(department(&lists(), number), (text("228075491"), "department".to_owned()));
    let items: Items = [("228075491".into(), "Client Services".into())].into();
    let known = lists().with([("department".into(), items.into())].into());
    assert_eq!(department(&known, number), (text("Client Services"), String::new()));
    assert_eq!(department(&known, r#","work":{"department":"9"}"#), (text("9"), String::new()));
    // Several items, each with its name.
    let hobbies: Items = [("1".into(), "Chess".into()), ("2".into(), "Go".into())].into();
    let known = lists().with([("hobbies".into(), hobbies.into())].into());
    let dana = &read_with(&known, &dana(r#","about":{"hobbies":["1","Tea",2]}"#)).employees[0];
    assert_eq!(dana.fields.get("hobbies"), Reading::Is("Chess, Tea, Go"));
}

#[test]
fn stages_and_statuses() {
    for (word, stage) in [
        ("hired", Stage::Hired),
        ("employed", Stage::Employed),
        ("Employed", Stage::Employed),
        ("leave", Stage::Away),
        ("parental leave", Stage::Away),
        ("parentalLeave", Stage::Away),
        ("long_leave", Stage::Away),
        ("terminated", Stage::Terminated),
        ("garden leave", Stage::Unsaid),
        ("left", Stage::Unsaid),
        ("228075491", Stage::Unsaid),
        ("", Stage::Unsaid),
    ] {
        let found = alone(&dana(&format!(r#","internal":{{"lifecycleStatus":"{word}","status":"inactive"}}"#)));
        assert_eq!((found.stage, found.employment), (stage, Reading::Is(Employment::Inactive)), "{word}");
    }
    let own = r#","internal":{"lifecycleStatus":"228"},"humanReadable":{"internal":{"lifecycleStatus":"Study leave"}}"#;
    let own = alone(&dana(own));
    assert_eq!((own.stage, own.status), (Stage::Unsaid, Reading::Is("Study leave".into())));
    let bare = alone(&dana(""));
    assert_eq!((bare.stage, bare.status, bare.employment), (Stage::Unsaid, Reading::Hidden, Reading::Hidden));
}

#[test]
fn managers_by_either_field() {
    let manager = |work: &str| match alone(&dana(&format!(r#","work":{work}"#))).manager {
        Reading::Hidden => "hidden".to_owned(),
        Reading::Empty => "empty".to_owned(),
        Reading::Is(id) => id.to_string(),
    };
    for (work, found) in [
        (r#"{"reportsTo":{"id":"3332883909410030364"}}"#, ZOE),
        (r#"{"reportsTo":{"id":3332883909410030364}}"#, ZOE),
        (r#"{"manager":"3332883909410030364"}"#, ZOE),
        (r#"{"manager":3332883909410030364}"#, ZOE),
        (r#"{"reportsTo":{"displayName":"Zoe Clark"},"manager":"3332883909410030364"}"#, ZOE),
        (r#"{"reportsTo":null,"manager":null}"#, "empty"),
        (r#"{"reportsTo":null,"manager":"3332883909410030364"}"#, "empty"),
        (r#"{"manager":3.332883909410030364e18}"#, "hidden"),
        (r#"{"reportsTo":{},"manager":["x"]}"#, "hidden"),
        ("{}", "hidden"),
    ] {
        assert_eq!(manager(work), found, "{work}");
    }
}

#[test]
fn a_bad_record_spoils_nobody_elses() {
    let people = read(&format!(
        r#"{{"id":"2"}},{{"id":"1","work":{{"startDate":"16/03/2026"}}}},{{"id":"3","internal":{{"status":"On hold"}}}},
        {{"email":"x"}},{{"id":"../search"}},7,null,["x"],[{{"\/root\/id":{{"value":"1"}}}}],
        {{"id":"4","work":{{"title":{{}}}}}},{{"id":{DANA}}},{{"id":"2","work":{{"title":"second"}}}},{{"id":"2"}}"#
    ));
    let ids: Vec<&str> = people.employees.iter().map(|employee| employee.key.id.as_str()).collect();
    assert_eq!(ids, ["2", DANA]);
    assert_eq!(people.employees[0].fields.get("jobTitle"), Reading::Hidden);
    assert_eq!(people.duplicates, ["2"]);
    let unreadable: Vec<(&str, &str)> = people.unreadable.iter().map(|(who, why)| (&**who, &**why)).collect();
    assert_eq!(
        unreadable,
        [
            ("1", "`work.startDate` is no date"),
            ("3", "`internal.status` is neither Active nor Inactive"),
            ("record 4", "it has no id that is a number"),
            ("record 5", "it has no id that is a number"),
            ("record 6", "this is no record"),
            ("record 7", "this is no record"),
            ("record 8", "this is no record"),
            ("record 9", "this is no record"),
            ("4", "`work.title` is an object without a value"),
        ]
    );
}

#[test]
fn what_nobody_has_is_hidden() {
    let hidden = |employees: &str| read(employees).hidden.into_iter().collect::<Vec<_>>().join(" ");
    let all = "employee.lastDayOfWork internal.lifecycleStatus internal.status internal.terminationDate root.email \
               work.reportsTo work.startDate";
    assert_eq!(hidden(r#"{"id":"1"},{"id":"2"}"#), all);
    let rest = r#""email":null,"employee":{"lastDayOfWork":null},"work":{"startDate":null,"manager":null}"#;
    let first = r#"{"id":"1","internal":{"status":"Active","terminationDate":null}}"#;
    assert_eq!(hidden(&format!(r#"{first},{{"id":"2",{rest}}}"#)), "internal.lifecycleStatus");
    // Of nobody nothing is known.
    assert_eq!(hidden(""), "");
}

#[test]
fn answers_that_are_none() {
    let read = |body: &str| {
        let (asked, lists) = (asked(), lists());
        people(body.as_bytes(), &asked, &lists, &connection(RULES).name, Timestamp::UNIX_EPOCH).expect_err(body).0
    };
    assert_eq!(read(""), "it is empty");
    assert_eq!(read("<!doctype html><html>"), "it is HTML or XML, not JSON");
    assert_eq!(read("Service unavailable"), "it is not JSON at line 1, column 1");
    assert_eq!(read("{}"), "it does not list employees");
    assert!(read(r#"{"employees":[{"id":"1"}"#).starts_with("it breaks off at "));
    assert!(read(r#"{"employees":{"1":{}}}"#).starts_with("its shape is not the documented one at "));
    assert!(read("[]").starts_with("its shape is not the documented one at "));
}

#[test]
fn one_person_bare_or_in_a_list() {
    let read = |body: &str| {
        let (asked, lists) = (asked(), lists());
        let read = one(body.as_bytes(), &asked, &lists, &connection(RULES).name, Timestamp::UNIX_EPOCH);
        read.map(|(one, _)| match one {
            One::Person(employee) => Some(employee.key.id.to_string()),
            One::Nobody => None,
            One::Hidden => Some("hidden".to_owned()),
        })
    };
    let why = |body: &str| read(body).expect_err(body).0;
    assert_eq!(read(&dana("")).expect("a person").as_deref(), Some(DANA));
    assert_eq!(read(&format!(r#"{{"employees":[{}]}}"#, dana(""))).expect("a person").as_deref(), Some(DANA));
    assert_eq!(read(r#"{"employees":[]}"#).expect("nobody"), None);
    assert_eq!(why(r#"{"employees":[{"id":"1"},{"id":"2"}]}"#), "it is about several people");
    assert_eq!(why(r#"{"employees":[{"id":"1"},{"id":"1"}]}"#), "it is about several people");
    assert_eq!(why(r#"{"employees":[{"id":"x"}]}"#), "it has no id that is a number");
    assert_eq!(read("{}").expect("somebody").as_deref(), Some("hidden"));
    assert_eq!(why(r#"{"firstName":"Dana"}"#), "it has no id that is a number");
    assert_eq!(why("[]"), "this is no record");
    assert_eq!(why("<html>"), "it is HTML or XML, not JSON");
    assert_eq!(why(""), "it is empty");
}
