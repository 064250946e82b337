//! Time off that rules take for leave.

use hris::{Changed, Changes, Fault, Finding, Source};
use jiff::Timestamp;
use mapping::configuration::Configuration;
use mapping::employee::{Absence, EmployeeId};
use mapping::secret::Secret;
use tests::bamboohr::{BambooHr, Leave, Person};
use tests::clock::Clock;

const LEAVE: &str = "[connection.leave]\ntime_off_types = ['Sabbatical', 'parental leave']\naccount = 'suspend'";

struct Town {
    bamboohr: BambooHr,
    clock: Clock,
    source: Source,
}

impl Town {
    async fn with(sections: &str) -> Town {
        let clock = Clock::at("2026-03-02T16:00:00Z".parse().expect("a moment"));
        let bamboohr = BambooHr::start(clock.clone(), "acme", "America/Denver").await;
        let text = format!(
            "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'env:J'\n[[connection]]\nname = 'acme'\n\
             source = 'bamboohr'\ncompany = 'acme'\napi_key = 'env:B'\nbase_url = '{}'\n\
             time_zone = 'America/Denver'\n{sections}\n",
            bamboohr.url()
        );
        let mut configuration = Configuration::parse(&text).expect("the test's own configuration");
        let source = Source::new(&configuration.connections.remove(0), &Secret::new(&bamboohr.api_key()));
        for number in 1..=6 {
            bamboohr.hire(Person::new("Ada", &format!("Byron{number}")).id(&number.to_string()).hired("2020-01-01"));
        }
        Town { bamboohr, clock, source }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn leave(&self, employee: &str, kind: &str, status: &str, days: (&str, &str)) -> String {
        let text = str::to_owned;
        let (start, end) = (text(days.0), text(days.1));
        let (employee, kind, status) = (text(employee), text(kind), text(status));
        self.bamboohr.add_leave(Leave { id: 0, employee, kind, start, end, status })
    }

    async fn of(&self, id: &str) -> Result<Vec<String>, Fault> {
        let employee = self.source.employee(&EmployeeId::parse(id).expect("an id"), self.now()).await?;
        Ok(shown(&employee.expect("a record").absences))
    }

    async fn changes(&self, cursor: Option<&str>) -> (Vec<String>, String) {
        match self.source.changes(cursor, self.now()).await.expect("an answer") {
            Changes::Listed(Changed { ids, cursor }) => (ids.iter().map(|(id, _)| id.to_string()).collect(), cursor),
            Changes::Everyone(_) => panic!("BambooHR has a list"),
        }
    }

    fn asked(&self) -> u64 {
        self.bamboohr.traffic().calls().iter().filter(|(call, _)| call.contains("time_off")).map(|(_, n)| n).sum()
    }
}

fn shown(absences: &[Absence]) -> Vec<String> {
    absences.iter().map(|absence| format!("{} {} {}", absence.kind, absence.from, absence.through)).collect()
}

/// Somebody is away, somebody will be, and much that does not count.
fn furnish(town: &Town) {
    town.leave("1", "Sabbatical", "approved", ("2026-01-01", "2026-06-30"));
    town.leave("1", "Parental Leave", "approved", ("2026-09-01", "2026-12-31"));
    town.leave("1", "Vacation", "approved", ("2026-03-01", "2026-03-09"));
    town.leave("2", "Sabbatical", "requested", ("2026-03-01", "2026-06-30"));
    town.leave("3", "Sabbatical", "approved", ("2025-01-01", "2025-06-30"));
    town.leave("4", "Sabbatical", "approved", ("2026-03-01", "2026-03-01"));
    town.leave("5", "Sabbatical", "approved", ("2028-01-01", "2028-01-02"));
}

const ONE: [&str; 2] = ["Sabbatical 2026-01-01 2026-06-30", "Parental Leave 2026-09-01 2026-12-31"];
const FOUR: [&str; 1] = ["Sabbatical 2026-03-01 2026-03-01"];

#[tokio::test]
async fn whatever_is_asked_has_the_time_off_that_counts() {
    for (numbers, filtered) in [(false, true), (true, true), (false, false)] {
        let town = Town::with(LEAVE).await;
        town.bamboohr.switch(|s| (s.ids_as_numbers, s.time_off_filtered) = (numbers, filtered));
        furnish(&town);
        assert_eq!(town.of("1").await.expect("a record"), ONE);
        assert_eq!(town.of("2").await.expect("a record"), [""; 0], "only asked for");
        assert_eq!(town.of("4").await.expect("a record"), FOUR, "until yesterday, which it may still be for them");
        assert_eq!(town.asked(), 3, "one call each");
        let some: Vec<EmployeeId> = ["1", "2"].map(|id| EmployeeId::parse(id).expect("an id")).into();
        let some = town.source.employees(&some, town.now()).await.expect("people");
        let found: Vec<Vec<String>> = some.iter().map(|employee| shown(&employee.absences)).collect();
        assert_eq!(found, [ONE.map(str::to_owned).to_vec(), Vec::new()]);
        assert_eq!(town.asked(), 5, "one call for all, and one for the numbers of kinds");
        let all = town.source.roster(town.now()).await.expect("everyone");
        let found: Vec<Vec<String>> = all.employees.iter().map(|employee| shown(&employee.absences)).collect();
        let none = Vec::new;
        let expected =
            [ONE.map(str::to_owned).to_vec(), none(), none(), FOUR.map(str::to_owned).to_vec(), none(), none()];
        assert_eq!((found, town.asked()), (expected.to_vec(), 6));
        assert!(all.unreadable.is_empty());
    }
}

#[tokio::test]
async fn nobody_is_asked_for_it_in_vain() {
    let town = Town::with("").await;
    furnish(&town);
    town.bamboohr.switch(|s| s.time_off_on = false);
    assert_eq!(town.of("1").await.expect("a record"), [""; 0]);
    assert_eq!(town.source.roster(town.now()).await.expect("everyone").employees.len(), 6);
    let (_, cursor) = town.changes(None).await;
    town.changes(Some(&cursor)).await;
    town.source.check(town.now()).await.expect("findings");
    assert_eq!(town.asked(), 0);
}

#[tokio::test]
async fn a_feature_that_is_off_is_no_refused_key_and_nobody_at_work() {
    let town = Town::with(LEAVE).await;
    furnish(&town);
    town.bamboohr.switch(|s| s.time_off_on = false);
    for fault in [
        town.of("1").await.expect_err("not known"),
        town.source.roster(town.now()).await.expect_err("not known"),
        town.source.changes(None, town.now()).await.expect_err("not known"),
    ] {
        let Fault::Rejected { status: 403, message, .. } = &fault else { panic!("{fault}") };
        assert!(message.contains("time off") && message.contains("not enabled"), "{message}");
    }
    let findings = town.source.check(town.now()).await.expect("findings");
    let said = |finding: &&Finding| matches!(finding, Finding::Fault { what, .. } if what.contains("time off"));
    assert_eq!(findings.iter().filter(said).count(), 1, "{findings:?}");
    // And the key is as good as it was.
    town.bamboohr.switch(|s| s.time_off_on = true);
    assert_eq!(town.of("1").await.expect("a record"), ONE);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_keeps_its_person_out_of_lists() {
    let town = Town::with(LEAVE).await;
    furnish(&town);
    let odd = town.leave("2", "Sabbatical", "approved", ("2026-03-01", "2026-06-30"));
    let body = "[{\"employeeId\":\"2\",\"type\":{\"name\":\"Sabbatical\"},\"start\":\"soon\",\"end\":\"later\"}]";
    let strike = || {
        use tests::server::{Fault, Trouble};
        let headers = vec![("content-type", "application/json".to_owned())];
        let trouble = Trouble::Answer { status: 200, headers, body: body.to_owned() };
        town.bamboohr.traffic().fail(Fault {
            method: None,
            path: "/time_off/requests".to_owned(),
            after: 0,
            times: 1,
            trouble,
        });
    };
    strike();
    assert!(matches!(town.of("2").await, Err(Fault::Malformed { .. })));
    strike();
    let all = town.source.roster(town.now()).await.expect("everyone");
    assert_eq!((all.employees.len(), all.unreadable.len()), (5, 1));
    strike();
    let ids: Vec<EmployeeId> = ["2", "3"].map(|id| EmployeeId::parse(id).expect("an id")).into();
    let some = town.source.employees(&ids, town.now()).await.expect("people");
    assert_eq!(some.iter().map(|employee| employee.key.id.as_str()).collect::<Vec<_>>(), ["3"]);
    town.bamboohr.edit_leave(&odd, |leave| leave.status = "canceled".to_owned());
    assert_eq!(town.of("2").await.expect("a record"), [""; 0]);
}

#[tokio::test]
async fn a_poll_tells_whose_time_off_changed() {
    let town = Town::with(LEAVE).await;
    furnish(&town);
    town.clock.advance(600);
    let (told, cursor) = town.changes(None).await;
    assert_eq!(told, [""; 0]);
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, [""; 0]);
    let new = town.leave("6", "Sabbatical", "requested", ("2026-04-01", "2026-06-30"));
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, [""; 0], "not approved yet");
    town.bamboohr.edit_leave(&new, |leave| leave.status = "approved".to_owned());
    town.leave("3", "Vacation", "approved", ("2026-04-01", "2026-06-30"));
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, ["6"]);
    town.bamboohr.edit_leave("1", |leave| leave.end = "2026-07-31".to_owned());
    town.bamboohr.edit_leave(&new, |leave| leave.status = "canceled".to_owned());
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, ["1", "6"]);
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, [""; 0]);
    // What is over leaves the window: told once.
    town.clock.advance(2 * 24 * 3600);
    let (told, cursor) = town.changes(Some(&cursor)).await;
    assert_eq!(told, ["4"]);
    assert_eq!(town.changes(Some(&cursor)).await.0, [""; 0]);
}

#[tokio::test]
async fn a_kind_that_the_company_does_not_have_is_found_by_check() {
    let town = Town::with("[connection.leave]\ntime_off_types = ['Sabatical', 'sick']\naccount = 'suspend'").await;
    let findings = town.source.check(town.now()).await.expect("findings");
    let faults: Vec<&String> =
        findings.iter().filter_map(|f| if let Finding::Fault { what, .. } = f { Some(what) } else { None }).collect();
    assert!(faults.iter().any(|what| what.contains("`sabatical`") && !what.contains("sick")), "{faults:?}");
    let town = Town::with(LEAVE).await;
    let findings = town.source.check(town.now()).await.expect("findings");
    assert!(findings.iter().any(|f| matches!(f, Finding::Good(what) if what.contains("time off"))), "{findings:?}");
}
