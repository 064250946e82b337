//! The door itself: which one, whether the delivery is proven, and what is said of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use intake::{Receipt, ReceiveError, Webhook};
use lambda::{Home, Parts, Warm};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use mapping::employee::ConnectionName;
use state::Clock;

use crate::request::{self, Delivery, NOT_FOUND, OUR_FAULT, TAKEN};

/// What a process keeps between deliveries.
pub struct Door {
    warm: Warm<Doors>,
}

/// The doors, each with its key.
struct Doors {
    doors: BTreeMap<ConnectionName, Webhook>,
    clock: Clock,
}

/// What became of a delivery: the status, and the word it is counted under.
type Outcome = (u16, &'static str);

const FAILED: Outcome = (OUR_FAULT, "failed");
const UNKNOWN: Outcome = (NOT_FOUND, "unknown");

impl Door {
    /// Nothing is read yet.
    pub fn new(home: Home) -> Door {
        Door { warm: Warm::new(home) }
    }

    /// Answers one delivery, within `time`.
    pub async fn answer(&self, event: ApiGatewayV2httpRequest, time: Duration) -> ApiGatewayV2httpResponse {
        let (status, outcome) = match request::delivery(event) {
            Err(NOT_FOUND) => UNKNOWN,
            Err(status) => (status, "refused"),
            Ok(delivery) => match tokio::time::timeout(time, self.take(&delivery)).await {
                Ok(outcome) => outcome,
                // Its hints may be on the queue by now: that the vendor sends them again is harmless.
                Err(_) => {
                    tracing::warn!("a webhook took too long; the sender is to try again");
                    FAILED
                }
            },
        };
        metrics::counter!("webhooks", "outcome" => outcome).increment(1);
        request::answer(status)
    }

    async fn take(&self, delivery: &Delivery) -> Outcome {
        let doors = match self.warm.get(compose).await {
            Ok(doors) => doors,
            Err(error) => return failed(&error),
        };
        match self.receive(&doors, delivery).await {
            // A door that was pushed a moment ago, or a key that was changed: BambooHR never repeats what was answered
            // with a 4xx, so nothing is refused on the word of what may be outdated.
            None => match self.warm.anew(compose).await {
                Ok(Some(doors)) => self.receive(&doors, delivery).await.unwrap_or(Ok(UNKNOWN)),
                Ok(None) => Ok(UNKNOWN),
                Err(error) => return failed(&error),
            },
            Some(Err(error)) if error.doubts_key() => match self.warm.anew(compose).await {
                Ok(Some(doors)) => self.receive(&doors, delivery).await.unwrap_or(Ok(UNKNOWN)),
                // Read a moment ago, and changed since perhaps: the sender's next try is checked with what is there then.
                Ok(None) => {
                    let connection = delivery.connection.as_str();
                    tracing::warn!(connection, "a signature does not fit keys that were just read; to be tried again");
                    Ok(FAILED)
                }
                Err(error) => return failed(&error),
            },
            Some(result) => result,
        }
        .unwrap_or_else(|error| refused(delivery, &error))
    }

    /// One look at the door; `None` where there is none.
    async fn receive(&self, doors: &Arc<Doors>, delivery: &Delivery) -> Option<Result<Outcome, ReceiveError>> {
        let door = doors.doors.get(&delivery.connection)?;
        let (home, now) = (self.warm.home(), doors.clock.now());
        let taken = intake::receive(door, &home.store, &home.queue, &delivery.headers, &delivery.body, now).await;
        Some(taken.map(|receipt| match receipt {
            Receipt::Queued(_) => (TAKEN, "queued"),
            Receipt::Replayed => (TAKEN, "replayed"),
        }))
    }
}

/// Nothing but the keys that deliveries are signed with: this function's role may read no others.
async fn compose(parts: Parts) -> Result<Doors, Infallible> {
    let doors = intake::doors(&parts.configuration, &parts.secrets).await;
    Ok(Doors { doors, clock: parts.clock })
}

fn failed(error: &lambda::NotReady) -> Outcome {
    tracing::error!(%error, "webhooks cannot be taken");
    FAILED
}

fn refused(delivery: &Delivery, error: &ReceiveError) -> Outcome {
    let connection = delivery.connection.as_str();
    tracing::warn!(connection, error = error.for_log(), "webhook not taken");
    (error.status(), if error.is_ours() { "failed" } else { "refused" })
}
