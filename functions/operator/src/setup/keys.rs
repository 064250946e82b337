//! The keys that the configuration names: which are there, and putting the others in their places. Never shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use mapping::configuration::{Configuration, Connection, SecretRef};
use mapping::secret::Secret;
use state::{SecretError, Secrets};

use super::{Asking, written};
use crate::check::Findings;
use crate::exit::{Exit, Failure};
use crate::home::Desk;

/// JumpCloud's key that writes, as it stands in the configuration.
pub const WRITER: &str = "jumpcloud.api_key";
/// JumpCloud's key that only reads.
pub const READER: &str = "jumpcloud.read_key";
/// What every line is about.
const ABOUT: &str = "keys";

/// A key that the configuration names.
struct Slot<'c> {
    name: String,
    place: &'c SecretRef,
    /// Somebody makes it at the vendor and brings it here; a webhook's key comes with its webhook, further on.
    brought: bool,
}

/// The key of a connection's webhook.
pub fn of_webhook(connection: &Connection) -> String {
    format!("connection.{}.webhook_key", connection.name)
}

/// A connection's key that reads.
pub fn hr(connection: &Connection) -> String {
    format!("connection.{}.api_key", connection.name)
}

fn slots(configuration: &Configuration) -> Vec<Slot<'_>> {
    let slot = |name: String, place, brought| Slot { name, place, brought };
    let writer = slot(WRITER.to_owned(), &configuration.jumpcloud.api_key, true);
    let reader = configuration.jumpcloud.read_key.as_ref().map(|place| slot(READER.to_owned(), place, true));
    let connections = configuration.connections.iter().flat_map(|connection| {
        let webhook = connection.webhook_key.as_ref();
        let webhook = webhook.map(|place| slot(of_webhook(connection), place, false));
        [Some(slot(hr(connection), &connection.api_key, true)), webhook].into_iter().flatten()
    });
    std::iter::once(writer).chain(reader).chain(connections).collect()
}

/// The names of the keys without which nothing works.
pub fn needed(configuration: &Configuration) -> impl Iterator<Item = String> {
    slots(configuration).into_iter().filter(|slot| slot.brought).map(|slot| slot.name)
}

/// What `--key` says: each key's name, and where it is to be taken from.
pub fn given(configuration: &Configuration, words: &[String]) -> Result<BTreeMap<String, SecretRef>, Failure> {
    let slots = slots(configuration);
    let mut given = BTreeMap::new();
    for word in words {
        // Not quoted: somebody may have written the key itself.
        let (name, from) = word.split_once('=').ok_or_else(|| unreadable("it has no `=`"))?;
        let slot = slots.iter().find(|slot| slot.name == name).ok_or_else(|| {
            let names: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
            unreadable(&format!("no key is called so; there are {}", names.join(", ")))
        })?;
        if let SecretRef::Environment(variable) = slot.place {
            let variable = SecretError::NotOurs(variable.clone());
            return Err(Failure::usage(format!("{name} cannot be put in its place: {variable}")));
        }
        let from = match from.split_once(':') {
            Some(("env", variable)) if !variable.is_empty() => SecretRef::Environment(variable.to_owned()),
            Some(("file", path)) if !path.is_empty() => SecretRef::File(path.to_owned()),
            Some(_) | None => return Err(unreadable("after `=` it says neither env:VARIABLE nor file:PATH")),
        };
        given.insert(name.to_owned(), from);
    }
    Ok(given)
}

fn unreadable(why: &str) -> Failure {
    Failure::usage(format!("a --key cannot be read: {why}; write --key NAME=env:VARIABLE or --key NAME=file:PATH"))
}

/// Puts keys in their places, those given and those asked for. The names of all that are there then.
pub async fn settle(desk: &Desk, given: &BTreeMap<String, SecretRef>, asking: Asking) -> (Findings, BTreeSet<String>) {
    let (mut found, mut there) = (Findings::new(), BTreeSet::new());
    for slot in slots(&desk.configuration) {
        if settle_one(desk, &slot, given.get(&slot.name), asking, &mut found).await {
            there.insert(slot.name);
        }
    }
    (found, there)
}

async fn settle_one(
    desk: &Desk,
    slot: &Slot<'_>,
    given: Option<&SecretRef>,
    asking: Asking,
    found: &mut Findings,
) -> bool {
    let (name, place) = (&slot.name, written(slot.place));
    let now = desk.secrets.get(slot.place).await;
    let brought = match (given, &now) {
        // Relative to where the command is run, as a shell means it.
        (Some(from), _) => match Secrets::new(Path::new("")).get(from).await {
            Ok(key) => Some(key),
            Err(error) => {
                let todo = format!("correct --key {name}");
                found.fault(ABOUT, format!("{name} was not given: {error}"), todo, Exit::Configuration);
                return false;
            }
        },
        (None, Err(error)) if slot.brought && is_missing(error) => ask(asking, name),
        (None, Ok(_) | Err(_)) => None,
    };
    match (brought, now) {
        (Some(key), Ok(now)) if key == now => {
            found.good(ABOUT, format!("{name} is in {place}"));
            true
        }
        (Some(key), _) => put(desk, slot, &key, found).await,
        (None, Ok(_)) => {
            found.good(ABOUT, format!("{name} is in {place}"));
            true
        }
        // It comes with its webhook, further on.
        (None, Err(_)) if !slot.brought => false,
        (None, Err(error)) => {
            let todo = match slot.place {
                SecretRef::Environment(variable) => {
                    format!("set {variable} wherever hirewire is started, then run again")
                }
                SecretRef::File(_) | SecretRef::Manager(_) => {
                    format!(
                        "run `hirewire setup` at a terminal and paste it, or add --key {name}=env:VARIABLE or file:PATH"
                    )
                }
            };
            found.fault(ABOUT, format!("{name} is not there: {error}"), todo, Exit::Configuration);
            false
        }
    }
}

/// Whether there is simply none yet. Whatever else is wrong with a place is not mended by another key.
fn is_missing(error: &SecretError) -> bool {
    matches!(error, SecretError::NoFile(_) | SecretError::Empty(_) | SecretError::NoSecret(_))
}

async fn put(desk: &Desk, slot: &Slot<'_>, key: &Secret, found: &mut Findings) -> bool {
    let (name, place) = (&slot.name, written(slot.place));
    match keep(desk, slot.place, key).await {
        Ok(()) => {
            found.good(ABOUT, format!("{name} is written to {place}"));
            true
        }
        Err(why) => {
            let todo = "put that right and run `hirewire setup` again".to_owned();
            found.fault(ABOUT, format!("{name} is not written to {place}: {why}"), todo, Exit::Configuration);
            false
        }
    }
}

/// Writes a key, and makes sure that it is what will be read.
pub async fn keep(desk: &Desk, place: &SecretRef, key: &Secret) -> Result<(), String> {
    desk.secrets.put(place, key).await.map_err(|error| error.to_string())?;
    match desk.secrets.get(place).await {
        Ok(kept) if kept == *key => Ok(()),
        Ok(_) => Err("another key is read from there afterwards; look whether somebody else writes it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// One key, typed unseen or read as one line.
pub fn ask(asking: Asking, name: &str) -> Option<Secret> {
    let line = match asking {
        Asking::Nobody => return None,
        Asking::Person => {
            eprintln!("{name} is missing. Paste it and press Enter; it is not shown. Enter alone leaves it out.");
            let _ = std::io::stderr().flush();
            rpassword::prompt_password(format!("{name}: ")).ok()?
        }
        Asking::Lines => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).ok()?;
            line
        }
    };
    (!line.trim().is_empty()).then(|| Secret::new(&line))
}
