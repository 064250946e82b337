//! What is sent, how often, and what is made of the answers: against a server of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::PoisonError;

use super::*;
use crate::bob::fixture::connection;

const DANA: &str = "3332883911884669725";

/// What a server answers to method and path, and to a body.
type Script = dyn Fn(&str, &str) -> (u16, String) + Send + Sync;

struct Server {
    address: String,
    /// Method and path of every call, in order.
    calls: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    fn new(script: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let calls: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&calls);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &script, &heard);
            }
        });
        Server { address, calls }
    }

    fn bob(&self, sections: &str) -> Bob {
        let mut connection = connection(sections);
        connection.base_url = Some(self.address.clone());
        Bob::new(&connection, &Secret::new("t0ken"))
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(stream: TcpStream, script: &Script, calls: &std::sync::Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request line");
    let call = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        let header = line.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(count) = header.strip_prefix("content-length:") {
            length = count.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
    let (status, answer) = script(&call, &String::from_utf8(body).expect("a text"));
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\nretry-after: 0\r\n");
    let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
    reader.into_inner().write_all(answer.as_bytes()).expect("somebody who listens");
}

fn id(text: &str) -> EmployeeId {
    EmployeeId::parse(text).expect("an id")
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A record of the person with this id, with `more` in it.
fn record(id: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","email":"{id}@example.com","firstName":"A","surname":"B","displayName":"A B",
        "work":{{"startDate":"2026-03-16","manager":null,"reportsTo":null,"site":"London","department":"228075491"}},
        "internal":{{"status":"Active","lifecycleStatus":"employed","terminationDate":null}},
        "employee":{{"lastDayOfWork":null}}{more}}}"#
    )
}

