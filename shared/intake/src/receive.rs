//! The webhook's door: verify the raw bytes, take the hints, queue them, and only then say yes.

use hris::{Refusal, Webhook};
use http::HeaderMap;
use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use mapping::request::{SyncRequest, Trigger};
use state::{Queue, StateError, Store};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// So many people were queued.
    Queued(usize),
    /// The same delivery came before; nothing was queued.
    Replayed,
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The sender's fault: never queued. BambooHR does not retry these.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Our own fault: BambooHR tries again later.
    #[error(transparent)]
    State(#[from] StateError),
}

impl ReceiveError {
    /// Whether it may be that the key was changed, and ours is the old one.
    pub fn doubts_key(&self) -> bool {
        matches!(self, ReceiveError::Refused(Refusal::BadSignature))
    }

    /// The same for a log: not what a body says that cannot be read.
    pub fn for_log(&self) -> String {
        match self {
            ReceiveError::Refused(Refusal::Malformed(_)) => "refused: the body cannot be read".to_owned(),
            ReceiveError::Refused(_) | ReceiveError::State(_) => self.to_string(),
        }
    }

    /// Whether the fault is ours, so that the sender should try again.
    pub fn is_ours(&self) -> bool {
        match self {
            ReceiveError::Refused(Refusal::NoKey) | ReceiveError::State(_) => true,
            ReceiveError::Refused(
                Refusal::NoSignature
                | Refusal::BadSignature
                | Refusal::Stale
                | Refusal::Malformed(_)
                | Refusal::TooLarge,
            ) => false,
        }
    }

    /// The HTTP status to answer with; nothing more is said to the sender.
    ///
    /// Our own faults are 5xx and never 4xx, because BambooHR gives up on a 4xx.
    pub fn status(&self) -> u16 {
        match self {
            ReceiveError::Refused(Refusal::NoKey) | ReceiveError::State(_) => 503,
            ReceiveError::Refused(Refusal::TooLarge) => 413,
            ReceiveError::Refused(Refusal::Malformed(_)) => 400,
            ReceiveError::Refused(Refusal::NoSignature | Refusal::BadSignature | Refusal::Stale) => 401,
        }
    }
}

/// Takes one delivery. `Ok` only once its hints are on the queue.
///
/// # Errors
/// See [`ReceiveError`].
pub async fn receive(
    webhook: &Webhook,
    store: &Store,
    queue: &Queue,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Receipt, ReceiveError> {
    let verified = webhook.verify(headers, body, now)?;
    let connection = webhook.connection();
    let delivery = format!("webhook {connection} {}", verified.signature);
    if store.is_claimed(&delivery, now).await? {
        tracing::info!(connection = connection.as_str(), "webhook delivered twice");
        return Ok(Receipt::Replayed);
    }
    let hint = |id| {
        let key = EmployeeKey { connection: connection.clone(), id };
        SyncRequest::hint(key, Trigger::Webhook, now)
    };
    let requests: Vec<SyncRequest> = verified.hints.into_iter().map(hint).collect();
    queue.push(&requests).await?;
    metrics::counter!("queued", "trigger" => Trigger::Webhook.word()).increment(requests.len() as u64);
    // Remembered last: a crash before this makes the vendor's retry a second hint, which is harmless; a crash after
    // an earlier mark would lose the only one.
    store.claim(&delivery, verified.fresh_until, now).await?;
    tracing::info!(connection = connection.as_str(), people = requests.len(), "webhook queued");
    Ok(Receipt::Queued(requests.len()))
}
