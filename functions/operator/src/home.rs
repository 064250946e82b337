//! One machine as Hirewire's home: the configuration read, keys fetched, clients made, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hris::Webhook;
use mapping::configuration::{Configuration, HomeRef};
use mapping::employee::{ConnectionName, EmployeeId, EmployeeKey};
use miette::{LabeledSpan, MietteDiagnostic, NamedSource};
use state::Secrets;
use workflow::{Role, Workflow};

use crate::clock::{CLOCK_VARIABLE, Clock};
use crate::exit::Failure;

/// Everything that the commands need.
pub struct Home {
    /// The configuration.
    pub configuration: Configuration,
    /// The work.
    pub workflow: Arc<Workflow>,
    /// The doors for webhooks.
    pub doors: BTreeMap<ConnectionName, Webhook>,
    /// What time it is.
    pub clock: Clock,
}

impl Home {
    /// Reads the configuration and opens the store. Contacts nobody.
    pub async fn open(path: &Path) -> Result<Home, Failure> {
        let configuration = read(path)?;
        let clock = clock(&configuration)?;
        let base = folder(path);
        let (store, queue) = state::open(&place(&configuration, &base)).await?;
        let secrets = Secrets::new(&base);
        let doors = intake::doors(&configuration, &secrets).await?;
        let rules = String::new();
        let workflow = Workflow::open(&configuration, rules, Role::Writer, &secrets, store, queue).await?;
        Ok(Home { configuration, workflow: Arc::new(workflow), doors, clock })
    }

    /// The people whom somebody named: ids, or CONNECTION:ID where there are several connections.
    pub fn people(&self, named: &[String]) -> Result<BTreeSet<EmployeeKey>, Failure> {
        named.iter().map(|name| self.person(name)).collect()
    }

    /// One person whom somebody named.
    pub fn person(&self, name: &str) -> Result<EmployeeKey, Failure> {
        if name.contains(':') {
            let key = EmployeeKey::parse(name);
            let known = key.filter(|key| self.workflow.sites.contains_key(&key.connection));
            let names: Vec<&str> = self.workflow.sites.keys().map(ConnectionName::as_str).collect();
            return known.ok_or_else(|| {
                let names = names.join(", ");
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
        let found = self.workflow.sites.keys().find(|known| known.as_str() == name);
        let names: Vec<&str> = self.workflow.sites.keys().map(ConnectionName::as_str).collect();
        let unknown = || Failure::usage(format!("there is no connection `{name}`; there are: {}", names.join(", ")));
        found.map(|name| vec![name.clone()]).ok_or_else(unknown)
    }
}

/// Reads and checks the file.
pub fn read(path: &Path) -> Result<Configuration, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Failure::usage(format!("{path} cannot be read ({error}); name the file with --config or HIREWIRE_CONFIG"))
    })?;
    Configuration::parse(&text).map_err(|faults| {
        let source = NamedSource::new(path.display().to_string(), without_keys(&text)).with_language("TOML");
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

fn clock(configuration: &Configuration) -> Result<Clock, Failure> {
    let Ok(setting) = std::env::var(CLOCK_VARIABLE) else { return Ok(Clock::Real) };
    let Some(path) = setting.strip_prefix("file:") else {
        return Err(Failure::usage(format!("{CLOCK_VARIABLE} must be file:PATH")));
    };
    let vendors = configuration.connections.iter().map(|c| c.base_url.as_deref());
    let mut vendors = vendors.chain([configuration.jumpcloud.base_url.as_deref()]);
    if !vendors.all(|url| url.is_some_and(|url| url.starts_with("http://127.0.0.1:"))) {
        return Err(Failure::usage(format!("{CLOCK_VARIABLE} is for simulators on 127.0.0.1 only; unset it")));
    }
    Ok(Clock::File(PathBuf::from(path)))
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