fn list(records: &[String]) -> (u16, String) {
    (200, format!(r#"{{"employees":[{}]}}"#, records.join(",")))
}

const DEPARTMENT: &str = "[connection.attributes]\ndepartment = 'department'";
const SEARCHED: &str = "POST /v1/people/search";

#[tokio::test]
async fn everyone_is_one_call_and_lists_are_kept() {
    let items = r#"{"values":[{"id":"228075491","value":"Client Services"}]}"#;
    let server = Server::new(move |call, _| match call {
        SEARCHED => list(&[record(DANA, ""), record("12", "")]),
        _ => (200, items.to_owned()),
    });
    let bob = server.bob(DEPARTMENT);
    let roster = bob.roster(now()).await.expect("a roster");
    roster.prove(None).expect("nothing is doubtful");
    let ids: Vec<&str> = roster.employees.iter().map(|employee| employee.key.id.as_str()).collect();
    assert_eq!(ids, ["12", DANA]);
    assert_eq!(roster.employees[0].fields.get("department").value().copied(), Some("Client Services"));
    let listed = "GET /v1/company/named-lists/department?includeArchived=true";
    assert_eq!(server.calls(), [SEARCHED, listed]);
    bob.roster(now()).await.expect("a roster");
    assert_eq!(server.calls(), [SEARCHED]);
}

#[tokio::test]
async fn a_list_that_is_refused_is_no_reason_to_stop() {
    let server = Server::new(|call, _| match call {
        SEARCHED => list(&[record(DANA, "")]),
        _ => (403, String::new()),
    });
    let bob = server.bob(DEPARTMENT);
    for calls in [2, 1] {
        let roster = bob.roster(now()).await.expect("a roster");
        assert_eq!(roster.employees[0].fields.get("department").value().copied(), Some("228075491"));
        assert_eq!(server.calls().len(), calls);
    }
}

#[tokio::test]
async fn the_companys_own_fields_are_looked_up_once() {
    let server = Server::new(|call, _| match call {
        "GET /v1/company/people/fields" => {
            (200, r#"[{"id":"work.custom.field_1","type":"list","typeData":{"listId":"band"}}]"#.to_owned())
        }
        _ => {
            let more =
                r#","\/work\/custom\/field_1":{"value":"7"},"humanReadable":{"work":{"custom":{"field_1":"Senior"}}}"#;
            (200, record(DANA, more))
        }
    });
    let bob =
        server.bob("[connection.fields]\nband = 'work.custom.field_1'\n[connection.attributes]\ndepartment = 'band'");
    for _ in 0..2 {
        let dana = bob.employee(&id(DANA), now()).await.expect("an answer").expect("somebody");
        assert_eq!(dana.fields.get("band").value().copied(), Some("Senior"));
    }
    let one = format!("POST /v1/people/{DANA}");
    assert_eq!(server.calls(), ["GET /v1/company/people/fields", one.as_str(), one.as_str()]);
}

#[tokio::test]
async fn one_person_nobody_and_somebody_else() {
    let server = Server::new(|call, _| match call {
        "POST /v1/people/1" => (404, String::new()),
        "POST /v1/people/2" => (200, "<!doctype html><html>Bob</html>".to_owned()),
        "POST /v1/people/3" => (200, record("4", "")),
        "POST /v1/people/5" => (200, String::new()),
        "POST /v1/people/6" => (404, "<html>".to_owned()),
        "POST /v1/people/7" => (200, "{}".to_owned()),
        _ => (200, record(DANA, "")),
    });
    let bob = server.bob("[connection.attributes]\njobTitle = 'jobTitle'");
    let detail = async |who: &str| match bob.employee(&id(who), now()).await {
        Err(Fault::Malformed { vendor: VENDOR, call: EMPLOYEE, detail }) => detail,
        other => panic!("{other:?}"),
    };
    assert_eq!(bob.employee(&id("1"), now()).await, Ok(None));
    assert_eq!(detail("2").await, "it is HTML or XML, not JSON");
    assert_eq!(detail("3").await, "it is about somebody else");
    assert_eq!(detail("5").await, "it is empty");
    assert!(matches!(bob.employee(&id("6"), now()).await, Err(Fault::Rejected { status: 404, .. })));
    assert!(matches!(bob.employee(&id("7"), now()).await, Err(Fault::Rejected { status: 200, .. })));
    let dana = bob.employee(&id(DANA), now()).await.expect("an answer").expect("somebody");
    assert_eq!(dana.key.id.as_str(), DANA);
    // Words would be other endpoints.
    server.calls();
    assert_eq!(bob.employee(&id("search"), now()).await, Ok(None));
    assert_eq!(server.calls(), [""; 0]);
}

#[tokio::test]
async fn a_refused_token_is_not_tried_again() {
    for status in [401, 403] {
        let server = Server::new(move |_, _| (status, String::new()));
        let bob = server.bob("");
        let refused = Fault::KeyRefused { vendor: VENDOR, detail: format!("HTTP {status}") };
        assert_eq!(bob.roster(now()).await.map(drop), Err(refused.clone()));
        assert_eq!(bob.employee(&id("1"), now()).await, Err(refused.clone()));
        assert_eq!(bob.check(now()).await, Err(refused));
        assert_eq!(server.calls(), [SEARCHED]);
    }
}

#[tokio::test]
async fn one_who_may_not_be_seen_is_no_reason_to_stop_and_ten_are() {
    let server = Server::new(|call, _| match call {
        "POST /v1/people/1" => (200, record("1", "")),
        _ => (403, String::new()),
    });
    let bob = server.bob("[connection.attributes]\njobTitle = 'jobTitle'");
    for _ in 0..2 {
        for hidden in 2..11 {
            let read = bob.employee(&id(&hidden.to_string()), now()).await;
            assert!(matches!(read, Err(Fault::Rejected { status: 403, .. })), "{read:?}");
        }
        assert!(bob.employee(&id("1"), now()).await.is_ok());
    }
    for hidden in 2..12 {
        bob.employee(&id(&hidden.to_string()), now()).await.expect_err("hidden");
    }
    server.calls();
    assert!(matches!(bob.employee(&id("1"), now()).await, Err(Fault::KeyRefused { .. })));
    assert_eq!(server.calls(), [""; 0]);
}

#[tokio::test]
async fn several_people_by_chunks() {
    let server = Server::new(|_, body| {
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let ids = body["filters"][0]["values"].as_array().expect("ids").clone();
        let all = ids.iter().filter_map(|id| id.as_str()).filter(|id| *id != "7");
        // One comes twice: read alone, whoever it is.
        let all = all.flat_map(|id| vec![record(id, ""); if id == "9" { 2 } else { 1 }]);
        list(&all.collect::<Vec<_>>())
    });
    let bob = server.bob("[connection.attributes]\njobTitle = 'jobTitle'");
    let ids: Vec<EmployeeId> = (1..=201).map(|number| id(&number.to_string())).chain([id("search")]).collect();
    let found = bob.employees(&ids, now()).await.expect("answers");
    assert_eq!(found.len(), 199);
    assert!(found.iter().map(|employee| employee.key.order()).is_sorted());
    assert_eq!(server.calls(), [SEARCHED, SEARCHED]);
    assert_eq!(bob.employees(&[id("search")], now()).await.map(|found| found.len()), Ok(0));
    assert_eq!(server.calls(), [""; 0]);
    let everyone = Server::new(|_, _| list(&[record("1", ""), record("2", ""), record(DANA, "")]));
    let bob = everyone.bob("[connection.attributes]\njobTitle = 'jobTitle'");
    assert_eq!(bob.employees(&ids, now()).await.expect("answers").len(), 2);
    assert_eq!(everyone.calls(), [SEARCHED]);
}

#[tokio::test]
async fn too_many_fields_are_not_asked_for() {
    let server = Server::new(|_, _| (400, String::new()));
    let names: Vec<String> = (0..400).map(|number| format!("f{number}")).collect();
    let attributes = [
        "firstname",
        "lastname",
        "middlename",
        "jobTitle",
        "department",
        "company",
        "location",
        "costCenter",
        "employeeType",
        "employeeIdentifier",
    ];
    let lines = names.chunks(40).zip(attributes);
    let lines: Vec<String> = lines.map(|(names, slot)| format!("{slot} = '{}'", names.join(" + "))).collect();
    let bob = server.bob(&format!("[connection.attributes]\n{}", lines.join("\n")));
    let Err(Fault::Rejected { message, .. }) = bob.roster(now()).await else { panic!("refused by ourselves") };
    assert!(message.ends_with("HiBob gives 400 at most"), "{message}");
    assert_eq!(server.calls(), [""; 0]);
}

#[tokio::test]
async fn pressed_for_time_it_is_asked_again() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::new(move |_, _| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => (429, String::new()),
        _ => list(&[record(DANA, "")]),
    });
    let bob = server.bob("[connection.attributes]\njobTitle = 'jobTitle'");
    assert_eq!(bob.roster(now()).await.expect("a roster").employees.len(), 1);
    assert_eq!(server.calls(), [SEARCHED, SEARCHED]);
}

fn texts(findings: Vec<Finding>) -> Vec<String> {
    let text = |finding| match finding {
        Finding::Good(what) => format!("ok {what}"),
        Finding::Fault { what, .. } => format!("!! {what}"),
    };
    findings.into_iter().map(text).collect()
}

#[tokio::test]
async fn a_check_of_what_comes_back() {
    let server = Server::new(|call, _| match call {
        SEARCHED => list(&[record("1", ""), record("2", r#","address":{"city":null}"#)]),
        _ => (200, r#"[{"id":"work.title"},{"id":"address.city"}]"#.to_owned()),
    });
    let bob = server.bob(
        "[connection.fields]\nnick = 'preferredName'\n\
         [connection.attributes]\njobTitle = 'jobTitle + nick'\ndepartment = 'city'",
    );
    let found = texts(bob.check(now()).await.expect("findings"));
    let expected = [
        "ok HiBob accepts service user SERVICE-7",
        "ok the service user sees 2 people, each of them employed and at work",
        "!! HiBob has no field `preferredName` (our `nick`)",
        "!! HiBob hides `work.title` (our `jobTitle`) from the service user",
        "ok histories are not read",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[tokio::test]
async fn a_check_of_who_is_seen() {
    let seen = async |records: Vec<String>| {
        let server = Server::new(move |_, _| list(&records));
        let bob = server.bob("[connection.attributes]\nlocation = 'site'");
        texts(bob.check(now()).await.expect("findings"))
    };
    let many: Vec<String> = (1..=51).map(|id| record(&id.to_string(), "")).collect();
    assert!(seen(Vec::new()).await[1].starts_with("!! the service user sees nobody"));
    assert!(seen(many[..50].to_vec()).await[1].starts_with("ok the service user sees 50 people, each of them"));
    assert!(seen(many.clone()).await[1].starts_with("!! of 51 people that the service user sees, each one"));
    for word in ["hired", "terminated", "parental leave", "garden leave"] {
        let mut some = many.clone();
        some[7] = some[7].replace("employed", word);
        let found = seen(some).await;
        assert_eq!(
            found[1], "ok the service user sees 51 people, 1 of them hired, away or no longer employed",
            "{word}"
        );
        assert!(found[2].starts_with("ok HiBob returns all "), "{}", found[2]);
    }
    let mut some = many;
    some[7] = some[7].replace("Active", "On hold");
    let found = seen(some).await;
    assert!(found.iter().any(|found| found.starts_with("!! 1 records cannot be read")), "{found:#?}");
}

#[tokio::test]
async fn webhooks_are_made_by_hand() {
    let server = Server::new(|_, _| (500, String::new()));
    let bob = server.bob("");
    assert_eq!(bob.webhooks().await, Ok(Vec::new()));
    let Err(Fault::Rejected { message, .. }) = bob.subscribe("https://door.example/webhook/acme").await else {
        panic!("nobody can")
    };
    assert!(message.contains("Webhooks") && message.contains("https://door.example/webhook/acme"), "{message}");
    bob.unsubscribe("1").await.expect_err("nobody can");
    bob.tend("1", "https://door.example").await.expect_err("nobody can");
    assert_eq!(server.calls(), [""; 0]);
}
