//! Random worlds: HR edits, hands in JumpCloud, faults, crashes and lost webhooks, in an order that a seed decides. In
//! the end everything heals, and JumpCloud must say what HR says, by an oracle of its own.
//!
//! `HIREWIRE_SEED=7` plays one world again, `HIREWIRE_WORLDS=100` plays so many more.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use axum::http::Method;
use futures::stream::{StreamExt, iter};
use serde_json::{Value, json};
use tests::server::{Fault, Trouble};

use crate::safety::{MORNING, email, person, tells_nothing};
use crate::world::{RULES, Serving, World, fewer};

/// Worlds that are always played.
const ALWAYS: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// How many worlds live at once.
const AT_ONCE: usize = 4;
/// People at first.
const PEOPLE: usize = 10;
/// Things that happen in one world.
const STEPS: usize = 40;
/// How often `sync` may still find something to do once nothing happens any more.
const SYNCS: usize = 8;

const DEPARTMENTS: [&str; 4] = ["Forge", "Kiln", "Loom", "Anvil"];

struct Life {
    world: World,
    rng: fastrand::Rng,
    story: Vec<String>,
    next: usize,
    serving: Option<Serving>,
    /// Employees whose account was suspended or activated by hand: their state is nobody's promise any more.
    state_by_hand: BTreeSet<String>,
    /// Employees whose account was deleted by hand.
    deleted_by_hand: BTreeSet<String>,
    /// Employees who were inactive at some time.
    ever_inactive: BTreeSet<String>,
    /// Accounts with a badge that is not ours.
    badges: BTreeMap<String, String>,
    /// Accounts in a group that is not ours.
    chess: BTreeSet<String>,
    /// Accounts that are nobody's.
    foreign: BTreeMap<String, Value>,
}

impl Life {
    async fn new(seed: u64) -> Life {
        let world = World::with(MORNING, RULES).await;
        for n in 1..=PEOPLE {
            world.town.bamboohr.hire(person(n));
        }
        world.town.jumpcloud.add_group("Chess");
        let mut foreign = BTreeMap::new();
        for n in 0..3 {
            let body = json!({ "email": format!("robot{n}@acme.example"), "jobTitle": "Robot", "state": "ACTIVATED" });
            let id = world.town.jumpcloud.add_user(body);
            foreign.insert(id.clone(), world.town.jumpcloud.user(&id).expect("just made"));
        }
        // Some accounts were there before.
        for n in [2, 5] {
            world.town.jumpcloud.add_user(json!({ "email": email(n), "employeeIdentifier": (7000 + n).to_string() }));
        }
        Life {
            world,
            rng: fastrand::Rng::with_seed(seed),
            story: vec![format!("HIREWIRE_SEED={seed}")],
            next: PEOPLE + 1,
            serving: None,
            state_by_hand: BTreeSet::new(),
            deleted_by_hand: BTreeSet::new(),
            ever_inactive: BTreeSet::new(),
            badges: BTreeMap::new(),
            chess: BTreeSet::new(),
            foreign,
        }
    }

    fn tell(&mut self, what: String) {
        let now = self.world.town.clock.now();
        self.story.push(format!("{now} {what}"));
    }

    fn story(&self) -> String {
        self.story.join("\n")
    }

    fn hr(&self, id: &str, field: &str) -> String {
        self.world.town.bamboohr.get(id, field).unwrap_or_default()
    }

    fn anybody(&mut self) -> String {
        let ids = self.world.town.bamboohr.ids();
        ids[self.rng.usize(..ids.len())].clone()
    }

    fn today(&self, days: i64) -> String {
        let zone = jiff::tz::TimeZone::get("America/Denver").expect("a zone");
        let date = self.world.town.clock.now().to_zoned(zone).date();
        (date + jiff::SignedDuration::from_hours(24 * days)).to_string()
    }

    /// The accounts that say they are an employee's.
    fn accounts(&self) -> BTreeMap<String, Vec<Value>> {
        let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for user in self.world.town.jumpcloud.users() {
            if let Some(link) = attribute(&user, "hirewireId") {
                let id = link.strip_prefix("acme:").expect("a link of this connection").to_owned();
                all.entry(id).or_default().push(user);
            }
        }
        all
    }

