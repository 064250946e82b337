//! `hirewire check`: keys, regions, roles and mapped fields; each fault with what to do. Writes nothing.

use std::path::Path;

use hris::{Finding, Source, Webhook};
use jumpcloud::JumpCloud;
use mapping::configuration::{Configuration, Connection};
use mapping::rules::{Brakes, Mode, ScopeExit};
use mapping::status::Brake;
use serde::Serialize;
use state::SecretError;
use transport::Fault;
use workflow::Role;

use crate::arguments::Format;
use crate::exit::{Exit, Failure};
use crate::home::{self, Desk};
use crate::{output, words};

#[derive(Serialize)]
struct Line {
    about: String,
    good: bool,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

/// Everything found, and the worst exit code that it deserves.
pub struct Findings {
    lines: Vec<Line>,
    /// The worst.
    pub exit: Exit,
}

impl Findings {
    /// None yet.
    pub fn new() -> Findings {
        Findings { lines: Vec::new(), exit: Exit::Done }
    }

    /// Adds what else was found.
    pub fn join(&mut self, more: Findings) {
        self.lines.extend(more.lines);
        self.deserves(more.exit);
    }

    /// Prints them as one JSON document.
    pub fn json(&self) -> Result<(), Failure> {
        output::json(&self.lines)
    }

    /// Shows them, each fault with what to do.
    pub fn print(&self) {
        for Line { about, good, what, todo } in &self.lines {
            output::text_line(&format!("{} {about}: {what}", if *good { "ok " } else { "!! " }));
            if let Some(todo) = todo {
                output::text_line(&format!("   to do: {todo}"));
            }
        }
    }

    /// This is as it should be.
    pub fn good(&mut self, about: &str, what: String) {
        self.lines.push(Line { about: about.to_owned(), good: true, what, todo: None });
    }

    /// This is as it should be, and leaves something to do.
    pub fn left(&mut self, about: &str, what: String, todo: String) {
        self.lines.push(Line { about: about.to_owned(), good: true, what, todo: Some(todo) });
    }

    /// This is not, and what to do.
    pub fn fault(&mut self, about: &str, what: String, todo: String, exit: Exit) {
        self.lines.push(Line { about: about.to_owned(), good: false, what, todo: Some(todo) });
        self.deserves(exit);
    }

