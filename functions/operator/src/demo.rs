//! `hirewire demo`: the main job on a simulated company. Nothing leaves this machine.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mapping::employee::EmployeeKey;
use mapping::status::Status;
use serde::Serialize;
use state::{AuditKind, Clock};
use tests::bamboohr::Person;
use tests::company::{self, IN_LONDON, STARTER, ZONE};
use tests::town::Town;
use tokio::net::TcpListener;
use tokio::sync::watch;
use workflow::{Mode, Selection, Until};

use crate::arguments::{DemoArguments, Format, ServeArguments};
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::progress::Bar;
use crate::{output, records, serve};

/// The rules of the simulated company, shown to the reader as well.
const RULES: &str = r#"first_state = "suspended-until-start"

[connection.lookup.cost_center]
Engineering = "CC-100"
Sales = "CC-200"
Finance = "CC-300"
People = "CC-400"
"*" = "CC-900"

[connection.attributes]
firstname = "firstName"
lastname = "lastName"
displayname = 'first(preferredName, firstName) + " " + lastName'
employeeIdentifier = "employeeNumber"
jobTitle = "jobTitle"
department = "department"
location = "location"
costCenter = 'lookup("cost_center", department)'
phone.mobile = "mobilePhone"
address.work.locality = "locationCity"
address.work.country = "locationCountry"

[[connection.group]]
name = "All staff"

[[connection.group]]
name_from = '"Dept " + department'

[[connection.group]]
name = "Contractors"
when = 'employmentHistoryStatus == "Contractor"'
"#;

/// Longer than the schedule of `serve` takes to notice that the clock was moved.
const SETTLE: Duration = Duration::from_millis(500);
/// How long one step may take before the demo says that something is wrong.
const STEP_DEADLINE: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Step {
    title: String,
    plan: String,
    jumpcloud: String,
    bamboohr_calls: u64,
    jumpcloud_calls: u64,
}

/// The stage: a town, a running `serve`, and what was shown so far.
struct Stage {
    town: Town,
    home: Arc<Home>,
    steps: Vec<Step>,
    text: bool,
}

/// Plays the demo.
pub async fn run(how: &DemoArguments, format: Format) -> Result<Exit, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::usage)?;
    let text = format == Format::Text;
    let town = settle(folder.path()).await;
    // The door's address must be known before BambooHR is told of it, and its key before the configuration is read.
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::usage)?;
    let address = listener.local_addr().map_err(Failure::usage)?;
    let url = format!("http://{address}/webhook/acme");
    town.write_key("webhook.key", &town.bamboohr.subscribe(&url));
    let mut home = Home::open(&town.config()).await?;
    home.desk.clock = Clock::File(town.folder().join("clock"));
    let home = Arc::new(home);
    say(text, &opening(&town));
    first_sync(&town, &home, text).await?;

    let (stop, stopped) = watch::channel(false);
    let arguments = ServeArguments { listen: address, poll_every: 60, survey_every: 744 };
    let mut stage = Stage { town: town.clone(), home: Arc::clone(&home), steps: Vec::new(), text };
    let server = serve::serve(Arc::clone(&home), &arguments, listener, stopped);
    let story = async {
        let told = tell(&mut stage, how.keep, format).await;
        let _ = stop.send(true);
        told
    };
    let (served, told) = tokio::join!(server, story);
    told?;
    served
}

/// Plays the steps, shows the records, and stays up if asked to.
async fn tell(stage: &mut Stage, stay: bool, format: Format) -> Result<(), Failure> {
    stage.play().await?;
    let all = records::all(&stage.home.desk, None).await?;
    match format {
        Format::Text => {
            say(true, "\nHow things are with everyone (hirewire records)");
            records::print(&all);
        }
        Format::Json => output::json(&serde_json::json!({ "steps": stage.steps, "records": all }))?,
    }
    if stay {
        keep(&stage.town).await;
    }
    Ok(())
}

async fn settle(folder: &Path) -> Town {
    let now = local("2026-03-02T09:00", ZONE);
    let town = Town::start(folder, now, ZONE, RULES).await;
    company::move_in(&town.bamboohr);
    // What JumpCloud holds already: a handful of people made by hand, and a group that is nobody's business but IT's.
    let known = town.jumpcloud.add_user(serde_json::json!({
        "username": "the.boss", "email": town.bamboohr.get("1", "workEmail"), "firstname": "B", "lastname": "Oss",
        "phoneNumbers": [{"type": "work_fax", "number": "+1 303 555 9999"}],
        "attributes": [{"name": "badge", "value": "0001"}], "state": "ACTIVATED",
    }));
    town.jumpcloud.add_group("VPN (by hand)");
    town.jumpcloud.add_member("VPN (by hand)", &known);
    town.jumpcloud.traffic().reset();
    town.bamboohr.traffic().reset();
    town
}