    async fn step(&mut self) {
        let town = self.world.town.clone();
        let (hr, it) = (&town.bamboohr, &town.jumpcloud);
        let id = self.anybody();
        let other = self.anybody();
        match self.rng.u32(..100) {
            0..8 => {
                let n = self.next;
                self.next += 1;
                let days = self.rng.i64(-3..6);
                hr.hire(person(n).hired(self.today(days)).reports_to(&other));
                self.tell(format!("hire {n}, in {days} days, under {other}"));
            }
            8..20 => {
                let department = DEPARTMENTS[self.rng.usize(..DEPARTMENTS.len())];
                hr.set(&id, "department", department);
                hr.set(&id, "jobTitle", if self.rng.bool() { Some("Weaver") } else { None });
                self.tell(format!("move {id} to {department}"));
            }
            20..27 => {
                let n = self.rng.u32(..1000);
                let new = format!("vorn{id}.renamed{n}@acme.example");
                hr.set_all(&id, &[("lastName", Some(&format!("Zyxel-{n}"))), ("workEmail", Some(&new))]);
                self.tell(format!("rename {id} to {new}"));
            }
            27..32 => {
                let days = self.rng.i64(-5..1);
                hr.terminate(&id, self.today(days));
                self.tell(format!("terminate {id}, {days} days from now"));
            }
            32..35 => {
                let days = self.rng.i64(1..20);
                hr.terminate(&id, self.today(days));
                self.tell(format!("terminate {id} in {days} days"));
            }
            35..39 if self.hr(&id, "status") == "Inactive" => {
                hr.rehire(&id, self.today(0));
                self.tell(format!("rehire {id}"));
            }
            39..41 if hr.ids().len() > 4 => {
                hr.delete(&id);
                self.tell(format!("delete {id} in HR"));
            }
            41..45 => {
                let (mine, theirs) = (self.hr(&id, "workEmail"), self.hr(&other, "workEmail"));
                if id != other && !mine.is_empty() && !theirs.is_empty() {
                    hr.set(&id, "workEmail", &*theirs);
                    hr.set(&other, "workEmail", &*mine);
                    self.tell(format!("swap the e-mails of {id} and {other}"));
                }
            }
            45..50 => {
                hr.set(&id, "supervisorEId", &*other);
                self.tell(format!("{id} reports to {other}"));
            }
            50..53 => {
                hr.set(&id, "workEmail", None);
                self.tell(format!("blank the e-mail of {id}"));
            }
            53..56 => {
                let field = ["department", "jobTitle", "status", "hireDate", "workEmail"][self.rng.usize(..5)];
                hr.switch(|switches| switches.hidden_fields = BTreeSet::from([field.to_owned()]));
                self.tell(format!("hide {field}"));
            }
            56..59 => {
                hr.switch(|switches| switches.hidden_fields.clear());
                self.tell("hide nothing".to_owned());
            }
            59..67 => self.hand(&id),
            67..71 => self.fault(),
            71..76 => {
                let seconds = [5, 61, 400, 3600, 30_000, 90_000][self.rng.usize(..6)];
                town.clock.advance(seconds);
                hr.tick();
                it.tick();
                self.tell(format!("{seconds} s pass"));
            }
            76..84 => {
                let kind = self.rng.u32(..4);
                hr.edit_pending(|waiting| match kind {
                    0 => waiting.clear(),
                    1 => waiting.reverse(),
                    2 => {
                        let again = waiting.clone();
                        waiting.extend(again);
                    }
                    _ => {}
                });
                if self.serving.is_some() {
                    hr.deliver_webhooks().await;
                }
                self.tell(format!("webhooks, {}", ["dropped", "reversed", "twice", "as they are"][kind as usize]));
            }
            84..90 => {
                let kill = self.rng.u32(..3) == 0;
                let after = self.rng.u64(5..250);
                self.sync(kill.then_some(after)).await;
            }
            90..94 => match self.serving.take() {
                None => {
                    self.serving = Some(self.world.serve().await);
                    self.tell("serve".to_owned());
                }
                Some(serving) if self.rng.bool() => {
                    serving.crash();
                    self.tell("serve is killed".to_owned());
                }
                Some(serving) => {
                    let (code, log) = serving.stop().await;
                    tells_nothing(&self.world, &log);
                    assert_eq!(code, 0, "{}\n{log}", self.story());
                    self.tell("serve is stopped".to_owned());
                }
            },
            _ => tokio::time::sleep(Duration::from_millis(self.rng.u64(50..400))).await,
        }
        self.note_inactive();
    }

