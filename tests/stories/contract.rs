//! What goes over the wire, held against the vendors' own specifications: our requests, and the simulators' answers.
//!
//! The specifications are lossy. Each point where we or a simulator leave them is written down here, with the section
//! of the fact sheet that says why; a point that is not met any more is to be taken out.

use jsonschema::Draft;
use serde_json::{Value, json};
use tests::bamboohr::{BambooHr, Person};
use tests::jumpcloud::JumpCloud;
use tests::server::Exchange;

use crate::specs::{Findings, Spec, report};
use crate::world::World;

/// Rules that touch every attribute there is, so that every part of a body is seen.
const RULES: &str = r#"first_state = "active"

[connection.fields]
badge = "4340.4"

[connection.attributes]
firstname = "firstName"
middlename = "middleName"
lastname = "lastName"
displayname = 'first(preferredName, firstName) + " " + lastName'
employeeIdentifier = "employeeNumber"
jobTitle = "jobTitle"
department = "department"
company = "division"
location = "location"
costCenter = '"CC " + department'
employeeType = "employmentHistoryStatus"
description = '"badge " + badge'
alternateEmail = "homeEmail"
managedAppleId = "workEmail"
phone.work = "workPhone"
phone.home = "homePhone"
phone.mobile = "mobilePhone"
address.work.streetAddress = "locationStreet"
address.work.locality = "locationCity"
address.work.region = "locationState"
address.work.postalCode = "locationPostcode"
address.work.country = "locationCountry"
address.home.streetAddress = "address1"
address.home.country = "country"
custom.badge = "badge"

[[connection.group]]
name = "All staff"

[[connection.group]]
name_from = '"Dept " + department'
when = 'department != ""'
"#;

/// Where our requests leave the specifications, and the section that says why they may. `…` is anything.
const ASKED: [(&str, &str); 7] = [
    // The February copy is older than this call.
    ("GET /api/v1/hris/org/locations is in no specification", "bamboohr.md 2.9"),
    // And than these two filters.
    ("bamboohr POST /api/v1/reports/custom /filterDuplicates: unknown key", "bamboohr.md 2.6"),
    ("bamboohr POST /api/v1/reports/custom /filters/employeeIds: unknown key", "bamboohr.md 2.6"),
    // The official module sends it, and pages correctly.
    ("v1 POST /search/systemusers /sort: unknown key", "jumpcloud.md 2.2"),
    // `false` is no mail, an address is a mail to that address.
    ("v1 POST /systemusers/{id}/state/activate /email: type", "jumpcloud.md 2.5"),
    // Both are cleared by null.
    ("v1 PUT /systemusers/{id} /employeeIdentifier: type", "jumpcloud.md 2.3"),
    ("v1 PUT /systemusers/{id} /manager: type", "jumpcloud.md 2.3"),
];

/// Where the simulators' answers leave them, and the section that says why they may.
const ANSWERED: [(&str, &str); 14] = [
    // Whatever was asked for; the specification names two fields as an example.
    ("bamboohr GET /api/v1/employees/{id} -> 200 …: unknown key", "bamboohr.md 2.2, recorded"),
    ("bamboohr GET /api/v1/employees/{id} -> 401 status", "bamboohr.md 1.4, recorded"),
    // JumpCloud's specifications had their error answers taken out.
    ("v1 GET /organizations -> 401 status", "jumpcloud.md 1, measured"),
    ("v1 PUT /systemusers/{id} -> 404 status", "jumpcloud.md 2.3, a switch"),
    ("v1 GET /organizations -> 200 /results/*/created: unknown key", "jumpcloud.md 1, recorded"),
    ("v1 GET /organizations -> 200 /results/*/logoUrl: type", "jumpcloud.md 1, recorded"),
    // Both ids are in every answer.
    ("v1 … -> 200 …/id: unknown key", "jumpcloud.md 2.1, recorded"),
    ("v1 … -> 200 …/attributes/*/_id: unknown key", "jumpcloud.md 2.4"),
    ("v1 … -> 200 …/employeeIdentifier: type", "jumpcloud.md 2.1, recorded"),
    ("v1 … -> 200 …/systemUsername: unknown key", "jumpcloud.md 2.1, recorded"),
    ("v2 GET … -> 200 …/attributes: type", "jumpcloud.md 3.1 and 3.2, recorded"),
    ("v2 GET /users/{user_id}/memberof -> 200 /*/compiledAttributes: type", "jumpcloud.md 3.2"),
    // The specification calls a condition a text; JumpCloud's own guide writes it as an object.
    ("v2 GET /usergroups -> 200 /*/memberQuery/filters/*: type", "jumpcloud.md 3.1"),
    ("v2 POST /usergroups -> 201 /attributes: type", "jumpcloud.md 3.1, recorded"),
];

