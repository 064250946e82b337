//! Webhooks of ours at HR: made once, their key kept at once, older ones to the same address removed.

use hris::{Fault, Source, Subscribed, Subscription};
use mapping::configuration::{Connection, SecretRef};

use super::{Asking, keys, written};
use crate::check::{self, Findings};
use crate::exit::{Exit, Failure};
use crate::home::Desk;

/// Makes sure that there is one webhook to `wanted`, or to wherever it sends already, and that its key is kept. Its
/// address, if so.
pub async fn settle(
    desk: &Desk,
    source: &Source,
    place: &SecretRef,
    wanted: Option<&str>,
    asking: Asking,
    found: &mut Findings,
) -> Option<String> {
    let name = source.connection().as_str();
    let ours = match source.webhooks().await {
        Ok(ours) => ours,
        Err(fault) => {
            refused(name, &fault, found);
            return None;
        }
    };
    let url = match (wanted, ours.as_slice()) {
        (Some(url), _) => url.to_owned(),
        (None, [only]) => only.url.clone(),
        (None, several) => {
            let what = match several.len() {
                0 => "no webhook yet: changes are found by asking, a minute later".to_owned(),
                count => format!("{count} webhooks of ours, and nobody says which one counts"),
            };
            found.left(name, what, "run `hirewire setup --door https://HOST` with the address of the door".to_owned());
            return None;
        }
    };
    let (here, elsewhere): (Vec<Subscription>, Vec<Subscription>) = ours.into_iter().partition(|one| one.url == url);
    for Subscription { id, url } in elsewhere {
        let what = format!("webhook {id} of ours sends to {url}; it is left alone");
        let todo = "if nobody needs it, remove it in BambooHR, or with --remove-webhooks and that --door".to_owned();
        found.left(name, what, todo);
    }
    let kept = desk.secrets.get(place).await.is_ok();
    let settled = match (here.as_slice(), kept) {
        ([one], true) => tend(source, one, found).await,
        (_, _) => Tending::Renew,
    };
    let settled = match settled {
        Tending::Settled => true,
        Tending::Failed => false,
        Tending::Renew => renew(desk, source, place, &url, &here, asking, found).await,
    };
    settled.then_some(url)
}

/// What is to be done with a webhook that was found.
enum Tending {
    /// Nothing more.
    Settled,
    /// Nothing can be done now; it is said why.
    Failed,
    /// A new one is to take its place.
    Renew,
}

/// One that is there, and a key: what it listens to may be of yesterday, or the key another webhook's.
async fn tend(source: &Source, one: &Subscription, found: &mut Findings) -> Tending {
    let name = source.connection().as_str();
    let (id, url) = (&one.id, &one.url);
    match source.tend(id, url).await {
        Ok(tended) if tended.refused => {
            let what = format!("the door refused the last delivery of webhook {id}: the kept key is not its own");
            found.left(name, what, "it is replaced now".to_owned());
            Tending::Renew
        }
        Ok(tended) => {
            let listens = if tended.changed { "now listens to what the rules read" } else { "is there" };
            found.good(name, format!("webhook {id} to {url} {listens}; its key is kept"));
            unwatched(name, &tended.left_out, found);
            Tending::Settled
        }
        Err(fault) => {
            refused(name, &fault, found);
            Tending::Failed
        }
    }
}

