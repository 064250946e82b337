//! `hirewire-bench --aws`: what the functions cost on AWS, measured on the emulator: start, memory, size, the time from a
//! webhook to JumpCloud, and everything that AWS bills. Printed as Markdown.

mod emulated;
mod function;
mod house;
mod meter;
mod prices;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::aws::Account;

use crate::Broken;
use crate::arguments::Setting;
use crate::aws::function::Function;
use crate::aws::house::{FUNCTIONS, House, Metered};
use crate::aws::meter::Bill;
use crate::aws::prices::{Counted, Effort};
use crate::calls::Calls;
use crate::stage::Stage;
use crate::words::{count, memory};

/// How often each function is started.
const STARTS: usize = 20;
/// The company.
const PEOPLE: usize = 300;
/// How many people a thing is counted for.
const SAMPLE: usize = 10;
/// Deliveries before those that count.
const WARM_UP: usize = 30;
/// Deliveries that count.
const DELIVERIES: usize = 300;
/// How often one looks whether JumpCloud was written to.
const LOOK: Duration = Duration::from_micros(200);
/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// To reach: a zipped function, in bytes.
const ZIP: u64 = 5_000_000;
/// To reach: a function's memory, in bytes.
const MEMORY: u64 = 64 * 1024 * 1024;
/// To reach: init, as a multiple of the smallest function's.
const INIT: f64 = 1.5;
/// To reach: from webhook to write, of a hundred deliveries the slowest but one.
const SLOWEST: Duration = Duration::from_millis(250);
/// The template, whose alarms are counted.
const TEMPLATE: &str = include_str!("../../infra/template.yaml");

/// What is built.
pub struct Built {
    /// Where `cargo lambda build` put the functions.
    pub functions: PathBuf,
    /// The smallest function there is.
    pub hello: PathBuf,
    /// AWS's own runtime emulator.
    pub emulator: PathBuf,
}

/// Measures everything.
pub async fn run(built: &Built) -> Result<(), Broken> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("Measured on {cores} cores, x86-64, beside the emulator and the simulators.\n");
    let inits = starts(built).await?;
    let setting = Setting { people: PEOPLE, latency: Duration::ZERO, in_flight: 8 };
    let house = House::build(Stage::set(Path::new(""), setting).await?, &built.functions).await?;
    let counted = count_all(&house).await?;
    let way = ways(&house).await?;
    sizes(built, &inits, &house)?;
    delivered(&way);
    costs(&counted);
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// Init of the smallest function, and of ours: as AWS's emulator says, and by ourselves, without what it takes to start a
/// process there. And the smallest one's memory.
struct Inits {
    hello: [Duration; 2],
    hello_peak: u64,
    ours: Vec<[Duration; 2]>,
}

/// Starts all of them in turn, so that whatever else the machine does falls on all alike.
async fn starts(built: &Built) -> Result<Inits, Broken> {
    let account = Account::open();
    let environment = house::environment(&account, &account.endpoint, None);
    let log = std::env::temp_dir().join(format!("hirewire-bench-{}.log", std::process::id()));
    // Nobody is to be found there: what becomes of the emulator's event is of no interest.
    let nowhere = house::environment(&account, "http://127.0.0.1:1", None);
    let emulated = async |binary: &Path| emulated::init(&built.emulator, binary, &nowhere, &log).await;
    let (mut hello, mut hello_peak, mut ours) = ([const { Vec::new() }; 2], 0, vec![[const { Vec::new() }; 2]; 4]);
    for _ in 0..STARTS {
        hello[0].push(emulated(&built.hello).await?);
        let function = Function::start(&built.hello, &environment, &log).await?;
        function.invoke(json!({})).await?;
        hello[1].push(function.init);
        hello_peak = function.peak().max(hello_peak);
        drop(function);
        for (name, times) in FUNCTIONS.iter().zip(&mut ours) {
            let binary = built.functions.join(name).join("bootstrap");
            times[0].push(emulated(&binary).await?);
            times[1].push(Function::start(&binary, &environment, &log).await?.init);
        }
    }
    let _ = std::fs::remove_file(&log);
    let ours = ours.into_iter().map(|times| times.map(median)).collect();
    Ok(Inits { hello: hello.map(median), hello_peak, ours })
}