    fn deserves(&mut self, exit: Exit) {
        if (exit as u8) > (self.exit as u8) {
            self.exit = exit;
        }
    }
}

/// Checks, and shows what was found.
pub async fn run(path: &Path, format: Format) -> Result<Exit, Failure> {
    let findings = look(path).await?;
    match format {
        Format::Json => findings.json()?,
        Format::Text => findings.print(),
    }
    Ok(findings.exit)
}

/// Checks.
pub async fn look(path: &Path) -> Result<Findings, Failure> {
    let desk = Desk::open(path).await?;
    let mut findings = Findings::new();
    let connections = output::count(desk.configuration.connections.len(), "connection");
    findings.good("configuration", format!("{} read, {connections}", path.display()));
    if desk.is_aws() {
        on_aws(&desk, path, &mut findings).await?;
    }
    writer(&desk, &mut findings).await?;
    reader(&desk, &mut findings).await?;
    for connection in &desk.configuration.connections {
        hr(&desk, connection, &mut findings).await?;
        policies(&desk, connection, &mut findings).await;
        webhook_key(&desk, connection, &mut findings).await;
    }
    Ok(findings)
}

/// One HR system; whether its key is accepted.
pub async fn hr(desk: &Desk, connection: &Connection, findings: &mut Findings) -> Result<bool, Failure> {
    let name = connection.name.as_str();
    let source = Source::new(connection, &desk.secrets.get(&connection.api_key).await?);
    match source.check(desk.clock.now()).await {
        Ok(found) => {
            found.into_iter().for_each(|finding| tell(name, finding, findings));
            Ok(true)
        }
        Err(fault) => {
            vendor_fault(name, &fault, hris::vendor(connection.source), findings);
            Ok(false)
        }
    }
}

/// Rules that are good and that somebody may not have meant so.
pub async fn policies(desk: &Desk, connection: &Connection, findings: &mut Findings) {
    let (name, rules) = (connection.name.as_str(), &connection.rules);
    if let Some(mode) = words::mode(rules) {
        let todo = "write mode = \"on\" for it to work".to_owned();
        findings.left(name, mode, todo);
    }
    if let Some(place) = &rules.activation.default_password {
        match desk.secrets.get(place).await {
            Ok(_) => findings.left(
                name,
                "new accounts have the default password: JumpCloud then sends no activation mail".to_owned(),
                "leave `activation.default_password` out if people are to choose their own by that mail".to_owned(),
            ),
            // On AWS it is the provisioner's alone.
            Err(SecretError::Withheld { .. }) if desk.is_aws() => {}
            Err(error) => findings.fault(
                name,
                format!("there is no default password: {error}"),
                "put it where `activation.default_password` says, or leave that out".to_owned(),
                Exit::Configuration,
            ),
        }
    }
    let Brakes { leave_scope, delete, offboard } = rules.brakes;
    let scope_takes = rules.scope.on_leaving != ScopeExit::Keep;
    for (brake, limit, is_used) in [
        (Brake::LeaveScope, leave_scope, scope_takes),
        (Brake::Delete, delete, rules.leaver.delete_after_days.is_some()),
        (Brake::Offboard, offboard, rules.mode == Mode::Offboard),
    ] {
        if limit == 0 && is_used {
            findings.left(
                name,
                format!("brakes.{} = 0 holds everybody whom it is about", brake.word()),
                "`hirewire release` lets people go ahead; a number lets so many a day pass without it".to_owned(),
            );
        }
    }
}

/// The key of a connection's webhook. Without one changes are still found by asking.
async fn webhook_key(desk: &Desk, connection: &Connection, findings: &mut Findings) {
    let key = match &connection.webhook_key {
        Some(place) => desk.secrets.get(place).await.map(Some),
        None => Ok(None),
    };
    let name = connection.name.as_str();
    match key {
        Ok(key) => tell(name, Webhook::new(connection, key).check(), findings),
        Err(error) => findings.fault(
            name,
            format!("there is no key to prove webhooks with: {error}"),
            Webhook::new(connection, None).setting_up().to_owned(),
            Exit::Some,
        ),
    }
}

fn tell(about: &str, finding: Finding, findings: &mut Findings) {
    match finding {
        Finding::Good(what) => findings.good(about, what),
        Finding::Fault { what, todo } => findings.fault(about, what, todo, Exit::Some),
    }
}

/// Whether the tables and queues answer, and whether these rules are the ones that count.
async fn on_aws(desk: &Desk, path: &Path, findings: &mut Findings) -> Result<(), Failure> {
    let pushed = desk.store.rules().await?;
    let depth = desk.queue.depth(desk.clock.now()).await?;
    findings.good("aws", "the tables and the queues answer".to_owned());
    match pushed {
        None => {
            findings.fault("rules", "none are pushed".to_owned(), "run `hirewire rules push`".to_owned(), Exit::Some)
        }
        Some(rules) if rules.text == home::text(path)? => {
            findings.good("rules", format!("version {} counts, and is this file", rules.version));
        }
        Some(rules) => {
            let what = format!("version {} counts, and this file says something else", rules.version);
            findings.fault(
                "rules",
                what,
                "`hirewire plan` shows what it would change, `hirewire rules push` puts it in place".to_owned(),
                Exit::Some,
            );
        }
    }
    if depth.dead > 0 {
        let what = format!("{} requests were given up", depth.dead);
        findings.fault("queue", what, "see `hirewire dead`, then `hirewire replay`".to_owned(), Exit::Some);
    }
    Ok(())
}

/// The key that writes. On AWS it is the provisioner's alone, and perhaps nobody else may even read it.
pub async fn writer(desk: &Desk, findings: &mut Findings) -> Result<(), Failure> {
    let directory = &desk.configuration.jumpcloud;
    let writer = match workflow::jumpcloud(directory, Role::Writer, &desk.secrets).await {
        Ok(writer) => writer,
        Err(SecretError::Withheld { .. }) if desk.is_aws() && directory.read_key.is_some() => {
            findings.good("jumpcloud", "the key that writes is withheld from you, and so it should be".to_owned());
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if accepted(&desk.configuration, &writer, "the key", findings).await {
        let todo = "make the key's owner a Manager or Administrator in JumpCloud, or use such an administrator's key";
        may_write(&desk.configuration, &writer, "the key", true, todo, findings).await;
    }
    Ok(())
}

/// Whether a key may do exactly what it is for.
async fn may_write(
    configuration: &Configuration,
    jumpcloud: &JumpCloud,
    key: &str,
    wanted: bool,
    todo: &str,
    findings: &mut Findings,
) {
    let what = |may: bool| format!("{key} {} write users", if may { "may" } else { "may not" });
    // Without the writing key nothing works; a reading key that may write is only more than is needed.
    let exit = if wanted { Exit::Away } else { Exit::Some };
    match jumpcloud.may_write().await {
        Ok(may) if may == wanted => findings.good("jumpcloud", what(may)),
        Ok(may) => findings.fault("jumpcloud", what(may), todo.to_owned(), exit),
        Err(fault) => vendor_fault("jumpcloud", &fault, &region(configuration), findings),
    }
}

/// The key that only reads, where there is one.
pub async fn reader(desk: &Desk, findings: &mut Findings) -> Result<(), Failure> {
    if desk.configuration.jumpcloud.read_key.is_none() {
        if desk.is_aws() {
            findings.fault(
                "jumpcloud",
                "there is no read_key: everything that only reads uses the key that writes".to_owned(),
                "make a read-only administrator in JumpCloud, and name its key as `read_key`".to_owned(),
                Exit::Some,
            );
        }
        return Ok(());
    }
    let reader = workflow::jumpcloud(&desk.configuration.jumpcloud, Role::Reader, &desk.secrets).await?;
    if accepted(&desk.configuration, &reader, "the read key", findings).await {
        let todo = "make its owner a read-only administrator in JumpCloud";
        may_write(&desk.configuration, &reader, "the read key", false, todo, findings).await;
    }
    Ok(())
}

async fn accepted(configuration: &Configuration, jumpcloud: &JumpCloud, key: &str, findings: &mut Findings) -> bool {
    let region = region(configuration);
    match jumpcloud.organisation().await {
        Ok(organisation) => {
            let id = organisation.id;
            findings.good("jumpcloud", format!("{key} is accepted in region {region}, organisation {id}"));
            true
        }
        Err(fault) => {
            vendor_fault("jumpcloud", &fault, &region, findings);
            false
        }
    }
}

fn region(configuration: &Configuration) -> String {
    format!("{:?}", configuration.jumpcloud.region).to_lowercase()
}

/// A vendor's no, with what to do.
pub fn vendor_fault(about: &str, fault: &Fault, place: &str, findings: &mut Findings) {
    let todo = match fault {
        Fault::KeyRefused { .. } => format!(
            "check the key itself, that it belongs to {place} (a key of another region or company is refused in the \
             same words), and that its owner is still active; `hirewire setup --key` puts another in its place"
        ),
        Fault::RateLimited { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } => {
            "check the network and the base_url; try again in a minute".to_owned()
        }
        Fault::Malformed { .. } => "check base_url: something else than the vendor may be answering there".to_owned(),
        Fault::Rejected { .. } | Fault::NotFound { .. } => {
            "check the company name, the organisation id, and what the key's owner may see".to_owned()
        }
    };
    let exit = match fault {
        Fault::Rejected { .. } | Fault::NotFound { .. } => Exit::Some,
        Fault::KeyRefused { .. }
        | Fault::RateLimited { .. }
        | Fault::Unavailable { .. }
        | Fault::Unsure { .. }
        | Fault::Malformed { .. } => Exit::Away,
    };
    findings.fault(about, fault.to_string(), todo, exit);
}