fn opening(town: &Town) -> String {
    format!(
        "Hirewire demo: a simulated BambooHR company of {} people at {},\n\
         a simulated JumpCloud organisation with 1 account made by hand at {}.\n\
         It is Monday 2 March 2026, 09:00 in Denver. Nothing leaves this machine.\n\n\
         1. First sync of everyone",
        town.bamboohr.ids().len(),
        town.bamboohr.url(),
        town.jumpcloud.url(),
    )
}

async fn first_sync(town: &Town, home: &Home, text: bool) -> Result<(), Failure> {
    let start = Instant::now();
    // A little latency, so that there is something to watch.
    town.jumpcloud.traffic().set_latency(Duration::from_millis(15));
    let sample = Mutex::new(None);
    let drained = {
        let bar = Bar::new();
        let mut show = |_: &mapping::plan::Plan| {};
        let follow = |progress| bar.follow(progress);
        let in_flight = home.desk.configuration.in_flight;
        let (selection, now) = (Selection::default(), home.desk.clock.now());
        home.workflow.survey(&selection, Mode::Queue, in_flight, now, &mut show, &follow).await?;
        bar.expect(home.workflow.queue.depth(home.desk.clock.now()).await?.waiting);
        let tell = |done: &workflow::Done| {
            if done.key.id.as_str() == "1"
                && let Some(plan) = &done.plan
            {
                *sample.lock().expect("no panic while a sample is kept") = Some(plan.to_string());
            }
        };
        home.workflow.drain(in_flight, Until::Empty, &|| home.desk.clock.now(), &tell, &follow).await?
    };
    town.jumpcloud.traffic().set_latency(Duration::ZERO);
    if let Some(trouble) = drained.stopped {
        return Err(trouble.into());
    }
    say(text, "   For example the one who was in JumpCloud already, matched by e-mail; the fax, the badge and the VPN");
    say(text, "   group made by hand are not in the plan, and survive it:\n");
    let sample = sample.into_inner().expect("no panic while a sample is kept");
    say(text, &indent(sample.as_deref().unwrap_or_default()));
    let calls = (town.bamboohr.traffic().total(), town.jumpcloud.traffic().total());
    say(
        text,
        &format!(
            "   {} people in step by {} actions in {:.1} s: {} calls to BambooHR, {} to JumpCloud.",
            drained.people,
            drained.actions,
            start.elapsed().as_secs_f64(),
            calls.0,
            calls.1
        ),
    );
    Ok(())
}

impl Stage {
    /// Each step changes something in HR only, and waits for JumpCloud to follow.
    async fn play(&mut self) -> Result<(), Failure> {
        let hr = self.town.bamboohr.clone();
        let joiner = Person::new("Nia", "Nowak")
            .id("101")
            .email("nia.nowak@acme.example")
            .with("employeeNumber", "1101")
            .with("jobTitle", "Data Engineer")
            .with("department", "Engineering")
            .with("location", "Berlin, DE")
            .reports_to("2")
            .hired("2026-02-23");
        self.step("2. Joiner, by webhook: HR hires Nia Nowak", "101", || drop(hr.hire(joiner))).await?;

        self.town.clock.advance(300);
        self.step_by_poll("3. Mover, found by the poll (the webhook is lost): Nia goes to Sales", "101", || {
            hr.set("101", "department", "Sales");
            hr.edit_pending(Vec::clear);
        })
        .await?;

        self.town.clock.advance(300);
        self.step("4. Rename with a new e-mail, by webhook: Nia is Nia Nowak-Berg now", "101", || {
            hr.set_all("101", &[("lastName", Some("Nowak-Berg")), ("workEmail", Some("nia.berg@acme.example"))]);
        })
        .await?;

        self.town.clock.advance(300);
        let title = "5. Leaver, by the clock: HR ends employee 21 on 3 March; London's midnight is 17:00 in Denver";
        hr.terminate(IN_LONDON, "2026-03-03");
        hr.deliver_webhooks().await;
        self.wait_until_idle().await?;
        self.step_by_clock(title, IN_LONDON, local("2026-03-04T00:00", "Europe/London")).await?;

        self.town.clock.advance(8 * 3600);
        self.step(
            "6. Rehire, by webhook: they come back; the same account, the same groups by rule",
            IN_LONDON,
            || {
                hr.rehire(IN_LONDON, "2026-03-04");
            },
        )
        .await?;

        let title = "7. First day, by the clock: Ana's account was ready and suspended; it opens at her own midnight";
        self.step_by_clock(title, STARTER, local("2026-03-09T00:00", ZONE)).await
    }

    async fn step(&mut self, title: &str, id: &str, change: impl FnOnce()) -> Result<(), Failure> {
        self.begin().await?;
        change();
        self.town.bamboohr.deliver_webhooks().await;
        self.show(title, id).await
    }

    async fn step_by_poll(&mut self, title: &str, id: &str, change: impl FnOnce()) -> Result<(), Failure> {
        self.begin().await?;
        change();
        self.town.clock.advance(60);
        self.show(title, id).await
    }