/// What a thing took at AWS, at the vendors and in time, since `start`.
struct Since {
    bill: Bill,
    logged: f64,
    began: Instant,
}

impl Since {
    fn now(house: &House) -> Since {
        Calls::forget(&house.stage.town);
        Since { bill: house.bill(), logged: logged(house), began: Instant::now() }
    }

    /// For each of `count`.
    fn each(self, house: &House, mapping: Bill, invocations: usize, count: usize) -> Effort {
        let mut bill = house.bill() - self.bill;
        bill += mapping;
        let each = 1.0 / count as f64;
        Effort {
            bill: bill.times(each),
            calls: Calls::of(&house.stage.town).all() as f64 * each,
            // The emulator's share and the meter's own looks are in it: an upper bound.
            own: self.began.elapsed().as_secs_f64() * each,
            invocations: invocations as f64 * each,
            logged: (logged(house) - self.logged) * each,
        }
    }
}

fn logged(house: &House) -> f64 {
    let size = |of: &Metered| std::fs::metadata(&of.log).map_or(0, |about| about.len()) as f64;
    size(&house.webhook) + size(&house.poller) + size(&house.provisioner) + size(&house.reconciler)
}

/// Every metric that was written, each with its dimensions.
fn metrics(house: &House) -> usize {
    let logs = [&*house.webhook, &house.poller, &house.provisioner, &house.reconciler];
    let mut all = BTreeSet::new();
    for log in logs.map(|function| std::fs::read_to_string(&function.log).unwrap_or_default()) {
        for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
                for dimensions in directive["Dimensions"].as_array().into_iter().flatten() {
                    let names = dimensions.as_array().into_iter().flatten().filter_map(Value::as_str);
                    let place: Vec<String> = names.map(|name| format!("{name}={}", line[name])).collect();
                    for metric in directive["Metrics"].as_array().into_iter().flatten() {
                        all.insert((metric["Name"].to_string(), place.clone()));
                    }
                }
            }
        }
    }
    all.len()
}

/// A second passes, so that one thing is not taken for another.
fn tick(house: &House) {
    house.stage.town.clock.advance(1);
}

async fn survey(house: &House) -> Result<(), Broken> {
    // No survey is begun while one may still be running.
    house.stage.town.clock.advance(function::PATIENCE.as_secs().cast_signed() + 1);
    let report = house.reconciler.function.invoke(json!({ "now": true })).await?;
    match report["surveyed"].as_array().map(Vec::len) {
        Some(1) => Ok(()),
        _ => Err(format!("nothing was surveyed: {report}")),
    }
}

/// Lets everything happen once, and counts.
async fn count_all(house: &House) -> Result<Counted, Broken> {
    let town = &house.stage.town;
    house.poller.function.invoke(json!({})).await?;
    let since = Since::now(house);
    survey(house).await?;
    let (worked, mapping) = house.work_all().await?;
    let members = house.stage.members.len();
    let first = since.each(house, mapping, 1 + worked.div_ceil(10), members);
    let accounts = town.jumpcloud.users().len();
    if accounts != members {
        return Err(format!("{members} people, but {accounts} accounts"));
    }
    // Whoever waited for a manager is told by now; then nothing is left to find.
    survey(house).await?;
    house.work_all().await?;
    let since = Since::now(house);
    survey(house).await?;
    let (left, mapping) = house.work_all().await?;
    let surveyed = since.each(house, mapping, 1, members);
    if left > 0 {
        return Err(format!("a survey without a change asks for {left} people"));
    }
    let since = Since::now(house);
    for _ in 0..SAMPLE {
        town.clock.advance(60);
        house.poller.function.invoke(json!({})).await?;
    }
    let polled = since.each(house, Bill::default(), SAMPLE, SAMPLE);
    let since = Since::now(house);
    for _ in 0..SAMPLE {
        house.reconciler.function.invoke(json!({})).await?;
    }
    let idle = since.each(house, Bill::default(), SAMPLE, SAMPLE);

    // The first one also reads keys, rules and locations.
    by_webhook(house, &house.stage.here[..1], |id| town.bamboohr.set(id, "jobTitle", "Cosmonaut")).await?;
    let people = &house.stage.here[1..=SAMPLE];
    let changed = by_webhook(house, people, |id| {
        let other = if town.bamboohr.get(id, "department").as_deref() == Some("Legal") { "Finance" } else { "Legal" };
        town.bamboohr.set(id, "department", other);
    });
    let changed = changed.await?;
    // HR tells of more fields than the rules name.
    let unchanged =
        by_webhook(house, people, |id| town.bamboohr.set(id, "homeEmail", format!("{id}@home.example"))).await?;
    if unchanged.calls > 1.5 {
        return Err(format!("a change of nothing takes {:.1} calls", unchanged.calls));
    }
    Ok(Counted {
        unchanged,
        changed,
        first,
        surveyed,
        polled,
        idle,
        metrics: metrics(house) as f64,
        alarms: TEMPLATE.matches("Type: AWS::CloudWatch::Alarm").count() as f64,
        record: first.bill.bytes,
    })
}

