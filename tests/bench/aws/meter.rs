//! A meter between the functions and the emulator: counts calls as AWS bills them, and how long the emulator took.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::{AddAssign, Sub};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Broken;

/// One read unit is so many bytes, read as they are now.
const READ_UNIT: f64 = 4_096.0;
/// One write unit is so many bytes.
const WRITE_UNIT: f64 = 1_024.0;
/// What the two indexes are found by; both hold keys only (`infra/template.yaml`).
const INDEXES: [&[&str]; 2] = [&["account"], &["due", "next_change"]];

/// What AWS bills.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bill {
    /// Of DynamoDB, in read units.
    pub reads: f64,
    /// Of DynamoDB, in write units.
    pub writes: f64,
    /// Calls of DynamoDB.
    pub store: f64,
    /// Calls of SQS.
    pub queue: f64,
    /// Calls of Secrets Manager.
    pub secrets: f64,
    /// What was written into DynamoDB, in bytes.
    pub bytes: f64,
}

impl AddAssign for Bill {
    fn add_assign(&mut self, other: Bill) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.store += other.store;
        self.queue += other.queue;
        self.secrets += other.secrets;
        self.bytes += other.bytes;
    }
}

impl Sub for Bill {
    type Output = Bill;

    fn sub(self, other: Bill) -> Bill {
        let mut left = self;
        left += other.times(-1.0);
        left
    }
}

impl Bill {
    /// So many times as much.
    pub fn times(self, count: f64) -> Bill {
        Bill {
            reads: self.reads * count,
            writes: self.writes * count,
            store: self.store * count,
            queue: self.queue * count,
            secrets: self.secrets * count,
            bytes: self.bytes * count,
        }
    }
}

#[derive(Default)]
struct Counted {
    bill: Bill,
    spans: Vec<(Instant, Instant)>,
}

/// A meter that runs.
pub struct Meter {
    /// Where to call instead of the emulator.
    pub endpoint: String,
    counted: Arc<Mutex<Counted>>,
    weighing: Arc<AtomicBool>,
}

impl Meter {
    /// In front of `emulator`.
    pub fn start(emulator: &str) -> Result<Meter, Broken> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(|error| error.to_string())?);
        let emulator = emulator.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let (counted, weighing) = (Arc::<Mutex<Counted>>::default(), Arc::new(AtomicBool::new(true)));
        let (told, weighs) = (Arc::clone(&counted), Arc::clone(&weighing));
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let (emulator, told, weighs) = (emulator.clone(), Arc::clone(&told), Arc::clone(&weighs));
                // Ends with the caller's connection.
                thread::spawn(move || serve(caller, &emulator, &told, &weighs));
            }
        });
        Ok(Meter { endpoint, counted, weighing })
    }

    /// Whether items are weighed: the emulator is then asked for each item before and after a write, which takes time.
    pub fn weigh(&self, weigh: bool) {
        self.weighing.store(weigh, Ordering::SeqCst);
    }

    /// What was billed since the start.
    pub fn bill(&self) -> Bill {
        self.counted.lock().expect("no panic").bill
    }

    /// How long the emulator was at work for us in between; calls side by side count once.
    pub fn busy(&self, from: Instant, to: Instant) -> Duration {
        let mut spans: Vec<(Instant, Instant)> = self.counted.lock().expect("no panic").spans.clone();
        spans.retain(|(began, ended)| *ended > from && *began < to);
        spans.sort();
        let (mut busy, mut until) = (Duration::ZERO, from);
        for (began, ended) in spans {
            busy += ended.min(to).saturating_duration_since(began.max(until));
            until = until.max(ended);
        }
        busy
    }

    /// Forgets when calls were made.
    pub fn forget_times(&self) {
        self.counted.lock().expect("no panic").spans.clear();
    }
}

struct Message {
    head: String,
    body: Vec<u8>,
}

