//! What HR systems send by themselves: proven before it is read.

use jiff::Timestamp;
use mapping::configuration::{Connection, SourceKind};
use mapping::employee::ConnectionName;
use mapping::secret::Secret;

use crate::bamboohr::webhook;
use crate::bob;
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
            SourceKind::Bob => bob::webhook::verify(self.key.as_ref(), headers, body, now),
        }
    }

    /// The headers of a delivery of `body` that is properly signed at `now`, to prove a door with.
    ///
    /// # Errors
    /// [`Refusal::NoKey`] where there is nothing to sign with.
    pub fn sign(&self, body: &[u8], now: Timestamp) -> Result<http::HeaderMap, Refusal> {
        match self.source {
            SourceKind::BambooHr => webhook::sign(self.key.as_ref(), body, now),
            SourceKind::Bob => bob::webhook::sign(self.key.as_ref(), body),
        }
    }

    /// The body of a delivery that names nobody: taken by the door, and nothing comes of it.
    pub fn nobody(&self) -> &'static [u8] {
        match self.source {
            SourceKind::BambooHr => webhook::NOBODY,
            SourceKind::Bob => bob::webhook::NOBODY,
        }
    }

    /// How the webhook comes to be and its key to its place, once `webhook_key` names one.
    pub fn setting_up(&self) -> &'static str {
        match self.source {
            SourceKind::BambooHr => {
                "run `hirewire setup --door https://HOST`, which makes the webhook and keeps its key there"
            }
            SourceKind::Bob => {
                "run `hirewire setup --door https://HOST`, which says how to make the webhook in HiBob and keeps its \
                 secret there"
            }
        }
    }

    /// What a person does to make a webhook that sends to `url`, where the vendor has no call for it.
    pub fn steps(&self, url: &str) -> Option<String> {
        match self.source {
            SourceKind::BambooHr => None,
            SourceKind::Bob => Some(bob::webhook::steps(url)),
        }
    }

    /// Whether there is a key, for `hirewire check`.
    pub fn check(&self) -> Finding {
        match &self.key {
            Some(key) if !key.expose().is_empty() => Finding::Good("a webhook key is there".to_owned()),
            Some(_) | None => Finding::Fault {
                what: "there is no webhook key: changes are found by asking, a minute later".to_owned(),
                todo: format!(
                    "name a place for it as `webhook_key` in the connection's section, then {}",
                    self.setting_up()
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bamboohr, bob};

    #[test]
    fn each_vendor_has_its_own_way() {
        let bamboo = Webhook::new(&bamboohr::fixture::connection(""), None);
        let bob = Webhook::new(&bob::fixture::connection(""), None);
        assert!(bamboo.setting_up().contains("makes the webhook") && bamboo.steps("https://x").is_none());
        let steps = bob.steps("https://door.example/webhook/acme").expect("a person does it");
        assert!(steps.contains("sends to https://door.example/webhook/acme, with all employee"), "{steps}");
        for webhook in [&bamboo, &bob] {
            let Finding::Fault { todo, .. } = webhook.check() else { panic!("there is no key") };
            assert!(todo.contains(webhook.setting_up()), "{todo}");
            assert_eq!(webhook.sign(webhook.nobody(), Timestamp::UNIX_EPOCH).err(), Some(Refusal::NoKey));
        }
        assert_eq!(Webhook::new(&bob::fixture::connection(""), Some(Secret::new("k"))).check(), key_is_there());
    }

    fn key_is_there() -> Finding {
        Finding::Good("a webhook key is there".to_owned())
    }
}