/// A new one in place of those that are there: nobody knows a key of theirs any more, and it is never shown again.
async fn renew(
    desk: &Desk,
    source: &Source,
    place: &SecretRef,
    url: &str,
    here: &[Subscription],
    asking: Asking,
    found: &mut Findings,
) -> bool {
    let name = source.connection().as_str();
    if let SecretRef::Environment(variable) = place {
        found.fault(
            name,
            format!(
                "a new webhook to {url} is needed, and its key cannot be put into the variable {variable} from here"
            ),
            "name file:PATH or secret:NAME as `webhook_key` instead, then run again".to_owned(),
            Exit::Configuration,
        );
        return false;
    }
    if !asking.agrees(&format!("Make a webhook in BambooHR that sends to {url}?")) {
        found.left(name, "no webhook made: changes are found by asking".to_owned(), "run again to make it".to_owned());
        return false;
    }
    let Subscribed { id, private_key, left_out } = match source.subscribe(url).await {
        Ok(made) => made,
        Err(fault) => {
            if matches!(fault, Fault::Unsure { .. }) {
                forget(source, url, here, found).await;
            }
            refused(name, &fault, found);
            return false;
        }
    };
    if let Err(why) = keys::keep(desk, place, &private_key).await {
        let place = written(place);
        let (what, todo) = match source.unsubscribe(&id).await {
            Ok(()) => (
                format!(
                    "the key of the new webhook could not be kept in {place} ({why}); the webhook is removed again"
                ),
                "put that right and run `hirewire setup` again".to_owned(),
            ),
            Err(fault) => (
                format!(
                    "the key of the new webhook {id} could not be kept in {place} ({why}), nor it be removed ({fault})"
                ),
                format!("remove webhook {id} in BambooHR, put that right and run `hirewire setup` again"),
            ),
        };
        found.fault(name, what, todo, Exit::Configuration);
        return false;
    }
    found.good(name, format!("webhook {id} to {url} is made; its key is kept in {}", written(place)));
    unwatched(name, &left_out, found);
    for older in here {
        remove_one(source, older, found).await;
    }
    true
}

/// Nobody knows whether it was made: if it was, its key is lost, and it would send what nobody can prove.
async fn forget(source: &Source, url: &str, before: &[Subscription], found: &mut Findings) {
    let Ok(now) = source.webhooks().await else { return };
    for one in now.iter().filter(|one| one.url == url && !before.contains(one)) {
        remove_one(source, one, found).await;
    }
}

/// Removes those of ours, at one address or all.
pub async fn remove(desk: &Desk, connection: &Connection, url: Option<&str>) -> Result<Findings, Failure> {
    let mut found = Findings::new();
    let name = connection.name.as_str();
    let source = Source::new(connection, &desk.secrets.get(&connection.api_key).await?);
    if !source.makes_webhooks() {
        let vendor = hris::vendor(connection.source);
        let what = format!("webhooks of {vendor} are made by hand, and only so removed");
        found.left(name, what, format!("as an administrator in {vendor}, remove the one that sends to the door"));
        return Ok(found);
    }
    match source.webhooks().await {
        Ok(ours) => {
            let chosen: Vec<&Subscription> = ours.iter().filter(|one| url.is_none_or(|url| url == one.url)).collect();
            if chosen.is_empty() {
                found.good(name, "there is no webhook of ours".to_owned());
            }
            for one in chosen {
                remove_one(&source, one, &mut found).await;
            }
        }
        Err(fault) => refused(name, &fault, &mut found),
    }
    Ok(found)
}

async fn remove_one(source: &Source, one: &Subscription, found: &mut Findings) {
    let name = source.connection().as_str();
    let Subscription { id, url } = one;
    match source.unsubscribe(id).await {
        Ok(()) => found.good(name, format!("webhook {id} to {url} is removed")),
        Err(fault) => {
            let todo = format!("remove webhook {id} in BambooHR, or run again");
            found.fault(name, format!("webhook {id} to {url} is still there: {fault}"), todo, Exit::Some);
        }
    }
}

fn unwatched(name: &str, fields: &[String], found: &mut Findings) {
    if !fields.is_empty() {
        let fields = fields.join(", ");
        found.good(name, format!("BambooHR sends no webhook for changes of {fields}; those are found by asking"));
    }
}

fn refused(name: &str, fault: &Fault, found: &mut Findings) {
    match fault {
        Fault::Rejected { .. } | Fault::NotFound { .. } => found.fault(
            name,
            fault.to_string(),
            "let the owner of the key in BambooHR manage webhooks, or use a key of somebody who may; without a webhook \
             changes are found by asking, a minute later"
                .to_owned(),
            Exit::Some,
        ),
        Fault::Unsure { .. } => found.fault(
            name,
            "BambooHR did not answer whether the webhook is made; if it was, it is removed".to_owned(),
            "run `hirewire setup` again in a minute".to_owned(),
            Exit::Away,
        ),
        Fault::KeyRefused { .. }
        | Fault::RateLimited { .. }
        | Fault::Unavailable { .. }
        | Fault::Malformed { .. } => check::vendor_fault(name, fault, "BambooHR", found),
    }
}
