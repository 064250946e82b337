//! Keys, from where the configuration says they are. Errors name the variable or the path, never the content.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use mapping::secret::Secret;

/// The longest file that is taken for a key: keys have a hundred characters; anything longer is some other file.
pub const SECRET_FILE_LIMIT: u64 = 64 * 1024;
/// The permission bits that let anybody but the owner at a file.
const OTHERS: u32 = 0o077;
/// The permissions of a file and a folder that nobody but the owner gets at.
const OWNER_FILE: u32 = 0o600;
const OWNER_FOLDER: u32 = 0o700;

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
    /// AWS has it, but no key is in it.
    #[error("the secret {name} holds {what}, which no key is; put the key alone into it, as plain text")]
    NotAKey {
        /// Which.
        name: String,
        /// What is there instead.
        what: &'static str,
    },
    /// AWS does not take it.
    #[error("the secret {name} cannot be written: {reason}; use a profile that may write it")]
    NotTaken {
        /// Which.
        name: String,
        /// What AWS said.
        reason: String,
    },
    /// The system does not take it.
    #[error("the file {} cannot be written ({reason}); let the user who runs hirewire own its folder", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: ErrorKind,
    },
    /// What is to be written is no key.
    #[error("what was given is {0}, which no key is; paste the key alone")]
    NothingToWrite(&'static str),
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

/// Puts a key into a file of its own, which only its owner can get at: whoever reads at the same time gets the old key or
/// the new one, and a crash leaves the old one.
pub(crate) fn into_file(path: PathBuf, secret: &Secret) -> Result<(), SecretError> {
    if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
        return Err(SecretError::NotAFile(path));
    }
    let Some(folder) = path.parent() else { return Err(SecretError::NotAFile(path)) };
    let fresh = folder.join(format!(".hirewire-{:016x}", fastrand::u64(..)));
    let written = DirBuilder::new().recursive(true).mode(OWNER_FOLDER).create(folder).and_then(|()| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_FILE).open(&fresh)?;
        file.write_all(secret.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)
    });
    written.map_err(|error| {
        // Not there any more, or never; then there is nothing to remove.
        let _ = std::fs::remove_file(&fresh);
        SecretError::Unwritable { path, reason: error.kind() }
    })
}

/// A key that is to be written.
///
/// # Errors
/// When it is none.
pub(crate) fn worth_writing(secret: &Secret) -> Result<(), SecretError> {
    match secret.expose().len() as u64 {
        0 => Err(SecretError::NothingToWrite("empty")),
        1..=SECRET_FILE_LIMIT => Ok(()),
        _ => Err(SecretError::NothingToWrite("over 65536 bytes")),
    }
}

pub(crate) fn unless_blank(text: &str) -> Option<Secret> {
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
    fn a_key_is_written_for_its_owner_only_and_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/jumpcloud");
        for key in ["hush", "hush again"] {
            into_file(path.clone(), &Secret::new(key)).expect("written");
            assert_eq!(from_file(path.clone()).expect("for its owner only").expose(), key);
        }
        let files = || std::fs::read_dir(path.parent().expect("a folder")).expect("read").count();
        assert_eq!(files(), 1, "nothing is left beside it");
        // It was open to others: the new one is not.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("owns it");
        into_file(path.clone(), &Secret::new("hush")).expect("written");
        assert_eq!(from_file(path.clone()).expect("for its owner only").expose(), "hush");

        let folder_itself = into_file(folder.path().join("keys"), &Secret::new("hush"));
        assert!(matches!(folder_itself, Err(SecretError::NotAFile(_))), "{folder_itself:?}");
        let below_a_file = into_file(path.join("key"), &Secret::new("hush")).expect_err("refused");
        let text = format!("{below_a_file} {below_a_file:?}");
        assert!(text.contains("cannot be written") && !text.contains("hush"), "{text}");
        assert_eq!(files(), 1);
    }

    #[test]
    fn what_is_no_key_is_not_written() {
        for (key, says) in [(String::new(), "is empty"), ("hush".repeat(20_000), "is over 65536 bytes")] {
            let error = worth_writing(&Secret::new(&key)).expect_err("refused").to_string();
            assert!(error.contains(says) && !error.contains("hush"), "{error}");
        }
        assert!(worth_writing(&Secret::new(&"k".repeat(SECRET_FILE_LIMIT as usize))).is_ok());
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
