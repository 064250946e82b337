//! What is measured: each a thing that happens in a company, from its cause to the last call that it causes.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::Broken;
use crate::arguments::Setting;
use crate::calls::Calls;
use crate::child::{Hirewire, Used};
use crate::stage::Stage;

/// How often the counts are looked at while something happens.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long one thing may take: the largest company at 50 ms takes ten minutes.
const DEADLINE: Duration = Duration::from_secs(3_600);
/// How often `serve` polls, in simulated seconds.
const POLL_EVERY: i64 = 60;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Everyone, for the first time.
    FirstSync,
    /// Everyone again, and nothing is different.
    SyncAgain,
    /// One poll, and nothing is different.
    IdlePoll,
    /// One person moves to another department; HR tells by webhook.
    MovedByWebhook,
    /// One person has a new title; the next poll finds it.
    OneByPoll,
    /// So many people have a new title; the next poll finds them.
    ManyByPoll(usize),
}

/// What it cost.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// What happened.
    pub what: What,
    /// Calls to the vendors.
    pub calls: Calls,
    /// How long it took.
    pub took: Duration,
    /// What the process had used by then, its start included.
    pub used: Used,
}

/// Everything measured of one company.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which.
    pub setting: Setting,
    /// How many of its people shall have an account.
    pub members: usize,
    /// In the order of things.
    pub measures: Vec<Measure>,
}

impl Run {
    /// The measure of one thing.
    pub fn of(&self, what: What) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.what == what)
    }
}

/// What a process holds that has next to nothing to do: a first sync of one person.
pub async fn baseline(binary: &Path) -> Result<u64, Broken> {
    let setting = Setting { people: 1, latency: Duration::ZERO, in_flight: 8 };
    let stage = Stage::set(binary, setting).await?;
    Ok(sync(&stage, What::FirstSync).await?.used.peak)
}

/// Lets everything happen in one company; `tell` hears of each thing at once.
pub async fn all(stage: &Stage, tell: &mut dyn FnMut(&Measure)) -> Result<Run, Broken> {
    let mut measures = Vec::new();
    let mut keep = |measure: Measure| {
        tell(&measure);
        measures.push(measure);
    };
    keep(sync(stage, What::FirstSync).await?);
    stage.town.clock.advance(POLL_EVERY);
    keep(sync(stage, What::SyncAgain).await?);

    keep(by_poll(stage, What::IdlePoll, &[]).await?);
    let [first, second, third, ..] = &stage.here[..] else { return Err("a company of at least three".to_owned()) };
    keep(by_webhook(stage, first, second).await?);
    keep(by_poll(stage, What::OneByPoll, std::slice::from_ref(third)).await?);
    let hundredth = (stage.setting.people / 100).max(1);
    let spread = stage.here.iter().skip(3).step_by(stage.here.len() / hundredth);
    let many: Vec<String> = spread.take(hundredth).cloned().collect();
    keep(by_poll(stage, What::ManyByPoll(many.len()), &many).await?);
    Ok(Run { setting: stage.setting, members: stage.members.len(), measures })
}

async fn sync(stage: &Stage, what: What) -> Result<Measure, Broken> {
    Calls::forget(&stage.town);
    let ended = Hirewire::start(&stage.binary, &stage.town, &["sync"])?.end().await?;
    Ok(Measure { what, calls: Calls::of(&stage.town), took: ended.took, used: ended.used })
}

/// People have a new title, HR's webhook is lost, and `serve` polls once.
async fn by_poll(stage: &Stage, what: What, people: &[String]) -> Result<Measure, Broken> {
    let serve = serve(stage).await?;
    for id in people {
        stage.town.bamboohr.set(id, "jobTitle", "Astronaut");
    }
    stage.town.bamboohr.edit_pending(Vec::clear);
    Calls::forget(&stage.town);
    let start = Instant::now();
    stage.town.clock.advance(POLL_EVERY);
    let measure = serve.watch(stage, what, start).await?;
    for id in people {
        arrived(stage, id, "jobTitle")?;
    }
    Ok(measure)
}

/// One person moves to another department, and HR tells.
async fn by_webhook(stage: &Stage, first: &str, second: &str) -> Result<Measure, Broken> {
    let serve = serve(stage).await?;
    // Once an hour HR's list of locations is read again. That belongs to the hour, not to the person: somebody else
    // changes first.
    stage.town.bamboohr.set(first, "jobTitle", "Cosmonaut");
    let start = Instant::now();
    stage.town.bamboohr.deliver_webhooks().await;
    settled(stage, start).await?;
    arrived(stage, first, "jobTitle")?;

    let department = stage.town.bamboohr.get(second, "department");
    let other = if department.as_deref() == Some("Legal") { "Finance" } else { "Legal" };
    stage.town.bamboohr.set(second, "department", other);
    Calls::forget(&stage.town);
    let start = Instant::now();
    stage.town.bamboohr.deliver_webhooks().await;
    let measure = serve.watch(stage, What::MovedByWebhook, start).await?;
    arrived(stage, second, "department")?;
    Ok(measure)
}

/// A running `serve` that has polled once, and then nothing.
struct Serve(Hirewire);

async fn serve(stage: &Stage) -> Result<Serve, Broken> {
    // What happened before is behind the cursor's overlap.
    stage.town.clock.advance(10 * POLL_EVERY);
    Calls::forget(&stage.town);
    let start = Instant::now();
    let every = POLL_EVERY.to_string();
    let arguments = ["serve", "--listen", &stage.address, "--poll-every", &every];
    let mut hirewire = Hirewire::start(&stage.binary, &stage.town, &arguments)?;
    settled(stage, start).await?;
    hirewire.is_there()?;
    Ok(Serve(hirewire))
}

impl Serve {
    /// Waits until all is done, and stops it.
    async fn watch(self, stage: &Stage, what: What, start: Instant) -> Result<Measure, Broken> {
        let took = settled(stage, start).await?;
        let (calls, used) = (Calls::of(&stage.town), self.0.used());
        self.0.stop().await?;
        Ok(Measure { what, calls, took, used })
    }
}

/// Waits for a call, and then until no more come; how long it took until the last one was answered.
async fn settled(stage: &Stage, start: Instant) -> Result<Duration, Broken> {
    let (mut known, mut last) = (0, None::<Instant>);
    loop {
        let calls = stage.town.bamboohr.traffic().total() + stage.town.jumpcloud.traffic().total();
        if calls != known {
            known = calls;
            last = Some(Instant::now());
        }
        match last {
            Some(last) if last.elapsed() > stage.quiet() => return Ok(last - start + stage.setting.latency),
            _ if start.elapsed() > DEADLINE => return Err("nothing came to an end within an hour".to_owned()),
            _ => sleep(LOOK_EVERY).await,
        }
    }
}

/// What HR says has to be in JumpCloud now, or else the figures are about nothing.
fn arrived(stage: &Stage, id: &str, field: &str) -> Result<(), Broken> {
    let hr = |field| stage.town.bamboohr.get(id, field);
    let account = hr("workEmail").and_then(|email| stage.town.jumpcloud.user(&email.to_lowercase()));
    let there = account.as_ref().and_then(|account| account[field].as_str());
    if there == hr(field).as_deref() {
        Ok(())
    } else {
        Err(format!("employee {id}: {field} did not come to JumpCloud"))
    }
}