    async fn step_by_clock(&mut self, title: &str, id: &str, moment: Timestamp) -> Result<(), Failure> {
        self.begin().await?;
        self.town.travel_to(moment);
        self.show(title, id).await
    }

    /// Lets the polls that are due happen first, so that the calls counted are this step's own.
    async fn begin(&self) -> Result<(), Failure> {
        tokio::time::sleep(SETTLE).await;
        self.wait_until_idle().await?;
        self.town.bamboohr.traffic().reset();
        self.town.jumpcloud.traffic().reset();
        Ok(())
    }

    /// Waits for the person's next finished plan, and shows it with what JumpCloud says.
    async fn show(&mut self, title: &str, id: &str) -> Result<(), Failure> {
        let key = EmployeeKey::parse(&format!("acme:{id}")).expect("the demo's own people");
        let plan = self.wait_for_plan(&key).await?;
        self.wait_until_idle().await?;
        let record = self.home.workflow.store.record(&key).await?;
        let account = record.and_then(|r| r.account).and_then(|id| self.town.jumpcloud.user(id.as_str()));
        let step = Step {
            title: title.to_owned(),
            plan,
            jumpcloud: account.map(|account| in_short(&self.town, &account)).unwrap_or_default(),
            bamboohr_calls: self.town.bamboohr.traffic().total(),
            jumpcloud_calls: self.town.jumpcloud.traffic().total(),
        };
        say(self.text, &format!("\n{}\n", step.title));
        say(self.text, &indent(&step.plan));
        say(self.text, &format!("   JumpCloud now says: {}", step.jumpcloud));
        let calls = (step.bamboohr_calls, step.jumpcloud_calls);
        say(self.text, &format!("   {} calls to BambooHR, {} to JumpCloud.", calls.0, calls.1));
        self.steps.push(step);
        Ok(())
    }

    async fn wait_for_plan(&self, key: &EmployeeKey) -> Result<String, Failure> {
        let store = &self.home.workflow.store;
        let known = self.steps.iter().map(|step| step.plan.clone()).collect::<Vec<_>>();
        let start = Instant::now();
        while start.elapsed() < STEP_DEADLINE {
            let rows = store.audit_of(key, 2).await?;
            let done = rows.first().is_some_and(|row| row.kind == AuditKind::Done);
            let intent = rows.iter().find(|row| row.kind == AuditKind::Intent);
            if done
                && let Some(intent) = intent
                && !known.contains(&intent.text)
                && intent.at.duration_since(self.home.desk.clock.now()).as_secs().abs() < 60
            {
                return Ok(intent.text.clone());
            }
            if let Some(state::Record { status: Status::Failed { error }, .. }) = store.record(key).await? {
                return Err(Failure::new(Exit::Some, format!("the demo failed: {error}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::new(
            Exit::Some,
            "the demo waited in vain; please report this with the output of HIREWIRE_LOG=debug",
        ))
    }

    async fn wait_until_idle(&self) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < STEP_DEADLINE {
            let depth = self.home.workflow.queue.depth(self.home.desk.clock.now()).await?;
            if depth.waiting + depth.in_flight == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// One account in one line.
fn in_short(town: &Town, account: &serde_json::Value) -> String {
    let text = |key: &str| account[key].as_str().unwrap_or_default().to_owned();
    let groups = town.jumpcloud.groups_of(&text("_id")).join(", ");
    format!(
        "{} <{}> {}, {} in {}, groups: {}",
        text("username"),
        text("email"),
        text("state"),
        text("jobTitle"),
        text("department"),
        if groups.is_empty() { "none" } else { &groups },
    )
}

async fn keep(town: &Town) {
    let folder = town.folder().display();
    eprintln!("\nStill up, until Ctrl-C. Everything is in {folder}. For example:");
    eprintln!("  export HIREWIRE_CONFIG={folder}/hirewire.toml HIREWIRE_CLOCK={}", town.clock_setting());
    eprintln!("  hirewire explain 21");
    eprintln!("  curl -u $(cat {folder}/bamboohr.key):x -H 'Accept: application/json' \\");
    eprintln!("    '{}/api/v1/employees/21?fields=firstName,status'", town.bamboohr.url());
    eprintln!("  curl -H x-api-key:$(cat {folder}/jumpcloud.key) '{}/api/systemusers?limit=2'", town.jumpcloud.url());
    let _ = tokio::signal::ctrl_c().await;
}

fn local(text: &str, zone: &str) -> Timestamp {
    let moment: DateTime = text.parse().expect("a moment of the demo");
    let zone = TimeZone::get(zone).expect("a zone of the demo");
    zone.to_timestamp(moment).expect("a moment that exists")
}

fn indent(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n")
}

fn say(text: bool, line: &str) {
    if text {
        output::text_line(line);
    }
}
