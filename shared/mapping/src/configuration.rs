//! `hirewire.toml`: read, checked, and turned into rules.
//!
//! Everything is checked here, before anything is contacted: unknown keys, wrong types, impossible combinations.
//! Each fault knows its place in the file and what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use crate::account::GroupName;
use crate::attribute::{self, Attribute, NotAnAttribute, PLAIN};
use crate::employee::{ConnectionName, EmployeeId};
use crate::expression::{Expression, Kind, Language, Table, Tables, normalise};
use crate::rules::{
    DeletedAccount, FirstState, GroupNaming, GroupRule, LeaverRule, ManualSuspension, Rules, Scope, UsernameRule,
    UsernameSource,
};
use crate::schedule::Schedule;
use crate::username::{USERNAME_LIMIT, USERNAME_LIMIT_WINDOWS};

/// The largest file, in bytes.
pub const FILE_LIMIT: usize = 1 << 20;
/// The most connections in one file.
pub const CONNECTIONS_LIMIT: usize = 50;
/// How many people are worked on at once unless the file says otherwise.
pub const IN_FLIGHT: usize = 8;
/// The most days before the start on which an account is made.
pub const CREATE_DAYS_LIMIT: i64 = 366;
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
}

/// One HR tenant: how to reach it, and its rules.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: ConnectionName,
    /// Its kind.
    pub source: SourceKind,
    /// The company's sub-domain there.
    pub company: String,
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
        let file: FileShape = toml::from_str(text).map_err(|error| vec![syntax_fault(&error)])?;
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

/// What the TOML library says, in the words of whoever writes the file.
fn syntax_fault(error: &toml::de::Error) -> Fault {
    const WHOLE_FILE: &str = "README shows a whole file, with every key and its type";
    let said = error.message();
    let (message, help) = if let Some((wrong, known)) = quoted(said, "unknown field `") {
        (format!("there is no key `{wrong}` here"), known_help(wrong, known, "remove it, or correct it to one of"))
    } else if let Some((wrong, known)) = quoted(said, "unknown variant `") {
        (format!("there is no choice `{wrong}` here"), known_help(wrong, known, "choose one of"))
    } else if let Some((missing, _)) = quoted(said, "missing field `") {
        (format!("the key `{missing}` is missing here"), format!("add it; {WHOLE_FILE}"))
    } else if let Some((given, wanted)) = said.strip_prefix("invalid type: ").and_then(|s| s.split_once(", expected "))
    {
        let wanted = match wanted {
            "a string" => "a text between quotes",
            "a boolean" => "true or false, without quotes",
            "i64" => "a whole number, without quotes",
            "a sequence" => "a list between [ and ]",
            other => other,
        };
        (format!("{given} is of the wrong type"), format!("write {wanted}"))
    } else if said == "duplicate key" {
        ("this key is there already".to_owned(), "keep one of the two".to_owned())
    } else {
        (said.to_owned(), WHOLE_FILE.to_owned())
    };
    fault(error.span().unwrap_or(0..0), message, help)
}

/// ``unknown field `x`, expected …`` as `x` and what follows.
fn quoted<'m>(message: &'m str, start: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(start)?.split_once('`')
}

/// Every name between backticks in `known`; the one meant, where only capitals, `-` and `_` differ.
fn known_help(wrong: &str, known: &str, start: &str) -> String {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match known.iter().find(|name| plain(name) == plain(wrong)) {
        Some(meant) => format!("write `{meant}`"),
        None => format!("{start} {}", known.join(", ")),
    }
}

