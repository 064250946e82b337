//! `hirewire rules`: the rules on AWS, version by version, and a first file of them.

mod init;

use std::path::Path;

use mapping::configuration::{Configuration, SecretRef};
use serde::Serialize;
use state::{RULES_LIMIT, RulesText, StateError};

use crate::arguments::{Format, RulesArguments, RulesCommand};
use crate::exit::{Exit, Failure};
use crate::home::{self, Desk};
use crate::output;

/// How many versions are listed or looked through.
const LISTED: usize = 100;

#[derive(Serialize)]
struct Version {
    version: u64,
    pushed_at: String,
    pushed_by: String,
    bytes: usize,
}

/// What a push did.
#[derive(Serialize)]
pub struct Pushed {
    /// The version that counts now.
    pub version: u64,
    /// Whether it is a new one.
    pub changed: bool,
}

/// Does what was asked.
pub async fn run(path: &Path, what: &RulesArguments, format: Format) -> Result<Exit, Failure> {
    match &what.what {
        // There is no file yet.
        RulesCommand::Init(how) => return init::run(how, format),
        RulesCommand::Push => {
            let desk = on_aws(path).await?;
            let pushed = push(&desk, path).await?;
            match format {
                Format::Json => output::json(&pushed)?,
                Format::Text if pushed.changed => {
                    output::text_line(&format!(
                        "Version {} counts within a minute. What it changes: `hirewire plan`; at once for everyone: \
                         `hirewire sync`.",
                        pushed.version
                    ));
                }
                Format::Text => output::text_line(&format!("Version {} says the same; it stays.", pushed.version)),
            }
        }
        RulesCommand::List => list(&on_aws(path).await?, format).await?,
        RulesCommand::Show { version } => show(&on_aws(path).await?, *version).await?,
    }
    Ok(Exit::Done)
}

/// The desk, where rules have versions.
async fn on_aws(path: &Path) -> Result<Desk, Failure> {
    let desk = Desk::open(path).await?;
    if !desk.is_aws() {
        return Err(Failure::usage("on one machine the rules are in their file; there is nothing to push or list"));
    }
    Ok(desk)
}

/// Puts the file in place, unless it says what counts already. It was parsed when the desk was opened.
pub async fn push(desk: &Desk, path: &Path) -> Result<Pushed, Failure> {
    let text = home::text(path)?;
    if text.len() > RULES_LIMIT {
        let (bytes, limit) = (text.len(), RULES_LIMIT);
        return Err(Failure::usage(format!(
            "{bytes} bytes are more than a version may have ({limit}); shorten lookups"
        )));
    }
    let elsewhere = elsewhere(&desk.configuration);
    if !elsewhere.is_empty() {
        return Err(Failure::usage(format!(
            "the functions cannot read {}: write secret:NAME for each key, and let `hirewire setup` put it there",
            elsewhere.join(", ")
        )));
    }
    let now = desk.store.rules().await?;
    if let Some(RulesText { version, .. }) = now.as_ref().filter(|rules| rules.text == text) {
        return Ok(Pushed { version: *version, changed: false });
    }
    let by = home::login();
    let over = now.map_or(0, |rules| rules.version);
    match desk.store.push_rules(&text, &by, over, desk.clock.now()).await {
        Ok(version) => Ok(Pushed { version, changed: true }),
        Err(StateError::Conflict) => {
            Err(Failure::new(Exit::Some, "somebody else has just pushed rules; look at `hirewire rules list`"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Keys that are kept where only this machine reaches them.
fn elsewhere(configuration: &Configuration) -> Vec<String> {
    let jumpcloud = [Some(&configuration.jumpcloud.api_key), configuration.jumpcloud.read_key.as_ref()];
    let connections = configuration.connections.iter().flat_map(|c| [Some(&c.api_key), c.webhook_key.as_ref()]);
    let all = jumpcloud.into_iter().chain(connections).flatten();
    let named = all.filter_map(|key| match key {
        SecretRef::Environment(name) => Some(format!("env:{name}")),
        SecretRef::File(path) => Some(format!("file:{path}")),
        SecretRef::Manager(_) => None,
    });
    named.collect()
}

async fn list(desk: &Desk, format: Format) -> Result<(), Failure> {
    let versions: Vec<Version> = desk.store.rules_history(LISTED).await?.into_iter().map(Version::from).collect();
    match format {
        Format::Json => output::json(&versions)?,
        Format::Text if versions.is_empty() => output::text_line("No rules yet: `hirewire rules push`."),
        Format::Text => {
            let mut table = output::table(&["version", "pushed at", "by", "bytes"]);
            for Version { version, pushed_at, pushed_by, bytes } in versions {
                table.add_row([version.to_string(), pushed_at, pushed_by, bytes.to_string()]);
            }
            output::text_line(&table.to_string());
        }
    }
    Ok(())
}

impl From<RulesText> for Version {
    fn from(rules: RulesText) -> Version {
        let RulesText { version, text, pushed_at, pushed_by } = rules;
        Version { version, pushed_at: pushed_at.to_string(), pushed_by, bytes: text.len() }
    }
}

async fn show(desk: &Desk, version: Option<u64>) -> Result<(), Failure> {
    let found = match version {
        None => desk.store.rules().await?,
        Some(version) => desk.store.rules_history(LISTED).await?.into_iter().find(|rules| rules.version == version),
    };
    let rules = found.ok_or_else(|| Failure::usage("there is no such version; see `hirewire rules list`"))?;
    // As it was pushed, byte for byte: it may go into a file again.
    output::raw(&rules.text);
    Ok(())
}
