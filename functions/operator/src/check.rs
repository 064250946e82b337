//! `hirewire check`: keys, regions, roles and mapped fields; each fault with what to do. Writes nothing.

use std::path::Path;

use hris::{Finding, Webhook};
use jumpcloud::JumpCloud;
use mapping::configuration::Configuration;
use serde::Serialize;
use state::Secrets;
use transport::Fault;
use workflow::Role;

use crate::arguments::Format;
use crate::exit::{Exit, Failure};
use crate::home;
use crate::output;

#[derive(Serialize)]
struct Line {
    about: String,
    good: bool,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

/// Everything found, and the worst exit code that it deserves.
struct Findings {
    lines: Vec<Line>,
    exit: Exit,
}

impl Findings {
    fn good(&mut self, about: &str, what: String) {
        self.lines.push(Line { about: about.to_owned(), good: true, what, todo: None });
    }

    fn fault(&mut self, about: &str, what: String, todo: String, exit: Exit) {
        self.lines.push(Line { about: about.to_owned(), good: false, what, todo: Some(todo) });
        if (exit as u8) > (self.exit as u8) {
            self.exit = exit;
        }
    }
}

/// Checks.
pub async fn run(path: &Path, format: Format) -> Result<Exit, Failure> {
    let configuration = home::read(path)?;
    let base = home::folder(path);
    let mut findings = Findings { lines: Vec::new(), exit: Exit::Done };
    let connections = output::count(configuration.connections.len(), "connection");
    findings.good("configuration", format!("{} read, {connections}", path.display()));
    let secrets = Secrets::new(&base);
    let writer = workflow::jumpcloud(&configuration.jumpcloud, Role::Writer, &secrets).await?;
    directory(&configuration, &writer, &mut findings).await;
    let home = home::Home::open(path).await?;
    for (name, site) in &home.workflow.sites {
        match site.source.check(home.clock.now()).await {
            Ok(found) => {
                for finding in found.into_iter().chain(home.doors.get(name).map(Webhook::check)) {
                    match finding {
                        Finding::Good(what) => findings.good(name.as_str(), what),
                        Finding::Fault { what, todo } => findings.fault(name.as_str(), what, todo, Exit::Some),
                    }
                }
            }
            Err(fault) => vendor_fault(name.as_str(), &fault, "BambooHR", &mut findings),
        }
    }
    match format {
        Format::Json => output::json(&findings.lines)?,
        Format::Text => {
            for Line { about, good, what, todo } in &findings.lines {
                output::text_line(&format!("{} {about}: {what}", if *good { "ok " } else { "!! " }));
                if let Some(todo) = todo {
                    output::text_line(&format!("   to do: {todo}"));
                }
            }
        }
    }
    Ok(findings.exit)
}

async fn directory(configuration: &Configuration, jumpcloud: &JumpCloud, findings: &mut Findings) {
    let region = format!("{:?}", configuration.jumpcloud.region).to_lowercase();
    match jumpcloud.organisation().await {
        Ok(organisation) => {
            findings
                .good("jumpcloud", format!("the key is accepted in region {region}, organisation {}", organisation.id));
        }
        Err(fault) => return vendor_fault("jumpcloud", &fault, &region, findings),
    }
    match jumpcloud.may_write().await {
        Ok(true) => findings.good("jumpcloud", "the key may write users".to_owned()),
        Ok(false) => findings.fault(
            "jumpcloud",
            "the key may not write users".to_owned(),
            "make the key's owner a Manager or Administrator in JumpCloud, or use such an administrator's key"
                .to_owned(),
            Exit::Away,
        ),
        Err(fault) => vendor_fault("jumpcloud", &fault, &region, findings),
    }
}

fn vendor_fault(about: &str, fault: &Fault, place: &str, findings: &mut Findings) {
    let todo = match fault {
        Fault::KeyRefused { .. } => format!(
            "check the key itself, that it belongs to {place} (a key of another region or company is refused in the \
             same words), and that its owner is still active"
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
