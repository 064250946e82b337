//! The rules as they were pushed.

use jiff::Timestamp;

/// The longest text of rules that is taken, in bytes: an item of DynamoDB holds 400 KB.
pub const RULES_LIMIT: usize = 350 << 10;

/// One version of the rules: the text of a whole `hirewire.toml`. It names keys and holds none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesText {
    /// Counted from 1.
    pub version: u64,
    /// The file.
    pub text: String,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Who pushed it, as AWS or the machine names them.
    pub pushed_by: String,
}