    fn note_inactive(&mut self) {
        for id in self.world.town.bamboohr.ids() {
            if self.hr(&id, "status") != "Active" {
                self.ever_inactive.insert(id);
            }
        }
    }

    /// Somebody in JumpCloud's console.
    fn hand(&mut self, id: &str) {
        let it = self.world.town.jumpcloud.clone();
        let accounts = self.accounts();
        let Some(account) = accounts.get(id).and_then(|accounts| accounts.first()) else { return };
        let (account, groups) = (account["_id"].as_str().expect("an id").to_owned(), it.groups());
        match self.rng.u32(..8) {
            0..3 => {
                let badge = self.rng.u32(..1000).to_string();
                let user = it.user(&account).expect("it is there");
                let mut attributes = user["attributes"].as_array().cloned().unwrap_or_default();
                attributes.retain(|attribute| attribute["name"] != "badge");
                attributes.push(json!({ "name": "badge", "value": badge }));
                let phones = json!([{ "type": "work_fax", "number": badge }]);
                it.edit_user(&account, json!({ "attributes": attributes, "phoneNumbers": phones }));
                self.badges.insert(account, badge);
                self.tell(format!("a badge for {id}"));
            }
            3 => {
                it.suspend_by_hand(&account);
                self.state_by_hand.insert(id.to_owned());
                self.tell(format!("{id} is suspended by hand"));
            }
            4 => {
                // Only who has no reports: whose manager is gone is a story of its own.
                it.delete_user(&account);
                self.deleted_by_hand.insert(id.to_owned());
                self.badges.remove(&account);
                self.chess.remove(&account);
                self.tell(format!("{id}'s account is deleted by hand"));
            }
            5 => {
                it.add_member("Chess", &account);
                self.chess.insert(account);
                self.tell(format!("{id} plays chess"));
            }
            _ => {
                let ours: Vec<&Value> = groups.iter().filter(|group| group["name"] != "Chess").collect();
                let ours: Vec<&str> = ours
                    .iter()
                    .filter_map(|group| group["name"].as_str())
                    .filter(|name| *name != "All Users")
                    .collect();
                if !ours.is_empty() {
                    let group = ours[self.rng.usize(..ours.len())];
                    if self.rng.bool() {
                        it.add_member(group, &account);
                    } else {
                        it.remove_member(group, &account);
                    }
                    self.tell(format!("{id} in or out of {group} by hand"));
                }
            }
        }
    }

    fn fault(&mut self) {
        let answer = |status: u16, body: &str| Trouble::Answer { status, headers: Vec::new(), body: body.to_owned() };
        let trouble = match self.rng.u32(..7) {
            0 => answer(429, ""),
            1 => answer(500, ""),
            2 => answer(503, ""),
            3 => Trouble::LostAnswer,
            4 => answer(200, "<html>"),
            5 => Trouble::Cut(self.rng.usize(..60)),
            _ => Trouble::Slow(Duration::from_millis(200)),
        };
        let to_hr = self.rng.u32(..3) == 0;
        let after = self.rng.usize(..6);
        let method = if to_hr || self.rng.bool() { None } else { Some(Method::POST) };
        let fault = Fault { method, path: String::new(), after, times: 1, trouble };
        self.tell(format!("to {}: {fault:?}", if to_hr { "HR" } else { "IT" }));
        let town = &self.world.town;
        if to_hr { town.bamboohr.traffic().fail(fault) } else { town.jumpcloud.traffic().fail(fault) }
    }

    /// `hirewire sync`, killed after so many milliseconds.
    async fn sync(&mut self, kill: Option<u64>) {
        match kill {
            None => {
                let run = self.world.hirewire(&["sync"]).await;
                tells_nothing(&self.world, &run.err);
                assert!([0, 1, 3].contains(&run.code), "{}\n{run:?}", self.story());
                self.tell(format!("sync: {}", run.code));
            }
            Some(after) => {
                let mut command = self.world.command(&["sync"]);
                let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
                let mut child = child.expect("hirewire starts");
                tokio::time::sleep(Duration::from_millis(after)).await;
                let _ = child.kill();
                child.wait().expect("a killed child ends");
                self.tell(format!("sync, killed after {after} ms"));
            }
        }
    }