/// Something happens to each of these people, and HR tells by webhook.
async fn by_webhook(house: &House, people: &[String], happens: impl Fn(&str)) -> Result<Effort, Broken> {
    let town = &house.stage.town;
    let since = Since::now(house);
    let mut mapping = Bill::default();
    for id in people {
        tick(house);
        happens(id);
        let delivered = town.bamboohr.deliver_webhooks().await;
        if delivered.is_empty() || delivered.iter().any(|one| one.status != Some(200)) {
            return Err(format!(
                "{} deliveries, and not all were taken; see {}",
                delivered.len(),
                house.webhook.log.display()
            ));
        }
        mapping += house.work_all().await?.1;
    }
    Ok(since.each(house, mapping, 2 * people.len(), people.len()))
}

/// From webhook to write: how long, and how long the emulator took of it.
struct Way {
    whole: Vec<Duration>,
    emulator: Vec<Duration>,
}

async fn ways(house: &House) -> Result<Way, Broken> {
    let town = &house.stage.town;
    house.meters().into_iter().for_each(|meter| meter.weigh(false));
    let mut way = Way { whole: Vec::new(), emulator: Vec::new() };
    for number in 0..WARM_UP + DELIVERIES {
        let id = &house.stage.here[number % house.stage.here.len()];
        tick(house);
        town.bamboohr.set(id, "jobTitle", format!("Astronaut {number}"));
        let writes = town.jumpcloud.writes();
        house.meters().into_iter().for_each(|meter| meter.forget_times());
        let from = Instant::now();
        let written = async {
            while town.jumpcloud.writes() == writes {
                if from.elapsed() > PATIENCE {
                    return Err("a delivery comes to nothing".to_owned());
                }
                tokio::time::sleep(LOOK).await;
            }
            Ok(Instant::now())
        };
        let delivered = async { Ok(town.bamboohr.deliver_webhooks().await) };
        // The batch is ended before the next delivery; what comes after the write belongs to nobody's waiting.
        let (_, to, ()) = tokio::try_join!(delivered, written, house.work_next())?;
        if number >= WARM_UP {
            way.whole.push(to - from);
            let busy = house.webhook.meter.busy(from, to) + house.provisioner.meter.busy(from, to);
            way.emulator.push(busy);
        }
    }
    Ok(way)
}

fn reached(yes: bool) -> &'static str {
    if yes { "" } else { " (falls short)" }
}

fn sizes(built: &Built, inits: &Inits, house: &House) -> Result<(), Broken> {
    println!("Init: the median of {STARTS} starts, all functions in turn.\n");
    println!("| | zip, bytes | init on AWS's emulator, ms | times hello | process to first `next`, ms | peak memory |");
    println!("|---|---|---|---|---|---|");
    let hello = zip(&built.hello)?;
    let [emulated, own] = inits.hello.map(milliseconds);
    println!("| hello | {} | {emulated} | 1 | {own} | {} |", count(hello), memory(inits.hello_peak));
    let peaks = [&*house.webhook, &house.poller, &house.provisioner, &house.reconciler].map(|one| one.function.peak());
    for ((name, init), peak) in FUNCTIONS.iter().zip(&inits.ours).zip(peaks) {
        let zip = zip(&built.functions.join(name).join("bootstrap"))?;
        let [times, alone] = [0, 1].map(|way| init[way].as_secs_f64() / inits.hello[way].as_secs_f64());
        println!(
            "| {name} | {}{} | {} | {times:.2}{} | {} ({alone:.1} times) | {}{} |",
            count(zip),
            reached(zip <= ZIP),
            milliseconds(init[0]),
            reached(times <= INIT),
            milliseconds(init[1]),
            memory(peak),
            reached(peak < MEMORY)
        );
    }
    Ok(())
}

