//! Keys, from where the configuration says they are. Errors name the variable or the path, never the content.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use mapping::secret::Secret;

/// The longest file that is taken for a key: keys have a hundred characters; anything longer is some other file.
pub const SECRET_FILE_LIMIT: u64 = 64 * 1024;
/// The permission bits that let anybody but the owner at a file.
const OTHERS: u32 = 0o077;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set or empty; set it to the key")]
    NotSet(String),
    /// Set to what is no text.
    #[error("the environment variable {0} holds what is not text; set it to the key")]
    NotTextVariable(String),
    /// No such file.
    #[error("there is no file {}; write the key into it and run `chmod 600 {}`", .0.display(), .0.display())]
    NoFile(PathBuf),
    /// There, but it cannot be read.
    #[error("the file {} cannot be read ({reason}); let the user who runs hirewire own it", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: ErrorKind,
    },
    /// A folder, a device, a pipe.
    #[error("{} is not a regular file; name the file that holds the key", .0.display())]
    NotAFile(PathBuf),
    /// Others may read it.
    #[error("others can get at the file {}; run `chmod 600 {}`", .0.display(), .0.display())]
    Open(PathBuf),
    /// Too long for a key.
    #[error("the file {} is over {SECRET_FILE_LIMIT} bytes, which no key is; name the file that holds the key", .0.display())]
    TooLong(PathBuf),
    /// Nothing in it.
    #[error("the file {} is empty; write the key into it", .0.display())]
    Empty(PathBuf),
    /// AWS has none of this name.
    #[error("AWS Secrets Manager has no secret {0} in this account and region; `hirewire setup` writes it")]
    NoSecret(String),
    /// AWS does not give it out, or cannot be asked.
    #[error("the secret {name} cannot be read: {reason}; let the role that runs this read it")]
    Withheld {
        /// Which.
        name: String,
        /// What AWS said.
        reason: String,
    },
    /// A variable cannot be set for good from here.
    #[error("the environment variable {0} is set where hirewire is started, not by hirewire; use file: or secret:")]
    NotOurs(String),
    /// No text in it.
    #[error("the file {} holds what is not text; write the key into it", .0.display())]
    NotText(PathBuf),
}

/// The variable's content.
pub(crate) fn from_environment(name: &str) -> Result<Secret, SecretError> {
    from_variable(name, std::env::var_os(name))
}

fn from_variable(name: &str, value: Option<OsString>) -> Result<Secret, SecretError> {
    let value = value.ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
    let text = value.to_str().ok_or_else(|| SecretError::NotTextVariable(name.to_owned()))?;
    unless_blank(text).ok_or_else(|| SecretError::NotSet(name.to_owned()))
}

/// The file's content.
pub(crate) fn from_file(path: PathBuf) -> Result<Secret, SecretError> {
    // Looked at before it is opened, because opening a pipe waits for its other end.
    match std::fs::metadata(&path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(SecretError::NotAFile(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(SecretError::NoFile(path)),
        Err(error) => return Err(SecretError::Unreadable { path, reason: error.kind() }),
    }
    // The permissions are those of the open file, not of the path: nobody can put another in its place in between.
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
    let (about, file) = match opened {
        Ok(opened) => opened,
        Err(error) => return Err(SecretError::Unreadable { path, reason: error.kind() }),
    };
    if about.permissions().mode() & OTHERS != 0 {
        return Err(SecretError::Open(path));
    }
    let mut bytes = Vec::new();
    if let Err(error) = file.take(SECRET_FILE_LIMIT + 1).read_to_end(&mut bytes) {
        return Err(SecretError::Unreadable { path, reason: error.kind() });
    }
    if bytes.len() as u64 > SECRET_FILE_LIMIT {
        return Err(SecretError::TooLong(path));
    }
    match str::from_utf8(&bytes) {
        Ok(text) => unless_blank(text).ok_or(SecretError::Empty(path)),
        Err(_) => Err(SecretError::NotText(path)),
    }
}

fn unless_blank(text: &str) -> Option<Secret> {
    (!text.trim().is_empty()).then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use super::*;

    fn written(folder: &Path, content: &[u8], mode: u32) -> Result<Secret, SecretError> {
        let path = folder.join("key");
        std::fs::write(&path, content).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("owns it");
        from_file(folder.join("key"))
    }

    #[test]
    fn a_file_of_its_owner_is_read_without_its_newline() {
        let folder = tempfile::tempdir().expect("a folder");
        for mode in [0o600, 0o400] {
            assert_eq!(written(folder.path(), b"hush\n", mode).expect("read").expose(), "hush");
            std::fs::remove_file(folder.path().join("key")).expect("removed");
        }
        let absolute = folder.path().join("other");
        std::fs::write(&absolute, "hush").expect("writes");
        std::fs::set_permissions(&absolute, std::fs::Permissions::from_mode(0o600)).expect("owns it");
        assert_eq!(from_file(absolute).expect("read").expose(), "hush");
    }

    #[test]
    fn a_file_that_others_can_get_at_is_refused() {
        for mode in [0o640, 0o604, 0o620, 0o644] {
            let folder = tempfile::tempdir().expect("a folder");
            let error = written(folder.path(), b"hush", mode).expect_err("refused").to_string();
            let path = folder.path().join("key");
            assert_eq!(error, format!("others can get at the file {0}; run `chmod 600 {0}`", path.display()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        for (content, says) in [
            (b"".to_vec(), "is empty"),
            (b" \n".to_vec(), "is empty"),
            (b"hush\xff".to_vec(), "not text"),
            ("hush".repeat(20_000).into_bytes(), "is over 65536 bytes"),
        ] {
            let error = written(folder.path(), &content, 0o600).expect_err("refused");
            let text = format!("{error} {error:?}");
            assert!(text.contains(says) && text.contains("key") && !text.contains("hush"), "{text}");
        }
        assert!(written(folder.path(), &[b'k'; SECRET_FILE_LIMIT as usize], 0o600).is_ok());
        let missing = from_file(folder.path().join("none")).expect_err("refused").to_string();
        assert!(missing.starts_with("there is no file ") && missing.contains("/none"), "{missing}");
        let folder_itself = from_file(folder.path().to_owned());
        assert!(matches!(folder_itself, Err(SecretError::NotAFile(_))), "{folder_itself:?}");
    }

    #[test]
    fn a_variable_is_read_and_an_empty_one_is_missing() {
        // Cargo sets it for every test.
        let set = from_environment("CARGO_PKG_NAME").expect("set");
        assert_eq!(set.expose(), "state");
        let unset = from_environment("HIREWIRE_NEVER_SET").expect_err("unset").to_string();
        assert_eq!(unset, "the environment variable HIREWIRE_NEVER_SET is not set or empty; set it to the key");
        assert!(matches!(from_variable("KEY", Some(" \n".into())), Err(SecretError::NotSet(name)) if name == "KEY"));
        let bytes = OsString::from_vec(b"hush\xff".to_vec());
        assert!(matches!(from_variable("KEY", Some(bytes)), Err(SecretError::NotTextVariable(name)) if name == "KEY"));
    }
}
