//! The client itself: one way to send, one way to judge the answer.

use std::fmt;
use std::sync::Arc;

use mapping::account::AccountId;
use mapping::configuration::Directory;
use mapping::secret::Secret;
use transport::{Fault, Response, Transport};

use crate::request::{Call, Door};
use crate::wire::{Listing, OrganisationWire};
use crate::{VENDOR, answer, request};

/// A well-formed id that no user can have: ids begin with the time at which they were made.
const NOBODY: &str = "000000000000000000000000";

/// The organisation a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: String,
    /// Its name; its id where it has none.
    pub name: String,
}

/// A JumpCloud organisation, reached with one key. Clones share connections and pace.
#[derive(Clone)]
pub struct JumpCloud {
    door: Arc<Door>,
    transport: Transport,
}

/// The key stays out of logs.
impl fmt::Debug for JumpCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JumpCloud({})", self.door.base())
    }
}

impl JumpCloud {
    /// Where `directory` says, with `key`. Nothing is contacted yet.
    pub fn new(directory: &Directory, key: &Secret) -> JumpCloud {
        JumpCloud { door: Arc::new(Door::new(directory, key)), transport: Transport::new(VENDOR) }
    }

    /// How many calls were sent so far.
    #[cfg(test)]
    pub(crate) fn calls(&self) -> u64 {
        self.transport.calls()
    }

    /// The organisation that the key belongs to: the cheapest way to learn whether the key is good.
    ///
    /// # Errors
    /// [`Fault::KeyRefused`] for a key that is not, or that does not see the organisation asked for.
    pub async fn organisation(&self) -> Result<Organisation, Fault> {
        let call = request::organisations();
        let answer = match self.send(&call).await {
            // Only an `x-org-id` that names nothing is answered so.
            Err(Fault::NotFound { .. }) => return Err(no_organisation()),
            answer => answer?,
        };
        let listing: Listing<OrganisationWire> = answer::one(&call, &answer)?;
        let mut found = listing.results.into_iter().filter_map(|wire| {
            let id = wire.id.or(wire.mongo_id)?;
            let name = wire.display_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.clone());
            Some(Organisation { id, name })
        });
        match self.door.organisation() {
            Some(wanted) => found.find(|organisation| organisation.id.eq_ignore_ascii_case(wanted)),
            None => found.next(),
        }
        .ok_or_else(no_organisation)
    }

    /// Whether the key may write users. Nothing is changed: the user that is written to cannot exist, and what is
    /// refused is then either the user or the key.
    ///
    /// # Errors
    /// JumpCloud out of reach.
    pub async fn may_write(&self) -> Result<bool, Fault> {
        let nobody = AccountId::parse(NOBODY).map_err(|error| Fault::Malformed {
            vendor: VENDOR,
            call: "PUT /systemusers/{id}",
            detail: error.to_string(),
        })?;
        match self.send(&request::update(&nobody, &serde_json::json!({}))).await {
            Ok(_) | Err(Fault::NotFound { .. } | Fault::Rejected { .. } | Fault::Malformed { .. }) => Ok(true),
            Err(Fault::KeyRefused { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Sends one call; `Ok` for success only.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response, Fault> {
        let request = self.door.request(call)?;
        let sent = self.transport.send(request, call.safety, &call.limits).await;
        let response = sent.map_err(|fault| match fault {
            // The transport does not know what it sent.
            Fault::Malformed { detail, .. } => answer::malformed(call, detail),
            fault => fault,
        })?;
        answer::judge(call, response)
    }
}

fn no_organisation() -> Fault {
    let detail = "it does not see this organisation; check org_id".to_owned();
    Fault::KeyRefused { vendor: VENDOR, detail }
}
