//! What a user name was computed from: tells a rename in HR from whatever else gives another name.

use std::fmt::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::digest;
use crate::employee::{Fields, Reading};
use crate::expression::Expression;

/// What a user name was computed from, as digests. Kept of a person while the rules say that names follow.
///
/// Three, because a name comes out otherwise for three reasons, and only one of them is a rename: another rule, another
/// line of a lookup table or another build of this program, and another word of HR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NamedFrom {
    /// Of the rule that gave it.
    rule: u64,
    /// Of what HR said in the fields that the rule reads.
    hr: u64,
    /// Of the name.
    name: u64,
}

impl NamedFrom {
    /// What `name`, of at most `limit` characters, was computed from: `rule`, over `fields`.
    pub(crate) fn new(rule: &Expression, limit: usize, fields: &Fields, name: &str) -> NamedFrom {
        let mut said = String::new();
        for field in rule.fields() {
            let (kind, value) = match fields.get(field) {
                Reading::Is(value) => ('=', value),
                Reading::Empty => ('-', ""),
                Reading::Hidden => ('?', ""),
            };
            writeln!(said, "{field}{kind}{value}").expect("a text takes more text");
        }
        NamedFrom { rule: digest(&format!("{limit} {}", rule.source())), hr: digest(&said), name: digest(name) }
    }

    /// Whether HR has renamed the person since `then`: the same rule gives another name, and for HR's word.
    pub(crate) fn is_renamed_since(&self, then: &NamedFrom) -> bool {
        self.rule == then.rule && self.hr != then.hr && self.name != then.name
    }
}

/// The same with words for whoever reads the plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Naming {
    /// What the best name is computed from.
    pub from: NamedFrom,
    /// Why an account that has another name is given this one.
    pub because: Arc<str>,
}
