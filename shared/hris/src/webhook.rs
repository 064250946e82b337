//! What HR systems send by themselves: proven before it is read.

use jiff::Timestamp;
use mapping::configuration::{Connection, SourceKind};
use mapping::employee::ConnectionName;
use mapping::secret::Secret;

use crate::bamboohr::webhook;
use crate::{Finding, Refusal, Verified};

/// One connection's door for webhooks. It cannot ask HR anything: it holds nothing but the key that deliveries are
/// signed with.
#[derive(Clone, Debug)]
pub struct Webhook {
    connection: ConnectionName,
    source: SourceKind,
    key: Option<Secret>,
}

impl Webhook {
    /// The door of `connection`; without a key it opens to nobody.
    pub fn new(connection: &Connection, key: Option<Secret>) -> Webhook {
        Webhook { connection: connection.name.clone(), source: connection.source, key }
    }

    /// Whose people it is about.
    pub fn connection(&self) -> &ConnectionName {
        &self.connection
    }

    /// Checks the signature over the raw bytes, and only then reads whom it hints at.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Verified, Refusal> {
        match self.source {
            SourceKind::BambooHr => webhook::verify(self.key.as_ref(), headers, body, now),
        }
    }

    /// Whether there is a key, for `hirewire check`.
    pub fn check(&self) -> Finding {
        match &self.key {
            Some(key) if !key.expose().is_empty() => Finding::Good("a webhook key is there".to_owned()),
            Some(_) | None => Finding::Fault {
                what: "there is no webhook key: changes are found by asking, a minute later".to_owned(),
                todo: "add a webhook in BambooHR, keep the private key that it shows once, and name its place as \
                       `webhook_key`; `hirewire setup` does all of it"
                    .to_owned(),
            },
        }
    }
}