/// One HTTP message; `None` at the end of a connection.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Message>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let end = line == "\r\n";
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        head += &line;
        if end {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            return Ok(Some(Message { head, body }));
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)))
        .map(|(_, v)| v.trim())
}

fn serve(caller: TcpStream, emulator: &str, told: &Mutex<Counted>, weighs: &AtomicBool) -> std::io::Result<()> {
    caller.set_nodelay(true)?;
    let service = TcpStream::connect(emulator)?;
    service.set_nodelay(true)?;
    let (mut from_caller, mut to_caller) = (BufReader::new(caller.try_clone()?), caller);
    let mut line = Line { from: BufReader::new(service.try_clone()?), to: service };
    while let Some(asked) = read(&mut from_caller)? {
        let target = header(&asked.head, "x-amz-target").unwrap_or_default().to_owned();
        let action = target.rsplit('.').next().unwrap_or_default().to_owned();
        let weigh = target.starts_with("DynamoDB") && weighs.load(Ordering::SeqCst);
        let body = if weigh { serde_json::from_slice(&asked.body).unwrap_or_default() } else { Value::Null };
        let before = if weigh { line.items(&asked.head, &action, &body)? } else { Vec::new() };
        let began = Instant::now();
        let Some(answer) = line.exchange(&asked)? else { return Ok(()) };
        let ended = Instant::now();
        let mut bill = Bill::default();
        match target.split('.').next().unwrap_or_default() {
            "AmazonSQS" => bill.queue = 1.0,
            "secretsmanager" => bill.secrets = 1.0,
            _ => bill.store = 1.0,
        }
        if weigh {
            let after = line.items(&asked.head, &action, &body)?;
            let said = match body.get("ProjectionExpression") {
                // Billed is what was looked at, not what was shown of it.
                Some(_) => line.whole(&asked.head, &body)?,
                None => serde_json::from_slice(&answer.body).unwrap_or_default(),
            };
            bill += weight(&action, &body, &said, &before, &after);
        }
        {
            let mut told = told.lock().expect("no panic");
            told.bill += bill;
            told.spans.push((began, ended));
        }
        to_caller.write_all(answer.head.as_bytes())?;
        to_caller.write_all(&answer.body)?;
    }
    Ok(())
}

/// A connection to the emulator.
struct Line {
    from: BufReader<TcpStream>,
    to: TcpStream,
}

impl Line {
    fn exchange(&mut self, asked: &Message) -> std::io::Result<Option<Message>> {
        let mut whole = asked.head.clone().into_bytes();
        whole.extend_from_slice(&asked.body);
        self.to.write_all(&whole)?;
        read(&mut self.from)
    }

    /// A call of our own, in the name of whoever made `head`.
    fn ask(&mut self, head: &str, action: &str, body: &Value) -> std::io::Result<Value> {
        let body = body.to_string().into_bytes();
        let authorization = header(head, "authorization").unwrap_or_default();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\nx-amz-target: DynamoDB_20120810.{action}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = self.exchange(&Message { head, body })?;
        Ok(answer.and_then(|answer| serde_json::from_slice(&answer.body).ok()).unwrap_or_default())
    }

    /// The items that a call is about to write, as they are now.
    fn items(&mut self, head: &str, action: &str, body: &Value) -> std::io::Result<Vec<Value>> {
        let mut items = Vec::new();
        for (table, item) in written(action, body) {
            let key = json!({ "pk": item["pk"], "sk": item["sk"] });
            let get = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
            items.push(self.ask(head, "GetItem", &get)?["Item"].take());
        }
        Ok(items)
    }

    /// A query's answer with everything in it.
    fn whole(&mut self, head: &str, body: &Value) -> std::io::Result<Value> {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            for field in ["ProjectionExpression", "FilterExpression", "ExpressionAttributeNames"] {
                fields.remove(field);
            }
        }
        self.ask(head, "Query", &body)
    }
}

