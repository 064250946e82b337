//! Devices (v2), as far as they are bound to a user: which ones, and away with one.

use mapping::account::{AccountId, DeviceId};
use transport::Fault;

use crate::client::JumpCloud;
use crate::request;
use crate::wire::Bound;

/// How many pages of one user's devices are read at once: there is one, as a rule.
const DEVICE_PAGES_AT_ONCE: usize = 2;

impl JumpCloud {
    /// The devices that an account is bound to itself, by id; those it reaches through groups are left out.
    ///
    /// # Errors
    /// [`Fault::NotFound`] where the account is gone. Also when one of the devices cannot be read.
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<DeviceId>, Fault> {
        let call = |skip| request::devices(account, skip);
        let all = self.list(&call, DEVICE_PAGES_AT_ONCE, |read: &Bound| &read.id).await?;
        Ok(all.items.into_iter().filter_map(|read| read.device).collect())
    }

    /// Takes an account off a device; nothing happens where it is not bound to it, or where either is gone.
    ///
    /// # Errors
    /// When JumpCloud refuses or cannot be reached.
    pub async fn unbind(&self, account: &AccountId, device: &DeviceId) -> Result<(), Fault> {
        match self.send(&request::unbind(account, device)).await {
            Ok(_) | Err(Fault::NotFound { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
