//! Where Hirewire lives, seen from the command line: the configuration read, keys fetched, clients made, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hris::Webhook;
use mapping::configuration::{Configuration, HomeRef};
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};
use mapping::rules::Mode;
use miette::{LabeledSpan, MietteDiagnostic, NamedSource};
use sha2::{Digest, Sha256};
use state::{CLOCK_VARIABLE, Clock, Queue, Secrets, Store};
use workflow::{Role, Workflow};

use crate::exit::Failure;

/// How many digits of a file's digest tell it from others.
const DIGITS: usize = 12;

/// What needs no key: the configuration, and what is kept.
pub struct Desk {
    /// The configuration.
    pub configuration: Configuration,
    /// What is known.
    pub store: Store,
    /// What is to be looked at.
    pub queue: Queue,
    /// Where keys are looked up.
    pub secrets: Secrets,
    /// Which rules these are, for the audit.
    pub rules: String,
    /// What time it is.
    pub clock: Clock,
}

impl Desk {
    /// Reads the file and opens the home that it names.
    pub async fn open(path: &Path) -> Result<Desk, Failure> {
        let text = text(path)?;
        let configuration = parse(&text, path)?;
        let base = folder(path);
        let (store, queue) = state::open(&place(&configuration, &base)).await?;
        let secrets = match &configuration.home {
            HomeRef::Machine(_) => Secrets::new(&base),
            // The alias that `infra/template.yaml` gives the installation's key.
            HomeRef::Aws { tables, .. } => Secrets::new(&base).encrypted_by(format!("alias/{tables}")),
        };
        let clock = Clock::of(&configuration).map_err(|why| Failure::usage(format!("{CLOCK_VARIABLE} {why}")))?;
        Ok(Desk { configuration, store, queue, secrets, rules: digest(&text), clock })
    }

    /// The same with the rules that count: on AWS those that were pushed, whatever this machine's file says.
    pub async fn open_pushed(path: &Path) -> Result<Desk, Failure> {
        let desk = Desk::open(path).await?;
        if !desk.is_aws() {
            return Ok(desk);
        }
        let Some(pushed) = desk.store.rules().await? else {
            return Err(Failure::usage("no rules are pushed yet; run `hirewire rules push`, or `hirewire setup`"));
        };
        let name = format!("the rules of version {}", pushed.version);
        let configuration = parse(&pushed.text, Path::new(&name))?;
        Ok(Desk { configuration, rules: version(pushed.version), ..desk })
    }

    /// Whether others do the work: the functions on AWS.
    pub fn is_aws(&self) -> bool {
        matches!(self.configuration.home, HomeRef::Aws { .. })
    }

    /// The people whom somebody named: ids, or CONNECTION:ID where there are several connections.
    pub fn people(&self, named: &[String]) -> Result<BTreeSet<EmployeeKey>, Failure> {
        named.iter().map(|name| self.person(name)).collect()
    }

    /// One person whom somebody named.
    pub fn person(&self, name: &str) -> Result<EmployeeKey, Failure> {
        if name.contains(':') {
            let key = EmployeeKey::parse(name);
            let known = key.filter(|key| self.names().any(|name| *name == key.connection));
            return known.ok_or_else(|| {
                let names = self.listed();
                Failure::usage(format!("`{name}` is not CONNECTION:ID of a connection here; there are: {names}"))
            });
        }
        let id = EmployeeId::parse(name).map_err(Failure::usage)?;
        match self.configuration.connections.as_slice() {
            [only] => Ok(EmployeeKey { connection: only.name.clone(), id }),
            _ => Err(Failure::usage(format!("there are several connections: write CONNECTION:{name}"))),
        }
    }

    /// The connection whom somebody named; all where they named none.
    pub fn connections(&self, named: Option<&str>) -> Result<Vec<ConnectionName>, Failure> {
        let Some(name) = named else { return Ok(Vec::new()) };
        let found = self.names().find(|known| known.as_str() == name);
        let unknown = || Failure::usage(format!("there is no connection `{name}`; there are: {}", self.listed()));
        found.map(|name| vec![name.clone()]).ok_or_else(unknown)
    }

    fn names(&self) -> impl Iterator<Item = &ConnectionName> {
        self.configuration.connections.iter().map(|connection| &connection.name)
    }

    fn listed(&self) -> String {
        let mut names: Vec<&str> = self.names().map(ConnectionName::as_str).collect();
        names.sort_unstable();
        names.join(", ")
    }
}