/// Which items a call writes: their tables, and what has at least their keys.
fn written(action: &str, body: &Value) -> Vec<(Value, Value)> {
    let one = |what: &Value| {
        let item = if what["Item"].is_null() { &what["Key"] } else { &what["Item"] };
        (what["TableName"].clone(), item.clone())
    };
    match action {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![one(body)],
        "TransactWriteItems" => {
            let writes = body["TransactItems"].as_array().cloned().unwrap_or_default();
            writes.iter().filter_map(|write| write.as_object()?.values().next().map(one)).collect()
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().cloned().unwrap_or_default();
            let each = tables.iter().flat_map(|(table, writes)| {
                let writes = writes.as_array().cloned().unwrap_or_default();
                writes.into_iter().map(move |write| {
                    let put = &write["PutRequest"]["Item"];
                    (json!(table), if put.is_null() { write["DeleteRequest"]["Key"].clone() } else { put.clone() })
                })
            });
            each.collect()
        }
        _ => Vec::new(),
    }
}

/// What one call of DynamoDB is billed. Conditions that do not hold are billed as if they had.
fn weight(action: &str, body: &Value, said: &Value, before: &[Value], after: &[Value]) -> Bill {
    let mut bill = Bill::default();
    let all =
        |items: &Value| items.as_array().map(|items| items.iter().map(size).collect::<Vec<f64>>()).unwrap_or_default();
    let price = if body["ConsistentRead"] == json!(true) { 1.0 } else { 0.5 };
    let units = |bytes: f64| (bytes / READ_UNIT).ceil().max(1.0);
    match action {
        "GetItem" => bill.reads = units(size(&said["Item"])) * price,
        "Query" => bill.reads = units(all(&said["Items"]).iter().sum()) * price,
        "BatchGetItem" => {
            for (table, wish) in body["RequestItems"].as_object().into_iter().flatten() {
                let price = if wish["ConsistentRead"] == json!(true) { 1.0 } else { 0.5 };
                let found = all(&said["Responses"][table]);
                let missing = wish["Keys"].as_array().map_or(0, Vec::len).saturating_sub(found.len());
                bill.reads += price * (found.into_iter().map(units).sum::<f64>() + missing as f64);
            }
        }
        _ => {}
    }
    let twice = if action == "TransactWriteItems" { 2.0 } else { 1.0 };
    for (before, after) in before.iter().zip(after) {
        bill.writes += twice * (size(before).max(size(after)) / WRITE_UNIT).ceil().max(1.0);
        bill.bytes += size(after);
        for index in INDEXES {
            let entry =
                |item: &Value| -> Option<Vec<Value>> { index.iter().map(|key| item.get(*key).cloned()).collect() };
            bill.writes += match (entry(before), entry(after)) {
                (None, None) => 0.0,
                (Some(old), Some(new)) if old == new => 0.0,
                (Some(_), Some(_)) => 2.0,
                (Some(_), None) | (None, Some(_)) => 1.0,
            };
        }
    }
    bill
}

/// An item's size as DynamoDB counts it: names, and values by their kind.
fn size(item: &Value) -> f64 {
    item.as_object().into_iter().flatten().map(|(name, value)| name.len() as f64 + value_size(value)).sum()
}

fn value_size(value: &Value) -> f64 {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0.0 };
    let text = |value: &Value| value.as_str().map_or(0.0, |text| text.len() as f64);
    match kind.as_str() {
        "S" => text(value),
        // Two digits a byte, and one more.
        "N" => (text(value) / 2.0).ceil() + 1.0,
        "B" => text(value) * 0.75,
        "SS" => value.as_array().into_iter().flatten().map(text).sum(),
        "L" => 3.0 + value.as_array().into_iter().flatten().map(|value| 1.0 + value_size(value)).sum::<f64>(),
        "M" => {
            let fields = value.as_object().into_iter().flatten();
            3.0 + fields.map(|(name, value)| 1.0 + name.len() as f64 + value_size(value)).sum::<f64>()
        }
        _ => 1.0,
    }
}
