//! What a month on AWS costs: what was counted, times AWS's prices.

use crate::aws::meter::Bill;

/// AWS's public on-demand prices in us-east-1, in dollars, as of this date: Lambda, DynamoDB, SQS and CloudWatch as others
/// quoted them from AWS's pages between February and June 2026, the rest from memory of those pages, unchanged for years;
/// nobody's free tier is taken off.
pub const AS_OF: &str = "June 2026";
/// Lambda on arm64, a GB for a second.
const LAMBDA_SECOND: f64 = 0.0000133334;
/// Lambda, a million requests.
const LAMBDA_REQUESTS: f64 = 0.20;
/// HTTP API, a million requests.
const DOOR: f64 = 1.00;
/// SQS FIFO, a million requests.
const SQS: f64 = 0.50;
/// DynamoDB on demand, a million write units.
const WRITES: f64 = 0.625;
/// DynamoDB on demand, a million read units.
const READS: f64 = 0.125;
/// DynamoDB, a GB for a month; point-in-time recovery of it besides.
const STORAGE: f64 = 0.25 + 0.20;
/// EventBridge Scheduler, a million starts.
const STARTS: f64 = 1.00;
/// Secrets Manager, a secret for a month.
const SECRET: f64 = 0.40;
/// Secrets Manager, ten thousand calls.
const SECRET_CALLS: f64 = 0.05;
/// KMS, a key for a month.
const KEY: f64 = 1.00;
/// KMS, ten thousand calls.
const KEY_CALLS: f64 = 0.03;
/// CloudWatch, a metric for a month.
const METRIC: f64 = 0.30;
/// CloudWatch, an alarm for a month.
const ALARM: f64 = 0.10;
/// CloudWatch, a dashboard for a month.
const DASHBOARD: f64 = 3.00;
/// CloudWatch, a GB of logs taken in; that they are kept costs a fifteenth of it.
const LOGS: f64 = 0.50 + 0.03;
/// X-Ray, a million traces.
const TRACES: f64 = 5.00;

/// What the month is taken to be.
const DAYS: f64 = 30.0;
const MINUTES: f64 = DAYS * 24.0 * 60.0;
/// How many of a hundred people change on a day.
pub const CHANGED: f64 = 3.0;
/// How long a vendor takes to answer, in seconds: nothing else takes long.
pub const VENDOR: f64 = 0.25;
/// How often AWS's mapping asks an empty queue: five at a time, 20 s each.
const EMPTY: f64 = 5.0 * 3.0;
/// How often a process asks KMS: once in five minutes for each queue and table.
const KEY_CALLS_EACH_MINUTE: f64 = 4.0 / 5.0;
/// How often a process is started and reads its keys, in a day, each function.
const STARTED: f64 = 50.0;
/// What Lambda logs of each invocation by itself, in bytes.
const PLATFORM_LOG: f64 = 900.0;
/// An item's overhead in storage, in bytes.
const OVERHEAD: f64 = 100.0;
/// For how many days what was done is kept.
const KEPT: f64 = 400.0;

/// What one thing takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// At AWS.
    pub bill: Bill,
    /// Calls to both vendors.
    pub calls: f64,
    /// The functions' own time, vendors left out, in seconds.
    pub own: f64,
    /// Invocations.
    pub invocations: f64,
    /// Bytes logged.
    pub logged: f64,
}

/// Everything that was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// A webhook that changes nothing.
    pub unchanged: Effort,
    /// A webhook that changes a department: the account, a group left, a group entered.
    pub changed: Effort,
    /// A new person with two groups.
    pub first: Effort,
    /// One person of a survey that finds nothing.
    pub surveyed: Effort,
    /// A poll that finds nothing.
    pub polled: Effort,
    /// A start of the reconciler with nothing to do.
    pub idle: Effort,
    /// Metrics that were written.
    pub metrics: f64,
    /// Alarms of the template.
    pub alarms: f64,
    /// Bytes in the store for each person.
    pub record: f64,
}

/// A month of one company, in dollars.
#[derive(Clone, Copy, Debug)]
pub struct Month {
    /// Lambda, HTTP API, Scheduler.
    pub work: f64,
    /// DynamoDB.
    pub store: f64,
    /// SQS.
    pub queue: f64,
    /// Secrets Manager and KMS.
    pub keys: f64,
    /// CloudWatch and X-Ray.
    pub watching: f64,
    /// The first sync, once.
    pub first: f64,
}

impl Month {
    /// All but the first sync.
    pub fn total(&self) -> f64 {
        self.work + self.store + self.queue + self.keys + self.watching
    }
}

fn lambda(effort: &Effort, gigabytes: f64) -> f64 {
    (effort.calls * VENDOR + effort.own) * gigabytes * LAMBDA_SECOND + effort.invocations * LAMBDA_REQUESTS / 1e6
}

fn logs(effort: &Effort) -> f64 {
    (effort.logged + effort.invocations * PLATFORM_LOG) / 1e9 * LOGS + effort.invocations * TRACES / 1e6
}

/// What so many people cost.
pub fn month(people: f64, counted: &Counted) -> Month {
    let changes = people * CHANGED / 100.0 * DAYS;
    // Each change is told by webhook, and the poll tells it once more, which finds nothing to do: counted as a webhook too.
    let told = changes * 2.0;
    let things = [
        (counted.changed, changes, 0.5),
        (counted.unchanged, changes, 0.5),
        (counted.surveyed, people * DAYS, 2.0),
        (counted.polled, MINUTES, 0.5),
        (counted.idle, MINUTES / 5.0, 2.0),
    ];
    let sum = |of: &dyn Fn(&Effort, f64) -> f64| {
        things.iter().map(|(effort, count, gb)| of(effort, *gb) * count).sum::<f64>()
    };
    let first = counted.first;
    let once = |bill: &Bill| (bill.writes * WRITES + bill.reads * READS + bill.queue * SQS) / 1e6;
    let stored = people * (counted.record + OVERHEAD) + changes / DAYS * KEPT * counted.changed.bill.bytes;
    Month {
        work: sum(&lambda) + told * DOOR / 1e6 + MINUTES * 1.2 * STARTS / 1e6,
        store: sum(&|effort, _| (effort.bill.writes * WRITES + effort.bill.reads * READS) / 1e6)
            + stored / 1e9 * STORAGE,
        queue: (sum(&|effort, _| effort.bill.queue) + MINUTES * EMPTY) * SQS / 1e6,
        keys: 4.0 * SECRET
            + 4.0 * 2.0 * STARTED * DAYS * SECRET_CALLS / 1e4
            + KEY
            + (MINUTES * KEY_CALLS_EACH_MINUTE + 4.0 * 2.0 * STARTED * DAYS) * KEY_CALLS / 1e4,
        watching: counted.metrics * METRIC + counted.alarms * ALARM + DASHBOARD + sum(&|effort, _| logs(effort)),
        first: people * (lambda(&first, 0.5) + logs(&first) + once(&first.bill)),
    }
}
