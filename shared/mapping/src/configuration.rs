//! `hirewire.toml`: read, checked, and turned into rules.
//!
//! Everything is checked here, before anything is contacted: unknown keys, wrong types, impossible combinations.
//! Each fault knows its place in the file and what to do.
//!
//! Here is what a configuration is. `file` is how it is written, and beside it how that is checked.

pub mod defaults;
mod file;

use std::ops::Range;
use std::sync::Arc;

use self::file::FileShape;
use crate::employee::ConnectionName;
use crate::rules::Rules;
use crate::schedule::Schedule;

/// The largest file, in bytes.
pub const FILE_LIMIT: usize = 1 << 20;
/// The most connections in one file.
pub const CONNECTIONS_LIMIT: usize = 50;
/// How many people are worked on at once unless the file says otherwise.
pub const IN_FLIGHT: usize = 8;
/// The most days before the start on which an account is made.
pub const CREATE_DAYS_LIMIT: i64 = 366;
/// The most days after which a leaver's account is deleted: ten years, as long as any law wants evidence kept.
pub const DELETE_DAYS_LIMIT: i64 = 3660;
/// The most people that a brake lets pass in 24 hours; more than this is no brake.
pub const BRAKE_LIMIT: i64 = 10_000;
/// The most people worked on at once: JumpCloud publishes no limit, and a flood is answered with 429 or a block.
pub const IN_FLIGHT_LIMIT: usize = 64;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Where a secret is kept; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// `env:NAME`
    Environment(String),
    /// `file:PATH`
    File(String),
    /// `secret:NAME`, in AWS Secrets Manager.
    Manager(String),
}

/// Where what is known and what is to be done are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HomeRef {
    /// `store = "sqlite:PATH"`: a file of this machine holds both.
    Machine(String),
    /// `store = "dynamodb:NAME"` and `queue = "sqs:NAME"`.
    Aws {
        /// The tables are `NAME-state` and `NAME-log`.
        tables: String,
        /// The queues are `NAME.fifo` and, for what was given up, `NAME-dead.fifo`.
        queue: String,
    },
}

impl HomeRef {
    /// Reads the two settings, as they stand in `hirewire.toml` and in a function's environment.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn parse(store: &str, queue: Option<&str>) -> Result<HomeRef, (&'static str, &'static str)> {
        match (store.split_once(':'), queue.map(|queue| queue.split_once(':'))) {
            (Some(("sqlite", path)), None) if !path.is_empty() => Ok(HomeRef::Machine(path.to_owned())),
            (Some(("sqlite", _)), Some(_)) => {
                Err(("a file of one machine is its own queue", "remove `queue`, or write store = \"dynamodb:NAME\""))
            }
            (Some(("dynamodb", tables)), Some(Some(("sqs", queue)))) if is_aws_name(tables) && is_aws_name(queue) => {
                Ok(HomeRef::Aws { tables: tables.to_owned(), queue: queue.to_owned() })
            }
            (Some(("dynamodb", tables)), _) if is_aws_name(tables) => Err((
                "a store on AWS needs a queue on AWS",
                "write queue = \"sqs:NAME\" beside it; `sam deploy` prints both lines",
            )),
            _ => Err(("this store is not known", "write sqlite:PATH, or dynamodb:NAME with queue = \"sqs:NAME\"")),
        }
    }
}

/// Names of tables and queues, with room for what is appended to them.
fn is_aws_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=60).contains(&name.len()) && name.bytes().all(plain)
}

/// JumpCloud's data regions; a key of one is refused by the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// console.jumpcloud.com
    Us,
    /// console.eu.jumpcloud.com
    Eu,
    /// console.in.jumpcloud.com
    In,
}

/// How to reach JumpCloud.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Which console.
    pub region: Region,
    /// Scheme and host instead of the region's.
    pub base_url: Option<String>,
    /// The key that writes.
    pub api_key: SecretRef,
    /// A read-only administrator's key, for everything that does not write; the other one where there is none.
    pub read_key: Option<SecretRef>,
    /// Needed by administrators of several organisations.
    pub org_id: Option<String>,
}

/// Which HR system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// BambooHR.
    BambooHr,
    /// HiBob.
    Bob,
}

/// One HR tenant: how to reach it, and its rules.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: ConnectionName,
    /// Its kind.
    pub source: SourceKind,
    /// Whom the key belongs to: at BambooHR the company's sub-domain, at HiBob the service user's id.
    pub tenant: String,
    /// Scheme and host instead of the vendor's; with a path ending in `gateway.php`, BambooHR's older prefix.
    pub base_url: Option<String>,
    /// The key that reads.
    pub api_key: SecretRef,
    /// The webhook's private key.
    pub webhook_key: Option<SecretRef>,
    /// When HR is asked who changed; each minute where nothing is said.
    pub poll: Option<Schedule>,
    /// What to do for its people.
    pub rules: Arc<Rules>,
}

/// A whole file.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where state is kept.
    pub home: HomeRef,
    /// How many people are worked on at once.
    pub in_flight: usize,
    /// JumpCloud.
    pub jumpcloud: Directory,
    /// HR tenants.
    pub connections: Vec<Connection>,
}

impl Configuration {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every fault found; at least one.
    pub fn parse(text: &str) -> Result<Configuration, Vec<Fault>> {
        if text.len() > FILE_LIMIT {
            return Err(vec![fault(0..0, "the file is larger than 1 MB", "keep lookup tables to what the rules need")]);
        }
        let file = FileShape::read(text).map_err(|fault| vec![fault])?;
        let mut faults = Vec::new();
        let configuration = file.check(&mut faults);
        match configuration {
            Some(configuration) if faults.is_empty() => Ok(configuration),
            _ => Err(faults),
        }
    }
}

fn fault(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { span, message: message.into(), help: help.into() }
}
