//! What can go wrong, named by what its reader does next.

/// Why the home did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Somebody wrote in between, or a lease ran out and went to somebody else: read again.
    #[error("somebody else wrote this in between; read it again and decide anew")]
    Conflict,
    /// Not now: busy, full, not permitted, not there.
    #[error("the store cannot be used now: {0}; put that right and run again, nothing is half done")]
    Unavailable(String),
    /// What is there makes no sense.
    #[error(
        "the store holds what cannot be read: {0}; restore the file or the table, or move it away and survey everyone again"
    )]
    Corrupt(String),
    /// A newer Hirewire wrote this file.
    #[error("a newer hirewire wrote this store (format {found}, this one knows {known}); update hirewire")]
    TooNew {
        /// The file's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
}
