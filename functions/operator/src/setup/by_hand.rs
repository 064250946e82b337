//! Webhooks that only a person can make: says how, takes the secret, and leaves the rest to the proof of the door.

use hris::Webhook;
use mapping::configuration::{Connection, SecretRef};

use super::{Asking, keys, written};
use crate::check::Findings;
use crate::exit::Exit;
use crate::home::Desk;

/// Says what is to be done at HR for a webhook to `wanted`. That address, once the secret is kept.
pub async fn settle(
    desk: &Desk,
    connection: &Connection,
    place: &SecretRef,
    wanted: Option<&str>,
    asking: Asking,
    found: &mut Findings,
) -> Option<String> {
    let (name, vendor) = (connection.name.as_str(), hris::vendor(connection.source));
    let kept = desk.secrets.get(place).await.is_ok();
    let Some(url) = wanted else {
        let what = if kept {
            format!("the webhook's secret is in {}; whether its door answers is not tried", written(place))
        } else {
            "no webhook yet: changes are found by asking, a minute later".to_owned()
        };
        let todo = "run `hirewire setup --door https://HOST` with the address of the door".to_owned();
        found.left(name, what, todo);
        return None;
    };
    if kept {
        let what =
            format!("the webhook's secret is in {}; {vendor} does not tell what its webhooks send", written(place));
        found.good(name, what);
        return Some(url.to_owned());
    }
    let steps = Webhook::new(connection, None).steps(url).unwrap_or_default();
    let key = keys::of_webhook(connection);
    let brought = match asking {
        Asking::Person => {
            eprintln!("hirewire: {name} has no webhook yet. {steps}.");
            keys::ask(asking, &key)
        }
        // Whoever gives lines gives those of keys without which nothing works.
        Asking::Lines | Asking::Nobody => None,
    };
    let Some(secret) = brought else {
        let bring = match place {
            SecretRef::Environment(variable) => format!("into {variable} wherever hirewire is started"),
            SecretRef::File(_) | SecretRef::Manager(_) => format!("with --key {key}=env:VARIABLE or file:PATH"),
        };
        let what = format!("no webhook yet, and {vendor} lets only a person make one: changes are found by asking");
        found.left(name, what, format!("{steps}, bring it {bring}, and run `hirewire setup` again"));
        return None;
    };
    match keys::keep(desk, place, &secret).await {
        Ok(()) => {
            found.good(name, format!("the webhook's secret is written to {}", written(place)));
            Some(url.to_owned())
        }
        Err(why) => {
            let what = format!("the webhook's secret is not written to {}: {why}", written(place));
            let todo = "put that right and run `hirewire setup` again".to_owned();
            found.fault(name, what, todo, Exit::Configuration);
            None
        }
    }
}
