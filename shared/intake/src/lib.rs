//! Changes in: the webhook, HR's list of changes, and moments that were foreseen. All of them end as requests on the
//! queue. Nothing here can reach JumpCloud.

mod poll;
mod receive;

use std::collections::BTreeMap;

use hris::{Source, Webhook};
use mapping::configuration::Configuration;
use mapping::employee::ConnectionName;
use state::{SecretError, Secrets};

pub use poll::{PollError, Polled, poll, wake_due};
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

/// The HR systems, to be polled.
///
/// # Errors
/// A key is missing.
pub async fn sources(configuration: &Configuration, secrets: &Secrets) -> Result<Vec<Source>, SecretError> {
    let mut sources = Vec::with_capacity(configuration.connections.len());
    for connection in &configuration.connections {
        sources.push(Source::new(connection, &secrets.get(&connection.api_key).await?));
    }
    Ok(sources)
}