/// Every kind of call the product makes. One that is missing here was not looked at.
const CALLS: [&str; 16] = [
    "bamboohr GET /api/v1/employees/changed",
    "bamboohr GET /api/v1/employees/{id}",
    "bamboohr GET /api/v1/meta/fields",
    "bamboohr POST /api/v1/reports/custom",
    "v1 GET /organizations",
    "v1 GET /systemusers",
    "v1 GET /systemusers/{id}",
    "v1 POST /search/systemusers",
    "v1 POST /systemusers",
    "v1 POST /systemusers/{id}/state/activate",
    "v1 PUT /systemusers/{id}",
    "v2 GET /usergroups",
    "v2 GET /usergroups/{group_id}/members",
    "v2 GET /users/{user_id}/memberof",
    "v2 POST /usergroups",
    "v2 POST /usergroups/{group_id}/members",
];

/// The three specifications; `None` where there are none.
fn specs() -> Option<[Spec; 3]> {
    Some([
        // v2 first: its paths begin with v1's base.
        Spec::read("v2", "jumpcloud-v2.json", Draft::Draft4)?,
        Spec::read("v1", "jumpcloud-v1.json", Draft::Draft4)?,
        Spec::read("bamboohr", "bamboohr-openapi-2026-02.json", Draft::Draft202012)?,
    ])
}

