//! What everybody was like when HR was last asked, as one number each: for HR systems that keep no list of changes.
//!
//! Kept as cursors, some thousand people to each: a poll reads as few items as will do, and writes those of whom
//! somebody changed.

use std::collections::BTreeMap;
use std::fmt::Write;

use mapping::employee::{ConnectionName, EmployeeId};

use crate::{StateError, Store};

/// How many people's digests one cursor holds: some 37 bytes each, and an item of DynamoDB has at most 400 KB.
const PER_CURSOR: usize = 4000;
/// The cursor that holds how many of them there are.
const COUNT: &str = "digests";

/// Everybody's digest.
pub type Digests = BTreeMap<EmployeeId, u64>;

impl Store {
    /// What was kept by [`Store::set_digests`]; `None` where nothing was.
    ///
    /// # Errors
    /// As with every method of the store.
    pub async fn digests(&self, connection: &ConnectionName) -> Result<Option<Digests>, StateError> {
        let Some(count) = self.digest_cursors(connection).await? else { return Ok(None) };
        let mut all = Digests::new();
        for number in 0..count {
            let text = self.cursor(connection, &name(number)).await?.unwrap_or_default();
            all.extend(text.lines().filter_map(read));
        }
        Ok(Some(all))
    }

    /// Keeps these in place of those kept before.
    ///
    /// # Errors
    /// As with every method of the store. What was written before a failure makes people look changed, and no more.
    pub async fn set_digests(&self, connection: &ConnectionName, digests: &Digests) -> Result<(), StateError> {
        let known = self.digest_cursors(connection).await?;
        // Twice as many once they are needed, so that nobody moves from one to another often.
        let count = digests.len().div_ceil(PER_CURSOR).next_power_of_two();
        let mut texts = vec![String::new(); count];
        for (id, digest) in digests {
            let line = &mut texts[place(id, count)];
            writeln!(line, "{id} {digest:016x}").expect("a text takes more text");
        }
        for (number, text) in texts.iter().enumerate() {
            let name = name(number);
            if self.cursor(connection, &name).await?.unwrap_or_default() != *text {
                self.set_cursor(connection, &name, text).await?;
            }
        }
        if known != Some(count) {
            self.set_cursor(connection, COUNT, &count.to_string()).await?;
        }
        Ok(())
    }

    async fn digest_cursors(&self, connection: &ConnectionName) -> Result<Option<usize>, StateError> {
        Ok(self.cursor(connection, COUNT).await?.and_then(|count| count.parse().ok()))
    }
}

fn name(number: usize) -> String {
    format!("{COUNT}-{number}")
}

/// Which cursor a person is in: by their id, so that nobody else's coming or going moves them.
fn place(id: &EmployeeId, count: usize) -> usize {
    let sum = id.as_str().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    sum % count
}

fn read(line: &str) -> Option<(EmployeeId, u64)> {
    let (id, digest) = line.split_once(' ')?;
    Some((EmployeeId::parse(id).ok()?, u64::from_str_radix(digest, 16).ok()?))
}