    /// Nothing goes wrong any more; `sync` until it changes nothing.
    async fn heal(&mut self) {
        if let Some(serving) = self.serving.take() {
            let (code, log) = serving.stop().await;
            assert_eq!(code, 0, "{}\n{log}", self.story());
        }
        let town = self.world.town.clone();
        town.bamboohr.traffic().heal();
        town.jumpcloud.traffic().heal();
        town.bamboohr.switch(|switches| switches.hidden_fields.clear());
        // Everybody who was hired has begun, and whoever was to end by then is said to have ended.
        town.clock.advance(9 * 86_400);
        town.bamboohr.tick();
        self.note_inactive();
        let mut last = None;
        for _ in 0..SYNCS {
            town.clock.advance(400);
            self.world.hirewire(&["replay"]).await;
            self.world.forget_calls();
            let run = self.world.hirewire(&["--format", "json", "sync"]).await;
            tells_nothing(&self.world, &run.err);
            let quiet = town.jumpcloud.writes() == 0 && run.json()["waiting"] == 0 && run.json()["failed"] == 0;
            last = Some(run);
            if quiet {
                return;
            }
        }
        let plan = self.world.hirewire(&["plan"]).await.out;
        panic!("{}\n{plan}\nit does not come to rest: {:?}\n{last:?}", self.story(), changes(&self.world));
    }

    /// The oracle.
    async fn judge(&self) {
        let it = &self.world.town.jumpcloud;
        let records = self.world.hirewire(&["--format", "json", "records"]).await.out;
        let accounts = self.accounts();
        let users = it.users();
        let by_email: BTreeMap<String, &Value> =
            users.iter().map(|user| (text(user, "email").to_lowercase(), user)).collect();
        let ids = self.world.town.bamboohr.ids();
        let fail = |id: &str, what: &str| -> ! {
            let account = accounts.get(id);
            panic!("{}\nacme:{id}: {what}\n{account:?}\n{records}", self.story())
        };
        for (id, accounts) in &accounts {
            if accounts.len() != 1 {
                fail(id, "has several accounts");
            }
        }
        for id in &ids {
            let active = self.hr(id, "status") == "Active";
            let wanted = self.hr(id, "workEmail").to_lowercase();
            let shared = ids.iter().filter(|other| self.hr(other, "workEmail").to_lowercase() == wanted).count() > 1;
            let account = accounts.get(id).map(|accounts| &accounts[0]);
            let Some(account) = account else {
                // Somebody who has it already is for a person to sort out.
                let held = by_email.contains_key(&wanted) || self.deleted_by_hand.contains(id);
                let excused = !active || wanted.is_empty() || shared || held;
                if !excused {
                    fail(id, &format!("has no account, and nobody has {wanted}"));
                }
                continue;
            };
            let state = text(account, "state");
            let mine = text(account, "_id");
            let groups: BTreeSet<String> = it.groups_of(&mine).into_iter().filter(|name| name != "Chess").collect();
            if self.deleted_by_hand.contains(id) {
                continue;
            }
            if !active {
                if state != "SUSPENDED" && !self.state_by_hand.contains(id) {
                    fail(id, "has left and is not suspended");
                }
                if !groups.is_empty() {
                    fail(id, &format!("has left and is in {groups:?}"));
                }
                continue;
            }
            if state != "ACTIVATED" && !self.state_by_hand.contains(id) {
                fail(id, &format!("is Active in HR and {state}"));
            }
            if wanted.is_empty() {
                continue;
            }
            let department = self.hr(id, "department");
            let ruled = BTreeSet::from(["All staff".to_owned(), format!("Dept {department}")]);
            if groups != ruled {
                fail(id, &format!("is in {groups:?}, not {ruled:?}"));
            }
            for (field, value) in [
                ("firstname", self.hr(id, "firstName")),
                ("lastname", self.hr(id, "lastName")),
                ("jobTitle", self.hr(id, "jobTitle")),
                ("department", department),
                ("employeeIdentifier", self.hr(id, "employeeNumber")),
                ("displayname", format!("{} {}", self.hr(id, "firstName"), self.hr(id, "lastName"))),
            ] {
                if text(account, field) != value {
                    fail(id, &format!("{field} is {:?}, not {value:?}", text(account, field)));
                }
            }
            let taken = by_email.get(&wanted).is_some_and(|user| text(user, "_id") != mine);
            if text(account, "email").to_lowercase() != wanted && !taken {
                fail(id, &format!("the e-mail is not {wanted}"));
            }
            let manager = self.hr(id, "supervisorEId");
            let managers = accounts.get(&manager).filter(|_| manager != *id && ids.contains(&manager));
            let managers = managers.filter(|_| !self.deleted_by_hand.contains(&manager));
            if let Some(managers) = managers
                && text(account, "manager") != text(&managers[0], "_id")
            {
                fail(id, &format!("the manager is not {manager}"));
            }
        }
        // Whose record HR deleted keeps access, unless it was taken before.
        for (id, accounts) in accounts.iter().filter(|(id, _)| !ids.contains(id)) {
            let excused = self.state_by_hand.contains(id) || self.ever_inactive.contains(id);
            if text(&accounts[0], "state") != "ACTIVATED" && !excused {
                fail(id, "was deleted in HR and lost access");
            }
        }
        // What is not ours.
        for (id, badge) in &self.badges {
            let user = it.user(id).unwrap_or_else(|| panic!("{}\n{id} is gone", self.story()));
            assert_eq!(attribute(&user, "badge").as_ref(), Some(badge), "{}", self.story());
            let phones = user["phoneNumbers"].as_array().cloned().unwrap_or_default();
            assert!(phones.iter().any(|phone| phone["number"] == **badge), "{}\n{user}", self.story());
        }
        for id in &self.chess {
            assert!(it.groups_of(id).contains(&"Chess".to_owned()), "{}\n{id} plays no chess", self.story());
        }
        for (id, before) in &self.foreign {
            assert_eq!(it.user(id).as_ref(), Some(before), "{}", self.story());
        }
        let names: Vec<String> = it.groups().iter().map(|group| text(group, "name")).collect();
        let once: BTreeSet<&String> = names.iter().collect();
        assert_eq!(once.len(), names.len(), "{}\n{names:?}", self.story());
    }
}

