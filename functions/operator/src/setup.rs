//! `hirewire setup`: keys, rules and webhooks, step by step. What is done already is left alone: safe to run again.

mod by_hand;
mod keys;
mod proof;
mod webhooks;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::Path;

use hris::Source;
use mapping::configuration::{Connection, SecretRef};

use crate::arguments::{Format, SetupArguments};
use crate::check::{self, Findings};
use crate::exit::{Exit, Failure};
use crate::home::{self, Desk};
use crate::{output, rules};

/// What was found so far; as text each step is shown as soon as it is done.
struct Report {
    format: Format,
    all: Findings,
}

impl Report {
    fn add(&mut self, step: Findings) {
        match self.format {
            Format::Json => {}
            Format::Text => step.print(),
        }
        self.all.join(step);
    }

    fn end(self) -> Result<Exit, Failure> {
        match self.format {
            Format::Json => self.all.json()?,
            Format::Text => {}
        }
        Ok(self.all.exit)
    }
}

/// Who may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// Somebody at a terminal.
    Person,
    /// Nobody; keys may come in as lines.
    Lines,
    /// Nobody at all.
    Nobody,
}

impl Asking {
    fn by(how: &SetupArguments, format: Format) -> Asking {
        let is_person = std::io::stdin().is_terminal() && format == Format::Text;
        match (how.yes, is_person) {
            (true, _) => Asking::Nobody,
            (false, true) => Asking::Person,
            (false, false) => Asking::Lines,
        }
    }

    /// Whether to go on; where nobody can be asked, it was asked for by the command itself.
    fn agrees(self, question: &str) -> bool {
        match self {
            Asking::Lines | Asking::Nobody => true,
            Asking::Person => {
                eprint!("{question} [y/N] ");
                let _ = std::io::stderr().flush();
                let mut answer = String::new();
                let read = std::io::stdin().read_line(&mut answer);
                read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
            }
        }
    }
}

/// Sets up.
pub async fn run(path: &Path, how: &SetupArguments, format: Format) -> Result<Exit, Failure> {
    let door = how.door.as_deref().map(address).transpose()?;
    let desk = Desk::open(path).await?;
    let mut report = Report { format, all: Findings::new() };
    if how.remove_webhooks {
        for connection in &desk.configuration.connections {
            let url = door.as_deref().map(|door| url(door, connection));
            report.add(webhooks::remove(&desk, connection, url.as_deref()).await?);
        }
        return report.end();
    }
    let given = keys::given(&desk.configuration, &how.keys)?;
    let asking = Asking::by(how, format);
    report.add(home(&desk, path).await);
    if report.all.exit != Exit::Done {
        return report.end();
    }
    let (step, there) = keys::settle(&desk, &given, asking).await;
    report.add(step);
    let accepted = vendors(&desk, &there, &mut report).await?;
    let all_there = keys::needed(&desk.configuration).all(|name| there.contains(&name));
    if desk.is_aws() {
        let ready = all_there && matches!(report.all.exit, Exit::Done | Exit::Some);
        report.add(push(&desk, path, ready, asking).await?);
    }
    for connection in desk.configuration.connections.iter().filter(|c| accepted.contains(c.name.as_str())) {
        webhook(&desk, connection, door.as_deref(), asking, &mut report).await?;
    }
    let rest = rest(&desk, path, report.all.exit);
    report.add(rest);
    report.end()
}

/// The door's address without a path of ours.
fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim().trim_end_matches('/');
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| text.starts_with(start));
    let parsed: Option<http::Uri> = text.parse().ok();
    let plain = parsed.is_some_and(|uri| uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none());
    if !plain || text.contains('@') || text.contains("/webhook/") || !(text.starts_with("https://") || loopback) {
        return Err(Failure::usage(format!(
            "`{text}` is no door: write https://HOST, as `sam deploy` prints it or as your TLS proxy is reached; \
             /webhook/CONNECTION is added by itself"
        )));
    }
    Ok(text.to_owned())
}

/// Where a connection's webhooks come in.
fn url(door: &str, connection: &Connection) -> String {
    format!("{door}/webhook/{}", connection.name)
}

/// How a place is written in the configuration.
fn written(place: &SecretRef) -> String {
    match place {
        SecretRef::Environment(name) => format!("env:{name}"),
        SecretRef::File(path) => format!("file:{path}"),
        SecretRef::Manager(name) => format!("secret:{name}"),
    }
}

/// The file was read to open the desk; now whether what it names answers.
async fn home(desk: &Desk, path: &Path) -> Findings {
    let mut found = Findings::new();
    let connections = output::count(desk.configuration.connections.len(), "connection");
    found.good("configuration", format!("{} read, {connections}", path.display()));
    let answer = match desk.store.groups().await {
        Ok(_) => desk.queue.depth(desk.clock.now()).await.map(drop),
        Err(error) => Err(error),
    };
    match (answer, desk.is_aws()) {
        (Ok(()), true) => found.good("home", "the tables and the queues on AWS answer".to_owned()),
        (Ok(()), false) => found.good("home", "the store of this machine answers".to_owned()),
        (Err(error), true) => found.fault(
            "home",
            error.to_string(),
            "deploy first (`sam build && sam deploy --guided` in infra), and check that account and region are the ones \
             it was deployed to"
                .to_owned(),
            Exit::Away,
        ),
        (Err(error), false) => found.fault(
            "home",
            error.to_string(),
            "let the user who runs hirewire own the store and its folder".to_owned(),
            Exit::Away,
        ),
    }
    found
}