/// A day in which everything happens.
async fn everything_happens(world: &World) {
    let (bamboohr, jumpcloud) = (&world.town.bamboohr, &world.town.jumpcloud);
    world.move_in();
    for (id, field, value) in
        [("7", "4340.4", "B-7"), ("8", "homeEmail", "eight@home.example"), ("9", "address1", "1 Elm St")]
    {
        bamboohr.set(id, field, value);
    }
    // Accounts that were there before us: one in use, one prepared, one with things that are not ours.
    let email = |id: &str| bamboohr.get(id, "workEmail").expect("an address");
    jumpcloud.add_user(json!({ "username": "ten", "email": email("10"), "state": "STAGED" }));
    jumpcloud.add_user(json!({
        "username": "eleven", "email": email("11").to_uppercase(), "employeeIdentifier": "1011",
        "phoneNumbers": [{ "type": "work_fax", "number": "1" }],
        "addresses": [{ "type": "home", "locality": "Oslo" }],
        "attributes": [{ "name": "shoe", "value": "44" }],
    }));
    jumpcloud.add_group("Dept Sales");
    let filter = json!({ "field": "department", "operator": "eq", "value": "Engineering" });
    jumpcloud.add_dynamic_group("By query", json!({ "queryType": "FilterQuery", "filters": [filter] }));
    bamboohr.switch(|switches| switches.hidden_fields = ["middleName".to_owned()].into());
    world.hirewire(&["check"]).await.expect(1);
    bamboohr.switch(|switches| switches.hidden_fields.clear());
    world.hirewire(&["plan"]).await.expect(0);
    world.hirewire(&["sync"]).await.expect(0);

    let serving = world.serve().await;
    let joiner = Person::new("Nils", "Nygård").id("201").email("nils.nygard@acme.example");
    bamboohr.hire(joiner.with("department", "Security").reports_to("2").hired("2026-03-02"));
    // Somebody whose account was made by hand, before HR knew of them.
    jumpcloud.add_user(json!({ "username": "olga", "email": "olga.old@acme.example" }));
    jumpcloud.add_member("Dept Sales", "olga");
    bamboohr.hire(Person::new("Olga", "Old").id("202").email("olga.old@acme.example").hired("2026-03-02"));
    bamboohr.set_all("12", &[("department", Some("Legal")), ("jobTitle", Some("Counsel")), ("supervisorEId", None)]);
    bamboohr.set_all("13", &[("lastName", Some("Renamed")), ("workEmail", Some("renamed@acme.example"))]);
    bamboohr.set("14", "employeeNumber", None::<&str>);
    bamboohr.terminate("15", "2026-03-02");
    bamboohr.rehire("88", "2026-03-02");
    bamboohr.deliver_webhooks().await;
    bamboohr.set("16", "department", "Sales");
    bamboohr.edit_pending(Vec::clear);
    world.town.clock.advance(61);
    let leaver = email("15");
    let state = |email: &str| jumpcloud.user(email).map(|user| user["state"].clone());
    let rehired = email("88");
    world
        .eventually("everyone is where they belong", |town| {
            town.jumpcloud.user("nils.nygard").is_some_and(|user| user["manager"].is_string())
                && town.jumpcloud.user("renamed@acme.example").is_some()
                && town.jumpcloud.groups_of("olga") == ["All staff"]
                && state(&leaver) == Some(json!("SUSPENDED"))
                && state(&rehired) == Some(json!("ACTIVATED"))
                && town.jumpcloud.groups_of(&email("16")).contains(&"Dept Sales".to_owned())
        })
        .await;
    assert_eq!(serving.stop().await.0, 0);

    bamboohr.delete("17");
    bamboohr.switch(|switches| switches.hidden_employees = ["18".to_owned()].into());
    world.hirewire(&["sync", "17", "18", "19"]).await;
    world.hirewire(&["explain", "16"]).await.expect(0);
    world.town.write_key("jumpcloud.key", "of-another-region");
    world.town.write_key("bamboohr.key", "of-nobody");
    world.hirewire(&["check"]).await.expect(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn we_and_the_simulators_speak_as_the_specifications_say() {
    let Some(specs) = specs() else { return };
    let world = World::with("2026-03-02T09:00[America/Denver]", RULES).await;
    everything_happens(&world).await;
    let mut findings = Findings::default();
    for exchanges in [world.town.bamboohr.traffic().exchanges(), world.town.jumpcloud.traffic().exchanges()] {
        findings.look_at(&specs, &exchanges);
    }
    let report = report("asked", &findings.asked, &ASKED) + &report("answered", &findings.answered, &ANSWERED);
    assert!(report.is_empty(), "\n{report}");
    assert_eq!(findings.calls.iter().map(String::as_str).collect::<Vec<_>>(), CALLS, "every kind of call is looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_carries_what_the_vendors_need() {
    let world = World::with("2026-03-02T09:00[America/Denver]", RULES).await;
    everything_happens(&world).await;
    let header = |exchange: &Exchange, name: &str| {
        exchange.headers.get(name).map(|value| value.to_str().expect("a text").to_owned())
    };
    let json = Some("application/json".to_owned());
    let (hr, it) = (world.town.bamboohr.traffic().exchanges(), world.town.jumpcloud.traffic().exchanges());
    assert!(hr.len() > 20 && it.len() > 300, "{} and {} exchanges", hr.len(), it.len());
    for exchange in hr.iter().chain(&it) {
        let name = format!("{} {}", exchange.method, exchange.path);
        // BambooHR answers XML otherwise; with a charset behind it, a report's body is taken for XML.
        assert_eq!(header(exchange, "accept"), json, "{name}");
        assert_eq!(header(exchange, "content-type"), json.clone().filter(|_| !exchange.body.is_empty()), "{name}");
    }
    // Basic authentication comes with the first request already; JumpCloud's key has a header of its own.
    assert!(hr.iter().all(|e| header(e, "authorization").is_some_and(|text| text.starts_with("Basic "))));
    assert!(it.iter().all(|e| header(e, "x-api-key").is_some() && header(e, "authorization").is_none()));
    // A page without a limit is ten; v1 sorts by `_id`, v2 by `id`.
    for exchange in it.iter().filter(|e| e.method == "GET" && e.path.contains("skip=")) {
        assert!(exchange.path.contains("limit=100"), "{}", exchange.path);
    }
    assert!(world.town.jumpcloud.unknown_keys().is_empty(), "{:?}", world.town.jumpcloud.unknown_keys());
}

/// Calls the simulators serve and the product does not make (yet), answered by the specifications too.
#[tokio::test(flavor = "multi_thread")]
async fn the_simulators_other_endpoints_answer_as_the_specifications_say() {
    let Some(specs) = specs() else { return };
    let world = World::with("2026-03-02T09:00[America/Denver]", RULES).await;
    world.move_in();
    world.hirewire(&["sync", "7", "8", "21"]).await.expect(0);
    world.forget_calls();
    ask_bamboohr(&world.town.bamboohr).await;
    ask_jumpcloud(&world.town.jumpcloud).await;
    let mut findings = Findings::default();
    for exchanges in [world.town.bamboohr.traffic().exchanges(), world.town.jumpcloud.traffic().exchanges()] {
        findings.look_at(&specs, &exchanges);
    }
    let report =
        report("asked", &findings.asked, &OTHERS_ASKED) + &report("answered", &findings.answered, &OTHERS_ANSWERED);
    assert!(report.is_empty(), "\n{report}");
}

/// The same two lists for the calls that only this file makes.
const OTHERS_ASKED: [(&str, &str); 4] = [
    // The names of new-style events; the February copy has the old ones only.
    ("bamboohr POST /api/v1/webhooks /events/*: enum", "bamboohr.md 4.1"),
    // Taken out of this specification, as the errors were.
    ("v1 DELETE /systemusers/{id} ?cascade_manager: unknown", "jumpcloud.md 0, 2.6"),
    ("v1 POST /systemusers/{id}/expire has no body", "jumpcloud.md 2.5"),
    ("v1 POST /systemusers/{id}/unlock has no body", "jumpcloud.md 2.5"),
];
const OTHERS_ANSWERED: [(&str, &str); 12] = [
    ("bamboohr GET /api/v1/company_information -> 200 /address/line2: type", "bamboohr.md 3: empty is null"),
    ("bamboohr GET /api/v1/employees -> 200 /data/*/hireDate: unknown key", "bamboohr.md 2.3: optional fields"),
    // Texts in what was seen of requests; so here too.
    ("bamboohr GET /api/v1/meta/time_off/types -> 200 /timeOffTypes/*/id: type", "bamboohr.md 2.10"),
    ("bamboohr POST /api/v1/webhooks -> 201 /events: unknown key", "bamboohr.md 4.1"),
    ("bamboohr POST /api/v1/webhooks -> 201 /id: type", "bamboohr.md 4.1"),
    ("bamboohr POST /api/v1/webhooks -> 201 /lastSent: type", "bamboohr.md 4.1"),
    ("v1 … -> 200 …/id: unknown key", "jumpcloud.md 2.1, recorded"),
    ("v1 … -> 200 …/attributes/*/_id: unknown key", "jumpcloud.md 2.4"),
    ("v1 … -> 200 …/systemUsername: unknown key", "jumpcloud.md 2.1, recorded"),
    ("v2 … -> 200 …/attributes: type", "jumpcloud.md 3.1 and 3.2, recorded"),
    ("v2 GET /usergroups/{group_id}/membership -> 200 /*/compiledAttributes: type", "jumpcloud.md 3.2"),
    // The module that this specification is made for rewrites some codes.
    ("v2 POST /bulk/users -> 201 status", "jumpcloud.md 3.3"),
];

async fn ask_bamboohr(bamboohr: &BambooHr) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("{}/api/v1", bamboohr.url());
    for path in [
        "employees/directory",
        "employees?fields=workEmail,hireDate&page[limit]=50",
        "employees/7/tables/jobInfo",
        "employees/changed/tables/jobInfo?since=2020-01-01T00:00:00Z",
        "meta/fields",
        "meta/lists",
        "meta/users",
        "company_information",
        "time_off/whos_out",
        "time_off/requests?start=2026-01-01&end=2026-12-31",
        "time_off/requests?start=2026-01-01&end=2026-12-31&status=approved&type=70,73",
        "time_off/requests?start=2026-01-01&end=2026-12-31&status=approved&employeeId=7",
        "meta/time_off/types",
        "webhooks",
    ] {
        let asked = client.get(format!("{base}/{path}")).basic_auth(bamboohr.api_key(), Some("x"));
        let answer = asked.header("accept", "application/json").send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
    let webhook = json!({
        "name": "sync", "url": "https://sync.example.com/hook", "format": "json", "monitorFields": ["firstName"],
        "postFields": { "firstName": "First Name" }, "events": ["employee.created", "employee.updated"],
        "includeCompanyDomain": true,
    });
    let asked = client.post(format!("{base}/webhooks")).basic_auth(bamboohr.api_key(), Some("x"));
    let asked = asked.header("accept", "application/json").header("content-type", "application/json");
    let answer = asked.body(webhook.to_string()).send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
}

async fn ask_jumpcloud(jumpcloud: &JumpCloud) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let user = jumpcloud.users()[0]["_id"].as_str().expect("an id").to_owned();
    let group = jumpcloud.group_id("All staff");
    let send = |method: &str, path: String, body: Value| {
        let method = method.parse().expect("a method");
        let asked = client.request(method, format!("{}/api{path}", jumpcloud.url()));
        let asked = asked.header("x-api-key", jumpcloud.api_key());
        let asked = if body.is_null() {
            asked
        } else {
            asked.header("content-type", "application/json").body(body.to_string())
        };
        async move {
            let answer = asked.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{path}: {answer:?}");
        }
    };
    for path in [
        format!("/systemusers/{user}"),
        "/systemusers?limit=5&fields=username email&filter=state:$eq:ACTIVATED".to_owned(),
        format!("/v2/usergroups/{group}"),
        format!("/v2/usergroups/{group}/membership"),
    ] {
        send("GET", path, Value::Null).await;
    }
    send("POST", format!("/systemusers/{user}/expire"), json!({})).await;
    send("POST", format!("/systemusers/{user}/unlock"), json!({})).await;
    send("PUT", format!("/v2/usergroups/{group}"), json!({ "name": "All staff" })).await;
    let new = json!([{ "username": "bulk", "email": "bulk@acme.example" }]);
    send("POST", "/v2/bulk/users".to_owned(), new).await;
    let change = json!({ "user_ids": [user], "state": "SUSPENDED", "start_date": "2026-10-31T17:00:00Z" });
    send("POST", "/v2/bulk/userstates".to_owned(), change).await;
    send("GET", "/v2/bulk/userstates".to_owned(), Value::Null).await;
    send("DELETE", format!("/v2/usergroups/{group}"), Value::Null).await;
    let device = jumpcloud.bind_device(&user);
    send("GET", format!("/v2/users/{user}/associations?targets=system&limit=100&skip=0"), Value::Null).await;
    let unbind = json!({ "op": "remove", "type": "system", "id": device });
    send("POST", format!("/v2/users/{user}/associations"), unbind).await;
    send("DELETE", format!("/systemusers/{user}?cascade_manager=null"), Value::Null).await;
}