/// How large a file is in a zip such as SAM makes.
fn zip(file: &Path) -> Result<u64, Broken> {
    const ZIP: &str = "import io, sys, zipfile\nb = io.BytesIO()\nwith zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as z: \
                       z.write(sys.argv[1], 'bootstrap')\nprint(len(b.getvalue()))";
    let said =
        Command::new("python3").args(["-c", ZIP]).arg(file).output().map_err(|error| format!("python3: {error}"))?;
    let size = String::from_utf8_lossy(&said.stdout).trim().parse();
    size.map_err(|_| format!("{} cannot be zipped: {}", file.display(), String::from_utf8_lossy(&said.stderr)))
}

fn delivered(way: &Way) {
    let percentile = |times: &[Duration], hundredth: usize| {
        let mut times = times.to_vec();
        times.sort();
        times.get((times.len() * hundredth / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    println!(
        "\n| webhook to JumpCloud write, vendors at 0 ms, {DELIVERIES} warm | p50 | p95 | p99 |\n|---|---|---|---|"
    );
    let slowest = percentile(&way.whole, 99);
    for (what, times) in
        [("from delivery to write, ms", &way.whole), ("of which in the emulator's calls, ms", &way.emulator)]
    {
        let shown = [50, 95, 99].map(|hundredth| milliseconds(percentile(times, hundredth)));
        println!("| {what} | {} |", shown.join(" | "));
    }
    println!("\np99 under {} ms{}.", SLOWEST.as_millis(), if slowest < SLOWEST { "" } else { ": falls short" });
}

fn costs(counted: &Counted) {
    println!(
        "\n| each | DynamoDB calls | read units | write units | SQS requests | secrets read | vendor calls | logged, bytes |\n\
         |---|---|---|---|---|---|---|---|"
    );
    for (what, effort) in [
        ("webhook, nothing changes", &counted.unchanged),
        ("webhook, another department: one update, one group left, one entered", &counted.changed),
        ("first sync, a person: one account, two groups", &counted.first),
        ("survey, a person, nothing changes", &counted.surveyed),
        ("poll, nothing changes", &counted.polled),
        ("reconciler started, nothing to do", &counted.idle),
    ] {
        let Bill { reads, writes, store, queue, secrets, .. } = effort.bill;
        println!(
            "| {what} | {store:.2} | {reads:.2} | {writes:.2} | {queue:.2} | {secrets:.2} | {:.2} | {:.0} |",
            effort.calls, effort.logged
        );
    }
    println!(
        "\nPrices: us-east-1, on demand, as of {}; no free tier taken off. Assumed: {} of 100 people change on a day, each \
         told by webhook and again by poll; a poll each minute; a survey each day; vendors that take {:.0} ms for a call, one \
         after the other; {} metrics and {} alarms.\n",
        prices::AS_OF,
        prices::CHANGED,
        prices::VENDOR * 1e3,
        counted.metrics,
        counted.alarms
    );
    println!(
        "| people | Lambda, HTTP API, Scheduler | DynamoDB | SQS | Secrets Manager, KMS | CloudWatch, X-Ray | a month | \
         first sync, once |\n|---|---|---|---|---|---|---|---|"
    );
    for people in [50_u32, 1_000, 10_000, 100_000] {
        let month = prices::month(f64::from(people), counted);
        let shown = [month.work, month.store, month.queue, month.keys, month.watching, month.total(), month.first];
        let shown = shown.map(|dollars| format!("${dollars:.2}"));
        println!("| {} | {} |", count(people.into()), shown.join(" | "));
    }
}