/// What `hirewire check` says of each key that is there; the connections whose key is accepted.
async fn vendors(desk: &Desk, there: &BTreeSet<String>, report: &mut Report) -> Result<BTreeSet<String>, Failure> {
    let mut step = Findings::new();
    if there.contains(keys::WRITER) {
        check::writer(desk, &mut step).await?;
    }
    if there.contains(keys::READER) || desk.configuration.jumpcloud.read_key.is_none() {
        check::reader(desk, &mut step).await?;
    }
    report.add(step);
    let mut accepted = BTreeSet::new();
    for connection in &desk.configuration.connections {
        if there.contains(&keys::hr(connection)) {
            let mut step = Findings::new();
            if check::hr(desk, connection, &mut step).await? {
                accepted.insert(connection.name.to_string());
            }
            report.add(step);
        }
    }
    Ok(accepted)
}

/// Rules on AWS. With a key that is missing or refused the functions could do nothing with them.
async fn push(desk: &Desk, path: &Path, ready: bool, asking: Asking) -> Result<Findings, Failure> {
    let mut found = Findings::new();
    let text = home::text(path)?;
    let same = desk.store.rules().await?.is_some_and(|rules| rules.text == text);
    if !same && !ready {
        let todo = "put right what is marked !! and run `hirewire setup` again, or `hirewire rules push`".to_owned();
        found.left("rules", "not pushed while something else is wrong".to_owned(), todo);
    } else if !same && !asking.agrees("Push these rules, so that they count on AWS?") {
        found.left("rules", "not pushed".to_owned(), "`hirewire rules push` does it".to_owned());
    } else {
        match rules::push(desk, path).await {
            Ok(pushed) if pushed.changed => found.good("rules", format!("pushed as version {}", pushed.version)),
            Ok(pushed) => found.good("rules", format!("version {} counts, and is this file", pushed.version)),
            Err(failure) => {
                let todo = "put it right and run `hirewire setup` again".to_owned();
                found.fault("rules", failure.to_string(), todo, failure.exit);
            }
        }
    }
    Ok(found)
}

/// One connection's webhook: there, its key kept, and its door open to it and to nobody else.
async fn webhook(
    desk: &Desk,
    connection: &Connection,
    door: Option<&str>,
    asking: Asking,
    report: &mut Report,
) -> Result<(), Failure> {
    let name = connection.name.as_str();
    let mut step = Findings::new();
    let Some(place) = &connection.webhook_key else {
        step.left(
            name,
            "no webhook: changes are found by asking, a minute later".to_owned(),
            "for changes within seconds, name a place for its key as `webhook_key` and give --door https://HOST"
                .to_owned(),
        );
        report.add(step);
        return Ok(());
    };
    let source = Source::new(connection, &desk.secrets.get(&connection.api_key).await?);
    let wanted = door.map(|door| url(door, connection));
    let url = if source.makes_webhooks() {
        webhooks::settle(desk, &source, place, wanted.as_deref(), asking, &mut step).await
    } else {
        by_hand::settle(desk, connection, place, wanted.as_deref(), asking, &mut step).await
    };
    report.add(step);
    if let Some(url) = url {
        let key = desk.secrets.get(place).await?;
        report.add(proof::prove(desk, connection, &key, &url).await);
    }
    Ok(())
}

/// What is left for a person to do.
fn rest(desk: &Desk, path: &Path, exit: Exit) -> Findings {
    let mut found = Findings::new();
    let named = if std::env::var_os("HIREWIRE_CONFIG").is_some() || path == Path::new("hirewire.toml") {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
    let next = |command: &str| format!("hirewire {command}{named}");
    if exit != Exit::Done {
        let todo = format!("put right what is marked !!, then run `{}` again with the same words", next("setup"));
        found.fault("next", "not everything is ready".to_owned(), todo, exit);
        return found;
    }
    let keep_up = if desk.is_aws() {
        "the functions keep everybody in step by themselves from then on".to_owned()
    } else {
        format!("then keep `{}` running, which keeps everybody in step", next("serve"))
    };
    let (plan, sync) = (next("plan"), next("sync"));
    let todo = format!("look at `{plan}`, which writes nothing; then `{sync}` does it; {keep_up}");
    found.left("next", "everything is ready".to_owned(), todo);
    found
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_door_is_an_address_without_our_path() {
        for (given, taken) in [
            ("https://door.example", "https://door.example"),
            (" https://door.example/prod/ ", "https://door.example/prod"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(address(given).ok().as_deref(), Some(taken));
        }
        for given in [
            "door.example",
            "http://door.example",
            "https://",
            "https://a?b",
            "https://u@a",
            "https://a/webhook/acme",
            "",
        ] {
            assert!(address(given).is_err(), "{given}");
        }
    }
}
