//! Sites are asked for where the rules need what they say, and not otherwise.

use hris::Source;
use mapping::configuration::Configuration;
use mapping::employee::EmployeeId;
use mapping::secret::Secret;
use tests::bamboohr::{BambooHr, Person};
use tests::clock::Clock;

const TITLE: &str = "[connection.attributes]\njobTitle = 'jobTitle'\n";
const CITY: &str = "[connection.attributes]\naddress.work.locality = 'locationCity'\n";
const ZONE: &str = "[connection.time_zones]\n'london, uk' = 'Europe/London'\n";

/// How often sites are asked for when somebody at this one is read.
async fn asked(rules: &str, site: &str) -> u64 {
    let clock = Clock::at("2026-03-02T16:00:00Z".parse().expect("a moment"));
    let bamboohr = BambooHr::start(clock.clone(), "acme", "America/Denver").await;
    let text = format!(
        "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'env:J'\n[[connection]]\nname = 'acme'\nsource = 'bamboohr'\n\
         company = 'acme'\napi_key = 'env:B'\nbase_url = '{}'\ntime_zone = 'America/Denver'\n{rules}\n",
        bamboohr.url()
    );
    let mut configuration = Configuration::parse(&text).expect("the test's own configuration");
    let source = Source::new(&configuration.connections.remove(0), &Secret::new(&bamboohr.api_key()));
    let person = Person::new("Ada", "Byron").with("location", site).hired("2020-01-01");
    let id = EmployeeId::parse(&bamboohr.hire(person)).expect("an id");
    source.employee(&id, clock.now()).await.expect("an answer").expect("a record");
    let calls = bamboohr.traffic().calls();
    calls.iter().filter(|(name, _)| name.contains("locations")).map(|(_, count)| count).sum()
}

#[tokio::test]
async fn sites_whose_zones_the_rules_know_are_not_asked_for() {
    assert_eq!(asked(&format!("{TITLE}{ZONE}"), "London, UK").await, 0);
    for (rules, site) in [
        (TITLE.to_owned(), "London, UK"),
        (format!("{TITLE}{ZONE}"), "Berlin"),
        (format!("{CITY}{ZONE}"), "London, UK"),
    ] {
        assert!(asked(&rules, site).await > 0, "{rules} {site}");
    }
}