/// What went over the wire to JumpCloud, but for lists.
fn changes(world: &World) -> Vec<String> {
    let exchanges = world.town.jumpcloud.traffic().exchanges();
    let changing = exchanges.iter().filter(|exchange| exchange.method != Method::GET);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    changing.map(|e| format!("{} {} {} -> {} {}", e.method, e.path, said(&e.body), e.status, said(&e.answer))).collect()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn attribute(user: &Value, name: &str) -> Option<String> {
    let attributes = user["attributes"].as_array()?;
    let found = attributes.iter().find(|attribute| attribute["name"] == name)?;
    Some(text(found, "value"))
}

async fn live(seed: u64) {
    let mut life = Life::new(seed).await;
    if life.rng.bool() {
        life.sync(None).await;
    }
    for _ in 0..STEPS {
        life.step().await;
    }
    life.heal().await;
    life.judge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_worlds_end_as_hr_says() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match (number("HIREWIRE_SEED"), number("HIREWIRE_WORLDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(more)) => ALWAYS.into_iter().chain(1000..1000 + more).collect(),
        (None, None) => fewer(ALWAYS, 3),
    };
    let worlds = seeds.into_iter().map(|seed| async move { (seed, tokio::spawn(live(seed)).await) });
    let ended: Vec<_> = iter(worlds).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<u64> = ended.iter().filter(|(_, end)| end.is_err()).map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "HIREWIRE_SEED={failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_swap_e_mails_come_to_rest() {
    let world = crate::safety::staffed(4).await;
    world.town.bamboohr.set("3", "workEmail", &*email(4));
    world.town.bamboohr.set("4", "workEmail", &*email(3));
    crate::safety::quiet(&world, &["sync"]).await;
    for _ in 0..2 {
        world.forget_calls();
        let plan = world.hirewire(&["plan"]).await;
        let run = crate::safety::quiet(&world, &["sync"]).await;
        assert_eq!(world.town.jumpcloud.writes(), 0, "{}\n{}\n{:?}", plan.out, run.out, changes(&world));
    }
    let records = world.hirewire(&["records"]).await.out;
    assert!(records.contains("email is left as it is"), "{records}");
}
