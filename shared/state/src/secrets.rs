//! Keys, wherever they are kept: read, and written by `hirewire setup`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use mapping::configuration::SecretRef;
use mapping::secret::Secret;
use tokio::sync::OnceCell;

use crate::aws::{self, said};
use crate::secret::{
    SECRET_FILE_LIMIT, SecretError, from_environment, from_file, into_file, unless_blank, worth_writing,
};

/// Where keys are looked up. Nothing is kept: whoever holds a key that is refused asks again.
#[derive(Clone, Debug)]
pub struct Secrets {
    base: PathBuf,
    /// Made when the first `secret:` is met: nobody on one machine needs AWS.
    manager: Arc<OnceCell<Client>>,
    /// The KMS key that new secrets are encrypted with; AWS's own where none is named.
    key: Option<String>,
}

impl Secrets {
    /// Relative paths are taken from `base`; AWS is found in the environment.
    pub fn new(base: &Path) -> Secrets {
        Secrets { base: base.to_owned(), manager: Arc::default(), key: None }
    }

    /// The same with AWS reached as `config` says.
    pub fn with(base: &Path, config: &SdkConfig) -> Secrets {
        let manager = Arc::new(OnceCell::new_with(Some(Client::new(config))));
        Secrets { base: base.to_owned(), manager, key: None }
    }

    /// The same, with new secrets encrypted by this KMS key: its id, ARN or alias.
    pub fn encrypted_by(self, key: String) -> Secrets {
        Secrets { key: Some(key), ..self }
    }

    /// Reads a key. From AWS Secrets Manager the current version, which is text and nothing but the key.
    ///
    /// # Errors
    /// Says what to set or change.
    pub async fn get(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match reference {
            SecretRef::Environment(name) => from_environment(name),
            SecretRef::File(path) => from_file(self.base.join(path)),
            SecretRef::Manager(name) => self.ask_manager(name).await,
        }
    }

    /// Writes a key, in place of an older one where there is one.
    ///
    /// # Errors
    /// Says what to set or change.
    pub async fn put(&self, reference: &SecretRef, secret: &Secret) -> Result<(), SecretError> {
        match reference {
            SecretRef::Environment(name) => Err(SecretError::NotOurs(name.clone())),
            SecretRef::File(path) => {
                worth_writing(secret)?;
                into_file(self.base.join(path), secret)
            }
            SecretRef::Manager(name) => {
                worth_writing(secret)?;
                self.tell_manager(name, secret).await
            }
        }
    }

    async fn manager(&self) -> &Client {
        self.manager.get_or_init(|| async { Client::new(aws::config().await) }).await
    }

    async fn ask_manager(&self, name: &str) -> Result<Secret, SecretError> {
        let answer = self.manager().await.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(said) if said.is_resource_not_found_exception() => SecretError::NoSecret(name.to_owned()),
            _ => SecretError::Withheld { name: name.to_owned(), reason: said(&error) },
        })?;
        let not_a_key = |what| SecretError::NotAKey { name: name.to_owned(), what };
        let text = answer.secret_string.ok_or_else(|| not_a_key("bytes instead of text"))?;
        if text.len() as u64 > SECRET_FILE_LIMIT {
            return Err(not_a_key("over 65536 bytes"));
        }
        unless_blank(&text).ok_or_else(|| not_a_key("nothing"))
    }

    async fn tell_manager(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        let manager = self.manager().await;
        let not_taken = |reason| SecretError::NotTaken { name: name.to_owned(), reason };
        let put = manager.put_secret_value().secret_id(name).secret_string(secret.expose()).send().await;
        match put {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|said| said.is_resource_not_found_exception()) => {
                let create = manager.create_secret().name(name).secret_string(secret.expose());
                let create = create.set_kms_key_id(self.key.clone()).send().await;
                create.map(drop).map_err(|error| not_taken(said(&error)))
            }
            Err(error) => Err(not_taken(said(&error))),
        }
    }
}
