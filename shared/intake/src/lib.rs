//! Changes in: the webhook, HR's list of changes, and moments that were foreseen. All of them end as requests on the
//! queue. Nothing here can reach JumpCloud.

mod poll;
mod receive;

use std::collections::BTreeMap;

use mapping::configuration::Configuration;
use mapping::employee::ConnectionName;
use state::{SecretError, Secrets};

/// What is polled, and what takes deliveries. Here as well, so that a function can hold them and reach nothing else.
pub use hris::{Source, Webhook};
pub use poll::{PollError, Polled, is_due, note_polled, poll, wake_due};
pub use receive::{Receipt, ReceiveError, receive};

/// The doors for webhooks, each with its key.
///
/// # Errors
/// A key is missing.
pub async fn doors(
    configuration: &Configuration,
    secrets: &Secrets,
) -> Result<BTreeMap<ConnectionName, Webhook>, SecretError> {
    let mut doors = BTreeMap::new();
    for connection in &configuration.connections {
        let key = match &connection.webhook_key {
            Some(key) => Some(secrets.get(key).await?),
            None => None,
        };
        doors.insert(connection.name.clone(), Webhook::new(connection, key));
    }
    Ok(doors)
}