/// A desk with its keys fetched and its clients made.
pub struct Home {
    /// The desk.
    pub desk: Desk,
    /// The work. On AWS it holds the key that reads: there, the provisioner alone writes.
    pub workflow: Workflow,
    /// The doors for webhooks.
    pub doors: BTreeMap<ConnectionName, Webhook>,
}

impl Home {
    /// Contacts no vendor.
    pub async fn staff(desk: Desk) -> Result<Home, Failure> {
        let role = if desk.is_aws() { Role::Reader } else { Role::Writer };
        Home::staff_as(desk, role).await
    }

    async fn staff_as(desk: Desk, role: Role) -> Result<Home, Failure> {
        let doors = intake::doors(&desk.configuration, &desk.secrets).await;
        let Desk { configuration, store, queue, secrets, rules, .. } = &desk;
        let opened = Workflow::open(configuration, rules.clone(), role, secrets, store.clone(), queue.clone());
        let workflow = opened.await?;
        Ok(Home { desk, workflow, doors })
    }

    /// Whether people of this connection are looked at: it is not paused, and its key was not refused.
    pub fn is_looked_at(&self, connection: &ConnectionName) -> bool {
        let site = self.workflow.sites.get(connection);
        site.is_none_or(|site| site.rules.mode != Mode::Paused && site.refused().is_none())
    }

    /// With the rules of this machine's file: what they would do.
    pub async fn open(path: &Path) -> Result<Home, Failure> {
        Home::staff(Desk::open(path).await?).await
    }

    /// With the rules that count.
    pub async fn open_pushed(path: &Path) -> Result<Home, Failure> {
        Home::staff(Desk::open_pushed(path).await?).await
    }

    /// The same with the key that reads, where there is one.
    pub async fn open_to_read(path: &Path) -> Result<Home, Failure> {
        Home::staff_as(Desk::open_pushed(path).await?, Role::Reader).await
    }
}

/// Who is at the command line, for the audit.
pub fn login() -> String {
    std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
}

/// How a version of the rules is named.
pub fn version(version: u64) -> String {
    format!("v{version}")
}

/// How the rules of a file are named: by its first digits, whatever it is called.
fn digest(text: &str) -> String {
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    format!("file {}", &digest[..DIGITS])
}

/// Reads the file.
pub fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Failure::usage(format!("{path} cannot be read ({error}); name the file with --config or HIREWIRE_CONFIG"))
    })
}

/// Checks what it says. `path` is what complaints call it.
pub fn parse(text: &str, path: &Path) -> Result<Configuration, Failure> {
    Configuration::parse(text).map_err(|faults| {
        let source = NamedSource::new(path.display().to_string(), without_keys(text)).with_language("TOML");
        let reports = faults.into_iter().map(|fault| {
            let label = LabeledSpan::new_with_span(Some("here".to_owned()), fault.span);
            let diagnostic = MietteDiagnostic::new(fault.message).with_help(fault.help).with_label(label);
            miette::Report::new(diagnostic).with_source_code(source.clone())
        });
        Failure::in_file(reports.collect())
    })
}

/// The file to show beside a complaint: a key that somebody pasted into it is blotted out, byte for byte.
fn without_keys(text: &str) -> String {
    let blot = |line: &str| match line.split_once('=') {
        Some((name, value)) if name.trim().ends_with("_key") && !value.contains(':') => {
            let blotted: String = value.bytes().map(|b| if b.is_ascii_alphanumeric() { '*' } else { ' ' }).collect();
            format!("{name}={blotted}")
        }
        _ => line.to_owned(),
    };
    text.split_inclusive('\n')
        .map(|line| blot(line.trim_end_matches('\n')) + &line[line.trim_end_matches('\n').len()..])
        .collect()
}

/// Relative paths in the file count from the file's own folder.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Where the home is: a relative path counts from the file's own folder.
fn place(configuration: &Configuration, base: &Path) -> HomeRef {
    match &configuration.home {
        HomeRef::Machine(path) => HomeRef::Machine(base.join(path).to_string_lossy().into_owned()),
        HomeRef::Aws { tables, queue } => HomeRef::Aws { tables: tables.clone(), queue: queue.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn a_pasted_key_is_blotted_out_and_nothing_moves() {
        let text = "api_key = \"0123abc\" # é\nwebhook_key = \"env:KEY\"\nname = \"acme\"";
        let shown = without_keys(text);
        assert!(!shown.contains("0123abc") && shown.contains("env:KEY") && shown.contains("acme"));
        assert_eq!(shown.len(), text.len());
    }
}
