//! Keys, wherever they are kept: read, and written by `hirewire setup`.

use std::path::{Path, PathBuf};

use mapping::configuration::SecretRef;
use mapping::secret::Secret;

use crate::secret::{SecretError, from_environment, from_file};

/// Where keys are looked up. Nothing is kept: whoever holds a key that is refused asks again.
#[derive(Clone, Debug)]
pub struct Secrets {
    base: PathBuf,
}

impl Secrets {
    /// Relative paths are taken from `base`.
    pub fn new(base: &Path) -> Secrets {
        Secrets { base: base.to_owned() }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// Says what to set or change.
    pub async fn get(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match reference {
            SecretRef::Environment(name) => from_environment(name),
            SecretRef::File(path) => from_file(self.base.join(path)),
            SecretRef::Manager(_name) => unimplemented!(),
        }
    }

    /// Writes a key, in place of an older one where there is one.
    ///
    /// # Errors
    /// Says what to set or change.
    pub async fn put(&self, _reference: &SecretRef, _secret: &Secret) -> Result<(), SecretError> {
        unimplemented!()
    }
}
