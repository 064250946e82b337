//! Changes in: the webhook, HR's list of changes, and moments that were foreseen. All of them end as requests on the
//! queue. Nothing here can reach JumpCloud.

mod compare;
mod poll;
mod receive;

use std::collections::BTreeMap;

use mapping::configuration::Configuration;
use mapping::employee::ConnectionName;
use state::Secrets;

/// What is polled, and what takes deliveries. Here as well, so that a function can hold them and reach nothing else.
pub use hris::{Source, Webhook};
pub use poll::{PollError, Polled, is_due, note_polled, poll, wake_due};
pub use receive::{Receipt, ReceiveError, receive};

/// The doors for webhooks, each with its key. One whose key is missing opens to nobody, and holds up no other one: its
/// sender is told to try again, until somebody brings the key.
pub async fn doors(configuration: &Configuration, secrets: &Secrets) -> BTreeMap<ConnectionName, Webhook> {
    let mut doors = BTreeMap::new();
    for connection in &configuration.connections {
        let key = match &connection.webhook_key {
            Some(key) => secrets.get(key).await.map_err(|error| {
                tracing::error!(connection = connection.name.as_str(), %error, "webhooks cannot be taken");
            }),
            None => Err(()),
        };
        doors.insert(connection.name.clone(), Webhook::new(connection, key.ok()));
    }
    doors
}