// The file as written: shapes only, no meaning.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    store: Spanned<String>,
    queue: Option<Spanned<String>>,
    in_flight: Option<Spanned<i64>>,
    jumpcloud: DirectoryShape,
    #[serde(default)]
    connection: Vec<Spanned<ConnectionShape>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryShape {
    #[serde(default)]
    region: RegionShape,
    base_url: Option<Spanned<String>>,
    api_key: Spanned<String>,
    read_key: Option<Spanned<String>>,
    org_id: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegionShape {
    #[default]
    Us,
    Eu,
    In,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SourceShape {
    BambooHr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionShape {
    name: Spanned<String>,
    source: SourceShape,
    company: Spanned<String>,
    base_url: Option<Spanned<String>>,
    api_key: Spanned<String>,
    webhook_key: Option<Spanned<String>>,
    poll: Option<Spanned<String>>,
    time_zone: Spanned<String>,
    #[serde(default)]
    first_state: FirstStateShape,
    create_days_before_start: Option<Spanned<i64>>,
    #[serde(default)]
    manual_suspension: ManualSuspensionShape,
    #[serde(default)]
    deleted_account: DeletedAccountShape,
    manager: Option<bool>,
    create_groups: Option<bool>,
    #[serde(default)]
    scope: ScopeShape,
    #[serde(default)]
    username: UsernameShape,
    #[serde(default)]
    leaver: LeaverShape,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, Spanned<String>>,
    attributes: Option<Branch>,
    #[serde(default)]
    lookup: BTreeMap<String, BTreeMap<Spanned<String>, String>>,
    #[serde(default)]
    group: Vec<Spanned<GroupShape>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FirstStateShape {
    #[default]
    Staged,
    Active,
    SuspendedUntilStart,
    AlwaysActive,
    AlwaysSuspended,
    AsHrSays,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ManualSuspensionShape {
    #[default]
    Respect,
    Override,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DeletedAccountShape {
    #[default]
    Leave,
    Recreate,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScopeShape {
    when: Option<Spanned<String>>,
    email_domains: Vec<Spanned<String>>,
    employees: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UsernameShape {
    from: Option<Spanned<String>>,
    max_length: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LeaverShape {
    account: Option<Spanned<LeaverAccountShape>>,
    groups: Option<LeaverGroupsShape>,
    at: Option<Spanned<String>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeaverAccountShape {
    Suspend,
    Leave,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeaverGroupsShape {
    Leave,
    Keep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupShape {
    name: Option<Spanned<String>>,
    name_from: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
}

type Branch = BTreeMap<Spanned<String>, Spanned<Node>>;

/// `phone.work = "workPhone"` is a table inside a table; this is one of either.
enum Node {
    Leaf(String),
    Branch(Branch),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an HR field or an expression, as text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Leaf(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut branch = Branch::new();
                while let Some((name, node)) = map.next_entry()? {
                    branch.insert(name, node);
                }
                Ok(Node::Branch(branch))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

const TEXT_HELP: &str = "write an HR field's name, or a CEL expression over such names that gives a text: \
                         first(preferredName, firstName) + \" \" + lastName";

/// Takes a part of the file, noting what is wrong with it.
struct Checker<'f> {
    faults: &'f mut Vec<Fault>,
}

impl Checker<'_> {
    fn refuse(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(fault(span, message, help));
    }

    fn secret(&mut self, text: &Spanned<String>) -> Option<SecretRef> {
        match text.get_ref().split_once(':') {
            Some(("env", name)) if !name.is_empty() => Some(SecretRef::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(SecretRef::File(path.to_owned())),
            Some(("secret", name)) if !name.is_empty() => Some(SecretRef::Manager(name.to_owned())),
            _ => {
                let help = "write env:NAME, file:PATH or secret:NAME; keys themselves do not belong in this file";
                self.refuse(text.span(), "this does not say where the key is kept", help);
                None
            }
        }
    }

    fn schedule(&mut self, text: &Spanned<String>, zone: TimeZone) -> Option<Schedule> {
        match Schedule::parse(text.get_ref(), zone) {
            Ok(schedule) => Some(schedule),
            Err(message) => {
                let help = "write cron's five fields, in this connection's time zone: \"* * * * *\" is each minute, \
                            \"15 * * * *\" a quarter past each hour, \"0 6-20 * * 1-5\" hourly on working days";
                self.refuse(text.span(), format!("this is not a schedule: {message}"), help);
                None
            }
        }
    }

    fn url(&mut self, text: Option<&Spanned<String>>) -> Option<String> {
        let text = text?;
        let url = text.get_ref().trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty()
            || authority.is_empty()
            || url.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '?' | '#'))
        {
            let help =
                "write scheme and host, for example \"https://console.jumpcloud.com\", without user, query or spaces";
            self.refuse(text.span(), "this is not a base URL", help);
        } else if scheme != "https" && !(scheme == "http" && is_this_machine(authority)) {
            let help = "start it with https:// (http:// is for this machine only: keys travel in every request)";
            self.refuse(text.span(), "this base URL is not safe to send a key to", help);
        }
        Some(url.to_owned())
    }

    /// A number within bounds, or the fault that it is not.
    fn number(&mut self, given: Option<&Spanned<i64>>, what: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let number = given?;
        if bounds.contains(number.get_ref()) {
            return Some(*number.get_ref());
        }
        let help = format!("write a number from {} to {}", bounds.start(), bounds.end());
        self.refuse(number.span(), format!("{} is out of range for {what}", number.get_ref()), help);
        None
    }

    fn expression(&mut self, text: &Spanned<String>, kind: Kind, language: &Language) -> Option<Expression> {
        let help = match kind {
            Kind::Text => TEXT_HELP,
            Kind::Condition => {
                "write a CEL expression over HR fields that is true or false: \
                 department == \"Sales\" && location in [\"Leeds\", \"York\"]"
            }
        };
        self.expression_or(text, kind, language, help)
    }

    fn expression_or(
        &mut self,
        text: &Spanned<String>,
        kind: Kind,
        language: &Language,
        help: &str,
    ) -> Option<Expression> {
        match Expression::parse(text.get_ref(), kind, language) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.refuse(text.span(), message, help);
                None
            }
        }
    }
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

impl FileShape {
    fn check(self, faults: &mut Vec<Fault>) -> Option<Configuration> {
        let mut checker = Checker { faults };
        let queue = self.queue.as_ref().map(|queue| queue.get_ref().as_str());
        let home = match HomeRef::parse(self.store.get_ref(), queue) {
            Ok(home) => Some(home),
            Err((message, help)) => {
                checker.refuse(self.store.span(), message, help);
                None
            }
        };
        let in_flight = checker.number(self.in_flight.as_ref(), "in_flight", 1..=IN_FLIGHT_LIMIT as i64);
        let in_flight = in_flight.map_or(IN_FLIGHT, |n| n as usize);
        let jumpcloud = self.jumpcloud.check(&mut checker);
        if self.connection.is_empty() {
            let help = "add a [[connection]] section: the HR system to read, and its rules";
            checker.refuse(0..0, "there is no connection in this file", help);
        }
        if let Some(first_too_many) = self.connection.get(CONNECTIONS_LIMIT) {
            let message = format!("more than {CONNECTIONS_LIMIT} connections");
            checker.refuse(first_too_many.span(), message, "divide them among several installations");
        }
        let mut names = BTreeSet::new();
        let mut connections = Vec::new();
        for shape in self.connection {
            let span = shape.get_ref().name.span();
            let Some(connection) = shape.into_inner().check(&mut checker) else { continue };
            if !names.insert(connection.name.clone()) {
                let help = "give each connection its own name: it is part of every link";
                checker.refuse(span, format!("the name `{}` is taken", connection.name), help);
            }
            connections.push(connection);
        }
        Some(Configuration { home: home?, in_flight, jumpcloud: jumpcloud?, connections })
    }
}

impl DirectoryShape {
    fn check(self, checker: &mut Checker<'_>) -> Option<Directory> {
        if let Some(org) = &self.org_id
            && (org.get_ref().len() != 24 || !org.get_ref().bytes().all(|b| b.is_ascii_hexdigit()))
        {
            let help = "JumpCloud shows it under Settings > Organization Profile";
            checker.refuse(org.span(), "an organisation id has 24 hexadecimal digits", help);
        }
        let region = match self.region {
            RegionShape::Us => Region::Us,
            RegionShape::Eu => Region::Eu,
            RegionShape::In => Region::In,
        };
        Some(Directory {
            region,
            base_url: checker.url(self.base_url.as_ref()),
            api_key: checker.secret(&self.api_key)?,
            read_key: self.read_key.as_ref().and_then(|key| checker.secret(key)),
            org_id: self.org_id.map(Spanned::into_inner),
        })
    }
}

impl ConnectionShape {
    fn check(self, checker: &mut Checker<'_>) -> Option<Connection> {
        let name = match ConnectionName::parse(self.name.get_ref()) {
            Ok(name) => Some(name),
            Err(error) => {
                checker.refuse(self.name.span(), error.to_string(), "for example: name = \"acme\"");
                None
            }
        };
        let company = self.company.get_ref().clone();
        if company.is_empty() || !company.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let help = "write the sub-domain only: `acme` of https://acme.bamboohr.com";
            checker.refuse(self.company.span(), "this is not a company's sub-domain", help);
        }
        let zone = match TimeZone::get(self.time_zone.get_ref()) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let help = "write an IANA name, for example America/Denver or Europe/London";
                checker.refuse(self.time_zone.span(), "there is no such time zone", help);
                None
            }
        };
        let base_url = checker.url(self.base_url.as_ref());
        let api_key = checker.secret(&self.api_key);
        let webhook_key = self.webhook_key.as_ref().and_then(|key| checker.secret(key));
        let poll = self.poll.as_ref().zip(zone.clone()).and_then(|(poll, zone)| checker.schedule(poll, zone));
        let source = match self.source {
            SourceShape::BambooHr => SourceKind::BambooHr,
        };
        // Rules are checked in any case, so that one look shows every fault.
        let rules = self.rules(name.clone(), zone, checker)?;
        Some(Connection {
            name: name?,
            source,
            company,
            base_url,
            api_key: api_key?,
            webhook_key,
            poll,
            rules: Arc::new(rules),
        })
    }

    fn rules(
        self,
        connection: Option<ConnectionName>,
        zone: Option<TimeZone>,
        checker: &mut Checker<'_>,
    ) -> Option<Rules> {
        let language = Language::new(Arc::new(tables(self.lookup, checker)));
        let first_state = match self.first_state {
            FirstStateShape::Staged => FirstState::Staged,
            FirstStateShape::Active => FirstState::Active,
            FirstStateShape::SuspendedUntilStart => FirstState::SuspendedUntilStart,
            FirstStateShape::AlwaysActive => FirstState::AlwaysActive,
            FirstStateShape::AlwaysSuspended => FirstState::AlwaysSuspended,
            FirstStateShape::AsHrSays => FirstState::AsHrSays,
        };
        let leaver = self.leaver.check(first_state, checker);
        let attributes = match self.attributes {
            Some(tree) => attributes(tree, &language, checker),
            None => default_attributes(&language),
        };
        let has_email = attributes.iter().any(|(a, _)| *a == Attribute::Email);
        let email = (!has_email).then(|| (Attribute::Email, parse_default("workEmail", &language)));
        let scope = self.scope.check(&language, checker);
        let username = self.username.check(&language, checker);
        let groups = self.group.into_iter().filter_map(|g| check_group(g, &language, checker)).collect();
        let field_names = field_names(self.fields, checker);
        let days = self.create_days_before_start.as_ref();
        let create_days_before = checker.number(days, "create_days_before_start", 0..=CREATE_DAYS_LIMIT);
        Some(Rules {
            scope,
            username,
            first_state,
            create_days_before: create_days_before.map(|days| days as u16),
            leaver,
            manual_suspension: match self.manual_suspension {
                ManualSuspensionShape::Respect => ManualSuspension::Respect,
                ManualSuspensionShape::Override => ManualSuspension::Override,
            },
            deleted_account: match self.deleted_account {
                DeletedAccountShape::Leave => DeletedAccount::Leave,
                DeletedAccountShape::Recreate => DeletedAccount::Recreate,
            },
            attributes: email.into_iter().chain(attributes).collect(),
            manager: self.manager.unwrap_or(true),
            groups,
            create_groups: self.create_groups.unwrap_or(true),
            field_names,
            language,
            connection: connection?,
            zone: zone?,
        })
    }
}

fn tables(lookup: BTreeMap<String, BTreeMap<Spanned<String>, String>>, checker: &mut Checker<'_>) -> Tables {
    let mut tables = Tables::new();
    for (name, lines) in lookup {
        let mut table = Table::default();
        for (key, value) in lines {
            if key.get_ref() == "*" {
                table.otherwise = Some(value);
            } else if table.lines.insert(normalise(key.get_ref()), value).is_some() {
                let help = "case and spaces do not count in a lookup; keep one of the two lines";
                checker.refuse(key.span(), "this line says the same as an earlier one", help);
            }
        }
        tables.insert(name, table);
    }
    tables
}

fn field_names(
    fields: BTreeMap<Spanned<String>, Spanned<String>>,
    checker: &mut Checker<'_>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (ours, theirs) in fields {
        let text = ours.get_ref();
        let fits = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let help = "begin with a letter and use letters, digits and _ only, so that expressions can read it";
            checker.refuse(ours.span(), format!("`{text}` cannot be a field's name"), help);
        }
        if theirs.get_ref().trim().is_empty() {
            checker.refuse(
                theirs.span(),
                format!("`{text}` names no field"),
                "write the HR system's own name or number of it",
            );
        }
        names.insert(ours.into_inner(), theirs.into_inner());
    }
    names
}

fn attributes(tree: Branch, language: &Language, checker: &mut Checker<'_>) -> Vec<(Attribute, Expression)> {
    let mut found = Vec::new();
    let mut open: Vec<(Spanned<String>, Spanned<Node>)> = tree.into_iter().collect();
    while let Some((name, node)) = open.pop() {
        let span = node.span();
        let source = match node.into_inner() {
            Node::Leaf(source) => Spanned::new(span, source),
            Node::Branch(branch) => {
                let whole =
                    |part: Spanned<String>| Spanned::new(part.span(), format!("{}.{}", name.get_ref(), part.get_ref()));
                open.extend(branch.into_iter().map(|(part, node)| (whole(part), node)));
                continue;
            }
        };
        let expression = checker.expression(&source, Kind::Text, language);
        match Attribute::parse(name.get_ref()) {
            Ok(attribute) => found.extend(expression.map(|e| (attribute, e))),
            Err(error) => {
                checker.refuse(name.span(), error.to_string(), attribute_help(&error));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn attribute_help(error: &NotAnAttribute) -> String {
    match error {
        NotAnAttribute::Unknown(name) => match attribute::names().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => format!("write `{known}`: capitals count"),
            None => {
                let plain = PLAIN.map(|(_, name)| name).join(", ");
                format!(
                    "there are {plain}, phone.(work|home|mobile|work_mobile|work_fax), address.(work|home).(streetAddress|\
                     extendedAddress|locality|region|postalCode|country), and custom.NAME for your own"
                )
            }
        },
        NotAnAttribute::CustomName(_) => "JumpCloud takes no other names for custom attributes".to_owned(),
        NotAnAttribute::OwnName => "Hirewire keeps the link to the HR record there".to_owned(),
    }
}

/// What is mapped unless the file has its own `[connection.attributes]`: BambooHR's own table, with the optional lines.
pub const DEFAULT_ATTRIBUTES: [(&str, &str); 25] = [
    ("email", "workEmail"),
    ("firstname", "firstName"),
    ("middlename", "middleName"),
    ("lastname", "lastName"),
    ("displayname", r#"trim(first(preferredName, firstName) + " " + lastName)"#),
    ("employeeIdentifier", "employeeNumber"),
    ("jobTitle", "jobTitle"),
    ("department", "department"),
    ("company", "division"),
    ("location", "location"),
    ("phone.work", r#"workPhoneExtension == "" ? workPhone : trim(workPhone + " x" + workPhoneExtension)"#),
    ("phone.home", "homePhone"),
    ("phone.mobile", "mobilePhone"),
    ("address.work.streetAddress", "locationStreet"),
    ("address.work.extendedAddress", "locationStreet2"),
    ("address.work.locality", "locationCity"),
    ("address.work.region", "locationState"),
    ("address.work.postalCode", "locationPostcode"),
    ("address.work.country", "locationCountry"),
    ("address.home.streetAddress", "address1"),
    ("address.home.extendedAddress", "address2"),
    ("address.home.locality", "city"),
    ("address.home.region", "state"),
    ("address.home.postalCode", "zipcode"),
    ("address.home.country", "country"),
];

fn default_attributes(language: &Language) -> Vec<(Attribute, Expression)> {
    let parsed = DEFAULT_ATTRIBUTES.iter().map(|(name, source)| {
        (Attribute::parse(name).expect("the defaults name attributes"), parse_default(source, language))
    });
    parsed.collect()
}

fn parse_default(source: &str, language: &Language) -> Expression {
    Expression::parse(source, Kind::Text, language).expect("the defaults are expressions")
}

impl ScopeShape {
    fn check(self, language: &Language, checker: &mut Checker<'_>) -> Scope {
        let mut employees = BTreeSet::new();
        for id in self.employees {
            match EmployeeId::parse(id.get_ref()) {
                Ok(parsed) => drop(employees.insert(parsed)),
                Err(error) => {
                    let help = "write the HR system's id of the person, which is not the employee number";
                    checker.refuse(id.span(), error.to_string(), help);
                }
            }
        }
        let mut email_domains = BTreeSet::new();
        for domain in self.email_domains {
            let text = domain.get_ref();
            let plain = !text.contains(|c: char| c == '@' || c.is_whitespace());
            if !plain || text.split('.').any(str::is_empty) || !text.contains('.') {
                let help = "write what follows the @, for example \"example.com\"";
                checker.refuse(domain.span(), "this is not an e-mail domain", help);
            }
            email_domains.insert(domain.into_inner().to_lowercase());
        }
        Scope {
            when: self.when.and_then(|when| checker.expression(&when, Kind::Condition, language)),
            email_domains,
            employees,
        }
    }
}

impl UsernameShape {
    fn check(self, language: &Language, checker: &mut Checker<'_>) -> UsernameRule {
        let source = match self.from {
            None => UsernameSource::Email,
            Some(from) => match from.get_ref().as_str() {
                "email" => UsernameSource::Email,
                "display-name" => UsernameSource::DisplayName,
                _ => {
                    let help =
                        "write \"email\", \"display-name\", an HR field's name, or a CEL expression that gives a text";
                    let computed = checker.expression_or(&from, Kind::Text, language, help);
                    computed.map_or(UsernameSource::Email, UsernameSource::Computed)
                }
            },
        };
        let bounds = USERNAME_LIMIT_WINDOWS as i64..=USERNAME_LIMIT as i64;
        let max_length =
            checker.number(self.max_length.as_ref(), "max_length (Windows takes 20, Mac and Linux 30)", bounds);
        UsernameRule { source, max_length: max_length.map_or(USERNAME_LIMIT, |n| n as usize) }
    }
}

impl LeaverShape {
    fn check(self, first_state: FirstState, checker: &mut Checker<'_>) -> LeaverRule {
        let suspend = self.account.as_ref().is_none_or(|a| *a.get_ref() == LeaverAccountShape::Suspend);
        if let Some(account) = &self.account
            && suspend
            && first_state == FirstState::AlwaysActive
        {
            let help = "write account = \"leave\", or another first_state: always-active means leavers too";
            checker.refuse(account.span(), "leavers cannot be suspended and always be active", help);
        }
        if let Some(at) = &self.at
            && (!suspend || first_state == FirstState::AlwaysActive)
        {
            let help =
                "remove `at`, or let leavers be suspended: account = \"suspend\", and first_state not always-active";
            checker.refuse(at.span(), "this is the hour at which access ends, but by these rules it never ends", help);
        }
        let at = self.at.and_then(|at| {
            let time: Option<Time> = at.get_ref().parse().ok();
            if time.is_none() && at.get_ref() != "24:00" {
                checker.refuse(at.span(), "this is not an hour of the day", "for example: \"18:00\" or \"24:00\"");
            }
            time
        });
        LeaverRule { suspend, leave_groups: self.groups != Some(LeaverGroupsShape::Keep), at }
    }
}

fn check_group(shape: Spanned<GroupShape>, language: &Language, checker: &mut Checker<'_>) -> Option<GroupRule> {
    let span = shape.span();
    let GroupShape { name, name_from, when } = shape.into_inner();
    // `Some(None)` is no condition, `None` a faulty one.
    let when = match &when {
        None => Some(None),
        Some(when) => checker.expression(when, Kind::Condition, language).map(Some),
    };
    let help = r#"write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#;
    let name = match (name, name_from) {
        (Some(name), None) => match GroupName::parse(name.get_ref()) {
            Ok(fixed) if fixed.as_str().trim() == fixed.as_str() => Some(GroupNaming::Fixed(fixed)),
            Ok(_) => {
                checker.refuse(name.span(), "this group's name begins or ends with a space", "remove the space");
                None
            }
            Err(error) => {
                checker.refuse(name.span(), error.to_string(), help);
                None
            }
        },
        (None, Some(from)) => checker.expression(&from, Kind::Text, language).map(GroupNaming::Computed),
        (Some(name), Some(_)) => {
            checker.refuse(name.span(), "a group rule has a name or a name_from, not both", help);
            None
        }
        (None, None) => {
            checker.refuse(span, "this group rule names no group", help);
            None
        }
    };
    Some(GroupRule { name: name?, when: when? })
}
